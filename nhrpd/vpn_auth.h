// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may speak in a VPN: authentication of messages, and of when they were said.
 */
#ifndef DMEVPN_VPN_AUTH_H
#define DMEVPN_VPN_AUTH_H

#include <assert.h>

#include "lib/jhash.h"
#include "lib/nhrp_auth.h"
#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"

struct vpn_instance;

#define VPN_PEERS_MAX 131072 /* of all VPNs; one more, and all must prove anew that they are there */

PREDECL_HASH(vpn_peers);
PREDECL_HASH(vpn_peer_paths);

/*
 * A station that proved itself in a VPN. Identified by (vpn, mac), the address it puts into
 * the extension. It outlives hubs, members and instances, so that nothing it said in this
 * run of ours is taken twice.
 */
struct vpn_peer {
	struct vpn_peers_item item;
	struct vpn_peer_paths_item path_item;
	struct vpn_id vpn;
	struct dm_addr mac;
	struct vpn_path path; /* where it was heard last */
	bool on_path;	      /* nobody else was heard there since: what is sent there carries its epoch */
	struct nhrp_window window;
};

/* Order of the container: by what identifies the object. */
static inline int vpn_peer_cmp(const struct vpn_peer *a, const struct vpn_peer *b)
{
	int diff = vpn_id_cmp(&a->vpn, &b->vpn);

	return diff ? diff : dm_addr_cmp(&a->mac, &b->mac);
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_peer_hash(const struct vpn_peer *p)
{
	return dm_addr_hash(&p->mac, p->vpn.index);
}
DECLARE_HASH(vpn_peers, struct vpn_peer, item, vpn_peer_cmp, vpn_peer_hash);

/* Order of the container: by VPN and path. */
static inline int vpn_peer_path_cmp(const struct vpn_peer *a, const struct vpn_peer *b)
{
	int diff = vpn_id_cmp(&a->vpn, &b->vpn);

	if (!diff)
		diff = dm_addr_cmp(&a->path.nbma, &b->path.nbma);
	return diff ? diff : (a->path.ifindex > b->path.ifindex) - (a->path.ifindex < b->path.ifindex);
}
/* Hash over VPN and path. */
static inline uint32_t vpn_peer_path_hash(const struct vpn_peer *p)
{
	return jhash_2words(dm_addr_hash(&p->path.nbma, p->vpn.index), p->path.ifindex, 0x5340);
}
DECLARE_HASH(vpn_peer_paths, struct vpn_peer, path_item, vpn_peer_path_cmp, vpn_peer_path_hash);

/* Life of what an engine keeps of peers and keys. */
void vpn_auth_init(struct vpn_engine *e);
void vpn_auth_fini(struct vpn_engine *e);

/* True when messages of INST must be authentic, by key chain or password. */
bool vpn_auth_wanted(struct vpn_engine *e, const struct vpn_instance *inst);
/* By what: "keyChain", "password" or "none", as JSON shows it. */
const char *vpn_auth_kind(struct vpn_engine *e, const struct vpn_instance *inst);
/* Why nothing can be sent in INST for want of a key, NULL when nothing is in the way. For the user; lives until the next call. */
const char *vpn_auth_obstacle(struct vpn_engine *e, const struct vpn_instance *inst);
/* Looks at the key chains in use and updates devices whose chain came into use or out of it; again once a second. */
void vpn_auth_look(struct vpn_engine *e);

/*
 * True when *m may be acted on. Otherwise it has been counted and, where due, answered:
 * Error Indication 11 (RFC 2332 5.3.4) for what is not authentic, a challenge for a
 * request that may be an old one. Error Indications pass: they carry no extensions, and
 * nobody may act on them.
 */
bool vpn_auth_check(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		    const struct nhrp_msg *m);
/*
 * The message that is being handled speaks for VPN INST as well, in the name of its station with that MAC address:
 * what it proves of when it was said, it proves there too. Returns false when that was said there before,
 * or cannot be told; always true without a key chain. INST must have the chain of the message's own VPN.
 */
bool vpn_auth_extend(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		     const struct dm_addr *mac);
/*
 * Ends a message for TO, with VPN headers or without as TO speaks (vpn_plain.h), authenticated as
 * its VPN wants it. Returns false when there is no
 * key for it, which has then been counted; else *len is what nhrp_build_end() returned.
 */
bool vpn_auth_close(struct vpn_engine *e, const struct vpn_path *to, struct nhrp_builder *b, size_t *len);

#endif

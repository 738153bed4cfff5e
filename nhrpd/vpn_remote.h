// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a spoke knows of addresses behind others, by asking its hub.
 */
#ifndef DMEVPN_VPN_REMOTE_H
#define DMEVPN_VPN_REMOTE_H

#include <assert.h>

#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_timer.h"

struct vpn_instance;

#define VPN_REMOTES_MAX 65536 /* of one VPN, MACs and IP addresses each, the unresolved included */
#define VPN_RESOLVE_TRIES 4
#define VPN_NEGATIVE_MS 10000 /* how long a refused or unanswered address is not asked for again */
/* the same of an IP address that was refused once: its first answer to ARP makes its home register it */
#define VPN_SOON_MS 1500

PREDECL_HASH(vpn_remotes);

enum vpn_remote_state {
	VPN_REMOTE_RESOLVING,
	VPN_REMOTE_ACTIVE,
	VPN_REMOTE_NEGATIVE,
};

/* An address behind another spoke: a MAC (vpn_shortcut.c) or an IP one (vpn_neigh.c). Identified in its instance by it. */
struct vpn_remote {
	struct vpn_remotes_item item;
	struct vpn_instance *inst;
	struct dm_addr addr;
	enum vpn_remote_state state;
	bool waiting; /* for the reply to request_id; in ACTIVE: a renewal */
	bool used;    /* a MAC: at the last look; an IP address: asked for since the last answer */
	bool refused; /* an IP address: once already */
	bool redirected; /* a MAC: used by way of the hub since the last answer, as the path is down */
	uint32_t request_id;
	uint32_t former_id; /* of the request before: a late answer to it is void, but no fault of the hub's */
	unsigned int tries;
	struct dm_addr nbma;
	uint32_t vni;
	struct dm_addr mac;	 /* of an IP address */
	struct vpn_probe *probe; /* ACTIVE, a MAC: the path to it; NULL when none is to be probed, or there are too many */
	uint64_t since;		 /* ms; ACTIVE: since when */
	uint64_t renewed;	 /* ms; last answer */
	struct vpn_timer retry;	 /* RESOLVING, or ACTIVE and waiting or about to ask */
	struct vpn_timer look;	 /* ACTIVE: find out whether it is in use */
	struct vpn_timer expiry; /* ACTIVE and NEGATIVE */
};

/* Order of the container: by what identifies the object. */
static inline int vpn_remote_cmp(const struct vpn_remote *a, const struct vpn_remote *b)
{
	return dm_addr_cmp(&a->addr, &b->addr);
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_remote_hash(const struct vpn_remote *r)
{
	return dm_addr_hash(&r->addr, 0x6558);
}
DECLARE_HASH(vpn_remotes, struct vpn_remote, item, vpn_remote_cmp, vpn_remote_hash);

/* What an instance has of them. */
struct vpn_remote_tables {
	struct vpn_remotes_head macs; /* shortcuts */
	struct vpn_remotes_head ips;  /* neighbours, IPv4 and IPv6 */
};

/* Readies an instance's tables, and frees what holds them when they are empty. */
void vpn_remote_init(struct vpn_remote_tables *t);
void vpn_remote_fini(struct vpn_remote_tables *t);

/* What is known of the address, or being asked; NULL when that is nothing. */
struct vpn_remote *vpn_remote_find(struct vpn_instance *inst, const struct dm_addr *addr);
/* Asks for an address of which nothing is known yet. Returns false, and counts, when there are too many. */
bool vpn_remote_want(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *addr);
/*
 * An entry that the kernel has from an earlier life of ours counts as active, for the holding time at most; a hub is
 * asked about it as soon as there is one. Returns false for one that no answer of a hub could have made, or too many.
 */
bool vpn_remote_adopt(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_mac *rec);
/* Asks for a known one again, in a new request. */
void vpn_remote_ask(struct vpn_engine *e, struct vpn_remote *r);
/* Asks again, in new requests, all that is unanswered. */
void vpn_remote_ask_again(struct vpn_engine *e, struct vpn_instance *inst);
/* The hub has forgotten who was told what: asks for all that is active, little by little, so that it can purge us. */
void vpn_remote_tell_again(struct vpn_engine *e, struct vpn_instance *inst);
/* An active one that seemed to be idle: looks once more while there is time. */
void vpn_remote_look_again(struct vpn_engine *e, struct vpn_remote *r);
/* It is over; FROM_KERNEL also there. Frees it. */
void vpn_remote_forget(struct vpn_engine *e, struct vpn_remote *r, bool from_kernel);
/* States all to the module. */
void vpn_remote_restate(struct vpn_engine *e, struct vpn_instance *inst);
/* Removes all of a table, or of both; FROM_KERNEL also there. */
void vpn_remote_clear_table(struct vpn_engine *e, struct vpn_remotes_head *table, bool from_kernel);
void vpn_remote_clear(struct vpn_engine *e, struct vpn_instance *inst, bool from_kernel);

/* A Resolution Reply (RFC 2332 5.2.2). */
void vpn_remote_resolution_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				 const struct nhrp_msg *m);
/* A Purge Request (RFC 2332 5.2.5). */
void vpn_remote_purge_request(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			      const struct nhrp_msg *m);

#endif

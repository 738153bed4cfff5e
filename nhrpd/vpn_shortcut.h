// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A spoke's shortcuts.
 */
#ifndef DMEVPN_VPN_SHORTCUT_H
#define DMEVPN_VPN_SHORTCUT_H

#include <assert.h>

#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_timer.h"

struct vpn_instance;

#define VPN_SHORTCUTS_MAX 65536 /* of one VPN, the unresolved included */
#define VPN_RESOLVE_TRIES 4
#define VPN_NEGATIVE_MS 10000 /* how long a refused or unanswered MAC is not asked for again */
#define VPN_REASK_MS 1000     /* a redirect for a shortcut younger than this is an echo of the past */

PREDECL_HASH(vpn_shortcuts);

enum vpn_shortcut_state {
	VPN_SHORTCUT_RESOLVING,
	VPN_SHORTCUT_ACTIVE,
	VPN_SHORTCUT_NEGATIVE,
};

/* What we know of a MAC behind another spoke. Identified in its instance by the MAC. */
struct vpn_shortcut {
	struct vpn_shortcuts_item item;
	struct vpn_instance *inst;
	struct dm_addr mac;
	enum vpn_shortcut_state state;
	bool waiting; /* for the reply to request_id; in ACTIVE: a renewal */
	bool used;    /* at the last look */
	uint32_t request_id;
	uint32_t former_id; /* of the request before: a late answer to it is void, but no fault of the hub's */
	unsigned int tries;
	struct dm_addr nbma;
	uint32_t vni;
	uint64_t since;		 /* ms; ACTIVE: since when */
	uint64_t renewed;	 /* ms; last answer */
	struct vpn_timer retry;	 /* RESOLVING, or ACTIVE and waiting or about to ask */
	struct vpn_timer look;	 /* ACTIVE: ask the kernel whether it is in use */
	struct vpn_timer expiry; /* ACTIVE and NEGATIVE */
};

/* Order of the container: by what identifies the object. */
static inline int vpn_shortcut_cmp(const struct vpn_shortcut *a, const struct vpn_shortcut *b)
{
	return dm_addr_cmp(&a->mac, &b->mac);
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_shortcut_hash(const struct vpn_shortcut *s)
{
	return dm_addr_hash(&s->mac, 0x6558);
}
DECLARE_HASH(vpn_shortcuts, struct vpn_shortcut, item, vpn_shortcut_cmp, vpn_shortcut_hash);

/* A Traffic Indication: the hub forwarded a frame of ours to another spoke. */
void vpn_shortcut_indication(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			     const struct nhrp_msg *m);
/* A Resolution Reply (RFC 2332 5.2.2). */
void vpn_shortcut_resolution_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				   const struct nhrp_msg *m);
/* A Purge Request (RFC 2332 5.2.5). */
void vpn_shortcut_purge_request(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				const struct nhrp_msg *m);
/* The module's answer to a look. */
void vpn_shortcut_used(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_used *u);
/* Asks again, in new requests, all that is unanswered. */
void vpn_shortcut_ask_again(struct vpn_engine *e, struct vpn_instance *inst);
/* The hub has forgotten who was told what: asks for all that is active, little by little, so that it can purge us. */
void vpn_shortcut_tell_again(struct vpn_engine *e, struct vpn_instance *inst);
/* States all to the module. */
void vpn_shortcut_restate(struct vpn_engine *e, struct vpn_instance *inst);
/* True when at least one is in the kernel: frames may pass the hub by. */
bool vpn_shortcut_any_active(struct vpn_instance *inst);
/* How many are in the kernel, without those only asked for. */
size_t vpn_shortcut_num_active(struct vpn_instance *inst);
/* Removes all; FROM_KERNEL also there. */
void vpn_shortcut_clear(struct vpn_engine *e, struct vpn_instance *inst, bool from_kernel);

#endif

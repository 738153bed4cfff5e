// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The MACs of a spoke's own bridge, and telling the hub of them.
 */
#ifndef DMEVPN_VPN_LOCAL_H
#define DMEVPN_VPN_LOCAL_H

#include <assert.h>

#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_timer.h"

struct vpn_instance;
struct vpn_hub;

#define VPN_LOCALS_MAX 65536  /* of one VPN */
#define VPN_LOCAL_BATCH 32    /* MACs in one Registration Request: 32 CIEs of 18 octets fit a packet */

PREDECL_HASH(vpn_locals);
PREDECL_DLIST(vpn_untold);

/* A MAC behind this spoke. Identified in its instance by the MAC. */
struct vpn_local {
	struct vpn_locals_item item;
	struct vpn_untold_item untold_item;
	struct dm_addr mac;
	bool told;	   /* the active hub has acknowledged it; else it is in the untold list */
	uint32_t batch;	   /* request ID that it went out with last */
};

/* Order of the container: by what identifies the object. */
static inline int vpn_local_cmp(const struct vpn_local *a, const struct vpn_local *b)
{
	return dm_addr_cmp(&a->mac, &b->mac);
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_local_hash(const struct vpn_local *l)
{
	return dm_addr_hash(&l->mac, 0x2735);
}
DECLARE_HASH(vpn_locals, struct vpn_local, item, vpn_local_cmp, vpn_local_hash);
DECLARE_DLIST(vpn_untold, struct vpn_local, untold_item);

/* The table of one instance, and the batch under way. */
struct vpn_local_table {
	struct vpn_locals_head all;
	struct vpn_untold_head untold;
	uint32_t request_id; /* of the batch under way */
	bool waiting;
	uint64_t backoff; /* ms */
	struct vpn_timer send;
};

/* Readies the table, and empties it at the end. */
void vpn_local_init(struct vpn_instance *inst);
void vpn_local_clear(struct vpn_engine *e, struct vpn_instance *inst);
/* The module's word on a MAC of the bridge. */
void vpn_local_record(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_local *rec);
/* Something stands or falls with it (a shortcut, the hub): sends what the hub has not been told, if need be. */
void vpn_local_kick(struct vpn_engine *e, struct vpn_instance *inst);
/* The active hub is another one, or has forgotten: it will be told everything. */
void vpn_local_untell(struct vpn_engine *e, struct vpn_instance *inst);
/* A Registration Reply; returns false when it does not answer the batch under way. */
bool vpn_local_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		     const struct nhrp_msg *m);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Purges that a hub has under way.
 */
#ifndef DMEVPN_VPN_PURGE_H
#define DMEVPN_VPN_PURGE_H

#include <assert.h>

#include "lib/typesafe.h"
#include "nhrpd/vpn_binding.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_timer.h"

struct vpn_instance;

#define VPN_PURGE_RETRY_MAX_MS 300000 /* a member may be silent for as long as it is one, and be owed many purges */
#define VPN_PURGES_MAX 65536 /* under way in one VPN */

PREDECL_HASH(vpn_purges);

/* A purge that its target has not acknowledged. Identified in its instance by request ID. */
struct vpn_purge {
	struct vpn_purges_item item;
	struct vpn_instance *inst;
	uint32_t request_id;
	struct dm_addr addr; /* a MAC or an IP address */
	struct vpn_station to;
	uint32_t number; /* of the move that the former home is told of, 0: the target asked for the address */
	uint64_t moved;	 /* ms; when that was */
	uint64_t until; /* ms; what the target was told is void by itself then */
	uint64_t backoff; /* ms until the next try */
	struct vpn_timer retry;
};

/* Order of the container: by what identifies the object. */
static inline int vpn_purge_cmp(const struct vpn_purge *a, const struct vpn_purge *b)
{
	return a->request_id < b->request_id ? -1 : a->request_id > b->request_id;
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_purge_hash(const struct vpn_purge *p)
{
	return p->request_id; /* random already */
}
DECLARE_HASH(vpn_purges, struct vpn_purge, item, vpn_purge_cmp, vpn_purge_hash);

/*
 * Tells the station that what it knows of ADDR is void, until it acknowledges, or UNTIL (ms) when that
 * ends by itself (RFC 2332 5.2.5); nothing when it is a member no more.
 */
void vpn_purge_send(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *addr,
		    const struct vpn_station *to, uint64_t until);
/*
 * Tells the former home of B that it has moved, with the number of the move; once it is back there, no
 * more. Until it acknowledges, as above.
 */
void vpn_purge_send_moved(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_binding *b,
			  const struct vpn_station *to, uint64_t until);
/* A Purge Reply (RFC 2332 5.2.6). */
void vpn_purge_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		     const struct nhrp_msg *m);
/* Ends all that are under way. */
void vpn_purge_clear(struct vpn_engine *e, struct vpn_instance *inst);

#endif

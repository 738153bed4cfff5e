// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub on the way of other stations' messages: a transit NHS (RFC 2332 2, 5.3).
 */
#ifndef DMEVPN_VPN_TRANSIT_H
#define DMEVPN_VPN_TRANSIT_H

#include <assert.h>

#include "lib/typesafe.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_timer.h"

struct vpn_instance;

#define VPN_TRANSITS_MAX 8192	   /* requests under way through us in one VPN */
#define VPN_TRANSIT_SHARES 1024   /* members fall by their path into so many groups … */
#define VPN_TRANSIT_SHARE_MAX 256 /* … each with no more than this of them, so that one locks out its own group at most */
#define VPN_TRANSIT_MS 16000	   /* a requester that got no answer has given up by then */
#define VPN_TRANSIT_DONE_MS 2000  /* an answer that the network doubles, or an error about it, comes before that */
#define VPN_TRANSIT_PATIENCE_MS 500 /* a repetition before that is one of the network's */

PREDECL_HASH(vpn_transits);

/*
 * A request that we passed on. Identified in its instance by type, request ID and source, which
 * its reply gives back (RFC 2332 5.2.0.1).
 */
struct vpn_transit {
	struct vpn_transits_item item;
	struct vpn_instance *inst;
	uint8_t op; /* of the request */
	uint32_t request_id;
	struct dm_addr src_nbma, src_proto;
	struct vpn_path back; /* where it came from: its reply goes there */
	struct vpn_path to;   /* where it went last */
	uint64_t at;	      /* ms; when it went there */
	unsigned int sent;    /* copies that `to` has not answered yet */
	unsigned int challenges; /* refusals to come that mean nothing but `prove that you are there` (vpn_auth.c) */
	uint16_t *share;	 /* what it is counted in, NULL for one that a server sent */
	struct vpn_timer expiry;
};

/* Order of the container: by what identifies the object. */
static inline int vpn_transit_cmp(const struct vpn_transit *a, const struct vpn_transit *b)
{
	int diff = (a->request_id > b->request_id) - (a->request_id < b->request_id);

	if (!diff)
		diff = a->op - b->op;
	if (!diff)
		diff = dm_addr_cmp(&a->src_nbma, &b->src_nbma);
	return diff ? diff : dm_addr_cmp(&a->src_proto, &b->src_proto);
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_transit_hash(const struct vpn_transit *t)
{
	return dm_addr_hash(&t->src_proto, t->request_id);
}
DECLARE_HASH(vpn_transits, struct vpn_transit, item, vpn_transit_cmp, vpn_transit_hash);

/* What a hub's instance remembers of the requests that passed it. */
struct vpn_transit_table {
	struct vpn_transits_head under_way;
	uint16_t *shares; /* VPN_TRANSIT_SHARES of them, from the first request on; NULL: none yet */
};

/* Life of the table, and of what vpn_way.h keeps; both are empty before their end. */
void vpn_transit_init(struct vpn_instance *inst);
void vpn_transit_clear(struct vpn_engine *e, struct vpn_instance *inst);
void vpn_transit_fini(struct vpn_instance *inst);

/*
 * What passes the message on, NULL when it is ours to act on. With a handler, unknown compulsory
 * extensions are not ours to refuse (RFC 2332 5.3), but loops are (5.3.1 to 5.3.3).
 */
vpn_handler vpn_transit_handler(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				const struct nhrp_msg *m);

/* Whoever is there did nothing of what was asked, and said so under an epoch that we did not know (vpn_auth.c). */
void vpn_transit_challenged(struct vpn_instance *inst, const struct vpn_path *from);

#endif

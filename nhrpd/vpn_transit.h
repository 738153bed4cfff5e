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
#include "nhrpd/vpn_member.h"
#include "nhrpd/vpn_timer.h"

struct vpn_instance;

#define VPN_TRANSITS_MAX 8192	   /* requests under way through us in one VPN */
#define VPN_TRANSIT_SHARES 64	   /* members fall by their path into so many groups … */
#define VPN_TRANSIT_SHARE_MAX 512 /* … each with no more than this of them, so that one cannot lock the others out */
#define VPN_TRANSIT_MS 16000	   /* a requester that got no answer has given up by then */
#define VPN_TRANSIT_PATIENCE_MS 500 /* a repetition before that is one of the network's */
#define VPN_TRANSIT_SILENCE_MS 30000 /* how long a server that did not answer is the last one to be asked */
#define VPN_WAYS_MAX 16384	   /* stations that were answered through us, of one VPN */

PREDECL_HASH(vpn_transits);
PREDECL_HASH(vpn_ways);

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

/* How a station is reached that was told something through us. Identified in its instance by the station's MAC. */
struct vpn_way {
	struct vpn_ways_item item;
	struct vpn_instance *inst;
	struct dm_addr mac;
	struct vpn_station station;
	struct vpn_timer expiry; /* what it was told is void then */
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

/* Order of the container: by what identifies the object. */
static inline int vpn_way_cmp(const struct vpn_way *a, const struct vpn_way *b)
{
	return dm_addr_cmp(&a->mac, &b->mac);
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_way_hash(const struct vpn_way *w)
{
	return dm_addr_hash(&w->mac, 0x5332);
}
DECLARE_HASH(vpn_ways, struct vpn_way, item, vpn_way_cmp, vpn_way_hash);

/* What a hub's instance remembers of the messages that passed it. */
struct vpn_transit_table {
	struct vpn_transits_head under_way;
	struct vpn_ways_head ways;
	uint16_t shares[VPN_TRANSIT_SHARES];
	uint64_t silent_until[VPN_SERVERS_MAX]; /* ms; by the server's place in the configuration, 0: it is not */
};

/* Life of the table; it is empty before its end. */
void vpn_transit_init(struct vpn_instance *inst);
void vpn_transit_clear(struct vpn_engine *e, struct vpn_instance *inst);
void vpn_transit_fini(struct vpn_instance *inst);

/*
 * True when FROM is a next hop server of INST's controller. Of a hub, that is another hub, and
 * the only one that is believed to ask for stations of its own.
 */
bool vpn_transit_server(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *from);

/*
 * What passes the message on, NULL when it is ours to act on. With a handler, unknown compulsory
 * extensions are not ours to refuse (RFC 2332 5.3), but loops are (5.3.1 to 5.3.3).
 */
vpn_handler vpn_transit_handler(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				const struct nhrp_msg *m);

/* Whoever is there did nothing of what was asked, and said so under an epoch that we did not know (vpn_auth.c). */
void vpn_transit_challenged(struct vpn_instance *inst, const struct vpn_path *from);

#endif

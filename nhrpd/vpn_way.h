// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a hub passes other stations' messages on to: next hop servers, and stations.
 */
#ifndef DMEVPN_VPN_WAY_H
#define DMEVPN_VPN_WAY_H

#include <assert.h>

#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_member.h"
#include "nhrpd/vpn_timer.h"

struct vpn_instance;

#define VPN_WAYS_MAX 16384	 /* stations that were answered through us, of one VPN */
#define VPN_WAY_SILENCE_MS 30000 /* how long a server that did not answer is the last one to be asked */

PREDECL_HASH(vpn_stations);

/* How a station is reached that was told something through us. Identified in its instance by the station's MAC. */
struct vpn_way {
	struct vpn_stations_item item;
	struct vpn_instance *inst;
	struct dm_addr mac;
	struct vpn_station station;
	struct vpn_timer expiry; /* what it was told is void then */
};

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
DECLARE_HASH(vpn_stations, struct vpn_way, item, vpn_way_cmp, vpn_way_hash);

/* The ways of one instance. */
struct vpn_way_table {
	struct vpn_stations_head stations;
	uint64_t silent_until[VPN_SERVERS_MAX]; /* ms; by the server's place in the configuration, 0: it is not */
};

/* Life of the table; it is empty before its end. */
void vpn_way_init(struct vpn_instance *inst);
void vpn_way_clear(struct vpn_engine *e, struct vpn_instance *inst);
void vpn_way_fini(struct vpn_instance *inst);

/*
 * True when FROM is a next hop server of INST's controller. Of a hub, that is another hub, and
 * the only one that is believed to ask for stations of its own.
 */
bool vpn_way_server(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *from);
/* The server that request M, which came from FROM, goes on to. Returns false when there is none. */
bool vpn_way_to_server(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *from,
		       const struct nhrp_msg *m, struct vpn_path *to);
/* The server did not answer, or was heard. */
void vpn_way_silent(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *server, bool silent);

/* The station with that MAC was told through us what holds for so many SECONDS. */
void vpn_way_keep(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_station *station,
		  const struct dm_addr *mac, uint16_t seconds);
/* Where to send what is for the station with that MAC: it was told something, or is a member. Returns false for others. */
bool vpn_way_to_station(struct vpn_instance *inst, const struct dm_addr *mac, struct vpn_path *path);

#endif

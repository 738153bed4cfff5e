// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a hub passes other stations' messages on to (vpn_transit.c): requests to a next hop server
 * of its controller, purges to a station that was answered through it.
 *
 * Object: vpn_way (by the station's MAC, in its instance). The servers are the controller's; kept
 * of them is only which were silent.
 *
 * Of the servers the first is taken, in the order of configuration, that is not silent, is not
 * where the request came from and is not in its record (RFC 2332 3 leaves the choice to us).
 *
 * Not here: messages.
 */
#include <config.h>

#include "nhrpd/vpn_core.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_WAY, "VPN way to a station");

/* --- next hop servers --- */

static const struct vpn_controller *controller_of(struct vpn_engine *e, const struct vpn_instance *inst)
{
	const struct vpn_ctl *ctl = vpn_ctl_by_name(e, inst->dev->controller);

	return ctl && ctl->c.up ? &ctl->c : NULL;
}

/* The server's place in the configuration, -1 when FROM is none. */
static int server_at(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *from)
{
	const struct vpn_controller *c = controller_of(e, inst);

	for (size_t i = 0; c && c->ifindex == from->ifindex && i < c->num_servers; i++)
		if (dm_addr_same(&c->servers[i].nbma, &from->nbma))
			return (int)i;
	return -1;
}

bool vpn_way_server(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *from)
{
	return server_at(e, inst, from) >= 0;
}

/* It has passed the station at that NBMA address, as far as the record tells. */
static bool recorded(const struct nhrp_msg *m, const struct dm_addr *nbma)
{
	struct nhrp_ext ext;
	struct nhrp_cie cie;

	if (!nhrp_ext_find(m, NHRP_EXT_FORWARD_TRANSIT, &ext))
		return false;
	while (nhrp_cie_next(&ext.value, m->afn, m->pro_type, &cie))
		if (dm_addr_same(&cie.nbma, nbma))
			return true;
	return false;
}

bool vpn_way_to_server(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *from,
		       const struct nhrp_msg *m, struct vpn_path *to)
{
	const struct vpn_controller *c = controller_of(e, inst);
	uint64_t silent, best = UINT64_MAX, now = vpn_now(e);

	for (size_t i = 0; c && i < c->num_servers; i++) {
		struct vpn_path path = { .ifindex = c->ifindex, .nbma = c->servers[i].nbma };

		if (vpn_path_same(&path, from) || dm_addr_same(&path.nbma, &c->nbma) || recorded(m, &path.nbma))
			continue;
		silent = inst->ways.silent_until[i] > now ? inst->ways.silent_until[i] : 0;
		if (silent >= best)
			continue;
		best = silent;
		*to = path;
	}
	return best != UINT64_MAX;
}

void vpn_way_silent(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *server, bool silent)
{
	int i = server_at(e, inst, server);

	if (i >= 0)
		inst->ways.silent_until[i] = silent ? vpn_now(e) + VPN_WAY_SILENCE_MS : 0;
}

/* --- ways to stations --- */

static struct vpn_way *find(struct vpn_instance *inst, const struct dm_addr *mac)
{
	struct vpn_way ref = { .mac = *mac };

	return vpn_stations_find(&inst->ways.stations, &ref);
}

static void over(struct vpn_engine *e, void *arg)
{
	struct vpn_way *w = arg;

	vpn_timer_stop(e, &w->expiry);
	vpn_stations_del(&w->inst->ways.stations, w);
	XFREE(MTYPE_VPN_WAY, w);
}

/* Past the limit a purge finds only members: who is behind another hub keeps what it was told for its holding time. */
static struct vpn_way *way_get(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *mac)
{
	struct vpn_way *w = find(inst, mac);

	if (w)
		return w;
	if (vpn_stations_count(&inst->ways.stations) >= VPN_WAYS_MAX) {
		e->counters.refused[VPN_REFUSED_LIMIT]++;
		return NULL;
	}
	w = XCALLOC(MTYPE_VPN_WAY, sizeof(*w));
	w->inst = inst;
	w->mac = *mac;
	vpn_timer_init(&w->expiry, over, w);
	vpn_stations_add(&inst->ways.stations, w);
	return w;
}

void vpn_way_keep(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_station *station,
		  const struct dm_addr *mac, uint16_t seconds)
{
	struct vpn_way *w = way_get(e, inst, mac);
	uint64_t ms = 1000ull * seconds;

	if (!w)
		return;
	w->station = *station;
	if (ms > vpn_timer_left(e, &w->expiry))
		vpn_timer_set(e, &w->expiry, ms);
}

/* Whoever has that MAC now, when we do not know it from an answer: we may have started anew since. */
static struct vpn_member *member_with(struct vpn_instance *inst, const struct dm_addr *mac)
{
	struct vpn_member *m;

	frr_each (vpn_members, &inst->members, m)
		if (dm_addr_same(&m->mac, mac))
			return m;
	return NULL;
}

bool vpn_way_to_station(struct vpn_instance *inst, const struct dm_addr *mac, struct vpn_path *path)
{
	const struct vpn_way *w = find(inst, mac);
	const struct vpn_member *m;
	struct dm_addr addr;

	if (w && vpn_station_reach(inst, &w->station, path, &addr))
		return true;
	m = member_with(inst, mac);
	if (m)
		*path = m->path;
	return m;
}

/* --- life --- */

void vpn_way_init(struct vpn_instance *inst)
{
	vpn_stations_init(&inst->ways.stations);
}

void vpn_way_clear(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_way *w;

	while ((w = vpn_stations_first(&inst->ways.stations)))
		over(e, w);
}

void vpn_way_fini(struct vpn_instance *inst)
{
	vpn_stations_fini(&inst->ways.stations);
}

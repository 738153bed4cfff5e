// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a test may look at in a world (world.h): what the stand-in for the module holds, and
 * what an engine says of itself by its views. Reads only.
 */
#include <config.h>

#include <assert.h>

#include "tests/engine/world.h"

const struct dm_neigh *world_neigh_entry(const struct world_node *n, const char *ip)
{
	struct dm_addr a = world_addr(ip);

	for (size_t i = 0; i < n->num_neighs; i++)
		if (dm_addr_same(&n->neighs[i].ip, &a))
			return &n->neighs[i];
	return NULL;
}

const struct dm_mac *world_fdb(const struct world_node *n, const char *mac)
{
	struct dm_addr a = world_addr(mac);

	for (size_t i = 0; i < n->num_macs; i++)
		if (dm_addr_same(&n->macs[i].mac, &a))
			return world_lets_through(n, &n->macs[i]) ? &n->macs[i] : NULL;
	return NULL;
}

struct instance_search {
	uint32_t index; /* 0: any */
	struct vpn_instance_view v;
};

static void take_instance(void *arg, const struct vpn_instance_view *v)
{
	struct instance_search *s = arg;

	if (!s->v.ifname && (!s->index || s->index == v->vpn.index))
		s->v = *v;
}

struct vpn_instance_view world_instance_of(struct world_node *n, uint32_t index)
{
	struct instance_search s = { .index = index };

	vpn_engine_each_instance(n->engine, take_instance, &s);
	assert(s.v.ifname);
	return s.v;
}

struct vpn_instance_view world_instance(struct world_node *n)
{
	return world_instance_of(n, 0);
}

struct mac_search {
	struct dm_addr mac;
	bool found;
	struct vpn_mac_view *v;
};

static void take_mac(void *arg, const struct vpn_mac_view *v)
{
	struct mac_search *s = arg;

	if (s->found || !dm_addr_same(&v->mac, &s->mac))
		return;
	s->found = true;
	*s->v = *v;
}

bool world_mac(struct world_node *n, const char *mac, struct vpn_mac_view *v)
{
	struct mac_search s = { .mac = world_addr(mac), .v = v };

	vpn_engine_each_mac(n->engine, take_mac, &s);
	return s.found;
}

struct ip_search {
	struct dm_addr ip;
	bool found;
	struct vpn_neigh_view *v;
};

static void take_ip(void *arg, const struct vpn_neigh_view *v)
{
	struct ip_search *s = arg;

	if (s->found || !dm_addr_same(&v->ip, &s->ip))
		return;
	s->found = true;
	*s->v = *v;
}

bool world_ip(struct world_node *n, const char *ip, struct vpn_neigh_view *v)
{
	struct ip_search s = { .ip = world_addr(ip), .v = v };

	vpn_engine_each_neigh(n->engine, take_ip, &s);
	return s.found;
}

static void count_member(void *arg, const struct vpn_member_view *v)
{
	++*(size_t *)arg;
}

size_t world_num_members(struct world_node *n)
{
	size_t count = 0;

	vpn_engine_each_member(n->engine, count_member, &count);
	return count;
}

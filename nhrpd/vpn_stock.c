// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hand on FRR's own NHRP code: asking it what it knows, in addresses of ours; making it
 * forget an interface's bindings when the interface goes over to another VPN, and register
 * again at once rather than at the next third of the holding time. Called by the rest of
 * the glue in the main pthread; keeps nothing.
 *
 * It does by the stock code's exported functions what `clear ip nhrp cache` does for
 * all interfaces. What is configured (`ip nhrp map`) and what we are ourselves stays.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/if.h"

#include "nhrpd.h"
#include "nhrpd/vpn_stock.h"

#define ROUTE_STEPS 4 /* routes by way of routes, as far as the stock code follows them */

/* --- asking --- */

struct interface *vpn_stock_interface(uint32_t ifindex)
{
	struct interface *ifp = if_lookup_by_index((ifindex_t)ifindex, VRF_DEFAULT);

	return ifp && ifp->info ? ifp : NULL;
}

bool vpn_stock_addr(struct dm_addr *a, const union sockunion *su)
{
	switch (sockunion_family(su)) {
	case AF_INET:
		return dm_addr_set(a, DM_IPV4, &su->sin.sin_addr, 4);
	case AF_INET6:
		return dm_addr_set(a, DM_IPV6, &su->sin6.sin6_addr, 16);
	}
	*a = (struct dm_addr){ 0 };
	return false;
}

bool vpn_stock_sockunion(union sockunion *su, const struct dm_addr *a)
{
	int family = a->family == DM_IPV4 ? AF_INET : AF_INET6;

	memset(su, 0, sizeof(*su));
	if (a->family != DM_IPV4 && a->family != DM_IPV6)
		return false;
	sockunion_set(su, family, a->octets, dm_addr_len(a));
	return true;
}

bool vpn_stock_nbma(const struct interface *ifp, struct dm_addr *nbma)
{
	const struct nhrp_interface *nifp = ifp->info;

	return vpn_stock_addr(nbma, &nifp->nbma);
}

bool vpn_stock_proto(const struct interface *ifp, enum dm_family family, struct dm_addr *proto)
{
	const struct nhrp_interface *nifp = ifp->info;

	return vpn_stock_addr(proto, &nifp->afi[family == DM_IPV4 ? AFI_IP : AFI_IP6].addr) && proto->family == family;
}

struct nhrp_cache *vpn_stock_binding(struct interface *ifp, const struct dm_addr *proto)
{
	union sockunion su;

	return vpn_stock_sockunion(&su, proto) ? nhrp_cache_get(ifp, &su, 0) : NULL;
}

struct nhrp_cache *vpn_stock_next_hop(struct interface *ifp, const struct dm_addr *proto)
{
	union sockunion at, via;
	struct interface *out;
	struct nhrp_cache *c;

	if (!vpn_stock_sockunion(&at, proto))
		return NULL;
	for (unsigned int step = 0; step < ROUTE_STEPS; step++) {
		c = nhrp_cache_get(ifp, &at, 0);
		if (c && c->cur.type >= NHRP_CACHE_DYNAMIC)
			return c;
		if (!nhrp_route_get_nexthop(&at, NULL, &via, &out) || sockunion_family(&via) == AF_UNSPEC)
			return NULL;
		at = via;
	}
	return NULL;
}

bool vpn_stock_station(const struct nhrp_cache *c, struct dm_addr *nbma)
{
	*nbma = (struct dm_addr){ 0 };
	return c && c->cur.peer && vpn_stock_addr(nbma, &c->cur.peer->vc->remote.nbma);
}

struct server_search {
	struct dm_addr nbma;
	struct dm_addr *proto;
	bool found;
};

static void look_at_server(struct nhrp_nhs *nhs, struct nhrp_registration *reg, void *arg)
{
	struct server_search *s = arg;
	struct dm_addr nbma;

	if (s->found || !reg || !vpn_stock_addr(&nbma, &reg->peer->vc->remote.nbma) || !dm_addr_same(&nbma, &s->nbma))
		return;
	s->found = true;
	/* its own word in a reply, or what is configured where it has not answered yet */
	if (s->proto && !vpn_stock_addr(s->proto, &reg->proto_addr))
		vpn_stock_addr(s->proto, &nhs->proto_addr);
}

bool vpn_stock_is_server(struct interface *ifp, const struct dm_addr *nbma, enum dm_family family,
			 struct dm_addr *proto)
{
	struct server_search s = { .nbma = *nbma, .proto = proto };

	nhrp_nhs_foreach(ifp, family == DM_IPV4 ? AFI_IP : AFI_IP6, look_at_server, &s);
	return s.found;
}

enum vpn_stock_way vpn_stock_way(struct interface *ifp, const struct dm_addr *proto)
{
	union sockunion su;

	if (!vpn_stock_sockunion(&su, proto))
		return VPN_STOCK_NO_WAY;
	switch (nhrp_route_address(ifp, &su, NULL, NULL)) {
	case NHRP_ROUTE_LOCAL:
		return VPN_STOCK_LOCAL;
	case NHRP_ROUTE_NBMA_NEXTHOP:
		return VPN_STOCK_PASS_ON;
	case NHRP_ROUTE_OFF_NBMA:
		return VPN_STOCK_LEAVES;
	case NHRP_ROUTE_BLACKHOLE:
		break;
	}
	return VPN_STOCK_NO_WAY;
}

/* --- telling --- */

static void forget_binding(struct nhrp_cache *c, void *arg)
{
	switch (c->cur.type) {
	case NHRP_CACHE_STATIC:
	case NHRP_CACHE_LOCAL:
		return;
	default: /* servers too: their addresses are those of the VPN that was */
		nhrp_cache_update_binding(c, c->cur.type, -1, NULL, 0, NULL, NULL);
	}
}

static void forget_shortcut(struct nhrp_shortcut *s, void *arg)
{
	if (s->cache && s->cache->ifp == arg)
		nhrp_shortcut_purge(s, 1);
}

/* What the stock code itself says when the interface's address is another one. */
static void register_again(struct interface *ifp)
{
	struct nhrp_interface *nifp = ifp->info;

	if (nifp && nifp->enabled)
		notifier_call(&nifp->notifier_list, NOTIFY_INTERFACE_ADDRESS_CHANGED);
}

void vpn_stock_forget(const char *ifname)
{
	struct interface *ifp = if_lookup_by_name(ifname, VRF_DEFAULT);

	if (!ifp || !ifp->info)
		return;
	nhrp_shortcut_foreach(AFI_IP, forget_shortcut, ifp);
	nhrp_shortcut_foreach(AFI_IP6, forget_shortcut, ifp);
	nhrp_cache_foreach(ifp, forget_binding, NULL);
	register_again(ifp);
}

void vpn_stock_register_all(void)
{
	struct vrf *vrf = vrf_lookup_by_id(VRF_DEFAULT);
	struct interface *ifp;

	FOR_ALL_INTERFACES (vrf, ifp)
		register_again(ifp);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the VPNs ask of FRR's own NHRP code, which runs the layer 3 ones.
 */
#ifndef DMEVPN_VPN_STOCK_H
#define DMEVPN_VPN_STOCK_H

#include "nhrpd/vpn_engine.h"

struct interface;
struct nhrp_cache;
union sockunion;

/*
 * Forgets what was learned by the interface (cache entries, shortcuts; not what is
 * configured), and registers anew by it. Without effect on one that is not there.
 */
void vpn_stock_forget(const char *ifname);

/* The interface with that index, when the stock code knows it; else NULL. */
struct interface *vpn_stock_interface(uint32_t ifindex);

/* *a as the stock code's SU has it, not set when SU is neither IPv4 nor IPv6 (false); and back. */
bool vpn_stock_addr(struct dm_addr *a, const union sockunion *su);
bool vpn_stock_sockunion(union sockunion *su, const struct dm_addr *a);

/* The interface's own NBMA address, and its own protocol address of FAMILY (false: not set, it has none). */
bool vpn_stock_nbma(const struct interface *ifp, struct dm_addr *nbma);
bool vpn_stock_proto(const struct interface *ifp, enum dm_family family, struct dm_addr *proto);

/* The binding of a protocol address on an interface, NULL when there is none. */
struct nhrp_cache *vpn_stock_binding(struct interface *ifp, const struct dm_addr *proto);

/* The binding of the station by which the interface reaches PROTO, which may lie behind it; NULL when there is none. */
struct nhrp_cache *vpn_stock_next_hop(struct interface *ifp, const struct dm_addr *proto);

/* NBMA address of the station that a binding leads to; false when it leads to none. */
bool vpn_stock_station(const struct nhrp_cache *c, struct dm_addr *nbma);

/*
 * True when NBMA is that of a next hop server which is configured on the interface for FAMILY;
 * *proto, if not NULL, is then its protocol address, not set when nobody knows it yet.
 */
bool vpn_stock_is_server(struct interface *ifp, const struct dm_addr *nbma, enum dm_family family,
			 struct dm_addr *proto);

/* What the stock code would do with a message for PROTO that came by IFP. */
enum vpn_stock_way {
	VPN_STOCK_LOCAL,   /* it is for this node */
	VPN_STOCK_PASS_ON, /* another station of the NBMA network has it */
	VPN_STOCK_LEAVES,  /* it lies behind another interface of this node */
	VPN_STOCK_NO_WAY,
};
enum vpn_stock_way vpn_stock_way(struct interface *ifp, const struct dm_addr *proto);

/* Registers anew by all interfaces, with the next hop servers that are configured. */
void vpn_stock_register_all(void);

#endif

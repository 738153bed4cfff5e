// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of frr-nhrpd that one command can break, asked before it is taken.
 */
#ifndef DMEVPN_MGMTD_NHRP_VPN_RULES_H
#define DMEVPN_MGMTD_NHRP_VPN_RULES_H

#include <stddef.h>
#include <stdint.h>

struct lyd_node;
struct vpn_id;

/*
 * Say whether an interface may have a VPN, given the rest of a configuration.
 *
 * config: the data tree to ask (the candidate; may be NULL when it is empty).
 * ifname: the interface that is to have the VPN.
 * vpn: the VPN-ID, whose index is 1 to 4294967295.
 * vlan: the VLAN given with it, 0 where none is.
 * reason: where to write, in one sentence without a newline, what is wrong and with which values.
 *
 * Returns true when the VPN is free and so is its VLAN on this interface;
 * an instance that is there already does not stand in its own way.
 */
bool nhrp_vpn_allowed(const struct lyd_node *config, const char *ifname, const struct vpn_id *vpn,
		      uint16_t vlan, char *reason, size_t reason_size);

#endif

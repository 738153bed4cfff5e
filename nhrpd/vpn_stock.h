// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the VPNs ask of FRR's own NHRP code, which runs the layer 3 ones.
 */
#ifndef DMEVPN_VPN_STOCK_H
#define DMEVPN_VPN_STOCK_H

/*
 * Forgets what was learned by the interface (cache entries, shortcuts; not what is
 * configured), and registers anew by it. Without effect on one that is not there.
 */
void vpn_stock_forget(const char *ifname);

/* Registers anew by all interfaces, with the next hop servers that are configured. */
void vpn_stock_register_all(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands of nhrpd about VPNs: show ip nhrp vpn …, debug nhrp vpn.
 */
#ifndef DMEVPN_VPN_VTY_H
#define DMEVPN_VPN_VTY_H

/* Installs them; configuration commands are mgmtd's. */
void vpn_vty_init(void);

#endif

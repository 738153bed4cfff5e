// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands of nhrpd about VPNs: show ip nhrp vpn …, debug nhrp vpn.
 */
#ifndef DMEVPN_VPN_VTY_H
#define DMEVPN_VPN_VTY_H

#include "lib/json.h"
#include "lib/addr.h"

/* Which VPN an object belongs to: interface, vpnId, oui, vpnIndex. */
void vpn_vty_json_vpn(json_object *obj, const char *ifname, const struct vpn_id *vpn);

/* Installs them; configuration commands are mgmtd's. */
void vpn_vty_init(void);

/* show and clear ip nhrp vpn duplicate. */
void vpn_vty_duplicate_init(void);

/* Those that ask the zebra module (show ip nhrp vpn consistency); and before the engine ends. */
void vpn_vty_check_init(void);
void vpn_vty_check_terminate(void);

#endif

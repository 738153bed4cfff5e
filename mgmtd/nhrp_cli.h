// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration commands of frr-nhrpd, and their form in "show running-config".
 */
#ifndef DMEVPN_MGMTD_NHRP_CLI_H
#define DMEVPN_MGMTD_NHRP_CLI_H

struct frr_yang_module_info;

/*
 * The module frr-nhrpd as mgmtd needs it: how each node reads as a command,
 * and nothing that would apply it (mgmtd sends it on to nhrpd).
 */
extern const struct frr_yang_module_info frr_nhrpd_cli_info;

/*
 * Install "ip nhrp vpn …" below "interface". Call it once, when mgmtd has
 * created that node.
 */
void nhrp_cli_init(void);

#endif

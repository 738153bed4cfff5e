// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When FRR's own NHRP code may speak. An interface has its stock lines and its VPN-ID
 * from two daemons; until both have come its messages would leave in plain.
 */
#ifndef DMEVPN_NHRP_HOLD_H
#define DMEVPN_NHRP_HOLD_H

#include <stdbool.h>

/* Holds the stock code back at the start, MS milliseconds at most, for mgmtd to send what it has. */
void nhrp_hold_for_mgmtd(unsigned int ms);

/* mgmtd is connected: MS milliseconds later it has sent that. Without effect after the start. */
void nhrp_hold_mgmtd_connected(unsigned int ms);

/* `vtysh -b` begins to give us the lines of a file, or has come to the end of our share of it. */
void nhrp_hold_reading_begins(void);
void nhrp_hold_reading_ends(void);

/* mgmtd sent configuration of VPNs, of which other interfaces' part may follow in the same turn. */
void nhrp_hold_vpns_came(void);

/* Asked about each message of the stock code: false when it must stay; it will be made to register anew then. */
bool nhrp_hold_lets_pass(void);

/* Waits for nothing more and makes nobody register. */
void nhrp_hold_terminate(void);

#endif

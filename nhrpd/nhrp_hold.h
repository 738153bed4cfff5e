// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When FRR's own NHRP code may speak. An interface has its stock lines and its VPN-ID
 * from two daemons; until both have been read its messages would leave in plain.
 */
#ifndef DMEVPN_NHRP_HOLD_H
#define DMEVPN_NHRP_HOLD_H

#include <stdbool.h>

/* What is being waited for; each is independent of the others. */
enum nhrp_hold {
	NHRP_HOLD_MGMTD,   /* mgmtd to connect and send what it has */
	NHRP_HOLD_READING, /* `vtysh -b` to come to the end of its file */
	NHRP_HOLD_COUNT,
};

/* Begins to wait for WHAT, or goes on to, for at most MS milliseconds from now. */
void nhrp_hold(enum nhrp_hold what, unsigned int ms);

/* WHAT, where it is waited for, comes true in MS milliseconds; 0: now. */
void nhrp_hold_end(enum nhrp_hold what, unsigned int ms);

/* Asked about each message of the stock code: false when it must stay; it will be made to register anew then. */
bool nhrp_hold_lets_pass(void);

/* Waits for nothing more and makes nobody register. */
void nhrp_hold_terminate(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nhrpd's own command line beside mgmtd's transactions.
 */
#ifndef DMEVPN_NHRP_LOCAL_CLI_H
#define DMEVPN_NHRP_LOCAL_CLI_H

struct event_loop;

/*
 * Send what this daemon's own commands change in the northbound (log,
 * hostname, access-list …) past libfrr's shared candidate; see the .c file.
 * Call it once, after frr_init() and before any terminal can connect.
 *
 * loop: where commands wait that come in the middle of a transaction of mgmtd.
 */
void nhrp_local_cli_init(struct event_loop *loop);

/* Forget commands that still wait. */
void nhrp_local_cli_terminate(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of the configuration when mgmtd, who owns it, starts anew.
 */
#ifndef DMEVPN_NHRP_REREAD_H
#define DMEVPN_NHRP_REREAD_H

struct event_loop;
struct lyd_node;

/* At nhrpd's start: nothing is known to be all until mgmtd has said so. */
void nhrp_reread_init(struct event_loop *loop);

/* mgmtd is connected, and about to send what it has; or it is gone. */
void nhrp_reread_connected(void);
void nhrp_reread_lost(void);

/* A transaction about VPNs has been applied. */
void nhrp_reread_came(void);

/*
 * What nhrpd had when mgmtd was connected and has not been sent again yet, a tree of frr-interface and others: in force,
 * but not in the running configuration. NULL when there is nothing. It stays this module's.
 */
const struct lyd_node *nhrp_reread_awaited(void);

/* The interface is no more, and what it had has been undone: it is not awaited any more. */
void nhrp_reread_forget_interface(const char *ifname);

/* Waits for nothing more. */
void nhrp_reread_terminate(void);

#endif

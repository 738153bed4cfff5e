// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nhrpd as a backend of mgmtd for the YANG module frr-nhrpd.
 */
#ifndef DMEVPN_NHRP_NB_H
#define DMEVPN_NHRP_NB_H

struct event_loop;
struct frr_yang_module_info;

/*
 * The module and its callbacks, for the list in FRR_DAEMON_INFO. The text of
 * the module is part of the program; no YANG file is read.
 */
extern const struct frr_yang_module_info frr_nhrpd_info;

/*
 * Register with mgmtd and receive configuration from then on; tries again by
 * itself until mgmtd is there. Call it once, after frr_init() and when the
 * setters of nhrpd/vpn_config.h may be called.
 *
 * loop: the daemon's main event loop, in which the callbacks run.
 */
void nhrp_nb_init(struct event_loop *loop);

/* Leave mgmtd. Call it before the engine and the interfaces are taken down. */
void nhrp_nb_terminate(void);

#endif

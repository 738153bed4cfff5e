// SPDX-License-Identifier: GPL-2.0-or-later
/* `show zebra dmevpn`. Main pthread. */
#ifndef DMEVPN_VTY_H
#define DMEVPN_VTY_H

struct event_loop;

/* Installs the command; a callback of the hook frr_late_init. Returns 0. */
int dm_vty_init(struct event_loop *loop);

#endif

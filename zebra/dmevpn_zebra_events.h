// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What zebra itself hears of the kernel, kept small enough that a burst of MACs does not end it.
 * Main pthread.
 */
#ifndef DMEVPN_ZEBRA_EVENTS_H
#define DMEVPN_ZEBRA_EVENTS_H

#include <stdbool.h>

struct event_loop;

/*
 * Enlarges the receive buffer of zebra's socket for the kernel's notifications, and has the
 * kernel keep those of bridge and VXLAN forwarding entries from it for as long as zebra has no
 * use for them (EVPN off). To be called when zebra has opened its sockets.
 */
void dm_zebra_events_start(struct event_loop *loop);

/* Leaves the socket as it is: a zebra that ends reads it no more. */
void dm_zebra_events_stop(void);

/* Whether they are kept from it now. */
bool dm_zebra_events_spared(void);

#endif

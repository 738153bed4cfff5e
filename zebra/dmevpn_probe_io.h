// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sends and receives probes (lib/probe_frame.h) by the VXLAN devices of zebra's network namespace.
 * Main pthread.
 */
#ifndef DMEVPN_PROBE_IO_H
#define DMEVPN_PROBE_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/probe_frame.h"

#include "zebra/dmevpn_netlink.h"

struct event_loop;

/* A probe or an answer came by a device (ifindex). */
typedef void (*dm_probe_heard)(uint32_t ifindex, const struct probe_frame *f);

/* HEARD gets what comes; LOOP is zebra's main one. */
void dm_probe_io_start(struct event_loop *loop, dm_probe_heard heard);
/* Closes the tap and all outlets. */
void dm_probe_io_stop(void);

/*
 * Listens, on all devices at once, or stops doing so, and closes what it sent by. A tap that cannot be
 * opened is tried again until it is not wanted any more.
 */
void dm_probe_io_listen(bool on);

/*
 * Sends *f as the device would send a frame: from its address (or the one that routes give it),
 * by its underlay device, to UDP port of TO, with VNI. Fills in f->source and f->mac. Returns 0 or a negative errno.
 */
int dm_probe_io_send(const struct nlm_link *device, const struct dm_addr *to, uint32_t vni,
		     struct probe_frame *f);

struct dm_probe_io_counters {
	uint64_t malformed; /* addressed as probes, and none */
	uint64_t lost;	    /* the kernel had no room for */
	uint64_t unsent;    /* the kernel would not send */
};

/* Since the start. */
void dm_probe_io_get_counters(struct dm_probe_io_counters *c);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether frames get through to other VXLAN ends, and answering those who want to know it of us.
 * Main pthread.
 */
#ifndef DMEVPN_PROBE_H
#define DMEVPN_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_probe_io.h"

struct event_loop;

/* TOLD gets a PROBE_STATE to send. */
void dm_probe_start(struct event_loop *loop, void (*told)(const struct dm_probe *state));
void dm_probe_stop(void);

/* A spoke's VXLAN device: probes that come by it are answered, until dm_probe_leave(), which also ends its paths. */
void dm_probe_enter(uint32_t ifindex);
void dm_probe_leave(uint32_t ifindex);

/* PROBE_SET of a device that was entered: probes the path, or goes on with other times, and tells the state if there is one. */
void dm_probe_set(const struct dm_probe *wanted);
/* PROBE_DEL: entries to there need no path any more. */
void dm_probe_del(const struct dm_probe *unwanted);

/* Tells the states of a device's paths, as far as they have been judged. */
void dm_probe_tell(uint32_t ifindex);

/* Marks all paths; the sweep ends those that have not been set again. */
void dm_probe_mark(void);
void dm_probe_sweep(void);

struct dm_probe_counters {
	uint32_t paths, up;	/* now */
	uint64_t sent;
	uint64_t answered;
	uint64_t stray;		/* answers to nothing that was asked, or once more */
	uint64_t reflected;	/* probes of others that were answered */
	uint64_t misdirected;	/* probes of others that meant another VNI */
	uint64_t over_rate;	/* probes of others past what is answered in a second */
	struct dm_probe_io_counters io;
};

/* Since the start. */
void dm_probe_get_counters(struct dm_probe_counters *c);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The line to nhrpd: the module as a ZAPI client of its own zebra, and
 * records in opaque messages. Main pthread.
 */
#ifndef DMEVPN_ZAPI_H
#define DMEVPN_ZAPI_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/dmevpn_msg.h"

struct event_loop;

/* What nhrpd was not told for want of room, as bits. */
#define DM_BEHIND_MACS 0x1 /* MACs behind members */
#define DM_BEHIND_ALL 0x2  /* anything else */

struct dm_zapi_ops {
	/* a record came from nhrpd */
	void (*record)(const struct dm_rec *rec);
	/* nhrpd is not connected to zebra any more */
	void (*peer_gone)(void);
	/* it has caught up; BEHIND (DM_BEHIND_*, or 0) is to be told anew */
	void (*rested)(unsigned int behind);
};

/* Connects to zebra, and again whenever the connection is lost. OPS must outlive it. */
void dm_zapi_start(struct event_loop *loop, const struct dm_zapi_ops *ops);
void dm_zapi_stop(void);

/* True while the connection to zebra stands. */
bool dm_zapi_connected(void);

/*
 * Appends a record to what goes to nhrpd when the events at hand are done. One that finds no room,
 * because nhrpd does not keep up, is dropped and reported by `rested` later.
 */
void dm_zapi_send(const struct dm_rec *rec);

/* Sends what was appended now. */
void dm_zapi_flush(void);

/*
 * Between two calls records are sent with no regard to room: for what is bounded by itself and
 * worth nothing in parts. To be begun only when dm_zapi_rested().
 */
void dm_zapi_send_whole(bool begin);

/* True when nhrpd has worked off most of what was sent to it; otherwise, what can wait should. */
bool dm_zapi_rested(void);

/* Another nhrpd, or the same one that begins anew: what the former one did not take is void. */
void dm_zapi_peer_anew(void);

/* The line to nhrpd: messages sent, octets under way now and at worst, times it was full, records dropped. */
struct dm_zapi_counters {
	uint64_t payloads;
	uint32_t under_way, most;
	uint64_t waits, refused;
};

/* What they are now. */
void dm_zapi_get_counters(struct dm_zapi_counters *c);

#endif

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

struct dm_zapi_ops {
	/* a record came from nhrpd */
	void (*record)(const struct dm_rec *rec);
	/* nhrpd is not connected to zebra any more */
	void (*peer_gone)(void);
};

/* Connects to zebra, and again whenever the connection is lost. OPS must outlive it. */
void dm_zapi_start(struct event_loop *loop, const struct dm_zapi_ops *ops);
void dm_zapi_stop(void);

/* True while the connection to zebra stands. */
bool dm_zapi_connected(void);

/* Appends a record to what goes to nhrpd when the events at hand are done. */
void dm_zapi_send(const struct dm_rec *rec);

/* True while zebra has not taken yet what was sent: what can wait should. */
bool dm_zapi_busy(void);

/* Sends what was appended now. */
void dm_zapi_flush(void);

#endif

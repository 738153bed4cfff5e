// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module and nhrpd say to each other (lib/dmevpn_msg.h), carried out. Main pthread.
 */
#ifndef DMEVPN_SESSION_H
#define DMEVPN_SESSION_H

#include <stdbool.h>
#include <stdint.h>

struct event_loop;

/* Starts the devices' watch, the instances and the line to nhrpd. Returns 0 or a negative errno. */
int dm_session_start(struct event_loop *loop);
void dm_session_stop(void);

/* True while nhrpd is there: it said HELLO and has not gone since. */
bool dm_session_established(void);

/* Events that the ring of the BPF switch had no room for; each time, all MACs were told anew. */
uint64_t dm_session_events_lost(void);

struct dm_op;

/* An operation of the provider failed, or was a question: main pthread. */
void dm_session_op_done(const struct dm_op *op);

/* Records of that type that nhrpd has sent. */
uint64_t dm_session_records(uint8_t rec_type);

/* The provider's queue has room again: main pthread. */
void dm_session_op_room(void);

#endif

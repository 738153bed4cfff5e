// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Timers of the engine: a heap by due time, all in the engine's one thread.
 */
#ifndef DMEVPN_VPN_TIMER_H
#define DMEVPN_VPN_TIMER_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/typesafe.h"

struct vpn_engine;

#define VPN_RETRY_FIRST_MS 1000 /* first repetition of an unanswered request */
#define VPN_RETRY_MAX_MS 30000	/* the longest wait between repetitions, and between registrations */

PREDECL_HEAP(vpn_timers);

/* One shot; belongs to the object it is a member of, which stops it before it goes. */
struct vpn_timer {
	struct vpn_timers_item item;
	uint64_t due; /* milliseconds, as ops.now */
	bool armed;
	void (*fn)(struct vpn_engine *e, void *arg);
	void *arg;
};

/* Order of the container: by what identifies the object. */
static inline int vpn_timer_cmp(const struct vpn_timer *a, const struct vpn_timer *b)
{
	return a->due < b->due ? -1 : a->due > b->due;
}
DECLARE_HEAP(vpn_timers, struct vpn_timer, item, vpn_timer_cmp);

/* Readies a timer that is not armed; FN gets ARG when it is due. */
void vpn_timer_init(struct vpn_timer *t, void (*fn)(struct vpn_engine *, void *), void *arg);
/* (Re)arms it for MS milliseconds from now. */
void vpn_timer_set(struct vpn_engine *e, struct vpn_timer *t, uint64_t ms);
/* Disarms it; no error when it is not armed. */
void vpn_timer_stop(struct vpn_engine *e, struct vpn_timer *t);
/* Milliseconds until it is due, 0 when it is due or not armed. */
uint64_t vpn_timer_left(struct vpn_engine *e, const struct vpn_timer *t);
/* MS less up to a quarter at random, so that many nodes do not speak at once. */
uint64_t vpn_jitter(struct vpn_engine *e, uint64_t ms);
/* The wait that follows one of MS: twice as long, VPN_RETRY_MAX_MS at most. */
uint64_t vpn_longer(uint64_t ms);
/* Runs all that are due. Returns the milliseconds until the next one, an hour at most. */
uint64_t vpn_timers_run(struct vpn_engine *e);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Timers of the engine. Objects: struct vpn_timer, identified by its address and
 * owned by the object around it. Called from within the engine only.
 */
#include <config.h>

#include <string.h>

#include "nhrpd/vpn_core.h"

void vpn_timer_init(struct vpn_timer *t, void (*fn)(struct vpn_engine *, void *), void *arg)
{
	memset(t, 0, sizeof(*t));
	t->fn = fn;
	t->arg = arg;
}

void vpn_timer_stop(struct vpn_engine *e, struct vpn_timer *t)
{
	if (t->armed)
		vpn_timers_del(&e->timers, t);
	t->armed = false;
}

void vpn_timer_set(struct vpn_engine *e, struct vpn_timer *t, uint64_t ms)
{
	vpn_timer_stop(e, t);
	t->due = vpn_now(e) + ms;
	t->armed = true;
	vpn_timers_add(&e->timers, t);
}

uint64_t vpn_timer_left(struct vpn_engine *e, const struct vpn_timer *t)
{
	uint64_t now = vpn_now(e);

	return t->armed && t->due > now ? t->due - now : 0;
}

uint64_t vpn_jitter(struct vpn_engine *e, uint64_t ms)
{
	return ms - (uint64_t)e->ops.random(e->ctx) % (ms / 4 + 1);
}

uint64_t vpn_longer(uint64_t ms)
{
	return 2 * ms < VPN_RETRY_MAX_MS ? 2 * ms : VPN_RETRY_MAX_MS;
}

uint64_t vpn_timers_run(struct vpn_engine *e)
{
	uint64_t now = vpn_now(e);
	struct vpn_timer *t;

	while ((t = vpn_timers_first(&e->timers)) && t->due <= now) {
		vpn_timer_stop(e, t);
		t->fn(e, t->arg);
	}
	return t ? t->due - now : 3600 * 1000;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module has, told to nhrpd: after its HELLO, and again when records were dropped because
 * nhrpd did not keep up, or events of the switch were lost.
 *
 *   DUMP_BEGIN, devices ──▶ instance by instance ──▶ MACs, 512 at a time ──▶ DUMP_END
 *                     └── each only when nhrpd has taken most of what was sent ──┘
 *
 * Events go out between the slices. Each is newer than what slices before it said, and what slices
 * after it say is read later than it happened; so the last word on everything is the right one.
 * A slice may be larger than there is room on the line (the 65,536 MACs of one bridge): it is
 * bounded, and the next one waits.
 *
 * Objects: the dump that is running; there is one at most. All functions run on zebra's main
 * pthread.
 */
#include <config.h>

#include <string.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/monotime.h"

#include "zebra/dmevpn_dump.h"
#include "zebra/dmevpn_instance.h"
#include "zebra/dmevpn_macs.h"
#include "zebra/dmevpn_zapi.h"

/* microseconds between the begins of two dumps that nobody asked for */
#define REST_US 1000000
/* slices before zebra's other work has its turn */
#define SLICES_MAX 16

enum phase {
	IDLE,
	LINKS,
	INSTANCES,
	MACS,
};

static struct event_loop *loop_main;
static struct event *t_begin, *t_step;
static const struct dm_dump_ops *ops;
static unsigned int wanted, running; /* enum dm_dump_kind */
static enum phase phase;
static uint32_t after_ifindex; /* of the last instance told */
static uint16_t after_vlan;
static struct dm_macs_walk *walk;
static struct timeval begun; /* the last one that nobody asked for */
static uint64_t repeats;

uint64_t dm_dump_repeats(void)
{
	return repeats;
}

static void want_begun(void);

static void end(void)
{
	dm_macs_walk_end(&walk);
	phase = IDLE;
	if (running & ~DM_DUMP_MACS)
		ops->bare(DM_REC_DUMP_END);
	running = 0;
	want_begun();
}

static void tell_links(void)
{
	ops->bare(DM_REC_DUMP_BEGIN);
	ops->links();
	phase = INSTANCES;
	after_ifindex = 0;
	after_vlan = 0;
}

static void tell_instance(void)
{
	const struct dm_instance_info *info = dm_instance_after(after_ifindex, after_vlan);

	if (!info) {
		phase = MACS;
		return;
	}
	after_ifindex = info->ifindex;
	after_vlan = info->vlan;
	ops->instance(info, running & DM_DUMP_HELLO);
}

static void tell_macs(void)
{
	if (!walk)
		walk = dm_macs_walk();
	if (!walk || !dm_macs_walk_on(walk, ops->mac, NULL))
		end();
}

static void slice(void)
{
	dm_zapi_send_whole(true);
	switch (phase) {
	case LINKS:
		tell_links();
		break;
	case INSTANCES:
		tell_instance();
		break;
	case MACS:
		tell_macs();
		break;
	case IDLE:
		break;
	}
	dm_zapi_send_whole(false);
}

static void step(struct event *event)
{
	unsigned int n;

	for (n = 0; n < SLICES_MAX && phase != IDLE && dm_zapi_rested(); n++)
		slice();
	dm_zapi_flush();
	dm_dump_go_on();
}

void dm_dump_go_on(void)
{
	if (phase != IDLE && dm_zapi_rested())
		event_add_event(loop_main, step, NULL, 0, &t_step);
}

static void begin(unsigned int kinds)
{
	dm_macs_walk_end(&walk);
	event_cancel(&t_begin);
	wanted = 0;
	running = kinds;
	phase = kinds & ~DM_DUMP_MACS ? LINKS : MACS;
	dm_dump_go_on();
}

static void begin_wanted(struct event *event)
{
	monotime(&begun);
	repeats++;
	begin(wanted);
}

/* Begins what is wanted, when nothing is running and the last was long enough ago. */
static void want_begun(void)
{
	int64_t since = monotime_since(&begun, NULL);

	if (wanted && !running)
		event_add_timer_msec(loop_main, begin_wanted, NULL,
				     since >= REST_US ? 0 : (REST_US - since) / 1000, &t_begin);
}

void dm_dump_want(unsigned int kinds)
{
	if (kinds & DM_DUMP_HELLO) {
		begin(DM_DUMP_HELLO);
		return;
	}
	wanted |= kinds;
	want_begun();
}

void dm_dump_give_up(void)
{
	event_cancel(&t_begin);
	event_cancel(&t_step);
	dm_macs_walk_end(&walk);
	phase = IDLE;
	wanted = running = 0;
}

void dm_dump_start(struct event_loop *loop, const struct dm_dump_ops *dump_ops)
{
	loop_main = loop;
	ops = dump_ops;
}

void dm_dump_stop(void)
{
	dm_dump_give_up();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zebra/dmevpn_probe.c on a wire in memory: what it sends is kept, what comes in the test makes up. What
 * needs many paths, many probes or exact counts is here; the rest of it is shown on real devices
 * (tests/topotests/dmevpn_dataplane/test_dmevpn_paths.py).
 *
 * The sockets, the entries and the devices are this file's own; the event loop is libfrr's, and
 * time passes as it does.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/memory.h"
#include "lib/monotime.h"

#include "zebra/dmevpn_fdb.h"
#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_probe.h"

#define DEVICE 7
#define VNI 100
#define FAR_VNI 101
#define KEPT 65536
#define DEADLINE 10 /* seconds */

DEFINE_MGROUP(DMEVPN, "DMEVPN");

static struct nlm_link device = {.ifindex = DEVICE, .kind = NLM_VXLAN, .up = true, .vni = VNI};
static struct event_loop *loop;
static dm_probe_heard heard;
static dm_fdb_gate gate;
static struct probe_frame wire[KEPT];
static unsigned int n_wire, n_told, n_opened, n_closed;
static bool listening, answering;
static struct dm_probe last_told;
static struct dm_probe_counters before; /* the test */

/* --- the world ----------------------------------------------------------------------- */

void dm_probe_io_start(struct event_loop *with, dm_probe_heard fn)
{
	heard = fn;
}

void dm_probe_io_stop(void)
{
	listening = false;
}

void dm_probe_io_listen(bool on)
{
	listening = on;
}

void dm_probe_io_get_counters(struct dm_probe_io_counters *c)
{
	memset(c, 0, sizeof(*c));
}

int dm_probe_io_send(const struct nlm_link *by, const struct dm_addr *to, uint32_t vni,
		     struct probe_frame *f)
{
	assert_int_equal(by->ifindex, DEVICE);
	assert_true(n_wire < KEPT);
	wire[n_wire++] = *f;
	return 0;
}

void dm_fdb_set_gate(dm_fdb_gate which)
{
	gate = which;
}

void dm_fdb_gate_changed(uint32_t ifindex, uint32_t vni, const struct dm_addr *dst,
			 uint32_t remote_vni, bool open)
{
	n_opened += open;
	n_closed += !open;
}

const struct nlm_link *dm_link_find(uint32_t ifindex)
{
	return ifindex == DEVICE ? &device : NULL;
}

static void take_state(const struct dm_probe *state)
{
	n_told++;
	last_told = *state;
}

/* --- small parts ------------------------------------------------------------------ */

static struct dm_addr end(unsigned int n)
{
	const uint8_t octets[4] = {10, 1, n >> 8, n};
	struct dm_addr a;

	dm_addr_set(&a, DM_IPV4, octets, sizeof(octets));
	return a;
}

static struct dm_probe path(unsigned int n, uint32_t interval)
{
	return (struct dm_probe){.ifindex = DEVICE, .vni = VNI, .nbma = end(n), .remote_vni = FAR_VNI,
				 .interval = interval, .misses = 3};
}

static void set(unsigned int n, uint32_t interval)
{
	const struct dm_probe p = path(n, interval);

	dm_probe_set(&p);
}

static void answer(const struct probe_frame *ask)
{
	struct probe_frame f;

	probe_frame_answer(ask, 10000, &f);
	heard(DEVICE, &f);
}

/* Runs the event loop until *COUNT is at least WANTED; answers what leaves meanwhile, if that is on. */
static void until(const unsigned int *count, unsigned int wanted)
{
	time_t stop = monotime(NULL) + DEADLINE;
	struct event event;

	while (*count < wanted && monotime(NULL) < stop && event_fetch(loop, &event)) {
		unsigned int next = n_wire;

		event_call(&event);
		while (answering && next < n_wire)
			answer(&wire[next++]);
	}
	assert_true(*count >= wanted);
}

/* Of this test. */
static struct dm_probe_counters counters(void)
{
	struct dm_probe_counters c;

	dm_probe_get_counters(&c);
	c.answered -= before.answered;
	c.stray -= before.stray;
	c.reflected -= before.reflected;
	c.misdirected -= before.misdirected;
	c.over_rate -= before.over_rate;
	return c;
}

static int begin(void **state)
{
	dm_probe_start(loop, take_state);
	n_wire = n_told = n_opened = n_closed = 0;
	answering = false;
	dm_probe_get_counters(&before);
	dm_probe_enter(DEVICE);
	assert_true(listening);
	return 0;
}

static int finish(void **state)
{
	dm_probe_leave(DEVICE);
	assert_false(listening);
	dm_probe_stop();
	dm_probe_start(loop, take_state);
	return 0;
}

/* --- the tests ------------------------------------------------------------------------ */

static void test_path_goes_its_way(void **state)
{
	struct dm_addr to = end(1);

	set(1, 20);
	assert_int_equal(n_wire, 1);
	assert_int_equal(wire[0].state, PROBE_STATE_DOWN);
	assert_false(gate(DEVICE, VNI, &to, FAR_VNI));
	assert_true(gate(DEVICE, VNI, &to, FAR_VNI + 1)); /* nobody probes that */
	assert_int_equal(n_closed, 0);
	answer(&wire[0]);
	assert_true(last_told.up && n_told == 1 && n_opened == 1);
	assert_true(gate(DEVICE, VNI, &to, FAR_VNI));
	until(&n_told, 2); /* three misses */
	assert_false(last_told.up);
	assert_true(n_closed == 1 && n_wire >= 4);
	assert_int_equal(wire[2].state, PROBE_STATE_UP);
	answering = true;
	until(&n_told, 3);
	assert_true(last_told.up && n_opened == 2);
	until(&n_told, 4); /* the round-trip time, after some answers */
	assert_true(last_told.up && n_opened == 2);
	assert_int_equal(counters().up, 1);
}

static void test_answers_must_be_to_something(void **state)
{
	struct probe_frame f;

	set(1, 1000);
	probe_frame_answer(&wire[0], 0, &f);
	f.nonce++;
	heard(DEVICE, &f);
	probe_frame_answer(&wire[0], 0, &f);
	f.yours++;
	heard(DEVICE, &f);
	probe_frame_answer(&wire[0], 0, &f);
	f.nonce = 0; /* what an answered one looks like */
	heard(DEVICE, &f);
	heard(DEVICE + 1, &f); /* not our device */
	assert_int_equal(n_told, 0);
	answer(&wire[0]);
	answer(&wire[0]);
	assert_int_equal(n_told, 1);
	assert_int_equal(counters().answered, 1);
	assert_int_equal(counters().stray, 4);
}

/* Answers that took longer than the next probe took to leave. */
static void test_late_answers_count(void **state)
{
	set(1, 60);
	until(&n_wire, 4);
	answer(&wire[1]);
	assert_true(last_told.up && n_told == 1);
	until(&n_wire, 20);
	answer(&wire[0]); /* more than eight ago */
	assert_int_equal(counters().stray, 1);
}

static void test_nonces_and_discriminators_differ(void **state)
{
	for (unsigned int n = 0; n < 2000; n++)
		set(n, 60000);
	assert_int_equal(n_wire, 2000);
	for (unsigned int n = 1; n < 2000; n++) {
		assert_true(wire[n].nonce && wire[n].nonce != wire[n - 1].nonce);
		assert_int_not_equal(wire[n].mine, wire[n - 1].mine);
		assert_true(wire[n].port >= 49152);
	}
	for (unsigned int n = 0; n < 2000; n++)
		answer(&wire[n]);
	assert_int_equal(counters().up, 2000);
	assert_int_equal(counters().stray, 0);
}

/* RFC 7880 section 9: who asks too much is not answered, and is the next second. */
static void test_reflections_are_limited(void **state)
{
	struct probe_frame ask = {.mine = 5, .yours = VNI, .asker_vni = 9, .nonce = 1, .misses = 3, .port = 50000,
				  .state = PROBE_STATE_DOWN, .source = end(1)};
	uint64_t so_far;
	time_t second = monotime(NULL);

	for (unsigned int n = 0; n < 25000; n++)
		heard(DEVICE, &ask);
	assert_true(counters().over_rate > 0);
	assert_true(counters().reflected <= 10000u * (uint64_t)(monotime(NULL) - second + 1));
	assert_int_equal(counters().reflected + counters().over_rate, 25000);
	while (monotime(NULL) <= second + 1)
		;
	so_far = counters().reflected;
	heard(DEVICE, &ask);
	assert_int_equal(counters().reflected, so_far + 1);
	ask.yours++;
	heard(DEVICE, &ask);
	assert_int_equal(counters().misdirected, 1);
}

static void test_sweep_ends_what_is_not_asked_for(void **state)
{
	set(1, 1000);
	set(2, 1000);
	answer(&wire[0]);
	dm_probe_mark();
	set(1, 1000);
	assert_int_equal(n_told, 2); /* what is known is told again */
	dm_probe_tell(DEVICE);
	assert_int_equal(n_told, 3); /* of the other nothing is */
	n_opened = 0;
	dm_probe_sweep();
	assert_int_equal(counters().paths, 1);
	assert_int_equal(n_opened, 1); /* nobody keeps what leads to the other back any more */
	dm_probe_leave(DEVICE);
	assert_int_equal(counters().paths, 0);
	assert_int_equal(n_opened, 1);
	set(1, 1000);
	assert_int_equal(counters().paths, 0); /* not without its device */
	dm_probe_tell(DEVICE);
	dm_probe_enter(DEVICE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_path_goes_its_way, begin, finish),
		cmocka_unit_test_setup_teardown(test_answers_must_be_to_something, begin, finish),
		cmocka_unit_test_setup_teardown(test_late_answers_count, begin, finish),
		cmocka_unit_test_setup_teardown(test_nonces_and_discriminators_differ, begin, finish),
		cmocka_unit_test_setup_teardown(test_reflections_are_limited, begin, finish),
		cmocka_unit_test_setup_teardown(test_sweep_ends_what_is_not_asked_for, begin, finish),
	};
	int failures;

	loop = event_master_create("test");
	dm_probe_start(loop, take_state);
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	dm_probe_stop();
	event_master_free(loop);
	return failures;
}

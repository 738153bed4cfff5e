// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zebra/dmevpn_fdb.c against a kernel in a table: the queue to the dataplane has
 * as much room as the test gives it, and what goes through it is done at once. At the
 * end of every test the kernel must have exactly what is wanted.
 *
 * The queue, the sockets, the notes and the devices are this file's own; the event loop is
 * libfrr's.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/memory.h"
#include "lib/monotime.h"

#include "zebra/dmevpn_fdb.h"
#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_nlsock.h"
#include "zebra/dmevpn_undo.h"

#define DEVICE 7
#define VNI 100
#define KERNEL_MAX 64
#define DEADLINE 5 /* seconds */

DEFINE_MGROUP(DMEVPN, "DMEVPN");

/* --- the kernel, and the way to it ---------------------------------------------- */

static struct nlm_fdb kernel[KERNEL_MAX];
static unsigned int n_kernel, room, n_pushed;
static struct nlm_link device = {.ifindex = DEVICE, .kind = NLM_VXLAN, .up = true, .vni = VNI};
static bool taken_over;
static int dump_error;
static unsigned int dump_tries;
static struct event_loop *loop;

static int find_in_kernel(const struct nlm_fdb *fdb)
{
	unsigned int i;

	for (i = 0; i < n_kernel; i++)
		if (dm_addr_same(&kernel[i].mac, &fdb->mac) &&
		    (!dm_addr_is_zero(&fdb->mac) || dm_addr_same(&kernel[i].dst, &fdb->dst)))
			return i;
	return -1;
}

bool dm_provider_push(const struct dm_op *op)
{
	int at = find_in_kernel(&op->fdb);

	if (!room)
		return false;
	room--;
	n_pushed++;
	if (op->kind == DM_OP_DEL || op->kind == DM_OP_FLOOD_DEL) {
		if (at >= 0)
			kernel[at] = kernel[--n_kernel];
		return true;
	}
	assert_true(n_kernel < KERNEL_MAX);
	kernel[at >= 0 ? (unsigned int)at : n_kernel++] = op->fdb;
	return true;
}

int nls_open(struct nls *s, int rcvbuf, const unsigned int *groups)
{
	return 0;
}

void nls_close(struct nls *s)
{
}

int nls_dump_anew(struct nls *s, struct nlmsghdr *nlh, void (*begin)(void *arg), nls_each each,
		  void *arg)
{
	char buf[NLM_MESSAGE_MAX];
	unsigned int i, tries;

	for (tries = 0; tries < dump_tries; tries++) {
		begin(arg);
		for (i = 0; i < n_kernel; i++)
			each(dm_addr_is_zero(&kernel[i].mac)
				     ? nlm_build_flood_add(buf, &kernel[i])
				     : nlm_build_fdb_set(buf, &kernel[i]),
			     arg);
	}
	return dump_error;
}

const struct nlm_link *dm_link_find(uint32_t ifindex)
{
	return ifindex == DEVICE ? &device : NULL;
}

bool dm_undo_has(const struct dm_undo *undo)
{
	return taken_over;
}

void dm_undo_note(const struct dm_undo *undo)
{
	taken_over |= undo->kind == DM_UNDO_FLOOD_OURS;
}

/* --- small parts ------------------------------------------------------------------ */

static struct dm_addr addr(const char *text)
{
	struct dm_addr a;

	assert_true(dm_addr_parse(&a, text));
	return a;
}

static struct nlm_fdb fdb(const char *mac, const char *dst)
{
	struct nlm_fdb f = {.ifindex = DEVICE, .mac = addr(mac), .dst = addr(dst), .remote_vni = 5};

	return f;
}

#define ZERO "00:00:00:00:00:00"

static bool has(const char *mac, const char *dst)
{
	struct nlm_fdb wanted = fdb(mac, dst);
	int at = find_in_kernel(&wanted);

	return at >= 0 && dm_addr_same(&kernel[at].dst, &wanted.dst);
}

static void set(const char *mac, const char *dst)
{
	struct dm_addr m = addr(mac), d = addr(dst);

	dm_fdb_set(DEVICE, VNI, false, &m, &d, 5);
}

static void del(const char *mac)
{
	struct dm_addr m = addr(mac);

	dm_fdb_del(DEVICE, VNI, &m);
}

static void hub(const char *dst)
{
	struct dm_addr d = addr(dst);

	assert_true(dm_fdb_hub_set(DEVICE, &d, 5));
}

/* Runs the event loop until the kernel has COUNT entries. */
static void until(unsigned int count)
{
	time_t end = monotime(NULL) + DEADLINE;
	struct event event;

	while (n_kernel != count && monotime(NULL) < end && event_fetch(loop, &event))
		event_call(&event);
	assert_int_equal(n_kernel, count);
}

static int begin(void **state)
{
	device.up = true;
	n_kernel = n_pushed = 0;
	room = 1000;
	taken_over = false;
	dump_error = 0;
	dump_tries = 1;
	dm_fdb_forget(DEVICE);
	return 0;
}

static void adopt(void)
{
	assert_int_equal(dm_fdb_adopt(&device), 0);
}

/* --- the tests ------------------------------------------------------------------------ */

/* The queue is full: nothing is refused, everything is asked for as soon as there is room. */
static void full_queue_is_caught_up_with(void **state)
{
	adopt();
	set("02:00:00:00:00:01", "10.0.0.1");
	room = 0;
	set("02:00:00:00:00:02", "10.0.0.2");
	set("02:00:00:00:00:03", "10.0.0.3");
	hub("10.0.0.9");
	del("02:00:00:00:00:01");
	assert_int_equal(n_kernel, 1);
	assert_int_equal(dm_fdb_count(DEVICE, VNI), 2);
	room = 1000;
	until(3);
	assert_true(has("02:00:00:00:00:02", "10.0.0.2") && has("02:00:00:00:00:03", "10.0.0.3"));
	assert_true(has(ZERO, "10.0.0.9"));
}

/* … and at once when the queue says that it has room again. */
static void room_is_used_at_once(void **state)
{
	struct timeval before;

	adopt();
	set("02:00:00:00:00:01", "10.0.0.1");
	until(1);
	room = 0;
	set("02:00:00:00:00:02", "10.0.0.2");
	dm_fdb_replay_all();
	set("02:00:00:00:00:03", "10.0.0.3");
	room = 1000;
	monotime(&before);
	dm_fdb_room();
	until(3);
	assert_true(monotime_since(&before, NULL) < 40000); /* no timer of the repair is as short */
	dm_fdb_room();
}

/* With little room the new hub is there before the old one goes. */
static void no_gap_between_hubs(void **state)
{
	adopt();
	hub("10.0.0.8");
	room = 0;
	hub("10.0.0.9");
	assert_true(has(ZERO, "10.0.0.8"));
	room = 1;
	until(2);
	assert_true(has(ZERO, "10.0.0.8") && has(ZERO, "10.0.0.9"));
	room = 1;
	until(1);
	assert_true(has(ZERO, "10.0.0.9"));
}

/* Removed and wanted again before there was room: no removal goes out late. */
static void change_of_mind(void **state)
{
	adopt();
	set("02:00:00:00:00:01", "10.0.0.1");
	room = 0;
	del("02:00:00:00:00:01");
	set("02:00:00:00:00:01", "10.0.0.1");
	set("02:00:00:00:00:02", "10.0.0.2");
	room = 1000;
	until(2);
	assert_true(has("02:00:00:00:00:01", "10.0.0.1"));
}

static void unknown_entry_is_not_removed(void **state)
{
	kernel[n_kernel++] = fdb(ZERO, "10.0.0.7");
	adopt();
	kernel[n_kernel++] = fdb("02:00:00:00:00:01", "10.0.0.1");
	del("02:00:00:00:00:01");
	dm_fdb_hub_del(DEVICE);
	assert_int_equal(n_pushed, 0);
}

/* A destination that a repeated dump brings twice would be removed as a second one. */
static void repeated_dump_counts_once(void **state)
{
	kernel[n_kernel++] = fdb(ZERO, "10.0.0.9");
	kernel[n_kernel++] = fdb("02:00:00:00:00:01", "10.0.0.1");
	dump_tries = 3;
	adopt();
	assert_int_equal(dm_fdb_count(DEVICE, VNI), 1);
	hub("10.0.0.9");
	assert_int_equal(n_pushed, 0);
	assert_true(has(ZERO, "10.0.0.9"));
}

/* A reading that failed is not done: the next one finds what is there. */
static void failed_adoption_is_repeated(void **state)
{
	kernel[n_kernel++] = fdb("02:00:00:00:00:01", "10.0.0.1");
	dump_error = -ENOMEM;
	dump_tries = 0;
	assert_int_equal(dm_fdb_adopt(&device), -ENOMEM);
	assert_int_equal(dm_fdb_count(DEVICE, VNI), 0);
	dump_error = 0;
	dump_tries = 1;
	adopt();
	assert_int_equal(dm_fdb_count(DEVICE, VNI), 1);
}

static unsigned int n_told;
static bool hub_told;

static void told(const struct dm_rec *rec)
{
	assert_int_equal(rec->type, DM_REC_MAC_HAVE);
	n_told++;
	hub_told |= dm_addr_is_zero(&rec->mac.mac);
}

static unsigned int tell(void)
{
	n_told = 0;
	hub_told = false;
	dm_fdb_each_marked(DEVICE, VNI, told);
	return n_told;
}

/* However often it is told: what nhrpd has set meanwhile is no news to it, and what it was not told of still is. */
static void told_is_what_is_marked(void **state)
{
	taken_over = true;
	kernel[n_kernel] = fdb("02:00:00:00:00:01", "10.0.0.1");
	kernel[n_kernel++].ext_learned = true;
	kernel[n_kernel] = fdb("02:00:00:00:00:02", "10.0.0.2");
	kernel[n_kernel++].ext_learned = true;
	kernel[n_kernel++] = fdb(ZERO, "10.0.0.9");
	adopt();
	assert_int_equal(tell(), 3);
	assert_true(hub_told);
	set("02:00:00:00:00:01", "10.0.0.1");
	hub("10.0.0.9");
	assert_int_equal(tell(), 1);
	assert_false(hub_told);
	set("02:00:00:00:00:02", "10.0.0.2");
	assert_int_equal(tell(), 0);
	dm_fdb_mark(); /* another nhrpd */
	assert_int_equal(tell(), 3);
	assert_true(hub_told);
}

static struct dm_op failed(enum dm_op_kind kind, const char *mac, const char *dst, int error)
{
	struct dm_op op = {.kind = kind, .vni = VNI, .fdb = fdb(mac, dst), .error = error};

	return op;
}

static bool keep_all(uint32_t ifindex, uint32_t vni)
{
	return true;
}

/* Out of memory passes, a refusal does not; SYNC_END has both tried again. */
static void failures_that_pass_are_repeated(void **state)
{
	struct dm_op passing = failed(DM_OP_SET, "02:00:00:00:00:01", "10.0.0.1", ENOBUFS);
	struct dm_op refused = failed(DM_OP_SET, "02:00:00:00:00:02", "10.0.0.2", EINVAL);

	adopt();
	set("02:00:00:00:00:01", "10.0.0.1");
	set("02:00:00:00:00:02", "10.0.0.2");
	n_kernel = 0;
	assert_true(dm_fdb_failed(&passing));
	assert_false(dm_fdb_failed(&refused));
	until(1);
	assert_true(has("02:00:00:00:00:01", "10.0.0.1"));
	dm_fdb_sweep(keep_all);
	until(2);
}

static void removal_that_failed_is_repeated(void **state)
{
	struct dm_op op = failed(DM_OP_DEL, "02:00:00:00:00:01", "10.0.0.1", ENOBUFS);

	adopt();
	set("02:00:00:00:00:01", "10.0.0.1");
	del("02:00:00:00:00:01");
	kernel[n_kernel++] = op.fdb;
	assert_true(dm_fdb_failed(&op));
	until(0);
}

/* Somebody else removed it. A device that is down is left alone until it comes up. */
static void removed_by_others(void **state)
{
	struct nlm_fdb mac = fdb("02:00:00:00:00:01", "10.0.0.1"), zero = fdb(ZERO, "10.0.0.9");

	adopt();
	set("02:00:00:00:00:01", "10.0.0.1");
	hub("10.0.0.9");
	n_kernel = 0;
	dm_fdb_removed(&mac);
	dm_fdb_removed(&zero);
	until(2);
	device.up = false;
	n_kernel = 0;
	dm_fdb_removed(&zero);
	dm_fdb_removed(&mac);
	until(1);
	assert_true(has(ZERO, "10.0.0.9"));
	device.up = true;
	dm_fdb_replay(DEVICE);
	until(2);
}

/* Nobody knows what was removed: everything is asked for again, in one go for all that was lost of late. */
static void removals_that_were_not_heard(void **state)
{
	adopt();
	set("02:00:00:00:00:01", "10.0.0.1");
	set("02:00:00:00:00:02", "10.0.0.2");
	hub("10.0.0.9");
	n_kernel = 0;
	for (int i = 0; i < 100; i++)
		dm_fdb_replay_all();
	assert_int_equal(n_kernel, 0);
	until(3);
	assert_true(has(ZERO, "10.0.0.9"));
	device.up = false;
	n_kernel = 0;
	dm_fdb_replay_all();
	until(1);
	assert_true(has(ZERO, "10.0.0.9"));
}

/* --- the gate --------------------------------------------------------------------------- */

static struct dm_addr closed; /* frames to there do not get through */

static bool gate(uint32_t ifindex, uint32_t vni, const struct dm_addr *dst, uint32_t remote_vni)
{
	return !dm_addr_same(dst, &closed);
}

static void close_gate(const char *dst)
{
	closed = addr(dst);
	dm_fdb_gate_changed(DEVICE, VNI, &closed, 5, false);
}

static void open_gate(void)
{
	struct dm_addr was = closed;

	closed = (struct dm_addr){0};
	dm_fdb_gate_changed(DEVICE, VNI, &was, 5, true);
}

static int begin_gated(void **state)
{
	closed = (struct dm_addr){0};
	dm_fdb_set_gate(gate);
	return begin(state);
}

static int end_gated(void **state)
{
	dm_fdb_set_gate(NULL);
	return 0;
}

static bool is_held(const char *mac)
{
	struct dm_addr m = addr(mac);

	return dm_fdb_is_held(DEVICE, VNI, &m);
}

static void gate_holds_and_lets_through(void **state)
{
	adopt();
	closed = addr("10.0.0.1");
	set("02:00:00:00:00:01", "10.0.0.1");
	set("02:00:00:00:00:02", "10.0.0.2");
	until(1);
	assert_true(is_held("02:00:00:00:00:01") && !is_held("02:00:00:00:00:02"));
	assert_int_equal(dm_fdb_count(DEVICE, VNI), 1);
	open_gate();
	until(2);
	assert_false(is_held("02:00:00:00:00:01"));
	close_gate("10.0.0.1");
	until(1);
	/* what others, or the device, do to the kernel does not bring it back */
	dm_fdb_removed(&(struct nlm_fdb){.ifindex = DEVICE, .mac = addr("02:00:00:00:00:01")});
	dm_fdb_replay(DEVICE);
	dm_fdb_sweep(keep_all);
	set("02:00:00:00:00:01", "10.0.0.1");
	set("02:00:00:00:00:03", "10.0.0.3");
	until(2);
	assert_true(is_held("02:00:00:00:00:01"));
	del("02:00:00:00:00:01");
	open_gate();
	until(2);
}

/* To another end: the old entry must not stay while the new one waits. */
static void move_behind_a_closed_gate(void **state)
{
	adopt();
	set("02:00:00:00:00:01", "10.0.0.2");
	closed = addr("10.0.0.1");
	set("02:00:00:00:00:01", "10.0.0.1");
	until(0);
	set("02:00:00:00:00:01", "10.0.0.2");
	until(1);
	assert_true(has("02:00:00:00:00:01", "10.0.0.2"));
	open_gate();
	assert_true(has("02:00:00:00:00:01", "10.0.0.2"));
}

/* The queue is full when the gate closes: the removal follows, unless the gate opens before. */
static void full_queue_behind_a_gate(void **state)
{
	adopt();
	set("02:00:00:00:00:01", "10.0.0.1");
	room = 0;
	close_gate("10.0.0.1");
	assert_int_equal(n_kernel, 1);
	room = 1000;
	until(0);
	open_gate();
	until(1);
	room = 0;
	close_gate("10.0.0.1");
	open_gate();
	room = 1000;
	n_kernel = 0; /* so that it is seen to be asked for again */
	until(1);
	room = 0;
	close_gate("10.0.0.1");
	del("02:00:00:00:00:01");
	room = 1000;
	until(0);
}

/* A removal that failed is repeated, one of what was not there is done. */
static void failures_behind_a_gate(void **state)
{
	struct dm_op op = failed(DM_OP_DEL, "02:00:00:00:00:01", "10.0.0.1", ENOBUFS);

	adopt();
	set("02:00:00:00:00:01", "10.0.0.1");
	close_gate("10.0.0.1");
	kernel[n_kernel++] = op.fdb;
	assert_true(dm_fdb_failed(&op));
	until(0);
	op.error = ENOENT;
	assert_true(dm_fdb_failed(&op));
	op.kind = DM_OP_SET;
	op.error = ENOBUFS;
	dm_fdb_failed(&op);
	open_gate();
	until(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(removals_that_were_not_heard, begin),
		cmocka_unit_test_setup(full_queue_is_caught_up_with, begin),
		cmocka_unit_test_setup(room_is_used_at_once, begin),
		cmocka_unit_test_setup(no_gap_between_hubs, begin),
		cmocka_unit_test_setup(change_of_mind, begin),
		cmocka_unit_test_setup(unknown_entry_is_not_removed, begin),
		cmocka_unit_test_setup(repeated_dump_counts_once, begin),
		cmocka_unit_test_setup(failed_adoption_is_repeated, begin),
		cmocka_unit_test_setup(told_is_what_is_marked, begin),
		cmocka_unit_test_setup(failures_that_pass_are_repeated, begin),
		cmocka_unit_test_setup(removal_that_failed_is_repeated, begin),
		cmocka_unit_test_setup(removed_by_others, begin),
		cmocka_unit_test_setup_teardown(gate_holds_and_lets_through, begin_gated, end_gated),
		cmocka_unit_test_setup_teardown(move_behind_a_closed_gate, begin_gated, end_gated),
		cmocka_unit_test_setup_teardown(full_queue_behind_a_gate, begin_gated, end_gated),
		cmocka_unit_test_setup_teardown(failures_behind_a_gate, begin_gated, end_gated),
	};
	int failures;

	loop = event_master_create("test");
	dm_fdb_start(loop);
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	dm_fdb_stop();
	event_master_free(loop);
	return failures;
}

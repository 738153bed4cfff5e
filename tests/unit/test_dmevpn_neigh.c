// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zebra/dmevpn_neigh.c and zebra/dmevpn_local_neigh.c against a kernel in tables: the queue to the
 * dataplane has as much room as the test gives it, and what goes through it is done at once. At
 * the end of a test the kernel must have exactly what is wanted.
 *
 * The queue, the sockets and the local MACs are this file's own; the event loop is libfrr's.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/memory.h"
#include "lib/monotime.h"

#include "zebra/dmevpn_local_neigh.h"
#include "zebra/dmevpn_locals.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_neigh.h"
#include "zebra/dmevpn_nlsock.h"

#define DEVICE 7
#define BRIDGE 8
#define OTHER_BRIDGE 9
#define VNI 100
#define KERNEL_MAX 64
#define DEADLINE 5 /* seconds */

#define FAR "02:00:00:00:0f:01"
#define FARTHER "02:00:00:00:0f:02"
#define HERE "02:00:00:00:01:10"
#define ALSO_HERE "02:00:00:00:01:11"

DEFINE_MGROUP(DMEVPN, "DMEVPN");

/* --- the kernel, and the way to it ---------------------------------------------- */

static struct nlm_neigh neighs[KERNEL_MAX];
static struct nlm_bridge_mac macs[KERNEL_MAX];
static unsigned int n_neighs, n_macs, room, n_pushed;
static struct dm_addr local; /* the one MAC on our own side; not set: none */
static struct event_loop *loop;
static struct dm_neigh last_told;
static unsigned int n_told, n_gone;

static int find_neigh(uint32_t ifindex, const struct dm_addr *ip)
{
	unsigned int i;

	for (i = 0; i < n_neighs; i++)
		if (neighs[i].ifindex == ifindex && dm_addr_same(&neighs[i].ip, ip))
			return i;
	return -1;
}

static int find_mac(const struct dm_addr *mac)
{
	unsigned int i;

	for (i = 0; i < n_macs; i++)
		if (dm_addr_same(&macs[i].mac, mac))
			return i;
	return -1;
}

static void do_neigh(const struct dm_op *op)
{
	int at = find_neigh(op->neigh.ifindex, &op->neigh.ip);

	if (op->kind == DM_OP_NEIGH_SET)
		neighs[at >= 0 ? (unsigned int)at : n_neighs++] = op->neigh;
	else if (at >= 0)
		neighs[at] = neighs[--n_neighs];
	assert_true(n_neighs < KERNEL_MAX);
}

static void do_mac(const struct dm_op *op)
{
	int at = find_mac(&op->bridge_mac.mac);

	if (op->kind == DM_OP_BRIDGE_MAC_SET)
		macs[at >= 0 ? (unsigned int)at : n_macs++] = op->bridge_mac;
	else if (at >= 0)
		macs[at] = macs[--n_macs];
	assert_true(n_macs < KERNEL_MAX);
}

bool dm_provider_push(const struct dm_op *op)
{
	if (!room)
		return false;
	room--;
	n_pushed++;
	if (op->kind == DM_OP_NEIGH_SET || op->kind == DM_OP_NEIGH_DEL)
		do_neigh(op);
	else
		do_mac(op);
	return true;
}

bool dm_locals_has(uint32_t ifindex, const struct dm_addr *mac, uint16_t vlan)
{
	return dm_addr_is_set(&local) && dm_addr_same(&local, mac);
}

int nls_open(struct nls *s, int rcvbuf, const unsigned int *groups)
{
	return 0;
}

void nls_close(struct nls *s)
{
}

static void dump_macs(nls_each each, void *arg)
{
	char buf[NLM_MESSAGE_MAX];
	struct nlmsghdr *nlh;
	unsigned int i;

	for (i = 0; i < n_macs; i++) {
		nlh = nlm_build_bridge_mac_set(buf, &macs[i]);
		mnl_attr_put_u32(nlh, NDA_MASTER, BRIDGE);
		each(nlh, arg);
	}
}

int nls_dump(struct nls *s, struct nlmsghdr *nlh, nls_each each, void *arg)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	char buf[NLM_MESSAGE_MAX];
	unsigned int i;

	if (ndm->ndm_family == AF_BRIDGE)
		dump_macs(each, arg);
	for (i = 0; i < n_neighs; i++)
		if ((neighs[i].ip.family == DM_IPV4 && ndm->ndm_family == AF_INET) ||
		    (neighs[i].ip.family == DM_IPV6 && ndm->ndm_family == AF_INET6))
			each(nlm_build_neigh_set(buf, &neighs[i]), arg);
	return 0;
}

/* --- small parts ------------------------------------------------------------------ */

static struct dm_addr addr(const char *text)
{
	struct dm_addr a;

	assert_true(dm_addr_parse(&a, text));
	return a;
}

static struct dm_neigh_place place(uint32_t layer3)
{
	return (struct dm_neigh_place){.port = DEVICE, .layer3 = layer3};
}

static bool has(const char *ip, const char *mac)
{
	struct dm_addr i = addr(ip), m = addr(mac);
	int at = find_neigh(BRIDGE, &i);

	return at >= 0 && dm_addr_same(&neighs[at].mac, &m) && find_mac(&m) >= 0;
}

static int set(const char *ip, const char *mac)
{
	struct dm_addr i = addr(ip), m = addr(mac);

	return dm_neigh_set(DEVICE, &i, &m);
}

static void del(const char *ip)
{
	struct dm_addr i = addr(ip);

	dm_neigh_del(DEVICE, &i);
}

static void tell(const struct dm_neigh *neigh)
{
	last_told = *neigh;
	n_told += !neigh->gone;
	n_gone += neigh->gone;
}

static int setup(void **state)
{
	struct dm_neigh_place here = place(BRIDGE);

	loop = event_master_create(NULL);
	n_neighs = n_macs = n_pushed = n_told = n_gone = 0;
	room = 1000;
	memset(&local, 0, sizeof(local));
	dm_neigh_start(loop, dm_local_neigh_heard);
	dm_local_neigh_start(tell);
	dm_neigh_enter(DEVICE, VNI);
	dm_local_neigh_enter(DEVICE, VNI);
	dm_local_neigh_tell(DEVICE, true);
	return dm_neigh_move(DEVICE, &here);
}

static int teardown(void **state)
{
	dm_neigh_stop();
	dm_local_neigh_stop();
	event_master_free(loop);
	return 0;
}

static bool deadline_passed;

static void end(struct event *event)
{
	deadline_passed = true;
}

/* Lets the loop run until the kernel has so many neighbours and MACs. */
static void await(unsigned int wanted_neighs, unsigned int wanted_macs)
{
	struct event *t_end = NULL, event;

	deadline_passed = false;
	event_add_timer(loop, end, NULL, DEADLINE, &t_end);
	while (!deadline_passed && (n_neighs != wanted_neighs || n_macs != wanted_macs) &&
	       event_fetch(loop, &event))
		event_call(&event);
	event_cancel(&t_end);
	assert_int_equal(n_neighs, wanted_neighs);
	assert_int_equal(n_macs, wanted_macs);
}

/* Lets the loop run until the bridge answers for IP with MAC, and with none but these. */
static void await_answer(const char *ip, const char *mac)
{
	struct event *t_end = NULL, event;

	deadline_passed = false;
	event_add_timer(loop, end, NULL, DEADLINE, &t_end);
	while (!deadline_passed && !(has(ip, mac) && n_neighs == 1 && n_macs == 1) &&
	       event_fetch(loop, &event))
		event_call(&event);
	event_cancel(&t_end);
	assert_true(has(ip, mac));
	assert_int_equal(n_macs, 1);
}

/* --- remote ones -------------------------------------------------------------------- */

static void mac_is_there_once_and_as_long_as_needed(void **state)
{
	assert_int_equal(set("11.0.0.1", FAR), 0);
	assert_int_equal(set("2001:db8::1", FAR), 0);
	assert_int_equal(n_pushed, 3);
	assert_true(has("11.0.0.1", FAR) && has("2001:db8::1", FAR));
	assert_int_equal(set("11.0.0.1", FAR), 0);
	assert_int_equal(n_pushed, 3);
	assert_int_equal(set("11.0.0.1", FARTHER), 0);
	assert_true(has("11.0.0.1", FARTHER) && has("2001:db8::1", FAR));
	del("2001:db8::1");
	assert_int_equal(n_macs, 1);
	del("11.0.0.1");
	assert_int_equal(n_macs + n_neighs, 0);
	assert_int_equal(dm_neigh_count(DEVICE), 0);
}

static void nonsense_is_refused(void **state)
{
	struct dm_addr ip = addr("11.0.0.1"), mac = addr(FAR);

	assert_int_equal(dm_neigh_set(DEVICE + 1, &ip, &mac), ENOENT);
	assert_int_equal(set("224.0.0.1", FAR), EINVAL);
	assert_int_equal(set("0.0.0.0", FAR), EINVAL);
	assert_int_equal(set("11.0.0.1", "01:00:5e:00:00:01"), EINVAL);
	assert_int_equal(set(FAR, FAR), EINVAL);
	assert_int_equal(set("11.0.0.1", "11.0.0.1"), EINVAL);
	assert_int_equal(n_pushed, 0);
}

/* Whatever the queue refuses is asked for again, additions and removals. */
static void full_queue_loses_nothing(void **state)
{
	char ip[32];
	int i;

	room = 5;
	for (i = 1; i <= 20; i++) {
		snprintf(ip, sizeof(ip), "11.0.0.%d", i);
		assert_int_equal(set(ip, i % 2 ? FAR : FARTHER), 0);
	}
	room = 1000;
	await(20, 2);
	room = 3;
	for (i = 1; i <= 20; i++) {
		snprintf(ip, sizeof(ip), "11.0.0.%d", i);
		del(ip);
	}
	room = 1000;
	await(0, 0);
	assert_int_equal(dm_neigh_count(DEVICE), 0);
}

static void wanted_again_while_its_removal_waits(void **state)
{
	assert_int_equal(set("11.0.0.1", FAR), 0);
	room = 0;
	del("11.0.0.1");
	assert_int_equal(set("11.0.0.1", FARTHER), 0);
	room = 1000;
	await_answer("11.0.0.1", FARTHER);
}

static void what_others_remove_comes_again(void **state)
{
	struct nlm_bridge_mac entry;
	struct nlm_neigh neigh;

	assert_int_equal(set("11.0.0.1", FAR), 0);
	neigh = neighs[0];
	entry = macs[0];
	n_neighs = n_macs = 0;
	dm_neigh_removed(&neigh);
	dm_neigh_bridge_mac_removed(&entry);
	await(1, 1);
	neigh.ifindex = OTHER_BRIDGE;
	n_pushed = 0;
	dm_neigh_removed(&neigh);
	dm_neigh_retry(DEVICE);
	assert_int_equal(n_pushed, 0);
}

static void local_mac_keeps_its_place(void **state)
{
	local = addr(FAR);
	assert_int_equal(set("11.0.0.1", FAR), 0);
	assert_int_equal(n_macs, 0);
	dm_neigh_local_mac(DEVICE, &local, true);
	local = addr(HERE);
	await(1, 1);
}

/* What an earlier zebra left is ours, and goes with the sweep if nobody asks for it. */
static void left_ones_are_adopted_and_swept(void **state)
{
	struct dm_neigh_place here = place(BRIDGE);

	assert_int_equal(set("11.0.0.1", FAR), 0);
	assert_int_equal(set("11.0.0.2", FARTHER), 0);
	dm_neigh_stop();
	dm_neigh_start(loop, dm_local_neigh_heard);
	dm_neigh_enter(DEVICE, VNI);
	n_pushed = 0;
	assert_int_equal(dm_neigh_move(DEVICE, &here), 0);
	assert_int_equal(set("11.0.0.1", FAR), 0);
	assert_int_equal(n_pushed, 0);
	assert_int_equal(n_neighs, 2);
	dm_neigh_sweep();
	assert_int_equal(n_neighs, 1);
	assert_int_equal(n_macs, 1);
	assert_true(has("11.0.0.1", FAR));
	dm_neigh_mark();
	dm_neigh_sweep();
	assert_int_equal(n_neighs + n_macs, 0);
}

static void place_is_left_clean(void **state)
{
	struct dm_neigh_place there = place(OTHER_BRIDGE);
	struct dm_addr ip = addr("11.0.0.1");

	assert_int_equal(set("11.0.0.1", FAR), 0);
	assert_int_equal(dm_neigh_move(DEVICE, &there), 0);
	assert_int_equal(n_neighs, 1);
	assert_true(find_neigh(OTHER_BRIDGE, &ip) == 0);
	assert_int_equal(n_macs, 1);
	assert_int_equal(dm_neigh_move(DEVICE, NULL), 0);
	assert_int_equal(n_neighs + n_macs, 0);
	assert_int_equal(set("11.0.0.2", FAR), 0);
	assert_int_equal(n_neighs + n_macs, 0);
	assert_int_equal(dm_neigh_move(DEVICE, &there), 0);
	assert_int_equal(n_neighs, 2);
	dm_neigh_leave(DEVICE);
	assert_int_equal(n_neighs + n_macs, 0);
}

/* What a later zebra finds of ours by the notes, and nobody wants. */
static void purge_takes_what_is_ours(void **state)
{
	struct dm_neigh_place here = place(BRIDGE);

	assert_int_equal(set("11.0.0.1", FAR), 0);
	assert_int_equal(set("2001:db8::1", FARTHER), 0);
	dm_neigh_stop();
	room = 1;
	assert_false(dm_neigh_purge(&here));
	room = 1000;
	/* the kernel of this test moves entries when one goes, so one call may pass one over */
	while (n_neighs + n_macs)
		assert_true(dm_neigh_purge(&here));
}

static struct dm_op failed(enum dm_op_kind kind, int error)
{
	struct dm_op op = {.kind = kind, .error = error, .device = DEVICE};

	if (kind == DM_OP_NEIGH_SET || kind == DM_OP_NEIGH_DEL) {
		op.neigh.ifindex = BRIDGE;
		op.neigh.ip = addr("11.0.0.1");
		op.neigh.mac = addr(FAR);
	} else {
		op.bridge_mac.port = DEVICE;
		op.bridge_mac.mac = addr(FAR);
	}
	return op;
}

static void failures_that_pass_are_repeated(void **state)
{
	struct dm_op op = failed(DM_OP_NEIGH_SET, ENOBUFS);

	assert_int_equal(set("11.0.0.1", FAR), 0);
	n_neighs = 0;
	assert_true(dm_neigh_failed(&op));
	await(1, 1);
	op = failed(DM_OP_BRIDGE_MAC_SET, ENOMEM);
	n_macs = 0;
	assert_true(dm_neigh_failed(&op));
	await(1, 1);
	del("11.0.0.1");
	neighs[n_neighs++] = failed(DM_OP_NEIGH_DEL, 0).neigh;
	macs[n_macs++] = failed(DM_OP_BRIDGE_MAC_DEL, 0).bridge_mac;
	op = failed(DM_OP_NEIGH_DEL, ENOBUFS);
	assert_true(dm_neigh_failed(&op));
	op = failed(DM_OP_BRIDGE_MAC_DEL, ENOBUFS);
	assert_true(dm_neigh_failed(&op));
	await(0, 0);
}

static void refusals_are_told_and_tried_again(void **state)
{
	struct dm_op op = failed(DM_OP_NEIGH_SET, EEXIST);

	assert_true(dm_neigh_failed(&op)); /* nobody wants it any more */
	assert_int_equal(set("11.0.0.1", FAR), 0);
	n_neighs = 0;
	assert_false(dm_neigh_failed(&op));
	dm_neigh_retry(DEVICE);
	await(1, 1);
	/* the bridge hears it elsewhere: that is no failure */
	op = failed(DM_OP_BRIDGE_MAC_SET, EADDRINUSE);
	assert_true(dm_neigh_failed(&op));
}

/* --- local ones ------------------------------------------------------------------------ */

static void hear(const char *ip, const char *mac)
{
	struct dm_addr i = addr(ip), m = addr(mac);

	dm_local_neigh_heard(DEVICE, 0, &i, &m);
}

static void told_when_its_mac_is_local(void **state)
{
	struct dm_addr mac = addr(HERE), ip = addr("11.0.0.1");

	hear("11.0.0.1", HERE);
	assert_int_equal(n_told, 0);
	local = mac;
	dm_local_neigh_mac(DEVICE, &mac, false);
	assert_int_equal(n_told, 1);
	hear("11.0.0.1", HERE);
	assert_int_equal(n_told, 1);
	assert_true(dm_local_neigh_has(DEVICE, &ip));
	dm_local_neigh_mac(DEVICE, &mac, true);
	assert_int_equal(n_gone, 1);
	assert_false(dm_local_neigh_has(DEVICE, &ip));
}

static void moves_and_is_given_up(void **state)
{
	struct dm_addr ip = addr("11.0.0.1"), far = addr(FAR), here = addr(ALSO_HERE);

	local = addr(HERE);
	hear("11.0.0.1", HERE);
	local = here;
	hear("11.0.0.1", ALSO_HERE);
	assert_int_equal(n_told, 2);
	assert_int_equal(n_gone, 0);
	assert_true(dm_addr_same(&last_told.mac, &here));
	dm_local_neigh_heard_far(DEVICE, &ip, &here);
	assert_int_equal(n_gone, 0);
	dm_local_neigh_heard_far(DEVICE, &ip, &far);
	assert_int_equal(n_gone, 1);
	hear("11.0.0.1", ALSO_HERE);
	assert_true(dm_local_neigh_give_up(DEVICE, &ip));
	assert_int_equal(n_gone, 2);
	assert_int_equal(dm_local_neigh_count(DEVICE), 0);
}

static void own_addresses_stay(void **state)
{
	struct dm_addr ip = addr("11.0.0.1"), mac = addr(HERE), far = addr(FAR);

	dm_local_neigh_own_begin(DEVICE);
	dm_local_neigh_own(DEVICE, &ip, &mac);
	dm_local_neigh_own_end(DEVICE);
	assert_int_equal(n_told, 1);
	local = addr(ALSO_HERE);
	hear("11.0.0.1", ALSO_HERE);
	dm_local_neigh_heard_far(DEVICE, &ip, &far);
	dm_local_neigh_mac(DEVICE, &mac, true);
	assert_false(dm_local_neigh_give_up(DEVICE, &ip));
	assert_int_equal(n_told, 1);
	assert_int_equal(n_gone, 0);
	dm_local_neigh_own_begin(DEVICE);
	dm_local_neigh_own_end(DEVICE);
	assert_int_equal(n_gone, 1);
}

static void nothing_is_told_while_it_is_off(void **state)
{
	local = addr(HERE);
	dm_local_neigh_tell(DEVICE, false);
	hear("11.0.0.1", HERE);
	hear("11.0.0.2", HERE);
	assert_int_equal(n_told, 0);
	dm_local_neigh_tell(DEVICE, true);
	assert_int_equal(n_told, 2);
}

static void one_mac_has_so_many(void **state)
{
	uint64_t before = dm_local_neigh_over_limit();
	char ip[32];
	int i;

	local = addr(HERE);
	for (i = 1; i <= DM_LOCAL_NEIGHS_OF_MAC + 3; i++) {
		snprintf(ip, sizeof(ip), "11.0.0.%d", i);
		hear(ip, HERE);
	}
	assert_int_equal(n_told, DM_LOCAL_NEIGHS_OF_MAC);
	assert_int_equal(n_gone, 0);
	assert_int_equal(dm_local_neigh_over_limit() - before, 3);
	local = addr(ALSO_HERE);
	hear("11.0.1.1", ALSO_HERE);
	assert_int_equal(n_told, DM_LOCAL_NEIGHS_OF_MAC + 1);
}

/* Who says that it has an address now has it, or nobody has: never the one before. */
static void goes_to_a_mac_that_has_enough(void **state)
{
	char ip[32];
	int i;

	local = addr(HERE);
	hear("11.0.9.9", HERE);
	local = addr(ALSO_HERE);
	for (i = 1; i <= DM_LOCAL_NEIGHS_OF_MAC; i++) {
		snprintf(ip, sizeof(ip), "11.0.0.%d", i);
		hear(ip, ALSO_HERE);
	}
	assert_int_equal(n_gone, 0);
	hear("11.0.9.9", ALSO_HERE);
	assert_int_equal(n_gone, 1);
	assert_int_equal(dm_local_neigh_count(DEVICE), DM_LOCAL_NEIGHS_OF_MAC);
}

/* A full table keeps new ones out, and lets those that are there move. */
static void moves_in_a_full_table(void **state)
{
	struct dm_addr ip = addr("11.0.9.9"), mac = addr(HERE);
	uint32_t i;

	for (i = 0; i < DM_LOCAL_NEIGHS_MAX; i++) {
		ip.octets[0] = 10 + (i >> 16);
		ip.octets[1] = i >> 8;
		ip.octets[2] = i;
		mac.octets[4] = i >> 8;
		mac.octets[5] = i;
		local = mac;
		dm_local_neigh_heard(DEVICE, 0, &ip, &mac);
	}
	assert_int_equal(dm_local_neigh_count(DEVICE), DM_LOCAL_NEIGHS_MAX);
	local = addr(FARTHER);
	hear("12.0.0.1", FARTHER);
	assert_int_equal(n_told, DM_LOCAL_NEIGHS_MAX);
	dm_local_neigh_heard(DEVICE, 0, &ip, &local);
	assert_int_equal(n_told, DM_LOCAL_NEIGHS_MAX + 1);
	assert_true(dm_addr_same(&last_told.mac, &local));
	assert_int_equal(n_gone, 0);
}

/* Two stations say in turns that an address is theirs, as fast as they can. */
static void quarrel_is_cheap(void **state)
{
	uint64_t before = dm_local_neigh_over_limit();
	int i;

	for (i = 0; i < 1000; i++) {
		local = addr(i % 2 ? ALSO_HERE : HERE);
		hear("11.0.0.1", i % 2 ? ALSO_HERE : HERE);
	}
	assert_in_range(n_told, 2, 20);
	assert_int_equal(n_gone, 0);
	assert_true(dm_local_neigh_over_limit() - before > 400);
	assert_int_equal(dm_local_neigh_count(DEVICE), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(mac_is_there_once_and_as_long_as_needed),
		CASE(nonsense_is_refused),
		CASE(full_queue_loses_nothing),
		CASE(wanted_again_while_its_removal_waits),
		CASE(what_others_remove_comes_again),
		CASE(local_mac_keeps_its_place),
		CASE(left_ones_are_adopted_and_swept),
		CASE(place_is_left_clean),
		CASE(purge_takes_what_is_ours),
		CASE(failures_that_pass_are_repeated),
		CASE(refusals_are_told_and_tried_again),
		CASE(told_when_its_mac_is_local),
		CASE(moves_and_is_given_up),
		CASE(own_addresses_stay),
		CASE(nothing_is_told_while_it_is_off),
		CASE(one_mac_has_so_many),
		CASE(goes_to_a_mac_that_has_enough),
		CASE(moves_in_a_full_table),
		CASE(quarrel_is_cheap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The consistency check against a module that leaves things out, adds some, changes them, says
 * nothing or goes away: each kind of difference is told with both sides, one that is
 * on its way is not, and who asks always gets an answer.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2 (VNI 100) with VM1, spoke2 10.0.0.3 (VNI 101) with VM2;
 *                   both suppress ARP, and spoke1 has a shortcut and a neighbour at spoke2
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "nhrpd/vpn_check.h"
#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

#define IP2 "192.168.1.2"
#define STRAY "02:aa:00:00:00:77"

static struct {
	unsigned int answers;
	struct vpn_check_view v;
	char error[DM_REASON_LEN];
	struct vpn_difference_view list[8];
} told;

static void take(void *arg, const struct vpn_check_view *v)
{
	told.answers++;
	told.v = *v;
	snprintf(told.error, sizeof(told.error), "%s", v->error ? v->error : "");
	for (size_t i = 0; i < v->listed && i < 8; i++)
		told.list[i] = v->list[i];
}

/* Asks, and waits for MS milliseconds. */
static void ask(struct world_node *n, uint64_t ms)
{
	memset(&told, 0, sizeof(told));
	assert_true(vpn_engine_check(n->engine, take, NULL));
	assert_int_equal(told.answers, 0);
	world_run(ms);
}

static void assert_agrees(struct world_node *n)
{
	ask(n, 10);
	assert_int_equal(told.answers, 1);
	assert_string_equal(told.error, "");
	assert_int_equal(told.v.num, 0);
	assert_int_equal(told.v.looks, 1);
	assert_int_equal(told.v.not_compared, 0);
}

/* The only difference, of that kind. */
static void assert_differs(struct world_node *n, enum dm_have_kind kind, const char *addr, const char *nhrpd,
			   const char *kernel)
{
	struct dm_addr about = { 0 };

	if (addr)
		about = world_addr(addr);
	ask(n, 10);
	assert_int_equal(told.answers, 0); /* it looks twice */
	world_run(VPN_CHECK_AGAIN_MS);
	assert_int_equal(told.answers, 1);
	assert_string_equal(told.error, "");
	assert_int_equal(told.v.looks, 2);
	assert_int_equal(told.v.num, 1);
	assert_int_equal(told.v.listed, 1);
	assert_int_equal(told.list[0].kind, kind);
	assert_string_equal(told.list[0].ifname, "tun2");
	assert_true(dm_addr_same(&told.list[0].addr, &about));
	assert_string_equal(told.list[0].nhrpd, nhrpd);
	assert_string_equal(told.list[0].kernel, kernel);
}

static void suppress(struct world_node *n)
{
	vpn_engine_set_arp_suppress(n->engine, "tun2", true);
	vpn_engine_commit(n->engine);
}

static int setup(void **state)
{
	trio_setup_all(state);
	suppress(spoke1);
	suppress(spoke2);
	world_run(100);
	register_and_redirect(hub, spoke1, spoke2);
	world_local(spoke1, VM1, false);
	world_local(spoke2, VM2, false);
	world_neigh(spoke2, IP2, VM2);
	world_run(100);
	world_wanted(spoke1, IP2);
	world_run(100);
	assert_non_null(world_neigh_entry(spoke1, IP2));
	assert_non_null(world_fdb(spoke1, VM2));
	return 0;
}

/* --- agreement --- */

static void test_agrees(void **state)
{
	assert_agrees(hub);
	assert_int_equal(told.v.compared[DM_HAVE_INSTANCE], 1);
	assert_int_equal(told.v.compared[DM_HAVE_MEMBER], 2);
	assert_int_equal(told.v.compared[DM_HAVE_TARGET], 2);
	assert_int_equal(told.v.compared[DM_HAVE_FDB], told.v.compared[DM_HAVE_SWITCH_MAC]);
	assert_true(told.v.compared[DM_HAVE_FDB] >= 2);
	assert_agrees(spoke1);
	assert_int_equal(told.v.compared[DM_HAVE_INSTANCE], 1);
	assert_int_equal(told.v.compared[DM_HAVE_FLOOD], 1);
	assert_int_equal(told.v.compared[DM_HAVE_FDB], 1);
	assert_int_equal(told.v.compared[DM_HAVE_NEIGH], 1);
	assert_int_equal(told.v.compared[DM_HAVE_BRIDGE_MAC], 1);
	assert_int_equal(told.v.compared[DM_HAVE_LOCAL], 1);
	assert_agrees(spoke2);
}

/* The bridge's entry for a neighbour's MAC gives way when that is here. */
static void test_neighbour_with_local_mac(void **state)
{
	world_local(spoke1, VM2, false);
	world_run(10);
	ask(spoke1, 300);
	assert_int_equal(told.v.num, 0);
	assert_int_equal(told.v.compared[DM_HAVE_BRIDGE_MAC], 0);
}

/* --- what the kernel does not have --- */

static void left_out(struct world_node *n, enum dm_have_kind kind, const char *addr, const char *nhrpd)
{
	n->check.left_out = (uint8_t)kind;
	assert_differs(n, kind, addr, nhrpd, "none");
	assert_int_equal(told.list[0].vpn.index, 1);
	n->check.left_out = 0;
	assert_agrees(n);
}

static void test_missing_at_spoke(void **state)
{
	left_out(spoke1, DM_HAVE_INSTANCE, NULL, "ready");
	left_out(spoke1, DM_HAVE_FLOOD, "10.0.0.1", "vni 4097");
	left_out(spoke1, DM_HAVE_FDB, VM2, "10.0.0.3 vni 101");
	left_out(spoke1, DM_HAVE_NEIGH, IP2, VM2);
	left_out(spoke1, DM_HAVE_BRIDGE_MAC, VM2, "present");
	left_out(spoke1, DM_HAVE_LOCAL, VM1, "present");
}

static void test_missing_at_hub(void **state)
{
	for (size_t i = 0; i < hub->num_members; i++)
		if (dm_addr_same(&hub->members[i].nbma, &spoke2->nbma))
			hub->members[i] = hub->members[--hub->num_members];
	ask(hub, 300);
	for (size_t i = 0; i < told.v.num; i++) {
		assert_true(told.list[i].kind == DM_HAVE_MEMBER || told.list[i].kind == DM_HAVE_TARGET);
		assert_true(dm_addr_same(&told.list[i].addr, &spoke2->nbma));
		assert_string_equal(told.list[i].kernel, "none");
	}
	assert_int_equal(told.v.num, 2);
}

static void test_refused_at_hub(void **state)
{
	size_t i = 0;

	/* as when the kernel refused an entry: neither the switch nor the device has the MAC */
	while (i < hub->num_macs && !dm_addr_same(&hub->macs[i].nbma, &spoke1->nbma))
		i++;
	assert_true(i < hub->num_macs);
	hub->macs[i] = hub->macs[--hub->num_macs];
	ask(hub, 300);
	assert_int_equal(told.v.num, 2);
	assert_true(told.list[0].kind != told.list[1].kind);
	for (i = 0; i < 2; i++) {
		assert_true(told.list[i].kind == DM_HAVE_FDB || told.list[i].kind == DM_HAVE_SWITCH_MAC);
		assert_string_equal(told.list[i].nhrpd, "10.0.0.2 vni 100");
		assert_string_equal(told.list[i].kernel, "none");
	}
}

/* --- what it has otherwise --- */

static void test_changed(void **state)
{
	struct dm_mac was = spoke1->macs[0];

	spoke1->macs[0].remote_vni = 7;
	assert_differs(spoke1, DM_HAVE_FDB, VM2, "10.0.0.3 vni 101", "10.0.0.3 vni 7");
	spoke1->macs[0] = was;
	spoke1->macs[0].nbma = world_addr("10.0.0.9");
	assert_differs(spoke1, DM_HAVE_FDB, VM2, "10.0.0.3 vni 101", "10.0.0.9 vni 101");
	spoke1->macs[0] = was;
	spoke1->neighs[0].mac = world_addr(VM1); /* which is local: its bridge entry has given way */
	spoke1->check.left_out = DM_HAVE_BRIDGE_MAC;
	ask(spoke1, 300);
	assert_int_equal(told.v.num, 2);
	spoke1->check.left_out = 0;
}

static void test_settings(void **state)
{
	hub->check.unset = DM_SETTING_HAIRPIN | DM_SETTING_SWITCH_FLOOD;
	assert_differs(hub, DM_HAVE_INSTANCE, NULL, "ready", "without hairpin, flood program");
	hub->check.unset = 0;
	assert_agrees(hub);
	spoke1->check.unset = DM_SETTING_SUPPRESS;
	assert_differs(spoke1, DM_HAVE_INSTANCE, NULL, "ready", "without neigh_suppress");
	spoke1->check.unset = 0;
	/* not wanted at a spoke: what is on besides is nobody's business */
	vpn_engine_set_arp_suppress(spoke2->engine, "tun2", false);
	vpn_engine_commit(spoke2->engine);
	world_run(10);
	assert_agrees(spoke2);
}

/* --- what it has besides --- */

static void test_added(void **state)
{
	const struct dm_have stray = {
		.kind = DM_HAVE_FDB, .ifindex = WORLD_TUN_IFINDEX, .vni = 100, .addr = world_addr(STRAY),
		.at = world_addr("10.0.0.9"), .remote_vni = 7,
	};
	static const enum dm_have_kind kinds[] = { DM_HAVE_FDB, DM_HAVE_BRIDGE_MAC, DM_HAVE_LOCAL, DM_HAVE_NEIGH };

	spoke1->check.num_added = 1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		spoke1->check.added[0] = stray;
		spoke1->check.added[0].kind = (uint8_t)kinds[i];
		assert_differs(spoke1, kinds[i], STRAY, "none", "10.0.0.9 vni 7");
	}
	/* of a VPN that nhrpd does not have */
	spoke1->check.added[0] = stray;
	spoke1->check.added[0].vni = 4711;
	assert_differs(spoke1, DM_HAVE_FDB, STRAY, "none", "10.0.0.9 vni 7");
	assert_false(told.list[0].has_vpn);
	assert_int_equal(told.list[0].vni, 4711);
	/* and another hub in the all-zero entry */
	spoke1->check.added[0] = stray;
	spoke1->check.added[0].kind = DM_HAVE_FLOOD;
	spoke1->check.added[0].addr = world_addr("10.0.0.1"); /* the hub with another VNI is another, too */
	spoke1->check.added[0].at = (struct dm_addr){ 0 };
	assert_differs(spoke1, DM_HAVE_FLOOD, "10.0.0.1", "none", "vni 7");
}

static void test_of_others(void **state)
{
	/* what the user has is none of ours, but where ours should be */
	spoke1->check.not_ours = true;
	ask(spoke1, 300);
	assert_int_equal(told.v.num, 4);
	for (size_t i = 0; i < told.v.num; i++) {
		assert_string_not_equal(told.list[i].nhrpd, "none");
		assert_non_null(strstr(told.list[i].kernel, "(of others)"));
	}
}

/* --- what is on its way --- */

static unsigned int turns;

/* An entry comes into the kernel after the first look. */
static void mends(struct world_node *n)
{
	n->check.left_out = 0;
}

/* The kernel has another thing at each look. */
static void changes(struct world_node *n)
{
	n->check.added[0].remote_vni = ++turns;
}

static void test_in_flight(void **state)
{
	spoke1->check.left_out = DM_HAVE_FDB;
	spoke1->check.changes = mends;
	ask(spoke1, 300);
	assert_int_equal(told.answers, 1);
	assert_int_equal(told.v.looks, 2);
	assert_int_equal(told.v.num, 0);

	spoke1->check.num_added = 1;
	spoke1->check.added[0] = (struct dm_have){
		.kind = DM_HAVE_FDB, .ifindex = WORLD_TUN_IFINDEX, .vni = 100, .addr = world_addr(STRAY), .remote_vni = 100,
	};
	spoke1->check.changes = changes;
	ask(spoke1, 300);
	assert_int_equal(told.v.looks, 2);
	assert_int_equal(told.v.num, 0);
	spoke1->check.changes = NULL;
	assert_differs(spoke1, DM_HAVE_FDB, STRAY, "none", "vni 2");
}

/* --- the module --- */

static void test_silent(void **state)
{
	hub->check.silent = true;
	ask(hub, VPN_CHECK_SILENCE_MS - 10);
	assert_int_equal(told.answers, 0);
	world_run(20);
	assert_int_equal(told.answers, 1);
	assert_string_equal(told.error, "the zebra module did not answer");
	hub->check.silent = false;
	assert_agrees(hub);
}

/* What comes for an earlier question is not taken for the answer. */
static void test_late_answer(void **state)
{
	struct dm_rec end = { .type = DM_REC_CHECK_END };

	hub->check.silent = true;
	ask(hub, 100);
	world_tell(hub, &end); /* number 0: none of ours */
	world_run(10);
	assert_int_equal(told.answers, 0);
	world_run(VPN_CHECK_SILENCE_MS);
	assert_int_equal(told.answers, 1);
}

static void test_cannot_read(void **state)
{
	hub->check.error = "no memory";
	ask(hub, 10);
	assert_string_equal(told.error, "no memory");
	assert_int_equal(told.v.num, 0);
	hub->check.error = NULL;
}

static void test_goes_away(void **state)
{
	hub->check.silent = true;
	ask(hub, 10);
	world_module(hub, false);
	assert_int_equal(told.answers, 1);
	assert_string_equal(told.error, "the zebra module went away");
	ask(hub, 10);
	assert_int_equal(told.answers, 1);
	assert_string_equal(told.error, "the zebra module cannot be reached");
	hub->check.silent = false;
	world_module(hub, true);
	ask(hub, 1000);
	assert_string_equal(told.error, "");
	assert_int_equal(told.v.num, 0);
	assert_true(told.v.sync_in > 0); /* what it does not ask for again goes later */
}

/* --- who asks --- */

static void count(void *arg, const struct vpn_check_view *v)
{
	++*(unsigned int *)arg;
}

static void ask_again(void *arg, const struct vpn_check_view *v)
{
	if (++*(unsigned int *)arg == 1)
		assert_true(vpn_engine_check(hub->engine, ask_again, arg));
}

/* As a terminal that has asked several times, and closes upon the first answer. */
static void closes(void *arg, const struct vpn_check_view *v)
{
	++*(unsigned int *)arg;
	vpn_engine_check_forget(hub->engine, arg);
}

static void test_asker_closes(void **state)
{
	unsigned int one = 0, closing = 0;

	/* the three that come while the first is looked into are answered in one go */
	assert_true(vpn_engine_check(hub->engine, count, &one));
	assert_true(vpn_engine_check(hub->engine, closes, &closing));
	assert_true(vpn_engine_check(hub->engine, closes, &closing));
	assert_true(vpn_engine_check(hub->engine, count, &one));
	world_run(10);
	assert_int_equal(closing, 1);
	assert_int_equal(one, 2);
}

static void test_askers(void **state)
{
	unsigned int one = 0, two = 0, again = 0, asked = hub->check.asked;

	/* the first one's question is out already, so the others get an answer of their own */
	assert_true(vpn_engine_check(hub->engine, count, &one));
	assert_true(vpn_engine_check(hub->engine, count, &one));
	assert_true(vpn_engine_check(hub->engine, count, &two));
	vpn_engine_check_forget(hub->engine, &two);
	world_run(10);
	assert_int_equal(one, 2);
	assert_int_equal(two, 0);
	assert_int_equal(hub->check.asked - asked, 2);
	assert_true(vpn_engine_check(hub->engine, ask_again, &again));
	world_run(10);
	assert_int_equal(again, 2);

	hub->check.silent = true;
	one = 0;
	for (int i = 0; i < VPN_CHECK_ASKERS_MAX; i++)
		assert_true(vpn_engine_check(hub->engine, count, &one));
	assert_false(vpn_engine_check(hub->engine, count, &one));
	world_run(3 * VPN_CHECK_SILENCE_MS);
	assert_int_equal(one, VPN_CHECK_ASKERS_MAX);
	/* the end of the engine is an answer, too */
	one = 0;
	assert_true(vpn_engine_check(hub->engine, count, &one));
	assert_true(vpn_engine_check(hub->engine, count, &one));
	world_restart(hub);
	assert_int_equal(one, 2);
}

/* Instances that are not ready have nothing in the kernel that could be compared. */
static void test_not_ready(void **state)
{
	spoke1->link.flags &= (uint8_t)~DM_LINK_UP;
	world_link(spoke1);
	ask(spoke1, 300);
	assert_int_equal(told.v.num, 0);
	assert_int_equal(told.v.not_compared, 1);
	assert_int_equal(told.v.compared[DM_HAVE_FDB], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_agrees, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_neighbour_with_local_mac, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_missing_at_spoke, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_missing_at_hub, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_refused_at_hub, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_settings, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_added, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_of_others, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_in_flight, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_silent, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_late_answer, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_cannot_read, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_goes_away, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_askers, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_asker_closes, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_not_ready, setup, trio_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

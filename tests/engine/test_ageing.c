// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ageing: a MAC that neither the hub nor its home spoke's bridge hears goes from the hub, from those who
 * asked for it and from both kernels; one that either hears stays. The stand-ins of the modules
 * keep when they heard each MAC; times are the engines' own, to the share of the wheel.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

#define AGE 300000ull /* ms; the default */
#define SHARE (AGE / 16)
#define VM3 "02:aa:00:00:00:03"
#define IP2 "11.0.0.2"

/* All three stand-ins keep time; both spokes' bridges have heard their VM. */
static int setup(void **state)
{
	trio_setup_all(state);
	hub->ages = spoke1->ages = spoke2->ages = true;
	world_run(1000);
	world_local(spoke1, VM1, false);
	world_local(spoke2, VM2, false);
	return 0;
}

static bool knows(struct world_node *n, const char *mac)
{
	struct vpn_mac_view v;

	return world_mac(n, mac, &v);
}

/* One frame each way by way of the hub, and then the shortcuts. */
static void talk(void)
{
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_hairpin(hub, spoke2, spoke1, HUB_VNI, VM2, VM1);
	world_run(100);
	assert_true(knows(spoke1, VM2) && knows(spoke2, VM1));
}

/* Lets MS pass; every second the bridge of each spoke hears what is given, or nothing (NULL). */
static void goes_on(uint64_t ms, const char *at1, const char *at2)
{
	for (uint64_t t = 0; t < ms; t += 1000) {
		if (at1)
			world_hears(spoke1, at1);
		if (at2)
			world_hears(spoke2, at2);
		world_run(1000);
	}
}

/* Silent on all sides: gone between the ageing time and a sixteenth more, from all three places. */
static void test_silent_leaves_everywhere(void **state)
{
	talk();
	goes_on(AGE - 2000, VM1, NULL);
	assert_true(knows(hub, VM2) && knows(spoke1, VM2));
	goes_on(2000 + SHARE + 1000, VM1, NULL);
	assert_false(knows(hub, VM2));
	assert_null(world_fdb(hub, VM2));
	assert_false(knows(spoke1, VM2));
	assert_null(world_fdb(spoke1, VM2));
	assert_int_equal(vpn_engine_counters(hub->engine)->aged, 1);
	assert_true(knows(hub, VM1) && knows(spoke2, VM1));
}

/* All traffic runs through shortcuts: the hub hears nothing, the bridges do, and both MACs stay. */
static void test_in_use_by_shortcuts_stays(void **state)
{
	talk();
	goes_on(5 * AGE, VM1, VM2);
	assert_true(knows(hub, VM1) && knows(hub, VM2));
	assert_true(knows(spoke1, VM2) && knows(spoke2, VM1));
	assert_int_equal(vpn_engine_counters(hub->engine)->aged, 0);
	assert_true(hub->binds > 0);
}

/* The frames all go by way of the hub: no spoke says anything, and the MAC stays. */
static void test_heard_by_the_hub_alone_stays(void **state)
{
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	for (int i = 0; i < 3 * 300; i++) {
		world_hears(hub, VM1);
		world_run(1000);
	}
	assert_true(knows(hub, VM1));
	assert_int_equal(hub->binds, 0);
	world_run(AGE + SHARE + 1000);
	assert_false(knows(hub, VM1));
}

/* Once told, a MAC that talks within its site only stays, also when the last shortcut has gone. */
static void test_heard_by_its_bridge_alone_stays(void **state)
{
	talk();
	goes_on(AGE + SHARE + 2000, VM1, NULL); /* VM2 is silent: spoke1's one shortcut goes */
	assert_false(knows(spoke1, VM2));
	goes_on(3 * AGE, VM1, NULL);
	assert_true(knows(hub, VM1));
}

/* The hub counts from when the bridge heard the MAC, not from when the spoke said so. */
static void test_counted_from_what_was_heard(void **state)
{
	talk();
	goes_on(AGE / 2, VM1, VM2);
	goes_on(AGE - 3000, VM1, NULL);
	assert_true(knows(hub, VM2));
	goes_on(3000 + SHARE + 1000, VM1, NULL);
	assert_false(knows(hub, VM2));
}

/* The bridge keeps the entry for longer than our ageing time, or drops it before: neither decides. */
static void test_ageing_time_of_the_bridge(void **state)
{
	talk();
	world_local(spoke2, VM2, true); /* at once */
	goes_on(AGE - 2000, VM1, NULL);
	assert_true(knows(hub, VM2));
	goes_on(2000 + SHARE + 1000, VM1, NULL);
	assert_false(knows(hub, VM2));
	world_local(spoke2, VM3, false); /* for ever, as far as the bridge goes */
	goes_on(1000, VM1, NULL);
	assert_true(knows(hub, VM3));
	goes_on(AGE + SHARE + 1000, VM1, NULL);
	assert_false(knows(hub, VM3));
	goes_on(AGE / 3 + 2000, VM1, VM3); /* it speaks again, and the bridge had it all the time */
	assert_true(knows(hub, VM3));
}

/* The hub's ageing time is the shorter one: it says so, and the spokes look as often as that needs. */
static void test_shorter_at_the_hub(void **state)
{
	talk();
	vpn_engine_set_ageing_time(hub->engine, "tun2", 30);
	goes_on(120000, VM1, VM2);
	assert_true(knows(hub, VM1) && knows(hub, VM2));
	goes_on(30000 + 10000 + 3000, VM1, NULL);
	assert_false(knows(hub, VM2));
	vpn_engine_set_ageing_time(hub->engine, "tun2", 300);
	goes_on(60000, VM1, VM2);
	assert_true(knows(hub, VM2));
	goes_on(AGE - 35000, VM1, NULL);
	assert_true(knows(hub, VM2));
}

/* … and at the spoke: what its bridge does not hear for that long is not kept alive any longer. */
static void test_shorter_at_the_spoke(void **state)
{
	vpn_engine_set_ageing_time(spoke2->engine, "tun2", 30);
	talk();
	goes_on(90000, VM1, VM2);
	assert_true(knows(hub, VM2));
	goes_on(30000 + SHARE + 3000 + AGE, VM1, NULL);
	assert_false(knows(hub, VM2));
	assert_true(knows(hub, VM1));
}

/* Ageing time 0: nothing goes, nobody is asked; and set again, what has been silent goes soon. */
static void test_none(void **state)
{
	vpn_engine_set_ageing_time(hub->engine, "tun2", 0);
	talk();
	hub->queries = 0;
	goes_on(4 * AGE, NULL, NULL);
	assert_true(knows(hub, VM1) && knows(hub, VM2));
	assert_int_equal(hub->queries, 0);
	vpn_engine_set_ageing_time(hub->engine, "tun2", 300);
	goes_on(SHARE + 1000, NULL, NULL);
	assert_false(knows(hub, VM1) || knows(hub, VM2));
}

/* A spoke with ageing time 0 keeps alive what its bridge knows. */
static void test_none_at_the_spoke(void **state)
{
	vpn_engine_set_ageing_time(spoke2->engine, "tun2", 0);
	talk();
	goes_on(3 * AGE, VM1, NULL);
	assert_true(knows(hub, VM2));
	world_local(spoke2, VM2, true);
	goes_on(AGE + SHARE + AGE / 3, VM1, NULL);
	assert_false(knows(hub, VM2));
}

/* nhrpd of the hub starts anew: a MAC goes when it would have gone without that. */
static void test_restart_of_the_hub(void **state)
{
	talk();
	goes_on(AGE / 2, VM1, NULL);
	world_restart(hub);
	world_configure(hub, 1, NULL);
	goes_on(AGE / 2 - 2000, VM1, NULL);
	assert_true(knows(hub, VM1) && knows(hub, VM2));
	goes_on(2000 + SHARE + 2000, VM1, NULL);
	assert_false(knows(hub, VM2));
	assert_true(knows(hub, VM1));
}

/* The module of a hub is away while a MAC is due: nothing is forgotten for want of an answer. */
static void test_module_is_away(void **state)
{
	talk();
	goes_on(AGE / 2, VM1, VM2);
	world_module(hub, false);
	for (int i = 0; i < 300; i++) {
		world_hears(hub, VM1);
		world_hears(hub, VM2);
		world_run(1000);
	}
	assert_true(knows(hub, VM1) && knows(hub, VM2));
	world_module(hub, true);
	goes_on(AGE, VM1, VM2);
	assert_true(knows(hub, VM1) && knows(hub, VM2));
	assert_int_equal(vpn_engine_counters(hub->engine)->aged, 0);
}

/* A question is under way when the MAC is heard: the answer that follows is void. */
static void test_answer_that_is_older(void **state)
{
	struct dm_rec rec = { .type = DM_REC_USED_REPLY,
			      .used = { .ifindex = WORLD_TUN_IFINDEX, .vni = HUB_VNI, .found = 1, .idle_ms = AGE } };

	talk();
	rec.used.mac = world_addr(VM2);
	vpn_engine_record(hub->engine, &rec);
	assert_true(knows(hub, VM2)); /* nobody had asked */
}

/* The former home says late what its bridge heard before the MAC moved: it stays where it is. */
static void test_late_word_of_the_former_home(void **state)
{
	struct vpn_mac_view v;

	talk();
	world_mac_seen(hub, spoke1, HUB_VNI, VM2); /* it moved */
	goes_on(AGE / 2, NULL, NULL);		   /* its former bridge has it in its table all the time */
	assert_true(world_mac(hub, VM2, &v));
	assert_addr(&v.nbma, &spoke1->nbma);
}

/* IP addresses behind a MAC that has aged are nobody's until it is heard again. */
static void test_ip_addresses_follow(void **state)
{
	struct vpn_neigh_view v;

	vpn_engine_set_arp_suppress(spoke1->engine, "tun2", true);
	vpn_engine_set_arp_suppress(spoke2->engine, "tun2", true);
	world_suppress(spoke1, NULL);
	world_suppress(spoke2, NULL);
	world_neigh(spoke2, IP2, VM2);
	world_run(1000);
	world_wanted(spoke1, IP2);
	world_run(1000);
	assert_non_null(world_neigh_entry(spoke1, IP2));
	goes_on(AGE + SHARE + 2000, VM1, NULL);
	assert_false(knows(hub, VM2));
	assert_null(world_neigh_entry(spoke1, IP2));
	world_wanted(spoke1, IP2);
	goes_on(2000, VM1, NULL);
	assert_null(world_neigh_entry(spoke1, IP2));
	goes_on(AGE / 3 + 12000, VM1, VM2); /* heard again: as before, with nothing said of the IP address */
	world_wanted(spoke1, IP2);
	goes_on(2000, VM1, VM2);
	assert_non_null(world_neigh_entry(spoke1, IP2));
	assert_true(world_ip(hub, IP2, &v));
}

/* Many MACs cost a question each in an ageing time, and those that go are gone in time. */
static void test_many(void **state)
{
	char mac[DM_ADDR_STRLEN];

	talk();
	hub->queries = 0;
	for (int i = 0; i < 600; i++) {
		snprintf(mac, sizeof(mac), "02:bb:00:00:%02x:%02x", i / 256, i % 256);
		world_mac_seen(hub, spoke2, HUB_VNI, mac);
	}
	goes_on(AGE - 2000, VM1, VM2);
	assert_int_equal(world_instance(hub).num_macs, 602);
	goes_on(2000 + SHARE + 1000, VM1, VM2);
	assert_int_equal(world_instance(hub).num_macs, 2);
	assert_int_in_range(hub->queries, 600, 610);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_silent_leaves_everywhere),
		CASE(test_in_use_by_shortcuts_stays),
		CASE(test_heard_by_the_hub_alone_stays),
		CASE(test_heard_by_its_bridge_alone_stays),
		CASE(test_counted_from_what_was_heard),
		CASE(test_ageing_time_of_the_bridge),
		CASE(test_shorter_at_the_hub),
		CASE(test_shorter_at_the_spoke),
		CASE(test_none),
		CASE(test_none_at_the_spoke),
		CASE(test_restart_of_the_hub),
		CASE(test_module_is_away),
		CASE(test_answer_that_is_older),
		CASE(test_late_word_of_the_former_home),
		CASE(test_ip_addresses_follow),
		CASE(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

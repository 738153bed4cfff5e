// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an engine takes over of its earlier life, by what the module tells of the kernel: a
 * spoke's shortcuts and hub, and what it does not take over when it had lost sight of the module
 * only. One hub (10.0.0.1) and spokes (10.0.0.2 VNI 100, 10.0.0.3 VNI 101).
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/trio.h"

#define HUB_VNI 4097
#define VM1 "02:aa:00:00:00:01"
#define VM2 "02:aa:00:00:00:02"
#define OTHER "02:aa:00:00:00:03"
#define GRACE 31000 /* ms until SYNC_END, and some */

static int setup(void **state)
{
	trio_setup_all(state);
	world_run(100);
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(100);
	assert_non_null(world_fdb(spoke1, VM2));
	return 0;
}

/* nhrpd of spoke1 ends in a crash and comes back with its configuration. */
static void restart_spoke1(void)
{
	world_restart(spoke1);
	world_configure(spoke1, 1, hub);
}

static bool leads_to_spoke2(void)
{
	const struct dm_mac *entry = world_fdb(spoke1, VM2);

	return entry && dm_addr_same(&entry->nbma, &spoke2->nbma) && entry->remote_vni == 101;
}

static void test_shortcut_is_taken_over_and_confirmed(void **state)
{
	unsigned int asked = world_seen(NHRP_OP_RESOLUTION_REQUEST), sets;
	struct vpn_mac_view v;
	struct dm_mac told;

	restart_spoke1();
	world_run(1);
	assert_true(leads_to_spoke2());
	assert_true(world_mac(spoke1, VM2, &v));
	assert_string_equal(v.type, "shortcut");
	/* told again, as by a dump that makes up for dropped records, it is no news */
	told = *world_fdb(spoke1, VM2);
	sets = spoke1->programmed[DM_REC_MAC_SET];
	vpn_engine_record(spoke1->engine, &(struct dm_rec){ .type = DM_REC_MAC_HAVE, .mac = told });
	assert_int_equal(spoke1->programmed[DM_REC_MAC_SET], sets);
	assert_int_equal(spoke1->programmed[DM_REC_MAC_DEL], 0);
	world_run(2000);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), asked + 1);
	assert_true(leads_to_spoke2());
	/* so the hub, which may have forgotten, can purge it */
	world_mac_seen(hub, spoke1, HUB_VNI, VM2);
	world_run(100);
	assert_null(world_fdb(spoke1, VM2));
}

static void test_shortcut_that_is_old_goes(void **state)
{
	/* the MAC moved home while nobody at spoke1 could be told */
	spoke1->deaf = true;
	world_mac_seen(hub, spoke1, HUB_VNI, VM2);
	world_run(100);
	assert_true(leads_to_spoke2());
	spoke1->deaf = false;
	restart_spoke1();
	world_run(2000);
	assert_null(world_fdb(spoke1, VM2));
}

static void test_shortcut_stays_while_nobody_answers(void **state)
{
	hub->deaf = true;
	restart_spoke1();
	world_run(GRACE);
	assert_int_equal(spoke1->sync_ends, 1);
	assert_true(leads_to_spoke2());
	assert_int_equal(spoke1->hub.remote_vni, HUB_VNI);
	hub->deaf = false;
	world_run(GRACE);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_true(leads_to_spoke2());
}

static void test_nothing_stays_for_ever(void **state)
{
	hub->deaf = true;
	restart_spoke1();
	vpn_engine_set_holdtime(spoke1->engine, "tun2", 60);
	world_run(GRACE + VPN_DEFAULT_HOLDTIME * 1000ull);
	assert_null(world_fdb(spoke1, VM2));
	assert_int_equal(spoke1->hub.ifindex, 0);
}

static void test_hub_that_is_not_configured_any_more_goes(void **state)
{
	world_restart(spoke1);
	world_configure(spoke1, 1, NULL);
	world_run(1000);
	assert_int_equal(spoke1->hub.remote_vni, HUB_VNI);
	world_run(GRACE);
	assert_int_equal(spoke1->hub.ifindex, 0);
}

static void test_what_went_unseen_is_not_taken_over(void **state)
{
	const struct dm_mac unknown = {
		.ifindex = WORLD_TUN_IFINDEX,
		.vni = 100,
		.mac = world_addr(OTHER),
		.nbma = spoke2->nbma,
		.remote_vni = 101,
	};

	world_run(GRACE); /* SYNC_END has been said */
	world_module(spoke1, false);
	spoke1->macs[spoke1->num_macs++] = unknown;
	world_module(spoke1, true);
	world_run(10);
	assert_null(world_fdb(spoke1, OTHER));
	assert_true(leads_to_spoke2());
}

static void test_member_that_went_unseen_is_not_taken_over(void **state)
{
	const struct dm_member gone = {
		.ifindex = WORLD_TUN_IFINDEX,
		.vni = HUB_VNI,
		.nbma = world_addr("10.0.0.77"),
		.remote_vni = 177,
	};

	world_run(GRACE);
	world_module(hub, false);
	hub->members[hub->num_members++] = gone;
	world_module(hub, true);
	world_run(10);
	assert_int_equal(hub->num_members, 2);
	assert_int_equal(world_num_members(hub), 2);
}

static void test_restarted_hub_purges_who_asked_its_former_life(void **state)
{
	world_restart(hub);
	world_configure(hub, 1, NULL);
	world_run(8000); /* 5 s until its spokes have noticed, and the time over which they ask again */
	assert_true(leads_to_spoke2());
	world_mac_seen(hub, spoke1, HUB_VNI, VM2);
	world_run(100);
	assert_null(world_fdb(spoke1, VM2));
}

static void test_what_cannot_be_an_answer_is_taken_out(void **state)
{
	const char *const nbma[] = { "10.0.0.2", "224.0.0.1", "fd00::3" };

	for (size_t i = 0; i < sizeof(nbma) / sizeof(nbma[0]); i++) {
		spoke1->macs[spoke1->num_macs++] = (struct dm_mac){
			.ifindex = WORLD_TUN_IFINDEX,
			.vni = 100,
			.mac = world_addr(OTHER),
			.nbma = world_addr(nbma[i]),
			.remote_vni = 101,
		};
		restart_spoke1();
		world_run(100);
		assert_null(world_fdb(spoke1, OTHER));
		assert_true(leads_to_spoke2());
	}
}

static void test_no_sweep_while_configuration_is_awaited(void **state)
{
	world_restart(spoke1);
	vpn_engine_configuring(spoke1->engine, true);
	world_run(10 * GRACE);
	assert_int_equal(spoke1->sync_ends, 0);
	world_configure(spoke1, 1, hub);
	world_run(1000);
	assert_true(leads_to_spoke2());
	vpn_engine_configuring(spoke1->engine, false);
	world_run(2000);
	assert_int_equal(spoke1->sync_ends, 1);
	assert_true(leads_to_spoke2());
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_shortcut_is_taken_over_and_confirmed),
		CASE(test_shortcut_that_is_old_goes),
		CASE(test_shortcut_stays_while_nobody_answers),
		CASE(test_nothing_stays_for_ever),
		CASE(test_hub_that_is_not_configured_any_more_goes),
		CASE(test_what_went_unseen_is_not_taken_over),
		CASE(test_member_that_went_unseen_is_not_taken_over),
		CASE(test_restarted_hub_purges_who_asked_its_former_life),
		CASE(test_what_cannot_be_an_answer_is_taken_out),
		CASE(test_no_sweep_while_configuration_is_awaited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

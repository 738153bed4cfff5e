// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses that move too often: which moves count, that such an address is held, for how long and over restarts,
 * and that it stands in nobody else's way. The net is that of roaming.h.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "nhrpd/vpn_local.h"
#include "tests/engine/peer.h"
#include "tests/engine/roaming.h"

#define IP2 "192.168.1.2"
#define MINUTE 60000

static void flap(unsigned int moves)
{
	for (unsigned int i = 0; i < moves; i++) {
		struct dm_rec rec = {
			.type = DM_REC_MAC_SEEN,
			.mac = { .ifindex = WORLD_TUN_IFINDEX,
				 .vni = HUB_VNI,
				 .mac = world_addr(VM2),
				 .nbma = roaming_home(VM2) == spoke2 ? spoke3->nbma : spoke2->nbma,
				 .old_nbma = roaming_home(VM2)->nbma,
				 .moved = 1 },
		};

		world_run(1000);
		vpn_engine_record(hub->engine, &rec);
	}
}

static bool is_held(const char *mac)
{
	struct vpn_mac_view v;

	assert_true(world_mac(hub, mac, &v));
	return v.duplicate;
}

static void count_view(void *arg, const struct vpn_duplicate_view *v)
{
	struct vpn_duplicate_view *last = arg;

	*last = *v;
}

static void test_sixth_move_holds(void **state)
{
	const struct world_node *home;
	struct vpn_duplicate_view v = { 0 };
	unsigned int binds;

	roaming_seen(spoke2);
	flap(5);
	assert_false(is_held(VM2));
	assert_int_equal(hub->last_hold.ifindex, 0);
	flap(1);
	home = roaming_home(VM2);
	assert_true(is_held(VM2));
	assert_true(hub->last_hold.held);
	assert_true(dm_addr_same(&hub->last_hold.nbma, &home->nbma));
	assert_int_equal(hub->warnings, 1);
	assert_non_null(strstr(hub->last_warning, VM2));
	assert_non_null(strstr(hub->last_warning, "10.0.0.3"));
	assert_non_null(strstr(hub->last_warning, "10.0.0.4"));
	vpn_engine_each_duplicate(hub->engine, count_view, &v);
	assert_int_equal(v.moves, 6);
	assert_int_equal(v.released_in, VPN_DUPLICATE_FREEZE);
	assert_true(dm_addr_same(&v.nbma, &home->nbma));
	assert_addr(&v.other, home == spoke2 ? &spoke3->nbma : &spoke2->nbma);
	/* a frame that the switch took before it knew */
	binds = hub->binds;
	flap(1);
	assert_ptr_equal(roaming_home(VM2), home);
	assert_int_equal(hub->binds, binds + 1);
	assert_int_equal(hub->warnings, 1);
}

static void test_moves_that_are_long_ago_do_not_count(void **state)
{
	roaming_seen(spoke2);
	for (unsigned int i = 0; i < 4; i++) {
		flap(4);
		world_run((VPN_DUPLICATE_TIME - 5) * 1000);
	}
	assert_false(is_held(VM2));
	flap(6);
	assert_true(is_held(VM2));
}

static void test_held_mac_is_released_by_its_timer(void **state)
{
	const struct world_node *home;

	roaming_seen(spoke2);
	flap(6);
	home = roaming_home(VM2);
	world_run((VPN_DUPLICATE_FREEZE - 1) * 1000ull);
	assert_true(is_held(VM2));
	world_run(2000);
	assert_false(is_held(VM2));
	assert_false(hub->last_hold.held);
	flap(1);
	assert_ptr_not_equal(roaming_home(VM2), home);
	flap(4); /* counted from nothing again */
	assert_false(is_held(VM2));
}

static void test_held_mac_is_released_by_hand(void **state)
{
	const struct vpn_id one = { .index = 1 }, other = { .index = 2 };
	const struct dm_addr vm1 = world_addr(VM1), vm2 = world_addr(VM2);

	roaming_seen(spoke2);
	flap(6);
	assert_int_equal(vpn_engine_clear_duplicate(hub->engine, &other, NULL), 0);
	assert_int_equal(vpn_engine_clear_duplicate(hub->engine, &one, &vm1), 0);
	assert_true(is_held(VM2));
	assert_int_equal(vpn_engine_clear_duplicate(hub->engine, &one, &vm2), 1);
	assert_false(is_held(VM2));
	assert_false(hub->last_hold.held);
	flap(6);
	assert_int_equal(vpn_engine_clear_duplicate(hub->engine, NULL, NULL), 1);
	assert_false(is_held(VM2));
}

/* A registration is refused while it is held, repeated, and granted afterwards if the host is still there. */
static void test_claim_of_a_held_mac(void **state)
{
	struct world_node *other;
	struct nhrp_msg m;

	roaming_seen(spoke2);
	flap(6);
	other = roaming_home(VM2) == spoke2 ? spoke3 : spoke2;
	world_local(other, VM2, false);
	world_run(100);
	m = got_by(other, NHRP_OP_REGISTRATION_REPLY);
	assert_int_equal(cie_at(&m, 0).code, NHRP_CIE_PROHIBITED);
	assert_ptr_not_equal(roaming_home(VM2), other);
	assert_int_equal(other->elsewhere, 0);
	vpn_engine_clear_duplicate(hub->engine, NULL, NULL);
	world_run(MINUTE);
	assert_ptr_equal(roaming_home(VM2), other);
}

/* One that is held may be refused for minutes, and asked for again every 30 s: nothing else waits for that. */
static void test_held_mac_delays_no_other(void **state)
{
	struct world_node *other;

	roaming_seen(spoke2);
	flap(6);
	other = roaming_home(VM2) == spoke2 ? spoke3 : spoke2;
	world_local(other, VM2, false);
	world_run(2 * MINUTE);
	assert_true(is_held(VM2));
	world_local(other, VM1, false);
	world_run(100);
	assert_ptr_equal(roaming_home(VM1), other);
	/* more than a message takes, with the refused one among them */
	for (unsigned int i = 0; i < 3 * VPN_LOCAL_BATCH_MAC; i++) {
		char mac[] = "02:aa:00:00:01:00";

		snprintf(mac + 15, 3, "%02x", i);
		world_local(other, mac, false);
	}
	world_run(100);
	assert_ptr_equal(roaming_home("02:aa:00:00:01:00"), other);
	assert_ptr_equal(roaming_home("02:aa:00:00:01:5f"), other);
	assert_true(is_held(VM2));
}

static void test_claims_to_and_fro_are_held(void **state)
{
	roaming_begin();
	for (unsigned int i = 0; i < 12; i++) {
		world_run(1000);
		world_local(i % 2 ? spoke2 : spoke3, VM2, false);
		world_run(100);
	}
	assert_true(is_held(VM2));
	assert_int_equal(hub->warnings, 1);
}

/* Duplicate IP addresses alternate at the rate of their ARPs, until they are held. */
static void test_ip_address_at_two_sites_is_held(void **state)
{
	struct vpn_duplicate_view v = { 0 };
	struct vpn_neigh_view n;

	for (unsigned int i = 0; i < 12; i++) {
		world_neigh(i % 2 ? spoke3 : spoke2, IP2, i % 2 ? "02:aa:00:00:00:03" : VM2);
		world_run(1000);
	}
	vpn_engine_each_duplicate(hub->engine, count_view, &v);
	assert_addr(&v.addr, &(struct dm_addr[]){ world_addr(IP2) }[0]);
	assert_int_equal(v.moves, 6);
	assert_true(world_ip(hub, IP2, &n));
	assert_true(dm_addr_same(&n.nbma, &spoke2->nbma));
	assert_int_equal(hub->warnings, 1);
	assert_int_equal(vpn_engine_clear_duplicate(hub->engine, NULL, &v.addr), 1);
}

/* The switch's map knows it over a restart of nhrpd, and the engine over one of zebra. */
static void test_held_mac_over_restarts(void **state)
{
	roaming_seen(spoke2);
	flap(6);
	world_restart(hub);
	world_configure(hub, 1, NULL);
	world_run(1000);
	assert_true(is_held(VM2));
	assert_int_equal(hub->warnings, 1); /* said once */
	hub->last_hold = (struct dm_mac){ 0 };
	world_module(hub, false);
	world_module(hub, true);
	world_run(1000);
	assert_true(hub->last_hold.held);
	assert_true(is_held(VM2));
	world_run(VPN_DUPLICATE_FREEZE * 1000ull);
	assert_false(is_held(VM2));
}

/* Released while zebra is away, or a dump is under way: the module's word of before does not hold it again. */
static void test_release_that_the_module_has_not_heard(void **state)
{
	struct dm_rec rec = {
		.type = DM_REC_MAC_SEEN,
		.mac = { .ifindex = WORLD_TUN_IFINDEX, .vni = HUB_VNI, .mac = world_addr(VM2), .idle_ms = 5000, .held = 1 },
	};

	world_run(MINUTE);
	roaming_seen(spoke2);
	flap(6);
	rec.mac.nbma = roaming_home(VM2)->nbma;
	world_module(hub, false);
	assert_int_equal(vpn_engine_clear_duplicate(hub->engine, NULL, NULL), 1);
	world_module(hub, true);
	world_run(100);
	memset(&hub->last_hold, 0, sizeof(hub->last_hold));
	vpn_engine_record(hub->engine, &rec);
	assert_false(is_held(VM2));
	assert_true(dm_addr_same(&hub->last_hold.mac, &rec.mac.mac));
	assert_false(hub->last_hold.held);
}

static void test_settings(void **state)
{
	struct vpn_duplicate_config config = { .max_moves = 2, .time = 10, .freeze = VPN_DUPLICATE_PERMANENT };

	vpn_engine_set_duplicate(hub->engine, "tun2", &config);
	roaming_seen(spoke2);
	flap(2);
	world_run(10000);
	flap(2);
	assert_false(is_held(VM2));
	flap(1);
	assert_true(is_held(VM2));
	world_run(3600 * 1000);
	assert_true(is_held(VM2));
	config.freeze = 30; /* from now on */
	vpn_engine_set_duplicate(hub->engine, "tun2", &config);
	world_run(31000);
	assert_false(is_held(VM2));
	flap(3);
	assert_true(is_held(VM2));
	config.off = true;
	vpn_engine_set_duplicate(hub->engine, "tun2", &config);
	assert_false(is_held(VM2));
	flap(20);
	assert_false(is_held(VM2));
	config.off = false;
	vpn_engine_set_duplicate(hub->engine, "tun2", &config);
	flap(2); /* what moved meanwhile, or before, does not count */
	assert_false(is_held(VM2));
	config.off = true;
	vpn_engine_set_duplicate(hub->engine, "tun2", &config);
	config.off = false;
	vpn_engine_set_duplicate(hub->engine, "tun2", &config);
	flap(2);
	assert_false(is_held(VM2));
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, roaming_setup, trio_teardown)
	CASE(test_sixth_move_holds),
	CASE(test_moves_that_are_long_ago_do_not_count),
	CASE(test_held_mac_is_released_by_its_timer),
	CASE(test_held_mac_is_released_by_hand),
	CASE(test_claim_of_a_held_mac),
	CASE(test_held_mac_delays_no_other),
	CASE(test_claims_to_and_fro_are_held),
	CASE(test_ip_address_at_two_sites_is_held),
	CASE(test_held_mac_over_restarts),
	CASE(test_release_that_the_module_has_not_heard),
	CASE(test_settings),
};

int main(void)
{
	return cmocka_run_group_tests_name("addresses that move too often", tests, NULL, NULL);
}

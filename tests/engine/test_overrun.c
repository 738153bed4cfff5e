// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An engine that did not keep up with its module, or that its module did not keep up with: what is told
 * anew changes nothing that was known, takes away what is not told any more, and costs little.
 * One hub (10.0.0.1) and spokes (10.0.0.2 VNI 100, 10.0.0.3 VNI 101).
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "tests/engine/trio.h"

#define HUB_VNI 4097
#define MACS 8000
#define TIMES 13 /* of so many, 104,000 in all */

static int setup(void **state)
{
	trio_setup_all(state);
	world_run(100);
	return 0;
}

static void say(struct world_node *n, uint8_t type)
{
	const struct dm_rec rec = { .type = type };

	vpn_engine_record(n->engine, &rec);
}

static void seen(uint32_t number)
{
	const uint8_t octets[6] = { 2, 0xb0, 0, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };
	struct dm_rec rec = { .type = DM_REC_MAC_SEEN,
			      .mac = { .ifindex = WORLD_TUN_IFINDEX, .vni = HUB_VNI, .nbma = spoke1->nbma, .remote_vni = 100 } };

	dm_addr_set(&rec.mac.mac, DM_MAC, octets, sizeof(octets));
	vpn_engine_record(hub->engine, &rec);
}

/* 104,000 MACs that are known are told anew: nobody hears of it, and it is done in a fraction of a second. */
static void test_known_macs_told_anew(void **state)
{
	unsigned int set, purges;
	clock_t begun;
	double took;

	for (uint32_t i = 0; i < MACS; i++)
		seen(i);
	world_run(10);
	assert_int_equal(world_instance(hub).num_macs, MACS);
	set = hub->programmed[DM_REC_MAC_SET];
	purges = world_seen(NHRP_OP_PURGE_REQUEST);
	begun = clock();
	for (uint32_t i = 0; i < TIMES * MACS; i++)
		seen(i % MACS);
	took = (double)(clock() - begun) / CLOCKS_PER_SEC;
	world_run(10);
	print_message("%d MACs told anew: %.3f s\n", TIMES * MACS, took);
	assert_int_equal(world_instance(hub).num_macs, MACS);
	assert_int_equal(hub->programmed[DM_REC_MAC_SET], set);
	assert_int_equal(hub->programmed[DM_REC_MAC_HOLD], 0);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), purges);
	assert_true(took < 1);
}

static void local(struct world_node *spoke, const char *mac)
{
	struct dm_rec rec = { .type = DM_REC_LOCAL, .local = { .ifindex = WORLD_TUN_IFINDEX, .vni = 100 } };

	assert_true(dm_addr_parse(&rec.local.mac, mac));
	vpn_engine_record(spoke->engine, &rec);
}

/* What a dump does not tell has gone; an instance that runs goes on as if nothing had been. */
static void test_dump_takes_away(void **state)
{
	struct dm_rec link = { .type = DM_REC_LINK, .link = spoke1->link };
	unsigned int asked = spoke1->programmed[DM_REC_INSTANCE_SET], ends = spoke1->sync_ends;
	unsigned int requests = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	size_t before = world_instance(spoke1).num_local_macs;

	local(spoke1, "02:bb:00:00:00:01");
	local(spoke1, "02:bb:00:00:00:02");
	assert_int_equal(world_instance(spoke1).num_local_macs, before + 2);
	say(spoke1, DM_REC_DUMP_BEGIN);
	vpn_engine_record(spoke1->engine, &link);
	local(spoke1, "02:bb:00:00:00:02");
	local(spoke1, "02:bb:00:00:00:03");
	assert_int_equal(world_instance(spoke1).num_local_macs, before + 3);
	say(spoke1, DM_REC_DUMP_END);
	assert_int_equal(world_instance(spoke1).num_local_macs, 2);
	world_run(100);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(spoke1->programmed[DM_REC_INSTANCE_SET], asked);
	assert_int_equal(spoke1->sync_ends, ends);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST), requests);
	/* the device, too */
	say(spoke1, DM_REC_DUMP_BEGIN);
	say(spoke1, DM_REC_DUMP_END);
	assert_int_equal(world_instance(spoke1).state, VPN_INACTIVE);
}

/* One that is broken off is begun anew: only the last counts. */
static void test_dump_broken_off(void **state)
{
	struct dm_rec link = { .type = DM_REC_LINK, .link = spoke1->link };

	local(spoke1, "02:bb:00:00:00:01");
	say(spoke1, DM_REC_DUMP_BEGIN);
	local(spoke1, "02:bb:00:00:00:01");
	say(spoke1, DM_REC_DUMP_BEGIN);
	vpn_engine_record(spoke1->engine, &link);
	local(spoke1, "02:bb:00:00:00:02");
	say(spoke1, DM_REC_DUMP_END);
	assert_int_equal(world_instance(spoke1).num_local_macs, 1);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
}

/*
 * nhrpd had lost the module, which was in the middle of a dump: the rest of that comes with the first answer, before
 * the module hears that it is to tell all anew. What was told before is not gone.
 */
static void test_rest_of_a_dump(void **state)
{
	struct dm_rec link = { .type = DM_REC_LINK, .link = spoke1->link };
	unsigned int purges = world_seen(NHRP_OP_PURGE_REQUEST);
	size_t members = world_instance(hub).num_members;

	assert_true(members > 0);
	say(spoke1, DM_REC_DUMP_BEGIN);
	vpn_engine_dataplane(spoke1->engine, false, "zebra does not keep up");
	vpn_engine_dataplane(spoke1->engine, true, NULL);
	local(spoke1, "02:bb:00:00:00:01");
	say(spoke1, DM_REC_DUMP_END);
	world_run(100);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), purges); /* by which a spoke leaves its hub */
	assert_int_equal(world_instance(hub).num_members, members);
	say(spoke1, DM_REC_DUMP_BEGIN);
	vpn_engine_record(spoke1->engine, &link);
	say(spoke1, DM_REC_DUMP_END);
	world_run(100);
	assert_int_equal(world_instance(hub).num_members, members);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
}

/* A new engine waits for its members; one that was in step says at once that it has restated all. */
static void test_sync_end_comes_at_once(void **state)
{
	world_run(31000);
	assert_int_equal(hub->sync_ends, 1);
	world_module(hub, false);
	world_run(5000);
	world_module(hub, true);
	world_run(200);
	assert_int_equal(hub->sync_ends, 2);
	assert_int_equal(hub->num_members, 2);
	assert_int_equal(world_instance(hub).state, VPN_UP);
	world_run(60000);
	assert_int_equal(hub->sync_ends, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_known_macs_told_anew, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_dump_takes_away, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_dump_broken_off, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_rest_of_a_dump, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_sync_end_comes_at_once, setup, trio_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the engine holds for others is bounded: each table is filled to its limit by what
 * the network or a bridge can send; one more is refused and counted, what is in stays, and
 * room that is given back can be used. (Members and those who ask: test_conformance.)
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "nhrpd/vpn_local.h"
#include "nhrpd/vpn_member.h"
#include "nhrpd/vpn_purge.h"
#include "nhrpd/vpn_shortcut.h"
#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

static int setup(void **state)
{
	trio_setup_all(state);
	world_run(100);
	return 0;
}

static struct dm_addr numbered_mac(uint32_t number)
{
	const uint8_t octets[6] = { 2, 0xcc, number >> 24, number >> 16, number >> 8, number };
	struct dm_addr a;

	dm_addr_set(&a, DM_MAC, octets, sizeof(octets));
	return a;
}

static struct dm_addr numbered_nbma(uint32_t number)
{
	const uint8_t octets[4] = { 10, 1, number >> 8, number };
	struct dm_addr a;

	dm_addr_set(&a, DM_IPV4, octets, sizeof(octets));
	return a;
}

static uint64_t full(struct world_node *n)
{
	return trio_refused(n, VPN_REFUSED_LIMIT);
}

/* A member of the hub, as its module tells of one. */
static struct dm_addr adopt(uint32_t number)
{
	struct dm_rec rec = {
		.type = DM_REC_MEMBER_HAVE,
		.member = { .ifindex = WORLD_TUN_IFINDEX, .vni = HUB_VNI, .nbma = numbered_nbma(number), .remote_vni = 200 },
	};

	vpn_engine_record(hub->engine, &rec);
	hub->num_members = 0; /* the stand-in's tables are smaller than an engine's, and not looked at here */
	return rec.member.nbma;
}

static void hear(uint32_t number, const struct dm_addr *behind)
{
	struct dm_rec rec = {
		.type = DM_REC_MAC_SEEN,
		.mac = { .ifindex = WORLD_TUN_IFINDEX, .vni = HUB_VNI, .mac = numbered_mac(number), .nbma = *behind,
			 .remote_vni = 200 },
	};

	vpn_engine_record(hub->engine, &rec);
	hub->num_macs = 0;
}

static void test_macs_of_one_member(void **state)
{
	for (uint32_t i = 0; i < VPN_MEMBER_BINDINGS_MAX; i++)
		hear(i, &spoke1->nbma);
	assert_int_equal(full(hub), 0);
	hear(VPN_MEMBER_BINDINGS_MAX, &spoke1->nbma);
	assert_int_equal(full(hub), 1);
	assert_int_equal(world_instance(hub).num_macs, VPN_MEMBER_BINDINGS_MAX);
	hear(0, &spoke1->nbma); /* it has this one */
	assert_int_equal(full(hub), 1);
	hear(VPN_MEMBER_BINDINGS_MAX, &spoke2->nbma); /* others are not locked out */
	assert_int_equal(full(hub), 1);
	hear(0, &spoke2->nbma); /* room again */
	hear(VPN_MEMBER_BINDINGS_MAX + 1, &spoke1->nbma);
	assert_int_equal(full(hub), 1);
	assert_int_equal(world_instance(hub).num_macs, VPN_MEMBER_BINDINGS_MAX + 2);
}

static void test_macs_of_a_vpn(void **state)
{
	struct dm_addr member = { 0 };

	for (uint32_t i = 0; i < VPN_BINDINGS_MAX; i++) {
		if (i % VPN_MEMBER_BINDINGS_MAX == 0)
			member = adopt(i / VPN_MEMBER_BINDINGS_MAX);
		hear(i, &member);
	}
	assert_int_equal(full(hub), 0);
	hear(VPN_BINDINGS_MAX, &spoke1->nbma);
	assert_int_equal(full(hub), 1);
	assert_int_equal(world_instance(hub).num_macs, VPN_BINDINGS_MAX);
	hear(0, &spoke1->nbma); /* a move takes no room */
	assert_int_equal(full(hub), 1);
}

static void bridge_says(uint32_t number, bool gone)
{
	struct dm_rec rec = {
		.type = DM_REC_LOCAL,
		.local = { .ifindex = WORLD_TUN_IFINDEX, .vni = 100, .mac = numbered_mac(number), .gone = gone },
	};

	vpn_engine_record(spoke1->engine, &rec);
}

static void test_own_macs_of_a_spoke(void **state)
{
	for (uint32_t i = 0; i < VPN_LOCALS_MAX; i++)
		bridge_says(i, false);
	assert_int_equal(full(spoke1), 0);
	bridge_says(VPN_LOCALS_MAX, false);
	assert_int_equal(full(spoke1), 1);
	bridge_says(5, false); /* known */
	assert_int_equal(full(spoke1), 1);
	bridge_says(7, true);
	bridge_says(VPN_LOCALS_MAX, false);
	assert_int_equal(full(spoke1), 1);
}

/* Directly to the engine: the world's wire is shorter than this. */
static void redirect(uint32_t number)
{
	const struct vpn_path path = { .ifindex = WORLD_CTL_IFINDEX, .nbma = hub->nbma };
	struct dm_addr to = numbered_mac(number), from = world_addr(VM1);
	struct nhrp_msg m = from_spoke(hub, NHRP_OP_TRAFFIC_INDICATION, 0);
	struct nhrp_builder b;
	uint8_t buf[256];

	m.src_sub = nhrp_subaddr_vni(HUB_VNI);
	m.dst_proto = spoke1->link.mac;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, to.octets, 6);
	nhrp_build_octets(&b, from.octets, 6);
	nhrp_build_octets(&b, "\x08", 2);
	vpn_engine_packet(spoke1->engine, &path, buf, nhrp_build_end(&b));
}

static void test_shortcuts_of_a_spoke(void **state)
{
	world_lose(NHRP_OP_RESOLUTION_REQUEST, UINT32_MAX);
	for (uint32_t i = 0; i < VPN_REMOTES_MAX; i++)
		redirect(i);
	assert_int_equal(full(spoke1), 0);
	redirect(VPN_REMOTES_MAX);
	assert_int_equal(full(spoke1), 1);
	redirect(0); /* under way already */
	assert_int_equal(full(spoke1), 1);
	/* unanswered and then negative: gone */
	world_run(60000);
	redirect(VPN_REMOTES_MAX);
	assert_int_equal(full(spoke1), 1);
}

#define ASKERS 512

static void ask_for(uint32_t number, uint32_t asker)
{
	const struct vpn_path path = { .ifindex = WORLD_CTL_IFINDEX, .nbma = numbered_nbma(asker) };
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, number);
	struct nhrp_builder b;
	uint8_t buf[256];

	m.src_nbma = path.nbma;
	m.dst_proto = numbered_mac(number);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	vpn_engine_packet(hub->engine, &path, buf, nhrp_build_end(&b));
}

static void test_purges_under_way(void **state)
{
	const uint32_t macs = VPN_PURGES_MAX / ASKERS;

	for (uint32_t asker = 0; asker < ASKERS; asker++)
		adopt(asker);
	vpn_engine_set_holdtime(hub->engine, "tun2", 50); /* of what it tells */
	for (uint32_t number = 0; number <= macs; number++) {
		hear(number, &spoke1->nbma);
		for (uint32_t asker = 0; asker < ASKERS; asker++)
			ask_for(number, asker);
	}
	for (uint32_t number = 0; number < macs; number++)
		hear(number, &spoke2->nbma);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), VPN_PURGES_MAX);
	assert_int_equal(full(hub), macs); /* what the former home would be told is too much */
	hear(macs, &spoke2->nbma);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), VPN_PURGES_MAX);
	assert_int_equal(full(hub), macs + ASKERS + 1);
	world_run(60000); /* nobody answered, and what they were told is over */
	ask_for(0, 0);
	hear(0, &spoke1->nbma);
	assert_int_equal(full(hub), macs + ASKERS + 1);
}

/* A request may ask for more extensions than its reply has room for: error 8. */
static void test_reply_that_fits_no_packet(void **state)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, 77);
	static const uint8_t filler[1380];
	struct nhrp_builder b;
	uint8_t buf[1500];

	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, NHRP_PACKET_MAX_LEN, &m);
	nhrp_build_ext_empty(&b, NHRP_EXT_RESPONDER, true);
	nhrp_build_ext_begin(&b, 0x1234, false);
	nhrp_build_octets(&b, filler, sizeof(filler));
	nhrp_build_ext_end(&b);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	deliver(hub, &spoke1->nbma, &b);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_TOO_LARGE), 1);
	assert_int_equal(sent(NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_SDU_SIZE);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REPLY), 0);
	/* nothing is stuck */
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub, &spoke1->nbma, &b);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REPLY), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_macs_of_one_member, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_macs_of_a_vpn, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_own_macs_of_a_spoke, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_shortcuts_of_a_spoke, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_purges_under_way, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_reply_that_fits_no_packet, setup, trio_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

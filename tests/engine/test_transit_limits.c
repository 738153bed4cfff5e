// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How much a hub remembers of what it passes on, and what becomes of the rest: nobody can make
 * it hold more, and one member's part leaves room for the others.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "nhrpd/vpn_transit.h"
#include "nhrpd/vpn_way.h"
#include "tests/engine/peer.h"
#include "tests/engine/quartet.h"

/* A member may have so many requests under way, which keeps none of the others out. */
static void test_full_table_is_code_5(void **state)
{
	struct world_node *spoke3 = world_spoke(5, 102);
	struct nhrp_builder b;
	struct nhrp_msg m;
	uint8_t buf[512];

	world_configure(spoke3, 1, hub1);
	world_run(100);
	hub2->deaf = true;
	for (uint32_t i = 0; i < VPN_TRANSIT_SHARE_MAX + 3; i++) {
		quartet_request(&b, buf, sizeof(buf), 255, i);
		deliver(hub1, &spoke1->nbma, &b);
		assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST),
				 i < VPN_TRANSIT_SHARE_MAX ? i + 1 : VPN_TRANSIT_SHARE_MAX);
	}
	assert_int_equal(refused(hub1, VPN_REFUSED_LIMIT), 3);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(m.request_id, VPN_TRANSIT_SHARE_MAX + 2);
	assert_int_equal(num_cies(&m), 1);
	assert_int_equal(cie_at(&m, 0).code, NHRP_CIE_NO_RESOURCES);
	/* of one that is on its way already there may be more */
	quartet_request(&b, buf, sizeof(buf), 255, 1);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), VPN_TRANSIT_SHARE_MAX + 1);
	m = from_spoke(spoke3, NHRP_OP_RESOLUTION_REQUEST, 1);
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub1, &spoke3->nbma, &b);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), VPN_TRANSIT_SHARE_MAX + 2);
	/* and time makes room */
	world_run(VPN_TRANSIT_MS + 1000);
	hub2->deaf = false;
	quartet_request(&b, buf, sizeof(buf), 255, 0xffff);
	deliver(hub1, &spoke1->nbma, &b);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(m.request_id, 0xffff);
	assert_int_equal(cie_at(&m, 0).code, NHRP_CIE_SUCCESS);
}

/* What must be refused by its compulsory bit is refused so, when there is no room to pass it on. */
static void test_full_table_and_unknown_extension(void **state)
{
	struct nhrp_builder b;
	uint8_t buf[512];

	hub2->deaf = true;
	for (uint32_t i = 0; i < VPN_TRANSIT_SHARE_MAX; i++) {
		quartet_request(&b, buf, sizeof(buf), 255, i);
		deliver(hub1, &spoke1->nbma, &b);
	}
	quartet_request(&b, buf, sizeof(buf), 255, 0xffff);
	nhrp_build_ext_empty(&b, 0x3802, true);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REPLY), 0);
	assert_int_equal(sent_by(hub1, NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_UNRECOGNIZED_EXTENSION);
}

/* Who cannot be remembered is answered all the same, but not purged. */
static void test_full_list_of_ways(void **state)
{
	struct world_node *hub3 = world_hub(6);
	const struct dm_addr first = world_addr("02:cc:00:00:00:00"), last = world_addr("02:cc:00:00:40:00");

	hub3->deaf = hub2->deaf = true;
	quartet_servers(hub1, hub3, hub2, NULL);
	for (uint32_t i = 0; i <= VPN_WAYS_MAX; i++) {
		quartet_relay(hub3, i, 600);
		if (i % 4096 == 0)
			world_run(VPN_TRANSIT_DONE_MS);
	}
	assert_int_equal(refused(hub1, VPN_REFUSED_LIMIT), 1);
	assert_int_equal(sent_by(hub1, NHRP_OP_RESOLUTION_REPLY).request_id, VPN_WAYS_MAX);
	quartet_purge(5, &first, hub3, &hub3->nbma);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 1);
	quartet_purge(5, &last, hub3, &hub3->nbma);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 1);
	assert_int_equal(sent_by(hub1, NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_UNREACHABLE);
	/* with what they were told ends the memory of them */
	world_run(601000);
	quartet_purge(5, &first, hub3, &hub3->nbma);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 1);
}

/* Many at a time, as when a member goes that had many MACs: an acknowledged one makes room at once. */
static void test_purges_leave_room(void **state)
{
	struct nhrp_msg m;

	quartet_ask();
	for (uint32_t i = 1; i <= VPN_TRANSITS_MAX + 1; i++)
		quartet_purge(i, &spoke1->link.mac, hub2, &hub2->nbma);
	assert_int_equal(refused(hub1, VPN_REFUSED_LIMIT), 0);
	m = sent_by(hub1, NHRP_OP_PURGE_REPLY);
	assert_int_equal(m.request_id, VPN_TRANSITS_MAX + 1);
}

/* The whole table, which a server may fill; who purges asks again. */
static void test_full_table_and_purges(void **state)
{
	spoke1->deaf = true;
	for (uint32_t i = 1; i <= VPN_TRANSITS_MAX + 1; i++)
		quartet_purge(i, &spoke1->link.mac, hub2, &hub2->nbma);
	assert_int_equal(refused(hub1, VPN_REFUSED_LIMIT), 1);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), VPN_TRANSITS_MAX);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
	world_run(VPN_TRANSIT_MS + 1000);
	quartet_purge(1, &spoke1->link.mac, hub2, &hub2->nbma);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), VPN_TRANSITS_MAX + 1);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, quartet_setup, quartet_teardown)
	CASE(test_full_table_is_code_5),
	CASE(test_full_table_and_unknown_extension),
	CASE(test_full_list_of_ways),
	CASE(test_purges_leave_room),
	CASE(test_full_table_and_purges),
};

int main(void)
{
	return cmocka_run_group_tests_name("how much is passed on", tests, NULL, NULL);
}

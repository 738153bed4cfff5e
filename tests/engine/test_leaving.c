// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Daemons that end in good order: what a spoke takes back at its hubs and in the kernel, for
 * how long it waits, and what graceful restart keeps. RFC 2332 5.2.5, 5.2.6.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2 (VNI 100) with VM1 and a shortcut for VM2;
 *                   spoke2 10.0.0.3 (VNI 101) with VM2, which leaves
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

#define KEY "one secret for all"

static int setup(void **state)
{
	trio_setup_hub(state);
	register_and_redirect(hub, spoke1, spoke2);
	world_hairpin(hub, spoke2, spoke1, HUB_VNI, VM2, VM1);
	world_run(10);
	return 0;
}

static void assert_kernel_is_empty(const struct world_node *n)
{
	assert_int_equal(n->num_macs, 0);
	assert_int_equal(n->hub.ifindex, 0);
	assert_int_equal(n->num_instances, 0);
}

static void test_stop_takes_all_back(void **state)
{
	struct nhrp_msg m;
	struct nhrp_cie cie;

	assert_non_null(world_fdb(spoke2, VM1));
	spoke1->deaf = true; /* so that the hub's own purges do not come last */
	world_lose(NHRP_OP_PURGE_REPLY, 1000);
	assert_true(vpn_engine_leave(spoke2->engine));
	m = sent(NHRP_OP_PURGE_REQUEST);
	assert_int_equal(m.flags, 0); /* it waits for the reply */
	assert_addr(&m.src_nbma, &spoke2->nbma);
	assert_addr(&m.src_proto, &spoke2->link.mac);
	assert_addr(&m.dst_proto, &hub->link.mac);
	assert_int_equal(num_cies(&m), 1);
	cie = cie_at(&m, 0);
	assert_addr(&cie.proto, &spoke2->link.mac);
	assert_int_equal(cie.holding_time, 0);
	assert_null(world_fdb(spoke2, VM1)); /* who is there is purged of us */
	spoke1->deaf = false;
	world_lose(NHRP_OP_PURGE_REPLY, 0);
	world_run(1);
	assert_int_equal(world_num_members(hub), 1);
	assert_null(world_fdb(hub, VM2));
	world_run(250); /* the first reply was lost: the hub says the same to the second */
	assert_false(vpn_engine_is_leaving(spoke2->engine));
	vpn_engine_left(spoke2->engine);
	assert_kernel_is_empty(spoke2);
	world_run(5000);
	assert_null(world_fdb(spoke1, VM2)); /* purged in the hub's name */
	assert_int_equal(world_num_members(hub), 1);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

static void test_acknowledged_stop_ends_at_once(void **state)
{
	assert_true(vpn_engine_leave(spoke2->engine));
	world_run(1);
	assert_false(vpn_engine_is_leaving(spoke2->engine));
	world_run(2000);
	assert_int_equal(vpn_engine_counters(spoke2->engine)->sent[NHRP_OP_PURGE_REQUEST], 1);
}

static void test_stop_does_not_wait_for_ever(void **state)
{
	world_lose(NHRP_OP_PURGE_REQUEST, 1000);
	assert_true(vpn_engine_leave(spoke2->engine));
	world_run(740);
	assert_true(vpn_engine_is_leaving(spoke2->engine));
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 3);
	world_run(20);
	assert_false(vpn_engine_is_leaving(spoke2->engine));
	vpn_engine_left(spoke2->engine);
	assert_kernel_is_empty(spoke2);
	assert_int_equal(world_num_members(hub), 2); /* until its holding time is over */
}

/* The device goes while the hub has not acknowledged: it is told by the MAC that the device had. */
static void test_device_goes_before_the_end(void **state)
{
	world_lose(NHRP_OP_PURGE_REQUEST, 1000);
	assert_true(vpn_engine_leave(spoke2->engine));
	vpn_engine_record(spoke2->engine, &(struct dm_rec){ .type = DM_REC_LINK_DEL, .link.ifindex = WORLD_TUN_IFINDEX });
	world_lose(NHRP_OP_PURGE_REQUEST, 0);
	world_run(300);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 3); /* its second, and the hub's to spoke1 */
	assert_false(vpn_engine_is_leaving(spoke2->engine));
	assert_int_equal(world_num_members(hub), 1);
	vpn_engine_left(spoke2->engine);
	assert_int_equal(spoke2->num_macs, 0);
}

/* A server that is taken out of the controller's configuration would else send frames for the holding time. */
static void test_server_taken_out_is_told(void **state)
{
	spoke2->ctl.num_servers = 0;
	vpn_engine_controller(spoke2->engine, &spoke2->ctl);
	assert_int_equal(sent(NHRP_OP_PURGE_REQUEST).flags, NHRP_PURGE_NO_REPLY);
	world_run(10);
	assert_int_equal(world_num_members(hub), 1);
	assert_null(world_fdb(hub, VM2));
	assert_int_equal(world_instance(spoke2).num_hubs, 0);
}

/* Neighbours go, too, and with them what the bridge answers for them. */
static void test_stop_takes_neighbours(void **state)
{
	const char *ip1 = "11.0.0.1", *ip2 = "11.0.0.2";

	vpn_engine_set_arp_suppress(spoke1->engine, "tun2", true);
	vpn_engine_set_arp_suppress(spoke2->engine, "tun2", true);
	vpn_engine_commit(spoke1->engine);
	vpn_engine_commit(spoke2->engine);
	world_run(10);
	world_neigh(spoke1, ip1, VM1);
	world_neigh(spoke2, ip2, VM2);
	world_run(10);
	world_wanted(spoke1, ip2);
	world_wanted(spoke2, ip1);
	world_run(10);
	assert_non_null(world_neigh_entry(spoke1, ip2));
	assert_non_null(world_neigh_entry(spoke2, ip1));
	assert_true(vpn_engine_leave(spoke2->engine));
	world_run(10);
	assert_null(world_neigh_entry(spoke1, ip2)); /* purged by the hub */
	assert_null(world_neigh_entry(spoke2, ip1));
	vpn_engine_left(spoke2->engine);
	assert_kernel_is_empty(spoke2);
	assert_int_equal(spoke2->num_neighs, 0);
}

/* A hub whose answers never came may hold us all the same: it is told, by the one address we know, and not waited for. */
static void test_silent_hub_is_told_but_not_waited_for(void **state)
{
	struct world_node *spoke3 = world_spoke(4, 102);
	struct nhrp_msg m;

	world_lose(NHRP_OP_REGISTRATION_REPLY, 1000);
	world_configure(spoke3, 1, hub);
	world_run(100);
	assert_int_equal(world_num_members(hub), 3);
	assert_true(vpn_engine_leave(spoke3->engine));
	assert_false(vpn_engine_is_leaving(spoke3->engine));
	m = sent(NHRP_OP_PURGE_REQUEST);
	assert_addr(&m.dst_proto, &spoke3->link.mac); /* RFC 2332 5.2.5: the hub's is not known */
	world_run(1);
	assert_int_equal(world_num_members(hub), 2);
}

/* Whatever comes while it waits, the spoke does not come back by it. */
static void test_nothing_new_while_leaving(void **state)
{
	unsigned int requests;

	vpn_engine_set_arp_suppress(spoke2->engine, "tun2", true);
	vpn_engine_commit(spoke2->engine);
	world_run(100);
	requests = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	world_lose(NHRP_OP_PURGE_REQUEST, 1000);
	assert_true(vpn_engine_leave(spoke2->engine));
	world_hairpin(hub, spoke2, spoke1, HUB_VNI, VM2, VM1);
	world_local(spoke2, "02:aa:00:00:00:09", false);
	world_neigh(spoke2, "11.0.0.9", "02:aa:00:00:00:09");
	world_wanted(spoke2, "11.0.0.1");
	vpn_engine_set_holdtime(spoke2->engine, "tun2", 600);
	vpn_engine_commit(spoke2->engine);
	world_link(spoke2);
	world_module(spoke2, false);
	world_module(spoke2, true);
	world_run(700);
	assert_int_equal(refused(spoke2, VPN_REFUSED_NOT_READY), 1); /* the redirect */
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 2);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST), requests);
	assert_null(world_fdb(spoke2, VM1));
}

static void test_purge_reply_of_another_does_not_end_it(void **state)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_PURGE_REPLY, 1);
	struct nhrp_cie cie = { .proto = spoke2->link.mac };
	struct nhrp_builder b;
	uint8_t buf[512];

	/* nobody leaves yet */
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(spoke2, &hub->nbma, &b);
	assert_int_equal(refused(spoke2, VPN_REFUSED_UNEXPECTED_REPLY), 1);

	world_lose(NHRP_OP_PURGE_REQUEST, 1000);
	assert_true(vpn_engine_leave(spoke2->engine));
	m = sent(NHRP_OP_PURGE_REQUEST);
	cie = cie_at(&m, 0);
	m.op = NHRP_OP_PURGE_REPLY;
	for (int right = 0; right < 4; right++) {
		struct nhrp_msg reply = m;

		if (right == 0)
			reply.request_id++;
		if (right == 1)
			reply.src_proto = spoke1->link.mac;
		nhrp_build_begin(&b, buf, sizeof(buf), &reply);
		nhrp_build_cie(&b, &cie);
		deliver(spoke2, right == 2 ? &spoke1->nbma : &hub->nbma, &b);
		assert_int_equal(vpn_engine_is_leaving(spoke2->engine), right < 3);
	}
	assert_int_equal(refused(spoke2, VPN_REFUSED_UNEXPECTED_REPLY), 3);
	assert_int_equal(refused(spoke2, VPN_REFUSED_NOT_HUB), 1);
}

/* With it nobody is told, and the kernel goes on, as after a crash. */
static void test_graceful_restart_keeps_all(void **state)
{
	vpn_engine_set_graceful_restart(spoke2->engine, "tun2", true);
	vpn_engine_commit(spoke2->engine);
	assert_false(vpn_engine_leave(spoke2->engine));
	vpn_engine_left(spoke2->engine);
	world_restart(spoke2);
	world_run(100);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 0);
	assert_int_equal(world_num_members(hub), 2);
	assert_non_null(world_fdb(spoke2, VM1));
	assert_non_null(world_fdb(spoke1, VM2));
	assert_addr(&spoke2->hub.nbma, &hub->nbma);
}

static void test_hub_that_stops_keeps_all(void **state)
{
	assert_false(vpn_engine_leave(hub->engine));
	vpn_engine_left(hub->engine);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 0);
	assert_int_equal(hub->num_members, 2);
	assert_non_null(world_fdb(hub, VM2));
	assert_int_equal(hub->num_instances, 1);
}

/* It did nothing of what the first one asked, as it may have been a recording; the second is said under its new epoch. */
static void test_stop_at_a_hub_that_started_anew(void **state)
{
	struct world_node *all[] = { hub, spoke1, spoke2 };

	for (size_t i = 0; i < 3; i++)
		world_key_chain(all[i], 1, KEY);
	world_run(31000);
	assert_int_equal(world_num_members(hub), 2);
	world_restart(hub);
	world_key_chain(hub, 1, KEY);
	world_configure(hub, 1, NULL);
	world_run(10);
	assert_int_equal(world_num_members(hub), 2); /* of the module */
	assert_true(vpn_engine_leave(spoke2->engine));
	world_run(10);
	assert_false(vpn_engine_is_leaving(spoke2->engine));
	assert_int_equal(world_num_members(hub), 1);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	CASE(test_stop_takes_all_back),
	CASE(test_acknowledged_stop_ends_at_once),
	CASE(test_stop_does_not_wait_for_ever),
	CASE(test_device_goes_before_the_end),
	CASE(test_server_taken_out_is_told),
	CASE(test_stop_takes_neighbours),
	CASE(test_silent_hub_is_told_but_not_waited_for),
	CASE(test_nothing_new_while_leaving),
	CASE(test_purge_reply_of_another_does_not_end_it),
	CASE(test_graceful_restart_keeps_all),
	CASE(test_hub_that_stops_keeps_all),
	CASE(test_stop_at_a_hub_that_started_anew),
};

int main(void)
{
	return cmocka_run_group_tests_name("daemons that end", tests, NULL, NULL);
}

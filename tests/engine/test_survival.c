// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an overlay meets in daily life, engine level: links and controllers that
 * flap, hubs that change or fail, members that move, configuration that swaps.
 * One hub (10.0.0.1) and spokes (10.0.0.2 VNI 100, 10.0.0.3 VNI 101).
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

static int setup(void **state)
{
	trio_setup_all(state);
	world_run(100);
	return 0;
}

static void make_shortcuts(void)
{
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_hairpin(hub, spoke2, spoke1, HUB_VNI, VM2, VM1);
	world_run(10);
	assert_non_null(world_fdb(spoke1, VM2));
}

static void controller_down(struct world_node *n)
{
	struct vpn_controller gone = { .name = "tun1", .reason = "is down" };

	vpn_engine_controller(n->engine, &gone);
}

static void test_flapping_controller_costs_nothing(void **state)
{
	unsigned int requests;

	make_shortcuts();
	controller_down(hub);
	controller_down(spoke1);
	world_run(500);
	assert_int_equal(world_instance(hub).state, VPN_INACTIVE);
	assert_string_equal(world_instance(hub).reason, "controller tun1 is down");
	assert_int_equal(hub->num_members, 2);
	assert_non_null(world_fdb(spoke1, VM2));
	assert_int_equal(spoke1->hub.remote_vni, HUB_VNI);
	requests = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	vpn_engine_controller(hub->engine, &hub->ctl);
	vpn_engine_controller(spoke1->engine, &spoke1->ctl);
	world_run(500);
	assert_int_equal(world_instance(hub).state, VPN_UP);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(world_num_members(hub), 2);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST), requests);
}

static void test_link_that_was_down_is_stated_anew(void **state)
{
	make_shortcuts();
	spoke1->link.flags &= (uint8_t)~DM_LINK_UP;
	world_link(spoke1);
	assert_string_equal(world_instance(spoke1).reason, "tun2 is down");
	spoke1->num_macs = 0; /* the kernel forgets what a device that goes down had */
	spoke1->hub = (struct dm_hub){ 0 };
	spoke1->link.flags |= DM_LINK_UP;
	world_link(spoke1);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_non_null(world_fdb(spoke1, VM2));
	assert_int_equal(spoke1->hub.remote_vni, HUB_VNI);
}

static void test_hub_device_made_again_keeps_its_members(void **state)
{
	make_shortcuts();
	vpn_engine_record(hub->engine, &(struct dm_rec){ .type = DM_REC_LINK_DEL, .link.ifindex = hub->link.ifindex });
	assert_string_equal(world_instance(hub).reason, "tun2 does not exist or is neither VXLAN nor GRE");
	hub->num_members = hub->num_macs = hub->num_instances = 0;
	hub->link.ifindex = 78;
	world_link(hub);
	assert_int_equal(world_instance(hub).state, VPN_UP);
	assert_int_equal(hub->num_members, 2);
	assert_int_equal(hub->members[0].ifindex, 78);
	assert_non_null(world_fdb(hub, VM1));
	assert_int_equal(hub->refused, 0);
}

static void test_device_gone_while_the_module_was_away(void **state)
{
	make_shortcuts();
	world_module(spoke1, false);
	spoke1->link.ifindex = 0; /* not in the dump any more */
	world_module(spoke1, true);
	world_run(10);
	assert_string_equal(world_instance(spoke1).reason, "tun2 does not exist or is neither VXLAN nor GRE");
	assert_int_equal(world_instance(spoke1).role, DM_ROLE_NONE);
}

static void test_forgetful_hub_is_told_within_half_a_minute(void **state)
{
	world_restart(hub);
	hub->num_members = hub->num_macs = 0; /* the whole node rebooted */
	hub->num_instances = 0;
	world_configure(hub, 1, NULL);
	world_run(10);
	assert_int_equal(world_num_members(hub), 0);
	world_run(30000);
	assert_int_equal(world_num_members(hub), 2);
}

/* A hub that starts anew does not know any more whom it told what; the spokes ask again, and it can purge them. */
static void test_hub_that_started_anew_can_purge(void **state)
{
	struct world_node *spoke3 = world_spoke(4, 102);
	unsigned int asked;

	world_configure(spoke3, 1, hub);
	world_run(100);
	make_shortcuts();
	spoke1->idle_ms = spoke2->idle_ms = 3600 * 1000;
	world_restart(hub);
	world_configure(hub, 1, NULL);
	asked = world_seen(NHRP_OP_RESOLUTION_REQUEST);
	world_run(32000);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), asked + 2);
	assert_non_null(world_fdb(spoke1, VM2));
	world_mac_seen(hub, spoke3, HUB_VNI, VM2);
	world_run(10);
	assert_null(world_fdb(spoke1, VM2));
	assert_non_null(world_fdb(spoke2, VM1));
}

/* The first reply with another boot epoch makes a node renew its other VPNs at once. */
static void test_new_boot_epoch_is_noticed(void **state)
{
	vpn_engine_set_instance(hub->engine, "tun2", (struct vpn_id){ .index = 2 }, 0);
	vpn_engine_commit(hub->engine);
	world_second_device(spoke1, 200);
	vpn_engine_set_instance(spoke1->engine, "tun3", (struct vpn_id){ .index = 2 }, 0);
	vpn_engine_set_controller_name(spoke1->engine, "tun3", "tun1");
	vpn_engine_commit(spoke1->engine);
	world_run(100);
	assert_int_equal(world_instance_of(spoke1, 2).state, VPN_UP);
	assert_int_equal(world_num_members(hub), 3);
	spoke2->deaf = true;
	world_restart(hub);
	hub->num_members = hub->num_macs = hub->num_instances = 0;
	vpn_engine_set_instance(hub->engine, "tun2", (struct vpn_id){ .index = 2 }, 0);
	world_configure(hub, 1, NULL);
	world_run(10);
	/* something makes spoke1 renew VPN 2 now; VPN 1 is not due for long */
	vpn_engine_set_holdtime(spoke1->engine, "tun3", 600);
	world_run(50);
	assert_int_equal(world_instance_of(hub, 2).num_members, 1);
	assert_int_equal(world_instance_of(hub, 1).num_members, 1);
}

static void test_hub_at_another_address_is_followed(void **state)
{
	hub->link.local = world_addr("10.0.0.77");
	world_link(hub);
	world_run(30000); /* a renewal */
	assert_true(dm_addr_same(&spoke1->hub.nbma, &hub->link.local));
	assert_true(dm_addr_same(&world_instance(spoke1).hubs[0].nbma, &hub->link.local));
}

static void test_member_at_another_address_is_one_member(void **state)
{
	make_shortcuts();
	spoke1->link.local = world_addr("10.0.0.88");
	world_link(spoke1);
	world_run(100);
	assert_int_equal(world_num_members(hub), 2);
	assert_int_equal(hub->num_members, 2);
	assert_null(world_fdb(spoke2, VM1)); /* what spoke2 was told is void */
}

static void test_second_server_takes_over(void **state)
{
	struct world_node *hub2 = world_hub(9);

	world_configure(hub2, 1, NULL);
	spoke1->ctl.num_servers = 2;
	spoke1->ctl.servers[1].nbma = hub2->nbma;
	vpn_engine_controller(spoke1->engine, &spoke1->ctl);
	world_run(100);
	assert_int_equal(world_instance(spoke1).num_hubs, 2);
	assert_true(dm_addr_same(&spoke1->hub.nbma, &hub->nbma)); /* the first in the configuration */
	/* the first one is taken out of the configuration */
	spoke1->ctl.num_servers = 1;
	spoke1->ctl.servers[0] = spoke1->ctl.servers[1];
	vpn_engine_controller(spoke1->engine, &spoke1->ctl);
	world_run(100);
	assert_int_equal(world_instance(spoke1).num_hubs, 1);
	assert_true(dm_addr_same(&spoke1->hub.nbma, &hub2->nbma));
	/* … and comes back behind it: what runs is not changed by that */
	spoke1->ctl.num_servers = 2;
	spoke1->ctl.servers[1].nbma = hub->nbma;
	vpn_engine_controller(spoke1->engine, &spoke1->ctl);
	world_run(100);
	assert_true(dm_addr_same(&spoke1->hub.nbma, &hub2->nbma));
	assert_int_equal(world_num_members(hub2), 1);
}

static void test_two_moves_leave_nothing_stale(void **state)
{
	struct world_node *spoke3 = world_spoke(4, 102), *spoke4 = world_spoke(5, 103);

	world_configure(spoke3, 1, hub);
	world_configure(spoke4, 1, hub);
	world_run(100);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_hairpin(hub, spoke3, spoke2, HUB_VNI, VM1, VM2);
	world_run(10);
	assert_non_null(world_fdb(spoke3, VM2));
	world_mac_seen(hub, spoke3, HUB_VNI, VM2); /* it moves to the one that has a shortcut for it */
	world_run(10);
	assert_null(world_fdb(spoke3, VM2));
	world_mac_seen(hub, spoke4, HUB_VNI, VM2);
	world_run(10);
	assert_null(world_fdb(spoke3, VM2));
}

static void test_redirect_for_a_young_shortcut_is_an_echo(void **state)
{
	unsigned int asked;

	make_shortcuts();
	asked = world_seen(NHRP_OP_RESOLUTION_REQUEST);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(10);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), asked);
	/* frames that still go by the hub a second later say that something is wrong with it */
	world_run(1000);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(10);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), asked + 1);
}

static void test_lost_renewal_is_tried_again_later(void **state)
{
	vpn_engine_set_holdtime(hub->engine, "tun2", 120);
	make_shortcuts();
	spoke1->idle_ms = spoke2->idle_ms = 0;
	world_run(79000);
	world_lose(NHRP_OP_RESOLUTION_REQUEST, 8); /* the first round of both */
	world_run(16000);
	world_lose(NHRP_OP_RESOLUTION_REQUEST, 0);
	world_run(120000);
	assert_non_null(world_fdb(spoke1, VM2));
	assert_non_null(world_fdb(spoke2, VM1));
}

static void hub_instances(uint32_t a, uint16_t vlan_a, uint32_t b, uint16_t vlan_b)
{
	vpn_engine_set_instance(hub->engine, "tun2", (struct vpn_id){ .index = a }, vlan_a);
	vpn_engine_set_instance(hub->engine, "tun2", (struct vpn_id){ .index = b }, vlan_b);
	vpn_engine_commit(hub->engine);
	world_run(10);
}

static void test_vlans_swapped_in_one_transaction(void **state)
{
	hub_instances(5, 10, 6, 20);
	assert_int_equal(hub->num_instances, 3);
	hub_instances(5, 20, 6, 10);
	assert_int_equal(hub->num_instances, 3);
	assert_int_equal(world_instance_of(hub, 5).vni, 4096 + 20);
	assert_int_equal(world_instance_of(hub, 6).vni, 4096 + 10);
	assert_int_equal(world_instance_of(hub, 6).state, VPN_UP);
	/* one VLAN for two: the lower VPN has it, the other says why it has none */
	hub_instances(5, 20, 6, 20);
	assert_int_equal(world_instance_of(hub, 5).state, VPN_UP);
	assert_string_equal(world_instance_of(hub, 6).reason, "VLAN 20 of tun2 belongs to another VPN");
}

static void test_spoke_device_serves_one_vpn(void **state)
{
	vpn_engine_set_instance(spoke1->engine, "tun2", (struct vpn_id){ .index = 7 }, 0);
	vpn_engine_commit(spoke1->engine);
	world_run(10);
	assert_int_equal(world_instance_of(spoke1, 1).state, VPN_UP);
	assert_string_equal(world_instance_of(spoke1, 7).reason, "tun2 has one VNI and serves the first VPN on it only");
	assert_int_equal(spoke1->num_instances, 1);
	vpn_engine_unset_instance(spoke1->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke1->engine);
	world_run(10);
	assert_int_equal(world_instance_of(spoke1, 7).role, DM_ROLE_SPOKE);
	assert_int_equal(spoke1->num_instances, 1);
}

static void test_vpn_moves_to_another_device_in_one_transaction(void **state)
{
	world_second_device(spoke1, 200);
	vpn_engine_set_instance(spoke1->engine, "tun3", (struct vpn_id){ .index = 1 }, 0);
	vpn_engine_set_controller_name(spoke1->engine, "tun3", "tun1");
	vpn_engine_unset_instance(spoke1->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke1->engine);
	world_run(100);
	assert_string_equal(world_instance(spoke1).ifname, "tun3");
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(spoke1->hub.ifindex, WORLD_TUN_IFINDEX + 1);
	assert_int_equal(world_num_members(hub), 2);
	for (size_t i = 0; i < hub->num_members; i++)
		if (dm_addr_same(&hub->members[i].nbma, &spoke1->nbma))
			assert_int_equal(hub->members[i].remote_vni, 200);
}

/* A MAC that a thousand members asked for is not lost to the next one for ever. */
static void test_askers_make_room(void **state)
{
	struct vpn_path from = { .ifindex = WORLD_CTL_IFINDEX };
	uint8_t buf[512];

	vpn_engine_set_holdtime(hub->engine, "tun2", 20);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	for (uint32_t i = 0; i < 1024; i++) {
		uint8_t nbma[4] = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i }, mac[6] = { 2, 1, 0, 0, (uint8_t)(i >> 8), (uint8_t)i };
		struct nhrp_cie cie = { .holding_time = 7200 };
		struct nhrp_builder b;
		struct nhrp_msg m = {
			.has_vpn = true, .vpn.index = 1, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB, .hop_count = 255,
			.op = NHRP_OP_REGISTRATION_REQUEST, .request_id = i, .src_sub = nhrp_subaddr_vni(1000 + i),
		};

		dm_addr_set(&m.src_nbma, DM_IPV4, nbma, 4);
		dm_addr_set(&m.src_proto, DM_MAC, mac, 6);
		m.dst_proto = m.src_proto;
		from.nbma = m.src_nbma;
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		nhrp_build_cie(&b, &cie);
		vpn_engine_packet(hub->engine, &from, buf, nhrp_build_end(&b));
		m.op = NHRP_OP_RESOLUTION_REQUEST;
		m.dst_proto = world_addr(VM2);
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		vpn_engine_packet(hub->engine, &from, buf, nhrp_build_end(&b));
	}
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(100);
	assert_null(world_fdb(spoke1, VM2)); /* full: said so, and the hub's way is open */
	world_run(30000); /* what they were told is void by now */
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(100);
	assert_non_null(world_fdb(spoke1, VM2));
}

#define VM3 "02:aa:00:00:00:03"

/* What talks by shortcut alone is never heard by the hub: its home spoke says where it is. */
static void test_hub_is_told_of_macs_it_cannot_hear(void **state)
{
	struct vpn_mac_view v;
	unsigned int requests;

	vpn_engine_set_keepalive(spoke1->engine, "tun2", VPN_KEEPALIVE_MAX);
	vpn_engine_set_keepalive(spoke2->engine, "tun2", VPN_KEEPALIVE_MAX);
	world_local(spoke2, VM3, false);
	requests = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	world_run(5000);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST), requests); /* no shortcut, nothing hidden */
	make_shortcuts();
	assert_true(world_mac(hub, VM3, &v));
	assert_true(dm_addr_same(&v.nbma, &spoke2->nbma));
	assert_int_equal(hub->binds, 1); /* and the switch knows */
	assert_non_null(world_fdb(hub, VM3));
	/* so the other side gets an answer */
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM3);
	world_run(10);
	assert_non_null(world_fdb(spoke1, VM3));
	/* one that comes later, its first registration lost */
	world_lose(NHRP_OP_REGISTRATION_REQUEST, 1);
	world_local(spoke2, "02:aa:00:00:00:04", false);
	assert_false(world_mac(hub, "02:aa:00:00:00:04", &v));
	world_run(2000);
	assert_true(world_mac(hub, "02:aa:00:00:00:04", &v));
}

static void test_many_local_macs_go_in_few_messages(void **state)
{
	unsigned int requests;
	char mac[32];

	for (int i = 0; i < 100; i++) {
		snprintf(mac, sizeof(mac), "02:bb:00:00:00:%02x", i);
		world_local(spoke2, mac, false);
	}
	world_local(spoke2, "02:bb:00:00:00:63", true); /* one is gone before it was told */
	requests = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	make_shortcuts();
	world_run(100);
	assert_int_equal(hub->binds, 99);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST) - requests, 4);
	/* a hub that forgot everything hears it all again, once the spoke has registered */
	world_restart(hub);
	hub->num_members = hub->num_macs = hub->num_instances = hub->binds = 0;
	world_configure(hub, 1, NULL);
	world_run(35000);
	assert_int_equal(hub->binds, 99);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	CASE(test_flapping_controller_costs_nothing),
	CASE(test_link_that_was_down_is_stated_anew),
	CASE(test_hub_device_made_again_keeps_its_members),
	CASE(test_device_gone_while_the_module_was_away),
	CASE(test_forgetful_hub_is_told_within_half_a_minute),
	CASE(test_hub_that_started_anew_can_purge),
	CASE(test_new_boot_epoch_is_noticed),
	CASE(test_hub_at_another_address_is_followed),
	CASE(test_member_at_another_address_is_one_member),
	CASE(test_second_server_takes_over),
	CASE(test_two_moves_leave_nothing_stale),
	CASE(test_redirect_for_a_young_shortcut_is_an_echo),
	CASE(test_lost_renewal_is_tried_again_later),
	CASE(test_vlans_swapped_in_one_transaction),
	CASE(test_spoke_device_serves_one_vpn),
	CASE(test_vpn_moves_to_another_device_in_one_transaction),
	CASE(test_askers_make_room),
	CASE(test_hub_is_told_of_macs_it_cannot_hear),
	CASE(test_many_local_macs_go_in_few_messages),
};

int main(void)
{
	return cmocka_run_group_tests_name("engines in daily life", tests, NULL, NULL);
}

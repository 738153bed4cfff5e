// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Engines talking in memory: registration, redirect, resolution, shortcut, purge,
 * renewal and expiry, with messages lost and repeated, nodes and modules
 * restarting. One hub (10.0.0.1) and spokes (10.0.0.2 VNI 100, 10.0.0.3 VNI 101).
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/trio.h"

#define HUB_VNI 4097 /* VLAN 1 */
#define VM1 "02:aa:00:00:00:01"
#define VM2 "02:aa:00:00:00:02"

/* Registered, both MACs learned, one frame each way through the hub. */
static void make_shortcuts(void)
{
	world_run(100);
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_hairpin(hub, spoke2, spoke1, HUB_VNI, VM2, VM1);
	world_run(10);
}

static void assert_fdb(const struct world_node *n, const char *mac, const struct world_node *to, uint32_t vni)
{
	const struct dm_mac *entry = world_fdb(n, mac);

	assert_non_null(entry);
	assert_true(dm_addr_same(&entry->nbma, &to->nbma));
	assert_int_equal(entry->remote_vni, vni);
}

static void test_registration(void **state)
{
	struct vpn_instance_view v;

	world_run(100);
	v = world_instance(spoke1);
	assert_int_equal(v.state, VPN_UP);
	assert_int_equal(v.role, DM_ROLE_SPOKE);
	assert_string_equal(v.reason, "");
	assert_int_equal(v.num_hubs, 1);
	assert_true(v.hubs[0].active && v.hubs[0].registered);
	assert_int_equal(v.hubs[0].vni, HUB_VNI);
	assert_true(dm_addr_same(&v.hubs[0].mac, &hub->link.mac));
	/* the spoke's BUM frames go to the hub with the hub's VNI */
	assert_true(dm_addr_same(&spoke1->hub.nbma, &hub->nbma));
	assert_int_equal(spoke1->hub.remote_vni, HUB_VNI);
	/* the hub's switch knows each member with its own VNI */
	v = world_instance(hub);
	assert_int_equal(v.role, DM_ROLE_HUB);
	assert_int_equal(v.num_members, 2);
	assert_int_equal(hub->num_members, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(hub->members[i].remote_vni, dm_addr_same(&hub->members[i].nbma, &spoke1->nbma) ? 100 : 101);
}

static void test_registration_is_retried_and_renewed(void **state)
{
	world_lose(NHRP_OP_REGISTRATION_REQUEST, 2);
	world_lose(NHRP_OP_REGISTRATION_REPLY, 2);
	world_run(20);
	assert_int_equal(world_instance(spoke1).state, VPN_REGISTERING);
	world_run(20000);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(world_instance(spoke2).state, VPN_UP);
	/* a day of holding times: renewed, never expired */
	world_run(24ull * 3600 * 1000);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(world_num_members(hub), 2);
	assert_int_equal(hub->warnings, 0);
}

static void test_repeated_messages_change_nothing(void **state)
{
	struct vpn_mac_view v;

	world_repeat(true);
	make_shortcuts();
	assert_int_equal(world_num_members(hub), 2);
	assert_int_equal(spoke1->num_macs, 1);
	assert_true(world_mac(spoke1, VM2, &v));
	assert_string_equal(v.type, "shortcut");
	assert_true(vpn_engine_counters(spoke1->engine)->refused[VPN_REFUSED_UNEXPECTED_REPLY] > 0);
}

static void test_redirect_makes_shortcuts_both_ways(void **state)
{
	struct vpn_mac_view v;

	make_shortcuts();
	assert_fdb(spoke1, VM2, spoke2, 101);
	assert_fdb(spoke2, VM1, spoke1, 100);
	assert_true(world_mac(spoke1, VM2, &v));
	assert_string_equal(v.type, "shortcut");
	assert_int_equal(world_instance(spoke1).num_shortcuts, 1);
	/* the binding is in the hub's FDB too */
	assert_fdb(hub, VM1, spoke1, 100);
	assert_fdb(hub, VM2, spoke2, 101);
}

static void test_unknown_mac_is_refused_with_code_12(void **state)
{
	const uint8_t *octets;
	struct vpn_mac_view v;
	struct nhrp_msg m;
	struct nhrp_cie cie;

	world_run(100);
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(10);
	/* the same MAC asked for by its own home: the hub must not send it to itself */
	world_hairpin(hub, spoke2, spoke2, HUB_VNI, VM1, VM2);
	world_run(10);
	assert_int_equal(nhrp_msg_decode(&m, octets, world_last(NHRP_OP_RESOLUTION_REPLY, &octets), NULL), NHRP_DROP_NONE);
	assert_true(nhrp_cie_next(&m.body, m.afn, m.pro_type, &cie));
	assert_int_equal(cie.code, NHRP_CIE_NO_BINDING);
	assert_false(dm_addr_is_set(&cie.nbma));
	assert_true(world_mac(spoke2, VM2, &v));
	assert_string_equal(v.type, "negative");
	assert_null(world_fdb(spoke2, VM2));
}

static void test_move_purges_those_who_asked(void **state)
{
	struct world_node *spoke3 = world_spoke(4, 102);
	unsigned int purges;

	world_configure(spoke3, 1, hub);
	make_shortcuts();
	purges = world_seen(NHRP_OP_PURGE_REQUEST);
	assert_int_equal(purges, 0);
	world_lose(NHRP_OP_PURGE_REQUEST, 1);
	world_mac_seen(hub, spoke3, HUB_VNI, VM2);
	world_run(10);
	assert_fdb(spoke1, VM2, spoke2, 101); /* the purge was lost … */
	world_run(3000);
	assert_null(world_fdb(spoke1, VM2)); /* … and repeated */
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 3); /* the former home is told, too */
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 2);
	assert_fdb(spoke2, VM1, spoke1, 100); /* who did not ask keeps what he has */
	world_hairpin(hub, spoke1, spoke3, HUB_VNI, VM1, VM2);
	world_run(10);
	assert_fdb(spoke1, VM2, spoke3, 102);
	world_run(60000);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 3);
}

/* In the module too, which would put it back when the device comes up or it hears of the loss. */
static void test_entry_gone_from_kernel_ends_shortcut(void **state)
{
	struct vpn_mac_view v;

	vpn_engine_set_holdtime(hub->engine, "tun2", 30);
	make_shortcuts();
	spoke1->used_found = false;
	world_run(25000);
	assert_false(world_mac(spoke1, VM2, &v));
	assert_null(world_fdb(spoke1, VM2));
}

static void test_silent_member_expires_with_its_macs(void **state)
{
	vpn_engine_set_holdtime(spoke1->engine, "tun2", 30);
	make_shortcuts();
	spoke1->deaf = true;
	world_lose(NHRP_OP_REGISTRATION_REQUEST, 1000000);
	world_run(40000);
	assert_int_equal(world_num_members(hub), 1);
	assert_null(world_fdb(hub, VM1));
	assert_null(world_fdb(spoke2, VM1)); /* purged */
	assert_fdb(hub, VM2, spoke2, 101);
	/* and the spoke knows that it has no hub any more */
	assert_int_equal(world_instance(spoke1).state, VPN_REGISTERING);
	assert_int_equal(spoke1->hub.ifindex, 0);
	spoke1->deaf = false;
	world_lose(NHRP_OP_REGISTRATION_REQUEST, 0);
	world_run(40000);
	assert_int_equal(world_num_members(hub), 2);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
}

static void test_restarted_hub_takes_members_back(void **state)
{
	make_shortcuts();
	world_restart(hub);
	world_run(10);
	world_configure(hub, 1, NULL);
	world_run(10);
	/* from the module, with no message from any spoke */
	assert_int_equal(world_num_members(hub), 2);
	assert_fdb(hub, VM1, spoke1, 100);
	assert_int_equal(hub->sync_ends, 0); /* nothing is swept before the grace is over */
	world_run(60000);
	assert_int_equal(hub->sync_ends, 1);
	assert_int_equal(world_num_members(hub), 2);
	/* the shortcuts never noticed */
	assert_fdb(spoke1, VM2, spoke2, 101);
}

static void test_module_restart_is_restated(void **state)
{
	make_shortcuts();
	world_module(spoke1, false);
	assert_int_equal(world_instance(spoke1).state, VPN_INACTIVE);
	assert_string_equal(world_instance(spoke1).reason, "test took the module away");
	spoke1->num_macs = spoke1->num_instances = 0;
	spoke1->hub = (struct dm_hub){ 0 };
	world_module(spoke1, true);
	world_run(10);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_fdb(spoke1, VM2, spoke2, 101);
	assert_int_equal(spoke1->hub.remote_vni, HUB_VNI);
	/* and at the hub */
	world_module(hub, false);
	hub->num_macs = hub->num_members = hub->num_instances = 0;
	world_module(hub, true);
	world_run(10);
	assert_int_equal(hub->num_members, 2);
	assert_fdb(hub, VM1, spoke1, 100);
}

static void test_vpn_removed_leaves_nothing(void **state)
{
	make_shortcuts();
	vpn_engine_unset_instance(spoke1->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke1->engine);
	assert_int_equal(spoke1->num_macs, 0);
	assert_int_equal(spoke1->num_instances, 0);
	assert_int_equal(spoke1->hub.ifindex, 0);
	vpn_engine_unset_instance(hub->engine, "tun2", (struct vpn_id){ .index = 1 });
	assert_int_equal(hub->num_members, 0);
	assert_int_equal(hub->num_macs, 0);
	assert_int_equal(hub->num_instances, 0);
}

static void test_vpns_stay_apart(void **state)
{
	struct vpn_mac_view v;

	/* the hub serves VPN 2 as well; spoke2 leaves VPN 1 for it */
	vpn_engine_set_instance(hub->engine, "tun2", (struct vpn_id){ .index = 2 }, 0);
	vpn_engine_commit(hub->engine);
	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	world_configure(spoke2, 2, hub);
	world_run(100);
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI + 1, VM1); /* the same MAC lives in both */
	world_mac_seen(hub, spoke2, HUB_VNI + 1, VM2);
	assert_int_equal(hub->num_macs, 3);
	assert_int_equal(world_num_members(hub), 2);
	/* spoke1 asks in VPN 1 for a MAC of VPN 2 */
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(5000);
	assert_false(world_mac(spoke1, VM2, &v));
	assert_null(world_fdb(spoke1, VM2));
}

static void test_inactive_reasons(void **state)
{
	struct world_node *n = world_spoke(6, 104);
	struct dm_rec link = { .type = DM_REC_LINK };
	struct vpn_controller gone = { .name = "tun1", .reason = "is down" };

	vpn_engine_set_instance(n->engine, "tun2", (struct vpn_id){ .index = 1 }, 0);
	vpn_engine_commit(n->engine);
	assert_string_equal(world_instance(n).reason, "no controller is configured on tun2");
	vpn_engine_set_controller_name(n->engine, "tun2", "tun1");
	vpn_engine_commit(n->engine);
	assert_string_equal(world_instance(n).reason, "controller tun1 does not exist");
	world_configure(n, 1, NULL);
	world_run(100);
	assert_int_equal(world_instance(n).state, VPN_REGISTERING);
	assert_string_equal(world_instance(n).reason, "the controller has no next hop server");
	world_configure(n, 1, hub);
	world_run(100);
	assert_int_equal(world_instance(n).state, VPN_UP);
	vpn_engine_controller(n->engine, &gone);
	assert_string_equal(world_instance(n).reason, "controller tun1 is down");
	world_configure(n, 1, hub);
	world_run(100);
	assert_int_equal(world_instance(n).state, VPN_UP);
	link.link = n->link;
	link.link.flags &= (uint8_t)~DM_LINK_UP;
	vpn_engine_record(n->engine, &link);
	assert_string_equal(world_instance(n).reason, "tun2 is down");
	vpn_engine_set_role(n->engine, "tun2", VPN_ROLE_HUB);
	vpn_engine_commit(n->engine);
	vpn_engine_record(n->engine, &(struct dm_rec){ .type = DM_REC_LINK, .link = n->link });
	assert_string_equal(world_instance(n).reason, "role hub needs tun2 to be external vnifilter");
	vpn_engine_set_role(n->engine, "tun2", VPN_ROLE_AUTO);
	vpn_engine_commit(n->engine);
	world_run(100);
	assert_int_equal(world_instance(n).state, VPN_UP);
	vpn_engine_record(n->engine, &(struct dm_rec){ .type = DM_REC_LINK_DEL, .link.ifindex = n->link.ifindex });
	assert_string_equal(world_instance(n).reason, "tun2 does not exist or is neither VXLAN nor GRE");
	vpn_engine_set_instance(hub->engine, "tun2", (struct vpn_id){ .index = 70000 }, 0);
	vpn_engine_commit(hub->engine);
	assert_int_equal(world_instance(hub).state, VPN_UP); /* VPN 1 is not disturbed */
}

static void test_device_recreated_with_another_ifindex(void **state)
{
	make_shortcuts();
	vpn_engine_record(spoke1->engine,
			  &(struct dm_rec){ .type = DM_REC_LINK_DEL, .link.ifindex = spoke1->link.ifindex });
	spoke1->num_macs = spoke1->num_instances = 0;
	spoke1->hub = (struct dm_hub){ 0 };
	spoke1->link.ifindex = 77;
	spoke1->link.vni = 200;
	vpn_engine_record(spoke1->engine, &(struct dm_rec){ .type = DM_REC_LINK, .link = spoke1->link });
	world_run(2000);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(spoke1->hub.ifindex, 77);
	/* the hub and the shortcut's other end follow the new VNI; what was behind it is nowhere until it is heard */
	for (size_t i = 0; i < hub->num_members; i++)
		if (dm_addr_same(&hub->members[i].nbma, &spoke1->nbma))
			assert_int_equal(hub->members[i].remote_vni, 200);
	assert_null(world_fdb(spoke2, VM1));
	assert_null(world_fdb(hub, VM1));
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	assert_fdb(hub, VM1, spoke1, 200);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, trio_setup_all, trio_teardown)
	CASE(test_registration),
	CASE(test_registration_is_retried_and_renewed),
	CASE(test_repeated_messages_change_nothing),
	CASE(test_redirect_makes_shortcuts_both_ways),
	CASE(test_unknown_mac_is_refused_with_code_12),
	CASE(test_move_purges_those_who_asked),
	CASE(test_entry_gone_from_kernel_ends_shortcut),
	CASE(test_silent_member_expires_with_its_macs),
	CASE(test_restarted_hub_takes_members_back),
	CASE(test_module_restart_is_restated),
	CASE(test_vpn_removed_leaves_nothing),
	CASE(test_vpns_stay_apart),
	CASE(test_inactive_reasons),
	CASE(test_device_recreated_with_another_ifindex),
};

int main(void)
{
	return cmocka_run_group_tests_name("engines in memory", tests, NULL, NULL);
}

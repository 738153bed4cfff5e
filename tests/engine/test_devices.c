// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device life: what a node's VXLAN device or controller goes through, and that hub and spokes follow within
 * 2 s with nothing left of what was before, at the node itself and at the others.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

#define WITHIN 2000 /* ms */
#define BRIDGE 5

/* All three know their bridges; both shortcuts stand, and the spokes' MACs have been told. */
static int setup(void **state)
{
	trio_make();
	spoke1->link.master = spoke2->link.master = hub->link.master = BRIDGE;
	world_link(hub);
	world_link(spoke1);
	world_link(spoke2);
	world_configure(hub, 1, NULL);
	world_configure(spoke1, 1, hub);
	world_configure(spoke2, 1, hub);
	world_run(1000);
	world_local(spoke1, VM1, false);
	world_local(spoke2, VM2, false);
	register_and_redirect(hub, spoke1, spoke2);
	world_hairpin(hub, spoke2, spoke1, HUB_VNI, VM2, VM1);
	world_run(100);
	assert_non_null(world_fdb(spoke1, VM2));
	assert_non_null(world_fdb(spoke2, VM1));
	return 0;
}

static const struct dm_member *member_of(const struct world_node *n, const struct dm_addr *nbma)
{
	for (size_t i = 0; i < n->num_members; i++)
		if (dm_addr_same(&n->members[i].nbma, nbma))
			return &n->members[i];
	return NULL;
}

/* The member is gone, with all that was behind it and all that was told of it. */
static void assert_nothing_of(const struct dm_addr *nbma)
{
	assert_null(member_of(hub, nbma));
	for (size_t i = 0; i < hub->num_macs; i++)
		assert_false(dm_addr_same(&hub->macs[i].nbma, nbma));
	for (size_t i = 0; i < spoke2->num_macs; i++)
		assert_false(dm_addr_same(&spoke2->macs[i].nbma, nbma));
}

static void test_spoke_device_deleted(void **state)
{
	world_link_del(spoke1);
	world_run(WITHIN);
	assert_nothing_of(&spoke1->nbma);
	assert_int_equal(world_num_members(hub), 1);
}

/* … and made again with another VNI, in the same breath: nobody sends by the former one. */
static void test_spoke_device_recreated(void **state)
{
	world_link_del(spoke1);
	spoke1->link.ifindex = 77;
	spoke1->link.vni = 200;
	world_link(spoke1);
	world_run(WITHIN);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(spoke1->hub.ifindex, 77);
	assert_int_equal(spoke1->num_macs, 0);
	assert_int_equal(member_of(hub, &spoke1->nbma)->remote_vni, 200);
	assert_null(world_fdb(spoke2, VM1));
	world_hairpin(hub, spoke2, spoke1, HUB_VNI, VM2, VM1); /* nothing is told of what is not known */
	world_run(100);
	assert_null(world_fdb(spoke2, VM1));
}

/* Without a word of the spoke's leaving, its new registration still takes the former VNI away. */
static void test_spoke_vni_changes_unheard(void **state)
{
	world_lose(NHRP_OP_PURGE_REQUEST, 1);
	world_link_del(spoke1);
	spoke1->link.ifindex = 77;
	spoke1->link.vni = 200;
	world_link(spoke1);
	world_run(WITHIN);
	assert_int_equal(member_of(hub, &spoke1->nbma)->remote_vni, 200);
	assert_true(!world_fdb(spoke2, VM1) || world_fdb(spoke2, VM1)->remote_vni == 200);
}

/* Another local address, the device otherwise the same: the former member goes at once. */
static void test_spoke_address_changes(void **state)
{
	struct dm_addr was = spoke1->nbma;

	spoke1->link.local = world_addr("10.0.0.22");
	world_link(spoke1);
	world_run(WITHIN);
	assert_non_null(member_of(hub, &spoke1->link.local));
	assert_nothing_of(&was);
	assert_int_equal(world_num_members(hub), 2);
	/* what is behind it is told anew, as the spoke has a shortcut */
	assert_addr(&world_fdb(hub, VM1)->nbma, &spoke1->link.local);
}

/* The whole node is renumbered, controller included: the hub knows it by the life of its VPN. */
static void test_spoke_and_controller_are_renumbered(void **state)
{
	struct dm_addr was = spoke1->nbma;

	spoke1->nbma = spoke1->link.local = spoke1->ctl.nbma = world_addr("10.0.0.22");
	vpn_engine_controller(spoke1->engine, &spoke1->ctl);
	world_link(spoke1);
	world_run(WITHIN);
	assert_non_null(member_of(hub, &spoke1->nbma));
	assert_nothing_of(&was);
	assert_int_equal(world_num_members(hub), 2);
}

/* Somebody else with that MAC elsewhere is somebody else. */
static void test_another_life_takes_nothing_away(void **state)
{
	struct world_node *spoke3 = world_spoke(4, 102);

	spoke3->link.mac = spoke1->link.mac;
	world_link(spoke3);
	world_configure(spoke3, 1, hub);
	world_run(WITHIN);
	assert_int_equal(world_num_members(hub), 3);
}

/* The device leaves its bridge, or joins another one: what was behind it is not, and the hub hears of it. */
static void test_spoke_leaves_its_bridge(void **state)
{
	uint32_t masters[] = { BRIDGE + 1, BRIDGE, 0, BRIDGE };

	for (size_t i = 0; i < 4; i++) {
		spoke1->link.master = masters[i];
		world_link(spoke1);
		world_run(WITHIN);
		assert_int_equal(world_instance(spoke1).state, VPN_UP);
		assert_non_null(member_of(hub, &spoke1->nbma));
		assert_null(world_fdb(hub, VM1));
		assert_null(world_fdb(spoke2, VM1));
		assert_int_equal(spoke1->num_macs, 0);
		if (!masters[i])
			continue;
		world_mac_seen(hub, spoke1, HUB_VNI, VM1);
		world_hairpin(hub, spoke2, spoke1, HUB_VNI, VM2, VM1);
		world_run(100);
		assert_non_null(world_fdb(spoke2, VM1));
	}
}

/* A device that has no bridge yet when it registers need not begin anew for getting one. */
static void test_bridge_comes_later(void **state)
{
	struct world_node *spoke3 = world_spoke(4, 102);
	unsigned int purges = world_seen(NHRP_OP_PURGE_REQUEST);

	world_configure(spoke3, 1, hub);
	world_run(WITHIN);
	spoke3->link.master = BRIDGE;
	world_link(spoke3);
	world_run(WITHIN);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), purges);
	assert_int_equal(world_instance(spoke3).state, VPN_UP);
}

/* Down and up: what runs stays, what the kernel dropped is stated again, nobody is told. */
static void test_spoke_down_and_up(void **state)
{
	unsigned int purges = world_seen(NHRP_OP_PURGE_REQUEST);

	spoke1->link.flags &= (uint8_t)~DM_LINK_UP;
	world_link(spoke1);
	world_run(WITHIN);
	assert_int_equal(world_instance(spoke1).state, VPN_INACTIVE);
	spoke1->num_macs = 0;
	spoke1->link.flags |= DM_LINK_UP;
	world_link(spoke1);
	world_run(WITHIN);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_non_null(world_fdb(spoke1, VM2));
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), purges);
}

/* The controller goes and is made again under its name: frames go on to the hub all the time. */
static void test_spoke_controller_recreated(void **state)
{
	struct dm_hub before = spoke1->hub;
	unsigned int asked;

	spoke1->ctl.up = spoke1->ctl.gre = false;
	vpn_engine_controller(spoke1->engine, &spoke1->ctl);
	world_run(WITHIN);
	assert_memory_equal(&spoke1->hub, &before, sizeof(before));
	assert_non_null(world_fdb(spoke1, VM2));
	asked = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	spoke1->ctl.up = spoke1->ctl.gre = true;
	spoke1->ctl.ifindex = 99; /* no message comes by it in this world, but it is asked by it */
	vpn_engine_controller(spoke1->engine, &spoke1->ctl);
	world_run(WITHIN);
	assert_true(world_seen(NHRP_OP_REGISTRATION_REQUEST) > asked);
	assert_memory_equal(&spoke1->hub, &before, sizeof(before));
	assert_non_null(world_fdb(spoke1, VM2));
	assert_int_equal(world_instance(spoke1).num_hubs, 1);
}

/* The hub receives the VPN by another VNI: the spokes are told, and send by it. */
static void test_hub_vni_changes(void **state)
{
	world_first_vni(hub, 5000);
	world_run(WITHIN);
	assert_int_equal(spoke1->hub.remote_vni, 5001);
	assert_int_equal(spoke2->hub.remote_vni, 5001);
	assert_int_equal(hub->num_members, 2);
	assert_int_equal(hub->members[0].vni, 5001);
	assert_int_equal(world_fdb(hub, VM1)->vni, 5001);
	assert_non_null(world_fdb(spoke1, VM2)); /* no business of the hub's VNI */
}

/* The same when the word to a spoke is lost: it is repeated. */
static void test_hub_vni_changes_unheard(void **state)
{
	world_lose(NHRP_OP_PURGE_REQUEST, 2);
	world_first_vni(hub, 5000);
	world_run(WITHIN);
	assert_int_equal(spoke1->hub.remote_vni, 5001);
	assert_int_equal(spoke2->hub.remote_vni, 5001);
}

static void test_hub_address_changes(void **state)
{
	struct dm_addr other = world_addr("10.0.0.11");

	hub->link.local = other;
	world_link(hub);
	world_run(WITHIN);
	assert_addr(&spoke1->hub.nbma, &other);
	assert_addr(&spoke2->hub.nbma, &other);
	assert_int_equal(world_num_members(hub), 2);
}

/* Made again, its MAC another one: the members and their MACs are stated to the new device, and the spokes know its MAC. */
static void test_hub_device_recreated(void **state)
{
	world_link_del(hub);
	hub->link.ifindex = 77;
	hub->link.mac = world_addr("02:00:00:00:00:99");
	world_link(hub);
	world_run(WITHIN);
	assert_int_equal(world_instance(hub).state, VPN_UP);
	assert_int_equal(hub->num_members, 2);
	assert_int_equal(hub->members[0].ifindex, 77);
	assert_int_equal(world_fdb(hub, VM1)->ifindex, 77);
	assert_addr(&world_instance(spoke1).hubs[0].mac, &hub->link.mac);
	assert_addr(&world_instance(spoke2).hubs[0].mac, &hub->link.mac);
}

/* The hub's controller is made again: it reaches its members by the new one before they have renewed. */
static void test_hub_controller_recreated(void **state)
{
	struct vpn_mac_view v;
	unsigned int purges;

	hub->ctl.up = false;
	vpn_engine_controller(hub->engine, &hub->ctl);
	world_run(500);
	hub->ctl.up = true;
	hub->ctl.ifindex = WORLD_CTL_IFINDEX + 1;
	vpn_engine_controller(hub->engine, &hub->ctl);
	hub->ctl.ifindex = WORLD_CTL_IFINDEX;
	vpn_engine_controller(hub->engine, &hub->ctl); /* the one that this world carries */
	purges = world_seen(NHRP_OP_PURGE_REQUEST);
	world_mac_seen(hub, spoke2, HUB_VNI, VM1); /* it moved: spoke2 holds a shortcut */
	world_run(100);
	assert_true(world_seen(NHRP_OP_PURGE_REQUEST) > purges);
	assert_false(world_mac(spoke2, VM1, &v));
	assert_int_equal(world_num_members(hub), 2);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_spoke_device_deleted),
		CASE(test_spoke_device_recreated),
		CASE(test_spoke_vni_changes_unheard),
		CASE(test_spoke_address_changes),
		CASE(test_spoke_and_controller_are_renumbered),
		CASE(test_another_life_takes_nothing_away),
		CASE(test_spoke_leaves_its_bridge),
		CASE(test_bridge_comes_later),
		CASE(test_spoke_down_and_up),
		CASE(test_spoke_controller_recreated),
		CASE(test_hub_vni_changes),
		CASE(test_hub_vni_changes_unheard),
		CASE(test_hub_address_changes),
		CASE(test_hub_device_recreated),
		CASE(test_hub_controller_recreated),
	};

	return cmocka_run_group_tests_name("device life", tests, NULL, NULL);
}

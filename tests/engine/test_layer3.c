// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GRE interfaces with a VPN-ID: what an interface means to FRR's own code, which
 * messages it is given, and which are refused (RFC 2735 3.4). The stock code is the
 * world's stand-in, which only keeps what it gets.
 *
 *   tun11 (ifindex 11): VPN 11        tun12 (ifindex 12): VPN 12
 *   tun2 (VXLAN): VPN 1, controlled by tun1 (ifindex WORLD_CTL_IFINDEX)
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

static const struct vpn_id vpn11 = { .index = 11 }, vpn12 = { .index = 12 };

/* The glue's report of a GRE interface that can carry NHRP. */
static struct vpn_controller gre(const char *name, uint32_t ifindex)
{
	struct vpn_controller c = { .gre = true, .up = true, .ifindex = ifindex, .nbma = hub->nbma };

	snprintf(c.name, sizeof(c.name), "%s", name);
	return c;
}

static void add_tunnel(const char *name, uint32_t ifindex, struct vpn_id vpn)
{
	struct vpn_controller c = gre(name, ifindex);

	vpn_engine_set_instance(hub->engine, name, vpn, 0);
	vpn_engine_commit(hub->engine);
	vpn_engine_controller(hub->engine, &c);
}

static int setup(void **state)
{
	world_reset();
	hub = world_hub(1);
	world_spoke(2, 100);
	world_configure(hub, 1, NULL);
	add_tunnel("tun11", 11, vpn11);
	add_tunnel("tun12", 12, vpn12);
	world_run(100);
	return 0;
}

/* A message of spoke 10.0.0.2 for IPv4 or IPv6 addresses, in VPN. */
static size_t message(uint8_t *buf, size_t size, uint8_t op, struct vpn_id vpn, bool v6)
{
	struct nhrp_cie cie = { .holding_time = 60, .prefix_len = 255 };
	struct nhrp_builder b;
	struct nhrp_msg m = {
		.has_vpn = true, .vpn = vpn, .afn = NHRP_AFN_IPV4, .pro_type = v6 ? NHRP_PRO_IPV6 : NHRP_PRO_IPV4,
		.hop_count = 16, .op = op, .request_id = 77, .src_nbma = world_addr("10.0.0.2"),
		.src_proto = world_addr(v6 ? "fd00::2" : "1.0.0.2"), .dst_proto = world_addr(v6 ? "fd00::1" : "1.0.0.1"),
	};

	nhrp_build_begin(&b, buf, size, &m);
	if (op == NHRP_OP_ERROR_INDICATION || op == NHRP_OP_TRAFFIC_INDICATION)
		nhrp_build_octets(&b, "a packet of no meaning", 22);
	else
		nhrp_build_cie(&b, &cie);
	nhrp_build_ext_empty(&b, NHRP_EXT_RESPONDER, true);
	return nhrp_build_end(&b);
}

static void come_in(uint32_t ifindex, uint8_t op, struct vpn_id vpn, bool v6)
{
	struct dm_addr from = world_addr("10.0.0.2");
	uint8_t buf[512];

	world_inject_by(hub, ifindex, &from, buf, message(buf, sizeof(buf), op, vpn, v6));
	world_run(0);
}

static struct vpn_instance_view view_of(uint32_t index)
{
	return world_instance_of(hub, index);
}

/* The last Error Indication that left; its VPN-ID is the wrong one that came (RFC 2735 3.4). */
static uint16_t last_error(struct vpn_id *vpn)
{
	const uint8_t *octets;
	size_t len = world_last(NHRP_OP_ERROR_INDICATION, &octets);
	struct nhrp_msg m;

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	assert_true(m.has_vpn);
	*vpn = m.vpn;
	return m.error_code;
}

static void test_interface_is_bound_to_its_vpn(void **state)
{
	struct dm_addr nbma;
	struct vpn_id vpn;

	assert_int_equal(vpn_engine_layer3(hub->engine, "tun11", &vpn), VPN_LAYER3_VPN);
	assert_int_equal(vpn_id_cmp(&vpn, &vpn11), 0);
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun12", &vpn), VPN_LAYER3_VPN);
	assert_int_equal(vpn_id_cmp(&vpn, &vpn12), 0);
	/* a controller of layer 2 VPNs and an interface that nobody configured stay plain */
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun1", &vpn), VPN_LAYER3_PLAIN);
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun14", &vpn), VPN_LAYER3_PLAIN);
	assert_string_equal(view_of(11).role_name, "l3");
	assert_int_equal(view_of(11).state, VPN_UP);
	assert_string_equal(view_of(11).reason, "");
	nbma = view_of(11).nbma;
	assert_true(dm_addr_same(&nbma, &hub->nbma));
	assert_string_equal(view_of(1).role_name, "hub");
}

/* Every type of message, IPv4 and IPv6, goes to the stock code without its headers and otherwise as it came. */
static void test_messages_of_the_vpn_are_delivered(void **state)
{
	for (uint8_t op = NHRP_OP_RESOLUTION_REQUEST; op <= NHRP_OP_TRAFFIC_INDICATION; op++)
		for (int v6 = 0; v6 <= 1; v6++) {
			uint8_t buf[512];
			size_t len = message(buf, sizeof(buf), op, vpn11, v6);
			unsigned int before = hub->delivered;

			come_in(11, op, vpn11, v6);
			assert_int_equal(hub->delivered, before + 1);
			assert_int_equal(hub->delivered_from.ifindex, 11);
			assert_int_equal(hub->delivered_len, len - NHRP_VPN_HEADER_LEN);
			assert_memory_equal(hub->delivered_octets, buf + NHRP_VPN_HEADER_LEN, hub->delivered_len);
		}
	assert_int_equal(vpn_engine_counters(hub->engine)->layer3_delivered, 16);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

static void test_another_vpn_is_error_16(void **state)
{
	struct vpn_id vpn, oui = { .oui = 0x00005e, .index = 11 };

	come_in(11, NHRP_OP_REGISTRATION_REQUEST, vpn12, false);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_VPN_MISMATCH), 1);
	assert_int_equal(last_error(&vpn), NHRP_ERR_VPN_MISMATCH);
	assert_int_equal(vpn_id_cmp(&vpn, &vpn12), 0);
	assert_int_equal(hub->warnings, 1);
	assert_non_null(strstr(hub->last_warning, "tun11"));
	/* the same index under another OUI, and a VPN that is nowhere, are no better */
	come_in(11, NHRP_OP_RESOLUTION_REPLY, oui, true);
	assert_int_equal(last_error(&vpn), NHRP_ERR_VPN_MISMATCH);
	assert_int_equal(vpn_id_cmp(&vpn, &oui), 0);
	come_in(12, NHRP_OP_PURGE_REQUEST, (struct vpn_id){ .index = 99 }, false);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_VPN_MISMATCH), 3);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 3);
	/* an error about an error would never end */
	come_in(11, NHRP_OP_ERROR_INDICATION, vpn12, false);
	come_in(11, NHRP_OP_TRAFFIC_INDICATION, vpn12, false);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_VPN_MISMATCH), 5);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 3);
	/* a flood of them is not answered with a flood, nor logged */
	for (int i = 0; i < 200; i++)
		come_in(11, NHRP_OP_REGISTRATION_REQUEST, vpn12, false);
	assert_true(world_seen(NHRP_OP_ERROR_INDICATION) <= 10);
	assert_int_equal(hub->warnings, 1);
	assert_int_equal(hub->delivered, 0);
}

static void test_no_vpn_there_is_error_17(void **state)
{
	struct vpn_id vpn;

	come_in(14, NHRP_OP_REGISTRATION_REQUEST, vpn11, false);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_UNKNOWN_VPN), 1);
	assert_int_equal(last_error(&vpn), NHRP_ERR_VPN_NOT_SUPPORTED);
	assert_int_equal(hub->delivered, 0);
}

/* The MACs of a layer 3 VPN: there are none. */
static void test_mac_addresses_are_error_17(void **state)
{
	struct dm_addr from = world_addr("10.0.0.2");
	struct nhrp_cie cie = { .holding_time = 60 };
	struct vpn_id vpn;
	struct nhrp_builder b;
	uint8_t buf[512];
	struct nhrp_msg m = {
		.has_vpn = true, .vpn = vpn11, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB,
		.op = NHRP_OP_REGISTRATION_REQUEST, .src_nbma = from, .src_proto = world_addr("02:00:00:00:00:02"),
		.dst_proto = world_addr("02:00:00:00:00:02"),
	};

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	world_inject_by(hub, 11, &from, buf, nhrp_build_end(&b));
	world_run(0);
	assert_int_equal(last_error(&vpn), NHRP_ERR_VPN_NOT_SUPPORTED);
	assert_int_equal(hub->delivered, 0);
}

static void test_malformed_is_never_delivered(void **state)
{
	struct dm_addr from = world_addr("10.0.0.2");
	uint8_t buf[512];
	size_t len = message(buf, sizeof(buf), NHRP_OP_REGISTRATION_REQUEST, vpn11, false);

	for (size_t cut = 0; cut < len; cut++) {
		world_inject_by(hub, 11, &from, buf, cut);
		world_run(0);
	}
	assert_int_equal(hub->delivered, 0);
}

/* The same GRE interface has a VPN of its own and controls layer 2 ones: each gets what is its own. */
static void test_controller_may_have_a_vpn(void **state)
{
	struct world_node *spoke = world_spoke(3, 101);
	struct vpn_controller c = hub->ctl;

	c.gre = true;
	vpn_engine_set_instance(hub->engine, "tun1", (struct vpn_id){ .index = 13 }, 0);
	vpn_engine_commit(hub->engine);
	vpn_engine_controller(hub->engine, &c);
	world_configure(spoke, 1, hub);
	world_run(1000);
	assert_int_equal(world_num_members(hub), 1);
	come_in(WORLD_CTL_IFINDEX, NHRP_OP_RESOLUTION_REQUEST, (struct vpn_id){ .index = 13 }, false);
	assert_int_equal(hub->delivered, 1);
	/* VPN 1 is known here, if not for IP addresses: no mismatch */
	come_in(WORLD_CTL_IFINDEX, NHRP_OP_RESOLUTION_REQUEST, (struct vpn_id){ .index = 1 }, false);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_VPN_MISMATCH), 0);
	assert_int_equal(hub->delivered, 1);
	/* but VPN 1 is a stranger on tun11 */
	come_in(11, NHRP_OP_RESOLUTION_REQUEST, (struct vpn_id){ .index = 1 }, false);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_VPN_MISMATCH), 1);
}

static void test_second_vpn_is_inactive(void **state)
{
	struct vpn_id vpn;

	vpn_engine_set_instance(hub->engine, "tun11", (struct vpn_id){ .index = 20 }, 0);
	vpn_engine_commit(hub->engine);
	assert_int_equal(view_of(20).state, VPN_INACTIVE);
	assert_string_equal(view_of(20).reason, "tun11 is a GRE interface and serves the first VPN on it only");
	assert_int_equal(view_of(11).state, VPN_UP);
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun11", &vpn), VPN_LAYER3_VPN);
	assert_int_equal(vpn.index, 11);
	come_in(11, NHRP_OP_REGISTRATION_REQUEST, (struct vpn_id){ .index = 20 }, false);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_VPN_MISMATCH), 1);
}

/* What has a meaning on VXLAN devices only blocks the interface: better silent than in plain. */
static void test_misplaced_configuration_blocks(void **state)
{
	struct vpn_id vpn;

	vpn_engine_set_role(hub->engine, "tun11", VPN_ROLE_HUB);
	vpn_engine_commit(hub->engine);
	assert_string_equal(view_of(11).reason, "role is for VXLAN devices, and tun11 is a GRE interface");
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun11", &vpn), VPN_LAYER3_BLOCKED);
	come_in(11, NHRP_OP_REGISTRATION_REQUEST, vpn11, false);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_NOT_READY), 1);
	assert_int_equal(hub->delivered, 0);
	vpn_engine_set_role(hub->engine, "tun11", VPN_ROLE_AUTO);
	vpn_engine_set_instance(hub->engine, "tun11", vpn11, 5);
	vpn_engine_commit(hub->engine);
	assert_string_equal(view_of(11).reason, "vlan is for VXLAN devices, and tun11 is a GRE interface");
	vpn_engine_set_instance(hub->engine, "tun11", vpn11, 0);
	vpn_engine_set_controller_name(hub->engine, "tun11", "tun1");
	vpn_engine_commit(hub->engine);
	assert_string_equal(view_of(11).reason, "controller is for VXLAN devices, and tun11 is a GRE interface");
	vpn_engine_set_controller_name(hub->engine, "tun11", NULL);
	vpn_engine_set_holdtime(hub->engine, "tun11", 60);
	vpn_engine_commit(hub->engine);
	assert_string_equal(view_of(11).reason, "holdtime is for VXLAN devices, and tun11 is a GRE interface");
	vpn_engine_set_graceful_restart(hub->engine, "tun11", true);
	vpn_engine_commit(hub->engine);
	assert_string_equal(view_of(11).reason, "graceful-restart is for VXLAN devices, and tun11 is a GRE interface");
	vpn_engine_set_graceful_restart(hub->engine, "tun11", false);
	vpn_engine_set_holdtime(hub->engine, "tun11", VPN_DEFAULT_HOLDTIME);
	vpn_engine_set_arp_suppress(hub->engine, "tun11", true);
	vpn_engine_commit(hub->engine);
	assert_string_equal(view_of(11).reason, "arp-suppress is for VXLAN devices, and tun11 is a GRE interface");
	vpn_engine_set_arp_suppress(hub->engine, "tun11", false);
	vpn_engine_set_key_chain(hub->engine, "tun11", "chain"); /* nothing would be hashed, nor checked */
	vpn_engine_commit(hub->engine);
	assert_string_equal(view_of(11).reason, "authentication is for VXLAN devices, and tun11 is a GRE interface");
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun11", &vpn), VPN_LAYER3_BLOCKED);
	vpn_engine_set_key_chain(hub->engine, "tun11", NULL);
	vpn_engine_commit(hub->engine);
	assert_int_equal(view_of(11).state, VPN_UP);
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun11", &vpn), VPN_LAYER3_VPN);
}

/* An interface that is down, gone or made again stays in its VPN all the time. */
static void test_interface_that_goes_stays_bound(void **state)
{
	struct vpn_controller c = gre("tun11", 11);
	struct vpn_id vpn;

	c.up = false;
	snprintf(c.reason, sizeof(c.reason), "is down");
	vpn_engine_controller(hub->engine, &c);
	assert_int_equal(view_of(11).state, VPN_INACTIVE);
	assert_string_equal(view_of(11).reason, "tun11 is down");
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun11", &vpn), VPN_LAYER3_VPN);

	c.gre = false;
	c.ifindex = 0;
	snprintf(c.reason, sizeof(c.reason), "does not exist");
	vpn_engine_controller(hub->engine, &c);
	assert_string_equal(view_of(11).reason, "tun11 does not exist or is neither VXLAN nor GRE");
	assert_string_equal(view_of(11).role_name, "none");
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun11", &vpn), VPN_LAYER3_VPN);

	c = gre("tun11", 111);
	vpn_engine_controller(hub->engine, &c);
	assert_int_equal(view_of(11).state, VPN_UP);
	come_in(111, NHRP_OP_REGISTRATION_REQUEST, vpn11, false);
	assert_int_equal(hub->delivered, 1);
}

/* What was learned in one VPN is nothing in another: the stock code is told each time, and only then. */
static void test_change_of_vpn_is_told(void **state)
{
	struct vpn_controller c = gre("tun11", 11);
	struct vpn_id vpn;

	assert_int_equal(hub->forgotten, 2); /* tun11 and tun12 became layer 3 VPNs */
	vpn_engine_controller(hub->engine, &c);
	vpn_engine_commit(hub->engine);
	assert_int_equal(hub->forgotten, 2);
	/* one transaction takes one VPN away and gives another */
	vpn_engine_unset_instance(hub->engine, "tun11", vpn11);
	vpn_engine_set_instance(hub->engine, "tun11", (struct vpn_id){ .index = 15 }, 0);
	vpn_engine_commit(hub->engine);
	assert_int_equal(hub->forgotten, 3);
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun11", &vpn), VPN_LAYER3_VPN);
	assert_int_equal(vpn.index, 15);
	come_in(11, NHRP_OP_REGISTRATION_REQUEST, vpn11, false);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_VPN_MISMATCH), 1);
	vpn_engine_unset_instance(hub->engine, "tun11", vpn);
	vpn_engine_commit(hub->engine);
	assert_int_equal(hub->forgotten, 4);
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun11", &vpn), VPN_LAYER3_PLAIN);
}

/* No module is needed: what runs there is FRR's own code. */
static void test_works_without_the_module(void **state)
{
	world_module(hub, false);
	assert_int_equal(view_of(1).state, VPN_INACTIVE);
	assert_int_equal(view_of(11).state, VPN_UP);
	come_in(11, NHRP_OP_REGISTRATION_REQUEST, vpn11, false);
	assert_int_equal(hub->delivered, 1);
}

static void take_name(void *arg, const char *name)
{
	strcat(strcat(arg, name), " ");
}

/* The glue looks at each interface once: those with a VPN, and the controllers. */
static void test_interfaces_to_look_at(void **state)
{
	char names[256] = "";

	vpn_engine_set_instance(hub->engine, "tun3", (struct vpn_id){ .index = 3 }, 0);
	vpn_engine_set_controller_name(hub->engine, "tun3", "tun1");
	vpn_engine_set_instance(hub->engine, "tun4", (struct vpn_id){ .index = 4 }, 0);
	vpn_engine_set_controller_name(hub->engine, "tun4", "tun12");
	vpn_engine_commit(hub->engine);
	vpn_engine_controllers(hub->engine, take_name, names);
	assert_string_equal(names, "tun11 tun12 tun2 tun1 tun3 tun4 ");
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	CASE(test_interface_is_bound_to_its_vpn),
	CASE(test_messages_of_the_vpn_are_delivered),
	CASE(test_another_vpn_is_error_16),
	CASE(test_no_vpn_there_is_error_17),
	CASE(test_mac_addresses_are_error_17),
	CASE(test_malformed_is_never_delivered),
	CASE(test_controller_may_have_a_vpn),
	CASE(test_second_vpn_is_inactive),
	CASE(test_misplaced_configuration_blocks),
	CASE(test_interface_that_goes_stays_bound),
	CASE(test_change_of_vpn_is_told),
	CASE(test_works_without_the_module),
	CASE(test_interfaces_to_look_at),
};

int main(void)
{
	return cmocka_run_group_tests_name("layer 3 VPNs", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine's face where no message is needed to see it: which interfaces it wants to hear
 * of, the names that show commands print, what it makes of a module's records and of
 * configuration that cannot be, and what it says before it is ready.
 */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

#define OTHER_VPN ((struct vpn_id){ .index = 2 })

static int setup_bare(void **state)
{
	trio_make();
	return 0;
}

static int setup(void **state)
{
	trio_setup_all(state);
	world_run(100);
	return 0;
}

/* --- interfaces --- */

static void note(void *arg, const char *name)
{
	char *text = arg;

	strcat(text, name);
	strcat(text, " ");
}

static const char *wanted(struct world_node *n)
{
	static char text[256];

	text[0] = '\0';
	vpn_engine_controllers(n->engine, note, text);
	return text;
}

static void test_interfaces_it_wants_to_hear_of(void **state)
{
	assert_string_equal(wanted(hub), "");
	/* a device without VPN has no use for its controller yet */
	vpn_engine_set_controller_name(hub->engine, "tun2", "tun1");
	assert_string_equal(wanted(hub), "");
	vpn_engine_set_instance(hub->engine, "tun2", (struct vpn_id){ .index = 1 }, 0);
	assert_string_equal(wanted(hub), "tun2 tun1 ");
	/* one controller of two devices is one, and so is a controller with a VPN of its own */
	vpn_engine_set_controller_name(hub->engine, "tun3", "tun1");
	vpn_engine_set_instance(hub->engine, "tun3", OTHER_VPN, 0);
	assert_string_equal(wanted(hub), "tun2 tun1 tun3 ");
	vpn_engine_set_instance(hub->engine, "tun1", (struct vpn_id){ .index = 3 }, 0);
	assert_string_equal(wanted(hub), "tun1 tun2 tun3 ");
}

/* --- names --- */

static void test_names(void **state)
{
	assert_string_equal(vpn_state_name(VPN_INACTIVE), "inactive");
	assert_string_equal(vpn_state_name(VPN_REGISTERING), "registering");
	assert_string_equal(vpn_state_name(VPN_UP), "up");
	assert_string_equal(vpn_state_name((enum vpn_state)99), "unknown");
	assert_string_equal(vpn_role_name(DM_ROLE_NONE), "none");
	assert_string_equal(vpn_role_name(DM_ROLE_SPOKE), "spoke");
	assert_string_equal(vpn_role_name(DM_ROLE_HUB), "hub");
	assert_string_equal(vpn_role_name((enum dm_role)99), "unknown");
}

/* Each is a key of one JSON object, so none may be missing or twice. */
static void test_counter_names_are_whole_and_distinct(void **state)
{
	for (unsigned int i = 0; i < VPN_REFUSED_COUNT; i++) {
		assert_string_not_equal(vpn_refusal_name(i), "unknown");
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(vpn_refusal_name(i), vpn_refusal_name(j));
	}
	assert_string_equal(vpn_refusal_name(VPN_REFUSED_COUNT), "unknown");
	for (unsigned int i = NHRP_OP_RESOLUTION_REQUEST; i <= NHRP_OP_TRAFFIC_INDICATION; i++) {
		assert_string_not_equal(vpn_op_key(i), "unknown");
		for (unsigned int j = NHRP_OP_RESOLUTION_REQUEST; j < i; j++)
			assert_string_not_equal(vpn_op_key(i), vpn_op_key(j));
	}
	assert_string_equal(vpn_op_key(0), "unknown");
	assert_string_equal(vpn_op_key(VPN_OP_COUNT), "unknown");
}

/* --- the module's records --- */

static void test_failure_is_a_warning_that_names_the_object(void **state)
{
	struct dm_rec rec = {
		.type = DM_REC_FAILURE,
		.failure = { .rec = DM_REC_MAC_SET, .ifindex = WORLD_TUN_IFINDEX, .vni = HUB_VNI, .mac = world_addr(VM1),
			     .error = ENOSPC },
	};
	unsigned int before = hub->warnings;

	vpn_engine_record(hub->engine, &rec);
	assert_int_equal(hub->warnings, before + 1);
	assert_string_equal(hub->last_warning, "zebra module: MAC_SET ifindex 20 vni 4097 mac " VM1
					       " failed: No space left on device");
	for (int i = 0; i < 100; i++)
		vpn_engine_record(hub->engine, &rec);
	assert_int_equal(hub->warnings, before + 1);
}

static void test_device_that_goes_and_comes(void **state)
{
	struct dm_rec gone = { .type = DM_REC_LINK_DEL, .link.ifindex = WORLD_TUN_IFINDEX };

	vpn_engine_record(spoke1->engine, &gone);
	world_run(10);
	assert_int_equal(world_instance(spoke1).state, VPN_INACTIVE);
	assert_non_null(strstr(world_instance(spoke1).reason, "tun2"));
	vpn_engine_record(spoke1->engine, &gone); /* there is none any more */
	world_link(spoke1);
	world_run(5000);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(world_num_members(hub), 2);
}

/* The same ifindex under another name: the old device is not there, whatever else was said. */
static void test_device_that_is_renamed(void **state)
{
	snprintf(spoke1->link.name, sizeof(spoke1->link.name), "tun7");
	world_link(spoke1);
	world_run(10);
	assert_int_equal(world_instance(spoke1).state, VPN_INACTIVE);
	snprintf(spoke1->link.name, sizeof(spoke1->link.name), "tun2");
	world_link(spoke1);
	world_run(5000);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
}

/* Made anew under its name while nobody looked: another ifindex, and the old one's entry goes. */
static void test_device_that_is_made_anew(void **state)
{
	spoke1->link.ifindex = 77;
	world_link(spoke1);
	world_run(5000);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(spoke1->hub.ifindex, 77);
}

/* Nonsense of a module or of a switch is stepped over. */
static void test_records_about_nothing(void **state)
{
	struct dm_rec rec = {
		.type = DM_REC_INSTANCE_STATE,
		.state = { .ifindex = 99, .vlan = 1, .ready = 1, .vni = 5 },
	};

	vpn_engine_record(hub->engine, &rec);
	rec.state.ifindex = WORLD_TUN_IFINDEX;
	rec.state.vlan = 4000; /* no VPN has it */
	vpn_engine_record(hub->engine, &rec);
	rec = (struct dm_rec){ .type = DM_REC_MAC_SEEN,
			       .mac = { .ifindex = WORLD_TUN_IFINDEX, .vni = HUB_VNI, .nbma = spoke1->nbma,
					.mac = world_addr("01:00:5e:00:00:01"), .remote_vni = 100 } };
	vpn_engine_record(hub->engine, &rec);
	rec = (struct dm_rec){ .type = DM_REC_LOCAL,
			       .local = { .ifindex = WORLD_TUN_IFINDEX, .vni = 100,
					  .mac = world_addr("01:00:5e:00:00:01") } };
	vpn_engine_record(spoke1->engine, &rec);
	rec = (struct dm_rec){ .type = DM_REC_USED_REPLY,
			       .used = { .ifindex = WORLD_TUN_IFINDEX, .vni = 100, .mac = world_addr(VM2) } };
	vpn_engine_record(spoke1->engine, &rec);
	world_run(10);
	assert_int_equal(world_instance(hub).num_macs, 0);
	assert_int_equal(world_instance(hub).vni, HUB_VNI);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
}

/* A shortcut that somebody took out of the kernel ends, and the next redirect makes it anew. */
static void test_shortcut_that_the_kernel_has_not(void **state)
{
	struct vpn_mac_view v;

	register_and_redirect(hub, spoke1, spoke2);
	assert_true(world_mac(spoke1, VM2, &v));
	spoke1->used_found = false;
	world_run(6000 * 1000); /* it is looked at before its holding time of 7200 s is over */
	assert_false(world_mac(spoke1, VM2, &v));
	spoke1->num_macs = 0;
	spoke1->used_found = true;
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(10);
	assert_non_null(world_fdb(spoke1, VM2));
}

/* --- configuration that cannot be --- */

static void test_role_that_the_device_has_not(void **state)
{
	vpn_engine_set_role(hub->engine, "tun2", VPN_ROLE_SPOKE);
	vpn_engine_commit(hub->engine);
	assert_string_equal(world_instance(hub).reason, "role spoke needs tun2 to have a VNI of its own");
	vpn_engine_set_role(spoke1->engine, "tun2", VPN_ROLE_HUB);
	vpn_engine_commit(spoke1->engine);
	assert_string_equal(world_instance(spoke1).reason, "role hub needs tun2 to be external vnifilter");
	hub->link.flags &= (uint8_t)~DM_LINK_VNIFILTER;
	world_link(hub);
	world_run(10);
	assert_string_equal(world_instance(hub).reason, "tun2 is external but not vnifilter");
}

static void test_vpn_on_two_devices(void **state)
{
	struct vpn_instance_view v;

	world_second_device(spoke1, 300);
	vpn_engine_set_instance(spoke1->engine, "tun3", (struct vpn_id){ .index = 1 }, 0);
	vpn_engine_set_controller_name(spoke1->engine, "tun3", "tun1");
	vpn_engine_commit(spoke1->engine);
	world_run(100);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	/* the first has it; the second takes over when the first gives it up */
	vpn_engine_unset_instance(spoke1->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke1->engine);
	world_run(100);
	v = world_instance(spoke1);
	assert_string_equal(v.ifname, "tun3");
	assert_int_equal(v.state, VPN_UP);
}

/* --- not ready yet --- */

/* The module has not told the VNI: the hub can answer nobody, and the spoke asks again. */
static void test_registration_before_the_hub_is_ready(void **state)
{
	struct dm_rec unready = {
		.type = DM_REC_INSTANCE_STATE,
		.state = { .ifindex = WORLD_TUN_IFINDEX, .vlan = 1, .vni = 0, .reason = "no bridge" },
	};

	vpn_engine_record(hub->engine, &unready);
	assert_string_equal(world_instance(hub).reason, "no bridge");
	vpn_engine_set_holdtime(spoke1->engine, "tun2", 600); /* registers at once */
	world_run(100);
	assert_true(trio_refused(hub, VPN_REFUSED_NOT_READY) > 0);
	unready.state.ready = 1;
	unready.state.vni = HUB_VNI;
	unready.state.reason[0] = '\0';
	vpn_engine_record(hub->engine, &unready);
	world_run(40000);
	assert_int_equal(world_instance(hub).state, VPN_UP);
	assert_int_equal(world_num_members(hub), 2);
	/* the same time again is no change, and asks for nothing */
	vpn_engine_set_holdtime(spoke1->engine, "tun2", 600);
}

/* What is plain has no place in the engine: the packet I/O keeps it out, and so does the engine. */
static void test_plain_message_is_dropped(void **state)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_REGISTRATION_REQUEST, 1);
	uint64_t before = vpn_engine_counters(hub->engine)->dropped[NHRP_DROP_ENCAPSULATION];
	struct nhrp_builder b;
	uint8_t buf[256];

	m.has_vpn = false;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &(struct nhrp_cie){ .holding_time = 600 });
	deliver(hub, &spoke1->nbma, &b);
	assert_int_equal(vpn_engine_counters(hub->engine)->dropped[NHRP_DROP_ENCAPSULATION], before + 1);
}

static void test_debug_lines_only_when_asked_for(void **state)
{
	vpn_engine_set_debug(spoke1->engine, false);
	world_run(60000);
	vpn_engine_set_debug(spoke1->engine, true);
	world_run(60000);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_interfaces_it_wants_to_hear_of, setup_bare, trio_teardown),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_counter_names_are_whole_and_distinct),
		cmocka_unit_test_setup_teardown(test_failure_is_a_warning_that_names_the_object, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_device_that_goes_and_comes, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_device_that_is_renamed, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_device_that_is_made_anew, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_records_about_nothing, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_shortcut_that_the_kernel_has_not, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_role_that_the_device_has_not, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_vpn_on_two_devices, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_registration_before_the_hub_is_ready, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_plain_message_is_dropped, setup, trio_teardown),
		cmocka_unit_test_setup_teardown(test_debug_lines_only_when_asked_for, setup, trio_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

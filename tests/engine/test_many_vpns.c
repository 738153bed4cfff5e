// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Thousands of VPNs on one hub's device: what happens to one is told of that one, to the module
 * and to its members, and costs work for that one. Done with 1,000 VPNs and with 4,000.
 *
 * How often the engine decides about a VPN is seen by the key chain that all of them have: it is
 * asked about in each decision.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/trio.h"

#define THOUSAND 1000
#define THOUSANDS 4000
#define DECISIONS 8 /* about one VPN, from a line of configuration to what comes of it; twice a look, and spare ones */

static uint32_t many; /* VPNs, 1 to that */

static void set(uint32_t index, uint16_t vlan)
{
	vpn_engine_set_instance(hub->engine, "tun2", (struct vpn_id){ .index = index }, vlan);
}

static void unset(uint32_t index)
{
	vpn_engine_unset_instance(hub->engine, "tun2", (struct vpn_id){ .index = index });
}

/* Three nodes in VPN 1, and all the others on the hub. */
static int setup(uint32_t count)
{
	many = count;
	trio_make();
	world_key_chain(hub, 1, "secret");
	world_key_chain(spoke1, 1, "secret");
	world_key_chain(spoke2, 1, "secret");
	for (uint32_t i = 2; i <= many; i++)
		set(i, 0);
	world_configure(hub, 1, NULL);
	world_configure(spoke1, 1, hub);
	world_configure(spoke2, 1, hub);
	world_run(100);
	return 0;
}

static int setup_thousand(void **state)
{
	return setup(THOUSAND);
}

static int setup_thousands(void **state)
{
	return setup(THOUSANDS);
}

/* What the hub's engine has told since forget_all(). */
static unsigned int told(uint8_t type)
{
	return hub->programmed[type];
}

static unsigned int told_at_all(void)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < 256; i++)
		sum += hub->programmed[i] + spoke1->programmed[i] + spoke2->programmed[i];
	return sum;
}

static unsigned int messages;

static unsigned int sent(void)
{
	unsigned int sum = 0;

	for (uint8_t op = 0; op < WORLD_OPS; op++)
		sum += world_seen(op);
	return sum;
}

static void forget_all(void)
{
	memset(hub->programmed, 0, sizeof(hub->programmed));
	memset(spoke1->programmed, 0, sizeof(spoke1->programmed));
	memset(spoke2->programmed, 0, sizeof(spoke2->programmed));
	hub->keys_asked_for = 0;
	messages = sent();
}

/* The configuration is there: the last word that the module got is this, and nobody else heard anything. */
static void commit(unsigned int records, uint8_t last, uint16_t vlan)
{
	vpn_engine_commit(hub->engine);
	world_run(0);
	assert_int_equal(told_at_all(), records);
	assert_int_equal(hub->last_programmed.type, last);
	assert_int_equal(hub->last_programmed.instance.vlan, vlan);
	assert_int_equal(sent(), messages);
}

static void test_all_up(void **state)
{
	assert_int_equal(hub->num_instances, many);
	assert_int_equal(told(DM_REC_INSTANCE_SET), many);
	assert_int_equal(told(DM_REC_INSTANCE_DEL), 0);
	assert_int_equal(world_instance_of(hub, 1).num_members, 2);
	for (uint32_t i = 1; i <= many; i++)
		assert_int_equal(world_instance_of(hub, i).state, VPN_UP);
	/* a decision when it is configured, one when the controller is known, and the module's word */
	assert_in_range(hub->keys_asked_for, many, many * DECISIONS);
}

static void test_one_more(void **state)
{
	forget_all();
	set(many + 1, 0);
	commit(1, DM_REC_INSTANCE_SET, many + 1);
	assert_int_equal(world_instance_of(hub, many + 1).state, VPN_UP);
	assert_in_range(hub->keys_asked_for, 1, DECISIONS);
}

static void test_one_less(void **state)
{
	forget_all();
	unset(many / 2);
	commit(1, DM_REC_INSTANCE_DEL, many / 2);
	assert_int_equal(hub->num_instances, many - 1);
	assert_in_range(hub->keys_asked_for, 0, DECISIONS);
}

/* The first of a device is not the one that the others hang on. */
static void test_first_one_less(void **state)
{
	forget_all();
	unset(2);
	commit(1, DM_REC_INSTANCE_DEL, 2);
	forget_all();
	set(2, 0);
	commit(1, DM_REC_INSTANCE_SET, 2);
	assert_in_range(hub->keys_asked_for, 1, DECISIONS);
}

static void test_another_vlan(void **state)
{
	forget_all();
	set(many / 2, many + 7);
	commit(2, DM_REC_INSTANCE_SET, many + 7);
	assert_int_equal(told(DM_REC_INSTANCE_DEL), 1);
	assert_in_range(hub->keys_asked_for, 1, DECISIONS);
}

/* Whoever waits for a VLAN gets it, and nobody else hears of that. */
static void test_vlan_that_gets_free(void **state)
{
	set(70000, many / 2);
	forget_all();
	vpn_engine_commit(hub->engine);
	world_run(0);
	assert_int_equal(told_at_all(), 0);
	assert_int_equal(world_instance_of(hub, 70000).state, VPN_INACTIVE);
	assert_non_null(strstr(world_instance_of(hub, 70000).reason, "belongs to another VPN"));
	forget_all();
	unset(many / 2);
	commit(2, DM_REC_INSTANCE_SET, many / 2);
	assert_int_equal(world_instance_of(hub, 70000).state, VPN_UP);
	assert_in_range(hub->keys_asked_for, 1, 2 * DECISIONS);
}

/* A VPN that leaves its device for another one comes up there; the other devices' VPNs are not looked at. */
static void test_goes_to_another_device(void **state)
{
	world_second_device(hub, 0);
	vpn_engine_set_controller_name(hub->engine, "tun3", "tun1");
	vpn_engine_commit(hub->engine);
	forget_all();
	vpn_engine_set_instance(hub->engine, "tun3", (struct vpn_id){ .index = many }, 0);
	vpn_engine_commit(hub->engine);
	assert_int_equal(told_at_all(), 0);
	unset(many);
	commit(2, DM_REC_INSTANCE_SET, many);
	assert_int_equal(hub->last_programmed.instance.ifindex, WORLD_TUN_IFINDEX + 1);
	assert_in_range(hub->keys_asked_for, 0, 2 * DECISIONS);
}

/* The module's word on one VPN is a decision about that one. */
static void test_word_on_one(void **state)
{
	struct dm_rec rec = {
		.type = DM_REC_INSTANCE_STATE,
		.state = { .ifindex = WORLD_TUN_IFINDEX, .vlan = many, .reason = "the port is gone" },
	};

	forget_all();
	vpn_engine_record(hub->engine, &rec);
	assert_string_equal(world_instance_of(hub, many).reason, "the port is gone");
	assert_int_equal(world_instance_of(hub, many - 1).state, VPN_UP);
	assert_int_equal(told_at_all(), 0);
	assert_in_range(hub->keys_asked_for, 1, DECISIONS);
}

/* A module that comes back gets each VPN once, and what is in it. */
static void test_module_comes_back(void **state)
{
	world_module(hub, false);
	forget_all();
	world_module(hub, true);
	world_run(0);
	assert_int_equal(told(DM_REC_INSTANCE_SET), many);
	assert_int_equal(told(DM_REC_MEMBER_SET), 2);
	assert_int_equal(told_at_all(), many + 2);
	assert_in_range(hub->keys_asked_for, many, many * DECISIONS);
}

#define BOTH(test)                                                                                                       \
	cmocka_unit_test_setup_teardown(test, setup_thousand, trio_teardown),                                            \
		cmocka_unit_test_setup_teardown(test, setup_thousands, trio_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_all_up),
		BOTH(test_one_more),
		BOTH(test_one_less),
		BOTH(test_first_one_less),
		BOTH(test_another_vlan),
		BOTH(test_vlan_that_gets_free),
		BOTH(test_goes_to_another_device),
		BOTH(test_word_on_one),
		BOTH(test_module_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a hub passes on where messages must be authentic, which is between each two neighbours
 * and anew at each hop (RFC 2332 5.3.4): keyed hash, challenges between hubs, wrong keys, passwords.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/peer.h"
#include "tests/engine/quartet.h"

/* VM2 was behind a spoke of hub1, which tells spoke1 of it; before spoke1's question arrives that spoke is gone. */
static void ask_with_keys(struct world_node *spoke3)
{
	world_mac_seen(hub1, spoke3, HUB_VNI, VM2);
	world_lose(NHRP_OP_RESOLUTION_REQUEST, 1);
	world_hairpin(hub1, spoke1, spoke3, HUB_VNI, VM1, VM2);
	vpn_engine_unset_instance(spoke3->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke3->engine);
	world_run(0);
}

/* The address in the extension is of who sends at this hop. */
static void assert_signed_by(uint8_t op, const struct world_node *n)
{
	struct nhrp_msg m = sent_by(n, op);
	struct nhrp_ext ext;

	assert_true(nhrp_ext_find(&m, NHRP_EXT_AUTHENTICATION, &ext));
	assert_true(dm_reader_left(&ext.value) > 10);
	assert_memory_equal(ext.value.p + 4, n->link.mac.octets, 6);
}

static void start_with_keys(struct world_node *spoke3, const char *key_of_hub2)
{
	world_key_chain(hub1, 1, "first secret");
	world_key_chain(hub2, 1, key_of_hub2);
	world_key_chain(spoke1, 1, "first secret");
	world_key_chain(spoke2, 1, key_of_hub2);
	world_key_chain(spoke3, 1, "first secret");
	world_configure(spoke3, 1, hub1);
	quartet_start();
	ask_with_keys(spoke3);
}

static void test_authentic_hop_by_hop(void **state)
{
	struct world_node *spoke3 = world_spoke(5, 102);

	start_with_keys(spoke3, "first secret");
	/* the hubs have not met: the first request is answered by a challenge, the next one is in time */
	world_run(4000);
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	assert_signed_by(NHRP_OP_RESOLUTION_REQUEST, spoke1);
	assert_signed_by(NHRP_OP_RESOLUTION_REQUEST, hub1);
	assert_signed_by(NHRP_OP_RESOLUTION_REPLY, hub2);
	assert_signed_by(NHRP_OP_RESOLUTION_REPLY, hub1);
	assert_int_equal(refused(hub1, VPN_REFUSED_AUTHENTICATION) + refused(hub2, VPN_REFUSED_AUTHENTICATION), 0);
	/* and purges */
	world_key_chain(spoke3, 1, "first secret");
	world_configure(spoke3, 1, hub2);
	world_run(2000);
	world_mac_seen(hub2, spoke3, HUB_VNI, VM2);
	world_run(2000);
	assert_null(world_fdb(spoke1, VM2));
	assert_signed_by(NHRP_OP_PURGE_REQUEST, hub1);
	assert_signed_by(NHRP_OP_PURGE_REPLY, hub1);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

/* Many ask at the hubs' first meeting: what was meant to prove who is there reaches nobody as a refusal. */
static void test_challenges_are_not_passed_on(void **state)
{
	struct world_node *spoke3 = world_spoke(5, 102);

	world_repeat(true); /* two copies of the first request, two challenges */
	start_with_keys(spoke3, "first secret");
	world_run(4000);
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	/* and when hub2 starts anew the hubs meet for the first time again */
	world_restart(hub2);
	world_key_chain(hub2, 1, "first secret");
	world_configure(hub2, 1, hub1);
	world_run(40000);
	world_mac_seen(hub2, spoke2, HUB_VNI, VM2);
	spoke1->idle_ms = 0;
	world_run(2 * VPN_DEFAULT_HOLDTIME * 1000ull);
	quartet_assert_shortcut(spoke1, VM2, spoke2);
}

/* A challenge that comes late, when the question has been asked again in the right epoch, is no refusal of that. */
static void test_late_challenge_is_not_passed_on(void **state)
{
	struct world_node *spoke3 = world_spoke(5, 102);
	struct vpn_mac_view v;

	start_with_keys(spoke3, "first secret");
	world_run(1000); /* hub1 has passed it on and been challenged */
	assert_int_equal(hub1->sent[NHRP_OP_RESOLUTION_REPLY].len, 0);
	assert_true(hub2->sent[NHRP_OP_RESOLUTION_REPLY].len > 0);
	/* another copy of the same, and the answer to the next try, arrive behind each other's time */
	world_delay(NHRP_OP_RESOLUTION_REPLY, 1, 2500);
	world_inject(hub2, &hub1->nbma, hub1->sent[NHRP_OP_RESOLUTION_REQUEST].octets,
		     hub1->sent[NHRP_OP_RESOLUTION_REQUEST].len);
	world_run(0);
	world_lose(NHRP_OP_RESOLUTION_REPLY, 1);
	world_run(2600);
	assert_int_equal(hub1->sent[NHRP_OP_RESOLUTION_REPLY].len, 0);
	assert_true(refused(hub1, VPN_REFUSED_NOT_FRESH) >= 1);
	assert_true(world_mac(spoke1, VM2, &v));
	assert_string_equal(v.type, "resolving");
	world_run(4000);
	quartet_assert_shortcut(spoke1, VM2, spoke2);
}

static void test_wrong_key_between_hubs(void **state)
{
	struct world_node *spoke3 = world_spoke(5, 102);

	start_with_keys(spoke3, "other secret");
	world_run(4000);
	assert_null(world_fdb(spoke1, VM2));
	assert_true(refused(hub2, VPN_REFUSED_AUTHENTICATION) >= 1);
	assert_int_equal(sent_by(hub2, NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_AUTHENTICATION);
	/* about what hub1 passed on for spoke1, who so learns why */
	assert_int_equal(sent_by(hub1, NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_AUTHENTICATION);
	assert_int_equal(world_num_members(hub2), 1);
}

static void set_password(struct world_node *n, const char *password)
{
	n->ctl.password_len = (uint8_t)strlen(password);
	memcpy(n->ctl.password, password, n->ctl.password_len);
	vpn_engine_controller(n->engine, &n->ctl);
}

static void test_password_hop_by_hop(void **state)
{
	struct world_node *spoke3 = world_spoke(5, 102), *nodes[] = { hub1, hub2, spoke1, spoke2, spoke3 };
	struct nhrp_msg m;
	struct nhrp_ext ext;

	quartet_start();
	world_configure(spoke3, 1, hub1);
	for (size_t i = 0; i < 5; i++)
		set_password(nodes[i], "secret");
	world_run(40000);
	ask_with_keys(spoke3);
	world_run(1000);
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST);
	assert_true(nhrp_ext_find(&m, NHRP_EXT_AUTHENTICATION, &ext));
	assert_int_equal(dm_reader_left(&ext.value), 4 + strlen("secret"));
	assert_int_equal(refused(hub1, VPN_REFUSED_AUTHENTICATION) + refused(hub2, VPN_REFUSED_AUTHENTICATION), 0);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, quartet_setup_bare, quartet_teardown)
	CASE(test_authentic_hop_by_hop),
	CASE(test_challenges_are_not_passed_on),
	CASE(test_late_challenge_is_not_passed_on),
	CASE(test_wrong_key_between_hubs),
	CASE(test_password_hop_by_hop),
};

int main(void)
{
	return cmocka_run_group_tests_name("transit with keys", tests, NULL, NULL);
}

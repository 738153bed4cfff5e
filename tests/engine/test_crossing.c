// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exchanges whose messages are lost, repeated, overtake or cross each other on the way, and
 * how often and when a message is sent again. RFC 2332 5.2.0.1, 5.2.3, 5.2.5, 6.2.1.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2 (VNI 100) with VM1, spoke2 10.0.0.3 (VNI 101) with VM2,
 *                   spoke3 10.0.0.4 (VNI 102) where a test has VM2 move
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

static struct world_node *spoke3;

static int setup(void **state)
{
	trio_setup_all(state);
	spoke3 = world_spoke(4, 102);
	world_configure(spoke3, 1, hub);
	world_run(100);
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	return 0;
}

static void assert_shortcut(const struct world_node *n, const char *mac, const struct world_node *to)
{
	const struct dm_mac *entry = world_fdb(n, mac);

	assert_non_null(entry);
	assert_addr(&entry->nbma, &to->nbma);
	assert_int_equal(entry->remote_vni, to->link.vni);
}

/* A frame of VM1 to VM2, which lives behind TO now, passes the hub. */
static void redirect(const struct world_node *to)
{
	world_hairpin(hub, spoke1, to, HUB_VNI, VM1, VM2);
}

static void move_vm2(void)
{
	world_mac_seen(hub, spoke3, HUB_VNI, VM2);
}

/* --- crossing --- */

/* Each asks for the other while the other's question is under way, then while the answer is. */
static void test_both_ask_for_each_other_at_once(void **state)
{
	world_delay(NHRP_OP_RESOLUTION_REQUEST, 2, 50);
	world_delay(NHRP_OP_RESOLUTION_REPLY, 2, 50);
	redirect(spoke2);
	world_hairpin(hub, spoke2, spoke1, HUB_VNI, VM2, VM1);
	world_run(99);
	assert_null(world_fdb(spoke1, VM2));
	assert_null(world_fdb(spoke2, VM1));
	world_run(2);
	assert_shortcut(spoke1, VM2, spoke2);
	assert_shortcut(spoke2, VM1, spoke1);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 2);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

/* What the purge takes back is still on its way to us: it must not be believed when it comes. */
static void test_purge_overtakes_the_answer(void **state)
{
	world_delay(NHRP_OP_RESOLUTION_REPLY, 1, 200);
	redirect(spoke2);
	move_vm2();
	world_run(100);
	assert_shortcut(spoke1, VM2, spoke3); /* asked anew at once */
	world_run(200);
	assert_shortcut(spoke1, VM2, spoke3);
	assert_int_equal(refused(spoke1, VPN_REFUSED_UNEXPECTED_REPLY), 1);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0); /* the hub did nothing wrong */
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 2); /* the former home's, too */
}

static void test_purge_overtakes_the_answer_to_a_renewal(void **state)
{
	redirect(spoke2);
	assert_shortcut(spoke1, VM2, spoke2);
	world_run(1100);
	world_delay(NHRP_OP_RESOLUTION_REPLY, 2, 200);
	redirect(spoke2); /* a second after it was made: it is asked for again */
	move_vm2();
	assert_null(world_fdb(spoke1, VM2)); /* purged while that is under way */
	world_run(300);
	assert_shortcut(spoke1, VM2, spoke3);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

/* The purge of the former place comes after the answer about the new one: one shortcut is lost, none is wrong. */
static void test_answer_overtakes_the_purge(void **state)
{
	redirect(spoke2);
	world_run(1100);
	world_delay(NHRP_OP_PURGE_REQUEST, 1, 200);
	move_vm2();
	redirect(spoke3);
	assert_shortcut(spoke1, VM2, spoke3);
	world_run(300);
	assert_null(world_fdb(spoke1, VM2));
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 2); /* the former home's, too */
	redirect(spoke3);
	assert_shortcut(spoke1, VM2, spoke3);
}

/* Who leaves and comes back before the hub has heard of the leaving is a member again by the next renewal. */
static void test_registration_overtakes_the_leaving(void **state)
{
	world_delay(NHRP_OP_PURGE_REQUEST, 1, 200);
	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke2->engine);
	world_configure(spoke2, 1, hub);
	world_run(100);
	assert_int_equal(world_num_members(hub), 3);
	world_run(200);
	assert_int_equal(world_num_members(hub), 2);
	world_run(30000);
	assert_int_equal(world_num_members(hub), 3);
	assert_int_equal(world_instance(spoke2).state, VPN_UP);
}

static uint32_t vni_of_spoke1(void)
{
	for (size_t i = 0; i < hub->num_members; i++)
		if (dm_addr_same(&hub->members[i].nbma, &spoke1->nbma))
			return hub->members[i].remote_vni;
	return 0;
}

/* The hub hears the old VNI after the new one; its answer to that tells the spoke, which says it again at once. */
static void test_late_registration_is_put_right(void **state)
{
	world_delay(NHRP_OP_REGISTRATION_REQUEST, 1, 1000);
	vpn_engine_set_holdtime(spoke1->engine, "tun2", 600); /* makes it register */
	world_run(10);
	spoke1->link.vni = 300;
	world_link(spoke1);
	vpn_engine_record(spoke1->engine, &(struct dm_rec){ .type = DM_REC_INSTANCE_STATE,
		.state = { .ifindex = WORLD_TUN_IFINDEX, .ready = 1, .vni = 300 } });
	world_run(10);
	assert_int_equal(vni_of_spoke1(), 300);
	world_run(1100);
	assert_int_equal(vni_of_spoke1(), 300);
	assert_int_equal(refused(spoke1, VPN_REFUSED_UNEXPECTED_REPLY), 1);
}

/* --- the whole story, with each message twice, and with the first of each type lost --- */

/* Shortcuts both ways, VM2 moves, spoke3 leaves; PATIENCE ms after each step. */
static void tell_the_story(uint64_t patience)
{
	redirect(spoke2);
	world_hairpin(hub, spoke2, spoke1, HUB_VNI, VM2, VM1);
	world_run(patience);
	assert_shortcut(spoke1, VM2, spoke2);
	assert_shortcut(spoke2, VM1, spoke1);
	move_vm2();
	world_run(patience);
	assert_null(world_fdb(spoke1, VM2));
	redirect(spoke3);
	world_run(patience);
	assert_shortcut(spoke1, VM2, spoke3);
	vpn_engine_unset_instance(spoke3->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke3->engine);
	world_run(patience);
	assert_int_equal(world_num_members(hub), 2);
	assert_null(world_fdb(hub, VM2));
	assert_null(world_fdb(spoke1, VM2));
	assert_shortcut(spoke2, VM1, spoke1);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

static void test_story_with_every_message_twice(void **state)
{
	world_repeat(true);
	tell_the_story(10);
}

static void test_story_with_losses(void **state)
{
	static const uint8_t repeated[] = { NHRP_OP_RESOLUTION_REQUEST, NHRP_OP_RESOLUTION_REPLY,
					    NHRP_OP_REGISTRATION_REQUEST, NHRP_OP_REGISTRATION_REPLY };

	for (size_t i = 0; i < sizeof(repeated); i++)
		world_lose(repeated[i], 2);
	world_lose(NHRP_OP_PURGE_REPLY, 2);
	tell_the_story(15000);
}

/* --- when a message is sent again --- */

/* Until message N of that type has been sent; returns how many ms that took, or LIMIT. */
static uint64_t wait_for(uint8_t op, unsigned int n, uint64_t limit)
{
	uint64_t ms = 0;

	for (; world_seen(op) < n && ms < limit; ms += 10)
		world_run(10);
	return ms;
}

/* FIRST has just been sent, and is sent again NUM times after such SECONDS, less up to a quarter. */
static void assert_backoff(uint8_t op, unsigned int first, const unsigned int *seconds, size_t num)
{
	unsigned int early = 0;

	for (size_t i = 0; i < num; i++) {
		uint64_t ms = wait_for(op, first + 1 + (unsigned int)i, 60000), most = 1000ull * seconds[i];

		assert_in_range(ms, most * 3 / 4 - 10, most + 10);
		early += ms + most / 50 < most;
	}
	assert_true(early > num / 4); /* at random, not by the clock: of as many draws that few are in the last fiftieth */
}

static void test_backoff_of_registrations(void **state)
{
	static const unsigned int seconds[] = { 1, 2, 4, 8, 16, 30, 30, 30 };
	struct world_node *late = world_spoke(5, 103);
	unsigned int before = world_seen(NHRP_OP_REGISTRATION_REQUEST);

	/* the others' renewals would be counted, too */
	world_restart(spoke1);
	world_restart(spoke2);
	world_restart(spoke3);
	hub->deaf = true;
	world_configure(late, 1, hub);
	wait_for(NHRP_OP_REGISTRATION_REQUEST, before + 1, 1000);
	assert_backoff(NHRP_OP_REGISTRATION_REQUEST, before + 1, seconds, 8);
}

/* Answered: at a third of the holding time, and every half minute where that is longer. */
static void test_renewal_of_registrations(void **state)
{
	static const unsigned int third[] = { 20, 20, 20, 20 }, half_minute[] = { 30, 30, 30, 30 };
	unsigned int before;

	world_restart(spoke2);
	world_restart(spoke3);
	vpn_engine_set_keepalive(spoke1->engine, "tun2", VPN_KEEPALIVE_MAX); /* renewals alone */
	vpn_engine_set_holdtime(spoke1->engine, "tun2", 60);
	world_run(0);
	before = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	assert_backoff(NHRP_OP_REGISTRATION_REQUEST, before, third, 4);
	vpn_engine_set_holdtime(spoke1->engine, "tun2", 7200);
	world_run(0);
	before = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	assert_backoff(NHRP_OP_REGISTRATION_REQUEST, before, half_minute, 4);
}

static void test_backoff_of_resolutions(void **state)
{
	static const unsigned int seconds[] = { 1, 2, 4 };
	struct vpn_mac_view v;

	world_lose(NHRP_OP_RESOLUTION_REPLY, 1000);
	redirect(spoke2);
	assert_backoff(NHRP_OP_RESOLUTION_REQUEST, 1, seconds, 3);
	assert_true(world_mac(spoke1, VM2, &v));
	assert_string_equal(v.type, "resolving");
	world_run(8000);
	assert_true(world_mac(spoke1, VM2, &v));
	assert_string_equal(v.type, "negative");
	world_run(10000);
	assert_false(world_mac(spoke1, VM2, &v));
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 4);
}

/* A purge is repeated for as long as its target may hold what is purged, and no longer. */
static void test_backoff_of_purges(void **state)
{
	static const unsigned int seconds[] = { 1, 2, 4, 8, 16, 32 };

	vpn_engine_set_holdtime(hub->engine, "tun2", 110);
	spoke1->idle_ms = 3600 * 1000;
	redirect(spoke2);
	world_lose_after(NHRP_OP_PURGE_REQUEST, 1, 1000);
	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke2->engine);
	world_run(0);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 2); /* spoke2 leaves, and the hub tells who asked */
	assert_backoff(NHRP_OP_PURGE_REQUEST, 2, seconds, 6);
	world_run(120000);
	assert_null(world_fdb(spoke1, VM2)); /* by its holding time */
	assert_in_range(world_seen(NHRP_OP_PURGE_REQUEST), 8, 9);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	CASE(test_both_ask_for_each_other_at_once),
	CASE(test_purge_overtakes_the_answer),
	CASE(test_purge_overtakes_the_answer_to_a_renewal),
	CASE(test_answer_overtakes_the_purge),
	CASE(test_registration_overtakes_the_leaving),
	CASE(test_late_registration_is_put_right),
	CASE(test_story_with_every_message_twice),
	CASE(test_story_with_losses),
	CASE(test_backoff_of_registrations),
	CASE(test_renewal_of_registrations),
	CASE(test_backoff_of_resolutions),
	CASE(test_backoff_of_purges),
};

int main(void)
{
	return cmocka_run_group_tests_name("messages that cross", tests, NULL, NULL);
}

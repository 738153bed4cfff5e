// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses that move from one spoke to another: who is told, and that late, repeated and reordered messages never
 * undo a newer move.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2, which has a shortcut to VM2; spoke2 10.0.0.3 and spoke3 10.0.0.4, VM2's homes
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/nhrp_moves.h"
#include "tests/engine/peer.h"
#include "tests/engine/roaming.h"

#define IP2 "192.168.1.2"
#define MINUTE 60000

static uint32_t number_of(const char *mac)
{
	struct vpn_mac_view v;

	assert_true(world_mac(hub, mac, &v));
	return v.move;
}

/* spoke1 gets a shortcut to VM2, wherever that is. */
static void ask_for_vm2(const struct world_node *home)
{
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_hairpin(hub, spoke1, home, HUB_VNI, VM1, VM2);
	world_run(10);
	assert_non_null(world_fdb(spoke1, VM2));
}

/* The registration that the spoke sent last, as the hub will get it once more. */
static size_t copy_claim(const struct world_node *n, uint8_t octets[1500])
{
	memcpy(octets, n->sent[NHRP_OP_REGISTRATION_REQUEST].octets, 1500);
	return n->sent[NHRP_OP_REGISTRATION_REQUEST].len;
}

static struct nhrp_move first_move(const struct nhrp_msg *m)
{
	struct dm_reader values;

	assert_true(nhrp_moves_find(m, &values));
	return nhrp_move_next(&values);
}

/* --- who is told --- */

static void test_askers_and_the_former_home_are_told(void **state)
{
	struct nhrp_msg m;
	unsigned int purges;

	roaming_begin();
	ask_for_vm2(spoke2);
	purges = world_seen(NHRP_OP_PURGE_REQUEST);
	world_run(1000);
	roaming_seen(spoke3);
	assert_ptr_equal(roaming_home(VM2), spoke3);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST) - purges, 2);
	m = got_by(spoke1, NHRP_OP_PURGE_REQUEST);
	assert_null(world_fdb(spoke1, VM2));
	assert_false(nhrp_moves_find(&m, &(struct dm_reader){ 0 })); /* it is nobody's home, and needs no number */
	m = got_by(spoke2, NHRP_OP_PURGE_REQUEST);
	assert_int_equal(first_move(&m).number, number_of(VM2));
	assert_int_equal(first_move(&m).age, 0);
	assert_int_equal(spoke2->elsewhere, 1);
	assert_int_equal(spoke3->got[NHRP_OP_PURGE_REQUEST].len, 0);
	world_run(10 * MINUTE); /* all is acknowledged */
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST) - purges, 2);
	assert_int_equal(spoke2->elsewhere, 1);
	ask_for_vm2(spoke3);
}

/* A former home that had asked itself, when the address was somewhere else, hears it once. */
static void test_former_home_that_asked_is_told_once(void **state)
{
	unsigned int purges;

	roaming_seen(spoke3);
	world_mac_seen(hub, spoke2, HUB_VNI, "02:aa:00:00:00:03");
	world_hairpin(hub, spoke2, spoke3, HUB_VNI, "02:aa:00:00:00:03", VM2);
	world_run(10);
	assert_non_null(world_fdb(spoke2, VM2));
	roaming_seen(spoke2); /* asks it, who has a shortcut to where it was */
	assert_null(world_fdb(spoke2, VM2));
	purges = world_seen(NHRP_OP_PURGE_REQUEST);
	roaming_seen(spoke3);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST) - purges, 1);
}

static void test_lost_word_to_the_former_home_is_repeated(void **state)
{
	struct nhrp_msg m;

	roaming_begin();
	world_run(1000);
	world_lose(NHRP_OP_PURGE_REQUEST, 2);
	roaming_seen(spoke3);
	assert_int_equal(spoke2->elsewhere, 0);
	world_run(4000);
	assert_int_equal(spoke2->elsewhere, 1);
	m = got_by(spoke2, NHRP_OP_PURGE_REQUEST);
	assert_in_range(first_move(&m).age, 2000, 3100); /* since the move, not since that message */
}

/* --- claims --- */

static void test_claim_without_the_number_takes_one_more_round(void **state)
{
	unsigned int requests;
	uint32_t number;
	struct nhrp_msg m;

	roaming_begin();
	number = number_of(VM2);
	m = sent_by(spoke2, NHRP_OP_REGISTRATION_REQUEST);
	assert_int_equal(first_move(&m).number, 0);
	world_run(1000);
	requests = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	world_local(spoke3, VM2, false); /* with arp-suppress no frame of it comes to the hub */
	world_run(10);
	assert_ptr_equal(roaming_home(VM2), spoke3);
	assert_int_equal(number_of(VM2), number + 1);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST) - requests, 2);
	m = sent_by(spoke3, NHRP_OP_REGISTRATION_REQUEST);
	assert_int_equal(first_move(&m).number, number);
	assert_int_equal(spoke2->elsewhere, 1);
	/* and back: it knows the last number but one */
	world_run(1000);
	world_local(spoke2, VM2, false);
	world_run(10);
	assert_ptr_equal(roaming_home(VM2), spoke2);
	assert_int_equal(number_of(VM2), number + 2);
	assert_int_equal(spoke3->elsewhere, 1);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST) - requests, 4);
}

static void test_old_claim_once_more_changes_nothing(void **state)
{
	uint8_t octets[1500];
	unsigned int purges;
	struct nhrp_msg m;
	struct nhrp_cie cie;
	uint32_t number;
	size_t len;

	roaming_begin();
	len = copy_claim(spoke2, octets);
	world_run(1000);
	roaming_seen(spoke3);
	world_run(1000);
	number = number_of(VM2);
	purges = world_seen(NHRP_OP_PURGE_REQUEST);
	for (int i = 0; i < 3; i++) {
		world_inject(hub, &spoke2->nbma, octets, len);
		world_run(500);
		assert_ptr_equal(roaming_home(VM2), spoke3);
	}
	m = sent_by(hub, NHRP_OP_REGISTRATION_REPLY);
	cie = cie_at(&m, 0);
	assert_int_equal(cie.code, NHRP_CIE_UNIQUE_EXISTS);
	assert_int_equal(cie.holding_time, 0);
	assert_int_equal(first_move(&m).number, number);
	assert_in_range(first_move(&m).age, 1000, 2500);
	assert_int_equal(number_of(VM2), number);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), purges);
}

/* What spoke2 said before the move comes after it, whether it knew a number or not; it learns that it is out of date. */
static void test_late_claim_does_not_undo_the_move(void **state)
{
	world_delay(NHRP_OP_REGISTRATION_REQUEST, 1, 500);
	world_local(spoke2, VM2, false);
	world_run(100);
	roaming_seen(spoke3);
	world_run(3000);
	assert_ptr_equal(roaming_home(VM2), spoke3);
	assert_int_equal(spoke2->elsewhere, 1);
}

/* A former home whose claims were lost tries for seconds; the host is elsewhere by then. */
static void test_claim_that_is_repeated_too_long(void **state)
{
	world_lose(NHRP_OP_REGISTRATION_REQUEST, 3);
	world_local(spoke2, VM2, false);
	world_run(2000);
	roaming_seen(spoke3);
	world_run(20000);
	assert_ptr_equal(roaming_home(VM2), spoke3);
	assert_int_equal(spoke2->elsewhere, 1);
	world_run(2 * MINUTE);
	assert_ptr_equal(roaming_home(VM2), spoke3);
}

/* The host has truly come while the hub still tells that it went: what the spoke heard since counts. */
static void test_host_that_came_back_is_claimed_again(void **state)
{
	roaming_begin();
	world_run(1000);
	world_delay(NHRP_OP_PURGE_REQUEST, 1, 300);
	roaming_seen(spoke3);
	world_run(100);
	world_local(spoke2, VM2, true); /* by a broadcast from there */
	world_local(spoke2, VM2, false);
	world_run(10);
	assert_ptr_equal(roaming_home(VM2), spoke2);
	world_run(1000);
	assert_ptr_equal(roaming_home(VM2), spoke2);
	assert_int_equal(spoke2->elsewhere, 0);
}

/* … and a word that comes so late that it seems to be new takes no more than the bridge's entry, until the next frame. */
static void test_late_word_of_a_move(void **state)
{
	uint8_t octets[1500];
	size_t len;

	roaming_begin();
	world_run(1000);
	roaming_seen(spoke3);
	len = spoke2->got[NHRP_OP_PURGE_REQUEST].len;
	memcpy(octets, spoke2->got[NHRP_OP_PURGE_REQUEST].octets, len);
	world_run(100);
	world_local(spoke2, VM2, false);
	world_run(1000);
	assert_ptr_equal(roaming_home(VM2), spoke2);
	assert_int_equal(spoke2->elsewhere, 1);
	world_inject(spoke2, &hub->nbma, octets, len); /* its number is one that spoke2 has heard the successor of */
	world_run(1000);
	assert_ptr_equal(roaming_home(VM2), spoke2);
	assert_int_equal(spoke2->elsewhere, 1);
}

/* The refusal, too, can be late: what it answers has been said again meanwhile. */
static void test_late_refusal(void **state)
{
	roaming_begin();
	world_run(1000);
	world_delay(NHRP_OP_REGISTRATION_REPLY, 1, 1500);
	world_local(spoke3, VM2, false);
	world_run(5000);
	assert_ptr_equal(roaming_home(VM2), spoke3);
	assert_int_equal(spoke3->elsewhere, 0);
	assert_int_equal(spoke2->elsewhere, 1);
}

/*
 * All messages come twice, some late and some not at all, while VM2 goes to and fro; where it was heard last it is.
 * A message that was held up may make the move look newer than the host's last frame; then the next one tells.
 */
static void test_story_with_a_bad_network(void **state)
{
	static const uint8_t types[] = { NHRP_OP_REGISTRATION_REQUEST, NHRP_OP_REGISTRATION_REPLY, NHRP_OP_PURGE_REQUEST,
					 NHRP_OP_PURGE_REPLY, NHRP_OP_RESOLUTION_REPLY };
	struct vpn_duplicate_config off = vpn_duplicate_default();

	off.off = true;
	vpn_engine_set_duplicate(hub->engine, "tun2", &off);
	world_repeat(true);
	roaming_begin();
	for (unsigned int i = 0; i < 40; i++) {
		struct world_node *to = i % 2 ? spoke2 : spoke3, *from = i % 2 ? spoke3 : spoke2;

		world_delay(types[i % 5], 1, 20 + 70 * (i % 7));
		world_lose(types[(i + 2) % 5], i % 3);
		world_run(1 + 37 * (i % 9));
		world_local(from, VM2, true);
		world_local(to, VM2, false);
		if (i % 3)
			roaming_seen(to);
	}
	world_run(MINUTE);
	for (unsigned int i = 0; i < sizeof(types); i++) {
		world_delay(types[i], 0, 0);
		world_lose(types[i], 0);
	}
	world_local(spoke2, VM2, false);
	world_run(4 * MINUTE);
	assert_ptr_equal(roaming_home(VM2), spoke2);
	ask_for_vm2(spoke2);
	assert_true(dm_addr_same(&world_fdb(spoke1, VM2)->nbma, &spoke2->nbma));
}

/* spoke3 claims VM2, by a message of the test's own, with these octets as move numbers (none: without the extension). */
static struct nhrp_msg claim_by_hand(const uint8_t *octets, size_t len)
{
	struct nhrp_msg m = from_spoke(spoke3, NHRP_OP_REGISTRATION_REQUEST, 77);
	const struct nhrp_cie cie = { .prefix_len = 48, .holding_time = 600, .proto = world_addr(VM2) };
	struct nhrp_builder b;
	uint8_t buf[512];

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	if (len) {
		nhrp_build_ext_begin(&b, NHRP_EXT_MOVES, false);
		nhrp_build_octets(&b, octets, len);
		nhrp_build_ext_end(&b);
	}
	deliver(hub, &spoke3->nbma, &b);
	return sent_by(hub, NHRP_OP_REGISTRATION_REPLY);
}

/* Who does not know of numbers says the last word, as RFC 2332 has it. */
static void test_claim_of_an_implementation_without_numbers(void **state)
{
	struct nhrp_msg m;

	roaming_begin();
	m = claim_by_hand(NULL, 0);
	assert_ptr_equal(roaming_home(VM2), spoke3);
	assert_int_equal(spoke2->elsewhere, 1);
	assert_false(nhrp_moves_find(&m, &(struct dm_reader){ 0 }));
}

/* A number that the hub has not given out is none, and takes no part in what it counts. */
static void test_claim_with_a_number_of_its_own(void **state)
{
	static const uint8_t octets[][8] = { { 255, 255, 255, 255 }, { 0 }, { 0, 0, 255, 255 } };
	uint32_t number;

	roaming_begin();
	number = number_of(VM2);
	for (size_t i = 0; i < 3; i++) {
		claim_by_hand(octets[i], sizeof(octets[i]));
		assert_ptr_equal(roaming_home(VM2), spoke2);
		assert_int_equal(number_of(VM2), number);
	}
	roaming_seen(spoke3);
	assert_int_equal(number_of(VM2), number + 1);
}

/* Other than one number for each entry says nothing, and goes back as it came. */
static void test_numbers_that_do_not_fit_the_entries(void **state)
{
	static const uint8_t octets[] = { 0, 0, 0, 9, 0, 0, 0, 0, 1 };
	struct nhrp_msg m;
	struct nhrp_ext ext;

	roaming_begin();
	m = claim_by_hand(octets, sizeof(octets));
	assert_true(nhrp_ext_find(&m, NHRP_EXT_MOVES, &ext));
	assert_int_equal(dm_reader_left(&ext.value), sizeof(octets));
	assert_memory_equal(ext.value.p, octets, sizeof(octets));
}

/* --- modules and daemons that start anew --- */

/* The bridge has a static entry, say, which stays; the module tells it anew, and how long ago it was heard. */
static void test_module_tells_an_old_mac_anew(void **state)
{
	struct dm_rec rec = {
		.type = DM_REC_LOCAL,
		.local = { .ifindex = WORLD_TUN_IFINDEX, .vni = 101, .mac = world_addr(VM2), .idle_ms = 5000 },
	};

	spoke2->keeps_macs = true;
	roaming_begin();
	world_run(1000);
	roaming_seen(spoke3);
	world_run(1000);
	assert_int_equal(spoke2->elsewhere, 1);
	vpn_engine_record(spoke2->engine, &rec);
	world_run(MINUTE);
	assert_ptr_equal(roaming_home(VM2), spoke3);
	assert_int_equal(spoke2->elsewhere, 2);
	/* another zebra, which knows nothing of that */
	world_module(spoke2, false);
	world_module(spoke2, true);
	rec.local.idle_ms += MINUTE;
	world_run(1000);
	vpn_engine_record(spoke2->engine, &rec);
	world_run(MINUTE);
	assert_ptr_equal(roaming_home(VM2), spoke3);
	assert_int_equal(spoke2->elsewhere, 3);
	rec.local.idle_ms = 0; /* now it is heard there */
	vpn_engine_record(spoke2->engine, &rec);
	world_run(10);
	assert_ptr_equal(roaming_home(VM2), spoke2);
}

/* All MACs anew after lost events: one that moved is where the switch has it, and no move was counted for it. */
static void test_resync_moves_and_counts_nothing(void **state)
{
	struct dm_rec rec = {
		.type = DM_REC_MAC_SEEN,
		.mac = { .ifindex = WORLD_TUN_IFINDEX, .vni = HUB_VNI, .mac = world_addr(VM2), .remote_vni = 101 },
	};

	roaming_begin();
	for (unsigned int i = 0; i < 20; i++) {
		rec.mac.nbma = i % 2 ? spoke2->nbma : spoke3->nbma;
		vpn_engine_record(hub->engine, &rec);
		vpn_engine_record(hub->engine, &rec);
		assert_ptr_equal(roaming_home(VM2), i % 2 ? spoke2 : spoke3);
	}
	assert_int_equal(hub->warnings, 0);
	assert_int_equal(hub->last_hold.ifindex, 0);
}

/* Numbers of a hub that began anew are greater than those it had given out. */
static void test_restarted_hub(void **state)
{
	uint8_t octets[1500];
	uint32_t number;
	size_t len;

	roaming_begin();
	world_run(1000);
	roaming_seen(spoke3);
	world_local(spoke3, VM2, false);
	world_run(100);
	number = number_of(VM2);
	len = copy_claim(spoke3, octets);
	world_run(2000);
	world_restart(hub);
	world_configure(hub, 1, NULL);
	world_run(3 * MINUTE);
	assert_ptr_equal(roaming_home(VM2), spoke3);
	assert_true(number_of(VM2) > number);
	roaming_seen(spoke2);
	world_inject(hub, &spoke3->nbma, octets, len); /* from before the restart, with the number of then */
	world_run(1000);
	assert_ptr_equal(roaming_home(VM2), spoke2);
	world_run(3 * MINUTE);
	assert_ptr_equal(roaming_home(VM2), spoke2);
}

/* A spoke whose nhrpd begins anew knows no numbers: what is behind it is granted, what has gone is not. */
static void test_restarted_spoke(void **state)
{
	struct dm_rec rec = {
		.type = DM_REC_LOCAL,
		.local = { .ifindex = WORLD_TUN_IFINDEX, .vni = 101, .mac = world_addr(VM2), .idle_ms = 20000 },
	};

	roaming_begin();
	world_local(spoke2, "02:aa:00:00:00:04", false);
	world_run(1000);
	roaming_seen(spoke3);
	world_run(1000);
	assert_int_equal(spoke2->elsewhere, 1);
	world_restart(spoke2);
	world_configure(spoke2, 1, hub);
	roaming_suppress(spoke2);
	world_run(1000);
	vpn_engine_record(spoke2->engine, &rec); /* one that the bridge kept */
	world_local(spoke2, "02:aa:00:00:00:04", false);
	world_run(MINUTE);
	assert_ptr_equal(roaming_home(VM2), spoke3);
	assert_ptr_equal(roaming_home("02:aa:00:00:00:04"), spoke2);
	assert_int_equal(spoke2->elsewhere, 2);
}

/* An address that nobody has any more, and that comes again, begins above where it ended. */
static void test_number_outlives_the_binding(void **state)
{
	uint8_t octets[1500];
	uint32_t number;
	size_t len;

	roaming_begin();
	world_run(1000);
	world_local(spoke3, VM2, false);
	world_run(100);
	len = copy_claim(spoke3, octets);
	number = number_of(VM2);
	vpn_engine_unset_instance(spoke3->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke3->engine);
	world_run(100);
	assert_false(world_mac(hub, VM2, &(struct vpn_mac_view){ 0 }));
	world_local(spoke2, VM2, false);
	world_run(100);
	assert_ptr_equal(roaming_home(VM2), spoke2);
	assert_true(number_of(VM2) > number);
	vpn_engine_set_instance(spoke3->engine, "tun2", (struct vpn_id){ .index = 1 }, 0);
	vpn_engine_commit(spoke3->engine);
	world_run(100);
	world_inject(hub, &spoke3->nbma, octets, len);
	world_run(100);
	assert_ptr_equal(roaming_home(VM2), spoke2);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, roaming_setup, trio_teardown)
	CASE(test_askers_and_the_former_home_are_told),
	CASE(test_former_home_that_asked_is_told_once),
	CASE(test_lost_word_to_the_former_home_is_repeated),
	CASE(test_claim_without_the_number_takes_one_more_round),
	CASE(test_old_claim_once_more_changes_nothing),
	CASE(test_late_claim_does_not_undo_the_move),
	CASE(test_claim_that_is_repeated_too_long),
	CASE(test_host_that_came_back_is_claimed_again),
	CASE(test_late_word_of_a_move),
	CASE(test_late_refusal),
	CASE(test_story_with_a_bad_network),
	CASE(test_claim_of_an_implementation_without_numbers),
	CASE(test_claim_with_a_number_of_its_own),
	CASE(test_numbers_that_do_not_fit_the_entries),
	CASE(test_module_tells_an_old_mac_anew),
	CASE(test_resync_moves_and_counts_nothing),
	CASE(test_restarted_hub),
	CASE(test_restarted_spoke),
	CASE(test_number_outlives_the_binding),
};

int main(void)
{
	return cmocka_run_group_tests_name("addresses that move", tests, NULL, NULL);
}

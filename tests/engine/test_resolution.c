// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Resolutions, rule by rule: what a hub's answer says, which answers a spoke takes, and what
 * becomes of them; once each for MAC, IPv4 and IPv6 addresses.
 * RFC 2332 5.2.0.1, 5.2.1, 5.2.2; RFC 2735 4.2.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2 (VNI 100), who asks; spoke2 10.0.0.3 (VNI 101), home of fam->at2
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/family.h"

/* A Resolution Request for at2 by spoke1, whose own engine did not ask. */
static struct nhrp_msg resolve(uint16_t flags)
{
	struct nhrp_msg m = family_msg(spoke1, NHRP_OP_RESOLUTION_REQUEST, 77), back;
	struct nhrp_builder b;
	uint8_t buf[512];

	m.flags = flags;
	m.dst_proto = world_addr(fam->at2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub, &spoke1->nbma, &b);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(back.request_id, 77);
	assert_int_equal(back.pro_type, nhrp_pro_type(fam->family));
	return back;
}

/* spoke2 registers by hand, with the flags given: MTU 1300, preference 9; and at2 is behind it. */
static void register_spoke2(uint16_t flags)
{
	const struct nhrp_cie cie = { .prefix_len = 0xff, .mtu = 1300, .holding_time = 600, .preference = 9 };
	const struct nhrp_cie behind = family_cie(spoke2, fam->at2);
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 5), back;
	struct nhrp_builder b;
	uint8_t buf[512];

	m.flags = flags;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(hub, &spoke2->nbma, &b);
	back = sent(NHRP_OP_REGISTRATION_REPLY);
	assert_int_equal(back.request_id, 5);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_SUCCESS);
	m = family_msg(spoke2, NHRP_OP_REGISTRATION_REQUEST, 6);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &behind);
	deliver(hub, &spoke2->nbma, &b);
	back = sent(NHRP_OP_REGISTRATION_REPLY);
	assert_int_equal(back.request_id, 6);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_SUCCESS);
}

/* --- what an answer says --- */

/* RFC 2332 5.2.2: A is the hub's to say, D not true of a MAC, U of the registration, Q and S of the request. */
static void test_flags_of_an_answer(void **state)
{
	family_resolved(fam->at2);
	assert_int_equal(resolve(0).flags, NHRP_RES_AUTHORITATIVE);
	assert_int_equal(resolve(NHRP_RES_DST_STABLE | 0x0001).flags, NHRP_RES_AUTHORITATIVE);
	assert_int_equal(resolve(NHRP_RES_ROUTER).flags, NHRP_RES_AUTHORITATIVE | NHRP_RES_ROUTER);
	assert_int_equal(resolve(NHRP_RES_SRC_STABLE).flags, NHRP_RES_AUTHORITATIVE | NHRP_RES_SRC_STABLE);
	assert_int_equal(resolve(NHRP_RES_UNIQUE).flags, NHRP_RES_AUTHORITATIVE); /* it is not unique */
	register_spoke2(NHRP_REG_UNIQUE);
	assert_int_equal(resolve(0).flags, NHRP_RES_AUTHORITATIVE | NHRP_RES_UNIQUE);
}

static void test_binding_that_is_not_unique_is_code_13(void **state)
{
	struct nhrp_msg back;
	struct nhrp_cie cie;

	world_configure(spoke1, 1, hub);
	world_run(100);
	back = resolve(NHRP_RES_UNIQUE);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_NO_BINDING); /* there is none at all */
	register_spoke2(0);
	back = resolve(NHRP_RES_UNIQUE);
	assert_int_equal(num_cies(&back), 1);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_NOT_UNIQUE);
	assert_int_equal(cie.holding_time, 0);
	assert_int_equal(cie.mtu, 0);
	assert_true(is_plain_zero(&cie));
	back = resolve(0);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_SUCCESS);
	register_spoke2(NHRP_REG_UNIQUE);
	back = resolve(NHRP_RES_UNIQUE);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_SUCCESS);
}

static void test_answer_is_as_registered(void **state)
{
	const struct dm_addr at2 = world_addr(fam->at2), mac = world_addr(VM2);
	struct nhrp_msg back;
	struct nhrp_cie cie;

	world_configure(spoke1, 1, hub);
	world_run(100);
	register_spoke2(0);
	back = resolve(0);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_SUCCESS);
	assert_int_equal(cie.mtu, 1300);
	assert_int_equal(cie.preference, 9);
	assert_addr(&cie.proto, &at2);
	assert_addr(&cie.nbma, &spoke2->nbma);
	assert_int_equal(cie.sub.vni, 101);
	assert_int_equal(cie.sub.has_mac, fam->family != DM_MAC);
	if (cie.sub.has_mac)
		assert_addr(&cie.sub.mac, &mac);
	/* and as registered last */
	world_configure(spoke2, 1, hub);
	world_run(100);
	back = resolve(0);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.mtu, 1450);
	assert_int_equal(cie.preference, 0);
}

/* RFC 2332 5.2.2: to who is the home of it there is nothing to tell. */
static void test_home_that_asks_gets_code_12(void **state)
{
	struct nhrp_msg m, back;
	struct nhrp_builder b;
	struct nhrp_cie cie;
	uint8_t buf[512];

	family_resolved(fam->at2);
	m = family_msg(spoke2, NHRP_OP_RESOLUTION_REQUEST, 78);
	m.dst_proto = world_addr(fam->at2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub, &spoke2->nbma, &b);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(back.request_id, 78);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_NO_BINDING);
	assert_true(is_plain_zero(&cie));
}

/* Who is no member learns nothing, ten times a second. */
static void test_stranger_that_asks_gets_code_4(void **state)
{
	const struct dm_addr stranger = world_addr("10.0.0.9");
	struct nhrp_msg m, back;
	struct nhrp_builder b;
	struct nhrp_cie cie;
	uint8_t buf[512];

	family_resolved(fam->at2);
	m = family_msg(spoke1, NHRP_OP_RESOLUTION_REQUEST, 79);
	m.src_nbma = stranger;
	m.dst_proto = world_addr(fam->at2);
	for (int i = 0; i < 100; i++) {
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		deliver(hub, &stranger, &b);
	}
	assert_int_equal(trio_refused(hub, VPN_REFUSED_NOT_MEMBER), 100);
	back = sent(NHRP_OP_RESOLUTION_REPLY); /* on its way to an address where nobody is */
	assert_int_equal(back.request_id, 79);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_PROHIBITED);
	assert_true(is_plain_zero(&cie));
	assert_true(world_seen(NHRP_OP_RESOLUTION_REPLY) <= 11);
}

/* RFC 2735 4.2: bits that we do not know are not handed on as if we did. */
static void test_unknown_capabilities_are_cleared(void **state)
{
	struct nhrp_msg m, back;
	struct nhrp_builder b;
	struct nhrp_ext ext;
	uint32_t source, target;
	uint8_t buf[512];

	family_resolved(fam->at2);
	m = family_msg(spoke1, NHRP_OP_RESOLUTION_REQUEST, 1);
	m.dst_proto = world_addr(fam->at2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_ext_capabilities(&b, 0xfffffffe, 0xf0f0f0f0);
	deliver(hub, &spoke1->nbma, &b);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(back.request_id, 1);
	assert_true(nhrp_ext_find(&back, NHRP_EXT_CAPABILITIES, &ext));
	assert_true(nhrp_ext_capabilities(&ext, &source, &target));
	assert_int_equal(source, 0);
	assert_int_equal(target, NHRP_CAPABILITY_VPN);
}

/* RFC 2332 5.3.1: the responder is the hub's VXLAN device, in a message about IP addresses by its MAC behind the VNI. */
static void test_responder_of_an_answer(void **state)
{
	struct nhrp_msg back;
	struct nhrp_ext ext;
	struct nhrp_cie cie;

	family_resolved(fam->at2);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_true(nhrp_ext_find(&back, NHRP_EXT_RESPONDER, &ext));
	assert_true(nhrp_cie_next(&ext.value, back.afn, back.pro_type, &cie));
	assert_addr(&cie.nbma, &hub->nbma);
	assert_int_equal(cie.sub.vni, HUB_VNI);
	assert_addr(fam->family == DM_MAC ? &cie.proto : &cie.sub.mac, &hub->link.mac);
}

/* --- which answers are taken --- */

/* The hub's answer to what spoke1 asked for last, with another source address where one is given. */
static void answer_by_hand(uint32_t id, const char *src_nbma, bool other_proto)
{
	const struct nhrp_cie cie = family_answer(fam->at2);
	struct nhrp_msg m = family_msg(spoke1, NHRP_OP_RESOLUTION_REPLY, id);
	struct nhrp_builder b;
	uint8_t buf[512];

	if (src_nbma)
		m.src_nbma = world_addr(src_nbma);
	if (other_proto)
		m.src_proto = world_addr(fam->unknown);
	m.flags = NHRP_RES_AUTHORITATIVE;
	m.dst_proto = world_addr(fam->at2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(spoke1, &hub->nbma, &b);
}

/* Registered, and waiting for an answer about at2 that is lost. Returns the ID it waits for. */
static uint32_t wait_for_an_answer(void)
{
	world_configure(spoke1, 1, hub);
	world_configure(spoke2, 1, hub);
	world_run(100);
	family_heard(spoke2, fam->at2);
	world_lose(NHRP_OP_RESOLUTION_REQUEST, 1000);
	family_want(fam->at2);
	return sent(NHRP_OP_RESOLUTION_REQUEST).request_id;
}

/* RFC 2332 5.2.0.1: who asked is part of what an answer is matched by. */
static void test_answer_to_another_source_is_not_ours(void **state)
{
	uint32_t id = wait_for_an_answer();

	answer_by_hand(id, "10.0.0.8", false);
	assert_false(family_has(spoke1, fam->at2));
	answer_by_hand(id, NULL, true);
	assert_false(family_has(spoke1, fam->at2));
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_UNEXPECTED_REPLY), 2);
	answer_by_hand(id, NULL, false);
	assert_true(family_has(spoke1, fam->at2));
}

static void test_unsolicited_answer_is_error_10(void **state)
{
	uint32_t id = wait_for_an_answer();

	answer_by_hand(id + 1, NULL, false);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 1);
	assert_int_equal(sent(NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_INVALID_RESOLUTION_REPLY);
	assert_false(family_has(spoke1, fam->at2));
	/* the same answer twice is nobody's fault */
	answer_by_hand(id, NULL, false);
	answer_by_hand(id, NULL, false);
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_UNEXPECTED_REPLY), 2);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 1);
	/* a flood of them is not answered with a flood */
	for (uint32_t i = 0; i < 100; i++)
		answer_by_hand(id + 2 + i, NULL, false);
	assert_true(world_seen(NHRP_OP_ERROR_INDICATION) <= 10);
}

/* Nobody but our hubs can make us speak. */
static void test_unsolicited_answer_of_a_stranger_is_not_answered(void **state)
{
	const struct dm_addr stranger = world_addr("10.0.0.9");
	struct nhrp_msg m = family_msg(spoke1, NHRP_OP_RESOLUTION_REPLY, 1);
	const struct nhrp_cie cie = { .code = NHRP_CIE_NO_BINDING };
	struct nhrp_builder b;
	uint8_t buf[512];

	wait_for_an_answer();
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(spoke1, &stranger, &b);
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_NOT_HUB), 1);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

/* What cannot be put into the kernel, or is about something else, is no answer. */
static void test_answer_that_makes_no_sense_is_not_taken(void **state)
{
	struct nhrp_cie wrong[7];
	struct nhrp_msg m = family_msg(spoke1, NHRP_OP_RESOLUTION_REPLY, wait_for_an_answer());
	const struct dm_addr group = world_addr("01:00:5e:00:00:01");
	struct nhrp_builder b;
	uint8_t buf[512];

	for (size_t i = 0; i < 7; i++)
		wrong[i] = family_answer(fam->at2);
	wrong[0].holding_time = 0;
	wrong[1].nbma = (struct dm_addr){ 0 };
	wrong[2].nbma = spoke1->nbma;
	wrong[3].nbma = world_addr("224.0.0.1");
	wrong[4].sub = nhrp_subaddr_none();
	wrong[5].proto = world_addr(fam->more2);
	/* a MAC where none belongs, or a group's where one does */
	wrong[6].sub = nhrp_subaddr_vni_mac(101, &group);
	m.flags = NHRP_RES_AUTHORITATIVE;
	m.dst_proto = world_addr(fam->at2);
	for (size_t i = 0; i < 7; i++) {
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		nhrp_build_cie(&b, &wrong[i]);
		deliver(spoke1, &hub->nbma, &b);
		assert_int_equal(trio_refused(spoke1, VPN_REFUSED_CONTENT), i + 1);
		assert_string_equal(family_state(spoke1, fam->at2), "resolving");
	}
}

/* --- lost, repeated, crossing --- */

static void test_resolution_survives_loss(void **state)
{
	world_configure(spoke1, 1, hub);
	world_configure(spoke2, 1, hub);
	world_run(100);
	family_heard(spoke2, fam->at2);
	world_lose(NHRP_OP_RESOLUTION_REQUEST, 2);
	world_lose(NHRP_OP_RESOLUTION_REPLY, 1);
	family_want(fam->at2);
	world_run(10);
	assert_false(family_has(spoke1, fam->at2));
	world_run(10000);
	assert_behind(spoke1, fam->at2, spoke2);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 4);
}

static void test_repeated_answers_change_nothing(void **state)
{
	world_repeat(true);
	family_resolved(fam->at2);
	assert_behind(spoke1, fam->at2, spoke2);
	assert_behind(hub, fam->at2, spoke2);
	assert_true(trio_refused(spoke1, VPN_REFUSED_UNEXPECTED_REPLY) > 0);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

static void test_unanswered_resolution_turns_negative_and_ends(void **state)
{
	wait_for_an_answer();
	world_run(20000);
	assert_string_equal(family_state(spoke1, fam->at2), "negative");
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 4);
	family_want(fam->at2);
	world_run(10);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 4); /* not asked while negative */
	world_run(15000);
	assert_string_equal(family_state(spoke1, fam->at2), "");
}

/* An answer that a purge overtook on its way comes to nobody who waits for it. */
static void test_answer_behind_a_purge_is_void(void **state)
{
	const struct nhrp_cie gone = { .proto = world_addr(fam->at2) };
	uint32_t id = wait_for_an_answer();
	struct nhrp_msg m = family_msg(hub, NHRP_OP_PURGE_REQUEST, 9);
	struct nhrp_builder b;
	uint8_t buf[512];

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &gone);
	deliver(spoke1, &hub->nbma, &b);
	assert_string_equal(family_state(spoke1, fam->at2), "resolving"); /* asked for anew */
	answer_by_hand(id, NULL, false);
	assert_false(family_has(spoke1, fam->at2));
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_UNEXPECTED_REPLY), 1);
}

/* --- renewal and end --- */

static void test_entry_in_use_is_renewed(void **state)
{
	unsigned int asked;

	vpn_engine_set_holdtime(hub->engine, "tun2", 30);
	family_resolved(fam->at2);
	asked = world_seen(NHRP_OP_RESOLUTION_REQUEST);
	family_pass(10 * 60 * 1000, fam->at2);
	assert_behind(spoke1, fam->at2, spoke2);
	assert_true(world_seen(NHRP_OP_RESOLUTION_REQUEST) - asked >= 15);
}

static void test_idle_entry_expires(void **state)
{
	unsigned int asked;

	vpn_engine_set_holdtime(hub->engine, "tun2", 30);
	family_resolved(fam->at2);
	asked = world_seen(NHRP_OP_RESOLUTION_REQUEST);
	family_pass(29000, NULL);
	assert_behind(spoke1, fam->at2, spoke2);
	family_pass(2000, NULL);
	assert_false(family_has(spoke1, fam->at2));
	assert_string_equal(family_state(spoke1, fam->at2), "");
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), asked);
}

/* The hub forgot it and its purge was lost: the next answer says so. */
static void test_refused_renewal_ends_it(void **state)
{
	const struct nhrp_cie gone = { .proto = world_addr(fam->at2) };
	struct nhrp_msg m = family_msg(spoke2, NHRP_OP_PURGE_REQUEST, 9);
	struct nhrp_builder b;
	uint8_t buf[512];

	vpn_engine_set_holdtime(hub->engine, "tun2", 30);
	family_resolved(fam->at2);
	world_lose(NHRP_OP_PURGE_REQUEST, 1000);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &gone);
	deliver(hub, &spoke2->nbma, &b);
	assert_true(family_has(spoke1, fam->at2));
	family_pass(24000, fam->at2);
	assert_false(family_has(spoke1, fam->at2));
	assert_string_equal(family_state(spoke1, fam->at2), "negative");
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, family_setup_hub, trio_teardown)
	CASE(test_flags_of_an_answer),
	CASE(test_binding_that_is_not_unique_is_code_13),
	CASE(test_answer_is_as_registered),
	CASE(test_home_that_asks_gets_code_12),
	CASE(test_stranger_that_asks_gets_code_4),
	CASE(test_unknown_capabilities_are_cleared),
	CASE(test_responder_of_an_answer),
	CASE(test_answer_to_another_source_is_not_ours),
	CASE(test_unsolicited_answer_is_error_10),
	CASE(test_unsolicited_answer_of_a_stranger_is_not_answered),
	CASE(test_answer_that_makes_no_sense_is_not_taken),
	CASE(test_resolution_survives_loss),
	CASE(test_repeated_answers_change_nothing),
	CASE(test_unanswered_resolution_turns_negative_and_ends),
	CASE(test_answer_behind_a_purge_is_void),
	CASE(test_entry_in_use_is_renewed),
	CASE(test_idle_entry_expires),
	CASE(test_refused_renewal_ends_it),
};

int main(void)
{
	return FAMILY_RUN("resolution", tests);
}

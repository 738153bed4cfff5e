// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Resolutions, rule by rule: what a hub's answer says, and which answers a spoke takes.
 * RFC 2332 5.2.0.1, 5.2.1, 5.2.2; RFC 2735 4.2.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2 (VNI 100), who asks; spoke2 10.0.0.3 (VNI 101), home of VM2
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

/* A Resolution Request for VM2 by spoke1, whose own engine did not ask. */
static struct nhrp_msg resolve(uint16_t flags)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, 77), back;
	struct nhrp_builder b;
	uint8_t buf[512];

	m.flags = flags;
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub, &spoke1->nbma, &b);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(back.request_id, 77);
	return back;
}

/* spoke2 registers by hand: MTU 1300, preference 9, with the flags given. */
static void register_spoke2(uint16_t flags)
{
	const struct nhrp_cie cie = { .prefix_len = 0xff, .mtu = 1300, .holding_time = 600, .preference = 9 };
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
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
}

/* RFC 2332 5.2.2: A is the hub's to say, D not true of a MAC, U of the registration, Q and S of the request. */
static void test_flags_of_an_answer(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
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

/* RFC 2332 5.2.0.1, 6.2.1: nobody becomes known by asking, whatever it offers. */
static void test_source_of_a_resolution_is_not_cached(void **state)
{
	const struct nhrp_cie offer = { .mtu = 1400, .holding_time = 600 };
	struct nhrp_msg m, back;
	struct nhrp_builder b;
	uint8_t buf[512];

	world_configure(spoke1, 1, hub);
	world_run(100);
	for (int member = 0; member < 2; member++) {
		m = from_spoke(member ? spoke1 : spoke2, NHRP_OP_RESOLUTION_REQUEST, 3);
		m.flags = NHRP_RES_SRC_STABLE;
		m.dst_proto = world_addr(VM2);
		m.src_proto = world_addr(VM1);
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		nhrp_build_cie(&b, &offer);
		deliver(hub, member ? &spoke1->nbma : &spoke2->nbma, &b);
		back = sent(NHRP_OP_RESOLUTION_REPLY);
		assert_int_equal(cie_at(&back, 0).code, member ? NHRP_CIE_NO_BINDING : NHRP_CIE_PROHIBITED);
	}
	assert_int_equal(world_num_members(hub), 1);
	assert_null(world_fdb(hub, VM1));
	assert_int_equal(world_instance(hub).num_macs, 0);
}

static void test_answer_is_as_registered(void **state)
{
	struct nhrp_msg back;
	struct nhrp_cie cie;

	world_configure(spoke1, 1, hub);
	world_run(100);
	register_spoke2(0);
	back = resolve(0);
	assert_int_equal(num_cies(&back), 1); /* a MAC has one home */
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_SUCCESS);
	assert_int_equal(cie.mtu, 1300);
	assert_int_equal(cie.preference, 9);
	/* and as registered last */
	world_configure(spoke2, 1, hub);
	world_run(100);
	back = resolve(0);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.mtu, 1450);
	assert_int_equal(cie.preference, 0);
}

/* RFC 2735 4.2: bits that we do not know are not handed on as if we did. */
static void test_unknown_capabilities_are_cleared(void **state)
{
	struct nhrp_msg m, back;
	struct nhrp_builder b;
	struct nhrp_ext ext;
	uint32_t source, target;
	uint8_t buf[512];

	register_and_redirect(hub, spoke1, spoke2);
	m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, 1);
	m.dst_proto = world_addr(VM2);
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

/* The hub's answer to what spoke1 asked for last, with another source address where one is given. */
static void answer_by_hand(uint32_t id, const char *src_nbma, const char *src_proto)
{
	const struct nhrp_cie cie = { .holding_time = 60, .nbma = spoke2->nbma, .sub = nhrp_subaddr_vni(101),
				      .proto = world_addr(VM2) };
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REPLY, id);
	struct nhrp_builder b;
	uint8_t buf[512];

	if (src_nbma)
		m.src_nbma = world_addr(src_nbma);
	if (src_proto)
		m.src_proto = world_addr(src_proto);
	m.flags = NHRP_RES_AUTHORITATIVE;
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(spoke1, &hub->nbma, &b);
}

/* Registered, and waiting for an answer about VM2 that is lost. Returns the ID it waits for. */
static uint32_t wait_for_an_answer(void)
{
	world_configure(spoke1, 1, hub);
	world_configure(spoke2, 1, hub);
	world_run(100);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_lose(NHRP_OP_RESOLUTION_REQUEST, 1000);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	return sent(NHRP_OP_RESOLUTION_REQUEST).request_id;
}

/* RFC 2332 5.2.0.1: who asked is part of what an answer is matched by. */
static void test_answer_to_another_source_is_not_ours(void **state)
{
	uint32_t id = wait_for_an_answer();

	answer_by_hand(id, "10.0.0.8", NULL);
	assert_null(world_fdb(spoke1, VM2));
	answer_by_hand(id, NULL, "02:00:00:00:00:08");
	assert_null(world_fdb(spoke1, VM2));
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_UNEXPECTED_REPLY), 2);
	answer_by_hand(id, NULL, NULL);
	assert_non_null(world_fdb(spoke1, VM2));
}

static void test_unsolicited_answer_is_error_10(void **state)
{
	uint32_t id = wait_for_an_answer();

	answer_by_hand(id + 1, NULL, NULL);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 1);
	assert_int_equal(sent(NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_INVALID_RESOLUTION_REPLY);
	assert_null(world_fdb(spoke1, VM2));
	/* the same answer twice is nobody's fault */
	answer_by_hand(id, NULL, NULL);
	answer_by_hand(id, NULL, NULL);
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_UNEXPECTED_REPLY), 2);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 1);
	/* a flood of them is not answered with a flood */
	for (uint32_t i = 0; i < 100; i++)
		answer_by_hand(id + 2 + i, NULL, NULL);
	assert_true(world_seen(NHRP_OP_ERROR_INDICATION) <= 10);
}

/* RFC 2332 5.2.7: the error goes to the station that answered, by the name that it gives itself. */
static void test_error_about_a_reply_is_for_the_responder(void **state)
{
	const struct nhrp_cie cie = { .code = NHRP_CIE_NO_BINDING };
	const struct nhrp_cie responder = { .holding_time = 60, .nbma = hub->nbma, .proto = hub->link.mac };
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REPLY, 1), error;
	struct nhrp_builder b;
	uint8_t buf[512];

	wait_for_an_answer();
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	nhrp_build_ext_begin(&b, NHRP_EXT_RESPONDER, true);
	nhrp_build_cie(&b, &responder);
	nhrp_build_ext_end(&b);
	deliver(spoke1, &hub->nbma, &b);
	error = sent(NHRP_OP_ERROR_INDICATION);
	assert_addr(&error.dst_proto, &hub->link.mac);
	assert_addr(&error.src_proto, &spoke1->link.mac);
	assert_addr(&error.src_nbma, &spoke1->nbma);
	assert_true(dm_reader_left(&error.body) > NHRP_FIXED_LEN); /* and holds what is in error, and no extension */
	assert_int_equal(dm_reader_left(&error.exts), 0);
}

/* An answer about VM2 with these entries, to what spoke1 asked for last. */
static void answer_with(uint16_t flags, const struct nhrp_cie *cies, size_t num)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REPLY, sent(NHRP_OP_RESOLUTION_REQUEST).request_id);
	struct nhrp_builder b;
	uint8_t buf[512];

	m.flags = flags;
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	for (size_t i = 0; i < num; i++)
		nhrp_build_cie(&b, &cies[i]);
	deliver(spoke1, &hub->nbma, &b);
}

/* Where VM2 might be: 10.0.0.LAST, with that preference. */
static struct nhrp_cie entry(const char *nbma, uint8_t preference)
{
	return (struct nhrp_cie){ .holding_time = 60, .preference = preference, .nbma = world_addr(nbma),
				  .sub = nhrp_subaddr_vni(101), .proto = world_addr(VM2) };
}

/* RFC 2332 5.2.0.1, 5.2.2: of several the one with the highest preference that is of any use. */
static void test_best_of_several_entries(void **state)
{
	struct nhrp_cie cies[] = { entry("10.0.0.1", 200), entry("10.0.0.11", 3), entry("10.0.0.12", 9),
				   entry("10.0.0.13", 9), entry("10.0.0.14", 250) };
	const struct dm_addr best = world_addr("10.0.0.12");

	wait_for_an_answer();
	cies[0].holding_time = 0;
	cies[4].sub = nhrp_subaddr_none();
	answer_with(NHRP_RES_AUTHORITATIVE, cies, 5);
	assert_non_null(world_fdb(spoke1, VM2));
	assert_addr(&world_fdb(spoke1, VM2)->nbma, &best);
}

/* RFC 2735 3.3: it was asked for with A, so that no NHS in between answers from what it has overheard. */
static void test_answer_without_authority_is_refused(void **state)
{
	const struct nhrp_cie cie = entry("10.0.0.11", 0);

	wait_for_an_answer();
	answer_with(NHRP_RES_ROUTER | NHRP_RES_SRC_STABLE, &cie, 1);
	assert_null(world_fdb(spoke1, VM2));
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_CONTENT), 1);
	answer_with(NHRP_RES_AUTHORITATIVE, &cie, 1);
	assert_non_null(world_fdb(spoke1, VM2));
}

/* RFC 2332 5.2.2: all but the code is ignored; a prohibition may mean that the hub does not know us. */
static void test_refusal_is_its_code_alone(void **state)
{
	static const uint8_t codes[] = { NHRP_CIE_NO_RESOURCES, NHRP_CIE_NO_BINDING, NHRP_CIE_NOT_UNIQUE,
					 NHRP_CIE_PROHIBITED };
	struct vpn_mac_view v;
	unsigned int registrations;

	wait_for_an_answer();
	registrations = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	for (size_t i = 0; i < sizeof(codes); i++) {
		struct nhrp_cie refusal = entry("10.0.0.11", 9);

		refusal.code = codes[i];
		answer_with(i ? NHRP_RES_AUTHORITATIVE : 0, &refusal, 1);
		assert_true(world_mac(spoke1, VM2, &v));
		assert_string_equal(v.type, "negative");
		assert_null(world_fdb(spoke1, VM2));
		assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST),
				 registrations + (codes[i] == NHRP_CIE_PROHIBITED));
		world_run(10000); /* within which no renewal is due */
		world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
		registrations = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	}
}

/* Nobody but our hubs can make us speak. */
static void test_unsolicited_answer_of_a_stranger_is_not_answered(void **state)
{
	const struct dm_addr stranger = world_addr("10.0.0.9");
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REPLY, 1);
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

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, trio_setup_hub, trio_teardown)
	CASE(test_flags_of_an_answer),
	CASE(test_binding_that_is_not_unique_is_code_13),
	CASE(test_source_of_a_resolution_is_not_cached),
	CASE(test_answer_is_as_registered),
	CASE(test_unknown_capabilities_are_cleared),
	CASE(test_answer_to_another_source_is_not_ours),
	CASE(test_unsolicited_answer_is_error_10),
	CASE(test_unsolicited_answer_of_a_stranger_is_not_answered),
	CASE(test_error_about_a_reply_is_for_the_responder),
	CASE(test_best_of_several_entries),
	CASE(test_answer_without_authority_is_refused),
	CASE(test_refusal_is_its_code_alone),
};

int main(void)
{
	return cmocka_run_group_tests_name("resolution", tests, NULL, NULL);
}

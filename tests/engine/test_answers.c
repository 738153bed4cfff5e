// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers, rule by rule, as far as the kind of address makes no difference: several entries,
 * authority, refusals, whom an error is for, and what asking leaves behind. The rest is in
 * test_resolution.c. RFC 2332 5.2.0.1, 5.2.2, 5.2.7, 6.2.1; RFC 2735 3.3.
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

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, trio_setup_hub, trio_teardown)
	CASE(test_error_about_a_reply_is_for_the_responder),
	CASE(test_best_of_several_entries),
	CASE(test_answer_without_authority_is_refused),
	CASE(test_refusal_is_its_code_alone),
	CASE(test_source_of_a_resolution_is_not_cached),
};

int main(void)
{
	return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device Capabilities and NAT address beside FRR's own code: each road of a message, of an even
 * and an odd length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/nhrp_capable.h"
#include "lib/nhrp_guard.h"
#include "lib/nhrp_msg.h"

#define NONE 0
#define NO_TARGET 0xffffffff /* no capabilities at all */

#define STOCKS NHRP_EXT_CAPABILITIES /* what NAT address is called under the stock code, */
#define WIRE NHRP_EXT_NAT_IN_VPN     /* and in a VPN */

/* As FRR's own code makes it: NAT address empty, a password of three octets where it is to be odd. */
static size_t message(uint8_t *buf, uint8_t op, uint16_t nat, uint16_t capabilities, uint32_t target, bool odd)
{
	struct nhrp_msg m = {.afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_IPV4, .hop_count = 64, .op = op, .request_id = 7};
	struct nhrp_cie cie = {.holding_time = 60};
	struct nhrp_builder b;
	const uint8_t value[] = {0, 0, 0, 1, 0, 0, 0, (uint8_t)target};

	assert_true(dm_addr_parse(&m.src_nbma, "10.0.0.2") && dm_addr_parse(&m.src_proto, "1.0.0.2") &&
		    dm_addr_parse(&m.dst_proto, "1.0.0.3"));
	nhrp_build_begin(&b, buf, NHRP_GUARD_MAX, &m);
	nhrp_build_cie(&b, &cie);
	nhrp_build_ext_empty(&b, NHRP_EXT_RESPONDER, true);
	nhrp_build_ext_empty(&b, nat, false);
	if (capabilities) {
		nhrp_build_ext_begin(&b, capabilities, false);
		nhrp_build_octets(&b, value, sizeof(value));
		nhrp_build_ext_end(&b);
	}
	if (odd) {
		nhrp_build_ext_begin(&b, NHRP_EXT_AUTHENTICATION, true);
		nhrp_build_octets(&b, "\0\0\0\1abc", 7);
		nhrp_build_ext_end(&b);
	}
	return nhrp_build_end(&b);
}

/* A whole message with these capabilities, or none, and an empty NAT address under that number. */
static void assert_says(const uint8_t *octets, size_t len, uint16_t nat, uint32_t source, uint32_t target)
{
	uint32_t s = NO_TARGET, t = NO_TARGET;
	unsigned int nats = 0;
	struct nhrp_msg m;
	struct nhrp_ext ext;

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE); /* so no number is there twice */
	assert_int_equal(m.packet_len, len);
	for (struct dm_reader r = m.exts; nhrp_ext_next(&r, &ext);) {
		assert_false(ext.compulsory && ext.type == NHRP_EXT_CAPABILITIES);
		if (!nhrp_ext_capabilities(&ext, &s, &t))
			nats += ext.type == nat && dm_reader_left(&ext.value) == 0;
	}
	assert_int_equal(nats, nat ? 1 : 0);
	assert_int_equal(s, source);
	assert_int_equal(t, target);
}

/* RFC 2735 3.3: the source knows VPNs, of the target nothing is known; not compulsory. */
static void test_own_request_gets_them(void **state)
{
	for (int odd = 0; odd <= 1; odd++) {
		uint8_t buf[NHRP_GUARD_MAX], before[NHRP_GUARD_MAX];
		size_t len = message(buf, NHRP_OP_RESOLUTION_REQUEST, STOCKS, NONE, 0, odd), now;

		message(before, NHRP_OP_RESOLUTION_REQUEST, WIRE, NONE, 0, odd);
		now = nhrp_capable_show(buf, len, sizeof(buf), true);
		assert_int_equal(now, len + 12);
		assert_says(buf, now, WIRE, NHRP_CAPABILITY_VPN, 0);
		assert_memory_equal(buf, before, 10);		      /* up to its size, */
		assert_memory_equal(buf + 14, before + 14, len - 14 - 4); /* and behind its sum up to the end marker */
	}
}

static void test_request_without_extensions_gets_them(void **state)
{
	struct nhrp_msg m = {.afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_IPV4, .op = NHRP_OP_RESOLUTION_REQUEST};
	uint8_t buf[NHRP_GUARD_MAX];
	struct nhrp_builder b;

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	assert_says(buf, nhrp_capable_show(buf, nhrp_build_end(&b), sizeof(buf), true), NONE, NHRP_CAPABILITY_VPN, 0);
}

/* Passed on for others, of another type or without room: none; NAT address has its number all the same. */
static void test_others_do_not_get_them(void **state)
{
	uint8_t buf[NHRP_GUARD_MAX];

	for (uint8_t op = NHRP_OP_RESOLUTION_REQUEST; op <= NHRP_OP_PURGE_REPLY; op++) {
		size_t len = message(buf, op, STOCKS, NONE, 0, false);

		assert_int_equal(nhrp_capable_show(buf, len, sizeof(buf), op != NHRP_OP_RESOLUTION_REQUEST), len);
		assert_says(buf, len, WIRE, NO_TARGET, NO_TARGET);
		message(buf, op, STOCKS, NONE, 0, false);
		assert_int_equal(nhrp_capable_show(buf, len, len + 11, true), len);
		assert_says(buf, len, WIRE, NO_TARGET, NO_TARGET);
	}
}

/* What is no message stays as it is, and as wrong. */
static void test_no_message(void **state)
{
	uint8_t buf[NHRP_GUARD_MAX], before[NHRP_GUARD_MAX];
	size_t len = message(buf, NHRP_OP_RESOLUTION_REQUEST, STOCKS, NONE, 0, false);

	buf[12] ^= 1;
	memcpy(before, buf, len);
	assert_int_equal(nhrp_capable_show(buf, len, sizeof(buf), true), len);
	assert_memory_equal(buf, before, len);
	assert_int_equal(nhrp_capable_show(buf, 0, sizeof(buf), true), 0);
}

/* The stock code never sees 8 octets under number 9, and what it copies comes out as it went in. */
static void test_passed_on_unchanged(void **state)
{
	static const uint8_t ops[] = {NHRP_OP_RESOLUTION_REQUEST, NHRP_OP_RESOLUTION_REPLY};

	for (int i = 0; i < 4; i++) {
		uint8_t buf[NHRP_GUARD_MAX], stocks[NHRP_GUARD_MAX], guarded[NHRP_GUARD_MAX];
		size_t len = message(buf, ops[i & 1], WIRE, NHRP_EXT_CAPABILITIES, i & 1, i & 2);

		assert_says(buf, len, WIRE, NHRP_CAPABILITY_VPN, i & 1);
		assert_int_equal(nhrp_capable_hide(buf, len, stocks, sizeof(stocks)), len);
		assert_says(stocks, len, STOCKS, NO_TARGET, NO_TARGET);
		assert_int_equal(nhrp_guard_plain(stocks, len, guarded).why, NHRP_GUARD_PASSED);
		assert_int_equal(nhrp_capable_show(guarded, len, sizeof(guarded), false), len);
		assert_memory_equal(guarded, buf, len);
	}
}

/* The stock code's answer has what it copied from the request: the target is this node, and knows VPNs. */
static void test_own_reply_tells(void **state)
{
	for (int odd = 0; odd <= 1; odd++) {
		uint8_t buf[NHRP_GUARD_MAX];
		size_t len = message(buf, NHRP_OP_RESOLUTION_REPLY, STOCKS, NHRP_EXT_CAPABILITIES_ASKED, 0, odd);

		assert_int_equal(nhrp_capable_show(buf, len, sizeof(buf), true), len);
		assert_says(buf, len, WIRE, NHRP_CAPABILITY_VPN, NHRP_CAPABILITY_VPN);
	}
}

/* A peer that knows no VPNs copies them from a request that we passed on: it does not tell that it knows any. */
static void test_copied_by_a_peer_that_knows_none(void **state)
{
	uint8_t buf[NHRP_GUARD_MAX], stocks[NHRP_GUARD_MAX];
	size_t len = message(buf, NHRP_OP_RESOLUTION_REPLY, STOCKS, NHRP_EXT_CAPABILITIES_ASKED, 0, false);

	assert_int_equal(nhrp_capable_hide(buf, len, stocks, sizeof(stocks)), len);
	assert_int_equal(nhrp_capable_show(stocks, len, sizeof(stocks), false), len);
	assert_says(stocks, len, WIRE, NHRP_CAPABILITY_VPN, 0);
}

/* What is damaged is not repaired, and what has none is left alone. */
static void test_nothing_to_hide(void **state)
{
	uint8_t buf[NHRP_GUARD_MAX], out[NHRP_GUARD_MAX];
	size_t len = message(buf, NHRP_OP_RESOLUTION_REQUEST, STOCKS, NONE, 0, false);

	assert_int_equal(nhrp_capable_hide(buf, len, out, sizeof(out)), 0);
	len = message(buf, NHRP_OP_RESOLUTION_REQUEST, WIRE, NHRP_EXT_CAPABILITIES, 0, false);
	assert_int_equal(nhrp_capable_hide(buf, len, out, len - 1), 0);
	assert_int_equal(nhrp_capable_hide(buf, len - 1, out, sizeof(out)), 0);
	buf[40] ^= 1;
	assert_int_equal(nhrp_capable_hide(buf, len, out, sizeof(out)), 0);
}

/* Both numbers at once in a message that comes: the stock code would have 9 twice, and the guard drops it. */
static void test_nat_address_twice(void **state)
{
	struct nhrp_msg m = {.afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_IPV4, .op = NHRP_OP_RESOLUTION_REQUEST};
	uint8_t buf[256], stocks[NHRP_GUARD_MAX], out[NHRP_GUARD_MAX];
	struct nhrp_builder b;
	size_t len;

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_ext_empty(&b, STOCKS, false);
	nhrp_build_ext_empty(&b, WIRE, false);
	len = nhrp_build_end(&b);
	assert_int_equal(nhrp_capable_hide(buf, len, stocks, sizeof(stocks)), len);
	assert_int_equal(nhrp_guard_plain(stocks, len, out).drop, NHRP_DROP_EXTENSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_request_gets_them),
		cmocka_unit_test(test_request_without_extensions_gets_them),
		cmocka_unit_test(test_others_do_not_get_them),
		cmocka_unit_test(test_passed_on_unchanged),
		cmocka_unit_test(test_own_reply_tells),
		cmocka_unit_test(test_copied_by_a_peer_that_knows_none),
		cmocka_unit_test(test_nothing_to_hide),
		cmocka_unit_test(test_nat_address_twice),
		cmocka_unit_test(test_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guard in front of FRR's own nhrpd code: hand-written messages, one thing wrong with
 * them at a time, the largest that may pass, and 200,000 mutated at random, each compared
 * with the stand-in for that code (stock_twin.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/nhrp_guard.h"
#include "tests/unit/nhrp_dump.h"
#include "tests/unit/nhrp_vectors.h"
#include "tests/unit/stock_twin.h"

static void seal(uint8_t *packet, size_t len)
{
	size_t size = packet[10] << 8 | packet[11];
	uint16_t sum;

	if (len < 28 || size > len)
		return;
	packet[12] = packet[13] = 0;
	sum = nhrp_checksum(packet, size);
	packet[12] = sum >> 8;
	packet[13] = sum & 0xff;
}

static uint32_t random_state;

static uint32_t random_u32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

/* The same message but for its sum. */
static void assert_same_message(const uint8_t *before, const uint8_t *after, size_t len)
{
	assert_memory_equal(before, after, 12);
	assert_memory_equal(before + 14, after + 14, len - 14);
}

/* Judges a copy of exactly LEN octets; whatever passes must suit the stock code and be what came. */
static struct nhrp_guarded judge(const uint8_t *octets, size_t len)
{
	static uint8_t out[NHRP_GUARD_MAX];
	uint8_t *copy = malloc(len ? len : 1);
	struct nhrp_guarded g;

	assert_non_null(copy);
	memcpy(copy, octets, len);
	g = nhrp_guard_plain(copy, len, out);
	if (g.why == NHRP_GUARD_PASSED) {
		const char *objection = stock_twin_objects(out, g.len);

		if (objection)
			print_error("passed, but: %s\n", objection);
		assert_null(objection);
		assert_int_equal(g.len, octets[10] << 8 | octets[11]);
		assert_same_message(octets, out, g.len);
		assert_int_equal(g.op, octets[17]);
	} else {
		assert_int_equal(g.len, 0);
	}
	assert_int_equal(g.drop != NHRP_DROP_NONE, g.why == NHRP_GUARD_MALFORMED);
	free(copy);
	return g;
}

static bool is_stock_message(const struct nhrp_vector *v)
{
	return strncmp(v->name, "plain-", 6) == 0 && strcmp(v->name, "plain-no-addresses") != 0;
}

/* --- what passes --------------------------------------------------------------- */

static void test_passes_what_stock_peers_send(void **state)
{
	uint8_t octets[VECTOR_MAX];
	unsigned int passed = 0;

	for (size_t i = 0; i < nhrp_vector_count; i++) {
		size_t len = from_hex(nhrp_vectors[i].hex, octets);
		struct nhrp_guarded g;

		if (!is_stock_message(&nhrp_vectors[i]))
			continue;
		g = judge(octets, len);
		if (g.why)
			print_error("%s: %s %u\n", nhrp_vectors[i].name, nhrp_guard_name(g.why), g.value);
		assert_int_equal(g.why, NHRP_GUARD_PASSED);
		passed++;
	}
	assert_true(passed >= 6);
}

static void test_cuts_what_follows(void **state)
{
	uint8_t octets[VECTOR_MAX], out[NHRP_GUARD_MAX];
	size_t len = from_hex(nhrp_vector("plain-registration-request")->hex, octets);
	struct nhrp_guarded g;

	memset(octets + len, 0x5a, 11);
	assert_int_equal(judge(octets, len + 11).why, NHRP_GUARD_PASSED);
	g = nhrp_guard_plain(octets, len + 11, out);
	assert_int_equal(g.len, len);
	assert_memory_equal(out, octets, len);
}

/* RFC 2332 5.1 and the stock code differ over an odd length; either sum gets through, as the stock code's. */
static void test_odd_length_gets_the_stock_sum(void **state)
{
	uint8_t stocks[VECTOR_MAX], octets[VECTOR_MAX], out[NHRP_GUARD_MAX];
	size_t len = from_hex(nhrp_vector("plain-odd-frr-checksum")->hex, stocks);
	struct nhrp_guarded g;

	assert_int_equal(len & 1, 1);
	assert_true(stock_twin_sum_fits(stocks, len));
	g = nhrp_guard_plain(stocks, len, out);
	assert_int_equal(g.len, len);
	assert_memory_equal(out, stocks, len); /* it was right already */

	memcpy(octets, stocks, len);
	seal(octets, len);
	assert_int_equal(nhrp_checksum(octets, len), 0);
	assert_false(stock_twin_sum_fits(octets, len));
	g = nhrp_guard_plain(octets, len, out);
	assert_int_equal(g.why, NHRP_GUARD_PASSED);
	assert_memory_equal(out, stocks, len);

	/* an even length is handed over as it came */
	len = from_hex(nhrp_vector("plain-registration-reply")->hex, octets);
	g = nhrp_guard_plain(octets, len, out);
	assert_memory_equal(out, octets, len);
}

/* --- what does not ------------------------------------------------------------- */

static const struct {
	const char *vector;
	size_t at; /* offset in the message */
	const char *hex; /* what is written there, and the sum made right */
	enum nhrp_guard why;
	uint32_t value;
} faults[] = {
	{"vpn-registration-request", 24, "0001", NHRP_GUARD_VPN, 0},
	{"vpn-traffic-indication", 24, "0001", NHRP_GUARD_VPN, 0},
	{"plain-no-addresses", 0, "0001", NHRP_GUARD_PROTOCOL, 0x6558},
	{"plain-no-addresses", 2, "0800", NHRP_GUARD_SUBADDRESS, 19},

	/* header: type bit on nothing, an address left out, none that names a station */
	{"plain-registration-request", 19, "40", NHRP_GUARD_SUBADDRESS, 19},
	{"plain-registration-request", 32, "00000000", NHRP_GUARD_ADDRESS, 32},
	{"plain-registration-request", 32, "e0000005", NHRP_GUARD_ADDRESS, 32},
	{"plain-registration-request", 28, "00000000", NHRP_GUARD_ADDRESS, 28},
	{"plain-registration-request", 28, "ffffffff", NHRP_GUARD_ADDRESS, 28},
	{"plain-registration-request", 28, "e0000001", NHRP_GUARD_ADDRESS, 28},
	{"plain-registration-request", 36, "e0000009", NHRP_GUARD_ADDRESS, 36},
	{"plain-registration-request", 36, "ffffffff", NHRP_GUARD_ADDRESS, 36},
	{"plain-registration-request", 36, "00000000", NHRP_GUARD_PASSED, 0},
	{"plain-ipv6-responder-ipv4", 32, "ff02", NHRP_GUARD_ADDRESS, 32},
	{"plain-ipv6-responder-ipv4", 32, "00000000000000000000000000000000", NHRP_GUARD_ADDRESS, 32},
	{"plain-ipv6-responder-ipv4", 48, "ff05", NHRP_GUARD_ADDRESS, 48},

	/* the CIE of the body: type bit on an address of no length */
	{"plain-registration-request", 48, "40", NHRP_GUARD_SUBADDRESS, 48},
	{"plain-registration-request", 49, "40", NHRP_GUARD_SUBADDRESS, 49},

	/* the NAT address extension: of a length that is no CIE's, with a subaddress, without a station */
	{"plain-registration-reply", 98, "05", NHRP_GUARD_NAT, 84},
	{"plain-registration-reply", 96, "00", NHRP_GUARD_NAT, 84},
	{"plain-registration-reply", 96, "44", NHRP_GUARD_NAT, 84},
	{"plain-registration-reply", 97, "40", NHRP_GUARD_NAT, 84},
	{"plain-registration-reply", 120, "00000000", NHRP_GUARD_NAT, 84},
	{"plain-registration-reply", 120, "ef000001", NHRP_GUARD_NAT, 84},
	{"plain-registration-reply", 124, "00000000", NHRP_GUARD_PASSED, 0},
};

static void test_names_each_fault(void **state)
{
	uint8_t octets[VECTOR_MAX], patch[VECTOR_MAX];

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		size_t len = from_hex(nhrp_vector(faults[i].vector)->hex, octets);
		struct nhrp_guarded g;

		memcpy(octets + faults[i].at, patch, from_hex(faults[i].hex, patch));
		if (octets[0] == 0)
			seal(octets, len);
		g = judge(octets, len);
		if (g.why != faults[i].why || g.value != faults[i].value)
			print_error("%s with %s at %zu: %s %s %u\n", faults[i].vector, faults[i].hex, faults[i].at,
				    nhrp_guard_name(g.why), nhrp_drop_name(g.drop), g.value);
		assert_int_equal(g.why, faults[i].why);
		assert_int_equal(g.value, faults[i].value);
	}
}

static void test_malformed_keeps_the_codecs_reason(void **state)
{
	uint8_t octets[VECTOR_MAX];
	size_t len = from_hex(nhrp_vector("plain-registration-request")->hex, octets);
	struct nhrp_guarded g;

	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(judge(octets, cut).why, NHRP_GUARD_MALFORMED);
	octets[13] ^= 1;
	g = judge(octets, len);
	assert_int_equal(g.drop, NHRP_DROP_CHECKSUM);
	assert_int_equal(g.value, 0x69dc);
	assert_int_equal(g.op, 0);
}

/* --- messages made for it ------------------------------------------------------ */

static struct dm_addr addr(const char *text)
{
	struct dm_addr a;

	assert_true(dm_addr_parse(&a, text));
	return a;
}

static struct nhrp_msg some_msg(uint8_t op)
{
	return (struct nhrp_msg){
		.afn = NHRP_AFN_IPV4,
		.pro_type = NHRP_PRO_IPV4,
		.hop_count = 64,
		.op = op,
		.src_nbma = addr("10.0.0.2"),
		.src_proto = addr("1.0.0.2"),
		.dst_proto = addr("1.0.0.1"),
	};
}

static enum nhrp_guard judge_cie(uint8_t op, const struct nhrp_cie *cie)
{
	struct nhrp_msg m = some_msg(op);
	uint8_t buf[VECTOR_MAX];
	struct nhrp_builder b;

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, cie);
	return judge(buf, nhrp_build_end(&b)).why;
}

static void test_what_a_cie_may_name(void **state)
{
	static const uint8_t ops[] = {
		NHRP_OP_RESOLUTION_REQUEST, NHRP_OP_RESOLUTION_REPLY, NHRP_OP_REGISTRATION_REQUEST,
		NHRP_OP_REGISTRATION_REPLY,
	};
	const struct nhrp_cie good = {.nbma = addr("10.0.0.9"), .proto = addr("1.0.0.9")};
	const struct nhrp_cie zero = {.nbma = addr("0.0.0.0"), .proto = addr("1.0.0.9")};
	const struct nhrp_cie group = {.nbma = addr("10.0.0.9"), .proto = addr("224.0.0.5")};
	const struct nhrp_cie vni = {.nbma = addr("10.0.0.9"), .sub = nhrp_subaddr_vni(7)};
	struct nhrp_cie refused = zero;

	refused.code = NHRP_CIE_NO_BINDING;
	for (size_t i = 0; i < sizeof(ops); i++) {
		assert_int_equal(judge_cie(ops[i], &good), NHRP_GUARD_PASSED);
		assert_int_equal(judge_cie(ops[i], &zero), NHRP_GUARD_ADDRESS);
		assert_int_equal(judge_cie(ops[i], &group), NHRP_GUARD_ADDRESS);
		assert_int_equal(judge_cie(ops[i], &vni), NHRP_GUARD_SUBADDRESS);
		/* a code in a request means nothing: the stock code binds all the same */
		assert_int_equal(judge_cie(ops[i], &refused),
				 nhrp_op_is_reply(ops[i]) ? NHRP_GUARD_PASSED : NHRP_GUARD_ADDRESS);
	}
	/* all that is to be forgotten of a default route, or of groups */
	assert_int_equal(judge_cie(NHRP_OP_PURGE_REQUEST, &group), NHRP_GUARD_PASSED);
	assert_int_equal(judge_cie(NHRP_OP_PURGE_REQUEST, &zero), NHRP_GUARD_PASSED);
	assert_int_equal(judge_cie(NHRP_OP_PURGE_REQUEST, &vni), NHRP_GUARD_SUBADDRESS);
}

static void test_ipv6_transport(void **state)
{
	struct nhrp_msg m = some_msg(NHRP_OP_RESOLUTION_REQUEST);
	uint8_t buf[VECTOR_MAX];
	struct nhrp_builder b;
	struct nhrp_guarded g;

	m.afn = NHRP_AFN_IPV6;
	m.src_nbma = addr("fd00::2");
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	g = judge(buf, nhrp_build_end(&b));
	assert_int_equal(g.why, NHRP_GUARD_TRANSPORT);
	assert_int_equal(g.value, 2);
}

static void test_every_header_address_is_wanted(void **state)
{
	static const uint32_t length_octets[] = {18, 20, 21};

	for (size_t i = 0; i < 3; i++) {
		struct nhrp_msg m = some_msg(NHRP_OP_RESOLUTION_REQUEST);
		struct dm_addr *addrs[] = {&m.src_nbma, &m.src_proto, &m.dst_proto};
		uint8_t buf[VECTOR_MAX];
		struct nhrp_builder b;
		struct nhrp_guarded g;

		memset(addrs[i], 0, sizeof(*addrs[i]));
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		g = judge(buf, nhrp_build_end(&b));
		assert_int_equal(g.why, NHRP_GUARD_NO_ADDRESS);
		assert_int_equal(g.value, length_octets[i]);
	}
}

/* A message of TYPE with the extensions whose bits are set in EXTS, and FILL octets of a vendor's own. */
static size_t build_filled(uint8_t buf[2048], uint8_t type, unsigned int exts, size_t fill)
{
	static const uint8_t zeros[2048];
	struct nhrp_msg m = some_msg(type);
	struct nhrp_cie cie = {.holding_time = 1};
	struct nhrp_builder b;

	nhrp_build_begin(&b, buf, 2048, &m);
	if (type != NHRP_OP_TRAFFIC_INDICATION)
		nhrp_build_cie(&b, &cie);
	else
		nhrp_build_octets(&b, zeros, fill);
	for (uint16_t ext = 1; ext < 16; ext++)
		if (exts & 1u << ext)
			nhrp_build_ext_empty(&b, ext, false);
	if (type != NHRP_OP_TRAFFIC_INDICATION) {
		nhrp_build_ext_begin(&b, NHRP_EXT_VENDOR, false);
		nhrp_build_octets(&b, zeros, fill);
		nhrp_build_ext_end(&b);
	}
	return nhrp_build_end(&b);
}

/* As long as the largest answer fits, a message passes; one octet more and it does not. */
static void room(uint8_t type, unsigned int exts, size_t growth)
{
	uint8_t buf[2048];
	size_t least = build_filled(buf, type, exts, 0);
	size_t fill = NHRP_GUARD_MAX - growth - least;
	struct nhrp_guarded g;

	assert_int_equal(judge(buf, build_filled(buf, type, exts, fill)).why, NHRP_GUARD_PASSED);
	g = judge(buf, build_filled(buf, type, exts, fill + 1));
	assert_int_equal(g.why, NHRP_GUARD_TOO_LARGE);
	assert_int_equal(g.value, NHRP_GUARD_MAX + 1);
	assert_int_equal(judge(buf, build_filled(buf, type, exts, 1800)).why, NHRP_GUARD_TOO_LARGE);
}

static void test_room_to_answer_in(void **state)
{
	const size_t tail = 16 + 4, cie = 12 + 4 + 4;

	room(NHRP_OP_TRAFFIC_INDICATION, 0, tail);
	room(NHRP_OP_TRAFFIC_INDICATION, 1u << 4, tail + cie);
	room(NHRP_OP_REGISTRATION_REQUEST, 0, tail);
	room(NHRP_OP_REGISTRATION_REQUEST, 1u << 3 | 1u << 9, tail + 2 * cie);
	room(NHRP_OP_RESOLUTION_REQUEST, 0, tail + cie);
	room(NHRP_OP_RESOLUTION_REQUEST, 1u << 3 | 1u << 4 | 1u << 5 | 1u << 9, tail + 5 * cie);
	room(NHRP_OP_RESOLUTION_REPLY, 1u << 5, tail + cie);
}

/* --- what leaves --------------------------------------------------------------- */

static void test_no_error_about_an_error(void **state)
{
	uint8_t inner[VECTOR_MAX], buf[VECTOR_MAX];
	static const char *const about[] = {"plain-error-indication", "plain-registration-request"};
	struct nhrp_msg m = some_msg(NHRP_OP_ERROR_INDICATION);
	struct nhrp_builder b;

	for (size_t i = 0; i < 2; i++) {
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		nhrp_build_octets(&b, inner, from_hex(nhrp_vector(about[i])->hex, inner));
		assert_int_equal(nhrp_guard_may_leave(buf, nhrp_build_end(&b)), i == 1);
	}
	/* with too little of it to tell, and any other message */
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, inner, 19);
	assert_true(nhrp_guard_may_leave(buf, nhrp_build_end(&b)));
	m.op = NHRP_OP_TRAFFIC_INDICATION;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, inner, from_hex(nhrp_vector(about[0])->hex, inner));
	assert_true(nhrp_guard_may_leave(buf, nhrp_build_end(&b)));
}

/* --- at random ----------------------------------------------------------------- */

static void mutate(uint8_t *octets, size_t len)
{
	static const uint8_t edges[] = {0x00, 0x01, 0x04, 0x08, 0x10, 0x40, 0x44, 0x7f, 0x80, 0xff};

	for (uint32_t n = 1 + random_u32() % 3; n > 0; n--) {
		uint8_t *octet = &octets[random_u32() % len];

		if (random_u32() % 2)
			*octet = edges[random_u32() % sizeof(edges)];
		else
			*octet = random_u32();
	}
}

static void test_random_mutations(void **state)
{
	unsigned int seen[NHRP_GUARD_COUNT] = {0};
	uint8_t octets[VECTOR_MAX];

	random_state = 10701;
	for (int i = 0; i < 200000; i++) {
		const struct nhrp_vector *v = &nhrp_vectors[random_u32() % nhrp_vector_count];
		size_t len = from_hex(v->hex, octets);

		mutate(octets, len);
		if (octets[0] == 0)
			seal(octets, len);
		seen[judge(octets, len).why]++;
	}
	/* a reason never met would mean that the mutations no longer reach its check; size has its own test */
	for (size_t why = 0; why < NHRP_GUARD_COUNT; why++)
		assert_true(seen[why] > 0 || why == NHRP_GUARD_TOO_LARGE || why == NHRP_GUARD_TRANSPORT ||
			    why == NHRP_GUARD_NO_ADDRESS);
}

static void test_names(void **state)
{
	for (int why = 0; why < NHRP_GUARD_COUNT; why++) {
		assert_non_null(nhrp_guard_name(why));
		for (int other = 0; other < why; other++)
			assert_string_not_equal(nhrp_guard_name(why), nhrp_guard_name(other));
		/* counted beside the codec's reasons, in one JSON object */
		for (int drop = 1; drop < NHRP_DROP_COUNT; drop++)
			assert_string_not_equal(nhrp_guard_name(why), nhrp_drop_name(drop));
	}
	assert_string_equal(nhrp_guard_name(NHRP_GUARD_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passes_what_stock_peers_send),
		cmocka_unit_test(test_cuts_what_follows),
		cmocka_unit_test(test_odd_length_gets_the_stock_sum),
		cmocka_unit_test(test_names_each_fault),
		cmocka_unit_test(test_malformed_keeps_the_codecs_reason),
		cmocka_unit_test(test_what_a_cie_may_name),
		cmocka_unit_test(test_ipv6_transport),
		cmocka_unit_test(test_every_header_address_is_wanted),
		cmocka_unit_test(test_room_to_answer_in),
		cmocka_unit_test(test_no_error_about_an_error),
		cmocka_unit_test(test_random_mutations),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

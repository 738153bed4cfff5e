// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The NHRP codec: hand-written messages first, then what may go wrong with them one
 * octet at a time, then 200,000 messages mutated at random from a fixed seed.
 *
 * Every message is judged in a heap block of exactly its length, so that a build with
 * AddressSanitizer sees a read past its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/nhrp_dump.h"
#include "tests/unit/nhrp_vectors.h"

/* --- a stand-in for the wire ------------------------------------------------- */

/* Offset of the fixed header. */
static size_t packet_at(const uint8_t *octets, size_t len)
{
	return len > 0 && octets[0] == 0xaa ? 24 : 0;
}

/* RFC 2332 5.1 word for word: the naive twin of nhrp_checksum(). */
static uint16_t slow_checksum(const uint8_t *octets, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? octets[i] : octets[i] * 256u;
		if (sum > 0xffff)
			sum = sum - 0x10000 + 1;
	}
	return 0xffff - sum;
}

/* Makes the sum right again after a change, if the size still says which octets it covers. */
static void reseal(uint8_t *octets, size_t len)
{
	size_t at = packet_at(octets, len);
	uint16_t size, sum;

	if (len < at + 20)
		return;
	size = octets[at + 10] << 8 | octets[at + 11];
	if (size < 20 || size > len - at)
		return;
	octets[at + 12] = octets[at + 13] = 0;
	sum = slow_checksum(octets + at, size);
	octets[at + 12] = sum >> 8;
	octets[at + 13] = sum & 0xff;
}

/* Returns a heap block of exactly LEN octets; the caller frees it. */
static uint8_t *exact(const uint8_t *octets, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, octets, len);
	return copy;
}

static uint32_t random_state;

static uint32_t random_u32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

/* --- what every accepted message must be ------------------------------------- */

static void check_addr(const struct dm_addr *a, enum dm_family family)
{
	assert_true(a->family == DM_NONE || a->family == family);
	for (size_t i = dm_addr_len(a); i < DM_ADDR_MAX; i++)
		assert_int_equal(a->octets[i], 0);
}

static void check_sub(const struct nhrp_subaddr *sub)
{
	assert_true(sub->len <= 63);
	assert_int_equal(sub->octets != NULL, sub->len > 0 && !sub->has_vni);
	assert_int_equal(sub->mac.family, sub->has_mac ? DM_MAC : DM_NONE);
	if (sub->has_vni) {
		assert_int_equal(sub->len, sub->has_mac ? 10 : 4);
		assert_true(sub->vni >= 1 && sub->vni <= 0xffffff);
	}
}

static void check_cies(const struct nhrp_msg *m)
{
	struct dm_reader r = m->body;
	struct nhrp_cie cie;
	size_t count;

	for (count = 0; nhrp_cie_next(&r, m->afn, m->pro_type, &cie); count++) {
		check_addr(&cie.nbma, nhrp_afn_family(m->afn));
		check_addr(&cie.proto, nhrp_pro_family(m->pro_type));
		check_sub(&cie.sub);
	}
	assert_false(r.bad);
	assert_int_equal(dm_reader_left(&r), 0);
	if (m->op == NHRP_OP_RESOLUTION_REQUEST)
		assert_true(count <= 1);
	else
		assert_true(count >= 1);
}

static void check_exts(const struct nhrp_msg *m)
{
	struct dm_reader r = m->exts;
	struct nhrp_ext ext, found;

	while (nhrp_ext_next(&r, &ext)) {
		assert_true(ext.type >= 1 && ext.type <= 0x3fff);
		assert_true(ext.value.p >= m->exts.p && ext.value.end <= m->exts.end);
		assert_true(nhrp_ext_find(m, ext.type, &found));
		if (ext.type != NHRP_EXT_VENDOR)
			assert_ptr_equal(found.value.p, ext.value.p);
	}
	assert_false(r.bad);
	assert_int_equal(dm_reader_left(&r), 0);
}

static void check_consistent(const struct nhrp_msg *m, const uint8_t *octets, size_t len)
{
	static char before[NHRP_DUMP_LEN], after[NHRP_DUMP_LEN];
	static uint8_t buf[2 * VECTOR_MAX];
	struct nhrp_msg again;
	size_t built;

	assert_ptr_equal(m->packet, octets + packet_at(octets, len));
	assert_true(m->packet_len >= 28 && m->packet + m->packet_len <= octets + len);
	assert_true(m->body.p >= m->packet + 28 && m->body.p <= m->body.end);
	assert_ptr_equal(m->body.end, m->exts.p);
	assert_ptr_equal(m->exts.end, m->packet + m->packet_len);
	assert_int_equal(m->has_vpn, m->packet != octets);
	check_addr(&m->src_nbma, nhrp_afn_family(m->afn));
	check_addr(&m->src_proto, nhrp_pro_family(m->pro_type));
	check_addr(&m->dst_proto, nhrp_pro_family(m->pro_type));
	check_sub(&m->src_sub);
	check_exts(m);
	if (m->op < NHRP_OP_ERROR_INDICATION)
		check_cies(m);

	/* whatever is taken can be given back */
	built = nhrp_rebuild(m, buf, sizeof(buf));
	assert_true(built > 0);
	if (m->pro_type == NHRP_PRO_TEB_COMPAT)
		return;
	assert_int_equal(nhrp_msg_decode(&again, buf, built, NULL), NHRP_DROP_NONE);
	assert_string_equal(nhrp_dump(&again, after), nhrp_dump(m, before));
}

/* Decodes a copy of exactly LEN octets, and looks over what was accepted. */
static enum nhrp_drop judge(const uint8_t *octets, size_t len, uint32_t *value)
{
	uint8_t *copy = exact(octets, len);
	struct nhrp_msg m;
	enum nhrp_drop why = nhrp_msg_decode(&m, copy, len, value);

	if (why == NHRP_DROP_NONE)
		check_consistent(&m, copy, len);
	free(copy);
	return why;
}

/* --- the hand-written messages ------------------------------------------------ */

static void test_reads_vectors(void **state)
{
	uint8_t octets[VECTOR_MAX];
	char text[NHRP_DUMP_LEN];
	struct nhrp_msg m;

	for (size_t i = 0; i < nhrp_vector_count; i++) {
		size_t len = from_hex(nhrp_vectors[i].hex, octets);
		uint8_t *copy = exact(octets, len);
		uint32_t value = 0;
		enum nhrp_drop why = nhrp_msg_decode(&m, copy, len, &value);

		if (why)
			print_error("%s: dropped for %s %u\n", nhrp_vectors[i].name,
				    nhrp_drop_name(why), value);
		assert_int_equal(why, NHRP_DROP_NONE);
		assert_string_equal(nhrp_dump(&m, text), nhrp_vectors[i].reads);
		check_consistent(&m, copy, len);
		free(copy);
	}
}

static void test_builds_vectors(void **state)
{
	uint8_t octets[VECTOR_MAX], built[VECTOR_MAX];
	struct nhrp_msg m;

	for (size_t i = 0; i < nhrp_vector_count; i++) {
		size_t len = from_hex(nhrp_vectors[i].hex, octets);

		if (!nhrp_vectors[i].ours)
			continue;
		assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
		assert_int_equal(nhrp_rebuild(&m, built, sizeof(built)), len);
		assert_memory_equal(built, octets, len);
	}
}

/* RFC 2332 5 and RFC 2735 4.1: PAD, ar$pro.snap, and the unused octets of a CIE, whatever they hold. */
static void test_unused_is_ignored(void **state)
{
	const struct nhrp_vector *vector = nhrp_vector("vpn-registration-request");
	static const size_t unused[] = {8, 28, 29, 30, 31, 32, 74, 75};
	uint8_t octets[VECTOR_MAX];
	char text[NHRP_DUMP_LEN];
	struct nhrp_msg m;
	size_t len = from_hex(vector->hex, octets);

	for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++) {
		assert_int_equal(octets[unused[i]], 0); /* as we write it */
		octets[unused[i]] = 0xff;
	}
	reseal(octets, len);
	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	assert_string_equal(nhrp_dump(&m, text), vector->reads);
}

/* What a short Ethernet frame is filled up with does not belong to the message. */
static void test_ignores_octets_behind_it(void **state)
{
	uint8_t octets[VECTOR_MAX];

	for (size_t i = 0; i < nhrp_vector_count; i++) {
		size_t len = from_hex(nhrp_vectors[i].hex, octets);

		memset(octets + len, 0x5a, 7);
		assert_int_equal(judge(octets, len + 7, NULL), NHRP_DROP_NONE);
	}
}

/* They do not lend an address that the message is too short for, either. */
static void test_addresses_end_with_it(void **state)
{
	uint8_t octets[VECTOR_MAX] = {0};
	uint32_t value = 0;
	size_t len = from_hex(nhrp_vector("vpn-compat-8100")->hex, octets);

	octets[43] = 0x3f;
	reseal(octets, len);
	assert_int_equal(judge(octets, len + 100, &value), NHRP_DROP_TRUNCATED);
	assert_int_equal(value, 48);
}

/* The kept corpus of the fuzz target begins with these messages. */
static void test_corpus_holds_vectors(void **state)
{
	const char *srcdir = getenv("srcdir");
	uint8_t octets[VECTOR_MAX], kept[VECTOR_MAX + 1];
	char path[512];

	for (size_t i = 0; i < nhrp_vector_count; i++) {
		size_t len = from_hex(nhrp_vectors[i].hex, octets);
		FILE *file;

		snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/nhrp/%s", srcdir ? srcdir : ".",
			 nhrp_vectors[i].name);
		file = fopen(path, "rb");
		if (!file)
			print_error("%s is missing\n", path);
		assert_non_null(file);
		assert_int_equal(fread(kept, 1, sizeof(kept), file), len);
		assert_memory_equal(kept, octets, len);
		fclose(file);
	}
}

/* --- one thing wrong at a time ------------------------------------------------ */

enum { AS_IS, RESEAL };

static const struct {
	const char *vector;
	size_t at; /* offset in the message */
	const char *hex; /* what is written there */
	int sum;
	enum nhrp_drop why;
	uint32_t value;
} faults[] = {
	/* RFC 2735 4.1 headers */
	{"vpn-registration-request", 1, "ab", AS_IS, NHRP_DROP_ENCAPSULATION, 1},
	{"vpn-registration-request", 7, "03", AS_IS, NHRP_DROP_ENCAPSULATION, 7},
	{"vpn-registration-request", 16, "00", AS_IS, NHRP_DROP_ENCAPSULATION, 16},
	{"vpn-registration-request", 23, "08", AS_IS, NHRP_DROP_ENCAPSULATION, 23},

	/* fixed header */
	{"vpn-registration-request", 40, "00", RESEAL, NHRP_DROP_VERSION, 0},
	{"vpn-registration-request", 40, "02", AS_IS, NHRP_DROP_VERSION, 2},
	{"vpn-registration-request", 41, "00", RESEAL, NHRP_DROP_TYPE, 0},
	{"vpn-registration-request", 41, "09", RESEAL, NHRP_DROP_TYPE, 9},
	{"vpn-registration-request", 41, "ff", RESEAL, NHRP_DROP_TYPE, 255},
	{"vpn-registration-request", 34, "0073", AS_IS, NHRP_DROP_SIZE, 0x73},
	{"vpn-registration-request", 34, "ffff", AS_IS, NHRP_DROP_SIZE, 0xffff},
	{"vpn-registration-request", 34, "001b", RESEAL, NHRP_DROP_SIZE, 27},
	{"vpn-registration-request", 34, "0000", AS_IS, NHRP_DROP_SIZE, 0},
	{"vpn-registration-request", 36, "0000", AS_IS, NHRP_DROP_CHECKSUM, 0},
	{"vpn-registration-request", 66, "03", AS_IS, NHRP_DROP_CHECKSUM, 0xe2ce},
	{"vpn-registration-request", 24, "0003", RESEAL, NHRP_DROP_FAMILY, 3},
	{"vpn-registration-request", 26, "0806", RESEAL, NHRP_DROP_FAMILY, 0x0806},
	{"vpn-registration-request", 26, "0080", RESEAL, NHRP_DROP_FAMILY, 0x0080},
	{"plain-registration-request", 0, "0000", RESEAL, NHRP_DROP_FAMILY, 0},

	/* address lengths of the header: of another family, reserved bit, E.164 */
	{"vpn-registration-request", 42, "05", RESEAL, NHRP_DROP_ADDRESS, 5},
	{"vpn-registration-request", 42, "10", RESEAL, NHRP_DROP_ADDRESS, 16},
	{"vpn-registration-request", 42, "84", RESEAL, NHRP_DROP_ADDRESS, 0x84},
	{"vpn-registration-request", 42, "44", RESEAL, NHRP_DROP_ADDRESS, 0x44},
	{"vpn-registration-request", 43, "84", RESEAL, NHRP_DROP_ADDRESS, 0x84},
	{"vpn-registration-request", 43, "44", RESEAL, NHRP_DROP_ADDRESS, 0x44},
	{"vpn-registration-request", 44, "04", RESEAL, NHRP_DROP_ADDRESS, 4},
	{"vpn-registration-request", 45, "07", RESEAL, NHRP_DROP_ADDRESS, 7},
	{"vpn-compat-8100", 43, "3f", RESEAL, NHRP_DROP_TRUNCATED, 48},

	/* extension offset: before the addresses' end, in them, past the packet */
	{"vpn-registration-request", 38, "0001", RESEAL, NHRP_DROP_EXTENSION_OFFSET, 1},
	{"vpn-registration-request", 38, "002f", RESEAL, NHRP_DROP_EXTENSION_OFFSET, 0x2f},
	{"vpn-registration-request", 38, "0073", RESEAL, NHRP_DROP_EXTENSION_OFFSET, 0x73},
	{"vpn-registration-request", 43, "3f", RESEAL, NHRP_DROP_EXTENSION_OFFSET, 0x4a},

	/* CIEs: lengths, past the end, none, one too many */
	{"vpn-registration-request", 80, "05", RESEAL, NHRP_DROP_ADDRESS, 5},
	{"vpn-registration-request", 80, "84", RESEAL, NHRP_DROP_ADDRESS, 0x84},
	{"vpn-registration-request", 81, "86", RESEAL, NHRP_DROP_ADDRESS, 0x86},
	{"vpn-registration-request", 82, "05", RESEAL, NHRP_DROP_ADDRESS, 5},
	{"vpn-registration-request", 81, "3f", RESEAL, NHRP_DROP_CIE, 48},
	{"vpn-registration-request", 38, "0049", RESEAL, NHRP_DROP_CIE, 48},
	{"vpn-registration-request", 38, "0030", RESEAL, NHRP_DROP_CIE, 48},
	{"vpn-registration-request", 38, "0000", RESEAL, NHRP_DROP_ADDRESS, 0x80},
	{"vpn-registration-refused", 41, "01", RESEAL, NHRP_DROP_CIE, 60},
	{"vpn-compat-8100", 41, "02", RESEAL, NHRP_DROP_CIE, 48},
	{"vpn-compat-8100", 41, "03", RESEAL, NHRP_DROP_CIE, 48},
	{"vpn-compat-8100", 41, "05", RESEAL, NHRP_DROP_CIE, 48},

	/* extensions: unused bit, past the end, twice, end missing, end not empty, end too early */
	{"vpn-registration-request", 98, "c003", RESEAL, NHRP_DROP_EXTENSION, 74},
	{"vpn-registration-request", 100, "0025", RESEAL, NHRP_DROP_EXTENSION, 74},
	{"vpn-registration-request", 100, "ffff", RESEAL, NHRP_DROP_EXTENSION, 74},
	{"vpn-registration-request", 102, "8003", RESEAL, NHRP_DROP_EXTENSION, 78},
	{"vpn-registration-request", 102, "0003", RESEAL, NHRP_DROP_EXTENSION, 78},
	{"vpn-registration-request", 134, "8006", RESEAL, NHRP_DROP_EXTENSION, 114},
	{"vpn-registration-request", 136, "0001", RESEAL, NHRP_DROP_EXTENSION, 110},
	{"vpn-registration-request", 122, "8000000c", RESEAL, NHRP_DROP_EXTENSION, 98},
	{"vpn-registration-request", 98, "8000", RESEAL, NHRP_DROP_EXTENSION, 74},
	{"vpn-traffic-indication", 38, "0052", RESEAL, NHRP_DROP_EXTENSION, 82},
};

static void test_names_each_fault(void **state)
{
	uint8_t octets[VECTOR_MAX], patch[VECTOR_MAX];

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		size_t len = from_hex(nhrp_vector(faults[i].vector)->hex, octets);
		uint32_t value = 0;
		enum nhrp_drop why;

		memcpy(octets + faults[i].at, patch, from_hex(faults[i].hex, patch));
		if (faults[i].sum == RESEAL)
			reseal(octets, len);
		why = judge(octets, len, &value);
		if (why != faults[i].why || value != faults[i].value)
			print_error("%s with %s at %zu: %s %u\n", faults[i].vector, faults[i].hex,
				    faults[i].at, nhrp_drop_name(why), value);
		assert_int_equal(why, faults[i].why);
		assert_int_equal(value, faults[i].value);
	}
}

/* A cut message is refused at every length; so is one whose size and sum were made to fit, or it is whole in itself. */
static void test_every_truncation(void **state)
{
	uint8_t octets[VECTOR_MAX];
	uint32_t value;

	for (size_t i = 0; i < nhrp_vector_count; i++) {
		size_t whole = from_hex(nhrp_vectors[i].hex, octets);
		size_t at = packet_at(octets, whole);

		for (size_t len = 0; len < whole; len++) {
			enum nhrp_drop why = judge(octets, len, &value);

			assert_int_equal(why, len < at + 20 ? NHRP_DROP_TRUNCATED : NHRP_DROP_SIZE);
			assert_int_equal(value, len < at ? len : len < at + 20 ? len - at : whole - at);
		}
		for (size_t len = whole; len-- > at + 20;) {
			octets[at + 10] = (len - at) >> 8;
			octets[at + 11] = (len - at) & 0xff;
			reseal(octets, len);
			judge(octets, len, NULL);
		}
	}
}

static void mutate(uint8_t *octets, size_t len)
{
	static const uint8_t edges[] = {0x00, 0x01, 0x04, 0x06, 0x08, 0x10, 0x3f, 0x40, 0x7f, 0x80, 0xff};

	for (uint32_t n = 1 + random_u32() % 3; n > 0; n--) {
		uint8_t *octet = &octets[random_u32() % len];

		switch (random_u32() % 3) {
		case 0:
			*octet ^= 1 << random_u32() % 8;
			break;
		case 1:
			*octet = edges[random_u32() % sizeof(edges)];
			break;
		default:
			*octet = random_u32();
		}
	}
}

static void test_random_mutations(void **state)
{
	unsigned int seen[NHRP_DROP_COUNT] = {0};
	uint8_t octets[VECTOR_MAX];

	random_state = 20261120;
	for (int i = 0; i < 200000; i++) {
		size_t which = random_u32() % nhrp_vector_count;
		size_t len = from_hex(nhrp_vectors[which].hex, octets);

		mutate(octets, len);
		if (random_u32() % 8)
			reseal(octets, len);
		seen[judge(octets, len, NULL)]++;
	}

	/* a reason never met would mean that the mutations no longer reach its check */
	for (size_t why = 0; why < NHRP_DROP_COUNT; why++)
		assert_true(seen[why] > 0 || why == NHRP_DROP_TRUNCATED);
}

/* --- parts -------------------------------------------------------------------- */

static void test_checksum_twin(void **state)
{
	uint8_t octets[97];

	random_state = 2332;
	for (int i = 0; i < 2000; i++) {
		size_t len = random_u32() % (sizeof(octets) + 1);

		for (size_t n = 0; n < len; n++)
			octets[n] = random_u32() % 4 ? random_u32() : 0xff;
		assert_int_equal(nhrp_checksum(octets, len), slow_checksum(octets, len));
	}
}

static void test_names(void **state)
{
	for (int why = 0; why < NHRP_DROP_COUNT; why++) {
		assert_non_null(nhrp_drop_name(why));
		for (int other = 0; other < why; other++)
			assert_string_not_equal(nhrp_drop_name(why), nhrp_drop_name(other));
	}
	assert_string_equal(nhrp_drop_name(NHRP_DROP_EXTENSION_OFFSET), "extensionOffset");
	assert_string_equal(nhrp_drop_name(NHRP_DROP_COUNT), "unknown");
	assert_string_equal(nhrp_op_name(NHRP_OP_TRAFFIC_INDICATION), "Traffic Indication");
	assert_string_equal(nhrp_op_name(0), "Unknown");
	assert_string_equal(nhrp_op_name(9), "Unknown");

	for (int op = 0; op < 256; op++) {
		assert_int_equal(nhrp_op_is_request(op), op == 1 || op == 3 || op == 5);
		assert_int_equal(nhrp_op_is_reply(op), op == 2 || op == 4 || op == 6);
	}
}

static void test_families(void **state)
{
	assert_int_equal(nhrp_pro_family(0x0800), DM_IPV4);
	assert_int_equal(nhrp_pro_family(0x86dd), DM_IPV6);
	assert_int_equal(nhrp_pro_family(0x6558), DM_MAC);
	assert_int_equal(nhrp_pro_family(0x8100), DM_MAC);
	assert_int_equal(nhrp_pro_family(0x0806), DM_NONE);
	assert_int_equal(nhrp_pro_type(DM_IPV4), 0x0800);
	assert_int_equal(nhrp_pro_type(DM_IPV6), 0x86dd);
	assert_int_equal(nhrp_pro_type(DM_MAC), 0x6558);
	assert_int_equal(nhrp_pro_type(DM_NONE), 0);
	assert_int_equal(nhrp_afn_family(1), DM_IPV4);
	assert_int_equal(nhrp_afn_family(2), DM_IPV6);
	assert_int_equal(nhrp_afn_family(3), DM_NONE);
	assert_int_equal(nhrp_afn(DM_IPV4), 1);
	assert_int_equal(nhrp_afn(DM_IPV6), 2);
	assert_int_equal(nhrp_afn(DM_MAC), 0);
}

static void test_capabilities(void **state)
{
	uint8_t octets[VECTOR_MAX];
	uint32_t source = 7, target = 7;
	struct nhrp_msg m;
	struct nhrp_ext ext;
	size_t len = from_hex(nhrp_vector("vpn-registration-request")->hex, octets);

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	assert_true(nhrp_ext_find(&m, NHRP_EXT_CAPABILITIES, &ext));
	assert_true(nhrp_ext_capabilities(&ext, &source, &target));
	assert_int_equal(source, NHRP_CAPABILITY_VPN);
	assert_int_equal(target, 0);
	assert_true(nhrp_ext_find(&m, NHRP_EXT_BOOT_EPOCH, &ext));
	assert_false(nhrp_ext_capabilities(&ext, &source, &target));
	assert_false(nhrp_ext_find(&m, NHRP_EXT_AUTHENTICATION, &ext));
	assert_false(nhrp_ext_find(&m, NHRP_EXT_END, &ext));

	/* the same number as NAT address: CIEs, and empty */
	len = from_hex(nhrp_vector("plain-registration-request")->hex, octets);
	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	assert_true(nhrp_ext_find(&m, NHRP_EXT_CAPABILITIES, &ext));
	assert_false(nhrp_ext_capabilities(&ext, &source, &target));
	len = from_hex(nhrp_vector("plain-resolution-request")->hex, octets);
	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	assert_true(nhrp_ext_find(&m, NHRP_EXT_CAPABILITIES, &ext));
	assert_false(nhrp_ext_capabilities(&ext, &source, &target));
}

static struct dm_addr addr(const char *text)
{
	struct dm_addr a;

	assert_true(dm_addr_parse(&a, text));
	return a;
}

static void test_subaddresses(void **state)
{
	const struct dm_addr mac = addr("02:00:00:00:00:0a");
	struct nhrp_subaddr sub;

	assert_true(nhrp_subaddr_vni(1).has_vni);
	assert_true(nhrp_subaddr_vni(0xffffff).has_vni);
	assert_int_equal(nhrp_subaddr_vni(100).vni, 100);
	assert_int_equal(nhrp_subaddr_vni(100).len, 4);
	assert_false(nhrp_subaddr_vni(0).has_vni);
	assert_false(nhrp_subaddr_vni(0x1000000).has_vni);
	assert_false(nhrp_subaddr_vni(100).has_mac);
	assert_int_equal(nhrp_subaddr_vni_mac(100, &mac).len, 10);
	assert_true(nhrp_subaddr_vni_mac(100, &mac).has_vni);
	sub = nhrp_subaddr_vni_mac(100, &mac);
	assert_true(dm_addr_same(&sub.mac, &mac));
	assert_false(nhrp_subaddr_vni_mac(0, &mac).has_mac);
	assert_int_equal(nhrp_subaddr_none().len, 0);
	assert_false(nhrp_subaddr_none().has_vni);
}

/* --- the builder refuses ------------------------------------------------------- */

static struct nhrp_msg some_msg(void)
{
	return (struct nhrp_msg){
		.has_vpn = true,
		.vpn = {0, 1},
		.afn = NHRP_AFN_IPV4,
		.pro_type = NHRP_PRO_TEB,
		.hop_count = 255,
		.op = NHRP_OP_REGISTRATION_REQUEST,
		.src_nbma = addr("10.0.0.2"),
		.src_sub = nhrp_subaddr_vni(100),
		.src_proto = addr("02:00:00:00:00:02"),
		.dst_proto = addr("02:00:00:00:00:02"),
	};
}

static size_t build(const struct nhrp_msg *m, const struct nhrp_cie *cie)
{
	uint8_t buf[VECTOR_MAX];
	struct nhrp_builder b;

	nhrp_build_begin(&b, buf, sizeof(buf), m);
	nhrp_build_cie(&b, cie);
	return nhrp_build_end(&b);
}

static void test_builder_refuses_fields(void **state)
{
	static const uint8_t long_sub[64];
	const struct dm_addr mac = addr("02:00:00:00:00:0a");
	const struct nhrp_cie none = {0};
	struct nhrp_msg m = some_msg();
	struct nhrp_cie cie = none;

	assert_int_equal(build(&m, &none), 24 + 48 + 12);
	m.src_sub = (struct nhrp_subaddr){.len = 63, .octets = long_sub};
	assert_int_equal(build(&m, &none), 24 + 48 + 59 + 12);

#define REFUSED(change)                                                                           \
	do {                                                                                      \
		m = some_msg();                                                                   \
		cie = none;                                                                       \
		change;                                                                           \
		assert_int_equal(build(&m, &cie), 0);                                             \
	} while (0)

	REFUSED(m.op = 0);
	REFUSED(m.op = 9);
	REFUSED(m.afn = 3);
	REFUSED(m.pro_type = 0x0806);
	REFUSED(m.vpn.oui = 0x1000000);
	REFUSED(m.src_nbma = addr("fd00::1"));
	REFUSED(m.src_proto = addr("1.0.0.1"));
	REFUSED(m.dst_proto = addr("fd00::1"));
	REFUSED(m.src_sub = nhrp_subaddr_vni(0x1000000));
	REFUSED(m.src_sub.len = 3);
	REFUSED(m.src_sub = ((struct nhrp_subaddr){.len = 3}));
	REFUSED(m.src_sub = ((struct nhrp_subaddr){.len = 64, .octets = long_sub}));
	REFUSED(cie.nbma = addr("02:00:00:00:00:02"));
	REFUSED(cie.proto = addr("10.0.0.2"));
	REFUSED(cie.sub = nhrp_subaddr_vni(0));
	REFUSED(cie.sub = nhrp_subaddr_vni_mac(0, &mac));
	REFUSED(cie.sub = nhrp_subaddr_vni_mac(100, &cie.nbma));
	REFUSED(cie.sub = nhrp_subaddr_vni_mac(100, &mac); cie.sub.len = 4);
	REFUSED(cie.sub = nhrp_subaddr_vni(100); cie.sub.len = 10);
#undef REFUSED
}

static void test_builder_refuses_order(void **state)
{
	const struct nhrp_msg m = some_msg();
	const struct nhrp_cie cie = {0};
	uint8_t buf[VECTOR_MAX];
	struct nhrp_builder b;

#define REFUSED(steps)                                                                            \
	do {                                                                                      \
		nhrp_build_begin(&b, buf, sizeof(buf), &m);                                       \
		nhrp_build_cie(&b, &cie);                                                         \
		steps;                                                                            \
		assert_int_equal(nhrp_build_end(&b), 0);                                          \
	} while (0)

	REFUSED(nhrp_build_ext_empty(&b, 3, true); nhrp_build_cie(&b, &cie));
	REFUSED(nhrp_build_ext_empty(&b, 3, true); nhrp_build_octets(&b, "x", 1));
	REFUSED(nhrp_build_ext_begin(&b, 3, true));
	REFUSED(nhrp_build_ext_begin(&b, 3, true); nhrp_build_ext_begin(&b, 4, true);
		nhrp_build_ext_end(&b));
	REFUSED(nhrp_build_ext_end(&b));
	REFUSED(nhrp_build_ext_empty(&b, 0, true));
	REFUSED(nhrp_build_ext_empty(&b, 0x4003, true));
#undef REFUSED
}

/* In every buffer too small by some octets nothing is written past its end, and the caller is told. */
static void test_builder_fits_or_fails(void **state)
{
	uint8_t octets[VECTOR_MAX];
	struct nhrp_msg m;

	for (size_t i = 0; i < nhrp_vector_count; i++) {
		size_t len = from_hex(nhrp_vectors[i].hex, octets);

		if (!nhrp_vectors[i].ours)
			continue;
		assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
		for (size_t size = 0; size <= len; size++) {
			uint8_t *buf = malloc(size ? size : 1);

			assert_non_null(buf);
			assert_int_equal(nhrp_rebuild(&m, buf, size), size == len ? len : 0);
			free(buf);
		}
	}
}

static void test_builder_sends_one_mac_type(void **state)
{
	uint8_t octets[VECTOR_MAX], buf[VECTOR_MAX];
	struct nhrp_msg m, again;
	size_t len = from_hex(nhrp_vector("vpn-compat-8100")->hex, octets);

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	assert_int_equal(nhrp_rebuild(&m, buf, sizeof(buf)), len);
	assert_int_equal(nhrp_msg_decode(&again, buf, len, NULL), NHRP_DROP_NONE);
	assert_int_equal(again.pro_type, 0x6558);
	assert_true(dm_addr_same(&again.dst_proto, &m.dst_proto));
}

/* Headers put before a message that was built without them give what a build with them gives. */
static void test_headers_alone(void **state)
{
	struct nhrp_msg m = some_msg();
	uint8_t whole[VECTOR_MAX], headers[NHRP_VPN_HEADER_LEN], plain[VECTOR_MAX];
	struct nhrp_builder b;
	size_t len;

	m.has_vpn = true;
	m.vpn = (struct vpn_id){ .oui = 0x00005e, .index = 0x01020304 };
	nhrp_build_begin(&b, whole, sizeof(whole), &m);
	len = nhrp_build_end(&b);
	m.has_vpn = false;
	nhrp_build_begin(&b, plain, sizeof(plain), &m);
	assert_int_equal(nhrp_build_end(&b), len - NHRP_VPN_HEADER_LEN);

	assert_true(nhrp_build_vpn_headers(headers, &m.vpn));
	assert_memory_equal(headers, whole, NHRP_VPN_HEADER_LEN);
	assert_memory_equal(plain, whole + NHRP_VPN_HEADER_LEN, len - NHRP_VPN_HEADER_LEN);
	m.vpn.oui = 0x1000000;
	assert_false(nhrp_build_vpn_headers(headers, &m.vpn));
}

static void test_size_limit(void **state)
{
	static uint8_t buf[70000], octets[65536];
	struct nhrp_msg m = some_msg();
	struct nhrp_builder b;

	m.op = NHRP_OP_TRAFFIC_INDICATION;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, octets, 65535 - 48);
	assert_int_equal(nhrp_build_end(&b), 24 + 65535);
	assert_int_equal(nhrp_msg_decode(&m, buf, 24 + 65535, NULL), NHRP_DROP_NONE);
	assert_int_equal(dm_reader_left(&m.body), 65535 - 48);

	m = some_msg();
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, octets, 65535 - 48 + 1);
	assert_int_equal(nhrp_build_end(&b), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_vectors),
		cmocka_unit_test(test_builds_vectors),
		cmocka_unit_test(test_unused_is_ignored),
		cmocka_unit_test(test_ignores_octets_behind_it),
		cmocka_unit_test(test_addresses_end_with_it),
		cmocka_unit_test(test_corpus_holds_vectors),
		cmocka_unit_test(test_names_each_fault),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_random_mutations),
		cmocka_unit_test(test_checksum_twin),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_subaddresses),
		cmocka_unit_test(test_builder_refuses_fields),
		cmocka_unit_test(test_builder_refuses_order),
		cmocka_unit_test(test_builder_fits_or_fails),
		cmocka_unit_test(test_builder_sends_one_mac_type),
		cmocka_unit_test(test_headers_alone),
		cmocka_unit_test(test_size_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The format between nhrpd and the zebra module: one hand-written record of each type,
 * then round trips, cuts, and payloads mutated at random from a fixed seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/dmevpn_msg.h"
#include "tests/unit/nhrp_vectors.h"

#define V4(a, b, c, d) {DM_IPV4, {a, b, c, d}}
#define MAC(last) {DM_MAC, {2, 0, 0, 0, 0, last}}

/* Header (type, 0, octets of the body) and body, written out from dmevpn_msg.h. */
static const struct {
	const char *name;
	const char *hex;
	struct dm_rec rec;
} vectors[] = {
	{"HELLO", "01 00 0008  0123456789abcdef",
	 {.type = DM_REC_HELLO, .hello = {0x0123456789abcdef}}},
	{"SYNC_END", "02 00 0000", {.type = DM_REC_SYNC_END}},
	{"INSTANCE_SET", "03 00 000f  00000007 0fff 02 0000005e 00011170",
	 {.type = DM_REC_INSTANCE_SET, .instance = {7, 4095, DM_ROLE_HUB, {0x5e, 70000}}}},
	{"INSTANCE_DEL", "04 00 000f  00000007 0000 01 00000000 00000001",
	 {.type = DM_REC_INSTANCE_DEL, .instance = {7, 0, DM_ROLE_SPOKE, {0, 1}}}},
	{"HUB_SET", "05 00 0011  00000007 00000064 01 0a000001 00001001",
	 {.type = DM_REC_HUB_SET, .hub = {7, 100, V4(10, 0, 0, 1), 4097}}},
	{"HUB_DEL", "06 00 000d  00000007 00000064 00 00000000",
	 {.type = DM_REC_HUB_DEL, .hub = {.ifindex = 7, .vni = 100}}},
	{"MEMBER_SET",
	 "07 00 001d  00000007 00001001 02 fd000000000000000000000000000002 00000064",
	 {.type = DM_REC_MEMBER_SET,
	  .member = {7, 4097, {DM_IPV6, {0xfd, [15] = 2}}, 100}}},
	{"MEMBER_DEL", "08 00 0011  00000007 00001001 01 0a000002 00000064",
	 {.type = DM_REC_MEMBER_DEL, .member = {7, 4097, V4(10, 0, 0, 2), 100}}},
	{"MAC_SET", "09 00 0018  00000007 00001001 03 02000000000a 01 0a000002 00000064",
	 {.type = DM_REC_MAC_SET,
	  .mac = {.ifindex = 7, .vni = 4097, .mac = MAC(10), .nbma = V4(10, 0, 0, 2), .remote_vni = 100}}},
	{"MAC_DEL", "0a 00 0018  ffffffff 00ffffff 03 02000000000b 01 0a000003 00ffffff",
	 {.type = DM_REC_MAC_DEL,
	  .mac = {.ifindex = 0xffffffff, .vni = 0xffffff, .mac = MAC(11), .nbma = V4(10, 0, 0, 3),
		  .remote_vni = 0xffffff}}},
	{"USED_QUERY", "0b 00 000f  00000007 00000064 03 02000000000b",
	 {.type = DM_REC_USED_QUERY, .used = {.ifindex = 7, .vni = 100, .mac = MAC(11)}}},

	{"HELLO_ACK", "40 00 0008  fedcba9876543210",
	 {.type = DM_REC_HELLO_ACK, .hello = {0xfedcba9876543210}}},
	{"DUMP_END", "41 00 0000", {.type = DM_REC_DUMP_END}},
	{"LINK",
	 "42 00 0022  00000007 04 74756e32 0b 00000000 01 0a000001 03 020000000001 000005aa 00000003",
	 {.type = DM_REC_LINK,
	  .link = {7, "tun2", DM_LINK_UP | DM_LINK_EXTERNAL | DM_LINK_BRIDGE_PORT, 0,
		   V4(10, 0, 0, 1), MAC(1), 1450, 3}}},
	{"LINK_DEL", "43 00 0004  00000007", {.type = DM_REC_LINK_DEL, .link = {.ifindex = 7}}},
	{"INSTANCE_STATE", "44 00 0018  00000007 0001 00 00001001 0c 6e6f207375636820564c414e",
	 {.type = DM_REC_INSTANCE_STATE, .state = {7, 1, 0, 4097, "no such VLAN"}}},
	{"MEMBER_HAVE", "45 00 0011  00000007 00001001 01 0a000002 00000064",
	 {.type = DM_REC_MEMBER_HAVE, .member = {7, 4097, V4(10, 0, 0, 2), 100}}},
	{"MAC_SEEN",
	 "46 00 0023  00000007 00001001 03 02000000000a 01 0a000002 00000064 01 01 0a000003 000003e8 01",
	 {.type = DM_REC_MAC_SEEN,
	  .mac = {7, 4097, MAC(10), V4(10, 0, 0, 2), 100, 1, V4(10, 0, 0, 3), 1000, 1}}},
	{"HAIRPIN",
	 "47 00 002f  00000007 00001001 03 02000000000a 03 02000000000b 01 0a000002 01 0a000003 "
	 "0e 02000000000b02000000000a0800",
	 {.type = DM_REC_HAIRPIN,
	  .hairpin = {7, 4097, MAC(10), MAC(11), V4(10, 0, 0, 2), V4(10, 0, 0, 3), 14,
		      {2, 0, 0, 0, 0, 11, 2, 0, 0, 0, 0, 10, 8, 0}}}},
	{"USED_REPLY", "48 00 0014  00000007 00000064 03 02000000000b 01 00000bb8",
	 {.type = DM_REC_USED_REPLY, .used = {7, 100, MAC(11), 1, 3000}}},
	{"FAILURE", "49 00 000e  07 00000007 00001001 00 0000001c",
	 {.type = DM_REC_FAILURE,
	  .failure = {.rec = DM_REC_MEMBER_SET, .ifindex = 7, .vni = 4097, .error = 28}}},
	{"LOCAL", "4a 00 0014  00000007 00000064 03 02000000000b 01 00000bb8",
	 {.type = DM_REC_LOCAL,
	  .local = {.ifindex = 7, .vni = 100, .mac = MAC(11), .gone = 1, .idle_ms = 3000}}},
	{"LOCAL_QUERY", "16 00 000c  00000007 00000064 000186a0",
	 {.type = DM_REC_LOCAL_QUERY, .heard = {.ifindex = 7, .vni = 100, .idle_ms = 100000}}},
	{"LOCAL_HEARD", "53 00 0013  00000007 00000064 03 02000000000b 00000bb8",
	 {.type = DM_REC_LOCAL_HEARD,
	  .heard = {.ifindex = 7, .vni = 100, .mac = MAC(11), .idle_ms = 3000}}},
	{"MAC_BIND", "0c 00 0021  00000007 00001001 03 02000000000a 01 0a000002 00000064 01 0a000003 000007d0",
	 {.type = DM_REC_MAC_BIND,
	  .mac = {.ifindex = 7, .vni = 4097, .mac = MAC(10), .nbma = V4(10, 0, 0, 2), .remote_vni = 100,
		  .old_nbma = V4(10, 0, 0, 3), .idle_ms = 2000}}},
	{"MAC_ELSEWHERE", "10 00 0013  00000007 00000064 03 02000000000b 00000064",
	 {.type = DM_REC_MAC_ELSEWHERE, .local = {.ifindex = 7, .vni = 100, .mac = MAC(11), .idle_ms = 100}}},
	{"MAC_HOLD", "11 00 0015  00000007 00001001 03 02000000000a 01 0a000002 01",
	 {.type = DM_REC_MAC_HOLD,
	  .mac = {.ifindex = 7, .vni = 4097, .mac = MAC(10), .nbma = V4(10, 0, 0, 2), .held = 1}}},
	{"SUPPRESS_SET", "0d 00 0009  00000007 00000064 01",
	 {.type = DM_REC_SUPPRESS_SET, .suppress = {7, 100, 1, ""}}},
	{"NEIGH_SET", "0e 00 0014  00000007 00000064 01 0b00000b 03 02000000000b",
	 {.type = DM_REC_NEIGH_SET, .neigh = {7, 100, V4(11, 0, 0, 11), MAC(11), 0}}},
	{"NEIGH_DEL", "0f 00 0014  00000007 00000064 01 0b00000b 03 02000000000b",
	 {.type = DM_REC_NEIGH_DEL, .neigh = {7, 100, V4(11, 0, 0, 11), MAC(11), 0}}},
	{"SUPPRESS_STATE", "4b 00 000d  00000007 00000064 00 03 6e6f74",
	 {.type = DM_REC_SUPPRESS_STATE, .suppress = {7, 100, 0, "not"}}},
	{"LOCAL_NEIGH", "4c 00 0015  00000007 00000064 01 0b00000b 03 02000000000b 01",
	 {.type = DM_REC_LOCAL_NEIGH, .neigh = {7, 100, V4(11, 0, 0, 11), MAC(11), 1}}},
	{"NEIGH_WANTED", "4d 00 000d  00000007 00000064 01 0b00000b",
	 {.type = DM_REC_NEIGH_WANTED, .neigh = {.ifindex = 7, .vni = 100, .ip = V4(11, 0, 0, 11)}}},
	{"CHECK", "14 00 0004  00000009", {.type = DM_REC_CHECK, .check = {9}}},
	{"CHECK_HAVE",
	 "50 00 0020  00000009 03 01 00000007 00000064 03 02000000000b 01 0a000002 00000065 0000",
	 {.type = DM_REC_CHECK_HAVE,
	  .have = {9, DM_HAVE_FDB, 1, 7, 100, MAC(11), V4(10, 0, 0, 2), 101, 0}}},
	{"CHECK_END", "51 00 0008  00000009 03 6e6f74",
	 {.type = DM_REC_CHECK_END, .check_end = {9, "not"}}},
	{"TAKEN", "15 00 0008  00010203 fffefdfc",
	 {.type = DM_REC_TAKEN, .taken = {0x00010203, 0xfffefdfc}}},
	{"MODULE_TAKEN", "52 00 0008  00000001 00000000",
	 {.type = DM_REC_MODULE_TAKEN, .taken = {1, 0}}},
	{"DUMP_BEGIN", "55 00 0000", {.type = DM_REC_DUMP_BEGIN}},
	{"MAC_HAVE", "4f 00 0018  00000007 00000064 03 02000000000b 01 0a000003 00000065",
	 {.type = DM_REC_MAC_HAVE,
	  .mac = {.ifindex = 7, .vni = 100, .mac = MAC(11), .nbma = V4(10, 0, 0, 3), .remote_vni = 101}}},
	{"PROBE_SET", "12 00 0016  00000007 00000064 01 0a000003 00000065 000003e8 03",
	 {.type = DM_REC_PROBE_SET,
	  .probe = {7, 100, V4(10, 0, 0, 3), 101, .interval = 1000, .misses = 3}}},
	{"PROBE_DEL", "13 00 0011  00000007 00000064 01 0a000003 00000065",
	 {.type = DM_REC_PROBE_DEL, .probe = {7, 100, V4(10, 0, 0, 3), 101}}},
	{"PROBE_STATE", "4e 00 0016  00000007 00000064 01 0a000003 00000065 01 00000305",
	 {.type = DM_REC_PROBE_STATE, .probe = {7, 100, V4(10, 0, 0, 3), 101, .up = 1, .rtt_us = 773}}},
};

#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static struct dm_batch batch;

/* All vectors in one payload, put together by hand; returns its octets. */
static size_t all_records(uint8_t payload[4096])
{
	uint8_t octets[VECTOR_MAX];
	size_t used = from_hex("0002 0000", payload);

	payload[3] = VECTORS;
	for (size_t i = 0; i < VECTORS; i++) {
		size_t len = from_hex(vectors[i].hex, octets);

		memcpy(payload + used, octets, len);
		used += len;
	}
	return used;
}

static uint32_t random_state;

static uint32_t random_u32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

/* What a reader of any record may lean on. */
static void check_consistent(const struct dm_rec *rec)
{
	assert_string_not_equal(dm_rec_name(rec->type), "?");
	if (rec->type == DM_REC_LINK)
		assert_non_null(memchr(rec->link.name, 0, DM_IFNAME_LEN));
	if (rec->type == DM_REC_INSTANCE_STATE)
		assert_non_null(memchr(rec->state.reason, 0, DM_REASON_LEN));
	if (rec->type == DM_REC_HAIRPIN)
		assert_true(rec->hairpin.frame_len <= DM_FRAME_MAX);
	if (rec->type == DM_REC_MAC_SET) {
		assert_true(rec->mac.mac.family <= DM_MAC);
		assert_true(rec->mac.nbma.family <= DM_MAC);
	}
}

/* Reads a copy of exactly LEN octets to its end; every record read must be such as can be written. Returns how many, -1 when refused. */
static int read_all(const uint8_t *octets, size_t len)
{
	static struct dm_batch one;
	uint8_t *copy = malloc(len ? len : 1);
	struct dm_reader r;
	struct dm_rec rec;
	int count = 0;

	assert_non_null(copy);
	memcpy(copy, octets, len);
	if (dm_msg_open(&r, copy, len, NULL) != DM_OPEN_OK) {
		free(copy);
		return -1;
	}
	for (; dm_msg_next(&r, &rec); count++) {
		check_consistent(&rec);
		dm_batch_init(&one);
		assert_true(dm_batch_put(&one, &rec));
	}
	assert_false(dm_msg_next(&r, &rec));
	if (r.bad)
		count = -1;
	free(copy);
	return count;
}

static void test_reads_vectors(void **state)
{
	uint8_t payload[4096];
	size_t len = all_records(payload);
	uint16_t version = 0;
	struct dm_reader r;
	struct dm_rec rec;

	assert_int_equal(dm_msg_open(&r, payload, len, &version), DM_OPEN_OK);
	assert_int_equal(version, DM_MSG_VERSION);
	for (size_t i = 0; i < VECTORS; i++) {
		assert_true(dm_msg_next(&r, &rec));
		assert_string_equal(dm_rec_name(rec.type), vectors[i].name);
		assert_memory_equal(&rec, &vectors[i].rec, sizeof(rec));
	}
	assert_false(dm_msg_next(&r, &rec));
	assert_false(r.bad);
}

static void test_writes_vectors(void **state)
{
	uint8_t payload[4096];
	size_t len = all_records(payload);

	dm_batch_init(&batch);
	for (size_t i = 0; i < VECTORS; i++)
		assert_true(dm_batch_put(&batch, &vectors[i].rec));
	assert_int_equal(dm_batch_finish(&batch), len);
	assert_memory_equal(batch.buf, payload, len);
}

static void test_corpus_holds_vectors(void **state)
{
	const char *srcdir = getenv("srcdir");
	uint8_t payload[4096], kept[4096];
	size_t len = all_records(payload);
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/dmevpn/all-records", srcdir ? srcdir : ".");
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fread(kept, 1, sizeof(kept), file), len);
	assert_memory_equal(kept, payload, len);
	fclose(file);
}

static void test_every_type_has_a_vector(void **state)
{
	size_t names = 0;

	for (int type = 0; type < 256; type++)
		names += strcmp(dm_rec_name(type), "?") != 0;
	assert_int_equal(names, VECTORS);
}

/* --- envelope ------------------------------------------------------------------ */

static enum dm_open open_hex(const char *hex)
{
	uint8_t octets[VECTOR_MAX];
	struct dm_reader r;

	return dm_msg_open(&r, octets, from_hex(hex, octets), NULL);
}

static void test_envelope(void **state)
{
	uint16_t version = 0;
	struct dm_reader r;

	assert_int_equal(open_hex(""), DM_OPEN_SHORT);
	assert_int_equal(open_hex("0002 00"), DM_OPEN_SHORT);
	assert_int_equal(open_hex("0002 0000"), DM_OPEN_OK);
	assert_int_equal(open_hex("0001 0000"), DM_OPEN_VERSION);
	assert_int_equal(open_hex("0003 0000"), DM_OPEN_VERSION);
	assert_int_equal(open_hex("0000 0000"), DM_OPEN_VERSION);
	assert_int_equal(open_hex("0002 0001"), DM_OPEN_SHORT);
	assert_int_equal(open_hex("0002 0001 02 00 0000"), DM_OPEN_OK);
	assert_int_equal(open_hex("0002 0001 02 00 0001"), DM_OPEN_SHORT);
	assert_int_equal(open_hex("0002 0001 02 00 0000 02 00 0000"), DM_OPEN_SHORT);
	assert_int_equal(open_hex("0002 0002 02 00 0000"), DM_OPEN_SHORT);
	assert_int_equal(open_hex("0002 ffff 02 00 0000"), DM_OPEN_SHORT);

	assert_int_equal(dm_msg_open(&r, (const uint8_t *)"\x12\x34\0\0", 4, &version), DM_OPEN_VERSION);
	assert_int_equal(version, 0x1234);
}

static void test_empty_batch(void **state)
{
	const struct dm_rec unknown = {.type = 200};

	dm_batch_init(&batch);
	assert_int_equal(dm_batch_finish(&batch), 0);
	assert_false(dm_batch_put(&batch, &unknown));
	assert_int_equal(dm_batch_finish(&batch), 0);
}

/* What a newer build of the other side may add is stepped over. */
static void test_steps_over_unknown(void **state)
{
	uint8_t octets[VECTOR_MAX];
	struct dm_reader r;
	struct dm_rec rec;
	size_t len = from_hex("0002 0004  c8 00 0003 010203  02 00 0000  00 00 0000  41 00 0000", octets);

	assert_int_equal(dm_msg_open(&r, octets, len, NULL), DM_OPEN_OK);
	assert_true(dm_msg_next(&r, &rec));
	assert_int_equal(rec.type, DM_REC_SYNC_END);
	assert_true(dm_msg_next(&r, &rec));
	assert_int_equal(rec.type, DM_REC_DUMP_END);
	assert_false(dm_msg_next(&r, &rec));
	assert_false(r.bad);
}

/* --- bad records ---------------------------------------------------------------- */

static void test_refuses_records(void **state)
{
	static const char *const wrong[] = {
		"0002 0001  02 00 0001 00",				/* more than the type has */
		"0002 0001  01 00 0007 01234567890123",			/* less */
		"0002 0001  01 00 0009 012345678901234567",
		"0002 0001  0b 00 000f 00000007 00000064 04 02000000000b",	/* no such family */
		"0002 0001  0b 00 000f 00000007 00000064 ff 02000000000b",
		"0002 0001  0b 00 000e 00000007 00000064 03 0200000000",	/* address cut */
		"0002 0001  0b 00 000d 00000007 00000064 03 02000000",
		"0002 0001  44 00 000f 00000007 0001 00 00001001 03 610062",	/* NUL in a text */
		"0002 0001  44 00 000d 00000007 0001 00 00001001 02 61",	/* text cut */
	};
	uint8_t octets[VECTOR_MAX];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(read_all(octets, from_hex(wrong[i], octets)), -1);
}

/* A text or frame of the most octets that fit, and of one more. */
static void test_lengths(void **state)
{
	static struct dm_rec rec, back;
	struct dm_reader r;
	size_t len;

	rec = (struct dm_rec){.type = DM_REC_INSTANCE_STATE};
	memset(rec.state.reason, 'x', DM_REASON_LEN - 1);
	dm_batch_init(&batch);
	assert_true(dm_batch_put(&batch, &rec));
	len = dm_batch_finish(&batch);
	assert_int_equal(dm_msg_open(&r, batch.buf, len, NULL), DM_OPEN_OK);
	assert_true(dm_msg_next(&r, &back));
	assert_string_equal(back.state.reason, rec.state.reason);

	rec.state.reason[DM_REASON_LEN - 1] = 'x';
	assert_false(dm_batch_put(&batch, &rec));
	assert_int_equal(dm_batch_finish(&batch), len);

	/* the same from a writer that does not check */
	batch.buf[4 + 3]++;
	batch.buf[4 + 4 + 11]++;
	batch.buf[len] = 'x';
	assert_int_equal(read_all(batch.buf, len + 1), -1);

	rec = (struct dm_rec){.type = DM_REC_HAIRPIN, .hairpin = {.frame_len = DM_FRAME_MAX}};
	dm_batch_init(&batch);
	assert_true(dm_batch_put(&batch, &rec));
	rec.hairpin.frame_len++;
	assert_false(dm_batch_put(&batch, &rec));
	len = dm_batch_finish(&batch);
	batch.buf[4 + 3]++;
	batch.buf[4 + 4 + 12]++;
	assert_int_equal(read_all(batch.buf, len + 1), -1);

	rec = (struct dm_rec){.type = DM_REC_HUB_SET, .hub = {.nbma = {.family = 4}}};
	assert_false(dm_batch_put(&batch, &rec));
}

/* A full payload takes no more, stays whole, and fits a ZAPI message. */
static void test_full_batch(void **state)
{
	const struct dm_rec *rec = &vectors[8].rec;
	size_t count = 0, used;

	dm_batch_init(&batch);
	while (dm_batch_put(&batch, rec))
		count++;
	assert_int_equal(count, (DM_MSG_PAYLOAD_MAX - 4) / (4 + 24));
	used = dm_batch_finish(&batch);
	assert_int_equal(used, 4 + count * 28);
	assert_false(dm_batch_put(&batch, rec));
	assert_int_equal(dm_batch_finish(&batch), used);
	assert_int_equal(read_all(batch.buf, used), count);

	/* what is left takes a record without body yet */
	assert_true(dm_batch_put(&batch, &vectors[1].rec));
	assert_int_equal(read_all(batch.buf, dm_batch_finish(&batch)), count + 1);
	assert_true(sizeof(batch.buf) <= 16384 - 64);
}

static void test_every_truncation(void **state)
{
	uint8_t payload[4096];
	size_t len = all_records(payload);

	assert_int_equal(read_all(payload, len), VECTORS);
	while (len-- > 0)
		assert_int_equal(read_all(payload, len), -1);
}

static void test_random_mutations(void **state)
{
	uint8_t payload[4096], octets[4096];
	size_t len = all_records(payload);
	unsigned int whole = 0, refused = 0;

	random_state = 20261120;
	for (int i = 0; i < 200000; i++) {
		int count;

		memcpy(octets, payload, len);
		for (uint32_t n = 1 + random_u32() % 3; n > 0; n--)
			octets[random_u32() % len] = random_u32() % 4 ? random_u32() : 0xff;
		count = read_all(octets, len);
		if (count < 0)
			refused++;
		else
			whole++;
	}
	assert_true(whole > 1000 && refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_vectors),
		cmocka_unit_test(test_writes_vectors),
		cmocka_unit_test(test_corpus_holds_vectors),
		cmocka_unit_test(test_every_type_has_a_vector),
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_empty_batch),
		cmocka_unit_test(test_steps_over_unknown),
		cmocka_unit_test(test_refuses_records),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_full_batch),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_random_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Request IDs put in place of others: the sum brought along is compared with one made anew,
 * over hand-written messages and 50,000 of random octets and lengths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/nhrp_edit.h"
#include "lib/nhrp_msg.h"
#include "tests/unit/nhrp_vectors.h"

static uint32_t random_state = 2735;

static uint32_t random_u32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static uint32_t id_at(const uint8_t *p, size_t at)
{
	return (uint32_t)p[at] << 24 | (uint32_t)p[at + 1] << 16 | (uint32_t)p[at + 2] << 8 | p[at + 3];
}

/* Nothing but the four octets at AT and the checksum is another. */
static void assert_rest_same(const uint8_t *before, const uint8_t *after, size_t len, size_t at)
{
	for (size_t i = 0; i < len; i++)
		if (i != 12 && i != 13 && (i < at || i >= at + 4))
			assert_int_equal(before[i], after[i]);
}

static void test_vectors_stay_whole(void **state)
{
	static const char *const which[] = { "plain-registration-request", "plain-registration-reply",
					     "plain-resolution-request", "plain-odd-frr-checksum" };
	static const uint32_t ids[] = { 0, 1, 0xffffffff, 0x8000ffff, 0x0000ffff, 0xffff0000 };
	uint8_t before[VECTOR_MAX], octets[VECTOR_MAX];
	struct nhrp_msg m;

	for (size_t i = 0; i < sizeof(which) / sizeof(which[0]); i++)
		for (size_t k = 0; k < sizeof(ids) / sizeof(ids[0]); k++) {
			size_t len = from_hex(nhrp_vector(which[i])->hex, octets);

			memcpy(before, octets, len);
			nhrp_edit_id(octets, ids[k]);
			assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
			assert_int_equal(id_at(octets, 24), ids[k]);
			assert_rest_same(before, octets, len, 24);
		}
}

static void test_wrong_sum_stays_wrong(void **state)
{
	uint8_t octets[VECTOR_MAX];
	size_t len = from_hex(nhrp_vector("plain-resolution-request")->hex, octets);
	struct nhrp_msg m;

	octets[13] ^= 0x10;
	nhrp_edit_id(octets, 0x12345678);
	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_CHECKSUM);
}

/* One message of random octets, whose sum is right before and must be right after. */
static void try_one(uint8_t *octets, size_t len, size_t at, bool carried)
{
	uint8_t before[200];
	uint32_t id = random_u32();
	uint16_t sum;

	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)random_u32();
	octets[12] = octets[13] = 0;
	sum = nhrp_checksum(octets, len);
	octets[12] = sum >> 8;
	octets[13] = sum & 0xff;
	memcpy(before, octets, len);

	if (carried)
		assert_true(nhrp_edit_carried_id(octets, len, at - 24, id));
	else
		nhrp_edit_id(octets, id);
	assert_int_equal(id_at(octets, at), id);
	assert_int_equal(nhrp_checksum(octets, len), 0);
	assert_rest_same(before, octets, len, at);
}

static void test_twin(void **state)
{
	for (unsigned int i = 0; i < 50000; i++) {
		size_t len = 90 + random_u32() % 101, at = 24;
		uint8_t *octets = malloc(len); /* of exactly that size, so that a sanitizer sees one octet too many */
		bool carried = i % 2;

		assert_non_null(octets);
		if (carried)
			at += 28 + 2 * (random_u32() % ((len - 56) / 2 + 1));
		try_one(octets, len, at, carried);
		free(octets);
	}
}

static void test_carried(void **state)
{
	uint8_t octets[VECTOR_MAX], before[VECTOR_MAX], op = 0;
	size_t len = from_hex(nhrp_vector("plain-error-indication")->hex, octets), at;
	uint32_t id = 0;
	struct nhrp_msg m;

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	at = (size_t)(m.body.p - m.packet);
	assert_true(nhrp_edit_carried(octets, len, at, &op, &id));
	assert_int_equal(op, octets[at + 17]);
	assert_int_equal(id, id_at(octets, at + 24));
	assert_true(nhrp_edit_carried_id(octets, len, at, 0xfeedbeef));
	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	assert_true(nhrp_edit_carried(octets, len, at, &op, &id));
	assert_int_equal(id, 0xfeedbeef);

	memcpy(before, octets, len);
	assert_false(nhrp_edit_carried_id(octets, at + 27, at, 1)); /* one octet short of an ID */
	assert_false(nhrp_edit_carried_id(octets, len, at + 1, 1)); /* words do not stand there */
	assert_false(nhrp_edit_carried_id(octets, len, len + 2, 1));
	assert_false(nhrp_edit_carried(octets, at + 27, at, &op, &id));
	assert_memory_equal(before, octets, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors_stay_whole),
		cmocka_unit_test(test_wrong_sum_stays_wrong),
		cmocka_unit_test(test_twin),
		cmocka_unit_test(test_carried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

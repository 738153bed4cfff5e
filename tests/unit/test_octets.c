// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cursors: fixed steps first, then random scripts of steps against naive twins that
 * keep an index and look at each octet by itself. Buffers are heap blocks of exactly
 * their size, for AddressSanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/octets.h"

static void test_reads_network_order(void **state)
{
	static const uint8_t octets[] = {1, 0x12, 0x34, 0xfe, 0xdc, 0xba, 0x98, 0x80,
					 2, 3, 4, 5, 6, 7, 8, 9};
	struct dm_reader r;

	dm_reader_init(&r, octets, sizeof(octets));
	assert_int_equal(dm_reader_left(&r), 16);
	assert_int_equal(dm_get_u8(&r), 1);
	assert_int_equal(dm_get_u16(&r), 0x1234);
	assert_int_equal(dm_get_u32(&r), 0xfedcba98);
	assert_true(dm_get_u64(&r) == 0x8002030405060708ull);
	assert_int_equal(dm_reader_left(&r), 1);
	assert_false(r.bad);
	assert_int_equal(dm_get_u8(&r), 9);
	assert_int_equal(dm_reader_left(&r), 0);
	assert_false(r.bad);
}

/* A number that is not whole gives nothing, and nothing comes after it. */
static void test_short_read_sticks(void **state)
{
	static const uint8_t octets[] = {1, 2, 3};
	struct dm_reader r, sub;

	dm_reader_init(&r, octets, sizeof(octets));
	assert_int_equal(dm_get_u32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(dm_get_u8(&r), 0);
	assert_null(dm_get_octets(&r, 0));
	dm_get_sub(&r, 0, &sub);
	assert_true(sub.bad);
	assert_int_equal(dm_reader_left(&sub), 0);
	assert_true(r.bad);
}

static void test_huge_length(void **state)
{
	static const uint8_t octets[] = {1, 2, 3};
	struct dm_reader r;

	dm_reader_init(&r, octets, sizeof(octets));
	dm_get_u8(&r);
	assert_null(dm_get_octets(&r, SIZE_MAX));
	assert_true(r.bad);
}

static void test_empty_reader(void **state)
{
	struct dm_reader r, sub;

	dm_reader_init(&r, NULL, 0);
	assert_int_equal(dm_reader_left(&r), 0);
	assert_null(dm_get_octets(&r, 0));
	assert_false(r.bad);
	dm_get_sub(&r, 0, &sub);
	assert_false(sub.bad);
	assert_int_equal(dm_get_u8(&r), 0);
	assert_true(r.bad);
}

static void test_sub_is_bounded(void **state)
{
	static const uint8_t octets[] = {1, 2, 3, 4};
	struct dm_reader r, sub;

	dm_reader_init(&r, octets, sizeof(octets));
	dm_get_sub(&r, 3, &sub);
	assert_int_equal(dm_get_u16(&sub), 0x0102);
	assert_int_equal(dm_get_u16(&sub), 0);
	assert_true(sub.bad);
	assert_false(r.bad);
	assert_int_equal(dm_get_u8(&r), 4);
}

static void test_writes_network_order(void **state)
{
	static const uint8_t wanted[] = {1, 0x12, 0x34, 0xfe, 0xdc, 0xba, 0x98, 0x80,
					 2, 3, 4, 5, 6, 7, 8, 'a', 'b'};
	uint8_t buf[17];
	struct dm_writer w;

	dm_writer_init(&w, buf, sizeof(buf));
	dm_put_u8(&w, 1);
	dm_put_u16(&w, 0x1234);
	dm_put_u32(&w, 0xfedcba98);
	dm_put_u64(&w, 0x8002030405060708ull);
	dm_put_octets(&w, NULL, 0);
	dm_put_octets(&w, "ab", 2);
	assert_false(w.bad);
	assert_int_equal(w.used, sizeof(wanted));
	assert_memory_equal(buf, wanted, sizeof(wanted));
	dm_put_octets(&w, NULL, 0);
	assert_false(w.bad);
	dm_put_u8(&w, 1);
	assert_true(w.bad);
	assert_int_equal(w.used, sizeof(wanted));
}

static void test_patch(void **state)
{
	uint8_t buf[8] = {0};
	struct dm_writer w;

	dm_writer_init(&w, buf, sizeof(buf));
	dm_put_u32(&w, 0);
	dm_patch_u16(&w, 0, 0x1234);
	dm_patch_u16(&w, 2, 0x5678);
	assert_false(w.bad);
	assert_memory_equal(buf, "\x12\x34\x56\x78\0\0\0\0", 8);

	dm_patch_u16(&w, 3, 0xffff);
	assert_true(w.bad);
	assert_memory_equal(buf, "\x12\x34\x56\x78\0\0\0\0", 8);

	dm_writer_init(&w, buf, sizeof(buf));
	dm_put_u8(&w, 9);
	dm_patch_u16(&w, 0, 0xffff);
	assert_true(w.bad);

	dm_writer_init(&w, buf, sizeof(buf));
	dm_put_u32(&w, 0);
	dm_patch_u16(&w, SIZE_MAX, 0xffff);
	assert_true(w.bad);
}

static uint32_t random_state = 20261120;

static uint32_t random_u32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

/* Takes N octets at *at one by one; false, for good, when that many are not there. */
static bool slow_get(const uint8_t *octets, size_t size, size_t *at, bool *bad, size_t n, uint64_t *v)
{
	*v = 0;
	if (*bad || *at + n > size) {
		*bad = true;
		return false;
	}
	while (n-- > 0)
		*v = *v * 256 + octets[(*at)++];
	return true;
}

static uint64_t get_n(struct dm_reader *r, size_t n)
{
	switch (n) {
	case 1:
		return dm_get_u8(r);
	case 2:
		return dm_get_u16(r);
	case 4:
		return dm_get_u32(r);
	default:
		return dm_get_u64(r);
	}
}

static void test_reader_twin(void **state)
{
	static const size_t sizes[] = {1, 2, 4, 8};

	for (int round = 0; round < 5000; round++) {
		size_t size = random_u32() % 40, at = 0;
		uint8_t *octets = malloc(size ? size : 1);
		struct dm_reader r;
		bool bad = false;
		uint64_t v;

		assert_non_null(octets);
		for (size_t i = 0; i < size; i++)
			octets[i] = random_u32();
		dm_reader_init(&r, octets, size);
		for (int step = 0; step < 12; step++) {
			size_t n = sizes[random_u32() % 4];

			slow_get(octets, size, &at, &bad, n, &v);
			assert_true(get_n(&r, n) == v);
			assert_int_equal(r.bad, bad);
			assert_int_equal(dm_reader_left(&r), size - at);
		}
		free(octets);
	}
}

static void put_n(struct dm_writer *w, uint64_t v, size_t n)
{
	switch (n) {
	case 1:
		dm_put_u8(w, v);
		break;
	case 2:
		dm_put_u16(w, v);
		break;
	case 4:
		dm_put_u32(w, v);
		break;
	default:
		dm_put_u64(w, v);
	}
}

static void test_writer_twin(void **state)
{
	static const size_t sizes[] = {1, 2, 4, 8};

	for (int round = 0; round < 5000; round++) {
		size_t size = random_u32() % 40, used = 0;
		uint8_t *buf = malloc(size ? size : 1), twin[40];
		struct dm_writer w;
		bool bad = false;

		assert_non_null(buf);
		dm_writer_init(&w, buf, size);
		for (int step = 0; step < 12; step++) {
			size_t n = sizes[random_u32() % 4];
			uint64_t v = (uint64_t)random_u32() << 32 | random_u32();

			bad = bad || used + n > size;
			for (size_t i = n; !bad && i-- > 0;)
				twin[used++] = v >> 8 * i;
			put_n(&w, v, n);
			assert_int_equal(w.bad, bad);
			assert_int_equal(w.used, used);
		}
		if (used)
			assert_memory_equal(buf, twin, used);
		free(buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_network_order),
		cmocka_unit_test(test_short_read_sticks),
		cmocka_unit_test(test_huge_length),
		cmocka_unit_test(test_empty_reader),
		cmocka_unit_test(test_sub_is_bounded),
		cmocka_unit_test(test_writes_network_order),
		cmocka_unit_test(test_patch),
		cmocka_unit_test(test_reader_twin),
		cmocka_unit_test(test_writer_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

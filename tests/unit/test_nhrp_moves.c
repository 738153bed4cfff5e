// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The extension of move numbers: read and built from the vectors, and what is not one value for each CIE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/nhrp_moves.h"
#include "tests/unit/nhrp_vectors.h"

static struct nhrp_msg decoded(const char *name, uint8_t octets[VECTOR_MAX])
{
	struct nhrp_msg m;

	assert_int_equal(nhrp_msg_decode(&m, octets, from_hex(nhrp_vector(name)->hex, octets), NULL), NHRP_DROP_NONE);
	return m;
}

static void test_one_value_for_each_entry(void **state)
{
	uint8_t octets[VECTOR_MAX];
	struct nhrp_msg m = decoded("vpn-registration-moves", octets);
	struct dm_reader values;

	assert_true(nhrp_moves_find(&m, &values));
	assert_int_equal(nhrp_move_next(&values).number, 7);
	assert_int_equal(nhrp_move_next(&values).number, 0);
	assert_int_equal(nhrp_move_next(&values).number, 0); /* beyond the end: nothing is known */
	assert_false(values.bad);
	m = decoded("vpn-purge-moves", octets);
	assert_true(nhrp_moves_find(&m, &values));
	assert_int_equal(nhrp_move_next(&values).age, 1000);
	m = decoded("vpn-purge-request", octets);
	assert_false(nhrp_moves_find(&m, &values));
}

static size_t build(uint8_t *buf, size_t size, const struct nhrp_move *moves, size_t num)
{
	const struct nhrp_cie cies[] = { { .proto = { DM_MAC, { 2, 0, 0, 0, 0, 10 } } },
					 { .proto = { DM_MAC, { 2, 0, 0, 0, 0, 11 } } } };
	struct nhrp_msg m = { .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB, .hop_count = 1, .op = NHRP_OP_PURGE_REQUEST };
	struct nhrp_builder b;

	nhrp_build_begin(&b, buf, size, &m);
	nhrp_build_cie(&b, &cies[0]);
	nhrp_build_cie(&b, &cies[1]);
	nhrp_build_moves(&b, moves, num);
	return nhrp_build_end(&b);
}

static void test_built_and_read_again(void **state)
{
	static const struct nhrp_move moves[] = { { 0xfffffffe, 0 }, { 1, 0xffffffff }, { 3, 3 } };
	uint8_t buf[256];
	struct dm_reader values;
	struct nhrp_move move;
	struct nhrp_msg m;

	for (size_t num = 0; num <= 3; num++) {
		size_t len = build(buf, sizeof(buf), moves, num);

		assert_int_equal(nhrp_msg_decode(&m, buf, len, NULL), NHRP_DROP_NONE);
		assert_int_equal(nhrp_moves_find(&m, &values), num == 2); /* as many as there are entries */
	}
	build(buf, sizeof(buf), moves, 2);
	assert_int_equal(nhrp_msg_decode(&m, buf, build(buf, sizeof(buf), moves, 2), NULL), NHRP_DROP_NONE);
	assert_true(nhrp_moves_find(&m, &values));
	for (size_t i = 0; i < 2; i++) {
		move = nhrp_move_next(&values);
		assert_int_equal(move.number, moves[i].number);
		assert_int_equal(move.age, moves[i].age);
	}
}

static void test_no_room(void **state)
{
	static const struct nhrp_move moves[NHRP_CIES_MAX];
	uint8_t buf[256];

	assert_int_equal(build(buf, sizeof(buf), moves, NHRP_CIES_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_value_for_each_entry),
		cmocka_unit_test(test_built_and_read_again),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests_name("move numbers", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Request IDs of FRR's own code and those on the wire: what is taken for an answer, for how
 * long, and that the table stays within its bounds.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "nhrpd/nhrp_ids.h"

#define NOW 1000000
#define REGISTRATION NHRP_OP_REGISTRATION_REQUEST
#define RESOLUTION NHRP_OP_RESOLUTION_REQUEST

static struct nhrp_ids ids;
static uint32_t drawn;	/* the last number given */
static uint32_t repeat; /* so often the same */

/* Numbers that are all different, but for those asked to repeat. */
static uint32_t draw(void *arg)
{
	if (repeat) {
		repeat--;
		return drawn;
	}
	drawn = drawn * 1664525 + 1013904223;
	return drawn;
}

static int setup(void **state)
{
	drawn = 42;
	repeat = 0;
	nhrp_ids_init(&ids, draw, NULL);
	return 0;
}

static int teardown(void **state)
{
	nhrp_ids_fini(&ids);
	return 0;
}

static struct vpn_path path(uint32_t ifindex, const char *nbma)
{
	struct vpn_path p = { .ifindex = ifindex };

	assert_true(dm_addr_parse(&p.nbma, nbma));
	return p;
}

static uint32_t sent(uint8_t op, uint32_t stock, const char *to, uint64_t now)
{
	struct nhrp_id_sent s = { .op = op, .stock = stock, .path = path(1, to) };

	return nhrp_ids_sent(&ids, &s, now);
}

/* The stock ID that WIRE stands for, 0 when it is no answer. */
static uint32_t found(uint32_t wire, uint8_t op, uint32_t ifindex, const char *from, bool same_station, uint64_t now)
{
	struct vpn_path p = path(ifindex, from);
	struct nhrp_id_sent s;

	return nhrp_ids_find(&ids, wire, op, &p, same_station, now, &s) ? s.stock : 0;
}

static void test_same_id_until_answered(void **state)
{
	uint32_t wire = sent(REGISTRATION, 7, "10.0.0.1", NOW);

	assert_int_not_equal(wire, 7);
	assert_int_equal(sent(REGISTRATION, 7, "10.0.0.1", NOW + 64000), wire);
	assert_int_equal(nhrp_ids_count(&ids), 1);
	assert_int_equal(found(wire, REGISTRATION, 1, "10.0.0.1", true, NOW + 64000 + NHRP_IDS_MS - 1), 7);
	nhrp_ids_answered(&ids, wire);
	assert_int_equal(found(wire, REGISTRATION, 1, "10.0.0.1", true, NOW), 0);
	assert_int_not_equal(sent(REGISTRATION, 7, "10.0.0.1", NOW), wire);
}

static void test_only_the_answer_is_one(void **state)
{
	uint32_t wire = sent(REGISTRATION, 7, "10.0.0.1", NOW);

	assert_int_equal(found(wire, REGISTRATION, 1, "10.0.0.1", true, NOW), 7);
	assert_int_equal(found(7, REGISTRATION, 1, "10.0.0.1", true, NOW), 0);	  /* the stock code's own number */
	assert_int_equal(found(wire + 1, REGISTRATION, 1, "10.0.0.1", true, NOW), 0);
	assert_int_equal(found(wire, RESOLUTION, 1, "10.0.0.1", true, NOW), 0);	  /* of another type */
	assert_int_equal(found(wire, REGISTRATION, 2, "10.0.0.1", true, NOW), 0); /* by another interface */
	assert_int_equal(found(wire, REGISTRATION, 1, "10.0.0.2", true, NOW), 0); /* of another station */
	assert_int_equal(found(wire, REGISTRATION, 1, "10.0.0.2", false, NOW), 7); /* which may do, elsewhere */
}

static void test_another_way_the_second_time(void **state)
{
	uint32_t wire = sent(RESOLUTION, 9, "10.0.0.1", NOW);

	assert_int_equal(sent(RESOLUTION, 9, "10.0.0.5", NOW + 1000), wire);
	assert_int_equal(found(wire, RESOLUTION, 1, "10.0.0.1", true, NOW + 1000), 0);
	assert_int_equal(found(wire, RESOLUTION, 1, "10.0.0.5", true, NOW + 1000), 9);
}

static void test_waits_no_longer_than_it_should(void **state)
{
	uint32_t wire = sent(RESOLUTION, 9, "10.0.0.1", NOW), other;

	assert_int_equal(found(wire, RESOLUTION, 1, "10.0.0.1", false, NOW + NHRP_IDS_MS), 0);
	other = sent(RESOLUTION, 10, "10.0.0.1", NOW + NHRP_IDS_MS); /* which sweeps the first */
	assert_int_equal(nhrp_ids_count(&ids), 1);
	assert_int_not_equal(sent(RESOLUTION, 9, "10.0.0.1", NOW + NHRP_IDS_MS), wire);
	assert_int_equal(found(other, RESOLUTION, 1, "10.0.0.1", false, NOW + NHRP_IDS_MS), 10);
}

static void test_no_id_twice_at_a_time(void **state)
{
	uint32_t first = sent(RESOLUTION, 1, "10.0.0.1", NOW), second;

	repeat = 3;
	second = sent(RESOLUTION, 2, "10.0.0.1", NOW);
	assert_int_not_equal(first, second);
	assert_int_equal(found(first, RESOLUTION, 1, "10.0.0.1", false, NOW), 1);
	assert_int_equal(found(second, RESOLUTION, 1, "10.0.0.1", false, NOW), 2);
}

static void test_the_oldest_makes_room(void **state)
{
	uint32_t first = sent(RESOLUTION, 1, "10.0.0.1", NOW), second = sent(RESOLUTION, 2, "10.0.0.1", NOW), last = 0;

	assert_int_equal(sent(RESOLUTION, 1, "10.0.0.1", NOW), first); /* so the second is the oldest */
	for (uint32_t i = 3; i <= NHRP_IDS_MAX + 1; i++)
		last = sent(RESOLUTION, i, "10.0.0.1", NOW);
	assert_int_equal(nhrp_ids_count(&ids), NHRP_IDS_MAX);
	assert_int_equal(found(second, RESOLUTION, 1, "10.0.0.1", false, NOW), 0);
	assert_int_equal(found(first, RESOLUTION, 1, "10.0.0.1", false, NOW), 1);
	assert_int_equal(found(last, RESOLUTION, 1, "10.0.0.1", false, NOW), NHRP_IDS_MAX + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same_id_until_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_the_answer_is_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_way_the_second_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits_no_longer_than_it_should, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_id_twice_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_oldest_makes_room, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flow control between nhrpd and the module: the arithmetic by a table and against a naive twin that
 * keeps each payload in a list, then two ends with a pipe between them that is slow, stops, loses and ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/dmevpn_line.h"

/* --- credit --- */

static void test_window(void **state)
{
	struct dm_credit c = { 0 };

	assert_true(dm_credit_room(&c, DM_LINE_WINDOW));
	assert_false(dm_credit_room(&c, DM_LINE_WINDOW + 1));
	dm_credit_sent(&c, DM_LINE_WINDOW / 2);
	assert_true(dm_credit_rested(&c));
	dm_credit_sent(&c, 1);
	assert_false(dm_credit_rested(&c));
	assert_false(dm_credit_room(&c, DM_LINE_WINDOW / 2));
	assert_true(dm_credit_taken(&c, 1));
	assert_true(dm_credit_room(&c, DM_LINE_WINDOW / 2));
	assert_int_equal(dm_credit_under_way(&c), DM_LINE_WINDOW / 2);
}

/* Positions run over the end of 32 bits. */
static void test_wraps(void **state)
{
	struct dm_credit c = { .sent = 0xfffffff0, .taken = 0xfffffff0, .excused = 0xfffffff0 };

	dm_credit_sent(&c, 32);
	assert_int_equal(c.sent, 16);
	assert_true(dm_credit_taken(&c, 0xfffffff8));
	assert_int_equal(dm_credit_under_way(&c), 24);
	assert_true(dm_credit_taken(&c, 16));
	assert_int_equal(dm_credit_under_way(&c), 0);
	assert_true(dm_credit_room(&c, DM_LINE_WINDOW));
}

/* What is not under way cannot be taken: it is of a former end, or a lie. */
static void test_word_of_another(void **state)
{
	struct dm_credit c = { 0 };

	dm_credit_sent(&c, 1000);
	assert_true(dm_credit_taken(&c, 600));
	assert_false(dm_credit_taken(&c, 599));
	assert_false(dm_credit_taken(&c, 1001));
	assert_false(dm_credit_taken(&c, 0x80000000));
	assert_int_equal(dm_credit_under_way(&c), 400);
	assert_true(dm_credit_taken(&c, 600));
	dm_credit_reset(&c);
	assert_int_equal(dm_credit_under_way(&c), 0);
	assert_int_equal(c.sent, 1000);
}

/* A restatement may be larger than the window, and leaves the whole window to what comes after it. */
static void test_restatement(void **state)
{
	struct dm_credit c = { 0 };

	dm_credit_restate(&c, false);
	assert_true(dm_credit_room(&c, DM_LINE_RESTATEMENT));
	assert_false(dm_credit_room(&c, DM_LINE_RESTATEMENT + 1));
	dm_credit_sent(&c, 3 * DM_LINE_WINDOW);
	dm_credit_restate(&c, true);
	assert_true(dm_credit_room(&c, DM_LINE_WINDOW));
	assert_true(dm_credit_rested(&c));
	dm_credit_sent(&c, DM_LINE_WINDOW);
	assert_false(dm_credit_room(&c, 1));
	/* while the restatement is taken there is no more room … */
	assert_true(dm_credit_taken(&c, 3 * DM_LINE_WINDOW));
	assert_false(dm_credit_room(&c, 1));
	/* … but then there is */
	assert_true(dm_credit_taken(&c, 3 * DM_LINE_WINDOW + 1));
	assert_true(dm_credit_room(&c, 1));
	assert_false(dm_credit_room(&c, 2));
}

static void test_tells_now_and_then(void **state)
{
	struct dm_credit c = { 0 };

	assert_false(dm_credit_received(&c, DM_LINE_TELL - 1));
	assert_true(dm_credit_received(&c, DM_LINE_TELL));
	c.told = c.received;
	assert_false(dm_credit_received(&c, 2 * DM_LINE_TELL - 1));
	/* another sender, who begins at 0 */
	assert_true(dm_credit_received(&c, 600));
}

/* --- against a twin --- */

#define PAYLOADS 4096

static uint32_t random_state = 2735;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)random_state * n) >> 32);
}

static void test_twin(void **state)
{
	static struct {
		size_t octets;
		uint32_t end;
	} list[PAYLOADS];
	size_t first = 0, last = 0, under_way = 0;
	struct dm_credit c = { .sent = 0xffff0000, .taken = 0xffff0000, .excused = 0xffff0000 };

	for (int i = 0; i < 200000; i++) {
		size_t octets = DM_LINE_OVERHEAD + random_below(DM_MSG_PAYLOAD_MAX);
		bool fits = under_way + octets <= DM_LINE_WINDOW;

		assert_int_equal(dm_credit_room(&c, octets), fits);
		if (fits && random_below(100) < 60) {
			dm_credit_sent(&c, octets);
			list[last % PAYLOADS].octets = octets;
			list[last++ % PAYLOADS].end = c.sent;
			under_way += octets;
		} else if (first < last && random_below(100) < 50) {
			size_t n = 1 + random_below((uint32_t)(last - first));

			for (; n > 0; n--)
				under_way -= list[first++ % PAYLOADS].octets;
			assert_true(dm_credit_taken(&c, list[(first - 1) % PAYLOADS].end));
		}
		assert_int_equal(dm_credit_under_way(&c), under_way);
	}
}

/* --- two ends --- */

#define PIPE (64 << 20)

/* What is on its way in one direction. */
struct pipe {
	uint8_t octets[PIPE];
	size_t read, written;
};

static struct pipe *there, *back;
static struct dm_line near_end, far_end;
static uint64_t next_said, next_heard; /* epochs of HELLO records, counted up */
static bool lossy;

static void put_pipe(struct pipe *p, const uint8_t *octets, size_t len)
{
	uint32_t prefix = (uint32_t)len;

	assert_true(p->written + len + sizeof(prefix) <= PIPE);
	memcpy(p->octets + p->written, &prefix, sizeof(prefix));
	memcpy(p->octets + p->written + sizeof(prefix), octets, len);
	p->written += len + sizeof(prefix);
}

static void send_there(const uint8_t *octets, size_t len)
{
	if (!lossy)
		put_pipe(there, octets, len);
}

static void send_back(const uint8_t *octets, size_t len)
{
	put_pipe(back, octets, len);
}

static void heard(const struct dm_rec *rec)
{
	if (rec->type != DM_REC_HELLO)
		return;
	assert_true(rec->hello.epoch >= next_heard); /* in order */
	next_heard = rec->hello.epoch + 1;
}

/* One payload of the pipe; returns false when there is none. */
static bool work_off(struct dm_line *line, struct pipe *p)
{
	uint32_t len, ends_at = line->credit.received;
	struct dm_reader r;
	struct dm_rec rec;

	if (p->read == p->written)
		return false;
	memcpy(&len, p->octets + p->read, sizeof(len));
	assert_int_equal(dm_msg_open(&r, p->octets + p->read + sizeof(len), len, NULL), DM_OPEN_OK);
	p->read += len + sizeof(len);
	if (p->read == p->written)
		p->read = p->written = 0;
	while (dm_msg_next(&r, &rec))
		if (rec.type == DM_REC_TAKEN || rec.type == DM_REC_MODULE_TAKEN)
			dm_line_taken(line, &rec.taken, &ends_at);
		else
			heard(&rec);
	assert_false(r.bad);
	dm_line_worked_off(line, ends_at);
	return true;
}

static int begin(void **state)
{
	there = calloc(1, sizeof(*there));
	back = calloc(1, sizeof(*back));
	assert_true(there && back);
	dm_line_init(&near_end, DM_REC_TAKEN, send_there);
	dm_line_init(&far_end, DM_REC_MODULE_TAKEN, send_back);
	next_said = next_heard = 0;
	lossy = false;
	return 0;
}

static int finish(void **state)
{
	free(there);
	free(back);
	return 0;
}

static bool say(void)
{
	const struct dm_rec rec = { .type = DM_REC_HELLO, .hello.epoch = next_said };
	bool said = dm_line_put(&near_end, &rec);

	next_said += said;
	return said;
}

static void work_off_all(void)
{
	bool any;

	do {
		any = work_off(&far_end, there);
		any |= work_off(&near_end, back);
	} while (any);
}

static void test_reader_keeps_up(void **state)
{
	for (int i = 0; i < 2000000; i++) {
		assert_true(say());
		if (i % 1000 == 0) {
			dm_line_flush(&near_end);
			work_off_all();
		}
	}
	dm_line_flush(&near_end);
	work_off_all();
	assert_int_equal(next_heard, next_said);
	assert_int_equal(near_end.refused + near_end.waits, 0);
	assert_true(dm_credit_under_way(&near_end.credit) < DM_LINE_TELL);
}

static void test_reader_sleeps(void **state)
{
	uint64_t said;

	for (int round = 1; round <= 3; round++) {
		while (say())
			;
		for (int i = 0; i < 1000000; i++)
			assert_false(say());
		assert_true(there->written <= DM_LINE_WINDOW);
		assert_int_equal(near_end.waits, round);
		said = next_said;
		/* the far end works off all, which lets the payload go that has waited */
		work_off_all();
		assert_int_equal(next_heard, said);
		assert_true(dm_credit_rested(&near_end.credit));
	}
	assert_int_equal(near_end.refused, 3 * 1000001);
	assert_true(near_end.most <= DM_LINE_WINDOW);
}

/* HELLO gets through a line that is full, behind all that was said before. */
static void test_urgent(void **state)
{
	const struct dm_rec rec = { .type = DM_REC_HELLO, .hello.epoch = 1 << 30 };

	while (say())
		;
	assert_true(dm_line_put_urgent(&near_end, &rec));
	dm_line_flush_urgent(&near_end);
	work_off_all();
	assert_int_equal(next_heard, (1 << 30) + 1);
}

/* Both ends have filled their windows before either reads. */
static void test_both_full(void **state)
{
	const struct dm_rec rec = { .type = DM_REC_DUMP_END };

	while (say())
		;
	while (dm_line_put(&far_end, &rec))
		;
	while (work_off(&far_end, there))
		;
	assert_int_equal(next_heard, next_said - (near_end.batch.count - 1));
	/* it says so, full as its own window is, behind all that it said before */
	while (dm_line_put(&far_end, &rec))
		;
	while (work_off(&near_end, back))
		;
	assert_true(dm_credit_rested(&near_end.credit));
	assert_true(say());
	work_off_all();
	assert_true(dm_credit_rested(&far_end.credit));
	assert_true(dm_line_put(&far_end, &rec));
}

/* What zebra drops because nobody is there yet takes no room for ever. */
static void test_lost_payloads(void **state)
{
	lossy = true;
	while (say())
		;
	lossy = false;
	dm_line_flush_urgent(&near_end);
	work_off_all();
	for (int i = 0; i < 100000; i++)
		assert_true(say());
	dm_line_flush(&near_end);
	work_off_all();
	assert_int_equal(next_heard, next_said);
}

/* A new far end knows nothing of what the former one was sent. */
static void test_new_far_end(void **state)
{
	while (say())
		;
	there->read = there->written = 0;
	dm_line_init(&far_end, DM_REC_MODULE_TAKEN, send_back);
	dm_line_reset(&near_end);
	for (int i = 0; i < 100000; i++)
		assert_true(say());
	dm_line_flush(&near_end);
	work_off_all();
	assert_int_equal(next_heard, next_said);
	assert_true(dm_credit_rested(&near_end.credit));
}

static void test_refuses_what_cannot_be_written(void **state)
{
	const struct dm_rec rec = { .type = 200 };

	assert_false(dm_line_put(&near_end, &rec));
	assert_true(say());
	dm_line_flush(&near_end);
	work_off_all();
	assert_int_equal(next_heard, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_word_of_another),
		cmocka_unit_test(test_restatement),
		cmocka_unit_test(test_tells_now_and_then),
		cmocka_unit_test(test_twin),
		cmocka_unit_test_setup_teardown(test_reader_keeps_up, begin, finish),
		cmocka_unit_test_setup_teardown(test_reader_sleeps, begin, finish),
		cmocka_unit_test_setup_teardown(test_urgent, begin, finish),
		cmocka_unit_test_setup_teardown(test_both_full, begin, finish),
		cmocka_unit_test_setup_teardown(test_lost_payloads, begin, finish),
		cmocka_unit_test_setup_teardown(test_new_far_end, begin, finish),
		cmocka_unit_test_setup_teardown(test_refuses_what_cannot_be_written, begin, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

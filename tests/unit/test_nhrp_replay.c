// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stamps and windows against replay: cases by hand, a sender and a receiver that restart,
 * and 100,000 messages in random order against a twin that remembers every one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/nhrp_replay.h"

#define ME 5000 /* our epoch */
#define PEER 4000

static enum nhrp_replay take(struct nhrp_window *w, uint64_t epoch, uint64_t counter)
{
	const struct nhrp_stamp s = {.epoch = epoch, .echo = ME, .counter = counter};

	return nhrp_window_take(w, &s, ME);
}

static void test_each_once(void **state)
{
	struct nhrp_window w = {0};

	assert_int_equal(take(&w, PEER, 1), NHRP_REPLAY_NEW);
	assert_int_equal(take(&w, PEER, 1), NHRP_REPLAY_TWICE);
	assert_int_equal(take(&w, PEER, 3), NHRP_REPLAY_NEW);
	assert_int_equal(take(&w, PEER, 2), NHRP_REPLAY_NEW); /* overtaken */
	assert_int_equal(take(&w, PEER, 2), NHRP_REPLAY_TWICE);
	assert_int_equal(take(&w, PEER, 3), NHRP_REPLAY_TWICE);
	assert_int_equal(take(&w, PEER, 1), NHRP_REPLAY_TWICE);
}

static void test_edges_of_the_window(void **state)
{
	struct nhrp_window w = {0};

	assert_int_equal(take(&w, PEER, 1000), NHRP_REPLAY_NEW);
	assert_int_equal(take(&w, PEER, 1000 - 63), NHRP_REPLAY_NEW);
	assert_int_equal(take(&w, PEER, 1000 - 63), NHRP_REPLAY_TWICE);
	assert_int_equal(take(&w, PEER, 1000 - 64), NHRP_REPLAY_OLD);
	assert_int_equal(take(&w, PEER, 1063), NHRP_REPLAY_NEW);
	assert_int_equal(take(&w, PEER, 1000), NHRP_REPLAY_TWICE); /* the last bit that is still in it */
	assert_int_equal(take(&w, PEER, 1063 + 64), NHRP_REPLAY_NEW);
	assert_int_equal(take(&w, PEER, 1064), NHRP_REPLAY_NEW); /* nothing of before is left in it */
	assert_int_equal(take(&w, PEER, 1063), NHRP_REPLAY_OLD);
	assert_int_equal(take(&w, PEER, UINT64_MAX), NHRP_REPLAY_NEW);
	assert_int_equal(take(&w, PEER, UINT64_MAX), NHRP_REPLAY_TWICE);
	assert_int_equal(take(&w, PEER, UINT64_MAX - 63), NHRP_REPLAY_NEW);
	assert_int_equal(take(&w, PEER, UINT64_MAX - 64), NHRP_REPLAY_OLD);
}

static void test_what_is_no_stamp(void **state)
{
	struct nhrp_window w = {0};

	assert_int_equal(take(&w, 0, 1), NHRP_REPLAY_INVALID);
	assert_int_equal(take(&w, PEER, 0), NHRP_REPLAY_INVALID);
	assert_int_equal(take(&w, PEER, 1), NHRP_REPLAY_NEW);
}

static void test_peer_restarts(void **state)
{
	struct nhrp_window w = {0};

	assert_int_equal(take(&w, PEER, 900), NHRP_REPLAY_NEW);
	assert_int_equal(take(&w, PEER + 1, 5), NHRP_REPLAY_NEW);
	assert_int_equal(take(&w, PEER + 1, 5), NHRP_REPLAY_TWICE);
	/* what it said in its former life is void, new to us or not */
	assert_int_equal(take(&w, PEER, 900), NHRP_REPLAY_EPOCH);
	assert_int_equal(take(&w, PEER, 901), NHRP_REPLAY_EPOCH);
	assert_int_equal(take(&w, PEER + 1, 6), NHRP_REPLAY_NEW);
}

/* A message for our former run, for another station, or from somebody who knows nothing of us moves nothing. */
static void test_echo(void **state)
{
	static const uint64_t echoes[] = {0, ME - 1, ME + 1, PEER};
	struct nhrp_window w = {0}, before;

	assert_int_equal(take(&w, PEER, 10), NHRP_REPLAY_NEW);
	before = w;
	for (size_t i = 0; i < sizeof(echoes) / sizeof(echoes[0]); i++) {
		const struct nhrp_stamp s = {.epoch = PEER + 9, .echo = echoes[i], .counter = 99};

		assert_int_equal(nhrp_window_take(&w, &s, ME), NHRP_REPLAY_ECHO);
		assert_memory_equal(&w, &before, sizeof(w));
	}
}

/*
 *   spoke                               hub (restarted)
 *     | request, echo: the old hub  ──>  |  ECHO: answered with its epoch, nothing changed
 *     | <──────────────────── answer     |
 *     | request, echo: the new hub  ──>  |  NEW
 */
static void test_two_stations_meet(void **state)
{
	const uint64_t spoke = 100, old_hub = 200, hub = 300;
	struct nhrp_stamper at_spoke, at_hub;
	struct nhrp_window of_spoke = {0}, of_hub = {.epoch = old_hub, .top = 77, .taken = 1};
	struct nhrp_stamp recorded, request, answer;

	nhrp_stamper_init(&at_spoke, spoke, 0);
	nhrp_stamper_init(&at_hub, hub, 0);
	recorded = nhrp_stamper_next(&at_spoke, old_hub);
	request = nhrp_stamper_next(&at_spoke, old_hub);
	assert_int_equal(nhrp_window_take(&of_spoke, &request, hub), NHRP_REPLAY_ECHO);
	answer = nhrp_stamper_next(&at_hub, request.epoch);
	assert_int_equal(nhrp_window_take(&of_hub, &answer, spoke), NHRP_REPLAY_NEW);
	request = nhrp_stamper_next(&at_spoke, answer.epoch);
	assert_int_equal(nhrp_window_take(&of_spoke, &request, hub), NHRP_REPLAY_NEW);
	/* who listened to the old hub's messages gains nothing at the new one */
	assert_int_equal(nhrp_window_take(&of_spoke, &recorded, hub), NHRP_REPLAY_ECHO);
	assert_int_equal(nhrp_window_take(&of_spoke, &request, hub), NHRP_REPLAY_TWICE);
}

/* A peer that was forgotten and is met again within one run is not sent a counter again. */
static void test_stamper_never_goes_back(void **state)
{
	struct nhrp_stamper s;
	uint64_t last = 0;

	for (uint64_t ms = 0; ms < 5; ms++) {
		nhrp_stamper_init(&s, PEER, ms);
		for (int i = 0; i < 65535; i++) {
			struct nhrp_stamp stamp = nhrp_stamper_next(&s, ME);

			assert_true(stamp.counter > last);
			assert_int_equal(stamp.epoch, PEER);
			assert_int_equal(stamp.echo, ME);
			last = stamp.counter;
		}
	}
}

static uint32_t random_state;

static uint32_t random_u32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

#define TWIN_MAX 200000

static void test_twin(void **state)
{
	static bool taken[TWIN_MAX];
	struct nhrp_window w = {0};
	unsigned int seen[NHRP_REPLAY_COUNT] = {0};
	uint64_t top = 0;

	random_state = 2332534;
	for (int i = 0; i < 100000; i++) {
		uint64_t base = top > 90 ? top - 90 : 1;
		uint64_t counter = base + random_u32() % (i % 50 ? 95 : 200);
		enum nhrp_replay want = NHRP_REPLAY_NEW;

		assert_true(counter < TWIN_MAX);
		if (counter + 64 <= top)
			want = NHRP_REPLAY_OLD;
		else if (taken[counter])
			want = NHRP_REPLAY_TWICE;
		assert_int_equal(take(&w, PEER, counter), want);
		seen[want]++;
		if (want == NHRP_REPLAY_NEW)
			taken[counter] = true;
		if (counter > top)
			top = counter;
	}
	assert_true(seen[NHRP_REPLAY_NEW] > 1000 && seen[NHRP_REPLAY_OLD] > 1000 && seen[NHRP_REPLAY_TWICE] > 1000);
}

static void test_names(void **state)
{
	for (int why = 0; why < NHRP_REPLAY_COUNT; why++) {
		assert_non_null(nhrp_replay_name(why));
		for (int other = 0; other < why; other++)
			assert_string_not_equal(nhrp_replay_name(why), nhrp_replay_name(other));
	}
	assert_string_equal(nhrp_replay_name(NHRP_REPLAY_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_edges_of_the_window),
		cmocka_unit_test(test_what_is_no_stamp),
		cmocka_unit_test(test_peer_restarts),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_two_stations_meet),
		cmocka_unit_test(test_stamper_never_goes_back),
		cmocka_unit_test(test_twin),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

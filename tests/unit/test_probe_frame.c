// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/probe_frame.c: a probe and its answer octet by octet (the vectors were made by another
 * program, tests/topotests/lib/probe.py), what is refused and why, one field wrong at a time; and
 * that nothing is read past the end: frames are cut at every length and have octets changed at
 * random (fixed seed), in a heap block of their exact size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/octets.h"
#include "lib/probe_frame.h"

#define MUTATIONS 200000

/* offsets in an inner frame over IPv4, octets */
#define VXLAN_LEN 8
#define AT_GROUP 5
#define AT_MAC 6
#define AT_TYPE 12
#define AT_IP 14
#define AT_LENGTH (AT_IP + 3)
#define AT_FRAGMENT (AT_IP + 6)
#define AT_HOPS (AT_IP + 8)
#define AT_PROTOCOL (AT_IP + 9)
#define AT_IP_SUM (AT_IP + 10)
#define AT_SOURCE (AT_IP + 12)
#define AT_DESTINATION (AT_IP + 16)
#define AT_UDP (AT_IP + 20)
#define AT_UDP_SUM (AT_UDP + 6)
#define AT_BFD (AT_UDP + 8)
#define AT_OURS (AT_BFD + 24)
#define LEN (AT_OURS + 12)

struct frame {
	uint8_t octets[PROBE_FRAME_MAX];
	size_t len;
};

static const uint8_t probe_vector[] = {
	/* VXLAN, VNI 101 */
	0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x65, 0x00,
	/* Ethernet */
	0x01, 0x80, 0xc2, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x08, 0x00,
	/* IPv4 */
	0x45, 0xc0, 0x00, 0x40, 0x00, 0x00, 0x00, 0x00, 0xff, 0x11, 0x31, 0xea, 0x0a, 0x00, 0x00, 0x02,
	0x7f, 0x00, 0x00, 0x01,
	/* UDP */
	0xc3, 0x50, 0x1e, 0x68, 0x00, 0x2c, 0x18, 0x0d,
	/* BFD: version 1; state Down, D; 3; 24; mine, yours, interval, 0, 0 */
	0x20, 0x42, 0x03, 0x18, 0x01, 0x02, 0x03, 0x04, 0x00, 0x00, 0x00, 0x65, 0x00, 0x0f, 0x42, 0x40,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	/* version 1, VNI 100; nonce */
	0x01, 0x00, 0x00, 0x64, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
};

static const uint8_t answer_vector[] = {
	0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x64, 0x00,
	0x01, 0x80, 0xc2, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x03, 0x08, 0x00,
	0x45, 0xc0, 0x00, 0x40, 0x00, 0x00, 0x00, 0x00, 0xff, 0x11, 0x31, 0xe9, 0x0a, 0x00, 0x00, 0x03,
	0x7f, 0x00, 0x00, 0x01,
	0x1e, 0x68, 0xc3, 0x50, 0x00, 0x2c, 0x90, 0xec,
	/* BFD: version 1; state Up; 3; 24; mine, yours, interval, 100 ms, 0 */
	0x20, 0xc0, 0x03, 0x18, 0x00, 0x00, 0x00, 0x65, 0x01, 0x02, 0x03, 0x04, 0x00, 0x0f, 0x42, 0x40,
	0x00, 0x01, 0x86, 0xa0, 0x00, 0x00, 0x00, 0x00,
	0x01, 0x00, 0x00, 0x64, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
};

static struct dm_addr addr(const char *text)
{
	struct dm_addr a;

	assert_true(dm_addr_parse(&a, text));
	return a;
}

/* The probe of the vector. */
static struct probe_frame probe(void)
{
	return (struct probe_frame){
		.state = PROBE_STATE_DOWN,
		.misses = 3,
		.port = 50000,
		.mine = 0x01020304,
		.yours = 101,
		.interval_us = 1000000,
		.asker_vni = 100,
		.nonce = 0x1122334455667788,
		.source = addr("10.0.0.2"),
		.mac = addr("02:00:00:00:00:02"),
	};
}

static void assert_same(const struct probe_frame *a, const struct probe_frame *b)
{
	assert_int_equal(a->answer, b->answer);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->misses, b->misses);
	assert_int_equal(a->port, b->port);
	assert_int_equal(a->mine, b->mine);
	assert_int_equal(a->yours, b->yours);
	assert_int_equal(a->interval_us, b->interval_us);
	assert_int_equal(a->min_rx_us, b->min_rx_us);
	assert_int_equal(a->asker_vni, b->asker_vni);
	assert_true(a->nonce == b->nonce);
	assert_true(dm_addr_same(&a->source, &b->source));
	assert_true(dm_addr_same(&a->mac, &b->mac));
}

/* From the inner Ethernet header on. */
static struct frame inner(const struct probe_frame *f)
{
	uint8_t octets[PROBE_FRAME_MAX];
	size_t len = probe_frame_build(octets, sizeof(octets), 101, f);
	struct frame frame = {.len = len - VXLAN_LEN};

	assert_true(len > VXLAN_LEN);
	memcpy(frame.octets, octets + VXLAN_LEN, frame.len);
	return frame;
}

static enum probe_frame_result parse(const struct frame *f, struct probe_frame *out)
{
	uint8_t *exact = malloc(f->len ? f->len : 1);
	enum probe_frame_result result;

	assert_non_null(exact);
	memcpy(exact, f->octets, f->len);
	result = probe_frame_parse(exact, f->len, out);
	free(exact);
	return result;
}

static void assert_refused(const struct frame *f, enum probe_frame_result why)
{
	static const struct probe_frame nothing;
	struct probe_frame out;

	assert_int_equal(parse(f, &out), why);
	assert_same(&out, &nothing);
}

static uint16_t ones(const uint8_t *octets, size_t len, uint32_t sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += octets[i] << 8 | octets[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Puts the right checksums into a frame over IPv4. */
static void seal(struct frame *f)
{
	uint16_t sum;

	memset(f->octets + AT_IP_SUM, 0, 2);
	sum = ones(f->octets + AT_IP, 20, 0);
	f->octets[AT_IP_SUM] = sum >> 8;
	f->octets[AT_IP_SUM + 1] = sum;
	memset(f->octets + AT_UDP_SUM, 0, 2);
	sum = ones(f->octets + AT_SOURCE, LEN - AT_SOURCE, 17 + LEN - AT_UDP);
	f->octets[AT_UDP_SUM] = sum >> 8;
	f->octets[AT_UDP_SUM + 1] = sum;
}

static void refuses(struct frame f, size_t at, uint8_t octet, enum probe_frame_result why)
{
	f.octets[at] = octet;
	seal(&f);
	assert_refused(&f, why);
}

/* --- what is right ------------------------------------------------------------------ */

static void test_builds_the_vectors(void **state)
{
	uint8_t octets[PROBE_FRAME_MAX];
	struct probe_frame ask = probe(), answer;

	assert_int_equal(probe_frame_build(octets, sizeof(octets), 101, &ask), sizeof(probe_vector));
	assert_memory_equal(octets, probe_vector, sizeof(probe_vector));
	probe_frame_answer(&ask, 100000, &answer);
	answer.source = addr("10.0.0.3");
	answer.mac = addr("02:00:00:00:00:03");
	assert_int_equal(probe_frame_build(octets, sizeof(octets), 100, &answer), sizeof(answer_vector));
	assert_memory_equal(octets, answer_vector, sizeof(answer_vector));
}

static void test_reads_the_vectors(void **state)
{
	struct probe_frame ask = probe(), answer, out;

	assert_int_equal(probe_frame_parse(probe_vector + VXLAN_LEN, LEN, &out), PROBE_FRAME_OK);
	assert_same(&out, &ask);
	probe_frame_answer(&ask, 100000, &answer);
	answer.source = addr("10.0.0.3");
	answer.mac = addr("02:00:00:00:00:03");
	assert_int_equal(probe_frame_parse(answer_vector + VXLAN_LEN, LEN, &out), PROBE_FRAME_OK);
	assert_same(&out, &answer);
}

static void test_ipv6_goes_there_and_back(void **state)
{
	struct probe_frame f = probe(), out;
	struct frame frame;

	f.source = addr("2001:db8::2");
	f.state = PROBE_STATE_UP;
	frame = inner(&f);
	assert_int_equal(frame.len, LEN + 20);
	assert_int_equal(parse(&frame, &out), PROBE_FRAME_OK);
	assert_same(&out, &f);
	frame.octets[AT_IP + 7] = 64; /* hop limit */
	assert_refused(&frame, PROBE_FRAME_MALFORMED);
	frame.octets[AT_IP + 7] = 255;
	frame.octets[AT_IP + 39] = 2; /* ::ffff:127.0.0.2 */
	assert_refused(&frame, PROBE_FRAME_MALFORMED);
	frame.octets[AT_IP + 39] = 1;
	frame.octets[frame.len - 1] ^= 1;
	assert_refused(&frame, PROBE_FRAME_CHECKSUM);
	frame.octets[AT_IP + 6] = 58;
	assert_refused(&frame, PROBE_FRAME_OTHER);
}

static void test_builds_nothing_that_does_not_fit(void **state)
{
	uint8_t octets[PROBE_FRAME_MAX];
	struct probe_frame f = probe();

	for (size_t size = 0; size < sizeof(probe_vector); size++)
		assert_int_equal(probe_frame_build(octets, size, 101, &f), 0);
	f.source = (struct dm_addr){0};
	assert_int_equal(probe_frame_build(octets, sizeof(octets), 101, &f), 0);
}

/* --- what is refused ------------------------------------------------------------------ */

static void test_other_frames_are_none(void **state)
{
	struct probe_frame f = probe();
	struct frame frame = inner(&f);

	refuses(frame, AT_GROUP, 0, PROBE_FRAME_OTHER);
	refuses(frame, AT_TYPE + 1, 6, PROBE_FRAME_OTHER);
	refuses(frame, AT_PROTOCOL, 6, PROBE_FRAME_OTHER);
	refuses(frame, AT_LENGTH, LEN - AT_IP - 1, PROBE_FRAME_OTHER);
	refuses(frame, AT_UDP + 3, 0, PROBE_FRAME_OTHER);
	frame.len = 13;
	assert_refused(&frame, PROBE_FRAME_SHORT);
}

static void test_addresses_and_hops_are_looked_at(void **state)
{
	struct probe_frame f = probe();
	struct frame frame = inner(&f);

	refuses(frame, AT_MAC, 1, PROBE_FRAME_MALFORMED);
	refuses(frame, AT_IP, 0x46, PROBE_FRAME_MALFORMED);
	refuses(frame, AT_FRAGMENT, 0x20, PROBE_FRAME_MALFORMED);
	refuses(frame, AT_FRAGMENT + 1, 1, PROBE_FRAME_MALFORMED);
	refuses(frame, AT_HOPS, 254, PROBE_FRAME_MALFORMED);
	refuses(frame, AT_SOURCE, 127, PROBE_FRAME_MALFORMED);
	refuses(frame, AT_SOURCE, 224, PROBE_FRAME_MALFORMED);
	refuses(frame, AT_SOURCE, 0, PROBE_FRAME_MALFORMED);
	refuses(frame, AT_DESTINATION, 10, PROBE_FRAME_MALFORMED);
	refuses(frame, AT_DESTINATION + 3, 2, PROBE_FRAME_MALFORMED);
}

static void test_bfd_is_looked_at(void **state)
{
	struct probe_frame f = probe(), answer;
	struct frame frame = inner(&f);

	refuses(frame, AT_UDP + 5, 0, PROBE_FRAME_MALFORMED);		/* length */
	refuses(frame, AT_BFD, 0x40, PROBE_FRAME_MALFORMED);		/* version 2 */
	refuses(frame, AT_BFD, 0x27, PROBE_FRAME_MALFORMED);		/* diagnostic */
	refuses(frame, AT_BFD + 1, 0x40, PROBE_FRAME_MALFORMED);	/* no D */
	refuses(frame, AT_BFD + 1, 0x46, PROBE_FRAME_MALFORMED);	/* A: authenticated */
	refuses(frame, AT_BFD + 1, 0x43, PROBE_FRAME_MALFORMED);	/* M */
	refuses(frame, AT_BFD + 1, 0x02, PROBE_FRAME_MALFORMED);	/* AdminDown */
	refuses(frame, AT_BFD + 1, 0x82, PROBE_FRAME_MALFORMED);	/* Init */
	refuses(frame, AT_BFD + 2, 0, PROBE_FRAME_MALFORMED);		/* detect mult */
	refuses(frame, AT_BFD + 3, 26, PROBE_FRAME_MALFORMED);		/* length */
	refuses(frame, AT_BFD + 11, 0, PROBE_FRAME_MALFORMED);		/* yours */
	refuses(frame, AT_BFD + 23, 1, PROBE_FRAME_MALFORMED);		/* echo */
	refuses(frame, AT_OURS, 2, PROBE_FRAME_MALFORMED);		/* our version */
	refuses(frame, AT_OURS + 3, 0, PROBE_FRAME_MALFORMED);		/* VNI 0 */
	memset(frame.octets + AT_BFD + 4, 0, 3);
	refuses(frame, AT_BFD + 7, 0, PROBE_FRAME_MALFORMED);		/* mine */
	probe_frame_answer(&f, 0, &answer);
	frame = inner(&answer);
	refuses(frame, AT_BFD + 1, 0xc2, PROBE_FRAME_MALFORMED);	/* an answer with D would be answered */
	refuses(frame, AT_BFD + 1, 0x40, PROBE_FRAME_MALFORMED);	/* an answer is Up */
	f.port = PROBE_PORT;
	frame = inner(&f);
	assert_refused(&frame, PROBE_FRAME_MALFORMED); /* two who answer would do so for ever */
	f.port = 0;
	frame = inner(&f);
	assert_refused(&frame, PROBE_FRAME_MALFORMED);
}

static void test_checksums_are_looked_at(void **state)
{
	struct probe_frame f = probe();
	struct frame frame = inner(&f);

	frame.octets[AT_IP_SUM] ^= 1;
	assert_refused(&frame, PROBE_FRAME_CHECKSUM);
	frame = inner(&f);
	frame.octets[LEN - 1] ^= 1;
	assert_refused(&frame, PROBE_FRAME_CHECKSUM);
	frame = inner(&f);
	memset(frame.octets + AT_UDP_SUM, 0, 2); /* "none": we always have one */
	assert_refused(&frame, PROBE_FRAME_CHECKSUM);
}

static void test_nothing_may_follow(void **state)
{
	struct probe_frame f = probe();
	struct frame frame = inner(&f);

	frame.len++;
	assert_refused(&frame, PROBE_FRAME_MALFORMED);
}

/* --- whatever comes --------------------------------------------------------------------- */

/* What is accepted can be built again, to the same octets but for what is not kept. */
static void assert_sound(const struct frame *f)
{
	struct probe_frame out, again;
	struct frame frame;

	if (parse(f, &out) != PROBE_FRAME_OK)
		return;
	assert_true(dm_addr_is_station(&out.source) && dm_addr_is_station(&out.mac));
	assert_true(out.mine && out.yours && out.asker_vni && out.misses);
	frame = inner(&out);
	assert_int_equal(parse(&frame, &again), PROBE_FRAME_OK);
	assert_same(&again, &out);
}

static void test_nothing_is_read_past_the_end(void **state)
{
	struct probe_frame f = probe();
	struct frame frame = inner(&f), spoilt;
	uint32_t random = 0x50524f42;

	for (spoilt = frame; spoilt.len > 0; spoilt.len--)
		assert_sound(&spoilt);
	for (int n = 0; n < MUTATIONS; n++) {
		spoilt = frame;
		for (int k = 0; k < 3; k++) {
			random = random * 1664525 + 1013904223;
			spoilt.octets[(random >> 8) % frame.len] = random >> 24;
		}
		seal(&spoilt); /* otherwise the checksums keep all others out */
		assert_sound(&spoilt);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builds_the_vectors),
		cmocka_unit_test(test_reads_the_vectors),
		cmocka_unit_test(test_ipv6_goes_there_and_back),
		cmocka_unit_test(test_builds_nothing_that_does_not_fit),
		cmocka_unit_test(test_other_frames_are_none),
		cmocka_unit_test(test_addresses_and_hops_are_looked_at),
		cmocka_unit_test(test_bfd_is_looked_at),
		cmocka_unit_test(test_checksums_are_looked_at),
		cmocka_unit_test(test_nothing_may_follow),
		cmocka_unit_test(test_nothing_is_read_past_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/neigh_frame.c: what right frames say, what is refused and why, one field wrong at a
 * time; and that nothing is read past the end: each frame is cut at every length and has octets
 * changed at random (fixed seed), in a heap block of its exact size, so that a sanitizer
 * sees a step too far. Whatever comes out must be what a station may claim.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/neigh_frame.h"
#include "lib/octets.h"

#define MUTATIONS 200000

/* offsets in a frame, octets */
#define AT_ARP 14
#define AT_ARP_OPERATION (AT_ARP + 7)
#define AT_ARP_SENDER_MAC (AT_ARP + 8)
#define AT_ARP_SENDER (AT_ARP + 14)
#define AT_ARP_TARGET (AT_ARP + 24)
#define AT_HOPS (14 + 7)
#define AT_NEXT_HEADER (14 + 6)
#define AT_SOURCE (14 + 8)
#define AT_DESTINATION (14 + 24)
#define AT_ICMPV6 (14 + 40)
#define AT_CODE (AT_ICMPV6 + 1)
#define AT_CHECKSUM (AT_ICMPV6 + 2)
#define AT_FLAGS (AT_ICMPV6 + 4)
#define AT_ND_TARGET (AT_ICMPV6 + 8)
#define AT_OPTION (AT_ICMPV6 + 24)

#define HERE "02:00:00:00:01:10"
#define NS 135
#define NA 136

struct frame {
	uint8_t octets[128];
	size_t len;
};

/* --- making frames ---------------------------------------------------------------- */

static struct dm_addr addr(const char *text)
{
	struct dm_addr a;

	assert_true(dm_addr_parse(&a, text));
	return a;
}

static void put_addr(struct dm_writer *w, const char *text)
{
	struct dm_addr a = addr(text);

	dm_put_octets(w, a.octets, dm_addr_len(&a));
}

static void begin(struct dm_writer *w, struct frame *f, const char *destination, uint16_t type)
{
	memset(f, 0, sizeof(*f));
	dm_writer_init(w, f->octets, sizeof(f->octets));
	put_addr(w, destination);
	put_addr(w, HERE);
	dm_put_u16(w, type);
}

static struct frame arp(uint16_t operation, const char *sender, const char *target)
{
	struct dm_writer w;
	struct frame f;

	begin(&w, &f, "ff:ff:ff:ff:ff:ff", 0x0806);
	dm_put_u16(&w, 1);
	dm_put_u16(&w, 0x0800);
	dm_put_u8(&w, 6);
	dm_put_u8(&w, 4);
	dm_put_u16(&w, operation);
	put_addr(&w, HERE);
	put_addr(&w, sender);
	put_addr(&w, "00:00:00:00:00:00");
	put_addr(&w, target);
	/* what a wire fills up with is no part of it */
	f.len = 60;
	return f;
}

/* Over the pseudo-header (RFC 8200 8.1) and the message as it stands. */
static void seal(struct frame *f)
{
	uint32_t sum = 58 + f->len - AT_ICMPV6;
	size_t i;

	f->octets[AT_CHECKSUM] = f->octets[AT_CHECKSUM + 1] = 0;
	for (i = AT_SOURCE; i < f->len; i++)
		sum += i % 2 ? f->octets[i] : f->octets[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	f->octets[AT_CHECKSUM] = ~sum >> 8;
	f->octets[AT_CHECKSUM + 1] = ~sum;
}

/* OPTION 0: none. */
static struct frame nd(uint8_t type, const char *source, const char *destination,
		       const char *target, uint8_t option)
{
	struct dm_writer w;
	struct frame f;

	begin(&w, &f, "33:33:ff:00:00:20", 0x86dd);
	dm_put_u32(&w, 6u << 28);
	dm_put_u16(&w, option ? 32 : 24);
	dm_put_u8(&w, 58);
	dm_put_u8(&w, 255);
	put_addr(&w, source);
	put_addr(&w, destination);
	dm_put_u8(&w, type);
	dm_put_u8(&w, 0);
	dm_put_u16(&w, 0);
	dm_put_u32(&w, 0);
	put_addr(&w, target);
	if (option) {
		dm_put_u8(&w, option);
		dm_put_u8(&w, 1);
		put_addr(&w, HERE);
	}
	f.len = w.used;
	seal(&f);
	return f;
}

static struct frame solicitation(void)
{
	return nd(NS, "2001:db8::10", "ff02::1:ff00:20", "2001:db8::20", 1);
}

static struct frame advertisement(void)
{
	return nd(NA, "2001:db8::10", "ff02::1", "2001:db8::10", 2);
}

/* --- judging ------------------------------------------------------------------------ */

static enum neigh_frame_result parse(const struct frame *f, struct neigh_frame *said)
{
	uint8_t *copy = malloc(f->len ? f->len : 1);
	enum neigh_frame_result result;

	memcpy(copy, f->octets, f->len);
	result = neigh_frame_parse(copy, f->len, true, said);
	free(copy);
	return result;
}

/* IP or ASKED NULL: nothing of that kind is said. */
static void assert_says(const struct frame *f, const char *ip, const char *asked)
{
	struct dm_addr wanted_ip = {}, wanted_asked = {}, mac = addr(HERE);
	struct neigh_frame said;

	if (ip)
		wanted_ip = addr(ip);
	if (asked)
		wanted_asked = addr(asked);
	assert_int_equal(parse(f, &said), NEIGH_FRAME_OK);
	assert_true(dm_addr_same(&said.ip, &wanted_ip));
	assert_true(dm_addr_same(&said.asked, &wanted_asked));
	assert_true(ip ? dm_addr_same(&said.mac, &mac) : !dm_addr_is_set(&said.mac));
}

static void assert_refused(const struct frame *f, enum neigh_frame_result why)
{
	struct neigh_frame said;

	assert_int_equal(parse(f, &said), why);
	assert_false(dm_addr_is_set(&said.ip) || dm_addr_is_set(&said.mac) ||
		     dm_addr_is_set(&said.asked));
}

/* F with another octet, sealed anew where it is ICMPv6. */
static struct frame with(struct frame f, size_t at, uint8_t value)
{
	f.octets[at] = value;
	if (f.octets[12] == 0x86)
		seal(&f);
	return f;
}

static void refuses(struct frame f, size_t at, uint8_t value, enum neigh_frame_result why)
{
	struct frame spoilt = with(f, at, value);

	assert_refused(&spoilt, why);
}

static void arp_says_who_and_whom(void **state)
{
	struct frame f = arp(1, "11.0.0.10", "11.0.0.20");

	assert_says(&f, "11.0.0.10", "11.0.0.20");
	f = arp(2, "11.0.0.10", "11.0.0.20");
	assert_says(&f, "11.0.0.10", NULL);
	/* announcements, both ways (RFC 5227 2.3, 3) */
	f = arp(1, "11.0.0.10", "11.0.0.10");
	assert_says(&f, "11.0.0.10", NULL);
	f = arp(2, "11.0.0.10", "11.0.0.10");
	assert_says(&f, "11.0.0.10", NULL);
	/* a probe (RFC 5227 2.1.1) */
	f = arp(1, "0.0.0.0", "11.0.0.10");
	assert_says(&f, NULL, "11.0.0.10");
}

static void arp_is_refused(void **state)
{
	struct frame f = arp(1, "11.0.0.10", "11.0.0.20");
	static const uint8_t first_octets[] = {0, 127, 224, 240, 255};
	size_t i;

	refuses(f, AT_ARP + 1, 6, NEIGH_FRAME_OTHER);
	refuses(f, AT_ARP + 3, 1, NEIGH_FRAME_OTHER);
	refuses(f, AT_ARP_OPERATION, 3, NEIGH_FRAME_OTHER);
	refuses(f, AT_ARP_OPERATION, 0, NEIGH_FRAME_OTHER);
	refuses(f, AT_ARP + 4, 8, NEIGH_FRAME_MALFORMED);
	refuses(f, AT_ARP + 5, 16, NEIGH_FRAME_MALFORMED);
	refuses(f, AT_ARP_SENDER_MAC, 3, NEIGH_FRAME_MALFORMED);
	refuses(f, 6, 1, NEIGH_FRAME_MALFORMED);
	for (i = 0; i < sizeof(first_octets); i++)
		refuses(f, AT_ARP_SENDER, first_octets[i], NEIGH_FRAME_MALFORMED);
	f.octets[AT_ARP_TARGET] = 224;
	assert_says(&f, "11.0.0.10", NULL);
	memset(f.octets + AT_ARP_SENDER_MAC, 0, 6);
	assert_refused(&f, NEIGH_FRAME_MALFORMED);
	f.len = 41;
	assert_refused(&f, NEIGH_FRAME_SHORT);
}

static void discovery_says_who_and_whom(void **state)
{
	struct frame f = solicitation();

	assert_says(&f, "2001:db8::10", "2001:db8::20");
	f = nd(NS, "fe80::10", "ff02::1:ff00:20", "fe80::20", 1);
	assert_says(&f, "fe80::10", "fe80::20");
	/* to one who is known, without a word of the asker's own address */
	f = nd(NS, "2001:db8::10", "2001:db8::20", "2001:db8::20", 0);
	assert_says(&f, NULL, "2001:db8::20");
	/* whether an address is free (RFC 4862 5.4.2) */
	f = nd(NS, "::", "ff02::1:ff00:20", "2001:db8::20", 0);
	assert_says(&f, NULL, "2001:db8::20");
	f = advertisement();
	assert_says(&f, "2001:db8::10", NULL);
	f = nd(NA, "fe80::10", "2001:db8::20", "2001:db8::10", 2);
	f = with(f, AT_FLAGS, 0x40);
	assert_says(&f, "2001:db8::10", NULL);
	f = nd(NA, "2001:db8::10", "ff02::1", "2001:db8::10", 0);
	assert_says(&f, NULL, NULL);
	/* an option that is not known, a nonce (RFC 3971 5.3.2) */
	f = nd(NA, "2001:db8::10", "ff02::1", "2001:db8::10", 14);
	assert_says(&f, NULL, NULL);
}

/* RFC 4861 7.1.1 and 7.1.2, point by point. */
static void discovery_is_refused(void **state)
{
	struct frame ns = solicitation(), na = advertisement(), f;

	refuses(ns, AT_HOPS, 254, NEIGH_FRAME_MALFORMED);
	refuses(ns, AT_CODE, 1, NEIGH_FRAME_MALFORMED);
	refuses(ns, AT_ND_TARGET, 0xff, NEIGH_FRAME_MALFORMED);
	refuses(ns, AT_SOURCE, 0xff, NEIGH_FRAME_MALFORMED);
	refuses(ns, AT_OPTION + 1, 0, NEIGH_FRAME_MALFORMED);
	refuses(ns, AT_OPTION + 1, 2, NEIGH_FRAME_MALFORMED);
	refuses(ns, AT_OPTION + 2, 1, NEIGH_FRAME_MALFORMED);
	f = nd(NS, "::", "2001:db8::20", "2001:db8::20", 0);
	assert_refused(&f, NEIGH_FRAME_MALFORMED);
	f = nd(NS, "::", "ff02::1:ff00:20", "2001:db8::20", 1);
	assert_refused(&f, NEIGH_FRAME_MALFORMED);
	f = nd(NS, "2001:db8::10", "ff02::1:ff00:1", "::1", 1);
	assert_refused(&f, NEIGH_FRAME_MALFORMED);
	refuses(na, AT_HOPS, 64, NEIGH_FRAME_MALFORMED);
	refuses(na, AT_CODE, 1, NEIGH_FRAME_MALFORMED);
	refuses(na, AT_FLAGS, 0x40, NEIGH_FRAME_MALFORMED);
	refuses(na, AT_ND_TARGET, 0xff, NEIGH_FRAME_MALFORMED);
	refuses(na, AT_OPTION + 1, 0, NEIGH_FRAME_MALFORMED);
	refuses(na, AT_ICMPV6, 134, NEIGH_FRAME_OTHER);
	refuses(na, AT_NEXT_HEADER, 44, NEIGH_FRAME_OTHER);
}

static void checksum_is_looked_at_when_it_is_there(void **state)
{
	struct frame f = solicitation();
	struct neigh_frame said;

	f.octets[AT_CHECKSUM] ^= 1;
	assert_refused(&f, NEIGH_FRAME_CHECKSUM);
	assert_int_equal(neigh_frame_parse(f.octets, f.len, false, &said), NEIGH_FRAME_OK);
}

static void other_frames_are_none(void **state)
{
	struct frame f = arp(1, "11.0.0.10", "11.0.0.20");

	refuses(f, 13, 0x00, NEIGH_FRAME_OTHER);
	f.octets[12] = 0x81;
	f.octets[13] = 0x00;
	assert_refused(&f, NEIGH_FRAME_OTHER);
	f.len = 13;
	assert_refused(&f, NEIGH_FRAME_SHORT);
}

/* --- whatever comes --------------------------------------------------------------------- */

static void assert_claimable(const struct frame *f)
{
	struct neigh_frame said;
	enum neigh_frame_result result = parse(f, &said);

	assert_true(dm_addr_is_set(&said.ip) == dm_addr_is_set(&said.mac));
	assert_true(result == NEIGH_FRAME_OK ||
		    (!dm_addr_is_set(&said.ip) && !dm_addr_is_set(&said.asked)));
	assert_false(dm_addr_is_multicast(&said.ip) || dm_addr_is_multicast(&said.mac) ||
		     dm_addr_is_multicast(&said.asked));
	assert_false(dm_addr_is_set(&said.ip) &&
		     (dm_addr_is_zero(&said.ip) || dm_addr_is_zero(&said.mac)));
}

static void cut_and_changed(struct frame f)
{
	uint32_t random = 0x4d564e50;
	struct frame spoilt;
	int n, k;

	for (spoilt = f; spoilt.len > 0; spoilt.len--)
		assert_claimable(&spoilt);
	for (n = 0; n < MUTATIONS; n++) {
		spoilt = f;
		for (k = 0; k < 3; k++) {
			random = random * 1664525 + 1013904223;
			spoilt.octets[(random >> 8) % f.len] = random >> 24;
		}
		/* otherwise the checksum keeps all others out */
		if (spoilt.octets[12] == 0x86)
			seal(&spoilt);
		assert_claimable(&spoilt);
	}
}

static void nothing_is_read_past_the_end(void **state)
{
	cut_and_changed(arp(1, "11.0.0.10", "11.0.0.20"));
	cut_and_changed(solicitation());
	cut_and_changed(advertisement());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_says_who_and_whom),
		cmocka_unit_test(arp_is_refused),
		cmocka_unit_test(discovery_says_who_and_whom),
		cmocka_unit_test(discovery_is_refused),
		cmocka_unit_test(checksum_is_looked_at_when_it_is_there),
		cmocka_unit_test(other_frames_are_none),
		cmocka_unit_test(nothing_is_read_past_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

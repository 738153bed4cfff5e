// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses: one suite over IPv4, IPv6 and MAC, with the text form as the naive twin
 * of compare and hash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/addr.h"

static const struct {
	enum dm_family family;
	size_t len;
	const char *text;
	uint8_t octets[DM_ADDR_MAX];
	bool multicast;
} fixed[] = {
	{DM_IPV4, 4, "10.0.0.1", {10, 0, 0, 1}, false},
	{DM_IPV4, 4, "0.0.0.0", {0}, false},
	{DM_IPV4, 4, "223.255.255.255", {223, 255, 255, 255}, false},
	{DM_IPV4, 4, "224.0.0.0", {224}, true},
	{DM_IPV4, 4, "239.255.255.255", {239, 255, 255, 255}, true},
	{DM_IPV4, 4, "240.0.0.0", {240}, false},
	{DM_IPV6, 16, "fe80::1", {0xfe, 0x80, [15] = 1}, false},
	{DM_IPV6, 16, "::", {0}, false},
	{DM_IPV6, 16, "ff02::1", {0xff, 2, [15] = 1}, true},
	{DM_IPV6, 16, "2001:db8:ffff:ffff:ffff:ffff:ffff:fffe",
	 {0x20, 1, 0xd, 0xb8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0xfe}, false},
	{DM_MAC, 6, "02:00:00:00:00:01", {2, 0, 0, 0, 0, 1}, false},
	{DM_MAC, 6, "00:00:00:00:00:00", {0}, false},
	{DM_MAC, 6, "ff:ff:ff:ff:ff:ff", {255, 255, 255, 255, 255, 255}, true},
	{DM_MAC, 6, "01:00:5e:00:00:fb", {1, 0, 0x5e, 0, 0, 0xfb}, true},
	{DM_MAC, 6, "fe:dc:ba:98:76:54", {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54}, false},
};

#define FIXED (sizeof(fixed) / sizeof(fixed[0]))

static void test_fixed(void **state)
{
	char text[DM_ADDR_STRLEN];
	struct dm_addr a, parsed;

	for (size_t i = 0; i < FIXED; i++) {
		assert_int_equal(dm_family_len(fixed[i].family), fixed[i].len);
		assert_true(dm_addr_set(&a, fixed[i].family, fixed[i].octets, fixed[i].len));
		assert_true(dm_addr_is_set(&a));
		assert_int_equal(dm_addr_len(&a), fixed[i].len);
		assert_string_equal(dm_addr_str(&a, text), fixed[i].text);
		assert_int_equal(dm_addr_is_multicast(&a), fixed[i].multicast);
		assert_int_equal(dm_addr_is_zero(&a), fixed[i].octets[0] == 0);

		assert_true(dm_addr_parse(&parsed, fixed[i].text));
		assert_memory_equal(&parsed, &a, sizeof(a));
	}
}

/* The same octets in two families are two addresses. */
static void test_compare(void **state)
{
	struct dm_addr a, b;

	for (size_t i = 0; i < FIXED; i++) {
		for (size_t j = 0; j < FIXED; j++) {
			dm_addr_set(&a, fixed[i].family, fixed[i].octets, fixed[i].len);
			dm_addr_set(&b, fixed[j].family, fixed[j].octets, fixed[j].len);
			assert_int_equal(dm_addr_same(&a, &b), i == j);
			assert_int_equal(dm_addr_cmp(&a, &b) == 0, i == j);
			assert_int_equal(dm_addr_cmp(&a, &b) < 0, dm_addr_cmp(&b, &a) > 0);
			if (fixed[i].family != fixed[j].family)
				assert_int_equal(dm_addr_cmp(&a, &b) < 0,
						 fixed[i].family < fixed[j].family);
			if (i != j)
				assert_true(dm_addr_hash(&a, 1) != dm_addr_hash(&b, 1));
		}
		assert_int_equal(dm_addr_hash(&a, 7), dm_addr_hash(&a, 7));
		assert_true(dm_addr_hash(&a, 7) != dm_addr_hash(&a, 8));
	}
}

static void test_set_refuses(void **state)
{
	static const uint8_t octets[32] = {1, 2, 3, 4};
	struct dm_addr a, none = {0};

	for (int family = 0; family <= 5; family++) {
		for (size_t len = 0; len <= 32; len++) {
			bool fits = family <= DM_MAC && len == dm_family_len(family);

			memset(&a, 0x5a, sizeof(a));
			assert_int_equal(dm_addr_set(&a, family, octets, len), fits);
			if (!fits)
				assert_memory_equal(&a, &none, sizeof(a));
		}
	}
	assert_int_equal(dm_family_len(4), 0);
	assert_int_equal(dm_family_len(-1), 0);
}

static void test_not_set(void **state)
{
	char text[DM_ADDR_STRLEN];
	struct dm_addr a;

	assert_true(dm_addr_set(&a, DM_NONE, NULL, 0));
	assert_false(dm_addr_is_set(&a));
	assert_int_equal(dm_addr_len(&a), 0);
	assert_true(dm_addr_is_zero(&a));
	assert_false(dm_addr_is_multicast(&a));
	assert_string_equal(dm_addr_str(&a, text), "-");
}

static void test_parse_refuses(void **state)
{
	static const char *const wrong[] = {
		"", "-", "10.0.0", "10.0.0.256", "10.0.0.1 ", " 10.0.0.1", "10.0.0.1/24",
		"fe80::1%eth0", "fe80:::1", "02:00:00:00:00", "02:00:00:00:00:01:02",
		"02-00-00-00-00-01", "2:0:0:0:0:1", "02:00:00:00:00:0g", "02:00:00:00:00:0",
		"0200.0000.0001", "02:00:00:00:00.01", "hub",
	};
	struct dm_addr a, none = {0};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memset(&a, 0x5a, sizeof(a));
		assert_false(dm_addr_parse(&a, wrong[i]));
		assert_memory_equal(&a, &none, sizeof(a));
	}
	assert_true(dm_addr_parse(&a, "FE:DC:BA:98:76:54"));
	assert_int_equal(a.octets[0], 0xfe);
}

static uint32_t random_state = 2685;

static uint32_t random_u32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

/* An address of few distinct octets, so that pairs are often equal or nearly so. */
static struct dm_addr random_addr(void)
{
	uint8_t octets[DM_ADDR_MAX] = {0};
	enum dm_family family = DM_IPV4 + random_u32() % 3;
	struct dm_addr a;

	octets[random_u32() % dm_family_len(family)] = random_u32() % 3;
	assert_true(dm_addr_set(&a, family, octets, dm_family_len(family)));
	return a;
}

/* Compare and hash agree with the text form, which knows nothing of either; compare orders totally. */
static void test_random_twin(void **state)
{
	char text_a[DM_ADDR_STRLEN], text_b[DM_ADDR_STRLEN];

	for (int i = 0; i < 20000; i++) {
		struct dm_addr a = random_addr(), b = random_addr(), c = random_addr(), back;
		bool same = strcmp(dm_addr_str(&a, text_a), dm_addr_str(&b, text_b)) == 0;

		assert_int_equal(dm_addr_same(&a, &b), same);
		if (same)
			assert_int_equal(dm_addr_hash(&a, i), dm_addr_hash(&b, i));
		if (dm_addr_cmp(&a, &b) < 0 && dm_addr_cmp(&b, &c) < 0)
			assert_true(dm_addr_cmp(&a, &c) < 0);
		assert_true(dm_addr_parse(&back, text_a));
		assert_true(dm_addr_same(&a, &back));
	}
}

/* Neighbouring MACs, as sites have them, fill a table of 256 rows evenly in its low bits. */
static void test_hash_spreads(void **state)
{
	unsigned int rows[256] = {0};

	for (uint32_t i = 0; i < 256 * 64; i++) {
		uint8_t octets[6] = {2, 0, 0, 0, i >> 8, i};
		struct dm_addr a;

		dm_addr_set(&a, DM_MAC, octets, 6);
		rows[dm_addr_hash(&a, 42) % 256]++;
	}
	for (int row = 0; row < 256; row++)
		assert_true(rows[row] > 16 && rows[row] < 128);
}

static void test_vpn_id(void **state)
{
	static const struct vpn_id rising[] = {
		{0, 0}, {0, 1}, {0, 4294967295}, {0x5e, 7}, {0x5e, 8}, {0xabcdef, 0},
	};
	char text[VPN_ID_STRLEN];

	for (int i = 0; i < 6; i++)
		for (int j = 0; j < 6; j++) {
			int order = vpn_id_cmp(&rising[i], &rising[j]);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	assert_string_equal(vpn_id_str(&rising[1], text), "1");
	assert_string_equal(vpn_id_str(&rising[2], text), "4294967295");
	assert_string_equal(vpn_id_str(&rising[3], text), "00:00:5e:7");
	assert_string_equal(vpn_id_str(&(struct vpn_id){0xffffff, 4294967295}, text),
			    "ff:ff:ff:4294967295");
}

/* One VPN-ID has one text, so that texts can be compared. */
static void test_vpn_id_parse(void **state)
{
	static const char *const good[] = {"0", "1", "7", "4294967295", "00:00:5e:7", "ff:ff:ff:4294967295", "ab:cd:ef:0"};
	static const char *const bad[] = {
		"", "-1", "+1", "01", " 1", "1 ", "4294967296", "99999999999999999999", "7a", ":7", "00:00:00:7", "00:00:5e",
		"00:00:5e:", "00:00:5e:07", "00:00:5E:7", "0:0:5e:7", "00-00-5e:7", "00:00:5g:7", "00:00:5e:7:8", "000:00:5e:7",
	};
	char text[VPN_ID_STRLEN];
	struct vpn_id v;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(vpn_id_parse(&v, good[i]));
		assert_string_equal(vpn_id_str(&v, text), good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		v = (struct vpn_id){1, 1};
		assert_false(vpn_id_parse(&v, bad[i]));
		assert_true(v.oui == 0 && v.index == 0);
	}
}

static void test_vpn_oui(void **state)
{
	static const char *const bad[] = {"", "5e", "0:0:5e", "00:00:5", "00:00:5e:", "00:00:5e:1", "00-00-5e", "00:00:5g", "00 00 5e", "::00005e"};
	char text[VPN_OUI_STRLEN];
	uint32_t oui;

	assert_true(vpn_oui_parse(&oui, "00:00:5e"));
	assert_int_equal(oui, 0x5e);
	assert_true(vpn_oui_parse(&oui, "AB:cD:ef"));
	assert_int_equal(oui, 0xabcdef);
	assert_string_equal(vpn_oui_str(oui, text), "ab:cd:ef");
	assert_true(vpn_oui_parse(&oui, "00:00:00"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		oui = 1;
		assert_false(vpn_oui_parse(&oui, bad[i]));
		assert_int_equal(oui, 0);
	}
}

/* Against a twin that looks at one bit after the other. */
static void test_prefix(void **state)
{
	static const char *const texts[] = {"02:aa:00:00:00:01", "02:aa:00:00:00:03", "82:aa:00:00:00:01",
					    "02:aa:00:80:00:01", "10.0.0.1",	     "10.0.0.2",
					    "2001:db8::1",	 "2001:db8::8001"};
	struct dm_addr a, b;

	for (size_t i = 0; i < 8; i++)
		for (size_t j = 0; j < 8; j++)
			for (unsigned int bits = 0; bits <= 255; bits++) {
				bool same;

				assert_true(dm_addr_parse(&a, texts[i]) && dm_addr_parse(&b, texts[j]));
				same = a.family == b.family;
				for (unsigned int n = 0; same && n < bits && n < 8 * dm_addr_len(&a); n++)
					same = !((a.octets[n / 8] ^ b.octets[n / 8]) & 0x80 >> n % 8);
				assert_int_equal(dm_addr_prefix_same(&a, &b, bits), same);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_set_refuses),
		cmocka_unit_test(test_not_set),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_random_twin),
		cmocka_unit_test(test_hash_spreads),
		cmocka_unit_test(test_vpn_id),
		cmocka_unit_test(test_vpn_id_parse),
		cmocka_unit_test(test_vpn_oui),
		cmocka_unit_test(test_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

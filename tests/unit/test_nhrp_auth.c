// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Authentication extension: passwords; the keyed hash over a message that was put
 * together and hashed outside this project's code; every bit of that message flipped; and
 * the hash function that nhrpd will give it (libfrr's) against RFC 4231.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/nhrp_auth.h"
#include "lib/sha256.h" /* libfrr's */
#include "tests/unit/nhrp_vectors.h"

static void libfrr_hmac(const void *key, size_t key_len, const struct nhrp_auth_part *parts, size_t num,
			uint8_t digest[NHRP_AUTH_DIGEST_LEN])
{
	HMAC_SHA256_CTX ctx;

	HMAC__SHA256_Init(&ctx, key, key_len);
	for (size_t i = 0; i < num; i++)
		HMAC__SHA256_Update(&ctx, parts[i].octets, parts[i].len);
	HMAC__SHA256_Final(digest, &ctx);
}

static struct dm_addr addr(const char *text)
{
	struct dm_addr a;

	assert_true(dm_addr_parse(&a, text));
	return a;
}

/* --- the hash function ---------------------------------------------------------- */

#define TIMES(octet, n) {octet, n, NULL}
#define TEXT(s) {0, 0, s}

struct stretch {
	uint8_t octet; /* N times */
	size_t n;
	const char *text;
};

/* RFC 4231 4.2 to 4.5, 4.7 and 4.8 */
static const struct {
	struct stretch key, data;
	const char *digest;
} hmac_cases[] = {
	{TIMES(0x0b, 20), TEXT("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{TEXT("Jefe"), TEXT("what do ya want for nothing?"),
	 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{TIMES(0xaa, 20), TIMES(0xdd, 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
	{TEXT("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19"),
	 TIMES(0xcd, 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
	{TIMES(0xaa, 131), TEXT("Test Using Larger Than Block-Size Key - Hash Key First"),
	 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	{TIMES(0xaa, 131),
	 TEXT("This is a test using a larger than block-size key and a larger than block-size data. "
	      "The key needs to be hashed before being used by the HMAC algorithm."),
	 "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

static size_t write_out(const struct stretch *s, uint8_t out[VECTOR_MAX])
{
	if (!s->text) {
		memset(out, s->octet, s->n);
		return s->n;
	}
	memcpy(out, s->text, strlen(s->text));
	return strlen(s->text);
}

static void test_hmac_of_libfrr(void **state)
{
	uint8_t key[VECTOR_MAX], data[VECTOR_MAX], want[VECTOR_MAX], got[NHRP_AUTH_DIGEST_LEN];

	for (size_t i = 0; i < sizeof(hmac_cases) / sizeof(hmac_cases[0]); i++) {
		size_t key_len = write_out(&hmac_cases[i].key, key);
		size_t len = write_out(&hmac_cases[i].data, data);

		assert_int_equal(from_hex(hmac_cases[i].digest, want), sizeof(got));
		/* in parts, however it is cut */
		for (size_t cut = 0; cut <= len; cut += 7) {
			const struct nhrp_auth_part parts[] = {{data, cut}, {data + cut, len - cut}};

			libfrr_hmac(key, key_len, parts, 2, got);
			assert_memory_equal(got, want, sizeof(got));
		}
	}
}

/* --- passwords ------------------------------------------------------------------ */

static enum nhrp_auth check_password(const char *vector, const char *password)
{
	uint8_t octets[VECTOR_MAX];
	struct nhrp_msg m;

	assert_int_equal(nhrp_msg_decode(&m, octets, from_hex(nhrp_vector(vector)->hex, octets), NULL),
			 NHRP_DROP_NONE);
	return nhrp_auth_check_password(&m, password, strlen(password));
}

static void test_password(void **state)
{
	assert_int_equal(check_password("plain-registration-request", "secret"), NHRP_AUTH_OK);
	assert_int_equal(check_password("plain-registration-request", "secreT"), NHRP_AUTH_PASSWORD);
	assert_int_equal(check_password("plain-registration-request", "Secret"), NHRP_AUTH_PASSWORD);
	assert_int_equal(check_password("plain-registration-request", "secre"), NHRP_AUTH_PASSWORD);
	assert_int_equal(check_password("plain-registration-request", "secrets"), NHRP_AUTH_PASSWORD);
	assert_int_equal(check_password("plain-registration-request", "secret12"), NHRP_AUTH_PASSWORD);
	assert_int_equal(check_password("plain-registration-request", ""), NHRP_AUTH_FORM);
	assert_int_equal(check_password("plain-registration-reply", "secret"), NHRP_AUTH_MISSING);
	assert_int_equal(check_password("plain-traffic-indication", "passw1"), NHRP_AUTH_PASSWORD);
}

static struct nhrp_msg some_msg(void)
{
	return (struct nhrp_msg){
		.has_vpn = true,
		.vpn = {.oui = 0x5e, .index = 7},
		.afn = NHRP_AFN_IPV4,
		.pro_type = NHRP_PRO_TEB,
		.hop_count = 255,
		.op = NHRP_OP_REGISTRATION_REQUEST,
		.flags = NHRP_REG_UNIQUE,
		.request_id = 1,
		.src_nbma = addr("10.0.0.2"),
		.src_sub = nhrp_subaddr_vni(100),
		.src_proto = addr("02:00:00:00:00:02"),
		.dst_proto = addr("02:00:00:00:00:02"),
	};
}

static size_t begin(struct nhrp_builder *b, uint8_t buf[VECTOR_MAX], const struct nhrp_msg *m)
{
	struct nhrp_cie cie = {
		.prefix_len = 0xff, .mtu = 1450, .holding_time = 30, .nbma = m->src_nbma, .sub = m->src_sub,
		.proto = m->src_proto,
	};

	nhrp_build_begin(b, buf, VECTOR_MAX, m);
	nhrp_build_cie(b, &cie);
	return b->w.used;
}

static void test_password_built(void **state)
{
	const struct nhrp_msg m = some_msg();
	static const uint8_t longest[] = {0, 0, 0, 1, '1', '2', '3', '4', '5', '6', '7', '8'};
	uint8_t buf[VECTOR_MAX];
	struct nhrp_builder b;
	struct nhrp_msg back;
	struct nhrp_ext ext;
	size_t len;

	begin(&b, buf, &m);
	nhrp_auth_put_password(&b, "12345678", 8);
	len = nhrp_build_end(&b);
	assert_int_equal(nhrp_msg_decode(&back, buf, len, NULL), NHRP_DROP_NONE);
	assert_true(nhrp_ext_find(&back, NHRP_EXT_AUTHENTICATION, &ext));
	assert_true(ext.compulsory);
	assert_int_equal(dm_reader_left(&ext.value), sizeof(longest));
	assert_memory_equal(ext.value.p, longest, sizeof(longest));
	assert_int_equal(nhrp_auth_check_password(&back, "12345678", 8), NHRP_AUTH_OK);

	for (size_t wrong = 0; wrong <= 9; wrong += 9) {
		begin(&b, buf, &m);
		nhrp_auth_put_password(&b, "123456789", wrong);
		assert_int_equal(nhrp_build_end(&b), 0);
	}
}

/* Values that are no password: another type, nothing behind it, cut short, too long. */
static void test_password_form(void **state)
{
	static const char *const values[] = {
		"00000002 736563726574", "00000001", "000000", "", "0000", "00000001 313233343536373839",
	};
	const struct nhrp_msg m = some_msg();
	uint8_t buf[VECTOR_MAX], value[VECTOR_MAX];
	struct nhrp_builder b;
	struct nhrp_msg back;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		begin(&b, buf, &m);
		nhrp_build_ext_begin(&b, NHRP_EXT_AUTHENTICATION, true);
		nhrp_build_octets(&b, value, from_hex(values[i], value));
		nhrp_build_ext_end(&b);
		assert_int_equal(nhrp_msg_decode(&back, buf, nhrp_build_end(&b), NULL), NHRP_DROP_NONE);
		assert_int_equal(nhrp_auth_check_password(&back, "secret", 6), NHRP_AUTH_FORM);
	}
}

static void test_same(void **state)
{
	uint8_t a[40], b[40];

	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = b[i] = i * 7;
	assert_true(nhrp_auth_same(a, b, sizeof(a)));
	assert_true(nhrp_auth_same(a, a + 1, 0));
	for (size_t i = 0; i < sizeof(a); i++)
		for (int bit = 0; bit < 8; bit++) {
			b[i] ^= 1 << bit;
			assert_false(nhrp_auth_same(a, b, sizeof(a)));
			assert_true(nhrp_auth_same(a, b, i));
			b[i] ^= 1 << bit;
		}
}

/* --- keyed hash ----------------------------------------------------------------- */

static const char secret[] = "shared secret of two sites";

static const struct nhrp_auth_key key42 = {.id = 42, .octets = secret, .len = sizeof(secret) - 1};
static const struct nhrp_auth_key key43 = {.id = 43, .octets = "another", .len = 7};

static bool lookup(void *arg, uint16_t id, struct nhrp_auth_key *key)
{
	unsigned int *asked = arg;

	if (asked)
		(*asked)++;
	if (id != key42.id && id != key43.id)
		return false;
	*key = id == key42.id ? key42 : key43;
	return true;
}

/* Put together and hashed by other means: the VPN's padding is octet 8, its packet begins at 24. */
static const char hashed[] =
	"aaaa03 00005e 0008  00 00005e 00000007  aaaa03 00005e 0003 "
	"0001 6558 0000000000 ff 0098 7ea8 004a 01 03 04 04 "
	"06 06 8000 00000001  0a000002 00000064 020000000002 020000000002 "
	"00 ff 0000 05aa 001e 04 04 06 00  0a000002 00000064 020000000002 "
	"8003 0000 "
	"8007 0042 0000 002a 020000000002 0000018f00000001 0000018f00000002 0000000000010001 "
	"3f11cbe00121ef09157ccb489e146b8055e702f9ea1a39b19996edd9524fa1f1 "
	"8000 0000";

static const struct nhrp_stamp stamp = {
	.epoch = 0x18f00000001, .echo = 0x18f00000002, .counter = 0x10001,
};

static enum nhrp_auth check(const uint8_t *octets, size_t len, struct nhrp_auth_said *said)
{
	struct nhrp_msg m;

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	return nhrp_auth_check_hash(&m, lookup, NULL, libfrr_hmac, said);
}

static size_t build_hashed(uint8_t buf[VECTOR_MAX], const struct nhrp_msg *m, const struct nhrp_auth_key *key,
			   const struct dm_addr *from)
{
	struct nhrp_builder b;
	size_t at, len;

	begin(&b, buf, m);
	nhrp_build_ext_empty(&b, NHRP_EXT_RESPONDER, true);
	at = nhrp_auth_put_hash(&b, m, key->id, from, &stamp);
	len = nhrp_build_end(&b);
	if (len)
		nhrp_auth_seal(&b, at, key, libfrr_hmac);
	return len;
}

static void test_hash_reads_the_vector(void **state)
{
	struct dm_addr from = addr("02:00:00:00:00:02");
	uint8_t octets[VECTOR_MAX];
	struct nhrp_auth_said said;
	size_t len = from_hex(hashed, octets);

	assert_int_equal(check(octets, len, &said), NHRP_AUTH_OK);
	assert_int_equal(said.key_id, 42);
	assert_true(dm_addr_same(&said.from, &from));
	assert_memory_equal(&said.stamp, &stamp, sizeof(stamp));
	/* padding is not looked at, and lies outside what is hashed */
	octets[8] = 0x5a;
	assert_int_equal(check(octets, len, &said), NHRP_AUTH_OK);
}

static void test_hash_builds_the_vector(void **state)
{
	const struct nhrp_msg m = some_msg();
	uint8_t octets[VECTOR_MAX], built[VECTOR_MAX];

	assert_int_equal(build_hashed(built, &m, &key42, &m.src_proto), from_hex(hashed, octets));
	assert_memory_equal(built, octets, from_hex(hashed, octets));
}

static void reseal(uint8_t *octets, size_t len)
{
	uint16_t sum;

	octets[24 + 12] = octets[24 + 13] = 0;
	sum = nhrp_checksum(octets + 24, len - 24);
	octets[24 + 12] = sum >> 8;
	octets[24 + 13] = sum & 0xff;
}

/* Whatever is changed, even with the sum put right, does not pass: the VPN, the header, a CIE, the stamp, the hash. */
static void test_no_bit_may_change(void **state)
{
	unsigned int seen[NHRP_AUTH_COUNT] = {0};
	uint8_t octets[VECTOR_MAX];
	struct nhrp_auth_said said;
	size_t len = from_hex(hashed, octets);
	struct nhrp_msg m;

	for (size_t bit = 9 * 8; bit < len * 8; bit++) {
		size_t at = bit / 8;

		if (at >= 16 && at < 24)
			continue; /* the second LLC: another value is no VPN message at all */
		octets[at] ^= 1 << bit % 8;
		if (at != 24 + 12 && at != 24 + 13)
			reseal(octets, len);
		if (nhrp_msg_decode(&m, octets, len, NULL) == NHRP_DROP_NONE) {
			enum nhrp_auth why = nhrp_auth_check_hash(&m, lookup, NULL, libfrr_hmac, &said);

			if (why == NHRP_AUTH_OK)
				print_error("bit %zu of octet %zu\n", bit % 8, at);
			assert_int_not_equal(why, NHRP_AUTH_OK);
			seen[why]++;
		}
		octets[at] ^= 1 << bit % 8;
		reseal(octets, len);
	}
	assert_int_equal(check(octets, len, &said), NHRP_AUTH_OK); /* all was put back */
	assert_true(seen[NHRP_AUTH_DIGEST] > 500 && seen[NHRP_AUTH_KEY] > 0 && seen[NHRP_AUTH_FORM] > 0);
}

static void test_keys(void **state)
{
	const struct nhrp_auth_key impostor = {.id = 42, .octets = "guessed", .len = 7};
	const struct nhrp_auth_key unknown = {.id = 44, .octets = secret, .len = sizeof(secret) - 1};
	const struct nhrp_msg m = some_msg();
	uint8_t buf[VECTOR_MAX];
	struct nhrp_auth_said said;
	unsigned int asked = 0;
	struct nhrp_msg back;
	size_t len;

	/* while keys roll over, either is taken */
	assert_int_equal(check(buf, build_hashed(buf, &m, &key42, &m.src_proto), &said), NHRP_AUTH_OK);
	assert_int_equal(check(buf, build_hashed(buf, &m, &key43, &m.src_proto), &said), NHRP_AUTH_OK);
	assert_int_equal(said.key_id, 43);
	assert_int_equal(check(buf, build_hashed(buf, &m, &impostor, &m.src_proto), &said), NHRP_AUTH_DIGEST);
	len = build_hashed(buf, &m, &unknown, &m.src_proto);
	assert_int_equal(check(buf, len, &said), NHRP_AUTH_KEY);
	assert_int_equal(nhrp_msg_decode(&back, buf, len, NULL), NHRP_DROP_NONE);
	nhrp_auth_check_hash(&back, lookup, &asked, libfrr_hmac, &said);
	assert_int_equal(asked, 1);
}

/* One key for two VPNs: what was said in one is not authentic in the other, nor outside any. */
static void test_bound_to_its_vpn(void **state)
{
	struct nhrp_msg m = some_msg();
	uint8_t buf[VECTOR_MAX];
	struct nhrp_auth_said said;
	size_t len = build_hashed(buf, &m, &key42, &m.src_proto);

	buf[15] = 8; /* the index; no checksum covers it */
	assert_int_equal(check(buf, len, &said), NHRP_AUTH_DIGEST);
	buf[15] = 7;
	buf[11] = 0x5f;
	assert_int_equal(check(buf, len, &said), NHRP_AUTH_DIGEST);
	buf[11] = 0x5e;
	assert_int_equal(check(buf + 24, len - 24, &said), NHRP_AUTH_DIGEST);

	m.has_vpn = false;
	m.vpn = (struct vpn_id){0};
	len = build_hashed(buf, &m, &key42, &m.src_proto);
	assert_int_equal(check(buf, len, &said), NHRP_AUTH_OK);
}

/* Without headers it is in the VPN that both ends are configured with, in no other and in that form only. */
static void test_bound_to_its_form(void **state)
{
	struct nhrp_msg m = some_msg(), back;
	uint8_t buf[VECTOR_MAX];
	struct nhrp_auth_said said;
	size_t len;

	m.has_vpn = false;
	len = build_hashed(buf, &m, &key42, &m.src_proto);
	assert_int_equal(nhrp_msg_decode(&back, buf, len, NULL), NHRP_DROP_NONE);
	assert_int_equal(nhrp_auth_check_hash(&back, lookup, NULL, libfrr_hmac, &said), NHRP_AUTH_DIGEST);
	back.vpn = m.vpn;
	assert_int_equal(nhrp_auth_check_hash(&back, lookup, NULL, libfrr_hmac, &said), NHRP_AUTH_OK);
	back.vpn.index++;
	assert_int_equal(nhrp_auth_check_hash(&back, lookup, NULL, libfrr_hmac, &said), NHRP_AUTH_DIGEST);
	back.vpn = m.vpn;
	back.has_vpn = true;
	assert_int_equal(nhrp_auth_check_hash(&back, lookup, NULL, libfrr_hmac, &said), NHRP_AUTH_DIGEST);
}

/* IPv4, IPv6, MAC and no address at all in the header: the extension's is as long. */
static void test_every_family(void **state)
{
	static const struct {
		uint16_t pro_type;
		const char *proto;
	} kinds[] = {
		{NHRP_PRO_IPV4, "1.0.0.2"}, {NHRP_PRO_IPV6, "fd00::2"}, {NHRP_PRO_TEB, "02:00:00:00:00:02"},
		{NHRP_PRO_TEB, NULL},
	};
	struct dm_addr other = addr("192.0.2.1"), mac = addr("02:00:00:00:00:42");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct dm_addr from = {0};
		struct nhrp_msg m = some_msg();
		uint8_t buf[VECTOR_MAX];
		struct nhrp_auth_said said;
		size_t len;

		if (kinds[i].proto)
			from = addr(kinds[i].proto);
		m.pro_type = kinds[i].pro_type;
		m.src_proto = m.dst_proto = from;
		len = build_hashed(buf, &m, &key42, &from);
		assert_int_equal(check(buf, len, &said), NHRP_AUTH_OK);
		assert_true(dm_addr_same(&said.from, &from));
		if (m.pro_type != NHRP_PRO_IPV4)
			assert_int_equal(build_hashed(buf, &m, &key42, &other), 0);
		/* in a VPN a station may go by its MAC address */
		len = build_hashed(buf, &m, &key42, &mac);
		assert_int_equal(check(buf, len, &said), NHRP_AUTH_OK);
		assert_true(dm_addr_same(&said.from, &mac));
		m.has_vpn = false;
		m.vpn = (struct vpn_id){0};
		if (m.src_proto.family != DM_MAC)
			assert_int_equal(build_hashed(buf, &m, &key42, &mac), 0);
	}
}

static void test_hash_form(void **state)
{
	const struct nhrp_auth_key zero = {.id = 0, .octets = secret, .len = 3};
	const struct nhrp_msg m = some_msg();
	uint8_t buf[VECTOR_MAX];
	struct nhrp_auth_said said;
	struct nhrp_builder b;

	assert_int_equal(build_hashed(buf, &m, &zero, &m.src_proto), 0);
	begin(&b, buf, &m);
	assert_int_equal(check(buf, nhrp_build_end(&b), &said), NHRP_AUTH_MISSING);
	/* a password is no hash, whatever the key list says; and the other way round */
	begin(&b, buf, &m);
	nhrp_auth_put_password(&b, "secret", 6);
	assert_int_equal(check(buf, nhrp_build_end(&b), &said), NHRP_AUTH_FORM);
	for (size_t len = 0; len < 80; len++) {
		uint8_t value[80] = {0, 0, 0, len == 4 + 6 + 24 + 32 ? 0 : 42}; /* right in length: no key has number 0 */

		begin(&b, buf, &m);
		nhrp_build_ext_begin(&b, NHRP_EXT_AUTHENTICATION, true);
		nhrp_build_octets(&b, value, len);
		nhrp_build_ext_end(&b);
		assert_int_equal(check(buf, nhrp_build_end(&b), &said), NHRP_AUTH_FORM);
	}
}

static void test_names(void **state)
{
	for (int why = 0; why < NHRP_AUTH_COUNT; why++) {
		assert_non_null(nhrp_auth_name(why));
		for (int other = 0; other < why; other++)
			assert_string_not_equal(nhrp_auth_name(why), nhrp_auth_name(other));
	}
	assert_string_equal(nhrp_auth_name(NHRP_AUTH_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac_of_libfrr),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_password_built),
		cmocka_unit_test(test_password_form),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_hash_reads_the_vector),
		cmocka_unit_test(test_hash_builds_the_vector),
		cmocka_unit_test(test_no_bit_may_change),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_bound_to_its_vpn),
		cmocka_unit_test(test_bound_to_its_form),
		cmocka_unit_test(test_every_family),
		cmocka_unit_test(test_hash_form),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The batch extension (lib/nhrp_batch.h): read whole or not at all, and nothing built that could
 * not be read. That what is built reads the same is test_nhrp_msg's and the fuzzer's to say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/nhrp_batch.h"
#include "tests/unit/nhrp_vectors.h"

#define BUF_MAX 16384

static struct nhrp_msg head(void)
{
	struct nhrp_msg m = {.has_vpn = true, .vpn.index = 1, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB,
			     .op = NHRP_OP_REGISTRATION_REQUEST};

	assert_true(dm_addr_parse(&m.src_nbma, "10.0.0.2") && dm_addr_parse(&m.src_proto, "02:00:00:00:00:02"));
	m.dst_proto = m.src_proto;
	return m;
}

static struct nhrp_batch_entry entry(uint32_t index)
{
	struct nhrp_batch_entry e = {.vpn.index = index, .request_id = 5, .life = 6, .cie.holding_time = 60};

	assert_true(dm_addr_parse(&e.cie.nbma, "10.0.0.2") && dm_addr_parse(&e.cie.proto, "02:00:00:00:01:02"));
	e.cie.sub = nhrp_subaddr_vni(100);
	return e;
}

/* A message with NUM entries like E. Returns its octets, 0 when the builder refused. */
static size_t build(uint8_t *buf, size_t size, enum nhrp_batch_form form, const struct nhrp_batch_entry *e,
		    unsigned int num)
{
	const struct nhrp_cie own = {.holding_time = 60};
	struct nhrp_batch_builder bb;
	struct nhrp_msg m = head();
	struct nhrp_builder b;

	nhrp_build_begin(&b, buf, size, &m);
	nhrp_build_cie(&b, &own);
	nhrp_batch_begin(&bb, &b, form);
	while (num--)
		nhrp_batch_put(&bb, e);
	nhrp_batch_end(&bb);
	return nhrp_build_end(&b);
}

/* Reads the message's batch; returns how many entries it has, -1 when it is malformed, -2 when there is none. */
static int entries_of(const uint8_t *buf, size_t len, struct nhrp_batch_entry *last)
{
	struct nhrp_batch batch;
	struct nhrp_msg m;
	bool good;
	int num = 0;

	assert_int_equal(nhrp_msg_decode(&m, buf, len, NULL), NHRP_DROP_NONE);
	if (!nhrp_batch_find(&m, &batch, &good)) {
		assert_false(good);
		return -2;
	}
	if (!good)
		return -1;
	while (nhrp_batch_next(&batch, last))
		num++;
	assert_false(batch.entries.bad);
	return num;
}

static void test_any_number_of_entries(void **state)
{
	static const unsigned int counts[] = {1, 2, 24, 200, NHRP_BATCH_ENTRIES_MAX};
	const struct nhrp_batch_entry e = entry(0xfffffffe);
	struct nhrp_batch_entry last;
	static uint8_t buf[BUF_MAX];

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		size_t len = build(buf, sizeof(buf), NHRP_BATCH_ANSWER, &e, counts[i]);

		assert_true(len > 0);
		assert_int_equal(entries_of(buf, len, &last), counts[i]);
		assert_int_equal(last.vpn.index, 0xfffffffe);
		assert_int_equal(last.request_id, 5);
		assert_int_equal(last.life, 6);
		assert_int_equal(last.cie.sub.vni, 100);
	}
}

static void test_what_cannot_be_read_is_not_built(void **state)
{
	struct nhrp_batch_entry e = entry(7);
	static uint8_t buf[BUF_MAX];

	assert_true(build(buf, sizeof(buf), NHRP_BATCH_QUESTION, &e, 1) > 0);
	assert_int_equal(build(buf, sizeof(buf), NHRP_BATCH_QUESTION, &e, 0), 0);
	assert_int_equal(build(buf, sizeof(buf), NHRP_BATCH_QUESTION, &e, NHRP_BATCH_ENTRIES_MAX + 1), 0);
	assert_int_equal(build(buf, 200, NHRP_BATCH_QUESTION, &e, 4), 0); /* no room */
	e.vpn.oui = 0x1000000;
	assert_int_equal(build(buf, sizeof(buf), NHRP_BATCH_QUESTION, &e, 1), 0);
	e = entry(7);
	assert_true(dm_addr_parse(&e.cie.nbma, "fd00::1")); /* not of the message's family */
	assert_int_equal(build(buf, sizeof(buf), NHRP_BATCH_QUESTION, &e, 1), 0);
}

/* A batch of these octets. */
static int read_value(const uint8_t *value, size_t len)
{
	struct nhrp_batch_entry last;
	struct nhrp_msg m = head();
	struct nhrp_builder b;
	uint8_t buf[1024];

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &(struct nhrp_cie){.holding_time = 60});
	nhrp_build_ext_begin(&b, NHRP_EXT_BATCH, false);
	nhrp_build_octets(&b, value, len);
	nhrp_build_ext_end(&b);
	return entries_of(buf, nhrp_build_end(&b), &last);
}

static void test_batch_is_read_whole_or_not_at_all(void **state)
{
	static const uint8_t none[1];
	uint8_t octets[VECTOR_MAX], value[128];
	struct nhrp_msg m;
	struct nhrp_ext ext;
	size_t len = from_hex(nhrp_vector("vpn-batch-question")->hex, octets);

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	assert_true(nhrp_ext_find(&m, NHRP_EXT_BATCH, &ext));
	len = dm_reader_left(&ext.value);
	assert_true(len < sizeof(value));
	memcpy(value, ext.value.p, len);
	value[len] = 0;
	assert_int_equal(read_value(value, len), 2);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(read_value(value, cut), -1);
	assert_int_equal(read_value(value, len + 1), -1);
	for (int num = 0; num <= 255; num++) {
		value[1] = (uint8_t)num;
		assert_int_equal(read_value(value, len), num == 2 ? 2 : -1);
	}
	value[1] = 2;
	for (int form = 0; form <= 255; form++) {
		value[0] = (uint8_t)form;
		assert_int_equal(read_value(value, len), form == 1 || form == 2 ? 2 : -1);
	}
	assert_int_equal(read_value(none, 0), -1);
	len = from_hex(nhrp_vector("vpn-registration-request")->hex, octets);
	assert_int_equal(entries_of(octets, len, NULL), -2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_number_of_entries),
		cmocka_unit_test(test_what_cannot_be_read_is_not_built),
		cmocka_unit_test(test_batch_is_read_whole_or_not_at_all),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}

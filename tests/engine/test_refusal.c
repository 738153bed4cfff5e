// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an engine must not act on: malformed messages, strangers, wrong VPNs,
 * answers nobody asked for. Each is counted under its reason and changes no
 * state; the answers RFC 2332 5.2.7 and RFC 2735 3.4 ask for are sent.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

static int setup(void **state)
{
	trio_setup_spoke1(state);
	world_run(100);
	return 0;
}

/* A registration of the stranger 10.0.0.9 with MAC 02:…:09 in VPN INDEX; UNIQUE as RFC 2332 5.2.3. */
static size_t stranger(uint8_t *buf, size_t size, uint32_t index, uint16_t flags, const char *mac, uint16_t ext)
{
	struct nhrp_builder b;
	struct nhrp_cie cie = { .holding_time = 60, .nbma = world_addr("10.0.0.9"), .sub = nhrp_subaddr_vni(9) };
	struct nhrp_msg m = {
		.has_vpn = true, .vpn.index = index, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB,
		.hop_count = 255, .op = NHRP_OP_REGISTRATION_REQUEST, .flags = flags, .request_id = 4711,
		.src_nbma = world_addr("10.0.0.9"), .src_sub = nhrp_subaddr_vni(9), .src_proto = world_addr(mac),
		.dst_proto = world_addr(mac),
	};

	nhrp_build_begin(&b, buf, size, &m);
	nhrp_build_cie(&b, &cie);
	if (ext)
		nhrp_build_ext_empty(&b, ext, true);
	return nhrp_build_end(&b);
}

static uint16_t last_error(void)
{
	const uint8_t *octets;
	size_t len = world_last(NHRP_OP_ERROR_INDICATION, &octets);
	struct nhrp_msg m;

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	assert_true(m.has_vpn);
	return m.error_code;
}

static uint8_t last_registration_code(void)
{
	const uint8_t *octets;
	size_t len = world_last(NHRP_OP_REGISTRATION_REPLY, &octets);
	struct nhrp_msg m;
	struct nhrp_cie cie;

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	assert_true(nhrp_cie_next(&m.body, m.afn, m.pro_type, &cie));
	return cie.code;
}

static void test_every_truncation_is_dropped(void **state)
{
	struct dm_addr from = world_addr("10.0.0.9");
	uint64_t dropped = 0;
	uint8_t buf[512];
	size_t len = stranger(buf, sizeof(buf), 1, 0, "02:00:00:00:00:09", 0);

	for (size_t cut = 0; cut < len; cut++) {
		world_inject(hub, &from, buf, cut);
		world_run(0);
	}
	for (size_t i = 0; i < NHRP_DROP_COUNT; i++)
		dropped += vpn_engine_counters(hub->engine)->dropped[i];
	assert_int_equal(dropped, len);
	assert_int_equal(world_num_members(hub), 1);
	/* all at one moment: one line, which names the sender and a reason */
	assert_int_equal(hub->warnings, 1);
	assert_non_null(strstr(hub->last_warning, "10.0.0.9"));
	assert_non_null(strstr(hub->last_warning, "truncated"));
	world_run(1000);
	world_inject(hub, &from, buf, 30);
	world_run(0);
	assert_int_equal(hub->warnings, 2);
	/* the first cut was logged, the others were not */
	assert_non_null(strstr(hub->last_warning, "more unlogged"));
}

static void test_unknown_vpn_is_error_17(void **state)
{
	struct dm_addr from = world_addr("10.0.0.3");
	uint8_t buf[512];
	size_t len = stranger(buf, sizeof(buf), 99, 0, "02:00:00:00:00:09", 0);
	struct nhrp_msg m;

	world_inject(hub, &from, buf, len);
	world_run(0);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_UNKNOWN_VPN), 1);
	assert_int_equal(last_error(), NHRP_ERR_VPN_NOT_SUPPORTED);
	m = sent(NHRP_OP_ERROR_INDICATION);
	assert_addr(&m.src_nbma, &hub->ctl.nbma); /* there is no VXLAN end in that VPN */
	assert_int_equal(m.vpn.index, 99); /* RFC 2735 3.4: the one in question */
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 1);
	/* a flood of them is not answered with a flood */
	for (int i = 0; i < 200; i++)
		world_inject(hub, &from, buf, len);
	world_run(0);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_UNKNOWN_VPN), 201);
	assert_true(world_seen(NHRP_OP_ERROR_INDICATION) <= 10);
}

static void test_unknown_compulsory_extension_is_error_1(void **state)
{
	struct dm_addr from = world_addr("10.0.0.3");
	uint8_t buf[512];
	size_t len = stranger(buf, sizeof(buf), 1, 0, "02:00:00:00:00:09", 0x3802);
	struct nhrp_msg m;

	world_inject(hub, &from, buf, len);
	world_run(0);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_COMPULSORY_EXTENSION), 1);
	assert_int_equal(last_error(), NHRP_ERR_UNRECOGNIZED_EXTENSION);
	m = sent(NHRP_OP_ERROR_INDICATION);
	assert_int_equal(m.error_offset, len - NHRP_VPN_HEADER_LEN - 8); /* it stands before the end marker */
	assert_addr(&m.src_nbma, &hub->nbma);
	assert_addr(&m.src_proto, &hub->link.mac);
	assert_int_equal(world_num_members(hub), 1);
	/* one that we cannot check is one that we do not understand */
	len = stranger(buf, sizeof(buf), 1, 0, "02:00:00:00:00:09", NHRP_EXT_AUTHENTICATION);
	world_inject(hub, &from, buf, len);
	world_run(0);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_COMPULSORY_EXTENSION), 2);
	assert_int_equal(world_num_members(hub), 1);
}

/* The compulsory bit decides for all that we make nothing of, vendors' and NAT addresses (9, not capabilities) included. */
static void test_compulsory_bit_decides(void **state)
{
	static const struct {
		uint16_t type;
		uint8_t len;
		bool unknown;
	} exts[] = {
		{ NHRP_EXT_VENDOR, 5, true }, { NHRP_EXT_CAPABILITIES, 0, true }, { NHRP_EXT_CAPABILITIES, 16, true },
		{ NHRP_EXT_CAPABILITIES, 8, false }, { 0x1201, 5, true }, { NHRP_EXT_BOOT_EPOCH, 16, false },
	};
	static const uint8_t value[16];
	const struct nhrp_cie cie = { .holding_time = 60 };
	unsigned int unknown = 0, known = 0;
	struct nhrp_builder b;
	uint8_t buf[512];

	for (size_t i = 0; i < 2 * sizeof(exts) / sizeof(exts[0]); i++) {
		struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_REGISTRATION_REQUEST, 100 + (uint32_t)i), back;
		bool compulsory = i % 2;
		struct nhrp_ext ext;

		world_run(1000); /* there are ten errors to a second */
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		nhrp_build_cie(&b, &cie);
		nhrp_build_ext_begin(&b, exts[i / 2].type, compulsory);
		nhrp_build_octets(&b, value, exts[i / 2].len);
		nhrp_build_ext_end(&b);
		deliver(hub, &spoke1->nbma, &b);
		unknown += compulsory && exts[i / 2].unknown;
		known += !(compulsory && exts[i / 2].unknown);
		assert_int_equal(trio_refused(hub, VPN_REFUSED_COMPULSORY_EXTENSION), unknown);
		assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), unknown);
		if (compulsory && exts[i / 2].unknown)
			continue;
		/* what is understood or need not be is in the reply, and of the same length */
		back = sent(NHRP_OP_REGISTRATION_REPLY);
		assert_int_equal(back.request_id, m.request_id);
		assert_true(nhrp_ext_find(&back, exts[i / 2].type, &ext));
		assert_int_equal(dm_reader_left(&ext.value), exts[i / 2].len);
	}
	assert_int_equal(unknown, 4);
	assert_int_equal(known, 8);
}

/* RFC 2332 5.2.3: only where both want the address for themselves alone. */
static void test_unique_address_is_refused_with_code_14(void **state)
{
	struct dm_addr from = world_addr("10.0.0.9"), other = world_addr("10.0.0.3");
	uint8_t buf[512];
	/* spoke1 never asked to have its MAC alone */
	size_t len = stranger(buf, sizeof(buf), 1, NHRP_REG_UNIQUE, "02:00:00:00:00:02", 0);
	struct nhrp_cie cie = { .holding_time = 60, .nbma = other, .sub = nhrp_subaddr_vni(101) };
	struct nhrp_builder b;
	struct nhrp_msg m;

	world_inject(hub, &from, buf, len);
	world_run(0);
	assert_int_equal(last_registration_code(), NHRP_CIE_SUCCESS);
	assert_int_equal(world_num_members(hub), 2);
	/* it may register again, and has it alone */
	world_inject(hub, &from, buf, len);
	world_run(0);
	assert_int_equal(last_registration_code(), NHRP_CIE_SUCCESS);
	/* … and 10.0.0.3 cannot */
	assert_int_equal(nhrp_msg_decode(&m, buf, len, NULL), NHRP_DROP_NONE);
	m.src_nbma = other;
	nhrp_build_begin(&b, buf + len, sizeof(buf) - len, &m);
	nhrp_build_cie(&b, &cie);
	world_inject(hub, &other, buf + len, nhrp_build_end(&b));
	world_run(0);
	assert_int_equal(last_registration_code(), NHRP_CIE_UNIQUE_EXISTS);
	assert_int_equal(world_num_members(hub), 2);
}

/* Whoever names a member's address but speaks from elsewhere gets no hold of it. */
static void test_member_cannot_be_hijacked(void **state)
{
	struct dm_addr from = world_addr("10.0.0.99");
	struct nhrp_cie cie = { .holding_time = 1, .nbma = spoke1->nbma, .sub = nhrp_subaddr_vni(66) };
	struct nhrp_builder b;
	uint8_t buf[512];
	struct nhrp_msg m = {
		.has_vpn = true, .vpn.index = 1, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB, .hop_count = 255,
		.op = NHRP_OP_REGISTRATION_REQUEST, .request_id = 1, .src_nbma = spoke1->nbma,
		.src_sub = nhrp_subaddr_vni(66), .src_proto = world_addr("02:00:00:00:00:99"),
		.dst_proto = world_addr("02:00:00:00:00:99"),
	};

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	world_inject(hub, &from, buf, nhrp_build_end(&b));
	world_run(0);
	assert_int_equal(last_registration_code(), NHRP_CIE_PROHIBITED);
	world_run(3000);
	assert_int_equal(world_num_members(hub), 1);
	assert_int_equal(hub->members[0].remote_vni, 100);
}

static void test_short_holding_time_is_raised(void **state)
{
	struct dm_addr from = world_addr("10.0.0.9");
	struct nhrp_msg m;
	struct nhrp_cie cie;
	const uint8_t *octets;
	uint8_t buf[512];
	size_t len = stranger(buf, sizeof(buf), 1, 0, "02:00:00:00:00:09", 0);
	struct nhrp_builder b;

	assert_int_equal(nhrp_msg_decode(&m, buf, len, NULL), NHRP_DROP_NONE);
	cie = (struct nhrp_cie){ .holding_time = 1 }; /* and no addresses: the header's stand for them */
	nhrp_build_begin(&b, buf + len, sizeof(buf) - len, &m);
	nhrp_build_cie(&b, &cie);
	cie = (struct nhrp_cie){ .holding_time = 60, .nbma = world_addr("10.0.0.77"), .sub = nhrp_subaddr_vni(7),
				 .proto = world_addr("02:00:00:00:00:77") };
	nhrp_build_cie(&b, &cie);
	vpn_engine_set_keepalive(spoke1->engine, "tun2", VPN_KEEPALIVE_MAX); /* the last answer is to be this one */
	world_inject(hub, &from, buf + len, nhrp_build_end(&b));
	world_run(4000);
	assert_int_equal(world_num_members(hub), 2);
	assert_int_equal(nhrp_msg_decode(&m, octets, world_last(NHRP_OP_REGISTRATION_REPLY, &octets), NULL), NHRP_DROP_NONE);
	assert_true(nhrp_cie_next(&m.body, m.afn, m.pro_type, &cie));
	assert_int_equal(cie.code, NHRP_CIE_SUCCESS);
	assert_int_equal(cie.holding_time, 5);
	/* it speaks for somebody else too: answered, refused, for no time */
	assert_true(nhrp_cie_next(&m.body, m.afn, m.pro_type, &cie));
	assert_int_equal(cie.code, NHRP_CIE_PROHIBITED);
	assert_int_equal(cie.holding_time, 0);
	world_run(2000);
	assert_int_equal(world_num_members(hub), 1);
}

static void test_other_interface_is_another_vpn(void **state)
{
	struct dm_addr from = world_addr("10.0.0.9");
	uint8_t buf[512];
	size_t len = stranger(buf, sizeof(buf), 1, 0, "02:00:00:00:00:09", 0);

	world_inject_by(hub, WORLD_CTL_IFINDEX + 1, &from, buf, len);
	world_run(0);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_UNKNOWN_VPN), 1);
	assert_int_equal(world_num_members(hub), 1);
}

static void test_error_is_never_answered_with_an_error(void **state)
{
	struct dm_addr from = world_addr("10.0.0.3");
	struct nhrp_builder b;
	uint8_t buf[512];
	struct nhrp_msg m = {
		.has_vpn = true, .vpn.index = 99, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB, .hop_count = 255,
		.op = NHRP_OP_ERROR_INDICATION, .error_code = 6, .src_nbma = from,
		.src_proto = world_addr("02:00:00:00:00:09"), .dst_proto = world_addr("02:00:00:00:00:09"),
	};

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, buf, 40);
	world_inject(hub, &from, buf, nhrp_build_end(&b));
	world_run(0);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_UNKNOWN_VPN), 1);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

static void test_purge_reply_of_a_stranger_ends_nothing(void **state)
{
	struct dm_addr from = world_addr("10.0.0.99");
	const uint8_t *octets;
	struct nhrp_builder b;
	struct nhrp_msg m;
	struct nhrp_cie cie = { .proto = world_addr("02:aa:00:00:00:02") };
	uint8_t buf[512];

	world_configure(spoke2, 1, hub);
	world_run(100);
	world_mac_seen(hub, spoke2, HUB_VNI, "02:aa:00:00:00:02");
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, "02:aa:00:00:00:01", "02:aa:00:00:00:02");
	world_run(100);
	spoke1->deaf = true;
	world_mac_seen(hub, spoke1, HUB_VNI, "02:aa:00:00:00:02");
	assert_int_equal(nhrp_msg_decode(&m, octets, world_last(NHRP_OP_PURGE_REQUEST, &octets), NULL), NHRP_DROP_NONE);
	m.op = NHRP_OP_PURGE_REPLY;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	world_inject(hub, &from, buf, nhrp_build_end(&b));
	world_run(5000);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_UNEXPECTED_REPLY), 1);
	assert_true(world_seen(NHRP_OP_PURGE_REQUEST) > 1);
}

static void test_vpn_that_cannot_run_yet_sends_no_error(void **state)
{
	struct dm_addr from = world_addr("10.0.0.9");
	uint8_t buf[512];
	size_t len = stranger(buf, sizeof(buf), 5, 0, "02:00:00:00:00:09", 0);

	vpn_engine_set_instance(hub->engine, "tun9", (struct vpn_id){ .index = 5 }, 0);
	vpn_engine_commit(hub->engine);
	world_inject(hub, &from, buf, len);
	world_run(0);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_NOT_READY), 1);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

/* A registration of 10.1.x.y with a VNI of its own. */
static void register_numbered(uint32_t number)
{
	uint8_t nbma[4] = { 10, 1, (uint8_t)(number >> 8), (uint8_t)number };
	uint8_t mac[6] = { 2, 1, 0, 0, (uint8_t)(number >> 8), (uint8_t)number };
	struct nhrp_cie cie = { .holding_time = 60 };
	struct nhrp_builder b;
	uint8_t buf[512];
	struct nhrp_msg m = {
		.has_vpn = true, .vpn.index = 1, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB, .hop_count = 255,
		.op = NHRP_OP_REGISTRATION_REQUEST, .request_id = number, .src_sub = nhrp_subaddr_vni(1000 + number),
	};

	dm_addr_set(&m.src_nbma, DM_IPV4, nbma, 4);
	dm_addr_set(&m.src_proto, DM_MAC, mac, 6);
	m.dst_proto = m.src_proto;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	world_inject(hub, &m.src_nbma, buf, nhrp_build_end(&b));
	world_run(0);
}

static void test_member_past_the_limit_is_refused_with_code_5(void **state)
{
	/* spoke1 is one of the 8,192 */
	for (uint32_t i = 1; i < 8192; i++)
		register_numbered(i);
	assert_int_equal(world_num_members(hub), 8192);
	register_numbered(9000);
	assert_int_equal(world_num_members(hub), 8192);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_LIMIT), 1);
	/* one that is there may renew all the same */
	register_numbered(17);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_LIMIT), 1);
}

/* It even borrows a member's address in the header, but comes by another path. */
static void test_resolution_of_a_stranger_is_code_4(void **state)
{
	struct dm_addr from = world_addr("10.0.0.3");
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, 1), back;
	struct nhrp_builder b;
	struct nhrp_cie cie;
	uint8_t buf[512];

	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	m.dst_proto = world_addr(VM1);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub, &from, &b);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_NOT_MEMBER), 1);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(num_cies(&back), 1);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_PROHIBITED);
	assert_int_equal(cie.holding_time, 0);
	assert_int_equal(cie.mtu, 0);
	assert_true(is_plain_zero(&cie));
	/* a flood of them is not answered with a flood */
	for (int i = 0; i < 200; i++) {
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		deliver(hub, &from, &b);
	}
	assert_int_equal(trio_refused(hub, VPN_REFUSED_NOT_MEMBER), 201);
	assert_true(world_seen(NHRP_OP_RESOLUTION_REPLY) <= 10);
}

/* An unasked answer or redirect from wherever: the spoke's tables stay empty. */
static void spoke_ignores(uint8_t op, const char *from_text, enum vpn_refusal why)
{
	struct dm_addr from = world_addr(from_text);
	uint64_t before = trio_refused(spoke1, why);
	struct nhrp_cie cie = { .holding_time = 60, .nbma = world_addr("10.0.0.9"), .sub = nhrp_subaddr_vni(9),
				.proto = world_addr("02:aa:00:00:00:02") };
	static const uint8_t frame[64] = { 2, 0xaa, 0, 0, 0, 2, 2, 0xaa, 0, 0, 0, 1 };
	struct nhrp_builder b;
	uint8_t buf[512];
	struct nhrp_msg m = {
		.has_vpn = true, .vpn.index = 1, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB, .hop_count = 255,
		.op = op, .request_id = 1, .src_nbma = spoke1->nbma, .src_sub = nhrp_subaddr_vni(100),
		.src_proto = spoke1->link.mac, .dst_proto = world_addr("02:aa:00:00:00:02"),
	};

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	if (op == NHRP_OP_TRAFFIC_INDICATION)
		nhrp_build_octets(&b, frame, sizeof(frame));
	else
		nhrp_build_cie(&b, &cie);
	world_inject(spoke1, &from, buf, nhrp_build_end(&b));
	world_run(0);
	assert_int_equal(trio_refused(spoke1, why), before + 1);
	assert_int_equal(spoke1->num_macs, 0);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 0);
}

static void test_spoke_believes_nobody_but_its_hub(void **state)
{
	spoke_ignores(NHRP_OP_TRAFFIC_INDICATION, "10.0.0.9", VPN_REFUSED_NOT_HUB);
	spoke_ignores(NHRP_OP_RESOLUTION_REPLY, "10.0.0.9", VPN_REFUSED_NOT_HUB);
	spoke_ignores(NHRP_OP_RESOLUTION_REPLY, "10.0.0.1", VPN_REFUSED_UNEXPECTED_REPLY);
	spoke_ignores(NHRP_OP_REGISTRATION_REPLY, "10.0.0.1", VPN_REFUSED_UNEXPECTED_REPLY);
	spoke_ignores(NHRP_OP_PURGE_REQUEST, "10.0.0.9", VPN_REFUSED_NOT_HUB);
	spoke_ignores(NHRP_OP_REGISTRATION_REQUEST, "10.0.0.9", VPN_REFUSED_WRONG_ROLE);
}

/* RFC 2332 5.2.3: who takes a spoke for its server is told that it is not. */
static void test_request_to_a_spoke_is_code_4(void **state)
{
	static const uint8_t requests[] = { NHRP_OP_REGISTRATION_REQUEST, NHRP_OP_RESOLUTION_REQUEST };
	struct nhrp_msg m, back;
	const struct nhrp_cie own = { .holding_time = 60 };
	struct nhrp_builder b;
	struct nhrp_cie cie;
	uint8_t buf[512];

	for (size_t i = 0; i < 2; i++) {
		m = from_spoke(spoke2, requests[i], 5);
		for (int n = 0; n < 50; n++) {
			nhrp_build_begin(&b, buf, sizeof(buf), &m);
			nhrp_build_cie(&b, &own);
			deliver(spoke1, &spoke2->nbma, &b);
		}
		back = sent(requests[i] + 1);
		assert_int_equal(back.request_id, 5);
		assert_int_equal(num_cies(&back), 1);
		cie = cie_at(&back, 0);
		assert_int_equal(cie.code, NHRP_CIE_PROHIBITED);
		assert_int_equal(cie.holding_time, 0);
		assert_true(world_seen(requests[i] + 1) <= 11); /* one of them the hub's, to spoke1 */
		world_run(1000);
	}
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_WRONG_ROLE), 100);
	assert_int_equal(world_num_members(spoke1), 0);
}

static void test_registration_without_vni_is_prohibited(void **state)
{
	struct dm_addr from = world_addr("10.0.0.3");
	struct nhrp_cie cie = { .holding_time = 60, .nbma = world_addr("10.0.0.9") };
	struct nhrp_builder b;
	uint8_t buf[512];
	struct nhrp_msg m = {
		.has_vpn = true, .vpn.index = 1, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB, .hop_count = 255,
		.op = NHRP_OP_REGISTRATION_REQUEST, .request_id = 1, .src_nbma = world_addr("10.0.0.9"),
		.src_proto = world_addr("02:00:00:00:00:09"), .dst_proto = world_addr("02:00:00:00:00:09"),
	};

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	world_inject(hub, &from, buf, nhrp_build_end(&b));
	world_run(0);
	assert_int_equal(last_registration_code(), NHRP_CIE_PROHIBITED);
	assert_int_equal(world_num_members(hub), 1);
}

/* RFC 2332 5.3: unknown, not compulsory: comes back in the reply, unchanged and in its place. */
static void test_unknown_extension_is_returned(void **state)
{
	static const uint8_t value[] = { 1, 2, 3, 4, 5 };
	struct dm_addr from = world_addr("10.0.0.3");
	struct nhrp_builder b;
	struct nhrp_ext ext;
	const uint8_t *octets;
	uint8_t buf[512];
	struct nhrp_msg m = {
		.has_vpn = true, .vpn.index = 1, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB, .hop_count = 255,
		.op = NHRP_OP_REGISTRATION_REQUEST, .request_id = 77, .src_nbma = spoke2->nbma,
		.src_sub = nhrp_subaddr_vni(101), .src_proto = spoke2->link.mac, .dst_proto = spoke2->link.mac,
	};
	struct nhrp_cie cie = { .holding_time = 60, .nbma = spoke2->nbma, .sub = nhrp_subaddr_vni(101) };

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	nhrp_build_ext_empty(&b, NHRP_EXT_RESPONDER, true);
	nhrp_build_ext_begin(&b, 0x3809, false);
	nhrp_build_octets(&b, value, sizeof(value));
	nhrp_build_ext_end(&b);
	world_inject(hub, &from, buf, nhrp_build_end(&b));
	world_run(0);
	assert_int_equal(nhrp_msg_decode(&m, octets, world_last(NHRP_OP_REGISTRATION_REPLY, &octets), NULL), NHRP_DROP_NONE);
	assert_int_equal(m.request_id, 77);
	assert_true(nhrp_ext_next(&m.exts, &ext));
	assert_int_equal(ext.type, NHRP_EXT_RESPONDER);
	assert_true(dm_reader_left(&ext.value) > 0);
	assert_true(nhrp_ext_next(&m.exts, &ext));
	assert_int_equal(ext.type, 0x3809);
	assert_int_equal(dm_reader_left(&ext.value), sizeof(value));
	assert_memory_equal(ext.value.p, value, sizeof(value));
}

/* RFC 2332 5.2.7: known, but not for messages of this type. */
static void test_extension_in_the_wrong_message_is_error_9(void **state)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_PURGE_REQUEST, 1);
	const struct nhrp_cie nothing = { .proto = world_addr("02:aa:00:00:00:77") };
	static const uint8_t frame[64] = { 2, 0xaa, 0, 0, 0, 2, 2, 0xaa, 0, 0, 0, 1 };
	struct nhrp_builder b;
	size_t at;
	uint8_t buf[512];

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &nothing);
	nhrp_build_ext_empty(&b, NHRP_EXT_RESPONDER, true); /* this one is in its place */
	at = b.w.used - b.packet_at;
	nhrp_build_ext_capabilities(&b, NHRP_CAPABILITY_VPN, 0);
	deliver(hub, &spoke1->nbma, &b);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_MISPLACED_EXTENSION), 1);
	assert_int_equal(last_error(), NHRP_ERR_INVALID_EXTENSION);
	assert_int_equal(sent(NHRP_OP_ERROR_INDICATION).error_offset, at);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 0);

	/* nobody will answer a redirect */
	m = from_spoke(hub, NHRP_OP_TRAFFIC_INDICATION, 0);
	m.src_sub = nhrp_subaddr_vni(HUB_VNI);
	for (uint16_t type = NHRP_EXT_RESPONDER; type <= NHRP_EXT_REVERSE_TRANSIT; type++) {
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		nhrp_build_octets(&b, frame, sizeof(frame));
		nhrp_build_ext_empty(&b, type, true);
		deliver(spoke1, &hub->nbma, &b);
	}
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_MISPLACED_EXTENSION), 3);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 4);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 0);
}

/* RFC 2332 5.2.7: what cannot be answered within a packet is not acted on. */
static void test_request_too_large_to_answer_is_error_8(void **state)
{
	static const uint8_t filler[1400];
	const struct nhrp_cie own = { .holding_time = 60 };
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 1);
	struct nhrp_builder b;
	uint8_t buf[2000];

	/* a Responder Address to be filled in, and a value that comes back: a little too long, and just short enough */
	for (int fits = 0; fits < 2; fits++) {
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		nhrp_build_cie(&b, &own);
		nhrp_build_ext_empty(&b, NHRP_EXT_RESPONDER, true);
		nhrp_build_ext_begin(&b, 0x3809, false);
		nhrp_build_octets(&b, filler, fits ? 1250 : 1350);
		nhrp_build_ext_end(&b);
		deliver(hub, &spoke2->nbma, &b);
		assert_int_equal(trio_refused(hub, VPN_REFUSED_TOO_LARGE), 1);
		assert_int_equal(last_error(), NHRP_ERR_SDU_SIZE);
		assert_int_equal(sent(NHRP_OP_ERROR_INDICATION).error_offset, 10); /* ar$pktsz */
		assert_int_equal(world_num_members(hub), fits ? 2 : 1);
	}
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 1);
	assert_int_equal(vpn_engine_counters(hub->engine)->build_failed, 0);
}

/* RFC 2332 5.3.2: a request that names the hub among those it passed. */
static void test_request_that_was_here_before_is_error_3(void **state)
{
	const struct nhrp_cie other = { .holding_time = 60, .nbma = world_addr("10.0.0.8"),
					.proto = world_addr("02:00:00:00:00:08") };
	const struct nhrp_cie us = { .holding_time = 60, .proto = hub->link.mac };
	const struct nhrp_cie empty = { .holding_time = 60 };
	struct nhrp_builder b;
	uint8_t buf[512];

	for (int straight = 0; straight < 2; straight++) {
		struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 1);

		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		nhrp_build_cie(&b, &empty);
		nhrp_build_ext_begin(&b, NHRP_EXT_FORWARD_TRANSIT, true);
		nhrp_build_cie(&b, &other);
		if (!straight)
			nhrp_build_cie(&b, &us);
		nhrp_build_ext_end(&b);
		deliver(hub, &spoke2->nbma, &b);
		assert_int_equal(trio_refused(hub, VPN_REFUSED_LOOP), 1);
		assert_int_equal(last_error(), NHRP_ERR_LOOP);
		assert_int_equal(world_num_members(hub), straight ? 2 : 1);
	}
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 1);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	CASE(test_every_truncation_is_dropped),
	CASE(test_unknown_vpn_is_error_17),
	CASE(test_unknown_compulsory_extension_is_error_1),
	CASE(test_compulsory_bit_decides),
	CASE(test_unique_address_is_refused_with_code_14),
	CASE(test_member_cannot_be_hijacked),
	CASE(test_short_holding_time_is_raised),
	CASE(test_other_interface_is_another_vpn),
	CASE(test_error_is_never_answered_with_an_error),
	CASE(test_purge_reply_of_a_stranger_ends_nothing),
	CASE(test_vpn_that_cannot_run_yet_sends_no_error),
	CASE(test_member_past_the_limit_is_refused_with_code_5),
	CASE(test_resolution_of_a_stranger_is_code_4),
	CASE(test_spoke_believes_nobody_but_its_hub),
	CASE(test_request_to_a_spoke_is_code_4),
	CASE(test_registration_without_vni_is_prohibited),
	CASE(test_unknown_extension_is_returned),
	CASE(test_extension_in_the_wrong_message_is_error_9),
	CASE(test_request_too_large_to_answer_is_error_8),
	CASE(test_request_that_was_here_before_is_error_3),
};

int main(void)
{
	return cmocka_run_group_tests_name("what engines refuse", tests, NULL, NULL);
}

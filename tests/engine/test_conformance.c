// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Engines held against RFC 2332 and RFC 2735, a test for each row of the conformance table
 * (doc/developer/conformance.rst) that test_exchange.c and test_refusal.c do not show.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2 (VNI 100), registered; spoke2 10.0.0.3 (VNI 101) where a
 *   test calls it; messages of our own making where a test plays a peer
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "nhrpd/vpn_member.h"
#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

/* A resolution for VM2 by spoke1, with the entry that it may have and no extensions. */
static void resolve_by_hand(uint32_t id, const struct nhrp_cie *cie)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, id);
	struct nhrp_builder b;
	uint8_t buf[512];

	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	if (cie)
		nhrp_build_cie(&b, cie);
	deliver(hub, &spoke1->nbma, &b);
}

static void make_shortcuts(void)
{
	register_and_redirect(hub, spoke1, spoke2);
}

/* --- requests, RFC 2332 5.2.1, 5.2.3 and RFC 2735 3.3 --- */

static void assert_empty_compulsory(const struct nhrp_msg *m, uint16_t type)
{
	struct nhrp_ext ext;

	assert_true(nhrp_ext_find(m, type, &ext));
	assert_true(ext.compulsory);
	assert_int_equal(dm_reader_left(&ext.value), 0);
}

static void test_request_flags(void **state)
{
	struct nhrp_msg m;
	struct nhrp_cie cie;
	struct nhrp_ext ext;

	make_shortcuts();
	m = sent(NHRP_OP_REGISTRATION_REQUEST);
	assert_int_equal(m.flags, 0);
	assert_int_equal(m.hop_count, 255);
	assert_addr(&m.dst_proto, &m.src_proto); /* the hub's is not known */
	assert_int_equal(num_cies(&m), 1);
	cie = cie_at(&m, 0);
	assert_int_equal(cie.code, 0);
	assert_true(cie.prefix_len == 0 || cie.prefix_len == 0xff);
	assert_true(cie.holding_time > 0);
	assert_empty_compulsory(&m, NHRP_EXT_RESPONDER);
	assert_empty_compulsory(&m, NHRP_EXT_FORWARD_TRANSIT);
	assert_empty_compulsory(&m, NHRP_EXT_REVERSE_TRANSIT);
	assert_false(nhrp_ext_find(&m, NHRP_EXT_CAPABILITIES, &ext));

	m = sent(NHRP_OP_RESOLUTION_REQUEST);
	assert_int_equal(m.flags, NHRP_RES_ROUTER | NHRP_RES_AUTHORITATIVE | NHRP_RES_SRC_STABLE);
	assert_int_equal(num_cies(&m), 1);
	cie = cie_at(&m, 0);
	assert_true(is_plain_zero(&cie));
	assert_int_equal(cie.code, 0);
	assert_int_equal(cie.mtu, 1450);
	assert_true(cie.holding_time > 0);
	assert_empty_compulsory(&m, NHRP_EXT_RESPONDER);
	assert_empty_compulsory(&m, NHRP_EXT_FORWARD_TRANSIT);
	assert_empty_compulsory(&m, NHRP_EXT_REVERSE_TRANSIT);
}

/* Lets time pass until N messages of that type were sent in all; returns the last one's request ID. */
static uint32_t id_of_try(uint8_t op, unsigned int n)
{
	for (int i = 0; i < 1000 && world_seen(op) < n; i++)
		world_run(100);
	assert_int_equal(world_seen(op), n);
	return sent(op).request_id;
}

static void test_same_id_on_every_try(void **state)
{
	static const struct {
		uint8_t request, reply;
	} pairs[] = {
		{ NHRP_OP_RESOLUTION_REQUEST, NHRP_OP_RESOLUTION_REPLY },
		{ NHRP_OP_PURGE_REQUEST, NHRP_OP_PURGE_REPLY },
	};
	struct world_node *spoke3;
	uint32_t id;

	world_lose(NHRP_OP_REGISTRATION_REPLY, 2);
	id = id_of_try(NHRP_OP_REGISTRATION_REQUEST, 1);
	assert_int_equal(id_of_try(NHRP_OP_REGISTRATION_REQUEST, 2), id);
	assert_int_equal(id_of_try(NHRP_OP_REGISTRATION_REQUEST, 3), id); /* answered */
	assert_int_not_equal(id_of_try(NHRP_OP_REGISTRATION_REQUEST, 4), id); /* a renewal is a new request */

	spoke3 = world_spoke(4, 102);
	world_configure(spoke2, 1, hub);
	world_configure(spoke3, 1, hub);
	world_run(100);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_mac_seen(hub, spoke2, HUB_VNI, "02:aa:00:00:00:03"); /* nobody asks for it: its former home alone is purged */
	for (size_t i = 0; i < 2; i++) {
		world_lose(pairs[i].reply, 2);
		if (i == 0)
			world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
		else
			world_mac_seen(hub, spoke3, HUB_VNI, "02:aa:00:00:00:03");
		id = id_of_try(pairs[i].request, 1);
		assert_int_equal(id_of_try(pairs[i].request, 2), id);
		assert_int_equal(id_of_try(pairs[i].request, 3), id);
		assert_int_equal(sent(pairs[i].reply).request_id, id);
		world_run(10000);
		assert_int_equal(world_seen(pairs[i].request), 3);
	}
}

static void test_ids_do_not_count_up(void **state)
{
	uint32_t ids[6];

	for (unsigned int i = 0; i < 6; i++)
		ids[i] = id_of_try(NHRP_OP_REGISTRATION_REQUEST, i + 1);
	for (unsigned int i = 1; i < 6; i++) {
		assert_true(ids[i] - ids[i - 1] > 1000 && ids[i - 1] - ids[i] > 1000);
		for (unsigned int other = 0; i > 1 && other < i - 1; other++)
			assert_int_not_equal(ids[i] - ids[i - 1], ids[other + 1] - ids[other]);
	}
}

/* --- replies, RFC 2332 5.2.2 and 5.2.4 --- */

static void test_reply_is_made_of_the_request(void **state)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 0xfeedbeef), back;
	const struct nhrp_cie first = { .prefix_len = 0xff, .mtu = 1400, .holding_time = 600, .nbma = spoke2->nbma,
					.sub = nhrp_subaddr_vni(101), .proto = spoke2->link.mac, .preference = 9 };
	const struct nhrp_cie second = { .mtu = 9000, .holding_time = 60, .nbma = world_addr("10.0.0.77"),
					 .sub = nhrp_subaddr_vni(77), .proto = world_addr("02:00:00:00:00:77") };
	struct nhrp_builder b;
	struct nhrp_cie cie;
	uint8_t buf[512];

	world_run(100);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &first);
	nhrp_build_cie(&b, &second);
	deliver(hub, &spoke2->nbma, &b);

	back = sent(NHRP_OP_REGISTRATION_REPLY);
	assert_int_equal(back.hop_count, 255); /* as if it were a request of the hub's */
	assert_int_equal(back.vpn.index, 1);
	assert_int_equal(back.flags, m.flags);
	assert_int_equal(back.request_id, m.request_id);
	assert_addr(&back.src_nbma, &m.src_nbma);
	assert_int_equal(back.src_sub.vni, 101);
	assert_addr(&back.src_proto, &m.src_proto);
	assert_addr(&back.dst_proto, &m.dst_proto);
	assert_int_equal(dm_reader_left(&back.exts), 0); /* none were asked for */

	assert_int_equal(num_cies(&back), 2);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_SUCCESS);
	assert_int_equal(cie.prefix_len, 0xff);
	assert_int_equal(cie.mtu, 1400);
	assert_int_equal(cie.preference, 9);
	assert_int_equal(cie.holding_time, 600);
	assert_addr(&cie.nbma, &first.nbma);
	assert_addr(&cie.proto, &first.proto);
	/* what was not registered is not said to be */
	cie = cie_at(&back, 1);
	assert_int_equal(cie.code, NHRP_CIE_PROHIBITED);
	assert_int_equal(cie.holding_time, 0);
	assert_addr(&cie.nbma, &second.nbma);
	assert_int_equal(world_num_members(hub), 2);
}

/* Lengths of 0: the client is whom the header names (RFC 2332 5.2.3). */
static void test_empty_entry_means_the_header(void **state)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 5), back;
	const struct nhrp_cie empty = { .holding_time = 600 };
	struct nhrp_builder b;
	struct nhrp_cie cie;
	uint8_t buf[512];

	world_run(100);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &empty);
	deliver(hub, &spoke2->nbma, &b);
	back = sent(NHRP_OP_REGISTRATION_REPLY);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_SUCCESS);
	assert_true(is_plain_zero(&cie));
	assert_int_equal(world_num_members(hub), 2);
	assert_int_equal(hub->members[1].remote_vni, 101);
	assert_addr(&hub->members[1].nbma, &spoke2->nbma);
}

static void test_refusals_hold_for_no_time(void **state)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 5), back;
	const struct nhrp_cie no_vni = { .holding_time = 600, .nbma = spoke2->nbma, .proto = spoke2->link.mac };
	struct nhrp_builder b;
	struct nhrp_cie cie;
	uint8_t buf[512];

	world_run(100);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &no_vni);
	deliver(hub, &spoke2->nbma, &b);
	back = sent(NHRP_OP_REGISTRATION_REPLY);
	cie = cie_at(&back, 0);
	assert_int_not_equal(cie.code, NHRP_CIE_SUCCESS);
	assert_int_equal(cie.holding_time, 0);

	resolve_by_hand(6, NULL);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(num_cies(&back), 1);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_NO_BINDING);
	assert_int_equal(cie.holding_time, 0);
	assert_int_equal(cie.mtu, 0);
	assert_true(is_plain_zero(&cie));
}

static void test_entry_of_a_resolution_request_is_ignored(void **state)
{
	const struct nhrp_cie noise = { .code = 14, .prefix_len = 3, .mtu = 1, .holding_time = 1, .preference = 200,
					.nbma = world_addr("10.0.0.99"), .sub = nhrp_subaddr_vni(99),
					.proto = world_addr("02:00:00:00:00:99") };
	struct nhrp_cie plain, with_noise;
	struct nhrp_msg back;

	make_shortcuts();
	resolve_by_hand(8, NULL);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(back.request_id, 8);
	plain = cie_at(&back, 0);
	resolve_by_hand(9, &noise);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(back.request_id, 9);
	with_noise = cie_at(&back, 0);
	assert_int_equal(with_noise.code, NHRP_CIE_SUCCESS);
	assert_memory_equal(&with_noise, &plain, sizeof(plain));
}

static void test_answer_holds_no_longer_than_the_registration(void **state)
{
	struct nhrp_msg back;
	struct nhrp_cie cie;

	vpn_engine_set_holdtime(spoke2->engine, "tun2", 30);
	vpn_engine_commit(spoke2->engine);
	make_shortcuts();
	world_lose(NHRP_OP_REGISTRATION_REQUEST, 1000); /* from now on none gets through */
	world_run(20000);
	resolve_by_hand(4, NULL);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_SUCCESS);
	assert_true(cie.holding_time >= 1 && cie.holding_time <= 20);
}

/* --- limits --- */

static struct dm_addr numbered(uint8_t kind, unsigned int n)
{
	const uint8_t nbma[4] = { 10, kind, (uint8_t)(n >> 8), (uint8_t)n };
	struct dm_addr a;

	dm_addr_set(&a, DM_IPV4, nbma, 4);
	return a;
}

/* A node that needs no engine of its own. */
static struct world_node numbered_node(uint8_t kind, unsigned int n)
{
	const uint8_t mac[6] = { 2, kind, 0, 0, (uint8_t)(n >> 8), (uint8_t)n };
	struct world_node node = { .nbma = numbered(kind, n), .link.vni = 200 };

	dm_addr_set(&node.link.mac, DM_MAC, mac, 6);
	return node;
}

/* N members that the module had, as after a restart; its stand-in's table is smaller, and is kept empty. */
static void adopt_members(uint8_t kind, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct dm_rec rec = {
			.type = DM_REC_MEMBER_HAVE,
			.member = { .ifindex = WORLD_TUN_IFINDEX, .vni = HUB_VNI, .nbma = numbered(kind, i), .remote_vni = 200 },
		};

		vpn_engine_record(hub->engine, &rec);
		hub->num_members = 0;
	}
}

static void test_full_hub_is_code_5(void **state)
{
	struct world_node late = numbered_node(2, 1);
	const struct nhrp_cie empty = { .holding_time = 600 };
	struct nhrp_builder b;
	struct nhrp_msg m, back;
	uint8_t buf[512];

	world_run(100);
	adopt_members(1, VPN_MEMBERS_MAX - 1);
	assert_int_equal(world_num_members(hub), VPN_MEMBERS_MAX);
	m = from_spoke(&late, NHRP_OP_REGISTRATION_REQUEST, 1);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &empty);
	deliver(hub, &late.nbma, &b);
	back = sent(NHRP_OP_REGISTRATION_REPLY);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_NO_RESOURCES);
	assert_int_equal(world_num_members(hub), VPN_MEMBERS_MAX);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_LIMIT), 1);
	/* who is in may renew */
	m = from_spoke(spoke1, NHRP_OP_REGISTRATION_REQUEST, 2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &empty);
	deliver(hub, &spoke1->nbma, &b);
	back = sent(NHRP_OP_REGISTRATION_REPLY);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_SUCCESS);
}

static void test_full_list_of_askers_is_code_5(void **state)
{
	struct nhrp_builder b;
	struct nhrp_msg back;
	uint8_t buf[512];

	make_shortcuts(); /* spoke1 is the first who asked for VM2 */
	adopt_members(1, VPN_ASKERS_MAX);
	for (unsigned int i = 0; i < VPN_ASKERS_MAX; i++) {
		struct world_node asker = numbered_node(1, i);
		struct nhrp_msg m = from_spoke(&asker, NHRP_OP_RESOLUTION_REQUEST, i);

		m.dst_proto = world_addr(VM2);
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		deliver(hub, &asker.nbma, &b);
		back = sent(NHRP_OP_RESOLUTION_REPLY);
		assert_int_equal(back.request_id, i);
		assert_int_equal(cie_at(&back, 0).code,
				 i + 1 < VPN_ASKERS_MAX ? NHRP_CIE_SUCCESS : NHRP_CIE_NO_RESOURCES);
	}
	/* who is on the list may ask again */
	resolve_by_hand(1, NULL);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_SUCCESS);
}

/* --- purges, RFC 2332 5.2.5 and 5.2.6 --- */

static void test_purge_names_the_mac(void **state)
{
	struct world_node *spoke3 = world_spoke(4, 102);
	const struct dm_addr vm2 = world_addr(VM2);
	struct nhrp_msg m;
	struct nhrp_cie cie;

	world_configure(spoke3, 1, hub);
	make_shortcuts();
	world_mac_seen(hub, spoke3, HUB_VNI, VM2);
	m = got_by(spoke1, NHRP_OP_PURGE_REQUEST);
	assert_int_equal(m.flags, 0); /* the hub waits for the reply */
	assert_addr(&m.src_nbma, &hub->nbma);
	assert_addr(&m.src_proto, &hub->link.mac);
	assert_addr(&m.dst_proto, &spoke1->link.mac);
	assert_int_equal(num_cies(&m), 1);
	cie = cie_at(&m, 0);
	assert_int_equal(cie.code, 0);
	assert_int_equal(cie.mtu, 0);
	assert_int_equal(cie.holding_time, 0);
	assert_int_equal(cie.preference, 0);
	assert_addr(&cie.proto, &vm2);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 2); /* the former home is told, too */
}

/* A purge as the hub would send it, of two MACs, with an extension that spoke1 does not know. */
static void purge_by_hand(uint16_t flags, const char *first, const char *second)
{
	static const uint8_t value[] = { 9, 8, 7 };
	const struct nhrp_cie cies[] = { { .prefix_len = 48, .proto = world_addr(first) },
					 { .prefix_len = 48, .proto = world_addr(second) } };
	struct nhrp_msg m = from_spoke(hub, NHRP_OP_PURGE_REQUEST, 0xabcd);
	struct nhrp_builder b;
	uint8_t buf[512];

	m.flags = flags;
	m.src_sub = nhrp_subaddr_vni(HUB_VNI);
	m.dst_proto = spoke1->link.mac;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cies[0]);
	nhrp_build_cie(&b, &cies[1]);
	nhrp_build_ext_begin(&b, 0x3809, false);
	nhrp_build_octets(&b, value, sizeof(value));
	nhrp_build_ext_end(&b);
	deliver(spoke1, &hub->nbma, &b);
}

static void test_purge_of_nothing_is_acknowledged(void **state)
{
	const struct dm_addr first = world_addr("02:aa:00:00:00:77"), second = world_addr("02:aa:00:00:00:78");
	struct nhrp_msg back;
	struct nhrp_ext ext;
	struct nhrp_cie cie;

	make_shortcuts();
	purge_by_hand(0, "02:aa:00:00:00:77", "02:aa:00:00:00:78");
	back = sent(NHRP_OP_PURGE_REPLY);
	assert_int_equal(back.request_id, 0xabcd);
	assert_addr(&back.src_nbma, &hub->nbma);
	assert_addr(&back.dst_proto, &spoke1->link.mac);
	assert_int_equal(num_cies(&back), 2);
	cie = cie_at(&back, 0);
	assert_addr(&cie.proto, &first);
	assert_int_equal(cie.prefix_len, 48);
	cie = cie_at(&back, 1);
	assert_addr(&cie.proto, &second);
	assert_true(nhrp_ext_find(&back, 0x3809, &ext));
	assert_int_equal(dm_reader_left(&ext.value), 3);
	assert_non_null(world_fdb(spoke1, VM2)); /* nothing else went */
}

static void test_purge_without_reply(void **state)
{
	make_shortcuts();
	purge_by_hand(NHRP_PURGE_NO_REPLY, "02:aa:00:00:00:77", VM2);
	assert_null(world_fdb(spoke1, VM2)); /* every entry counts, not the first alone */
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 0);
}

static void test_unsolicited_purge_reply_is_ignored(void **state)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_PURGE_REPLY, 4711);
	const struct nhrp_cie cie = { .proto = world_addr(VM2) };
	struct nhrp_builder b;
	uint8_t buf[512];

	make_shortcuts();
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(hub, &spoke1->nbma, &b);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_UNEXPECTED_REPLY), 1);
	assert_non_null(world_fdb(hub, VM2));
	assert_int_equal(world_num_members(hub), 2);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

/* --- errors, RFC 2332 5.2.7 --- */

static void test_error_is_not_answered(void **state)
{
	struct nhrp_msg about = from_spoke(spoke1, NHRP_OP_REGISTRATION_REQUEST, 1);
	static const uint32_t vpns[] = { 1, 99 };
	struct nhrp_builder b;
	uint8_t buf[512];

	world_run(100);
	about.op = NHRP_OP_ERROR_INDICATION;
	about.error_code = NHRP_ERR_PROTOCOL;
	for (size_t i = 0; i < 2; i++) {
		about.vpn.index = vpns[i];
		nhrp_build_begin(&b, buf, sizeof(buf), &about);
		nhrp_build_ext_empty(&b, 0x3802, true); /* not even when it has what it must not have */
		deliver(hub, &spoke1->nbma, &b);
		nhrp_build_begin(&b, buf, sizeof(buf), &about);
		deliver(spoke1, &hub->nbma, &b);
	}
	assert_int_equal(vpn_engine_counters(hub->engine)->received[NHRP_OP_ERROR_INDICATION], 2);
	assert_int_equal(vpn_engine_counters(spoke1->engine)->received[NHRP_OP_ERROR_INDICATION], 2);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
}

/* --- extensions, RFC 2332 5.3 and RFC 2735 3.3, 4.2 --- */

static void put_ext(struct nhrp_builder *b, uint16_t type, bool compulsory, const char *value)
{
	nhrp_build_ext_begin(b, type, compulsory);
	nhrp_build_octets(b, value, strlen(value));
	nhrp_build_ext_end(b);
}

static void test_extensions_of_a_resolution_come_back(void **state)
{
	static const struct {
		uint16_t type;
		bool compulsory;
		const char *value; /* NULL: the responder's to fill in */
	} exts[] = {
		{ NHRP_EXT_VENDOR, false, "one vendor" }, { NHRP_EXT_REVERSE_TRANSIT, true, "" },
		{ 0x3809, false, "experiment" },	  { NHRP_EXT_RESPONDER, true, NULL },
		{ NHRP_EXT_VENDOR, false, "another" },	  { NHRP_EXT_FORWARD_TRANSIT, true, "" },
		{ 0x1203, false, "" },
	};
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, 12), back;
	struct nhrp_builder b;
	struct nhrp_ext ext;
	uint8_t buf[512];

	make_shortcuts();
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	for (size_t i = 0; i < sizeof(exts) / sizeof(exts[0]); i++)
		put_ext(&b, exts[i].type, exts[i].compulsory, exts[i].value ? exts[i].value : "");
	deliver(hub, &spoke1->nbma, &b);

	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(back.request_id, 12);
	for (size_t i = 0; i < sizeof(exts) / sizeof(exts[0]); i++) {
		assert_true(nhrp_ext_next(&back.exts, &ext));
		assert_int_equal(ext.type, exts[i].type);
		assert_int_equal(ext.compulsory, exts[i].compulsory);
		if (!exts[i].value)
			continue;
		assert_int_equal(dm_reader_left(&ext.value), strlen(exts[i].value));
		assert_memory_equal(ext.value.p, exts[i].value, strlen(exts[i].value));
	}
	assert_false(nhrp_ext_next(&back.exts, &ext)); /* and none that was not asked for */
}

static void test_responder_address(void **state)
{
	static const uint8_t replies[] = { NHRP_OP_REGISTRATION_REPLY, NHRP_OP_RESOLUTION_REPLY };

	make_shortcuts();
	for (size_t i = 0; i < 2; i++) {
		struct nhrp_msg m = sent(replies[i]);
		struct nhrp_ext ext;
		struct nhrp_cie cie;

		assert_true(nhrp_ext_find(&m, NHRP_EXT_RESPONDER, &ext));
		assert_true(nhrp_cie_next(&ext.value, m.afn, m.pro_type, &cie));
		assert_int_equal(dm_reader_left(&ext.value), 0);
		assert_int_equal(cie.code, 0);
		assert_int_equal(cie.prefix_len, 0);
		assert_int_equal(cie.mtu, 1450);
		assert_true(cie.holding_time > 0);
		assert_int_equal(cie.sub.vni, HUB_VNI);
		assert_addr(&cie.nbma, &hub->nbma);
		assert_addr(&cie.proto, &hub->link.mac);
	}
	/* of an answer, too: a MAC is a whole address */
	struct nhrp_msg reply = sent(NHRP_OP_RESOLUTION_REPLY);
	struct nhrp_cie answer = cie_at(&reply, 0);

	assert_true(answer.prefix_len == 0 || answer.prefix_len == 48 || answer.prefix_len == 0xff);
}

static void test_capabilities_are_exchanged(void **state)
{
	uint32_t source, target;
	struct nhrp_msg m;
	struct nhrp_ext ext;

	make_shortcuts();
	m = sent(NHRP_OP_RESOLUTION_REQUEST);
	assert_true(nhrp_ext_find(&m, NHRP_EXT_CAPABILITIES, &ext));
	assert_false(ext.compulsory);
	assert_true(nhrp_ext_capabilities(&ext, &source, &target));
	assert_int_equal(source, NHRP_CAPABILITY_VPN);
	assert_int_equal(target, 0);
	m = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_true(nhrp_ext_find(&m, NHRP_EXT_CAPABILITIES, &ext));
	assert_false(ext.compulsory);
	assert_true(nhrp_ext_capabilities(&ext, &source, &target));
	assert_int_equal(source, NHRP_CAPABILITY_VPN);
	assert_int_equal(target, NHRP_CAPABILITY_VPN);
}

static void test_resolution_without_capabilities(void **state)
{
	struct nhrp_msg back;
	struct nhrp_ext ext;

	make_shortcuts();
	resolve_by_hand(3, NULL);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(back.request_id, 3);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_SUCCESS);
	assert_false(nhrp_ext_find(&back, NHRP_EXT_CAPABILITIES, &ext));
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, trio_setup_spoke1, trio_teardown)
	CASE(test_request_flags),
	CASE(test_same_id_on_every_try),
	CASE(test_ids_do_not_count_up),
	CASE(test_reply_is_made_of_the_request),
	CASE(test_empty_entry_means_the_header),
	CASE(test_refusals_hold_for_no_time),
	CASE(test_entry_of_a_resolution_request_is_ignored),
	CASE(test_answer_holds_no_longer_than_the_registration),
	CASE(test_full_hub_is_code_5),
	CASE(test_full_list_of_askers_is_code_5),
	CASE(test_purge_names_the_mac),
	CASE(test_purge_of_nothing_is_acknowledged),
	CASE(test_purge_without_reply),
	CASE(test_unsolicited_purge_reply_is_ignored),
	CASE(test_error_is_not_answered),
	CASE(test_extensions_of_a_resolution_come_back),
	CASE(test_responder_address),
	CASE(test_capabilities_are_exchanged),
	CASE(test_resolution_without_capabilities),
};

int main(void)
{
	return cmocka_run_group_tests_name("conformance", tests, NULL, NULL);
}

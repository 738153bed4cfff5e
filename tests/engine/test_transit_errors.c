// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a hub does not pass on, and whom it tells: loops, the end of the hops, strangers, replies
 * that nobody waits for, messages that are broken or too long; and how errors that
 * others report find their way. RFC 2332 5.1, 5.2.7, 5.3 to 5.3.4; RFC 2735 3.4.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "nhrpd/vpn_transit.h"
#include "tests/engine/peer.h"
#include "tests/engine/quartet.h"

#define AT_HOP_COUNT 9

static unsigned int requests(void)
{
	return world_seen(NHRP_OP_RESOLUTION_REQUEST);
}

static unsigned int replies(void)
{
	return world_seen(NHRP_OP_RESOLUTION_REPLY);
}

static unsigned int errors(void)
{
	return world_seen(NHRP_OP_ERROR_INDICATION);
}

/* The last error that the node sent is this one, from the observer to the station. */
static void assert_error(const struct world_node *by, uint16_t code, const struct world_node *observer,
			 const struct world_node *station)
{
	struct nhrp_msg m;

	assert_true(by->sent[NHRP_OP_ERROR_INDICATION].len > 0);
	m = sent_by(by, NHRP_OP_ERROR_INDICATION);
	assert_int_equal(m.error_code, code);
	assert_int_equal(m.vpn.index, 1);
	assert_addr(&m.src_proto, &observer->link.mac);
	assert_addr(&m.src_nbma, &observer->nbma);
	if (station)
		assert_addr(&m.dst_proto, &station->link.mac);
	assert_int_equal(dm_reader_left(&m.exts), 0);
}

/* --- hops, RFC 2332 5.1 --- */

static void test_request_without_hops_is_error_15(void **state)
{
	struct nhrp_builder b;
	uint8_t buf[512];

	quartet_request(&b, buf, sizeof(buf), 0, 1);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(requests(), 0);
	assert_int_equal(refused(hub1, VPN_REFUSED_HOP_COUNT), 1);
	assert_error(hub1, NHRP_ERR_HOP_COUNT, hub1, spoke1);
	assert_int_equal(sent_by(hub1, NHRP_OP_ERROR_INDICATION).error_offset, AT_HOP_COUNT);
	/* the last hop that there is leads to hub2, who need not pass it on */
	quartet_request(&b, buf, sizeof(buf), 1, 2);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST).hop_count, 0);
	assert_int_equal(sent_by(hub1, NHRP_OP_RESOLUTION_REPLY).request_id, 2);
	/* nor does hub1 for what it knows itself */
	world_mac_seen(hub1, spoke1, HUB_VNI, VM2);
	quartet_request(&b, buf, sizeof(buf), 0, 3);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(sent_by(hub1, NHRP_OP_RESOLUTION_REPLY).request_id, 3);
	assert_int_equal(refused(hub1, VPN_REFUSED_HOP_COUNT), 1);
}

/* The answer that hub1 waits for, as a test makes it. */
static void reply(struct nhrp_builder *b, void *buf, size_t size, uint8_t hops, uint32_t id)
{
	static struct nhrp_msg m;
	const struct nhrp_cie cie = { .holding_time = 60, .nbma = spoke2->nbma, .sub = nhrp_subaddr_vni(101),
				      .proto = world_addr(VM2) };

	m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REPLY, id);
	m.flags = NHRP_RES_AUTHORITATIVE;
	m.hop_count = hops;
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(b, buf, size, &m);
	nhrp_build_cie(b, &cie);
}

/* spoke1 has asked, and hub2's answer is lost. Returns the request's ID. */
static uint32_t wait_for_an_answer(void)
{
	world_lose(NHRP_OP_RESOLUTION_REPLY, 1);
	quartet_ask();
	assert_null(world_fdb(spoke1, VM2));
	return sent_by(spoke1, NHRP_OP_RESOLUTION_REQUEST).request_id;
}

static void test_reply_without_hops_is_error_15(void **state)
{
	uint32_t id = wait_for_an_answer();
	unsigned int before = replies();
	struct nhrp_builder b;
	uint8_t buf[512];

	reply(&b, buf, sizeof(buf), 0, id);
	deliver(hub1, &hub2->nbma, &b);
	assert_int_equal(replies(), before);
	assert_error(hub1, NHRP_ERR_HOP_COUNT, hub1, NULL);
	assert_null(world_fdb(spoke1, VM2));
	/* it was discarded: the right one still finds its way */
	reply(&b, buf, sizeof(buf), 1, id);
	deliver(hub1, &hub2->nbma, &b);
	assert_int_equal(sent_by(hub1, NHRP_OP_RESOLUTION_REPLY).hop_count, 0);
	assert_non_null(world_fdb(spoke1, VM2));
}

/* --- loops, RFC 2332 5.2.7, 5.3.1 to 5.3.3 --- */

/*
 * Three hubs in a ring, each asks the next one. The NBMA addresses of their VXLAN devices are
 * others than those they speak from, so nobody can tell from a record whom not to ask.
 */
static struct world_node *ring(void)
{
	struct world_node *hub3 = world_hub(6), *hubs[] = { hub1, hub2, hub3 };
	const uint8_t vxlan[] = { 10, 1, 0, 1 };

	world_configure(hub3, 1, hub1);
	quartet_servers(hub1, hub2, hub3, NULL);
	quartet_servers(hub2, hub3, hub1, NULL);
	quartet_servers(hub3, hub1, hub2, NULL);
	for (uint8_t i = 0; i < 3; i++) {
		dm_addr_set(&hubs[i]->link.local, DM_IPV4, vxlan, 4);
		hubs[i]->link.local.octets[3] = i;
		world_link(hubs[i]);
	}
	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke2->engine);
	world_run(0);
	return hub3;
}

static void test_loop_in_the_record_is_error_3(void **state)
{
	struct world_node *hub3 = ring();
	struct nhrp_msg m;

	quartet_ask();
	/* to hub1, hub2, hub3, and to hub1 again */
	assert_int_equal(requests(), 4);
	assert_int_equal(num_ext_cies(&(struct nhrp_msg[]){ sent_by(hub3, NHRP_OP_RESOLUTION_REQUEST) }[0],
				      NHRP_EXT_FORWARD_TRANSIT), 3);
	/* hub1's error goes back round the ring, and ends where it began: the loop's request and its error were refused */
	assert_int_equal(errors(), 3);
	assert_int_equal(refused(hub1, VPN_REFUSED_LOOP), 2);
	m = sent_by(hub1, NHRP_OP_ERROR_INDICATION);
	assert_int_equal(m.error_code, NHRP_ERR_LOOP);
	assert_addr(&m.src_proto, &hub1->link.mac);
	assert_int_equal(replies(), 0);
}

/* Nobody asked for a record: then it is told by the request's coming by another way. */
static void test_loop_without_a_record_is_error_3(void **state)
{
	struct nhrp_builder b;
	uint8_t buf[512];

	ring();
	quartet_request(&b, buf, sizeof(buf), 255, 1);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(requests(), 3);
	assert_int_equal(errors(), 3);
	assert_int_equal(refused(hub1, VPN_REFUSED_LOOP), 2);
	assert_int_equal(sent_by(hub1, NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_LOOP);
}

/* Who can be told from the record is not asked in the first place: the way ends, and with it the asking. */
static void test_hubs_in_the_record_are_not_asked(void **state)
{
	struct world_node *hub3 = world_hub(6);
	struct vpn_mac_view v;

	world_configure(hub3, 1, hub1);
	quartet_servers(hub1, hub2, hub3, NULL);
	quartet_servers(hub2, hub1, hub3, NULL);
	quartet_servers(hub3, hub1, hub2, NULL);
	world_mac_seen(hub2, spoke2, HUB_VNI, "02:aa:00:00:00:77");
	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke2->engine);
	world_run(0);
	quartet_ask();
	assert_int_equal(requests(), 3);
	assert_int_equal(replies(), 3);
	assert_int_equal(errors(), 0);
	assert_true(world_mac(spoke1, VM2, &v));
	assert_string_equal(v.type, "negative");
}

/* Nor who asked us, whom no record names: two hubs ask each other, but not about what they were just asked. */
static void test_nobody_is_asked_back(void **state)
{
	struct nhrp_builder b;
	struct nhrp_msg m;
	uint8_t buf[512];

	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke2->engine);
	world_run(0);
	quartet_request(&b, buf, sizeof(buf), 255, 1);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(requests(), 1);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(cie_at(&m, 0).code, NHRP_CIE_NO_BINDING);
	assert_int_equal(refused(hub1, VPN_REFUSED_LOOP), 0);
}

static void test_reply_that_was_here_before_is_error_3(void **state)
{
	static const uint16_t types[] = { NHRP_EXT_REVERSE_TRANSIT, NHRP_EXT_RESPONDER };
	const struct nhrp_cie us = { .holding_time = 60, .proto = hub1->link.mac };
	uint32_t id = wait_for_an_answer();
	unsigned int before = replies();
	struct nhrp_builder b;
	uint8_t buf[512];

	for (unsigned int i = 0; i < 2; i++) {
		reply(&b, buf, sizeof(buf), 255, id);
		nhrp_build_ext_begin(&b, types[i], true);
		nhrp_build_cie(&b, &us);
		nhrp_build_ext_end(&b);
		deliver(hub1, &hub2->nbma, &b);
		assert_int_equal(refused(hub1, VPN_REFUSED_LOOP), i + 1);
		assert_error(hub1, NHRP_ERR_LOOP, hub1, NULL);
		assert_int_equal(replies(), before);
	}
	/* in the Forward record it is where it belongs */
	reply(&b, buf, sizeof(buf), 255, id);
	nhrp_build_ext_begin(&b, NHRP_EXT_FORWARD_TRANSIT, true);
	nhrp_build_cie(&b, &us);
	nhrp_build_ext_end(&b);
	deliver(hub1, &hub2->nbma, &b);
	assert_int_equal(replies(), before + 1);
	assert_non_null(world_fdb(spoke1, VM2));
}

/* --- compulsory extensions, RFC 2332 5.3 --- */

static void test_unknown_compulsory_extension_passes(void **state)
{
	static const uint8_t value[] = { 1, 2, 3 };
	struct nhrp_builder b;
	struct nhrp_msg m;
	struct nhrp_cie cie;
	struct nhrp_ext ext;
	uint8_t buf[512];

	quartet_request(&b, buf, sizeof(buf), 255, 1);
	nhrp_build_ext_empty(&b, NHRP_EXT_FORWARD_TRANSIT, true);
	nhrp_build_ext_begin(&b, 0x3802, true);
	nhrp_build_octets(&b, value, sizeof(value));
	nhrp_build_ext_end(&b);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(refused(hub1, VPN_REFUSED_COMPULSORY_EXTENSION), 0);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST);
	assert_true(nhrp_ext_find(&m, 0x3802, &ext));
	assert_true(ext.compulsory);
	assert_int_equal(dm_reader_left(&ext.value), sizeof(value));
	assert_memory_equal(ext.value.p, value, sizeof(value));
	/* hub1 says that it was there, but not that frames may come to it */
	cie = ext_cie(&m, NHRP_EXT_FORWARD_TRANSIT, 0);
	assert_addr(&cie.proto, &hub1->link.mac);
	assert_false(dm_addr_is_set(&cie.nbma));
	assert_int_equal(cie.sub.len, 0);
	/* hub2, who would have to answer, refuses it; spoke1 is told */
	assert_int_equal(refused(hub2, VPN_REFUSED_COMPULSORY_EXTENSION), 1);
	assert_int_equal(errors(), 2);
	assert_error(hub1, NHRP_ERR_UNRECOGNIZED_EXTENSION, hub2, spoke1);
	assert_int_equal(replies(), 0);
	/* without anybody to pass it on to, so does hub1 */
	quartet_servers(hub1, NULL);
	quartet_request(&b, buf, sizeof(buf), 255, 2);
	nhrp_build_ext_empty(&b, 0x3802, true);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(refused(hub1, VPN_REFUSED_COMPULSORY_EXTENSION), 1);
	assert_error(hub1, NHRP_ERR_UNRECOGNIZED_EXTENSION, hub1, spoke1);
}

/* Authentication is between one hop and the next, so on the way too it must be understood (RFC 2332 5.3.4). */
static void test_unchecked_authentication_is_error_1(void **state)
{
	struct nhrp_builder b;
	uint8_t buf[512];

	quartet_request(&b, buf, sizeof(buf), 255, 1);
	nhrp_build_ext_empty(&b, NHRP_EXT_AUTHENTICATION, true);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(requests(), 0);
	assert_error(hub1, NHRP_ERR_UNRECOGNIZED_EXTENSION, hub1, spoke1);
	/* one that need not be is left out */
	quartet_request(&b, buf, sizeof(buf), 255, 2);
	nhrp_build_ext_empty(&b, NHRP_EXT_AUTHENTICATION, false);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(requests(), 1);
	struct nhrp_msg m = sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST);
	assert_int_equal(dm_reader_left(&m.exts), 0);
}

/* --- who may ask, and whom --- */

/* Only hubs that a hub has for servers are believed to ask for others. */
static void test_hub_that_is_no_server_is_refused(void **state)
{
	struct vpn_mac_view v;
	struct nhrp_msg m;

	quartet_servers(hub2, NULL);
	quartet_ask();
	assert_int_equal(refused(hub2, VPN_REFUSED_NOT_MEMBER), 1);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(cie_at(&m, 0).code, NHRP_CIE_PROHIBITED);
	assert_null(world_fdb(spoke1, VM2));
	assert_true(world_mac(spoke1, VM2, &v));
	assert_string_equal(v.type, "negative");
}

static void test_stranger_is_not_passed_on(void **state)
{
	const struct dm_addr stranger = world_addr("10.0.0.9");
	struct nhrp_builder b;
	uint8_t buf[512];

	quartet_request(&b, buf, sizeof(buf), 255, 1);
	deliver(hub1, &stranger, &b);
	assert_int_equal(requests(), 0);
	assert_int_equal(refused(hub1, VPN_REFUSED_NOT_MEMBER), 1);
	/* nor do a member's messages in another one's name */
	quartet_request(&b, buf, sizeof(buf), 255, 2);
	deliver(hub2, &spoke2->nbma, &b);
	assert_int_equal(requests(), 0);
	assert_int_equal(refused(hub2, VPN_REFUSED_NOT_MEMBER), 1);
}

/* What spoke2 was told must be purged there: a member's name is its own. */
static void test_member_in_anothers_name_is_not_passed_on(void **state)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, 1);
	struct nhrp_builder b;
	uint8_t buf[512];

	m.src_proto = spoke2->link.mac;
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(requests(), 0);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(cie_at(&m, 0).code, NHRP_CIE_NO_BINDING);
}

static void ask_for(const struct dm_addr *mac, uint32_t id)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, id);
	struct nhrp_builder b;
	uint8_t buf[512];

	m.dst_proto = *mac;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub1, &spoke1->nbma, &b);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(m.request_id, id);
	assert_int_equal(cie_at(&m, 0).code, NHRP_CIE_NO_BINDING);
}

/* What nobody can have registered, and what is the hub's own, is not asked for elsewhere. */
static void test_addresses_that_nobody_has(void **state)
{
	const struct dm_addr group = world_addr("01:00:5e:00:00:01"), zero = world_addr("00:00:00:00:00:00");

	ask_for(&group, 1);
	ask_for(&zero, 2);
	ask_for(&(struct dm_addr){ 0 }, 3);
	ask_for(&hub1->link.mac, 4);
	assert_int_equal(requests(), 0);
	assert_int_equal(vpn_engine_counters(hub1->engine)->passed_on, 0);
}

/* --- replies --- */

static void test_reply_of_a_stranger_is_not_passed_on(void **state)
{
	const struct dm_addr stranger = world_addr("10.0.0.9");
	uint32_t id = wait_for_an_answer();
	unsigned int before = replies();
	struct nhrp_builder b;
	uint8_t buf[512];

	reply(&b, buf, sizeof(buf), 255, id);
	deliver(hub1, &stranger, &b);
	reply(&b, buf, sizeof(buf), 255, id);
	deliver(hub1, &spoke1->nbma, &b); /* nor a member's */
	assert_int_equal(refused(hub1, VPN_REFUSED_WRONG_ROLE), 2);
	assert_int_equal(replies(), before);
	assert_int_equal(errors(), 0);
	assert_null(world_fdb(spoke1, VM2));
}

static void test_unsolicited_reply_is_error_10(void **state)
{
	uint32_t id = wait_for_an_answer();
	unsigned int before = replies();
	struct nhrp_builder b;
	uint8_t buf[512];

	reply(&b, buf, sizeof(buf), 255, id + 1);
	deliver(hub1, &hub2->nbma, &b);
	assert_int_equal(refused(hub1, VPN_REFUSED_UNEXPECTED_REPLY), 1);
	assert_error(hub1, NHRP_ERR_INVALID_RESOLUTION_REPLY, hub1, NULL);
	assert_int_equal(replies(), before);
	/* the same answer twice is nobody's fault, and goes on once */
	for (unsigned int i = 0; i < 2; i++) {
		reply(&b, buf, sizeof(buf), 255, id);
		deliver(hub1, &hub2->nbma, &b);
		assert_int_equal(replies(), before + 1);
	}
	assert_int_equal(refused(hub1, VPN_REFUSED_UNEXPECTED_REPLY), 2);
	assert_int_equal(errors(), 1);
	/* and when all is over nobody remembers it */
	world_run(VPN_TRANSIT_MS + 1000);
	reply(&b, buf, sizeof(buf), 255, id);
	deliver(hub1, &hub2->nbma, &b);
	assert_int_equal(errors(), 2);
	assert_int_equal(replies(), before + 1);
}

/* A record that cannot be read is not continued; what follows from it is the sender's to hear. */
static void test_broken_record_is_error_7(void **state)
{
	uint32_t id = wait_for_an_answer();
	unsigned int before = replies(), asked = requests();
	struct nhrp_builder b;
	uint8_t buf[512];

	reply(&b, buf, sizeof(buf), 255, id);
	nhrp_build_ext_begin(&b, NHRP_EXT_REVERSE_TRANSIT, true);
	nhrp_build_octets(&b, "short", 5);
	nhrp_build_ext_end(&b);
	deliver(hub1, &hub2->nbma, &b);
	assert_int_equal(replies(), before);
	assert_error(hub1, NHRP_ERR_PROTOCOL, hub1, NULL);

	quartet_request(&b, buf, sizeof(buf), 255, 9);
	nhrp_build_ext_begin(&b, NHRP_EXT_FORWARD_TRANSIT, true);
	nhrp_build_octets(&b, "short", 5);
	nhrp_build_ext_end(&b);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(requests(), asked);
	assert_error(hub1, NHRP_ERR_PROTOCOL, hub1, spoke1);
	assert_int_equal(refused(hub1, VPN_REFUSED_CONTENT), 2);
}

/* --- size, RFC 2332 5.2.7 --- */

static void test_message_that_gets_too_long_is_error_8(void **state)
{
	static const uint8_t filling[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	uint8_t buf[NHRP_PACKET_MAX_LEN];

	quartet_request(&b, buf, sizeof(buf), 255, 1);
	nhrp_build_ext_empty(&b, NHRP_EXT_FORWARD_TRANSIT, true);
	nhrp_build_ext_begin(&b, NHRP_EXT_VENDOR, false);
	nhrp_build_octets(&b, filling, sizeof(buf) - b.w.used - 4 - 4); /* it is full, and has no room for a record */
	nhrp_build_ext_end(&b);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(requests(), 0);
	assert_int_equal(vpn_engine_counters(hub1->engine)->build_failed, 1);
	assert_int_equal(vpn_engine_counters(hub1->engine)->passed_on, 0);
	assert_error(hub1, NHRP_ERR_SDU_SIZE, hub1, spoke1);
}

/* --- purges --- */

/* RFC 2735 3.4: nobody here knows how to go on. */
static void test_purge_for_nobody_is_error_6(void **state)
{
	const struct dm_addr nobody = world_addr("02:00:00:00:00:99");

	quartet_purge(5, &nobody, hub2, &hub2->nbma);
	assert_int_equal(refused(hub1, VPN_REFUSED_UNREACHABLE), 1);
	assert_error(hub1, NHRP_ERR_UNREACHABLE, hub1, hub2);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST) + world_seen(NHRP_OP_PURGE_REPLY), 0);
}

/* A hub that hub1 would send it back to has lost its way itself. */
static void test_purge_that_leads_back_is_error_6(void **state)
{
	const struct dm_addr station = world_addr("02:cc:00:00:00:07");
	struct world_node *hub3 = world_hub(6);

	hub3->deaf = hub2->deaf = true;
	quartet_servers(hub1, hub3, hub2, NULL);
	quartet_relay(hub3, 7, 600);
	quartet_purge(5, &station, hub2, &hub2->nbma);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 0);
	assert_int_equal(refused(hub1, VPN_REFUSED_UNREACHABLE), 1);
	assert_error(hub1, NHRP_ERR_UNREACHABLE, hub1, hub2);
	quartet_purge(5, &station, hub3, &hub3->nbma);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 1);
}

/* Strangers cannot make spokes forget, by way of their own hub even less. */
static void test_purge_of_a_stranger_is_not_passed_on(void **state)
{
	const struct dm_addr stranger = world_addr("10.0.0.9");

	quartet_ask();
	quartet_purge(5, &spoke1->link.mac, hub2, &stranger);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 0);
	assert_int_equal(refused(hub1, VPN_REFUSED_NOT_MEMBER), 1);
	assert_non_null(world_fdb(spoke1, VM2));
}

/* The reply must come from the station that was asked to forget. */
static void test_purge_reply_of_another_ends_nothing(void **state)
{
	struct world_node *spoke3 = world_spoke(5, 102);
	uint8_t copy[NHRP_PACKET_MAX_LEN];
	size_t len;

	quartet_ask();
	world_configure(spoke3, 1, hub2);
	world_run(100);
	world_lose_after(NHRP_OP_PURGE_REPLY, 1, 1); /* the first is the former home's */
	world_mac_seen(hub2, spoke3, HUB_VNI, VM2);
	len = spoke1->sent[NHRP_OP_PURGE_REPLY].len;
	memcpy(copy, spoke1->sent[NHRP_OP_PURGE_REPLY].octets, len);
	world_inject(hub1, &(const struct dm_addr[]){ world_addr("10.0.0.9") }[0], copy, len);
	world_run(0);
	assert_int_equal(refused(hub1, VPN_REFUSED_UNEXPECTED_REPLY), 1);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 2);
	world_inject(hub1, &spoke1->nbma, copy, len);
	world_run(0);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 3);
}

/* --- errors of others, RFC 2332 5.2.7 --- */

/* An error of CODE about the octets, as the node at FROM would report it. */
static void report(const struct world_node *by, const struct dm_addr *from, uint8_t hops, const uint8_t *octets,
		   size_t len)
{
	struct nhrp_msg m = from_spoke(by, NHRP_OP_ERROR_INDICATION, 0);
	struct nhrp_builder b;
	uint8_t buf[NHRP_PACKET_MAX_LEN];

	m.src_sub = nhrp_subaddr_vni(HUB_VNI);
	m.hop_count = hops;
	m.error_code = NHRP_ERR_UNREACHABLE;
	m.error_offset = 3;
	m.dst_proto = spoke1->link.mac;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, octets, len);
	deliver(hub1, from, &b);
}

/* They go back to whom they concern, and only from where the message in error went. */
static void test_errors_find_their_way(void **state)
{
	const struct dm_addr stranger = world_addr("10.0.0.9");
	struct nhrp_msg asked, m;
	unsigned int before;

	wait_for_an_answer();
	before = errors();
	asked = sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST);
	report(hub2, &stranger, 255, asked.packet, asked.packet_len);
	report(hub2, &spoke1->nbma, 255, asked.packet, asked.packet_len);
	report(hub2, &hub2->nbma, 255, asked.packet, asked.packet_len - 1); /* cut short: nobody knows about what */
	report(hub2, &hub2->nbma, 0, asked.packet, asked.packet_len);
	report(hub1, &hub2->nbma, 255, asked.packet, asked.packet_len); /* our own, come round */
	assert_int_equal(errors(), before);
	assert_int_equal(refused(hub1, VPN_REFUSED_HOP_COUNT), 1);
	assert_int_equal(refused(hub1, VPN_REFUSED_LOOP), 1);
	report(hub2, &hub2->nbma, 255, asked.packet, asked.packet_len);
	assert_int_equal(errors(), before + 1);
	assert_error(hub1, NHRP_ERR_UNREACHABLE, hub2, spoke1);
	m = sent_by(hub1, NHRP_OP_ERROR_INDICATION);
	assert_int_equal(m.error_offset, 3);
	assert_int_equal(m.hop_count, 254);
	assert_int_equal(dm_reader_left(&m.body), asked.packet_len);
	assert_memory_equal(m.body.p, asked.packet, asked.packet_len);
	/* nothing follows from an error, which anybody could have made: the answer still comes through */
	world_run(1000);
	assert_non_null(world_fdb(spoke1, VM2));
}

/* Who answers hears what its reply led to. */
static void test_error_about_a_reply_goes_to_its_sender(void **state)
{
	struct nhrp_msg answered;
	unsigned int before;

	quartet_ask();
	before = errors();
	answered = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	report(spoke1, &spoke1->nbma, 255, answered.packet, answered.packet_len);
	assert_int_equal(errors(), before + 1);
	assert_int_equal(sent_by(hub1, NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_UNREACHABLE);
	report(hub2, &hub2->nbma, 255, answered.packet, answered.packet_len); /* it did not go there */
	assert_int_equal(errors(), before + 1);
}

static void test_flood_of_errors_is_not_passed_on(void **state)
{
	struct nhrp_msg asked;

	wait_for_an_answer();
	asked = sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST);
	for (unsigned int i = 0; i < 100; i++)
		report(hub2, &hub2->nbma, 255, asked.packet, asked.packet_len);
	assert_true(errors() >= 1 && errors() <= 10);
}

/* --- VPNs --- */

/* hub1 has two, hub2 one of them: what is asked in the other stays in it, and is no business of the first. */
static void test_vpns_stay_apart_on_the_way(void **state)
{
	struct world_node *spoke3 = world_spoke(5, 102);
	struct nhrp_msg m;
	struct nhrp_builder b;
	uint8_t buf[512];

	vpn_engine_set_instance(hub1->engine, "tun2", (struct vpn_id){ .index = 2 }, 0);
	vpn_engine_commit(hub1->engine);
	world_configure(spoke3, 2, hub1);
	world_run(100);
	m = from_spoke(spoke3, NHRP_OP_RESOLUTION_REQUEST, 7);
	m.vpn.index = 2;
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub1, &spoke3->nbma, &b);
	assert_int_equal(sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST).vpn.index, 2);
	assert_int_equal(replies(), 0);
	m = sent_by(hub1, NHRP_OP_ERROR_INDICATION);
	assert_int_equal(m.error_code, NHRP_ERR_VPN_NOT_SUPPORTED);
	assert_int_equal(m.vpn.index, 2);
	/* an answer in the wrong one finds nothing either */
	m = from_spoke(spoke3, NHRP_OP_RESOLUTION_REPLY, 7);
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &(const struct nhrp_cie){ .code = NHRP_CIE_NO_BINDING });
	deliver(hub1, &hub2->nbma, &b);
	assert_int_equal(refused(hub1, VPN_REFUSED_UNEXPECTED_REPLY), 1);
	assert_int_equal(replies(), 0);
}

/* RFC 2735 3.1, 3.2: what a peer that knows no VPNs asks goes on with headers, and what comes of it to the peer without. */
static void test_peer_without_vpns_on_the_way(void **state)
{
	const struct vpn_id vpn = { .index = 1 };
	const struct nhrp_cie cie = { .holding_time = 600 };
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_RESOLUTION_REQUEST, 3);
	struct nhrp_builder b;
	uint8_t buf[512];

	world_assign(hub1, &vpn);
	m.dst_proto = world_addr(VM1);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub1, &hub2->nbma, &b); /* so hub2 knows VPNs */
	for (unsigned int i = 0; i < 3; i++) {
		m = from_spoke(spoke1, i ? NHRP_OP_RESOLUTION_REQUEST : NHRP_OP_REGISTRATION_REQUEST, 10 + i);
		m.has_vpn = false;
		if (i)
			m.dst_proto = world_addr(VM2);
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		if (!i)
			nhrp_build_cie(&b, &cie);
		if (i == 2)
			nhrp_build_ext_empty(&b, 0x3802, true);
		deliver(hub1, &spoke1->nbma, &b);
	}
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST);
	assert_true(m.has_vpn && m.vpn.index == 1);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_false(m.has_vpn);
	assert_int_equal(m.request_id, 11);
	assert_int_equal(cie_at(&m, 0).code, NHRP_CIE_SUCCESS);
	assert_true(sent_by(hub2, NHRP_OP_ERROR_INDICATION).has_vpn);
	m = sent_by(hub1, NHRP_OP_ERROR_INDICATION);
	assert_false(m.has_vpn);
	assert_int_equal(m.error_code, NHRP_ERR_UNRECOGNIZED_EXTENSION);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, quartet_setup, quartet_teardown)
	CASE(test_request_without_hops_is_error_15),
	CASE(test_reply_without_hops_is_error_15),
	CASE(test_loop_in_the_record_is_error_3),
	CASE(test_loop_without_a_record_is_error_3),
	CASE(test_hubs_in_the_record_are_not_asked),
	CASE(test_nobody_is_asked_back),
	CASE(test_reply_that_was_here_before_is_error_3),
	CASE(test_unknown_compulsory_extension_passes),
	CASE(test_unchecked_authentication_is_error_1),
	CASE(test_hub_that_is_no_server_is_refused),
	CASE(test_stranger_is_not_passed_on),
	CASE(test_member_in_anothers_name_is_not_passed_on),
	CASE(test_addresses_that_nobody_has),
	CASE(test_reply_of_a_stranger_is_not_passed_on),
	CASE(test_unsolicited_reply_is_error_10),
	CASE(test_broken_record_is_error_7),
	CASE(test_message_that_gets_too_long_is_error_8),
	CASE(test_purge_for_nobody_is_error_6),
	CASE(test_purge_that_leads_back_is_error_6),
	CASE(test_purge_of_a_stranger_is_not_passed_on),
	CASE(test_purge_reply_of_another_ends_nothing),
	CASE(test_errors_find_their_way),
	CASE(test_error_about_a_reply_goes_to_its_sender),
	CASE(test_flood_of_errors_is_not_passed_on),
	CASE(test_vpns_stay_apart_on_the_way),
	CASE(test_peer_without_vpns_on_the_way),
};

int main(void)
{
	return cmocka_run_group_tests_name("what is not passed on", tests, NULL, NULL);
}

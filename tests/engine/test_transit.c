// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages on their way through a hub: what it passes on, what it writes into it, and that all
 * find their way back, however the network treats them. RFC 2332 2, 5.1, 5.2.2, 5.2.5, 5.3 to
 * 5.3.3; RFC 2735 3.1. With keys: test_transit_keys.c; what is refused on the way: test_transit_errors.c.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/peer.h"
#include "tests/engine/quartet.h"

#define VM3 "02:aa:00:00:00:03"

static unsigned int requests(void)
{
	return world_seen(NHRP_OP_RESOLUTION_REQUEST);
}

static unsigned int replies(void)
{
	return world_seen(NHRP_OP_RESOLUTION_REPLY);
}

static uint64_t passed_on(struct world_node *n)
{
	return vpn_engine_counters(n->engine)->passed_on;
}

static void assert_no_errors(void)
{
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

/* Both have the same octets between their headers and their extensions. */
static void assert_same_body(const struct nhrp_msg *a, const struct nhrp_msg *b)
{
	assert_int_equal(dm_reader_left(&a->body), dm_reader_left(&b->body));
	assert_memory_equal(a->body.p, b->body.p, dm_reader_left(&a->body));
}

static void assert_same_header(const struct nhrp_msg *a, const struct nhrp_msg *b)
{
	assert_true(a->has_vpn && b->has_vpn && !vpn_id_cmp(&a->vpn, &b->vpn));
	assert_int_equal(a->op, b->op);
	assert_int_equal(a->pro_type, b->pro_type);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->request_id, b->request_id);
	assert_addr(&a->src_nbma, &b->src_nbma);
	assert_int_equal(a->src_sub.vni, b->src_sub.vni);
	assert_addr(&a->src_proto, &b->src_proto);
	assert_addr(&a->dst_proto, &b->dst_proto);
}

/* The same extensions in the same order, and the same in them but for the one of that type. */
static void assert_same_extensions(const struct nhrp_msg *a, const struct nhrp_msg *b, uint16_t but)
{
	struct dm_reader ra = a->exts, rb = b->exts;
	struct nhrp_ext ea, eb;
	unsigned int n = 0;

	for (; nhrp_ext_next(&ra, &ea); n++) {
		assert_true(nhrp_ext_next(&rb, &eb));
		assert_int_equal(ea.type, eb.type);
		assert_int_equal(ea.compulsory, eb.compulsory);
		if (ea.type == but)
			continue;
		assert_int_equal(dm_reader_left(&ea.value), dm_reader_left(&eb.value));
		if (dm_reader_left(&ea.value))
			assert_memory_equal(ea.value.p, eb.value.p, dm_reader_left(&ea.value));
	}
	assert_false(nhrp_ext_next(&rb, &eb));
	assert_true(n > 0);
}

/* What a hub puts of itself into a record (RFC 2332 5.3.2, 5.3.3). */
static void assert_element(const struct nhrp_cie *cie, const struct world_node *hub)
{
	assert_int_equal(cie->code, 0);
	assert_int_equal(cie->prefix_len, 0);
	assert_int_equal(cie->mtu, 1450);
	assert_int_equal(cie->holding_time, VPN_DEFAULT_HOLDTIME);
	assert_int_equal(cie->preference, 0);
	assert_addr(&cie->nbma, &hub->nbma);
	assert_true(cie->sub.has_vni);
	assert_int_equal(cie->sub.vni, HUB_VNI);
	assert_addr(&cie->proto, &hub->link.mac);
}

static unsigned int num_elements(const struct world_node *n, uint8_t op, uint16_t type)
{
	struct nhrp_msg m = sent_by(n, op);

	return num_ext_cies(&m, type);
}

/* --- the way there and back --- */

static void test_answer_of_another_hub(void **state)
{
	struct vpn_mac_view v;

	quartet_ask();
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	assert_int_equal(requests(), 2);
	assert_int_equal(replies(), 2);
	assert_int_equal(passed_on(hub1), 2);
	assert_int_equal(passed_on(hub2), 0);
	assert_no_errors();
	/* it was for spoke1; hub1 has no binding of it */
	assert_false(world_mac(hub1, VM2, &v));
	assert_null(world_fdb(hub1, VM2));
	assert_int_equal(world_num_members(hub2), 1);
}

/* Not even where an answer has just passed: RFC 2332 6.2.1 lets a transit NHS keep stable ones only. */
static void test_answers_are_not_cached(void **state)
{
	struct world_node *spoke3 = world_spoke(5, 102);

	world_configure(spoke3, 1, hub1);
	world_run(100);
	quartet_ask();
	assert_int_equal(requests(), 2);
	for (uint16_t flags = 0; flags <= NHRP_RES_AUTHORITATIVE; flags += NHRP_RES_AUTHORITATIVE) {
		struct nhrp_msg m = from_spoke(spoke3, NHRP_OP_RESOLUTION_REQUEST, 70 + flags);
		struct nhrp_builder b;
		uint8_t buf[512];
		struct nhrp_msg back;

		m.flags = flags;
		m.dst_proto = world_addr(VM2);
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		deliver(hub1, &spoke3->nbma, &b);
		back = sent_by(hub2, NHRP_OP_RESOLUTION_REPLY);
		assert_int_equal(back.request_id, 70 + flags);
		assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_SUCCESS);
	}
}

/* RFC 2332 5.1, 5.2.0.1, 5.3, 5.3.2; RFC 2735 3.1. */
static void test_request_is_passed_on_field_by_field(void **state)
{
	struct nhrp_msg before, after;
	struct nhrp_cie cie;

	quartet_ask();
	before = sent_by(spoke1, NHRP_OP_RESOLUTION_REQUEST);
	after = sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST);
	assert_same_header(&before, &after);
	assert_same_body(&before, &after);
	assert_int_equal(before.hop_count, 255);
	assert_int_equal(after.hop_count, 254);
	assert_same_extensions(&before, &after, NHRP_EXT_FORWARD_TRANSIT);
	assert_int_equal(num_ext_cies(&before, NHRP_EXT_FORWARD_TRANSIT), 0);
	assert_int_equal(num_ext_cies(&after, NHRP_EXT_FORWARD_TRANSIT), 1);
	cie = ext_cie(&after, NHRP_EXT_FORWARD_TRANSIT, 0);
	assert_element(&cie, hub1);
}

/* RFC 2332 5.2.2, 5.3.1, 5.3.3: the answering hub stays the responder. */
static void test_reply_is_passed_on_field_by_field(void **state)
{
	struct nhrp_msg request, before, after;
	struct nhrp_cie cie, before_record;

	quartet_ask();
	request = sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST);
	before = sent_by(hub2, NHRP_OP_RESOLUTION_REPLY);
	after = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_same_header(&before, &after);
	assert_same_body(&before, &after);
	assert_int_equal(before.hop_count, 255);
	assert_int_equal(after.hop_count, 254);
	assert_same_extensions(&before, &after, NHRP_EXT_REVERSE_TRANSIT);
	assert_int_equal(num_ext_cies(&before, NHRP_EXT_REVERSE_TRANSIT), 0);
	assert_int_equal(num_ext_cies(&after, NHRP_EXT_REVERSE_TRANSIT), 1);
	cie = ext_cie(&after, NHRP_EXT_REVERSE_TRANSIT, 0);
	assert_element(&cie, hub1);
	cie = ext_cie(&after, NHRP_EXT_RESPONDER, 0);
	assert_element(&cie, hub2);
	assert_int_equal(num_ext_cies(&after, NHRP_EXT_RESPONDER), 1);
	/* the responder gave the Forward record back as it got it, with hub1 alone in it */
	assert_int_equal(num_ext_cies(&before, NHRP_EXT_FORWARD_TRANSIT), 1);
	before_record = ext_cie(&request, NHRP_EXT_FORWARD_TRANSIT, 0);
	cie = ext_cie(&before, NHRP_EXT_FORWARD_TRANSIT, 0);
	assert_memory_equal(&cie, &before_record, sizeof(cie));
}

/* A third hub behind the second: each adds itself behind the others. */
static struct world_node *third_hub(void)
{
	struct world_node *hub3 = world_hub(6);

	world_configure(hub3, 1, hub2);
	quartet_servers(hub2, hub3, hub1, NULL);
	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	world_configure(spoke2, 1, hub3);
	world_run(100);
	world_mac_seen(hub3, spoke2, HUB_VNI, VM2);
	return hub3;
}

static void test_records_of_two_hubs(void **state)
{
	struct world_node *hub3 = third_hub();
	struct nhrp_msg m;
	struct nhrp_cie cie;

	quartet_ask();
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	m = sent_by(hub2, NHRP_OP_RESOLUTION_REQUEST);
	assert_int_equal(m.hop_count, 253);
	assert_int_equal(num_ext_cies(&m, NHRP_EXT_FORWARD_TRANSIT), 2);
	cie = ext_cie(&m, NHRP_EXT_FORWARD_TRANSIT, 0);
	assert_element(&cie, hub1);
	cie = ext_cie(&m, NHRP_EXT_FORWARD_TRANSIT, 1);
	assert_element(&cie, hub2);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(m.hop_count, 253);
	assert_int_equal(num_ext_cies(&m, NHRP_EXT_REVERSE_TRANSIT), 2);
	cie = ext_cie(&m, NHRP_EXT_REVERSE_TRANSIT, 0);
	assert_element(&cie, hub2);
	cie = ext_cie(&m, NHRP_EXT_REVERSE_TRANSIT, 1);
	assert_element(&cie, hub1);
	assert_int_equal(num_ext_cies(&m, NHRP_EXT_FORWARD_TRANSIT), 2);
	cie = ext_cie(&m, NHRP_EXT_RESPONDER, 0);
	assert_element(&cie, hub3);
}

static void test_refusal_is_passed_on(void **state)
{
	struct vpn_mac_view v;
	struct nhrp_msg m;

	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke2->engine);
	world_run(0);
	quartet_ask();
	/* once there and once back: hub2, who knows hub1 as server, does not ask it in turn */
	assert_int_equal(requests(), 2);
	assert_int_equal(replies(), 2);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(cie_at(&m, 0).code, NHRP_CIE_NO_BINDING);
	assert_int_equal(num_ext_cies(&m, NHRP_EXT_REVERSE_TRANSIT), 1);
	assert_true(world_mac(spoke1, VM2, &v));
	assert_string_equal(v.type, "negative");
	assert_no_errors();
}

/* Who is asked for what it has itself passes nothing on, whatever servers it has. */
static void test_own_bindings_are_answered(void **state)
{
	struct world_node *spoke3 = world_spoke(5, 102);
	struct nhrp_msg m;

	world_configure(spoke3, 1, hub1);
	world_run(100);
	world_mac_seen(hub1, spoke3, HUB_VNI, VM2);
	quartet_ask();
	quartet_assert_shortcut(spoke1, VM2, spoke3);
	assert_int_equal(requests(), 1);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(num_ext_cies(&m, NHRP_EXT_REVERSE_TRANSIT), 0); /* RFC 2332 5.3.3: not the responder's */
}

/* --- a network as it is --- */

static void test_each_lost_message_is_made_up_for(void **state)
{
	for (unsigned int leg = 0; leg < 4; leg++) {
		quartet_make();
		quartet_start();
		world_lose_after(leg < 2 ? NHRP_OP_RESOLUTION_REQUEST : NHRP_OP_RESOLUTION_REPLY, leg % 2, 1);
		quartet_ask();
		assert_null(world_fdb(spoke1, VM2));
		world_run(1000);
		quartet_assert_shortcut(spoke1, VM2, spoke2);
		assert_no_errors();
	}
}

static void test_repeated_messages_do_no_harm(void **state)
{
	struct world_node *hub3 = world_hub(6);

	quartet_servers(hub1, hub2, hub3, NULL);
	world_repeat(true);
	quartet_ask();
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	assert_int_equal(num_elements(hub1, NHRP_OP_RESOLUTION_REQUEST, NHRP_EXT_FORWARD_TRANSIT), 1);
	assert_no_errors();
	assert_true(refused(hub1, VPN_REFUSED_UNEXPECTED_REPLY) >= 1);
	/* what the network does is not taken for the server's silence: both copies went to it, and arrived twice */
	assert_int_equal(vpn_engine_counters(hub2->engine)->received[NHRP_OP_RESOLUTION_REQUEST], 4);
}

/* Two ask at the same time, and are answered in the other order. */
static void test_reordered_answers_find_their_asker(void **state)
{
	struct world_node *spoke3 = world_spoke(5, 102);
	uint8_t first[NHRP_PACKET_MAX_LEN];
	struct nhrp_msg m = from_spoke(spoke3, NHRP_OP_RESOLUTION_REQUEST, 4711);
	struct nhrp_builder b;
	uint8_t buf[512];
	size_t len;

	world_configure(spoke3, 1, hub1);
	world_run(100);
	world_mac_seen(hub2, spoke2, HUB_VNI, VM3);
	world_lose(NHRP_OP_RESOLUTION_REPLY, 2);
	quartet_ask();
	len = hub2->sent[NHRP_OP_RESOLUTION_REPLY].len;
	memcpy(first, hub2->sent[NHRP_OP_RESOLUTION_REPLY].octets, len);
	m.dst_proto = world_addr(VM3);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub1, &spoke3->nbma, &b);

	world_inject(hub1, &hub2->nbma, hub2->sent[NHRP_OP_RESOLUTION_REPLY].octets,
		     hub2->sent[NHRP_OP_RESOLUTION_REPLY].len);
	world_run(0);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(m.request_id, 4711);
	assert_addr(&m.src_proto, &spoke3->link.mac);
	assert_int_equal(refused(spoke3, VPN_REFUSED_UNEXPECTED_REPLY), 1); /* it came; its engine had not asked */
	world_inject(hub1, &hub2->nbma, first, len);
	world_run(0);
	quartet_assert_shortcut(spoke1, VM2, spoke2);
}

/* Both ways at once, each hub on the way of the other's. */
static void test_crossing_requests(void **state)
{
	quartet_redirect(hub2, spoke2, VM2, VM1);
	quartet_redirect(hub1, spoke1, VM1, VM2);
	world_run(0);
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	quartet_assert_shortcut(spoke2, VM1, spoke1);
	assert_int_equal(passed_on(hub1), 2);
	assert_int_equal(passed_on(hub2), 2);
	assert_no_errors();
}

/* A server that says nothing is the last one to be asked for a while. */
static void test_silent_server_is_passed_by(void **state)
{
	struct world_node *dead = world_hub(5);

	dead->deaf = true;
	quartet_servers(hub1, dead, hub2, NULL);
	quartet_ask();
	assert_int_equal(requests(), 2); /* to it, in the order of configuration */
	assert_null(world_fdb(spoke1, VM2));
	world_run(1000);
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	/* the next one is not delayed */
	vpn_engine_unset_instance(spoke1->engine, "tun2", (struct vpn_id){ .index = 1 });
	world_configure(spoke1, 1, hub1);
	world_run(100);
	assert_null(world_fdb(spoke1, VM2));
	quartet_ask();
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	/* and when the while is over it has its place again */
	vpn_engine_unset_instance(spoke1->engine, "tun2", (struct vpn_id){ .index = 1 });
	world_configure(spoke1, 1, hub1);
	world_run(31000);
	quartet_ask();
	assert_null(world_fdb(spoke1, VM2));
}

/* A late answer of a server that was given up is an answer. */
static void test_slow_server_is_heard(void **state)
{
	struct world_node *dead = world_hub(5);

	dead->deaf = true;
	quartet_servers(hub1, hub2, dead, NULL);
	world_lose(NHRP_OP_RESOLUTION_REPLY, 1);
	quartet_ask();
	world_run(1000);
	assert_null(world_fdb(spoke1, VM2)); /* it is the other one's turn */
	world_inject(hub1, &hub2->nbma, hub2->sent[NHRP_OP_RESOLUTION_REPLY].octets,
		     hub2->sent[NHRP_OP_RESOLUTION_REPLY].len);
	world_run(0);
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	/* heard, it is the first again */
	vpn_engine_unset_instance(spoke1->engine, "tun2", (struct vpn_id){ .index = 1 });
	world_configure(spoke1, 1, hub1);
	world_run(100);
	quartet_ask();
	quartet_assert_shortcut(spoke1, VM2, spoke2);
}

static void test_renewal_goes_the_same_way(void **state)
{
	quartet_ask();
	spoke1->idle_ms = 0;
	world_run(3 * VPN_DEFAULT_HOLDTIME * 1000ull);
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	assert_no_errors();
}

/* --- purges --- */

/* VM2 moves to another spoke of hub2, and who was told must hear of it (RFC 2332 5.2.5). */
static struct world_node *move_vm2(struct world_node *home)
{
	struct world_node *spoke3 = world_spoke(5, 102);

	world_configure(spoke3, 1, home);
	world_run(100);
	world_mac_seen(home, spoke3, HUB_VNI, VM2);
	return spoke3;
}

static void test_purge_reaches_who_asked(void **state)
{
	struct world_node *spoke3;
	struct nhrp_msg before, after;

	quartet_ask();
	spoke3 = move_vm2(hub2);
	assert_null(world_fdb(spoke1, VM2));
	before = got_by(hub1, NHRP_OP_PURGE_REQUEST);
	after = sent_by(hub1, NHRP_OP_PURGE_REQUEST);
	assert_same_header(&before, &after);
	assert_same_body(&before, &after);
	assert_addr(&after.src_proto, &hub2->link.mac);
	assert_addr(&after.dst_proto, &spoke1->link.mac);
	assert_int_equal(after.hop_count, before.hop_count - 1);
	/* acknowledged all the way, and so not said again */
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 3); /* the former home's, too */
	world_run(20000);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 3);
	quartet_ask();
	quartet_assert_shortcut(spoke1, VM2, spoke3);
	assert_no_errors();
}

static void test_lost_purges_are_repeated(void **state)
{
	/* among those to and from the former home */
	static const unsigned int spared[] = { 0, 2, 1, 2 };

	for (unsigned int leg = 0; leg < 4; leg++) {
		quartet_make();
		quartet_start();
		quartet_ask();
		world_lose_after(leg < 2 ? NHRP_OP_PURGE_REQUEST : NHRP_OP_PURGE_REPLY, spared[leg], 1);
		move_vm2(hub2);
		world_run(1000);
		assert_null(world_fdb(spoke1, VM2));
		assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), leg ? 5 : 4);
		world_run(20000);
		assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), leg ? 5 : 4);
	}
}

static void test_purge_through_two_hubs(void **state)
{
	struct world_node *hub3 = third_hub();
	unsigned int before = world_seen(NHRP_OP_PURGE_REQUEST); /* spoke2 left hub2 */
	struct nhrp_msg m;

	quartet_ask();
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	move_vm2(hub3);
	assert_null(world_fdb(spoke1, VM2));
	m = sent_by(hub1, NHRP_OP_PURGE_REQUEST);
	assert_addr(&m.src_proto, &hub3->link.mac);
	assert_int_equal(m.hop_count, 253);
	world_run(20000);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), before + 4);
	assert_no_errors();
}

/* The hub between has forgotten whom it handed answers to, but not who its members are. */
static void test_purge_after_a_restart(void **state)
{
	quartet_ask();
	world_restart(hub1);
	world_configure(hub1, 1, hub2);
	world_run(40000); /* spoke1 is back */
	assert_int_equal(world_num_members(hub1), 1);
	quartet_assert_shortcut(spoke1, VM2, spoke2);
	move_vm2(hub2);
	assert_null(world_fdb(spoke1, VM2));
	assert_no_errors();
}

/* A member that speaks from elsewhere by then is purged there. */
static void test_purge_follows_a_member(void **state)
{
	const struct dm_addr before = world_addr("10.0.0.77");
	const struct nhrp_cie cie = { .holding_time = 600 };
	struct nhrp_builder b;
	struct nhrp_msg m;
	uint8_t buf[512];

	vpn_engine_unset_instance(spoke1->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke1->engine);
	world_run(0);
	m = from_spoke(spoke1, NHRP_OP_REGISTRATION_REQUEST, 1);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(hub1, &before, &b);
	quartet_request(&b, buf, sizeof(buf), 255, 2);
	deliver(hub1, &before, &b);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(cie_at(&m, 0).code, NHRP_CIE_SUCCESS);
	world_configure(spoke1, 1, hub1);
	world_run(100);
	move_vm2(hub2);
	assert_int_equal(vpn_engine_counters(spoke1->engine)->received[NHRP_OP_PURGE_REQUEST], 1);
}

/* Who was told two things is remembered for as long as the longer of them holds. */
static void test_way_lasts_as_long_as_what_was_told(void **state)
{
	const struct dm_addr station = world_addr("02:cc:00:00:00:07");
	struct world_node *hub3 = world_hub(6);

	hub3->deaf = hub2->deaf = true;
	quartet_servers(hub1, hub3, hub2, NULL);
	quartet_relay(hub3, 7, 600);
	world_run(10000);
	quartet_relay(hub3, 7, 60);
	world_run(200000);
	quartet_purge(5, &station, hub3, &hub3->nbma);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 1);
	assert_no_errors();
	world_run(400000);
	quartet_purge(6, &station, hub3, &hub3->nbma);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 1);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 1);
}

/* N: nobody waits, so nothing is remembered; a reply to it finds nobody. */
static void test_purge_without_reply_is_passed_on(void **state)
{
	const struct nhrp_cie cie = { .proto = world_addr(VM2) };
	struct nhrp_msg m = from_spoke(hub2, NHRP_OP_PURGE_REQUEST, 5);
	struct nhrp_builder b;
	uint8_t buf[512];

	quartet_ask();
	m.src_sub = nhrp_subaddr_vni(HUB_VNI);
	m.dst_proto = spoke1->link.mac;
	m.flags = NHRP_PURGE_NO_REPLY;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(hub1, &hub2->nbma, &b);
	assert_null(world_fdb(spoke1, VM2));
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 0);
	m.op = NHRP_OP_PURGE_REPLY;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(hub1, &spoke1->nbma, &b);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 0);
	assert_int_equal(refused(hub1, VPN_REFUSED_UNEXPECTED_REPLY), 1);
}

/* What a spoke of another hub was told lasts no longer than its answer, nor does the memory of it. */
static void test_old_answers_are_not_purged(void **state)
{
	quartet_ask();
	spoke1->idle_ms = 100000000; /* not in use */
	world_run(VPN_DEFAULT_HOLDTIME * 1000ull + 1000);
	assert_null(world_fdb(spoke1, VM2));
	move_vm2(hub2);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 1); /* to the former home */
}

/* --- extensions --- */

static void put_ext(struct nhrp_builder *b, uint16_t type, bool compulsory, const char *value)
{
	nhrp_build_ext_begin(b, type, compulsory);
	nhrp_build_octets(b, value, strlen(value));
	nhrp_build_ext_end(b);
}

/* RFC 2332 5.3, 5.3.5: whether known or not, all stay as and where they are. */
static void test_extensions_are_passed_on_in_their_order(void **state)
{
	static const uint8_t nat[] = { 0, 0, 0, 0, 5, 220, 0, 60, 4, 0, 0, 0, 192, 0, 2, 1 };
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, 12), before, after;
	struct nhrp_builder b;
	struct nhrp_ext ext;
	uint8_t buf[512];

	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	put_ext(&b, NHRP_EXT_VENDOR, false, "one vendor");
	put_ext(&b, 0x3809, false, "experiment");
	put_ext(&b, NHRP_EXT_REVERSE_TRANSIT, true, "");
	put_ext(&b, NHRP_EXT_FORWARD_TRANSIT, true, "");
	nhrp_build_ext_begin(&b, NHRP_EXT_CAPABILITIES, false); /* 9 as NAT address: a list of CIEs */
	nhrp_build_octets(&b, nat, sizeof(nat));
	nhrp_build_ext_end(&b);
	put_ext(&b, NHRP_EXT_VENDOR, true, "another");
	put_ext(&b, NHRP_EXT_RESPONDER, true, "");
	assert_int_equal(nhrp_msg_decode(&before, buf, nhrp_build_end(&b), NULL), NHRP_DROP_NONE);
	world_inject(hub1, &spoke1->nbma, buf, b.w.used);
	world_run(0);
	after = sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST);
	assert_same_header(&before, &after);
	assert_same_extensions(&before, &after, NHRP_EXT_FORWARD_TRANSIT);
	/* the vendor's compulsory one is the responder's to refuse; without it all would come back */
	assert_true(nhrp_ext_find(&after, NHRP_EXT_CAPABILITIES, &ext));
	assert_int_equal(dm_reader_left(&ext.value), sizeof(nat));
}

/* RFC 2735 3.3: capabilities are the source's and the answering hub's business, the flag of who is between does not count. */
static void test_capabilities_pass_through(void **state)
{
	uint32_t source, target;
	struct nhrp_msg m;
	struct nhrp_ext ext;

	quartet_ask();
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST);
	assert_true(nhrp_ext_find(&m, NHRP_EXT_CAPABILITIES, &ext));
	assert_true(nhrp_ext_capabilities(&ext, &source, &target));
	assert_int_equal(source, NHRP_CAPABILITY_VPN);
	assert_int_equal(target, 0);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_true(nhrp_ext_find(&m, NHRP_EXT_CAPABILITIES, &ext));
	assert_true(nhrp_ext_capabilities(&ext, &source, &target));
	assert_int_equal(target, NHRP_CAPABILITY_VPN);
}

/* Who wants no record and no responder gets none (RFC 2332 5.3: a reply has only what the request had). */
static void test_nothing_is_added_that_was_not_asked_for(void **state)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, 12);
	struct nhrp_builder b;
	uint8_t buf[512];

	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub1, &spoke1->nbma, &b);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REQUEST);
	assert_int_equal(dm_reader_left(&m.exts), 0);
	m = sent_by(hub1, NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(m.request_id, 12);
	assert_int_equal(dm_reader_left(&m.exts), 0);
	assert_int_equal(cie_at(&m, 0).code, NHRP_CIE_SUCCESS);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, quartet_setup, quartet_teardown)
#define BARE_CASE(fn) cmocka_unit_test_setup_teardown(fn, quartet_setup_bare, quartet_teardown)
	CASE(test_answer_of_another_hub),
	CASE(test_answers_are_not_cached),
	CASE(test_request_is_passed_on_field_by_field),
	CASE(test_reply_is_passed_on_field_by_field),
	CASE(test_records_of_two_hubs),
	CASE(test_refusal_is_passed_on),
	CASE(test_own_bindings_are_answered),
	BARE_CASE(test_each_lost_message_is_made_up_for),
	CASE(test_repeated_messages_do_no_harm),
	CASE(test_reordered_answers_find_their_asker),
	CASE(test_crossing_requests),
	CASE(test_silent_server_is_passed_by),
	CASE(test_slow_server_is_heard),
	CASE(test_renewal_goes_the_same_way),
	CASE(test_purge_reaches_who_asked),
	BARE_CASE(test_lost_purges_are_repeated),
	CASE(test_purge_through_two_hubs),
	CASE(test_purge_after_a_restart),
	CASE(test_purge_follows_a_member),
	CASE(test_way_lasts_as_long_as_what_was_told),
	CASE(test_purge_without_reply_is_passed_on),
	CASE(test_old_answers_are_not_purged),
	CASE(test_extensions_are_passed_on_in_their_order),
	CASE(test_capabilities_pass_through),
	CASE(test_nothing_is_added_that_was_not_asked_for),
};

int main(void)
{
	return cmocka_run_group_tests_name("transit", tests, NULL, NULL);
}

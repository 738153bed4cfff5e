// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One VPN's bindings stay out of another: messages of every type that name another VPN than
 * the one whose state they are about, with all else right. Nothing of the other VPN is
 * answered, changed or purged.
 *
 *   hub 10.0.0.1     VPN 1 (VLAN 1, VNI 4097) and VPN 00:00:5e:1 (VLAN 13, VNI 4109)
 *   spoke1 .2        VPN 1, VNI 100: VM1, VM2 of VPN 1 are behind spoke1 and spoke2
 *   spoke2 .3        VPN 1, VNI 101
 *   spoke3 .4        VPN 00:00:5e:1, VNI 102: the same MACs VM1 and VM2 live behind it
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

#define OTHER_VNI 4109 /* VLAN 13 */
#define VM3 "02:aa:00:00:00:03" /* in VPN 00:00:5e:1 only */

static const struct vpn_id mine = { .index = 1 }, other = { .oui = 0x5e, .index = 1 };
static struct world_node *spoke3;

static void configure_other(struct world_node *n, const struct world_node *server, uint16_t vlan)
{
	world_configure(n, 1, server);
	if (server)
		vpn_engine_unset_instance(n->engine, "tun2", mine);
	vpn_engine_set_instance(n->engine, "tun2", other, vlan);
	vpn_engine_commit(n->engine);
}

static int setup(void **state)
{
	trio_make();
	spoke3 = world_spoke(4, 102);
	configure_other(hub, NULL, 13);
	configure_other(spoke3, hub, 0);
	register_and_redirect(hub, spoke1, spoke2);
	world_mac_seen(hub, spoke3, OTHER_VNI, VM1);
	world_mac_seen(hub, spoke3, OTHER_VNI, VM2);
	world_mac_seen(hub, spoke3, OTHER_VNI, VM3);
	world_run(100);
	assert_int_equal(world_num_members(hub), 3);
	return 0;
}

/* All that an engine and its kernel hold, as one number that any change changes. */
struct sum {
	uint64_t hash;
};

static void add(struct sum *s, const void *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s->hash = (s->hash ^ ((const uint8_t *)octets)[i]) * 0x100000001b3;
}

static void add_member(void *arg, const struct vpn_member_view *v)
{
	add(arg, &v->vpn, sizeof(v->vpn));
	add(arg, &v->nbma, sizeof(v->nbma));
	add(arg, &v->mac, sizeof(v->mac));
	add(arg, &v->transport, sizeof(v->transport));
	add(arg, &v->vni, sizeof(v->vni));
	add(arg, &v->num_macs, sizeof(v->num_macs));
}

static void add_mac(void *arg, const struct vpn_mac_view *v)
{
	uint64_t all = 0; /* the table is a hash: its order is no state */
	struct sum one = { .hash = 14695981039346656037u };

	add(&one, &v->vpn, sizeof(v->vpn));
	add(&one, &v->mac, sizeof(v->mac));
	add(&one, &v->nbma, sizeof(v->nbma));
	add(&one, &v->vni, sizeof(v->vni));
	add(&one, v->type, strlen(v->type));
	all = one.hash;
	((struct sum *)arg)->hash += all;
}

static uint64_t state_of(struct world_node *n)
{
	struct sum s = { .hash = 14695981039346656037u };

	vpn_engine_each_member(n->engine, add_member, &s);
	vpn_engine_each_mac(n->engine, add_mac, &s);
	add(&s, n->members, n->num_members * sizeof(n->members[0]));
	add(&s, n->macs, n->num_macs * sizeof(n->macs[0]));
	add(&s, &n->hub, sizeof(n->hub));
	return s.hash;
}

static uint64_t state_of_all(void)
{
	return state_of(hub) + 3 * state_of(spoke1) + 5 * state_of(spoke2) + 7 * state_of(spoke3);
}

/* The sums above see what they are to see. */
static void test_state_is_seen_to_change(void **state)
{
	uint64_t before = state_of_all();

	assert_true(state_of_all() == before);
	world_mac_seen(hub, spoke2, HUB_VNI, VM3);
	assert_true(state_of_all() != before);
}

/* A message of SENDER in VPN, which may not be the sender's, about MAC. */
static struct nhrp_msg forged(const struct world_node *sender, const struct vpn_id *vpn, uint8_t op, const char *mac)
{
	struct nhrp_msg m = from_spoke(sender, op, 4242);

	m.vpn = *vpn;
	if (mac)
		m.dst_proto = world_addr(mac);
	return m;
}

static void send_forged(struct world_node *to, const struct world_node *sender, const struct nhrp_msg *m,
			const struct nhrp_cie *cie)
{
	struct nhrp_builder b;
	uint8_t buf[512];

	nhrp_build_begin(&b, buf, sizeof(buf), m);
	if (cie)
		nhrp_build_cie(&b, cie);
	deliver(to, &sender->nbma, &b);
}

/* The same MACs, three bindings each VPN its own; a question is answered from the VPN it names. */
static void test_answers_come_from_the_vpn_asked(void **state)
{
	struct nhrp_msg m, back;
	struct nhrp_cie cie;

	m = forged(spoke1, &mine, NHRP_OP_RESOLUTION_REQUEST, VM2);
	send_forged(hub, spoke1, &m, NULL);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	cie = cie_at(&back, 0);
	assert_int_equal(vpn_id_cmp(&back.vpn, &mine), 0);
	assert_addr(&cie.nbma, &spoke2->nbma);
	assert_int_equal(cie.sub.vni, 101);
	/* VM3 is known in the other VPN alone */
	m = forged(spoke1, &mine, NHRP_OP_RESOLUTION_REQUEST, VM3);
	send_forged(hub, spoke1, &m, NULL);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_NO_BINDING);
}

/* A member of VPN 1 asks in the other VPN: there it is nobody. */
static void test_question_in_another_vpn_tells_nothing(void **state)
{
	uint64_t before = state_of_all();
	struct nhrp_msg m = forged(spoke1, &other, NHRP_OP_RESOLUTION_REQUEST, VM3), back;
	struct nhrp_cie cie;

	send_forged(hub, spoke1, &m, NULL);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	cie = cie_at(&back, 0);
	assert_int_equal(back.request_id, 4242);
	assert_int_equal(cie.code, NHRP_CIE_PROHIBITED);
	assert_true(is_plain_zero(&cie));
	assert_int_equal(refused(hub, VPN_REFUSED_NOT_MEMBER), 1);
	assert_true(state_of_all() == before);
}

/* The same index under OUIs that nobody has, and indexes that nobody has: error 17, in the VPN that was named. */
static void test_vpns_that_are_nowhere(void **state)
{
	static const struct vpn_id nowhere[] = { { .index = 2 }, { .oui = 0x5f, .index = 1 }, { .oui = 0x5e0000, .index = 1 },
						 { .oui = 0x5e, .index = 2 }, { .oui = 0x5e } };
	uint64_t before = state_of_all();

	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
		for (uint8_t op = NHRP_OP_RESOLUTION_REQUEST; op <= NHRP_OP_PURGE_REPLY; op++) {
			struct nhrp_cie cie = { .proto = world_addr(VM2), .holding_time = 60 };
			struct nhrp_msg m = forged(spoke1, &nowhere[i], op, VM2), back;

			world_run(1000); /* ten errors a second */
			send_forged(hub, spoke1, &m, &cie);
			if (!nhrp_op_is_request(op))
				continue;
			back = sent(NHRP_OP_ERROR_INDICATION);
			assert_int_equal(back.error_code, NHRP_ERR_VPN_NOT_SUPPORTED);
			assert_int_equal(vpn_id_cmp(&back.vpn, &nowhere[i]), 0);
		}
	assert_int_equal(refused(hub, VPN_REFUSED_UNKNOWN_VPN), 30);
	assert_true(state_of_all() == before);
}

/* Purges of a VPN's member, in the other: its MACs, its neighbours' MACs, all of them, itself. */
static void test_purge_in_another_vpn_takes_nothing(void **state)
{
	static const char *const macs[] = { VM1, VM2, VM3 };
	uint64_t before = state_of_all();

	for (size_t i = 0; i < 3; i++)
		for (int all = 0; all <= 1; all++) {
			struct nhrp_cie cie = { .proto = world_addr(macs[i]), .prefix_len = all ? 1 : 0 };
			struct nhrp_msg m = forged(spoke1, &other, NHRP_OP_PURGE_REQUEST, NULL);

			send_forged(hub, spoke1, &m, &cie);
			m = forged(spoke3, &mine, NHRP_OP_PURGE_REQUEST, NULL);
			send_forged(hub, spoke3, &m, &cie);
			cie.proto = spoke1->link.mac;
			send_forged(hub, spoke3, &m, &cie);
		}
	assert_int_equal(refused(hub, VPN_REFUSED_NOT_MEMBER), 18);
	assert_true(state_of_all() == before);
	/* the same in its own VPN takes one MAC there, and the other VPN's stays */
	struct nhrp_msg m = forged(spoke3, &other, NHRP_OP_PURGE_REQUEST, NULL);
	struct nhrp_cie cie = { .proto = world_addr(VM2) };

	send_forged(hub, spoke3, &m, &cie);
	m = forged(spoke1, &mine, NHRP_OP_RESOLUTION_REQUEST, VM2);
	send_forged(hub, spoke1, &m, NULL);
	m = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(cie_at(&m, 0).code, NHRP_CIE_SUCCESS);
	assert_non_null(world_fdb(spoke1, VM2));
}

/* A registration in the other VPN makes a member there, and moves nothing here. */
static void test_registration_in_another_vpn_moves_nothing(void **state)
{
	uint64_t before = state_of(spoke1) + state_of(spoke2);
	struct nhrp_msg m = forged(spoke3, &other, NHRP_OP_REGISTRATION_REQUEST, NULL), back;
	struct nhrp_cie cie = { .proto = world_addr(VM2), .holding_time = 60 };
	struct vpn_mac_view v;

	send_forged(hub, spoke3, &m, &cie); /* VM2 behind spoke3, as it is already */
	cie.proto = world_addr("02:aa:00:00:00:09");
	send_forged(hub, spoke3, &m, &cie);
	assert_true(world_mac(hub, "02:aa:00:00:00:09", &v));
	assert_int_equal(vpn_id_cmp(&v.vpn, &other), 0);
	assert_true(state_of(spoke1) + state_of(spoke2) == before); /* nobody was purged */
	m = forged(spoke1, &mine, NHRP_OP_RESOLUTION_REQUEST, "02:aa:00:00:00:09");
	send_forged(hub, spoke1, &m, NULL);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_NO_BINDING);
}

/* The hub's replies to spoke1 with the right ID, by the right way, in another VPN: neither answer nor refusal. */
static void test_replies_in_another_vpn_answer_nothing(void **state)
{
	const struct nhrp_cie lie = { .holding_time = 600, .nbma = spoke3->nbma, .sub = nhrp_subaddr_vni(102),
				      .proto = world_addr(VM3) };
	struct nhrp_msg asked, m;
	struct vpn_mac_view v;
	uint64_t before;

	world_lose(NHRP_OP_RESOLUTION_REQUEST, 100);
	world_mac_seen(hub, spoke2, HUB_VNI, VM3);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM3);
	asked = sent(NHRP_OP_RESOLUTION_REQUEST);
	assert_addr(&asked.dst_proto, &lie.proto);
	before = state_of_all();

	m = asked;
	m.op = NHRP_OP_RESOLUTION_REPLY;
	m.vpn = other;
	send_forged(spoke1, hub, &m, &lie);
	m.vpn.index = 2;
	send_forged(spoke1, hub, &m, &lie);
	assert_int_equal(refused(spoke1, VPN_REFUSED_UNKNOWN_VPN), 2);
	assert_true(world_mac(spoke1, VM3, &v));
	assert_string_equal(v.type, "resolving");
	assert_true(state_of_all() == before);
	/* in its VPN it is the answer: nothing but the VPN-ID was wrong */
	m.vpn = mine;
	send_forged(spoke1, hub, &m, &lie);
	assert_non_null(world_fdb(spoke1, VM3));
}

static void test_registration_reply_in_another_vpn(void **state)
{
	struct nhrp_msg asked, m;
	struct nhrp_cie refusal = { .code = NHRP_CIE_PROHIBITED };

	world_lose(NHRP_OP_REGISTRATION_REPLY, 100);
	vpn_engine_set_holdtime(spoke1->engine, "tun2", 601); /* registers anew */
	world_run(0);
	asked = sent(NHRP_OP_REGISTRATION_REQUEST);
	assert_addr(&asked.src_nbma, &spoke1->nbma);
	m = asked;
	m.op = NHRP_OP_REGISTRATION_REPLY;
	m.vpn = other;
	send_forged(spoke1, hub, &m, &refusal);
	assert_int_equal(refused(spoke1, VPN_REFUSED_UNKNOWN_VPN), 1);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	m.vpn = mine;
	send_forged(spoke1, hub, &m, &refusal);
	assert_int_equal(world_instance(spoke1).state, VPN_REGISTERING);
}

static void test_purge_reply_in_another_vpn_ends_nothing(void **state)
{
	struct nhrp_msg asked, m;
	struct nhrp_cie cie = { .proto = world_addr("02:aa:00:00:00:03") };
	unsigned int before;

	world_mac_seen(hub, spoke1, HUB_VNI, "02:aa:00:00:00:03");
	world_lose(NHRP_OP_PURGE_REPLY, 100);
	world_mac_seen(hub, spoke2, HUB_VNI, "02:aa:00:00:00:03"); /* it moves: the hub purges spoke1 */
	world_run(0);
	asked = sent(NHRP_OP_PURGE_REQUEST);
	m = asked;
	m.op = NHRP_OP_PURGE_REPLY;
	m.vpn = other;
	send_forged(hub, spoke1, &m, &cie);
	assert_int_equal(refused(hub, VPN_REFUSED_UNEXPECTED_REPLY), 1);
	before = world_seen(NHRP_OP_PURGE_REQUEST);
	world_run(2000);
	assert_true(world_seen(NHRP_OP_PURGE_REQUEST) > before); /* still asked for */
	m.vpn = mine;
	send_forged(hub, spoke1, &m, &cie);
	before = world_seen(NHRP_OP_PURGE_REQUEST);
	world_run(20000);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), before);
}

/* A redirect, a purge and an error of the hub in another VPN: spoke1 asks, forgets and says nothing. */
static void test_hubs_word_in_another_vpn(void **state)
{
	unsigned int asked = world_seen(NHRP_OP_RESOLUTION_REQUEST);
	struct nhrp_cie cie = { .proto = world_addr(VM2) };
	uint64_t before = state_of_all();
	struct nhrp_builder b;
	struct nhrp_msg m;
	uint8_t buf[512], frame[64] = { 0x02, 0xaa, 0, 0, 0, 3, 0x02, 0xaa, 0, 0, 0, 1 };

	for (uint8_t op = NHRP_OP_ERROR_INDICATION; op <= NHRP_OP_TRAFFIC_INDICATION; op++) {
		m = forged(hub, &other, op, VM1);
		m.src_sub = nhrp_subaddr_vni(OTHER_VNI);
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		nhrp_build_octets(&b, frame, sizeof(frame));
		deliver(spoke1, &hub->nbma, &b);
	}
	m = forged(hub, &other, NHRP_OP_PURGE_REQUEST, NULL);
	m.src_sub = nhrp_subaddr_vni(OTHER_VNI);
	send_forged(spoke1, hub, &m, &cie);
	assert_int_equal(refused(spoke1, VPN_REFUSED_UNKNOWN_VPN), 3);
	world_run(1000);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), asked);
	assert_non_null(world_fdb(spoke1, VM2));
	assert_true(state_of_all() == before);
}

/* A message of VPN 1, right in all but the interface that it comes by. */
static void test_wrong_interface(void **state)
{
	uint64_t before = state_of_all();

	for (uint8_t op = NHRP_OP_RESOLUTION_REQUEST; op <= NHRP_OP_PURGE_REPLY; op++) {
		struct nhrp_cie cie = { .proto = world_addr(VM1), .holding_time = 60 };
		struct nhrp_msg m = forged(spoke1, &mine, op, VM2);
		struct nhrp_builder b;
		uint8_t buf[512];

		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		nhrp_build_cie(&b, &cie);
		world_inject_by(hub, 77, &spoke1->nbma, buf, nhrp_build_end(&b));
		world_run(0);
	}
	assert_int_equal(refused(hub, VPN_REFUSED_UNKNOWN_VPN), 6);
	assert_true(state_of_all() == before);
}

/* Plain messages are of one VPN at most: what they say of the same MACs is nothing to the other. */
static void test_plain_messages_stay_in_their_vpn(void **state)
{
	struct nhrp_msg m = forged(spoke1, &mine, NHRP_OP_PURGE_REQUEST, NULL), back;
	struct nhrp_cie cie = { .proto = world_addr(VM2) };
	uint64_t before = state_of_all();

	world_assign(hub, &other);
	m.has_vpn = false;
	send_forged(hub, spoke1, &m, &cie); /* spoke1 is a member of VPN 1, and plain is the other */
	assert_int_equal(refused(hub, VPN_REFUSED_NOT_MEMBER), 1);
	m = forged(spoke1, &mine, NHRP_OP_RESOLUTION_REQUEST, VM3);
	m.has_vpn = false;
	send_forged(hub, spoke1, &m, NULL);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_false(back.has_vpn);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_PROHIBITED);
	assert_true(state_of_all() == before);
	/* spoke3's own, without headers: its VM2 goes, and nobody's else */
	m = forged(spoke3, &mine, NHRP_OP_PURGE_REQUEST, NULL);
	m.has_vpn = false;
	send_forged(hub, spoke3, &m, &cie);
	m = forged(spoke2, &mine, NHRP_OP_RESOLUTION_REQUEST, VM1);
	send_forged(hub, spoke2, &m, NULL);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_int_equal(cie_at(&back, 0).code, NHRP_CIE_SUCCESS);
	assert_non_null(world_fdb(spoke1, VM2));
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	CASE(test_state_is_seen_to_change),
	CASE(test_answers_come_from_the_vpn_asked),
	CASE(test_question_in_another_vpn_tells_nothing),
	CASE(test_vpns_that_are_nowhere),
	CASE(test_purge_in_another_vpn_takes_nothing),
	CASE(test_registration_in_another_vpn_moves_nothing),
	CASE(test_replies_in_another_vpn_answer_nothing),
	CASE(test_registration_reply_in_another_vpn),
	CASE(test_purge_reply_in_another_vpn_ends_nothing),
	CASE(test_hubs_word_in_another_vpn),
	CASE(test_wrong_interface),
	CASE(test_plain_messages_stay_in_their_vpn),
};

int main(void)
{
	return cmocka_run_group_tests_name("VPNs apart", tests, NULL, NULL);
}

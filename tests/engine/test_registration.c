// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registrations, rule by rule: what a hub takes and refuses, and what a spoke makes of
 * the reply. What is said of addresses behind a spoke runs once each for MAC, IPv4 and IPv6
 * addresses. RFC 2332 5.2.0.1, 5.2.3, 5.2.4, 5.3.1.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2 (VNI 100), spoke2 10.0.0.3 (VNI 101) where a test configures them
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/family.h"

/* The code of the last registration's entry at place N. */
static uint8_t code_at(unsigned int n)
{
	struct nhrp_msg back = sent(NHRP_OP_REGISTRATION_REPLY);
	struct nhrp_cie cie = cie_at(&back, n);

	assert_true(!cie.code == !!cie.holding_time); /* what is refused is held for no time */
	return cie.code;
}

/* The last registration's entry at place N as it came back. */
static struct nhrp_cie cie_at_reply(unsigned int n)
{
	struct nhrp_msg back = sent(NHRP_OP_REGISTRATION_REPLY);

	return cie_at(&back, n);
}

/* spoke2 registers itself and, where one is given, a MAC behind it. */
static void register_spoke2(const struct nhrp_msg *m, const struct nhrp_cie *own, const struct nhrp_cie *behind)
{
	struct nhrp_builder b;
	uint8_t buf[512];

	nhrp_build_begin(&b, buf, sizeof(buf), m);
	nhrp_build_cie(&b, own);
	if (behind)
		nhrp_build_cie(&b, behind);
	deliver(hub, &spoke2->nbma, &b);
	assert_int_equal(sent(NHRP_OP_REGISTRATION_REPLY).request_id, m->request_id);
}

/* RFC 2332 5.2.3: each entry by itself; what is acknowledged is registered. */
static void test_each_entry_is_registered_by_itself(void **state)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 1);
	const struct nhrp_cie own = { .holding_time = 60 };
	const struct nhrp_cie behind = { .holding_time = 60, .proto = world_addr(VM2) };
	const struct nhrp_cie elsewhere = { .holding_time = 60, .nbma = world_addr("10.0.0.8"),
					    .sub = nhrp_subaddr_vni(8), .proto = world_addr(VM1) };
	struct vpn_mac_view v;

	register_spoke2(&m, &behind, &elsewhere); /* of no member */
	assert_int_equal(code_at(0), NHRP_CIE_PROHIBITED);
	assert_int_equal(code_at(1), NHRP_CIE_PROHIBITED);
	assert_int_equal(world_num_members(hub), 0);
	register_spoke2(&m, &own, &behind);
	assert_int_equal(code_at(0), NHRP_CIE_SUCCESS);
	assert_int_equal(code_at(1), NHRP_CIE_SUCCESS);
	assert_true(world_mac(hub, VM2, &v));
	register_spoke2(&m, &own, &elsewhere);
	assert_int_equal(code_at(0), NHRP_CIE_SUCCESS);
	assert_int_equal(code_at(1), NHRP_CIE_PROHIBITED);
	assert_false(world_mac(hub, VM1, &v));
	assert_int_equal(world_num_members(hub), 1);
}

/* RFC 2332 5.2.0.1: a MAC is a whole address; part of one would be acknowledged and not registered. */
static void test_prefix_is_prohibited(void **state)
{
	static const struct {
		uint8_t len, code;
	} cases[] = {
		{ 0, NHRP_CIE_SUCCESS },     { 48, NHRP_CIE_SUCCESS },	  { 0xff, NHRP_CIE_SUCCESS },
		{ 24, NHRP_CIE_PROHIBITED }, { 47, NHRP_CIE_PROHIBITED }, { 49, NHRP_CIE_PROHIBITED },
	};
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 1);
	const struct nhrp_cie whole = { .holding_time = 60 };
	struct nhrp_cie own = { .holding_time = 60, .nbma = spoke2->nbma, .sub = nhrp_subaddr_vni(101),
				.proto = spoke2->link.mac };
	struct nhrp_cie behind = { .holding_time = 60, .proto = world_addr(VM2) };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		own.prefix_len = behind.prefix_len = cases[i].len;
		register_spoke2(&m, &own, NULL);
		assert_int_equal(code_at(0), cases[i].code);
		register_spoke2(&m, &whole, &behind);
		assert_int_equal(code_at(1), cases[i].code);
	}
}

/* spoke2, a member, registers addresses of the family behind it: one entry, and where one is given a second. */
static void register_behind(uint16_t flags, const struct nhrp_cie *one, const struct nhrp_cie *other)
{
	struct nhrp_msg m = family_msg(spoke2, NHRP_OP_REGISTRATION_REQUEST, 2);

	m.flags = flags;
	register_spoke2(&m, one, other);
}

static void make_spoke2_a_member(void)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 1);
	const struct nhrp_cie own = { .holding_time = 60 };

	register_spoke2(&m, &own, NULL);
	assert_int_equal(code_at(0), NHRP_CIE_SUCCESS);
}

/* RFC 2332 5.2.3: what is behind a station is its own to register, and nobody's who is no member. */
static void test_addresses_behind_a_member(void **state)
{
	struct nhrp_cie one = family_cie(spoke2, fam->at2), other = family_cie(spoke2, fam->more2);

	register_behind(0, &one, &other);
	assert_int_equal(code_at(0), NHRP_CIE_PROHIBITED);
	assert_int_equal(code_at(1), NHRP_CIE_PROHIBITED);
	assert_false(family_hub_knows(fam->at2, NULL));
	make_spoke2_a_member();
	other.nbma = world_addr("10.0.0.8");
	register_behind(0, &one, &other);
	assert_int_equal(code_at(0), NHRP_CIE_SUCCESS);
	assert_int_equal(code_at(1), NHRP_CIE_PROHIBITED);
	assert_behind(hub, fam->at2, spoke2);
	assert_false(family_hub_knows(fam->more2, NULL));
	other.nbma = spoke2->nbma;
	register_behind(0, &other, NULL);
	assert_int_equal(code_at(0), NHRP_CIE_SUCCESS);
	assert_behind(hub, fam->more2, spoke2);
}

/* What can be no station's, or says too little, is refused by itself. */
static void test_addresses_that_make_no_sense_are_prohibited(void **state)
{
	static const char *const groups[] = {
		[DM_MAC] = "01:00:5e:00:00:01", [DM_IPV4] = "224.0.0.1", [DM_IPV6] = "ff02::1"
	};
	const struct dm_addr group_mac = world_addr(groups[DM_MAC]), mac = world_addr(VM2);
	const struct nhrp_cie right = family_cie(spoke2, fam->at2);
	struct nhrp_cie wrong[7];
	size_t num = fam->family == DM_MAC ? 4 : 7;

	make_spoke2_a_member();
	for (size_t i = 0; i < 7; i++)
		wrong[i] = family_cie(spoke2, fam->more2);
	wrong[0].proto = world_addr(groups[fam->family]);
	wrong[1].proto = (struct dm_addr){ .family = fam->family };
	wrong[2].holding_time = 0;
	wrong[3].prefix_len = 8;
	/* an IP address must be somebody's in this VPN */
	wrong[4].sub = nhrp_subaddr_vni(101);
	wrong[5].sub = nhrp_subaddr_vni_mac(101, &group_mac);
	wrong[6].sub = nhrp_subaddr_vni_mac(102, &mac);
	for (size_t i = 0; i < num; i++) {
		register_behind(0, &right, &wrong[i]);
		assert_int_equal(code_at(0), NHRP_CIE_SUCCESS);
		assert_int_equal(cie_at_reply(1).code, NHRP_CIE_PROHIBITED);
	}
	assert_false(family_hub_knows(fam->more2, NULL));
}

/* Only a member from where it registered may speak for it. */
static void test_nobody_speaks_for_a_member(void **state)
{
	const struct dm_addr elsewhere = world_addr("10.0.0.99");
	struct nhrp_msg m = family_msg(spoke2, NHRP_OP_REGISTRATION_REQUEST, 3);
	const struct nhrp_cie cie = family_cie(spoke2, fam->at2);
	struct nhrp_builder b;
	uint8_t buf[512];

	make_spoke2_a_member();
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(hub, &elsewhere, &b);
	assert_int_equal(code_at(0), NHRP_CIE_PROHIBITED);
	assert_false(family_hub_knows(fam->at2, NULL));
}

/* What is behind a member ends with it, and no asker holds it for longer. */
static void test_silent_member_expires_with_all_behind_it(void **state)
{
	vpn_engine_set_holdtime(spoke2->engine, "tun2", 30);
	family_resolved(fam->at2);
	world_lose(NHRP_OP_REGISTRATION_REQUEST, 1000000);
	spoke2->deaf = true;
	world_run(40000);
	assert_false(family_hub_knows(fam->at2, NULL));
	assert_false(family_has(spoke1, fam->at2));
}

/* Lost, repeated: in the end the hub knows each address once. */
static void test_telling_survives_loss(void **state)
{
	world_configure(spoke2, 1, hub);
	world_run(100);
	world_repeat(true);
	world_lose(NHRP_OP_REGISTRATION_REQUEST, 2);
	family_local(spoke2, fam->at2, false);
	family_local(spoke2, fam->more2, false);
	world_run(100);
	assert_false(family_hub_knows(fam->at2, NULL));
	world_lose(NHRP_OP_REGISTRATION_REPLY, 2);
	world_run(20000);
	assert_behind(hub, fam->at2, spoke2);
	assert_behind(hub, fam->more2, spoke2);
	assert_true(trio_refused(spoke2, VPN_REFUSED_UNEXPECTED_REPLY) > 0); /* the second copies */
	assert_int_equal(trio_refused(hub, VPN_REFUSED_CONTENT), 0);
}

/* RFC 2332 5.2.3: of one station only; what is behind it could not be kept as unique. */
static void test_unique_registration_has_one_entry(void **state)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 1);
	const struct nhrp_cie own = { .prefix_len = 0xff, .holding_time = 60 };
	const struct nhrp_cie behind = family_cie(spoke2, fam->at2);

	m.flags = NHRP_REG_UNIQUE;
	register_spoke2(&m, &own, NULL);
	assert_int_equal(code_at(0), NHRP_CIE_SUCCESS);
	register_behind(NHRP_REG_UNIQUE, &behind, NULL);
	assert_int_equal(code_at(0), NHRP_CIE_PROHIBITED);
	assert_false(family_hub_knows(fam->at2, NULL));
}

static void test_registration_with_another_server_is_prohibited(void **state)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 1);
	const struct nhrp_cie own = { .holding_time = 60 };

	m.dst_proto = world_addr("02:00:00:00:00:08");
	register_spoke2(&m, &own, NULL);
	assert_int_equal(code_at(0), NHRP_CIE_PROHIBITED);
	assert_int_equal(world_num_members(hub), 0);
	/* whoever knows our address may name it */
	m.dst_proto = hub->link.mac;
	register_spoke2(&m, &own, NULL);
	assert_int_equal(code_at(0), NHRP_CIE_SUCCESS);
	assert_int_equal(world_num_members(hub), 1);
}

/* What a hub prohibits is told again once the registration has put right what stood in the way. */
static void test_prohibited_address_is_told_again(void **state)
{
	unsigned int requests;

	family_resolved(fam->at2);
	/* the spoke's member expires at the hub, which was deaf for a while */
	hub->deaf = true;
	family_local(spoke1, fam->unknown, false);
	world_run(100);
	world_restart(hub);
	hub->num_members = hub->num_macs = hub->num_instances = 0;
	hub->deaf = false;
	world_configure(hub, 1, NULL);
	requests = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	world_run(1100); /* it is no member yet: prohibited, and not at once again */
	assert_int_equal(cie_at_reply(0).code, NHRP_CIE_PROHIBITED);
	assert_true(world_seen(NHRP_OP_REGISTRATION_REQUEST) - requests <= 3);
	assert_false(family_hub_knows(fam->unknown, NULL));
	world_run(60000);
	assert_true(family_hub_knows(fam->unknown, spoke1));
}

/* RFC 2332 5.2.3: it may have forgotten by which number it asked last; what it says now holds. */
static void test_client_that_lost_its_memory_registers(void **state)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 0xfffffff0);
	const struct nhrp_cie own = { .holding_time = 60 };

	register_spoke2(&m, &own, NULL);
	m.request_id = 1;
	m.src_sub = nhrp_subaddr_vni(202);
	register_spoke2(&m, &own, NULL);
	assert_int_equal(code_at(0), NHRP_CIE_SUCCESS);
	assert_int_equal(world_num_members(hub), 1);
	assert_int_equal(hub->members[0].remote_vni, 202);
}

/* RFC 2332 5: bits without a meaning come back as zero. Unique and NAT have one. */
static void test_unused_flags_do_not_come_back(void **state)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 1);
	const struct nhrp_cie own = { .prefix_len = 0xff, .holding_time = 60 };

	m.flags = 0xffff;
	register_spoke2(&m, &own, NULL);
	assert_int_equal(code_at(0), NHRP_CIE_SUCCESS);
	assert_int_equal(sent(NHRP_OP_REGISTRATION_REPLY).flags, NHRP_REG_UNIQUE | NHRP_REG_NAT);
}

/* Nobody can be all zeros. */
static void test_station_without_address_is_prohibited(void **state)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_REGISTRATION_REQUEST, 1);
	const struct nhrp_cie own = { .holding_time = 60 };
	static const char *const macs[] = { "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01" };

	for (size_t i = 0; i < 3; i++) {
		m.src_proto = m.dst_proto = world_addr(macs[i]);
		register_spoke2(&m, &own, NULL);
		assert_int_equal(code_at(0), NHRP_CIE_PROHIBITED);
	}
	assert_int_equal(world_num_members(hub), 0);
}

/* A spoke that is refused says so and why, as long as that is the last that was said. */
static void test_refused_spoke_says_why(void **state)
{
	struct nhrp_msg m;
	struct nhrp_cie cie = { .code = NHRP_CIE_NO_RESOURCES };
	struct nhrp_builder b;
	uint8_t buf[512];

	hub->deaf = true;
	world_configure(spoke1, 1, hub);
	world_run(100);
	assert_string_equal(world_instance(spoke1).reason, "no next hop server has answered yet");
	m = sent(NHRP_OP_REGISTRATION_REQUEST);
	m.op = NHRP_OP_REGISTRATION_REPLY;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(spoke1, &hub->nbma, &b);
	assert_int_equal(world_instance(spoke1).state, VPN_REGISTERING);
	assert_string_equal(world_instance(spoke1).reason, "10.0.0.1 refuses the registration: insufficient resources");
	assert_non_null(strstr(spoke1->last_warning, "insufficient resources (code 5)"));
	world_run(20000); /* it does not ask again at once */
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST), 1);
	world_run(60000);
	assert_string_equal(world_instance(spoke1).reason, "no next hop server has answered yet");
	hub->deaf = false;
	world_run(30000);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
}

/* The answer to the registration that spoke1 sent last. */
static void answer_by_hand(const struct nhrp_cie *responder, const char *src_nbma, const char *src_proto)
{
	struct nhrp_msg m = sent(NHRP_OP_REGISTRATION_REQUEST);
	const struct nhrp_cie cie = { .holding_time = 600 };
	struct nhrp_builder b;
	uint8_t buf[512];

	m.op = NHRP_OP_REGISTRATION_REPLY;
	if (src_nbma)
		m.src_nbma = world_addr(src_nbma);
	if (src_proto)
		m.src_proto = world_addr(src_proto);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	nhrp_build_ext_begin(&b, NHRP_EXT_RESPONDER, true);
	nhrp_build_cie(&b, responder);
	nhrp_build_ext_end(&b);
	deliver(spoke1, &hub->nbma, &b);
}

static struct nhrp_cie responder_for(uint16_t seconds)
{
	return (struct nhrp_cie){ .holding_time = seconds, .nbma = hub->nbma, .sub = nhrp_subaddr_vni(HUB_VNI),
				  .proto = hub->link.mac };
}

/* RFC 2332 5.2.0.1. */
static void test_reply_to_another_source_is_not_ours(void **state)
{
	struct nhrp_cie responder = responder_for(600);

	hub->deaf = true;
	world_configure(spoke1, 1, hub);
	world_run(100);
	answer_by_hand(&responder, "10.0.0.8", NULL);
	answer_by_hand(&responder, NULL, "02:00:00:00:00:08");
	assert_int_equal(world_instance(spoke1).state, VPN_REGISTERING);
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_UNEXPECTED_REPLY), 2);
	answer_by_hand(&responder, NULL, NULL);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
}

/* RFC 2332 5.3.1: the registration holds for 600 s, but the hub's address for 40 s only. */
static void test_responders_holding_time_ends_it(void **state)
{
	struct nhrp_cie responder = responder_for(0);

	hub->deaf = true;
	world_configure(spoke1, 1, hub);
	world_run(100);
	answer_by_hand(&responder, NULL, NULL); /* not to be held at all */
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_CONTENT), 1);
	assert_int_equal(world_instance(spoke1).state, VPN_REGISTERING);
	responder = responder_for(40);
	answer_by_hand(&responder, NULL, NULL);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	world_run(39000);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	world_run(1500);
	assert_int_equal(world_instance(spoke1).state, VPN_REGISTERING);
	assert_int_equal(spoke1->hub.ifindex, 0);
}

static const struct CMUnitTest of_families[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, family_setup_hub, trio_teardown)
	CASE(test_addresses_behind_a_member),
	CASE(test_addresses_that_make_no_sense_are_prohibited),
	CASE(test_nobody_speaks_for_a_member),
	CASE(test_silent_member_expires_with_all_behind_it),
	CASE(test_telling_survives_loss),
	CASE(test_unique_registration_has_one_entry),
	CASE(test_prohibited_address_is_told_again),
#undef CASE
};

static const struct CMUnitTest of_stations[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, trio_setup_hub, trio_teardown)
	CASE(test_each_entry_is_registered_by_itself),
	CASE(test_prefix_is_prohibited),
	CASE(test_registration_with_another_server_is_prohibited),
	CASE(test_client_that_lost_its_memory_registers),
	CASE(test_unused_flags_do_not_come_back),
	CASE(test_station_without_address_is_prohibited),
	CASE(test_refused_spoke_says_why),
	CASE(test_reply_to_another_source_is_not_ours),
	CASE(test_responders_holding_time_ends_it),
};

int main(void)
{
	return FAMILY_RUN("registration", of_families) +
	       cmocka_run_group_tests_name("registration of stations", of_stations, NULL, NULL);
}

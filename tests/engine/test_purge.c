// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Purges, rule by rule: members that take themselves back or what is behind them, prefixes,
 * and a spoke that leaves a VPN. What is said of addresses behind members runs once each for
 * MAC, IPv4 and IPv6 addresses. RFC 2332 5.2.5, 5.2.6.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2 (VNI 100) with at1 and an entry for at2;
 *                   spoke2 10.0.0.3 (VNI 101) with at2
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/family.h"

/* A Purge Request with one entry, an address or prefix, about to be sent. */
static void purge_by(struct nhrp_msg m, uint16_t flags, const struct dm_addr *from, const char *addr, uint8_t prefix_len)
{
	struct nhrp_cie cie = { .prefix_len = prefix_len };
	struct nhrp_builder b;
	uint8_t buf[512];

	m.flags = flags;
	if (addr)
		cie.proto = world_addr(addr);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(hub, from, &b);
}

/* One of spoke2, about MACs. */
static void purge_by_spoke2(uint16_t flags, const struct dm_addr *from, const char *mac, uint8_t prefix_len)
{
	purge_by(from_spoke(spoke2, NHRP_OP_PURGE_REQUEST, 0xbeef), flags, from, mac, prefix_len);
}

/* One of spoke2, about addresses of the family. */
static void take_back(const char *addr, uint8_t prefix_len)
{
	purge_by(family_msg(spoke2, NHRP_OP_PURGE_REQUEST, 0xbeef), 0, &spoke2->nbma, addr, prefix_len);
}

static uint8_t bits(void)
{
	return (uint8_t)(8 * dm_family_len(fam->family));
}

/* The families' common part: all in fam->at1, at2 and more2 but the last octet. */
static uint8_t common_bits(void)
{
	return (uint8_t)(bits() - 8);
}

/* RFC 2332 5.2.5: what a client takes back is gone, and who was told of it is purged in the hub's name. */
static void test_member_takes_itself_back(void **state)
{
	struct nhrp_msg m;

	register_and_redirect(hub, spoke1, spoke2);
	purge_by_spoke2(0, &spoke2->nbma, "02:00:00:00:00:03", 0);
	assert_int_equal(world_num_members(hub), 1);
	assert_null(world_fdb(hub, VM2));
	assert_non_null(world_fdb(hub, VM1));
	assert_int_equal(hub->num_members, 1);
	assert_null(world_fdb(spoke1, VM2));
	m = sent(NHRP_OP_PURGE_REQUEST);
	assert_addr(&m.src_nbma, &hub->nbma);
	assert_addr(&m.src_proto, &hub->link.mac);
	assert_addr(&m.dst_proto, &spoke1->link.mac);
}

static void test_member_takes_back_an_address(void **state)
{
	family_resolved(fam->at2);
	family_heard(spoke2, fam->more2);
	take_back(fam->at2, bits());
	assert_false(family_hub_knows(fam->at2, NULL));
	assert_false(family_has(spoke1, fam->at2));
	assert_true(family_hub_knows(fam->more2, spoke2));
	assert_int_equal(world_num_members(hub), 2);
	/* what is behind another is not its to take back */
	take_back(fam->at1, 0);
	assert_true(family_hub_knows(fam->at1, spoke1));
	/* prefix length 0 is one address, not all of them */
	take_back(fam->at2, 0);
	assert_true(family_hub_knows(fam->more2, spoke2));
	assert_int_equal(world_num_members(hub), 2);
}

static void test_member_takes_back_a_prefix(void **state)
{
	family_resolved(fam->at2);
	family_heard(spoke2, fam->more2);
	family_heard(spoke2, fam->apart2);
	take_back(fam->unknown, common_bits());
	assert_false(family_hub_knows(fam->at2, NULL));
	assert_false(family_hub_knows(fam->more2, NULL));
	assert_false(family_has(spoke1, fam->at2));
	assert_true(family_hub_knows(fam->at1, spoke1)); /* in it, but spoke1's */
	assert_true(family_hub_knows(fam->apart2, spoke2));
	assert_int_equal(world_num_members(hub), 2);
}

/* A prefix of MACs so wide that it has the member in it. */
static void test_member_takes_itself_back_by_a_prefix(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
	world_mac_seen(hub, spoke2, HUB_VNI, "02:ab:00:00:00:03");
	purge_by_spoke2(0, &spoke2->nbma, "02:ff:ff:ff:ff:ff", 8);
	assert_int_equal(world_num_members(hub), 1);
	assert_null(world_fdb(hub, "02:ab:00:00:00:03"));
}

/* Late, after another member has registered it: it is not the former one's any more. */
static void test_late_purge_takes_nothing_of_the_new_home(void **state)
{
	family_resolved(fam->at2);
	family_heard(spoke1, fam->at2);
	assert_true(family_hub_knows(fam->at2, spoke1));
	assert_false(family_has(spoke1, fam->at2)); /* purged, as it had asked */
	take_back(fam->at2, 0);
	assert_true(family_hub_knows(fam->at2, spoke1));
}

static void test_hub_acknowledges_a_purge(void **state)
{
	const struct dm_addr other = world_addr(fam->unknown);
	struct nhrp_msg back;
	struct nhrp_cie cie;

	family_resolved(fam->at2);
	take_back(fam->unknown, bits()); /* there is no such thing */
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 1);
	back = sent(NHRP_OP_PURGE_REPLY);
	assert_int_equal(back.request_id, 0xbeef);
	assert_int_equal(back.pro_type, nhrp_pro_type(fam->family));
	assert_addr(&back.src_nbma, &spoke2->nbma);
	cie = cie_at(&back, 0);
	assert_addr(&cie.proto, &other);
	assert_int_equal(cie.prefix_len, bits());
}

/* Our reply may be lost: who asks again is no member then, and hears the same. */
static void test_hub_acknowledges_who_left(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
	purge_by_spoke2(NHRP_PURGE_NO_REPLY, &spoke2->nbma, "02:00:00:00:00:03", 0);
	assert_int_equal(world_num_members(hub), 1);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 1); /* spoke1's, to the hub's own */
	purge_by_spoke2(0, &spoke2->nbma, "02:00:00:00:00:03", 0);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 2);
	for (int i = 0; i < 100; i++)
		purge_by_spoke2(0, &spoke2->nbma, "02:00:00:00:00:03", 0);
	assert_true(world_seen(NHRP_OP_PURGE_REPLY) <= 11);
}

static void test_stranger_takes_nothing_back(void **state)
{
	const struct dm_addr from = world_addr("10.0.0.9");

	family_resolved(fam->at2);
	purge_by_spoke2(0, &from, "02:00:00:00:00:03", 0);
	purge_by(family_msg(spoke2, NHRP_OP_PURGE_REQUEST, 1), 0, &from, fam->at2, 0);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_NOT_MEMBER), 2);
	assert_int_equal(world_num_members(hub), 2);
	assert_true(family_hub_knows(fam->at2, spoke2));
	assert_true(family_has(spoke1, fam->at2));
}

/* A purge that names nothing takes nothing with it. */
static void test_purge_without_an_address_takes_nothing(void **state)
{
	family_resolved(fam->at2);
	take_back(NULL, 0);
	take_back(NULL, 8);
	assert_int_equal(world_num_members(hub), 2);
	assert_true(family_hub_knows(fam->at2, spoke2));
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 2);
}

/* A hub that restarted does not know the address of its member, nor does a purge without one name it. */
static void test_purge_of_nobody_takes_no_member(void **state)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_PURGE_REQUEST, 0xbeef);
	const struct nhrp_cie cie = { 0 };
	struct nhrp_builder b;
	uint8_t buf[512];

	register_and_redirect(hub, spoke1, spoke2);
	world_restart(hub);
	world_run(10);
	world_configure(hub, 1, NULL);
	world_run(10);
	m.src_proto = m.dst_proto = (struct dm_addr){ 0 };
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(hub, &spoke2->nbma, &b);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 1);
	assert_int_equal(world_num_members(hub), 2);
}

/* As the hub sends it: everything in the prefix goes, what is outside stays. */
static void test_spoke_discards_a_prefix(void **state)
{
	struct nhrp_msg m = family_msg(hub, NHRP_OP_PURGE_REQUEST, 1);
	struct nhrp_cie cie = { .prefix_len = common_bits(), .proto = world_addr(fam->at2) };
	struct nhrp_builder b;
	uint8_t buf[512];

	family_resolved(fam->at2);
	family_heard(spoke2, fam->more2);
	family_heard(spoke2, fam->apart2);
	family_want(fam->more2);
	family_want(fam->apart2);
	world_run(10);
	assert_true(family_has(spoke1, fam->more2) && family_has(spoke1, fam->apart2));
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(spoke1, &hub->nbma, &b);
	assert_false(family_has(spoke1, fam->at2));
	assert_false(family_has(spoke1, fam->more2));
	assert_true(family_has(spoke1, fam->apart2));
}

/* The hub's purge of spoke1 waits for spoke1's word on it, not for one about somebody else's. */
static void test_purge_reply_to_another_source_ends_nothing(void **state)
{
	struct nhrp_msg m;
	struct nhrp_builder b;
	struct nhrp_cie cie;
	uint8_t buf[512];

	family_resolved(fam->at2);
	world_lose(NHRP_OP_PURGE_REPLY, 1000);
	take_back(fam->at2, 0);
	for (int mine = 0; mine < 2; mine++) {
		m = sent(NHRP_OP_PURGE_REQUEST);
		cie = cie_at(&m, 0);
		m.op = NHRP_OP_PURGE_REPLY;
		if (!mine)
			m.src_nbma = world_addr("10.0.0.8");
		nhrp_build_begin(&b, buf, sizeof(buf), &m);
		nhrp_build_cie(&b, &cie);
		deliver(hub, &spoke1->nbma, &b);
		assert_int_equal(trio_refused(hub, VPN_REFUSED_UNEXPECTED_REPLY), 1);
		world_run(mine ? 10000 : 1500);
		assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 2); /* repeated until the right one comes */
	}
}

/* Lost and repeated: who asked hears of it in the end, and once is as good as twice. */
static void test_purge_survives_loss(void **state)
{
	family_resolved(fam->at2);
	world_repeat(true);
	world_lose(NHRP_OP_PURGE_REQUEST, 2);
	world_lose(NHRP_OP_PURGE_REPLY, 2);
	take_back(fam->at2, 0); /* the hub's answer to it is one of those lost */
	assert_true(family_has(spoke1, fam->at2));
	world_run(10000);
	assert_false(family_has(spoke1, fam->at2));
	world_run(60000);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 3); /* the third arrives twice, and one of its answers */
}

/* --- a spoke that leaves --- */

static void test_spoke_leaves_with_its_configuration(void **state)
{
	struct nhrp_msg m;
	struct nhrp_cie cie;

	register_and_redirect(hub, spoke1, spoke2);
	spoke1->deaf = true; /* so that the hub's own purges do not come last */
	world_lose(NHRP_OP_PURGE_REQUEST, 1);
	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	m = sent(NHRP_OP_PURGE_REQUEST);
	assert_int_equal(m.flags, NHRP_PURGE_NO_REPLY); /* nobody stays to hear it */
	assert_addr(&m.src_nbma, &spoke2->nbma);
	assert_addr(&m.src_proto, &spoke2->link.mac);
	assert_addr(&m.dst_proto, &hub->link.mac);
	assert_int_equal(num_cies(&m), 1);
	cie = cie_at(&m, 0);
	assert_addr(&cie.proto, &spoke2->link.mac);
	assert_int_equal(cie.holding_time, 0);
	world_run(100);
	assert_int_equal(world_num_members(hub), 2); /* it was lost: the holding time will do */

	world_configure(spoke2, 1, hub);
	world_run(100);
	spoke1->deaf = false;
	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke2->engine);
	world_run(100);
	assert_int_equal(world_num_members(hub), 1);
	assert_null(world_fdb(spoke1, VM2));
	assert_int_equal(trio_refused(spoke2, VPN_REFUSED_UNKNOWN_VPN), 0); /* the hub kept silent, too */
}

static void test_spoke_that_is_none_any_more_leaves(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
	vpn_engine_set_controller_name(spoke2->engine, "tun2", NULL);
	vpn_engine_commit(spoke2->engine);
	world_run(100);
	assert_int_equal(world_num_members(hub), 1);
	vpn_engine_set_role(spoke1->engine, "tun2", VPN_ROLE_HUB);
	vpn_engine_commit(spoke1->engine);
	world_run(100);
	assert_int_equal(world_num_members(hub), 0);
}

/* A restart, or a module that is away: nobody is told that we are gone. */
static void test_spoke_that_restarts_does_not_leave(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
	world_restart(spoke2);
	world_run(100);
	world_module(spoke1, false);
	world_run(100);
	world_module(spoke1, true);
	world_run(100);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 0);
	assert_int_equal(world_num_members(hub), 2);
}

/* There is nowhere to send it. */
static void test_asker_that_left_is_not_purged(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
	vpn_engine_unset_instance(spoke1->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke1->engine);
	world_run(0);
	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke2->engine);
	world_run(20000);
	assert_int_equal(world_num_members(hub), 0);
	assert_int_equal(hub->sent[NHRP_OP_PURGE_REQUEST].len, 0);
}

static const struct CMUnitTest of_families[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, family_setup_hub, trio_teardown)
	CASE(test_member_takes_back_an_address),
	CASE(test_member_takes_back_a_prefix),
	CASE(test_late_purge_takes_nothing_of_the_new_home),
	CASE(test_hub_acknowledges_a_purge),
	CASE(test_stranger_takes_nothing_back),
	CASE(test_purge_without_an_address_takes_nothing),
	CASE(test_spoke_discards_a_prefix),
	CASE(test_purge_reply_to_another_source_ends_nothing),
	CASE(test_purge_survives_loss),
#undef CASE
};

static const struct CMUnitTest of_members[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, trio_setup_hub, trio_teardown)
	CASE(test_member_takes_itself_back),
	CASE(test_member_takes_itself_back_by_a_prefix),
	CASE(test_hub_acknowledges_who_left),
	CASE(test_purge_of_nobody_takes_no_member),
	CASE(test_spoke_leaves_with_its_configuration),
	CASE(test_spoke_that_is_none_any_more_leaves),
	CASE(test_spoke_that_restarts_does_not_leave),
	CASE(test_asker_that_left_is_not_purged),
};

int main(void)
{
	return FAMILY_RUN("purge", of_families) + cmocka_run_group_tests_name("purge of members", of_members, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Purges, rule by rule: members that take themselves or their MACs back, prefixes, and a
 * spoke that leaves a VPN. RFC 2332 5.2.5, 5.2.6.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2 (VNI 100) with VM1 and a shortcut for VM2;
 *                   spoke2 10.0.0.3 (VNI 101) with VM2
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

/* A Purge Request of spoke2 about one address or prefix. */
static void purge_by_spoke2(uint16_t flags, const struct dm_addr *from, const char *mac, uint8_t prefix_len)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_PURGE_REQUEST, 0xbeef);
	struct nhrp_cie cie = { .prefix_len = prefix_len };
	struct nhrp_builder b;
	uint8_t buf[512];

	m.flags = flags;
	if (mac)
		cie.proto = world_addr(mac);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(hub, from, &b);
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

static void test_member_takes_back_a_mac(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
	world_mac_seen(hub, spoke2, HUB_VNI, "02:aa:00:00:00:03");
	purge_by_spoke2(0, &spoke2->nbma, VM2, 48);
	assert_null(world_fdb(hub, VM2));
	assert_null(world_fdb(spoke1, VM2));
	assert_non_null(world_fdb(hub, "02:aa:00:00:00:03"));
	assert_int_equal(world_num_members(hub), 2);
	/* what is behind another is not its to take back */
	purge_by_spoke2(0, &spoke2->nbma, VM1, 0);
	assert_non_null(world_fdb(hub, VM1));
	/* prefix length 0 is one address, not all of them */
	purge_by_spoke2(0, &spoke2->nbma, VM2, 0);
	assert_non_null(world_fdb(hub, "02:aa:00:00:00:03"));
	assert_int_equal(world_num_members(hub), 2);
}

static void test_member_takes_back_a_prefix(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
	world_mac_seen(hub, spoke2, HUB_VNI, "02:ab:00:00:00:03");
	purge_by_spoke2(0, &spoke2->nbma, "02:aa:00:ff:ff:ff", 24);
	assert_null(world_fdb(hub, VM2));
	assert_non_null(world_fdb(hub, VM1)); /* in it, but spoke1's */
	assert_non_null(world_fdb(hub, "02:ab:00:00:00:03"));
	assert_int_equal(world_num_members(hub), 2);
	/* one so wide that it has the member in it */
	purge_by_spoke2(0, &spoke2->nbma, "02:ff:ff:ff:ff:ff", 8);
	assert_int_equal(world_num_members(hub), 1);
	assert_null(world_fdb(hub, "02:ab:00:00:00:03"));
}

static void test_hub_acknowledges_a_purge(void **state)
{
	const struct dm_addr other = world_addr("02:aa:00:00:00:99");
	struct nhrp_msg back;
	struct nhrp_cie cie;

	register_and_redirect(hub, spoke1, spoke2);
	purge_by_spoke2(0, &spoke2->nbma, "02:aa:00:00:00:99", 48); /* there is no such thing */
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 1);
	back = sent(NHRP_OP_PURGE_REPLY);
	assert_int_equal(back.request_id, 0xbeef);
	assert_addr(&back.src_nbma, &spoke2->nbma);
	cie = cie_at(&back, 0);
	assert_addr(&cie.proto, &other);
	assert_int_equal(cie.prefix_len, 48);
	/* our reply may be lost: who asks again is no member then, and hears the same */
	purge_by_spoke2(NHRP_PURGE_NO_REPLY, &spoke2->nbma, "02:00:00:00:00:03", 0);
	assert_int_equal(world_num_members(hub), 1);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 2); /* spoke1's, to the hub's own */
	purge_by_spoke2(0, &spoke2->nbma, "02:00:00:00:00:03", 0);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 3);
	for (int i = 0; i < 100; i++)
		purge_by_spoke2(0, &spoke2->nbma, "02:00:00:00:00:03", 0);
	assert_true(world_seen(NHRP_OP_PURGE_REPLY) <= 12);
}

static void test_stranger_takes_nothing_back(void **state)
{
	const struct dm_addr from = world_addr("10.0.0.9");

	register_and_redirect(hub, spoke1, spoke2);
	purge_by_spoke2(0, &from, "02:00:00:00:00:03", 0);
	purge_by_spoke2(0, &from, VM2, 0);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_NOT_MEMBER), 2);
	assert_int_equal(world_num_members(hub), 2);
	assert_non_null(world_fdb(hub, VM2));
	assert_non_null(world_fdb(spoke1, VM2));
}

/* A purge that names nothing takes nothing with it. */
static void test_purge_without_an_address_takes_nothing(void **state)
{
	struct nhrp_msg m = from_spoke(spoke2, NHRP_OP_PURGE_REQUEST, 0xbeef);
	const struct nhrp_cie cie = { 0 };
	struct nhrp_builder b;
	uint8_t buf[512];

	register_and_redirect(hub, spoke1, spoke2);
	purge_by_spoke2(0, &spoke2->nbma, NULL, 0);
	purge_by_spoke2(0, &spoke2->nbma, NULL, 8);
	assert_int_equal(world_num_members(hub), 2);
	assert_non_null(world_fdb(hub, VM2));
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 2);
	/* a hub that restarted does not know the address of its member either */
	world_restart(hub);
	world_run(10);
	world_configure(hub, 1, NULL);
	world_run(10);
	m.src_proto = m.dst_proto = (struct dm_addr){ 0 };
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(hub, &spoke2->nbma, &b);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 3);
	assert_int_equal(world_num_members(hub), 2);
}

/* As the hub sends it: everything in the prefix goes, what is outside stays. */
static void test_spoke_discards_a_prefix(void **state)
{
	struct nhrp_msg m;
	struct nhrp_cie cie = { .prefix_len = 47, .proto = world_addr(VM2) };
	const char *vm3 = "02:aa:00:00:00:03", *vm4 = "02:aa:00:00:00:04"; /* 2 and 3 differ in bit 48 only */
	struct nhrp_builder b;
	uint8_t buf[512];

	register_and_redirect(hub, spoke1, spoke2);
	world_mac_seen(hub, spoke2, HUB_VNI, vm3);
	world_mac_seen(hub, spoke2, HUB_VNI, vm4);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, vm3);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, vm4);
	world_run(10);
	assert_int_equal(spoke1->num_macs, 3);
	m = from_spoke(hub, NHRP_OP_PURGE_REQUEST, 1);
	m.src_sub = nhrp_subaddr_vni(HUB_VNI);
	m.dst_proto = spoke1->link.mac;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(spoke1, &hub->nbma, &b);
	assert_null(world_fdb(spoke1, VM2));
	assert_null(world_fdb(spoke1, vm3));
	assert_non_null(world_fdb(spoke1, vm4));
}

/* The hub's purge of spoke1 waits for spoke1's word on it, not for one about somebody else's. */
static void test_purge_reply_to_another_source_ends_nothing(void **state)
{
	struct nhrp_msg m;
	struct nhrp_builder b;
	struct nhrp_cie cie;
	uint8_t buf[512];

	register_and_redirect(hub, spoke1, spoke2);
	world_lose(NHRP_OP_PURGE_REPLY, 1000);
	purge_by_spoke2(NHRP_PURGE_NO_REPLY, &spoke2->nbma, VM2, 0);
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

/* A restart, a module that is away, a device made again: nobody is told that we are gone. */
static void test_spoke_that_restarts_does_not_leave(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
	world_restart(spoke2);
	world_run(100);
	world_module(spoke1, false);
	world_run(100);
	world_module(spoke1, true);
	world_run(100);
	vpn_engine_record(spoke1->engine,
			  &(struct dm_rec){ .type = DM_REC_LINK_DEL, .link.ifindex = spoke1->link.ifindex });
	world_run(100);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 0);
	assert_int_equal(world_num_members(hub), 2);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, trio_setup_hub, trio_teardown)
	CASE(test_member_takes_itself_back),
	CASE(test_member_takes_back_a_mac),
	CASE(test_member_takes_back_a_prefix),
	CASE(test_hub_acknowledges_a_purge),
	CASE(test_stranger_takes_nothing_back),
	CASE(test_purge_without_an_address_takes_nothing),
	CASE(test_spoke_discards_a_prefix),
	CASE(test_purge_reply_to_another_source_ends_nothing),
	CASE(test_spoke_leaves_with_its_configuration),
	CASE(test_spoke_that_is_none_any_more_leaves),
	CASE(test_spoke_that_restarts_does_not_leave),
};

int main(void)
{
	return cmocka_run_group_tests_name("purge", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IP addresses at the hub when its memory and the spoke's part: messages that the network kept
 * for a while and then delivers behind newer ones, and either side forgetting all without a
 * restart of its daemon. RFC 2332 5.2.3 to 5.2.6. Over IPv4 and IPv6; of MACs the switch tells.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2 (VNI 100) with VM1, spoke2 10.0.0.3 (VNI 101) with VM2
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/family.h"

#define VM3 "02:aa:00:00:00:03"
#define KEPT_MS 5000 /* by the network; what is repeated meanwhile is acknowledged long before */

static int setup(void **state)
{
	family_setup_all(state);
	world_run(100);
	return 0;
}

/* The hub has it, of that station behind that spoke. */
static void assert_registered(const char *mac, const struct world_node *home)
{
	const struct dm_addr address = world_addr(mac);
	struct vpn_neigh_view v;

	assert_true(family_hub_knows(fam->at2, home));
	assert_true(world_ip(hub, fam->at2, &v));
	assert_addr(&v.mac, &address);
}

/* spoke2's bridge hears the address behind that MAC (NULL: no more), and the first message about it comes late. */
static void tell_late(uint8_t op, const char *mac)
{
	world_delay(op, 1, KEPT_MS);
	world_neigh(spoke2, fam->at2, mac);
	world_run(KEPT_MS / 2);
}

/* The late one comes, and its answer is one that nobody waits for any more. */
static void late_one_comes(void)
{
	uint64_t before = refused(spoke2, VPN_REFUSED_UNEXPECTED_REPLY);

	world_run(KEPT_MS);
	assert_int_equal(refused(spoke2, VPN_REFUSED_UNEXPECTED_REPLY), before + 1);
}

/* --- late --- */

static void test_late_purge_is_put_right(void **state)
{
	family_heard(spoke2, fam->at2);
	tell_late(NHRP_OP_PURGE_REQUEST, NULL);
	assert_false(family_hub_knows(fam->at2, NULL));
	family_heard(spoke2, fam->at2); /* it is back */
	assert_registered(VM2, spoke2);
	late_one_comes();
	assert_registered(VM2, spoke2);
}

static void test_late_registration_is_taken_back(void **state)
{
	tell_late(NHRP_OP_REGISTRATION_REQUEST, VM2);
	assert_registered(VM2, spoke2);
	world_neigh(spoke2, fam->at2, NULL);
	world_run(10);
	assert_false(family_hub_knows(fam->at2, NULL));
	late_one_comes();
	assert_false(family_hub_knows(fam->at2, NULL));
	assert_string_equal(family_state(spoke2, fam->at2), "");
}

static void test_late_registration_of_a_former_mac(void **state)
{
	tell_late(NHRP_OP_REGISTRATION_REQUEST, VM2);
	world_neigh(spoke2, fam->at2, VM3);
	world_run(10);
	assert_registered(VM3, spoke2);
	late_one_comes();
	assert_registered(VM3, spoke2);
}

/* It moved to spoke1, and then the hub hears the former home's word: the new home's counts in the end. */
static void test_late_registration_of_the_former_home(void **state)
{
	tell_late(NHRP_OP_REGISTRATION_REQUEST, VM2);
	assert_registered(VM2, spoke2);
	world_neigh(spoke1, fam->at2, VM1);
	world_run(100);
	assert_registered(VM1, spoke1);
	late_one_comes();
	world_run(5000);
	assert_registered(VM1, spoke1);
	assert_string_equal(family_state(spoke1, fam->at2), "local");
}

/* spoke2 gets an answer about another address, to its last message (ID 0) or with that ID. */
static void answer_about_another(uint32_t id)
{
	struct nhrp_msg m = sent_by(spoke2, NHRP_OP_REGISTRATION_REQUEST);
	struct nhrp_cie cie = family_cie(spoke2, fam->unknown);
	struct nhrp_builder b;
	uint8_t buf[512];

	m.op = NHRP_OP_REGISTRATION_REPLY;
	if (id)
		m.request_id = id;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(spoke2, &hub->nbma, &b);
	world_run(1);
}

/* An answer to none of what was asked is no reason to ask again sooner. */
static void test_answer_about_another_hurries_nobody(void **state)
{
	unsigned int before;

	world_lose(NHRP_OP_REGISTRATION_REQUEST, 1000);
	family_heard(spoke2, fam->at2);
	before = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	for (int i = 0; i < 20; i++)
		answer_about_another(0);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST), before);
	world_lose(NHRP_OP_REGISTRATION_REQUEST, 0);
	world_run(3000);
	assert_registered(VM2, spoke2);
}

/* Who does not know an ID of ours has not heard us: such an answer is not even put right. */
static void test_answer_to_nothing_asked_is_nothing(void **state)
{
	family_heard(spoke2, fam->at2);
	answer_about_another(sent_by(spoke2, NHRP_OP_REGISTRATION_REQUEST).request_id + 1);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 0);
	answer_about_another(0);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 1);
	world_run(100);
	assert_string_equal(family_state(spoke2, fam->unknown), "");
}

/* --- forgotten --- */

/* The hub's VPN is taken away and given back before anybody notices. */
static void test_hub_whose_vpn_is_made_again(void **state)
{
	family_resolved(fam->at2);
	vpn_engine_unset_instance(hub->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(hub->engine);
	world_run(100);
	world_configure(hub, 1, NULL);
	world_run(40000);
	assert_int_equal(world_num_members(hub), 2);
	assert_registered(VM2, spoke2);
	/* whom it had told what it knows again, as they asked again */
	world_neigh(spoke2, fam->at2, VM3);
	world_run(100);
	assert_false(family_has(spoke1, fam->at2));
}

/* A spoke at another address is another member, of which nothing is known. */
static void test_spoke_at_another_address(void **state)
{
	family_resolved(fam->at2);
	spoke2->link.local = world_addr("10.0.0.88");
	world_link(spoke2);
	world_run(5000);
	assert_int_equal(world_num_members(hub), 2);
	assert_true(family_hub_knows(fam->at2, NULL));
	assert_true(family_hub_knows(fam->at1, spoke1));
}

/* While the device is away there is no address to take anything back from; the hub takes it for a new life of the VPN. */
static void test_device_that_is_made_again(void **state)
{
	family_resolved(fam->at2);
	vpn_engine_record(spoke2->engine, &(struct dm_rec){ .type = DM_REC_LINK_DEL, .link.ifindex = WORLD_TUN_IFINDEX });
	world_run(100);
	world_link(spoke2);
	world_run(50000);
	assert_int_equal(world_instance(spoke2).state, VPN_UP);
	world_run(30000);
	assert_int_equal(world_num_members(hub), 2);
	assert_false(family_hub_knows(fam->at2, NULL));
	assert_true(family_hub_knows(fam->at1, spoke1));
}

/* A registration from before a restart comes late: the spoke is asked for what it has, not taken for gone. */
static void test_registration_from_a_former_life(void **state)
{
	const uint8_t *octets;
	uint8_t former[1500];
	size_t len;

	vpn_engine_set_holdtime(spoke2->engine, "tun2", 600); /* makes it register */
	world_run(10);
	len = world_last(NHRP_OP_REGISTRATION_REQUEST, &octets);
	memcpy(former, octets, len);
	world_restart(spoke2);
	vpn_engine_set_arp_suppress(spoke2->engine, "tun2", true);
	world_configure(spoke2, 1, hub);
	world_run(100);
	family_heard(spoke2, fam->at2);
	assert_registered(VM2, spoke2);
	world_inject(hub, &spoke2->nbma, former, len);
	world_run(200000);
	assert_int_equal(world_num_members(hub), 2);
	assert_registered(VM2, spoke2);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	CASE(test_late_purge_is_put_right),
	CASE(test_late_registration_is_taken_back),
	CASE(test_late_registration_of_a_former_mac),
	CASE(test_late_registration_of_the_former_home),
	CASE(test_answer_about_another_hurries_nobody),
	CASE(test_answer_to_nothing_asked_is_nothing),
	CASE(test_hub_whose_vpn_is_made_again),
	CASE(test_spoke_at_another_address),
	CASE(test_device_that_is_made_again),
	CASE(test_registration_from_a_former_life),
};

int main(void)
{
	return FAMILY_RUN_IP("late messages and memories", tests);
}

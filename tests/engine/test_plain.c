// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Peers that know no VPNs (RFC 2735 3.1 to 3.4): plain messages of an interface are of the
 * VPN that the configuration gives them, what goes to such a peer has no VPN headers, and a
 * peer that spoke so is in no other VPN. And VPN-ID 0, the default routing instance.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

static const struct vpn_id vpn1 = { .index = 1 }, vpn2 = { .index = 2 };

/* The hub takes plain messages for VPN 1. */
static int setup(void **state)
{
	trio_setup_hub(state);
	world_assign(hub, &vpn1);
	return 0;
}

/* A Registration Request of spoke1 in VPN, plain for NULL, on the hub's interface IFINDEX. */
static void register_by(const struct vpn_id *vpn, uint32_t ifindex)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_REGISTRATION_REQUEST, 7);
	struct nhrp_cie cie = { .holding_time = 60 };
	struct nhrp_builder b;
	uint8_t buf[512];

	m.has_vpn = vpn;
	if (vpn)
		m.vpn = *vpn;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	world_inject_by(hub, ifindex, &spoke1->nbma, buf, nhrp_build_end(&b));
	world_run(0);
}

static void take_aware(void *arg, const struct vpn_member_view *v)
{
	*(bool *)arg = v->vpn_aware;
}

/* Whether the hub's last member is spoken to with VPN headers. */
static bool member_is_aware(void)
{
	bool aware = false;

	vpn_engine_each_member(hub->engine, take_aware, &aware);
	return aware;
}

static void take_plain(void *arg, const struct vpn_plain_view *v)
{
	*(struct vpn_plain_view *)arg = *v;
}

static const char *plain_reason(struct world_node *n)
{
	struct vpn_plain_view v = { .reason = "none is assigned" };

	vpn_engine_each_plain(n->engine, take_plain, &v);
	return v.reason;
}

static void test_plain_message_is_of_the_vpn(void **state)
{
	struct nhrp_msg back;
	struct nhrp_cie cie;

	assert_string_equal(plain_reason(hub), "");
	register_by(NULL, WORLD_CTL_IFINDEX);
	assert_int_equal(world_num_members(hub), 1);
	assert_int_equal(vpn_engine_counters(hub->engine)->plain_assigned, 1);
	back = sent(NHRP_OP_REGISTRATION_REPLY);
	assert_false(back.has_vpn);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_SUCCESS);
	assert_false(member_is_aware());
	/* with its headers it is the same member; what it hears has them from then on */
	register_by(&vpn1, WORLD_CTL_IFINDEX);
	assert_int_equal(world_num_members(hub), 1);
	back = sent(NHRP_OP_REGISTRATION_REPLY);
	assert_true(back.has_vpn);
	assert_int_equal(vpn_id_cmp(&back.vpn, &vpn1), 0);
	assert_true(member_is_aware());
	/* and back */
	register_by(NULL, WORLD_CTL_IFINDEX);
	back = sent(NHRP_OP_REGISTRATION_REPLY);
	assert_false(back.has_vpn);
	assert_false(member_is_aware());
}

/* Without the assignment plain messages are none of the engine's; a decoder in front of it drops them. */
static void test_without_assignment_nothing_is_assigned(void **state)
{
	struct vpn_id vpn;

	world_assign(hub, NULL);
	assert_false(vpn_engine_plain_vpn(hub->engine, "tun1", &vpn));
	assert_string_equal(plain_reason(hub), "none is assigned");
	register_by(NULL, WORLD_CTL_IFINDEX);
	assert_int_equal(world_num_members(hub), 0);
	assert_int_equal(vpn_engine_counters(hub->engine)->dropped[NHRP_DROP_ENCAPSULATION], 1);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REPLY), 0);
}

/* All of a VPN's exchanges between nodes that are configured so: not one header. */
static void test_main_job_without_headers(void **state)
{
	struct vpn_mac_view v;

	world_configure(spoke1, 1, hub);
	world_configure(spoke2, 1, hub);
	world_assign(spoke1, &vpn1);
	world_assign(spoke2, &vpn1);
	world_run(1000);
	assert_int_equal(world_num_members(hub), 2);
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(100);
	assert_true(world_mac(spoke1, VM2, &v));
	assert_string_equal(v.type, "shortcut");
	world_mac_seen(hub, spoke1, HUB_VNI, VM2); /* it moves: spoke1 is purged */
	world_run(40000);
	assert_null(world_fdb(spoke1, VM2));
	assert_true(world_seen(NHRP_OP_PURGE_REPLY) >= 1);
	vpn_engine_unset_instance(spoke1->engine, "tun2", vpn1); /* leaves by a Purge Request */
	vpn_engine_commit(spoke1->engine);
	world_run(100);
	assert_int_equal(world_num_members(hub), 1);
	for (uint8_t op = NHRP_OP_RESOLUTION_REQUEST; op <= NHRP_OP_TRAFFIC_INDICATION; op++)
		assert_int_equal(world_seen(op), world_seen_plain(op));
}

/* Of the last message of that type. */
static bool last_has_headers(uint8_t op)
{
	return sent(op).has_vpn;
}

static uint32_t target_capabilities(void)
{
	struct nhrp_msg m = sent(NHRP_OP_RESOLUTION_REPLY);
	uint32_t source, target;
	struct nhrp_ext ext;

	assert_true(nhrp_ext_find(&m, NHRP_EXT_CAPABILITIES, &ext));
	assert_true(nhrp_ext_capabilities(&ext, &source, &target));
	assert_int_equal(source, NHRP_CAPABILITY_VPN);
	return target;
}

/*
 * spoke1 knows no VPNs, spoke2 does: each is spoken to in its own form, and each is told the
 * truth about the other (RFC 2735 3.3).
 */
static void test_each_in_its_own_form(void **state)
{
	struct vpn_mac_view v;

	world_configure(spoke1, 1, hub);
	world_assign(spoke1, &vpn1);
	world_configure(spoke2, 1, hub);
	world_run(40000);
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);

	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	assert_false(last_has_headers(NHRP_OP_TRAFFIC_INDICATION));
	assert_false(last_has_headers(NHRP_OP_RESOLUTION_REQUEST));
	assert_false(last_has_headers(NHRP_OP_RESOLUTION_REPLY));
	assert_int_equal(target_capabilities(), NHRP_CAPABILITY_VPN);
	assert_true(world_mac(spoke1, VM2, &v));

	world_hairpin(hub, spoke2, spoke1, HUB_VNI, VM2, VM1);
	assert_true(last_has_headers(NHRP_OP_TRAFFIC_INDICATION));
	assert_true(last_has_headers(NHRP_OP_RESOLUTION_REQUEST));
	assert_true(last_has_headers(NHRP_OP_RESOLUTION_REPLY));
	assert_int_equal(target_capabilities(), 0);
	assert_true(world_mac(spoke2, VM1, &v));
	assert_string_equal(v.type, "shortcut");
}

/* The hub answers who asks without capabilities, as the VPN is the default routing instance there (RFC 2735 3.3). */
static void test_plain_question_without_capabilities(void **state)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, 9), back;
	struct nhrp_cie cie;
	struct nhrp_builder b;
	struct nhrp_ext ext;
	uint8_t buf[512];

	register_by(NULL, WORLD_CTL_IFINDEX);
	world_configure(spoke2, 1, hub);
	world_run(100);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	m.has_vpn = false;
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub, &spoke1->nbma, &b);
	back = sent(NHRP_OP_RESOLUTION_REPLY);
	assert_false(back.has_vpn);
	assert_int_equal(back.request_id, 9);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_SUCCESS);
	assert_addr(&cie.nbma, &spoke2->nbma);
	assert_false(nhrp_ext_find(&back, NHRP_EXT_CAPABILITIES, &ext));
}

/* Headers of another VPN from a peer that is in VPN 1 by configuration: error 16, in the VPN that it named. */
static void test_contradiction_is_error_16(void **state)
{
	struct nhrp_msg error;

	vpn_engine_set_instance(hub->engine, "tun2", vpn2, 0);
	vpn_engine_commit(hub->engine);
	world_run(0);
	register_by(NULL, WORLD_CTL_IFINDEX);
	register_by(&vpn2, WORLD_CTL_IFINDEX);
	assert_int_equal(world_num_members(hub), 1);
	assert_int_equal(refused(hub, VPN_REFUSED_VPN_MISMATCH), 1);
	error = sent(NHRP_OP_ERROR_INDICATION);
	assert_int_equal(error.error_code, NHRP_ERR_VPN_MISMATCH);
	assert_true(error.has_vpn);
	assert_int_equal(vpn_id_cmp(&error.vpn, &vpn2), 0);
	assert_non_null(strstr(hub->last_warning, "sends plain messages, which are of VPN 1, and now sent one of VPN 2"));
	/* with headers of VPN 1 it shows that it knows VPNs, and may be in VPN 2 */
	register_by(&vpn1, WORLD_CTL_IFINDEX);
	register_by(&vpn2, WORLD_CTL_IFINDEX);
	assert_int_equal(world_num_members(hub), 2);
	assert_int_equal(refused(hub, VPN_REFUSED_VPN_MISMATCH), 1);
}

/* What was said long ago binds nobody: a station may have been replaced. */
static void test_contradiction_is_over_one_day(void **state)
{
	vpn_engine_set_instance(hub->engine, "tun2", vpn2, 0);
	vpn_engine_commit(hub->engine);
	world_run(0);
	register_by(NULL, WORLD_CTL_IFINDEX);
	world_run(7200 * 1000);
	register_by(&vpn2, WORLD_CTL_IFINDEX);
	assert_int_equal(refused(hub, VPN_REFUSED_VPN_MISMATCH), 0);
	assert_int_equal(world_num_members(hub), 1);
}

/* A VPN that is not here: error 17, and a plain one, as its receiver may not know headers (RFC 2735 3.4). */
static void test_plain_for_a_vpn_that_is_not_here_is_error_17(void **state)
{
	struct nhrp_msg error;

	world_assign(hub, &vpn2);
	assert_string_equal(plain_reason(hub), "VPN 2 is neither on tun1 nor controlled by it");
	register_by(NULL, WORLD_CTL_IFINDEX);
	assert_int_equal(world_num_members(hub), 0);
	assert_int_equal(refused(hub, VPN_REFUSED_UNKNOWN_VPN), 1);
	error = sent(NHRP_OP_ERROR_INDICATION);
	assert_int_equal(error.error_code, NHRP_ERR_VPN_NOT_SUPPORTED);
	assert_false(error.has_vpn);
	/* VPN 1 with its headers is served as before */
	register_by(&vpn1, WORLD_CTL_IFINDEX);
	assert_int_equal(world_num_members(hub), 1);
	assert_true(last_has_headers(NHRP_OP_REGISTRATION_REPLY));
}

/* The stock code has no part in the VPN of plain messages, unless the interface itself is in it. */
static void test_stock_code_is_silent_there(void **state)
{
	struct vpn_id vpn;

	assert_int_equal(vpn_engine_layer3(hub->engine, "tun1", &vpn), VPN_LAYER3_BLOCKED);
	assert_int_equal(hub->forgotten, 1);
	world_assign(hub, NULL);
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun1", &vpn), VPN_LAYER3_PLAIN);
	assert_int_equal(hub->forgotten, 2);
}

/* --- the default routing instance --- */

static const struct vpn_id vpn0;

/* A message of IPv4 addresses from spoke1 with headers of VPN. */
static void ipv4_by(const struct vpn_id *vpn, uint32_t ifindex, const char *from)
{
	const struct dm_addr nbma = world_addr(from);
	struct nhrp_cie cie = { .holding_time = 60, .prefix_len = 255 };
	struct nhrp_builder b;
	uint8_t buf[512];
	struct nhrp_msg m = {
		.has_vpn = vpn, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_IPV4, .hop_count = 16,
		.op = NHRP_OP_REGISTRATION_REQUEST, .request_id = 77, .src_nbma = nbma, .src_proto = world_addr("1.0.0.2"),
		.dst_proto = world_addr("1.0.0.1"),
	};

	if (vpn)
		m.vpn = *vpn;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	world_inject_by(hub, ifindex, &nbma, buf, nhrp_build_end(&b));
	world_run(0);
}

static void add_layer3(uint32_t index)
{
	struct vpn_controller c = { .name = "tun11", .gre = true, .up = true, .ifindex = 11, .nbma = hub->nbma };

	vpn_engine_set_instance(hub->engine, "tun11", (struct vpn_id){ .index = index }, 0);
	vpn_engine_commit(hub->engine);
	vpn_engine_controller(hub->engine, &c);
}

/* On an interface without VPN it is the plain message inside, which the stock code answers in plain. */
static void test_vpn_id_0_is_the_default_routing_instance(void **state)
{
	world_assign(hub, NULL);
	ipv4_by(&vpn0, WORLD_CTL_IFINDEX, "10.0.0.2");
	assert_int_equal(hub->delivered_default, 1);
	ipv4_by(&vpn0, 99, "10.0.0.2"); /* nor does an interface that no VPN is about have one */
	assert_int_equal(hub->delivered_default, 2);
	assert_int_equal(vpn_engine_counters(hub->engine)->default_delivered, 2);
	assert_int_equal(vpn_engine_counters(hub->engine)->received[NHRP_OP_REGISTRATION_REQUEST], 2);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
	/* it has no MAC addresses */
	register_by(&vpn0, WORLD_CTL_IFINDEX);
	assert_int_equal(hub->delivered_default, 2);
	assert_int_equal(sent(NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_VPN_NOT_SUPPORTED);
	assert_true(last_has_headers(NHRP_OP_ERROR_INDICATION));
}

/* On an interface of another VPN it is another VPN. */
static void test_vpn_id_0_in_a_vpn_is_error_16(void **state)
{
	struct nhrp_msg error;

	add_layer3(11);
	ipv4_by(&vpn0, 11, "10.0.0.2");
	assert_int_equal(hub->delivered, 0);
	error = sent(NHRP_OP_ERROR_INDICATION);
	assert_int_equal(error.error_code, NHRP_ERR_VPN_MISMATCH);
	assert_true(error.has_vpn && vpn_id_is_default(&error.vpn));
}

/* A particular VPN as the default routing instance (RFC 2735 3.1): VPN-ID 0 means it, as silence does. */
static void test_default_may_be_a_particular_vpn(void **state)
{
	register_by(&vpn0, WORLD_CTL_IFINDEX);
	assert_int_equal(world_num_members(hub), 1);
	assert_false(last_has_headers(NHRP_OP_REGISTRATION_REPLY)); /* which names the default routing instance, too */
	assert_false(member_is_aware());
}

/* The same on layer 3: plain messages of the interface are of its own VPN. */
static void test_layer3_vpn_for_plain_messages(void **state)
{
	const struct vpn_path plain = { .ifindex = 11, .nbma = world_addr("10.0.0.2") };
	const struct vpn_path aware = { .ifindex = 11, .nbma = world_addr("10.0.0.3") };
	const struct vpn_path unknown = { .ifindex = 11, .nbma = world_addr("10.0.0.4") };
	const struct vpn_id vpn11 = { .index = 11 };
	struct vpn_id vpn;

	add_layer3(11);
	assert_false(vpn_engine_plain_wanted(hub->engine, &unknown, &vpn11));
	vpn_engine_set_plain_vpn(hub->engine, "tun11", &vpn11);
	vpn_engine_commit(hub->engine);
	assert_int_equal(vpn_engine_layer3(hub->engine, "tun11", &vpn), VPN_LAYER3_VPN);

	ipv4_by(&vpn0, 11, "10.0.0.2");
	ipv4_by(&vpn11, 11, "10.0.0.3");
	assert_int_equal(hub->delivered, 2);
	assert_int_equal(hub->delivered_default, 0);
	assert_true(vpn_engine_plain_wanted(hub->engine, &plain, &vpn11));
	assert_false(vpn_engine_plain_wanted(hub->engine, &aware, &vpn11));
	/* who never spoke may know no headers, and gets none; in other VPNs nobody goes without */
	assert_true(vpn_engine_plain_wanted(hub->engine, &unknown, &vpn11));
	assert_false(vpn_engine_plain_wanted(hub->engine, &unknown, &vpn2));
	/* who does not get past guard and password has shown nothing */
	hub->keeps_out = true;
	ipv4_by(&vpn0, 11, "10.0.0.3");
	assert_false(vpn_engine_plain_wanted(hub->engine, &aware, &vpn11));
}

/* Another assignment: what was known of the peers was about the former. */
static void test_change_forgets_forms(void **state)
{
	const struct vpn_path aware = { .ifindex = 11, .nbma = world_addr("10.0.0.3") };
	const struct vpn_id vpn11 = { .index = 11 };

	add_layer3(11);
	vpn_engine_set_plain_vpn(hub->engine, "tun11", &vpn11);
	vpn_engine_commit(hub->engine);
	ipv4_by(&vpn11, 11, "10.0.0.3");
	vpn_engine_set_plain_vpn(hub->engine, "tun11", &vpn11); /* the same: nothing happens */
	vpn_engine_commit(hub->engine);
	assert_false(vpn_engine_plain_wanted(hub->engine, &aware, &vpn11));
	vpn_engine_set_plain_vpn(hub->engine, "tun11", NULL);
	vpn_engine_set_plain_vpn(hub->engine, "tun11", &vpn11);
	vpn_engine_commit(hub->engine);
	assert_true(vpn_engine_plain_wanted(hub->engine, &aware, &vpn11));
}

/* Peers are remembered up to a bound; then the one not heard for longest goes. */
static void test_forms_are_bounded(void **state)
{
	const struct vpn_id vpn11 = { .index = 11 };
	struct vpn_path first = { .ifindex = 11, .nbma = world_addr("10.0.0.3") }, second = first, last = first;

	add_layer3(11);
	vpn_engine_set_plain_vpn(hub->engine, "tun11", &vpn11);
	vpn_engine_commit(hub->engine);
	second.nbma = world_addr("10.0.0.4");
	ipv4_by(&vpn11, 11, "10.0.0.3");
	ipv4_by(&vpn11, 11, "10.0.0.4");
	ipv4_by(&vpn11, 11, "10.0.0.3"); /* heard again: younger than the second */
	for (unsigned int i = 0; i < 65535; i++) {
		char from[24];

		snprintf(from, sizeof(from), "172.16.%u.%u", i >> 8, i & 255);
		ipv4_by(&vpn11, 11, from);
		last.nbma = world_addr(from);
	}
	assert_true(vpn_engine_plain_wanted(hub->engine, &second, &vpn11));
	assert_false(vpn_engine_plain_wanted(hub->engine, &first, &vpn11));
	assert_false(vpn_engine_plain_wanted(hub->engine, &last, &vpn11));
}

/* A key chain holds without headers, too; the hash is over the VPN that both ends are configured with, and over the form. */
static void test_keys_without_headers(void **state)
{
	const uint8_t *octets;
	uint8_t headed[1500];
	size_t len;

	world_key_chain(hub, 1, "secret");
	world_configure(spoke1, 1, hub);
	world_assign(spoke1, &vpn1);
	world_key_chain(spoke1, 1, "secret");
	world_run(40000);
	assert_int_equal(world_num_members(hub), 1);
	assert_false(last_has_headers(NHRP_OP_REGISTRATION_REQUEST));
	assert_false(member_is_aware());
	/* the same octets behind headers are not authentic, nor do they make their sender another */
	len = world_last(NHRP_OP_REGISTRATION_REQUEST, &octets);
	assert_true(nhrp_build_vpn_headers(headed, &vpn1));
	memcpy(headed + NHRP_VPN_HEADER_LEN, octets, len);
	world_inject(hub, &spoke1->nbma, headed, len + NHRP_VPN_HEADER_LEN);
	world_run(0);
	assert_int_equal(refused(hub, VPN_REFUSED_AUTHENTICATION), 1);
	assert_false(member_is_aware());
}

/* Two VPNs share a key chain: what was said in plain in the one says nothing in the other. */
static void test_recording_in_another_plain_vpn(void **state)
{
	const uint8_t *octets;
	uint8_t recorded[1500];
	size_t len;

	world_key_chain(hub, 1, "secret");
	vpn_engine_set_instance(hub->engine, "tun2", vpn2, 0);
	vpn_engine_commit(hub->engine);
	world_configure(spoke1, 1, hub);
	world_assign(spoke1, &vpn1);
	world_key_chain(spoke1, 1, "secret");
	world_run(40000);
	len = world_last(NHRP_OP_REGISTRATION_REQUEST, &octets);
	memcpy(recorded, octets, len);
	world_assign(hub, &vpn2);
	world_inject(hub, &spoke1->nbma, recorded, len);
	world_run(0);
	assert_int_equal(refused(hub, VPN_REFUSED_AUTHENTICATION), 1);
	assert_int_equal(world_instance_of(hub, 2).num_members, 0);
	assert_int_equal(world_instance_of(hub, 1).num_members, 1);
}

/* Keys hold for IP addresses, too: the MAC that stands for the sender is no longer than the VPN allows, named or not. */
static void test_addresses_with_keys_without_headers(void **state)
{
	struct vpn_neigh_view v;

	world_key_chain(hub, 1, "secret");
	world_configure(spoke1, 1, hub);
	world_assign(spoke1, &vpn1);
	world_key_chain(spoke1, 1, "secret");
	vpn_engine_set_arp_suppress(spoke1->engine, "tun2", true);
	vpn_engine_commit(spoke1->engine);
	world_run(40000);
	world_neigh(spoke1, "192.168.1.1", VM1);
	world_neigh(spoke1, "fd00::1", VM1);
	world_run(100);
	assert_true(world_ip(hub, "192.168.1.1", &v));
	assert_true(world_ip(hub, "fd00::1", &v));
	assert_int_equal(refused(hub, VPN_REFUSED_AUTHENTICATION), 0);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST), world_seen_plain(NHRP_OP_REGISTRATION_REQUEST));
}

/* An error in plain, from where spoke1 speaks: nobody vouches for those, keys or none. */
static void inject_plain_error(void)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_ERROR_INDICATION, 0);
	struct nhrp_builder b;
	uint8_t buf[512];

	m.has_vpn = false;
	m.error_code = NHRP_ERR_UNREACHABLE;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, buf, 28);
	deliver(hub, &spoke1->nbma, &b);
}

/* A stranger cannot make the hub speak without headers to who has sent some, nor keep that one out of other VPNs. */
static void test_forged_error_changes_no_form(void **state)
{
	world_key_chain(hub, 1, "secret");
	world_configure(spoke1, 1, hub);
	world_key_chain(spoke1, 1, "secret");
	world_run(100);
	assert_int_equal(world_num_members(hub), 1);
	assert_true(member_is_aware());
	inject_plain_error();
	assert_int_equal(vpn_engine_counters(hub->engine)->received[NHRP_OP_ERROR_INDICATION], 1);
	assert_true(member_is_aware());
	world_run(40000);
	assert_true(last_has_headers(NHRP_OP_REGISTRATION_REPLY));
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
}

/* Where the VPN named has keys, a plain message that anybody may have sent keeps nobody out of it. */
static void test_keys_outweigh_a_contradiction(void **state)
{
	const struct vpn_id vpn11 = { .index = 11 };

	world_key_chain(hub, 1, "secret");
	world_configure(spoke1, 1, hub);
	world_key_chain(spoke1, 1, "secret");
	vpn_engine_set_instance(hub->engine, "tun1", vpn11, 0); /* the controller has a layer 3 VPN of its own */
	world_assign(hub, &vpn11);
	vpn_engine_controller(hub->engine, &hub->ctl);
	world_run(100);
	assert_int_equal(world_num_members(hub), 1);
	ipv4_by(&vpn0, WORLD_CTL_IFINDEX, "10.0.0.2");
	assert_int_equal(hub->delivered, 1);
	assert_true(vpn_engine_plain_wanted(hub->engine, &(struct vpn_path){ WORLD_CTL_IFINDEX, spoke1->nbma }, &vpn11));
	world_run(60000);
	assert_int_equal(refused(hub, VPN_REFUSED_VPN_MISMATCH), 0);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	/* without keys there is nothing better to go by */
	world_key_chain(hub, 0, NULL);
	register_by(&vpn1, WORLD_CTL_IFINDEX);
	assert_int_equal(refused(hub, VPN_REFUSED_VPN_MISMATCH), 1);
}

static void test_vxlan_devices_have_none(void **state)
{
	vpn_engine_set_plain_vpn(hub->engine, "tun2", &vpn1);
	vpn_engine_commit(hub->engine);
	assert_int_equal(world_instance(hub).state, VPN_INACTIVE);
	assert_string_equal(world_instance(hub).reason, "plain-messages is for GRE interfaces, and tun2 is a VXLAN device");
	vpn_engine_set_plain_vpn(hub->engine, "tun2", NULL);
	vpn_engine_commit(hub->engine);
	world_run(0);
	assert_int_equal(world_instance(hub).state, VPN_UP);
}

static void test_missing_interface_is_a_reason(void **state)
{
	world_assign(hub, NULL);
	vpn_engine_set_plain_vpn(hub->engine, "tun9", &vpn1);
	vpn_engine_commit(hub->engine);
	assert_string_equal(plain_reason(hub), "tun9 does not exist or is not a GRE interface");
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	CASE(test_plain_message_is_of_the_vpn),
	CASE(test_without_assignment_nothing_is_assigned),
	CASE(test_main_job_without_headers),
	CASE(test_each_in_its_own_form),
	CASE(test_plain_question_without_capabilities),
	CASE(test_contradiction_is_error_16),
	CASE(test_contradiction_is_over_one_day),
	CASE(test_plain_for_a_vpn_that_is_not_here_is_error_17),
	CASE(test_stock_code_is_silent_there),
	CASE(test_vpn_id_0_is_the_default_routing_instance),
	CASE(test_vpn_id_0_in_a_vpn_is_error_16),
	CASE(test_default_may_be_a_particular_vpn),
	CASE(test_layer3_vpn_for_plain_messages),
	CASE(test_change_forgets_forms),
	CASE(test_forms_are_bounded),
	CASE(test_keys_without_headers),
	CASE(test_recording_in_another_plain_vpn),
	CASE(test_addresses_with_keys_without_headers),
	CASE(test_forged_error_changes_no_form),
	CASE(test_keys_outweigh_a_contradiction),
	CASE(test_vxlan_devices_have_none),
	CASE(test_missing_interface_is_a_reason),
};

int main(void)
{
	return cmocka_run_group_tests_name("peers that know no VPNs", tests, NULL, NULL);
}

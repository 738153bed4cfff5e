// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Authentication of VPN messages between engines: keys that are right, wrong, missing and
 * rolled over, messages that are repeated, recorded or forged, nodes that start anew, and
 * the controller's plain-text password. One hub (10.0.0.1) and spokes (10.0.0.2 VNI 100,
 * 10.0.0.3 VNI 101) with key 1 of the chain "chain".
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "nhrpd/vpn_auth.h"
#include "tests/engine/trio.h"

#define HUB_VNI 4097
#define VM1 "02:aa:00:00:00:01"
#define VM2 "02:aa:00:00:00:02"

static void configure(void)
{
	world_configure(hub, 1, NULL);
	world_configure(spoke1, 1, hub);
	world_configure(spoke2, 1, hub);
}

static int setup(void **state)
{
	trio_make();
	world_key_chain(hub, 1, "first secret");
	world_key_chain(spoke1, 1, "first secret");
	world_key_chain(spoke2, 1, "first secret");
	configure();
	world_run(100);
	return 0;
}

static int setup_bare(void **state)
{
	trio_make();
	return 0;
}

static uint64_t failures(struct world_node *n)
{
	return trio_refused(n, VPN_REFUSED_AUTHENTICATION);
}

static uint64_t stale(struct world_node *n)
{
	return trio_refused(n, VPN_REFUSED_NOT_FRESH);
}

static struct nhrp_msg last_message(uint8_t op)
{
	const uint8_t *octets;
	size_t len = world_last(op, &octets);
	struct nhrp_msg m;

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	return m;
}

static bool has_authentication(uint8_t op)
{
	struct nhrp_msg m = last_message(op);
	struct nhrp_ext ext;

	return nhrp_ext_find(&m, NHRP_EXT_AUTHENTICATION, &ext);
}

/* The last message of that type again, from its own sender or from elsewhere. */
static void again(uint8_t op, struct world_node *to, const struct dm_addr *from)
{
	const uint8_t *octets;
	size_t len = world_last(op, &octets);
	uint8_t copy[NHRP_PACKET_MAX_LEN];

	memcpy(copy, octets, len);
	world_inject(to, from, copy, len);
	world_run(0);
}

static void make_shortcuts(void)
{
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_hairpin(hub, spoke2, spoke1, HUB_VNI, VM2, VM1);
	world_run(10);
}

/* --- keys ------------------------------------------------------------------------ */

/* One round trip more than without keys, and every message but an Error Indication has the extension. */
static void test_right_key(void **state)
{
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(world_num_members(hub), 2);
	assert_string_equal(world_instance(hub).authentication, "keyChain");
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST), 4);
	make_shortcuts();
	assert_non_null(world_fdb(spoke1, VM2));
	assert_non_null(world_fdb(spoke2, VM1));
	world_mac_seen(hub, spoke1, HUB_VNI, VM2); /* it moves: purge */
	world_run(10);
	assert_null(world_fdb(spoke1, VM2));
	for (uint8_t op = NHRP_OP_RESOLUTION_REQUEST; op <= NHRP_OP_TRAFFIC_INDICATION; op++)
		if (op != NHRP_OP_ERROR_INDICATION)
			assert_true(world_seen(op) && has_authentication(op));
	assert_int_equal(failures(hub) + failures(spoke1) + failures(spoke2), 0);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

static void test_renewals_go_on(void **state)
{
	make_shortcuts();
	spoke1->idle_ms = spoke2->idle_ms = 0;
	world_run(3 * 7200 * 1000ull);
	assert_int_equal(world_num_members(hub), 2);
	assert_non_null(world_fdb(spoke1, VM2));
	assert_int_equal(failures(hub) + failures(spoke1) + failures(spoke2), 0);
}

static void test_wrong_key_stays_out(void **state)
{
	world_key_chain(hub, 1, "first secret");
	world_key_chain(spoke1, 1, "first secret");
	world_key_chain(spoke2, 1, "first secreT");
	configure();
	world_run(60000);
	assert_int_equal(world_num_members(hub), 1);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(world_instance(spoke2).state, VPN_REGISTERING);
	assert_true(failures(hub) >= 5);
	assert_non_null(strstr(hub->last_warning, "digest"));
	assert_int_equal(last_message(NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_AUTHENTICATION);
	assert_false(has_authentication(NHRP_OP_ERROR_INDICATION));
}

static void test_no_key_stays_out(void **state)
{
	world_key_chain(hub, 1, "first secret");
	world_key_chain(spoke1, 2, "first secret");
	configure();
	world_run(10000);
	assert_int_equal(world_num_members(hub), 0);
	assert_true(failures(hub) >= 2);
	assert_int_equal(last_message(NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_AUTHENTICATION);
}

/* The other way round: who wants authentication does not believe a hub that gives none. */
static void test_hub_without_key_is_not_believed(void **state)
{
	world_key_chain(spoke1, 1, "first secret");
	configure();
	world_run(10000);
	assert_int_equal(world_instance(spoke1).state, VPN_REGISTERING);
	/* the hub does not check what it has no key for, so it does not understand it */
	assert_int_equal(last_message(NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_UNRECOGNIZED_EXTENSION);
	assert_int_equal(world_instance(spoke2).state, VPN_UP);
}

static void test_errors_about_failures_are_few(void **state)
{
	unsigned int before;

	world_key_chain(spoke1, 1, "other");
	vpn_engine_set_holdtime(spoke1->engine, "tun2", 600); /* registers at once */
	world_run(0);
	assert_int_equal(failures(hub), 1);
	before = world_seen(NHRP_OP_ERROR_INDICATION);
	world_run(1000);
	for (int i = 0; i < 100; i++)
		again(NHRP_OP_REGISTRATION_REQUEST, hub, &spoke1->nbma);
	assert_true(failures(hub) >= 100);
	assert_true(world_seen(NHRP_OP_ERROR_INDICATION) > before);
	assert_true(world_seen(NHRP_OP_ERROR_INDICATION) <= before + 20);
}

/* A farewell is believed with the hash only, and a stale one is not answered: its sender is gone. */
static void test_farewell(void **state)
{
	uint8_t copy[NHRP_PACKET_MAX_LEN];
	const uint8_t *octets;
	size_t len;

	vpn_engine_unset_instance(spoke1->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke1->engine);
	len = world_last(NHRP_OP_PURGE_REQUEST, &octets);
	memcpy(copy, octets, len);
	world_run(0);
	assert_int_equal(world_num_members(hub), 1);
	world_restart(hub);
	world_key_chain(hub, 1, "first secret");
	world_configure(hub, 1, NULL);
	world_run(10);
	world_inject(hub, &spoke2->nbma, copy, len);
	world_run(0);
	assert_int_equal(stale(hub), 1);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REPLY), 0);
	assert_int_equal(world_num_members(hub), 1);
}

/* --- chains that come and go -------------------------------------------------------- */

static void test_missing_chain_heals(void **state)
{
	vpn_engine_set_key_chain(spoke1->engine, "tun2", "chain");
	world_key_chain(hub, 1, "first secret");
	configure();
	world_run(3000);
	assert_int_equal(world_instance(spoke1).state, VPN_INACTIVE);
	assert_string_equal(world_instance(spoke1).reason, "key chain chain does not exist");
	spoke1->has_chain = true;
	world_run(1500);
	assert_string_equal(world_instance(spoke1).reason, "key chain chain has no key");
	spoke1->keys[0] = (struct world_key){ .id = 1, .string = "first secret", .send = true, .accept = true };
	world_run(1500);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
}

/* Both ways, nothing is sent and nothing is forgotten while the key is away. */
static void test_key_that_ends_is_a_passing_obstacle(void **state)
{
	const uint64_t *requests = &vpn_engine_counters(spoke1->engine)->sent[NHRP_OP_REGISTRATION_REQUEST];
	uint64_t before;

	make_shortcuts();
	vpn_engine_set_keepalive(spoke1->engine, "tun2", VPN_KEEPALIVE_MAX);
	spoke1->keys[0].send = false;
	world_run(2000);
	assert_string_equal(world_instance(spoke1).reason, "key chain chain has no key");
	before = *requests;
	vpn_engine_set_holdtime(spoke1->engine, "tun2", 600); /* asks for a registration at once */
	world_run(100);
	assert_int_equal(*requests, before);
	assert_int_equal(vpn_engine_counters(spoke1->engine)->no_key, 1);
	assert_non_null(world_fdb(spoke1, VM2));
	world_run(100 * 1000); /* the next try is up to half a minute away by now */
	spoke1->keys[0].send = true;
	world_run(1500);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_true(*requests > before);
}

static void test_chain_change_is_acted_on_at_once(void **state)
{
	hub->keys[0].send = false;
	vpn_engine_keys_changed(hub->engine);
	assert_int_equal(world_instance(hub).state, VPN_INACTIVE);
	hub->keys[0].send = true;
	vpn_engine_keys_changed(hub->engine);
	assert_int_equal(world_instance(hub).state, VPN_UP);
	world_key_chain(hub, 0, NULL);
	assert_string_equal(world_instance(hub).authentication, "none");
}

/* Key 2 comes to all, then all send with it in whatever order, then key 1 goes: nobody is ever out. */
static void test_roll_over(void **state)
{
	struct world_node *nodes[] = { hub, spoke1, spoke2 };
	struct world_key second = { .id = 2, .string = "second secret", .send = true, .accept = true };

	for (size_t i = 0; i < 3; i++)
		nodes[i]->keys[1] = second;
	world_run(31000);
	for (size_t i = 0; i < 3; i++) {
		nodes[i]->keys[0].send = false;
		world_run(31000);
	}
	for (size_t i = 0; i < 3; i++) {
		nodes[i]->keys[0].accept = false;
		world_run(31000);
	}
	assert_int_equal(world_num_members(hub), 2);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(failures(hub) + failures(spoke1) + failures(spoke2), 0);
	assert_int_equal(stale(hub), 2); /* the first request of each spoke: nothing was renewed by a challenge */
	make_shortcuts();
	assert_non_null(world_fdb(spoke1, VM2));
}

static void test_old_key_is_refused_when_it_is_over(void **state)
{
	hub->keys[0].accept = false;
	world_run(40000);
	assert_true(failures(hub) >= 2);
	assert_non_null(strstr(hub->last_warning, "key"));
}

/* --- what is repeated or recorded --------------------------------------------------- */

static void test_replayed_message_is_refused(void **state)
{
	uint64_t before;
	struct dm_addr elsewhere = world_addr("10.0.0.9");

	world_run(31000);
	before = stale(hub);
	again(NHRP_OP_REGISTRATION_REQUEST, hub, &spoke2->nbma);
	again(NHRP_OP_REGISTRATION_REQUEST, hub, &elsewhere);
	assert_int_equal(stale(hub), before + 2);
	make_shortcuts();
	before = stale(spoke1);
	again(NHRP_OP_TRAFFIC_INDICATION, spoke1, &hub->nbma); /* the last was for spoke2: its echo is not ours */
	assert_int_equal(stale(spoke1), before + 1);
	before = stale(spoke2);
	again(NHRP_OP_TRAFFIC_INDICATION, spoke2, &hub->nbma);
	assert_int_equal(stale(spoke2), before + 1);
}

static void test_network_that_repeats_all(void **state)
{
	world_repeat(true);
	make_shortcuts();
	world_run(60000);
	assert_int_equal(world_num_members(hub), 2);
	assert_non_null(world_fdb(spoke1, VM2));
	assert_true(stale(hub) > 2 && stale(spoke1) > 0);
	assert_int_equal(failures(hub) + failures(spoke1), 0);
}

/* What was recorded before the hub's start is answered by a challenge and changes nothing. */
static void test_recording_from_before_a_restart(void **state)
{
	uint8_t copy[NHRP_PACKET_MAX_LEN];
	const uint8_t *octets;
	size_t len;
	struct nhrp_cie cie;
	struct nhrp_msg reply;

	len = world_last(NHRP_OP_REGISTRATION_REQUEST, &octets);
	memcpy(copy, octets, len);
	spoke1->deaf = spoke2->deaf = true;
	world_restart(hub);
	hub->num_members = hub->num_macs = hub->num_instances = 0;
	world_key_chain(hub, 1, "first secret");
	world_configure(hub, 1, NULL);
	world_run(10);
	world_inject(hub, &spoke2->nbma, copy, len);
	world_run(0);
	assert_int_equal(world_num_members(hub), 0);
	assert_int_equal(stale(hub), 1);
	reply = last_message(NHRP_OP_REGISTRATION_REPLY);
	assert_true(nhrp_cie_next(&reply.body, reply.afn, reply.pro_type, &cie));
	assert_int_equal(cie.code, NHRP_CIE_PROHIBITED);
	assert_int_equal(cie.holding_time, 0);
}

static void test_every_changed_octet_is_refused(void **state)
{
	uint8_t copy[NHRP_PACKET_MAX_LEN];
	const uint8_t *octets;
	size_t len, accepted = 0;
	size_t members = world_num_members(hub);
	uint32_t vni;

	world_run(31000);
	len = world_last(NHRP_OP_REGISTRATION_REQUEST, &octets);
	for (size_t at = NHRP_VPN_HEADER_LEN; at < len; at++) {
		uint64_t sum;

		memcpy(copy, octets, len);
		copy[at] ^= 1;
		/* with a right checksum, or the codec would see it */
		copy[NHRP_VPN_HEADER_LEN + 12] = copy[NHRP_VPN_HEADER_LEN + 13] = 0;
		sum = nhrp_checksum(copy + NHRP_VPN_HEADER_LEN, len - NHRP_VPN_HEADER_LEN);
		copy[NHRP_VPN_HEADER_LEN + 12] = (uint8_t)(sum >> 8);
		copy[NHRP_VPN_HEADER_LEN + 13] = (uint8_t)sum;
		sum = vpn_engine_counters(hub->engine)->sent[NHRP_OP_REGISTRATION_REPLY];
		world_inject(hub, &spoke2->nbma, copy, len);
		world_run(0);
		accepted += vpn_engine_counters(hub->engine)->sent[NHRP_OP_REGISTRATION_REPLY] - sum;
	}
	vni = hub->members[0].remote_vni;
	assert_true(vni == 100 || vni == 101);
	assert_int_equal(accepted, 0);
	assert_int_equal(world_num_members(hub), members);
	assert_true(failures(hub) > 50);
}

static size_t indication(uint8_t *buf, size_t size)
{
	uint8_t frame[14] = { 2, 0xaa, 0, 0, 0, 2, 2, 0xaa, 0, 0, 0, 1 };
	struct nhrp_msg m = {
		.has_vpn = true, .vpn.index = 1, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB, .hop_count = 255,
		.op = NHRP_OP_TRAFFIC_INDICATION, .src_nbma = hub->nbma, .src_sub = nhrp_subaddr_vni(HUB_VNI),
		.src_proto = hub->link.mac, .dst_proto = world_addr(VM1),
	};
	struct nhrp_builder b;

	nhrp_build_begin(&b, buf, size, &m);
	nhrp_build_octets(&b, frame, sizeof(frame));
	return nhrp_build_end(&b);
}

/* A stranger who can send from the hub's address makes a spoke ask for nothing. */
static void test_forged_indication_is_refused(void **state)
{
	uint8_t buf[512];
	size_t len = indication(buf, sizeof(buf));

	world_inject(spoke1, &hub->nbma, buf, len);
	world_run(10);
	assert_int_equal(failures(spoke1), 1);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 0);
	assert_int_equal(world_instance(spoke1).num_shortcuts, 0);
	/* without a key chain the same message works: it is the hash that was missing */
	world_key_chain(spoke1, 0, NULL);
	world_inject(spoke1, &hub->nbma, buf, len);
	world_run(10);
	assert_int_not_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 0);
}

/* An Error Indication has no extension; it is let through and nothing comes of it, whatever it says. */
static void test_error_indication_changes_nothing(void **state)
{
	struct nhrp_msg m = {
		.has_vpn = true, .vpn.index = 1, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB, .hop_count = 255,
		.op = NHRP_OP_ERROR_INDICATION, .error_code = NHRP_ERR_AUTHENTICATION, .src_nbma = hub->nbma,
		.src_proto = hub->link.mac, .dst_proto = spoke1->link.mac,
	};
	struct nhrp_builder b;
	uint8_t buf[512];
	unsigned int sent = world_seen(NHRP_OP_REGISTRATION_REQUEST);

	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, buf, 28);
	world_inject(spoke1, &hub->nbma, buf, nhrp_build_end(&b));
	world_run(10);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST), sent);
	assert_int_equal(world_seen(NHRP_OP_ERROR_INDICATION), 0);
}

/* --- starts -------------------------------------------------------------------------- */

static void test_spoke_that_starts_anew(void **state)
{
	make_shortcuts();
	world_restart(spoke1);
	world_key_chain(spoke1, 1, "first secret");
	world_configure(spoke1, 1, hub);
	world_run(100);
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(failures(hub) + failures(spoke1), 0);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(10);
	assert_non_null(world_fdb(spoke1, VM2));
}

/* A hub's redirect after its start is not believed, but makes the spoke register; the next one is. */
static void test_hub_that_starts_anew(void **state)
{
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_restart(hub);
	world_key_chain(hub, 1, "first secret");
	world_configure(hub, 1, NULL);
	world_run(10);
	assert_int_equal(world_num_members(hub), 2); /* the module had them */
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(10);
	assert_null(world_fdb(spoke1, VM2));
	assert_int_equal(stale(spoke1), 1);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(10);
	assert_non_null(world_fdb(spoke1, VM2));
	assert_int_equal(failures(hub) + failures(spoke1), 0);
}

/* Two questions under way when the hub starts: both are asked again, none is taken as refused. */
static void test_questions_survive_a_start_of_the_hub(void **state)
{
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_mac_seen(hub, spoke2, HUB_VNI, "02:aa:00:00:00:03");
	world_lose(NHRP_OP_RESOLUTION_REQUEST, 2);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, "02:aa:00:00:00:03");
	world_restart(hub);
	world_key_chain(hub, 1, "first secret");
	world_configure(hub, 1, NULL);
	world_run(2500);
	assert_non_null(world_fdb(spoke1, VM2));
	assert_non_null(world_fdb(spoke1, "02:aa:00:00:00:03"));
}

/* A hint of a start that never was (a recording of another hub's future cannot exist; an idle spoke's is a year old). */
static void test_recorded_redirect_after_a_start_of_the_spoke(void **state)
{
	uint8_t copy[NHRP_PACKET_MAX_LEN];
	const uint8_t *octets;
	unsigned int sent;
	size_t len;

	make_shortcuts();
	len = world_last(NHRP_OP_TRAFFIC_INDICATION, &octets);
	memcpy(copy, octets, len);
	world_restart(spoke2);
	world_key_chain(spoke2, 1, "first secret");
	world_configure(spoke2, 1, hub);
	world_run(100);
	sent = world_seen(NHRP_OP_REGISTRATION_REQUEST) + world_seen(NHRP_OP_RESOLUTION_REQUEST);
	for (int i = 0; i < 20; i++) {
		world_inject(spoke2, &hub->nbma, copy, len);
		world_run(10);
	}
	assert_int_equal(stale(spoke2), 20);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST) + world_seen(NHRP_OP_RESOLUTION_REQUEST), sent);
}

static void test_long_outage_of_the_hub(void **state)
{
	hub->deaf = true;
	world_run(7300 * 1000ull);
	assert_int_equal(world_num_members(hub), 0);
	world_restart(hub);
	world_key_chain(hub, 1, "first secret");
	world_configure(hub, 1, NULL);
	hub->deaf = false;
	world_run(31000);
	assert_int_equal(world_num_members(hub), 2);
}

/* A configuration that goes and comes back is no way to have old messages taken. */
static void test_windows_outlive_the_instance(void **state)
{
	uint64_t before;

	world_run(31000);
	vpn_engine_unset_instance(hub->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(hub->engine);
	vpn_engine_set_instance(hub->engine, "tun2", (struct vpn_id){ .index = 1 }, 0);
	vpn_engine_commit(hub->engine);
	world_run(1);
	before = stale(hub);
	again(NHRP_OP_REGISTRATION_REQUEST, hub, &spoke2->nbma);
	assert_int_equal(stale(hub), before + 1);
	assert_int_equal(world_num_members(hub), 0);
	world_run(31000);
	assert_int_equal(world_num_members(hub), 2);
}

/* Purge Replies of ever new stations that have the key: all that the hub remembers of each is its window. */
static void station_speaks(uint32_t number, uint64_t echo)
{
	const struct nhrp_auth_key key = { .id = 1, .octets = "first secret", .len = 12 };
	const struct vpn_path from = { .ifindex = WORLD_CTL_IFINDEX, .nbma = spoke2->nbma };
	const struct nhrp_stamp stamp = { .epoch = 1, .echo = echo, .counter = 1 };
	const uint8_t mac[6] = { 6, 0, (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
				 (uint8_t)number };
	struct nhrp_msg m = {
		.has_vpn = true, .vpn.index = 1, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB, .hop_count = 255,
		.op = NHRP_OP_PURGE_REPLY, .src_nbma = hub->nbma, .src_proto = hub->link.mac,
	};
	struct nhrp_cie cie = { .proto = world_addr(VM1) };
	struct dm_addr address;
	struct nhrp_builder b;
	uint8_t buf[512];
	size_t at, len;

	dm_addr_set(&address, DM_MAC, mac, 6);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	at = nhrp_auth_put_hash(&b, &m, key.id, &address, &stamp);
	len = nhrp_build_end(&b);
	nhrp_auth_seal(&b, at, &key, world_hmac);
	vpn_engine_packet(hub->engine, &from, buf, len);
}

static uint64_t epoch_of_last(uint8_t op)
{
	struct nhrp_msg m = last_message(op);
	struct nhrp_ext ext;

	assert_true(nhrp_ext_find(&m, NHRP_EXT_AUTHENTICATION, &ext));
	dm_get_octets(&ext.value, 4 + 6); /* key and sender */
	return dm_get_u64(&ext.value);
}

/* When there is no room for one more window, all prove anew that they are there, and recordings stay void. */
static void test_too_many_stations(void **state)
{
	uint64_t epoch = epoch_of_last(NHRP_OP_REGISTRATION_REPLY);
	uint8_t copy[NHRP_PACKET_MAX_LEN];
	const uint8_t *octets;
	size_t len = world_last(NHRP_OP_REGISTRATION_REQUEST, &octets);
	uint64_t before;

	memcpy(copy, octets, len);
	for (uint32_t i = 2; i < VPN_PEERS_MAX; i++) /* two are the spokes */
		station_speaks(i, epoch);
	assert_int_equal(hub->warnings, 0);
	station_speaks(VPN_PEERS_MAX, epoch);
	assert_non_null(strstr(hub->last_warning, "must do so again"));
	before = stale(hub);
	world_inject(hub, &spoke2->nbma, copy, len);
	world_run(0);
	assert_int_equal(stale(hub), before + 1);
	world_run(31000);
	assert_int_equal(epoch_of_last(NHRP_OP_REGISTRATION_REPLY), epoch + 1);
	assert_int_equal(world_num_members(hub), 2);
	assert_int_equal(failures(hub), 0);
	make_shortcuts();
	assert_non_null(world_fdb(spoke1, VM2));
}

/* Nor is there room for a VPN that only ever rides along with another one's registration. */
static void test_too_many_stations_for_a_rider(void **state)
{
	uint64_t epoch = epoch_of_last(NHRP_OP_REGISTRATION_REPLY);
	const struct vpn_id vpn = { .index = 2 };

	for (uint32_t i = 2; i < VPN_PEERS_MAX; i++)
		station_speaks(i, epoch);
	vpn_engine_set_instance(hub->engine, "tun2", vpn, 0);
	vpn_engine_commit(hub->engine);
	world_devices(spoke1, 1);
	vpn_engine_set_instance(spoke1->engine, "v1", vpn, 0);
	vpn_engine_set_controller_name(spoke1->engine, "v1", "tun1");
	vpn_engine_set_key_chain(spoke1->engine, "v1", "chain");
	vpn_engine_commit(spoke1->engine);
	world_run(31000);
	assert_int_equal(world_instance_of(spoke1, 2).state, VPN_UP);
	assert_int_equal(world_instance_of(hub, 2).num_members, 1);
	assert_int_equal(world_instance_of(hub, 1).num_members, 2);
	assert_int_equal(failures(hub), 0);
}

/* --- the controller's password ------------------------------------------------------- */

static void set_password(struct world_node *n, const char *password)
{
	memset(n->ctl.password, 0, sizeof(n->ctl.password));
	n->ctl.password_len = (uint8_t)strlen(password);
	memcpy(n->ctl.password, password, n->ctl.password_len);
	vpn_engine_controller(n->engine, &n->ctl);
}

static void test_plain_password(void **state)
{
	configure();
	set_password(hub, "cisco123");
	set_password(spoke1, "cisco123");
	set_password(spoke2, "cisco124");
	world_run(31000);
	assert_string_equal(world_instance(hub).authentication, "password");
	assert_int_equal(world_instance(spoke1).state, VPN_UP);
	assert_int_equal(world_num_members(hub), 1);
	assert_true(failures(hub) >= 2);
	assert_true(has_authentication(NHRP_OP_REGISTRATION_REPLY));
	assert_int_equal(last_message(NHRP_OP_ERROR_INDICATION).error_code, NHRP_ERR_AUTHENTICATION);
	assert_false(has_authentication(NHRP_OP_ERROR_INDICATION)); /* RFC 2332 5.2.7: no extension at all */
	set_password(spoke2, "cisco123");
	world_run(31000);
	assert_int_equal(world_num_members(hub), 2);
	make_shortcuts();
	assert_non_null(world_fdb(spoke1, VM2));
}

/* A key chain takes the place of the password: a message with the password alone is not enough. */
static void test_chain_in_place_of_the_password(void **state)
{
	configure();
	set_password(hub, "cisco123");
	set_password(spoke1, "cisco123");
	set_password(spoke2, "cisco123");
	world_key_chain(hub, 1, "first secret");
	world_run(10000);
	assert_int_equal(world_num_members(hub), 0);
	assert_non_null(strstr(hub->last_warning, "form"));
	world_key_chain(spoke1, 1, "first secret");
	world_run(10000);
	assert_int_equal(world_num_members(hub), 1);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
#define BARE_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup_bare, trio_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_right_key),
		CASE(test_renewals_go_on),
		BARE_CASE(test_wrong_key_stays_out),
		BARE_CASE(test_no_key_stays_out),
		BARE_CASE(test_hub_without_key_is_not_believed),
		CASE(test_errors_about_failures_are_few),
		CASE(test_farewell),
		BARE_CASE(test_missing_chain_heals),
		CASE(test_key_that_ends_is_a_passing_obstacle),
		CASE(test_chain_change_is_acted_on_at_once),
		CASE(test_roll_over),
		CASE(test_old_key_is_refused_when_it_is_over),
		CASE(test_replayed_message_is_refused),
		CASE(test_network_that_repeats_all),
		CASE(test_recording_from_before_a_restart),
		CASE(test_every_changed_octet_is_refused),
		CASE(test_forged_indication_is_refused),
		CASE(test_error_indication_changes_nothing),
		CASE(test_spoke_that_starts_anew),
		CASE(test_hub_that_starts_anew),
		CASE(test_questions_survive_a_start_of_the_hub),
		CASE(test_recorded_redirect_after_a_start_of_the_spoke),
		CASE(test_long_outage_of_the_hub),
		CASE(test_windows_outlive_the_instance),
		CASE(test_too_many_stations),
		CASE(test_too_many_stations_for_a_rider),
		BARE_CASE(test_plain_password),
		BARE_CASE(test_chain_in_place_of_the_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

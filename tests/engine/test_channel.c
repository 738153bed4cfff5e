// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control channel: however many VPNs a spoke has at a hub, they are one conversation. They
 * register in few messages, one keepalive asks for all of them, and a hub that started anew or
 * fell silent is noticed for all of them at once.
 *
 *   hub 10.0.0.1, tun2: VPNs 1 to n, a VLAN each ── spoke1 10.0.0.2, v1 to vn: a VPN and a device each
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "lib/nhrp_batch.h"
#include "nhrpd/vpn_channel.h"
#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

#define TWENTY 20
#define A_THOUSAND 1000

static int setup(void **state)
{
	trio_make();
	return 0;
}

/* --- looking --- */

struct tally {
	size_t up, members, silent;
};

static void count_instance(void *arg, const struct vpn_instance_view *v)
{
	struct tally *t = arg;

	t->up += v->state == VPN_UP;
	t->members += v->num_members;
	for (size_t i = 0; i < v->num_hubs; i++)
		t->silent += v->hubs[i].silent;
}

static struct tally tally(struct world_node *n)
{
	struct tally t = { 0 };

	vpn_engine_each_instance(n->engine, count_instance, &t);
	return t;
}

static unsigned int requests(void)
{
	return world_seen(NHRP_OP_REGISTRATION_REQUEST);
}

/* Time passes until the hub has NUM members, in steps of 10 ms. Returns the milliseconds. */
static uint64_t until_members(size_t num, uint64_t limit)
{
	uint64_t ms = 0;

	for (; tally(hub).members < num && ms < limit; ms += 10)
		world_run(10);
	return ms;
}

/* --- making --- */

static void start_hub(uint32_t num)
{
	world_many(hub, num, NULL);
	world_run(0);
}

static void start(uint32_t num)
{
	start_hub(num);
	world_devices(spoke1, num);
	world_many(spoke1, num, hub);
	world_run(200);
}

/* The hub's machine and nhrpd start anew, and the configuration with them: nobody is a member. */
static void reboot_hub(uint32_t num)
{
	world_restart(hub);
	hub->num_members = hub->num_macs = hub->num_instances = 0;
	start_hub(num);
}

/* --- one channel --- */

static void test_many_vpns_register_in_few_messages(void **state)
{
	struct vpn_hub_view v;

	start(TWENTY);
	assert_int_equal(tally(spoke1).up, TWENTY);
	assert_int_equal(tally(hub).members, TWENTY);
	assert_int_equal(requests(), 1);
	v = world_instance_of(spoke1, 7).hubs[0];
	assert_int_equal(v.channel_vpns, TWENTY);
	assert_true(v.batches);
	assert_int_equal(vpn_engine_counters(spoke1->engine)->batch_asked, TWENTY - 1);
	assert_int_equal(vpn_engine_counters(hub->engine)->batch_answered, TWENTY - 1);
	/* each has the VXLAN device of its own VPN */
	for (size_t i = 0; i < hub->num_members; i++)
		assert_int_equal(hub->members[i].remote_vni, 10000 + hub->members[i].vni - 4096);
}

static void test_one_keepalive_for_all(void **state)
{
	unsigned int before;

	start(TWENTY);
	before = requests();
	world_run(10000);
	assert_true(requests() - before >= 4 && requests() - before <= 7); /* every 1.5 to 2 s */
	before = requests();
	world_run(600 * 1000); /* twenty renewals of each VPN ride along */
	assert_true(requests() - before <= 400);
	assert_int_equal(tally(hub).members, TWENTY);
	assert_int_equal(world_instance_of(spoke1, 3).hubs[0].keepalives_missed, 0);
	assert_true(world_instance_of(spoke1, 3).hubs[0].keepalives_sent >= 300);
	assert_int_equal(vpn_engine_counters(spoke1->engine)->build_failed, 0);
}

static void set_last(bool on)
{
	struct vpn_id vpn = { .index = TWENTY };

	if (on)
		vpn_engine_set_instance(spoke1->engine, "v20", vpn, 0);
	else
		vpn_engine_unset_instance(spoke1->engine, "v20", vpn);
	vpn_engine_commit(spoke1->engine);
}

/* What is asked in the name of a VPN that the hub serves no more is not read, nor what rides along: the others have another. */
static void test_vpn_that_the_hub_has_no_more_holds_nobody_up(void **state)
{
	uint64_t ms;

	start(TWENTY);
	vpn_engine_unset_instance(hub->engine, "tun2", (struct vpn_id){ .index = 3 });
	vpn_engine_commit(hub->engine);
	for (unsigned int turn = 0; turn < 40; turn++) {
		set_last(false);
		world_run(turn * 371 % 5000);
		set_last(true);
		for (ms = 0; world_instance_of(spoke1, TWENTY).state != VPN_UP && ms < 20000; ms += 50)
			world_run(50);
		assert_true(ms <= 3000);
	}
	assert_int_equal(tally(hub).members, TWENTY - 1);
	assert_int_equal(world_instance_of(spoke1, 2).hubs[0].silent, false);
}

/* By its holding time each would be gone in a minute, and none is. */
static void test_renewals_ride_along(void **state)
{
	char name[16];

	start_hub(TWENTY);
	world_devices(spoke1, TWENTY);
	for (unsigned int i = 1; i <= TWENTY; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		vpn_engine_set_holdtime(spoke1->engine, name, 12);
	}
	world_many(spoke1, TWENTY, hub);
	for (int i = 0; i < 120; i++) {
		world_run(1000);
		assert_int_equal(tally(hub).members, TWENTY);
	}
	assert_int_equal(spoke1->warnings, 0);
}

static void test_shortest_interval_counts(void **state)
{
	unsigned int before;

	start(3);
	vpn_engine_set_keepalive(spoke1->engine, "v1", VPN_KEEPALIVE_MAX);
	vpn_engine_set_keepalive(spoke1->engine, "v2", 200);
	assert_int_equal(world_instance_of(spoke1, 3).hubs[0].keepalive, 200);
	before = requests();
	world_run(2000);
	assert_true(requests() - before >= 10 && requests() - before <= 14);
	/* without the one that wants it so often */
	vpn_engine_unset_instance(spoke1->engine, "v2", (struct vpn_id){ .index = 2 });
	vpn_engine_commit(spoke1->engine);
	assert_int_equal(world_instance_of(spoke1, 3).hubs[0].keepalive, VPN_KEEPALIVE_DEFAULT);
	world_run(300);
	before = requests();
	world_run(10000);
	assert_true(requests() - before <= 7);
}

/* A second server is a second channel. */
static void test_each_hub_has_a_channel(void **state)
{
	struct world_node *hub2 = world_hub(9);
	unsigned int before;

	start(TWENTY);
	world_many(hub2, TWENTY, NULL);
	spoke1->ctl.num_servers = 2;
	spoke1->ctl.servers[1].nbma = hub2->nbma;
	before = requests();
	vpn_engine_controller(spoke1->engine, &spoke1->ctl);
	world_run(100);
	assert_int_equal(requests() - before, 1);
	assert_int_equal(tally(hub2).members, TWENTY);
	hub2->deaf = true;
	world_run(9000);
	assert_true(world_instance_of(spoke1, 5).hubs[1].silent);
	assert_false(world_instance_of(spoke1, 5).hubs[0].silent);
}

static void test_leaving_one_vpn_leaves_the_others(void **state)
{
	start(TWENTY);
	vpn_engine_unset_instance(spoke1->engine, "v4", (struct vpn_id){ .index = 4 });
	vpn_engine_commit(spoke1->engine);
	world_run(60000);
	assert_int_equal(tally(hub).members, TWENTY - 1);
	assert_int_equal(world_instance_of(spoke1, 5).hubs[0].channel_vpns, TWENTY - 1);
	assert_int_equal(spoke1->warnings, 0);
}

/* --- a hub that starts anew --- */

static void test_restarted_hub_is_told_of_all(void **state)
{
	unsigned int before;
	uint64_t ms;

	for (int i = 0; i < 20; i++) {
		trio_make();
		start(TWENTY);
		world_run(1000 + 97 * (uint64_t)i); /* anywhere between two keepalives */
		before = requests();
		reboot_hub(TWENTY);
		ms = until_members(TWENTY, 10000);
		assert_true(ms <= 2500);
		assert_true(requests() - before <= 4);
		assert_int_equal(tally(spoke1).up, TWENTY);
	}
}

/* A thousand VPNs are some forty messages, of the spoke's start and of the hub's. */
static void test_a_thousand_vpns(void **state)
{
	unsigned int before;

	start_hub(A_THOUSAND);
	world_devices(spoke1, A_THOUSAND);
	world_many(spoke1, A_THOUSAND, hub);
	world_run(1000);
	assert_int_equal(tally(spoke1).up, A_THOUSAND);
	assert_true(requests() <= 50);
	before = requests();
	reboot_hub(A_THOUSAND);
	assert_true(until_members(A_THOUSAND, 10000) <= 3000);
	assert_true(requests() - before <= 50);
	before = requests();
	world_run(60000); /* two rounds of renewals */
	assert_true(requests() - before <= 140);
	assert_int_equal(tally(hub).members, A_THOUSAND);
	assert_int_equal(spoke1->warnings, 0);
}

/* With keys too, and the hub can speak to the spoke in each VPN, not only in the one that carried the others. */
static void test_restarted_hub_with_keys(void **state)
{
	static const char *const vms[] = { "02:aa:00:00:00:01", "02:aa:00:00:00:02" };
	char name[16];

	start_hub(TWENTY);
	world_devices(spoke1, TWENTY);
	world_key_chain(hub, 1, "secret");
	world_key_chain(spoke1, 1, "secret");
	for (unsigned int i = 1; i <= TWENTY; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		vpn_engine_set_key_chain(spoke1->engine, name, "chain");
	}
	world_many(spoke1, TWENTY, hub);
	world_run(100);
	assert_int_equal(tally(hub).members, TWENTY);
	assert_int_equal(requests(), 2); /* a challenge, and what it asks for */
	world_run(2000);
	world_restart(hub);
	hub->num_members = hub->num_macs = hub->num_instances = 0;
	world_key_chain(hub, 1, "secret");
	start_hub(TWENTY);
	assert_true(until_members(TWENTY, 10000) <= 3000);
	for (uint32_t vpn = 1; vpn <= TWENTY; vpn++) { /* redirects, which are authentic and not answered */
		struct dm_rec rec = {
			.type = DM_REC_MAC_SEEN,
			.mac = { .ifindex = WORLD_TUN_IFINDEX, .vni = 4096 + vpn, .nbma = spoke1->nbma,
				 .remote_vni = 10000 + vpn },
		};

		for (int i = 0; i < 2; i++) {
			rec.mac.mac = world_addr(vms[i]);
			vpn_engine_record(hub->engine, &rec);
		}
		world_hairpin(hub, spoke1, spoke1, 4096 + vpn, vms[0], vms[1]);
	}
	world_run(0);
	assert_int_equal(vpn_engine_counters(spoke1->engine)->received[NHRP_OP_TRAFFIC_INDICATION], TWENTY);
	assert_int_equal(refused(spoke1, VPN_REFUSED_NOT_FRESH), 0);
	assert_int_equal(vpn_engine_counters(hub->engine)->received[NHRP_OP_RESOLUTION_REQUEST], TWENTY);
	assert_int_equal(refused(hub, VPN_REFUSED_AUTHENTICATION), 0);
}

/* spoke1 in VPNs 1 and 2 by one channel, spoke2 in VPN 2, all with keys. */
static void two_keyed_vpns(void)
{
	start_hub(2);
	world_devices(spoke1, 2);
	world_key_chain(hub, 1, "secret");
	world_key_chain(spoke1, 1, "secret");
	world_key_chain(spoke2, 1, "secret");
	vpn_engine_set_key_chain(spoke1->engine, "v1", "chain");
	vpn_engine_set_key_chain(spoke1->engine, "v2", "chain");
	world_many(spoke1, 2, hub);
	world_configure(spoke2, 2, hub);
	world_run(100);
	assert_int_equal(tally(hub).members, 3);
}

/*
 * A question in VPN 2 meets the hub that has started anew, which tells its epoch in place of an answer. Before the
 * spoke hears that, VPN 1 has brought VPN 2 along under that epoch: so it is no refusal, and is asked again.
 */
static void test_question_that_met_a_new_hub(void **state)
{
	unsigned int asked;

	two_keyed_vpns();
	world_mac_seen(hub, spoke1, 4096 + 2, VM1);
	world_mac_seen(hub, spoke2, 4096 + 2, VM2);
	world_lose(NHRP_OP_RESOLUTION_REQUEST, 1);
	world_hairpin(hub, spoke1, spoke2, 4096 + 2, VM1, VM2);
	world_run(0);
	asked = world_seen(NHRP_OP_RESOLUTION_REQUEST);
	assert_int_equal(asked, 1);
	world_restart(hub);
	world_key_chain(hub, 1, "secret");
	start_hub(2);
	world_mac_seen(hub, spoke2, 4096 + 2, VM2);
	world_delay(NHRP_OP_RESOLUTION_REPLY, 1, 500);
	for (int i = 0; i < 2000 && world_seen(NHRP_OP_RESOLUTION_REQUEST) == asked; i++)
		world_run(1);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), asked + 1);
	vpn_engine_set_holdtime(spoke1->engine, "v1", 300); /* VPN 1 speaks */
	vpn_engine_commit(spoke1->engine);
	world_run(100);
	world_run(600);
	assert_non_null(world_fdb(spoke1, VM2));
	assert_int_equal(refused(hub, VPN_REFUSED_AUTHENTICATION), 0);
}

/* --- a hub that is silent --- */

static void test_silence_is_shown_and_nothing_is_lost(void **state)
{
	struct vpn_hub_view v;
	unsigned int before;

	start(TWENTY);
	hub->deaf = true;
	world_run(8500); /* three unanswered, and the next */
	v = world_instance_of(spoke1, 9).hubs[0];
	assert_true(v.silent && v.registered && v.active);
	assert_true(v.silent_for >= 5);
	assert_int_equal(tally(spoke1).silent, TWENTY);
	assert_int_equal(tally(spoke1).up, TWENTY);
	assert_int_equal(spoke1->warnings, 1);
	assert_string_equal(spoke1->last_warning, "hub 10.0.0.1 is silent: 3 keepalives unanswered");
	before = requests();
	world_run(120 * 1000); /* renewals are due, and wait */
	assert_true(requests() - before <= 81);
	assert_int_equal(spoke1->warnings, 1);
}

static void test_hub_is_noticed_when_it_is_back(void **state)
{
	for (int restarted = 0; restarted <= 1; restarted++) {
		trio_make();
		start(TWENTY);
		hub->deaf = true;
		world_run(20000);
		assert_int_equal(tally(spoke1).silent, TWENTY);
		if (restarted)
			reboot_hub(TWENTY);
		hub->deaf = false;
		world_run(5000);
		assert_int_equal(tally(spoke1).silent, 0);
		assert_int_equal(tally(hub).members, TWENTY);
		assert_int_equal(tally(spoke1).up, TWENTY);
	}
}

/* Its registrations are over, and it is asked as before. */
static void test_hub_is_noticed_after_the_holding_time(void **state)
{
	char name[16];

	start(TWENTY);
	for (unsigned int i = 1; i <= TWENTY; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		vpn_engine_set_holdtime(spoke1->engine, name, 30);
	}
	world_run(1000);
	hub->deaf = true;
	world_run(300 * 1000);
	assert_int_equal(tally(spoke1).up, 0);
	assert_int_equal(tally(hub).members, 0);
	hub->deaf = false;
	world_run(5000);
	assert_int_equal(tally(spoke1).up, TWENTY);
	assert_int_equal(tally(hub).members, TWENTY);
	assert_int_equal(tally(spoke1).silent, 0);
}

/* Only the VPN that is in turn goes unanswered: the hub is there. */
static void test_hub_without_some_of_the_vpns_is_not_silent(void **state)
{
	start(TWENTY);
	for (uint32_t vpn = 1; vpn <= 2; vpn++)
		vpn_engine_unset_instance(hub->engine, "tun2", (struct vpn_id){ .index = vpn });
	vpn_engine_commit(hub->engine);
	world_run(120 * 1000);
	assert_int_equal(tally(spoke1).silent, 0);
	assert_int_equal(tally(hub).members, TWENTY - 2);
	assert_true(world_instance_of(spoke1, 5).hubs[0].keepalives_missed > 0);
}

/* --- a hub that does not know all, or the batch itself --- */

/* VPNs 11 to 20 are not there: the others must not wait for them. When they come, they are found. */
static void test_hub_with_half_of_the_vpns(void **state)
{
	start(10);
	world_devices(spoke1, TWENTY);
	world_many(spoke1, TWENTY, hub);
	world_run(100);
	assert_int_equal(tally(spoke1).up, 10);
	world_restart(spoke1);
	world_many(spoke1, TWENTY, hub);
	world_run(6000);
	assert_int_equal(tally(spoke1).up, 10);
	assert_string_equal(world_instance_of(spoke1, 15).reason, "no next hop server has answered yet");
	start_hub(TWENTY);
	world_run(31000);
	assert_int_equal(tally(spoke1).up, TWENTY);
}

/* What this extension is to a hub that does not know it: another number, which comes back as it went. */
static void unknown_extension(uint8_t *octets, size_t len)
{
	const uint16_t from[] = { NHRP_EXT_BATCH, 0x3fee }, to[] = { 0x3fee, NHRP_EXT_BATCH };
	struct nhrp_msg m;
	struct nhrp_ext ext;
	uint8_t *type, *packet;
	uint16_t sum;
	bool back;

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	back = m.op == NHRP_OP_REGISTRATION_REPLY;
	if (!nhrp_ext_find(&m, from[back], &ext))
		return;
	type = octets + (ext.value.p - 4 - octets);
	type[0] = to[back] >> 8;
	type[1] = to[back] & 0xff;
	packet = octets + (m.packet - octets);
	packet[12] = packet[13] = 0;
	sum = nhrp_checksum(packet, m.packet_len);
	packet[12] = sum >> 8;
	packet[13] = sum & 0xff;
}

static void test_hub_that_knows_no_batches(void **state)
{
	unsigned int before;

	world_tamper(unknown_extension);
	start(TWENTY);
	assert_int_equal(tally(spoke1).up, TWENTY);
	assert_int_equal(tally(hub).members, TWENTY);
	assert_false(world_instance_of(spoke1, 2).hubs[0].batches);
	assert_int_equal(requests(), TWENTY);
	assert_int_equal(vpn_engine_counters(hub->engine)->batch_answered, 0);
	before = requests();
	world_run(10000); /* it is still one keepalive */
	assert_true(requests() - before <= 7);
	world_run(60000);
	assert_int_equal(tally(spoke1).silent, 0);
	/* another run of it is tried anew */
	world_tamper(NULL);
	before = requests();
	reboot_hub(TWENTY);
	assert_true(until_members(TWENTY, 10000) <= 2500);
	assert_true(requests() - before <= 4);
	assert_true(world_instance_of(spoke1, 2).hubs[0].batches);
}

/* Takes the batch out of what the hub says, as one does that drops what it does not know. */
static void dropped_extension(uint8_t *octets, size_t len)
{
	struct nhrp_msg m;

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	if (m.op == NHRP_OP_REGISTRATION_REQUEST)
		unknown_extension(octets, len);
}

static void test_hub_that_drops_batches(void **state)
{
	world_tamper(dropped_extension);
	start(TWENTY);
	world_run(10000);
	assert_int_equal(tally(spoke1).up, TWENTY);
	assert_false(world_instance_of(spoke1, 2).hubs[0].batches);
}

/* Large messages do not get through: smaller ones do. */
static unsigned int largest;

static void narrow(uint8_t *octets, size_t len)
{
	if (len > largest)
		octets[0] = 0; /* no message any more */
}

static void test_path_that_bears_small_messages_only(void **state)
{
	largest = 400;
	world_tamper(narrow);
	start(TWENTY);
	world_run(20000);
	assert_int_equal(tally(hub).members, TWENTY);
	assert_int_equal(tally(spoke1).up, TWENTY);
}

/* --- messages late, lost, repeated --- */

static void test_lost_late_and_repeated(void **state)
{
	start_hub(TWENTY);
	world_devices(spoke1, TWENTY);
	world_repeat(true);
	world_lose_at_random(30);
	world_many(spoke1, TWENTY, hub);
	world_run(10000);
	assert_int_equal(tally(hub).members, TWENTY);
	assert_int_equal(tally(spoke1).up, TWENTY);
	for (int i = 0; i < 10; i++) {
		world_delay(NHRP_OP_REGISTRATION_REPLY, 3, 900 + 150 * (uint64_t)i); /* behind the next ones */
		world_run(5000);
		assert_int_equal(tally(spoke1).up, TWENTY);
		assert_int_equal(tally(hub).members, TWENTY);
	}
	reboot_hub(TWENTY);
	assert_true(until_members(TWENTY, 20000) <= 10000);
	world_run(30000);
	assert_int_equal(tally(spoke1).up, TWENTY);
	assert_int_equal(vpn_engine_counters(spoke1->engine)->build_failed, 0);
}

/* A late answer to what the spoke says otherwise by now is none: the hub is told again. */
static void test_late_answer_to_an_older_word(void **state)
{
	start(TWENTY);
	world_delay(NHRP_OP_REGISTRATION_REQUEST, 1, 500);
	vpn_engine_set_holdtime(spoke1->engine, "v3", 600);
	world_run(100);
	vpn_engine_set_holdtime(spoke1->engine, "v3", 1200);
	world_run(5000);
	assert_int_equal(world_instance_of(spoke1, 3).state, VPN_UP);
	assert_true(refused(spoke1, VPN_REFUSED_UNEXPECTED_REPLY) <= 1);
	assert_true(world_instance_of(spoke1, 3).hubs[0].expires_in > 600);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	CASE(test_many_vpns_register_in_few_messages),
	CASE(test_one_keepalive_for_all),
	CASE(test_vpn_that_the_hub_has_no_more_holds_nobody_up),
	CASE(test_renewals_ride_along),
	CASE(test_shortest_interval_counts),
	CASE(test_each_hub_has_a_channel),
	CASE(test_leaving_one_vpn_leaves_the_others),
	CASE(test_restarted_hub_is_told_of_all),
	CASE(test_a_thousand_vpns),
	CASE(test_restarted_hub_with_keys),
	CASE(test_question_that_met_a_new_hub),
	CASE(test_silence_is_shown_and_nothing_is_lost),
	CASE(test_hub_is_noticed_when_it_is_back),
	CASE(test_hub_is_noticed_after_the_holding_time),
	CASE(test_hub_without_some_of_the_vpns_is_not_silent),
	CASE(test_hub_with_half_of_the_vpns),
	CASE(test_hub_that_knows_no_batches),
	CASE(test_hub_that_drops_batches),
	CASE(test_path_that_bears_small_messages_only),
	CASE(test_lost_late_and_repeated),
	CASE(test_late_answer_to_an_older_word),
};

int main(void)
{
	return cmocka_run_group_tests_name("one channel to a hub", tests, NULL, NULL);
}

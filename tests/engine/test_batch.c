// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registrations that ride along with another VPN's, entry by entry: each passes the checks that
 * it would pass alone, and none reaches a VPN that the message's own keys and controller do not.
 *
 *   hub 10.0.0.1: VPN 1 and 3 on tun2, VPN 2 on tun3 with a key chain ── spoke1 10.0.0.2, by hand
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/nhrp_batch.h"
#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

#define MORE_MAC "02:00:00:00:03:02"

static void more_instances(struct world_node *n, const char *ifname, uint32_t index, const char *chain)
{
	vpn_engine_set_instance(n->engine, ifname, (struct vpn_id){ .index = index }, 0);
	vpn_engine_set_controller_name(n->engine, ifname, "tun1");
	vpn_engine_set_key_chain(n->engine, ifname, chain);
	vpn_engine_commit(n->engine);
	world_run(0);
}

static void give_key(struct world_node *n)
{
	n->has_chain = true;
	n->keys[0] = (struct world_key){ .id = 1, .string = "secret", .send = true, .accept = true };
}

static int setup(void **state)
{
	trio_make();
	give_key(hub);
	world_configure(hub, 1, NULL);
	more_instances(hub, "tun2", 3, NULL);
	world_second_device(hub, 0);
	more_instances(hub, "tun3", 2, "chain");
	return 0;
}

/* --- batches by hand --- */

static struct nhrp_batch_entry entry_of(uint32_t index)
{
	return (struct nhrp_batch_entry){
		.vpn.index = index, .request_id = 0xe000 + index, .life = 77,
		.cie = { .code = NHRP_BATCH_UNANSWERED, .mtu = 1450, .holding_time = 600, .nbma = spoke1->nbma,
			 .sub = nhrp_subaddr_vni(200 + index), .proto = world_addr(MORE_MAC) },
	};
}

/* A Registration Request of spoke1 in VPN 1, up to its batch. */
static void begin(struct nhrp_builder *b, void *buf, size_t size, bool headers)
{
	static struct nhrp_msg m;
	const struct nhrp_cie own = { .holding_time = 600 };

	m = from_spoke(spoke1, NHRP_OP_REGISTRATION_REQUEST, 4711);
	m.has_vpn = headers;
	nhrp_build_begin(b, buf, size, &m);
	nhrp_build_cie(b, &own);
}

static void put(struct nhrp_builder *b, enum nhrp_batch_form form, const struct nhrp_batch_entry *entries, size_t num)
{
	struct nhrp_batch_builder bb;

	nhrp_batch_begin(&bb, b, form);
	for (size_t i = 0; i < num; i++)
		nhrp_batch_put(&bb, &entries[i]);
	nhrp_batch_end(&bb);
}

/* The hub is asked for these in VPN 1, and the entries become its answers. */
static void ask(struct nhrp_batch_entry *entries, size_t num, const struct dm_addr *from)
{
	struct nhrp_batch batch;
	struct nhrp_builder b;
	struct nhrp_msg back;
	uint8_t buf[1400];
	bool good;

	begin(&b, buf, sizeof(buf), true);
	put(&b, NHRP_BATCH_QUESTION, entries, num);
	deliver(hub, from, &b);
	back = sent(NHRP_OP_REGISTRATION_REPLY);
	assert_int_equal(back.request_id, 4711);
	assert_true(nhrp_batch_find(&back, &batch, &good));
	assert_true(good);
	assert_int_equal(batch.form, NHRP_BATCH_ANSWER);
	for (size_t i = 0; i < num; i++) {
		const struct nhrp_batch_entry asked = entries[i];

		assert_true(nhrp_batch_next(&batch, &entries[i]));
		assert_int_equal(vpn_id_cmp(&entries[i].vpn, &asked.vpn), 0);
		assert_int_equal(entries[i].request_id, asked.request_id);
		if (entries[i].cie.code != NHRP_CIE_SUCCESS) { /* nothing is said of what is refused */
			assert_true(is_plain_zero(&entries[i].cie));
			assert_int_equal(entries[i].cie.holding_time, 0);
		}
	}
	assert_false(nhrp_batch_next(&batch, &entries[0]));
}

static uint8_t code_for(struct nhrp_batch_entry entry)
{
	ask(&entry, 1, &spoke1->nbma);
	return entry.cie.code;
}

static size_t members_of(uint32_t index)
{
	return world_instance_of(hub, index).num_members;
}

/* --- what a hub does --- */

static void test_entry_is_a_registration(void **state)
{
	struct nhrp_batch_entry entry = entry_of(3);
	struct dm_member *m = NULL;

	ask(&entry, 1, &spoke1->nbma);
	assert_int_equal(entry.cie.code, NHRP_CIE_SUCCESS);
	assert_int_equal(entry.cie.holding_time, 600);
	assert_int_equal(entry.cie.sub.vni, 4096 + 3); /* the hub's end in that VPN */
	assert_addr(&entry.cie.nbma, &hub->nbma);
	assert_addr(&entry.cie.proto, &hub->link.mac);
	assert_true(entry.life && entry.life != 77); /* of the member */
	assert_int_equal(members_of(1), 1);
	assert_int_equal(members_of(3), 1);
	for (size_t i = 0; i < hub->num_members; i++)
		if (hub->members[i].vni == 4096 + 3)
			m = &hub->members[i];
	assert_non_null(m);
	assert_int_equal(m->remote_vni, 203);
	/* and again: the same member */
	entry = entry_of(3);
	entry.cie.holding_time = 1;
	ask(&entry, 1, &spoke1->nbma);
	assert_int_equal(entry.cie.holding_time, 5); /* as alone, raised */
	assert_int_equal(members_of(3), 1);
}

/* Each by itself: the good ones between the bad ones are registered. */
static void test_entries_that_make_no_sense_are_prohibited(void **state)
{
	struct nhrp_batch_entry entries[10];

	for (size_t i = 0; i < 10; i++)
		entries[i] = entry_of(3);
	entries[0].cie.nbma = world_addr("0.0.0.0");
	entries[1].cie.nbma = world_addr("224.0.0.1");
	entries[2].cie.nbma = hub->nbma;
	entries[3].cie.sub = nhrp_subaddr_none();
	entries[4].cie.proto = world_addr("01:00:5e:00:00:01");
	entries[5].cie.proto = world_addr("00:00:00:00:00:00");
	entries[6].cie.holding_time = 0;
	entries[7].cie.prefix_len = 24;
	entries[8].cie.proto = (struct dm_addr){ 0 };
	ask(entries, 10, &spoke1->nbma);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(entries[i].cie.code, NHRP_CIE_PROHIBITED);
	assert_int_equal(entries[9].cie.code, NHRP_CIE_SUCCESS);
	assert_int_equal(members_of(3), 1);
	assert_int_equal(refused(hub, VPN_REFUSED_CONTENT), 9);
}

/* As alone, whoever names a member's address but speaks from elsewhere gets no hold of it. */
static void test_member_cannot_be_hijacked_in_a_batch(void **state)
{
	const struct dm_addr elsewhere = world_addr("10.0.0.99");
	struct nhrp_batch_entry entry = entry_of(3);

	assert_int_equal(code_for(entry_of(3)), NHRP_CIE_SUCCESS);
	entry.cie.sub = nhrp_subaddr_vni(666);
	ask(&entry, 1, &elsewhere);
	assert_int_equal(entry.cie.code, NHRP_CIE_PROHIBITED);
	for (size_t i = 0; i < hub->num_members; i++)
		assert_int_not_equal(hub->members[i].remote_vni, 666);
}

/* VPN 2 has keys, and who proved nothing there is nobody there. */
static void test_vpn_of_another_key_chain_is_prohibited(void **state)
{
	assert_int_equal(code_for(entry_of(2)), NHRP_CIE_PROHIBITED);
	assert_int_equal(members_of(2), 0);
	assert_int_equal(members_of(1), 1);
}

static void test_vpn_that_is_not_there_is_not_answered(void **state)
{
	assert_int_equal(code_for(entry_of(9)), NHRP_BATCH_UNANSWERED);
	/* one that is not ready, as there is no such device */
	more_instances(hub, "tun8", 4, NULL);
	assert_int_equal(code_for(entry_of(4)), NHRP_BATCH_UNANSWERED);
	assert_int_equal(refused(hub, VPN_REFUSED_NOT_READY), 2);
}

/* Of another controller: who came by this one has no business there. */
static void test_vpn_of_another_controller_is_not_answered(void **state)
{
	const struct vpn_controller other = { .name = "tun9", .up = true, .ifindex = 99, .nbma = world_addr("10.9.0.1") };

	vpn_engine_set_controller_name(hub->engine, "tun3", "tun9");
	vpn_engine_set_key_chain(hub->engine, "tun3", NULL);
	vpn_engine_commit(hub->engine);
	vpn_engine_controller(hub->engine, &other);
	world_run(0);
	assert_int_equal(world_instance_of(hub, 2).state, VPN_UP);
	assert_int_equal(code_for(entry_of(2)), NHRP_BATCH_UNANSWERED);
	assert_int_equal(members_of(2), 0);
}

/* A node may be hub of one VPN and spoke of another, and a spoke is nobody's server. */
static void test_vpn_of_a_spoke_is_prohibited(void **state)
{
	world_devices(hub, 5);
	hub->more[4].flags &= ~(DM_LINK_EXTERNAL | DM_LINK_VNIFILTER);
	vpn_engine_record(hub->engine, &(struct dm_rec){ .type = DM_REC_LINK, .link = hub->more[4] });
	more_instances(hub, "v5", 5, NULL);
	assert_int_equal(world_instance_of(hub, 5).role, DM_ROLE_SPOKE);
	assert_int_equal(code_for(entry_of(5)), NHRP_CIE_PROHIBITED);
}

/* --- batches that cannot be read --- */

/* The hub is given a batch of these octets. It answers the VPN that carried it, and nothing else. */
static void assert_unread(const void *octets, size_t len)
{
	uint64_t before = refused(hub, VPN_REFUSED_CONTENT);
	struct nhrp_batch batch;
	struct nhrp_builder b;
	struct nhrp_msg back;
	struct nhrp_cie cie;
	uint8_t buf[1400];
	bool good;

	begin(&b, buf, sizeof(buf), true);
	nhrp_build_ext_begin(&b, NHRP_EXT_BATCH, false);
	nhrp_build_octets(&b, octets, len);
	nhrp_build_ext_end(&b);
	deliver(hub, &spoke1->nbma, &b);
	back = sent(NHRP_OP_REGISTRATION_REPLY);
	cie = cie_at(&back, 0);
	assert_int_equal(cie.code, NHRP_CIE_SUCCESS);
	assert_false(nhrp_batch_find(&back, &batch, &good));
	assert_int_equal(refused(hub, VPN_REFUSED_CONTENT), before + 1);
	assert_int_equal(members_of(3), 0);
}

static void test_malformed_batch_is_not_read(void **state)
{
	const struct nhrp_batch_entry entries[] = { entry_of(3), entry_of(3) };
	struct nhrp_builder b;
	struct nhrp_msg m;
	struct nhrp_ext ext;
	uint8_t buf[1400], octets[200];
	size_t len;

	begin(&b, buf, sizeof(buf), true);
	put(&b, NHRP_BATCH_QUESTION, entries, 2);
	assert_int_equal(nhrp_msg_decode(&m, buf, nhrp_build_end(&b), NULL), NHRP_DROP_NONE);
	assert_true(nhrp_ext_find(&m, NHRP_EXT_BATCH, &ext));
	len = dm_reader_left(&ext.value);
	assert_int_equal(len, 2 + 2 * 46);
	memcpy(octets, ext.value.p, len);
	for (size_t cut = 0; cut < len; cut++) /* the first entry is whole in half of them, and is not acted on */
		assert_unread(octets, cut);
	octets[len] = 0;
	assert_unread(octets, len + 1);
	octets[1] = 1;
	assert_unread(octets, len);
	octets[1] = 3;
	assert_unread(octets, len);
	octets[1] = 0;
	assert_unread(octets, 2);
	octets[1] = 2;
	for (int form = 0; form <= 255; form += 3) {
		octets[0] = (uint8_t)form; /* 0, 3, 6 …: neither */
		assert_unread(octets, len);
	}
	octets[0] = NHRP_BATCH_ANSWER; /* that nobody asked for */
	assert_unread(octets, len);
}

/* Without VPN headers a message speaks for the interface's own VPN, and for no other. */
static void test_plain_message_carries_nothing(void **state)
{
	const struct nhrp_batch_entry entry = entry_of(3);
	struct nhrp_builder b;
	uint8_t buf[1400];

	world_assign(hub, &(struct vpn_id){ .index = 1 });
	begin(&b, buf, sizeof(buf), false);
	put(&b, NHRP_BATCH_QUESTION, &entry, 1);
	deliver(hub, &spoke1->nbma, &b);
	assert_int_equal(members_of(1), 1);
	assert_int_equal(members_of(3), 0);
	assert_int_equal(refused(hub, VPN_REFUSED_CONTENT), 1);
}

/* --- what a spoke does --- */

/* spoke1 in VPNs 1 to 3 on v1 to v3, v2 with the key chain; the hub as set up. */
static void start_spoke(void)
{
	give_key(spoke1);
	world_devices(spoke1, 3);
	vpn_engine_set_key_chain(spoke1->engine, "v2", "chain");
	world_many(spoke1, 3, hub);
	world_run(100);
}

static void test_key_chains_are_channels_apart(void **state)
{
	start_spoke();
	for (uint32_t vpn = 1; vpn <= 3; vpn++)
		assert_int_equal(world_instance_of(spoke1, vpn).state, VPN_UP);
	assert_int_equal(world_instance_of(spoke1, 1).hubs[0].channel_vpns, 2);
	assert_int_equal(world_instance_of(spoke1, 2).hubs[0].channel_vpns, 1);
	assert_int_equal(vpn_engine_counters(spoke1->engine)->batch_asked, 1);
	/* it changes its chain, and with it the channel */
	vpn_engine_set_key_chain(hub->engine, "tun3", NULL);
	vpn_engine_commit(hub->engine);
	vpn_engine_set_key_chain(spoke1->engine, "v2", NULL);
	vpn_engine_commit(spoke1->engine);
	world_run(100);
	assert_int_equal(world_instance_of(spoke1, 2).hubs[0].channel_vpns, 3);
	world_run(100 * 1000);
	for (uint32_t vpn = 1; vpn <= 3; vpn++)
		assert_int_equal(world_instance_of(spoke1, vpn).state, VPN_UP);
	assert_int_equal(refused(hub, VPN_REFUSED_AUTHENTICATION), 0);
}

/* The answer of somebody who sits in the hub's place and has no key, to the keepalive of VPN 1; it started at BOOT (1 to 255; 0: not told). */
static void answer_by_hand_as(uint64_t boot, const struct nhrp_batch_entry *entries, size_t num)
{
	struct nhrp_msg m = sent_by(spoke1, NHRP_OP_REGISTRATION_REQUEST);
	const struct nhrp_cie cie = { .holding_time = 600 };
	struct nhrp_builder b;
	uint8_t buf[1400], starts[16] = { 0 };

	m.op = NHRP_OP_REGISTRATION_REPLY;
	m.request_id++; /* the carrier's own is answered already */
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	starts[7] = (uint8_t)boot;
	nhrp_build_ext_begin(&b, NHRP_EXT_BOOT_EPOCH, false);
	nhrp_build_octets(&b, starts, sizeof(starts));
	nhrp_build_ext_end(&b);
	put(&b, NHRP_BATCH_ANSWER, entries, num);
	deliver(spoke1, &hub->nbma, &b);
}

static void answer_by_hand(const struct nhrp_batch_entry *entries, size_t num)
{
	answer_by_hand_as(0, entries, num);
}

/* Waits for a request of VPN 2, or of another. Returns its ID. */
static uint32_t id_in(bool keyed)
{
	struct nhrp_msg m = sent_by(spoke1, NHRP_OP_REGISTRATION_REQUEST);

	for (int i = 0; i < 500 && (m.vpn.index == 2) != keyed; i++) {
		world_run(10);
		m = sent_by(spoke1, NHRP_OP_REGISTRATION_REQUEST);
	}
	assert_int_equal(m.vpn.index == 2, keyed);
	return m.request_id;
}

/* Nobody guesses a request ID, and an answer in a VPN without keys is none for a VPN with them. */
static void test_forged_answers_are_refused(void **state)
{
	struct nhrp_batch_entry entries[3] = { entry_of(1), entry_of(2), entry_of(3) };

	hub->deaf = true;
	start_spoke();
	entries[1].request_id = id_in(true); /* the right one */
	id_in(false);
	for (size_t i = 0; i < 3; i++)
		entries[i].cie.code = NHRP_CIE_SUCCESS;
	answer_by_hand(entries, 3);
	for (uint32_t vpn = 1; vpn <= 3; vpn++)
		assert_int_equal(world_instance_of(spoke1, vpn).state, VPN_REGISTERING);
	assert_int_equal(refused(spoke1, VPN_REFUSED_UNEXPECTED_REPLY), 4); /* the three, and what carried them */
}

/* Answers to what nobody asked, late or forged, say nothing of the hub either: not that it has started anew. */
static void test_stale_answers_do_not_restart_the_hub(void **state)
{
	struct nhrp_batch_entry entries[2] = { entry_of(1), entry_of(3) };
	unsigned int asked;

	start_spoke();
	id_in(false);
	world_run(10);
	entries[0].cie.code = NHRP_CIE_SUCCESS;
	asked = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	answer_by_hand_as(7, entries, 2);
	world_run(100);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST), asked);
	assert_int_equal(refused(spoke1, VPN_REFUSED_UNEXPECTED_REPLY), 3); /* both, and what carried them */
}

/* The batch of the last request, as it went out. */
static struct nhrp_batch_entry asked_last(struct nhrp_msg *m)
{
	struct nhrp_batch_entry entry;
	struct nhrp_batch batch;
	bool good;

	*m = sent_by(spoke1, NHRP_OP_REGISTRATION_REQUEST);
	assert_true(nhrp_batch_find(m, &batch, &good));
	assert_true(good);
	assert_true(nhrp_batch_next(&batch, &entry));
	assert_int_equal(entry.cie.code, NHRP_BATCH_UNANSWERED);
	return entry;
}

static void two_vpns(void)
{
	hub->deaf = true;
	world_devices(spoke1, 2);
	world_many(spoke1, 2, hub);
	world_run(100);
}

/* What an answer must say is what the reply to a registration alone must. */
static void test_answers_that_make_no_sense_are_refused(void **state)
{
	struct nhrp_batch_entry entry, wrong[4];
	struct nhrp_msg m;

	two_vpns();
	entry = asked_last(&m);
	entry.cie.code = NHRP_CIE_SUCCESS;
	entry.cie.nbma = hub->nbma;
	for (size_t i = 0; i < 4; i++)
		wrong[i] = entry;
	wrong[0].cie.sub = nhrp_subaddr_none();
	wrong[1].cie.holding_time = 0;
	wrong[2].cie.nbma = (struct dm_addr){ 0 };
	wrong[2].cie.sub = nhrp_subaddr_none();
	wrong[3].cie.nbma = world_addr("224.0.0.1");
	answer_by_hand(wrong, 4);
	assert_int_equal(world_instance_of(spoke1, entry.vpn.index).state, VPN_REGISTERING);
	assert_int_equal(refused(spoke1, VPN_REFUSED_CONTENT), 4);
	answer_by_hand(&entry, 1);
	assert_int_equal(world_instance_of(spoke1, entry.vpn.index).state, VPN_UP);
	answer_by_hand(&entry, 1); /* repeated: it was answered */
	assert_int_equal(refused(spoke1, VPN_REFUSED_CONTENT), 4);
	assert_int_equal(world_instance_of(spoke1, entry.vpn.index).state, VPN_UP);
}

static void test_refused_rider_says_why(void **state)
{
	struct nhrp_batch_entry entry;
	struct nhrp_msg m;

	two_vpns();
	entry = asked_last(&m);
	entry.cie = (struct nhrp_cie){ .code = NHRP_CIE_NO_RESOURCES };
	answer_by_hand(&entry, 1);
	assert_string_equal(world_instance_of(spoke1, entry.vpn.index).reason,
			    "10.0.0.1 refuses the registration: insufficient resources");
	vpn_engine_set_key_chain(hub->engine, "tun3", NULL);
	vpn_engine_commit(hub->engine);
	hub->deaf = false;
	world_run(31000);
	assert_int_equal(world_instance_of(spoke1, entry.vpn.index).state, VPN_UP);
}

/* A recorded batch does nothing a second time. */
static void test_recorded_batch_is_void(void **state)
{
	const uint8_t *octets;
	uint8_t copy[1500];
	size_t len;

	vpn_engine_unset_instance(hub->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_unset_instance(hub->engine, "tun2", (struct vpn_id){ .index = 3 });
	vpn_engine_set_key_chain(hub->engine, "tun2", "chain");
	more_instances(hub, "tun2", 1, "chain");
	give_key(spoke1);
	world_devices(spoke1, 2);
	vpn_engine_set_key_chain(spoke1->engine, "v1", "chain");
	vpn_engine_set_key_chain(spoke1->engine, "v2", "chain");
	world_many(spoke1, 2, hub);
	world_run(100);
	assert_int_equal(members_of(1), 1);
	assert_int_equal(members_of(2), 1);
	len = world_last(NHRP_OP_REGISTRATION_REQUEST, &octets);
	memcpy(copy, octets, len);
	vpn_engine_unset_instance(spoke1->engine, "v2", (struct vpn_id){ .index = 2 });
	vpn_engine_commit(spoke1->engine);
	world_run(100);
	assert_int_equal(members_of(2), 0);
	world_inject(hub, &spoke1->nbma, copy, len);
	world_run(0);
	assert_int_equal(members_of(2), 0);
	assert_true(refused(hub, VPN_REFUSED_NOT_FRESH) > 0);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	CASE(test_entry_is_a_registration),
	CASE(test_entries_that_make_no_sense_are_prohibited),
	CASE(test_member_cannot_be_hijacked_in_a_batch),
	CASE(test_vpn_of_another_key_chain_is_prohibited),
	CASE(test_vpn_that_is_not_there_is_not_answered),
	CASE(test_vpn_of_another_controller_is_not_answered),
	CASE(test_vpn_of_a_spoke_is_prohibited),
	CASE(test_malformed_batch_is_not_read),
	CASE(test_plain_message_carries_nothing),
	CASE(test_key_chains_are_channels_apart),
	CASE(test_forged_answers_are_refused),
	CASE(test_stale_answers_do_not_restart_the_hub),
	CASE(test_answers_that_make_no_sense_are_refused),
	CASE(test_refused_rider_says_why),
	CASE(test_recorded_batch_is_void),
};

int main(void)
{
	return cmocka_run_group_tests_name("registrations in a batch", tests, NULL, NULL);
}

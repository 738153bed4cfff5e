// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target of the engine: a sequence of messages from members, hubs and strangers, with
 * time passing between them, to a hub of two VPNs and to a spoke of one.
 *
 *   input    steps of:  what | length (2) | octets
 *   what     bit 0    to the spoke, else to the hub
 *            bits 1-2 from 10.0.0.1 (the spoke's hub), .2, .3 or .66
 *            bit 3    leave the checksum alone, else make it right
 *            bit 4    put the ID of the receiver's last request in, so that replies are expected ones
 *            bit 5    10 s pass first
 *            bit 6    the octets are a MAC that the hub's switch hears behind the sender
 *
 * Whatever comes: each message is counted once, what is sent is whole, has the VPN of an
 * instance, and what is programmed names only that instance's VNI and usable addresses.
 * With clang:
 *
 *   clang … -fsanitize=fuzzer,address,undefined tests/fuzz/fuzz_vpn_engine.c, the sources of
 *         libvpnengine, lib/[a-z]*.c, libfrr
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "nhrpd/vpn_engine.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "engine";

enum { TO_SPOKE = 1, FROM_SHIFT = 1, FROM_MASK = 3, UNSEALED = 8, EXPECTED = 16, LATER = 32, HEARD = 64 };

#define CTL_IFINDEX 10
#define TUN_IFINDEX 20
#define STEPS_MAX 64
#define STEP_MAX 1500 /* octets */

struct node {
	struct vpn_engine *engine;
	bool is_hub;
	uint32_t vnis[2]; /* of its instances */
	uint32_t last_id; /* of its last request */
	struct dm_rec answers[8]; /* of the module, not delivered yet */
	size_t num_answers;
};

static struct node hub, spoke;
static uint64_t now_ms;
static uint32_t random_state;

/* --- the world -------------------------------------------------------------------- */

static void must(bool right)
{
	if (!right)
		abort();
}

static void sending(void *ctx, const struct vpn_path *path, const uint8_t *octets, size_t len)
{
	struct node *n = ctx;
	struct nhrp_msg m;

	must(len <= STEP_MAX && nhrp_msg_decode(&m, octets, len, NULL) == NHRP_DROP_NONE);
	must(m.has_vpn && path->ifindex == CTL_IFINDEX && dm_addr_is_set(&path->nbma));
	/* an error may be about a VPN that is not ours; nothing else may leave in one */
	if (m.op != NHRP_OP_ERROR_INDICATION)
		must(m.vpn.oui == 0 && (m.vpn.index == 1 || (m.vpn.index == 2 && n->is_hub)));
	if (nhrp_op_is_request(m.op))
		n->last_id = m.request_id;
}

static bool own_vni(const struct node *n, uint32_t vni)
{
	return vni && (vni == n->vnis[0] || vni == n->vnis[1]);
}

static bool usable(const struct dm_addr *nbma)
{
	return nbma->family == DM_IPV4 && !dm_addr_is_zero(nbma) && !dm_addr_is_multicast(nbma);
}

static void answer(struct node *n, const struct dm_rec *rec)
{
	if (n->num_answers < sizeof(n->answers) / sizeof(n->answers[0]))
		n->answers[n->num_answers++] = *rec;
}

static void programming(void *ctx, const struct dm_rec *rec)
{
	struct node *n = ctx;
	struct dm_rec reply = *rec;

	switch (rec->type) {
	case DM_REC_INSTANCE_SET:
		reply = (struct dm_rec){
			.type = DM_REC_INSTANCE_STATE,
			.state = {.ifindex = rec->instance.ifindex, .vlan = rec->instance.vlan, .ready = 1,
				  .vni = n->is_hub ? 4096u + rec->instance.vlan : 100},
		};
		answer(n, &reply);
		break;
	case DM_REC_MEMBER_SET:
		must(n->is_hub && own_vni(n, rec->member.vni) && usable(&rec->member.nbma));
		must(rec->member.remote_vni > 0 && rec->member.remote_vni < 1u << 24);
		break;
	case DM_REC_MAC_SET:
		must(own_vni(n, rec->mac.vni) && usable(&rec->mac.nbma) && !dm_addr_is_multicast(&rec->mac.mac));
		must(rec->mac.remote_vni > 0 && rec->mac.remote_vni < 1u << 24);
		break;
	case DM_REC_HUB_SET:
		must(!n->is_hub && own_vni(n, rec->hub.vni) && usable(&rec->hub.nbma));
		break;
	case DM_REC_USED_QUERY:
		reply.type = DM_REC_USED_REPLY;
		reply.used.found = 1;
		answer(n, &reply);
		break;
	}
}

static uint64_t clock_now(void *ctx)
{
	return now_ms;
}

static uint32_t next_random(void *ctx)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state;
}

static void take_log(void *ctx, enum vpn_log level, const char *line)
{
	must(strlen(line) < 4096);
}

/* --- nodes ------------------------------------------------------------------------ */

static struct dm_addr ipv4(uint8_t last)
{
	const uint8_t octets[4] = {10, 0, 0, last};
	struct dm_addr a;

	dm_addr_set(&a, DM_IPV4, octets, 4);
	return a;
}

static void settle(struct node *n)
{
	for (int turns = 0; n->num_answers && turns < 16; turns++) {
		struct dm_rec pending[8];
		size_t num = n->num_answers;

		memcpy(pending, n->answers, sizeof(pending));
		n->num_answers = 0;
		for (size_t i = 0; i < num; i++)
			vpn_engine_record(n->engine, &pending[i]);
	}
	vpn_engine_run(n->engine);
}

static void start(struct node *n, bool is_hub, uint8_t last)
{
	static const struct vpn_ops ops = {
		.send = sending, .program = programming, .now = clock_now, .random = next_random, .log = take_log,
	};
	const uint8_t mac[6] = {2, 0, 0, 0, 0, last};
	struct dm_rec link = {
		.type = DM_REC_LINK,
		.link = {.ifindex = TUN_IFINDEX, .name = "tun2", .vni = is_hub ? 0 : 100, .mtu = 1450, .local = ipv4(last),
			 .flags = DM_LINK_UP | DM_LINK_BRIDGE_PORT |
				  (is_hub ? DM_LINK_EXTERNAL | DM_LINK_VNIFILTER : 0)},
	};
	struct vpn_controller ctl = {.name = "tun1", .up = true, .ifindex = CTL_IFINDEX, .nbma = ipv4(last)};

	*n = (struct node){.is_hub = is_hub, .vnis = {is_hub ? 4097 : 100, is_hub ? 4098 : 0}};
	dm_addr_set(&link.link.mac, DM_MAC, mac, 6);
	if (!is_hub) {
		ctl.num_servers = 1;
		ctl.servers[0].nbma = ipv4(1);
	}
	n->engine = vpn_engine_new(&ops, n, now_ms);
	vpn_engine_set_debug(n->engine, true);
	vpn_engine_dataplane(n->engine, true, NULL);
	vpn_engine_record(n->engine, &link);
	vpn_engine_record(n->engine, &(struct dm_rec){.type = DM_REC_DUMP_END});
	vpn_engine_set_instance(n->engine, "tun2", (struct vpn_id){.index = 1}, 0);
	if (is_hub)
		vpn_engine_set_instance(n->engine, "tun2", (struct vpn_id){.index = 2}, 0);
	vpn_engine_set_controller_name(n->engine, "tun2", "tun1");
	vpn_engine_commit(n->engine);
	vpn_engine_controller(n->engine, &ctl);
	settle(n);
}

/* --- steps ------------------------------------------------------------------------ */

static uint64_t counted(struct node *n)
{
	struct vpn_counters *c = vpn_engine_counters(n->engine);
	uint64_t sum = 0;

	for (size_t i = 0; i < VPN_OP_COUNT; i++)
		sum += c->received[i];
	for (size_t i = 0; i < NHRP_DROP_COUNT; i++)
		sum += c->dropped[i];
	return sum;
}

/* Where the NHRP packet begins, or LEN when there is none of which the header is whole. */
static size_t packet_at(const uint8_t *octets, size_t len)
{
	size_t at = nhrp_is_vpn_encapsulated(octets, len) ? NHRP_VPN_HEADER_LEN : 0;

	return len < at + NHRP_FIXED_LEN + NHRP_MANDATORY_LEN ? len : at;
}

static void improve(uint8_t what, uint8_t *octets, size_t len, uint32_t id)
{
	size_t at = packet_at(octets, len);
	uint8_t *packet = octets + at;
	uint16_t size, sum;

	if (at == len)
		return;
	if (what & EXPECTED)
		for (int i = 0; i < 4; i++)
			packet[24 + i] = id >> (24 - 8 * i);
	size = packet[10] << 8 | packet[11];
	if (what & UNSEALED || size > len - at)
		return;
	packet[12] = packet[13] = 0;
	sum = nhrp_checksum(packet, size);
	packet[12] = sum >> 8;
	packet[13] = sum & 0xff;
}

/* The message in a heap block of exactly its length, so that AddressSanitizer sees a step past its end. */
static void deliver(struct node *n, uint8_t what, const struct dm_addr *from, const uint8_t *octets, size_t len)
{
	const struct vpn_path path = {.ifindex = CTL_IFINDEX, .nbma = *from};
	uint64_t before = counted(n);
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		return;
	memcpy(copy, octets, len);
	improve(what, copy, len, n->last_id);
	vpn_engine_packet(n->engine, &path, copy, len);
	free(copy);
	must(counted(n) == before + 1);
}

static void hear(const struct dm_addr *from, const uint8_t *octets, size_t len)
{
	struct dm_rec rec = {
		.type = DM_REC_MAC_SEEN,
		.mac = {.ifindex = TUN_IFINDEX, .vni = 4097, .nbma = *from, .remote_vni = 100},
	};

	if (dm_addr_set(&rec.mac.mac, DM_MAC, octets, len))
		vpn_engine_record(hub.engine, &rec);
}

static void step(uint8_t what, const uint8_t *octets, size_t len)
{
	static const uint8_t senders[] = {1, 2, 3, 66};
	struct dm_addr from = ipv4(senders[what >> FROM_SHIFT & FROM_MASK]);
	struct node *to = what & TO_SPOKE ? &spoke : &hub;

	if (what & LATER)
		now_ms += 10000;
	if (what & HEARD)
		hear(&from, octets, len);
	else
		deliver(to, what, &from, octets, len);
	settle(&hub);
	settle(&spoke);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct dm_reader r;

	now_ms = 1000000;
	random_state = 2735;
	start(&hub, true, 1);
	start(&spoke, false, 2);
	dm_reader_init(&r, octets, len);
	for (int i = 0; i < STEPS_MAX && dm_reader_left(&r) > 0; i++) {
		uint8_t what = dm_get_u8(&r);
		size_t size = dm_get_u16(&r);
		const uint8_t *at;

		if (size > dm_reader_left(&r))
			size = dm_reader_left(&r);
		at = dm_get_octets(&r, size);
		if (!at || size > STEP_MAX)
			break;
		step(what, at, size);
	}
	vpn_engine_free(hub.engine);
	vpn_engine_free(spoke.engine);
	return 0;
}

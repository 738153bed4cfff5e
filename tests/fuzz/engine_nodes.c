// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What engine_nodes.h says. The stand-in for the module makes every instance ready at once,
 * has nothing of its own to dump but the device, and answers USED_QUERY.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sha256.h" /* libfrr's */
#include "nhrpd/vpn_channel.h"
#include "tests/fuzz/engine_nodes.h"

#define VPNS 4 /* VPN-IDs 1 to 4 are all that a node may ever have */

uint64_t node_now_ms;
static uint32_t random_state;

void node_must(bool right)
{
	if (!right)
		abort();
}

struct dm_addr node_nbma(uint8_t last)
{
	const uint8_t octets[4] = {10, 0, 0, last};
	struct dm_addr a;

	dm_addr_set(&a, DM_IPV4, octets, 4);
	return a;
}

/* --- keys ------------------------------------------------------------------------- */

struct nhrp_auth_key node_key(void)
{
	return (struct nhrp_auth_key){.id = 1, .octets = "secret", .len = 6};
}

void node_hmac(const void *key, size_t key_len, const struct nhrp_auth_part *parts, size_t num,
	       uint8_t digest[NHRP_AUTH_DIGEST_LEN])
{
	HMAC_SHA256_CTX ctx;

	HMAC__SHA256_Init(&ctx, key, key_len);
	for (size_t i = 0; i < num; i++)
		HMAC__SHA256_Update(&ctx, parts[i].octets, parts[i].len);
	HMAC__SHA256_Final(digest, &ctx);
}

static const char *find_key(void *ctx, const char *chain, uint16_t id, struct nhrp_auth_key *key)
{
	const struct node *n = ctx;

	if (strcmp(chain, "chain") != 0)
		return "does not exist";
	*key = node_key();
	if (id == 0)
		return n->may_send ? NULL : "has no key to send with now";
	return id == key->id && n->may_accept ? NULL : "has no such key";
}

/* --- what an engine asks of the world --------------------------------------------- */

static void must_be_authentic(const struct node *n, const struct nhrp_msg *m)
{
	struct nhrp_ext ext;
	bool has = nhrp_ext_find(m, NHRP_EXT_AUTHENTICATION, &ext);

	if (m->op == NHRP_OP_ERROR_INDICATION)
		node_must(!has);
	else if (n->hashed)
		node_must(has && n->may_send);
}

static void sending(void *ctx, const struct vpn_path *path, const uint8_t *octets, size_t len)
{
	struct node *n = ctx;
	struct node_message *copy = &n->sent[n->num_sent++ % NODE_SENT];
	struct nhrp_msg m;

	node_must(len <= NODE_MESSAGE_MAX && nhrp_msg_decode(&m, octets, len, NULL) == NHRP_DROP_NONE);
	node_must((m.has_vpn || n->plain) && path->ifindex == NODE_CTL_IFINDEX && dm_addr_is_set(&path->nbma));
	/* an error may be about a VPN that is not ours; nothing else may leave in one */
	if (m.has_vpn && m.op != NHRP_OP_ERROR_INDICATION)
		node_must(m.vpn.oui == 0 && m.vpn.index >= 1 && m.vpn.index <= VPNS);
	must_be_authentic(n, &m);
	if (nhrp_op_is_request(m.op))
		n->last_id = m.request_id;
	memcpy(copy->octets, octets, len);
	copy->len = len;
}

static bool own_vni(const struct node *n, uint32_t vni)
{
	for (size_t i = 0; i < n->num_vnis && i < NODE_VNIS; i++)
		if (n->vnis[i] == vni)
			return vni != 0;
	return n->told;
}

static bool usable(const struct node *n, const struct dm_addr *nbma)
{
	return n->told || (nbma->family == DM_IPV4 && !dm_addr_is_zero(nbma) && !dm_addr_is_multicast(nbma));
}

static bool fits_vni(const struct node *n, uint32_t vni)
{
	return n->told || (vni > 0 && vni < 1u << 24);
}

static void answer(struct node *n, const struct dm_rec *rec)
{
	if (n->num_answers < NODE_ANSWERS)
		n->answers[n->num_answers++] = *rec;
}

static void instance_ready(struct node *n, const struct dm_instance *inst)
{
	struct dm_rec state = {
		.type = DM_REC_INSTANCE_STATE,
		.state = {.ifindex = inst->ifindex, .vlan = inst->vlan, .ready = 1,
			  .vni = n->is_hub ? 4096u + inst->vlan : inst->ifindex == NODE_TUN_IFINDEX ? 100 : 200},
	};

	n->vnis[n->num_vnis++ % NODE_VNIS] = state.state.vni;
	answer(n, &state);
}

static void programming(void *ctx, const struct dm_rec *rec)
{
	struct node *n = ctx;
	struct dm_rec reply = *rec;

	switch (rec->type) {
	case DM_REC_INSTANCE_SET:
		instance_ready(n, &rec->instance);
		break;
	case DM_REC_MEMBER_SET:
		node_must(own_vni(n, rec->member.vni) && usable(n, &rec->member.nbma));
		node_must(fits_vni(n, rec->member.remote_vni));
		break;
	case DM_REC_MAC_SET:
		node_must(own_vni(n, rec->mac.vni) && usable(n, &rec->mac.nbma));
		node_must(fits_vni(n, rec->mac.remote_vni) && !dm_addr_is_multicast(&rec->mac.mac));
		break;
	case DM_REC_HUB_SET:
		node_must(own_vni(n, rec->hub.vni) && usable(n, &rec->hub.nbma));
		break;
	case DM_REC_PROBE_SET:
		node_must(own_vni(n, rec->probe.vni) && usable(n, &rec->probe.nbma));
		node_must(fits_vni(n, rec->probe.remote_vni) && rec->probe.interval && rec->probe.misses);
		reply.type = DM_REC_PROBE_STATE;
		reply.probe.up = n->idle_ms % 2;
		reply.probe.rtt_us = n->idle_ms;
		answer(n, &reply);
		break;
	case DM_REC_SUPPRESS_SET:
		reply.type = DM_REC_SUPPRESS_STATE;
		answer(n, &reply);
		break;
	case DM_REC_NEIGH_SET:
		node_must(own_vni(n, rec->neigh.vni) && (n->told || dm_addr_is_station(&rec->neigh.ip)));
		node_must(rec->neigh.ip.family != DM_MAC && dm_addr_is_station(&rec->neigh.mac));
		break;
	case DM_REC_USED_QUERY:
		reply.type = DM_REC_USED_REPLY;
		reply.used.found = 1;
		reply.used.idle_ms = n->idle_ms;
		answer(n, &reply);
		break;
	}
}

static uint64_t clock_now(void *ctx)
{
	return node_now_ms;
}

static uint32_t next_random(void *ctx)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state;
}

static void take_log(void *ctx, enum vpn_log level, const char *line)
{
	node_must(strlen(line) < 4096);
}

/* What goes to FRR's own code is a plain message, and whole. */
static bool delivering(void *ctx, const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	struct nhrp_msg m;

	node_must(nhrp_msg_decode(&m, octets, len, NULL) == NHRP_DROP_NONE && !m.has_vpn);
	return m.request_id & 1;
}

static void delivering_default(void *ctx, const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	delivering(ctx, from, octets, len);
}

static void layer3_changed(void *ctx, const char *ifname)
{
	node_must(ifname[0] != '\0');
}

/* --- life ------------------------------------------------------------------------- */

void node_settle(struct node *n)
{
	for (int turns = 0; n->num_answers && turns < 16; turns++) {
		struct dm_rec pending[NODE_ANSWERS];
		size_t num = n->num_answers;

		memcpy(pending, n->answers, sizeof(pending));
		n->num_answers = 0;
		for (size_t i = 0; i < num; i++)
			vpn_engine_record(n->engine, &pending[i]);
	}
	vpn_engine_run(n->engine);
}

void node_module(struct node *n, bool up)
{
	struct dm_rec link = {.type = DM_REC_LINK, .link = n->link};

	vpn_engine_dataplane(n->engine, up, up ? NULL : "the module is away");
	if (!up)
		return;
	vpn_engine_record(n->engine, &(struct dm_rec){.type = DM_REC_DUMP_BEGIN});
	vpn_engine_record(n->engine, &link);
	if (!n->is_hub) {
		snprintf(link.link.name, sizeof(link.link.name), "%s", NODE_MORE);
		link.link.ifindex++;
		link.link.vni = 200;
		vpn_engine_record(n->engine, &link);
	}
	vpn_engine_record(n->engine, &(struct dm_rec){.type = DM_REC_DUMP_END});
}

static void start_engine(struct node *n)
{
	static const struct vpn_ops ops = {
		.send = sending, .program = programming, .now = clock_now, .random = next_random, .log = take_log,
		.deliver = delivering, .deliver_default = delivering_default, .layer3_changed = layer3_changed, .key = find_key, .hmac = node_hmac,
	};

	n->epoch = node_now_ms * 2 + n->is_hub;
	n->hashed = n->plain = false;
	n->engine = vpn_engine_new(&ops, n, n->epoch);
	vpn_engine_set_debug(n->engine, true);
	node_module(n, true);
	vpn_engine_set_instance(n->engine, NODE_TUN, (struct vpn_id){.index = 1}, 0);
	vpn_engine_set_instance(n->engine, n->is_hub ? NODE_TUN : NODE_MORE, (struct vpn_id){.index = 2}, 0);
	vpn_engine_set_controller_name(n->engine, NODE_TUN, NODE_CTL);
	if (!n->is_hub)
		vpn_engine_set_controller_name(n->engine, NODE_MORE, NODE_CTL);
	vpn_engine_commit(n->engine);
	vpn_engine_controller(n->engine, &n->ctl);
	node_settle(n);
	node_now_ms += VPN_CHANNEL_GATHER_MS; /* and what starts together registers together */
	node_settle(n);
}

void node_start(struct node *n, bool is_hub, uint8_t last)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, last};

	if (is_hub)
		random_state = 2735;
	memset(n, 0, offsetof(struct node, sent));
	n->num_sent = 0;
	n->is_hub = is_hub;
	n->last = last;
	n->idle_ms = 0;
	n->told = false;
	n->may_send = n->may_accept = true;
	n->ctl = (struct vpn_controller){
		.name = NODE_CTL, .gre = true, .up = true, .ifindex = NODE_CTL_IFINDEX, .nbma = node_nbma(last),
		.num_servers = 1,
	};
	n->ctl.servers[0].nbma = node_nbma(is_hub ? 3 : 1); /* a hub asks another one for what it does not know */
	n->link = (struct dm_link){
		.ifindex = NODE_TUN_IFINDEX, .name = NODE_TUN, .vni = is_hub ? 0 : 100, .mtu = 1450,
		.local = node_nbma(last),
		.flags = DM_LINK_UP | DM_LINK_BRIDGE_PORT | (is_hub ? DM_LINK_EXTERNAL | DM_LINK_VNIFILTER : 0),
	};
	dm_addr_set(&n->link.mac, DM_MAC, mac, 6);
	start_engine(n);
}

void node_restart(struct node *n)
{
	vpn_engine_free(n->engine);
	n->num_answers = 0;
	start_engine(n);
}

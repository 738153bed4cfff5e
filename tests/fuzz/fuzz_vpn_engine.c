// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target of the engine: a sequence of messages from members, hubs and strangers, with
 * time passing, configuration changing and the module talking between them, to a hub of two
 * VPNs and to a spoke of the same two.
 *
 *   input    steps of:  what | length (2) | octets
 *   what     bit 0    to the spoke, else to the hub
 *            bits 1-2 from 10.0.0.1 (the spoke's hub), .2, .3 or .66
 *            bit 3    leave the message as it is; else its checksum is made right, and it is
 *                     signed when the receiver wants that
 *            bit 4    put the ID of the receiver's last request in, so that replies are expected ones
 *            bit 5    10 s pass first
 *            bit 6    the octets are a MAC that the hub's switch hears behind the sender
 *            bit 7    the octets are no message but a kind of step and what it needs:
 *
 *   0 how          a message put together from the rest (engine_compose.c), signed as `how` says
 *   1 which at (2) xor   one of the last messages of the other node, an octet of it changed
 *   2 setting value      configuration
 *   3 type         a record of the module, its body the rest
 *   4 seconds (2)  pass
 *   5 which        keys that may be used; bit 2: a device has the key chain or not
 *   6 which        the module is away or comes back; or nhrpd starts anew, or ends and starts anew
 *   7              somebody looks at everything there is
 *
 * Whatever comes: each message is counted once, and what the engines do holds to engine_nodes.h.
 * By the key chain being a step, the same sequences run with HMAC authentication and without.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "nhrpd/vpn_engine.h"
#include "tests/fuzz/engine_compose.h"
#include "tests/fuzz/engine_nodes.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"

const char fuzz_corpus[] = "engine";

enum {
	TO_SPOKE = 1,
	FROM_SHIFT = 1,
	FROM_MASK = 3,
	UNTOUCHED = 8,
	EXPECTED = 16,
	LATER = 32,
	HEARD = 64,
	SPECIAL = 128,
};

#define STEPS_MAX 64

static struct node hub, spoke;

/* --- messages --------------------------------------------------------------------- */

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

/* The message in a heap block of exactly its length, so that AddressSanitizer sees a step past its end. */
static void deliver(struct node *n, const struct dm_addr *from, const uint8_t *octets, size_t len)
{
	const struct vpn_path path = {.ifindex = NODE_CTL_IFINDEX, .nbma = *from};
	uint64_t before = counted(n);
	uint8_t *copy = malloc(len ? len : 1);
	struct vpn_id vpn;

	node_must(copy != NULL);
	memcpy(copy, octets, len);
	/* as the packet I/O tells them apart */
	if (!nhrp_is_vpn_encapsulated(copy, len) && vpn_engine_plain_vpn(n->engine, NODE_CTL, &vpn))
		vpn_engine_plain_packet(n->engine, &path, &vpn, copy, len);
	else
		vpn_engine_packet(n->engine, &path, copy, len);
	free(copy);
	node_must(counted(n) == before + 1);
}

static void put_id(uint8_t *octets, size_t len, uint32_t id)
{
	size_t at = fuzz_packet_at(octets, len);

	for (int i = 0; at + NHRP_FIXED_LEN + NHRP_MANDATORY_LEN <= len && i < 4; i++)
		octets[at + 24 + i] = id >> (24 - 8 * i);
}

/* Octets as they are in the input. */
static void raw(struct node *to, uint8_t what, const struct dm_addr *from, const uint8_t *octets, size_t len)
{
	uint8_t copy[NODE_MESSAGE_MAX];

	memcpy(copy, octets, len);
	if (what & EXPECTED)
		put_id(copy, len, to->last_id);
	if (!(what & UNTOUCHED)) {
		fuzz_seal(copy, len);
		if (to->hashed)
			len = compose_signed(to, 0, copy, len);
	}
	deliver(to, from, copy, len);
}

static void composed(struct node *to, const struct dm_addr *from, struct dm_reader *r)
{
	uint8_t octets[NODE_MESSAGE_MAX], how = dm_get_u8(r);
	size_t len = compose(r, to->last_id, octets);

	if (to->hashed)
		len = compose_signed(to, how, octets, len);
	deliver(to, from, octets, len);
}

/* What the other node sent, as it was or with one octet changed. */
static void crossing(struct node *to, uint8_t what, struct dm_reader *r)
{
	struct node *other = to == &hub ? &spoke : &hub;
	size_t back = 1 + dm_get_u8(r) % NODE_SENT, at = dm_get_u16(r);
	struct dm_addr from = node_nbma(other->last);
	uint8_t change = dm_get_u8(r);
	struct node_message m;

	if (other->num_sent < back)
		return;
	m = other->sent[(other->num_sent - back) % NODE_SENT];
	if (at < m.len && change) {
		m.octets[at] ^= change;
		if (!(what & UNTOUCHED))
			fuzz_seal(m.octets, m.len);
	}
	if (change && to->hashed && !(what & UNTOUCHED))
		m.len = compose_signed(to, 0, m.octets, m.len);
	deliver(to, &from, m.octets, m.len);
}

/* --- the operator ----------------------------------------------------------------- */

static void set_key_chain(struct node *n, bool on)
{
	n->hashed = on;
	vpn_engine_set_key_chain(n->engine, NODE_TUN, on ? "chain" : NULL);
	if (!n->is_hub)
		vpn_engine_set_key_chain(n->engine, NODE_MORE, on ? "chain" : NULL);
	vpn_engine_commit(n->engine);
}

/* What the glue finds of the GRE interface. */
static void set_controller(struct node *n, uint8_t setting, uint8_t value)
{
	switch (setting) {
	case 8:
		n->ctl.password_len = value % (NHRP_AUTH_PASSWORD_MAX + 1);
		memset(n->ctl.password, 'p', sizeof(n->ctl.password));
		break;
	case 9:
		n->ctl.up = value & 1;
		n->ctl.gre = value & 2;
		break;
	case 10:
		n->ctl.num_servers = value % (VPN_SERVERS_MAX + 1);
		for (size_t i = 0; i < n->ctl.num_servers; i++)
			n->ctl.servers[i].nbma = node_nbma(value / 16 + i);
		break;
	default:
		n->ctl.nbma = node_nbma(value);
		break;
	}
	vpn_engine_controller(n->engine, &n->ctl);
}

static void configure(struct node *n, uint8_t setting, uint8_t value)
{
	struct vpn_engine *e = n->engine;
	struct vpn_id vpn = {.index = 1 + value % 4};

	switch (setting % 16) {
	case 0:
		vpn_engine_set_instance(e, NODE_TUN, vpn, value / 4);
		break;
	case 1:
		vpn_engine_unset_instance(e, NODE_TUN, vpn);
		break;
	case 2:
		vpn_engine_set_controller_name(e, NODE_TUN, value & 1 ? NODE_CTL : value & 2 ? "tun9" : NULL);
		break;
	case 3:
		vpn_engine_set_role(e, NODE_TUN, value % 3);
		break;
	case 4:
		vpn_engine_set_holdtime(e, NODE_TUN, 1 + value * 100);
		break;
	case 5: /* of a layer 3 VPN */
		vpn_engine_set_instance(e, NODE_CTL, vpn, value / 4);
		break;
	case 6:
		vpn_engine_unset_instance(e, NODE_CTL, vpn);
		break;
	case 7:
		n->idle_ms = value * 1000u;
		break;
	case 12:
		vpn_engine_set_arp_suppress(e, NODE_TUN, value & 1);
		break;
	case 15:
		vpn_engine_set_keepalive(e, NODE_TUN, VPN_KEEPALIVE_MIN + value * 200u);
		break;
	case 14:
		n->plain = true;
		vpn_engine_set_plain_vpn(e, NODE_CTL, value & 4 ? NULL : &vpn);
		break;
	case 13:
		vpn_engine_set_graceful_restart(e, NODE_TUN, value & 1);
		break;
	default:
		set_controller(n, setting % 16, value);
		return;
	}
	if (!(setting & 0x80)) /* more of the transaction is to come */
		vpn_engine_commit(e);
}

static void keys(struct node *n, uint8_t which)
{
	n->may_send = which & 1;
	n->may_accept = which & 2;
	if (which & 4)
		set_key_chain(n, which & 8);
	vpn_engine_keys_changed(n->engine);
}

static void see_instance(void *arg, const struct vpn_instance_view *v)
{
	node_must(v->ifname[0] && v->num_hubs <= VPN_SERVERS_MAX && v->reason && v->role_name);
	node_must((v->state == VPN_UP) == (v->reason[0] == '\0'));
}

static void see_member(void *arg, const struct vpn_member_view *v)
{
	node_must(v->ifname[0] && dm_addr_is_set(&v->nbma) && v->vni);
}

static void see_mac(void *arg, const struct vpn_mac_view *v)
{
	node_must(v->ifname[0] && dm_addr_is_set(&v->mac) && v->type[0] && v->path);
}

static void see_neigh(void *arg, const struct vpn_neigh_view *v)
{
	node_must(v->ifname[0] && v->type[0] && dm_addr_is_set(&v->ip) && v->ip.family != DM_MAC);
}

/* A path without a shortcut over it is nobody's. */
static void see_path(void *arg, const struct vpn_path_view *v)
{
	node_must(v->ifname[0] && v->state[0] && v->num_macs > 0 && dm_addr_is_set(&v->nbma));
}

static void see_plain(void *arg, const struct vpn_plain_view *v)
{
	node_must(v->ifname[0] && v->reason);
}

static void see_interface(void *arg, const char *name)
{
	struct vpn_id vpn = {0};
	enum vpn_layer3 is = vpn_engine_layer3(arg, name, &vpn);

	node_must(name[0] != '\0' && (is == VPN_LAYER3_VPN) == (vpn.index != 0));
}

/* A show command never runs inside a transaction. */
static void look(struct node *n)
{
	vpn_engine_commit(n->engine);
	vpn_engine_controllers(n->engine, see_interface, n->engine);
	vpn_engine_each_instance(n->engine, see_instance, NULL);
	vpn_engine_each_member(n->engine, see_member, NULL);
	vpn_engine_each_mac(n->engine, see_mac, NULL);
	vpn_engine_each_neigh(n->engine, see_neigh, NULL);
	vpn_engine_each_path(n->engine, see_path, NULL);
	vpn_engine_each_plain(n->engine, see_plain, NULL);
}

/* --- the module ------------------------------------------------------------------- */

static void hear(const struct dm_addr *from, const uint8_t *octets, size_t len)
{
	struct dm_rec rec = {
		.type = DM_REC_MAC_SEEN,
		.mac = {.ifindex = NODE_TUN_IFINDEX, .vni = 4097, .nbma = *from, .remote_vni = 100},
	};

	if (dm_addr_set(&rec.mac.mac, DM_MAC, octets, len))
		vpn_engine_record(hub.engine, &rec);
}

/* Any record that the format knows, its body from the input. */
static void record(struct node *n, struct dm_reader *r)
{
	uint8_t payload[1024], type = dm_get_u8(r);
	struct dm_reader records;
	struct dm_writer w;
	struct dm_rec rec;

	dm_writer_init(&w, payload, sizeof(payload));
	dm_put_u16(&w, DM_MSG_VERSION);
	dm_put_u16(&w, 1);
	dm_put_u8(&w, type);
	dm_put_u8(&w, 0);
	dm_put_u16(&w, dm_reader_left(r));
	dm_put_octets(&w, r->p, dm_reader_left(r));
	if (w.bad || dm_msg_open(&records, payload, w.used, NULL) != DM_OPEN_OK || !dm_msg_next(&records, &rec))
		return;
	n->told = true;
	vpn_engine_record(n->engine, &rec);
}

/* The daemon's end, begun once: some messages may still come in while it waits. */
static void leave(struct node *n)
{
	if (!vpn_engine_is_leaving(n->engine))
		vpn_engine_leave(n->engine);
	if (!vpn_engine_is_leaving(n->engine)) {
		vpn_engine_left(n->engine);
		node_restart(n);
	}
}

static void module(struct node *n, uint8_t which)
{
	if (which & 4)
		leave(n);
	else if (which & 2)
		node_restart(n);
	else
		node_module(n, which & 1);
}

/* --- steps ------------------------------------------------------------------------ */

static void special(struct node *to, uint8_t what, const struct dm_addr *from, struct dm_reader *r)
{
	uint8_t setting;

	switch (dm_get_u8(r) % 8) {
	case 0:
		composed(to, from, r);
		break;
	case 1:
		crossing(to, what, r);
		break;
	case 2:
		setting = dm_get_u8(r);
		configure(to, setting, dm_get_u8(r));
		break;
	case 3:
		record(to, r);
		break;
	case 4:
		node_now_ms += dm_get_u16(r) * 1000ull;
		break;
	case 5:
		keys(to, dm_get_u8(r));
		break;
	case 6:
		module(to, dm_get_u8(r));
		break;
	default:
		look(to);
		break;
	}
}

static void step(uint8_t what, const uint8_t *octets, size_t len)
{
	static const uint8_t senders[] = {1, 2, 3, 66};
	struct dm_addr from = node_nbma(senders[what >> FROM_SHIFT & FROM_MASK]);
	struct node *to = what & TO_SPOKE ? &spoke : &hub;
	struct dm_reader r;

	if (what & LATER)
		node_now_ms += 10000;
	if (what & SPECIAL) {
		dm_reader_init(&r, octets, len);
		special(to, what, &from, &r);
	} else if (what & HEARD) {
		hear(&from, octets, len);
	} else {
		raw(to, what, &from, octets, len);
	}
	node_settle(&hub);
	node_settle(&spoke);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct dm_reader r;

	node_now_ms = 1000000;
	compose_reset();
	node_start(&hub, true, 1);
	node_start(&spoke, false, 2);
	dm_reader_init(&r, octets, len);
	for (int i = 0; i < STEPS_MAX && dm_reader_left(&r) > 0; i++) {
		uint8_t what = dm_get_u8(&r);
		size_t size = dm_get_u16(&r);
		const uint8_t *at;

		if (size > dm_reader_left(&r))
			size = dm_reader_left(&r);
		at = dm_get_octets(&r, size);
		if (!at || size > NODE_MESSAGE_MAX)
			break;
		step(what, at, size);
	}
	vpn_engine_free(hub.engine);
	vpn_engine_free(spoke.engine);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The world of world.h: nodes, network, clock and queues. Messages and records wait in two
 * queues, so an engine is never called from within itself, just as in the daemon.
 *
 * Not here: the stand-in for the zebra module (world_module.c), what a test looks at (world_look.c).
 */
#include <config.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/engine/world.h"
#include "tests/engine/world_parts.h"

#define QUEUE 4096
#define RECORDS 16384 /* a module that dumps thousands of VPNs says so much at once */
#define OCTETS 1500
#define LATE 16

struct packet {
	struct world_node *to;
	uint32_t ifindex;
	struct dm_addr from;
	size_t len;
	uint8_t octets[OCTETS];
};

struct event_rec {
	struct world_node *to;
	struct dm_rec rec;
};

static struct world_node nodes[WORLD_NODES];
static size_t num_nodes;
static uint64_t now_ms;
static uint32_t random_state;
static struct packet packets[QUEUE];
static size_t packet_head, packet_tail;
static struct event_rec records[RECORDS];
static size_t rec_head, rec_tail;
static unsigned int lose[256], spare[256], seen[256], seen_plain[256], late[256];
static uint64_t late_ms[256];
static struct late {
	uint64_t at; /* ms; 0: free */
	struct packet p;
} lates[LATE];
static struct packet last[256];
static bool repeat;
static unsigned int lose_percent;
static void (*tamper)(uint8_t *octets, size_t len);

struct dm_addr world_addr(const char *text)
{
	struct dm_addr a;
	bool good = dm_addr_parse(&a, text);

	assert(good);
	(void)good;
	return a;
}

/* --- the network --- */

static struct world_node *node_at(const struct dm_addr *nbma)
{
	for (size_t i = 0; i < num_nodes; i++)
		if (dm_addr_same(&nodes[i].nbma, nbma))
			return &nodes[i];
	return NULL;
}

void world_inject_by(struct world_node *to, uint32_t ifindex, const struct dm_addr *from, const uint8_t *octets,
		     size_t len)
{
	struct packet *p = &packets[packet_tail % QUEUE];

	assert(packet_tail - packet_head < QUEUE && len <= OCTETS);
	p->to = to;
	p->ifindex = ifindex;
	p->from = *from;
	p->len = len;
	memcpy(p->octets, octets, len);
	packet_tail++;
}

void world_inject(struct world_node *to, const struct dm_addr *from, const uint8_t *octets, size_t len)
{
	world_inject_by(to, WORLD_CTL_IFINDEX, from, octets, len);
}

/* Keeps a message back, so that later ones overtake it. */
static void send_late(struct world_node *to, const struct dm_addr *from, const uint8_t *octets, size_t len, uint64_t ms)
{
	size_t i;

	for (i = 0; lates[i].at; i++)
		assert(i + 1 < LATE);
	lates[i].at = now_ms + ms;
	lates[i].p = (struct packet){ .to = to, .ifindex = WORLD_CTL_IFINDEX, .from = *from, .len = len };
	memcpy(lates[i].p.octets, octets, len);
}

/* Delivers what is due. Returns the milliseconds until the next is, LIMIT at most. */
static uint64_t late_ones(uint64_t limit)
{
	for (size_t i = 0; i < LATE; i++) {
		if (lates[i].at && lates[i].at <= now_ms) {
			lates[i].at = 0;
			world_inject(lates[i].p.to, &lates[i].p.from, lates[i].p.octets, lates[i].p.len);
		}
		if (lates[i].at && lates[i].at - now_ms < limit)
			limit = lates[i].at - now_ms;
	}
	return limit;
}

/* By another generator than the engines': which messages are lost does not change what they draw. */
static bool is_lost(void)
{
	static uint32_t state;

	state = state * 22695477 + 1;
	return (state >> 16) % 100 < lose_percent;
}

static void net_send(void *ctx, const struct vpn_path *path, const uint8_t *octets, size_t len)
{
	struct world_node *from = ctx, *to = node_at(&path->nbma);
	struct nhrp_msg m;

	assert(nhrp_msg_decode(&m, octets, len, NULL) == NHRP_DROP_NONE);
	seen[m.op]++;
	seen_plain[m.op] += !m.has_vpn;
	last[m.op].len = len;
	memcpy(last[m.op].octets, octets, len);
	from->sent[m.op].len = len;
	memcpy(from->sent[m.op].octets, octets, len);
	if (to) {
		to->got[m.op].len = len;
		memcpy(to->got[m.op].octets, octets, len);
	}
	if (spare[m.op]) {
		spare[m.op]--;
	} else if (lose[m.op]) {
		lose[m.op]--;
		return;
	}
	if (!to || to->deaf || path->ifindex != WORLD_CTL_IFINDEX || is_lost())
		return;
	if (late[m.op] && late[m.op]--) {
		send_late(to, &from->nbma, octets, len, late_ms[m.op]);
		return;
	}
	for (int i = 0; i <= repeat; i++)
		world_inject(to, &from->nbma, octets, len);
	if (tamper)
		tamper(packets[(packet_tail - 1) % QUEUE].octets, len);
}

void world_lose(uint8_t op, unsigned int n)
{
	world_lose_after(op, 0, n);
}

void world_lose_after(uint8_t op, unsigned int spared, unsigned int n)
{
	spare[op] = spared;
	lose[op] = n;
}

void world_delay(uint8_t op, unsigned int n, uint64_t ms)
{
	late[op] = n;
	late_ms[op] = ms;
}

void world_repeat(bool on)
{
	repeat = on;
}

void world_tamper(void (*fn)(uint8_t *octets, size_t len))
{
	tamper = fn;
}

void world_lose_at_random(unsigned int percent)
{
	lose_percent = percent;
}

unsigned int world_seen(uint8_t op)
{
	return seen[op];
}

unsigned int world_seen_plain(uint8_t op)
{
	return seen_plain[op];
}

size_t world_last(uint8_t op, const uint8_t **octets)
{
	*octets = last[op].octets;
	return last[op].len;
}

/* --- what an engine is told and tells --- */

void world_tell(struct world_node *to, const struct dm_rec *rec)
{
	assert(rec_tail - rec_head < RECORDS);
	records[rec_tail++ % RECORDS] = (struct event_rec){ .to = to, .rec = *rec };
}

uint64_t world_now(void)
{
	return now_ms;
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
	struct world_node *n = ctx;

	if (getenv("WORLD_LOG"))
		fprintf(stderr, "%8llu %s: %s\n", (unsigned long long)now_ms, n->name, line);
	if (level != VPN_LOG_WARN)
		return;
	n->warnings++;
	snprintf(n->last_warning, sizeof(n->last_warning), "%s", line);
}

/* --- a stand-in for FRR's own NHRP code: it keeps the last message --- */

static bool stock_deliver(void *ctx, const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	struct world_node *n = ctx;

	assert(len <= sizeof(n->delivered_octets));
	n->delivered++;
	n->delivered_from = *from;
	n->delivered_len = len;
	memcpy(n->delivered_octets, octets, len);
	return !n->keeps_out;
}

static void stock_default(void *ctx, const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	struct world_node *n = ctx;

	stock_deliver(ctx, from, octets, len);
	n->delivered_default++;
}

static void stock_forget(void *ctx, const char *ifname)
{
	struct world_node *n = ctx;

	assert(ifname[0]);
	n->forgotten++;
}

/* --- keys --- */

static const char *find_key(void *ctx, const char *chain, uint16_t id, struct nhrp_auth_key *key)
{
	struct world_node *n = ctx;

	n->keys_asked_for++;
	if (!n->has_chain || strcmp(chain, "chain"))
		return "does not exist";
	for (size_t i = 0; i < WORLD_KEYS; i++) {
		struct world_key *k = &n->keys[i];

		if (!k->id || (id ? k->id != id || !k->accept : !k->send))
			continue;
		*key = (struct nhrp_auth_key){ .id = k->id, .octets = k->string, .len = strlen(k->string) };
		return NULL;
	}
	return "has no key";
}

/* --- nodes --- */

static void start_engine(struct world_node *n)
{
	static const struct vpn_ops ops = {
		.send = net_send, .program = world_program, .now = clock_now, .random = next_random, .log = take_log,
		.deliver = stock_deliver, .deliver_default = stock_default, .layer3_changed = stock_forget,
		.key = find_key, .hmac = world_hmac,
	};

	/* greater after each start, and never that of another node */
	n->engine = vpn_engine_new(&ops, n, now_ms * 1000000 + (uint64_t)(n - nodes));
	vpn_engine_set_debug(n->engine, true);
}

void world_module(struct world_node *n, bool up)
{
	struct dm_rec link = { .type = DM_REC_LINK, .link = n->link }, end = { .type = DM_REC_DUMP_END };
	struct dm_rec second = { .type = DM_REC_LINK, .link = n->second };

	vpn_engine_dataplane(n->engine, up, up ? NULL : "test took the module away");
	if (!up)
		return;
	world_tell(n, &(struct dm_rec){ .type = DM_REC_DUMP_BEGIN });
	if (n->link.ifindex)
		world_tell(n, &link);
	if (n->second.ifindex)
		world_tell(n, &second);
	for (size_t i = 0; i < n->num_more; i++)
		world_tell(n, &(struct dm_rec){ .type = DM_REC_LINK, .link = n->more[i] });
	world_tell(n, &end);
}

static struct world_node *node(uint8_t last_octet, uint32_t vni)
{
	struct world_node *n = &nodes[num_nodes++];
	uint8_t nbma[4] = { 10, 0, 0, last_octet }, mac[6] = { 2, 0, 0, 0, 0, last_octet };

	assert(num_nodes <= WORLD_NODES);
	memset(n, 0, sizeof(*n));
	snprintf(n->name, sizeof(n->name), "node%u", last_octet);
	dm_addr_set(&n->nbma, DM_IPV4, nbma, 4);
	n->link = (struct dm_link){
		.ifindex = WORLD_TUN_IFINDEX,
		.name = "tun2",
		.vni = vni,
		.flags = DM_LINK_UP | DM_LINK_BRIDGE_PORT | (vni ? 0 : DM_LINK_EXTERNAL | DM_LINK_VNIFILTER),
		.mtu = 1450,
		.local = n->nbma,
	};
	dm_addr_set(&n->link.mac, DM_MAC, mac, 6);
	n->used_found = true;
	start_engine(n);
	world_module(n, true);
	world_run(0);
	return n;
}

struct world_node *world_hub(uint8_t last_octet)
{
	return node(last_octet, 0);
}

struct world_node *world_spoke(uint8_t last_octet, uint32_t vni)
{
	return node(last_octet, vni);
}

void world_link(struct world_node *n)
{
	world_tell(n, &(struct dm_rec){ .type = DM_REC_LINK, .link = n->link });
	world_run(0);
}

void world_link_del(struct world_node *n)
{
	world_tell(n, &(struct dm_rec){ .type = DM_REC_LINK_DEL, .link.ifindex = n->link.ifindex });
	n->num_instances = n->num_members = n->num_macs = n->num_neighs = 0;
	n->hub = (struct dm_hub){ 0 };
	n->suppress = (struct dm_suppress){ 0 };
	world_run(0);
}

void world_first_vni(struct world_node *hub, uint32_t first)
{
	hub->first_vni = first;
	hub->num_members = hub->num_macs = 0;
	for (size_t i = 0; i < hub->num_instances; i++) {
		const struct dm_instance *inst = &hub->instances[i];

		world_tell(hub, &(struct dm_rec){ .type = DM_REC_INSTANCE_STATE,
					     .state = { .ifindex = inst->ifindex, .vlan = inst->vlan, .ready = 1,
							.vni = world_instance_vni(hub, inst) } });
	}
	world_run(0);
}

void world_second_device(struct world_node *n, uint32_t vni)
{
	n->second = n->link;
	n->second.ifindex = WORLD_TUN_IFINDEX + 1;
	n->second.vni = vni;
	snprintf(n->second.name, sizeof(n->second.name), "tun3");
	world_tell(n, &(struct dm_rec){ .type = DM_REC_LINK, .link = n->second });
	world_run(0);
}

void world_devices(struct world_node *n, size_t num)
{
	assert(num <= WORLD_MORE);
	n->num_more = num;
	for (size_t i = 0; i < num; i++) {
		struct dm_link *l = &n->more[i];
		uint8_t mac[6] = { 2, 1, 0, (uint8_t)((i + 1) >> 8), (uint8_t)(i + 1), n->nbma.octets[3] };

		*l = n->link;
		l->ifindex = WORLD_MORE_IFINDEX + (uint32_t)i;
		l->vni = 10001 + (uint32_t)i;
		snprintf(l->name, sizeof(l->name), "v%u", (unsigned int)(i + 1));
		dm_addr_set(&l->mac, DM_MAC, mac, 6);
		world_tell(n, &(struct dm_rec){ .type = DM_REC_LINK, .link = *l });
	}
	world_run(0);
}

void world_many(struct world_node *n, uint32_t num, const struct world_node *hub)
{
	char name[16];

	for (uint32_t i = 1; i <= num; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		vpn_engine_set_instance(n->engine, hub ? name : "tun2", (struct vpn_id){ .index = i }, 0);
		vpn_engine_set_controller_name(n->engine, hub ? name : "tun2", "tun1");
	}
	n->ctl = (struct vpn_controller){ .name = "tun1", .up = true, .ifindex = WORLD_CTL_IFINDEX, .nbma = n->nbma };
	if (hub) {
		n->ctl.num_servers = 1;
		n->ctl.servers[0].nbma = hub->nbma;
		n->ctl.servers[0].proto = world_addr("1.0.0.1");
	}
	vpn_engine_commit(n->engine);
	vpn_engine_controller(n->engine, &n->ctl);
}

void world_configure(struct world_node *n, uint32_t index, const struct world_node *hub)
{
	memset(&n->ctl, 0, sizeof(n->ctl));
	snprintf(n->ctl.name, sizeof(n->ctl.name), "tun1");
	n->ctl.up = true;
	n->ctl.ifindex = WORLD_CTL_IFINDEX;
	n->ctl.nbma = n->nbma;
	if (hub) {
		n->ctl.num_servers = 1;
		n->ctl.servers[0].nbma = hub->nbma;
		n->ctl.servers[0].proto = world_addr("1.0.0.1");
	}
	vpn_engine_set_instance(n->engine, "tun2", (struct vpn_id){ .index = index }, 0);
	vpn_engine_set_controller_name(n->engine, "tun2", "tun1");
	vpn_engine_commit(n->engine);
	vpn_engine_controller(n->engine, &n->ctl);
}

void world_assign(struct world_node *n, const struct vpn_id *vpn)
{
	n->ctl.gre = true;
	vpn_engine_set_plain_vpn(n->engine, "tun1", vpn);
	vpn_engine_commit(n->engine);
	vpn_engine_controller(n->engine, &n->ctl);
}

void world_restart(struct world_node *n)
{
	vpn_engine_free(n->engine);
	now_ms++;
	start_engine(n);
	world_module(n, true);
}

void world_reset(void)
{
	world_end();
	now_ms = 1000000;
	random_state = 2735;
	packet_head = packet_tail = rec_head = rec_tail = 0;
	memset(lose, 0, sizeof(lose));
	memset(spare, 0, sizeof(spare));
	memset(late, 0, sizeof(late));
	memset(lates, 0, sizeof(lates));
	memset(seen, 0, sizeof(seen));
	memset(seen_plain, 0, sizeof(seen_plain));
	memset(last, 0, sizeof(last));
	repeat = false;
	tamper = NULL;
	lose_percent = 0;
}

void world_end(void)
{
	for (size_t i = 0; i < num_nodes; i++)
		vpn_engine_free(nodes[i].engine);
	num_nodes = 0;
}

/* --- time --- */

/* As the packet I/O does: a plain message goes to the engine where the interface, tun1, has a VPN for it. */
static void come_in(struct world_node *n, const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	struct vpn_id vpn;

	if (!nhrp_is_vpn_encapsulated(octets, len) && from->ifindex == WORLD_CTL_IFINDEX &&
	    vpn_engine_plain_vpn(n->engine, "tun1", &vpn))
		vpn_engine_plain_packet(n->engine, from, &vpn, octets, len);
	else
		vpn_engine_packet(n->engine, from, octets, len);
}

static void pump(void)
{
	while (rec_head < rec_tail || packet_head < packet_tail) {
		if (rec_head < rec_tail) {
			struct event_rec ev = records[rec_head++ % RECORDS];

			if (ev.rec.type == DM_REC_INSTANCE_STATE)
				world_vni_told(ev.to, &ev.rec.state);
			vpn_engine_record(ev.to->engine, &ev.rec);
		} else {
			static struct packet p;
			struct vpn_path from;

			p = packets[packet_head++ % QUEUE];
			from = (struct vpn_path){ .ifindex = p.ifindex, .nbma = p.from };
			come_in(p.to, &from, p.octets, p.len);
		}
	}
}

void world_run(uint64_t ms)
{
	uint64_t end = now_ms + ms, wait, next;

	for (;;) {
		do {
			next = late_ones(end - now_ms);
			pump();
			for (size_t i = 0; i < num_nodes; i++) {
				wait = vpn_engine_run(nodes[i].engine);
				next = wait < next ? wait : next;
			}
		} while (rec_head < rec_tail || packet_head < packet_tail);
		if (now_ms >= end)
			return;
		now_ms += next ? next : 1;
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The world's stand-in for the zebra module: what the kernel would hold, answers to what the
 * engine asks, and the switch and the bridges, played by the test. Everything it tells goes by
 * world_tell(), and so into the queue of world.c.
 */
#include <config.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tests/engine/world.h"
#include "tests/engine/world_parts.h"

static struct world_heard *heard_at(struct world_node *n, const struct dm_addr *mac)
{
	for (size_t i = 0; i < n->num_heard; i++)
		if (dm_addr_same(&n->heard[i].mac, mac))
			return &n->heard[i];
	return NULL;
}

/* It heard the MAC so long ago, if not since. */
static void hears(struct world_node *n, const struct dm_addr *mac, uint32_t idle_ms)
{
	struct world_heard *h = heard_at(n, mac);

	if (!n->ages)
		return;
	if (!h) {
		assert(n->num_heard < WORLD_HEARD);
		h = &n->heard[n->num_heard++];
		*h = (struct world_heard){ .mac = *mac };
	}
	if (world_now() - idle_ms > h->at)
		h->at = world_now() - idle_ms;
}

static void forgets(struct world_node *n, const struct dm_addr *mac)
{
	struct world_heard *h = heard_at(n, mac);

	if (h)
		*h = n->heard[--n->num_heard];
}

static void answer_used(struct world_node *n, const struct dm_used *query)
{
	struct dm_rec reply = { .type = DM_REC_USED_REPLY, .used = *query };
	const struct world_heard *h = heard_at(n, &query->mac);

	n->queries++;
	reply.used.found = n->ages ? h != NULL : n->used_found;
	reply.used.idle_ms = n->ages && h ? (uint32_t)(world_now() - h->at) : n->idle_ms;
	world_tell(n, &reply);
}

static void answer_heard(struct world_node *n, const struct dm_heard *query)
{
	struct dm_rec reply = { .type = DM_REC_LOCAL_HEARD, .heard = *query };

	n->queries++;
	for (size_t i = 0; i < n->num_heard; i++) {
		reply.heard.mac = n->heard[i].mac;
		reply.heard.idle_ms = (uint32_t)(world_now() - n->heard[i].at);
		if (reply.heard.idle_ms < query->idle_ms)
			world_tell(n, &reply);
	}
}

uint32_t world_instance_vni(const struct world_node *n, const struct dm_instance *inst)
{
	if (inst->role == DM_ROLE_HUB)
		return (n->first_vni ? n->first_vni : 4096u) + inst->vlan;
	if (inst->ifindex >= WORLD_MORE_IFINDEX)
		return n->more[inst->ifindex - WORLD_MORE_IFINDEX].vni;
	return inst->ifindex == n->second.ifindex ? n->second.vni : n->link.vni;
}

static size_t instance_at(const struct world_node *n, uint32_t ifindex, uint16_t vlan)
{
	size_t i = 0;

	while (i < n->num_instances && !(n->instances[i].ifindex == ifindex && n->instances[i].vlan == vlan))
		i++;
	return i;
}

/* What it holds of the instance from before, as the real module says after a restart of ours. */
static void tell_held(struct world_node *n, uint32_t vni, bool hub)
{
	for (size_t i = 0; i < n->num_members; i++)
		if (n->members[i].vni == vni)
			world_tell(n, &(struct dm_rec){ .type = DM_REC_MEMBER_HAVE, .member = n->members[i] });
	for (size_t i = 0; i < n->num_macs; i++) {
		struct dm_rec rec = { .type = hub ? DM_REC_MAC_SEEN : DM_REC_MAC_HAVE, .mac = n->macs[i] };
		const struct world_heard *h = heard_at(n, &rec.mac.mac);

		if (h)
			rec.mac.idle_ms = (uint32_t)(world_now() - h->at);
		if (n->macs[i].vni == vni)
			world_tell(n, &rec);
	}
	if (!hub && n->hub.ifindex && n->hub.vni == vni)
		world_tell(n, &(struct dm_rec){ .type = DM_REC_MAC_HAVE,
					   .mac = { .ifindex = n->hub.ifindex,
						    .vni = vni,
						    .mac = world_addr("00:00:00:00:00:00"),
						    .nbma = n->hub.nbma,
						    .remote_vni = n->hub.remote_vni } });
}

static void answer_instance(struct world_node *n, const struct dm_instance *inst)
{
	size_t i = instance_at(n, inst->ifindex, inst->vlan);
	struct dm_rec rec = {
		.type = DM_REC_INSTANCE_STATE,
		.state = { .ifindex = inst->ifindex, .vlan = inst->vlan, .ready = 1, .vni = world_instance_vni(n, inst) },
	};

	if (i == n->num_instances) {
		assert(n->num_instances < WORLD_TABLE);
		n->vni_told[n->num_instances] = false;
		n->instances[n->num_instances++] = *inst;
	}
	world_tell(n, &rec);
	tell_held(n, rec.state.vni, inst->role == DM_ROLE_HUB);
}

static void table_member(struct world_node *n, const struct dm_member *m, bool set)
{
	size_t i = 0;

	while (i < n->num_members && !(n->members[i].vni == m->vni && dm_addr_same(&n->members[i].nbma, &m->nbma)))
		i++;
	if (set) {
		assert(i < WORLD_TABLE);
		n->members[i] = *m;
		n->num_members += i == n->num_members;
	} else if (i < n->num_members) {
		n->members[i] = n->members[--n->num_members];
	}
}

static void table_mac(struct world_node *n, const struct dm_mac *m, bool set)
{
	size_t i = 0;

	while (i < n->num_macs && !(n->macs[i].vni == m->vni && dm_addr_same(&n->macs[i].mac, &m->mac)))
		i++;
	if (set) {
		assert(i < WORLD_TABLE);
		n->macs[i] = *m;
		n->num_macs += i == n->num_macs;
	} else if (i < n->num_macs) {
		n->macs[i] = n->macs[--n->num_macs];
	}
}

/* What the bridge has learned goes, and that is told. */
static void lose_mac(struct world_node *n, const struct dm_local *local)
{
	struct dm_rec rec = { .type = DM_REC_LOCAL, .local = *local };

	n->elsewhere++;
	rec.local.gone = 1;
	if (!n->keeps_macs)
		world_tell(n, &rec);
}

static void hold_mac(struct world_node *n, const struct dm_mac *m)
{
	n->last_hold = *m;
	for (size_t i = 0; i < n->num_macs; i++)
		if (n->macs[i].vni == m->vni && dm_addr_same(&n->macs[i].mac, &m->mac))
			n->macs[i].held = m->held;
}

/* The real module learns a VNI a turn after it is asked, and refuses records about it before. */
static bool knows(struct world_node *n, uint32_t ifindex, uint32_t vni)
{
	for (size_t i = 0; i < n->num_instances; i++)
		if (n->vni_told[i] && n->instances[i].ifindex == ifindex && vni == world_instance_vni(n, &n->instances[i]))
			return true;
	n->refused++;
	return false;
}

static void forget_instance(struct world_node *n, const struct dm_instance *inst)
{
	size_t i = instance_at(n, inst->ifindex, inst->vlan);

	if (i == n->num_instances)
		return;
	n->num_instances--;
	n->instances[i] = n->instances[n->num_instances];
	n->vni_told[i] = n->vni_told[n->num_instances];
}

static void tell_suppress(struct world_node *n, const char *reason)
{
	struct dm_rec rec = { .type = DM_REC_SUPPRESS_STATE, .suppress = n->suppress };

	rec.suppress.on = !reason && n->suppress.on;
	snprintf(rec.suppress.reason, sizeof(rec.suppress.reason), "%s", reason ? reason : "");
	world_tell(n, &rec);
}

/* Without suppression there is nothing that an entry could be for. */
static void set_suppress(struct world_node *n, const struct dm_suppress *s)
{
	n->suppress = *s;
	if (!s->on)
		n->num_neighs = 0;
	tell_suppress(n, s->on && n->cannot_suppress ? "the bridge cannot" : NULL);
}

static void table_neigh(struct world_node *n, const struct dm_neigh *neigh, bool set)
{
	size_t i = 0;

	while (i < n->num_neighs && !dm_addr_same(&n->neighs[i].ip, &neigh->ip))
		i++;
	if (set) {
		assert(i < WORLD_NEIGHS && n->suppress.on);
		n->neighs[i] = *neigh;
		n->num_neighs += i == n->num_neighs;
	} else if (i < n->num_neighs) {
		n->neighs[i] = n->neighs[--n->num_neighs];
	}
}

void world_program(void *ctx, const struct dm_rec *rec)
{
	struct world_node *n = ctx;

	n->programmed[rec->type]++;
	n->last_programmed = *rec;
	switch (rec->type) {
	case DM_REC_INSTANCE_SET:
		answer_instance(n, &rec->instance);
		break;
	case DM_REC_INSTANCE_DEL:
		forget_instance(n, &rec->instance);
		break;
	case DM_REC_HUB_SET:
		if (knows(n, rec->hub.ifindex, rec->hub.vni))
			n->hub = rec->hub;
		break;
	case DM_REC_HUB_DEL:
		n->hub = (struct dm_hub){ 0 };
		break;
	case DM_REC_MEMBER_SET:
	case DM_REC_MEMBER_DEL:
		if (rec->type == DM_REC_MEMBER_DEL || knows(n, rec->member.ifindex, rec->member.vni))
			table_member(n, &rec->member, rec->type == DM_REC_MEMBER_SET);
		break;
	case DM_REC_MAC_SET:
	case DM_REC_MAC_DEL:
		if (rec->type == DM_REC_MAC_DEL || knows(n, rec->mac.ifindex, rec->mac.vni))
			table_mac(n, &rec->mac, rec->type == DM_REC_MAC_SET);
		if (rec->type == DM_REC_MAC_DEL)
			forgets(n, &rec->mac.mac);
		else if (!heard_at(n, &rec->mac.mac))
			hears(n, &rec->mac.mac, 0);
		break;
	case DM_REC_PROBE_SET:
		if (knows(n, rec->probe.ifindex, rec->probe.vni))
			world_set_probe(n, &rec->probe);
		break;
	case DM_REC_PROBE_DEL:
		world_del_probe(n, &rec->probe);
		break;
	case DM_REC_MAC_BIND:
		n->binds += knows(n, rec->mac.ifindex, rec->mac.vni);
		hears(n, &rec->mac.mac, rec->mac.idle_ms);
		break;
	case DM_REC_MAC_ELSEWHERE:
		lose_mac(n, &rec->local);
		break;
	case DM_REC_MAC_HOLD:
		hold_mac(n, &rec->mac);
		break;
	case DM_REC_SUPPRESS_SET:
		if (!rec->suppress.on || knows(n, rec->suppress.ifindex, rec->suppress.vni))
			set_suppress(n, &rec->suppress);
		break;
	case DM_REC_NEIGH_SET:
	case DM_REC_NEIGH_DEL:
		if (rec->type == DM_REC_NEIGH_DEL || knows(n, rec->neigh.ifindex, rec->neigh.vni))
			table_neigh(n, &rec->neigh, rec->type == DM_REC_NEIGH_SET);
		break;
	case DM_REC_USED_QUERY:
		answer_used(n, &rec->used);
		break;
	case DM_REC_LOCAL_QUERY:
		answer_heard(n, &rec->heard);
		break;
	case DM_REC_CHECK:
		world_answer_check(n, &rec->check);
		break;
	case DM_REC_SYNC_END:
		n->sync_ends++;
		break;
	}
}

void world_vni_told(struct world_node *n, const struct dm_instance_state *state)
{
	size_t i = instance_at(n, state->ifindex, state->vlan);

	if (i < n->num_instances)
		n->vni_told[i] = true;
}

/* --- the switch, played by the test --- */

static void rec_from_switch(struct world_node *hub, const struct dm_rec *rec)
{
	world_tell(hub, rec);
	world_run(0);
}

void world_mac_seen(struct world_node *hub, const struct world_node *from, uint32_t vni, const char *mac)
{
	struct dm_rec rec = {
		.type = DM_REC_MAC_SEEN,
		.mac = { .ifindex = hub->link.ifindex, .vni = vni, .mac = world_addr(mac), .nbma = from->nbma,
			 .remote_vni = from->link.vni },
	};

	hears(hub, &rec.mac.mac, 0);
	rec_from_switch(hub, &rec);
}

void world_hears(struct world_node *n, const char *mac)
{
	struct dm_addr addr = world_addr(mac);

	hears(n, &addr, 0);
}

void world_hairpin(struct world_node *hub, const struct world_node *from, const struct world_node *to, uint32_t vni,
		   const char *src, const char *dst)
{
	struct dm_rec rec = {
		.type = DM_REC_HAIRPIN,
		.hairpin = { .ifindex = hub->link.ifindex, .vni = vni, .src_mac = world_addr(src),
			     .dst_mac = world_addr(dst), .src_nbma = from->nbma, .dst_nbma = to->nbma, .frame_len = 64 },
	};

	memcpy(rec.hairpin.frame, rec.hairpin.dst_mac.octets, 6);
	memcpy(rec.hairpin.frame + 6, rec.hairpin.src_mac.octets, 6);
	rec_from_switch(hub, &rec);
}

void world_local(struct world_node *spoke, const char *mac, bool gone)
{
	struct dm_rec rec = {
		.type = DM_REC_LOCAL,
		.local = { .ifindex = spoke->link.ifindex, .vni = spoke->link.vni, .mac = world_addr(mac), .gone = gone },
	};

	if (gone)
		forgets(spoke, &rec.local.mac);
	else
		hears(spoke, &rec.local.mac, 0);
	world_note_local(spoke, &rec.local.mac, gone);
	rec_from_switch(spoke, &rec);
}

static struct dm_rec neigh_rec(const struct world_node *spoke, enum dm_rec_type type, const char *ip)
{
	return (struct dm_rec){
		.type = type,
		.neigh = { .ifindex = spoke->link.ifindex, .vni = spoke->link.vni, .ip = world_addr(ip) },
	};
}

void world_neigh(struct world_node *spoke, const char *ip, const char *mac)
{
	struct dm_rec rec = neigh_rec(spoke, DM_REC_LOCAL_NEIGH, ip);

	if (mac)
		rec.neigh.mac = world_addr(mac);
	rec.neigh.gone = !mac;
	rec_from_switch(spoke, &rec);
}

void world_wanted(struct world_node *spoke, const char *ip)
{
	struct dm_rec rec = neigh_rec(spoke, DM_REC_NEIGH_WANTED, ip);

	rec_from_switch(spoke, &rec);
}

void world_suppress(struct world_node *spoke, const char *reason)
{
	tell_suppress(spoke, reason);
	world_run(0);
}

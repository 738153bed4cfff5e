// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stand-in module's answer to a CHECK: what it holds, as the real one finds it in the
 * kernel, but for what a test has it leave out, add or change.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "tests/engine/world.h"

static bool may_be_the_users(uint8_t kind)
{
	return kind == DM_HAVE_FLOOD || kind == DM_HAVE_FDB || kind == DM_HAVE_NEIGH || kind == DM_HAVE_BRIDGE_MAC;
}

static void tell(struct world_node *n, uint32_t number, struct dm_have have)
{
	struct dm_rec rec = { .type = DM_REC_CHECK_HAVE, .have = have };

	rec.have.number = number;
	rec.have.ours = !(n->check.not_ours && may_be_the_users(have.kind));
	if (have.kind != n->check.left_out)
		world_tell(n, &rec);
}

static void tell_settings(struct world_node *n, uint32_t number, const struct dm_instance *inst, uint32_t vni)
{
	struct dm_have have = { .kind = DM_HAVE_INSTANCE, .ifindex = inst->ifindex, .vni = vni };

	have.settings = inst->role == DM_ROLE_HUB ? DM_SETTINGS_HUB : DM_SETTINGS_SPOKE | DM_SETTING_SUPPRESS;
	have.settings &= (uint16_t)~n->check.unset;
	tell(n, number, have);
}

static void tell_member(struct world_node *n, uint32_t number, const struct dm_member *m)
{
	struct dm_have have = { .kind = DM_HAVE_MEMBER, .ifindex = m->ifindex, .vni = m->vni, .addr = m->nbma };

	tell(n, number, have);
	have.kind = DM_HAVE_TARGET;
	have.remote_vni = m->remote_vni;
	tell(n, number, have);
}

static void tell_mac(struct world_node *n, uint32_t number, const struct dm_mac *m)
{
	struct dm_have have = {
		.kind = DM_HAVE_FDB, .ifindex = m->ifindex, .vni = m->vni, .addr = m->mac, .at = m->nbma,
		.remote_vni = m->remote_vni,
	};

	tell(n, number, have);
	have.kind = DM_HAVE_SWITCH_MAC;
	if (!n->link.vni)
		tell(n, number, have);
}

static bool is_local(const struct world_node *n, const struct dm_addr *mac)
{
	for (size_t i = 0; i < n->num_locals; i++)
		if (dm_addr_same(&n->locals[i], mac))
			return true;
	return false;
}

static void tell_neigh(struct world_node *n, uint32_t number, const struct dm_neigh *neigh)
{
	struct dm_have have = {
		.kind = DM_HAVE_NEIGH, .ifindex = neigh->ifindex, .vni = neigh->vni, .addr = neigh->ip, .at = neigh->mac,
	};

	tell(n, number, have);
	have = (struct dm_have){
		.kind = DM_HAVE_BRIDGE_MAC, .ifindex = neigh->ifindex, .vni = neigh->vni, .addr = neigh->mac,
	};
	if (!is_local(n, &neigh->mac))
		tell(n, number, have);
}

static void tell_spoke(struct world_node *n, uint32_t number)
{
	struct dm_have have = { .ifindex = n->link.ifindex, .vni = n->link.vni };

	for (size_t i = 0; i < n->num_locals; i++) {
		have.kind = DM_HAVE_LOCAL;
		have.addr = n->locals[i];
		tell(n, number, have);
	}
	if (!n->hub.ifindex)
		return;
	have.kind = DM_HAVE_FLOOD;
	have.addr = n->hub.nbma;
	have.remote_vni = n->hub.remote_vni;
	tell(n, number, have);
}

void world_answer_check(struct world_node *n, const struct dm_check *check)
{
	struct dm_rec end = { .type = DM_REC_CHECK_END, .check_end.number = check->number };
	uint32_t number = check->number;

	n->check.asked++;
	if (n->check.silent)
		return;
	for (size_t i = 0; i < n->num_instances; i++)
		tell_settings(n, number, &n->instances[i], world_instance_vni(n, &n->instances[i]));
	for (size_t i = 0; i < n->num_members; i++)
		tell_member(n, number, &n->members[i]);
	for (size_t i = 0; i < n->num_macs; i++)
		if (world_lets_through(n, &n->macs[i]))
			tell_mac(n, number, &n->macs[i]);
	for (size_t i = 0; i < n->num_neighs; i++)
		tell_neigh(n, number, &n->neighs[i]);
	if (n->link.vni)
		tell_spoke(n, number);
	for (size_t i = 0; i < n->check.num_added; i++)
		tell(n, number, n->check.added[i]);
	if (n->check.changes)
		n->check.changes(n);
	snprintf(end.check_end.reason, sizeof(end.check_end.reason), "%s", n->check.error ? n->check.error : "");
	world_tell(n, &end);
}

void world_note_local(struct world_node *n, const struct dm_addr *mac, bool gone)
{
	size_t i = 0;

	while (i < n->num_locals && !dm_addr_same(&n->locals[i], mac))
		i++;
	if (!gone && i < WORLD_NEIGHS) {
		n->locals[i] = *mac;
		n->num_locals += i == n->num_locals;
	} else if (gone && i < n->num_locals) {
		n->locals[i] = n->locals[--n->num_locals];
	}
}

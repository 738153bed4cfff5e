// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of it when our own end of a VPN changes: the VXLAN device is made again, gets
 * another VNI, address or MAC, or NHRP another interface. Called by vpn_instance.c
 * whenever it has looked at an instance and found it ready.
 *
 *   a spoke    registers anew with its hubs, at once. To a hub another address is another
 *              member; the former one goes, by its life or its MAC (vpn_member.c)
 *   a hub      purges what it told its members of itself (the Responder Address of its
 *              replies, RFC 2332 5.3.1, by the MAC in it): they register anew and so learn
 *              the new end. A lost one is repeated (vpn_purge.c)
 *
 * A device that leaves its bridge takes along nothing of what was behind it. A spoke starts anew
 * then: its hubs forget it with all its addresses, and it registers as one that has none.
 *
 * Object: struct vpn_end, one an instance.
 */
#include <config.h>

#include "nhrpd/vpn_core.h"

static struct vpn_end end_of(const struct vpn_instance *inst)
{
	return (struct vpn_end){
		.nbma = inst->nbma,
		.mac = inst->link->link.mac,
		.vni = inst->vni,
		.controller = inst->local.ifindex,
		.bridge = inst->link->link.master,
	};
}

static bool looks_the_same(const struct vpn_end *a, const struct vpn_end *b)
{
	return dm_addr_same(&a->nbma, &b->nbma) && dm_addr_same(&a->mac, &b->mac) && a->vni == b->vni;
}

/* What they were told is void; they ask, and are told. */
static void void_at_members(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_end *was)
{
	struct vpn_member *m;

	frr_each (vpn_members, &inst->members, m)
		vpn_purge_send(e, inst, &was->mac, &(struct vpn_station){ .nbma = m->nbma }, vpn_now(e) + VPN_END_TOLD_MS);
}

/* The same GRE interface made again: members are where they were. */
static void follow_controller(struct vpn_instance *inst, const struct vpn_end *was)
{
	struct vpn_member *m;

	frr_each (vpn_members, &inst->members, m)
		if (m->path.ifindex == was->controller)
			m->path.ifindex = inst->end.controller;
}

void vpn_end_look(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_end was = inst->end;

	inst->end = end_of(inst);
	if (!was.vni)
		return;
	if (inst->role == DM_ROLE_HUB && was.controller != inst->end.controller)
		follow_controller(inst, &was);
	if (looks_the_same(&was, &inst->end))
		return;
	if (inst->role == DM_ROLE_HUB)
		void_at_members(e, inst, &was);
	else
		vpn_spoke_register_now(e, inst);
}

bool vpn_end_uprooted(const struct vpn_instance *inst)
{
	return inst->role == DM_ROLE_SPOKE && inst->link && inst->end.bridge &&
	       inst->end.bridge != inst->link->link.master;
}

struct dm_addr vpn_end_mac(const struct vpn_instance *inst)
{
	return inst->link ? inst->link->link.mac : inst->end.mac;
}

void vpn_end_forget(struct vpn_instance *inst)
{
	inst->end = (struct vpn_end){ 0 };
}

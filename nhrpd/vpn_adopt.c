// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a spoke takes over of an earlier life of nhrpd. The kernel went on forwarding
 * while there was none; the module tells what by (MAC_HAVE), and until somebody who knows
 * says otherwise it stays so.
 *
 *   shortcut ──> ACTIVE, asked for at the hub as soon as one has registered us: the answer
 *                renews it, puts it right, or refuses it (vpn_remote.c)
 *   hub      ──> stays where BUM frames go, until a hub is active, refuses us, is not
 *                configured any more, or the holding time is over
 *
 * Only a fresh engine adopts, one that has not said SYNC_END yet. One that lost sight of
 * the module for a while knows better: what it does not know is void, and goes at once.
 *
 * Object: the adopted hub, one an instance. Called by vpn_engine.c with the module's
 * records and by vpn_spoke.c, in the engine's thread. Members and MACs of a hub are adopted in
 * vpn_member.c and vpn_binding.c.
 */
#include <config.h>

#include "nhrpd/vpn_core.h"

static void program_hub(struct vpn_engine *e, struct vpn_instance *inst, enum dm_rec_type type)
{
	const struct dm_rec rec = {
		.type = type,
		.hub = {
			.ifindex = inst->asked_ifindex,
			.vni = inst->vni,
			.nbma = inst->adopted.nbma,
			.remote_vni = inst->adopted.vni,
		},
	};

	vpn_program(e, &rec);
}

static void expired(struct vpn_engine *e, void *arg)
{
	vpn_adopt_drop_hub(e, arg);
}

void vpn_adopt_init(struct vpn_instance *inst)
{
	vpn_timer_init(&inst->adopted.expiry, expired, inst);
}

void vpn_adopt_forget_hub(struct vpn_engine *e, struct vpn_instance *inst)
{
	vpn_timer_stop(e, &inst->adopted.expiry);
	inst->adopted.nbma = (struct dm_addr){ 0 };
}

void vpn_adopt_drop_hub(struct vpn_engine *e, struct vpn_instance *inst)
{
	if (!dm_addr_is_set(&inst->adopted.nbma))
		return;
	if (!inst->active)
		program_hub(e, inst, DM_REC_HUB_DEL);
	vpn_adopt_forget_hub(e, inst);
}

static void adopt_hub(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_mac *rec)
{
	if (inst->active)
		return; /* stated already, in this one's place */
	vpn_adopt_forget_hub(e, inst);
	if (e->seasoned) {
		program_hub(e, inst, DM_REC_HUB_DEL);
		return;
	}
	inst->adopted.nbma = rec->nbma;
	inst->adopted.vni = rec->remote_vni;
	vpn_timer_set(e, &inst->adopted.expiry, (uint64_t)inst->dev->holdtime * 1000);
	program_hub(e, inst, DM_REC_HUB_SET);
}

void vpn_adopt_mac(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_mac *rec)
{
	const struct vpn_remote *known;

	if (rec->mac.family != DM_MAC)
		return;
	if (dm_addr_is_zero(&rec->mac)) {
		adopt_hub(e, inst, rec);
		return;
	}
	known = vpn_remote_find(inst, &rec->mac);
	if (known && known->state == VPN_REMOTE_ACTIVE)
		return;
	if (known || e->seasoned || !vpn_remote_adopt(e, inst, rec)) {
		const struct dm_rec gone = { .type = DM_REC_MAC_DEL, .mac = *rec };

		vpn_program(e, &gone);
	}
}

static bool has_server(const struct vpn_instance *inst)
{
	for (size_t i = 0; i < VPN_SERVERS_MAX; i++)
		if (inst->hubs[i].used)
			return true;
	return false;
}

void vpn_adopt_settle(struct vpn_engine *e)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;

	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst)
			if (!has_server(inst))
				vpn_adopt_drop_hub(e, inst);
}

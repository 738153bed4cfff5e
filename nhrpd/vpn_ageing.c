// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ageing at the hub: a MAC that nobody has heard for the device's ageing time goes.
 *
 * When a MAC was heard last is known to the module's switch alone, whose map is written by each
 * frame from it and by MAC_BIND for what its home spoke's bridge has heard
 * (vpn_hearing.c); it outlives us. So a binding is looked at when it may be over,
 * and not before:
 *
 *   heard, t ago ──> waits for the rest of the ageing time ──> USED_QUERY ──> heard, t ago: again
 *                          ^                                       │
 *                          └── no answer: after two shares ────────┤
 *                                                                  └──> silent: forgotten, those who
 *                                            asked are purged, MAC_DEL; and with it the IP
 *                                            addresses behind it are not told until it is heard again
 *
 * Object: struct vpn_ageing, a wheel of lists, one a device with all its VPNs. A slot is a
 * sixteenth of the ageing time, so a silent MAC goes 16 to 17 sixteenths of it after it was heard.
 * One timer a device, a list item a MAC; each MAC costs one question in an ageing time.
 *
 * Ageing time 0: none goes, and nothing waits here.
 */
#include <config.h>

#include "nhrpd/vpn_core.h"

DECLARE_DLIST(vpn_ageing_slot, struct vpn_binding, ageing.item);

static void turn_due(struct vpn_engine *e, void *arg);

static uint64_t ageing_ms(const struct vpn_device *dev)
{
	return (uint64_t)dev->ageing_time * 1000;
}

static uint64_t share_ms(const struct vpn_device *dev)
{
	return ageing_ms(dev) / VPN_AGEING_SHARES;
}

static struct vpn_device *device_of(const struct vpn_binding *b)
{
	return b->member->inst->dev;
}

void vpn_ageing_init(struct vpn_device *dev)
{
	for (size_t i = 0; i < VPN_AGEING_SLOTS; i++)
		vpn_ageing_slot_init(&dev->ageing.slots[i]);
	vpn_timer_init(&dev->ageing.turn, turn_due, dev);
}

void vpn_ageing_fini(struct vpn_engine *e, struct vpn_device *dev)
{
	vpn_timer_stop(e, &dev->ageing.turn);
	for (size_t i = 0; i < VPN_AGEING_SLOTS; i++)
		vpn_ageing_slot_fini(&dev->ageing.slots[i]);
}

/* --- the wheel --- */

void vpn_ageing_leave(struct vpn_binding *b)
{
	struct vpn_ageing *w = &device_of(b)->ageing;

	if (!b->ageing.slot)
		return;
	vpn_ageing_slot_del(&w->slots[b->ageing.slot - 1], b);
	b->ageing.slot = 0;
	w->waiting--;
}

/* To be looked at after MS milliseconds, or up to a share later. */
static void wait(struct vpn_engine *e, struct vpn_binding *b, uint64_t ms)
{
	struct vpn_device *dev = device_of(b);
	struct vpn_ageing *w = &dev->ageing;
	uint64_t share = share_ms(dev), due = vpn_now(e) + ms, turns;

	vpn_ageing_leave(b);
	if (!w->waiting) {
		w->next = vpn_now(e) + share;
		vpn_timer_set(e, &w->turn, share);
	}
	turns = due > w->next ? (due - w->next + share - 1) / share : 0;
	if (turns >= VPN_AGEING_SLOTS)
		turns = VPN_AGEING_SLOTS - 1; /* a little early, which does no harm */
	b->ageing.slot = (uint8_t)((w->at + turns) % VPN_AGEING_SLOTS + 1);
	vpn_ageing_slot_add_tail(&w->slots[b->ageing.slot - 1], b);
	w->waiting++;
}

void vpn_ageing_heard(struct vpn_engine *e, struct vpn_binding *b, uint64_t idle_ms)
{
	uint64_t ms = ageing_ms(device_of(b));

	b->ageing.asked = false;
	if (b->addr.family == DM_MAC && ms)
		wait(e, b, idle_ms < ms ? ms - idle_ms : 0);
}

/* --- looking --- */

static void look(struct vpn_engine *e, struct vpn_binding *b)
{
	const struct vpn_instance *inst = b->member->inst;
	struct dm_rec rec = {
		.type = DM_REC_USED_QUERY,
		.used = { .ifindex = inst->asked_ifindex, .vni = inst->vni, .mac = b->addr },
	};

	/* asked again when there is no answer, or nobody to ask; two shares are enough for one, and never this very turn */
	wait(e, b, 2 * share_ms(inst->dev));
	b->ageing.asked = inst->told;
	if (inst->told)
		vpn_program(e, &rec);
}

static void turn_due(struct vpn_engine *e, void *arg)
{
	struct vpn_device *dev = arg;
	struct vpn_ageing *w = &dev->ageing;
	struct vpn_ageing_slot_head *slot = &w->slots[w->at];
	struct vpn_binding *b;

	for (unsigned int n = 0; n < VPN_AGEING_BATCH && (b = vpn_ageing_slot_first(slot)); n++)
		look(e, b);
	if (vpn_ageing_slot_count(slot)) {
		vpn_timer_set(e, &w->turn, VPN_AGEING_PAUSE_MS);
		return;
	}
	w->at = (w->at + 1) % VPN_AGEING_SLOTS;
	w->next += share_ms(dev);
	if (w->waiting)
		vpn_timer_set(e, &w->turn, w->next > vpn_now(e) ? w->next - vpn_now(e) : 0);
}

void vpn_ageing_used(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_used *u)
{
	struct vpn_binding *b = u->mac.family == DM_MAC ? vpn_binding_find(inst, &u->mac) : NULL;
	char text[DM_ADDR_STRLEN], id[VPN_ID_STRLEN];

	if (!b || !b->ageing.asked)
		return;
	if (u->found && u->idle_ms < ageing_ms(inst->dev)) {
		vpn_ageing_heard(e, b, u->idle_ms);
		return;
	}
	vpn_log(e, VPN_LOG_DEBUG, "VPN %s on %s: MAC %s is silent and goes", vpn_id_str(&inst->vpn, id),
		inst->dev->name, dm_addr_str(&u->mac, text));
	e->counters.aged++;
	vpn_binding_silent(e, b);
}

/* --- what changes --- */

static void look_at_all(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_binding *b;

	frr_each (vpn_bindings, &inst->bindings.macs, b) {
		b->ageing.asked = false;
		if (inst->dev->ageing_time)
			wait(e, b, 0);
	}
}

void vpn_ageing_changed(struct vpn_engine *e, struct vpn_device *dev)
{
	struct vpn_instance *inst;

	/* all leave before the first waits by the new time: the wheel then starts anew */
	vpn_timer_stop(e, &dev->ageing.turn);
	for (size_t i = 0; i < VPN_AGEING_SLOTS; i++)
		while (vpn_ageing_slot_count(&dev->ageing.slots[i]))
			vpn_ageing_leave(vpn_ageing_slot_first(&dev->ageing.slots[i]));
	frr_each (vpn_instances, &dev->instances, inst)
		look_at_all(e, inst);
}

uint64_t vpn_ageing_registered(const struct vpn_instance *inst, struct nhrp_cie *cie)
{
	uint16_t ours = inst->dev->ageing_time, asked = cie->holding_time;

	if (!ours)
		return 0;
	if (asked > ours)
		cie->holding_time = ours;
	return asked < ours ? (uint64_t)(ours - asked) * 1000 : 0;
}

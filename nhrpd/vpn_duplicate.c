// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Duplicate address detection at a hub. Two stations with one MAC or IP address at two sites look like
 * one that moves to and fro, with each frame or registration; RFC 7432 section 15.1 has the same for EVPN.
 * An address that has moved more than so many times within so many seconds is held where it is: it does not
 * move, the switch drops frames that come with it from elsewhere (MACs), and registrations
 * of others are refused. Until the time for that is over, somebody lets go of it, or its home takes it back.
 *
 *   moves ──> counted, those of the last 180 s ── the 6th ──> held, logged once ── 180 s, clear ──> released, forgotten
 *
 * Object: vpn_moving, one a binding that has moved, and owned by it. Called by vpn_binding.c with moves that
 * a frame or a registration made, not with those that the module's telling all anew brought to light.
 * The switch's map keeps that a MAC is held over a restart of this daemon or of zebra. IP addresses that were
 * held are found again after as many moves.
 *
 * Not here: which word is the newer (vpn_binding.c); the addresses of hosts within one site (their bridge's).
 */
#include <config.h>

#include "nhrpd/vpn_core.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_MOVING, "VPN moves of an address");
DEFINE_MTYPE_STATIC(VPNENGINE, VPN_MOVES, "VPN times of moves");

#define ROOM_FIRST 4

struct vpn_duplicate_config vpn_duplicate_default(void)
{
	return (struct vpn_duplicate_config){
		.max_moves = VPN_DUPLICATE_MOVES,
		.time = VPN_DUPLICATE_TIME,
		.freeze = VPN_DUPLICATE_FREEZE,
	};
}

bool vpn_duplicate_is_default(const struct vpn_duplicate_config *config)
{
	return !config->off && config->max_moves == VPN_DUPLICATE_MOVES && config->time == VPN_DUPLICATE_TIME &&
	       config->freeze == VPN_DUPLICATE_FREEZE;
}

static const struct vpn_duplicate_config *config_of(const struct vpn_binding *b)
{
	return &b->member->inst->dev->duplicate;
}

bool vpn_duplicate_is_held(const struct vpn_binding *b)
{
	return b->moving && b->moving->held;
}

/* --- holding --- */

static void freeze_over(struct vpn_engine *e, void *arg)
{
	struct vpn_moving *moving = arg;

	vpn_duplicate_release(e, moving->binding);
}

static void arm(struct vpn_engine *e, struct vpn_binding *b)
{
	uint16_t seconds = config_of(b)->freeze;

	if (seconds == VPN_DUPLICATE_PERMANENT)
		vpn_timer_stop(e, &b->moving->release);
	else
		vpn_timer_set(e, &b->moving->release, (uint64_t)seconds * 1000);
}

static struct vpn_moving *get(struct vpn_binding *b)
{
	if (b->moving)
		return b->moving;
	b->moving = XCALLOC(MTYPE_VPN_MOVING, sizeof(*b->moving));
	b->moving->binding = b;
	vpn_timer_init(&b->moving->release, freeze_over, b->moving);
	return b->moving;
}

static void hold(struct vpn_engine *e, struct vpn_binding *b)
{
	b->moving->held = true;
	b->moving->held_since = vpn_now(e);
	arm(e, b);
	vpn_binding_state_hold(e, b, true);
}

static void report(struct vpn_engine *e, const struct vpn_binding *b)
{
	const struct vpn_instance *inst = b->member->inst;
	char id[VPN_ID_STRLEN], text[DM_ADDR_STRLEN], here[DM_ADDR_STRLEN], there[DM_ADDR_STRLEN];

	vpn_log_gated(e, VPN_GATE_DUPLICATE, VPN_LOG_WARN,
		      "VPN %s on %s: duplicate address %s: moved %u times in %u seconds between %s and %s, held at %s",
		      vpn_id_str(&inst->vpn, id), inst->dev->name, dm_addr_str(&b->addr, text), b->moving->num,
		      config_of(b)->time, dm_addr_str(&b->moving->other, there), dm_addr_str(&b->member->nbma, here),
		      here);
}

/* --- counting --- */

static void forget_old(struct vpn_moving *moving, uint64_t now, uint64_t window_ms)
{
	uint16_t old = 0;

	while (old < moving->num && now - moving->at[old] >= window_ms)
		old++;
	if (!old) /* there may be none at all, and no array */
		return;
	moving->num -= old;
	memmove(moving->at, moving->at + old, moving->num * sizeof(*moving->at));
}

static void note(struct vpn_moving *moving, uint64_t now)
{
	if (moving->num == moving->room) {
		moving->room = moving->room ? 2 * moving->room : ROOM_FIRST;
		moving->at = XREALLOC(MTYPE_VPN_MOVES, moving->at, moving->room * sizeof(*moving->at));
	}
	moving->at[moving->num++] = now;
}

void vpn_duplicate_moved(struct vpn_engine *e, struct vpn_binding *b, const struct dm_addr *other)
{
	const struct vpn_duplicate_config *config = config_of(b);
	struct vpn_moving *moving;

	if (config->off)
		return;
	moving = get(b);
	moving->other = *other;
	forget_old(moving, vpn_now(e), (uint64_t)config->time * 1000);
	note(moving, vpn_now(e));
	if (moving->num <= config->max_moves || moving->held)
		return;
	hold(e, b);
	report(e, b);
}

void vpn_duplicate_found(struct vpn_engine *e, struct vpn_binding *mac)
{
	if (vpn_duplicate_is_held(mac))
		return;
	/* who was in step with a module before has let go of it, which that one has not heard, or not yet */
	if (config_of(mac)->off || e->seasoned) {
		vpn_binding_state_hold(e, mac, false);
		return;
	}
	get(mac);
	hold(e, mac);
}

/* --- letting go --- */

void vpn_duplicate_forget(struct vpn_engine *e, struct vpn_binding *b)
{
	if (!b->moving)
		return;
	vpn_timer_stop(e, &b->moving->release);
	XFREE(MTYPE_VPN_MOVES, b->moving->at);
	XFREE(MTYPE_VPN_MOVING, b->moving);
}

void vpn_duplicate_release(struct vpn_engine *e, struct vpn_binding *b)
{
	const struct vpn_instance *inst = b->member->inst;
	char id[VPN_ID_STRLEN], text[DM_ADDR_STRLEN];

	if (!vpn_duplicate_is_held(b))
		return;
	vpn_duplicate_forget(e, b);
	vpn_binding_state_hold(e, b, false);
	vpn_log_gated(e, VPN_GATE_DUPLICATE, VPN_LOG_INFO, "VPN %s on %s: %s is held as a duplicate no more",
		      vpn_id_str(&inst->vpn, id), inst->dev->name, dm_addr_str(&b->addr, text));
}

static void release_or_arm(struct vpn_engine *e, struct vpn_bindings_head *table)
{
	struct vpn_binding *b;

	frr_each (vpn_bindings, table, b) {
		if (vpn_duplicate_is_held(b) && !config_of(b)->off)
			arm(e, b);
		else if (vpn_duplicate_is_held(b))
			vpn_duplicate_release(e, b);
		else if (config_of(b)->off)
			vpn_duplicate_forget(e, b);
	}
}

void vpn_duplicate_configured(struct vpn_engine *e, struct vpn_device *dev)
{
	struct vpn_instance *inst;

	frr_each (vpn_instances, &dev->instances, inst) {
		release_or_arm(e, &inst->bindings.macs);
		release_or_arm(e, &inst->bindings.ips);
	}
}

/* --- by hand --- */

static unsigned int clear_table(struct vpn_engine *e, struct vpn_bindings_head *table, const struct dm_addr *addr)
{
	struct vpn_binding *b;
	unsigned int n = 0;

	frr_each (vpn_bindings, table, b) {
		if (!vpn_duplicate_is_held(b) || (addr && !dm_addr_same(&b->addr, addr)))
			continue;
		vpn_duplicate_release(e, b);
		n++;
	}
	return n;
}

unsigned int vpn_engine_clear_duplicate(struct vpn_engine *e, const struct vpn_id *vpn, const struct dm_addr *addr)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;
	unsigned int n = 0;

	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst) {
			if (vpn && vpn_id_cmp(&inst->vpn, vpn))
				continue;
			n += clear_table(e, &inst->bindings.macs, addr);
			n += clear_table(e, &inst->bindings.ips, addr);
		}
	return n;
}

static void each_held(struct vpn_engine *e, struct vpn_bindings_head *table,
		      void (*fn)(void *arg, const struct vpn_duplicate_view *v), void *arg)
{
	struct vpn_binding *b;

	frr_each (vpn_bindings, table, b) {
		struct vpn_duplicate_view v;

		if (!vpn_duplicate_is_held(b))
			continue;
		v = (struct vpn_duplicate_view){
			.ifname = b->member->inst->dev->name,
			.vpn = b->member->inst->vpn,
			.addr = b->addr,
			.nbma = vpn_binding_home(b)->nbma,
			.other = b->moving->other,
			.moves = b->moving->num,
			.held_for = (uint32_t)((vpn_now(e) - b->moving->held_since) / 1000),
			.permanent = !b->moving->release.armed,
			.released_in = (uint32_t)((vpn_timer_left(e, &b->moving->release) + 999) / 1000),
		};
		fn(arg, &v);
	}
}

void vpn_engine_each_duplicate(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_duplicate_view *v),
			       void *arg)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;

	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst) {
			each_held(e, &inst->bindings.macs, fn, arg);
			each_held(e, &inst->bindings.ips, fn, arg);
		}
}

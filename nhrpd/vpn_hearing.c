// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keeping the hub's MACs of this spoke alive. What goes through a shortcut the hub does not hear,
 * nor what stays in the site; but our own bridge hears both. So from the first
 * shortcut on (or with arp-suppress) the module is asked, three times in an ageing time and
 * more, which MACs the bridge heard since the last time, and those are registered anew
 * (vpn_local.c, many to a message).
 *
 *   look timer ──> LOCAL_QUERY ──> LOCAL_HEARD, one a MAC ──> Registration Request, whose entries are
 *                                  to be held for what is left of the ageing time since the
 *                                  bridge heard them ──> reply: held for so long
 *
 * The hub counts from when our bridge heard the MAC, not from when we told. When its ageing time is shorter
 * than ours, its reply says so, and we look as often as that one needs.
 *
 * A MAC that the bridge has not heard for the ageing time is not told, though the bridge may know it still (its
 * own ageing time is another, or there is none). One that the bridge has forgotten is not told either; the
 * hub holds it until the ageing time is over. The bridge's own MAC and its static entries
 * are heard as long as they are there. Ageing time 0 at a spoke: what the bridge knows counts as heard.
 *
 * Before the first shortcut the hub hears every frame that leaves the site, and nothing is told.
 */
#include <config.h>

#include "nhrpd/vpn_core.h"

#define SLACK_MS 1000 /* what was heard while the last question was on its way is told twice rather than never */
#define SOON_MS 100   /* for an instance to get ready */

static void look_due(struct vpn_engine *e, void *arg);

void vpn_hearing_init(struct vpn_instance *inst)
{
	inst->hearing = (struct vpn_hearing){ 0 };
	vpn_timer_init(&inst->hearing.look, look_due, inst);
}

void vpn_hearing_stop(struct vpn_engine *e, struct vpn_instance *inst)
{
	vpn_timer_stop(e, &inst->hearing.look);
	vpn_hearing_init(inst);
}

void vpn_hearing_unknown(struct vpn_engine *e, struct vpn_instance *inst)
{
	inst->hearing.looked = 0;
	if (inst->hearing.on)
		vpn_timer_set(e, &inst->hearing.look, SOON_MS);
}

/* --- the questions --- */

/* A third of the shorter ageing time, ours or the hub's. */
static uint64_t period_ms(const struct vpn_instance *inst)
{
	uint16_t seconds = inst->dev->ageing_time ? inst->dev->ageing_time : VPN_DEFAULT_AGEING;
	uint16_t granted = inst->hearing.granted;

	if (granted && (granted < seconds || !inst->dev->ageing_time))
		seconds = granted;
	return (uint64_t)seconds * 1000 / 3;
}

/* What was heard since the last question; the first is about all that has not aged. */
static uint32_t within_ms(struct vpn_engine *e, const struct vpn_instance *inst)
{
	uint64_t age = (uint64_t)inst->dev->ageing_time * 1000;
	uint64_t since = vpn_now(e) - inst->hearing.looked + SLACK_MS;

	if (!age)
		return UINT32_MAX;
	return (uint32_t)(inst->hearing.looked && since < age ? since : age);
}

static void look(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct dm_rec rec = {
		.type = DM_REC_LOCAL_QUERY,
		.heard = { .ifindex = inst->asked_ifindex, .vni = inst->vni, .idle_ms = within_ms(e, inst) },
	};

	inst->hearing.looked = vpn_now(e);
	vpn_program(e, &rec);
	vpn_timer_set(e, &inst->hearing.look, vpn_jitter(e, period_ms(inst)));
}

static void look_due(struct vpn_engine *e, void *arg)
{
	struct vpn_instance *inst = arg;

	if (inst->told && inst->active)
		look(e, inst);
	else /* the next question then is about all that time */
		vpn_timer_set(e, &inst->hearing.look, inst->hearing.looked ? period_ms(inst) / 4 : SOON_MS);
}

bool vpn_hearing_wanted(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_hearing *h = &inst->hearing;

	if (!h->on && (inst->dev->arp_suppress || vpn_shortcut_any_active(inst))) {
		h->on = true;
		vpn_timer_set(e, &h->look, 0);
	}
	return h->on;
}

void vpn_hearing_changed(struct vpn_engine *e, struct vpn_instance *inst)
{
	if (inst->hearing.on)
		vpn_timer_set(e, &inst->hearing.look, 0);
}

/* --- the answers --- */

bool vpn_hearing_silent(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_local *l)
{
	uint64_t age = (uint64_t)inst->dev->ageing_time * 1000;

	return age && vpn_now(e) - l->heard >= age;
}

uint16_t vpn_hearing_left(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_local *l)
{
	uint64_t age = (uint64_t)inst->dev->ageing_time * 1000, gone = vpn_now(e) - l->heard;

	if (!age)
		return UINT16_MAX;
	return (uint16_t)(gone < age ? (age - gone + 999) / 1000 : 1);
}

void vpn_hearing_granted(struct vpn_engine *e, struct vpn_instance *inst, uint16_t asked, uint16_t granted)
{
	struct vpn_hearing *h = &inst->hearing;
	uint16_t before = h->granted;

	if (granted && granted < asked)
		h->granted = granted;
	else if (asked > h->granted)
		h->granted = 0;
	if (h->granted != before && vpn_timer_left(e, &h->look) > period_ms(inst))
		vpn_timer_set(e, &h->look, period_ms(inst));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A spoke's control channel to a hub: in however many VPNs it registers there, it is one
 * conversation. Who has something to say is due; what is due goes out together, one VPN's
 * Registration Request carrying the registrations of others (vpn_batch.c).
 *
 * Object: vpn_channel, by (path, key chain), engine-wide; on it the slots of the instances
 * (vpn_hub). Called by vpn_spoke.c, whose timers say when a slot is due, and vpn_batch.c.
 * RFC 2332 5.2.3; the keepalive is ours, a Registration Request like any other.
 *
 *   register, changed, hub restarted ──> due ── at once, or gathered for 20 ms ──┐
 *   renewal, a third of the holding time, 30 s at most ──> due ── waits for ─────┤
 *                                                                                v
 *   keepalive, 2 s after the hub was heard ──> carrier, the next in turn ── Registration Request
 *                                                                           + all that is due
 *   no answer ──> again after the same time; 3 of them: silent. What is due waits then,
 *                 and small messages go on asking. Registrations end by their holding time.
 *   answer under another boot epoch, or after silence ──> all that it may have lost is due
 *
 * A hub that never answered is asked by each slot's own back-off, 1, 2, … 30 s.
 *
 * Plain messages (RFC 2735 3.2) name no VPN and carry nothing.
 *
 * Not here: leaving (vpn_leave.c), one Purge Request a VPN.
 */
#include <config.h>

#include <stdio.h>

#include "nhrpd/vpn_channel.h"
#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_message.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_CHANNEL, "VPN control channel");

#define CARRIERS_DRAWN 16 /* of those that are due, when none is known to be registered */

static void keepalive_due(struct vpn_engine *e, void *arg);
static void flush_due(struct vpn_engine *e, void *arg);

/* --- life --- */

static struct vpn_channel *channel_get(struct vpn_engine *e, const struct vpn_hub *hub)
{
	struct vpn_channel *ch, ref = { .path = hub->path };

	snprintf(ref.key_chain, sizeof(ref.key_chain), "%s", hub->inst->dev->key_chain);
	ch = vpn_channels_find(&e->channels, &ref);
	if (ch)
		return ch;
	ch = XCALLOC(MTYPE_VPN_CHANNEL, sizeof(*ch));
	*ch = ref;
	ch->interval = VPN_KEEPALIVE_MAX;
	ch->batch_max = NHRP_BATCH_ENTRIES_MAX;
	vpn_channel_hubs_init(&ch->up);
	vpn_channel_hubs_init(&ch->down);
	vpn_channel_due_init(&ch->due);
	vpn_timer_init(&ch->keepalive, keepalive_due, ch);
	vpn_timer_init(&ch->flush, flush_due, ch);
	vpn_channels_add(&e->channels, ch);
	return ch;
}

static bool is_empty(const struct vpn_channel *ch)
{
	return !vpn_channel_hubs_count(&ch->up) && !vpn_channel_hubs_count(&ch->down);
}

static void channel_free(struct vpn_engine *e, struct vpn_channel *ch)
{
	vpn_timer_stop(e, &ch->keepalive);
	vpn_timer_stop(e, &ch->flush);
	vpn_channels_del(&e->channels, ch);
	vpn_channel_hubs_fini(&ch->up);
	vpn_channel_hubs_fini(&ch->down);
	vpn_channel_due_fini(&ch->due);
	XFREE(MTYPE_VPN_CHANNEL, ch);
}

static void not_due(struct vpn_hub *hub)
{
	if (hub->is_due)
		vpn_channel_due_del(&hub->channel->due, hub);
	hub->is_due = false;
}

static uint32_t shortest(const struct vpn_channel_hubs_head *list, uint32_t ms)
{
	const struct vpn_hub *hub;

	frr_each (vpn_channel_hubs_const, list, hub)
		if (hub->inst->dev->keepalive < ms)
			ms = hub->inst->dev->keepalive;
	return ms;
}

static void arm_keepalive(struct vpn_engine *e, struct vpn_channel *ch)
{
	if (ch->opened)
		vpn_timer_set(e, &ch->keepalive, vpn_jitter(e, ch->interval));
}

static void take_interval(struct vpn_engine *e, struct vpn_channel *ch, uint32_t ms)
{
	if (ch->interval == ms)
		return;
	ch->interval = ms;
	arm_keepalive(e, ch);
}

static struct vpn_channel_hubs_head *list_of(struct vpn_hub *hub)
{
	return hub->is_up ? &hub->channel->up : &hub->channel->down;
}

void vpn_channel_join(struct vpn_engine *e, struct vpn_hub *hub)
{
	struct vpn_channel *ch = channel_get(e, hub);

	if (hub->channel == ch)
		return;
	vpn_channel_part(e, hub);
	hub->channel = ch;
	hub->is_up = false;
	vpn_channel_hubs_add_tail(list_of(hub), hub);
	vpn_channel_changed(e, hub);
	if (hub->inst->dev->keepalive < ch->interval)
		take_interval(e, ch, hub->inst->dev->keepalive);
}

void vpn_channel_part(struct vpn_engine *e, struct vpn_hub *hub)
{
	struct vpn_channel *ch = hub->channel;

	if (!ch)
		return;
	not_due(hub);
	vpn_channel_hubs_del(list_of(hub), hub);
	hub->channel = NULL;
	if (ch->challenged == hub)
		ch->challenged = NULL;
	if (is_empty(ch))
		channel_free(e, ch);
	else if (hub->inst->dev->keepalive == ch->interval)
		take_interval(e, ch, shortest(&ch->down, shortest(&ch->up, VPN_KEEPALIVE_MAX)));
}

void vpn_channel_retime(struct vpn_engine *e)
{
	struct vpn_channel *ch;

	frr_each (vpn_channels, &e->channels, ch)
		take_interval(e, ch, shortest(&ch->down, shortest(&ch->up, VPN_KEEPALIVE_MAX)));
}

/* --- when --- */

/* Sends what is due in WAIT milliseconds at the latest. */
static void flush_in(struct vpn_engine *e, struct vpn_channel *ch, uint64_t wait)
{
	if (!ch->flush.armed || vpn_timer_left(e, &ch->flush) > wait)
		vpn_timer_set(e, &ch->flush, wait);
}

/* --- asking --- */

/* The same request until there is an answer: a renewal, or one that says something else, is another (RFC 2332 5.2.0.1). */
static void take_id(struct vpn_engine *e, struct vpn_hub *hub)
{
	if (hub->waiting) { /* for a second answer there was none: the one before says nothing any more */
		hub->refused = NHRP_CIE_SUCCESS;
		return;
	}
	hub->former_id = hub->request_id;
	hub->request_id = e->ops.random(e->ctx);
	hub->waiting = true;
}

/* What went out together is due together again: RANDOM is one for a whole message. */
static void sent(struct vpn_engine *e, struct vpn_hub *hub, uint32_t random)
{
	vpn_timer_set(e, &hub->send, hub->backoff - random % (hub->backoff / 4 + 1));
	hub->backoff = vpn_longer(hub->backoff);
}

static bool may_ride(struct vpn_engine *e, const struct vpn_hub *hub)
{
	return hub->inst->link && !vpn_plain_wanted(e, &hub->path, &hub->inst->vpn);
}

/* Of those that are due, as many as fit and as the path seems to bear. Returns how many. */
static unsigned int put_riders(struct vpn_engine *e, struct vpn_hub *carrier, struct nhrp_builder *b, uint32_t random)
{
	struct vpn_channel *ch = carrier->channel;
	struct nhrp_batch_builder bb = { 0 };
	struct vpn_hub *hub;
	bool again = false;

	if (ch->no_batches || ch->silent || !may_ride(e, carrier))
		return 0;
	frr_each_safe (vpn_channel_due, &ch->due, hub) {
		if (!may_ride(e, hub) || hub->inst->nbma.family != carrier->inst->nbma.family)
			continue;
		if (bb.num == ch->batch_max || vpn_message_room(b) < vpn_batch_len(hub, !bb.num))
			break;
		if (!bb.num)
			nhrp_batch_begin(&bb, b, NHRP_BATCH_QUESTION);
		again |= hub->waiting;
		take_id(e, hub);
		vpn_batch_put(&bb, hub);
		not_due(hub);
		sent(e, hub, random);
	}
	if (bb.num)
		nhrp_batch_end(&bb);
	if (again) /* perhaps it is the size */
		ch->batch_max = bb.num > 1 ? bb.num / 2 : 1;
	e->counters.batch_asked += bb.num;
	return bb.num;
}

/* One Registration Request, CARRIER's, with what is due. Returns false when it could not be sent. */
static bool ask(struct vpn_engine *e, struct vpn_hub *carrier)
{
	struct vpn_instance *inst = carrier->inst;
	uint32_t random = e->ops.random(e->ctx);
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg m;
	struct nhrp_cie cie;

	vpn_channel_hubs_del(list_of(carrier), carrier);
	vpn_channel_hubs_add_tail(list_of(carrier), carrier);
	not_due(carrier);
	take_id(e, carrier);
	vpn_message_head(inst, DM_MAC, &m, NHRP_OP_REGISTRATION_REQUEST);
	m.request_id = carrier->request_id;
	m.dst_proto = m.src_proto; /* the hub's MAC is not known yet */
	vpn_message_own_cie(inst, DM_MAC, &cie);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	vpn_message_request_exts(e, inst, &b, false);
	sent(e, carrier, random);
	carrier->carries = put_riders(e, carrier, &b, random);
	return vpn_message_send(e, &carrier->path, &b);
}

/*
 * Who carries. One that the hub does not serve is not answered, and all that rode with it is not either; with
 * keys one in which it does not know us yet is answered with a challenge alone. So one that it has
 * acknowledged, and has answered whenever it was asked for it: it may have been taken away there since. Or one
 * that it has challenged, or where there is none yet, any of those that are due.
 */
static struct vpn_hub *pick_carrier(struct vpn_engine *e, struct vpn_channel *ch)
{
	struct vpn_hub *hub = vpn_channel_due_first(&ch->due), *up;
	size_t num = vpn_channel_due_count(&ch->due), step;

	if ((hub->is_up && !hub->waiting) || ch->no_batches || !may_ride(e, hub))
		return hub;
	frr_each (vpn_channel_hubs, &ch->up, up)
		if (!up->waiting && may_ride(e, up))
			return up;
	if (vpn_channel_hubs_count(&ch->up))
		return vpn_channel_hubs_first(&ch->up);
	if (ch->challenged)
		return ch->challenged;
	step = e->ops.random(e->ctx) % (num < CARRIERS_DRAWN ? num : CARRIERS_DRAWN);
	while (step--)
		hub = vpn_channel_due_next(&ch->due, hub);
	return hub;
}

static void flush_due(struct vpn_engine *e, void *arg)
{
	struct vpn_channel *ch = arg;
	struct vpn_hub *hub;

	for (int i = 0; i < VPN_CHANNEL_BURST && !ch->silent && vpn_channel_due_count(&ch->due); i++) {
		hub = vpn_channel_due_first(&ch->due);
		ask(e, pick_carrier(e, ch));
		if (hub->is_due) /* it could not ride with that one */
			ask(e, hub);
	}
	if (!ch->silent && vpn_channel_due_count(&ch->due))
		vpn_timer_set(e, &ch->flush, VPN_CHANNEL_PACE_MS);
}

void vpn_channel_ask(struct vpn_engine *e, struct vpn_hub *hub, uint64_t wait)
{
	vpn_channel_join(e, hub);
	vpn_timer_stop(e, &hub->send);
	if (!hub->is_due)
		vpn_channel_due_add_tail(&hub->channel->due, hub);
	hub->is_due = true;
	flush_in(e, hub->channel, wait);
}

void vpn_channel_renew(struct vpn_engine *e, struct vpn_hub *hub)
{
	struct vpn_channel *ch = hub->channel;
	/* others are due at the same millisecond */
	uint64_t wait = 1, left = ch->keepalive.armed ? vpn_timer_left(e, &ch->keepalive) : UINT64_MAX;

	if (hub->registered && left <= VPN_CHANNEL_WAIT_MS)
		wait = left + 1;
	vpn_channel_ask(e, hub, wait);
}

/* --- keepalive --- */

static void missed(struct vpn_engine *e, struct vpn_channel *ch)
{
	char text[DM_ADDR_STRLEN];

	ch->num_missed++;
	ch->missed++;
	if (ch->silent || ch->missed < VPN_KEEPALIVES_MISSED)
		return;
	ch->silent = true;
	vpn_log(e, VPN_LOG_WARN, "hub %s is silent: %u keepalives unanswered", dm_addr_str(&ch->path.nbma, text),
		ch->missed);
}

/* The next in turn; in silence also of those that are not registered, as it may be only the others that it serves no more. */
static struct vpn_hub *next_asker(struct vpn_channel *ch)
{
	struct vpn_hub *up = vpn_channel_hubs_first(&ch->up), *down = vpn_channel_hubs_first(&ch->down);

	return up && !(ch->silent && down && ++ch->turn % 2) ? up : down;
}

static void keepalive_due(struct vpn_engine *e, void *arg)
{
	struct vpn_channel *ch = arg;

	if (ch->asked)
		missed(e, ch);
	arm_keepalive(e, ch);
	ch->asked = ask(e, next_asker(ch)); /* what we have no key for is not the hub's silence */
	ch->num_sent += ch->asked;
	if (vpn_channel_due_count(&ch->due)) /* that did not fit */
		flush_in(e, ch, 0);
}

/* --- what is heard --- */

/* What waits for its next try, but for what the hub will not have. */
static void ask_for_unregistered(struct vpn_engine *e, struct vpn_channel *ch)
{
	struct vpn_hub *hub;

	frr_each (vpn_channel_hubs, &ch->down, hub)
		if (!hub->refused)
			vpn_spoke_register_soon(e, hub);
}

/* Another run of the hub, or the first we hear of: who has not been acknowledged by it is not up. */
static void take_epoch(struct vpn_engine *e, struct vpn_channel *ch, uint64_t boot)
{
	struct vpn_hub *hub;

	ch->epoch = boot;
	frr_each_safe (vpn_channel_hubs, &ch->up, hub)
		vpn_channel_changed(e, hub);
	frr_each_safe (vpn_channel_hubs, &ch->down, hub)
		vpn_channel_changed(e, hub);
}

/* The hub has forgotten our other VPNs too: tells it of them at once, and of those it had refused. */
static void restarted(struct vpn_engine *e, struct vpn_channel *ch)
{
	char text[DM_ADDR_STRLEN];
	struct vpn_hub *hub;

	vpn_log(e, VPN_LOG_INFO, "hub %s has started anew", dm_addr_str(&ch->path.nbma, text));
	ch->no_batches = false;
	ch->batch_max = NHRP_BATCH_ENTRIES_MAX;
	frr_each (vpn_channel_hubs, &ch->down, hub)
		vpn_spoke_register_soon(e, hub);
}

void vpn_channel_heard(struct vpn_engine *e, struct vpn_channel *ch, uint64_t boot)
{
	bool back = ch->silent, other = boot && ch->epoch && boot != ch->epoch, first;
	char text[DM_ADDR_STRLEN];

	ch->heard = vpn_now(e);
	ch->asked = ch->silent = false;
	ch->missed = 0;
	if (boot && boot != ch->epoch)
		take_epoch(e, ch, boot);
	first = !ch->opened && vpn_channel_hubs_count(&ch->up);
	ch->opened |= first;
	arm_keepalive(e, ch);
	if (other)
		restarted(e, ch);
	if (back)
		vpn_log(e, VPN_LOG_INFO, "hub %s answers again", dm_addr_str(&ch->path.nbma, text));
	if (!back && !first)
		return;
	ch->batch_max = NHRP_BATCH_ENTRIES_MAX;
	ask_for_unregistered(e, ch);
	if (vpn_channel_due_count(&ch->due))
		flush_in(e, ch, 0);
}

void vpn_channel_changed(struct vpn_engine *e, struct vpn_hub *hub)
{
	bool is_up = hub->registered && hub->channel && hub->epoch == hub->channel->epoch;

	if (!hub->channel || hub->is_up == is_up)
		return;
	vpn_channel_hubs_del(list_of(hub), hub);
	hub->is_up = is_up;
	vpn_channel_hubs_add_tail(list_of(hub), hub);
}

/* In new requests. */
static void ask_again(struct vpn_engine *e, struct vpn_channel *ch)
{
	struct vpn_hub *hub;

	frr_each (vpn_channel_hubs, &ch->up, hub)
		if (hub->waiting)
			vpn_spoke_register_soon(e, hub);
	frr_each (vpn_channel_hubs, &ch->down, hub)
		if (hub->waiting)
			vpn_spoke_register_soon(e, hub);
}

void vpn_channel_challenged(struct vpn_engine *e, struct vpn_hub *hub)
{
	vpn_channel_heard(e, hub->channel, 0);
	hub->channel->challenged = hub;
	vpn_spoke_register_soon(e, hub);
	ask_again(e, hub->channel);
}

static void no_batches(struct vpn_engine *e, struct vpn_channel *ch)
{
	char text[DM_ADDR_STRLEN];

	vpn_log(e, VPN_LOG_INFO, "hub %s takes one VPN a message", dm_addr_str(&ch->path.nbma, text));
	ch->no_batches = true;
	ask_again(e, ch);
}

void vpn_channel_batch_answered(struct vpn_engine *e, struct vpn_channel *ch, enum vpn_batch_said said)
{
	if (said == VPN_BATCH_ANSWERED) {
		ch->unanswered_batches = 0;
		if (ch->batch_max < NHRP_BATCH_ENTRIES_MAX / 2)
			ch->batch_max *= 2;
		return;
	}
	/* without one the answer may be to an earlier message of the same number */
	if (!ch->no_batches && (said == VPN_BATCH_UNREAD || ++ch->unanswered_batches >= VPN_CHANNEL_UNREAD))
		no_batches(e, ch);
}

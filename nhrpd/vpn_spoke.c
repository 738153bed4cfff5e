// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The spoke's registrations: one with each next hop server of the controller, for
 * each VPN. The first registered one, in the order of configuration, is active:
 * the module sends broadcast and unknown frames to it.
 *
 * Object: vpn_hub, a slot of its instance, identified by the server's path.
 * RFC 2332 5.2.3, 5.2.4; RFC 2735 3.
 *
 *   slot used ── send timer ──> due on its channel ──> reply: registered, due again at
 *        ^                            │                  a third of the holding time, 30 s at most
 *        └── backoff 1, 2, … 30 s ────┘ no reply; the holding time over: not registered
 *
 * Not here: the messages themselves and the keepalive, which VPNs share (vpn_channel.c), the end
 * of it (vpn_leave.c), standby hubs in several places (a later issue).
 */
#include <config.h>

#include "nhrpd/vpn_batch.h"
#include "nhrpd/vpn_channel.h"
#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_leave.h"
#include "nhrpd/vpn_message.h"

/* --- the active hub and the kernel --- */

static void program_hub(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_hub *hub = inst->active;
	struct dm_rec rec = {
		.type = hub ? DM_REC_HUB_SET : DM_REC_HUB_DEL,
		.hub = { .ifindex = inst->asked_ifindex, .vni = inst->vni },
	};

	if (hub) {
		rec.hub.nbma = hub->nbma;
		rec.hub.remote_vni = hub->vni;
	}
	vpn_program(e, &rec);
}

static void elect(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_hub *best = NULL;
	char text[DM_ADDR_STRLEN], id[VPN_ID_STRLEN];

	for (size_t i = 0; i < VPN_SERVERS_MAX; i++) {
		struct vpn_hub *hub = &inst->hubs[i];

		if (hub->used && hub->registered && (!best || hub->order < best->order))
			best = hub;
	}
	if (best == inst->active)
		return;
	inst->active = best;
	if (best)
		vpn_adopt_forget_hub(e, inst);
	vpn_log(e, VPN_LOG_INFO, "VPN %s on %s: %s%s", vpn_id_str(&inst->vpn, id), inst->dev->name,
		best ? "registered, active hub " : "no hub is left", best ? dm_addr_str(&best->nbma, text) : "");
	program_hub(e, inst);
	vpn_local_untell(e, inst);
	if (best)
		vpn_remote_tell_again(e, inst); /* what an earlier life of ours was told, or by another hub */
}

/* --- requests --- */

static void send_due(struct vpn_engine *e, void *arg)
{
	vpn_channel_renew(e, arg);
}

static void register_in(struct vpn_engine *e, struct vpn_hub *hub, uint64_t wait)
{
	if (hub->inst->leaving)
		return;
	hub->waiting = false; /* what is under way says the old thing */
	hub->backoff = VPN_RETRY_FIRST_MS;
	vpn_channel_ask(e, hub, wait);
}

void vpn_spoke_register_soon(struct vpn_engine *e, struct vpn_hub *hub)
{
	register_in(e, hub, 0);
}

void vpn_spoke_register_now(struct vpn_engine *e, struct vpn_instance *inst)
{
	for (size_t i = 0; i < VPN_SERVERS_MAX; i++)
		if (inst->hubs[i].used)
			vpn_spoke_register_soon(e, &inst->hubs[i]);
}

/* --- slots --- */

static void expired(struct vpn_engine *e, void *arg)
{
	struct vpn_hub *hub = arg;
	char text[DM_ADDR_STRLEN];

	vpn_log(e, VPN_LOG_WARN, "registration with hub %s expired unanswered", dm_addr_str(&hub->path.nbma, text));
	hub->registered = false;
	hub->epoch = hub->life = 0;
	vpn_channel_changed(e, hub);
	elect(e, hub->inst);
}

static void hub_forget(struct vpn_engine *e, struct vpn_hub *hub)
{
	vpn_timer_stop(e, &hub->send);
	vpn_timer_stop(e, &hub->expiry);
	vpn_channel_part(e, hub);
	hub->used = hub->registered = false;
	elect(e, hub->inst);
}

struct vpn_hub *vpn_spoke_hub(struct vpn_instance *inst, const struct vpn_path *from)
{
	for (size_t i = 0; i < VPN_SERVERS_MAX; i++)
		if (inst->hubs[i].used && vpn_path_same(&inst->hubs[i].path, from))
			return &inst->hubs[i];
	return NULL;
}

static void hub_take(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *path,
		     const struct dm_addr *proto, size_t order)
{
	struct vpn_hub *hub = vpn_spoke_hub(inst, path);

	for (size_t i = 0; i < VPN_SERVERS_MAX && !hub; i++) {
		if (inst->hubs[i].used)
			continue;
		hub = &inst->hubs[i];
		*hub = (struct vpn_hub){ .used = true, .inst = inst, .path = *path };
		vpn_timer_init(&hub->send, send_due, hub);
		vpn_timer_init(&hub->expiry, expired, hub);
		register_in(e, hub, VPN_CHANNEL_GATHER_MS);
	}
	if (hub) {
		hub->seen = true;
		hub->proto = *proto;
		hub->order = order;
	}
}

/* No server any more: it need not hold us, and what it sends us, for the holding time. */
static void part_with(struct vpn_engine *e, struct vpn_hub *hub)
{
	vpn_leave_hub_at_once(e, hub);
	hub_forget(e, hub);
}

/* The GRE interface was made again: the same server by another one is the same hub, and frames go on to it. */
static void follow_controller(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *path)
{
	for (size_t i = 0; i < VPN_SERVERS_MAX; i++) {
		struct vpn_hub *hub = &inst->hubs[i];

		if (!hub->used || hub->path.ifindex == path->ifindex || !dm_addr_same(&hub->path.nbma, &path->nbma))
			continue;
		vpn_channel_part(e, hub);
		hub->path = *path;
		register_in(e, hub, VPN_CHANNEL_GATHER_MS);
	}
}

void vpn_spoke_servers(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_controller *c)
{
	for (size_t i = 0; i < VPN_SERVERS_MAX; i++)
		inst->hubs[i].seen = false;
	/* the gone ones make room first */
	for (size_t i = 0; i < c->num_servers; i++) {
		struct vpn_path path = { .ifindex = c->ifindex, .nbma = c->servers[i].nbma };
		struct vpn_hub *hub;

		follow_controller(e, inst, &path);
		hub = vpn_spoke_hub(inst, &path);
		if (hub)
			hub->seen = true;
	}
	for (size_t i = 0; i < VPN_SERVERS_MAX; i++)
		if (inst->hubs[i].used && !inst->hubs[i].seen)
			part_with(e, &inst->hubs[i]);
	for (size_t i = 0; i < c->num_servers; i++) {
		struct vpn_path path = { .ifindex = c->ifindex, .nbma = c->servers[i].nbma };

		hub_take(e, inst, &path, &c->servers[i].proto, i);
	}
	elect(e, inst);
}

void vpn_spoke_stop(struct vpn_engine *e, struct vpn_instance *inst)
{
	for (size_t i = 0; i < VPN_SERVERS_MAX; i++)
		if (inst->hubs[i].used)
			hub_forget(e, &inst->hubs[i]);
}

void vpn_spoke_restate(struct vpn_engine *e, struct vpn_instance *inst)
{
	if (inst->active)
		program_hub(e, inst);
}

/* --- a hub that started anew (vpn_auth.c) --- */

void vpn_spoke_challenged(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from)
{
	struct vpn_hub *hub = vpn_spoke_hub(inst, from);

	if (!hub)
		return;
	if (inst->leaving) {
		vpn_leave_again(e, hub);
		return;
	}
	/* in new requests, so that further answers to the old ones find nobody */
	vpn_channel_challenged(e, hub);
	if (hub != inst->active)
		return;
	vpn_local_untell(e, inst);
	vpn_remote_ask_again(e, inst);
}

void vpn_spoke_hub_hint(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from)
{
	struct vpn_hub *hub = vpn_spoke_hub(inst, from);
	uint64_t now = vpn_now(e);

	/* unregistered it asks anyway */
	if (!hub || !hub->registered || (hub->hinted && now - hub->hinted < VPN_RETRY_FIRST_MS))
		return;
	hub->hinted = now;
	vpn_spoke_register_soon(e, hub);
}

/* --- replies --- */

/* A hub's VXLAN end that frames can be sent to. */
static bool is_end(const struct nhrp_cie *cie)
{
	return dm_addr_is_set(&cie->nbma) && !dm_addr_is_multicast(&cie->nbma) && !dm_addr_is_zero(&cie->nbma) &&
	       cie->sub.has_vni && dm_addr_is_set(&cie->proto) && cie->holding_time;
}

/* Who answered: the Responder Address extension (RFC 2332 5.3.1) names the hub's VXLAN end. */
static void read_responder(const struct nhrp_msg *m, struct nhrp_cie *cie)
{
	struct nhrp_ext ext;

	if (!nhrp_ext_find(m, NHRP_EXT_RESPONDER, &ext) || !nhrp_cie_next(&ext.value, m->afn, m->pro_type, cie))
		*cie = (struct nhrp_cie){ 0 };
}

/* The registration ends with whichever is over first, the hub's hold of us or ours of its address (RFC 2332 5.3.1). */
static void registered(struct vpn_engine *e, struct vpn_hub *hub, const struct nhrp_cie *responder,
		       uint16_t holding_time, const struct vpn_starts *starts)
{
	struct vpn_instance *inst = hub->inst;
	bool moved = !dm_addr_same(&hub->nbma, &responder->nbma) || hub->vni != responder->sub.vni;
	bool restarted = hub->epoch && starts->boot && hub->epoch != starts->boot;
	/* it started anew, or we had been taken back, had expired, or are another station to it than before */
	bool forgot = restarted || (hub->life && starts->life && hub->life != starts->life);
	uint64_t hold_ms = 1000ull * (responder->holding_time < holding_time ? responder->holding_time : holding_time);

	hub->nbma = responder->nbma;
	hub->vni = responder->sub.vni;
	hub->mac = responder->proto;
	hub->epoch = starts->boot;
	hub->life = starts->life;
	hub->registered = true;
	hub->refused = NHRP_CIE_SUCCESS;
	hub->backoff = VPN_RETRY_FIRST_MS;
	vpn_timer_set(e, &hub->expiry, hold_ms);
	/* soon enough that a hub which forgot us is told, whatever the holding time */
	vpn_timer_set(e, &hub->send, vpn_jitter(e, hold_ms / 3 < VPN_RETRY_MAX_MS ? hold_ms / 3 : VPN_RETRY_MAX_MS));
	vpn_channel_changed(e, hub);
	if (forgot && hub == inst->active) {
		vpn_local_untell(e, inst);
		vpn_remote_tell_again(e, inst);
	}
	if (hub == inst->active && moved)
		program_hub(e, inst);
	elect(e, inst);
}

static void registration_refused(struct vpn_engine *e, struct vpn_hub *hub, uint8_t code)
{
	char text[DM_ADDR_STRLEN], id[VPN_ID_STRLEN];

	if (hub->refused != code) /* it is asked again, by the keepalive perhaps every two seconds */
		vpn_log(e, VPN_LOG_WARN, "VPN %s on %s: hub %s refuses the registration: %s (code %u)",
			vpn_id_str(&hub->inst->vpn, id), hub->inst->dev->name, dm_addr_str(&hub->path.nbma, text),
			nhrp_code_name(code), code);
	vpn_timer_stop(e, &hub->expiry);
	hub->registered = false;
	hub->refused = code;
	hub->backoff = VPN_RETRY_MAX_MS;
	vpn_timer_set(e, &hub->send, vpn_jitter(e, hub->backoff));
	vpn_channel_changed(e, hub);
	vpn_adopt_drop_hub(e, hub->inst);
	elect(e, hub->inst);
}

bool vpn_spoke_answered(struct vpn_engine *e, struct vpn_hub *hub, uint8_t code, const struct nhrp_cie *end,
			uint16_t holding_time, const struct vpn_starts *starts)
{
	if (code == NHRP_CIE_SUCCESS && (!holding_time || !is_end(end)))
		return false;
	hub->waiting = false;
	if (code == NHRP_CIE_SUCCESS)
		registered(e, hub, end, holding_time, starts);
	else
		registration_refused(e, hub, code);
	return true;
}

/* The answer to the message's own VPN. Returns whether there was one. */
static bool own_reply(struct vpn_engine *e, struct vpn_hub *hub, const struct nhrp_msg *m,
		      const struct vpn_starts *starts)
{
	struct dm_reader body = m->body;
	struct nhrp_cie cie, responder;

	if (!hub->waiting || m->request_id != hub->request_id || nhrp_pro_family(m->pro_type) != DM_MAC) {
		vpn_refuse(e, &hub->path, m, VPN_REFUSED_UNEXPECTED_REPLY);
		if (m->request_id == hub->former_id) /* it got there late, and the hub believes the old thing again */
			vpn_spoke_hub_hint(e, hub->inst, &hub->path);
		return false;
	}
	read_responder(m, &responder);
	if (!nhrp_cie_next(&body, m->afn, m->pro_type, &cie) ||
	    !vpn_spoke_answered(e, hub, cie.code, &responder, cie.holding_time, starts)) {
		vpn_refuse(e, &hub->path, m, VPN_REFUSED_CONTENT);
		return false;
	}
	return true;
}

void vpn_spoke_registration_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				  const struct nhrp_msg *m)
{
	struct vpn_hub *hub = vpn_spoke_hub(inst, from);
	struct vpn_starts starts = vpn_message_starts(m);
	enum vpn_batch_said batch;
	bool own;

	if (!hub) {
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_HUB);
		return;
	}
	if (!vpn_message_is_mine(inst, m)) {
		vpn_refuse(e, from, m, VPN_REFUSED_UNEXPECTED_REPLY);
		return;
	}
	if (vpn_local_reply(e, inst, from, m))
		return;
	/* each for itself: one of them may be late or repeated, and the others not */
	batch = vpn_batch_answers(e, hub, m, &starts);
	own = own_reply(e, hub, m, &starts);
	if (batch == VPN_BATCH_ANSWERED || (own && hub->registered && hub->carries && batch != VPN_BATCH_STALE))
		vpn_channel_batch_answered(e, hub->channel, batch);
	if (own || batch == VPN_BATCH_ANSWERED)
		vpn_channel_heard(e, hub->channel, starts.boot);
}

void vpn_spoke_error_indication(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				const struct nhrp_msg *m)
{
	struct vpn_hub *hub = vpn_spoke_hub(inst, from);
	char text[DM_ADDR_STRLEN], id[VPN_ID_STRLEN];

	if (!hub) {
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_HUB);
		return;
	}
	/* says why nothing is answered; the request's own timers do the rest */
	vpn_log_gated(e, VPN_GATE_ERROR, VPN_LOG_INFO, "VPN %s on %s: hub %s reports error %u at offset %u",
		      vpn_id_str(&inst->vpn, id), inst->dev->name, dm_addr_str(&from->nbma, text), m->error_code,
		      m->error_offset);
}

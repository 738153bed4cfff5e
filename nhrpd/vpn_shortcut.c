// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A spoke's shortcuts: for each MAC that a redirect (Traffic Indication) named, a
 * resolution with the hub, and while the answer holds an FDB entry that points at
 * the other spoke.
 *
 * Object: vpn_shortcut, identified by MAC within its instance.
 * RFC 2332 5.2.1, 5.2.2, 5.2.5; RFC 2735 3.3. The Traffic Indication is Cisco's and
 * FRR's message type 8.
 *
 *   indication ──> RESOLVING ── answer ──> ACTIVE ── two thirds of the holding time: in use?
 *                     │  ^                   │           yes: ask again, stay      no: look again
 *      no answer, NAK │  └ a redirect again  ├── holding time over, purge, NAK to a renewal ──> gone
 *                     v                      v
 *                  NEGATIVE ── 10 s ──> gone; frames go by way of the hub all the while
 *
 * Not here: probing the path before use (a later issue).
 */
#include <config.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_message.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_SHORTCUT, "VPN shortcut");

#define SPREAD_MS 2 /* a shortcut, over which a hub that started anew is asked about all of them */
#define ETH_ADDRS_LEN 12 /* destination and source of an Ethernet header */

static void shortcut_retry(struct vpn_engine *e, void *arg);
static void shortcut_look(struct vpn_engine *e, void *arg);
static void shortcut_expired(struct vpn_engine *e, void *arg);

/* --- the kernel --- */

static void program(struct vpn_engine *e, const struct vpn_shortcut *s, enum dm_rec_type type)
{
	struct dm_rec rec = {
		.type = type,
		.mac = {
			.ifindex = s->inst->asked_ifindex,
			.vni = s->inst->vni,
			.mac = s->mac,
			.nbma = s->nbma,
			.remote_vni = s->vni,
		},
	};

	vpn_program(e, &rec);
}

/* --- life --- */

static struct vpn_shortcut *find(struct vpn_instance *inst, const struct dm_addr *mac)
{
	struct vpn_shortcut ref = { .mac = *mac };

	return vpn_shortcuts_find(&inst->shortcuts, &ref);
}

static struct vpn_shortcut *create(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *mac)
{
	struct vpn_shortcut *s = XCALLOC(MTYPE_VPN_SHORTCUT, sizeof(*s));

	s->inst = inst;
	s->mac = *mac;
	s->since = vpn_now(e);
	vpn_timer_init(&s->retry, shortcut_retry, s);
	vpn_timer_init(&s->look, shortcut_look, s);
	vpn_timer_init(&s->expiry, shortcut_expired, s);
	vpn_shortcuts_add(&inst->shortcuts, s);
	return s;
}

static void destroy(struct vpn_engine *e, struct vpn_shortcut *s, bool from_kernel)
{
	if (s->state == VPN_SHORTCUT_ACTIVE && from_kernel)
		program(e, s, DM_REC_MAC_DEL);
	vpn_timer_stop(e, &s->retry);
	vpn_timer_stop(e, &s->look);
	vpn_timer_stop(e, &s->expiry);
	vpn_shortcuts_del(&s->inst->shortcuts, s);
	XFREE(MTYPE_VPN_SHORTCUT, s);
}

void vpn_shortcut_clear(struct vpn_engine *e, struct vpn_instance *inst, bool from_kernel)
{
	struct vpn_shortcut *s;

	while ((s = vpn_shortcuts_first(&inst->shortcuts)))
		destroy(e, s, from_kernel);
}

void vpn_shortcut_restate(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_shortcut *s;

	frr_each (vpn_shortcuts, &inst->shortcuts, s)
		if (s->state == VPN_SHORTCUT_ACTIVE)
			program(e, s, DM_REC_MAC_SET);
}

size_t vpn_shortcut_num_active(struct vpn_instance *inst)
{
	struct vpn_shortcut *s;
	size_t n = 0;

	frr_each (vpn_shortcuts, &inst->shortcuts, s)
		n += s->state == VPN_SHORTCUT_ACTIVE;
	return n;
}

bool vpn_shortcut_any_active(struct vpn_instance *inst)
{
	struct vpn_shortcut *s;

	frr_each (vpn_shortcuts, &inst->shortcuts, s)
		if (s->state == VPN_SHORTCUT_ACTIVE)
			return true;
	return false;
}

static void shortcut_expired(struct vpn_engine *e, void *arg)
{
	struct vpn_shortcut *s = arg;
	char text[DM_ADDR_STRLEN];

	vpn_log(e, VPN_LOG_DEBUG, "%s %s is over", s->state == VPN_SHORTCUT_ACTIVE ? "shortcut for" : "silence about",
		dm_addr_str(&s->mac, text));
	destroy(e, s, true);
}

static void turn_negative(struct vpn_engine *e, struct vpn_shortcut *s)
{
	if (s->state == VPN_SHORTCUT_ACTIVE)
		program(e, s, DM_REC_MAC_DEL);
	s->state = VPN_SHORTCUT_NEGATIVE;
	s->waiting = false;
	s->nbma = (struct dm_addr){ 0 };
	s->vni = 0;
	vpn_timer_stop(e, &s->retry);
	vpn_timer_stop(e, &s->look);
	vpn_timer_set(e, &s->expiry, VPN_NEGATIVE_MS);
}

/* --- asking --- */

static void send_resolution(struct vpn_engine *e, struct vpn_shortcut *s)
{
	struct vpn_instance *inst = s->inst;
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg m;
	struct nhrp_cie cie;

	vpn_message_head(inst, &m, NHRP_OP_RESOLUTION_REQUEST);
	/* Q: we ask for the stations behind us, as a router does; A: RFC 2735 3.3 */
	m.flags = NHRP_RES_ROUTER | NHRP_RES_AUTHORITATIVE | NHRP_RES_SRC_STABLE;
	m.request_id = s->request_id;
	m.dst_proto = s->mac;
	/* the CIE says for how long the answer is of use to us, and our MTU; no address (RFC 2332 5.2.1) */
	cie = (struct nhrp_cie){ .holding_time = inst->dev->holdtime };
	if (inst->link && inst->link->link.mtu <= UINT16_MAX)
		cie.mtu = (uint16_t)inst->link->link.mtu;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	vpn_message_request_exts(e, &b, true);
	vpn_message_send(e, &inst->active->path, &b);
}

/* Looks again while there is time: it may come into use, or its renewal may be answered, before the end. */
static void look_again(struct vpn_engine *e, struct vpn_shortcut *s)
{
	uint64_t left = vpn_timer_left(e, &s->expiry);

	if (left > 1000)
		vpn_timer_set(e, &s->look, left / 2);
}

static void give_up_asking(struct vpn_engine *e, struct vpn_shortcut *s)
{
	s->waiting = false;
	if (s->state == VPN_SHORTCUT_ACTIVE)
		look_again(e, s); /* the holding time still covers it */
	else
		turn_negative(e, s);
}

/* One more try, or the end of trying; with no hub there is nobody to ask, so the tries run out. */
static void ask(struct vpn_engine *e, struct vpn_shortcut *s)
{
	uint64_t wait = (uint64_t)VPN_RETRY_FIRST_MS << s->tries;

	if (s->tries >= VPN_RESOLVE_TRIES) {
		give_up_asking(e, s);
		return;
	}
	s->tries++;
	if (s->inst->active)
		send_resolution(e, s);
	vpn_timer_set(e, &s->retry, vpn_jitter(e, wait));
}

static void start_asking(struct vpn_engine *e, struct vpn_shortcut *s)
{
	s->former_id = s->request_id;
	s->request_id = e->ops.random(e->ctx);
	s->waiting = true;
	s->tries = 0;
	ask(e, s);
}

static void shortcut_retry(struct vpn_engine *e, void *arg)
{
	struct vpn_shortcut *s = arg;

	if (s->waiting)
		ask(e, s);
	else
		start_asking(e, s); /* vpn_shortcut_tell_again() */
}

void vpn_shortcut_ask_again(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_shortcut *s;

	frr_each_safe (vpn_shortcuts, &inst->shortcuts, s)
		if (s->waiting)
			start_asking(e, s);
}

void vpn_shortcut_tell_again(struct vpn_engine *e, struct vpn_instance *inst)
{
	uint64_t spread = VPN_RETRY_FIRST_MS + vpn_shortcuts_count(&inst->shortcuts) * SPREAD_MS;
	struct vpn_shortcut *s;

	frr_each (vpn_shortcuts, &inst->shortcuts, s)
		if (s->state == VPN_SHORTCUT_ACTIVE && !s->waiting)
			vpn_timer_set(e, &s->retry, e->ops.random(e->ctx) % spread);
}

/* --- the redirect --- */

/* Destination and source MAC of the frame that an indication carries. */
static bool read_frame(const struct nhrp_msg *m, struct dm_addr *dst, struct dm_addr *src)
{
	struct dm_reader r = m->body;
	const uint8_t *addrs = dm_get_octets(&r, ETH_ADDRS_LEN);

	return addrs && dm_addr_set(dst, DM_MAC, addrs, 6) && dm_addr_set(src, DM_MAC, addrs + 6, 6) &&
	       !dm_addr_is_multicast(dst) && !dm_addr_is_zero(dst);
}

void vpn_shortcut_indication(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			     const struct nhrp_msg *m)
{
	struct vpn_hub *hub = vpn_spoke_hub(inst, from);
	struct dm_addr dst, src;
	struct vpn_shortcut *s;
	char text[DM_ADDR_STRLEN];

	if (!hub || !hub->registered) {
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_HUB);
		return;
	}
	if (!read_frame(m, &dst, &src)) {
		vpn_refuse(e, from, m, VPN_REFUSED_CONTENT);
		return;
	}
	s = find(inst, &dst);
	if (!s && vpn_shortcuts_count(&inst->shortcuts) >= VPN_SHORTCUTS_MAX) {
		vpn_refuse(e, from, m, VPN_REFUSED_LIMIT);
		return;
	}
	vpn_log(e, VPN_LOG_DEBUG, "redirect for %s", dm_addr_str(&dst, text));
	if (!s)
		s = create(e, inst, &dst);
	else if (s->waiting || s->state == VPN_SHORTCUT_NEGATIVE)
		return;
	else if (vpn_now(e) - s->renewed < VPN_REASK_MS)
		return; /* frames that were on their way when the shortcut went in */
	start_asking(e, s);
}

/* --- the answer --- */

static void schedule_look(struct vpn_engine *e, struct vpn_shortcut *s, uint64_t hold_ms)
{
	vpn_timer_set(e, &s->look, hold_ms - vpn_jitter(e, hold_ms / 3));
}

static void activate(struct vpn_engine *e, struct vpn_shortcut *s, const struct nhrp_cie *cie)
{
	uint64_t hold_ms = (uint64_t)cie->holding_time * 1000;
	bool same = s->state == VPN_SHORTCUT_ACTIVE && dm_addr_same(&s->nbma, &cie->nbma) && s->vni == cie->sub.vni;
	char mac[DM_ADDR_STRLEN], nbma[DM_ADDR_STRLEN];

	vpn_timer_stop(e, &s->retry);
	s->waiting = false;
	s->renewed = vpn_now(e);
	s->used = false;
	schedule_look(e, s, hold_ms);
	vpn_timer_set(e, &s->expiry, hold_ms);
	if (same)
		return;
	s->state = VPN_SHORTCUT_ACTIVE;
	s->since = s->renewed;
	s->nbma = cie->nbma;
	s->vni = cie->sub.vni;
	vpn_log(e, VPN_LOG_DEBUG, "shortcut for %s: %s vni %u", dm_addr_str(&s->mac, mac), dm_addr_str(&s->nbma, nbma),
		s->vni);
	program(e, s, DM_REC_MAC_SET);
	vpn_local_kick(e, s->inst);
}

static bool usable(const struct vpn_instance *inst, const struct vpn_shortcut *s, const struct nhrp_cie *cie)
{
	return cie->holding_time && cie->sub.has_vni && dm_addr_is_set(&cie->nbma) &&
	       !dm_addr_is_multicast(&cie->nbma) && !dm_addr_is_zero(&cie->nbma) &&
	       !dm_addr_same(&cie->nbma, &inst->nbma) && cie->nbma.family == inst->nbma.family &&
	       dm_addr_same(&cie->proto, &s->mac);
}

/* Of several entries the usable one with the highest preference, the first of equals (RFC 2332 5.2.0.1). */
static bool best_entry(const struct vpn_instance *inst, const struct vpn_shortcut *s, const struct nhrp_msg *m,
		       struct nhrp_cie *best)
{
	struct dm_reader body = m->body;
	struct nhrp_cie cie;
	bool found = false;

	while (nhrp_cie_next(&body, m->afn, m->pro_type, &cie)) {
		if (cie.code != NHRP_CIE_SUCCESS || !usable(inst, s, &cie) ||
		    (found && cie.preference <= best->preference))
			continue;
		*best = cie;
		found = true;
	}
	return found;
}

/* In a refusal nothing is looked at but the code (RFC 2332 5.2.2). */
static void refused(struct vpn_engine *e, struct vpn_shortcut *s, const struct vpn_path *from, uint8_t code)
{
	char text[DM_ADDR_STRLEN];

	vpn_log(e, VPN_LOG_DEBUG, "no shortcut for %s: %s", dm_addr_str(&s->mac, text), nhrp_code_name(code));
	turn_negative(e, s);
	if (code == NHRP_CIE_PROHIBITED) /* so are strangers: it may have forgotten us */
		vpn_spoke_hub_hint(e, s->inst, from);
}

/* Whether the message answers what S asked for last; what it is otherwise has been counted. */
static bool answers(struct vpn_engine *e, const struct vpn_shortcut *s, struct vpn_instance *inst,
		    const struct vpn_path *from, const struct nhrp_msg *m)
{
	bool mine = s && vpn_message_is_mine(inst, m);

	if (mine && s->waiting && s->request_id == m->request_id)
		return true;
	vpn_refuse(e, from, m, VPN_REFUSED_UNEXPECTED_REPLY);
	/* one more answer to what was answered, or asked anew since, is no error of the hub's */
	if (!mine || (s->request_id != m->request_id && s->former_id != m->request_id))
		vpn_message_error(e, inst, from, m, NHRP_ERR_INVALID_RESOLUTION_REPLY, 0);
	return false;
}

void vpn_shortcut_resolution_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				   const struct nhrp_msg *m)
{
	struct vpn_shortcut *s = find(inst, &m->dst_proto);
	struct dm_reader body = m->body;
	struct nhrp_cie first, best;

	if (!vpn_spoke_hub(inst, from)) {
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_HUB);
		return;
	}
	if (!answers(e, s, inst, from, m))
		return;
	if (nhrp_cie_next(&body, m->afn, m->pro_type, &first) && first.code != NHRP_CIE_SUCCESS)
		refused(e, s, from, first.code);
	else if ((m->flags & NHRP_RES_AUTHORITATIVE) && best_entry(inst, s, m, &best)) /* what we asked for */
		activate(e, s, &best);
	else
		vpn_refuse(e, from, m, VPN_REFUSED_CONTENT);
}

/* --- renewal while in use --- */

static void shortcut_look(struct vpn_engine *e, void *arg)
{
	struct vpn_shortcut *s = arg;
	struct dm_rec rec = {
		.type = DM_REC_USED_QUERY,
		.used = { .ifindex = s->inst->asked_ifindex, .vni = s->inst->vni, .mac = s->mac },
	};

	vpn_program(e, &rec);
	look_again(e, s);
}

void vpn_shortcut_used(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_used *u)
{
	struct vpn_shortcut *s = find(inst, &u->mac);

	if (!s || s->state != VPN_SHORTCUT_ACTIVE)
		return;
	if (!u->found) { /* somebody took it out of the kernel: the hub's way until the next redirect */
		destroy(e, s, false);
		return;
	}
	s->used = u->idle_ms + 1000 < vpn_now(e) - s->renewed;
	if (s->used && !s->waiting) {
		vpn_timer_stop(e, &s->look);
		start_asking(e, s);
	}
}

/* --- purge --- */

/* What is being asked for is asked for anew: the answer under way may be what is purged. The rest is gone. */
static void discard_one(struct vpn_engine *e, struct vpn_shortcut *s)
{
	if (!s->waiting) {
		destroy(e, s, true);
		return;
	}
	if (s->state == VPN_SHORTCUT_ACTIVE)
		program(e, s, DM_REC_MAC_DEL);
	s->state = VPN_SHORTCUT_RESOLVING;
	vpn_timer_stop(e, &s->look);
	vpn_timer_stop(e, &s->expiry);
	start_asking(e, s);
}

/* Whatever matches the entry: one MAC, or all of a prefix. */
static void discard(struct vpn_engine *e, struct vpn_instance *inst, const struct nhrp_cie *cie)
{
	struct vpn_shortcut *s = vpn_message_whole_address(cie) ? find(inst, &cie->proto) : NULL;

	if (s)
		discard_one(e, s);
	if (vpn_message_whole_address(cie))
		return;
	frr_each_safe (vpn_shortcuts, &inst->shortcuts, s)
		if (vpn_message_covers(cie, &s->mac))
			discard_one(e, s);
}

void vpn_shortcut_purge_request(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				const struct nhrp_msg *m)
{
	struct dm_reader body = m->body;
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg reply;
	struct nhrp_cie cie;

	if (!vpn_spoke_hub(inst, from)) {
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_HUB);
		return;
	}
	vpn_message_reply_head(m, &reply, NHRP_OP_PURGE_REPLY);
	nhrp_build_begin(&b, buf, sizeof(buf), &reply);
	while (nhrp_cie_next(&body, m->afn, m->pro_type, &cie)) {
		discard(e, inst, &cie);
		nhrp_build_cie(&b, &cie);
	}
	if (m->flags & NHRP_PURGE_NO_REPLY)
		return;
	vpn_message_reply_exts(e, inst, m, &b);
	vpn_message_send(e, from, &b);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A spoke's questions and what it knows by the answers: for each address, a MAC that a
 * redirect named or an IP address that a host asked for, a resolution with the hub, and
 * while the answer holds an entry in the kernel.
 *
 * Object: vpn_remote, identified by address within its instance.
 * RFC 2332 5.2.1, 5.2.2, 5.2.5; RFC 2735 3.3.
 *
 *   wanted ──> RESOLVING ── answer ──> ACTIVE ── two thirds of the holding time: in use?
 *                  │  ^                   │           yes: ask again, stay      no: look again
 *   no answer, NAK │  └ wanted again      ├── holding time over, purge, NAK to a renewal ──> gone
 *                  v                      v
 *               NEGATIVE ── 10 s ──> gone
 *                  └── an IP address refused for the first time: 1.5 s, then asked once more
 *
 * Not here: who wants an address, and the entry in the kernel (vpn_shortcut.c of MACs,
 * vpn_neigh.c of IP addresses); whether frames get there (vpn_probe.c).
 */
#include <config.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_message.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_REMOTE, "VPN remote address");

#define SPREAD_MS 2 /* an address, over which a hub that started anew is asked about all of them */

static void retry_due(struct vpn_engine *e, void *arg);
static void look_due(struct vpn_engine *e, void *arg);
static void expired(struct vpn_engine *e, void *arg);

static bool is_mac(const struct vpn_remote *r)
{
	return r->addr.family == DM_MAC;
}

static struct vpn_remotes_head *table(struct vpn_instance *inst, const struct dm_addr *addr)
{
	return addr->family == DM_MAC ? &inst->remotes.macs : &inst->remotes.ips;
}

/* Into the kernel, or out of it. */
static void program(struct vpn_engine *e, struct vpn_remote *r, bool set)
{
	if (is_mac(r))
		vpn_shortcut_program(e, r, set);
	else
		vpn_neigh_program(e, r, set);
}

/* Whether a tunnel of ours can lead there. */
static bool is_far_end(const struct vpn_instance *inst, const struct dm_addr *nbma)
{
	return dm_addr_is_station(nbma) && !dm_addr_same(nbma, &inst->nbma) && nbma->family == inst->nbma.family;
}

/* --- life --- */

void vpn_remote_init(struct vpn_remote_tables *t)
{
	vpn_remotes_init(&t->macs);
	vpn_remotes_init(&t->ips);
}

void vpn_remote_fini(struct vpn_remote_tables *t)
{
	vpn_remotes_fini(&t->macs);
	vpn_remotes_fini(&t->ips);
}

struct vpn_remote *vpn_remote_find(struct vpn_instance *inst, const struct dm_addr *addr)
{
	struct vpn_remote ref = { .addr = *addr };

	return vpn_remotes_find(table(inst, addr), &ref);
}

static struct vpn_remote *create(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *addr)
{
	struct vpn_remote *r = XCALLOC(MTYPE_VPN_REMOTE, sizeof(*r));

	r->inst = inst;
	r->addr = *addr;
	r->since = vpn_now(e);
	vpn_timer_init(&r->retry, retry_due, r);
	vpn_timer_init(&r->look, look_due, r);
	vpn_timer_init(&r->expiry, expired, r);
	vpn_remotes_add(table(inst, addr), r);
	return r;
}

void vpn_remote_forget(struct vpn_engine *e, struct vpn_remote *r, bool from_kernel)
{
	if (r->state == VPN_REMOTE_ACTIVE && from_kernel)
		program(e, r, false);
	vpn_shortcut_leave_path(e, r);
	vpn_timer_stop(e, &r->retry);
	vpn_timer_stop(e, &r->look);
	vpn_timer_stop(e, &r->expiry);
	vpn_remotes_del(table(r->inst, &r->addr), r);
	XFREE(MTYPE_VPN_REMOTE, r);
}

void vpn_remote_clear_table(struct vpn_engine *e, struct vpn_remotes_head *table, bool from_kernel)
{
	struct vpn_remote *r;

	while ((r = vpn_remotes_first(table)))
		vpn_remote_forget(e, r, from_kernel);
}

void vpn_remote_clear(struct vpn_engine *e, struct vpn_instance *inst, bool from_kernel)
{
	vpn_remote_clear_table(e, &inst->remotes.macs, from_kernel);
	vpn_remote_clear_table(e, &inst->remotes.ips, from_kernel);
}

static void restate_table(struct vpn_engine *e, struct vpn_remotes_head *table)
{
	struct vpn_remote *r;

	frr_each (vpn_remotes, table, r)
		if (r->state == VPN_REMOTE_ACTIVE)
			program(e, r, true);
}

void vpn_remote_restate(struct vpn_engine *e, struct vpn_instance *inst)
{
	restate_table(e, &inst->remotes.macs);
	restate_table(e, &inst->remotes.ips);
}

static void expired(struct vpn_engine *e, void *arg)
{
	struct vpn_remote *r = arg;
	char text[DM_ADDR_STRLEN];

	if (r->state == VPN_REMOTE_NEGATIVE && r->refused) {
		r->state = VPN_REMOTE_RESOLVING;
		vpn_remote_ask(e, r);
		return;
	}
	vpn_log(e, VPN_LOG_DEBUG, "%s %s is over",
		r->state != VPN_REMOTE_ACTIVE ? "silence about" : is_mac(r) ? "shortcut for" : "neighbour",
		dm_addr_str(&r->addr, text));
	vpn_remote_forget(e, r, true);
}

/* REFUSED: by the hub, else there was no answer. */
static void turn_negative(struct vpn_engine *e, struct vpn_remote *r, bool refused)
{
	/* a second refusal, or of what was known before, is no matter of seconds */
	bool soon = refused && !is_mac(r) && r->state == VPN_REMOTE_RESOLVING && !r->refused;

	if (r->state == VPN_REMOTE_ACTIVE)
		program(e, r, false);
	r->state = VPN_REMOTE_NEGATIVE;
	r->waiting = false;
	r->refused = soon;
	r->nbma = r->mac = (struct dm_addr){ 0 };
	r->vni = 0;
	vpn_timer_stop(e, &r->retry);
	vpn_timer_stop(e, &r->look);
	if (!is_mac(r))
		vpn_local_own_again(e, r->inst, &r->addr);
	vpn_timer_set(e, &r->expiry, soon ? vpn_jitter(e, VPN_SOON_MS) : VPN_NEGATIVE_MS);
}

/* --- asking --- */

static void send_resolution(struct vpn_engine *e, struct vpn_remote *r)
{
	struct vpn_instance *inst = r->inst;
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg m;
	struct nhrp_cie cie;

	vpn_message_head(inst, r->addr.family, &m, NHRP_OP_RESOLUTION_REQUEST);
	/* Q: we ask for the stations behind us, as a router does; A: RFC 2735 3.3 */
	m.flags = NHRP_RES_ROUTER | NHRP_RES_AUTHORITATIVE | NHRP_RES_SRC_STABLE;
	m.request_id = r->request_id;
	m.dst_proto = r->addr;
	/* the CIE says for how long the answer is of use to us, and our MTU; no address (RFC 2332 5.2.1) */
	cie = (struct nhrp_cie){ .holding_time = inst->dev->holdtime };
	if (inst->link && inst->link->link.mtu <= UINT16_MAX)
		cie.mtu = (uint16_t)inst->link->link.mtu;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	vpn_message_request_exts(e, inst, &b, true);
	vpn_message_send(e, &inst->active->path, &b);
}

void vpn_remote_look_again(struct vpn_engine *e, struct vpn_remote *r)
{
	uint64_t left = vpn_timer_left(e, &r->expiry);

	/* it may come into use, or its renewal may be answered, before the end */
	if (left > 1000)
		vpn_timer_set(e, &r->look, left / 2);
}

static void give_up_asking(struct vpn_engine *e, struct vpn_remote *r)
{
	r->waiting = false;
	if (r->state == VPN_REMOTE_ACTIVE)
		vpn_remote_look_again(e, r); /* the holding time still covers it */
	else
		turn_negative(e, r, false);
}

/* One more try, or the end of trying; with no hub there is nobody to ask, so the tries run out. */
static void one_try(struct vpn_engine *e, struct vpn_remote *r)
{
	uint64_t wait = (uint64_t)VPN_RETRY_FIRST_MS << r->tries;

	if (r->tries >= VPN_RESOLVE_TRIES) {
		give_up_asking(e, r);
		return;
	}
	r->tries++;
	if (r->inst->active)
		send_resolution(e, r);
	vpn_timer_set(e, &r->retry, vpn_jitter(e, wait));
}

static void retry_due(struct vpn_engine *e, void *arg)
{
	struct vpn_remote *r = arg;

	if (r->waiting)
		one_try(e, r);
	else
		vpn_remote_ask(e, r); /* vpn_remote_tell_again() */
}

void vpn_remote_ask(struct vpn_engine *e, struct vpn_remote *r)
{
	vpn_timer_stop(e, &r->look);
	r->former_id = r->request_id;
	r->request_id = e->ops.random(e->ctx);
	r->waiting = true;
	r->tries = 0;
	one_try(e, r);
}

bool vpn_remote_want(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *addr)
{
	if (vpn_remotes_count(table(inst, addr)) >= VPN_REMOTES_MAX) {
		e->counters.refused[VPN_REFUSED_LIMIT]++;
		return false;
	}
	vpn_remote_ask(e, create(e, inst, addr));
	return true;
}

static void ask_again_table(struct vpn_engine *e, struct vpn_remotes_head *table)
{
	struct vpn_remote *r;

	frr_each_safe (vpn_remotes, table, r)
		if (r->waiting)
			vpn_remote_ask(e, r);
}

void vpn_remote_ask_again(struct vpn_engine *e, struct vpn_instance *inst)
{
	ask_again_table(e, &inst->remotes.macs);
	ask_again_table(e, &inst->remotes.ips);
}

/* Some time within SPREAD milliseconds. */
static void tell_again(struct vpn_engine *e, struct vpn_remote *r, uint64_t spread)
{
	if (r->state == VPN_REMOTE_ACTIVE && !r->waiting)
		vpn_timer_set(e, &r->retry, e->ops.random(e->ctx) % spread);
}

static void tell_again_table(struct vpn_engine *e, struct vpn_remotes_head *table)
{
	uint64_t spread = VPN_RETRY_FIRST_MS + vpn_remotes_count(table) * SPREAD_MS;
	struct vpn_remote *r;

	frr_each (vpn_remotes, table, r)
		tell_again(e, r, spread);
}

bool vpn_remote_adopt(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_mac *rec)
{
	uint64_t hold_ms = (uint64_t)inst->dev->holdtime * 1000;
	struct vpn_remote *r;

	if (!dm_addr_is_station(&rec->mac) || !is_far_end(inst, &rec->nbma) ||
	    vpn_remotes_count(table(inst, &rec->mac)) >= VPN_REMOTES_MAX)
		return false;
	r = create(e, inst, &rec->mac);
	r->state = VPN_REMOTE_ACTIVE;
	r->renewed = r->since;
	r->nbma = rec->nbma;
	r->vni = rec->remote_vni;
	vpn_timer_set(e, &r->expiry, hold_ms);
	if (inst->active)
		tell_again(e, r, VPN_RETRY_FIRST_MS);
	program(e, r, true);
	vpn_local_kick(e, inst);
	return true;
}

void vpn_remote_tell_again(struct vpn_engine *e, struct vpn_instance *inst)
{
	tell_again_table(e, &inst->remotes.macs);
	tell_again_table(e, &inst->remotes.ips);
}

/* --- the answer --- */

static void schedule_look(struct vpn_engine *e, struct vpn_remote *r, uint64_t hold_ms)
{
	vpn_timer_set(e, &r->look, hold_ms - vpn_jitter(e, hold_ms / 3));
}

static bool says_the_same(const struct vpn_remote *r, const struct nhrp_cie *cie)
{
	return r->state == VPN_REMOTE_ACTIVE && dm_addr_same(&r->nbma, &cie->nbma) && r->vni == cie->sub.vni &&
	       dm_addr_same(&r->mac, &cie->sub.mac);
}

static void activate(struct vpn_engine *e, struct vpn_remote *r, const struct nhrp_cie *cie)
{
	uint64_t hold_ms = (uint64_t)cie->holding_time * 1000;
	char text[DM_ADDR_STRLEN], nbma[DM_ADDR_STRLEN], mac[DM_ADDR_STRLEN];
	bool same = says_the_same(r, cie);

	vpn_timer_stop(e, &r->retry);
	r->waiting = r->used = r->refused = r->redirected = false;
	r->renewed = vpn_now(e);
	schedule_look(e, r, hold_ms);
	vpn_timer_set(e, &r->expiry, hold_ms);
	if (same)
		return;
	r->state = VPN_REMOTE_ACTIVE;
	r->since = r->renewed;
	r->nbma = cie->nbma;
	r->vni = cie->sub.vni;
	r->mac = cie->sub.mac;
	vpn_log(e, VPN_LOG_DEBUG, "%s %s: %s vni %u%s%s", is_mac(r) ? "shortcut for" : "neighbour",
		dm_addr_str(&r->addr, text), dm_addr_str(&r->nbma, nbma), r->vni, is_mac(r) ? "" : " mac ",
		is_mac(r) ? "" : dm_addr_str(&r->mac, mac));
	program(e, r, true);
	if (is_mac(r))
		vpn_local_kick(e, r->inst); /* from now on frames may pass the hub by */
}

static bool usable(const struct vpn_instance *inst, const struct vpn_remote *r, const struct nhrp_cie *cie)
{
	if (is_mac(r) ? cie->sub.has_mac : !dm_addr_is_station(&cie->sub.mac))
		return false;
	return cie->holding_time && cie->sub.has_vni &&
	       is_far_end(inst, &cie->nbma) && dm_addr_same(&cie->proto, &r->addr);
}

/* Of several entries the usable one with the highest preference, the first of equals (RFC 2332 5.2.0.1). */
static bool best_entry(const struct vpn_instance *inst, const struct vpn_remote *r, const struct nhrp_msg *m,
		       struct nhrp_cie *best)
{
	struct dm_reader body = m->body;
	struct nhrp_cie cie;
	bool found = false;

	while (nhrp_cie_next(&body, m->afn, m->pro_type, &cie)) {
		if (cie.code != NHRP_CIE_SUCCESS || !usable(inst, r, &cie) ||
		    (found && cie.preference <= best->preference))
			continue;
		*best = cie;
		found = true;
	}
	return found;
}

/* In a refusal nothing is looked at but the code (RFC 2332 5.2.2). */
static void hub_refused(struct vpn_engine *e, struct vpn_remote *r, const struct vpn_path *from, uint8_t code)
{
	char text[DM_ADDR_STRLEN];

	vpn_log(e, VPN_LOG_DEBUG, "no answer about %s: %s", dm_addr_str(&r->addr, text), nhrp_code_name(code));
	turn_negative(e, r, true);
	if (code == NHRP_CIE_PROHIBITED) /* so are strangers: it may have forgotten us */
		vpn_spoke_hub_hint(e, r->inst, from);
}

/* Whether the message answers what R asked for last; what it is otherwise has been counted. */
static bool answers(struct vpn_engine *e, const struct vpn_remote *r, struct vpn_instance *inst,
		    const struct vpn_path *from, const struct nhrp_msg *m)
{
	bool mine = r && vpn_message_is_mine(inst, m);

	if (mine && r->waiting && r->request_id == m->request_id)
		return true;
	vpn_refuse(e, from, m, VPN_REFUSED_UNEXPECTED_REPLY);
	/* one more answer to what was answered, or asked anew since, is no error of the hub's */
	if (!mine || (r->request_id != m->request_id && r->former_id != m->request_id))
		vpn_message_error(e, inst, from, m, NHRP_ERR_INVALID_RESOLUTION_REPLY, 0);
	return false;
}

void vpn_remote_resolution_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				 const struct nhrp_msg *m)
{
	struct vpn_remote *r = vpn_remote_find(inst, &m->dst_proto);
	struct dm_reader body = m->body;
	struct nhrp_cie first, best;

	if (!vpn_spoke_hub(inst, from)) {
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_HUB);
		return;
	}
	if (!answers(e, r, inst, from, m))
		return;
	if (nhrp_cie_next(&body, m->afn, m->pro_type, &first) && first.code != NHRP_CIE_SUCCESS)
		hub_refused(e, r, from, first.code);
	else if ((m->flags & NHRP_RES_AUTHORITATIVE) && best_entry(inst, r, m, &best)) /* what we asked for */
		activate(e, r, &best);
	else
		vpn_refuse(e, from, m, VPN_REFUSED_CONTENT);
}

/* --- renewal while in use --- */

static void look_due(struct vpn_engine *e, void *arg)
{
	struct vpn_remote *r = arg;

	if (is_mac(r))
		vpn_shortcut_look(e, r);
	else
		vpn_neigh_look(e, r);
}

/* --- purge --- */

/* What is being asked for is asked for anew: the answer under way may be what is purged. The rest is gone. */
static void discard_one(struct vpn_engine *e, struct vpn_remote *r)
{
	if (!r->waiting) {
		vpn_remote_forget(e, r, true);
		return;
	}
	if (r->state == VPN_REMOTE_ACTIVE)
		program(e, r, false);
	r->state = VPN_REMOTE_RESOLVING;
	vpn_timer_stop(e, &r->expiry);
	vpn_remote_ask(e, r);
}

/* Whatever matches the entry: one address, or all of a prefix. MOVE, or NULL, is for who had it before that. */
static void discard(struct vpn_engine *e, struct vpn_instance *inst, const struct nhrp_cie *cie,
		    const struct nhrp_move *move)
{
	struct vpn_remote *r = vpn_message_whole_address(cie) ? vpn_remote_find(inst, &cie->proto) : NULL;

	if (r)
		discard_one(e, r);
	if (vpn_message_whole_address(cie)) {
		if (cie->proto.family != DM_MAC)
			vpn_neigh_purged(e, inst, &cie->proto, move);
		else if (move)
			vpn_local_disown(e, inst, &cie->proto, move);
		return;
	}
	frr_each_safe (vpn_remotes, table(inst, &cie->proto), r)
		if (vpn_message_covers(cie, &r->addr))
			discard_one(e, r);
}

void vpn_remote_purge_request(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			      const struct nhrp_msg *m)
{
	struct dm_reader body = m->body, moves = { 0 };
	bool moved = nhrp_moves_find(m, &moves);
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct vpn_hub *hub = vpn_spoke_hub(inst, from);
	struct nhrp_move move;
	struct nhrp_msg reply;
	struct nhrp_cie cie;

	if (!hub) {
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_HUB);
		return;
	}
	vpn_message_reply_head(m, &reply, NHRP_OP_PURGE_REPLY);
	nhrp_build_begin(&b, buf, sizeof(buf), &reply);
	while (nhrp_cie_next(&body, m->afn, m->pro_type, &cie)) {
		move = nhrp_move_next(&moves);
		discard(e, inst, &cie, moved ? &move : NULL);
		if (hub->registered && dm_addr_same(&cie.proto, &hub->mac)) /* of itself: it has another end now */
			vpn_spoke_register_soon(e, hub);
		nhrp_build_cie(&b, &cie);
	}
	if (m->flags & NHRP_PURGE_NO_REPLY)
		return;
	vpn_message_reply_exts(e, inst, m, &b);
	vpn_message_send(e, from, &b);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Local addresses of a spoke, and how the active hub comes to know them: many to a
 * message, as further clients (RFC 2332 5.2.3, one CIE each).
 *
 * MACs: once a spoke has a shortcut, a host behind it may talk to the other side without
 * the hub ever hearing a frame of it; the hub would know no answer when the other side
 * asks for that host, and flood what is sent to it. So they are registered from the first
 * shortcut on; before, the hub hears all frames. With arp-suppress they are registered
 * always: the bridge keeps gratuitous ARP, by which a host says that it moved, to itself.
 * And again as long as the bridge hears them, for what is left of the ageing time (vpn_hearing.c).
 *
 * IP addresses, told by the module with arp-suppress only: registered always, in messages
 * of their own family, the MAC behind the VNI. One that is gone is taken back (5.2.5).
 *
 * Object: vpn_local, by address within its instance; it is in one of two queues (vpn_tell),
 * or in none when the hub has acknowledged all there is to say.
 *
 *   told by the module ──> here ── may be said ──> Registration Request, up to 32 or 16 ──┐
 *               ^  no reply, or refused: again after 1, 2, … 30 s                         │
 *               └──────────────── another hub, a restarted hub ──── in none <── reply ────┘
 *   gone, and the hub may know it ──> gone ──> Purge Request, the same way ──> freed, or
 *                                               back to "here" when it came back meanwhile
 *   late answer: the hub has just heard an older word than our last one ──> told again
 *   purged by the hub, or refused as old: another has it, by a move whose number the hub tells.
 *       our side has heard it since ──> here, with that number
 *       else: in none, until our module hears it anew or the hub knows nobody who has it
 *
 * What is refused waits for its turn by itself: others are told meanwhile, as soon as there is an answer.
 *
 * Of two words the hub takes the one with the greater number (vpn_binding.c). A spoke that says something without
 * the last one learns it by the refusal, and compares when it heard the address with when that moved: so a
 * host that has truly come is registered a round trip later, and what its former home still believes is not.
 *
 * Not here: taking a MAC back that is gone (the hub hears it elsewhere, or its
 * member's registration ends).
 */
#include <config.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_message.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_LOCAL, "VPN local address");

static void send_due(struct vpn_engine *e, void *arg);

/* --- life --- */

static void tell_init(struct vpn_tell *q, struct vpn_local_table *t, uint8_t op)
{
	*q = (struct vpn_tell){ .table = t, .op = op, .backoff = VPN_RETRY_FIRST_MS };
	vpn_untold_init(&q->untold);
	vpn_timer_init(&q->send, send_due, q);
}

void vpn_local_init(struct vpn_instance *inst)
{
	for (int family = DM_IPV4; family <= DM_MAC; family++) {
		struct vpn_local_table *t = &inst->locals.of[family];

		t->inst = inst;
		t->family = (enum dm_family)family;
		vpn_locals_init(&t->all);
		tell_init(&t->here, t, NHRP_OP_REGISTRATION_REQUEST);
		tell_init(&t->gone, t, NHRP_OP_PURGE_REQUEST);
	}
}

void vpn_local_fini(struct vpn_instance *inst)
{
	for (int family = DM_IPV4; family <= DM_MAC; family++)
		vpn_locals_fini(&inst->locals.of[family].all);
}

static struct vpn_local *find(struct vpn_local_table *t, const struct dm_addr *addr)
{
	struct vpn_local ref = { .addr = *addr };

	return vpn_locals_find(&t->all, &ref);
}

/* Into queue Q, at its end; into none when that is NULL. */
static void put(struct vpn_local *l, struct vpn_tell *q)
{
	if (l->in) {
		vpn_untold_del(&l->in->untold, l);
		l->in->num_refused -= l->refused;
	}
	l->refused = false;
	l->in = q;
	if (q)
		vpn_untold_add_tail(&q->untold, l);
}

/* The hub has prohibited it, for now: asked again behind the others. */
static void put_refused(struct vpn_local *l, struct vpn_tell *q)
{
	put(l, q);
	l->refused = true;
	q->num_refused++;
}

static void forget(struct vpn_local_table *t, struct vpn_local *l)
{
	put(l, NULL);
	vpn_locals_del(&t->all, l);
	XFREE(MTYPE_VPN_LOCAL, l);
}

static void tell_stop(struct vpn_engine *e, struct vpn_tell *q)
{
	vpn_timer_stop(e, &q->send);
	q->waiting = q->answered = false;
}

static void clear(struct vpn_engine *e, struct vpn_local_table *t)
{
	struct vpn_local *l;

	tell_stop(e, &t->here);
	tell_stop(e, &t->gone);
	while ((l = vpn_locals_first(&t->all)))
		forget(t, l);
}

void vpn_local_clear(struct vpn_engine *e, struct vpn_instance *inst)
{
	for (int family = DM_IPV4; family <= DM_MAC; family++)
		clear(e, &inst->locals.of[family]);
}

/* --- sending --- */

/*
 * What a CIE leaves out stands in the header (RFC 2332 5.2.3): of a MAC our NBMA address and VNI.
 * A purge needs neither.
 */
static void fill_cie(struct vpn_engine *e, const struct vpn_tell *q, struct vpn_local *l, struct nhrp_cie *cie)
{
	const struct vpn_instance *inst = q->table->inst;

	*cie = (struct nhrp_cie){ 0 };
	if (q->op == NHRP_OP_REGISTRATION_REQUEST) {
		vpn_message_own_cie(inst, DM_MAC, cie);
		if (q->table->family == DM_MAC) {
			cie->nbma = (struct dm_addr){ 0 };
			cie->sub = nhrp_subaddr_none();
			cie->holding_time = l->asked = vpn_hearing_left(e, inst, l);
		} else {
			cie->sub = nhrp_subaddr_vni_mac(inst->vni, &l->mac);
		}
	}
	cie->proto = l->addr;
}

static bool is_silent(struct vpn_engine *e, const struct vpn_tell *q, const struct vpn_local *l)
{
	return q->table->family == DM_MAC && vpn_hearing_silent(e, q->table->inst, l);
}

/* A MAC that is silent is not told until it is heard. Returns whether anything else is left to tell. */
static bool drop_silent(struct vpn_engine *e, struct vpn_tell *q)
{
	struct vpn_local *l;

	while ((l = vpn_untold_first(&q->untold)) && is_silent(e, q, l))
		put(l, NULL);
	return l;
}

static void send_batch(struct vpn_engine *e, struct vpn_tell *q)
{
	struct vpn_instance *inst = q->table->inst;
	unsigned int n = q->table->family == DM_MAC ? VPN_LOCAL_BATCH_MAC : VPN_LOCAL_BATCH_IP;
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg m;
	struct nhrp_move moves[VPN_LOCAL_BATCH_MAC] = { 0 };
	struct nhrp_cie cie;
	struct vpn_local *l;
	size_t sent = 0;

	q->request_id = e->ops.random(e->ctx);
	q->ids[q->num_ids++ % VPN_TELL_IDS] = q->request_id;
	q->waiting = true;
	q->answered = false;
	vpn_message_head(inst, q->table->family, &m, q->op);
	m.request_id = q->request_id;
	if (q->table->family == DM_MAC)
		m.dst_proto = inst->active->mac;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	frr_each_safe (vpn_untold, &q->untold, l) {
		if (is_silent(e, q, l)) {
			put(l, NULL);
			continue;
		}
		fill_cie(e, q, l, &cie);
		l->batch = q->request_id;
		l->sent = true;
		nhrp_build_cie(&b, &cie);
		moves[sent++].number = l->number;
		if (--n == 0)
			break;
	}
	if (q->op == NHRP_OP_REGISTRATION_REQUEST) {
		vpn_message_request_exts(e, inst, &b, false);
		nhrp_build_moves(&b, moves, sent);
	}
	vpn_message_send(e, &inst->active->path, &b);
}

/* Whether the hub needs to be told: it hears the MACs of a spoke whose frames all go by it. */
static bool is_wanted(struct vpn_engine *e, struct vpn_tell *q)
{
	struct vpn_instance *inst = q->table->inst;

	if (!inst->active || !vpn_untold_count(&q->untold))
		return false;
	return q->table->family != DM_MAC || (vpn_hearing_wanted(e, inst) && drop_silent(e, q));
}

static void send_due(struct vpn_engine *e, void *arg)
{
	struct vpn_tell *q = arg;

	q->waiting = q->answered = false;
	if (!is_wanted(e, q))
		return; /* the next kick starts it again */
	send_batch(e, q);
	vpn_timer_set(e, &q->send, vpn_jitter(e, q->backoff));
	q->backoff = vpn_longer(q->backoff);
}

/* An address that is held at another site is refused for minutes: what else there is to tell does not wait for that. */
static bool must_wait(const struct vpn_tell *q)
{
	return q->waiting && !(q->answered && vpn_untold_count(&q->untold) > q->num_refused);
}

static void kick(struct vpn_engine *e, struct vpn_tell *q)
{
	if (must_wait(q) || !vpn_untold_count(&q->untold))
		return;
	q->backoff = VPN_RETRY_FIRST_MS;
	vpn_timer_set(e, &q->send, 0);
}

void vpn_local_kick(struct vpn_engine *e, struct vpn_instance *inst)
{
	for (int family = DM_IPV4; family <= DM_MAC; family++) {
		kick(e, &inst->locals.of[family].here);
		kick(e, &inst->locals.of[family].gone);
	}
}

void vpn_local_untell(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_local_table *t;
	struct vpn_local *l;

	for (int family = DM_IPV4; family <= DM_MAC; family++) {
		t = &inst->locals.of[family];
		frr_each (vpn_locals, &t->all, l) {
			l->number = 0; /* the former hub's, or of its former life */
			if (!l->in && !l->theirs)
				put(l, &t->here);
		}
		/* what is under way went to the former one */
		t->here.waiting = t->gone.waiting = t->here.answered = t->gone.answered = false;
	}
	vpn_local_kick(e, inst);
}

/* --- what comes in --- */

/* The address, new if it was not known; NULL when there is no room for it. */
static struct vpn_local *get(struct vpn_engine *e, struct vpn_local_table *t, const struct dm_addr *addr)
{
	struct vpn_local *l = find(t, addr);

	if (l)
		return l;
	if (vpn_locals_count(&t->all) >= VPN_LOCALS_MAX) {
		e->counters.refused[VPN_REFUSED_LIMIT]++;
		return NULL;
	}
	l = XCALLOC(MTYPE_VPN_LOCAL, sizeof(*l));
	l->addr = *addr;
	vpn_locals_add(&t->all, l);
	put(l, &t->here);
	return l;
}

/* The bridge heard the MAC so long ago, if not since. */
static void hear(struct vpn_engine *e, struct vpn_local *l, uint32_t idle_ms)
{
	uint64_t now = vpn_now(e), at = idle_ms < now ? now - idle_ms : 0;

	if (at > l->heard)
		l->heard = at;
}

/* It is another's, and our bridge still has it: what our hosts send there would be lost. */
static void say_elsewhere(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_local *l)
{
	uint64_t since = vpn_now(e) - l->moved;
	struct dm_rec rec = {
		.type = DM_REC_MAC_ELSEWHERE,
		.local = {
			.ifindex = inst->asked_ifindex,
			.vni = inst->vni,
			.mac = l->addr,
			.idle_ms = since < UINT32_MAX ? (uint32_t)since : UINT32_MAX,
		},
	};

	vpn_program(e, &rec);
}

/* The module tells a MAC that is another's: one that the bridge has heard since, or what it had before. */
static void told_theirs(struct vpn_engine *e, struct vpn_local_table *t, struct vpn_local *l)
{
	if (l->heard < l->moved) {
		say_elsewhere(e, t->inst, l);
		return;
	}
	l->theirs = false;
	put(l, &t->here);
}

void vpn_local_record(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_local *rec)
{
	struct vpn_local_table *t = &inst->locals.of[DM_MAC];
	struct vpn_local *l;

	if (rec->mac.family != DM_MAC || dm_addr_is_multicast(&rec->mac))
		return;
	l = rec->gone ? find(t, &rec->mac) : get(e, t, &rec->mac);
	if (l && rec->gone) {
		forget(t, l);
	} else if (l) {
		l->stale = false;
		hear(e, l, rec->idle_ms);
		if (l->theirs)
			told_theirs(e, t, l);
	}
	kick(e, &t->here);
}

void vpn_local_heard(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_heard *rec)
{
	struct vpn_local_table *t = &inst->locals.of[DM_MAC];
	struct vpn_local *l = rec->mac.family == DM_MAC ? find(t, &rec->mac) : NULL;

	if (!l || l->theirs) /* a static entry is heard all the time */
		return;
	hear(e, l, rec->idle_ms);
	if (!l->in)
		put(l, &t->here);
	kick(e, &t->here);
}

/* An address that the hub may know of is taken back, any other just forgotten. */
static void take_back(struct vpn_engine *e, struct vpn_local_table *t, struct vpn_local *l)
{
	if (!l->sent) {
		forget(t, l);
		return;
	}
	l->gone = true;
	l->stale = false;
	put(l, &t->gone);
	kick(e, &t->gone);
}

void vpn_local_ip(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *ip, const struct dm_addr *mac)
{
	struct vpn_local_table *t = &inst->locals.of[ip->family];
	struct vpn_local *l = mac ? get(e, t, ip) : find(t, ip);

	if (!l)
		return;
	if (!mac) {
		take_back(e, t, l);
		return;
	}
	l->gone = l->stale = false;
	if (l->theirs || !dm_addr_same(&l->mac, mac)) {
		l->theirs = false;
		l->heard = vpn_now(e);
		l->mac = *mac;
		l->batch = ~t->here.request_id; /* what is under way says another */
		if (!l->in || l->refused)
			put(l, &t->here);
	}
	kick(e, &t->here);
}

bool vpn_local_has(struct vpn_instance *inst, const struct dm_addr *ip)
{
	struct vpn_local *l = find(&inst->locals.of[ip->family], ip);

	return l && !l->gone;
}

/* Our side has heard it since: the hub is told so, with the number that it wants to see. */
static bool is_contested(struct vpn_local_table *t, struct vpn_local *l, const struct nhrp_move *move)
{
	if (!move->number || l->heard < l->moved)
		return false;
	l->batch = ~t->here.request_id; /* what is under way has the former number */
	put(l, &t->here);
	return true;
}

/* MOVE says nothing that we did not know, or have said something newer about. */
static bool is_old_news(const struct vpn_local *l, const struct nhrp_move *move)
{
	return move && move->number && move->number <= l->number;
}

bool vpn_local_disown(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *addr,
		      const struct nhrp_move *move)
{
	struct vpn_local_table *t = &inst->locals.of[addr->family];
	struct vpn_local *l = find(t, addr);
	uint64_t now = vpn_now(e);

	if (!l || l->gone || is_old_news(l, move))
		return false;
	if (move) {
		l->number = move->number;
		l->moved = move->age < now ? now - move->age : 0;
		if (is_contested(t, l, move)) {
			kick(e, &t->here);
			return false;
		}
	}
	l->theirs = true;
	put(l, NULL);
	if (t->family == DM_MAC)
		say_elsewhere(e, inst, l);
	return true;
}

void vpn_local_own_again(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *ip)
{
	struct vpn_local_table *t = &inst->locals.of[ip->family];
	struct vpn_local *l = find(t, ip);

	if (!l || !l->theirs)
		return;
	l->theirs = false;
	put(l, &t->here);
	kick(e, &t->here);
}

/* Takes back the IP addresses that are stale, or all of them. */
static void take_back_ips(struct vpn_engine *e, struct vpn_instance *inst, bool all)
{
	struct vpn_local *l;

	for (int family = DM_IPV4; family <= DM_IPV6; family++)
		frr_each_safe (vpn_locals, &inst->locals.of[family].all, l)
			if (!l->gone && (all || l->stale))
				take_back(e, &inst->locals.of[family], l);
}

void vpn_local_no_ips(struct vpn_engine *e, struct vpn_instance *inst)
{
	take_back_ips(e, inst, true);
}

static void mark(struct vpn_local_table *t)
{
	struct vpn_local *l;

	frr_each (vpn_locals, &t->all, l)
		l->stale = !l->gone;
}

void vpn_local_mark(struct vpn_instance *inst, bool ips)
{
	mark(&inst->locals.of[DM_MAC]);
	if (ips)
		vpn_local_mark_ips(inst);
}

void vpn_local_mark_ips(struct vpn_instance *inst)
{
	for (int family = DM_IPV4; family <= DM_IPV6; family++)
		mark(&inst->locals.of[family]);
}

void vpn_local_sweep(struct vpn_engine *e, struct vpn_instance *inst, bool ips)
{
	struct vpn_local_table *t = &inst->locals.of[DM_MAC];
	struct vpn_local *l;

	frr_each_safe (vpn_locals, &t->all, l)
		if (l->stale)
			forget(t, l);
	if (ips)
		vpn_local_sweep_ips(e, inst);
}

void vpn_local_sweep_ips(struct vpn_engine *e, struct vpn_instance *inst)
{
	take_back_ips(e, inst, false);
}

/* --- replies --- */

/* The hub has forgotten the address, which may have come back meanwhile, or be another's. */
static void is_taken_back(struct vpn_local_table *t, struct vpn_local *l)
{
	if (l->gone)
		forget(t, l);
	else
		put(l, l->theirs ? NULL : &t->here);
}

/* What the hub answered about an address: what it has of it, and the number of its last move. */
static void settle(struct vpn_engine *e, struct vpn_tell *q, struct vpn_local *l, const struct nhrp_cie *cie,
		   const struct nhrp_move *move)
{
	if (cie->code == NHRP_CIE_UNIQUE_EXISTS && move->number) { /* it moved, and we had not heard */
		if (vpn_local_disown(e, q->table->inst, &l->addr, move))
			vpn_neigh_moved(e, q->table->inst, &l->addr);
		return;
	}
	if (cie->code == NHRP_CIE_SUCCESS && move->number)
		l->number = move->number;
	if (cie->code == NHRP_CIE_SUCCESS && q->table->family == DM_MAC)
		vpn_hearing_granted(e, q->table->inst, l->asked, cie->holding_time);
	if (cie->code == NHRP_CIE_PROHIBITED)
		put_refused(l, q);
	else
		put(l, NULL);
}

/* What an answer says of the message under way. */
enum told {
	TOLD_NOTHING,
	TOLD_REFUSED, /* … what it speaks of, all of it */
	TOLD_SOME,
	TOLD_ALL,
};

/*
 * Reads what became of each address. One that the hub has no room for is not repeated: it would
 * have none the next time either. One that it prohibits is, behind the others: the hub does
 * not know us, or we know it by a former address; our registration is what puts that right.
 * All are settled when none is left, and one at least was ours to settle.
 */
static enum told acknowledged(struct vpn_engine *e, struct vpn_tell *q, const struct nhrp_msg *m)
{
	struct dm_reader body = m->body, moves = { 0 };
	struct nhrp_move move;
	struct nhrp_cie cie;
	struct vpn_local *l;
	bool settled = true, any = false, some = false;

	nhrp_moves_find(m, &moves);
	while (nhrp_cie_next(&body, m->afn, m->pro_type, &cie)) {
		move = nhrp_move_next(&moves);
		l = find(q->table, &cie.proto);
		if (!l || l->in != q)
			continue;
		any = true;
		if (l->batch != m->request_id) /* there is more to say of it than that */
			continue;
		if (q->op == NHRP_OP_PURGE_REQUEST) {
			is_taken_back(q->table, l);
			continue;
		}
		settle(e, q, l, &cie, &move);
		settled = settled && !l->refused;
		some = some || !l->refused;
	}
	if (settled && any)
		return TOLD_ALL;
	return some ? TOLD_SOME : settled ? TOLD_NOTHING : TOLD_REFUSED;
}

static bool is_ours(const struct vpn_tell *q, uint32_t id)
{
	for (unsigned int i = 0; i < VPN_TELL_IDS && i < q->num_ids; i++)
		if (q->ids[i] == id)
			return true;
	return false;
}

/* The hub has heard, late, that the address is here. */
static void late_here(struct vpn_engine *e, struct vpn_local_table *t, const struct nhrp_cie *cie)
{
	struct vpn_local *l = find(t, &cie->proto);

	if (cie->code != NHRP_CIE_SUCCESS || !dm_addr_is_station(&cie->proto) || (l && l->in))
		return;
	if (l && l->theirs) {
		put(l, &t->gone);
	} else if (l) {
		if (!dm_addr_same(&l->mac, &cie->sub.mac))
			put(l, &t->here);
	} else if ((l = get(e, t, &cie->proto))) {
		l->sent = true;
		take_back(e, t, l);
	}
}

/* The hub has heard, late, that the address is gone. */
static void late_gone(struct vpn_local_table *t, const struct nhrp_cie *cie)
{
	struct vpn_local *l = find(t, &cie->proto);

	if (l && !l->in && !l->theirs)
		put(l, &t->here);
}

/*
 * An answer that came late, or twice. Only where it differs from our last word is the hub told
 * again, so that a network which gives all messages twice makes no more of them. Of MACs the
 * hub hears.
 */
static void put_right(struct vpn_engine *e, struct vpn_tell *q, const struct nhrp_msg *m)
{
	struct vpn_local_table *t = q->table;
	struct dm_reader body = m->body;
	struct nhrp_cie cie;

	if (t->family == DM_MAC || !is_ours(q, m->request_id))
		return;
	while (nhrp_cie_next(&body, m->afn, m->pro_type, &cie))
		if (q->op == NHRP_OP_PURGE_REQUEST)
			late_gone(t, &cie);
		else
			late_here(e, t, &cie);
	kick(e, &t->here);
	kick(e, &t->gone);
}

static bool reply(struct vpn_engine *e, struct vpn_tell *q, const struct vpn_path *from, const struct nhrp_msg *m)
{
	struct vpn_instance *inst = q->table->inst;
	enum told told;

	if (!inst->active || !vpn_path_same(&inst->active->path, from))
		return false;
	if (!q->waiting || m->request_id != q->request_id) {
		put_right(e, q, m);
		return false;
	}
	told = acknowledged(e, q, m);
	if (told != TOLD_ALL) {
		q->answered |= told != TOLD_NOTHING; /* what was refused waits for the timer, as if there had been no reply */
		if (told == TOLD_SOME)
			kick(e, q);
		return true;
	}
	q->waiting = false;
	vpn_timer_stop(e, &q->send);
	kick(e, &q->table->here);
	kick(e, q);
	return true;
}

bool vpn_local_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		     const struct nhrp_msg *m)
{
	return reply(e, &inst->locals.of[nhrp_pro_family(m->pro_type)].here, from, m);
}

void vpn_local_purge_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			   const struct nhrp_msg *m)
{
	if (!vpn_spoke_hub(inst, from))
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_HUB);
	else if (!vpn_message_is_mine(inst, m) ||
		 !reply(e, &inst->locals.of[nhrp_pro_family(m->pro_type)].gone, from, m))
		vpn_refuse(e, from, m, VPN_REFUSED_UNEXPECTED_REPLY);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hub's bindings. A MAC is behind the member by which the switch heard it last, or
 * that registered it; an IP address belongs to the MAC that its member registered with it.
 * For each of both the members that were told of it.
 *
 * Objects: vpn_binding (by address), vpn_asker (by station, within a binding). Called
 * by vpn_hub.c with what messages say and by vpn_engine.c with the module's events.
 *
 *   MAC_SEEN ──> new: MAC_SET, its mirror in the FDB
 *                moved: MAC_SET at the new place, and every asker is purged, the new home
 *                       too (it may hold a shortcut to the former one); so is who asked
 *                       for an IP address of that MAC; the former home is told
 *   registered ──> new, or of another member: the newest word counts, and the former home is told
 *
 * The newest word. Each move has a number, which the hub gives out and all who are told of the address
 * may know (RFC 7432 section 15 has such a sequence; there each home counts). What the switch hears is
 * newer than anything that anybody says. A registration from elsewhere counts when it knows the number
 * of the last move; else it was under way before, or its sender has not heard of the move, and gets the number
 * in the refusal. Numbers start above those of an earlier life of this hub, which the boot epoch gives.
 *
 * Not here: messages (vpn_hub.c, vpn_purge.c), when a MAC is silent (vpn_ageing.c).
 */
#include <config.h>

#include "nhrpd/vpn_core.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_BINDING, "VPN binding");
DEFINE_MTYPE_STATIC(VPNENGINE, VPN_ASKER, "VPN asker");

void vpn_binding_init(struct vpn_binding_tables *t)
{
	vpn_bindings_init(&t->macs);
	vpn_bindings_init(&t->ips);
	vpn_behind_init(&t->behind);
}

void vpn_binding_fini(struct vpn_binding_tables *t)
{
	vpn_bindings_fini(&t->macs);
	vpn_bindings_fini(&t->ips);
	vpn_behind_fini(&t->behind);
}

static bool is_mac(const struct vpn_binding *b)
{
	return b->addr.family == DM_MAC;
}

/* One number for each second or so that passes, so that a restarted hub begins above all that it gave out before. */
#define NUMBERS_SHIFT 30 /* of the boot epoch, in nanoseconds */

static struct vpn_bindings_head *table(struct vpn_instance *inst, const struct dm_addr *addr)
{
	return addr->family == DM_MAC ? &inst->bindings.macs : &inst->bindings.ips;
}

static struct vpn_member_bindings_head *list_of(struct vpn_member *m, const struct dm_addr *addr)
{
	return addr->family == DM_MAC ? &m->macs : &m->ips;
}

struct vpn_binding *vpn_binding_find(struct vpn_instance *inst, const struct dm_addr *addr)
{
	struct vpn_binding ref = { .addr = *addr };

	return vpn_bindings_find(table(inst, addr), &ref);
}

struct vpn_member *vpn_binding_home(const struct vpn_binding *b)
{
	const struct vpn_binding *mac = is_mac(b) ? b : vpn_binding_find(b->member->inst, &b->mac);

	return mac ? mac->member : b->member;
}

/* --- the module --- */

static struct dm_rec mac_rec(const struct vpn_binding *b, enum dm_rec_type type)
{
	const struct vpn_member *m = b->member;

	return (struct dm_rec){
		.type = type,
		.mac = {
			.ifindex = m->inst->asked_ifindex,
			.vni = m->inst->vni,
			.mac = b->addr,
			.nbma = m->nbma,
			.remote_vni = m->vni,
		},
	};
}

/* IP addresses are no business of the switch. */
static void state(struct vpn_engine *e, const struct vpn_binding *b, enum dm_rec_type type)
{
	const struct dm_rec rec = mac_rec(b, type);

	if (is_mac(b))
		vpn_program(e, &rec);
}

/* The switch has it at FORMER (or nowhere) as far as we know, and is to have it where it is now, heard IDLE_MS ago. */
static void state_bind(struct vpn_engine *e, const struct vpn_binding *mac, const struct dm_addr *former, uint64_t idle_ms)
{
	struct dm_rec rec = mac_rec(mac, DM_REC_MAC_BIND);

	rec.mac.old_nbma = *former;
	rec.mac.idle_ms = (uint32_t)idle_ms;
	vpn_program(e, &rec);
}

void vpn_binding_state_hold(struct vpn_engine *e, const struct vpn_binding *b, bool held)
{
	struct dm_rec rec = mac_rec(b, DM_REC_MAC_HOLD);

	rec.mac.held = held;
	if (is_mac(b))
		vpn_program(e, &rec);
}

/* --- askers --- */

bool vpn_station_reach(struct vpn_instance *inst, const struct vpn_station *s, struct vpn_path *path,
		       struct dm_addr *mac)
{
	const struct vpn_member *m = s->relayed ? NULL : vpn_member_find(inst, &s->nbma);

	if (!s->relayed && !m)
		return false;
	*path = m ? m->path : s->path;
	*mac = m ? m->mac : s->mac;
	return true;
}

static void asker_forget(struct vpn_binding *b, struct vpn_asker *a)
{
	vpn_askers_del(&b->askers, a);
	XFREE(MTYPE_VPN_ASKER, a);
}

static bool is_station(const struct vpn_station *s, const struct vpn_member *m)
{
	return m && !s->relayed && dm_addr_same(&s->nbma, &m->nbma);
}

/* All of them hear that what they were told is void, but for KNOWS (or NULL), who said why. */
static void purge_askers(struct vpn_engine *e, struct vpn_instance *inst, struct vpn_binding *b,
			 const struct vpn_member *knows)
{
	struct vpn_asker *a;

	while ((a = vpn_askers_first(&b->askers))) {
		if (a->until > vpn_now(e) && !is_station(&a->station, knows))
			vpn_purge_send(e, inst, &b->addr, &a->station, a->until);
		asker_forget(b, a);
	}
}

/* Who asked for an IP address of that MAC was told where it is: void, but for those that UNCHANGED registered. */
static void purge_askers_behind(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *mac,
				const struct vpn_member *unchanged)
{
	struct vpn_binding ref = { .mac = *mac }, *b;

	for (b = vpn_behind_find_gteq(&inst->bindings.behind, &ref); b && dm_addr_same(&b->mac, mac);
	     b = vpn_behind_next(&inst->bindings.behind, b))
		if (b->member != unchanged)
			purge_askers(e, inst, b, NULL);
}

static bool asker_is_over(struct vpn_engine *e, const struct vpn_binding *b, const struct vpn_asker *a)
{
	struct vpn_path path;
	struct dm_addr mac;

	return a->until <= vpn_now(e) || !vpn_station_reach(b->member->inst, &a->station, &path, &mac);
}

bool vpn_binding_asked(struct vpn_engine *e, struct vpn_binding *b, const struct vpn_station *who, uint16_t seconds)
{
	struct vpn_asker *a, *found = NULL;

	frr_each_safe (vpn_askers, &b->askers, a) {
		if (dm_addr_same(&a->station.nbma, &who->nbma))
			found = a;
		else if (asker_is_over(e, b, a))
			asker_forget(b, a);
	}
	if (!found && vpn_askers_count(&b->askers) >= VPN_ASKERS_MAX)
		return false;
	if (!found) {
		found = XCALLOC(MTYPE_VPN_ASKER, sizeof(*found));
		vpn_askers_add_tail(&b->askers, found);
	}
	found->station = *who;
	found->until = vpn_now(e) + (uint64_t)seconds * 1000;
	return true;
}

/* --- life --- */

/* Greater than all that this hub has given out for addresses that it does not know at present. */
static uint32_t first_number(const struct vpn_engine *e, const struct vpn_instance *inst)
{
	uint32_t of_this_life = (uint32_t)(e->epoch >> NUMBERS_SHIFT);

	return (inst->bindings.last_number > of_this_life ? inst->bindings.last_number : of_this_life) + 1;
}

static struct vpn_binding *create(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *addr)
{
	struct vpn_binding *b = XCALLOC(MTYPE_VPN_BINDING, sizeof(*b));

	b->addr = *addr;
	b->member = m;
	b->since = vpn_now(e);
	b->number = first_number(e, m->inst);
	vpn_askers_init(&b->askers);
	vpn_bindings_add(table(m->inst, addr), b);
	vpn_member_bindings_add_tail(list_of(m, addr), b);
	vpn_ageing_heard(e, b, 0);
	return b;
}

static void forget(struct vpn_engine *e, struct vpn_instance *inst, struct vpn_binding *b, bool program)
{
	struct vpn_asker *a;

	if (program) {
		purge_askers(e, inst, b, NULL);
		state(e, b, DM_REC_MAC_DEL);
		if (is_mac(b))
			purge_askers_behind(e, inst, &b->addr, b->member);
	}
	while ((a = vpn_askers_first(&b->askers)))
		asker_forget(b, a);
	vpn_duplicate_forget(e, b);
	if (b->number > inst->bindings.last_number)
		inst->bindings.last_number = b->number;
	if (!is_mac(b))
		vpn_behind_del(&inst->bindings.behind, b);
	vpn_ageing_leave(b);
	vpn_member_bindings_del(list_of(b->member, &b->addr), b);
	vpn_bindings_del(table(inst, &b->addr), b);
	XFREE(MTYPE_VPN_BINDING, b);
}

void vpn_binding_forget(struct vpn_engine *e, struct vpn_binding *b)
{
	forget(e, b->member->inst, b, true);
}

/* The MAC has aged, or is heard again: may the addresses behind it be told? */
static void set_silent_behind(struct vpn_instance *inst, const struct dm_addr *mac, bool silent)
{
	struct vpn_binding ref = { .mac = *mac }, *b;

	for (b = vpn_behind_find_gteq(&inst->bindings.behind, &ref); b && dm_addr_same(&b->mac, mac);
	     b = vpn_behind_next(&inst->bindings.behind, b))
		b->silent = silent;
}

void vpn_binding_silent(struct vpn_engine *e, struct vpn_binding *b)
{
	struct vpn_instance *inst = b->member->inst;

	set_silent_behind(inst, &b->addr, true);
	purge_askers_behind(e, inst, &b->addr, NULL);
	forget(e, inst, b, true);
}

/* It is there no more: its former home may not have heard, and its hosts would be sent nowhere else for minutes. */
static void tell_former(struct vpn_engine *e, struct vpn_binding *b, const struct vpn_member *former)
{
	const struct vpn_station home = { .nbma = former->nbma };

	vpn_purge_send_moved(e, b->member->inst, b, &home, former->expiry.due);
}

/* To another member, with a line for who looks for the reason; who asked is purged by the caller. */
static void moves(struct vpn_engine *e, struct vpn_binding *b, struct vpn_member *to)
{
	const struct vpn_member *former = b->member;
	char text[DM_ADDR_STRLEN], from[DM_ADDR_STRLEN], there[DM_ADDR_STRLEN];

	vpn_member_bindings_del(list_of(b->member, &b->addr), b);
	b->member = to;
	vpn_member_bindings_add_tail(list_of(to, &b->addr), b);
	b->since = vpn_now(e);
	b->number++;
	vpn_log(e, VPN_LOG_DEBUG, "%s %s moves from %s to %s, move %u", is_mac(b) ? "MAC" : "address",
		dm_addr_str(&b->addr, text), dm_addr_str(&former->nbma, from), dm_addr_str(&to->nbma, there), b->number);
}

struct nhrp_move vpn_binding_move(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *addr)
{
	const struct vpn_binding *b = vpn_binding_find(inst, addr);
	uint64_t age;

	if (!b)
		return (struct nhrp_move){ 0 };
	age = vpn_now(e) - b->since;
	return (struct nhrp_move){ .number = b->number, .age = age < UINT32_MAX ? (uint32_t)age : UINT32_MAX };
}

/* It was last heard at the claimer, in whole seconds, before it moved. */
static bool is_heard_before(struct vpn_engine *e, const struct vpn_binding *known, const struct vpn_claim *claim)
{
	return claim->idle_ms && vpn_now(e) - known->since < claim->idle_ms + 1000;
}

/* Whether what M says of the address, of which KNOWN is the binding there is, is newer than that. */
static enum vpn_claimed judge(struct vpn_engine *e, const struct vpn_binding *known, const struct vpn_member *m,
			      const struct vpn_claim *claim)
{
	if (!known || known->member == m)
		return VPN_CLAIM_TAKEN;
	/* a greater one than the last this hub has not given out, not in this life */
	if (claim->numbered ? claim->number != known->number : is_heard_before(e, known, claim))
		return VPN_CLAIM_OLD;
	return vpn_duplicate_is_held(known) ? VPN_CLAIM_HELD : VPN_CLAIM_TAKEN;
}

/* Whether M may have the address too, of which KNOWN is the binding there is. */
static bool has_room(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *addr,
		     const struct vpn_binding *known)
{
	if (known && known->member == m)
		return true;
	if (vpn_member_bindings_count(list_of(m, addr)) < VPN_MEMBER_BINDINGS_MAX &&
	    (known || vpn_bindings_count(table(m->inst, addr)) < VPN_BINDINGS_MAX))
		return true;
	e->counters.refused[VPN_REFUSED_LIMIT]++;
	return false;
}

/* --- MACs --- */

/*
 * The MAC is behind M from now on. KNOWN is the binding there is. Returns it, or the new one, NULL when there is
 * no room for it.
 */
static struct vpn_binding *mac_is_behind(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *addr,
					 struct vpn_binding *known)
{
	struct vpn_instance *inst = m->inst;
	struct vpn_binding *mac = known;
	const struct vpn_member *former = known ? known->member : NULL;

	if (!has_room(e, m, addr, known))
		return NULL;
	if (known)
		known->ageing.asked = false; /* the answer may be older than this */
	if (former == m)
		return mac;
	if (former) {
		moves(e, mac, m);
	} else {
		mac = create(e, m, addr);
		set_silent_behind(inst, addr, false);
	}
	state(e, mac, DM_REC_MAC_SET);
	purge_askers(e, inst, mac, former); /* who hears of it as the former home */
	purge_askers_behind(e, inst, addr, former ? NULL : m);
	if (former)
		tell_former(e, mac, former);
	return mac;
}

/* The switch took it along before it was told to hold it: back to where it is held. */
static void put_back(struct vpn_engine *e, const struct vpn_binding *mac, const struct vpn_member *from)
{
	state_bind(e, mac, &from->nbma, 0);
	vpn_binding_state_hold(e, mac, true);
}

void vpn_mac_seen(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_mac *rec)
{
	struct vpn_member *m = vpn_member_find(inst, &rec->nbma);
	struct vpn_binding *mac;
	bool moved;

	/* the member may have gone while the event was under way */
	if (!m || rec->mac.family != DM_MAC || dm_addr_is_multicast(&rec->mac))
		return;
	mac = vpn_binding_find(inst, &rec->mac);
	moved = mac && mac->member != m;
	if (moved && vpn_duplicate_is_held(mac)) {
		put_back(e, mac, m);
		return;
	}
	mac = mac_is_behind(e, m, &rec->mac, mac);
	if (!mac)
		return;
	if (rec->idle_ms) /* told anew, by a module that was there before us */
		vpn_ageing_heard(e, mac, rec->idle_ms);
	if (rec->held)
		vpn_duplicate_found(e, mac);
	else if (moved && rec->moved) /* a frame, not the module's telling all anew */
		vpn_duplicate_moved(e, mac, &rec->old_nbma);
}

enum vpn_claimed vpn_mac_bind(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *addr,
			      const struct vpn_claim *claim)
{
	struct vpn_binding *mac = vpn_binding_find(m->inst, addr);
	const struct dm_addr former = mac ? mac->member->nbma : (struct dm_addr){ 0 };
	enum vpn_claimed verdict = judge(e, mac, m, claim);
	bool is_new = !mac, moved = mac && mac->member != m;

	if (verdict != VPN_CLAIM_TAKEN)
		return verdict;
	mac = mac_is_behind(e, m, addr, mac);
	if (!mac)
		return VPN_CLAIM_NO_ROOM;
	if (is_new)
		vpn_ageing_heard(e, mac, claim->idle_ms);
	state_bind(e, mac, &former, claim->idle_ms);
	if (moved)
		vpn_duplicate_moved(e, mac, &former);
	return VPN_CLAIM_TAKEN;
}

/* --- IP addresses --- */

/* What was told of B is void; M's word counts from now on. */
static void ip_changes(struct vpn_engine *e, struct vpn_member *m, struct vpn_binding *b)
{
	const struct vpn_member *former = b->member;

	purge_askers(e, m->inst, b, m);
	vpn_behind_del(&m->inst->bindings.behind, b);
	if (former == m)
		return;
	moves(e, b, m);
	tell_former(e, b, former);
	vpn_duplicate_moved(e, b, &former->nbma);
}

enum vpn_claimed vpn_ip_bind(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *ip,
			     const struct dm_addr *mac, const struct vpn_claim *claim)
{
	struct vpn_instance *inst = m->inst;
	struct vpn_binding *b = vpn_binding_find(inst, ip);
	enum vpn_claimed verdict = judge(e, b, m, claim);

	if (verdict != VPN_CLAIM_TAKEN)
		return verdict;
	if (!has_room(e, m, ip, b))
		return VPN_CLAIM_NO_ROOM;
	if (b)
		b->stale = b->silent = false;
	if (b && b->member == m && dm_addr_same(&b->mac, mac))
		return VPN_CLAIM_TAKEN;
	if (b)
		ip_changes(e, m, b);
	else
		b = create(e, m, ip);
	b->mac = *mac;
	vpn_behind_add(&inst->bindings.behind, b);
	return VPN_CLAIM_TAKEN;
}

/* --- all of a member, or of an instance --- */

void vpn_binding_mark_ips(struct vpn_member *m)
{
	struct vpn_binding *b;

	frr_each (vpn_member_bindings, &m->ips, b)
		b->stale = true;
}

void vpn_binding_sweep_ips(struct vpn_engine *e, struct vpn_member *m)
{
	struct vpn_binding *b;

	frr_each_safe (vpn_member_bindings, &m->ips, b)
		if (b->stale)
			vpn_binding_forget(e, b);
}

void vpn_binding_member_changed(struct vpn_engine *e, struct vpn_member *m)
{
	struct vpn_binding *b;

	frr_each (vpn_member_bindings, &m->macs, b) {
		state(e, b, DM_REC_MAC_SET);
		purge_askers(e, m->inst, b, NULL);
		purge_askers_behind(e, m->inst, &b->addr, NULL);
	}
	frr_each (vpn_member_bindings, &m->ips, b)
		purge_askers(e, m->inst, b, NULL);
}

void vpn_binding_member_gone(struct vpn_engine *e, struct vpn_member *m, bool program)
{
	struct vpn_instance *inst = m->inst;
	struct vpn_binding *b;

	while ((b = vpn_member_bindings_first(&m->macs)))
		forget(e, inst, b, program);
	while ((b = vpn_member_bindings_first(&m->ips)))
		forget(e, inst, b, program);
}

void vpn_binding_restate(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_binding *b;

	frr_each (vpn_bindings, &inst->bindings.macs, b) {
		state(e, b, DM_REC_MAC_SET);
		if (vpn_duplicate_is_held(b))
			vpn_binding_state_hold(e, b, true);
	}
}

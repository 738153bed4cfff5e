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
 *                       for an IP address of that MAC
 *   registered IP address ──> new, or of another MAC or member: the newest word counts, and
 *                             its former home is purged like an asker
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

/* IP addresses are no business of the switch. IDLE_MS: of MAC_BIND. */
static void state_heard(struct vpn_engine *e, const struct vpn_binding *b, enum dm_rec_type type, uint64_t idle_ms)
{
	const struct vpn_member *m = b->member;
	struct dm_rec rec = {
		.type = type,
		.mac = {
			.ifindex = m->inst->asked_ifindex,
			.vni = m->inst->vni,
			.mac = b->addr,
			.nbma = m->nbma,
			.remote_vni = m->vni,
			.idle_ms = (uint32_t)idle_ms,
		},
	};

	if (is_mac(b))
		vpn_program(e, &rec);
}

static void state(struct vpn_engine *e, const struct vpn_binding *b, enum dm_rec_type type)
{
	state_heard(e, b, type, 0);
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

static struct vpn_binding *create(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *addr)
{
	struct vpn_binding *b = XCALLOC(MTYPE_VPN_BINDING, sizeof(*b));

	b->addr = *addr;
	b->member = m;
	b->since = vpn_now(e);
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

/* To another member, with a line for who looks for the reason. */
static void moves(struct vpn_engine *e, struct vpn_binding *b, struct vpn_member *to)
{
	char text[DM_ADDR_STRLEN], from[DM_ADDR_STRLEN], there[DM_ADDR_STRLEN];

	vpn_log(e, VPN_LOG_DEBUG, "%s %s moves from %s to %s", is_mac(b) ? "MAC" : "address",
		dm_addr_str(&b->addr, text), dm_addr_str(&b->member->nbma, from), dm_addr_str(&to->nbma, there));
	vpn_member_bindings_del(list_of(b->member, &b->addr), b);
	b->member = to;
	vpn_member_bindings_add_tail(list_of(to, &b->addr), b);
	b->since = vpn_now(e);
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

/* The MAC is behind M from now on. Returns false when there is no room for it. */
static bool mac_is_behind(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *addr)
{
	struct vpn_instance *inst = m->inst;
	struct vpn_binding *mac = vpn_binding_find(inst, addr);
	bool is_new = !mac;

	if (!has_room(e, m, addr, mac))
		return false;
	if (is_new) {
		mac = create(e, m, addr);
		set_silent_behind(inst, addr, false);
	} else {
		mac->ageing.asked = false; /* the answer may be older than this */
		if (mac->member == m)
			return true;
		moves(e, mac, m);
	}
	state(e, mac, DM_REC_MAC_SET);
	purge_askers(e, inst, mac, NULL);
	purge_askers_behind(e, inst, addr, is_new ? m : NULL);
	return true;
}

void vpn_mac_seen(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_mac *rec)
{
	struct vpn_member *m = vpn_member_find(inst, &rec->nbma);

	/* the member may have gone while the event was under way */
	if (!m || rec->mac.family != DM_MAC || dm_addr_is_multicast(&rec->mac) || !mac_is_behind(e, m, &rec->mac))
		return;
	if (rec->idle_ms) /* told anew, by a module that was there before us */
		vpn_ageing_heard(e, vpn_binding_find(inst, &rec->mac), rec->idle_ms);
}

/* The MAC may have moved to another member since M's bridge heard it, which is said in whole seconds. */
static bool is_elsewhere_since(struct vpn_engine *e, const struct vpn_member *m, const struct dm_addr *mac,
			       uint64_t idle_ms)
{
	const struct vpn_binding *b = vpn_binding_find(m->inst, mac);

	return b && b->member != m && idle_ms && vpn_now(e) - b->since < idle_ms + 1000;
}

bool vpn_mac_bind(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *mac, uint64_t idle_ms)
{
	struct vpn_binding *b;
	bool is_new;

	if (is_elsewhere_since(e, m, mac, idle_ms))
		return true;
	is_new = !vpn_binding_find(m->inst, mac);
	if (!mac_is_behind(e, m, mac))
		return false;
	b = vpn_binding_find(m->inst, mac);
	if (is_new)
		vpn_ageing_heard(e, b, idle_ms);
	state_heard(e, b, DM_REC_MAC_BIND, idle_ms);
	return true;
}

/* --- IP addresses --- */

bool vpn_ip_bind(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *ip, const struct dm_addr *mac)
{
	struct vpn_instance *inst = m->inst;
	struct vpn_binding *b = vpn_binding_find(inst, ip);

	if (!has_room(e, m, ip, b))
		return false;
	if (b)
		b->stale = b->silent = false;
	if (b && b->member == m && dm_addr_same(&b->mac, mac))
		return true;
	if (!b) {
		b = create(e, m, ip);
	} else {
		purge_askers(e, inst, b, m);
		vpn_behind_del(&inst->bindings.behind, b);
		if (b->member != m) { /* its former home may not have heard that the host moved */
			const struct vpn_station former = { .nbma = b->member->nbma };

			vpn_purge_send(e, inst, ip, &former, b->member->expiry.due);
			moves(e, b, m);
		}
	}
	b->mac = *mac;
	vpn_behind_add(&inst->bindings.behind, b);
	return true;
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

	frr_each (vpn_bindings, &inst->bindings.macs, b)
		state(e, b, DM_REC_MAC_SET);
}

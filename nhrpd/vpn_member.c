// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub's tables, kept in step with the module: members, the MACs that the switch
 * learned behind them, and for each MAC the members that were told where it is.
 *
 * Objects: vpn_member (by NBMA address of its VXLAN end), vpn_mac (by MAC), vpn_asker
 * (by NBMA address, within a MAC). Called by vpn_hub.c with what messages say and by
 * vpn_engine.c with the module's events.
 *
 *   MAC_SEEN ──> new: MAC_SET, its mirror in the FDB
 *                moved: MAC_SET at the new place, and every asker is purged, the new home
 *                       too (it may hold a shortcut to the former one)
 *
 * Not here: messages (vpn_hub.c, vpn_purge.c), ageing of silent MACs.
 */
#include <config.h>

#include "nhrpd/vpn_core.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_MEMBER, "VPN member");
DEFINE_MTYPE_STATIC(VPNENGINE, VPN_MAC, "VPN MAC");
DEFINE_MTYPE_STATIC(VPNENGINE, VPN_ASKER, "VPN asker");

/* --- the module --- */

static void state_member(struct vpn_engine *e, const struct vpn_member *m, enum dm_rec_type type)
{
	struct dm_rec rec = {
		.type = type,
		.member = {
			.ifindex = m->inst->asked_ifindex,
			.vni = m->inst->vni,
			.nbma = m->nbma,
			.remote_vni = m->vni,
		},
	};

	vpn_program(e, &rec);
}

static void state_mac(struct vpn_engine *e, const struct vpn_mac *mac, enum dm_rec_type type)
{
	const struct vpn_member *m = mac->member;
	struct dm_rec rec = {
		.type = type,
		.mac = {
			.ifindex = m->inst->asked_ifindex,
			.vni = m->inst->vni,
			.mac = mac->mac,
			.nbma = m->nbma,
			.remote_vni = m->vni,
		},
	};

	vpn_program(e, &rec);
}

/* --- askers --- */

static void asker_forget(struct vpn_mac *mac, struct vpn_asker *a)
{
	vpn_askers_del(&mac->askers, a);
	XFREE(MTYPE_VPN_ASKER, a);
}

static void purge_askers(struct vpn_engine *e, struct vpn_instance *inst, struct vpn_mac *mac)
{
	struct vpn_asker *a;
	struct vpn_member *to;

	while ((a = vpn_askers_first(&mac->askers))) {
		to = vpn_member_find(inst, &a->nbma);
		if (to && a->until > vpn_now(e))
			vpn_purge_send(e, inst, &mac->mac, to, a->until);
		asker_forget(mac, a);
	}
}

bool vpn_mac_asked(struct vpn_engine *e, struct vpn_mac *mac, const struct dm_addr *nbma, uint16_t seconds)
{
	struct vpn_asker *a, *found = NULL;
	uint64_t now = vpn_now(e);

	frr_each_safe (vpn_askers, &mac->askers, a) {
		if (dm_addr_same(&a->nbma, nbma))
			found = a;
		else if (a->until <= now || !vpn_member_find(mac->member->inst, &a->nbma))
			asker_forget(mac, a);
	}
	if (!found && vpn_askers_count(&mac->askers) >= VPN_ASKERS_MAX)
		return false;
	if (!found) {
		found = XCALLOC(MTYPE_VPN_ASKER, sizeof(*found));
		found->nbma = *nbma;
		vpn_askers_add_tail(&mac->askers, found);
	}
	found->until = now + (uint64_t)seconds * 1000;
	return true;
}

/* --- MACs --- */

struct vpn_mac *vpn_mac_find(struct vpn_instance *inst, const struct dm_addr *addr)
{
	struct vpn_mac ref = { .mac = *addr };

	return vpn_macs_find(&inst->macs, &ref);
}

static void mac_forget(struct vpn_engine *e, struct vpn_instance *inst, struct vpn_mac *mac, bool program)
{
	struct vpn_asker *a;

	if (program) {
		purge_askers(e, inst, mac);
		state_mac(e, mac, DM_REC_MAC_DEL);
	}
	while ((a = vpn_askers_first(&mac->askers)))
		asker_forget(mac, a);
	vpn_member_macs_del(&mac->member->macs, mac);
	vpn_macs_del(&inst->macs, mac);
	XFREE(MTYPE_VPN_MAC, mac);
}

void vpn_mac_forget(struct vpn_engine *e, struct vpn_mac *mac)
{
	mac_forget(e, mac->member->inst, mac, true);
}

static void mac_moves(struct vpn_engine *e, struct vpn_instance *inst, struct vpn_mac *mac, struct vpn_member *to)
{
	char text[DM_ADDR_STRLEN], from[DM_ADDR_STRLEN], there[DM_ADDR_STRLEN];

	vpn_log(e, VPN_LOG_DEBUG, "MAC %s moves from %s to %s", dm_addr_str(&mac->mac, text),
		dm_addr_str(&mac->member->nbma, from), dm_addr_str(&to->nbma, there));
	vpn_member_macs_del(&mac->member->macs, mac);
	mac->member = to;
	vpn_member_macs_add_tail(&to->macs, mac);
	mac->since = vpn_now(e);
	state_mac(e, mac, DM_REC_MAC_SET);
	purge_askers(e, inst, mac);
}

static void mac_new(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *addr, struct vpn_member *m)
{
	struct vpn_mac *mac = XCALLOC(MTYPE_VPN_MAC, sizeof(*mac));

	mac->mac = *addr;
	mac->member = m;
	mac->since = vpn_now(e);
	vpn_askers_init(&mac->askers);
	vpn_macs_add(&inst->macs, mac);
	vpn_member_macs_add_tail(&m->macs, mac);
	state_mac(e, mac, DM_REC_MAC_SET);
}

/* The MAC is behind M from now on. Returns false when there is no room for it. */
static bool mac_is_behind(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *addr)
{
	struct vpn_instance *inst = m->inst;
	struct vpn_mac *mac = vpn_mac_find(inst, addr);

	if (mac && mac->member == m)
		return true;
	if (vpn_member_macs_count(&m->macs) >= VPN_MEMBER_MACS_MAX ||
	    (!mac && vpn_macs_count(&inst->macs) >= VPN_MACS_MAX)) {
		e->counters.refused[VPN_REFUSED_LIMIT]++;
		return false;
	}
	if (mac)
		mac_moves(e, inst, mac, m);
	else
		mac_new(e, inst, addr, m);
	return true;
}

void vpn_mac_seen(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_mac *rec)
{
	struct vpn_member *m = vpn_member_find(inst, &rec->nbma);

	/* the member may have gone while the event was under way */
	if (m && rec->mac.family == DM_MAC && !dm_addr_is_multicast(&rec->mac))
		mac_is_behind(e, m, &rec->mac);
}

bool vpn_mac_bind(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *mac)
{
	if (!mac_is_behind(e, m, mac))
		return false;
	state_mac(e, vpn_mac_find(m->inst, mac), DM_REC_MAC_BIND);
	return true;
}

/* --- members --- */

struct vpn_member *vpn_member_find(struct vpn_instance *inst, const struct dm_addr *nbma)
{
	struct vpn_member ref = { .nbma = *nbma };

	return vpn_members_find(&inst->members, &ref);
}

struct vpn_member *vpn_member_owner(struct vpn_instance *inst, const struct dm_addr *mac, const struct dm_addr *nbma)
{
	struct vpn_member *m;

	frr_each (vpn_members, &inst->members, m)
		if (m->unique && dm_addr_same(&m->mac, mac) && !dm_addr_same(&m->nbma, nbma))
			return m;
	return NULL;
}

void vpn_member_forget(struct vpn_engine *e, struct vpn_member *m, bool program)
{
	struct vpn_instance *inst = m->inst;
	struct vpn_mac *mac;

	vpn_timer_stop(e, &m->expiry);
	while ((mac = vpn_member_macs_first(&m->macs)))
		mac_forget(e, inst, mac, program);
	if (program)
		state_member(e, m, DM_REC_MEMBER_DEL);
	vpn_members_del(&inst->members, m);
	vpn_member_macs_fini(&m->macs);
	XFREE(MTYPE_VPN_MEMBER, m);
}

static void expired(struct vpn_engine *e, void *arg)
{
	struct vpn_member *m = arg;
	char text[DM_ADDR_STRLEN], id[VPN_ID_STRLEN];

	vpn_log_gated(e, VPN_GATE_MEMBER, VPN_LOG_INFO, "VPN %s on %s: member %s expired",
		      vpn_id_str(&m->inst->vpn, id), m->inst->dev->name, dm_addr_str(&m->nbma, text));
	vpn_member_forget(e, m, true);
}

struct vpn_member *vpn_member_new(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *nbma)
{
	struct vpn_member *m = XCALLOC(MTYPE_VPN_MEMBER, sizeof(*m));

	m->inst = inst;
	m->nbma = *nbma;
	m->since = vpn_now(e);
	vpn_timer_init(&m->expiry, expired, m);
	vpn_member_macs_init(&m->macs);
	vpn_members_add(&inst->members, m);
	return m;
}

void vpn_member_forget_former(struct vpn_engine *e, struct vpn_member *keep)
{
	struct vpn_member *m;

	frr_each_safe (vpn_members, &keep->inst->members, m)
		if (m != keep && dm_addr_same(&m->mac, &keep->mac) && vpn_path_same(&m->path, &keep->path))
			vpn_member_forget(e, m, true);
}

void vpn_member_program(struct vpn_engine *e, const struct vpn_member *m)
{
	state_member(e, m, DM_REC_MEMBER_SET);
}

void vpn_member_changed(struct vpn_engine *e, struct vpn_member *m)
{
	struct vpn_mac *mac;

	frr_each (vpn_member_macs, &m->macs, mac) {
		state_mac(e, mac, DM_REC_MAC_SET);
		purge_askers(e, m->inst, mac);
	}
}

/*
 * Until it registers again the member keeps its place. Its control packets come, as
 * far as one can tell, from where its frames come from.
 */
void vpn_member_adopt(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_member *rec)
{
	struct vpn_member *m;

	if (vpn_member_find(inst, &rec->nbma) || vpn_members_count(&inst->members) >= VPN_MEMBERS_MAX)
		return;
	m = vpn_member_new(e, inst, &rec->nbma);
	m->vni = rec->remote_vni;
	m->holdtime = inst->dev->holdtime;
	m->path = (struct vpn_path){ .ifindex = inst->local.ifindex, .nbma = rec->nbma };
	vpn_timer_set(e, &m->expiry, (uint64_t)m->holdtime * 1000);
	vpn_member_program(e, m);
}

void vpn_member_restate(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_member *m;
	struct vpn_mac *mac;

	frr_each (vpn_members, &inst->members, m)
		vpn_member_program(e, m);
	frr_each (vpn_macs, &inst->macs, mac)
		state_mac(e, mac, DM_REC_MAC_SET);
}

void vpn_member_clear(struct vpn_engine *e, struct vpn_instance *inst, bool program)
{
	struct vpn_member *m;

	while ((m = vpn_members_first(&inst->members)))
		vpn_member_forget(e, m, program);
	vpn_purge_clear(e, inst);
}

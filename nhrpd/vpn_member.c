// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub's members, kept in step with the module.
 *
 * Object: vpn_member (by NBMA address of its VXLAN end). Called by vpn_hub.c with what
 * messages say and by vpn_engine.c with the module's events.
 *
 * Not here: messages (vpn_hub.c), what is behind a member (vpn_binding.c).
 */
#include <config.h>

#include "nhrpd/vpn_core.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_MEMBER, "VPN member");

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

	vpn_timer_stop(e, &m->expiry);
	vpn_timer_stop(e, &m->grace);
	vpn_binding_member_gone(e, m, program);
	if (program)
		state_member(e, m, DM_REC_MEMBER_DEL);
	vpn_members_del(&inst->members, m);
	vpn_member_bindings_fini(&m->macs);
	vpn_member_bindings_fini(&m->ips);
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

static void grace_over(struct vpn_engine *e, void *arg)
{
	vpn_binding_sweep_ips(e, arg);
}

void vpn_member_started(struct vpn_engine *e, struct vpn_member *m, uint64_t its_life)
{
	bool restarted = m->its_life && its_life && its_life != m->its_life;

	if (its_life)
		m->its_life = its_life;
	if (!restarted)
		return;
	m->life = vpn_life(e); /* it may be an old message that comes late: whoever is there is to tell all again */
	vpn_binding_mark_ips(m);
	vpn_timer_set(e, &m->grace, VPN_MEMBER_GRACE_MS);
}

struct vpn_member *vpn_member_new(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *nbma)
{
	struct vpn_member *m = XCALLOC(MTYPE_VPN_MEMBER, sizeof(*m));

	m->inst = inst;
	m->nbma = *nbma;
	m->life = vpn_life(e);
	m->since = vpn_now(e);
	vpn_timer_init(&m->expiry, expired, m);
	vpn_timer_init(&m->grace, grace_over, m);
	vpn_member_bindings_init(&m->macs);
	vpn_member_bindings_init(&m->ips);
	vpn_members_add(&inst->members, m);
	return m;
}

void vpn_member_forget_former(struct vpn_engine *e, struct vpn_member *keep)
{
	struct vpn_member *m;

	frr_each_safe (vpn_members, &keep->inst->members, m)
		if (m != keep && dm_addr_same(&m->mac, &keep->mac) &&
		    (vpn_path_same(&m->path, &keep->path) || (m->its_life && m->its_life == keep->its_life)))
			vpn_member_forget(e, m, true);
}

void vpn_member_program(struct vpn_engine *e, const struct vpn_member *m)
{
	state_member(e, m, DM_REC_MEMBER_SET);
}

/*
 * Until it registers again the member keeps its place. Its control packets come, as
 * far as one can tell, from where its frames come from.
 */
void vpn_member_adopt(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_member *rec)
{
	struct vpn_member *m;

	if (vpn_member_find(inst, &rec->nbma))
		return;
	if (e->seasoned || vpn_members_count(&inst->members) >= VPN_MEMBERS_MAX) {
		const struct dm_rec gone = { .type = DM_REC_MEMBER_DEL, .member = *rec };

		vpn_program(e, &gone); /* it went while the module was out of sight */
		return;
	}
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

	frr_each (vpn_members, &inst->members, m)
		vpn_member_program(e, m);
	vpn_binding_restate(e, inst);
}

void vpn_member_clear(struct vpn_engine *e, struct vpn_instance *inst, bool program)
{
	struct vpn_member *m;

	while ((m = vpn_members_first(&inst->members)))
		vpn_member_forget(e, m, program);
	vpn_purge_clear(e, inst);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A spoke that answers ARP and neighbour discovery itself (`ip nhrp vpn arp-suppress`).
 * The module tells which IP addresses are behind the bridge and which its hosts ask for;
 * the former are registered with the hub (vpn_local.c), the latter resolved there
 * (vpn_remote.c), and what the hub knows becomes a neighbour entry from which the bridge
 * answers.
 *
 *   LOCAL_NEIGH ──> vpn_local, and whatever the hub said of the same address is void
 *   NEIGH_WANTED ─> unknown: asked, the request itself is flooded as ever
 *                   known: in use, so it will be renewed
 *   answer ───────> NEIGH_SET; the end of it NEIGH_DEL
 *
 * No objects of its own. An answer also says where the MAC is; no shortcut is made of
 * that: one neighbour entry serves many hosts, most of which never send a frame there, and
 * the redirect after the first frame brings a shortcut that is looked after by its use.
 *
 * Not here: the bridge's port flag, the entries themselves, hearing ARP (the module).
 */
#include <config.h>

#include <stdio.h>

#include "nhrpd/vpn_core.h"

/* --- the module --- */

/* IP addresses that nobody has told of since are not there any more. */
static void grace_over(struct vpn_engine *e, void *arg)
{
	vpn_local_sweep_ips(e, arg);
}

void vpn_neigh_init(struct vpn_instance *inst)
{
	vpn_timer_init(&inst->suppress.grace, grace_over, inst);
}

static void say(struct vpn_engine *e, struct vpn_instance *inst, bool on)
{
	struct dm_rec rec = {
		.type = DM_REC_SUPPRESS_SET,
		.suppress = { .ifindex = inst->asked_ifindex, .vni = inst->vni, .on = on },
	};

	inst->suppress.told = on;
	inst->suppress.on = false;
	inst->suppress.reason[0] = '\0';
	vpn_timer_set(e, &inst->suppress.grace, VPN_NEIGH_GRACE_MS);
	vpn_program(e, &rec);
}

void vpn_neigh_restate(struct vpn_engine *e, struct vpn_instance *inst)
{
	if (inst->dev->arp_suppress)
		say(e, inst, true);
}

static void unsay(struct vpn_engine *e, struct vpn_instance *inst)
{
	if (inst->suppress.told)
		say(e, inst, false);
}

void vpn_neigh_unask(struct vpn_engine *e, struct vpn_instance *inst)
{
	inst->suppress.told = false;
	vpn_timer_stop(e, &inst->suppress.grace);
	vpn_local_mark_ips(inst);
}

void vpn_neigh_stop(struct vpn_engine *e, struct vpn_instance *inst, bool program)
{
	if (program)
		unsay(e, inst);
	vpn_timer_stop(e, &inst->suppress.grace);
}

void vpn_neigh_configured(struct vpn_engine *e, struct vpn_instance *inst)
{
	if (inst->role != DM_ROLE_SPOKE)
		return;
	if (inst->dev->arp_suppress) {
		if (inst->told)
			say(e, inst, true);
		vpn_local_kick(e, inst); /* the MACs too are wanted now */
		return;
	}
	vpn_remote_clear_table(e, &inst->remotes.ips, true);
	vpn_local_no_ips(e, inst);
	unsay(e, inst);
}

void vpn_neigh_program(struct vpn_engine *e, const struct vpn_remote *r, bool set)
{
	struct dm_rec rec = {
		.type = set ? DM_REC_NEIGH_SET : DM_REC_NEIGH_DEL,
		.neigh = { .ifindex = r->inst->asked_ifindex, .vni = r->inst->vni, .ip = r->addr, .mac = r->mac },
	};

	vpn_program(e, &rec);
}

void vpn_neigh_state(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_suppress *s)
{
	char id[VPN_ID_STRLEN];

	if (!inst->suppress.told)
		return;
	if (inst->suppress.on && !s->on) { /* it watches no more, and tells all when it does again */
		vpn_local_mark_ips(inst);
		vpn_timer_set(e, &inst->suppress.grace, VPN_NEIGH_GRACE_MS);
	}
	if (s->reason[0] && strcmp(inst->suppress.reason, s->reason))
		vpn_log(e, VPN_LOG_WARN, "VPN %s on %s: arp-suppress is not in effect: %s",
			vpn_id_str(&inst->vpn, id), inst->dev->name, s->reason);
	inst->suppress.on = s->on;
	snprintf(inst->suppress.reason, sizeof(inst->suppress.reason), "%s", s->reason);
}

const char *vpn_neigh_state_name(const struct vpn_instance *inst)
{
	if (inst->role == DM_ROLE_HUB)
		return "answering";
	if (!inst->dev->arp_suppress || !inst->suppress.told)
		return "inactive";
	if (inst->suppress.on)
		return "active";
	return inst->suppress.reason[0] ? "failed" : "waiting";
}

const char *vpn_neigh_reason(const struct vpn_instance *inst)
{
	return inst->suppress.told ? inst->suppress.reason : "";
}

/* --- addresses --- */

/* What comes late, after the module was told to cease, is not acted on. */
static bool makes_sense(const struct vpn_instance *inst, const struct dm_addr *ip)
{
	return inst->suppress.told && ip->family != DM_MAC && dm_addr_is_station(ip);
}

void vpn_neigh_local(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_neigh *rec)
{
	struct vpn_remote *r;

	if (!makes_sense(inst, &rec->ip) || (!rec->gone && !dm_addr_is_station(&rec->mac)))
		return;
	r = rec->gone ? NULL : vpn_remote_find(inst, &rec->ip);
	if (r) /* our own word on what is here counts for more than another's */
		vpn_remote_forget(e, r, true);
	vpn_local_ip(e, inst, &rec->ip, rec->gone ? NULL : &rec->mac);
}

void vpn_neigh_wanted(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_neigh *rec)
{
	struct vpn_remote *r;

	if (!makes_sense(inst, &rec->ip) || vpn_local_has(inst, &rec->ip))
		return;
	r = vpn_remote_find(inst, &rec->ip);
	if (r)
		r->used = true;
	else
		vpn_remote_want(e, inst, &rec->ip);
}

/* The answer makes a neighbour entry, on which the module forgets the host. */
void vpn_neigh_moved(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *ip)
{
	if (makes_sense(inst, ip) && !vpn_remote_find(inst, ip))
		vpn_remote_want(e, inst, ip);
}

/* A host of ours went to another site, or its address to another host there, and nothing of that came by here. */
void vpn_neigh_purged(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *ip,
		      const struct nhrp_move *move)
{
	if (makes_sense(inst, ip) && vpn_local_disown(e, inst, ip, move))
		vpn_neigh_moved(e, inst, ip);
}

void vpn_neigh_look(struct vpn_engine *e, struct vpn_remote *r)
{
	if (r->used && !r->waiting)
		vpn_remote_ask(e, r);
	else
		vpn_remote_look_again(e, r);
}

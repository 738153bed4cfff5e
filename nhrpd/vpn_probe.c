// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The paths of a spoke's shortcuts. What is probed is not a MAC but the way to the VXLAN end that it
 * is behind, so a peer costs the same whether one of its MACs is in use or a thousand.
 *
 * Object: vpn_probe, identified by NBMA address and VNI of the other end in its instance; held by the
 * shortcuts that lead there, and gone with the last of them.
 *
 *   first holder ──> PROBE_SET ──> WAITING ── PROBE_STATE ──> UP <──> DOWN
 *   last one gone ──> PROBE_DEL
 *
 * The module probes, and keeps MACs behind a path that does not answer out of the kernel by itself, at once and
 * without us; so a MAC_SET here says what is wanted, and the state what has come of it.
 *
 * Not here: probing (zebra/dmevpn_probe.c), who holds (vpn_shortcut.c).
 */
#include <config.h>

#include "nhrpd/vpn_core.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_PROBE, "VPN probed path");

const char *vpn_probe_state_name(enum vpn_probe_state state)
{
	switch (state) {
	case VPN_PROBE_WAITING:
		return "waiting";
	case VPN_PROBE_UP:
		return "up";
	case VPN_PROBE_DOWN:
		return "down";
	}
	return "unknown";
}

static void program(struct vpn_engine *e, const struct vpn_probe *p, bool set)
{
	const struct vpn_device *dev = p->inst->dev;
	struct dm_rec rec = {
		.type = set ? DM_REC_PROBE_SET : DM_REC_PROBE_DEL,
		.probe = {
			.ifindex = p->inst->asked_ifindex,
			.vni = p->inst->vni,
			.nbma = p->nbma,
			.remote_vni = p->vni,
			.interval = dev->probe_interval,
			.misses = dev->probe_misses,
		},
	};

	vpn_program(e, &rec);
}

static struct vpn_probe *find(struct vpn_instance *inst, const struct dm_addr *nbma, uint32_t vni)
{
	struct vpn_probe ref = { .nbma = *nbma, .vni = vni };

	return vpn_probes_find(&inst->probes, &ref);
}

struct vpn_probe *vpn_probe_hold(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *nbma,
				 uint32_t vni)
{
	struct vpn_probe *p = find(inst, nbma, vni);

	if (!p && vpn_probes_count(&inst->probes) >= VPN_PROBES_MAX) {
		e->counters.refused[VPN_REFUSED_LIMIT]++;
		return NULL;
	}
	if (!p) {
		p = XCALLOC(MTYPE_VPN_PROBE, sizeof(*p));
		p->inst = inst;
		p->nbma = *nbma;
		p->vni = vni;
		p->since = vpn_now(e);
		vpn_probes_add(&inst->probes, p);
		program(e, p, true);
	}
	p->holders++;
	return p;
}

void vpn_probe_drop(struct vpn_engine *e, struct vpn_probe *p)
{
	if (--p->holders)
		return;
	program(e, p, false);
	vpn_probes_del(&p->inst->probes, p);
	XFREE(MTYPE_VPN_PROBE, p);
}

void vpn_probe_told(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_probe *told)
{
	struct vpn_probe *p = find(inst, &told->nbma, told->remote_vni);
	enum vpn_probe_state state = told->up ? VPN_PROBE_UP : VPN_PROBE_DOWN;
	char nbma[DM_ADDR_STRLEN];

	if (!p)
		return;
	if (told->rtt_us)
		p->rtt_us = told->rtt_us;
	if (p->state == state)
		return;
	p->state = state;
	p->since = vpn_now(e);
	vpn_log(e, VPN_LOG_DEBUG, "path to %s vni %u is %s, %zu shortcuts", dm_addr_str(&p->nbma, nbma), p->vni,
		vpn_probe_state_name(state), p->holders);
}

/* A module that has just started has to find out for itself. */
void vpn_probe_restate(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_probe *p;

	frr_each (vpn_probes, &inst->probes, p) {
		p->state = VPN_PROBE_WAITING;
		p->since = vpn_now(e);
		program(e, p, true);
	}
}

void vpn_probe_configured(struct vpn_engine *e, struct vpn_device *dev)
{
	struct vpn_instance *inst;
	struct vpn_probe *p;

	frr_each (vpn_instances, &dev->instances, inst) {
		frr_each (vpn_probes, &inst->probes, p)
			if (dev->probe_interval)
				program(e, p, true);
		vpn_shortcut_paths_changed(e, inst);
	}
}

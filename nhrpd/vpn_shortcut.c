// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A spoke's shortcuts: MACs that a redirect (Traffic Indication) named and the hub then
 * told the place of; an FDB entry points at the other spoke for as long as that holds.
 *
 * Object: vpn_remote of a MAC (vpn_remote.c resolves, renews and ends it). What is here is
 * where it comes from, its entry in the kernel, and how it is found to be in use. Frames go
 * by way of the hub for as long as there is none, or its path (vpn_probe.c) is not up; then the hub's
 * redirects go on, which shows that it is used, and asks for nothing.
 *
 * The Traffic Indication is Cisco's and FRR's message type 8.
 */
#include <config.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"

#define ETH_ADDRS_LEN 12 /* destination and source of an Ethernet header */

static void state_entry(struct vpn_engine *e, const struct vpn_remote *r, bool set)
{
	struct dm_rec rec = {
		.type = set ? DM_REC_MAC_SET : DM_REC_MAC_DEL,
		.mac = {
			.ifindex = r->inst->asked_ifindex,
			.vni = r->inst->vni,
			.mac = r->addr,
			.nbma = r->nbma,
			.remote_vni = r->vni,
		},
	};

	vpn_program(e, &rec);
}

void vpn_shortcut_leave_path(struct vpn_engine *e, struct vpn_remote *r)
{
	if (r->probe)
		vpn_probe_drop(e, r->probe);
	r->probe = NULL;
}

/* A path is stated before the entry that leads over it, and ends behind it. */
void vpn_shortcut_program(struct vpn_engine *e, struct vpn_remote *r, bool set)
{
	bool probing = r->inst->dev->probe_interval;
	struct vpn_probe *before = r->probe;

	r->probe = set && probing ? vpn_probe_hold(e, r->inst, &r->nbma, r->vni) : NULL;
	state_entry(e, r, set && (r->probe || !probing));
	if (before)
		vpn_probe_drop(e, before);
}

void vpn_shortcut_paths_changed(struct vpn_engine *e, struct vpn_instance *inst)
{
	bool probing = inst->dev->probe_interval;
	struct vpn_remote *r;

	frr_each (vpn_remotes, &inst->remotes.macs, r)
		if (r->state == VPN_REMOTE_ACTIVE && !r->probe == probing)
			vpn_shortcut_program(e, r, true);
}

bool vpn_shortcut_in_kernel(const struct vpn_remote *r)
{
	if (r->state != VPN_REMOTE_ACTIVE)
		return false;
	return r->probe ? r->probe->state == VPN_PROBE_UP : !r->inst->dev->probe_interval;
}

size_t vpn_shortcut_num_active(struct vpn_instance *inst)
{
	struct vpn_remote *r;
	size_t n = 0;

	frr_each (vpn_remotes, &inst->remotes.macs, r)
		n += vpn_shortcut_in_kernel(r);
	return n;
}

bool vpn_shortcut_any_active(struct vpn_instance *inst)
{
	struct vpn_remote *r;

	frr_each (vpn_remotes, &inst->remotes.macs, r)
		if (r->state == VPN_REMOTE_ACTIVE)
			return true;
	return false;
}

/* --- the redirect --- */

/* Destination and source MAC of the frame that an indication carries. */
static bool read_frame(const struct nhrp_msg *m, struct dm_addr *dst, struct dm_addr *src)
{
	struct dm_reader r = m->body;
	const uint8_t *addrs = dm_get_octets(&r, ETH_ADDRS_LEN);

	return addrs && dm_addr_set(dst, DM_MAC, addrs, 6) && dm_addr_set(src, DM_MAC, addrs + 6, 6) &&
	       dm_addr_is_station(dst);
}

/* Its path is not up: the hub redirects for as long as that is so, and asking would change nothing. */
static void note_redirect(struct vpn_engine *e, struct vpn_remote *r)
{
	r->redirected = true;
	if (!r->probe) /* there were too many */
		vpn_shortcut_program(e, r, true);
}

static bool needs_asking(struct vpn_engine *e, const struct vpn_remote *r)
{
	if (r->waiting || r->state == VPN_REMOTE_NEGATIVE)
		return false;
	/* frames that were on their way when the shortcut went in */
	return vpn_now(e) - r->renewed >= VPN_REASK_MS;
}

void vpn_shortcut_indication(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			     const struct nhrp_msg *m)
{
	struct vpn_hub *hub = vpn_spoke_hub(inst, from);
	struct dm_addr dst, src;
	struct vpn_remote *r;
	char text[DM_ADDR_STRLEN];

	if (!hub || !hub->registered) {
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_HUB);
		return;
	}
	if (!read_frame(m, &dst, &src)) {
		vpn_refuse(e, from, m, VPN_REFUSED_CONTENT);
		return;
	}
	vpn_log(e, VPN_LOG_DEBUG, "redirect for %s", dm_addr_str(&dst, text));
	r = vpn_remote_find(inst, &dst);
	if (!r)
		vpn_remote_want(e, inst, &dst);
	else if (r->state == VPN_REMOTE_ACTIVE && !vpn_shortcut_in_kernel(r))
		note_redirect(e, r);
	else if (needs_asking(e, r))
		vpn_remote_ask(e, r);
}

/* --- in use? --- */

void vpn_shortcut_look(struct vpn_engine *e, struct vpn_remote *r)
{
	struct dm_rec rec = {
		.type = DM_REC_USED_QUERY,
		.used = { .ifindex = r->inst->asked_ifindex, .vni = r->inst->vni, .mac = r->addr },
	};

	if (r->redirected && !r->waiting) {
		vpn_remote_ask(e, r);
		return;
	}
	vpn_program(e, &rec);
	vpn_remote_look_again(e, r);
}

void vpn_shortcut_used(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_used *u)
{
	struct vpn_remote *r = u->mac.family == DM_MAC ? vpn_remote_find(inst, &u->mac) : NULL;

	if (!r || r->state != VPN_REMOTE_ACTIVE)
		return;
	if (!u->found) {
		/*
		 * the device is down, or somebody took it out of the kernel: the hub's way until the next redirect. The
		 * module would make it again, for nobody who could take it back
		 */
		vpn_remote_forget(e, r, true);
		return;
	}
	r->used = u->idle_ms + 1000 < vpn_now(e) - r->renewed;
	if (r->used && !r->waiting)
		vpn_remote_ask(e, r);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking into the engine: one walk an object type, each filling a view that
 * show commands print as text or JSON and that tests assert on. Reads only.
 */
#include <config.h>

#include <stdio.h>

#include "nhrpd/vpn_core.h"

static uint32_t seconds_left(struct vpn_engine *e, const struct vpn_timer *t)
{
	return (uint32_t)((vpn_timer_left(e, t) + 999) / 1000);
}

static uint32_t seconds_since(struct vpn_engine *e, uint64_t then)
{
	return (uint32_t)((vpn_now(e) - then) / 1000);
}

const char *vpn_state_name(enum vpn_state s)
{
	switch (s) {
	case VPN_INACTIVE:
		return "inactive";
	case VPN_REGISTERING:
		return "registering";
	case VPN_UP:
		return "up";
	}
	return "unknown";
}

const char *vpn_role_name(enum dm_role role)
{
	switch (role) {
	case DM_ROLE_NONE:
		return "none";
	case DM_ROLE_SPOKE:
		return "spoke";
	case DM_ROLE_HUB:
		return "hub";
	}
	return "unknown";
}

static void view_channel(struct vpn_engine *e, const struct vpn_channel *ch, struct vpn_hub_view *v)
{
	v->channel_vpns = vpn_channel_hubs_count(&ch->up) + vpn_channel_hubs_count(&ch->down);
	v->keepalive = ch->interval;
	v->keepalives_sent = ch->num_sent;
	v->keepalives_missed = ch->num_missed;
	v->silent = ch->silent;
	v->silent_for = ch->silent ? seconds_since(e, ch->heard) : 0;
	v->batches = !ch->no_batches;
}

static void view_hubs(struct vpn_engine *e, struct vpn_instance *inst, struct vpn_instance_view *v)
{
	for (size_t i = 0; i < VPN_SERVERS_MAX; i++) {
		struct vpn_hub *hub = &inst->hubs[i];

		if (!hub->used)
			continue;
		v->hubs[v->num_hubs++] = (struct vpn_hub_view){
			.proto = hub->proto,
			.transport = hub->path.nbma,
			.nbma = hub->nbma,
			.mac = hub->mac,
			.vni = hub->vni,
			.registered = hub->registered,
			.active = hub == inst->active,
			.vpn_aware = !vpn_plain_wanted(e, &hub->path, &inst->vpn),
			.refused = hub->refused,
			.expires_in = seconds_left(e, &hub->expiry),
		};
		if (hub->channel)
			view_channel(e, hub->channel, &v->hubs[v->num_hubs - 1]);
	}
}

/* Why a spoke is not registered, as far as its hubs have said. */
static const char *unregistered(const struct vpn_instance_view *v)
{
	static char text[DM_REASON_LEN];
	char hub[DM_ADDR_STRLEN];

	for (size_t i = 0; i < v->num_hubs; i++) {
		const struct vpn_hub_view *h = &v->hubs[i];

		if (!h->refused)
			continue;
		snprintf(text, sizeof(text), "%s refuses the registration: %s", dm_addr_str(&h->transport, hub),
			 nhrp_code_name(h->refused));
		return text;
	}
	return v->num_hubs ? "no next hop server has answered yet" : "the controller has no next hop server";
}

static size_t num_neighs(struct vpn_instance *inst)
{
	struct vpn_remote *r;
	size_t n = vpn_bindings_count(&inst->bindings.ips);

	frr_each (vpn_remotes, &inst->remotes.ips, r)
		n += r->state == VPN_REMOTE_ACTIVE;
	return n;
}

static void view_instance(struct vpn_engine *e, struct vpn_instance *inst, struct vpn_instance_view *v)
{
	*v = (struct vpn_instance_view){
		.ifname = inst->dev->name,
		.vpn = inst->vpn,
		.role = inst->role,
		.layer3 = inst->layer3,
		.role_name = vpn_instance_role_name(inst),
		.state = vpn_instance_shown_state(inst),
		.reason = inst->reason,
		.controller = inst->dev->controller,
		.authentication = vpn_auth_kind(e, inst),
		.key_chain = inst->dev->key_chain,
		.vni = inst->vni,
		.vlan = inst->role == DM_ROLE_HUB ? inst->vlan : 0,
		.nbma = inst->nbma,
		.holdtime = inst->dev->holdtime,
		.ageing_time = inst->dev->ageing_time,
		.keepalive = inst->dev->keepalive,
		.graceful_restart = inst->dev->graceful_restart,
		.num_members = vpn_members_count(&inst->members),
		.num_macs = vpn_bindings_count(&inst->bindings.macs),
		.num_shortcuts = vpn_shortcut_num_active(inst),
		.num_local_macs = vpn_locals_count(&inst->locals.of[DM_MAC].all),
		.num_neighs = num_neighs(inst),
		.probe_interval = inst->dev->probe_interval,
		.probe_misses = inst->dev->probe_misses,
		.arp_suppress = inst->dev->arp_suppress,
		.arp_suppress_state = vpn_neigh_state_name(inst),
		.arp_suppress_reason = vpn_neigh_reason(inst),
	};
	if (inst->link)
		v->mac = inst->link->link.mac;
	view_hubs(e, inst, v);
	if (v->state == VPN_REGISTERING && !v->reason[0])
		v->reason = unregistered(v);
}

void vpn_engine_each_instance(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_instance_view *v), void *arg)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;
	struct vpn_instance_view v;

	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst) {
			view_instance(e, inst, &v);
			fn(arg, &v);
		}
}

static void each_member(struct vpn_engine *e, struct vpn_instance *inst,
			void (*fn)(void *arg, const struct vpn_member_view *v), void *arg)
{
	struct vpn_member *m;

	frr_each (vpn_members, &inst->members, m) {
		struct vpn_member_view v = {
			.ifname = inst->dev->name,
			.vpn = inst->vpn,
			.nbma = m->nbma,
			.mac = m->mac,
			.transport = m->path.nbma,
			.vni = m->vni,
			.holdtime = m->holdtime,
			.expires_in = seconds_left(e, &m->expiry),
			.uptime = seconds_since(e, m->since),
			.num_macs = vpn_member_bindings_count(&m->macs),
			.vpn_aware = !vpn_plain_wanted(e, &m->path, &inst->vpn),
		};
		fn(arg, &v);
	}
}

void vpn_engine_each_member(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_member_view *v), void *arg)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;

	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst)
			each_member(e, inst, fn, arg);
}

static void each_learned(struct vpn_engine *e, struct vpn_instance *inst,
			 void (*fn)(void *arg, const struct vpn_mac_view *v), void *arg)
{
	struct vpn_binding *mac;

	frr_each (vpn_bindings, &inst->bindings.macs, mac) {
		struct vpn_mac_view v = {
			.ifname = inst->dev->name,
			.vpn = inst->vpn,
			.mac = mac->addr,
			.nbma = mac->member->nbma,
			.vni = mac->member->vni,
			.type = "learned",
			.duplicate = vpn_duplicate_is_held(mac),
			.move = mac->number,
			.path = "",
			.uptime = seconds_since(e, mac->since),
		};
		fn(arg, &v);
	}
}

static const char *path_of(const struct vpn_remote *r)
{
	return r->probe ? vpn_probe_state_name(r->probe->state) : "unprobed";
}

static void each_shortcut(struct vpn_engine *e, struct vpn_instance *inst,
			  void (*fn)(void *arg, const struct vpn_mac_view *v), void *arg)
{
	static const char *const types[] = {
		[VPN_REMOTE_RESOLVING] = "resolving",
		[VPN_REMOTE_ACTIVE] = "shortcut",
		[VPN_REMOTE_NEGATIVE] = "negative",
	};
	struct vpn_remote *s;

	frr_each (vpn_remotes, &inst->remotes.macs, s) {
		struct vpn_mac_view v = {
			.ifname = inst->dev->name,
			.vpn = inst->vpn,
			.mac = s->addr,
			.nbma = s->nbma,
			.vni = s->vni,
			.type = types[s->state],
			.path = s->state == VPN_REMOTE_ACTIVE ? path_of(s) : "",
			.installed = vpn_shortcut_in_kernel(s),
			.has_expiry = s->expiry.armed,
			.used = s->used,
			.expires_in = seconds_left(e, &s->expiry),
			.uptime = seconds_since(e, s->since),
		};
		fn(arg, &v);
	}
}

void vpn_engine_each_mac(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_mac_view *v), void *arg)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;

	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst) {
			each_learned(e, inst, fn, arg);
			each_shortcut(e, inst, fn, arg);
		}
}

static void each_path(struct vpn_engine *e, struct vpn_instance *inst,
		      void (*fn)(void *arg, const struct vpn_path_view *v), void *arg)
{
	struct vpn_probe *p;

	frr_each (vpn_probes, &inst->probes, p) {
		struct vpn_path_view v = {
			.ifname = inst->dev->name,
			.vpn = inst->vpn,
			.nbma = p->nbma,
			.vni = p->vni,
			.state = vpn_probe_state_name(p->state),
			.uptime = seconds_since(e, p->since),
			.rtt_us = p->rtt_us,
			.num_macs = p->holders,
		};
		fn(arg, &v);
	}
}

void vpn_engine_each_path(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_path_view *v), void *arg)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;

	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst)
			each_path(e, inst, fn, arg);
}

static void each_registered_ip(struct vpn_engine *e, struct vpn_instance *inst,
			       void (*fn)(void *arg, const struct vpn_neigh_view *v), void *arg)
{
	struct vpn_binding *b;

	frr_each (vpn_bindings, &inst->bindings.ips, b) {
		const struct vpn_member *home = vpn_binding_home(b);
		struct vpn_neigh_view v = {
			.ifname = inst->dev->name,
			.vpn = inst->vpn,
			.ip = b->addr,
			.mac = b->mac,
			.nbma = home->nbma,
			.vni = home->vni,
			.type = "registered",
			.has_expiry = true,
			.expires_in = seconds_left(e, &b->member->expiry),
		};
		fn(arg, &v);
	}
}

static void each_local_ip(struct vpn_instance *inst, enum dm_family family,
			  void (*fn)(void *arg, const struct vpn_neigh_view *v), void *arg)
{
	struct vpn_local *l;

	frr_each (vpn_locals, &inst->locals.of[family].all, l) {
		struct vpn_neigh_view v = {
			.ifname = inst->dev->name,
			.vpn = inst->vpn,
			.ip = l->addr,
			.mac = l->mac,
			.type = "local",
			.is_local = true,
			.told = !l->in && !l->theirs,
		};
		if (!l->gone)
			fn(arg, &v);
	}
}

static void each_remote_ip(struct vpn_engine *e, struct vpn_instance *inst,
			   void (*fn)(void *arg, const struct vpn_neigh_view *v), void *arg)
{
	static const char *const types[] = {
		[VPN_REMOTE_RESOLVING] = "resolving",
		[VPN_REMOTE_ACTIVE] = "remote",
		[VPN_REMOTE_NEGATIVE] = "negative",
	};
	struct vpn_remote *r;

	frr_each (vpn_remotes, &inst->remotes.ips, r) {
		struct vpn_neigh_view v = {
			.ifname = inst->dev->name,
			.vpn = inst->vpn,
			.ip = r->addr,
			.mac = r->mac,
			.nbma = r->nbma,
			.vni = r->vni,
			.type = types[r->state],
			.has_expiry = r->expiry.armed,
			.expires_in = seconds_left(e, &r->expiry),
		};
		fn(arg, &v);
	}
}

void vpn_engine_each_neigh(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_neigh_view *v), void *arg)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;

	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst) {
			each_registered_ip(e, inst, fn, arg);
			each_local_ip(inst, DM_IPV4, fn, arg);
			each_local_ip(inst, DM_IPV6, fn, arg);
			each_remote_ip(e, inst, fn, arg);
		}
}

void vpn_engine_each_plain(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_plain_view *v), void *arg)
{
	struct vpn_device *dev;

	frr_each (vpn_devices, &e->devices, dev) {
		struct vpn_plain_view v = { .ifname = dev->name, .vpn = dev->plain };

		if (!dev->has_plain)
			continue;
		v.reason = vpn_plain_obstacle(e, dev);
		if (!v.reason)
			v.reason = "";
		fn(arg, &v);
	}
}

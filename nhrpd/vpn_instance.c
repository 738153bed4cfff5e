// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices and instances: what the configuration wants, held against what the
 * node has, gives each instance its role and readiness, or the reason why not.
 *
 * Objects: device (by name), instance (by VPN-ID within the device; a VPN has one
 * device on a node, found by vpn_instance_of(); the module names it by ifindex and
 * VNI, vpn_instance_by_vni()).
 *
 * A GRE interface with a VPN is no device of ours: FRR's own code runs there, and
 * vpn_layer3.c keeps its messages in the VPN.
 *
 * judge() is the one place that decides. Two kinds of obstacle: a *hard* one means
 * that the instance is something else than it was, and it stops; a *passing* one (the
 * module away, a link down, the controller gone) is only shown, and all the instance
 * holds stays for when it is over.
 */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_layer3.h"
#include "nhrpd/vpn_leave.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_DEVICE, "VPN device");
DEFINE_MTYPE_STATIC(VPNENGINE, VPN_INSTANCE, "VPN instance");

#define VLAN_MAX 4094

/* A device carries one VPN unless it is a hub's; the others wait for the place of the first. */
static bool carries_many(const struct vpn_instance *inst)
{
	return inst->link && inst->link->link.flags & DM_LINK_VNIFILTER;
}

/* --- devices --- */

struct vpn_device *vpn_device_find(struct vpn_engine *e, const char *name)
{
	struct vpn_device ref;

	snprintf(ref.name, sizeof(ref.name), "%s", name);
	return vpn_devices_find(&e->devices, &ref);
}

struct vpn_device *vpn_device_get(struct vpn_engine *e, const char *name)
{
	struct vpn_device *dev = vpn_device_find(e, name);

	if (dev)
		return dev;
	dev = XCALLOC(MTYPE_VPN_DEVICE, sizeof(*dev));
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	dev->holdtime = VPN_DEFAULT_HOLDTIME;
	dev->keepalive = VPN_KEEPALIVE_DEFAULT;
	dev->ageing_time = VPN_DEFAULT_AGEING;
	dev->probe_interval = VPN_DEFAULT_PROBE_MS;
	dev->probe_misses = VPN_DEFAULT_PROBE_MISSES;
	vpn_ageing_init(dev);
	dev->duplicate = vpn_duplicate_default();
	vpn_instances_init(&dev->instances);
	vpn_devices_add(&e->devices, dev);
	return dev;
}

void vpn_device_trim(struct vpn_engine *e, struct vpn_device *dev)
{
	if (vpn_instances_count(&dev->instances) || dev->controller[0] || dev->role != VPN_ROLE_AUTO ||
	    dev->holdtime != VPN_DEFAULT_HOLDTIME || dev->keepalive != VPN_KEEPALIVE_DEFAULT ||
	    dev->probe_interval != VPN_DEFAULT_PROBE_MS || dev->probe_misses != VPN_DEFAULT_PROBE_MISSES ||
	    dev->ageing_time != VPN_DEFAULT_AGEING || dev->graceful_restart || dev->key_chain[0] || dev->arp_suppress ||
	    dev->has_plain || !vpn_duplicate_is_default(&dev->duplicate))
		return;
	vpn_devices_del(&e->devices, dev);
	vpn_ageing_fini(e, dev);
	vpn_instances_fini(&dev->instances);
	XFREE(MTYPE_VPN_DEVICE, dev);
}

/* --- instances: life --- */

static void index_take(struct vpn_engine *e, struct vpn_instance *inst)
{
	if (!inst->indexed && !vpn_index_add(&e->index, inst))
		inst->indexed = true;
}

/* The module knows the instance by this; VNI 0 takes the name away. */
static void name_by_vni(struct vpn_engine *e, struct vpn_instance *inst, uint32_t ifindex, uint32_t vni)
{
	if (inst->vni_known)
		vpn_vnis_del(&e->vnis, inst);
	inst->asked_ifindex = ifindex;
	inst->vni = vni;
	inst->vni_known = vni && !vpn_vnis_add(&e->vnis, inst);
}

struct vpn_instance *vpn_instance_get(struct vpn_engine *e, struct vpn_device *dev, struct vpn_id vpn)
{
	struct vpn_instance ref = { .vpn = vpn };
	struct vpn_instance *inst = vpn_instances_find(&dev->instances, &ref);

	if (inst)
		return inst;
	inst = XCALLOC(MTYPE_VPN_INSTANCE, sizeof(*inst));
	inst->dev = dev;
	inst->vpn = vpn;
	vpn_adopt_init(inst);
	vpn_remote_init(&inst->remotes);
	vpn_probes_init(&inst->probes);
	vpn_local_init(inst);
	vpn_hearing_init(inst);
	vpn_neigh_init(inst);
	vpn_members_init(&inst->members);
	vpn_binding_init(&inst->bindings);
	vpn_purges_init(&inst->purges);
	vpn_transit_init(inst);
	vpn_instances_add(&dev->instances, inst);
	index_take(e, inst);
	inst->changed = true;
	return inst;
}

struct vpn_instance *vpn_instance_of(struct vpn_engine *e, const struct vpn_id *vpn)
{
	struct vpn_instance ref = { .vpn = *vpn };

	return vpn_index_find(&e->index, &ref);
}

struct vpn_instance *vpn_instance_by_vni(struct vpn_engine *e, uint32_t ifindex, uint32_t vni)
{
	struct vpn_instance ref = { .asked_ifindex = ifindex, .vni = vni };

	return vpn_vnis_find(&e->vnis, &ref);
}

/* The module knows the instance by (asked_ifindex, vlan) from now on, or not any more. */
static void set_asked(struct vpn_engine *e, struct vpn_instance *inst, bool asked)
{
	if (inst->asked)
		vpn_places_del(&e->places, inst);
	inst->asked = asked && !vpn_places_add(&e->places, inst);
}

/* Takes the module's word and ours back, but not what the instance holds. */
static void withdraw(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct dm_rec rec = {
		.type = DM_REC_INSTANCE_DEL,
		.instance = { .ifindex = inst->asked_ifindex, .vlan = inst->vlan, .role = inst->role, .vpn = inst->vpn },
	};

	if (inst->asked)
		vpn_program(e, &rec);
	set_asked(e, inst, false);
	inst->ready = inst->told = false;
	inst->not_ready[0] = '\0';
}

/* Ends whatever runs in the instance; PROGRAM takes it out of the kernel too. */
static void stop(struct vpn_engine *e, struct vpn_instance *inst, bool program)
{
	if (program)
		vpn_leave_at_once(e, inst);
	vpn_hearing_stop(e, inst);
	vpn_local_clear(e, inst);
	vpn_remote_clear(e, inst, program);
	vpn_neigh_stop(e, inst, program);
	vpn_adopt_drop_hub(e, inst);
	vpn_spoke_stop(e, inst);
	vpn_member_clear(e, inst, program);
	vpn_transit_clear(e, inst);
	if (program)
		withdraw(e, inst);
	set_asked(e, inst, false);
	name_by_vni(e, inst, 0, 0);
	vpn_end_forget(inst);
	inst->role = DM_ROLE_NONE;
}

void vpn_instance_del(struct vpn_engine *e, struct vpn_instance *inst, bool program)
{
	stop(e, inst, program);
	if (inst->indexed)
		vpn_index_del(&e->index, inst);
	vpn_instances_del(&inst->dev->instances, inst);
	vpn_remote_fini(&inst->remotes);
	vpn_probes_fini(&inst->probes);
	vpn_local_fini(inst);
	vpn_members_fini(&inst->members);
	vpn_binding_fini(&inst->bindings);
	vpn_purges_fini(&inst->purges);
	vpn_transit_fini(inst);
	XFREE(MTYPE_VPN_INSTANCE, inst);
}

void vpn_instance_unask(struct vpn_engine *e, struct vpn_instance *inst)
{
	set_asked(e, inst, false);
	inst->told = false;
	vpn_hearing_unknown(e, inst);
	vpn_local_mark(inst, false); /* a new module cannot say "gone" of what the former one told */
	vpn_neigh_unask(e, inst);
}

/* --- the decision --- */

/* What the instance should be, as derived from everything we know. */
struct verdict {
	enum dm_role role; /* what the device makes of it; as before while that is not known */
	uint16_t vlan;
	uint32_t ifindex; /* 0 while there is no device */
	bool up;	  /* the device is there and up */
	bool hard;	  /* it cannot be what it was */
	bool layer3;	  /* the device is a GRE interface */
	struct dm_addr nbma;
	struct vpn_path local;
	char reason[DM_REASON_LEN]; /* "" when nothing stands in the way */
};

static bool obstacle(struct verdict *v, bool hard, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static bool obstacle(struct verdict *v, bool hard, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->reason, sizeof(v->reason), fmt, ap);
	va_end(ap);
	v->hard = hard;
	return false;
}

static bool judge_index(struct vpn_engine *e, const struct vpn_instance *inst, struct verdict *v)
{
	struct vpn_instance *other;

	if (inst->indexed)
		return true;
	other = vpn_instance_of(e, &inst->vpn);
	return obstacle(v, true, "VPN is already on %s", other ? other->dev->name : "another interface");
}

static bool judge_module(struct vpn_engine *e, const struct vpn_instance *inst, struct verdict *v)
{
	if (!e->dataplane)
		return obstacle(v, false, "%s", e->dataplane_reason);
	if (!e->synced)
		return obstacle(v, false, "waiting for the zebra module's devices");
	return judge_index(e, inst, v);
}

static uint32_t wanted_vlan(const struct vpn_instance *inst)
{
	return inst->vlan_config ? inst->vlan_config : inst->vpn.index;
}

static bool judge_vlan(const struct vpn_instance *inst, struct verdict *v)
{
	uint32_t vlan = wanted_vlan(inst);

	if (vlan > VLAN_MAX)
		return obstacle(v, true, "VPN index %u is no VLAN: give one with vlan", inst->vpn.index);
	v->vlan = (uint16_t)vlan;
	if (inst->clash)
		return obstacle(v, true, "VLAN %u of %s belongs to another VPN", vlan, inst->dev->name);
	return true;
}

/* The device decides the role; the configuration may insist on one. */
static bool judge_role(const struct vpn_instance *inst, const struct dm_link *l, struct verdict *v)
{
	enum vpn_config_role want = inst->dev->role;
	const char *name = inst->dev->name;

	v->vlan = 0;
	if (!(l->flags & DM_LINK_EXTERNAL))
		v->role = DM_ROLE_SPOKE;
	else if (l->flags & DM_LINK_VNIFILTER)
		v->role = DM_ROLE_HUB;
	else
		return obstacle(v, true, "%s is external but not vnifilter", name);
	if (want == VPN_ROLE_HUB && v->role != DM_ROLE_HUB)
		return obstacle(v, true, "role hub needs %s to be external vnifilter", name);
	if (want == VPN_ROLE_SPOKE && v->role != DM_ROLE_SPOKE)
		return obstacle(v, true, "role spoke needs %s to have a VNI of its own", name);
	if (v->role == DM_ROLE_HUB)
		return judge_vlan(inst, v);
	if (inst != vpn_instances_const_first(&inst->dev->instances))
		return obstacle(v, true, "%s has one VNI and serves the first VPN on it only", name);
	return true;
}

static bool judge_controller(struct vpn_engine *e, const struct vpn_instance *inst, struct verdict *v)
{
	const char *name = inst->dev->controller;
	struct vpn_ctl *ctl;

	if (!name[0])
		return obstacle(v, true, "no controller is configured on %s", inst->dev->name);
	ctl = vpn_ctl_by_name(e, name);
	if (!ctl)
		return obstacle(v, false, "controller %s does not exist", name);
	if (!ctl->c.up)
		return obstacle(v, false, "controller %s %s", name, ctl->c.reason);
	v->local = (struct vpn_path){ .ifindex = ctl->c.ifindex, .nbma = ctl->c.nbma };
	return true;
}

/* FRR's own code runs there; ours is to keep its messages in the VPN, for which no module is needed. */
static void judge_layer3(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_controller *c,
			 struct verdict *v)
{
	const char *word = vpn_layer3_misplaced(inst);

	v->layer3 = true;
	v->role = DM_ROLE_NONE;
	v->vlan = 0;
	v->nbma = c->nbma;
	if (!judge_index(e, inst, v))
		return;
	if (inst != vpn_instances_const_first(&inst->dev->instances))
		obstacle(v, true, "%s is a GRE interface and serves the first VPN on it only", c->name);
	else if (word)
		obstacle(v, true, "%s is for VXLAN devices, and %s is a GRE interface", word, c->name);
	else if (!c->up)
		obstacle(v, false, "%s %s", c->name, c->reason);
}

static void judge(struct vpn_engine *e, const struct vpn_instance *inst, struct verdict *v)
{
	const char *name = inst->dev->name;
	const struct dm_link *l = inst->link ? &inst->link->link : NULL;
	const struct vpn_ctl *gre = vpn_ctl_by_name(e, name);

	*v = (struct verdict){ .role = inst->role, .vlan = inst->vlan };
	if (gre && gre->c.gre) {
		judge_layer3(e, inst, &gre->c, v);
		return;
	}
	if (!judge_module(e, inst, v))
		return;
	if (!l) { /* a hub's members are still there when the device is made again; a spoke's VNI may be another then */
		obstacle(v, inst->role != DM_ROLE_HUB, "%s does not exist or is neither VXLAN nor GRE", name);
		return;
	}
	v->ifindex = l->ifindex;
	v->up = l->flags & DM_LINK_UP;
	if (inst->dev->has_plain) {
		obstacle(v, true, "plain-messages is for GRE interfaces, and %s is a VXLAN device", name);
		return;
	}
	if (!judge_role(inst, l, v) || !judge_controller(e, inst, v))
		return;
	v->nbma = dm_addr_is_set(&l->local) && !dm_addr_is_zero(&l->local) ? l->local : v->local.nbma;
	if (!v->up)
		obstacle(v, false, "%s is down", name);
	else if (vpn_auth_obstacle(e, inst))
		obstacle(v, false, "%s", vpn_auth_obstacle(e, inst));
}

/* --- what follows from it --- */

static void ask(struct vpn_engine *e, struct vpn_instance *inst, const struct verdict *v)
{
	struct dm_rec rec = {
		.type = DM_REC_INSTANCE_SET,
		.instance = { .ifindex = v->ifindex, .vlan = v->vlan, .role = v->role, .vpn = inst->vpn },
	};

	if (inst->asked)
		withdraw(e, inst); /* the device was made again */
	name_by_vni(e, inst, v->ifindex, inst->vni);
	set_asked(e, inst, true);
	inst->told = inst->ready = inst->answered = false;
	vpn_program(e, &rec);
}

/* The same role with other addresses: who knows others is told, once the instance is ready by them (vpn_end.c). */
static void take_addresses(struct vpn_engine *e, struct vpn_instance *inst, const struct verdict *v)
{
	bool moved = !vpn_path_same(&inst->local, &v->local);

	inst->nbma = v->nbma;
	inst->local = v->local;
	if (moved && inst->role == DM_ROLE_SPOKE)
		vpn_spoke_register_now(e, inst);
}

static void restate(struct vpn_engine *e, struct vpn_instance *inst)
{
	inst->told = true;
	if (inst->role == DM_ROLE_SPOKE) {
		vpn_spoke_restate(e, inst);
		vpn_neigh_restate(e, inst);
		vpn_probe_restate(e, inst);
		vpn_remote_restate(e, inst);
	} else {
		vpn_member_restate(e, inst);
	}
}

/* Keeps the reason for show commands, and logs when it is another one than before. */
static void give_reason(struct vpn_engine *e, struct vpn_instance *inst, const char *reason)
{
	const char *role = vpn_instance_role_name(inst);
	char id[VPN_ID_STRLEN];

	if (!strcmp(inst->reason, reason) && inst->said_role == role)
		return;
	snprintf(inst->reason, sizeof(inst->reason), "%s", reason);
	inst->said_role = role;
	vpn_log(e, VPN_LOG_INFO, "VPN %s on %s: %s%s", vpn_id_str(&inst->vpn, id), inst->dev->name,
		reason[0] ? "inactive: " : role, reason);
}

static void start_layer3(struct vpn_engine *e, struct vpn_instance *inst, const struct verdict *v)
{
	inst->layer3 = true;
	inst->blocked = v->hard;
	inst->nbma = v->nbma;
	give_reason(e, inst, v->reason);
}

static void start(struct vpn_engine *e, struct vpn_instance *inst, const struct verdict *v)
{
	bool clear = !v->reason[0];

	if (v->layer3) {
		start_layer3(e, inst, v);
		return;
	}
	inst->layer3 = inst->blocked = false;
	if (inst->role == DM_ROLE_NONE) {
		if (!clear) {
			give_reason(e, inst, v->reason);
			return;
		}
		inst->role = v->role;
		inst->life = vpn_life(e);
		inst->vlan = v->vlan;
	}
	if (v->ifindex && (!inst->asked || inst->asked_ifindex != v->ifindex))
		ask(e, inst, v);
	if (clear)
		take_addresses(e, inst, v);
	if (!v->up)
		inst->told = false; /* a device that goes down loses its FDB */
	else if (inst->ready && !inst->told)
		restate(e, inst);
	if (!clear)
		give_reason(e, inst, v->reason);
	else if (!inst->ready)
		give_reason(e, inst, inst->not_ready[0] ? inst->not_ready : "waiting for the zebra module");
	else
		give_reason(e, inst, "");
	if (clear && inst->ready)
		vpn_end_look(e, inst);
	if (clear && inst->ready && inst->role == DM_ROLE_SPOKE)
		vpn_spoke_servers(e, inst, &vpn_ctl_by_name(e, inst->dev->controller)->c);
}

/* --- who is looked at --- */

/* VLANs of one device that an instance before this one has taken. */
struct vlans {
	uint8_t taken[VLAN_MAX / 8 + 1];
};

/* Returns false when an instance before this one has its VLAN. */
static bool take_vlan(const struct vpn_instance *inst, struct vlans *vlans)
{
	uint32_t vlan = wanted_vlan(inst);
	bool clash;

	if (!inst->indexed || vlan > VLAN_MAX)
		return true;
	clash = vlans->taken[vlan / 8] & 1 << vlan % 8;
	vlans->taken[vlan / 8] |= (uint8_t)(1 << vlan % 8);
	return !clash;
}

/*
 * One walk over a device gathers in DUE those that something concerns. It is done for each VPN that
 * comes or goes, among thousands that it does not concern: so what is decided about an instance waits
 * until it is gathered.
 */
static void gather(struct vpn_engine *e, struct vpn_device *dev, struct vpn_due_head *due)
{
	struct vpn_link *link = vpn_link_by_name(e, dev->name);
	struct vpn_instance *inst;
	struct vlans vlans = { 0 };
	bool all = dev->changed, clash;

	dev->changed = false;
	frr_each (vpn_instances, &dev->instances, inst) {
		inst->link = link; /* of those that leave, too: the former one is about to be freed */
		if (inst->leaving)
			continue;
		if (!inst->indexed) {
			index_take(e, inst);
			inst->changed |= inst->indexed;
		}
		clash = !take_vlan(inst, &vlans);
		if (all || inst->changed || inst->clash != clash || !carries_many(inst))
			vpn_due_add_tail(due, inst);
		inst->clash = clash;
		inst->changed = false;
	}
}

static void stop_if_must(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct verdict v;

	judge(e, inst, &v);
	if (inst->role != DM_ROLE_NONE &&
	    (v.hard || inst->role != v.role || inst->vlan != v.vlan || vpn_end_uprooted(inst)))
		stop(e, inst, true);
}

static void start_if_can(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct verdict v;

	judge(e, inst, &v);
	start(e, inst, &v);
}

/* All stops come before all starts: what one gives up another may be about to take. */
static void look_at(struct vpn_engine *e, struct vpn_due_head *due)
{
	struct vpn_instance *inst;

	frr_each (vpn_due, due, inst)
		stop_if_must(e, inst);
	while ((inst = vpn_due_pop(due)))
		start_if_can(e, inst);
	vpn_due_fini(due);
}

void vpn_device_update(struct vpn_engine *e, struct vpn_device *dev)
{
	struct vpn_due_head due;

	vpn_due_init(&due);
	dev->changed = true;
	gather(e, dev, &due);
	look_at(e, &due);
	vpn_layer3_update(e, dev);
}

void vpn_update_changed(struct vpn_engine *e)
{
	struct vpn_device *dev;
	struct vpn_due_head due;

	vpn_due_init(&due);
	frr_each (vpn_devices, &e->devices, dev)
		gather(e, dev, &due);
	look_at(e, &due);
	frr_each (vpn_devices, &e->devices, dev)
		vpn_layer3_update(e, dev);
}

void vpn_update_all(struct vpn_engine *e)
{
	struct vpn_device *dev;

	frr_each (vpn_devices, &e->devices, dev)
		dev->changed = true;
	vpn_update_changed(e);
}

const char *vpn_instance_role_name(const struct vpn_instance *inst)
{
	return inst->layer3 ? "l3" : vpn_role_name(inst->role);
}

enum vpn_state vpn_instance_shown_state(const struct vpn_instance *inst)
{
	if (inst->layer3)
		return inst->reason[0] ? VPN_INACTIVE : VPN_UP;
	if (inst->reason[0] || inst->role == DM_ROLE_NONE)
		return VPN_INACTIVE;
	if (inst->role == DM_ROLE_HUB || inst->active)
		return VPN_UP;
	return VPN_REGISTERING;
}

/* --- the module's word --- */

void vpn_instance_state(struct vpn_engine *e, const struct dm_instance_state *s)
{
	struct vpn_instance ref = { .asked_ifindex = s->ifindex, .vlan = s->vlan };
	struct vpn_instance *inst = vpn_places_find(&e->places, &ref);

	if (!inst || inst->leaving || !inst->link || inst->link->link.ifindex != s->ifindex)
		return;
	if (s->vni && inst->vni != s->vni) {
		/* what lives in the kernel under the former VNI is void; a hub's members are stated anew */
		vpn_remote_clear(e, inst, true);
		name_by_vni(e, inst, s->ifindex, s->vni);
		inst->told = false;
		vpn_spoke_register_now(e, inst);
	}
	inst->answered = true;
	inst->ready = s->ready && s->vni;
	if (!inst->ready)
		inst->told = false;
	snprintf(inst->not_ready, sizeof(inst->not_ready), "%s", s->reason);
	/* the word on one VPN concerns no other */
	stop_if_must(e, inst);
	start_if_can(e, inst);
}

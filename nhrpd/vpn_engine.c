// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine itself: its life, the world it is given, configuration on its way
 * to the devices, and the conversation with the zebra module.
 *
 * Object: the engine (one a process). Called by the glue from the main pthread only.
 *
 * What it does not do: speak NHRP (vpn_spoke.c, vpn_remote.c, vpn_local.c, vpn_hub.c) or
 * decide what an instance is (vpn_instance.c).
 */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_hub.h"

DEFINE_MGROUP(VPNENGINE, "DMEVPN engine");
DEFINE_MTYPE_STATIC(VPNENGINE, VPN_ENGINE, "VPN engine");

/* --- the world --- */

uint64_t vpn_now(struct vpn_engine *e)
{
	return e->ops.now(e->ctx);
}

void vpn_log(struct vpn_engine *e, enum vpn_log level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (level == VPN_LOG_DEBUG && !e->debug)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	e->ops.log(e->ctx, level, line);
}

void vpn_log_gated(struct vpn_engine *e, enum vpn_gate kind, enum vpn_log level, const char *fmt, ...)
{
	uint64_t now = vpn_now(e);
	char line[512];
	va_list ap;

	if (e->gates[kind].logged && now - e->gates[kind].at < 1000) {
		e->gates[kind].suppressed++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (e->gates[kind].suppressed)
		vpn_log(e, level, "%s; %u more unlogged", line, e->gates[kind].suppressed);
	else
		vpn_log(e, level, "%s", line);
	e->gates[kind].logged = true;
	e->gates[kind].at = now;
	e->gates[kind].suppressed = 0;
}

void vpn_program(struct vpn_engine *e, const struct dm_rec *rec)
{
	if (e->dataplane)
		e->ops.program(e->ctx, rec);
}

uint64_t vpn_life(struct vpn_engine *e)
{
	uint64_t high = e->ops.random(e->ctx), life = high << 32 | e->ops.random(e->ctx);

	return life ? life : 1;
}

bool vpn_path_same(const struct vpn_path *a, const struct vpn_path *b)
{
	return a->ifindex == b->ifindex && dm_addr_same(&a->nbma, &b->nbma);
}

/* --- life --- */

/* Whether the module has said what becomes of each instance, and (READY) each of them runs. */
static bool is_answered(struct vpn_engine *e, bool ready)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;

	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst)
			if (inst->asked && !(ready ? inst->ready : inst->answered))
				return false;
	return true;
}

/*
 * What has not been restated by now is not wanted any more. An engine that has just started gives
 * configuration and members time to come back; one that was in step with a module before restates
 * all at once, and waits for the module's answers only.
 */
static void sync_over(struct vpn_engine *e, void *arg)
{
	struct dm_rec rec = { .type = DM_REC_SYNC_END };
	uint64_t since = vpn_now(e) - e->dumped;

	if (e->configuring) {
		vpn_timer_set(e, &e->sync, VPN_SYNC_RETRY_MS);
		return;
	}
	if (since < VPN_SYNC_GRACE_MS &&
	    !(e->seasoned && is_answered(e, since < VPN_SYNC_UNREADY_MS))) {
		vpn_timer_set(e, &e->sync, e->seasoned ? VPN_SYNC_LOOK_MS : VPN_SYNC_GRACE_MS - since);
		return;
	}
	e->seasoned = true;
	vpn_adopt_settle(e);
	vpn_program(e, &rec);
	vpn_log(e, VPN_LOG_DEBUG, "zebra module: synchronised");
}

struct vpn_engine *vpn_engine_new(const struct vpn_ops *ops, void *ctx, uint64_t epoch)
{
	struct vpn_engine *e = XCALLOC(MTYPE_VPN_ENGINE, sizeof(*e));

	e->ops = *ops;
	e->ctx = ctx;
	e->epoch = epoch;
	vpn_timers_init(&e->timers);
	vpn_devices_init(&e->devices);
	vpn_index_init(&e->index);
	vpn_vnis_init(&e->vnis);
	vpn_places_init(&e->places);
	vpn_links_init(&e->links);
	vpn_link_names_init(&e->link_names);
	vpn_ctls_init(&e->ctls);
	vpn_ctl_indexes_init(&e->ctl_indexes);
	vpn_channels_init(&e->channels);
	vpn_timer_init(&e->sync, sync_over, NULL);
	vpn_auth_init(e);
	vpn_plain_init(e);
	vpn_check_init(e);
	snprintf(e->dataplane_reason, sizeof(e->dataplane_reason), "zebra module zebra_dmevpn has not answered yet");
	return e;
}

void vpn_engine_free(struct vpn_engine *e)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;

	e->dataplane = false; /* nothing below may reach the kernel: what runs there goes on */
	vpn_check_fini(e);
	frr_each_safe (vpn_devices, &e->devices, dev) {
		while ((inst = vpn_instances_first(&dev->instances)))
			vpn_instance_del(e, inst, false);
		dev->controller[0] = '\0';
		dev->role = VPN_ROLE_AUTO;
		dev->holdtime = VPN_DEFAULT_HOLDTIME;
		dev->keepalive = VPN_KEEPALIVE_DEFAULT;
		dev->ageing_time = VPN_DEFAULT_AGEING;
		dev->probe_interval = VPN_DEFAULT_PROBE_MS;
		dev->probe_misses = VPN_DEFAULT_PROBE_MISSES;
		dev->key_chain[0] = '\0';
		dev->graceful_restart = false;
		dev->arp_suppress = false;
		dev->duplicate = vpn_duplicate_default();
		dev->has_plain = false;
		vpn_device_trim(e, dev);
	}
	vpn_link_clear(e);
	vpn_plain_fini(e);
	vpn_auth_fini(e);
	vpn_timer_stop(e, &e->sync);
	vpn_channels_fini(&e->channels);
	vpn_ctl_indexes_fini(&e->ctl_indexes);
	vpn_ctls_fini(&e->ctls);
	vpn_link_names_fini(&e->link_names);
	vpn_links_fini(&e->links);
	vpn_places_fini(&e->places);
	vpn_vnis_fini(&e->vnis);
	vpn_index_fini(&e->index);
	vpn_devices_fini(&e->devices);
	vpn_timers_fini(&e->timers);
	XFREE(MTYPE_VPN_ENGINE, e);
}

uint64_t vpn_engine_run(struct vpn_engine *e)
{
	return vpn_timers_run(e);
}

/* --- configuration --- */

/* The device of that name, of which a setting of all its VPNs changes. */
static struct vpn_device *changing(struct vpn_engine *e, const char *ifname)
{
	struct vpn_device *dev = vpn_device_get(e, ifname);

	dev->changed = true;
	return dev;
}

void vpn_engine_set_instance(struct vpn_engine *e, const char *ifname, struct vpn_id vpn, uint16_t vlan)
{
	struct vpn_instance *inst = vpn_instance_get(e, vpn_device_get(e, ifname), vpn);

	inst->changed |= inst->vlan_config != vlan;
	inst->vlan_config = vlan;
}

void vpn_engine_unset_instance(struct vpn_engine *e, const char *ifname, struct vpn_id vpn)
{
	struct vpn_device *dev = vpn_device_find(e, ifname);
	struct vpn_instance ref = { .vpn = vpn };
	struct vpn_instance *inst = dev ? vpn_instances_find(&dev->instances, &ref) : NULL;

	if (inst)
		vpn_instance_del(e, inst, true);
}

void vpn_engine_set_controller_name(struct vpn_engine *e, const char *ifname, const char *controller)
{
	struct vpn_device *dev = changing(e, ifname);

	snprintf(dev->controller, sizeof(dev->controller), "%s", controller ? controller : "");
}

void vpn_engine_set_role(struct vpn_engine *e, const char *ifname, enum vpn_config_role role)
{
	changing(e, ifname)->role = role;
}

void vpn_engine_set_holdtime(struct vpn_engine *e, const char *ifname, uint16_t seconds)
{
	struct vpn_device *dev = changing(e, ifname);
	struct vpn_instance *inst;

	if (dev->holdtime == seconds)
		return;
	dev->holdtime = seconds;
	/* the hubs hold us by the old time until they are told */
	frr_each (vpn_instances, &dev->instances, inst)
		vpn_spoke_register_now(e, inst);
}

void vpn_engine_set_keepalive(struct vpn_engine *e, const char *ifname, uint32_t ms)
{
	struct vpn_device *dev = vpn_device_get(e, ifname);

	if (dev->keepalive == ms)
		return;
	dev->keepalive = ms;
	vpn_channel_retime(e);
}

void vpn_engine_set_ageing_time(struct vpn_engine *e, const char *ifname, uint16_t seconds)
{
	struct vpn_device *dev = vpn_device_get(e, ifname);
	struct vpn_instance *inst;

	if (dev->ageing_time == seconds)
		return;
	dev->ageing_time = seconds;
	vpn_ageing_changed(e, dev);
	frr_each (vpn_instances, &dev->instances, inst)
		vpn_hearing_changed(e, inst);
}

void vpn_engine_set_graceful_restart(struct vpn_engine *e, const char *ifname, bool on)
{
	changing(e, ifname)->graceful_restart = on;
}

void vpn_engine_set_key_chain(struct vpn_engine *e, const char *ifname, const char *name)
{
	struct vpn_device *dev = changing(e, ifname);
	struct vpn_instance *inst;

	if (!strcmp(dev->key_chain, name ? name : ""))
		return;
	snprintf(dev->key_chain, sizeof(dev->key_chain), "%s", name ? name : "");
	/* what the hubs answered last may not have been meant for us */
	frr_each (vpn_instances, &dev->instances, inst)
		vpn_spoke_register_now(e, inst);
}

void vpn_engine_set_arp_suppress(struct vpn_engine *e, const char *ifname, bool on)
{
	struct vpn_device *dev = changing(e, ifname);
	struct vpn_instance *inst;

	if (dev->arp_suppress == on)
		return;
	dev->arp_suppress = on;
	frr_each (vpn_instances, &dev->instances, inst)
		vpn_neigh_configured(e, inst);
}

void vpn_engine_set_duplicate(struct vpn_engine *e, const char *ifname, const struct vpn_duplicate_config *config)
{
	struct vpn_device *dev = vpn_device_get(e, ifname);

	dev->duplicate = *config;
	vpn_duplicate_configured(e, dev);
}

void vpn_engine_set_probe(struct vpn_engine *e, const char *ifname, uint32_t interval, uint8_t misses)
{
	struct vpn_device *dev = vpn_device_get(e, ifname);

	if (dev->probe_interval == interval && dev->probe_misses == misses)
		return;
	dev->probe_interval = interval;
	dev->probe_misses = misses;
	vpn_probe_configured(e, dev);
}

void vpn_engine_set_plain_vpn(struct vpn_engine *e, const char *ifname, const struct vpn_id *vpn)
{
	struct vpn_device *dev = changing(e, ifname);

	if (vpn ? dev->has_plain && !vpn_id_cmp(&dev->plain, vpn) : !dev->has_plain)
		return;
	dev->has_plain = vpn;
	dev->plain = vpn ? *vpn : (struct vpn_id){ 0 };
	vpn_plain_changed(e);
}

void vpn_engine_keys_changed(struct vpn_engine *e)
{
	vpn_auth_look(e);
}

void vpn_engine_configuring(struct vpn_engine *e, bool on)
{
	e->configuring = on;
}

void vpn_engine_commit(struct vpn_engine *e)
{
	struct vpn_device *dev;

	vpn_update_changed(e);
	frr_each_safe (vpn_devices, &e->devices, dev)
		vpn_device_trim(e, dev);
	vpn_ctl_trim(e);
	vpn_auth_look(e);
}

/* A VPN is configured on it, for all its messages or for the plain ones: it may be a GRE interface. */
static bool has_vpn(const struct vpn_device *dev)
{
	return dev && (vpn_instances_count(&dev->instances) || dev->has_plain);
}

void vpn_engine_controllers(struct vpn_engine *e, void (*fn)(void *arg, const char *name), void *arg)
{
	struct vpn_device *dev, *before;

	frr_each (vpn_devices, &e->devices, dev) {
		if (!has_vpn(dev))
			continue;
		fn(arg, dev->name);
		if (!dev->controller[0] || has_vpn(vpn_device_find(e, dev->controller)))
			continue;
		/* once each: skip when an earlier device named it */
		frr_each (vpn_devices, &e->devices, before)
			if (before == dev ||
			    (has_vpn(before) && !strcmp(before->controller, dev->controller)))
				break;
		if (before == dev)
			fn(arg, dev->controller);
	}
}

/* --- the zebra module --- */

void vpn_engine_dataplane(struct vpn_engine *e, bool up, const char *reason)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;

	if (!up && !e->dataplane && !strcmp(e->dataplane_reason, reason))
		return;
	snprintf(e->dataplane_reason, sizeof(e->dataplane_reason), "%s", reason ? reason : "");
	e->dataplane = up;
	e->synced = e->dumping = false;
	vpn_timer_stop(e, &e->sync);
	vpn_check_module_changed(e);
	/* what the module held is its own again until we restate it; forwarding goes on meanwhile */
	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst)
			vpn_instance_unask(e, inst);
	if (up)
		vpn_link_mark(e);
	vpn_update_all(e);
}

/* All that the module holds is told from here on to the end of the dump; what is not has gone. */
static void dump_begin(struct vpn_engine *e)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;

	e->dumping = true;
	vpn_link_mark(e);
	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst)
			vpn_local_mark(inst, inst->suppress.on);
}

/*
 * The dump is over. Of a module that we have just met: whoever can run is asked for, and states what
 * it holds once it is ready. Of one that had more to say than we kept up with: we are in step. The rest of
 * a dump that was begun before we met it again is none: most of what it holds was told before.
 */
static void dump_end(struct vpn_engine *e)
{
	bool met = !e->synced;
	struct vpn_device *dev;
	struct vpn_instance *inst;

	if (!e->dumping)
		return;
	e->dumping = false;
	e->synced = true;
	vpn_link_sweep(e);
	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst)
			vpn_local_sweep(e, inst, !met && inst->suppress.on);
	if (!met)
		return;
	vpn_update_all(e);
	e->dumped = vpn_now(e);
	vpn_timer_set(e, &e->sync, e->seasoned ? VPN_SYNC_LOOK_MS : VPN_SYNC_GRACE_MS);
}

static void failure(struct vpn_engine *e, const struct dm_failure *f)
{
	char mac[DM_ADDR_STRLEN];

	vpn_log_gated(e, VPN_GATE_FAILURE, VPN_LOG_WARN, "zebra module: %s ifindex %u vni %u mac %s failed: %s",
		      dm_rec_name(f->rec), f->ifindex, f->vni, dm_addr_str(&f->mac, mac), strerror((int)f->error));
}

static struct vpn_instance *of_role(struct vpn_engine *e, uint32_t ifindex, uint32_t vni, enum dm_role role)
{
	struct vpn_instance *inst = vpn_instance_by_vni(e, ifindex, vni);

	return inst && inst->role == role && !inst->leaving ? inst : NULL;
}

void vpn_engine_record(struct vpn_engine *e, const struct dm_rec *rec)
{
	struct vpn_instance *inst;

	switch (rec->type) {
	case DM_REC_DUMP_BEGIN:
		dump_begin(e);
		break;
	case DM_REC_DUMP_END:
		dump_end(e);
		break;
	case DM_REC_LINK:
		vpn_link_set(e, &rec->link);
		break;
	case DM_REC_LINK_DEL:
		vpn_link_del(e, rec->link.ifindex);
		break;
	case DM_REC_INSTANCE_STATE:
		vpn_instance_state(e, &rec->state);
		break;
	case DM_REC_MEMBER_HAVE:
		inst = of_role(e, rec->member.ifindex, rec->member.vni, DM_ROLE_HUB);
		if (inst)
			vpn_member_adopt(e, inst, &rec->member);
		break;
	case DM_REC_MAC_SEEN:
		inst = of_role(e, rec->mac.ifindex, rec->mac.vni, DM_ROLE_HUB);
		if (inst)
			vpn_mac_seen(e, inst, &rec->mac);
		break;
	case DM_REC_HAIRPIN:
		inst = of_role(e, rec->hairpin.ifindex, rec->hairpin.vni, DM_ROLE_HUB);
		if (inst)
			vpn_hub_hairpin(e, inst, &rec->hairpin);
		break;
	case DM_REC_MAC_HAVE:
		inst = of_role(e, rec->mac.ifindex, rec->mac.vni, DM_ROLE_SPOKE);
		if (inst)
			vpn_adopt_mac(e, inst, &rec->mac);
		break;
	case DM_REC_USED_REPLY:
		inst = vpn_instance_by_vni(e, rec->used.ifindex, rec->used.vni);
		if (inst && inst->role == DM_ROLE_HUB)
			vpn_ageing_used(e, inst, &rec->used);
		else if (inst && !inst->leaving)
			vpn_shortcut_used(e, inst, &rec->used);
		break;
	case DM_REC_LOCAL:
		inst = of_role(e, rec->local.ifindex, rec->local.vni, DM_ROLE_SPOKE);
		if (inst)
			vpn_local_record(e, inst, &rec->local);
		break;
	case DM_REC_LOCAL_HEARD:
		inst = of_role(e, rec->heard.ifindex, rec->heard.vni, DM_ROLE_SPOKE);
		if (inst)
			vpn_local_heard(e, inst, &rec->heard);
		break;
	case DM_REC_SUPPRESS_STATE:
		inst = of_role(e, rec->suppress.ifindex, rec->suppress.vni, DM_ROLE_SPOKE);
		if (inst)
			vpn_neigh_state(e, inst, &rec->suppress);
		break;
	case DM_REC_LOCAL_NEIGH:
		inst = of_role(e, rec->neigh.ifindex, rec->neigh.vni, DM_ROLE_SPOKE);
		if (inst)
			vpn_neigh_local(e, inst, &rec->neigh);
		break;
	case DM_REC_NEIGH_WANTED:
		inst = of_role(e, rec->neigh.ifindex, rec->neigh.vni, DM_ROLE_SPOKE);
		if (inst)
			vpn_neigh_wanted(e, inst, &rec->neigh);
		break;
	case DM_REC_CHECK_HAVE:
	case DM_REC_CHECK_END:
		vpn_check_record(e, rec);
		break;
	case DM_REC_PROBE_STATE:
		inst = of_role(e, rec->probe.ifindex, rec->probe.vni, DM_ROLE_SPOKE);
		if (inst)
			vpn_probe_told(e, inst, &rec->probe);
		break;
	case DM_REC_FAILURE:
		failure(e, &rec->failure);
		break;
	}
}

void vpn_engine_set_debug(struct vpn_engine *e, bool on)
{
	e->debug = on;
}

struct vpn_counters *vpn_engine_counters(struct vpn_engine *e)
{
	return &e->counters;
}

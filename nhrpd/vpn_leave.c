// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A spoke that leaves a VPN: a Purge Request to each of its hubs that names the spoke's own
 * MAC, RFC 2332 5.2.5. The hub forgets it with the MACs behind it and purges whoever was
 * told of them.
 *
 * Objects: the hubs' slots of an instance (vpn_spoke.c), whose send timer repeats it. Called
 * by vpn_instance.c when the configuration ends a VPN, by the glue when the daemon ends, by
 * vpn_dispatch.c with the answers.
 *
 *   taken out of the configuration, or the device is gone, or left its bridge ──> bit N, once: the
 *                       instance is gone the next moment, or that server is
 *   the daemon ends ──> 3 tries, 250 ms apart, until the hub has acknowledged; then the
 *                       kernel gives back what it had. With graceful restart nothing of this.
 *
 * A daemon that crashes or is killed says nothing: hubs keep it for the holding time, the
 * kernel goes on, and a restart is not noticed. Lost, it leaves the rest to the holding time.
 *
 * Not here: hubs that end. Nobody holds a registration of theirs, and their switches go on.
 */
#include <config.h>

#include "nhrpd/vpn_channel.h"
#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_leave.h"
#include "nhrpd/vpn_message.h"

static void send_farewell(struct vpn_engine *e, const struct vpn_hub *hub, uint16_t flags)
{
	struct nhrp_cie cie = { .proto = vpn_end_mac(hub->inst) };
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg m;

	vpn_message_head(hub->inst, DM_MAC, &m, NHRP_OP_PURGE_REQUEST);
	m.flags = flags;
	m.request_id = hub->request_id;
	m.dst_proto = dm_addr_is_set(&hub->mac) ? hub->mac : m.src_proto;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	vpn_message_send(e, &hub->path, &b);
}

/* A device that is gone leaves by the MAC that it had; without one there was nothing to tell. */
static bool has_end(const struct vpn_instance *inst)
{
	struct dm_addr mac = vpn_end_mac(inst);

	return dm_addr_is_set(&mac);
}

void vpn_leave_hub_at_once(struct vpn_engine *e, struct vpn_hub *hub)
{
	if (!has_end(hub->inst) || hub->inst->leaving)
		return;
	hub->request_id = e->ops.random(e->ctx);
	send_farewell(e, hub, NHRP_PURGE_NO_REPLY);
}

void vpn_leave_at_once(struct vpn_engine *e, struct vpn_instance *inst)
{
	for (size_t i = 0; i < VPN_SERVERS_MAX; i++)
		if (inst->hubs[i].used)
			vpn_leave_hub_at_once(e, &inst->hubs[i]);
}

/* --- the daemon ends --- */

static void farewell_due(struct vpn_engine *e, void *arg)
{
	struct vpn_hub *hub = arg;

	if (!hub->farewells || !has_end(hub->inst)) {
		hub->waiting = false;
		return;
	}
	hub->farewells--;
	send_farewell(e, hub, 0);
	vpn_timer_set(e, &hub->send, VPN_LEAVE_RETRY_MS);
}

static void leave_hub(struct vpn_engine *e, struct vpn_hub *hub)
{
	vpn_timer_stop(e, &hub->send);
	vpn_timer_stop(e, &hub->expiry);
	vpn_channel_part(e, hub);
	vpn_timer_init(&hub->send, farewell_due, hub);
	hub->request_id = e->ops.random(e->ctx);
	hub->farewells = VPN_LEAVE_TRIES;
	hub->waiting = true;
	farewell_due(e, hub);
}

/* Shortcuts end now: who is behind them is purged of us. The hub's entry stays until it has heard. */
static void leave(struct vpn_engine *e, struct vpn_instance *inst)
{
	char id[VPN_ID_STRLEN];

	vpn_log(e, VPN_LOG_INFO, "VPN %s on %s: leaves", vpn_id_str(&inst->vpn, id), inst->dev->name);
	inst->leaving = true;
	vpn_local_clear(e, inst);
	vpn_remote_clear(e, inst, true);
	vpn_neigh_stop(e, inst, true);
	for (size_t i = 0; i < VPN_SERVERS_MAX; i++)
		if (inst->hubs[i].used)
			leave_hub(e, &inst->hubs[i]);
}

/* Calls FN for each instance of E that is a spoke and not to be kept over the end of the daemon. Returns whether there is one. */
static bool each_leaver(struct vpn_engine *e, void (*fn)(struct vpn_engine *, struct vpn_instance *))
{
	struct vpn_device *dev;
	struct vpn_instance *inst;
	bool any = false;

	frr_each (vpn_devices, &e->devices, dev)
		frr_each_safe (vpn_instances, &dev->instances, inst)
			if (inst->role == DM_ROLE_SPOKE && !dev->graceful_restart) {
				any = true;
				fn(e, inst);
			}
	return any;
}

bool vpn_engine_leave(struct vpn_engine *e)
{
	return each_leaver(e, leave);
}

/* Who never answered is told, but not waited for. */
bool vpn_engine_is_leaving(struct vpn_engine *e)
{
	struct vpn_device *dev;
	struct vpn_instance *inst;

	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst)
			for (size_t i = 0; i < VPN_SERVERS_MAX && inst->leaving; i++)
				if (inst->hubs[i].used && inst->hubs[i].registered && inst->hubs[i].waiting)
					return true;
	return false;
}

static void end(struct vpn_engine *e, struct vpn_instance *inst)
{
	if (inst->leaving)
		vpn_instance_del(e, inst, true);
}

void vpn_engine_left(struct vpn_engine *e)
{
	each_leaver(e, end);
}

void vpn_leave_again(struct vpn_engine *e, struct vpn_hub *hub)
{
	if (hub->waiting)
		leave_hub(e, hub);
}

void vpn_leave_purge_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			   const struct nhrp_msg *m)
{
	struct vpn_hub *hub = vpn_spoke_hub(inst, from);

	if (!inst->leaving) {
		vpn_local_purge_reply(e, inst, from, m);
		return;
	}
	if (!hub) {
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_HUB);
		return;
	}
	if (!hub->waiting || m->request_id != hub->request_id || !vpn_message_is_mine(inst, m)) {
		vpn_refuse(e, from, m, VPN_REFUSED_UNEXPECTED_REPLY);
		return;
	}
	hub->waiting = false;
	vpn_timer_stop(e, &hub->send);
}

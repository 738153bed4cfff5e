// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layer 3 VPNs. A VPN-ID on a GRE interface belongs to all that FRR's own NHRP code
 * says there: its messages leave with the headers of RFC 2735 4.1 (nhrp_io.c asks
 * vpn_engine_layer3() for each), and what comes in for it has them taken off here.
 *
 * Objects: none of its own; the device's first instance is the interface's VPN. Bound by
 * name, so that an interface that is made again never speaks in plain for a moment.
 * Called by vpn_instance.c, vpn_dispatch.c and the packet I/O, in the engine's thread.
 *
 * RFC 2735 3.1 (the tunnel stands for the VPN of the data; the default routing instance),
 * 3.4 (mismatch).
 * Not here: the VPN of data packets, which the tunnel's key tells apart; the Device
 * Capabilities extension, which FRR's code does not send.
 */
#include <config.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_layer3.h"
#include "nhrpd/vpn_message.h"

static struct vpn_instance *first_on(struct vpn_device *dev)
{
	return dev ? vpn_instances_first(&dev->instances) : NULL;
}

enum vpn_layer3 vpn_engine_layer3(struct vpn_engine *e, const char *ifname, struct vpn_id *vpn)
{
	struct vpn_device *dev = vpn_device_find(e, ifname);
	struct vpn_instance *inst = first_on(dev);

	if (!inst) /* what stands for no VPN elsewhere stands for one here, in which the stock code has no part */
		return dev && dev->has_plain ? VPN_LAYER3_BLOCKED : VPN_LAYER3_PLAIN;
	if (inst->blocked)
		return VPN_LAYER3_BLOCKED;
	*vpn = inst->vpn;
	return VPN_LAYER3_VPN;
}

const char *vpn_layer3_misplaced(const struct vpn_instance *inst)
{
	if (inst->vlan_config)
		return "vlan";
	if (inst->dev->controller[0])
		return "controller";
	if (inst->dev->role != VPN_ROLE_AUTO)
		return "role";
	if (inst->dev->graceful_restart)
		return "graceful-restart";
	if (inst->dev->key_chain[0]) /* FRR's own code has no keyed hash, and silence beats the belief that it has */
		return "authentication";
	if (!vpn_duplicate_is_default(&inst->dev->duplicate))
		return "dup-addr-detection";
	if (inst->dev->arp_suppress)
		return "arp-suppress";
	if (inst->dev->keepalive != VPN_KEEPALIVE_DEFAULT)
		return "keepalive";
	if (inst->dev->probe_interval != VPN_DEFAULT_PROBE_MS || inst->dev->probe_misses != VPN_DEFAULT_PROBE_MISSES)
		return "probe";
	if (inst->dev->ageing_time != VPN_DEFAULT_AGEING)
		return "ageing-time";
	return inst->dev->holdtime != VPN_DEFAULT_HOLDTIME ? "holdtime" : NULL;
}

void vpn_layer3_update(struct vpn_engine *e, struct vpn_device *dev)
{
	struct vpn_instance *inst = first_on(dev);
	struct vpn_meaning now = { .has_layer3 = inst && inst->layer3, .has_plain = dev->has_plain };

	if (now.has_layer3)
		now.layer3 = inst->vpn;
	if (now.has_plain)
		now.plain = dev->plain;
	if (now.has_layer3 == dev->told.has_layer3 && now.has_plain == dev->told.has_plain &&
	    !vpn_id_cmp(&now.layer3, &dev->told.layer3) && !vpn_id_cmp(&now.plain, &dev->told.plain))
		return;
	dev->told = now;
	e->ops.layer3_changed(e->ctx, dev->name);
}

/* The VPN of the interface that a message came in by; NULL when it has none. */
static struct vpn_instance *at(struct vpn_engine *e, uint32_t ifindex)
{
	struct vpn_ctl *ctl = vpn_ctl_gre(e, ifindex);

	return ctl ? first_on(vpn_device_find(e, ctl->c.name)) : NULL;
}

/* A layer 2 VPN may speak of IP addresses, too, by an interface that has a layer 3 VPN. */
static bool is_layer2(struct vpn_engine *e, const struct nhrp_msg *m, const char *ifname)
{
	struct vpn_instance *inst = vpn_instance_of(e, &m->vpn);

	return inst && !inst->layer3 && !strcmp(inst->dev->controller, ifname);
}

static void refuse_mismatch(struct vpn_engine *e, const struct vpn_instance *mine, const struct vpn_path *from,
			    const struct nhrp_msg *m)
{
	char text[DM_ADDR_STRLEN], ours[VPN_ID_STRLEN], theirs[VPN_ID_STRLEN];

	vpn_log_gated(e, VPN_GATE_MISMATCH, VPN_LOG_WARN, "%s is in VPN %s, but %s sent a message of VPN %s by it",
		      mine->dev->name, vpn_id_str(&mine->vpn, ours), dm_addr_str(&from->nbma, text),
		      vpn_id_str(&m->vpn, theirs));
	vpn_refuse_mismatch(e, from, m);
}

/* What the guard and the password keep from the stock code says nothing about its sender. */
static void hand_over(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m)
{
	e->counters.layer3_delivered++;
	if (e->ops.deliver(e->ctx, from, m->packet, m->packet_len))
		vpn_plain_heard(e, from, m);
}

bool vpn_layer3_default(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m)
{
	if (nhrp_pro_family(m->pro_type) == DM_MAC || at(e, from->ifindex))
		return false;
	e->counters.default_delivered++;
	e->ops.deliver_default(e->ctx, from, m->packet, m->packet_len);
	return true;
}

bool vpn_layer3_packet(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m)
{
	struct vpn_instance *mine = at(e, from->ifindex);

	if (!mine || nhrp_pro_family(m->pro_type) == DM_MAC || is_layer2(e, m, mine->dev->name))
		return false;
	if (vpn_id_cmp(&mine->vpn, &m->vpn)) {
		refuse_mismatch(e, mine, from, m);
	} else if (mine->blocked) {
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_READY);
	} else {
		hand_over(e, from, m);
	}
	return true;
}

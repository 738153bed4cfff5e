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
 * RFC 2735 3.1 (the tunnel stands for the VPN of the data), 3.4 (mismatch).
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
	struct vpn_instance *inst = first_on(vpn_device_find(e, ifname));

	if (!inst)
		return VPN_LAYER3_PLAIN;
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
	if (inst->dev->arp_suppress)
		return "arp-suppress";
	return inst->dev->holdtime != VPN_DEFAULT_HOLDTIME ? "holdtime" : NULL;
}

void vpn_layer3_update(struct vpn_engine *e, struct vpn_device *dev)
{
	struct vpn_instance *inst = first_on(dev);
	bool has = inst && inst->layer3;

	if (has == dev->has_layer3 && (!has || !vpn_id_cmp(&inst->vpn, &dev->layer3)))
		return;
	dev->has_layer3 = has;
	dev->layer3 = has ? inst->vpn : (struct vpn_id){ 0 };
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
	vpn_refuse(e, from, m, VPN_REFUSED_VPN_MISMATCH);
	if (nhrp_op_is_request(m->op) || nhrp_op_is_reply(m->op))
		vpn_message_error(e, NULL, from, m, NHRP_ERR_VPN_MISMATCH, 0);
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
		e->counters.layer3_delivered++;
		e->ops.deliver(e->ctx, from, m->packet, m->packet_len);
	}
	return true;
}

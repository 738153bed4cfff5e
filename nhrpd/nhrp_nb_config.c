// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration callbacks of frr-nhrpd.
 *
 * Each finds the interface and VPN that a node belongs to and calls one setter
 * of nhrpd/vpn_config.h; the engine knows no YANG. Setters work by name, since
 * a device may be configured long before it exists and keeps its configuration
 * when it goes. Nothing here can fail: the model and mgmtd have refused what is
 * wrong, and what depends on devices is the engine's to report.
 *
 * Called in nhrpd's main thread, from mgmtd's transactions: first each change,
 * then once for each interface with changes nhrp_vpn_apply_finish().
 *
 * Not handled here: the running configuration is libfrr's; `interface` itself
 * is libfrr's frr-interface.
 */
#include <config.h>
#include <zebra.h>

#include "lib/if.h"
#include "lib/northbound.h"
#include "lib/yang.h"

#include "nhrpd/nhrp_nb_config.h"
#include "nhrpd/nhrp_reread.h"
#include "nhrpd/vpn_config.h"

/* What the leaves' defaults say in the model, for an interface that loses everything. */
#define DEFAULT_HOLDTIME 7200
#define DEFAULT_AGEING_TIME 300

/* The name of the interface that a node lies below. */
static const char *ifname_of(const struct lyd_node *node)
{
	while (strcmp(node->schema->name, "interface") != 0)
		node = lyd_parent(node);
	return yang_dnode_get_string(node, "name");
}

/* The VPN-ID of an instance; the model lets no other text in. */
static struct vpn_id vpn_id_of(const struct lyd_node *instance)
{
	struct vpn_id vpn;

	vpn_id_parse(&vpn, yang_dnode_get_string(instance, "vpn-id"));
	return vpn;
}

static void set_instance(const struct lyd_node *instance, uint16_t vlan)
{
	vpn_config_instance_set(ifname_of(instance), vpn_id_of(instance), vlan);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn
 */
void nhrp_vpn_apply_finish(struct nb_cb_apply_finish_args *args)
{
	vpn_config_apply();
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/instance
 */
int nhrp_vpn_instance_create(struct nb_cb_create_args *args)
{
	/* the VLAN is there already: its own callback, which follows, only repeats it */
	bool has_vlan = yang_dnode_exists(args->dnode, "vlan");

	if (args->event == NB_EV_APPLY)
		set_instance(args->dnode,
			     has_vlan ? yang_dnode_get_uint16(args->dnode, "vlan") : 0);
	return NB_OK;
}

int nhrp_vpn_instance_destroy(struct nb_cb_destroy_args *args)
{
	if (args->event == NB_EV_APPLY)
		vpn_config_instance_unset(ifname_of(args->dnode), vpn_id_of(args->dnode));
	return NB_OK;
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/instance/vlan
 */
int nhrp_vpn_instance_vlan_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_APPLY)
		set_instance(lyd_parent(args->dnode), yang_dnode_get_uint16(args->dnode, NULL));
	return NB_OK;
}

int nhrp_vpn_instance_vlan_destroy(struct nb_cb_destroy_args *args)
{
	if (args->event == NB_EV_APPLY)
		set_instance(lyd_parent(args->dnode), 0);
	return NB_OK;
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/controller
 */
int nhrp_vpn_controller_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_APPLY)
		vpn_config_controller_set(ifname_of(args->dnode),
					  yang_dnode_get_string(args->dnode, NULL));
	return NB_OK;
}

int nhrp_vpn_controller_destroy(struct nb_cb_destroy_args *args)
{
	if (args->event == NB_EV_APPLY)
		vpn_config_controller_set(ifname_of(args->dnode), NULL);
	return NB_OK;
}

/* The model's numbers and the engine's are the same; this is where that is checked. */
static enum vpn_config_role role_of(const struct lyd_node *dnode)
{
	_Static_assert(VPN_ROLE_AUTO == 0 && VPN_ROLE_SPOKE == 1 && VPN_ROLE_HUB == 2,
		       "enum vpn-role of frr-nhrpd.yang has these values");

	return yang_dnode_get_enum(dnode, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/role
 */
int nhrp_vpn_role_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_APPLY)
		vpn_config_role_set(ifname_of(args->dnode), role_of(args->dnode));
	return NB_OK;
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/holdtime
 */
int nhrp_vpn_holdtime_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_APPLY)
		vpn_config_holdtime_set(ifname_of(args->dnode),
					yang_dnode_get_uint16(args->dnode, NULL));
	return NB_OK;
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/keepalive
 */
int nhrp_vpn_keepalive_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_APPLY)
		vpn_config_keepalive_set(ifname_of(args->dnode),
					 yang_dnode_get_uint32(args->dnode, NULL));
	return NB_OK;
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/ageing-time
 */
int nhrp_vpn_ageing_time_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_APPLY)
		vpn_config_ageing_time_set(ifname_of(args->dnode),
					   yang_dnode_get_uint16(args->dnode, NULL));
	return NB_OK;
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/probe
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/probe-interval
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/probe-misses
 */
int nhrp_vpn_probe_modify(struct nb_cb_modify_args *args)
{
	/* any of the three says all of them: defaults are in the tree, too */
	if (args->event == NB_EV_APPLY)
		vpn_config_probe_set(ifname_of(args->dnode), yang_dnode_get_bool(args->dnode, "../probe"),
				     yang_dnode_get_uint32(args->dnode, "../probe-interval"),
				     yang_dnode_get_uint8(args->dnode, "../probe-misses"));
	return NB_OK;
}

/* The settings of dup-addr-detection, as they are in the tree. */
static struct vpn_duplicate_config duplicate_of(const struct lyd_node *container)
{
	const char *freeze = yang_dnode_get_string(container, "freeze");

	return (struct vpn_duplicate_config){
		.off = !yang_dnode_get_bool(container, "enabled"),
		.max_moves = yang_dnode_get_uint16(container, "max-moves"),
		.time = yang_dnode_get_uint16(container, "time"),
		.freeze = strcmp(freeze, "permanent") ? (uint16_t)strtoul(freeze, NULL, 10)
						      : VPN_DUPLICATE_PERMANENT,
	};
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/dup-addr-detection/enabled, max-moves,
 * time, freeze: whichever it is, all of them are told.
 */
int nhrp_vpn_duplicate_modify(struct nb_cb_modify_args *args)
{
	struct vpn_duplicate_config config;

	if (args->event != NB_EV_APPLY)
		return NB_OK;
	config = duplicate_of(lyd_parent(args->dnode));
	vpn_config_duplicate_set(ifname_of(args->dnode), &config);
	return NB_OK;
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/graceful-restart
 */
int nhrp_vpn_graceful_restart_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_APPLY)
		vpn_config_graceful_restart_set(ifname_of(args->dnode), yang_dnode_get_bool(args->dnode, NULL));
	return NB_OK;
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/authentication-key-chain
 */
int nhrp_vpn_key_chain_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_APPLY)
		vpn_config_key_chain_set(ifname_of(args->dnode),
					 yang_dnode_get_string(args->dnode, NULL));
	return NB_OK;
}

int nhrp_vpn_key_chain_destroy(struct nb_cb_destroy_args *args)
{
	if (args->event == NB_EV_APPLY)
		vpn_config_key_chain_set(ifname_of(args->dnode), NULL);
	return NB_OK;
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/arp-suppress
 */
int nhrp_vpn_arp_suppress_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_APPLY)
		vpn_config_arp_suppress_set(ifname_of(args->dnode),
					    yang_dnode_get_bool(args->dnode, NULL));
	return NB_OK;
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/plain-messages-vpn-id
 */
int nhrp_vpn_plain_messages_modify(struct nb_cb_modify_args *args)
{
	struct vpn_id vpn;

	if (args->event != NB_EV_APPLY)
		return NB_OK;
	vpn_id_parse(&vpn, yang_dnode_get_string(args->dnode, NULL));
	vpn_config_plain_vpn_set(ifname_of(args->dnode), &vpn);
	return NB_OK;
}

int nhrp_vpn_plain_messages_destroy(struct nb_cb_destroy_args *args)
{
	if (args->event == NB_EV_APPLY)
		vpn_config_plain_vpn_set(ifname_of(args->dnode), NULL);
	return NB_OK;
}

static int unset_instance(const struct lyd_node *instance, void *ifname)
{
	vpn_config_instance_unset(ifname, vpn_id_of(instance));
	return YANG_ITER_CONTINUE;
}

/*
 * `no interface X`: the northbound calls libfrr for the list entry and nobody
 * for what lies below it. libfrr then deletes its object, and the running
 * configuration still shows what that interface had.
 */
static int interface_deleted(struct interface *ifp)
{
	/* while mgmtd starts anew, the part that it has not sent again stands elsewhere */
	const struct lyd_node *const in[] = { running_config->dnode, nhrp_reread_awaited() };
	const struct lyd_node *vpn;
	bool any = false;

	for (size_t i = 0; i < array_size(in); i++) {
		vpn = in[i] ? yang_dnode_getf(in[i], "/frr-interface:lib/interface[name='%s']/frr-nhrpd:nhrp/vpn",
					      ifp->name)
			    : NULL;
		if (vpn)
			yang_dnode_iterate(unset_instance, ifp->name, vpn, "./instance");
	vpn_config_duplicate_set(ifp->name, NULL);
		any |= vpn != NULL;
	}
	nhrp_reread_forget_interface(ifp->name);
	if (!any)
		return 0;
	vpn_config_controller_set(ifp->name, NULL);
	vpn_config_role_set(ifp->name, VPN_ROLE_AUTO);
	vpn_config_holdtime_set(ifp->name, DEFAULT_HOLDTIME);
	vpn_config_keepalive_set(ifp->name, VPN_KEEPALIVE_DEFAULT);
	vpn_config_ageing_time_set(ifp->name, DEFAULT_AGEING_TIME);
	vpn_config_probe_set(ifp->name, true, VPN_DEFAULT_PROBE_MS, VPN_DEFAULT_PROBE_MISSES);
	vpn_config_graceful_restart_set(ifp->name, false);
	vpn_config_key_chain_set(ifp->name, NULL);
	vpn_config_arp_suppress_set(ifp->name, false);
	vpn_config_plain_vpn_set(ifp->name, NULL);
	vpn_config_apply();
	return 0;
}

void nhrp_nb_config_init(void)
{
	hook_register(if_del, interface_deleted);
}

void nhrp_nb_config_terminate(void)
{
	hook_unregister(if_del, interface_deleted);
}

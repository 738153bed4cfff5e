// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration commands of frr-nhrpd, and how its nodes read in "show running-config".
 *
 *	interface tun2
 *	 ip nhrp vpn-id 1
 *	 ip nhrp vpn-id 70000 vlan 12
 *	 ip nhrp vpn-id 7 oui 00:00:5e vlan 13
 *	 ip nhrp vpn controller tun1
 *	 ip nhrp vpn role hub
 *	 ip nhrp vpn holdtime 600
 *	 ip nhrp vpn ageing-time 60
 *	 no ip nhrp vpn probe
 *	 ip nhrp vpn probe interval 500 misses 5
 *	 ip nhrp vpn dup-addr-detection max-moves 5 time 180
 *	 ip nhrp vpn dup-addr-detection freeze permanent
 *	 ip nhrp vpn graceful-restart
 *	 ip nhrp vpn authentication key-chain KEYS
 *	 ip nhrp vpn arp-suppress
 *	 ip nhrp vpn plain-messages vpn-id 7
 *
 * Each command turns into changes of the YANG tree, relative to the interface
 * whose block the terminal is in; mgmtd validates and commits them and sends
 * them to nhrpd. The list of a device's VPNs takes a line each, and that line
 * is the whole of the VPN: repeated without a VLAN, it takes the VLAN away.
 *
 * Called from mgmtd's main thread. The command strings are the only copy:
 * vtysh's table is made from the compiled module (vtysh/subdir.am).
 */
#include <config.h>
#include <zebra.h>

#include "lib/command.h"
#include "lib/northbound.h"
#include "lib/northbound_cli.h"
#include "lib/yang.h"

#include "lib/addr.h"
#include "mgmtd/nhrp_cli.h"
#include "mgmtd/nhrp_vpn_rules.h"

#include "mgmtd/nhrp_cli_clippy.c"

#define VPN_XPATH      "./frr-nhrpd:nhrp/vpn"
#define DUPLICATE_XPATH VPN_XPATH "/dup-addr-detection"
#define INSTANCE_XPATH VPN_XPATH "/instance[vpn-id='%s']"

#define NHRP_STR "Next Hop Resolution Protocol functions\n"
#define VPN_STR  "VPNs of this interface\n"
#define PROBE_STR "Shortcuts are used while the other spoke answers probes (default)\n"
#define DUPLICATE_STR "Addresses that move too often, as two stations have them (default: held after 5 moves in 180 s)\n"
#define OUI_STR  "Organization that gave the VPN index\n"
#define OUI_HELP "Its OUI, three octets as in 00:00:5e (default: 00:00:00)\n"

/* The interface whose block the terminal is in, from the path of that block; NULL outside of one. */
static const char *current_interface(struct vty *vty, char *buffer, size_t size)
{
	const struct lyd_node *interface = NULL;

	if (vty->xpath_index > 0 && vty->candidate_config->dnode)
		interface = yang_dnode_get(vty->candidate_config->dnode, VTY_CURR_XPATH);
	if (!interface)
		return NULL;
	strlcpy(buffer, yang_dnode_get_string(interface, "name"), size);
	return buffer;
}

/* The VPN-ID that a line names; oui: as typed, or NULL. Says what is wrong and returns false where it is no OUI. */
static bool read_vpn_id(struct vty *vty, uint32_t index, const char *oui, struct vpn_id *vpn)
{
	*vpn = (struct vpn_id){ .index = index };
	if (!oui || vpn_oui_parse(&vpn->oui, oui))
		return true;
	vty_out(vty, "%% %s is no OUI: give three octets in hexadecimal, as in 00:00:5e\n", oui);
	return false;
}

/* vlan: as typed, or NULL; the changes keep the pointer until they are applied. */
static int set_instance(struct vty *vty, const struct vpn_id *vpn, const char *vlan)
{
	char xpath[XPATH_MAXLEN], id[VPN_ID_STRLEN];

	snprintf(xpath, sizeof(xpath), INSTANCE_XPATH, vpn_id_str(vpn, id));
	nb_cli_enqueue_change(vty, xpath, NB_OP_CREATE, NULL);
	snprintf(xpath, sizeof(xpath), INSTANCE_XPATH "/vlan", vpn_id_str(vpn, id));
	nb_cli_enqueue_change(vty, xpath, vlan ? NB_OP_MODIFY : NB_OP_DESTROY, vlan);
	return nb_cli_apply_changes(vty, NULL);
}

static int unset_instance(struct vty *vty, const struct vpn_id *vpn)
{
	char xpath[XPATH_MAXLEN], id[VPN_ID_STRLEN];

	snprintf(xpath, sizeof(xpath), INSTANCE_XPATH, vpn_id_str(vpn, id));
	nb_cli_enqueue_change(vty, xpath, NB_OP_DESTROY, NULL);
	return nb_cli_apply_changes(vty, NULL);
}

/* XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/instance */
DEFPY_YANG(if_nhrp_vpn_id,
	   if_nhrp_vpn_id_cmd,
	   "[no] ip nhrp vpn-id (1-4294967295)$index [oui OUI$oui] [vlan (1-4094)$vlan]",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   "VPN that this VXLAN device or GRE interface carries\n"
	   "VPN index of the RFC 2685 VPN-ID\n"
	   OUI_STR
	   OUI_HELP
	   "VLAN of the bridge on a hub's device\n"
	   "VLAN (default: the VPN index where that is 1 to 4094)\n")
{
	char ifname[XPATH_MAXLEN], reason[256];
	struct vpn_id vpn;

	if (!read_vpn_id(vty, index, oui, &vpn))
		return CMD_WARNING_CONFIG_FAILED;
	if (no)
		return unset_instance(vty, &vpn);
	if (current_interface(vty, ifname, sizeof(ifname)) &&
	    !nhrp_vpn_allowed(vty->candidate_config->dnode, ifname, &vpn, vlan, reason,
			      sizeof(reason))) {
		vty_out(vty, "%% %s\n", reason);
		return CMD_WARNING_CONFIG_FAILED;
	}
	return set_instance(vty, &vpn, vlan_str);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/controller
 */
DEFPY_YANG(if_nhrp_vpn_controller,
	   if_nhrp_vpn_controller_cmd,
	   "[no] ip nhrp vpn controller ![IFNAME$controller]",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   "GRE interface that NHRP messages of these VPNs use\n"
	   "Name of the GRE interface\n")
{
	char ifname[XPATH_MAXLEN];

	if (!no && current_interface(vty, ifname, sizeof(ifname)) &&
	    strcmp(ifname, controller) == 0) {
		vty_out(vty,
			"%% Interface %s cannot be its own controller: name the GRE interface that runs NHRP\n",
			ifname);
		return CMD_WARNING_CONFIG_FAILED;
	}
	nb_cli_enqueue_change(vty, VPN_XPATH "/controller", no ? NB_OP_DESTROY : NB_OP_MODIFY,
			      no ? NULL : controller);
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/role
 */
DEFPY_YANG(if_nhrp_vpn_role,
	   if_nhrp_vpn_role_cmd,
	   "[no] ip nhrp vpn role ![<auto|spoke|hub>$role]",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   "Part this device plays in its VPNs\n"
	   "The kind of VXLAN device decides\n"
	   "Registers with the next hop servers of the controller\n"
	   "Accepts registrations, learns and floods\n")
{
	nb_cli_enqueue_change(vty, VPN_XPATH "/role", no ? NB_OP_DESTROY : NB_OP_MODIFY,
			      no ? NULL : role);
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/holdtime
 */
DEFPY_YANG(if_nhrp_vpn_holdtime,
	   if_nhrp_vpn_holdtime_cmd,
	   "[no] ip nhrp vpn holdtime ![(1-65535)$holdtime]",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   "How long others may keep what this device registers\n"
	   "Seconds (default: 7200)\n")
{
	nb_cli_enqueue_change(vty, VPN_XPATH "/holdtime", no ? NB_OP_DESTROY : NB_OP_MODIFY,
			      no ? NULL : holdtime_str);
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/keepalive
 */
DEFPY_YANG(if_nhrp_vpn_keepalive,
	   if_nhrp_vpn_keepalive_cmd,
	   "[no] ip nhrp vpn keepalive ![(100-60000)$keepalive]",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   "How often a spoke asks its hubs whether they are there\n"
	   "Milliseconds (default: 2000)\n")
{
	nb_cli_enqueue_change(vty, VPN_XPATH "/keepalive", no ? NB_OP_DESTROY : NB_OP_MODIFY,
			      no ? NULL : keepalive_str);
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/ageing-time
 */
DEFPY_YANG(if_nhrp_vpn_ageing_time,
	   if_nhrp_vpn_ageing_time_cmd,
	   "[no] ip nhrp vpn ageing-time ![(0-65535)$ageing]",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   "How long a MAC address that nobody hears is kept\n"
	   "Seconds, 10 and more, or 0: it does not age (default: 300)\n")
{
	nb_cli_enqueue_change(vty, VPN_XPATH "/ageing-time", no ? NB_OP_DESTROY : NB_OP_MODIFY,
			      no ? NULL : ageing_str);
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/probe
 */
DEFPY_YANG(if_nhrp_vpn_probe,
	   if_nhrp_vpn_probe_cmd,
	   "[no] ip nhrp vpn probe",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   PROBE_STR)
{
	nb_cli_enqueue_change(vty, VPN_XPATH "/probe", no ? NB_OP_MODIFY : NB_OP_DESTROY,
			      no ? "false" : NULL);
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/probe-interval
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/probe-misses
 */
DEFPY_YANG(if_nhrp_vpn_probe_interval,
	   if_nhrp_vpn_probe_interval_cmd,
	   "[no] ip nhrp vpn probe interval ![(100-60000)$interval misses (1-10)$misses]",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   PROBE_STR
	   "From one probe to the next\n"
	   "Milliseconds (default: 1000)\n"
	   "Unanswered ones in a row, after which shortcuts are out of use\n"
	   "How many (default: 3)\n")
{
	enum nb_operation op = no ? NB_OP_DESTROY : NB_OP_MODIFY;

	nb_cli_enqueue_change(vty, VPN_XPATH "/probe-interval", op, no ? NULL : interval_str);
	nb_cli_enqueue_change(vty, VPN_XPATH "/probe-misses", op, no ? NULL : misses_str);
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/dup-addr-detection/enabled
 */
DEFPY_YANG(if_nhrp_vpn_duplicate,
	   if_nhrp_vpn_duplicate_cmd,
	   "[no] ip nhrp vpn dup-addr-detection",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   DUPLICATE_STR)
{
	nb_cli_enqueue_change(vty, DUPLICATE_XPATH "/enabled", no ? NB_OP_MODIFY : NB_OP_DESTROY,
			      no ? "false" : NULL);
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/dup-addr-detection/max-moves, time
 */
DEFPY_YANG(if_nhrp_vpn_duplicate_moves,
	   if_nhrp_vpn_duplicate_moves_cmd,
	   "[no] ip nhrp vpn dup-addr-detection max-moves ![(2-1000)$moves time (2-1800)$time]",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   DUPLICATE_STR
	   "How often an address may move\n"
	   "Moves (default: 5)\n"
	   "Within which time\n"
	   "Seconds (default: 180)\n")
{
	nb_cli_enqueue_change(vty, DUPLICATE_XPATH "/max-moves", no ? NB_OP_DESTROY : NB_OP_MODIFY,
			      no ? NULL : moves_str);
	nb_cli_enqueue_change(vty, DUPLICATE_XPATH "/time", no ? NB_OP_DESTROY : NB_OP_MODIFY,
			      no ? NULL : time_str);
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/dup-addr-detection/freeze
 */
DEFPY_YANG(if_nhrp_vpn_duplicate_freeze,
	   if_nhrp_vpn_duplicate_freeze_cmd,
	   "[no] ip nhrp vpn dup-addr-detection freeze ![<permanent$permanent|(30-3600)$seconds>]",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   DUPLICATE_STR
	   "How long a duplicate is held\n"
	   "Until it is cleared\n"
	   "Seconds (default: 180)\n")
{
	nb_cli_enqueue_change(vty, DUPLICATE_XPATH "/freeze", no ? NB_OP_DESTROY : NB_OP_MODIFY,
			      no ? NULL : permanent ? permanent : seconds_str);
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/graceful-restart
 */
DEFPY_YANG(if_nhrp_vpn_graceful_restart,
	   if_nhrp_vpn_graceful_restart_cmd,
	   "[no] ip nhrp vpn graceful-restart",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   "Registrations and forwarding outlive a stop of nhrpd\n")
{
	nb_cli_enqueue_change(vty, VPN_XPATH "/graceful-restart", no ? NB_OP_DESTROY : NB_OP_MODIFY,
			      no ? NULL : "true");
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/authentication-key-chain
 */
DEFPY_YANG(if_nhrp_vpn_key_chain,
	   if_nhrp_vpn_key_chain_cmd,
	   "[no] ip nhrp vpn authentication key-chain ![WORD$chain]",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   "By what NHRP messages of these VPNs are authentic\n"
	   "A keyed hash, with the keys of a key chain\n"
	   "Name of the key chain\n")
{
	nb_cli_enqueue_change(vty, VPN_XPATH "/authentication-key-chain",
			      no ? NB_OP_DESTROY : NB_OP_MODIFY, no ? NULL : chain);
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/arp-suppress
 */
DEFPY_YANG(if_nhrp_vpn_arp_suppress,
	   if_nhrp_vpn_arp_suppress_cmd,
	   "[no] ip nhrp vpn arp-suppress",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   "The bridge answers ARP and neighbour discovery for what is behind other spokes\n")
{
	nb_cli_enqueue_change(vty, VPN_XPATH "/arp-suppress", no ? NB_OP_DESTROY : NB_OP_MODIFY,
			      no ? NULL : "true");
	return nb_cli_apply_changes(vty, NULL);
}

/*
 * XPath: /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/plain-messages-vpn-id
 */
DEFPY_YANG(if_nhrp_vpn_plain_messages,
	   if_nhrp_vpn_plain_messages_cmd,
	   "[no] ip nhrp vpn plain-messages ![vpn-id (1-4294967295)$index [oui OUI$oui]]",
	   NO_STR
	   IP_STR
	   NHRP_STR
	   VPN_STR
	   "Messages without VPN headers, of peers that know no VPNs\n"
	   "They belong to this VPN\n"
	   "VPN index of the RFC 2685 VPN-ID\n"
	   OUI_STR
	   OUI_HELP)
{
	char id[VPN_ID_STRLEN];
	struct vpn_id vpn;

	if (!no && !read_vpn_id(vty, index, oui, &vpn))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, VPN_XPATH "/plain-messages-vpn-id", no ? NB_OP_DESTROY : NB_OP_MODIFY,
			      no ? NULL : vpn_id_str(&vpn, id));
	return nb_cli_apply_changes(vty, NULL);
}

void nhrp_cli_init(void)
{
	install_element(INTERFACE_NODE, &if_nhrp_vpn_id_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_controller_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_role_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_holdtime_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_keepalive_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_ageing_time_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_probe_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_probe_interval_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_duplicate_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_duplicate_moves_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_duplicate_freeze_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_graceful_restart_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_key_chain_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_arp_suppress_cmd);
	install_element(INTERFACE_NODE, &if_nhrp_vpn_plain_messages_cmd);
}

/* What the model lets into the tree is a VPN-ID. */
static struct vpn_id vpn_of(const struct lyd_node *instance)
{
	struct vpn_id vpn;

	vpn_id_parse(&vpn, yang_dnode_get_string(instance, "vpn-id"));
	return vpn;
}

/* The words of a command that name a VPN: an index, and an OUI where it has one. */
static void show_vpn_id(struct vty *vty, const struct vpn_id *vpn)
{
	char oui[VPN_OUI_STRLEN];

	vty_out(vty, "%u", vpn->index);
	if (vpn->oui)
		vty_out(vty, " oui %s", vpn_oui_str(vpn->oui, oui));
}

static void show_instance(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	struct vpn_id vpn = vpn_of(dnode);

	vty_out(vty, " ip nhrp vpn-id ");
	show_vpn_id(vty, &vpn);
	if (yang_dnode_exists(dnode, "vlan"))
		vty_out(vty, " vlan %s", yang_dnode_get_string(dnode, "vlan"));
	vty_out(vty, "\n");
}

/* By number: the data tree keeps the order in which the lines came. */
static int compare_instances(const struct lyd_node *one, const struct lyd_node *other)
{
	struct vpn_id a = vpn_of(one), b = vpn_of(other);

	return vpn_id_cmp(&a, &b);
}

static void show_controller(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	vty_out(vty, " ip nhrp vpn controller %s\n", yang_dnode_get_string(dnode, NULL));
}

static void show_role(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	vty_out(vty, " ip nhrp vpn role %s\n", yang_dnode_get_string(dnode, NULL));
}

static void show_holdtime(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	vty_out(vty, " ip nhrp vpn holdtime %s\n", yang_dnode_get_string(dnode, NULL));
}

static void show_keepalive(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	vty_out(vty, " ip nhrp vpn keepalive %s\n", yang_dnode_get_string(dnode, NULL));
}

static void show_ageing_time(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	vty_out(vty, " ip nhrp vpn ageing-time %s\n", yang_dnode_get_string(dnode, NULL));
}

static void show_probe(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	vty_out(vty, " %sip nhrp vpn probe\n", yang_dnode_get_bool(dnode, NULL) ? "" : "no ");
}

/* One line for both times, at the first of them that is shown. */
static void show_probe_interval(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	vty_out(vty, " ip nhrp vpn probe interval %s misses %s\n",
		yang_dnode_get_string(dnode, "../probe-interval"),
		yang_dnode_get_string(dnode, "../probe-misses"));
}

static void show_probe_misses(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	if (!show_defaults && yang_dnode_is_default(dnode, "../probe-interval"))
		show_probe_interval(vty, dnode, show_defaults);
}

/* A line each, where one of its leaves is not what it is by default. */
static void show_duplicate(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	bool enabled = yang_dnode_get_bool(dnode, "enabled");

	if (!enabled || show_defaults)
		vty_out(vty, " %sip nhrp vpn dup-addr-detection\n", enabled ? "" : "no ");
	if (show_defaults || !yang_dnode_is_default(dnode, "max-moves") ||
	    !yang_dnode_is_default(dnode, "time"))
		vty_out(vty, " ip nhrp vpn dup-addr-detection max-moves %s time %s\n",
			yang_dnode_get_string(dnode, "max-moves"),
			yang_dnode_get_string(dnode, "time"));
	if (show_defaults || !yang_dnode_is_default(dnode, "freeze"))
		vty_out(vty, " ip nhrp vpn dup-addr-detection freeze %s\n",
			yang_dnode_get_string(dnode, "freeze"));
}

static void show_graceful_restart(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	vty_out(vty, " %sip nhrp vpn graceful-restart\n", yang_dnode_get_bool(dnode, NULL) ? "" : "no ");
}

static void show_key_chain(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	vty_out(vty, " ip nhrp vpn authentication key-chain %s\n",
		yang_dnode_get_string(dnode, NULL));
}

static void show_arp_suppress(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	vty_out(vty, " %sip nhrp vpn arp-suppress\n",
		yang_dnode_get_bool(dnode, NULL) ? "" : "no ");
}

static void show_plain_messages(struct vty *vty, const struct lyd_node *dnode, bool show_defaults)
{
	struct vpn_id vpn;

	vpn_id_parse(&vpn, yang_dnode_get_string(dnode, NULL));
	vty_out(vty, " ip nhrp vpn plain-messages vpn-id ");
	show_vpn_id(vty, &vpn);
	vty_out(vty, "\n");
}

const struct frr_yang_module_info frr_nhrpd_cli_info = {
	.name = "frr-nhrpd",
	.ignore_cfg_cbs = true,
	.nodes = {
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/instance",
			.cbs.cli_show = show_instance,
			.cbs.cli_cmp = compare_instances,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/controller",
			.cbs.cli_show = show_controller,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/role",
			.cbs.cli_show = show_role,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/holdtime",
			.cbs.cli_show = show_holdtime,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/keepalive",
			.cbs.cli_show = show_keepalive,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/ageing-time",
			.cbs.cli_show = show_ageing_time,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/probe",
			.cbs.cli_show = show_probe,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/probe-interval",
			.cbs.cli_show = show_probe_interval,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/probe-misses",
			.cbs.cli_show = show_probe_misses,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/dup-addr-detection",
			.cbs.cli_show = show_duplicate,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/graceful-restart",
			.cbs.cli_show = show_graceful_restart,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/authentication-key-chain",
			.cbs.cli_show = show_key_chain,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/arp-suppress",
			.cbs.cli_show = show_arp_suppress,
		},
		{
			.xpath = "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn/plain-messages-vpn-id",
			.cbs.cli_show = show_plain_messages,
		},
		{ .xpath = NULL },
	},
};

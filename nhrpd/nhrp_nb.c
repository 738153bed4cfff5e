// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nhrpd as a backend of mgmtd: the table of frr-nhrpd's callbacks, and the
 * connection over which mgmtd sends the configuration.
 *
 * mgmtd owns the configuration. At each connection it sends all of it that
 * lies below the paths registered here, later every change, in transactions of
 * two steps (prepare, apply). While mgmtd is away, nhrpd keeps what it has.
 *
 * Runs in nhrpd's main thread. What the callbacks do is in nhrp_nb_config.c;
 * this daemon's own command line is in nhrp_local_cli.c.
 */
#include <config.h>
#include <zebra.h>

#include "lib/frrevent.h"
#include "lib/log.h"
#include "lib/mgmt_be_client.h"
#include "lib/northbound.h"

#include "nhrpd/nhrp_hold.h"
#include "nhrpd/nhrp_nb.h"
#include "nhrpd/nhrp_nb_config.h"
#include "nhrpd/nhrp_reread.h"
#include "yang/nhrpd_model.h"

/* How long mgmtd may take to appear before the log mentions it, in seconds. */
#define MGMTD_PATIENCE 10

/* mgmtd sends what it has as soon as we are connected, and does not say when that was all; in milliseconds. */
#define MGMTD_SETTLES 500

#define VPN_XPATH "/frr-interface:lib/interface/frr-nhrpd:nhrp/vpn"

static struct mgmt_be_client *backend;
static struct event *patience;

const struct frr_yang_module_info frr_nhrpd_info = {
	.name = "frr-nhrpd",
	.nodes = {
		{
			.xpath = VPN_XPATH,
			.cbs.apply_finish = nhrp_vpn_apply_finish,
		},
		{
			.xpath = VPN_XPATH "/instance",
			.cbs.create = nhrp_vpn_instance_create,
			.cbs.destroy = nhrp_vpn_instance_destroy,
		},
		{
			.xpath = VPN_XPATH "/instance/vlan",
			.cbs.modify = nhrp_vpn_instance_vlan_modify,
			.cbs.destroy = nhrp_vpn_instance_vlan_destroy,
		},
		{
			.xpath = VPN_XPATH "/controller",
			.cbs.modify = nhrp_vpn_controller_modify,
			.cbs.destroy = nhrp_vpn_controller_destroy,
		},
		{
			.xpath = VPN_XPATH "/role",
			.cbs.modify = nhrp_vpn_role_modify,
		},
		{
			.xpath = VPN_XPATH "/holdtime",
			.cbs.modify = nhrp_vpn_holdtime_modify,
		},
		{
			.xpath = VPN_XPATH "/keepalive",
			.cbs.modify = nhrp_vpn_keepalive_modify,
		},
		{
			.xpath = VPN_XPATH "/ageing-time",
			.cbs.modify = nhrp_vpn_ageing_time_modify,
		},
		{
			.xpath = VPN_XPATH "/probe",
			.cbs.modify = nhrp_vpn_probe_modify,
		},
		{
			.xpath = VPN_XPATH "/probe-interval",
			.cbs.modify = nhrp_vpn_probe_modify,
		},
		{
			.xpath = VPN_XPATH "/probe-misses",
			.cbs.modify = nhrp_vpn_probe_modify,
		},
		{
			.xpath = VPN_XPATH "/dup-addr-detection/enabled",
			.cbs.modify = nhrp_vpn_duplicate_modify,
		},
		{
			.xpath = VPN_XPATH "/dup-addr-detection/max-moves",
			.cbs.modify = nhrp_vpn_duplicate_modify,
		},
		{
			.xpath = VPN_XPATH "/dup-addr-detection/time",
			.cbs.modify = nhrp_vpn_duplicate_modify,
		},
		{
			.xpath = VPN_XPATH "/dup-addr-detection/freeze",
			.cbs.modify = nhrp_vpn_duplicate_modify,
		},
		{
			.xpath = VPN_XPATH "/graceful-restart",
			.cbs.modify = nhrp_vpn_graceful_restart_modify,
		},
		{
			.xpath = VPN_XPATH "/authentication-key-chain",
			.cbs.modify = nhrp_vpn_key_chain_modify,
			.cbs.destroy = nhrp_vpn_key_chain_destroy,
		},
		{
			.xpath = VPN_XPATH "/arp-suppress",
			.cbs.modify = nhrp_vpn_arp_suppress_modify,
		},
		{
			.xpath = VPN_XPATH "/plain-messages-vpn-id",
			.cbs.modify = nhrp_vpn_plain_messages_modify,
			.cbs.destroy = nhrp_vpn_plain_messages_destroy,
		},
		{ .xpath = NULL },
	},
};

/* Before main(): frr_init() looks the module up, and nothing of ours runs earlier. */
static void __attribute__((constructor)) embed_model(void)
{
	nhrpd_model_embed();
}

static void mgmtd_is_late(struct event *event)
{
	zlog_warn("no connection to mgmtd for %u s: VPNs stay as they are until it runs",
		  MGMTD_PATIENCE);
}

static void mgmtd_changed(struct mgmt_be_client *client, uintptr_t loop, bool connected)
{
	event_cancel(&patience);
	if (connected) {
		nhrp_hold_mgmtd_connected(MGMTD_SETTLES);
		nhrp_reread_connected();
		zlog_info("connected to mgmtd: it sends the configuration of VPNs");
		return;
	}
	nhrp_reread_lost();
	zlog_warn("connection to mgmtd lost: VPNs stay as they are until it is back");
}

/*
 * No more than our own part of each interface, and FRR's key chains. Matching paths by prefix, mgmtd
 * includes the interfaces themselves, which is how they come to exist here
 * before their devices do.
 */
static const char *const config_xpaths[] = {
	"/frr-interface:lib/interface/frr-nhrpd:nhrp",
	"/ietf-key-chain:key-chains",
};

static const char *const oper_xpaths[] = {
	"/frr-backend:clients",
};

static struct mgmt_be_client_cbs client_callbacks = {
	.client_connect_notify = mgmtd_changed,
	.config_xpaths = config_xpaths,
	.nconfig_xpaths = array_size(config_xpaths),
	.oper_xpaths = oper_xpaths,
	.noper_xpaths = array_size(oper_xpaths),
};

void nhrp_nb_init(struct event_loop *loop)
{
	nhrp_nb_config_init();
	nhrp_reread_init(loop);
	backend = mgmt_be_client_create("nhrpd", &client_callbacks, (uintptr_t)loop, loop);
	nhrp_hold_for_mgmtd(MGMTD_PATIENCE * 1000);
	event_add_timer(loop, mgmtd_is_late, NULL, MGMTD_PATIENCE, &patience);
}

void nhrp_nb_terminate(void)
{
	event_cancel(&patience);
	nhrp_nb_config_terminate();
	nhrp_reread_terminate();
	if (backend)
		mgmt_be_client_destroy(backend);
	backend = NULL;
}

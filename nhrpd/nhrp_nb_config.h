// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration callbacks of frr-nhrpd, for the table in nhrp_nb.c.
 */
#ifndef DMEVPN_NHRP_NB_CONFIG_H
#define DMEVPN_NHRP_NB_CONFIG_H

#include "lib/northbound.h"

/* /frr-interface:lib/interface/frr-nhrpd:nhrp/vpn and below it */
void nhrp_vpn_apply_finish(struct nb_cb_apply_finish_args *args);
int nhrp_vpn_instance_create(struct nb_cb_create_args *args);
int nhrp_vpn_instance_destroy(struct nb_cb_destroy_args *args);
int nhrp_vpn_instance_vlan_modify(struct nb_cb_modify_args *args);
int nhrp_vpn_instance_vlan_destroy(struct nb_cb_destroy_args *args);
int nhrp_vpn_controller_modify(struct nb_cb_modify_args *args);
int nhrp_vpn_controller_destroy(struct nb_cb_destroy_args *args);
int nhrp_vpn_role_modify(struct nb_cb_modify_args *args);
int nhrp_vpn_holdtime_modify(struct nb_cb_modify_args *args);
int nhrp_vpn_keepalive_modify(struct nb_cb_modify_args *args);
int nhrp_vpn_ageing_time_modify(struct nb_cb_modify_args *args);
int nhrp_vpn_probe_modify(struct nb_cb_modify_args *args);
int nhrp_vpn_duplicate_modify(struct nb_cb_modify_args *args);
int nhrp_vpn_graceful_restart_modify(struct nb_cb_modify_args *args);
int nhrp_vpn_key_chain_modify(struct nb_cb_modify_args *args);
int nhrp_vpn_key_chain_destroy(struct nb_cb_destroy_args *args);
int nhrp_vpn_arp_suppress_modify(struct nb_cb_modify_args *args);
int nhrp_vpn_plain_messages_modify(struct nb_cb_modify_args *args);
int nhrp_vpn_plain_messages_destroy(struct nb_cb_destroy_args *args);

/*
 * Watch for interfaces whose whole configuration goes, of which the callbacks
 * above hear nothing; and stop watching, before interfaces are torn down.
 */
void nhrp_nb_config_init(void);
void nhrp_nb_config_terminate(void);

#endif

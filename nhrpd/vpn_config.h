// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The setters that the northbound callbacks call: each hands one leaf of
 * frr-nhrpd.yang to the engine. Main pthread only.
 */
#ifndef DMEVPN_VPN_CONFIG_H
#define DMEVPN_VPN_CONFIG_H

#include "nhrpd/vpn_engine.h"

/* VPN on the device; vlan 0 means the default. The device need not exist. */
void vpn_config_instance_set(const char *ifname, struct vpn_id vpn, uint16_t vlan);
void vpn_config_instance_unset(const char *ifname, struct vpn_id vpn);
/* NULL takes the controller away. */
void vpn_config_controller_set(const char *ifname, const char *controller);
void vpn_config_role_set(const char *ifname, enum vpn_config_role role);
/* Seconds, 1 to 65535. */
void vpn_config_holdtime_set(const char *ifname, uint16_t seconds);
/* Milliseconds, 100 to 60000. */
void vpn_config_keepalive_set(const char *ifname, uint32_t ms);
/* Seconds, 10 to 65535; 0: MACs do not age. */
void vpn_config_ageing_time_set(const char *ifname, uint16_t seconds);
/* Milliseconds, 100 to 60000; 1 to 10. */
void vpn_config_probe_set(const char *ifname, bool on, uint32_t interval, uint8_t misses);
/* How duplicate addresses are found and treated; NULL: as without configuration. */
void vpn_config_duplicate_set(const char *ifname, const struct vpn_duplicate_config *config);
void vpn_config_graceful_restart_set(const char *ifname, bool on);
/* NULL takes the key chain away; it need not exist. */
void vpn_config_key_chain_set(const char *ifname, const char *name);
void vpn_config_arp_suppress_set(const char *ifname, bool on);
/* The VPN of plain messages; NULL: none. */
void vpn_config_plain_vpn_set(const char *ifname, const struct vpn_id *vpn);
/* A whole transaction has been applied: look at the controllers it names, and act. */
void vpn_config_apply(void);

#endif

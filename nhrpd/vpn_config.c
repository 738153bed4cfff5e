// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration on its way from the northbound to the engine: nothing is kept
 * here, so what the engine holds is the configuration. Called by
 * nhrp_nb_config.c in the main pthread.
 */
#include <config.h>

#include "lib/zebra.h"

#include "nhrpd/nhrp_hold.h"
#include "nhrpd/nhrp_reread.h"
#include "nhrpd/vpn_config.h"
#include "nhrpd/vpn_controller.h"
#include "nhrpd/vpn_glue.h"

void vpn_config_instance_set(const char *ifname, struct vpn_id vpn, uint16_t vlan)
{
	vpn_engine_set_instance(vpn_glue_engine(), ifname, vpn, vlan);
}

void vpn_config_instance_unset(const char *ifname, struct vpn_id vpn)
{
	vpn_engine_unset_instance(vpn_glue_engine(), ifname, vpn);
}

void vpn_config_controller_set(const char *ifname, const char *controller)
{
	vpn_engine_set_controller_name(vpn_glue_engine(), ifname, controller);
}

void vpn_config_role_set(const char *ifname, enum vpn_config_role role)
{
	vpn_engine_set_role(vpn_glue_engine(), ifname, role);
}

void vpn_config_holdtime_set(const char *ifname, uint16_t seconds)
{
	vpn_engine_set_holdtime(vpn_glue_engine(), ifname, seconds);
}

void vpn_config_keepalive_set(const char *ifname, uint32_t ms)
{
	vpn_engine_set_keepalive(vpn_glue_engine(), ifname, ms);
}

void vpn_config_ageing_time_set(const char *ifname, uint16_t seconds)
{
	vpn_engine_set_ageing_time(vpn_glue_engine(), ifname, seconds);
}

void vpn_config_probe_set(const char *ifname, bool on, uint32_t interval, uint8_t misses)
{
	vpn_engine_set_probe(vpn_glue_engine(), ifname, on ? interval : 0, misses);
}

void vpn_config_duplicate_set(const char *ifname, const struct vpn_duplicate_config *config)
{
	const struct vpn_duplicate_config usual = vpn_duplicate_default();

	vpn_engine_set_duplicate(vpn_glue_engine(), ifname, config ? config : &usual);
}

void vpn_config_graceful_restart_set(const char *ifname, bool on)
{
	vpn_engine_set_graceful_restart(vpn_glue_engine(), ifname, on);
}

void vpn_config_key_chain_set(const char *ifname, const char *name)
{
	vpn_engine_set_key_chain(vpn_glue_engine(), ifname, name);
}

void vpn_config_arp_suppress_set(const char *ifname, bool on)
{
	vpn_engine_set_arp_suppress(vpn_glue_engine(), ifname, on);
}

void vpn_config_plain_vpn_set(const char *ifname, const struct vpn_id *vpn)
{
	vpn_engine_set_plain_vpn(vpn_glue_engine(), ifname, vpn);
}

void vpn_config_apply(void)
{
	vpn_engine_commit(vpn_glue_engine());
	vpn_controller_poll_now();
	nhrp_hold_vpns_came();
	nhrp_reread_came();
	vpn_glue_kick();
}

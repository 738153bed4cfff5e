// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Our own end of a VPN, as the others were told of it.
 */
#ifndef DMEVPN_VPN_END_H
#define DMEVPN_VPN_END_H

#include "nhrpd/vpn_engine.h"

struct vpn_instance;

#define VPN_END_TOLD_MS 30000 /* a spoke that did not hear of it renews by then, and sees it in the reply */

/* The VXLAN device, by what others send to and know it by; and the interface by which NHRP goes. */
struct vpn_end {
	struct dm_addr nbma, mac;
	uint32_t vni;	     /* 0: nobody was told yet */
	uint32_t controller; /* ifindex */
	uint32_t bridge;     /* ifindex of what the device is a port of, 0 for none */
};

/* Our end is as it is now, and the instance ready: tells those who know another one. */
void vpn_end_look(struct vpn_engine *e, struct vpn_instance *inst);
/* The device is a port of another bridge than before, or of none any more: what was behind it is not. */
bool vpn_end_uprooted(const struct vpn_instance *inst);
/* The MAC that we speak by: our device's, or what it was while the device is gone; not set when there was none. */
struct dm_addr vpn_end_mac(const struct vpn_instance *inst);
/* Nothing is told of it any more. */
void vpn_end_forget(struct vpn_instance *inst);

#endif

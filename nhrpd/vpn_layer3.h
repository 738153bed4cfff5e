// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layer 3 VPNs: GRE interfaces with a VPN-ID, on which FRR's own NHRP code runs.
 */
#ifndef DMEVPN_VPN_LAYER3_H
#define DMEVPN_VPN_LAYER3_H

#include "nhrpd/vpn_core.h"

/* The command that INST has and that has a meaning on a VXLAN device only ("vlan"); NULL when there is none. */
const char *vpn_layer3_misplaced(const struct vpn_instance *inst);

/* Tells the world when the device's layer 3 VPN is another than it was told last. */
void vpn_layer3_update(struct vpn_engine *e, struct vpn_device *dev);

/*
 * A message with the VPN-ID of the default routing instance (RFC 2735 3.1). Returns false when it
 * must be treated as of any VPN: MAC addresses, or an interface that has a layer 3 VPN. Else the
 * stock code has got it as a plain one.
 */
bool vpn_layer3_default(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m);

/*
 * One decoded VPN message. Returns false when it is none of ours: MAC addresses, an
 * interface without layer 3 VPN, or a layer 2 VPN that this interface controls. Else it
 * has been delivered, or refused and, for another VPN than the interface's, answered
 * with an Error Indication (RFC 2735 3.4).
 */
bool vpn_layer3_packet(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m);

#endif

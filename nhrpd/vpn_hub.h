// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a hub answers and tells: registration, resolution, purge, redirect.
 */
#ifndef DMEVPN_VPN_HUB_H
#define DMEVPN_VPN_HUB_H

#include "nhrpd/vpn_engine.h"

struct vpn_instance;

#define VPN_HOLDTIME_MIN 5 /* seconds; a shorter registration is held that long */

/* A Registration Request (RFC 2332 5.2.3). */
void vpn_hub_registration_request(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				  const struct nhrp_msg *m);
/*
 * The registration of the station that sends REQ in INST, its first entry *cie and its VPN's life there LIFE, 0 when
 * not told: makes or renews the member, or refuses and counts. What the CIE leaves out stands in the header
 * (RFC 2332 5.2.3). Sets code and holding time of *cie.
 */
void vpn_hub_register_station(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			      const struct nhrp_msg *req, uint64_t life, struct nhrp_cie *cie);
/* A Resolution Request (RFC 2332 5.2.1). */
void vpn_hub_resolution_request(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				const struct nhrp_msg *m);
/* Answers REQ with that code and nothing else; not every one of a flood. */
void vpn_hub_refuse_resolution(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *to,
			       const struct nhrp_msg *req, uint8_t code);
/* A Purge Request of a member: it takes back itself or MACs behind it (RFC 2332 5.2.5). */
void vpn_hub_purge_request(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			   const struct nhrp_msg *m);
/* An Error Indication (RFC 2332 5.2.7). */
void vpn_hub_error_indication(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			      const struct nhrp_msg *m);
/* The switch forwarded a frame from one member to another: the sender's spoke is told. */
void vpn_hub_hairpin(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_hairpin *h);

#endif

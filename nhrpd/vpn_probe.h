// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paths to other VXLAN ends that a spoke's shortcuts lead over, and whether they work.
 */
#ifndef DMEVPN_VPN_PROBE_H
#define DMEVPN_VPN_PROBE_H

#include <assert.h>

#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"

struct vpn_instance;
struct vpn_device;

#define VPN_PROBES_MAX 8192 /* of one VPN: as many as it may have members */

PREDECL_HASH(vpn_probes);

enum vpn_probe_state {
	VPN_PROBE_WAITING, /* the module has not said yet; what it has in the kernel stays there */
	VPN_PROBE_UP,
	VPN_PROBE_DOWN,
};

/* The path to a VXLAN end. Identified in its instance by address and VNI of that. */
struct vpn_probe {
	struct vpn_probes_item item;
	struct vpn_instance *inst;
	struct dm_addr nbma;
	uint32_t vni;
	enum vpn_probe_state state;
	size_t holders;	 /* shortcuts over it */
	uint32_t rtt_us; /* microseconds; 0 before the first answer */
	uint64_t since;	 /* ms; of the state */
};

/* Order of the container: by what identifies the object. */
static inline int vpn_probe_cmp(const struct vpn_probe *a, const struct vpn_probe *b)
{
	if (a->vni != b->vni)
		return a->vni < b->vni ? -1 : 1;
	return dm_addr_cmp(&a->nbma, &b->nbma);
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_probe_hash(const struct vpn_probe *p)
{
	return dm_addr_hash(&p->nbma, p->vni);
}
DECLARE_HASH(vpn_probes, struct vpn_probe, item, vpn_probe_cmp, vpn_probe_hash);

/*
 * The path to an end, probed from now on if it was not. The caller holds it until vpn_probe_drop(). NULL, and
 * counted, when there are too many.
 */
struct vpn_probe *vpn_probe_hold(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *nbma,
				 uint32_t vni);
/* The caller needs it no more; the last one ends it. */
void vpn_probe_drop(struct vpn_engine *e, struct vpn_probe *p);
/* The module's word. */
void vpn_probe_told(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_probe *state);
/* States all to the module. */
void vpn_probe_restate(struct vpn_engine *e, struct vpn_instance *inst);
/* The device's probes are on, off, or have other times: the shortcuts of its VPNs follow. */
void vpn_probe_configured(struct vpn_engine *e, struct vpn_device *dev);
/* "waiting", "up", "down" */
const char *vpn_probe_state_name(enum vpn_probe_state state);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The MACs on a spoke's own side of its bridge: those the bridge heard on ports
 * other than the VXLAN device, and the bridge's own. Main pthread.
 */
#ifndef DMEVPN_LOCALS_H
#define DMEVPN_LOCALS_H

#include <stdint.h>

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_netlink.h"

struct event_loop;

/*
 * TOLD is called for each MAC that is there, and each that is there no longer; it must not call
 * back.
 */
void dm_locals_start(struct event_loop *loop, void (*told)(const struct dm_local *local));
void dm_locals_stop(void);

/*
 * Watches the bridge of a VXLAN device (whichever that is, and none as long as
 * it is no port) until dm_locals_leave, and tells all its MACs now; for a device
 * that is watched already, all of them again.
 */
void dm_locals_follow(uint32_t ifindex, uint32_t vni);

/* The end of that, without a word about the MACs; no effect on a device that is not watched. */
void dm_locals_leave(uint32_t ifindex);

/* Tells all MACs of a device again; none when it is not watched. */
void dm_locals_tell(uint32_t ifindex);

/* True when the MAC is there now, in that VLAN (0: of a bridge that does not filter). */
bool dm_locals_has(uint32_t ifindex, const struct dm_addr *mac, uint16_t vlan);

/*
 * True for an entry of a bridge whose MAC is on this side, as long as the entry's port is not the
 * VXLAN device.
 */
bool dm_locals_counts(const struct nlm_bridge_mac *entry);

/* A MAC as the bridge knows it; one with a VLAN on a bridge that filters may be there several times. */
struct dm_local_sighting {
	struct dm_addr mac; /* not set: before the first */
	uint16_t vlan;
	bool own; /* the bridge's own MAC: no entry of the kernel's */
};

/* Steps to the sighting behind S, which need not be there any more. Returns false at the end. */
bool dm_locals_next(uint32_t ifindex, struct dm_local_sighting *s);

/*
 * A MAC is behind another member, since so many milliseconds: what the bridge has learned of it goes, in all
 * VLANs. Returns false when the queue is full.
 */
bool dm_locals_elsewhere(const struct dm_local *local);

/* … it was heard there since: is told once more. */
void dm_locals_still_here(uint32_t ifindex, const struct nlm_bridge_mac *entry);

/* The bridge was asked about an entry, and says when it heard it. */
void dm_locals_heard(uint32_t ifindex, const struct nlm_bridge_mac *entry);

/* A VXLAN device or a bridge changed or went (dmevpn_links.c). */
void dm_locals_link_changed(uint32_t ifindex);

/* MACs of a device now. */
uint32_t dm_locals_count(uint32_t ifindex);

/* How often the kernel dropped notifications; each time, the bridges were read anew. */
uint64_t dm_locals_overruns(void);

/* How often a MAC was left out because a bridge had too many. */
uint64_t dm_locals_over_limit(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The MACs that the hub's BPF switch has learned, in its own map. Main
 * pthread; while the switch is not loaded there are none.
 */
#ifndef DMEVPN_MACS_H
#define DMEVPN_MACS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"

#include "zebra/bpf/switch_maps.h"

struct dm_member_info;

/* A learned MAC. */
struct dm_mac_info {
	struct sw_mac_key key;
	const struct dm_member_info *member; /* NULL when it is gone */
	uint32_t idle_ms;		     /* since it was heard */
	bool held;			     /* it does not move, whoever sends frames with it */
};

/* Calls EACH for every MAC of a VPN; of all VPNs when IFINDEX is 0. Returns 0 or an errno. */
int dm_macs_each(uint32_t ifindex, uint32_t vni,
		 void (*each)(const struct dm_mac_info *mac, void *arg), void *arg);

/*
 * A walk over the MACs of all VPNs in slices, between which they may change. An element stays in
 * its bucket for its life, and buckets are read whole and in order; so none that is there all the
 * time is passed over, nor told twice. What comes, goes or moves meanwhile is told as an event.
 */
struct dm_macs_walk;

/* Begins one; NULL while there is no switch. */
struct dm_macs_walk *dm_macs_walk(void);
/* Calls EACH for some hundred more. Returns false when that were the last. */
bool dm_macs_walk_on(struct dm_macs_walk *walk, void (*each)(const struct dm_mac_info *mac, void *arg),
		     void *arg);
/* Ends it, at any time; NULL is allowed. */
void dm_macs_walk_end(struct dm_macs_walk **walk);

/* Finds one. Returns false when it is not known, or was heard behind a member that is gone. */
bool dm_mac_find(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac,
		 struct dm_mac_info *info);

/*
 * Puts a MAC behind a member if it is not known at all: what the switch has
 * heard itself is newer than what anybody tells it. Returns 0, ENOENT without
 * that member, ENOSPC past a limit, or another errno.
 */
int dm_mac_add(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac,
	       const struct dm_addr *nbma);

/*
 * Puts a MAC behind a member as if a frame of it had come from there IDLE_MS ago: also one that is
 * there already, or behind FROM (not set: behind nobody). Returns 0, ENOENT without that member, ESTALE
 * for one that the switch has heard elsewhere meanwhile, ENOSPC past a limit (nothing changes in
 * either case), EINVAL for what is no host's MAC, or another errno.
 */
int dm_mac_bind(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac,
		const struct dm_addr *nbma, const struct dm_addr *from, uint32_t idle_ms);

/*
 * Holds a MAC behind a member, so that frames with it from others are dropped and do not move it; or lets it
 * go. Returns 0, ENOENT without that member or MAC, ESTALE when it is elsewhere (and not held then), or another errno.
 */
int dm_mac_hold(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac,
		const struct dm_addr *nbma, bool held);

/* Forgets a MAC; when NBMA is set, only if it is behind that member still. */
void dm_mac_del(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac,
		const struct dm_addr *nbma);

/* Forgets the MACs of a VPN; only those behind SLOT when it is not 0. */
void dm_macs_forget(uint32_t ifindex, uint32_t vni, uint32_t slot);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module changed at devices that are the user's, so that it can be
 * taken back when the VPN goes, also by a zebra that was started later: kept in
 * a file in FRR's run directory, which like the devices does not live through a
 * reboot. Main pthread.
 */
#ifndef DMEVPN_UNDO_H
#define DMEVPN_UNDO_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"

enum dm_undo_kind {
	DM_UNDO_LEARNING = 1, /* VXLAN device: learning was on */
	DM_UNDO_HAIRPIN,      /* bridge port: hairpin was off */
	DM_UNDO_VLAN_TUNNEL,  /* bridge port: vlan_tunnel was off */
	DM_UNDO_SNOOPING,     /* bridge: mcast_snooping was on */
	DM_UNDO_VLAN,	      /* bridge port: was not in VLAN `vlan` */
	DM_UNDO_VLAN_FLAGS,   /* bridge port: VLAN `vlan` had the flags `vni` (BRIDGE_VLAN_INFO_*) */
	DM_UNDO_TUNNEL,	      /* bridge port: VLAN `vlan` was not mapped to a VNI; now it is `vni` */
	DM_UNDO_VNI,	      /* VXLAN device: did not receive `vni` */
	DM_UNDO_FLOOD_OURS,   /* VXLAN device: the all-zero entry is ours now */
	DM_UNDO_FLOOD,	      /* VXLAN device: the all-zero entry had `dst`, `vni` */
	DM_UNDO_SUPPRESS,     /* bridge port: neigh_suppress was off */
	DM_UNDO_FORWARD_GRAT, /* bridge port: neigh_forward_grat was off */
	DM_UNDO_NEIGHBOURS,   /* bridge, VLAN device upon one: has neighbours of ours */
	DM_UNDO_BRIDGE_MACS,  /* bridge port: the bridge has MACs of ours behind it in VLAN `vlan` */
};

/* One change; identified by all of it but the name. */
struct dm_undo {
	uint8_t kind; /* enum dm_undo_kind */
	uint32_t ifindex;
	uint16_t vlan; /* where the kind says so, otherwise 0 */
	uint32_t vni; /* or what the kind says */
	struct dm_addr dst;
	char name[16]; /* of the device, so that a reused ifindex is not taken for it */
};

/* Reads the file; records of devices that are gone or have another name are left out. */
void dm_undo_load(void);

/* Writes the file anew if records went since the last time, or could not be written. */
void dm_undo_save(void);

/* Frees the records; the file stays. */
void dm_undo_stop(void);

/*
 * Notes a change (copied; the name is looked up), in the file, too: to be called before it is
 * made. One that is noted already is no second one.
 */
void dm_undo_note(const struct dm_undo *undo);

/*
 * What is noted and dropped from here on is written in one go by dm_undo_release(), which so has to come
 * before the changes are made.
 */
void dm_undo_hold(void);
void dm_undo_release(void);

/* Drops one record. Returns false when there was none. */
bool dm_undo_drop(const struct dm_undo *undo);

/* True when that change is noted. */
bool dm_undo_has(const struct dm_undo *undo);

/*
 * Calls EACH for every record, those made last first, and drops it when EACH
 * returns true.
 */
void dm_undo_each(bool (*each)(const struct dm_undo *undo, void *arg), void *arg);

#endif

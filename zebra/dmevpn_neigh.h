// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The neighbours behind other members that a spoke's bridge answers for: what nhrpd wants, and
 * what the kernel was told of it. Main pthread. Entries belong to a VXLAN device (ifindex).
 */
#ifndef DMEVPN_NEIGH_H
#define DMEVPN_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"

#include "zebra/dmevpn_netlink.h"
#include "zebra/dmevpn_provider.h"

struct event_loop;

/* Where the kernel looks when it answers for what is behind a VXLAN device. */
struct dm_neigh_place {
	uint32_t port;	 /* ifindex of the VXLAN device */
	uint32_t layer3; /* whose neighbours they are: the bridge, or a VLAN device upon it */
	uint16_t vlan;	 /* of the port on a bridge that filters by VLAN; else 0 */
};

/* True when both are the same place. */
bool dm_neigh_place_same(const struct dm_neigh_place *a, const struct dm_neigh_place *b);

/*
 * HEARD is told of neighbours that the kernel has found by itself, when a place is read; it must
 * not call back.
 */
void dm_neigh_start(struct event_loop *loop,
		    void (*heard)(uint32_t ifindex, uint16_t vlan, const struct dm_addr *ip,
				  const struct dm_addr *mac));

/* Forgets everything, and leaves the kernel as it is. */
void dm_neigh_stop(void);

/* A device has neighbours from now on, nowhere in the kernel yet; no effect when it has already. */
void dm_neigh_enter(uint32_t ifindex, uint32_t vni);

/*
 * Puts a device's neighbours to a place, or nowhere (NULL): they are taken from where they were.
 * What an earlier zebra left at a new place becomes ours, marked. Returns 0 or a negative errno:
 * the place cannot be read, they are nowhere.
 */
int dm_neigh_move(uint32_t ifindex, const struct dm_neigh_place *place);

/* The end of a device's neighbours, in the kernel, too. */
void dm_neigh_leave(uint32_t ifindex);

/*
 * Wants an IP address to be answered for with MAC; clears its mark. Returns 0, ENOENT for a device
 * that has not entered, ENOSPC when it has too many, EINVAL for addresses nobody can have.
 */
int dm_neigh_set(uint32_t ifindex, const struct dm_addr *ip, const struct dm_addr *mac);

/* Does not want it any more; no effect on one that is not wanted. */
void dm_neigh_del(uint32_t ifindex, const struct dm_addr *ip);

/* A MAC was heard on this side of the device's bridge, or (GONE) is not there any more. */
void dm_neigh_local_mac(uint32_t ifindex, const struct dm_addr *mac, bool gone);

/* The kernel does not have an entry any more; if it is one that is wanted, it is made again. */
void dm_neigh_removed(const struct nlm_neigh *neigh);
void dm_neigh_bridge_mac_removed(const struct nlm_bridge_mac *entry);

/* Tells the kernel everything of a device again; ifindex 0: of all. */
void dm_neigh_replay(uint32_t ifindex);

/* Tries again what the kernel refused: something about the devices changed. */
void dm_neigh_retry(uint32_t ifindex);

/*
 * An operation failed. Returns false when nhrpd is to know: it was an entry it wants, and the
 * reason does not pass by itself.
 */
bool dm_neigh_failed(const struct dm_op *op);

/* Marks everything; the sweep removes what is still marked, and tries again what was refused. */
void dm_neigh_mark(void);
void dm_neigh_sweep(void);

/* Calls EACH for the neighbours of a device that are marked: nhrpd has not stated them since. MOST of them at most. */
void dm_neigh_each_marked(uint32_t ifindex, unsigned int most,
			  void (*each)(uint32_t ifindex, uint32_t vni, const struct dm_addr *ip));

/*
 * Removes from the kernel what the module, in this life or an earlier one, put to a place; its
 * port or its layer3 may be 0, and is left out then. Returns false when that could not be tried now.
 */
bool dm_neigh_purge(const struct dm_neigh_place *place);

/* Where the neighbours of a device are in the kernel; false when they are nowhere. */
bool dm_neigh_where(uint32_t ifindex, struct dm_neigh_place *place);

/* Neighbours wanted on a device. */
uint32_t dm_neigh_count(uint32_t ifindex);

#endif

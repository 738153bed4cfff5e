// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The IP addresses on a spoke's own side of its bridge: which of the local MACs has which.
 * Main pthread. Addresses belong to a VXLAN device (ifindex).
 */
#ifndef DMEVPN_LOCAL_NEIGH_H
#define DMEVPN_LOCAL_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/dmevpn_msg.h"

/* addresses of one MAC; the one that was not heard for longest makes room */
#define DM_LOCAL_NEIGHS_OF_MAC 16
/* addresses of one device */
#define DM_LOCAL_NEIGHS_MAX 65536

/* TOLD gets each address that is new, has another MAC, or (gone) is there no longer. */
void dm_local_neigh_start(void (*told)(const struct dm_neigh *neigh));
void dm_local_neigh_stop(void);

/* A device has local addresses from now on; no effect when it has already. Nothing is told yet. */
void dm_local_neigh_enter(uint32_t ifindex, uint32_t vni);

/* The end of that, without a word. */
void dm_local_neigh_leave(uint32_t ifindex);

/* Tells changes from now on (ON), and all that are there; or no changes any more. */
void dm_local_neigh_tell(uint32_t ifindex, bool on);

/*
 * An address was heard with a MAC in a VLAN (0: of a bridge that does not filter). One whose MAC is
 * not known to be local yet is kept for the moment in which the bridge tells of it.
 */
void dm_local_neigh_heard(uint32_t ifindex, uint16_t vlan, const struct dm_addr *ip,
			  const struct dm_addr *mac);

/* An address was heard behind the tunnel, with a MAC: if another one here had it, it has not. */
void dm_local_neigh_heard_far(uint32_t ifindex, const struct dm_addr *ip,
			      const struct dm_addr *mac);

/* A MAC is local now, or (GONE) is not any more. */
void dm_local_neigh_mac(uint32_t ifindex, const struct dm_addr *mac, bool gone);

/*
 * The bridge's own addresses, all of them: begin, each, end; those not named again are gone. They
 * stay whatever is heard.
 */
void dm_local_neigh_own_begin(uint32_t ifindex);
void dm_local_neigh_own(uint32_t ifindex, const struct dm_addr *ip, const struct dm_addr *mac);
void dm_local_neigh_own_end(uint32_t ifindex);

/* True when the address is here. */
bool dm_local_neigh_has(uint32_t ifindex, const struct dm_addr *ip);

/*
 * The address is elsewhere now: it is gone here until it is heard again. Returns false for one of
 * the bridge's own, which stays.
 */
bool dm_local_neigh_give_up(uint32_t ifindex, const struct dm_addr *ip);

/* Addresses of a device now. */
uint32_t dm_local_neigh_count(uint32_t ifindex);

/* How often an address was left out because there were too many, or it had moved too often. */
uint64_t dm_local_neigh_over_limit(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VPNs and members of the hub's BPF switch, on top of its maps. Main pthread;
 * while the switch is not loaded, nothing is found and all changes
 * are refused with ENODEV.
 */
#ifndef DMEVPN_MEMBERS_H
#define DMEVPN_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"

#include "zebra/bpf/switch_maps.h"

/* A member; identified by (ifindex, vni, nbma). Valid until it is removed. */
struct dm_member_info {
	uint32_t ifindex;
	uint32_t vni;
	struct dm_addr nbma;
	uint32_t remote_vni;
};

/*
 * Reads back from the maps what an earlier zebra put there; every VPN and member counts as
 * marked.
 */
void dm_members_load(void);

/* Forgets the copies in this process; the maps stay as they are. */
void dm_members_stop(void);

/*
 * Opens a VPN for members. LOCAL, when set, becomes the source of its outer headers. Returns 0 or
 * an errno.
 */
int dm_vpn_open(uint32_t ifindex, uint32_t vni, const struct dm_addr *local);

/*
 * Closes it, with its members and MACs; no effect on an unknown one. Frames with its VNI are
 * dropped from then on, until it is opened again or dm_vpns_release() is called.
 */
void dm_vpn_close(uint32_t ifindex, uint32_t vni);

/*
 * VNIs of closed VPNs are the user's again. To be called when the devices' own settings no longer
 * lead them into a bridge.
 */
void dm_vpns_release(void);

/*
 * Counters of a VPN (valid until the next call that changes something); NULL when it is not open.
 */
const struct sw_vpn *dm_vpn_find(uint32_t ifindex, uint32_t vni);

/* Counters of frames that are of no open VPN; NULL while the switch is not loaded. */
const struct sw_vpn *dm_vpn_strays(void);

/*
 * One MAC more behind WHERE (sw_where) in the VPN, as BPF judges and counts when it learns. Returns
 * false, and counts the refusal, when the VPN or the member is gone or has no room.
 */
bool dm_vpn_take_mac(const struct sw_vpn_key *key, uint64_t where);

/* One MAC less there; of the VPN alone when that member is gone. */
void dm_vpn_give_mac(const struct sw_vpn_key *key, uint64_t where);

/* Calls EACH for every open VPN. EACH may close the one it is called for. */
void dm_vpns_each(void (*each)(uint32_t ifindex, uint32_t vni, void *arg), void *arg);

/* Members of a VPN now. */
uint32_t dm_members_count(uint32_t ifindex, uint32_t vni);

/*
 * Lets a member in, or changes its VNI; clears its mark. Returns 0, ENOENT
 * without that VPN, ENOSPC past SW_VPN_MEMBERS_MAX or when the node is full,
 * or another errno.
 */
int dm_member_set(uint32_t ifindex, uint32_t vni, const struct dm_addr *nbma, uint32_t remote_vni);

/* Shuts a member out and forgets the MACs behind it; no effect on an unknown one. */
void dm_member_del(uint32_t ifindex, uint32_t vni, const struct dm_addr *nbma);

/*
 * Marks all members; those still marked later are removed by dm_members_sweep, when KEEP does not
 * speak for them.
 */
void dm_members_mark(void);
void dm_members_sweep(bool (*keep)(uint32_t ifindex, uint32_t vni));

/* Calls EACH for every member of a VPN. */
void dm_members_each(uint32_t ifindex, uint32_t vni,
		     void (*each)(const struct dm_member_info *member, void *arg), void *arg);

/*
 * The member at a place that BPF told (sw_where); NULL when it is gone. And back: 0 for an
 * unknown member.
 */
const struct dm_member_info *dm_member_at(uint64_t where);
uint64_t dm_member_where(uint32_t ifindex, uint32_t vni, const struct dm_addr *nbma);

/* True when the switch's map of VPNs itself, and what that points to, have the VPN open. */
bool dm_vpn_in_kernel(uint32_t ifindex, uint32_t vni);

/* An address as the maps have it. */
void dm_addr_from_map(const uint8_t octets[SW_ADDR_LEN], struct dm_addr *addr);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The forwarding entries nhrpd wants, and what the kernel was told of them.
 * Main pthread. Entries belong to (ifindex, vni), vni being the instance's own;
 * at a hub (HUB true) they are made for that source VNI of an external device.
 */
#ifndef DMEVPN_FDB_H
#define DMEVPN_FDB_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_netlink.h"
#include "zebra/dmevpn_provider.h"

struct event_loop;

/*
 * Reads what the kernel has on a device, once: entries made by a control plane
 * become ours, marked. Returns 0 or a negative errno.
 */
int dm_fdb_adopt(const struct nlm_link *link);

/* Before anything else; LOOP is zebra's main one. */
void dm_fdb_start(struct event_loop *loop);

/*
 * Whether frames may be sent to a destination; asked when an entry gets it. While it says no, the
 * entry is kept here and not in the kernel, so that its frames go as those of unknown MACs do.
 * NULL: always. An entry that is in the kernel already, to just there, stays.
 */
typedef bool (*dm_fdb_gate)(uint32_t ifindex, uint32_t vni, const struct dm_addr *dst,
			    uint32_t remote_vni);
void dm_fdb_set_gate(dm_fdb_gate gate);

/* The answer to that has changed: the entries of a spoke's VPN that lead there go into the kernel, or out of it. */
void dm_fdb_gate_changed(uint32_t ifindex, uint32_t vni, const struct dm_addr *dst,
			 uint32_t remote_vni, bool open);

/* True for an entry that is kept out of the kernel by the gate. */
bool dm_fdb_is_held(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac);

/* Wants an entry, or another destination for it; clears its mark. */
void dm_fdb_set(uint32_t ifindex, uint32_t vni, bool hub, const struct dm_addr *mac,
		const struct dm_addr *nbma, uint32_t remote_vni);

/* Does not want it any more; no effect on one that is not ours. */
void dm_fdb_del(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac);

/*
 * The one destination of a spoke's all-zero entry; others are removed once it is there. Returns
 * false for a device that was not adopted.
 */
bool dm_fdb_hub_set(uint32_t ifindex, const struct dm_addr *nbma, uint32_t remote_vni);
void dm_fdb_hub_del(uint32_t ifindex);

/*
 * Puts a destination back into the all-zero entry that was the user's. Returns
 * false when the queue is full, or the device was not adopted.
 */
bool dm_fdb_flood_restore(uint32_t ifindex, const struct dm_addr *dst, uint32_t remote_vni);

/* Tells the kernel everything again: it drops entries when a device goes down. */
void dm_fdb_replay(uint32_t ifindex);

/* The same of all devices that are up, soon and at most once a second: nobody knows what was removed. */
void dm_fdb_replay_all(void);

/* The queue of operations, which was full, has room: what waits for it goes on now. */
void dm_fdb_room(void);

/*
 * Removes the entries of a VPN from the kernel and from here; VNI 0: nothing but the all-zero
 * entry.
 */
void dm_fdb_clear(uint32_t ifindex, uint32_t vni);

/* Forgets a device that is gone, its entries with it. */
void dm_fdb_forget(uint32_t ifindex);

/*
 * Marks everything; what is still marked later, and KEEP does not speak for, is removed by the
 * sweep.
 */
void dm_fdb_mark(void);
void dm_fdb_sweep(bool (*keep)(uint32_t ifindex, uint32_t vni));

/*
 * An operation failed: what it was for counts as absent. Returns true when the reason
 * passes and the operation will be repeated from here.
 */
bool dm_fdb_failed(const struct dm_op *op);

/* The kernel does not have an entry any more; if it is one that is wanted, it is made again. */
void dm_fdb_removed(const struct nlm_fdb *fdb);

/*
 * Calls EACH with a MAC_HAVE record for what is marked and the kernel has of a spoke's VPN by our doing: its
 * entries and, with MAC zero, where the all-zero one leads, unless that is the user's still.
 */
void dm_fdb_each_marked(uint32_t ifindex, uint32_t vni, void (*each)(const struct dm_rec *rec));

/* Entries of a VPN that the kernel is to have, without the all-zero one. */
uint32_t dm_fdb_count(uint32_t ifindex, uint32_t vni);

/* Forgets everything, and leaves the kernel as it is. */
void dm_fdb_stop(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Suppression of ARP and neighbour discovery at a spoke: where it is wanted, whether it is in
 * effect, and why not. Main pthread. Identified by ifindex of the VXLAN device.
 */
#ifndef DMEVPN_SUPPRESS_H
#define DMEVPN_SUPPRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_undo.h"

struct event_loop;

struct dm_suppress_ops {
	/* A state is new, or changed, or was asked for. */
	void (*told)(const struct dm_suppress *state);
	/* An address that is not on this side was asked for; once a second for each at most. */
	void (*wanted)(uint32_t ifindex, uint32_t vni, const struct dm_addr *ip);
};

/* OPS must outlive it. */
void dm_suppress_start(struct event_loop *loop, const struct dm_suppress_ops *ops);

/* Forgets everything, and leaves the kernel as it is. */
void dm_suppress_stop(void);

/*
 * Wants it (SET->on), clears its mark, and tells its state and all local neighbours; when it was marked,
 * nhrpd started anew, and the addresses that are answered for count as wanted: so it asks for them before they are
 * swept. Or does not want it any more, and tells that. Whether the device serves a spoke is the caller's to know.
 */
void dm_suppress_set(const struct dm_suppress *set);

/* The instance or the device has ended. */
void dm_suppress_end(uint32_t ifindex);

/* Tells the state of a device, and all local neighbours, again; nothing where it is not wanted. */
void dm_suppress_tell(uint32_t ifindex);

/* Some device changed that a place may depend on: all are looked at again soon. */
void dm_suppress_touch(void);

/* A station, or the bridge itself, asks for an address. */
void dm_suppress_asked(uint32_t ifindex, const struct dm_addr *ip);

/* The state of a device, as told; false where it is not wanted. */
bool dm_suppress_state(uint32_t ifindex, struct dm_suppress *state);

/* True while a noted change is needed for what is in effect. */
bool dm_suppress_needs(const struct dm_undo *undo);

/* Marks all, and all neighbours; the sweep ends what is still marked. */
void dm_suppress_mark(void);
void dm_suppress_sweep(void);

#endif

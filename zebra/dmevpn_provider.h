// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's place in zebra's dataplane: a bounded queue of operations on FDB entries and
 * neighbours, filled on the main pthread, emptied in batches on the dataplane pthread.
 * Operations are done in the order in which they were given.
 */
#ifndef DMEVPN_PROVIDER_H
#define DMEVPN_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "zebra/dmevpn_netlink.h"

struct event_loop;

/* operations that may wait; a further one is refused */
#define DM_QUEUE_MAX 65536

enum dm_op_kind {
	DM_OP_SET = 1,	 /* entry of a MAC: added or replaced */
	DM_OP_DEL,	 /* entry of a MAC: removed; one that is not there is no error */
	DM_OP_FLOOD_ADD, /* all-zero entry: one more destination */
	DM_OP_FLOOD_DEL, /* all-zero entry: one destination less; one that is not there is no error */
	DM_OP_GET,	 /* how long ago the entry was used */
	/*
	 * Of these the kernel is asked first what it has: what somebody else wrote down is left
	 * alone. Setting fails with EEXIST then, or with EADDRINUSE where the bridge hears the MAC
	 * on another port; a removal has nothing to remove.
	 */
	DM_OP_NEIGH_SET,      /* neighbour entry: added or replaced */
	DM_OP_NEIGH_DEL,
	DM_OP_BRIDGE_MAC_SET, /* entry of a bridge: added, or moved from nowhere */
	DM_OP_BRIDGE_MAC_DEL,
	/*
	 * What a bridge has learned behind a port other than the device goes. EEXIST: it was heard there since
	 * `idle_ms` ago, and stays; then, as with DM_OP_BRIDGE_MAC_GET, `bridge_mac` is what there is.
	 */
	DM_OP_BRIDGE_MAC_FORGET,
	DM_OP_BRIDGE_MAC_GET, /* where the bridge of a port has a MAC, and how long ago it heard it */
};

/* One operation, and what became of it. */
struct dm_op {
	uint8_t kind;	 /* enum dm_op_kind */
	uint8_t rec;	 /* enum dm_rec_type it came from, for the report of a failure */
	uint32_t vni;	 /* the instance's own */
	union {
		struct nlm_fdb fdb; /* to DM_OP_GET */
		struct {
			uint32_t device; /* ifindex of the VXLAN device it is for */
			union {
				struct nlm_neigh neigh;		  /* DM_OP_NEIGH_* */
				struct nlm_bridge_mac bridge_mac; /* DM_OP_BRIDGE_MAC_* */
			};
		};
	};
	bool held; /* in the queue: not to be done, `error` says why */
	/* results */
	int error; /* errno, 0 when done */
};

struct dm_provider_counters {
	uint64_t installed, deleted, errors;
	uint64_t overruns; /* the kernel's answers overran the socket; the batch was repeated */
	uint64_t refused;  /* operations that the full queue did not take */
	uint32_t depth;	   /* operations waiting now */
	uint32_t max_depth;
};

/*
 * Registers with zebra's dataplane; main pthread, before the dataplane starts.
 * DONE is called on the main pthread for every DM_OP_GET and DM_OP_BRIDGE_MAC_GET, and for every other
 * operation that failed; ROOM when half of the queue is free again after it was full. Returns 0 or a
 * negative errno.
 */
int dm_provider_start(struct event_loop *loop, void (*done)(const struct dm_op *op), void (*room)(void));

/* Drops what waits and frees the queue; main pthread, after the dataplane pthread has ended. */
void dm_provider_stop(void);

/* Queues an operation (copied); main pthread. Returns false when the queue is full. */
bool dm_provider_push(const struct dm_op *op);

/* A snapshot; any pthread. */
void dm_provider_get_counters(struct dm_provider_counters *counters);

#endif

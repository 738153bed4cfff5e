// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listens to ARP and neighbour discovery on the ports of a spoke's bridge. Main pthread.
 */
#ifndef DMEVPN_SNOOP_H
#define DMEVPN_SNOOP_H

#include <stdint.h>

#include "lib/addr.h"

struct event_loop;

struct dm_snoop_ops {
	/* A station on the own side of a device's bridge says that it has an address. */
	void (*heard)(uint32_t ifindex, uint16_t vlan, const struct dm_addr *ip,
		      const struct dm_addr *mac);
	/* A station behind the tunnel says so. */
	void (*heard_far)(uint32_t ifindex, const struct dm_addr *ip, const struct dm_addr *mac);
	/* A station on the own side, or the bridge itself, asks for an address. */
	void (*asked)(uint32_t ifindex, const struct dm_addr *ip);
};

/* OPS must outlive it. */
void dm_snoop_start(struct event_loop *loop, const struct dm_snoop_ops *ops);
void dm_snoop_stop(void);

/*
 * Listens for a VXLAN device: on it and the other ports of its bridge, in VLAN (0 where the bridge does
 * not filter), and to what the bridge itself sends by LAYER3 (the bridge, or a VLAN device upon
 * it). Once more with other values: from now on there. All numbers but VLAN are ifindexes.
 */
void dm_snoop_enter(uint32_t ifindex, uint32_t bridge, uint32_t layer3, uint16_t vlan);

/* The end of that; no effect on a device that is not listened for. */
void dm_snoop_leave(uint32_t ifindex);

/* The VLANs of ports may have changed. */
void dm_snoop_forget_vlans(void);

struct dm_snoop_counters {
	uint64_t frames;    /* of such bridges, read */
	uint64_t malformed; /* of them, not as their RFC wants them */
	uint64_t lost;	    /* the kernel had no room for */
};

/* Since the start; those of closed taps are among them. */
void dm_snoop_get_counters(struct dm_snoop_counters *counters);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The VPN instances that nhrpd set, and whether frames can flow in them. Main pthread.
 */
#ifndef DMEVPN_INSTANCE_H
#define DMEVPN_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dmevpn_msg.h"

struct event_loop;

/* One VPN on one device; identified by (ifindex, vlan). */
struct dm_instance_info {
	uint32_t ifindex;
	uint16_t vlan; /* hub; 0 at a spoke */
	uint8_t role;  /* enum dm_role */
	struct vpn_id vpn;
	bool ready;
	uint32_t vni; /* by which this node receives the VPN; 0 while not known */
	char reason[DM_REASON_LEN]; /* why it is not ready */
};

/* What the instances need of the rest of the module. */
struct dm_instance_ops {
	/*
	 * A state is new, or changed, or was asked for; HAS_STATE when members and MACs may be
	 * there already.
	 */
	void (*told)(const struct dm_instance_info *info, bool has_state);
	/* It ends, with its entries and members; not called for those that end with the module. */
	void (*ended)(const struct dm_instance_info *info);
	/* Loads the BPF switch if it is not. Returns false with REASON filled in. */
	bool (*load_switch)(char *reason, size_t size);
};

/*
 * Until the first dm_instances_sweep() nothing is taken away that an earlier
 * zebra left: OPS must outlive the instances.
 */
void dm_instances_start(struct event_loop *loop, const struct dm_instance_ops *ops);
void dm_instances_stop(void);

/*
 * Takes over the entries of all devices that an earlier zebra worked on, marked, so that they are
 * swept even if no instance is set on them again. Once devices, notes and switch were read.
 */
void dm_instances_adopt(void);

/* Sets an instance, or asks for its state again; clears its mark. */
void dm_instance_set(const struct dm_instance *wanted);

/*
 * Ends one: its entries, members and the device settings made for it go. No effect on an unknown
 * one.
 */
void dm_instance_del(uint32_t ifindex, uint16_t vlan);

/* By the VNI of its own; NULL when there is none, or it has no VNI yet. */
const struct dm_instance_info *dm_instance_find(uint32_t ifindex, uint32_t vni);

/* True when there is one, and this node is the hub of it. */
bool dm_instance_is_hub(uint32_t ifindex, uint32_t vni);

/* The first one behind that place in the order of device and VLAN; NULL at the end. */
const struct dm_instance_info *dm_instance_after(uint32_t ifindex, uint16_t vlan);

/* Calls EACH with every instance, in the order of device and VLAN. */
void dm_instances_each(void (*each)(const struct dm_instance_info *info, void *arg), void *arg);

/* How often one of them was examined. */
uint64_t dm_instances_examined(void);

/* Something about a device changed: or about a bridge: look at its instances again soon. */
void dm_instances_touch(uint32_t ifindex);
/* Something about these VLANs of its port did, or about these VNIs: at the instances that have them. */
void dm_instances_touch_vlans(uint32_t ifindex, uint16_t first, uint16_t last);
void dm_instances_touch_vnis(uint32_t ifindex, uint32_t first, uint32_t last);

/* A device is gone, and everything in the kernel that hung on it. */
void dm_instances_device_gone(uint32_t ifindex);

/*
 * Marks instances, members and entries; the sweep removes what is still marked,
 * and what an earlier zebra left behind that no instance claims.
 */
void dm_instances_mark(void);
void dm_instances_sweep(void);

#endif

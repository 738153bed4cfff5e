// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hub's BPF switch in the kernel: its maps (made, or found again after a
 * restart), its programs, the devices they are attached to, and its events.
 * Main pthread.
 */
#ifndef DMEVPN_SWITCH_H
#define DMEVPN_SWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zebra/bpf/switch_maps.h"

struct event_loop;

#define DM_SWITCH_REASON_LEN 96

/*
 * What is open while the switch is loaded: arrays in our memory, file descriptors of the other
 * maps.
 */
struct dm_switch_maps {
	struct sw_config *config;
	struct sw_vpn *vpn_table;	   /* SW_VPNS_MAX */
	struct sw_chunk *chunks;	   /* SW_CHUNKS_MAX */
	struct sw_slot_stats *slot_stats;  /* SW_SLOTS_MAX */
	int vpns, members, macs;
};

/* Who gets the events of the ring. */
struct dm_switch_listener {
	void (*event)(const struct sw_event *event);
	/* all events of one wake-up have been told */
	void (*pause)(void);
};

/*
 * Makes the folder for the pins; as root, when the module is loaded, because
 * user frr may not enter /sys/fs/bpf later. What goes wrong is kept and told
 * by dm_switch_load.
 */
void dm_switch_prepare(const char *user);

/* True when an earlier zebra left maps behind. */
bool dm_switch_has_pins(void);

/*
 * Loads programs and maps, or takes over pinned maps and puts the new programs
 * in the place of the old ones. Returns false with REASON (a sentence part)
 * filled in. Does nothing when it is loaded already.
 */
bool dm_switch_load(struct event_loop *loop, const struct dm_switch_listener *listener,
		    char *reason, size_t size);

/* The maps; NULL while the switch is not loaded. */
struct dm_switch_maps *dm_switch_maps(void);

/* The errno that a bpf() call of libbpf tells by its result, of either kind (-1 or negative); 0 for none. */
int dm_switch_errno(int result);

/*
 * Attaches both programs to a device; no effect on one that has them. Returns false with REASON
 * filled in.
 */
bool dm_switch_attach(uint32_t ifindex, char *reason, size_t size);

/* Takes them away again; also for a device that is gone. */
void dm_switch_detach(uint32_t ifindex);

/* DM_SETTING_SWITCH_IN, _OUT and _FLOOD: which of the programs the kernel has in place for a device. */
uint16_t dm_switch_settings(uint32_t ifindex);

/* The devices that have them, one at each call: pass 0 first, then what came; 0 at the end. */
uint32_t dm_switch_next_attached(uint32_t after);

/* Closes everything in this process; programs, maps and attachments go on in the kernel. */
void dm_switch_stop(void);

#endif

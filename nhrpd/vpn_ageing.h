// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub forgets MACs that are silent.
 */
#ifndef DMEVPN_VPN_AGEING_H
#define DMEVPN_VPN_AGEING_H

#include <assert.h>

#include "lib/typesafe.h"
#include "nhrpd/vpn_timer.h"

struct dm_used;
struct nhrp_cie;
struct vpn_binding;
struct vpn_device;
struct vpn_instance;

#define VPN_AGEING_SHARES 16   /* of the ageing time: so exactly is a MAC looked at */
/* one for each share, and for those that are due now, wait for an answer or were filed while a turn was late */
#define VPN_AGEING_SLOTS (VPN_AGEING_SHARES + 4)
#define VPN_AGEING_BATCH 500 /* questions to the module at a time … */
#define VPN_AGEING_PAUSE_MS 10 /* … and what it has for them */

PREDECL_DLIST(vpn_ageing_slot);

/* A binding's place among those that wait; of a MAC. */
struct vpn_ageing_place {
	struct vpn_ageing_slot_item item;
	uint8_t slot; /* 1 and up; 0: in none */
	bool asked;   /* the module's answer is awaited, and nothing else was heard since */
};

/* The MACs of a hub's device, by when they are to be looked at. */
struct vpn_ageing {
	struct vpn_ageing_slot_head slots[VPN_AGEING_SLOTS];
	unsigned int at; /* the slot whose turn is next */
	uint64_t next;	 /* ms; when that is */
	size_t waiting;	 /* in all slots */
	struct vpn_timer turn;
};

/* Readies a device's wheel; ends it, when nothing waits there any more. */
void vpn_ageing_init(struct vpn_device *dev);
void vpn_ageing_fini(struct vpn_engine *e, struct vpn_device *dev);
/* The device's ageing time is another: all its MACs are looked at anew. */
void vpn_ageing_changed(struct vpn_engine *e, struct vpn_device *dev);

/* The MAC was heard so many milliseconds ago, and is looked at when it may be too long. No effect on an IP address. */
void vpn_ageing_heard(struct vpn_engine *e, struct vpn_binding *b, uint64_t idle_ms);
/* The binding goes. */
void vpn_ageing_leave(struct vpn_binding *b);
/* The module's answer: for how long the switch has not heard the MAC. Forgets it when that is too long. */
void vpn_ageing_used(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_used *u);

/*
 * A member registers a MAC for so many seconds (the entry's holding time): what is left of the
 * ageing time since its bridge heard it. Returns how long ago that was (ms), and
 * makes the holding time what we grant.
 */
uint64_t vpn_ageing_registered(const struct vpn_instance *inst, struct nhrp_cie *cie);

#endif

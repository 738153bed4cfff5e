// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub's duplicate address detection: an address that moves too often is held where it is.
 */
#ifndef DMEVPN_VPN_DUPLICATE_H
#define DMEVPN_VPN_DUPLICATE_H

#include "nhrpd/vpn_binding.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_timer.h"

struct vpn_device;
struct vpn_instance;

/* The lately made moves of a binding, which owns it. */
struct vpn_moving {
	struct vpn_binding *binding;
	bool held;
	uint64_t held_since;  /* ms */
	struct dm_addr other; /* where else it was, by NBMA address; not set when that is not known any more */
	struct vpn_timer release;
	uint16_t num, room;
	uint64_t *at; /* ms, the oldest first: when it moved, room for `room` */
};

/* True when it is what a device has where nothing is configured. */
bool vpn_duplicate_is_default(const struct vpn_duplicate_config *config);
/* The binding has moved from OTHER, and was heard or registered here: counts, and holds it when that was too often. */
void vpn_duplicate_moved(struct vpn_engine *e, struct vpn_binding *b, const struct dm_addr *other);
/*
 * The module holds the MAC. An engine that has just begun does so, too, for the whole time anew; any other has it let go
 * of what it does not hold itself.
 */
void vpn_duplicate_found(struct vpn_engine *e, struct vpn_binding *mac);
/* True when it must not move. */
bool vpn_duplicate_is_held(const struct vpn_binding *b);
/* Lets go of it, and forgets its moves. */
void vpn_duplicate_release(struct vpn_engine *e, struct vpn_binding *b);
/* The binding ends. */
void vpn_duplicate_forget(struct vpn_engine *e, struct vpn_binding *b);
/* The device's settings are others: what it should not hold is let go, what it should is held by the new time. */
void vpn_duplicate_configured(struct vpn_engine *e, struct vpn_device *dev);

#endif

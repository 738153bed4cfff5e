// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a spoke takes over of an earlier life of nhrpd, by what the module tells of the kernel.
 */
#ifndef DMEVPN_VPN_ADOPT_H
#define DMEVPN_VPN_ADOPT_H

#include <assert.h>

#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_timer.h"

struct vpn_instance;

/* Where broadcast and unknown frames went before this life; so it stays until a hub has registered us. */
struct vpn_adopted_hub {
	struct dm_addr nbma; /* of its VXLAN end; not set: none */
	uint32_t vni;
	struct vpn_timer expiry;
};

/* Readies the instance's, for once. */
void vpn_adopt_init(struct vpn_instance *inst);

/* MAC_HAVE: an entry that the kernel forwards by, or with MAC zero the hub. Taken over, or taken out of the kernel. */
void vpn_adopt_mac(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_mac *rec);

/* The adopted hub is of no use any more: another one is active, or none is to be. Without effect when there is none. */
void vpn_adopt_forget_hub(struct vpn_engine *e, struct vpn_instance *inst);

/* Takes it out of the kernel, too, unless a hub is active. */
void vpn_adopt_drop_hub(struct vpn_engine *e, struct vpn_instance *inst);

/* The grace is over and the configuration complete: without a server nobody will take the adopted hub's place. */
void vpn_adopt_settle(struct vpn_engine *e);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A spoke's neighbours: IP addresses among what vpn_remote.h and vpn_local.h keep, and
 * whether the bridge answers ARP and neighbour discovery for them (`arp-suppress`).
 */
#ifndef DMEVPN_VPN_NEIGH_H
#define DMEVPN_VPN_NEIGH_H

#include "lib/nhrp_moves.h"
#include "nhrpd/vpn_remote.h"

#define VPN_NEIGH_GRACE_MS 10000 /* from a module that tells anew what is there until what it did not tell is gone */

/* What an instance has of it. */
struct vpn_suppress {
	bool told; /* the module was asked for it */
	bool on;   /* … and says that it is in effect */
	char reason[DM_REASON_LEN]; /* … or why it is not */
	struct vpn_timer grace;
};

/* arp-suppress is configured, or not any more, or the module must be told anew: says so, takes back what hangs on it. */
void vpn_neigh_configured(struct vpn_engine *e, struct vpn_instance *inst);
void vpn_neigh_restate(struct vpn_engine *e, struct vpn_instance *inst);
/* The module is away: what it told stays, until another one has told what is there. */
void vpn_neigh_unask(struct vpn_engine *e, struct vpn_instance *inst);
/* Readies what an instance has of it. */
void vpn_neigh_init(struct vpn_instance *inst);
/* The VPN ends here; PROGRAM: the module ceases to suppress. */
void vpn_neigh_stop(struct vpn_engine *e, struct vpn_instance *inst, bool program);
/* "inactive" (not configured, or the VPN not ready), "waiting" for the module, "active", "failed"; a hub's "answering". */
const char *vpn_neigh_state_name(const struct vpn_instance *inst);
/* Why it is wanted and not in effect, "" else. */
const char *vpn_neigh_reason(const struct vpn_instance *inst);

/* The module's word on whether it is in effect. */
void vpn_neigh_state(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_suppress *s);
/* An IP address appeared behind our bridge, or is gone. */
void vpn_neigh_local(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_neigh *rec);
/* A host of ours asked for an IP address. */
void vpn_neigh_wanted(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_neigh *rec);

/* The hub purged the address: when it was ours, another has it now, since MOVE (NULL: it does not say). */
void vpn_neigh_purged(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *ip,
		      const struct nhrp_move *move);
/* It was ours, and is behind another spoke now: asks where. */
void vpn_neigh_moved(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *ip);
/* Its neighbour entry: SET, or taken out. */
void vpn_neigh_program(struct vpn_engine *e, const struct vpn_remote *r, bool set);
/* Two thirds of the holding time are over: asks again what hosts have asked for since. */
void vpn_neigh_look(struct vpn_engine *e, struct vpn_remote *r);

#endif

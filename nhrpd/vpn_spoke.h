// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A spoke's hubs: the next hop servers of its controller, and the registration
 * with each.
 */
#ifndef DMEVPN_VPN_SPOKE_H
#define DMEVPN_VPN_SPOKE_H

#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_timer.h"

struct vpn_channel;
struct vpn_instance;
struct vpn_starts;

PREDECL_DLIST(vpn_channel_hubs);
PREDECL_DLIST(vpn_channel_due);

/* A next hop server as one VPN sees it. Identified in its instance by its path. */
struct vpn_hub {
	bool used; /* the slot holds a hub */
	bool seen; /* mark while the server list is compared */
	bool registered;
	bool waiting; /* for the reply to request_id */
	uint8_t refused; /* code that it refused our registration with last; 0 when it did not */
	struct vpn_instance *inst;
	struct vpn_path path;
	size_t order; /* place in the controller's configuration: the lowest registered one is active */
	struct dm_addr proto;
	struct dm_addr nbma, mac; /* of its VXLAN device, from its reply */
	uint32_t vni;
	uint64_t epoch; /* boot epoch it told last, 0 for none */
	uint64_t life;	/* of the member that we are there, as told last; 0: not told */
	uint64_t hinted; /* ms; when it last seemed to have started anew, 0 for never */
	uint32_t request_id;
	uint32_t former_id; /* of the request before */
	uint64_t backoff; /* ms until the next try */
	unsigned int farewells; /* tries that are left when we leave */
	struct vpn_timer send;
	struct vpn_timer expiry;

	/* vpn_channel.c */
	struct vpn_channel *channel; /* NULL while we leave */
	struct vpn_channel_hubs_item channel_item;
	struct vpn_channel_due_item due_item;
	bool is_up;		/* it is in the channel's list of those that this run of the hub acknowledged */
	bool is_due;		/* it is in the list of those to be asked for */
	unsigned int carries; /* registrations of others in the message that asked for it last */
};
DECLARE_DLIST(vpn_channel_hubs, struct vpn_hub, channel_item);
DECLARE_DLIST(vpn_channel_due, struct vpn_hub, due_item);

/* Compares the slots with the controller's servers; registers with new ones, forgets gone ones. */
void vpn_spoke_servers(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_controller *c);
/* Tells every hub anew, soon: something it holds of us has changed. */
void vpn_spoke_register_now(struct vpn_engine *e, struct vpn_instance *inst);
/* The same of one hub and one VPN, in a new request: an answer to what is under way finds nobody. */
void vpn_spoke_register_soon(struct vpn_engine *e, struct vpn_hub *hub);
/*
 * The hub's word on our registration: its code, and with success its VXLAN end in *end, whose holding time is how
 * long it holds (the shorter, RFC 2332 5.3.1, of that and HOLDING_TIME). Returns false for one that makes no sense.
 */
bool vpn_spoke_answered(struct vpn_engine *e, struct vpn_hub *hub, uint8_t code, const struct nhrp_cie *end,
			uint16_t holding_time, const struct vpn_starts *starts);
/* Forgets all hubs. */
void vpn_spoke_stop(struct vpn_engine *e, struct vpn_instance *inst);
/* States the active hub to the module. */
void vpn_spoke_restate(struct vpn_engine *e, struct vpn_instance *inst);
/* The hub that speaks from there, NULL when that is none of ours. */
struct vpn_hub *vpn_spoke_hub(struct vpn_instance *inst, const struct vpn_path *from);
/* Whoever is there answered under an epoch we did not know, and so did nothing of what we asked: all is asked again. */
void vpn_spoke_challenged(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from);
/* Whoever is there may have forgotten us, or believe something old; it may be a recording, so no more than a registration comes of it. */
void vpn_spoke_hub_hint(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from);
/* A Registration Reply (RFC 2332 5.2.4). */
void vpn_spoke_registration_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				  const struct nhrp_msg *m);
/* An Error Indication (RFC 2332 5.2.7). */
void vpn_spoke_error_indication(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				const struct nhrp_msg *m);

#endif

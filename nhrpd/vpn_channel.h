// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a spoke has of one hub: a control channel that its VPNs there share.
 */
#ifndef DMEVPN_VPN_CHANNEL_H
#define DMEVPN_VPN_CHANNEL_H

#include <assert.h>
#include <string.h>

#include "lib/typerb.h"
#include "nhrpd/vpn_batch.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_spoke.h"

#define VPN_KEEPALIVES_MISSED 3 /* in a row, and the hub counts as silent */
#define VPN_CHANNEL_GATHER_MS 20 /* VPNs that start together register together */
#define VPN_CHANNEL_WAIT_MS 2000 /* a renewal waits for the next keepalive, when that is no further away */
#define VPN_CHANNEL_UNREAD 3	 /* batches of which nothing came back, and the hub is taken to read none */
#define VPN_CHANNEL_BURST 8	 /* messages at once … */
#define VPN_CHANNEL_PACE_MS 10	 /* … and the pause behind them */

PREDECL_RBTREE_UNIQ(vpn_channels);

/*
 * The way to a hub. Identified by path and key chain: what one message may carry is what the same
 * server reads under the same keys.
 */
struct vpn_channel {
	struct vpn_channels_item item;
	struct vpn_path path;
	char key_chain[VPN_KEY_CHAIN_LEN]; /* "": none */
	struct vpn_channel_hubs_head up;   /* acknowledged by this run of the hub; who asked last is last */
	struct vpn_channel_hubs_head down; /* the others */
	struct vpn_channel_due_head due;   /* to be asked for */
	struct vpn_hub *challenged;	   /* the hub has shown its epoch there: it will hear what we say there. NULL: none */
	uint64_t epoch;			   /* the hub's start as told last; 0: not told yet */
	bool opened;			   /* it has answered once: keepalives go on */
	bool asked;			   /* by a keepalive, and nothing was heard since */
	bool silent;			   /* VPN_KEEPALIVES_MISSED went unanswered */
	bool no_batches;		   /* this run of the hub does not know them */
	unsigned int batch_max;		   /* registrations that may ride; half of it after each batch without an answer */
	unsigned int unanswered_batches;   /* in a row, while their carriers were answered */
	unsigned int missed;		   /* keepalives in a row */
	unsigned int turn;
	uint32_t interval; /* ms between keepalives: the shortest of its VPNs' */
	uint64_t heard;		  /* ms; when it answered last */
	uint64_t num_sent;	  /* keepalives */
	uint64_t num_missed;	  /* of them: not answered before the next one */
	struct vpn_timer keepalive;
	struct vpn_timer flush; /* until what is due is sent */
};

/* Order of the container: by what identifies the object. */
static inline int vpn_channel_cmp(const struct vpn_channel *a, const struct vpn_channel *b)
{
	int diff = dm_addr_cmp(&a->path.nbma, &b->path.nbma);

	if (!diff)
		diff = (a->path.ifindex > b->path.ifindex) - (a->path.ifindex < b->path.ifindex);
	return diff ? diff : strcmp(a->key_chain, b->key_chain);
}
DECLARE_RBTREE_UNIQ(vpn_channels, struct vpn_channel, item, vpn_channel_cmp);

/* Puts HUB on the channel of its path and key chain, made if there is none; no change when it is there. */
void vpn_channel_join(struct vpn_engine *e, struct vpn_hub *hub);
/* Takes HUB off its channel, which ends with its last one. Nothing happens when it is on none. */
void vpn_channel_part(struct vpn_engine *e, struct vpn_hub *hub);
/* The hub is to be asked for HUB's registration within WAIT milliseconds. */
void vpn_channel_ask(struct vpn_engine *e, struct vpn_hub *hub, uint64_t wait);
/* The time for HUB's renewal, or for another try, has come. */
void vpn_channel_renew(struct vpn_engine *e, struct vpn_hub *hub);
/* HUB's registration was acknowledged (hub->registered, hub->epoch), or is one no longer. */
void vpn_channel_changed(struct vpn_engine *e, struct vpn_hub *hub);
/*
 * The hub answered: it is there. BOOT is the boot epoch it told, 0 when it did not. What its message says of
 * registrations has been taken before.
 */
void vpn_channel_heard(struct vpn_engine *e, struct vpn_channel *ch, uint64_t boot);
/* It answered HUB's request with its epoch and nothing else (vpn_auth.c): all that is unanswered is asked again. */
void vpn_channel_challenged(struct vpn_engine *e, struct vpn_hub *hub);
/* It answered a message with a batch, and that is what it made of the batch. */
void vpn_channel_batch_answered(struct vpn_engine *e, struct vpn_channel *ch, enum vpn_batch_said said);
/* Keepalive of some device is another one. */
void vpn_channel_retime(struct vpn_engine *e);
#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registrations of several VPNs in one message, at both ends.
 */
#ifndef DMEVPN_VPN_BATCH_H
#define DMEVPN_VPN_BATCH_H

#include "lib/nhrp_batch.h"
#include "nhrpd/vpn_engine.h"

struct vpn_hub;
struct vpn_instance;
struct vpn_starts;

/* Octets that HUB's registration takes in a batch; the first of one has the extension around it, too. */
size_t vpn_batch_len(const struct vpn_hub *hub, bool first);
/* A spoke: appends HUB's registration, under the request ID it has. */
void vpn_batch_put(struct nhrp_batch_builder *bb, const struct vpn_hub *hub);
enum vpn_batch_said {
	VPN_BATCH_NONE,	    /* there is none, or it cannot be read */
	VPN_BATCH_UNREAD,   /* it came back as it went out */
	VPN_BATCH_STALE,    /* it answers nothing that is asked now: late, repeated, or not the hub's */
	VPN_BATCH_ANSWERED,
};

/* A spoke: takes what the reply to the registration of CARRIER says of others. STARTS is the carrier's. */
enum vpn_batch_said vpn_batch_answers(struct vpn_engine *e, struct vpn_hub *carrier, const struct nhrp_msg *m,
		       const struct vpn_starts *starts);
/*
 * A hub: registers what came along with the request of INST, as far as its sender may speak there, and appends the
 * answer to B, the reply. A batch that cannot be read is counted and not answered.
 */
void vpn_batch_answer(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		      const struct nhrp_msg *req, struct nhrp_builder *b);

#endif

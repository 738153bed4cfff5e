// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A spoke that leaves a VPN takes its registration back at its hubs.
 */
#ifndef DMEVPN_VPN_LEAVE_H
#define DMEVPN_VPN_LEAVE_H

#include "nhrpd/vpn_engine.h"

struct vpn_hub;
struct vpn_instance;

#define VPN_LEAVE_TRIES 3
#define VPN_LEAVE_RETRY_MS 250 /* between them, and after the last */

/* Takes our registrations back at all hubs (RFC 2332 5.2.5), and waits for no answer: the VPN ends here and now. */
void vpn_leave_at_once(struct vpn_engine *e, struct vpn_instance *inst);
/* The same at one hub, which is no server of ours any more. */
void vpn_leave_hub_at_once(struct vpn_engine *e, struct vpn_hub *hub);
/* The hub did nothing of what we asked, as it started anew: says it again. For instances that are leaving. */
void vpn_leave_again(struct vpn_engine *e, struct vpn_hub *hub);
/* A Purge Reply to a spoke (RFC 2332 5.2.6); while it stays, one about what is behind it no more. */
void vpn_leave_purge_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			   const struct nhrp_msg *m);

#endif

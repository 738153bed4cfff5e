// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one path of refusal; vpn_engine_packet() itself is in vpn_engine.h.
 */
#ifndef DMEVPN_VPN_DISPATCH_H
#define DMEVPN_VPN_DISPATCH_H

#include "nhrpd/vpn_engine.h"

struct vpn_instance;

/* What acts on a message of an instance, whole and authentic as far as that is asked for. */
typedef void (*vpn_handler)(struct vpn_engine *, struct vpn_instance *, const struct vpn_path *,
			    const struct nhrp_msg *);

/* Counts a well-formed message that is not acted on, and says so in the debug log. */
void vpn_refuse(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m, enum vpn_refusal why);

/* Refuses a message of a VPN that cannot be meant there, and tells its sender: error 16 (RFC 2735 3.4). */
void vpn_refuse_mismatch(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m);

#endif

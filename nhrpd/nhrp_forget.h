// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Purge Requests that come in for FRR's own NHRP code, which does not obey them.
 */
#ifndef DMEVPN_NHRP_FORGET_H
#define DMEVPN_NHRP_FORGET_H

#include "nhrpd/vpn_engine.h"

/*
 * A Purge Request for this node, without VPN headers, its password right. What the sender may
 * void is void when this returns, its shortcuts a few milliseconds later; a Purge Reply is on
 * its way unless bit N is set (RFC 2332 5.2.5, 5.2.6). To strangers ten a second in all.
 */
void nhrp_forget(const struct vpn_path *from, const struct nhrp_msg *m);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where FRR's own NHRP code has registered this node, and taking that back when it ends.
 */
#ifndef DMEVPN_NHRP_REGISTERED_H
#define DMEVPN_NHRP_REGISTERED_H

#include "nhrpd/vpn_engine.h"

#define NHRP_REGISTERED_MAX 1024

/* A Registration Reply to a request of this node's, of whose way we are sure. */
void nhrp_registered_reply(const struct vpn_path *from, const struct nhrp_msg *m);

/* Compares with what is configured now; what is gone is taken back by a Purge Request (RFC 2332 5.2.5). */
void nhrp_registered_poll(void);

/* Forgets all, and says nothing: when the daemon ends, forwarding goes on. */
void nhrp_registered_terminate(void);

#endif

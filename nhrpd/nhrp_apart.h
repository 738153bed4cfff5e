// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages that FRR's own NHRP code passes on stay in their VPN (RFC 2735 3.1).
 */
#ifndef DMEVPN_NHRP_APART_H
#define DMEVPN_NHRP_APART_H

#include "nhrpd/vpn_engine.h"

/* The stock code begins to work on this message, which has been validated; on the one before no more. */
void nhrp_apart_begin(const struct vpn_path *from, const uint8_t *octets, size_t len);

/*
 * False when the stock code is about to send, by interface IFINDEX, the message that it works on,
 * and so into another VPN than it came in.
 */
bool nhrp_apart_may_leave(uint32_t ifindex, const uint8_t *octets, size_t len);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plain-text password of `ip nhrp authentication` on plain messages, checked before
 * the stock code sees them. Main pthread only.
 */
#ifndef DMEVPN_NHRP_PASSWORD_H
#define DMEVPN_NHRP_PASSWORD_H

#include "lib/nhrp_auth.h"
#include "nhrpd/vpn_engine.h"

struct interface;

/*
 * True when a plain message, well-formed by the guard's word, has the password of the
 * interface it came by, or when that has none. Otherwise it is counted and answered by an
 * Error Indication 11 (RFC 2332 5.3.4; ten a second, none about an Error Indication).
 */
bool nhrp_password_right(const struct vpn_path *from, const uint8_t *octets, size_t len);

/* Appends the password of the interface, where it has one, to a plain message that is being built. */
void nhrp_password_put(const struct interface *ifp, struct nhrp_builder *b);

/* How many were refused. */
uint64_t nhrp_password_refused(void);

#endif

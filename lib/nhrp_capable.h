// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device Capabilities (RFC 2735 3.3, 4.2) in the messages of FRR's own NHRP code, which
 * takes their number, 9, for that of Cisco's NAT address extension. An extension may stand in
 * a message once (RFC 2332 5.3), so the two change places: with VPN headers 9 is Device
 * Capabilities and NAT address has a number of the experimental range; while the stock code
 * has the message 9 is NAT address, and capabilities have a number that it only copies.
 */
#ifndef DMEVPN_NHRP_CAPABLE_H
#define DMEVPN_NHRP_CAPABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writes to OUT, of SIZE octets, the plain message at PACKET with the numbers that are for the
 * stock code. Returns its LEN octets, or 0 when there is nothing to change, it is no message
 * or does not fit: then the original is to be used.
 */
size_t nhrp_capable_hide(const uint8_t *packet, size_t len, uint8_t *out, size_t size);

/*
 * Gives both their numbers again in a message of the stock code that leaves with VPN headers, in
 * place: LEN octets, without those headers, in a buffer of SIZE. A reply that answers a request which had them
 * says that its maker knows VPNs; one that is passed on says what it said. A Resolution
 * Request that is OWN, not passed on, gets them (RFC 2735 3.3). Returns the octets of the
 * message, LEN where nothing had to be changed or there is no room.
 */
size_t nhrp_capable_show(uint8_t *packet, size_t len, size_t size, bool own);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes to a message that somebody else built: its request ID, and that of the message
 * which an Error Indication carries. The checksum is brought along (RFC 1624), so a sum
 * that was right, by whichever reading of an odd length, stays so, and a wrong one wrong.
 */
#ifndef DMEVPN_NHRP_EDIT_H
#define DMEVPN_NHRP_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of a message that must be there for its request ID to be one. */
#define NHRP_EDIT_MIN 28

/* Puts ID in place of the request ID of the message at PACKET, of NHRP_EDIT_MIN octets at least (RFC 2332 5.2.0.1). */
void nhrp_edit_id(uint8_t *packet, uint32_t id);

/*
 * The same for the message that PACKET, an Error Indication of LEN octets, carries from
 * octet AT on (RFC 2332 5.2.7); the carried message's own sum is left as it was. Returns
 * false, and nothing is changed, when AT is odd or less than NHRP_EDIT_MIN octets follow.
 */
bool nhrp_edit_carried_id(uint8_t *packet, size_t len, size_t at, uint32_t id);

/* Reads the carried message's type and request ID. Returns false when it is too short to have one. */
bool nhrp_edit_carried(const uint8_t *packet, size_t len, size_t at, uint8_t *op, uint32_t *id);

#endif

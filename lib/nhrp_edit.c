// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes to a message that somebody else built. No objects but the message in hand; pure,
 * any thread. Called by nhrpd's packet I/O for FRR's own code, whose request IDs are others
 * on the wire (nhrpd/nhrp_ids.h).
 *
 * RFC 2332 5.1 (checksum), 5.2.0.1 (request ID), 5.2.7 (the message in error), RFC 1624.
 * Not here: whether a message is well-formed, which the caller has had checked.
 */
#include "lib/nhrp_codec.h"
#include "lib/nhrp_edit.h"

/* Offsets in the packet, RFC 2332 5.1 and 5.2.0.1 */
enum {
	AT_OP = 17,
	AT_ID = 24,
};

static uint32_t get_u16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static void put_u16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* One word at an even offset, and what it does to the sum: RFC 1624, equation 3. */
static void set_u16(uint8_t *packet, size_t at, uint32_t v)
{
	uint32_t sum = (~get_u16(packet + NHRP_AT_CHKSUM) & 0xffff) + (~get_u16(packet + at) & 0xffff) + v;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put_u16(packet + at, v);
	put_u16(packet + NHRP_AT_CHKSUM, ~sum & 0xffff);
}

static void set_u32(uint8_t *packet, size_t at, uint32_t v)
{
	set_u16(packet, at, v >> 16);
	set_u16(packet, at + 2, v & 0xffff);
}

void nhrp_edit_id(uint8_t *packet, uint32_t id)
{
	set_u32(packet, AT_ID, id);
}

static bool carries(size_t len, size_t at)
{
	return at % 2 == 0 && at <= len && len - at >= NHRP_EDIT_MIN;
}

bool nhrp_edit_carried_id(uint8_t *packet, size_t len, size_t at, uint32_t id)
{
	if (!carries(len, at))
		return false;
	set_u32(packet, at + AT_ID, id);
	return true;
}

bool nhrp_edit_carried(const uint8_t *packet, size_t len, size_t at, uint8_t *op, uint32_t *id)
{
	if (!carries(len, at))
		return false;
	*op = packet[at + AT_OP];
	*id = get_u16(packet + at + AT_ID) << 16 | get_u16(packet + at + AT_ID + 2);
	return true;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device Capabilities beside FRR's own NHRP code.
 *
 *   request in   9 ──hide──> ASKED ──┬─ stock code answers ──> reply, copied ──show──> 9, target V
 *                                    └─ passes it on ──────────────────────────show──> 9
 *   reply in     9 ──hide──> TOLD ───── passes it on ──────────────────────────show──> 9
 *   NAT address  NAT_IN_VPN ──hide──> 9 ──── as the stock code likes ───────────show──> NAT_IN_VPN
 *
 * Extensions that are not compulsory and not known are copied by the stock code, into
 * replies too. So a reply with ASKED in it is one of this node's own, and only there the
 * target's capabilities are for us to set. A peer that knows no VPNs may give ASKED back in
 * its reply: that is TOLD from then on, and its V stays clear.
 *
 * No objects but the message in hand; pure, any thread. Called by nhrpd's packet I/O.
 * RFC 2735 3.3, 4.2; RFC 2332 5.3. Not here: the engine's own messages (nhrp_build.c).
 */
#include <string.h>

#include "lib/nhrp_capable.h"
#include "lib/nhrp_codec.h"
#include "lib/nhrp_msg.h"

#define EXT_HEADER_LEN 4
#define VALUE_LEN 8 /* RFC 2735 4.2 */
#define TARGET_AT 4 /* in the value */

static void put_u16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put_u32(uint8_t *p, uint32_t v)
{
	put_u16(p, v >> 16);
	put_u16(p + 2, v & 0xffff);
}

static void put_sum(uint8_t *packet, size_t len)
{
	put_u16(packet + NHRP_AT_CHKSUM, 0);
	put_u16(packet + NHRP_AT_CHKSUM, nhrp_checksum(packet, len));
}

/* Where in its message an extension begins. */
static size_t ext_at(const struct nhrp_msg *m, const struct nhrp_ext *ext)
{
	return (size_t)(ext->value.p - m->packet) - EXT_HEADER_LEN;
}

static bool is_plain(struct nhrp_msg *m, const uint8_t *packet, size_t len)
{
	return nhrp_msg_decode(m, packet, len, NULL) == NHRP_DROP_NONE && !m->has_vpn;
}

/* The number under which the stock code is to see an extension; its own when that is no matter. */
static uint16_t hidden(const struct nhrp_msg *m, const struct nhrp_ext *ext)
{
	bool reply = nhrp_op_is_reply(m->op);
	uint32_t source, target;

	if (ext->type == NHRP_EXT_NAT_IN_VPN)
		return NHRP_EXT_CAPABILITIES; /* which is NAT address to it */
	if (nhrp_ext_capabilities(ext, &source, &target))
		return reply ? NHRP_EXT_CAPABILITIES_TOLD : NHRP_EXT_CAPABILITIES_ASKED;
	return reply && ext->type == NHRP_EXT_CAPABILITIES_ASKED ? NHRP_EXT_CAPABILITIES_TOLD : ext->type;
}

size_t nhrp_capable_hide(const uint8_t *packet, size_t len, uint8_t *out, size_t size)
{
	struct nhrp_msg m;
	struct nhrp_ext ext;
	struct dm_reader r;
	bool changed = false;

	if (!is_plain(&m, packet, len) || m.packet_len > size)
		return 0;
	memcpy(out, packet, m.packet_len);
	for (r = m.exts; nhrp_ext_next(&r, &ext);) {
		uint16_t type = hidden(&m, &ext);

		if (type == ext.type)
			continue;
		put_u16(out + ext_at(&m, &ext), type); /* not compulsory, whatever it was (RFC 2735 4.2) */
		changed = true;
	}
	if (!changed)
		return 0;
	put_sum(out, m.packet_len);
	return m.packet_len;
}

static bool is_hidden(const struct nhrp_ext *ext)
{
	return (ext->type == NHRP_EXT_CAPABILITIES_ASKED || ext->type == NHRP_EXT_CAPABILITIES_TOLD) &&
	       dm_reader_left(&ext->value) == VALUE_LEN;
}

/* Gives each its number on the wire. Returns whether there were capabilities. */
static bool show_hidden(uint8_t *packet, const struct nhrp_msg *m)
{
	struct dm_reader r = m->exts;
	struct nhrp_ext ext;
	bool found = false;

	while (nhrp_ext_next(&r, &ext)) {
		uint8_t *at = packet + ext_at(m, &ext);

		if (ext.type == NHRP_EXT_CAPABILITIES)
			put_u16(at, NHRP_EXT_NAT_IN_VPN);
		if (!is_hidden(&ext))
			continue;
		put_u16(at, NHRP_EXT_CAPABILITIES);
		if (ext.type == NHRP_EXT_CAPABILITIES_ASKED && m->op == NHRP_OP_RESOLUTION_REPLY)
			put_u32(at + EXT_HEADER_LEN + TARGET_AT, NHRP_CAPABILITY_VPN);
		found = true;
	}
	return found;
}

/* Puts them before the end marker, or begins the extensions with them. Returns the message's new length. */
static size_t append(uint8_t *packet, const struct nhrp_msg *m)
{
	bool has_exts = dm_reader_left(&m->exts) > 0;
	size_t at = has_exts ? m->packet_len - EXT_HEADER_LEN : m->packet_len;

	put_u16(packet + at, NHRP_EXT_CAPABILITIES);
	put_u16(packet + at + 2, VALUE_LEN);
	put_u32(packet + at + EXT_HEADER_LEN, NHRP_CAPABILITY_VPN);
	put_u32(packet + at + EXT_HEADER_LEN + TARGET_AT, 0);
	if (!has_exts)
		put_u16(packet + NHRP_AT_EXTOFF, (uint32_t)at);
	at += EXT_HEADER_LEN + VALUE_LEN;
	put_u32(packet + at, (uint32_t)(NHRP_EXT_COMPULSORY | NHRP_EXT_END) << 16);
	return at + EXT_HEADER_LEN;
}

size_t nhrp_capable_show(uint8_t *packet, size_t len, size_t size, bool own)
{
	struct nhrp_msg m;
	bool has;

	if (!is_plain(&m, packet, len))
		return len;
	len = m.packet_len;
	has = show_hidden(packet, &m);
	if (!has && own && m.op == NHRP_OP_RESOLUTION_REQUEST && len + VALUE_LEN + 2 * EXT_HEADER_LEN <= size) {
		len = append(packet, &m);
		put_u16(packet + NHRP_AT_PKTSZ, (uint32_t)len);
	}
	put_sum(packet, len);
	return len;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NHRP messages from octets to structs, and the one place that judges their form.
 *
 * Objects: struct nhrp_msg with views into the caller's octets; nothing is copied but
 * addresses, nothing is allocated. Called by nhrpd's packet I/O on every message that
 * arrives, VPN-encapsulated or plain, before the engine or FRR's own parser sees it;
 * called by the engine to walk CIEs and extensions of a message that passed.
 *
 *   octets -> [VPN headers] -> fixed header -> addresses -> CIEs | packet -> extensions
 *
 * Each step returns NHRP_DROP_NONE or the reason, and leaves the offending number in
 * *value (nhrp_msg.h says which); the first reason ends it.
 *
 * RFC 2332 5.1, 5.2, 5.3; RFC 2735 4.1 and 4.2.
 *
 * Not here: what a message means, and the inside of extensions. FRR's nhrpd 10 writes a
 * Responder Address of IPv4 into a message of IPv6, so a bad value there must not cost
 * the message: who needs an extension reads it by nhrp_cie_next() and looks at `bad`.
 */
#include <string.h>

#include "lib/nhrp_codec.h"
#include "lib/nhrp_msg.h"

/* Fields of the fixed header that only the decoder needs. */
struct fixed {
	uint16_t extoff;
	uint8_t version;
	uint8_t shtl;
	uint8_t sstl;
};

static enum nhrp_drop drop(enum nhrp_drop reason, uint32_t number, uint32_t *value)
{
	*value = number;
	return reason;
}

static uint32_t offset_of(const struct nhrp_msg *m, const struct dm_reader *r)
{
	return r->p - m->packet;
}

/* Steps over an LLC of RFC 2735 4.1; AT is its offset. */
static enum nhrp_drop read_llc(struct dm_reader *r, const uint8_t llc[NHRP_LLC_LEN], uint32_t at,
			       uint32_t *value)
{
	const uint8_t *octets = dm_get_octets(r, NHRP_LLC_LEN);

	for (uint32_t i = 0; i < NHRP_LLC_LEN; i++)
		if (octets[i] != llc[i])
			return drop(NHRP_DROP_ENCAPSULATION, at + i, value);
	return NHRP_DROP_NONE;
}

static enum nhrp_drop read_vpn(struct nhrp_msg *m, struct dm_reader *r, uint32_t *value)
{
	enum nhrp_drop why;

	if (dm_reader_left(r) < NHRP_VPN_HEADER_LEN)
		return drop(NHRP_DROP_TRUNCATED, dm_reader_left(r), value);

	why = read_llc(r, nhrp_llc_vpn, 0, value);
	if (why)
		return why;

	/* the octet before the OUI is padding and may hold anything */
	m->has_vpn = true;
	m->vpn.oui = dm_get_u32(r) & 0xffffff;
	m->vpn.index = dm_get_u32(r);
	return read_llc(r, nhrp_llc_nhrp, 16, value);
}

/*
 * True when the packet's sum is right. FRR's nhrpd adds the last octet of a packet of odd
 * length as if a zero stood before it, not behind it; such a sum is taken too, or a
 * password of odd length would keep its stock peers out.
 */
static bool sum_fits(const uint8_t *packet, size_t len)
{
	uint32_t sum;

	if (nhrp_checksum(packet, len) == 0)
		return true;
	if (!(len & 1))
		return false;

	sum = (uint16_t)~nhrp_checksum(packet, len - 1);
	sum += packet[len - 1];
	return sum == 0xffff;
}

/* Reads the fixed header at *r, and makes *r end where the packet does. */
static enum nhrp_drop read_fixed(struct nhrp_msg *m, struct fixed *f, struct dm_reader *r,
				 uint32_t *value)
{
	uint16_t pktsz, chksum;

	if (dm_reader_left(r) < NHRP_FIXED_LEN)
		return drop(NHRP_DROP_TRUNCATED, dm_reader_left(r), value);

	m->packet = r->p;
	m->afn = dm_get_u16(r);
	m->pro_type = dm_get_u16(r);
	dm_get_octets(r, 5); /* ar$pro.snap, of no use with the types that are ours */
	m->hop_count = dm_get_u8(r);
	pktsz = dm_get_u16(r);
	chksum = dm_get_u16(r);
	f->extoff = dm_get_u16(r);
	f->version = dm_get_u8(r);
	m->op = dm_get_u8(r);
	f->shtl = dm_get_u8(r);
	f->sstl = dm_get_u8(r);

	/* the layout of all else hangs on the version, so it comes first */
	if (f->version != NHRP_VERSION)
		return drop(NHRP_DROP_VERSION, f->version, value);
	if (pktsz < NHRP_FIXED_LEN + NHRP_MANDATORY_LEN ||
	    pktsz > NHRP_FIXED_LEN + dm_reader_left(r))
		return drop(NHRP_DROP_SIZE, pktsz, value);
	if (!sum_fits(m->packet, pktsz))
		return drop(NHRP_DROP_CHECKSUM, chksum, value);

	m->packet_len = pktsz;
	r->end = m->packet + pktsz;
	return NHRP_DROP_NONE;
}

/* True when type and length of an NBMA address fit the family; no address fits any. */
static bool nbma_tl_fits(uint8_t tl, enum dm_family family)
{
	if (tl & NHRP_TL_RESERVED)
		return false;
	return (tl & NHRP_TL_LEN) == 0 || tl == dm_family_len(family);
}

/* True when it may be a subaddress: without length the format flag says nothing, with one it must be clear. */
static bool sub_tl_fits(uint8_t tl)
{
	return !(tl & NHRP_TL_RESERVED) && (!(tl & NHRP_TL_E164) || !(tl & NHRP_TL_LEN));
}

static bool proto_len_fits(uint8_t len, enum dm_family family)
{
	return len == 0 || len == dm_family_len(family);
}

/* Reads LEN octets of an address; 0 leaves it not set. */
static void read_addr(struct dm_reader *r, size_t len, enum dm_family family, struct dm_addr *a)
{
	const uint8_t *octets = dm_get_octets(r, len);

	if (octets && len)
		dm_addr_set(a, family, octets, len);
}

static void read_sub(struct dm_reader *r, uint8_t tl, struct nhrp_subaddr *sub)
{
	struct dm_reader octets;

	*sub = nhrp_subaddr_none();
	dm_get_sub(r, tl & NHRP_TL_LEN, &octets);
	if (dm_reader_left(&octets) == 0)
		return;

	sub->len = dm_reader_left(&octets);
	sub->octets = octets.p;
	if (sub->len != NHRP_SUB_VNI_LEN && sub->len != NHRP_SUB_VNI_MAC_LEN)
		return;

	sub->vni = dm_get_u32(&octets);
	sub->has_vni = sub->vni > 0 && sub->vni <= NHRP_VNI_MAX;
	if (!sub->has_vni)
		return;
	sub->octets = NULL;
	sub->has_mac = sub->len == NHRP_SUB_VNI_MAC_LEN;
	if (sub->has_mac)
		read_addr(&octets, dm_family_len(DM_MAC), DM_MAC, &sub->mac);
}

/* The mandatory part up to the first CIE, or up to the packet of an indication. */
static enum nhrp_drop read_header(struct nhrp_msg *m, const struct fixed *f, struct dm_reader *r,
				  uint32_t *value)
{
	enum dm_family nbma = nhrp_afn_family(m->afn);
	enum dm_family proto = nhrp_pro_family(m->pro_type);
	uint8_t src_len = dm_get_u8(r);
	uint8_t dst_len = dm_get_u8(r);

	if (nbma == DM_NONE)
		return drop(NHRP_DROP_FAMILY, m->afn, value);
	if (proto == DM_NONE)
		return drop(NHRP_DROP_FAMILY, m->pro_type, value);
	if (!nbma_tl_fits(f->shtl, nbma))
		return drop(NHRP_DROP_ADDRESS, f->shtl, value);
	if (!sub_tl_fits(f->sstl))
		return drop(NHRP_DROP_ADDRESS, f->sstl, value);
	if (!proto_len_fits(src_len, proto))
		return drop(NHRP_DROP_ADDRESS, src_len, value);
	if (!proto_len_fits(dst_len, proto))
		return drop(NHRP_DROP_ADDRESS, dst_len, value);

	m->flags = dm_get_u16(r);
	m->request_id = dm_get_u32(r);
	read_addr(r, f->shtl & NHRP_TL_LEN, nbma, &m->src_nbma);
	read_sub(r, f->sstl, &m->src_sub);
	read_addr(r, src_len, proto, &m->src_proto);
	read_addr(r, dst_len, proto, &m->dst_proto);
	if (r->bad)
		return drop(NHRP_DROP_TRUNCATED, m->packet_len, value);
	return NHRP_DROP_NONE;
}

/* An indication has no request ID; the Error Indication has two numbers in its place. */
static void read_error(struct nhrp_msg *m)
{
	if (m->op == NHRP_OP_ERROR_INDICATION) {
		m->error_code = m->request_id >> 16;
		m->error_offset = m->request_id & 0xffff;
	}
	m->request_id = 0;
}

/* Parts what stands behind the header at ar$extoff. */
static enum nhrp_drop split(struct nhrp_msg *m, const struct fixed *f, struct dm_reader *r,
			    uint32_t *value)
{
	uint32_t header_end = offset_of(m, r);
	uint32_t body_end = f->extoff ? f->extoff : m->packet_len;

	if (body_end < header_end || body_end > m->packet_len)
		return drop(NHRP_DROP_EXTENSION_OFFSET, f->extoff, value);

	dm_get_sub(r, body_end - header_end, &m->body);
	dm_get_sub(r, m->packet_len - body_end, &m->exts);
	return NHRP_DROP_NONE;
}

/* Reads one CIE, RFC 2332 5.2.0.1. AT is its offset in the packet. */
static enum nhrp_drop read_cie(struct dm_reader *r, enum dm_family nbma, enum dm_family proto,
			       struct nhrp_cie *cie, uint32_t at, uint32_t *value)
{
	uint8_t nbma_tl, sub_tl, proto_len;

	memset(cie, 0, sizeof(*cie));
	cie->code = dm_get_u8(r);
	cie->prefix_len = dm_get_u8(r);
	dm_get_u16(r); /* unused */
	cie->mtu = dm_get_u16(r);
	cie->holding_time = dm_get_u16(r);
	nbma_tl = dm_get_u8(r);
	sub_tl = dm_get_u8(r);
	proto_len = dm_get_u8(r);
	cie->preference = dm_get_u8(r);
	if (r->bad)
		return drop(NHRP_DROP_CIE, at, value);

	if (!nbma_tl_fits(nbma_tl, nbma))
		return drop(NHRP_DROP_ADDRESS, nbma_tl, value);
	if (!sub_tl_fits(sub_tl))
		return drop(NHRP_DROP_ADDRESS, sub_tl, value);
	if (!proto_len_fits(proto_len, proto))
		return drop(NHRP_DROP_ADDRESS, proto_len, value);

	read_addr(r, nbma_tl & NHRP_TL_LEN, nbma, &cie->nbma);
	read_sub(r, sub_tl, &cie->sub);
	read_addr(r, proto_len, proto, &cie->proto);
	return r->bad ? drop(NHRP_DROP_CIE, at, value) : NHRP_DROP_NONE;
}

bool nhrp_cie_next(struct dm_reader *r, uint16_t afn, uint16_t pro_type, struct nhrp_cie *cie)
{
	uint32_t value;

	if (r->bad || dm_reader_left(r) == 0)
		return false;
	if (read_cie(r, nhrp_afn_family(afn), nhrp_pro_family(pro_type), cie, 0, &value) ==
	    NHRP_DROP_NONE)
		return true;
	r->bad = true;
	return false;
}

/* Judges every CIE of the body, and their number. */
static enum nhrp_drop check_cies(const struct nhrp_msg *m, const struct nhrp_op_info *info,
				 uint32_t *value)
{
	struct dm_reader r = m->body;
	struct nhrp_cie cie;
	uint32_t count;
	enum nhrp_drop why;

	for (count = 0; dm_reader_left(&r) > 0; count++) {
		if (count == info->cie_max)
			return drop(NHRP_DROP_CIE, offset_of(m, &r), value);
		why = read_cie(&r, nhrp_afn_family(m->afn), nhrp_pro_family(m->pro_type), &cie,
			       offset_of(m, &r), value);
		if (why)
			return why;
	}
	if (count < info->cie_min)
		return drop(NHRP_DROP_CIE, offset_of(m, &r), value);
	return NHRP_DROP_NONE;
}

/* Reads one extension or the end marker, behind which nothing may follow (RFC 2332 5.3, 5.3.0). */
static bool read_ext(struct dm_reader *r, struct nhrp_ext *ext)
{
	uint16_t type = dm_get_u16(r);
	uint16_t len = dm_get_u16(r);

	dm_get_sub(r, len, &ext->value);
	ext->type = type & NHRP_EXT_TYPE;
	ext->compulsory = type & NHRP_EXT_COMPULSORY;

	if (type & NHRP_EXT_UNUSED)
		r->bad = true;
	if (ext->type == NHRP_EXT_END && (len > 0 || dm_reader_left(r) > 0))
		r->bad = true;
	return !r->bad;
}

bool nhrp_ext_next(struct dm_reader *r, struct nhrp_ext *ext)
{
	memset(ext, 0, sizeof(*ext));
	if (r->bad || dm_reader_left(r) == 0)
		return false;
	return read_ext(r, ext) && ext->type != NHRP_EXT_END;
}

/* Walks the whole chain; a type seen before is an error, except the vendors' own (RFC 2332 5.3, 5.3.5). */
static enum nhrp_drop check_exts(const struct nhrp_msg *m, uint32_t *value)
{
	uint8_t seen[(NHRP_EXT_TYPE + 1) / 8] = {0};
	struct dm_reader r = m->exts;
	struct nhrp_ext ext;
	uint32_t at;
	uint8_t bit;

	do {
		at = offset_of(m, &r);
		if (!read_ext(&r, &ext))
			return drop(NHRP_DROP_EXTENSION, at, value);

		bit = 1 << ext.type % 8;
		if (seen[ext.type / 8] & bit && ext.type != NHRP_EXT_VENDOR)
			return drop(NHRP_DROP_EXTENSION, at, value);
		seen[ext.type / 8] |= bit;
	} while (ext.type != NHRP_EXT_END);
	return NHRP_DROP_NONE;
}

/* The NHRP packet proper, from its fixed header to its last extension. */
static enum nhrp_drop read_packet(struct nhrp_msg *m, struct dm_reader *r, uint32_t *value)
{
	const struct nhrp_op_info *info;
	struct fixed f;
	enum nhrp_drop why;

	why = read_fixed(m, &f, r, value);
	if (why)
		return why;

	info = nhrp_op_info(m->op);
	if (!info)
		return drop(NHRP_DROP_TYPE, m->op, value);

	why = read_header(m, &f, r, value);
	if (!why)
		why = split(m, &f, r, value);
	if (why)
		return why;

	if (info->raw_body)
		read_error(m);
	else
		why = check_cies(m, info, value);
	if (!why && f.extoff)
		why = check_exts(m, value);
	return why;
}

enum nhrp_drop nhrp_msg_decode(struct nhrp_msg *m, const uint8_t *octets, size_t len,
			       uint32_t *value)
{
	struct dm_reader r;
	uint32_t unwanted;
	enum nhrp_drop why = NHRP_DROP_NONE;

	if (!value)
		value = &unwanted;
	*value = 0;
	memset(m, 0, sizeof(*m));
	dm_reader_init(&r, octets, len);

	if (nhrp_is_vpn_encapsulated(octets, len))
		why = read_vpn(m, &r, value);
	return why ? why : read_packet(m, &r, value);
}

bool nhrp_ext_find(const struct nhrp_msg *m, uint16_t type, struct nhrp_ext *ext)
{
	struct dm_reader r = m->exts;

	while (nhrp_ext_next(&r, ext))
		if (ext->type == type)
			return true;
	return false;
}

bool nhrp_ext_capabilities(const struct nhrp_ext *ext, uint32_t *source, uint32_t *target)
{
	struct dm_reader r = ext->value;

	if (ext->type != NHRP_EXT_CAPABILITIES || dm_reader_left(&r) != 8)
		return false;
	*source = dm_get_u32(&r);
	*target = dm_get_u32(&r);
	return true;
}

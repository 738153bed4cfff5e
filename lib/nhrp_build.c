// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NHRP messages from structs to octets.
 *
 * Objects: struct nhrp_builder over the caller's buffer, alive from nhrp_build_begin()
 * to nhrp_build_end(). Called by the engine, in nhrpd's main loop, for every message it
 * sends. A step that cannot be done (buffer full, address of another family, a CIE
 * behind the first extension …) sets w.bad and the rest is without effect; the caller
 * looks once, at what nhrp_build_end() returns.
 *
 * RFC 2332 5.1 to 5.3; RFC 2735 4.1 and 4.2.
 *
 * Not here: which messages are due, and what belongs into them.
 */
#include <string.h>

#include "lib/nhrp_codec.h"
#include "lib/nhrp_msg.h"

static void refuse_unless(struct nhrp_builder *b, bool right)
{
	if (!right)
		b->w.bad = true;
}

static bool addr_fits(const struct dm_addr *a, enum dm_family family)
{
	return a->family == DM_NONE || a->family == family;
}

/* A subaddress of which we have the octets: none, a VNI, or one that goes back as it came. */
static bool sub_fits(const struct nhrp_subaddr *sub)
{
	if (sub->has_mac && (!sub->has_vni || sub->mac.family != DM_MAC))
		return false;
	if (sub->has_vni)
		return sub->len == (sub->has_mac ? NHRP_SUB_VNI_MAC_LEN : NHRP_SUB_VNI_LEN) && sub->vni > 0 &&
		       sub->vni <= NHRP_VNI_MAX;
	return sub->len == 0 || (sub->len <= NHRP_TL_LEN && sub->octets);
}

static void put_addr(struct nhrp_builder *b, const struct dm_addr *a)
{
	dm_put_octets(&b->w, a->octets, dm_addr_len(a));
}

static void put_sub(struct nhrp_builder *b, const struct nhrp_subaddr *sub)
{
	if (sub->has_vni)
		dm_put_u32(&b->w, sub->vni);
	if (sub->has_mac)
		dm_put_octets(&b->w, sub->mac.octets, dm_addr_len(&sub->mac));
	else if (!sub->has_vni && sub->octets)
		dm_put_octets(&b->w, sub->octets, sub->len);
}

static void put_vpn(struct nhrp_builder *b, const struct vpn_id *vpn)
{
	refuse_unless(b, vpn->oui <= NHRP_OUI_MAX);
	dm_put_octets(&b->w, nhrp_llc_vpn, NHRP_LLC_LEN);
	dm_put_u32(&b->w, vpn->oui); /* PAD is its first octet */
	dm_put_u32(&b->w, vpn->index);
	dm_put_octets(&b->w, nhrp_llc_nhrp, NHRP_LLC_LEN);
}

/* The fixed header; size, checksum and extension offset are known at the end only. */
static void put_fixed(struct nhrp_builder *b, const struct nhrp_msg *m)
{
	static const uint8_t snap[5];

	dm_put_u16(&b->w, b->afn);
	dm_put_u16(&b->w, b->pro_type);
	dm_put_octets(&b->w, snap, sizeof(snap));
	dm_put_u8(&b->w, m->hop_count);
	dm_put_u16(&b->w, 0); /* ar$pktsz */
	dm_put_u16(&b->w, 0); /* ar$chksum */
	dm_put_u16(&b->w, 0); /* ar$extoff */
	dm_put_u8(&b->w, NHRP_VERSION);
	dm_put_u8(&b->w, m->op);
	dm_put_u8(&b->w, dm_addr_len(&m->src_nbma));
	dm_put_u8(&b->w, m->src_sub.len);
}

/* What stands in the place of the request ID: an indication has none. */
static uint32_t id_word(const struct nhrp_msg *m)
{
	switch (m->op) {
	case NHRP_OP_ERROR_INDICATION:
		return (uint32_t)m->error_code << 16 | m->error_offset;
	case NHRP_OP_TRAFFIC_INDICATION:
		return 0;
	default:
		return m->request_id;
	}
}

static void put_header(struct nhrp_builder *b, const struct nhrp_msg *m)
{
	dm_put_u8(&b->w, dm_addr_len(&m->src_proto));
	dm_put_u8(&b->w, dm_addr_len(&m->dst_proto));
	dm_put_u16(&b->w, m->flags);
	dm_put_u32(&b->w, id_word(m));
	put_addr(b, &m->src_nbma);
	put_sub(b, &m->src_sub);
	put_addr(b, &m->src_proto);
	put_addr(b, &m->dst_proto);
}

void nhrp_build_begin(struct nhrp_builder *b, void *buf, size_t size, const struct nhrp_msg *m)
{
	enum dm_family nbma = nhrp_afn_family(m->afn);
	enum dm_family proto = nhrp_pro_family(m->pro_type);

	memset(b, 0, sizeof(*b));
	dm_writer_init(&b->w, buf, size);
	b->head = m;
	b->afn = m->afn;
	b->pro_type = nhrp_pro_type(proto); /* never the number that is only accepted */

	refuse_unless(b, nhrp_op_info(m->op) && nbma != DM_NONE && proto != DM_NONE);
	refuse_unless(b, addr_fits(&m->src_nbma, nbma) && sub_fits(&m->src_sub));
	refuse_unless(b, addr_fits(&m->src_proto, proto) && addr_fits(&m->dst_proto, proto));

	if (m->has_vpn)
		put_vpn(b, &m->vpn);
	b->packet_at = b->w.used;
	put_fixed(b, m);
	put_header(b, m);
}

void nhrp_build_set_vpn(struct nhrp_builder *b, const struct nhrp_msg *m)
{
	size_t at = m->has_vpn ? NHRP_VPN_HEADER_LEN : 0;
	size_t len = b->w.used - b->packet_at;

	b->head = m;
	refuse_unless(b, !b->open_ext && at + len <= b->w.size);
	if (b->w.bad)
		return;
	memmove(b->w.buf + at, b->w.buf + b->packet_at, len);
	if (b->ext_at)
		b->ext_at = b->ext_at - b->packet_at + at;
	b->w.used = 0;
	if (m->has_vpn)
		put_vpn(b, &m->vpn);
	b->packet_at = at;
	b->w.used = at + len;
}

bool nhrp_build_vpn_headers(uint8_t out[NHRP_VPN_HEADER_LEN], const struct vpn_id *vpn)
{
	struct nhrp_builder b = { .open_ext = 0 };

	dm_writer_init(&b.w, out, NHRP_VPN_HEADER_LEN);
	put_vpn(&b, vpn);
	return !b.w.bad;
}

/* Behind the first extension only an open one takes anything. */
static bool takes_more(const struct nhrp_builder *b)
{
	return b->open_ext || !b->ext_at;
}

void nhrp_build_cie(struct nhrp_builder *b, const struct nhrp_cie *cie)
{
	refuse_unless(b, takes_more(b) && sub_fits(&cie->sub));
	refuse_unless(b, addr_fits(&cie->nbma, nhrp_afn_family(b->afn)));
	refuse_unless(b, addr_fits(&cie->proto, nhrp_pro_family(b->pro_type)));

	dm_put_u8(&b->w, cie->code);
	dm_put_u8(&b->w, cie->prefix_len);
	dm_put_u16(&b->w, 0); /* unused */
	dm_put_u16(&b->w, cie->mtu);
	dm_put_u16(&b->w, cie->holding_time);
	dm_put_u8(&b->w, dm_addr_len(&cie->nbma));
	dm_put_u8(&b->w, cie->sub.len);
	dm_put_u8(&b->w, dm_addr_len(&cie->proto));
	dm_put_u8(&b->w, cie->preference);
	put_addr(b, &cie->nbma);
	put_sub(b, &cie->sub);
	put_addr(b, &cie->proto);
}

void nhrp_build_octets(struct nhrp_builder *b, const void *octets, size_t len)
{
	refuse_unless(b, takes_more(b));
	dm_put_octets(&b->w, octets, len);
}

static void put_ext_header(struct nhrp_builder *b, uint16_t type, bool compulsory)
{
	dm_put_u16(&b->w, type | (compulsory ? NHRP_EXT_COMPULSORY : 0));
	dm_put_u16(&b->w, 0); /* length */
}

void nhrp_build_ext_begin(struct nhrp_builder *b, uint16_t type, bool compulsory)
{
	refuse_unless(b, !b->open_ext && type != NHRP_EXT_END && type <= NHRP_EXT_TYPE);
	b->open_ext = b->w.used;
	if (!b->ext_at)
		b->ext_at = b->w.used;
	put_ext_header(b, type, compulsory);
}

void nhrp_build_ext_end(struct nhrp_builder *b)
{
	size_t len = b->w.used - b->open_ext - 4;

	refuse_unless(b, b->open_ext && len <= UINT16_MAX);
	dm_patch_u16(&b->w, b->open_ext + 2, len);
	b->open_ext = 0;
}

void nhrp_build_ext_empty(struct nhrp_builder *b, uint16_t type, bool compulsory)
{
	nhrp_build_ext_begin(b, type, compulsory);
	nhrp_build_ext_end(b);
}

void nhrp_build_ext_capabilities(struct nhrp_builder *b, uint32_t source, uint32_t target)
{
	nhrp_build_ext_begin(b, NHRP_EXT_CAPABILITIES, false);
	dm_put_u32(&b->w, source);
	dm_put_u32(&b->w, target);
	nhrp_build_ext_end(b);
}

size_t nhrp_build_end(struct nhrp_builder *b)
{
	size_t len, extoff;

	refuse_unless(b, !b->open_ext);
	if (b->ext_at)
		put_ext_header(b, NHRP_EXT_END, true);

	len = b->w.used - b->packet_at;
	extoff = b->ext_at ? b->ext_at - b->packet_at : 0;
	refuse_unless(b, len <= UINT16_MAX);

	dm_patch_u16(&b->w, b->packet_at + NHRP_AT_PKTSZ, len);
	dm_patch_u16(&b->w, b->packet_at + NHRP_AT_EXTOFF, extoff);
	if (b->w.bad)
		return 0;
	dm_patch_u16(&b->w, b->packet_at + NHRP_AT_CHKSUM,
		     nhrp_checksum(b->w.buf + b->packet_at, len));
	return b->w.used;
}

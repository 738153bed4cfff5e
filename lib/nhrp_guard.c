// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guard in front of FRR's own nhrpd code (10.7).
 *
 * No objects but the message in hand. Called by nhrpd's packet I/O, in its one thread,
 * for every plain message that comes in and every one that the stock code sends.
 *
 *   octets -> codec (nhrp_msg_decode) -> what only the stock code asks for -> a copy for it
 *
 * What it takes for granted, and what comes of it otherwise:
 *
 *   address and subaddress    read as one address, whose length is the sum of two whole
 *                             octets, type bits included
 *   all header addresses      are there; NBMA addresses are IPv4: it looks its own NBMA
 *                             and protocol address up by the sender's family
 *   one station each          what a CIE names becomes a route and a neighbour entry
 *   ar$pktsz                  is the end: it reads on to the end of what it received, and
 *                             gives that back in a Registration Reply
 *   room to answer in         1500 octets; the authentication that goes last is written
 *                             without a look at whether it still fitted
 *   checksum                  of an odd length is summed another way than RFC 2332 5.1
 *
 * RFC 2332 5.1, 5.2, 5.3, 5.2.7.
 *
 * Not here: authentication, rate limits, and what a message means.
 */
#include <string.h>

#include "lib/nhrp_codec.h"
#include "lib/nhrp_guard.h"

/* Offsets of length octets in the fixed header and in a CIE, RFC 2332 5.1 and 5.2.0.1 */
enum {
	AT_OP = 17,
	AT_SHTL = 18,
	AT_SSTL = 19,
	AT_SRC_PROTO_LEN = 20,
	AT_DST_PROTO_LEN = 21,
	AT_ADDRESSES = NHRP_FIXED_LEN + NHRP_MANDATORY_LEN,
	CIE_AT_NBMA_TL = 8,
	CIE_AT_SUB_TL = 9,
};

#define EXT_HEADER_LEN 4
#define PASSWORD_EXT_LEN (EXT_HEADER_LEN + 4 + 8) /* type of authentication, and the longest password */

static const char *const names[NHRP_GUARD_COUNT] = {
	[NHRP_GUARD_PASSED] = "passed",
	[NHRP_GUARD_MALFORMED] = "malformed",
	[NHRP_GUARD_VPN] = "vpn",
	[NHRP_GUARD_TRANSPORT] = "transport",
	[NHRP_GUARD_PROTOCOL] = "protocol",
	[NHRP_GUARD_NO_ADDRESS] = "noAddress",
	[NHRP_GUARD_SUBADDRESS] = "subaddress",
	[NHRP_GUARD_ADDRESS] = "unusableAddress",
	[NHRP_GUARD_NAT] = "natExtension",
	[NHRP_GUARD_TOO_LARGE] = "tooLarge",
};

const char *nhrp_guard_name(enum nhrp_guard why)
{
	return (unsigned int)why < NHRP_GUARD_COUNT ? names[why] : "unknown";
}

static enum nhrp_guard refuse(enum nhrp_guard why, uint32_t number, uint32_t *value)
{
	*value = number;
	return why;
}

static uint32_t offset_of(const struct nhrp_msg *m, const uint8_t *p)
{
	return p - m->packet;
}

/* True when the address, if there is one, can be one station's. */
static bool names_a_station(const struct dm_addr *a)
{
	return !dm_addr_is_set(a) || dm_addr_is_station(a);
}

/* --- the header -------------------------------------------------------------- */

static enum nhrp_guard check_lengths(const struct nhrp_msg *m, uint32_t *value)
{
	const uint8_t *h = m->packet;

	/* a type bit on an address of no length is no error to the codec */
	if (h[AT_SSTL] != 0)
		return refuse(NHRP_GUARD_SUBADDRESS, AT_SSTL, value);
	if (!dm_addr_is_set(&m->src_nbma))
		return refuse(NHRP_GUARD_NO_ADDRESS, AT_SHTL, value);
	if (!dm_addr_is_set(&m->src_proto))
		return refuse(NHRP_GUARD_NO_ADDRESS, AT_SRC_PROTO_LEN, value);
	if (!dm_addr_is_set(&m->dst_proto))
		return refuse(NHRP_GUARD_NO_ADDRESS, AT_DST_PROTO_LEN, value);
	return NHRP_GUARD_PASSED;
}

/* The destination may be zero: a server whose address is not known. */
static enum nhrp_guard check_stations(const struct nhrp_msg *m, uint32_t *value)
{
	uint32_t src_proto = AT_ADDRESSES + dm_addr_len(&m->src_nbma);
	uint32_t dst_proto = src_proto + dm_addr_len(&m->src_proto);

	if (!names_a_station(&m->src_nbma))
		return refuse(NHRP_GUARD_ADDRESS, AT_ADDRESSES, value);
	if (!names_a_station(&m->src_proto))
		return refuse(NHRP_GUARD_ADDRESS, src_proto, value);
	if (!dm_addr_is_zero(&m->dst_proto) && !names_a_station(&m->dst_proto))
		return refuse(NHRP_GUARD_ADDRESS, dst_proto, value);
	return NHRP_GUARD_PASSED;
}

static enum nhrp_guard check_header(const struct nhrp_msg *m, uint32_t *value)
{
	enum dm_family proto = nhrp_pro_family(m->pro_type);
	enum nhrp_guard why;

	if (m->has_vpn)
		return refuse(NHRP_GUARD_VPN, 0, value);
	if (nhrp_afn_family(m->afn) != DM_IPV4)
		return refuse(NHRP_GUARD_TRANSPORT, m->afn, value);
	if (proto != DM_IPV4 && proto != DM_IPV6)
		return refuse(NHRP_GUARD_PROTOCOL, m->pro_type, value);

	why = check_lengths(m, value);
	return why ? why : check_stations(m, value);
}

/* --- CIEs -------------------------------------------------------------------- */

static bool is_indication(uint8_t op)
{
	return op == NHRP_OP_ERROR_INDICATION || op == NHRP_OP_TRAFFIC_INDICATION;
}

/* A refusal's addresses are not looked at, and a purge may well name a prefix of zeros. */
static bool must_name_stations(const struct nhrp_msg *m, const struct nhrp_cie *cie)
{
	if (m->op == NHRP_OP_PURGE_REQUEST || m->op == NHRP_OP_PURGE_REPLY)
		return false;
	return nhrp_op_is_request(m->op) || cie->code == NHRP_CIE_SUCCESS;
}

/* One CIE that the codec has read; AT is where it begins. */
static enum nhrp_guard check_cie(const struct nhrp_msg *m, const uint8_t *at, const struct nhrp_cie *cie,
				 uint32_t *value)
{
	const uint8_t *nbma = at + NHRP_CIE_LEN;

	if (at[CIE_AT_NBMA_TL] != dm_addr_len(&cie->nbma))
		return refuse(NHRP_GUARD_SUBADDRESS, offset_of(m, at + CIE_AT_NBMA_TL), value);
	if (at[CIE_AT_SUB_TL] != 0)
		return refuse(NHRP_GUARD_SUBADDRESS, offset_of(m, at + CIE_AT_SUB_TL), value);
	if (!must_name_stations(m, cie))
		return NHRP_GUARD_PASSED;
	if (!names_a_station(&cie->nbma))
		return refuse(NHRP_GUARD_ADDRESS, offset_of(m, nbma), value);
	if (!names_a_station(&cie->proto))
		return refuse(NHRP_GUARD_ADDRESS, offset_of(m, nbma + dm_addr_len(&cie->nbma)), value);
	return NHRP_GUARD_PASSED;
}

static enum nhrp_guard check_body(const struct nhrp_msg *m, uint32_t *value)
{
	struct dm_reader r = m->body;
	const uint8_t *at = r.p;
	enum nhrp_guard why = NHRP_GUARD_PASSED;
	struct nhrp_cie cie;

	if (is_indication(m->op))
		return why;
	for (; !why && nhrp_cie_next(&r, m->afn, m->pro_type, &cie); at = r.p)
		why = check_cie(m, at, &cie, value);
	return why;
}

/* --- extensions -------------------------------------------------------------- */

/* NAT address: its CIEs' NBMA addresses go where those of the body go; protocol addresses may be zero there. */
static enum nhrp_guard check_nat(const struct nhrp_msg *m, const struct nhrp_ext *ext, uint32_t *value)
{
	struct dm_reader r = ext->value;
	const uint8_t *at = r.p;
	uint32_t source, target, where = offset_of(m, at) - EXT_HEADER_LEN;
	struct nhrp_cie cie;

	if (nhrp_ext_capabilities(ext, &source, &target))
		return NHRP_GUARD_PASSED;
	for (; nhrp_cie_next(&r, m->afn, m->pro_type, &cie); at = r.p)
		if (at[CIE_AT_NBMA_TL] != dm_addr_len(&cie.nbma) || at[CIE_AT_SUB_TL] != 0 ||
		    !names_a_station(&cie.nbma))
			return refuse(NHRP_GUARD_NAT, where, value);
	return r.bad ? refuse(NHRP_GUARD_NAT, where, value) : NHRP_GUARD_PASSED;
}

static enum nhrp_guard check_exts(const struct nhrp_msg *m, uint32_t *value)
{
	struct nhrp_ext ext;

	return nhrp_ext_find(m, NHRP_EXT_CAPABILITIES, &ext) ? check_nat(m, &ext, value) : NHRP_GUARD_PASSED;
}

/* --- room to answer in ------------------------------------------------------- */

/*
 * Octets that the stock code may need for what it makes of the message: an answer, or the
 * message passed on. It writes at most one CIE of its own into each of the extensions that
 * are there, one CIE as an answer, its authentication and an end marker. What it leaves
 * out (other CIEs, the sender's authentication) is not counted against that.
 */
static size_t largest(const struct nhrp_msg *m)
{
	size_t cie = NHRP_CIE_LEN + dm_addr_len(&m->src_nbma) + dm_addr_len(&m->src_proto);
	size_t len = m->packet_len + PASSWORD_EXT_LEN + EXT_HEADER_LEN;
	struct dm_reader r = m->exts;
	struct nhrp_ext ext;

	if (m->op == NHRP_OP_RESOLUTION_REQUEST)
		len += cie;
	while (nhrp_ext_next(&r, &ext))
		if (ext.type == NHRP_EXT_RESPONDER || ext.type == NHRP_EXT_FORWARD_TRANSIT ||
		    ext.type == NHRP_EXT_REVERSE_TRANSIT || ext.type == NHRP_EXT_CAPABILITIES)
			len += cie;
	return len;
}

static enum nhrp_guard check_room(const struct nhrp_msg *m, uint32_t *value)
{
	size_t len = largest(m);

	return len > NHRP_GUARD_MAX ? refuse(NHRP_GUARD_TOO_LARGE, len, value) : NHRP_GUARD_PASSED;
}

/* --- what is handed over ----------------------------------------------------- */

/* The sum of an odd length as the stock code checks it: the last octet is the low one of its word. */
static void put_stock_sum(uint8_t *packet, size_t len)
{
	uint32_t sum;

	packet[NHRP_AT_CHKSUM] = packet[NHRP_AT_CHKSUM + 1] = 0;
	sum = (uint16_t)~nhrp_checksum(packet, len - 1);
	sum += packet[len - 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	packet[NHRP_AT_CHKSUM] = sum >> 8;
	packet[NHRP_AT_CHKSUM + 1] = sum & 0xff;
}

static enum nhrp_guard judge(const struct nhrp_msg *m, uint32_t *value)
{
	enum nhrp_guard why = check_header(m, value);

	if (!why)
		why = check_body(m, value);
	if (!why)
		why = check_exts(m, value);
	return why ? why : check_room(m, value);
}

struct nhrp_guarded nhrp_guard_plain(const uint8_t *octets, size_t len, uint8_t out[NHRP_GUARD_MAX])
{
	struct nhrp_guarded g = {.why = NHRP_GUARD_MALFORMED};
	struct nhrp_msg m;

	g.drop = nhrp_msg_decode(&m, octets, len, &g.value);
	if (g.drop)
		return g;

	g.op = m.op;
	g.why = judge(&m, &g.value);
	if (g.why)
		return g;

	memcpy(out, m.packet, m.packet_len);
	g.len = m.packet_len;
	if (g.len & 1)
		put_stock_sum(out, g.len);
	return g;
}

bool nhrp_guard_may_leave(const uint8_t *octets, size_t len)
{
	struct dm_reader r;
	const uint8_t *inner;
	struct nhrp_msg m;

	if (nhrp_msg_decode(&m, octets, len, NULL) || m.op != NHRP_OP_ERROR_INDICATION)
		return true;
	r = m.body;
	inner = dm_get_octets(&r, NHRP_FIXED_LEN);
	return !inner || inner[AT_OP] != NHRP_OP_ERROR_INDICATION;
}

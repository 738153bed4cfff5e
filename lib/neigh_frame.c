// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the frames by which IPv4 and IPv6 find MACs. No state; no object but the
 * result. Called by the zebra module for each such frame of a spoke's local side, on
 * zebra's main pthread.
 *
 *   ARP (RFC 826)          request   sender's IP and MAC; the target is asked for
 *                          reply     sender's IP and MAC
 *   ICMPv6 (RFC 4861 4.3)  NS        source and its link-layer address, if it has one; target asked for
 *                          (4.4)     NA   target and its link-layer address, if it has one
 *
 * What a station says of itself is believed only where all of the message is as its
 * RFC wants it: others will be told.
 *
 * Not here: whether the station is one of ours, and whether to believe it
 * (zebra/dmevpn_local_neigh.c).
 */
#include <string.h>

#include "lib/neigh_frame.h"
#include "lib/octets.h"

#define TYPE_ARP 0x0806
#define TYPE_IPV6 0x86dd
#define MAC_LEN 6

#define ARP_ETHERNET 1
#define ARP_IPV4 0x0800
#define ARP_REQUEST 1
#define ARP_REPLY 2

#define ICMPV6 58
#define ICMPV6_NS 135
#define ICMPV6_NA 136
#define ND_HEAD 24 /* octets, with the target */
#define NA_SOLICITED 0x40000000u
#define OPTION_SOURCE 1
#define OPTION_TARGET 2

/* --- addresses ---------------------------------------------------------------- */

static void get_addr(struct dm_reader *r, enum dm_family family, struct dm_addr *addr)
{
	const uint8_t *octets = dm_get_octets(r, dm_family_len(family));

	memset(addr, 0, sizeof(*addr));
	if (octets)
		dm_addr_set(addr, family, octets, dm_family_len(family));
}

/* One that a single station can have. */
static bool is_one_station(const struct dm_addr *a)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	if (!dm_addr_is_station(a))
		return false;
	/* "this network", loopback, and what is reserved (RFC 6890 2.2.2) */
	if (a->family == DM_IPV4)
		return a->octets[0] != 0 && a->octets[0] != 127 && a->octets[0] < 240;
	return a->family != DM_IPV6 || memcmp(a->octets, loopback6, sizeof(loopback6)) != 0;
}

/* --- ARP ------------------------------------------------------------------------ */

static enum neigh_frame_result parse_arp(struct dm_reader *r, struct neigh_frame *f)
{
	uint16_t hardware = dm_get_u16(r), protocol = dm_get_u16(r);
	uint8_t hardware_len = dm_get_u8(r), protocol_len = dm_get_u8(r);
	uint16_t operation = dm_get_u16(r);
	struct dm_addr sender_mac, sender, target;

	if (r->bad)
		return NEIGH_FRAME_SHORT;
	if (hardware != ARP_ETHERNET || protocol != ARP_IPV4 ||
	    (operation != ARP_REQUEST && operation != ARP_REPLY))
		return NEIGH_FRAME_OTHER;
	if (hardware_len != MAC_LEN || protocol_len != 4)
		return NEIGH_FRAME_MALFORMED;
	get_addr(r, DM_MAC, &sender_mac);
	get_addr(r, DM_IPV4, &sender);
	dm_get_octets(r, MAC_LEN);
	get_addr(r, DM_IPV4, &target);
	if (r->bad)
		return NEIGH_FRAME_SHORT;
	if (!is_one_station(&sender_mac) || (!dm_addr_is_zero(&sender) && !is_one_station(&sender)))
		return NEIGH_FRAME_MALFORMED;
	if (!dm_addr_is_zero(&sender)) {
		f->ip = sender;
		f->mac = sender_mac;
	}
	/* a request for the sender's own address is an announcement (RFC 5227 2.3) */
	if (operation == ARP_REQUEST && is_one_station(&target) && !dm_addr_same(&sender, &target))
		f->asked = target;
	return NEIGH_FRAME_OK;
}

/* --- neighbour discovery ---------------------------------------------------------- */

struct nd {
	struct dm_addr source, destination, target;
	uint8_t type;
	uint32_t flags;
	struct dm_addr source_mac, target_mac; /* options; not set where they are not there */
};

/* The options; false when one is malformed. Unknown ones are stepped over (RFC 4861 4.6). */
static bool get_options(struct dm_reader *r, struct nd *nd)
{
	struct dm_reader body;
	uint8_t type, len;

	while (!r->bad && dm_reader_left(r)) {
		type = dm_get_u8(r);
		len = dm_get_u8(r); /* in units of 8 octets, with these two */
		if (len == 0)
			return false;
		dm_get_sub(r, len * 8 - 2, &body);
		if (r->bad || (type != OPTION_SOURCE && type != OPTION_TARGET))
			continue;
		if (len != 1)
			return false;
		get_addr(&body, DM_MAC, type == OPTION_SOURCE ? &nd->source_mac : &nd->target_mac);
	}
	return !r->bad;
}

static bool checksum_is_right(const struct nd *nd, const uint8_t *message, size_t len)
{
	uint32_t sum = len + ICMPV6;
	size_t i;

	for (i = 0; i < 16; i += 2) {
		sum += nd->source.octets[i] << 8 | nd->source.octets[i + 1];
		sum += nd->destination.octets[i] << 8 | nd->destination.octets[i + 1];
	}
	for (i = 0; i + 1 < len; i += 2)
		sum += message[i] << 8 | message[i + 1];
	if (i < len)
		sum += message[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* ff02::1:ffXX:XXXX (RFC 4291 2.7.1). */
static bool is_solicited_node(const struct dm_addr *a)
{
	static const uint8_t prefix[13] = {0xff, 0x02, [11] = 0x01, [12] = 0xff};

	return memcmp(a->octets, prefix, sizeof(prefix)) == 0;
}

/* RFC 4861 7.1.1 */
static bool judge_solicitation(const struct nd *nd, struct neigh_frame *f)
{
	bool probe = dm_addr_is_zero(&nd->source);

	if (probe && (!is_solicited_node(&nd->destination) || dm_addr_is_set(&nd->source_mac)))
		return false;
	if (!probe && !is_one_station(&nd->source))
		return false;
	if (dm_addr_is_set(&nd->source_mac)) {
		if (!is_one_station(&nd->source_mac))
			return false;
		f->ip = nd->source;
		f->mac = nd->source_mac;
	}
	f->asked = nd->target;
	return true;
}

/* RFC 4861 7.1.2 */
static bool judge_advertisement(const struct nd *nd, struct neigh_frame *f)
{
	if (!is_one_station(&nd->source) ||
	    (dm_addr_is_multicast(&nd->destination) && nd->flags & NA_SOLICITED))
		return false;
	if (dm_addr_is_set(&nd->target_mac)) {
		if (!is_one_station(&nd->target_mac))
			return false;
		f->ip = nd->target;
		f->mac = nd->target_mac;
	}
	return true;
}

/* The message proper; R is at its first octet and ends with the packet. */
static enum neigh_frame_result parse_icmpv6(struct dm_reader *r, struct nd *nd,
					    bool checksum_ready, struct neigh_frame *f)
{
	const uint8_t *message = r->p;
	size_t len = dm_reader_left(r);
	uint8_t code;

	nd->type = dm_get_u8(r);
	code = dm_get_u8(r);
	dm_get_u16(r); /* checksum */
	if (nd->type != ICMPV6_NS && nd->type != ICMPV6_NA)
		return NEIGH_FRAME_OTHER;
	if (len < ND_HEAD)
		return NEIGH_FRAME_SHORT;
	nd->flags = dm_get_u32(r);
	get_addr(r, DM_IPV6, &nd->target);
	if (checksum_ready && !checksum_is_right(nd, message, len))
		return NEIGH_FRAME_CHECKSUM;
	if (code != 0 || !is_one_station(&nd->target) || !get_options(r, nd))
		return NEIGH_FRAME_MALFORMED;
	if (nd->type == ICMPV6_NS ? !judge_solicitation(nd, f) : !judge_advertisement(nd, f))
		return NEIGH_FRAME_MALFORMED;
	return NEIGH_FRAME_OK;
}

static enum neigh_frame_result parse_ipv6(struct dm_reader *r, bool checksum_ready,
					  struct neigh_frame *f)
{
	uint32_t first = dm_get_u32(r);
	uint16_t payload = dm_get_u16(r);
	uint8_t next = dm_get_u8(r), hops = dm_get_u8(r);
	struct dm_reader message;
	struct nd nd = {};

	get_addr(r, DM_IPV6, &nd.source);
	get_addr(r, DM_IPV6, &nd.destination);
	if (r->bad)
		return NEIGH_FRAME_SHORT;
	if (first >> 28 != 6 || next != ICMPV6)
		return NEIGH_FRAME_OTHER;
	dm_get_sub(r, payload, &message);
	if (r->bad)
		return NEIGH_FRAME_SHORT;
	/* a router would have lowered it: it comes from this very link */
	if (hops != 255)
		return NEIGH_FRAME_MALFORMED;
	return parse_icmpv6(&message, &nd, checksum_ready, f);
}

/* --- the frame ---------------------------------------------------------------------- */

enum neigh_frame_result neigh_frame_parse(const uint8_t *octets, size_t len, bool checksum_ready,
					  struct neigh_frame *out)
{
	enum neigh_frame_result result = NEIGH_FRAME_OTHER;
	struct dm_addr destination, source;
	struct neigh_frame f = {};
	struct dm_reader r;
	uint16_t type;

	memset(out, 0, sizeof(*out));
	dm_reader_init(&r, octets, len);
	get_addr(&r, DM_MAC, &destination);
	get_addr(&r, DM_MAC, &source);
	type = dm_get_u16(&r);
	if (r.bad)
		return NEIGH_FRAME_SHORT;
	if (!is_one_station(&source))
		return NEIGH_FRAME_MALFORMED;
	if (type == TYPE_ARP)
		result = parse_arp(&r, &f);
	else if (type == TYPE_IPV6)
		result = parse_ipv6(&r, checksum_ready, &f);
	if (result == NEIGH_FRAME_OK)
		*out = f;
	return result;
}

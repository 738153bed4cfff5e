// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probes between octets and struct. No state; no object but the result. Called by the zebra module,
 * on zebra's main pthread, for what it sends and for what a packet filter lets through of VXLAN devices.
 *
 *   VXLAN      8  RFC 7348: the receiver's VNI (built only: the kernel takes it off)
 *   Ethernet  14  to 01:80:c2:00:00:01
 *   IPv4      20  or IPv6, 40: from the sender's VXLAN end to 127.0.0.1 or ::ffff:127.0.0.1, TTL 255
 *   UDP        8  port 7784 is who answers
 *   BFD       24  RFC 5880 4.1; bit D is set in a probe and not in its answer (RFC 7880)
 *   ours      12  version, the asker's VNI, nonce (behind the BFD packet, as in RFC 9764)
 *
 * Whoever is asked answers without knowing the asker, so reading is strict: what is not
 * exactly what we send is no probe.
 *
 * Not here: whose VNI or discriminator it is, and rates (zebra/dmevpn_probe.c).
 */
#include <string.h>

#include "lib/octets.h"
#include "lib/probe_frame.h"

#define MAC_LEN 6
#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd
#define UDP 17
#define UDP_HEAD 8
#define HOPS 255 /* nobody has routed it: RFC 5881 section 5 */
#define CS6 0xc0 /* network control: not the first to be dropped where it is crowded */

#define VXLAN_HAS_VNI 0x08

#define BFD_LEN 24
#define BFD_VERSION (1 << 5)
#define BFD_DEMAND 0x02
#define BFD_STATE_SHIFT 6

#define OUR_LEN 12
#define OUR_VERSION 1
#define VNI_MAX 0xffffff

#define MESSAGE_LEN (UDP_HEAD + BFD_LEN + OUR_LEN)
#define IPV4_LEN 20
#define IPV6_LEN 40

const uint8_t probe_frame_group[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x01};

static const uint8_t loopback4[4] = {127, 0, 0, 1};
static const uint8_t loopback6[16] = {[10] = 0xff, [11] = 0xff, 127, 0, 0, 1};

/* --- checksums (RFC 1071) ---------------------------------------------------------- */

static uint32_t sum_of(uint32_t sum, const uint8_t *octets, size_t len)
{
	size_t i;

	/* all lengths here are even */
	for (i = 0; i + 1 < len; i += 2)
		sum += octets[i] << 8 | octets[i + 1];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Of the pseudo header (RFC 768, RFC 8200 8.1) and the message. */
static uint32_t udp_sum(const uint8_t *source, const uint8_t *destination, size_t addr_len,
			const uint8_t *message)
{
	uint32_t sum = UDP + MESSAGE_LEN;

	sum = sum_of(sum, source, addr_len);
	sum = sum_of(sum, destination, addr_len);
	return sum_of(sum, message, MESSAGE_LEN);
}

/* --- building ------------------------------------------------------------------------ */

static void put_ipv4(struct dm_writer *w, const struct dm_addr *source)
{
	size_t at = w->used;

	dm_put_u8(w, 0x45);
	dm_put_u8(w, CS6);
	dm_put_u16(w, IPV4_LEN + MESSAGE_LEN);
	dm_put_u32(w, 0); /* no fragment */
	dm_put_u8(w, HOPS);
	dm_put_u8(w, UDP);
	dm_put_u16(w, 0);
	dm_put_octets(w, source->octets, sizeof(loopback4));
	dm_put_octets(w, loopback4, sizeof(loopback4));
	if (!w->bad)
		dm_patch_u16(w, at + 10, ~fold(sum_of(0, w->buf + at, IPV4_LEN)));
}

static void put_ipv6(struct dm_writer *w, const struct dm_addr *source)
{
	dm_put_u32(w, 6u << 28 | CS6 << 20);
	dm_put_u16(w, MESSAGE_LEN);
	dm_put_u8(w, UDP);
	dm_put_u8(w, HOPS);
	dm_put_octets(w, source->octets, sizeof(loopback6));
	dm_put_octets(w, loopback6, sizeof(loopback6));
}

static void put_bfd(struct dm_writer *w, const struct probe_frame *f)
{
	dm_put_u8(w, BFD_VERSION);
	dm_put_u8(w, f->state << BFD_STATE_SHIFT | (f->answer ? 0 : BFD_DEMAND));
	dm_put_u8(w, f->misses);
	dm_put_u8(w, BFD_LEN);
	dm_put_u32(w, f->mine);
	dm_put_u32(w, f->yours);
	dm_put_u32(w, f->interval_us);
	dm_put_u32(w, f->min_rx_us);
	dm_put_u32(w, 0); /* no echo */
}

static void put_udp(struct dm_writer *w, const struct probe_frame *f)
{
	const uint8_t *destination = f->source.family == DM_IPV4 ? loopback4 : loopback6;
	size_t at = w->used;
	uint16_t sum;

	dm_put_u16(w, f->answer ? PROBE_PORT : f->port);
	dm_put_u16(w, f->answer ? f->port : PROBE_PORT);
	dm_put_u16(w, MESSAGE_LEN);
	dm_put_u16(w, 0);
	put_bfd(w, f);
	dm_put_u32(w, (uint32_t)OUR_VERSION << 24 | (f->asker_vni & VNI_MAX));
	dm_put_u64(w, f->nonce);
	if (w->bad)
		return;
	sum = ~fold(udp_sum(f->source.octets, destination, dm_addr_len(&f->source), w->buf + at));
	dm_patch_u16(w, at + 6, sum ? sum : 0xffff); /* 0 would say that there is none */
}

size_t probe_frame_build(uint8_t *buf, size_t size, uint32_t vni, const struct probe_frame *f)
{
	bool ipv4 = f->source.family == DM_IPV4;
	struct dm_writer w;

	if (!ipv4 && f->source.family != DM_IPV6)
		return 0;
	dm_writer_init(&w, buf, size);
	dm_put_u32(&w, (uint32_t)VXLAN_HAS_VNI << 24);
	dm_put_u32(&w, vni << 8);
	dm_put_octets(&w, probe_frame_group, MAC_LEN);
	dm_put_octets(&w, f->mac.octets, MAC_LEN);
	dm_put_u16(&w, ipv4 ? TYPE_IPV4 : TYPE_IPV6);
	if (ipv4)
		put_ipv4(&w, &f->source);
	else
		put_ipv6(&w, &f->source);
	put_udp(&w, f);
	return w.bad ? 0 : w.used;
}

/* --- reading ------------------------------------------------------------------------- */

static void get_addr(struct dm_reader *r, enum dm_family family, struct dm_addr *addr)
{
	const uint8_t *octets = dm_get_octets(r, dm_family_len(family));

	memset(addr, 0, sizeof(*addr));
	if (octets)
		dm_addr_set(addr, family, octets, dm_family_len(family));
}

static bool is_vxlan_end(const struct dm_addr *a)
{
	return dm_addr_is_station(a) && (a->family != DM_IPV4 || (a->octets[0] != 0 && a->octets[0] != 127));
}

static enum probe_frame_result parse_ipv4(struct dm_reader *r, struct probe_frame *f)
{
	const uint8_t *head = r->p;
	uint8_t version = dm_get_u8(r), hops, protocol;
	struct dm_addr destination;
	uint16_t len, fragment;

	dm_get_u8(r);
	len = dm_get_u16(r);
	dm_get_u16(r);
	fragment = dm_get_u16(r);
	hops = dm_get_u8(r);
	protocol = dm_get_u8(r);
	dm_get_u16(r);
	get_addr(r, DM_IPV4, &f->source);
	get_addr(r, DM_IPV4, &destination);
	if (r->bad)
		return PROBE_FRAME_SHORT;
	if (version >> 4 != 4 || protocol != UDP)
		return PROBE_FRAME_OTHER;
	if (fold(sum_of(0, head, IPV4_LEN)) != 0xffff)
		return PROBE_FRAME_CHECKSUM;
	if (version != 0x45 || fragment & 0x3fff || hops != HOPS || !is_vxlan_end(&f->source) ||
	    memcmp(destination.octets, loopback4, sizeof(loopback4)) != 0)
		return PROBE_FRAME_MALFORMED;
	if (len != IPV4_LEN + MESSAGE_LEN)
		return PROBE_FRAME_OTHER;
	return PROBE_FRAME_OK;
}

static enum probe_frame_result parse_ipv6(struct dm_reader *r, struct probe_frame *f)
{
	uint32_t first = dm_get_u32(r);
	uint16_t len = dm_get_u16(r);
	uint8_t next = dm_get_u8(r), hops = dm_get_u8(r);
	struct dm_addr destination;

	get_addr(r, DM_IPV6, &f->source);
	get_addr(r, DM_IPV6, &destination);
	if (r->bad)
		return PROBE_FRAME_SHORT;
	if (first >> 28 != 6 || next != UDP)
		return PROBE_FRAME_OTHER;
	if (hops != HOPS || !is_vxlan_end(&f->source) ||
	    memcmp(destination.octets, loopback6, sizeof(loopback6)) != 0)
		return PROBE_FRAME_MALFORMED;
	return len == MESSAGE_LEN ? PROBE_FRAME_OK : PROBE_FRAME_OTHER;
}

/* RFC 5880 6.8.6, and what S-BFD leaves of it (RFC 7880 7.2.2 and 7.3) */
static bool get_bfd(struct dm_reader *r, struct probe_frame *f)
{
	uint8_t version = dm_get_u8(r), flags = dm_get_u8(r), len;
	uint32_t echo;

	f->misses = dm_get_u8(r);
	len = dm_get_u8(r);
	f->mine = dm_get_u32(r);
	f->yours = dm_get_u32(r);
	f->interval_us = dm_get_u32(r);
	f->min_rx_us = dm_get_u32(r);
	echo = dm_get_u32(r);
	f->state = flags >> BFD_STATE_SHIFT;
	if (version != BFD_VERSION || len != BFD_LEN || !f->misses || !f->mine || !f->yours || echo)
		return false;
	if ((flags & 0x3f) != (f->answer ? 0 : BFD_DEMAND))
		return false;
	return f->state == PROBE_STATE_UP || (!f->answer && f->state == PROBE_STATE_DOWN);
}

/* R is at the UDP header and ends with the frame. */
static enum probe_frame_result parse_udp(struct dm_reader *r, struct probe_frame *f)
{
	const uint8_t *destination = f->source.family == DM_IPV4 ? loopback4 : loopback6;
	const uint8_t *message = r->p;
	size_t octets = dm_reader_left(r);
	uint16_t from = dm_get_u16(r), to = dm_get_u16(r), len = dm_get_u16(r);
	uint32_t ours;

	dm_get_u16(r);
	if (r->bad || octets < MESSAGE_LEN)
		return PROBE_FRAME_SHORT;
	if (from != PROBE_PORT && to != PROBE_PORT)
		return PROBE_FRAME_OTHER;
	if (octets != MESSAGE_LEN || len != MESSAGE_LEN || from == to)
		return PROBE_FRAME_MALFORMED;
	if (fold(udp_sum(f->source.octets, destination, dm_addr_len(&f->source), message)) != 0xffff)
		return PROBE_FRAME_CHECKSUM;
	f->answer = from == PROBE_PORT;
	f->port = f->answer ? to : from;
	if (!f->port || !get_bfd(r, f))
		return PROBE_FRAME_MALFORMED;
	ours = dm_get_u32(r);
	f->asker_vni = ours & VNI_MAX;
	f->nonce = dm_get_u64(r);
	return ours >> 24 == OUR_VERSION && f->asker_vni ? PROBE_FRAME_OK : PROBE_FRAME_MALFORMED;
}

static enum probe_frame_result parse(const uint8_t *octets, size_t len, struct probe_frame *f)
{
	enum probe_frame_result result = PROBE_FRAME_OTHER;
	struct dm_addr destination;
	struct dm_reader r;
	uint16_t type;

	dm_reader_init(&r, octets, len);
	get_addr(&r, DM_MAC, &destination);
	get_addr(&r, DM_MAC, &f->mac);
	type = dm_get_u16(&r);
	if (r.bad)
		return PROBE_FRAME_SHORT;
	if (memcmp(destination.octets, probe_frame_group, MAC_LEN) != 0)
		return PROBE_FRAME_OTHER;
	if (type == TYPE_IPV4)
		result = parse_ipv4(&r, f);
	else if (type == TYPE_IPV6)
		result = parse_ipv6(&r, f);
	if (result != PROBE_FRAME_OK)
		return result;
	return dm_addr_is_station(&f->mac) ? parse_udp(&r, f) : PROBE_FRAME_MALFORMED;
}

enum probe_frame_result probe_frame_parse(const uint8_t *octets, size_t len, struct probe_frame *out)
{
	struct probe_frame f = {};
	enum probe_frame_result result = parse(octets, len, &f);

	memset(out, 0, sizeof(*out));
	if (result == PROBE_FRAME_OK)
		*out = f;
	return result;
}

void probe_frame_answer(const struct probe_frame *ask, uint32_t min_rx_us, struct probe_frame *answer)
{
	*answer = *ask;
	answer->answer = true;
	answer->state = PROBE_STATE_UP;
	answer->mine = ask->yours;
	answer->yours = ask->mine;
	answer->min_rx_us = min_rx_us;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What engine_compose.h says. Input of compose():
 *
 *   type | flags (2) | who | body: number of CIEs, each of 9 octets | extensions
 *   type  bits 0-2 one less than ar$op.type, 3-4 protocol addresses are MAC, IPv4, IPv6 or MAC,
 *         5 no VPN headers
 *   who   bits 0-1 VPN-ID, 2 the ID of the receiver's last request, 3 no source subaddress,
 *         4-5 source NBMA address, 6-7 source MAC; the next octet: destination MAC
 *   CIE   code | preference | MTU (2) | holding time (2) | addresses | VNI | prefix length
 *   extension   kind | octets of its value
 *
 * Input that ends early reads as zeros, which is a message too.
 */
#include <config.h>

#include <string.h>

#include "lib/nhrp_batch.h"
#include "lib/nhrp_moves.h"
#include "tests/fuzz/engine_compose.h"

#define CIES_MAX 40
#define EXTS_MAX 8

static uint64_t counter;

void compose_reset(void)
{
	counter = 0;
}

/* --- picking ---------------------------------------------------------------------- */

static struct dm_addr pick_nbma(uint8_t which)
{
	static const char *const table[] = {"10.0.0.1", "10.0.0.2",  "10.0.0.3",	"10.0.0.66",
					    "-",	"224.0.0.5", "0.0.0.0", "255.255.255.255"};
	struct dm_addr a = {0};

	dm_addr_parse(&a, table[which % 8]);
	return a;
}

/* 0 to 3: the VXLAN ends of .1, .2, .3 and .66; then hosts, a group, zeros, none. */
static struct dm_addr pick_mac(uint8_t which)
{
	static const uint8_t ends[] = {1, 2, 3, 66};
	uint8_t octets[6] = {2, 0xaa, 0, 0, 0, which};
	struct dm_addr a = {0};

	if (which == 255)
		return a;
	if (which < 4) {
		octets[1] = 0;
		octets[5] = ends[which];
	} else if (which == 254) {
		octets[0] = 3;
	} else if (which == 253) {
		memset(octets, 0, sizeof(octets));
	}
	dm_addr_set(&a, DM_MAC, octets, sizeof(octets));
	return a;
}

static struct dm_addr pick_ip(enum dm_family family, uint8_t which)
{
	uint8_t octets[16] = {172, 16, 0, which};
	struct dm_addr a = {0};

	if (which == 255)
		return a;
	if (which == 254)
		octets[0] = 0xff; /* a group's, of IPv6 */
	else if (family == DM_IPV6)
		octets[0] = 0xfd;
	dm_addr_set(&a, family, octets, dm_family_len(family));
	return a;
}

static struct dm_addr pick_proto(uint16_t pro_type, uint8_t which)
{
	enum dm_family family = nhrp_pro_family(pro_type);

	return family == DM_MAC ? pick_mac(which) : pick_ip(family, which);
}

static struct nhrp_subaddr pick_sub(uint8_t which)
{
	static const uint32_t vnis[] = {100, 101, 4097, 4098, 1, (1u << 24) - 1};
	static const uint8_t odd[] = {1, 2, 3, 4, 5, 6, 7};
	struct dm_addr mac = pick_mac(which & 15);

	if (which >= 0x80 && dm_addr_is_set(&mac))
		return nhrp_subaddr_vni_mac(vnis[(which >> 4 & 7) % 6], &mac);
	if (which < 6)
		return nhrp_subaddr_vni(vnis[which]);
	if (which < 12)
		return (struct nhrp_subaddr){.len = which % 6 + 1 == 4 ? 7 : which % 6 + 1, .octets = odd};
	return which == 12 ? nhrp_subaddr_none() : nhrp_subaddr_vni(which);
}

static struct vpn_id pick_vpn(uint8_t which)
{
	static const struct vpn_id table[] = {{.index = 1}, {.index = 2}, {.index = 3}, {.oui = 0x5e, .index = 1}};

	return table[which % 4];
}

/* --- parts ------------------------------------------------------------------------ */

static struct nhrp_msg get_head(struct dm_reader *r, uint32_t id)
{
	static const uint16_t pro_types[] = {NHRP_PRO_TEB, NHRP_PRO_IPV4, NHRP_PRO_IPV6, NHRP_PRO_TEB};
	uint8_t type = dm_get_u8(r);
	uint16_t flags = dm_get_u16(r), pro_type = pro_types[type >> 3 & 3];
	uint8_t who = dm_get_u8(r), dst = dm_get_u8(r);

	return (struct nhrp_msg){
		.has_vpn = !(type & 32), .vpn = pick_vpn(who), .afn = NHRP_AFN_IPV4, .pro_type = pro_type,
		.hop_count = dst & 0x80 ? 0 : 255, .op = 1 + (type & 7), .flags = flags, .error_code = flags & 31,
		.error_offset = flags >> 5, .request_id = who & 4 ? id : flags, .src_nbma = pick_nbma(who >> 4 & 3),
		.src_sub = who & 8 ? nhrp_subaddr_none() : nhrp_subaddr_vni(who & 0x40 ? 100 : 4097),
		.src_proto = pick_proto(pro_type, who >> 6), .dst_proto = pick_proto(pro_type, dst),
	};
}

static struct nhrp_cie get_cie(struct dm_reader *r, uint16_t pro_type)
{
	struct nhrp_cie cie = {.code = dm_get_u8(r), .preference = dm_get_u8(r), .mtu = dm_get_u16(r)};
	uint8_t addresses;

	cie.holding_time = dm_get_u16(r);
	addresses = dm_get_u8(r);
	cie.nbma = pick_nbma(addresses);
	cie.sub = dm_addr_is_set(&cie.nbma) ? pick_sub(dm_get_u8(r)) : nhrp_subaddr_none();
	cie.proto = pick_proto(pro_type, addresses >> 3);
	cie.prefix_len = dm_get_u8(r);
	return cie;
}

static void put_cie(struct dm_reader *r, struct nhrp_builder *b)
{
	const struct nhrp_cie cie = get_cie(r, b->pro_type);

	nhrp_build_cie(b, &cie);
}

static unsigned int put_body(struct dm_reader *r, struct nhrp_builder *b, uint8_t op)
{
	unsigned int num = dm_get_u8(r) % CIES_MAX;

	if (op >= NHRP_OP_ERROR_INDICATION) { /* a packet */
		num = num < dm_reader_left(r) ? num : dm_reader_left(r);
		nhrp_build_octets(b, r->p, num);
		dm_get_octets(r, num);
		return 0;
	}
	for (unsigned int i = 0; i < num; i++)
		put_cie(r, b);
	return num;
}

/* A number for each entry: mostly such as a hub may have given out. */
static void put_moves(struct dm_reader *r, struct nhrp_builder *b, unsigned int entries)
{
	struct nhrp_move moves[CIES_MAX];

	for (unsigned int i = 0; i < entries; i++) {
		moves[i].number = dm_get_u8(r);
		moves[i].age = (uint32_t)dm_get_u8(r) << 8;
	}
	nhrp_build_moves(b, moves, entries);
}

static void put_ext_value(struct dm_reader *r, struct nhrp_builder *b, uint8_t kind)
{
	unsigned int num = dm_get_u8(r) % 64;

	if (kind & 0x40) {
		for (unsigned int i = 0; i < num % 4; i++)
			put_cie(r, b);
		return;
	}
	num = num < dm_reader_left(r) ? num : dm_reader_left(r);
	nhrp_build_octets(b, r->p, num);
	dm_get_octets(r, num);
}

/* A batch that can be read, of up to three VPNs. */
static void put_batch(struct dm_reader *r, struct nhrp_builder *b)
{
	struct nhrp_batch_builder bb;
	uint8_t how = dm_get_u8(r);

	nhrp_batch_begin(&bb, b, how & 4 ? NHRP_BATCH_ANSWER : NHRP_BATCH_QUESTION);
	for (int i = 0; i <= how % 3; i++) {
		struct nhrp_batch_entry entry = {.vpn.index = 1 + (how >> 4) % 4 + (uint32_t)i};

		entry.request_id = dm_get_u8(r);
		entry.life = dm_get_u8(r);
		entry.cie = get_cie(r, b->pro_type);
		nhrp_batch_put(&bb, &entry);
	}
	nhrp_batch_end(&bb);
}

static void put_exts(struct dm_reader *r, struct nhrp_builder *b, unsigned int entries)
{
	static const uint16_t types[] = {
		NHRP_EXT_RESPONDER, NHRP_EXT_FORWARD_TRANSIT, NHRP_EXT_REVERSE_TRANSIT, NHRP_EXT_AUTHENTICATION,
		NHRP_EXT_VENDOR,    NHRP_EXT_CAPABILITIES,    NHRP_EXT_BOOT_EPOCH,	NHRP_EXT_BATCH,
	};
	unsigned int seen = 0;

	for (int i = 0; i < EXTS_MAX && dm_reader_left(r) > 0; i++) {
		uint8_t kind = dm_get_u8(r);

		if (seen & 1u << (kind & 7))
			continue; /* a type twice is for the codec's own target */
		seen |= 1u << (kind & 7);
		if (kind & 0x40 && types[kind & 7] == NHRP_EXT_BATCH) {
			put_batch(r, b);
			continue;
		}
		if (kind & 0x20 && types[kind & 7] == NHRP_EXT_VENDOR) {
			put_moves(r, b, entries);
			continue;
		}
		nhrp_build_ext_begin(b, types[kind & 7], kind & 0x80);
		put_ext_value(r, b, kind);
		nhrp_build_ext_end(b);
	}
}

size_t compose(struct dm_reader *r, uint32_t id, uint8_t out[NODE_MESSAGE_MAX])
{
	struct nhrp_msg m = get_head(r, id);
	struct nhrp_builder b;
	unsigned int entries;

	nhrp_build_begin(&b, out, NODE_MESSAGE_MAX, &m);
	entries = put_body(r, &b, m.op);
	put_exts(r, &b, entries);
	return nhrp_build_end(&b);
}

/* --- signing ---------------------------------------------------------------------- */

/* All of *m but its authentication, which would be the first extension it has. */
static void put_again(struct nhrp_builder *b, const struct nhrp_msg *m)
{
	struct dm_reader body = m->body, exts = m->exts;
	struct nhrp_ext ext;

	nhrp_build_octets(b, body.p, dm_reader_left(&body));
	while (nhrp_ext_next(&exts, &ext)) {
		if (ext.type == NHRP_EXT_AUTHENTICATION)
			continue;
		nhrp_build_ext_begin(b, ext.type, ext.compulsory);
		nhrp_build_octets(b, ext.value.p, dm_reader_left(&ext.value));
		nhrp_build_ext_end(b);
	}
}

size_t compose_signed(const struct node *to, uint8_t how, uint8_t octets[NODE_MESSAGE_MAX], size_t len)
{
	struct nhrp_auth_key key = node_key();
	struct nhrp_stamp stamp = {.epoch = 1ull << 40, .echo = to->epoch - (how >> 1 & 1)};
	uint8_t out[NODE_MESSAGE_MAX];
	struct nhrp_builder b;
	struct nhrp_msg m;
	size_t hash_at;

	if (nhrp_msg_decode(&m, octets, len, NULL) != NHRP_DROP_NONE)
		return len;
	counter += !(how & 4);
	stamp.counter = counter;
	key.id += how >> 3 & 1;
	nhrp_build_begin(&b, out, sizeof(out), &m);
	put_again(&b, &m);
	hash_at = nhrp_auth_put_hash(&b, &m, key.id, &m.src_proto, &stamp);
	if (nhrp_build_end(&b) == 0)
		return len;
	nhrp_auth_seal(&b, hash_at, &key, node_hmac);
	if (how & 1)
		out[hash_at] ^= 1;
	memcpy(octets, out, b.w.used);
	return b.w.used;
}

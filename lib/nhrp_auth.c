// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Authentication extension, made and checked.
 *
 * No objects of its own: it works on a builder (nhrp_build.c) or on a decoded message.
 * Called by the engine for messages of a VPN, and by nhrpd's packet I/O for the passwords
 * of plain ones; pure, any thread. The hash function and the keys come as parameters.
 *
 *   password   00000001 | 1 to 8 octets, compared whole
 *
 *   hash       0000 | key | from | epoch | echo | counter | HMAC-SHA-256
 *               2      2    n       8       8        8          32
 *
 * RFC 2332 5.3.4.1: reserved, SPI, source address (as long as the source protocol address; in
 * a VPN also a MAC address, where the message is about others), authentication data. Of the data only the hash is zero while it is computed: the stamp
 * (nhrp_replay.h) is covered. What is hashed:
 *
 *   form OUI index   of the VPN, form 0 for VPN headers and 1 for a plain message that has its
 *                    VPN by configuration (RFC 2735 3.2); zeros outside VPNs. The RFC hashes no
 *                    more than the NHRP packet, and a message could be carried over into another
 *                    VPN that has the same key, or lose its headers on the way
 *   the packet       from the fixed header to the end marker, its checksum and the hash as
 *                    zeros. The hop count is covered: each hop makes the extension anew
 *
 * Not here: which form is wanted, key chains, windows against replay, what a failure leads to.
 */
#include <string.h>

#include "lib/nhrp_auth.h"
#include "lib/nhrp_codec.h"

#define PASSWORD_TYPE 1
#define STAMP_LEN 24
#define FIXED_VALUE_LEN (4 + STAMP_LEN + NHRP_AUTH_DIGEST_LEN) /* the hashed form but for the address */
#define VPN_LEN 8
#define FORM_HEADERS 0
#define FORM_PLAIN 1

static const char *const names[NHRP_AUTH_COUNT] = {
	[NHRP_AUTH_OK] = "ok",
	[NHRP_AUTH_MISSING] = "missing",
	[NHRP_AUTH_FORM] = "form",
	[NHRP_AUTH_PASSWORD] = "password",
	[NHRP_AUTH_KEY] = "key",
	[NHRP_AUTH_DIGEST] = "digest",
};

const char *nhrp_auth_name(enum nhrp_auth why)
{
	return (unsigned int)why < NHRP_AUTH_COUNT ? names[why] : "unknown";
}

bool nhrp_auth_same(const void *a, const void *b, size_t len)
{
	/* volatile: a compiler that saw through this would stop at the first difference */
	const volatile uint8_t *x = a, *y = b;
	uint8_t differ = 0;

	for (size_t i = 0; i < len; i++)
		differ |= x[i] ^ y[i];
	return differ == 0;
}

/* --- plain text -------------------------------------------------------------- */

static bool password_len_fits(size_t len)
{
	return len >= 1 && len <= NHRP_AUTH_PASSWORD_MAX;
}

void nhrp_auth_put_password(struct nhrp_builder *b, const void *password, size_t len)
{
	if (!password_len_fits(len))
		b->w.bad = true;
	nhrp_build_ext_begin(b, NHRP_EXT_AUTHENTICATION, true);
	dm_put_u32(&b->w, PASSWORD_TYPE);
	nhrp_build_octets(b, password, len);
	nhrp_build_ext_end(b);
}

enum nhrp_auth nhrp_auth_check_password(const struct nhrp_msg *m, const void *password, size_t len)
{
	/* both in one size, their lengths included, so that not even that shows in the time */
	uint8_t ours[1 + NHRP_AUTH_PASSWORD_MAX] = {len}, theirs[1 + NHRP_AUTH_PASSWORD_MAX] = {0};
	struct nhrp_ext ext;
	size_t their_len;

	if (!nhrp_ext_find(m, NHRP_EXT_AUTHENTICATION, &ext))
		return NHRP_AUTH_MISSING;
	if (dm_get_u32(&ext.value) != PASSWORD_TYPE)
		return NHRP_AUTH_FORM;
	their_len = dm_reader_left(&ext.value);
	if (!password_len_fits(their_len) || !password_len_fits(len))
		return NHRP_AUTH_FORM;

	theirs[0] = their_len;
	memcpy(theirs + 1, ext.value.p, their_len);
	memcpy(ours + 1, password, len);
	return nhrp_auth_same(ours, theirs, sizeof(ours)) ? NHRP_AUTH_OK : NHRP_AUTH_PASSWORD;
}

/* --- keyed hash -------------------------------------------------------------- */

/* The hash of a packet whose own stands at HASH_AT, with what stands in both gaps taken as zeros. */
static void compute(const uint8_t vpn[VPN_LEN], const uint8_t *packet, size_t len, size_t hash_at,
		    const struct nhrp_auth_key *key, nhrp_hmac hmac, uint8_t digest[NHRP_AUTH_DIGEST_LEN])
{
	static const uint8_t zeros[NHRP_AUTH_DIGEST_LEN];
	const size_t behind_sum = NHRP_AT_CHKSUM + 2, behind_hash = hash_at + NHRP_AUTH_DIGEST_LEN;
	const struct nhrp_auth_part parts[] = {
		{vpn, VPN_LEN},
		{packet, NHRP_AT_CHKSUM},
		{zeros, 2},
		{packet + behind_sum, hash_at - behind_sum},
		{zeros, NHRP_AUTH_DIGEST_LEN},
		{packet + behind_hash, len - behind_hash},
	};

	hmac(key->octets, key->len, parts, sizeof(parts) / sizeof(parts[0]), digest);
}

/* Whether headers say so or the configuration does. */
static bool is_in_vpn(const struct nhrp_msg *m)
{
	return m->has_vpn || !vpn_id_is_default(&m->vpn);
}

/* HEADERS: with those of RFC 2735 4.1. */
static void vpn_octets(const struct nhrp_msg *m, bool headers, uint8_t octets[VPN_LEN])
{
	struct dm_writer w;

	dm_writer_init(&w, octets, VPN_LEN);
	dm_put_u32(&w, m->vpn.oui & 0xffffff); /* not the padding before it, which may be anything */
	dm_put_u32(&w, m->vpn.index);
	octets[0] = !headers && is_in_vpn(m) ? FORM_PLAIN : FORM_HEADERS;
}

/*
 * A station of an Ethernet VPN has one address in it, the MAC of its VXLAN end, whatever
 * protocol the message is about: by another it would be another station to a receiver.
 */
static bool from_fits(const struct nhrp_msg *m, size_t len)
{
	return len == dm_addr_len(&m->src_proto) || (is_in_vpn(m) && len == dm_family_len(DM_MAC));
}

size_t nhrp_auth_put_hash(struct nhrp_builder *b, const struct nhrp_msg *m, uint16_t key_id,
			  const struct dm_addr *from, const struct nhrp_stamp *stamp)
{
	static const uint8_t zeros[NHRP_AUTH_DIGEST_LEN];
	size_t hash_at;

	if (key_id == 0 || !from_fits(m, dm_addr_len(from)))
		b->w.bad = true;
	nhrp_build_ext_begin(b, NHRP_EXT_AUTHENTICATION, true);
	dm_put_u32(&b->w, key_id); /* reserved before it */
	dm_put_octets(&b->w, from->octets, dm_addr_len(from));
	dm_put_u64(&b->w, stamp->epoch);
	dm_put_u64(&b->w, stamp->echo);
	dm_put_u64(&b->w, stamp->counter);
	hash_at = b->w.used;
	dm_put_octets(&b->w, zeros, sizeof(zeros));
	nhrp_build_ext_end(b);
	return hash_at;
}

void nhrp_auth_seal(struct nhrp_builder *b, size_t hash_at, const struct nhrp_auth_key *key, nhrp_hmac hmac)
{
	uint8_t vpn[VPN_LEN], digest[NHRP_AUTH_DIGEST_LEN];
	uint8_t *packet = b->w.buf + b->packet_at;
	size_t len = b->w.used - b->packet_at;

	vpn_octets(b->head, b->packet_at, vpn);
	compute(vpn, packet, len, hash_at - b->packet_at, key, hmac, digest);
	memcpy(b->w.buf + hash_at, digest, sizeof(digest));
	dm_patch_u16(&b->w, b->packet_at + NHRP_AT_CHKSUM, 0);
	dm_patch_u16(&b->w, b->packet_at + NHRP_AT_CHKSUM, nhrp_checksum(packet, len));
}

/* The extension's fields. Returns false when its length or its first half-word is not this form's. */
static bool read_value(const struct nhrp_msg *m, struct dm_reader r, struct nhrp_auth_said *said)
{
	size_t len = dm_reader_left(&r), from_len = len - FIXED_VALUE_LEN;
	const uint8_t *from;

	if (len < FIXED_VALUE_LEN || !from_fits(m, from_len) || dm_get_u16(&r) != 0)
		return false;
	said->key_id = dm_get_u16(&r);
	from = dm_get_octets(&r, from_len);
	if (from_len)
		dm_addr_set(&said->from, from_len == dm_family_len(DM_MAC) ? DM_MAC : m->src_proto.family, from,
			    from_len);
	said->stamp.epoch = dm_get_u64(&r);
	said->stamp.echo = dm_get_u64(&r);
	said->stamp.counter = dm_get_u64(&r);
	return said->key_id != 0;
}

enum nhrp_auth nhrp_auth_check_hash(const struct nhrp_msg *m, nhrp_auth_lookup lookup, void *arg, nhrp_hmac hmac,
				    struct nhrp_auth_said *said)
{
	uint8_t vpn[VPN_LEN], digest[NHRP_AUTH_DIGEST_LEN];
	struct nhrp_auth_key key;
	const uint8_t *theirs;
	struct nhrp_ext ext;

	memset(said, 0, sizeof(*said));
	if (!nhrp_ext_find(m, NHRP_EXT_AUTHENTICATION, &ext))
		return NHRP_AUTH_MISSING;
	if (!read_value(m, ext.value, said))
		return NHRP_AUTH_FORM;
	if (!lookup(arg, said->key_id, &key))
		return NHRP_AUTH_KEY;

	theirs = ext.value.end - NHRP_AUTH_DIGEST_LEN;
	vpn_octets(m, m->has_vpn, vpn);
	compute(vpn, m->packet, m->packet_len, theirs - m->packet, &key, hmac, digest);
	return nhrp_auth_same(theirs, digest, sizeof(digest)) ? NHRP_AUTH_OK : NHRP_AUTH_DIGEST;
}

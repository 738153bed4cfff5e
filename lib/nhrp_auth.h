// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Authentication extension, RFC 2332 5.3.4, in two forms: the plain-text password of
 * Cisco and FRR (which shows the type 1 in place of a security parameter index), and a
 * keyed hash, HMAC-SHA-256, for messages of a VPN.
 */
#ifndef DMEVPN_NHRP_AUTH_H
#define DMEVPN_NHRP_AUTH_H

#include "lib/nhrp_msg.h"
#include "lib/nhrp_replay.h"

#define NHRP_AUTH_PASSWORD_MAX 8 /* octets, as Cisco and FRR have it */
#define NHRP_AUTH_DIGEST_LEN 32	 /* HMAC-SHA-256, not cut */

/* Why a message is not authentic. */
enum nhrp_auth {
	NHRP_AUTH_OK = 0,
	NHRP_AUTH_MISSING,  /* no such extension */
	NHRP_AUTH_FORM,	    /* of the other form, or of a wrong length */
	NHRP_AUTH_PASSWORD, /* another password */
	NHRP_AUTH_KEY,	    /* no key of that number that is valid now */
	NHRP_AUTH_DIGEST,   /* the hash is not what the key gives */
	NHRP_AUTH_COUNT,
};

/* Stable name of a result in camelCase, as JSON shows it. */
const char *nhrp_auth_name(enum nhrp_auth why);

/* True when both are the same LEN octets, in a time that does not tell where they differ. */
bool nhrp_auth_same(const void *a, const void *b, size_t len);

/* --- plain text --- */

/* Appends the extension with PASSWORD (LEN octets, 1 to NHRP_AUTH_PASSWORD_MAX; else the builder turns bad). */
void nhrp_auth_put_password(struct nhrp_builder *b, const void *password, size_t len);

/* Compares the message's password with PASSWORD (LEN as above) in constant time. */
enum nhrp_auth nhrp_auth_check_password(const struct nhrp_msg *m, const void *password, size_t len);

/* --- keyed hash --- */

/* One stretch of what is hashed. */
struct nhrp_auth_part {
	const void *octets;
	size_t len;
};

/* HMAC-SHA-256 (RFC 2104, RFC 6234) with KEY over NUM parts, one behind the other. Glue gives libfrr's. */
typedef void (*nhrp_hmac)(const void *key, size_t key_len, const struct nhrp_auth_part *parts, size_t num,
			  uint8_t digest[NHRP_AUTH_DIGEST_LEN]);

/* A key as a lookup gives it; the octets must live until it is used, directly after. */
struct nhrp_auth_key {
	uint16_t id; /* the SPI; 1 to 65535 */
	const void *octets;
	size_t len;
};

/* Finds the key ID that is valid now for what is received. Returns false when there is none. */
typedef bool (*nhrp_auth_lookup)(void *arg, uint16_t id, struct nhrp_auth_key *key);

/*
 * Appends the extension, its hash still zero. FROM is the protocol address of whoever sends
 * this message at this hop, as long as the source protocol address of *m, the message under
 * construction (RFC 2332 5.3.4.1), or in a VPN a MAC address; the builder turns bad when it is
 * neither. Returns where the
 * hash stands, for nhrp_auth_seal().
 */
size_t nhrp_auth_put_hash(struct nhrp_builder *b, const struct nhrp_msg *m, uint16_t key_id,
			  const struct dm_addr *from, const struct nhrp_stamp *stamp);

/* Fills in the hash and the checksum after nhrp_build_end() has returned a length. */
void nhrp_auth_seal(struct nhrp_builder *b, size_t hash_at, const struct nhrp_auth_key *key, nhrp_hmac hmac);

/* What an authentic message's extension says. */
struct nhrp_auth_said {
	uint16_t key_id;
	struct dm_addr from; /* not set when it has none */
	struct nhrp_stamp stamp; /* for nhrp_window_take() */
};

/*
 * Checks the hash over the whole of *m, a message as nhrp_msg_decode() left it, m->vpn the one
 * that the configuration gives it where it came without VPN headers. When the result is
 * NHRP_AUTH_OK, *said is filled in; the stamp is the caller's to judge.
 */
enum nhrp_auth nhrp_auth_check_hash(const struct nhrp_msg *m, nhrp_auth_lookup lookup, void *arg, nhrp_hmac hmac,
				    struct nhrp_auth_said *said);

#endif

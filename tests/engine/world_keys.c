// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What world.h has of keys: the hash function that all nodes share, by libfrr, and giving a
 * node's one key chain what a test wants of it.
 */
#include <config.h>

#include <string.h>

#include "lib/sha256.h" /* libfrr's */
#include "tests/engine/world.h"

void world_hmac(const void *key, size_t key_len, const struct nhrp_auth_part *parts, size_t num,
		uint8_t digest[NHRP_AUTH_DIGEST_LEN])
{
	HMAC_SHA256_CTX ctx;

	HMAC__SHA256_Init(&ctx, key, key_len);
	for (size_t i = 0; i < num; i++)
		HMAC__SHA256_Update(&ctx, parts[i].octets, parts[i].len);
	HMAC__SHA256_Final(digest, &ctx);
}

void world_key_chain(struct world_node *n, uint16_t id, const char *string)
{
	memset(n->keys, 0, sizeof(n->keys));
	n->has_chain = string;
	if (string)
		n->keys[0] = (struct world_key){ .id = id, .string = string, .send = true, .accept = true };
	vpn_engine_set_key_chain(n->engine, "tun2", string ? "chain" : NULL);
	vpn_engine_commit(n->engine);
}

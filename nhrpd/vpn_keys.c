// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FRR's key chains as the engine sees them. mgmtd owns them (`key chain …` in vtysh) and
 * sends them to nhrpd like the VPNs; libfrr's callbacks for ietf-key-chain keep them in
 * libfrr's list, and its hooks say when one changed. Nothing is copied: a key is looked up
 * for each message, so lifetimes need no timer here.
 *
 * A key is of use when its algorithm is HMAC-SHA-256, it has a string, and its number fits
 * the two octets that the message has for it.
 *
 * Also here: the epoch, which must be greater after each start (lib/nhrp_replay.h), so the
 * last one is kept in /var/lib/frr/nhrpd.json. Main pthread.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/hook.h"
#include "lib/json.h"
#include "lib/keychain.h"
#include "lib/libfrr.h"
#include "lib/linklist.h"
#include "lib/log.h"
#include "lib/sha256.h"

#include "nhrpd.h"
#include "nhrpd/vpn_glue.h"
#include "nhrpd/vpn_keys.h"

#define EPOCH_KEY "epoch"

static struct event *changed_event;
static char state_path[512];
char *vpn_keys_state_paths[] = { state_path, NULL };

/* --- keys --- */

static bool valid_now(const struct key_range *range)
{
	time_t now = time(NULL);

	if (range->start == 0)
		return true; /* no lifetime was given */
	return range->start <= now && (range->end >= now || range->end == -1);
}

static bool of_use(const struct key *k)
{
	return k->index >= 1 && k->index <= UINT16_MAX && k->hash_algo == KEYCHAIN_ALGO_HMAC_SHA256 && k->string &&
	       k->string[0];
}

const char *vpn_keys_find(void *ctx, const char *name, uint16_t id, struct nhrp_auth_key *key)
{
	const struct keychain *chain = keychain_lookup(name);
	struct listnode *node;
	struct key *k;

	if (!chain)
		return "does not exist";
	for (ALL_LIST_ELEMENTS_RO(chain->key, node, k)) {
		if (!of_use(k) || (id && k->index != id) || !valid_now(id ? &k->accept : &k->send))
			continue;
		*key = (struct nhrp_auth_key){ .id = k->index, .octets = k->string, .len = strlen(k->string) };
		return NULL;
	}
	return id ? "does not accept that key now" : "has no hmac-sha-256 key (1-65535) to send with now";
}

void vpn_keys_hmac(const void *key, size_t key_len, const struct nhrp_auth_part *parts, size_t num,
		   uint8_t digest[NHRP_AUTH_DIGEST_LEN])
{
	HMAC_SHA256_CTX ctx;

	HMAC__SHA256_Init(&ctx, key, key_len);
	for (size_t i = 0; i < num; i++)
		HMAC__SHA256_Update(&ctx, parts[i].octets, parts[i].len);
	HMAC__SHA256_Final(digest, &ctx);
	explicit_bzero(&ctx, sizeof(ctx));
}

/* --- changes --- */

static void tell_engine(struct event *t)
{
	vpn_engine_keys_changed(vpn_glue_engine());
	vpn_glue_kick();
}

/* Half of a key may be there yet: the engine looks when the whole transaction has been applied. */
static int chain_changed(const char *name)
{
	event_add_event(master, tell_engine, NULL, 0, &changed_event);
	return 0;
}

void vpn_keys_init(void)
{
	keychain_init_new(true);
	hook_register(keychain_updated, chain_changed);
	hook_register(keychain_removed, chain_changed);
}

void vpn_keys_terminate(void)
{
	hook_unregister(keychain_updated, chain_changed);
	hook_unregister(keychain_removed, chain_changed);
	event_cancel(&changed_event);
	keychain_terminate();
}

/* --- the epoch --- */

void vpn_keys_state_path(void)
{
	snprintf(state_path, sizeof(state_path), "%s/nhrpd.json", frr_libstatedir);
}

uint64_t vpn_keys_epoch(void)
{
	json_object *state = frr_daemon_state_load(), *last;
	struct timespec now;
	uint64_t epoch, before = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	epoch = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (json_object_object_get_ex(state, EPOCH_KEY, &last))
		before = json_object_get_uint64(last);
	if (epoch <= before)
		epoch = before + 1;
	json_object_object_add(state, EPOCH_KEY, json_object_new_uint64(epoch));
	frr_daemon_state_save(&state); /* says in the log when it cannot */
	return epoch;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys for the engine out of FRR's key chains, the hash function, and the epoch that never
 * goes back. Main pthread only.
 */
#ifndef DMEVPN_VPN_KEYS_H
#define DMEVPN_VPN_KEYS_H

#include "lib/nhrp_auth.h"

/* FRR's key chains, empty until mgmtd sends them; call it before mgmtd is connected, and the other after. */
void vpn_keys_init(void);
void vpn_keys_terminate(void);

/* The `key` of struct vpn_ops. Of several keys to send with, the one with the lowest number, as in FRR's daemons. */
const char *vpn_keys_find(void *ctx, const char *chain, uint16_t id, struct nhrp_auth_key *key);

/* The `hmac` of struct vpn_ops: HMAC-SHA-256 of libfrr. */
void vpn_keys_hmac(const void *key, size_t key_len, const struct nhrp_auth_part *parts, size_t num,
		   uint8_t digest[NHRP_AUTH_DIGEST_LEN]);

/*
 * The epoch of this start: nanoseconds of the wall clock, but greater than that of the
 * start before, which the daemon's state file holds, whatever happened to the clock. Call it once.
 */
uint64_t vpn_keys_epoch(void);

/* The state file's name and its end, for FRR_DAEMON_INFO; vpn_keys_state_path() fills it in after frr_init(). */
extern char *vpn_keys_state_paths[];
void vpn_keys_state_path(void);

#endif

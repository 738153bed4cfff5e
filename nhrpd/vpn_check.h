// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether the kernel has what the engine believes it has: the zebra module reads the kernel
 * anew, and each difference is told to who asked (show ip nhrp vpn consistency).
 */
#ifndef DMEVPN_VPN_CHECK_H
#define DMEVPN_VPN_CHECK_H

#include <assert.h>

#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_timer.h"

#define VPN_CHECK_ASKERS_MAX 64
#define VPN_CHECK_THINGS_MAX 1000000 /* of the kernel that are compared in one check */
#define VPN_CHECK_REMEMBERED_MAX 65536 /* differences that are looked at once more; of further ones only the number is known */
#define VPN_CHECK_SILENCE_MS 3000 /* without a word of the module */
#define VPN_CHECK_LONGEST_MS 60000
#define VPN_CHECK_AGAIN_MS 200 /* from one look to the next: a change under way is through by then */

PREDECL_HASH(vpn_things);
PREDECL_HASH(vpn_differences);
PREDECL_DLIST(vpn_check_askers);

/* What is under way; one at a time, whoever asks meanwhile gets the next one. */
struct vpn_check {
	bool running;
	uint32_t number; /* of the last CHECK */
	unsigned int look; /* 1 or 2 */
	bool too_many;
	bool reading; /* CHECK is sent, its CHECK_END is not here; else the second look is waited for */
	uint64_t begun, heard; /* ms */
	struct vpn_things_head things;		/* what the kernel has */
	struct vpn_differences_head first, second; /* by look */
	size_t num_first;
	size_t compared[DM_HAVE_KINDS];
	size_t not_compared; /* instances that are not ready */
	struct vpn_timer timer;
	struct vpn_check_askers_head askers, waiting;
};

/* Readies it; ends it, and frees what it holds: who has asked is told so. */
void vpn_check_init(struct vpn_engine *e);
void vpn_check_fini(struct vpn_engine *e);
/* A CHECK_HAVE or a CHECK_END. */
void vpn_check_record(struct vpn_engine *e, const struct dm_rec *rec);
/* The module came or went. */
void vpn_check_module_changed(struct vpn_engine *e);

#endif

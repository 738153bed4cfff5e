// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stands beside FRR's own NHRP code, between it and the packet socket: purges, which
 * it leaves alone, request IDs that nobody can guess, and limits to what it would do for
 * whoever asks.
 */
#ifndef DMEVPN_NHRP_BESIDE_H
#define DMEVPN_NHRP_BESIDE_H

#include "nhrpd/vpn_engine.h"

/* What is counted, in the order in which it is shown. */
enum nhrp_beside_counter {
	NHRP_BESIDE_UNEXPECTED_REPLY,	 /* a reply, or an error about a request, that this node did not send: dropped */
	NHRP_BESIDE_OWN_NAME,		 /* a request in this node's name to somebody else: dropped */
	NHRP_BESIDE_NO_WAY,		 /* a Purge Request that is for nobody we know: dropped */
	NHRP_BESIDE_INDICATIONS_LIMITED, /* Traffic and Error Indications beyond what a second may bring */
	NHRP_BESIDE_ERRORS_LIMITED,	 /* the stock code's Error Indications beyond what a second may have */
	NHRP_BESIDE_PURGES_RECEIVED,
	NHRP_BESIDE_PURGED,		 /* bindings and shortcuts that they ended */
	NHRP_BESIDE_PURGES_SENT,	 /* repetitions too */
	NHRP_BESIDE_PURGES_ACKNOWLEDGED,
	NHRP_BESIDE_PURGES_UNANSWERED,	 /* given up, or one too many under way */
	NHRP_BESIDE_COUNT,
};

/* So many a second and no more; zeros are the beginning. */
struct nhrp_limit {
	uint64_t second;
	unsigned int used;
};

/* Counts one use. Returns false when this second has had A_SECOND of them already. */
bool nhrp_limit_allows(struct nhrp_limit *l, unsigned int a_second);

/* Stable name of a counter in camelCase, as JSON shows it. */
const char *nhrp_beside_name(enum nhrp_beside_counter which);

/* All of them, NHRP_BESIDE_COUNT numbers that live as long as the process. */
const uint64_t *nhrp_beside_counters(void);

/* Counts one, or N. */
void nhrp_beside_count(enum nhrp_beside_counter which);
void nhrp_beside_add(enum nhrp_beside_counter which, uint64_t n);

/*
 * A plain message, or one of a layer 3 VPN without its headers, that the guard let pass and
 * whose password is right; called in the turn in which the stock code reads it. Returns true
 * when that code is to have it, its request ID then replaced by the one which it knows;
 * false when it has been dealt with or dropped.
 */
bool nhrp_beside_in(const struct vpn_path *from, uint8_t *octets, size_t len);

/*
 * A message that the stock code sends to TO. Returns false when it must stay; else it leaves
 * as it now is, its request ID replaced where it is a request of this node.
 */
bool nhrp_beside_out(const struct vpn_path *to, uint8_t *octets, size_t len);

/* Makes the tables and looks through them twice a second from now on; and ends that, without a message. */
void nhrp_beside_init(void);
void nhrp_beside_terminate(void);

#endif

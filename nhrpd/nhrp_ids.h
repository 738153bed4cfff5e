// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The request IDs of FRR's own NHRP code, which count up from 1, and those that stand for
 * them on the wire, which nobody can guess.
 */
#ifndef DMEVPN_NHRP_IDS_H
#define DMEVPN_NHRP_IDS_H

#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"

#define NHRP_IDS_MAX 16384  /* requests of one node that wait for an answer; the oldest makes room */
#define NHRP_IDS_MS 130000  /* a request is sent again after 64 s at most: twice that */

PREDECL_HASH(nhrp_ids_wire);
PREDECL_HASH(nhrp_ids_stock);
PREDECL_DLIST(nhrp_ids_age);

/* A request that is under way. */
struct nhrp_id_sent {
	uint8_t op;	      /* enum nhrp_op of the request */
	uint32_t stock;	      /* the ID that the stock code knows it by */
	struct vpn_path path; /* where it was sent last */
};

/* All of them. Identified by the ID on the wire, and by (op, stock) as well. */
struct nhrp_ids {
	struct nhrp_ids_wire_head wire;
	struct nhrp_ids_stock_head stock;
	struct nhrp_ids_age_head age; /* the one sent first, first */
	uint32_t (*random)(void *arg);
	void *arg;
};

/* Readies an empty table; RANDOM(ARG) gives 32 bits that cannot be foreseen. */
void nhrp_ids_init(struct nhrp_ids *ids, uint32_t (*random)(void *arg), void *arg);

/* Forgets everything, and is ready for nhrp_ids_init() only. */
void nhrp_ids_fini(struct nhrp_ids *ids);

/*
 * A request leaves, for the first time or again, NOW in milliseconds. Returns the ID that it
 * must have on the wire: the same each time until it is answered (RFC 2332 5.2.0.1).
 */
uint32_t nhrp_ids_sent(struct nhrp_ids *ids, const struct nhrp_id_sent *sent, uint64_t now);

/*
 * Finds what WIRE answers: a request of type OP that left by FROM's interface, and with
 * SAME_STATION to FROM's address. Returns false when there is none.
 */
bool nhrp_ids_find(struct nhrp_ids *ids, uint32_t wire, uint8_t op, const struct vpn_path *from, bool same_station,
		   uint64_t now, struct nhrp_id_sent *sent);

/* The request with WIRE has been answered: another answer to it is not awaited. */
void nhrp_ids_answered(struct nhrp_ids *ids, uint32_t wire);

/* How many are under way. */
size_t nhrp_ids_count(const struct nhrp_ids *ids);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Move numbers: an extension of the experimental range by which words about the place of an
 * address are put in order, as EVPN's MAC mobility sequence does (RFC 7432 section 15). The hub
 * gives the numbers out; doc/developer/wire-format.rst says what each message has in it.
 */
#ifndef DMEVPN_NHRP_MOVES_H
#define DMEVPN_NHRP_MOVES_H

#include "lib/nhrp_msg.h"

#define NHRP_MOVE_LEN 8 /* octets of one on the wire */
#define NHRP_CIES_MAX (NHRP_PACKET_MAX_LEN / NHRP_CIE_LEN) /* entries of one message at most */

/* What the extension says of one entry of its message. */
struct nhrp_move {
	uint32_t number; /* grows with each move of the address; 0: none is known */
	uint32_t age;	 /* milliseconds since that move, as the hub counts them; 0 in a request of a spoke */
};

/*
 * The extension's values, one for each CIE of *m in their order, to be read by nhrp_move_next(). Returns false
 * when there is none, or not as many as CIEs: then it says nothing.
 */
bool nhrp_moves_find(const struct nhrp_msg *m, struct dm_reader *values);

/* The next value, all zero when there is none left. */
struct nhrp_move nhrp_move_next(struct dm_reader *values);

/* Appends the extension with NUM values. */
void nhrp_build_moves(struct nhrp_builder *b, const struct nhrp_move *moves, size_t num);

#endif

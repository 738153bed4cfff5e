// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The extension of move numbers between octets and structs: for each CIE of the message eight
 * octets, number and age, in the order of the CIEs. Never compulsory: who does not know it
 * does as RFC 2332 says, and the last word counts.
 *
 * Pure, any thread. Called by the engine for MAC and IP addresses alike. What a number
 * means is not decided here (nhrpd/vpn_binding.c at the hub, vpn_local.c at the spoke).
 */
#include "lib/nhrp_moves.h"

static size_t num_cies(const struct nhrp_msg *m)
{
	struct dm_reader body = m->body;
	struct nhrp_cie cie;
	size_t n = 0;

	while (nhrp_cie_next(&body, m->afn, m->pro_type, &cie))
		n++;
	return n;
}

bool nhrp_moves_find(const struct nhrp_msg *m, struct dm_reader *values)
{
	struct nhrp_ext ext;

	if (!nhrp_ext_find(m, NHRP_EXT_MOVES, &ext) || dm_reader_left(&ext.value) != num_cies(m) * NHRP_MOVE_LEN)
		return false;
	*values = ext.value;
	return true;
}

struct nhrp_move nhrp_move_next(struct dm_reader *values)
{
	struct nhrp_move move = { 0 };

	if (dm_reader_left(values) < NHRP_MOVE_LEN)
		return move;
	move.number = dm_get_u32(values);
	move.age = dm_get_u32(values);
	return move;
}

void nhrp_build_moves(struct nhrp_builder *b, const struct nhrp_move *moves, size_t num)
{
	uint8_t octets[NHRP_MOVE_LEN];
	struct dm_writer w;

	nhrp_build_ext_begin(b, NHRP_EXT_MOVES, false);
	for (size_t i = 0; i < num; i++) {
		dm_writer_init(&w, octets, sizeof(octets));
		dm_put_u32(&w, moves[i].number);
		dm_put_u32(&w, moves[i].age);
		nhrp_build_octets(b, octets, sizeof(octets));
	}
	nhrp_build_ext_end(b);
}

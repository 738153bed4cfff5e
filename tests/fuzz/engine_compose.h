// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages that get far into an engine: put together from a few octets of fuzz input,
 * with lengths and checksum that fit, and signed with the nodes' key.
 */
#ifndef DMEVPN_FUZZ_ENGINE_COMPOSE_H
#define DMEVPN_FUZZ_ENGINE_COMPOSE_H

#include "lib/octets.h"
#include "tests/fuzz/engine_nodes.h"

/*
 * Makes a message of what *r yields, for a receiver whose last request was ID. Each address,
 * VNI and VPN is one octet that picks from a table. Returns its length, 0 when it does not fit.
 */
size_t compose(struct dm_reader *r, uint32_t id, uint8_t out[NODE_MESSAGE_MAX]);

/*
 * Makes a message as authentic to TO as its sender could: drops the Authentication extension
 * it has and gives it one with a fresh stamp. HOW spoils it again: bit 0 a wrong hash,
 * 1 an old echo, 2 the stamp of the message before, 3 an unknown key. Octets that are no message
 * stay as they are, and so does what does not fit. Returns the length.
 */
size_t compose_signed(const struct node *to, uint8_t how, uint8_t octets[NODE_MESSAGE_MAX], size_t len);

/* Forgets what was signed before. */
void compose_reset(void);

#endif

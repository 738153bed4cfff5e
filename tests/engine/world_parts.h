// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the parts of a world share with each other, and no test needs.
 */
#ifndef DMEVPN_TESTS_WORLD_PARTS_H
#define DMEVPN_TESTS_WORLD_PARTS_H

#include "tests/engine/world.h"

/* Milliseconds of the world's clock. */
uint64_t world_now(void);
/* The stand-in takes a record of an engine's; CTX is the node. */
void world_program(void *ctx, const struct dm_rec *rec);
/* The node's engine has just been told the VNI of an instance: records about it are taken from now on. */
void world_vni_told(struct world_node *n, const struct dm_instance_state *state);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The three nodes of most tests: a hub at 10.0.0.1 and two spokes, 10.0.0.2 with
 * VNI 100 and 10.0.0.3 with VNI 101, made anew for each test. A file is one program,
 * so the nodes are its own.
 */
#ifndef DMEVPN_TESTS_TRIO_H
#define DMEVPN_TESTS_TRIO_H

#include "tests/engine/world.h"

extern struct world_node *hub, *spoke1, *spoke2;

/* Makes the three; nothing is configured. */
void trio_make(void);
/* cmocka fixtures: hub configured; also spoke1; all three. No time has passed. */
int trio_setup_hub(void **state);
int trio_setup_spoke1(void **state);
int trio_setup_all(void **state);
/* cmocka fixture: ends them, and frees everything. */
int trio_teardown(void **state);
/* What a node has refused for that reason. */
uint64_t trio_refused(const struct world_node *n, enum vpn_refusal why);

#endif

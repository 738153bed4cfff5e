// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The trio with a third spoke, for addresses that move.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2, which asks; spoke2 10.0.0.3 and spoke3 10.0.0.4 (VNI 102), VM2's homes
 */
#ifndef DMEVPN_TESTS_ROAMING_H
#define DMEVPN_TESTS_ROAMING_H

#include "tests/engine/trio.h"

extern struct world_node *spoke3;

/* cmocka fixture, beside trio_teardown: all are registered; spoke2 and spoke3 register all that is behind them. */
int roaming_setup(void **state);
/* The node answers ARP, and so registers all that is behind it. */
void roaming_suppress(struct world_node *n);
/* The spoke behind which the hub has the MAC. */
struct world_node *roaming_home(const char *mac);
/* The hub's switch hears a frame of VM2 from that spoke. */
void roaming_seen(const struct world_node *spoke);
/* VM2 is behind spoke2, and registered there. */
void roaming_begin(void);

#endif

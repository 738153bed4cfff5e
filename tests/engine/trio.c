// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The nodes and fixtures of trio.h.
 */
#include <config.h>

#include "tests/engine/trio.h"

struct world_node *hub, *spoke1, *spoke2;

void trio_make(void)
{
	world_reset();
	hub = world_hub(1);
	spoke1 = world_spoke(2, 100);
	spoke2 = world_spoke(3, 101);
}

int trio_setup_hub(void **state)
{
	trio_make();
	world_configure(hub, 1, NULL);
	return 0;
}

int trio_setup_spoke1(void **state)
{
	trio_setup_hub(state);
	world_configure(spoke1, 1, hub);
	return 0;
}

int trio_setup_all(void **state)
{
	trio_setup_spoke1(state);
	world_configure(spoke2, 1, hub);
	return 0;
}

int trio_teardown(void **state)
{
	world_end();
	return 0;
}

uint64_t trio_refused(const struct world_node *n, enum vpn_refusal why)
{
	return vpn_engine_counters(n->engine)->refused[why];
}

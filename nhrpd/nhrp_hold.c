// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Holding the stock code back while the configuration is incomplete: at the start
 * until mgmtd, which has the VPN-IDs, has said what it has to say, and whenever
 * `vtysh -b` reads a file, whose lines for mgmtd are committed at its end. Without it
 * a booting spoke's first registration tells its hub in plain where it is.
 *
 * Objects: one deadline for each enum nhrp_hold. Called by nhrp_main.c and nhrp_nb.c,
 * asked by nhrp_io.c, in the main pthread. VPNs' own messages are not held: they know
 * their VPN-ID.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"

#include "nhrpd.h"
#include "nhrpd/nhrp_hold.h"
#include "nhrpd/vpn_stock.h"

static struct event *deadlines[NHRP_HOLD_COUNT];
static bool silenced; /* somebody wanted to speak */

static bool holding(void)
{
	for (size_t i = 0; i < NHRP_HOLD_COUNT; i++)
		if (deadlines[i])
			return true;
	return false;
}

static void release(struct event *t)
{
	if (!silenced || holding())
		return;
	silenced = false;
	vpn_stock_register_all();
}

void nhrp_hold(enum nhrp_hold what, unsigned int ms)
{
	event_cancel(&deadlines[what]);
	event_add_timer_msec(master, release, NULL, ms, &deadlines[what]);
}

void nhrp_hold_end(enum nhrp_hold what, unsigned int ms)
{
	if (!deadlines[what])
		return;
	event_cancel(&deadlines[what]);
	if (ms)
		event_add_timer_msec(master, release, NULL, ms, &deadlines[what]);
	else
		release(NULL);
}

bool nhrp_hold_lets_pass(void)
{
	if (!holding())
		return true;
	silenced = true;
	return false;
}

void nhrp_hold_terminate(void)
{
	for (size_t i = 0; i < NHRP_HOLD_COUNT; i++)
		event_cancel(&deadlines[i]);
	silenced = false;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Holding the stock code back while the configuration is incomplete. Without it a
 * booting spoke's first registration tells its hub in plain where it is.
 *
 *   start ── mgmtd connected ── it has sent what it had ──> free
 *   `vtysh -b` begins ── it ends, and mgmtd has committed ──> free
 *
 * vtysh feeds all daemons at once, each from a process of its own, and mgmtd commits at
 * the end of its share, which says nothing to us when there are no VPNs in it. So when
 * nothing has come, the wait goes on for GRACE and twice as long as our own share took.
 *
 * Objects: a deadline for each thing waited for. Called by nhrp_main.c, nhrp_nb.c and
 * vpn_config.c, asked by nhrp_io.c, in the main pthread. VPNs' own messages are not
 * held: they know their VPN-ID.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/monotime.h"

#include "nhrpd.h"
#include "nhrpd/nhrp_hold.h"
#include "nhrpd/vpn_stock.h"

#define READING_MAX 30000 /* ms that a file may take to be read */
#define GRACE 1000	  /* ms */
#define SAME_TURN 10	  /* ms after which a transaction of mgmtd's is through */

enum what {
	MGMTD,
	READING,
	NUM_WHAT,
};

static struct event *deadlines[NUM_WHAT]; /* of what is waited for */
static bool silenced; /* somebody wanted to speak */

static struct {
	struct timeval since;
	bool ended; /* our share has been read */
	bool came;  /* mgmtd's has, at least where it is about VPNs */
} file;

static void release(struct event *t)
{
	for (size_t i = 0; i < NUM_WHAT; i++)
		if (deadlines[i])
			return;
	if (silenced)
		vpn_stock_register_all();
	silenced = false;
}

static void hold(enum what w, unsigned long ms)
{
	event_cancel(&deadlines[w]);
	event_add_timer_msec(master, release, NULL, (long)ms, &deadlines[w]);
}

void nhrp_hold_for_mgmtd(unsigned int ms)
{
	hold(MGMTD, ms);
}

void nhrp_hold_mgmtd_connected(unsigned int ms)
{
	if (deadlines[MGMTD])
		hold(MGMTD, ms);
}

void nhrp_hold_reading_begins(void)
{
	file.ended = file.came = false;
	monotime(&file.since);
	hold(READING, READING_MAX);
}

void nhrp_hold_reading_ends(void)
{
	unsigned long took = (unsigned long)(monotime_since(&file.since, NULL) / 1000);

	file.ended = true;
	if (deadlines[READING])
		hold(READING, file.came ? SAME_TURN : GRACE + 2 * took);
}

void nhrp_hold_vpns_came(void)
{
	file.came = true;
	if (deadlines[READING] && file.ended)
		hold(READING, SAME_TURN);
}

bool nhrp_hold_lets_pass(void)
{
	for (size_t i = 0; i < NUM_WHAT; i++)
		if (deadlines[i]) {
			silenced = true;
			return false;
		}
	return true;
}

void nhrp_hold_terminate(void)
{
	for (size_t i = 0; i < NUM_WHAT; i++)
		event_cancel(&deadlines[i]);
	silenced = false;
}

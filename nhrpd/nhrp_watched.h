// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether somebody starts nhrpd again when it ends.
 */
#ifndef DMEVPN_NHRP_WATCHED_H
#define DMEVPN_NHRP_WATCHED_H

#include <stdbool.h>

/* True when watchfrr runs, by its pid file in FRR's run directory, and nhrpd is among what it watches. */
bool nhrp_watched(void);

#endif

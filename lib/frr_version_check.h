// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Refusing to run inside another FRR than the one compiled for.
 *
 * FRR promises no binary interface: struct layouts change between releases
 * without a change of the library's name, and a module that guesses wrong
 * corrupts its daemon's memory silently. So everything of ours that is loaded
 * into a stock program compares versions before it touches anything else.
 */
#ifndef DMEVPN_FRR_VERSION_CHECK_H
#define DMEVPN_FRR_VERSION_CHECK_H

#include <stdio.h>
#include <string.h>

#include "lib/module.h"
#include "lib/version.h"

/*
 * Say whether the running libfrr is of the version compiled against.
 *
 * what: who asks, for the sentence on standard error, e.g. "mgmtd_dmevpn".
 *
 * frrmod_list begins with libfrr itself, whose description carries the version
 * string; that much of the layout has been the same since modules exist.
 */
static inline bool frr_version_matches(const char *what)
{
	const char *running = frrmod_list->info->version;

	if (strcmp(running, FRR_VERSION) == 0)
		return true;
	fprintf(stderr, "%s: compiled for FRR %s, but this is FRR %s: install the build for it\n",
		what, FRR_VERSION, running);
	return false;
}

#endif

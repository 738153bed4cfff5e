// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading a BPF hash map, some hundred elements a system call. Main pthread. Elements that
 * come and go meanwhile may be passed over, or come twice.
 */
#ifndef DMEVPN_MAPWALK_H
#define DMEVPN_MAPWALK_H

#include <stdbool.h>
#include <stdint.h>

#define DM_MAPWALK_BATCH 512

/* A walk through one map; the caller sets the first three, and zeros the rest. */
struct dm_mapwalk {
	int fd;
	void *keys, *values; /* room for DM_MAPWALK_BATCH of each */
	uint32_t at;	     /* the kernel's: where it goes on */
	bool begun, ended;
};

/*
 * Reads the next elements into KEYS and VALUES. Returns how many came, 0 and `ended` at the end, or a
 * negative errno. Raises privileges itself.
 */
int dm_mapwalk_next(struct dm_mapwalk *w);

#endif

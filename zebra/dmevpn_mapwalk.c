// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Batches of elements of a BPF hash map (linux/bpf.h, BPF_MAP_LOOKUP_BATCH).
 *
 * Runs on zebra's main pthread. What elements mean is the caller's business.
 */
#include <config.h>

#include <errno.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/zebra.h"
#include "lib/privs.h"

#include "zebra/dmevpn_mapwalk.h"
#include "zebra/dmevpn_switch.h"

extern struct zebra_privs_t zserv_privs;

int dm_mapwalk_next(struct dm_mapwalk *w)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t count = DM_MAPWALK_BATCH, from = w->at;
	int err = 0;

	if (w->ended)
		return 0;
	frr_with_privs (&zserv_privs) {
		err = dm_switch_errno(bpf_map_lookup_batch(w->fd, w->begun ? &from : NULL, &w->at,
							   w->keys, w->values, &count, &opts));
	}
	w->begun = true;
	w->ended = err == ENOENT;
	return err && !w->ended ? -err : (int)count;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells when forwarding entries of VXLAN devices, entries of bridges or neighbours are removed
 * from the kernel, by whomever. Main pthread.
 */
#ifndef DMEVPN_WATCH_H
#define DMEVPN_WATCH_H

#include <stdint.h>

struct event_loop;
struct nlm_bridge_mac;
struct nlm_fdb;
struct nlm_neigh;

/* Who is told. */
struct dm_watch_ops {
	/* An entry went; remote_vni 0 stands for the device's own. */
	void (*removed)(const struct nlm_fdb *fdb);
	/* An entry of a bridge went, or a neighbour. */
	void (*bridge_mac_removed)(const struct nlm_bridge_mac *entry);
	void (*neigh_removed)(const struct nlm_neigh *neigh);
	/* It is not known which entries went. */
	void (*lost)(void);
};

/* Opens the socket; OPS must outlive it. Returns 0 or a negative errno. */
int dm_watch_start(struct event_loop *loop, const struct dm_watch_ops *ops);
void dm_watch_stop(void);

/* How often notifications were lost. */
uint64_t dm_watch_overruns(void);

#endif

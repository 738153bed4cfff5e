// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells when forwarding entries of VXLAN devices are removed from the kernel, by
 * whomever. Main pthread.
 */
#ifndef DMEVPN_WATCH_H
#define DMEVPN_WATCH_H

#include <stdint.h>

struct event_loop;
struct nlm_fdb;

/* Who is told. */
struct dm_watch_ops {
	/* An entry went; remote_vni 0 stands for the device's own. */
	void (*removed)(const struct nlm_fdb *fdb);
	/* It is not known which entries went. */
	void (*lost)(void);
};

/* Opens the socket; OPS must outlive it. Returns 0 or a negative errno. */
int dm_watch_start(struct event_loop *loop, const struct dm_watch_ops *ops);
void dm_watch_stop(void);

/* How often notifications were lost. */
uint64_t dm_watch_overruns(void);

#endif

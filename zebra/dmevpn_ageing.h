// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When a spoke's bridge heard the MACs of its own side last. Main pthread.
 */
#ifndef DMEVPN_AGEING_H
#define DMEVPN_AGEING_H

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_provider.h"

struct event_loop;

/* TOLD is called for each MAC that was heard within the time asked for; it must not call back. */
void dm_ageing_start(struct event_loop *loop, void (*told)(const struct dm_heard *heard));
void dm_ageing_stop(void);

/*
 * Asks about all local MACs of a device, which takes a while; asked again meanwhile, it begins anew. No
 * effect on a device whose bridge is not watched (dmevpn_locals.h).
 */
void dm_ageing_query(const struct dm_heard *query);

/* The kernel's answer to a DM_OP_BRIDGE_MAC_GET. */
void dm_ageing_answer(const struct dm_op *op);

/* The device is no spoke's any more. */
void dm_ageing_end(uint32_t ifindex);

#endif

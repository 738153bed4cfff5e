// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells nhrpd what the module has, in slices, as fast as nhrpd takes it. Main pthread.
 */
#ifndef DMEVPN_DUMP_H
#define DMEVPN_DUMP_H

#include <stdint.h>

#include "lib/dmevpn_msg.h"

struct dm_instance_info;
struct dm_mac_info;
struct event_loop;

enum dm_dump_kind {
	DM_DUMP_MACS = 1, /* MACs behind members; none of them goes by itself, so no mark is needed */
	DM_DUMP_ALL = 2,  /* everything but members, between DUMP_BEGIN and DUMP_END */
	DM_DUMP_HELLO = 4, /* the same, members included */
};

/* How a part is told, by dm_zapi_send(). */
struct dm_dump_ops {
	void (*links)(void);
	/* One instance, with what is in it; WITH_MEMBERS for a nhrpd that knows none. */
	void (*instance)(const struct dm_instance_info *info, bool with_members);
	void (*mac)(const struct dm_mac_info *mac, void *arg);
	void (*bare)(uint8_t type); /* a record of nothing but its type */
};

/* OPS must outlive it. */
void dm_dump_start(struct event_loop *loop, const struct dm_dump_ops *ops);
void dm_dump_stop(void);

/*
 * Has KINDS (enum dm_dump_kind, as bits) told. DM_DUMP_HELLO begins at once and from the beginning;
 * the others after the dump that is running, and a second after the begin of the last one.
 */
void dm_dump_want(unsigned int kinds);

/* nhrpd has taken what was sent: go on. */
void dm_dump_go_on(void);

/* nhrpd is gone: nobody is to be told anything. */
void dm_dump_give_up(void);

/* Dumps begun that nobody had asked for by HELLO. */
uint64_t dm_dump_repeats(void);

#endif

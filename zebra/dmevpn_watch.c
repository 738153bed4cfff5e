// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Removals of forwarding entries that the kernel tells of. Somebody else may
 * remove what is ours (`bridge fdb flush`, `bridge fdb del`, a device that went down), and
 * without its all-zero entry a spoke would be cut off until the next change.
 *
 * The socket hears all neighbours of the machine, so a filter in the kernel lets
 * only removals through. When some were lost all the same, nobody
 * knows which, and everything that is wanted is asked for again.
 *
 * All functions run on zebra's main pthread. Whether an entry was ours is
 * dmevpn_fdb.c's business.
 */
#include <config.h>

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/log.h"

#include "zebra/dmevpn_netlink.h"
#include "zebra/dmevpn_nlsock.h"
#include "zebra/dmevpn_watch.h"

#define RCVBUF (4 << 20) /* octets */
/* datagrams a call: a removal each, so that others have their turn */
#define READS_MAX 2000

static struct nls notify;
static struct event_loop *loop_main;
static struct event *t_read;
static const struct dm_watch_ops *ops;
static uint64_t overruns;

uint64_t dm_watch_overruns(void)
{
	return overruns;
}

static int attach_filter(void)
{
	/* loads are in network order, what they load here is in the machine's own */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELNEIGH), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = array_size(code), .filter = code};

	return setsockopt(mnl_socket_get_fd(notify.sock), SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program))
		       ? -errno
		       : 0;
}

static void handle_entry(const struct nlmsghdr *nlh, void *arg)
{
	struct nlm_bridge_mac entry;
	struct nlm_neigh neigh;
	struct nlm_fdb fdb;

	if (nlh->nlmsg_type != RTM_DELNEIGH)
		return;
	if (nlm_parse_neigh(nlh, &neigh))
		ops->neigh_removed(&neigh);
	else if (nlm_parse_bridge_mac(nlh, &entry))
		ops->bridge_mac_removed(&entry);
	else if (nlm_parse_fdb(nlh, 0, &fdb) && fdb.self)
		ops->removed(&fdb);
}

static void read_event(struct event *event)
{
	int err = nls_receive_some(&notify, READS_MAX, handle_entry, NULL);

	event_add_read(loop_main, read_event, NULL, mnl_socket_get_fd(notify.sock), &t_read);
	if (!err)
		return;
	overruns++;
	zlog_warn("dmevpn: removals of forwarding entries were lost (%s), asking for all entries again",
		  safe_strerror(-err));
	ops->lost();
}

int dm_watch_start(struct event_loop *loop, const struct dm_watch_ops *watch_ops)
{
	static const unsigned int groups[] = {RTNLGRP_NEIGH, 0};
	int err = nls_open(&notify, RCVBUF, groups);

	if (err)
		return err;
	loop_main = loop;
	ops = watch_ops;
	err = attach_filter();
	if (err) {
		nls_close(&notify);
		return err;
	}
	event_add_read(loop_main, read_event, NULL, mnl_socket_get_fd(notify.sock), &t_read);
	return 0;
}

void dm_watch_stop(void)
{
	event_cancel(&t_read);
	nls_close(&notify);
}

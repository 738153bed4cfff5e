// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zebra's own notification socket. zebra hears of every change of every forwarding entry of
 * every bridge and VXLAN device, and ends when its receive buffer overruns; so 100,000 MACs
 * that a bridge learns, or that we install, could end it and us with it.
 *
 *   kernel ──notification──▶ [ our six instructions ]──▶ [ zebra's own filter ]──▶ zebra
 *                                  forwarding entry, EVPN off: dropped
 *
 * zebra has a use for forwarding entries with EVPN only (zebra_neigh.c throws the others away,
 * after having made a context of some hundred octets of each), and reads all of them when EVPN
 * is switched on. So the kernel keeps them from it until then. EVPN is looked for once a second;
 * what zebra has not heard in that second it reads once more.
 *
 * zebra's own filter is asked of the kernel and put behind ours, jumps being relative; so it
 * stays what zebra made it. Where the kernel does not tell it, there is only the larger buffer.
 *
 * All functions run on zebra's main pthread; the socket is read by its dataplane pthread, to which
 * a change of the filter is one step. Only zebra's own network namespace is looked after.
 */
#include <config.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/privs.h"
#include "zebra/zebra_dplane.h"
#include "zebra/zebra_ns.h"
#include "zebra/zebra_router.h"
#include "zebra/zebra_vrf.h"
#include "zebra/zebra_vxlan.h"

#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_zebra_events.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_FILTER, "socket filter");

/* octets; what FRR's packages start zebra with (-s in /etc/frr/daemons) */
#define RCVBUF_LEAST 90000000
#define LOOK_S 1

extern struct zebra_privs_t zserv_privs;

static struct event_loop *loop_main;
static struct event *t_look;
static struct sock_fprog zebras; /* zebra's own filter */
static bool spared;

bool dm_zebra_events_spared(void)
{
	return spared;
}

static int zebras_socket(void)
{
	struct zebra_ns *zns = zebra_ns_lookup(NS_DEFAULT);

	return zns ? zns->netlink_dplane_in.sock : -1;
}

static void enlarge_buffer(int sock)
{
	int octets = 0, wanted = RCVBUF_LEAST, err = 0;
	socklen_t len = sizeof(octets);

	/* the kernel tells twice what was asked for */
	if (getsockopt(sock, SOL_SOCKET, SO_RCVBUF, &octets, &len) == 0 &&
	    octets / 2 >= RCVBUF_LEAST)
		return;
	frr_with_privs (&zserv_privs) {
		err = setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted));
	}
	if (err)
		zlog_warn("dmevpn: zebra's buffer for kernel notifications stays at %d octets: %s",
			  octets / 2, safe_strerror(errno));
}

/* Asks the kernel for the filter that zebra has. Returns false when there is none to be had. */
static bool fetch_filter(int sock)
{
	socklen_t count = 0; /* of instructions */

	if (getsockopt(sock, SOL_SOCKET, SO_GET_FILTER, NULL, &count) < 0 || !count)
		return false;
	zebras.filter = XCALLOC(MTYPE_DM_FILTER, count * sizeof(*zebras.filter));
	zebras.len = count;
	if (getsockopt(sock, SOL_SOCKET, SO_GET_FILTER, zebras.filter, &count) == 0)
		return true;
	XFREE(MTYPE_DM_FILTER, zebras.filter);
	return false;
}

static int attach(int sock, const struct sock_fprog *program)
{
	return setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, program, sizeof(*program));
}

/* Puts the instructions that drop forwarding entries in front of zebra's. */
static int attach_ours(int sock)
{
	/* loads are in network order, what they load here is in the machine's own */
	const struct sock_filter front[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEIGH), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELNEIGH), 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			 NLMSG_HDRLEN + offsetof(struct ndmsg, ndm_family)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_BRIDGE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog both = {.len = array_size(front) + zebras.len};
	int err;

	both.filter = XCALLOC(MTYPE_DM_FILTER, both.len * sizeof(*both.filter));
	memcpy(both.filter, front, sizeof(front));
	memcpy(both.filter + array_size(front), zebras.filter,
	       zebras.len * sizeof(*zebras.filter));
	err = attach(sock, &both);
	XFREE(MTYPE_DM_FILTER, both.filter);
	return err;
}

/* EVPN was switched on or off, or it is the start. */
static void settle(int sock, bool spare)
{
	struct zebra_ns *zns = zebra_ns_lookup(NS_DEFAULT);

	if (spare ? attach_ours(sock) : attach(sock, &zebras)) {
		zlog_err("dmevpn: cannot %s zebra the notifications of forwarding entries: %s",
			 spare ? "spare" : "give", safe_strerror(errno));
		return;
	}
	spared = spare;
	zlog_info("dmevpn: zebra %s notifications of forwarding entries, EVPN is %s",
		  spare ? "is spared" : "hears", spare ? "off" : "on");
	if (!spare)
		dplane_fdb_read(zns);
}

static void look(struct event *event)
{
	int sock = zebras_socket();
	bool spare = !is_evpn_enabled();

	event_add_timer(loop_main, look, NULL, LOOK_S, &t_look);
	if (sock >= 0 && spare != spared)
		settle(sock, spare);
}

void dm_zebra_events_start(struct event_loop *loop)
{
	int sock = zebras_socket();

	loop_main = loop;
	if (sock < 0)
		return;
	enlarge_buffer(sock);
	if (fetch_filter(sock))
		event_add_event(loop_main, look, NULL, 0, &t_look);
	else
		zlog_warn("dmevpn: the kernel does not tell zebra's socket filter, zebra hears of all forwarding entries");
}

void dm_zebra_events_stop(void)
{
	event_cancel(&t_look);
	XFREE(MTYPE_DM_FILTER, zebras.filter);
	zebras.len = 0;
}

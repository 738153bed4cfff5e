// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probes to and from the wire. Objects: the tap, a packet socket; an outlet, which is a UDP socket, by the
 * address it sends from and the device it sends by.
 *
 *   outlet, UDP ──▶ peer:4789 ── underlay ──▶ the peer's VXLAN device ──▶ its tap │ its bridge drops it
 *   tap on all devices, incoming: frames to 01:80:c2:00:00:01 that are IP
 *
 * A probe is put into VXLAN here, not by the device: the device would need an entry for each peer
 * to send it by. It takes the same way: the device's own address and port, its underlay device, routes
 * and IPsec policies. What differs is the UDP source port, which the device makes from a
 * frame's addresses; where the underlay spreads flows over several paths, one of them is probed.
 *
 * It is received as it left the peer's device: behind decapsulation, where the outer addresses are
 * not known any more, and before the bridge, which drops frames to that address whatever its
 * group_fwd_mask says (it refuses that bit). One tap on all devices for the reasons in
 * dmevpn_snoop.c; its filter looks at the first octets of a frame, and lets hardly any on.
 *
 * All functions run on zebra's main pthread. What probes mean is dmevpn_probe.c's business.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/log.h"
#include "lib/privs.h"
#include "lib/typesafe.h"

#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_probe_io.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_OUTLET, "probe outlet");

/* octets: the longest frame that is read, one more than is right, and of the tap's buffer */
#define FRAME_MAX 256
#define RCVBUF (1 << 20)
/* frames before zebra's other work has its turn */
#define READS_MAX 256
/* seconds until a tap that could not be opened is tried again */
#define AGAIN_S 5
/* outlets at a time; one that is needed beyond takes the place of the one made first */
#define OUTLETS_MAX 64
/* of a frame, octets */
#define AT_TYPE 12

PREDECL_DLIST(outlet_list);

struct outlet {
	struct outlet_list_item item;
	struct dm_addr source; /* not set: routes decide */
	enum dm_family family;
	uint32_t underlay; /* ifindex, 0: routes decide */
	int fd;
};

DECLARE_DLIST(outlet_list, struct outlet, item);

extern struct zebra_privs_t zserv_privs;

static struct outlet_list_head outlets = INIT_DLIST(outlets);
static struct event_loop *loop_main;
static struct event *t_read, *t_again;
static dm_probe_heard told;
static int tap; /* 0: closed */
static struct dm_probe_io_counters counters;

/* --- the tap ------------------------------------------------------------------------- */

/* Returns false when there is no further frame now. */
static bool read_frame(void)
{
	static uint8_t octets[FRAME_MAX];
	struct sockaddr_ll from = {};
	socklen_t from_len = sizeof(from);
	enum probe_frame_result result;
	struct probe_frame f;
	ssize_t len = recvfrom(tap, octets, sizeof(octets), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &from_len);

	if (len < 0)
		return false;
	result = probe_frame_parse(octets, len, &f);
	if (result == PROBE_FRAME_OK)
		told(from.sll_ifindex, &f);
	else
		counters.malformed++;
	return true;
}

static void read_event(struct event *event)
{
	struct tpacket_stats stats = {};
	socklen_t len = sizeof(stats);
	unsigned int n;

	event_add_read(loop_main, read_event, NULL, tap, &t_read);
	for (n = 0; n < READS_MAX && read_frame(); n++)
		;
	/* reading sets the kernel's own count back to 0 */
	if (getsockopt(tap, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		counters.lost += stats.tp_drops;
}

/* Lets IP frames to probe_frame_group through. */
static int attach_filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0180c200, 0, 6),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0001, 0, 4),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_TYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = array_size(code), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* The filter is in place before the first frame: until it is bound, the socket gets none. */
static int open_privileged(void)
{
	struct sockaddr_ll here = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int on = 1, rcvbuf = RCVBUF, err;

	if (fd < 0)
		return -errno;
	/* the option may be refused (container): then the default buffer must do */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf));
	if (attach_filter(fd) == 0 &&
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) == 0 &&
	    bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void open_tap(struct event *event)
{
	int fd = -EPERM;

	frr_with_privs (&zserv_privs) {
		fd = open_privileged();
	}
	if (fd < 0) {
		zlog_err("dmevpn: cannot listen to probes of VXLAN paths, trying again in %d s: %s",
			 AGAIN_S, safe_strerror(-fd));
		event_add_timer(loop_main, open_tap, NULL, AGAIN_S, &t_again);
		return;
	}
	tap = fd;
	event_add_read(loop_main, read_event, NULL, tap, &t_read);
}

/* --- outlets --------------------------------------------------------------------------- */

/* Returns its octets. */
static socklen_t to_sockaddr(const struct dm_addr *a, enum dm_family family, uint16_t port,
			     struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (family == DM_IPV4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, a->octets, sizeof(v4->sin_addr));
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, a->octets, sizeof(v6->sin6_addr));
	return sizeof(*v6);
}

/* A UDP socket as an outlet needs one; a negative errno. */
static int open_udp(const struct dm_addr *source, enum dm_family family, uint32_t underlay)
{
	int fd = socket(family == DM_IPV4 ? AF_INET : AF_INET6,
			SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage here;
	socklen_t len = to_sockaddr(source, family, 0, &here);
	int device = underlay, none = 0, err;

	if (fd < 0)
		return -errno;
	/* nobody reads here: what comes is thrown away */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &none, sizeof(none));
	if ((!underlay ||
	     setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &device, sizeof(device)) == 0) &&
	    bind(fd, (struct sockaddr *)&here, len) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void close_outlet(struct outlet *o)
{
	outlet_list_del(&outlets, o);
	close(o->fd);
	XFREE(MTYPE_DM_OUTLET, o);
}

/* NULL, and a negative errno in *err, when there is none. */
static struct outlet *outlet_of(const struct dm_addr *source, enum dm_family family,
				uint32_t underlay, int *err)
{
	struct outlet *o;
	int fd = -EPERM;

	frr_each (outlet_list, &outlets, o)
		if (o->underlay == underlay && o->family == family && dm_addr_same(&o->source, source))
			return o;
	frr_with_privs (&zserv_privs) {
		fd = open_udp(source, family, underlay);
	}
	*err = fd;
	if (fd < 0)
		return NULL;
	if (outlet_list_count(&outlets) >= OUTLETS_MAX)
		close_outlet(outlet_list_first(&outlets));
	o = XCALLOC(MTYPE_DM_OUTLET, sizeof(*o));
	o->source = *source;
	o->family = family;
	o->underlay = underlay;
	o->fd = fd;
	outlet_list_add_tail(&outlets, o);
	return o;
}

/* The address that routes give a device without one of its own. Returns 0 or a negative errno. */
static int find_source(const struct nlm_link *device, const struct dm_addr *to,
		       struct dm_addr *source)
{
	struct sockaddr_storage there, here;
	socklen_t there_len = to_sockaddr(to, to->family, device->port, &there);
	socklen_t here_len = sizeof(here);
	struct dm_addr any = {};
	int fd = -EPERM, err = 0;

	frr_with_privs (&zserv_privs) {
		fd = open_udp(&any, to->family, device->underlay);
	}
	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&there, there_len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&here, &here_len) < 0)
		err = -errno;
	else if (to->family == DM_IPV4)
		dm_addr_set(source, DM_IPV4, &((struct sockaddr_in *)&here)->sin_addr, 4);
	else
		dm_addr_set(source, DM_IPV6, &((struct sockaddr_in6 *)&here)->sin6_addr, 16);
	close(fd);
	return err;
}

static int send_by(const struct outlet *o, const struct dm_addr *to, uint16_t port,
		   const uint8_t *octets, size_t len)
{
	struct sockaddr_storage there;
	socklen_t there_len = to_sockaddr(to, to->family, port, &there);

	return sendto(o->fd, octets, len, 0, (struct sockaddr *)&there, there_len) < 0 ? -errno : 0;
}

static int try_send(const struct nlm_link *device, const struct dm_addr *to, uint32_t vni,
		    struct probe_frame *f)
{
	uint8_t octets[PROBE_FRAME_MAX];
	struct outlet *o;
	size_t len;
	int err = 0;

	f->mac = device->mac;
	f->source = device->local;
	if (dm_addr_is_zero(&f->source))
		err = find_source(device, to, &f->source);
	if (err)
		return err;
	len = probe_frame_build(octets, sizeof(octets), vni, f);
	if (!len || f->source.family != to->family)
		return -EAFNOSUPPORT;
	o = outlet_of(&f->source, to->family, device->underlay, &err);
	return o ? send_by(o, to, device->port, octets, len) : err;
}

int dm_probe_io_send(const struct nlm_link *device, const struct dm_addr *to, uint32_t vni,
		     struct probe_frame *f)
{
	int err = try_send(device, to, vni, f);

	if (err)
		counters.unsent++;
	return err;
}

/* --- as a whole -------------------------------------------------------------------------- */

void dm_probe_io_listen(bool on)
{
	struct outlet *o;

	if (on && !tap && !t_again)
		open_tap(NULL);
	if (on)
		return;
	event_cancel(&t_again);
	event_cancel(&t_read);
	if (tap)
		close(tap);
	tap = 0;
	while ((o = outlet_list_first(&outlets)))
		close_outlet(o);
}

void dm_probe_io_get_counters(struct dm_probe_io_counters *c)
{
	*c = counters;
}

void dm_probe_io_start(struct event_loop *loop, dm_probe_heard heard)
{
	loop_main = loop;
	told = heard;
}

void dm_probe_io_stop(void)
{
	dm_probe_io_listen(false);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stations of a spoke's own side say of their IP addresses, and whom they ask for.
 * Objects: a site by ifindex of the VXLAN device; a tap, which is a packet socket.
 *
 *   eth2 ─┐ tap on all devices, incoming     br-test ──▶ tap on the bridge, outgoing
 *   eth3 ─┼─ ARP, NS, NA: sender, target                 ARP, NS: target
 *   tun2 ─┘    of ports of a site's bridge               (what the bridge's own IP asks for)
 *
 * From the tunnel only the sender counts: who speaks there has not got its address here any more.
 *
 * The bridge keeps the frames of its ports to itself; only a tap (ETH_P_ALL) sees them. One tap on
 * all devices, not one for each port: a hypervisor may have more ports than zebra may have
 * descriptors, and one has no business with their coming and going. What it costs is a run
 * of a filter of some ten instructions for each frame that any device receives; nothing is copied
 * but what the filter lets through, and what is sent is not even looked at
 * (PACKET_IGNORE_OUTGOING). It is open only while there is a site. What the bridge sends itself is
 * outgoing, so that has a tap of its own, bound to the bridge: frames between ports do not
 * pass there.
 *
 * The kernel takes the VLAN tag off before and says it beside (PACKET_AUXDATA). An untagged
 * frame is in the VLAN that its port has as PVID, a tagged one in that of its tag if the port is in
 * it, otherwise the bridge drops it. That is read from the kernel and kept until it changes. Other
 * filters (tc, nftables) are not known here: what they drop may have been heard.
 *
 * Stations can send what they like: a turn reads some hundred frames; the kernel drops what does
 * not fit its buffer, and counts that (`lost`). A lost announcement is made good by the next one.
 *
 * All functions run on zebra's main pthread. What frames mean is lib/neigh_frame.c's business,
 * what to believe of it dmevpn_local_neigh.c's.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/jhash.h"
#include "lib/log.h"
#include "lib/privs.h"
#include "lib/typesafe.h"

#include "lib/neigh_frame.h"

#include "zebra/dmevpn_device.h"
#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_snoop.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_SNOOP, "snooped bridge");

/* octets: the longest frame that is read, and of a tap's buffer */
#define FRAME_MAX 2048
#define RCVBUF (1 << 20)
/* frames before zebra's other work has its turn */
#define READS_MAX 256
/* seconds until a tap that could not be opened is tried again */
#define AGAIN_S 5
/* the answers of dm_device_vlan_of_frame() that are kept */
#define VLANS_KEPT 1024
/* for a tag that is not 802.1Q's: no VLAN has that number */
#define TAG_OTHER 0xffff

#define ND_SOLICITATION 135
#define ND_ADVERTISEMENT 136
/* offsets in a frame, octets */
#define AT_TYPE 12
#define AT_NEXT_HEADER (ETH_HLEN + 6)
#define AT_ICMPV6_TYPE (ETH_HLEN + 40)

PREDECL_DLIST(site_list);

struct tap {
	int fd; /* 0: closed */
	uint32_t ifindex; /* 0: of all devices */
	struct event *t_read;
};

struct site {
	struct site_list_item item;
	uint32_t ifindex, bridge, layer3;
	uint16_t vlan;
	struct tap own;
};

DECLARE_DLIST(site_list, struct site, item);

extern struct zebra_privs_t zserv_privs;

static struct site_list_head sites = INIT_DLIST(sites);
static struct tap all;
static struct event_loop *loop_main;
static struct event *t_again;
static const struct dm_snoop_ops *ops;
static struct dm_snoop_counters counters;

/* Which VLAN frames are in, by a hash of port and tag. */
static struct {
	uint32_t ifindex; /* 0: free */
	uint16_t tag, vlan;
} vlans[VLANS_KEPT];

/* --- frames --------------------------------------------------------------------- */

static uint16_t vlan_of(uint32_t ifindex, uint16_t tag)
{
	unsigned int at = jhash_2words(ifindex, tag, 0x766c616e) % VLANS_KEPT;

	if (vlans[at].ifindex != ifindex || vlans[at].tag != tag) {
		vlans[at].vlan = dm_device_vlan_of_frame(ifindex, tag);
		vlans[at].ifindex = ifindex;
		vlans[at].tag = tag;
	}
	return vlans[at].vlan;
}

void dm_snoop_forget_vlans(void)
{
	memset(vlans, 0, sizeof(vlans));
}

/* A frame as it was read, with what the kernel says beside it. */
struct snooped {
	uint32_t ifindex; /* where it came from, or (own) went to */
	uint16_t tag;	  /* VLAN of its tag, 0 without one */
	bool checksum_ready;
	struct neigh_frame said;
};

static bool is_in_vlan(const struct site *s, const struct snooped *f)
{
	if (!s->vlan)
		return !f->tag;
	/* other tags are not looked up: there may be as many as a station likes */
	return (!f->tag || f->tag == s->vlan) && vlan_of(f->ifindex, f->tag) == s->vlan;
}

/*
 * The bridge that takes frames from the device; 0 for one that is no port, or one whose frames the
 * bridge drops, or may drop. A frame from elsewhere may be on its way to a bridge, and is seen once more there.
 */
static uint32_t bridge_of(uint32_t ifindex)
{
	const struct nlm_link *port = dm_link_find(ifindex);

	return port && port->bridge_port && port->forwarding && !port->locked ? port->master : 0;
}

static bool has_site(uint32_t bridge)
{
	struct site *s;

	frr_each (site_list, &sites, s)
		if (bridge && s->bridge == bridge)
			return true;
	return false;
}

static void handle_incoming(uint32_t bridge, const struct snooped *f)
{
	struct site *s;

	frr_each (site_list, &sites, s) {
		bool here = s->ifindex != f->ifindex;

		if (s->bridge != bridge || !is_in_vlan(s, f))
			continue;
		if (here && dm_addr_is_set(&f->said.ip))
			ops->heard(s->ifindex, s->vlan, &f->said.ip, &f->said.mac);
		else if (dm_addr_is_set(&f->said.ip))
			ops->heard_far(s->ifindex, &f->said.ip, &f->said.mac);
		if (here && dm_addr_is_set(&f->said.asked))
			ops->asked(s->ifindex, &f->said.asked);
	}
}

static void handle_own(uint32_t layer3, const struct snooped *f)
{
	struct site *s;

	frr_each (site_list, &sites, s)
		if (s->layer3 == layer3 && dm_addr_is_set(&f->said.asked))
			ops->asked(s->ifindex, &f->said.asked);
}

static void read_aux(struct msghdr *msg, struct snooped *f)
{
	struct tpacket_auxdata aux;
	struct cmsghdr *cmsg;

	f->checksum_ready = true;
	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_PACKET || cmsg->cmsg_type != PACKET_AUXDATA ||
		    cmsg->cmsg_len < CMSG_LEN(sizeof(aux)))
			continue;
		memcpy(&aux, CMSG_DATA(cmsg), sizeof(aux));
		f->checksum_ready = !(aux.tp_status & TP_STATUS_CSUMNOTREADY);
		/* VLAN 0 is a priority, and no VLAN */
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			f->tag = aux.tp_vlan_tpid == ETH_P_8021Q ? aux.tp_vlan_tci & 0xfff
								 : TAG_OTHER;
	}
}

/* Reads one frame. Returns octets, 0 when there is none, or a negative errno. */
static ssize_t read_frame(int fd, uint8_t *octets, struct snooped *f)
{
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct sockaddr_ll from = {};
	struct iovec iov = {.iov_base = octets, .iov_len = FRAME_MAX};
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t len = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	memset(f, 0, sizeof(*f));
	f->ifindex = from.sll_ifindex;
	read_aux(&msg, f);
	return len;
}

/* Returns false when there is no further frame now. */
static bool handle_frame(struct tap *t)
{
	static uint8_t octets[FRAME_MAX];
	enum neigh_frame_result result;
	struct snooped f;
	ssize_t len = read_frame(t->fd, octets, &f);
	uint32_t bridge;

	if (len <= 0)
		return false;
	bridge = t->ifindex ? 0 : bridge_of(f.ifindex);
	if (!t->ifindex && !has_site(bridge))
		return true;
	counters.frames++;
	result = neigh_frame_parse(octets, len, f.checksum_ready, &f.said);
	if (result != NEIGH_FRAME_OK)
		counters.malformed += result != NEIGH_FRAME_OTHER;
	else if (t->ifindex)
		handle_own(t->ifindex, &f);
	else
		handle_incoming(bridge, &f);
	return true;
}

/* --- taps --------------------------------------------------------------------------- */

/* Reading sets the kernel's own count back to 0. */
static void count_lost(struct tap *t)
{
	struct tpacket_stats stats = {};
	socklen_t len = sizeof(stats);

	if (getsockopt(t->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		counters.lost += stats.tp_drops;
}

static void read_event(struct event *event)
{
	struct tap *t = EVENT_ARG(event);
	unsigned int n;

	event_add_read(loop_main, read_event, t, t->fd, &t->t_read);
	for (n = 0; n < READS_MAX && handle_frame(t); n++)
		;
	count_lost(t);
}

/* Lets ARP and the two messages of neighbour discovery through. */
static int attach_filter(int fd, bool outgoing)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, outgoing ? 0 : 9,
			 outgoing ? 9 : 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_TYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 6),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_NEXT_HEADER),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 4),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_ICMPV6_TYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_SOLICITATION, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_ADVERTISEMENT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = array_size(code), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* The filter is in place before the first frame: until it is bound, the socket gets none. */
static int prepare_tap(int fd, uint32_t ifindex)
{
	struct sockaddr_ll here = {.sll_family = AF_PACKET, .sll_ifindex = ifindex};
	int on = 1, rcvbuf = RCVBUF;

	here.sll_protocol = htons(ETH_P_ALL);
	/* the option may be refused (container): then the default buffer must do */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf));
	if (attach_filter(fd, ifindex != 0) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0 ||
	    (!ifindex && setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0))
		return -errno;
	return bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 ? -errno : 0;
}

static int open_privileged(struct tap *t)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	err = prepare_tap(fd, t->ifindex);
	if (err)
		close(fd);
	else
		t->fd = fd;
	return err;
}

static void close_tap(struct tap *t)
{
	event_cancel(&t->t_read);
	if (t->fd)
		close(t->fd);
	t->fd = 0;
}

static void open_all(void);

static void again(struct event *event)
{
	open_all();
}

static void open_tap(struct tap *t)
{
	int err = 0;

	if (t->fd)
		return;
	frr_with_privs (&zserv_privs) {
		err = open_privileged(t);
	}
	if (!err) {
		event_add_read(loop_main, read_event, t, t->fd, &t->t_read);
		return;
	}
	zlog_err("dmevpn: cannot listen to ARP and neighbour discovery on device %u (0: all), trying again: %s",
		 t->ifindex, safe_strerror(-err));
	event_add_timer(loop_main, again, NULL, AGAIN_S, &t_again);
}

static void open_all(void)
{
	struct site *s;

	if (site_list_count(&sites))
		open_tap(&all);
	frr_each (site_list, &sites, s)
		open_tap(&s->own);
}

/* --- sites ---------------------------------------------------------------------------- */

static struct site *find(uint32_t ifindex)
{
	struct site *s;

	frr_each (site_list, &sites, s)
		if (s->ifindex == ifindex)
			return s;
	return NULL;
}

void dm_snoop_enter(uint32_t ifindex, uint32_t bridge, uint32_t layer3, uint16_t vlan)
{
	struct site *s = find(ifindex);

	if (!s) {
		s = XCALLOC(MTYPE_DM_SNOOP, sizeof(*s));
		s->ifindex = ifindex;
		site_list_add_tail(&sites, s);
	}
	s->bridge = bridge;
	s->vlan = vlan;
	if (s->layer3 != layer3) {
		close_tap(&s->own);
		s->layer3 = s->own.ifindex = layer3;
	}
	open_all();
}

void dm_snoop_leave(uint32_t ifindex)
{
	struct site *s = find(ifindex);

	if (!s)
		return;
	close_tap(&s->own);
	site_list_del(&sites, s);
	XFREE(MTYPE_DM_SNOOP, s);
	if (site_list_count(&sites))
		return;
	event_cancel(&t_again);
	close_tap(&all);
}

void dm_snoop_get_counters(struct dm_snoop_counters *c)
{
	*c = counters;
}

void dm_snoop_start(struct event_loop *loop, const struct dm_snoop_ops *snoop_ops)
{
	loop_main = loop;
	ops = snoop_ops;
}

void dm_snoop_stop(void)
{
	struct site *s;

	frr_each_safe (site_list, &sites, s)
		dm_snoop_leave(s->ifindex);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packet input and output. A packet socket receives every NHRP message that
 * comes by GRE; one look tells VPN messages (RFC 2735 4.1), which go to the
 * engine, from plain ones, which go to the stock code through a socket pair
 * whose other end is what os_socket() returns to it.
 *
 *   packet socket ──> VPN?  yes ──> handler (vpn_glue.c ──> engine)
 *        ^              │                  │ IPv4 or IPv6 in the interface's VPN
 *        │              no (where plain messages have a VPN: engine, too)
 *        │              │                  v without VPN headers: nhrp_io_deliver()
 *        │              └──> guard ──> password ──> socket pair ──> os_recvmsg(), nhrp_beside.c ──> stock code
 *        └──────────── nhrp_io_send(), os_sendmsg() by way of nhrp_beside.c: with VPN headers where there is a VPN
 *                      (but for peers that know none)
 *
 * So no VPN message, well-formed or not, ever reaches the stock parser, and of the
 * plain ones only those that lib/nhrp_guard.c lets pass. What nhrp_beside.c decides by the
 * stock code's tables it decides when that code reads: while a message waits in the pair, a
 * command or a resolver may take away what it is about. All in the main pthread. The
 * functions named os_* are what the stock sources call.
 */
#include <config.h>

#include "lib/zebra.h"
#include <fcntl.h>
#include <net/if_arp.h>
#include <linux/if_packet.h>
#include "lib/frrevent.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "lib/monotime.h"
#include "lib/network.h"

#include "nhrpd.h"
#include "os.h"
#include "lib/nhrp_capable.h"
#include "nhrpd/nhrp_beside.h"
#include "nhrpd/nhrp_apart.h"
#include "nhrpd/nhrp_hold.h"
#include "nhrpd/nhrp_io.h"
#include "nhrpd/nhrp_password.h"
#include "nhrpd/vpn_stock.h"

#define IO_BURST 32		     /* messages a system call */
#define IO_FRAME 2048		     /* octets of one message; GRE over 1500 needs 1476 */
#define IO_BUFFER (8 * 1024 * 1024) /* octets; a hub's spokes all speak at once after an outage */

/* What goes before a plain message in the socket pair. */
struct pair_header {
	struct vpn_path from;
};

static struct {
	int packet; /* the packet socket, -1 when not open */
	int ours;   /* our end of the pair */
	int stocks; /* the stock code's end */
	struct event *reader;
	const struct nhrp_io_vpn *vpn;
	struct nhrp_io_counters counters;
} io = { .packet = -1, .ours = -1, .stocks = -1 };

/* --- receiving --- */

/* Point-to-point GRE shows no link-layer address: the tunnel's own remote end it is. */
static bool tunnel_remote(uint32_t ifindex, struct dm_addr *remote)
{
	struct nhrp_gre_info key = { .ifindex = (ifindex_t)ifindex };
	const struct nhrp_gre_info *info = hash_lookup(nhrp_gre_list, &key);

	return info && info->vtep_ip_remote.s_addr != INADDR_ANY &&
	       dm_addr_set(remote, DM_IPV4, &info->vtep_ip_remote, 4);
}

static bool read_source(const struct sockaddr_ll *ll, struct vpn_path *from)
{
	from->ifindex = (uint32_t)ll->sll_ifindex;
	if (ll->sll_halen == 4 && dm_addr_set(&from->nbma, DM_IPV4, ll->sll_addr, 4) && !dm_addr_is_zero(&from->nbma))
		return true;
	return tunnel_remote(from->ifindex, &from->nbma);
}

static void to_stock(const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	struct pair_header head = { .from = *from };
	struct iovec iov[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)octets, .iov_len = len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = array_size(iov) };

	if (sendmsg(io.ours, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		io.counters.stock_queue_full++;
}

/* One line a second about plain messages that are kept from the stock code. */
static void log_dropped(const struct vpn_path *from, const char *why, uint32_t value)
{
	static time_t last;
	static unsigned int unlogged;
	char text[DM_ADDR_STRLEN];
	time_t now = monotime(NULL); /* seconds */

	if (now == last) {
		unlogged++;
		return;
	}
	zlog_warn("dropped a plain NHRP message from %s: %s (%u); %u more unlogged", dm_addr_str(&from->nbma, text),
		  why, value, unlogged);
	last = now;
	unlogged = 0;
}

bool nhrp_io_deliver(const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	uint8_t out[NHRP_GUARD_MAX], hidden[NHRP_GUARD_MAX];
	size_t hidden_len = nhrp_capable_hide(octets, len, hidden, sizeof(hidden));
	struct nhrp_guarded g;

	if (hidden_len) {
		octets = hidden;
		len = hidden_len;
	}
	g = nhrp_guard_plain(octets, len, out);
	io.counters.guard[g.why]++;
	if (g.why == NHRP_GUARD_PASSED) {
		if (!nhrp_password_right(from, octets, len))
			return false;
		to_stock(from, out, g.len);
		return true;
	}
	if (g.why == NHRP_GUARD_MALFORMED)
		io.counters.guard_dropped[g.drop]++;
	log_dropped(from, g.why == NHRP_GUARD_MALFORMED ? nhrp_drop_name(g.drop) : nhrp_guard_name(g.why), g.value);
	return false;
}

/* Whoever sends plain messages into a VPN does not know of it: RFC 2735 3.2 wants him configured. */
void nhrp_io_deliver_default(const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	struct vpn_id vpn = { 0 };

	switch (io.vpn->layer3(from->ifindex, &vpn)) {
	case VPN_LAYER3_PLAIN:
		nhrp_io_deliver(from, octets, len);
		break;
	case VPN_LAYER3_VPN:
		io.counters.plain_on_vpn++;
		log_dropped(from, "plainOnVpn", vpn.index);
		break;
	case VPN_LAYER3_BLOCKED:
		io.counters.layer3_blocked++;
		break;
	}
}

static void received(const struct sockaddr_ll *ll, const uint8_t *octets, size_t len)
{
	struct vpn_path from = { 0 };

	if (ll->sll_pkttype == PACKET_OUTGOING)
		return;
	io.counters.received++;
	if (!read_source(ll, &from)) {
		io.counters.no_source++;
		return;
	}
	if (!io.vpn)
		return;
	if (nhrp_is_vpn_encapsulated(octets, len))
		io.vpn->packet(&from, octets, len);
	else if (!io.vpn->plain(&from, octets, len))
		nhrp_io_deliver_default(&from, octets, len);
}

static void packet_readable(struct event *t)
{
	static uint8_t frames[IO_BURST][IO_FRAME];
	static struct sockaddr_ll sources[IO_BURST];
	struct mmsghdr burst[IO_BURST] = {};
	struct iovec iov[IO_BURST];
	int n;

	event_add_read(master, packet_readable, NULL, io.packet, &io.reader);
	for (size_t i = 0; i < IO_BURST; i++) {
		iov[i] = (struct iovec){ .iov_base = frames[i], .iov_len = IO_FRAME };
		burst[i].msg_hdr = (struct msghdr){
			.msg_name = &sources[i],
			.msg_namelen = sizeof(sources[i]),
			.msg_iov = &iov[i],
			.msg_iovlen = 1,
		};
	}
	n = recvmmsg(io.packet, burst, IO_BURST, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		if (burst[i].msg_hdr.msg_flags & MSG_TRUNC)
			io.counters.too_long++;
		else
			received(&sources[i], frames[i], burst[i].msg_len);
}

/* main holds the capabilities raised (see nhrp_main.c); a frr_with_privs here would lower them at its end. */
static void raise_buffer(int fd, int option, const char *which)
{
	int size = IO_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, option, &size, sizeof(size)) < 0)
		zlog_warn("cannot raise the buffer of the %s to %d octets: %s", which, size, safe_strerror(errno));
}

static int open_packet_socket(void)
{
	int fd = socket(PF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(NHRP_GRE_PROTOCOL));

	if (fd >= 0)
		raise_buffer(fd, SO_RCVBUFFORCE, "packet socket");
	return fd;
}

int os_socket(void)
{
	int pair[2];

	if (io.stocks >= 0)
		return io.stocks;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		zlog_err("cannot make the socket pair in front of the stock code: %s", safe_strerror(errno));
		return -1;
	}
	io.ours = pair[0];
	io.stocks = pair[1];
	/* the stock code reads one message a turn, and we up to IO_BURST */
	raise_buffer(io.ours, SO_SNDBUFFORCE, "socket pair in front of the stock code");
	io.packet = open_packet_socket();
	if (io.packet < 0)
		zlog_err("cannot open a packet socket for NHRP (protocol 0x%04x): %s", NHRP_GRE_PROTOCOL,
			 safe_strerror(errno));
	else
		event_add_read(master, packet_readable, NULL, io.packet, &io.reader);
	return io.stocks;
}

int os_recvmsg(uint8_t *buf, size_t *len, int *ifindex, uint8_t *addr, size_t *addrlen)
{
	struct pair_header head;
	struct iovec iov[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = buf, .iov_len = *len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = array_size(iov) };
	ssize_t got = recvmsg(io.stocks, &msg, MSG_DONTWAIT);
	size_t octets;

	if (got < (ssize_t)sizeof(head) || (msg.msg_flags & MSG_TRUNC))
		return -1;
	octets = dm_addr_len(&head.from.nbma);
	if (octets > *addrlen)
		return -1;
	memcpy(addr, head.from.nbma.octets, octets);
	*addrlen = octets;
	*ifindex = (int)head.from.ifindex;
	*len = (size_t)got - sizeof(head);
	if (!nhrp_beside_in(&head.from, buf, *len))
		return -1;
	nhrp_apart_begin(&head.from, buf, *len);
	return 0;
}

/* --- sending --- */

/* Sends what the COUNT parts hold as one message; an empty part is none. */
static int send_gre(uint32_t ifindex, const uint8_t *addr, size_t addrlen, uint16_t protocol, struct iovec *parts,
		    size_t count)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int)ifindex,
		.sll_halen = (unsigned char)addrlen,
	};
	struct msghdr msg = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = parts, .msg_iovlen = count };
	ssize_t sent;

	if (addrlen > sizeof(to.sll_addr))
		return -EINVAL;
	memcpy(to.sll_addr, addr, addrlen);
	sent = sendmsg(io.packet, &msg, 0);
	if (sent < 0) {
		io.counters.send_failed++;
		return -errno;
	}
	return (int)sent;
}

/* Writes the headers that a message of the stock code leaves with, none for a plain one; false when it must stay. */
static bool put_headers(const struct vpn_path *to, uint8_t headers[NHRP_VPN_HEADER_LEN], struct iovec *part)
{
	struct vpn_id vpn;

	*part = (struct iovec){ .iov_base = headers };
	switch (io.vpn->layer3(to->ifindex, &vpn)) {
	case VPN_LAYER3_PLAIN:
		return true;
	case VPN_LAYER3_VPN:
		if (io.vpn->plain_wanted(to, &vpn)) {
			io.counters.layer3_sent_plain++;
			return true;
		}
		part->iov_len = NHRP_VPN_HEADER_LEN;
		return nhrp_build_vpn_headers(headers, &vpn);
	case VPN_LAYER3_BLOCKED:
		break;
	}
	io.counters.layer3_blocked++;
	return false;
}

/* Whether a message of the stock code may leave now. */
static bool may_leave(uint32_t ifindex, const uint8_t *octets, size_t len)
{
	if (!io.vpn)
		return false;
	if (!nhrp_hold_lets_pass()) {
		io.counters.held++;
		return false;
	}
	if (!nhrp_apart_may_leave(ifindex, octets, len)) {
		io.counters.other_vpn++;
		return false;
	}
	if (nhrp_guard_may_leave(octets, len))
		return true;
	io.counters.kept_back++;
	return false;
}

/* Whether a message of the stock code is about this node and not passed on. */
static bool is_own(uint32_t ifindex, const uint8_t *octets, size_t len)
{
	struct interface *ifp = vpn_stock_interface(ifindex);
	struct dm_addr nbma;
	struct nhrp_msg m;

	return ifp && vpn_stock_nbma(ifp, &nbma) && nhrp_msg_decode(&m, octets, len, NULL) == NHRP_DROP_NONE &&
	       dm_addr_same(&m.src_nbma, &nbma);
}

/* A message of the stock code, which leaves from a copy: what stands beside that code may change it. */
static int send_stocks(const uint8_t *buf, size_t len, const struct vpn_path *to)
{
	uint8_t headers[NHRP_VPN_HEADER_LEN], copy[NHRP_GUARD_MAX];
	struct iovec parts[2] = { {}, { .iov_base = copy, .iov_len = len } };
	int rc;

	/* to the stock code what stays has left: it asks again when nobody answers */
	if (len > sizeof(copy) || !may_leave(to->ifindex, buf, len) || !put_headers(to, headers, &parts[0]))
		return (int)len;
	memcpy(copy, buf, len);
	if (!nhrp_beside_out(to, copy, len))
		return (int)len;
	if (parts[0].iov_len)
		parts[1].iov_len = nhrp_capable_show(copy, len, sizeof(copy), is_own(to->ifindex, copy, len));
	rc = send_gre(to->ifindex, to->nbma.octets, dm_addr_len(&to->nbma), NHRP_GRE_PROTOCOL, parts,
		      array_size(parts));
	if (rc > 0 && parts[0].iov_len)
		io.counters.layer3_sent++;
	return rc;
}

/* NHRP, or with another PROTOCOL a multicast packet, which is data and has no VPN headers. */
int os_sendmsg(const uint8_t *buf, size_t len, int ifindex, const uint8_t *addr, size_t addrlen, uint16_t protocol)
{
	struct vpn_path to = { .ifindex = (uint32_t)ifindex };
	struct iovec part = { .iov_base = (void *)buf, .iov_len = len };

	if (protocol != NHRP_GRE_PROTOCOL)
		return send_gre((uint32_t)ifindex, addr, addrlen, protocol, &part, 1);
	if (!dm_addr_set(&to.nbma, DM_IPV4, addr, addrlen))
		return -EINVAL;
	return send_stocks(buf, len, &to);
}

int nhrp_io_send(const struct vpn_path *path, const uint8_t *octets, size_t len)
{
	struct iovec part = { .iov_base = (void *)octets, .iov_len = len };
	int rc = send_gre(path->ifindex, path->nbma.octets, dm_addr_len(&path->nbma), NHRP_GRE_PROTOCOL, &part, 1);

	return rc < 0 ? rc : 0;
}

/* --- the rest of what linux.c gave the stock code --- */

static int write_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done;

	if (fd < 0)
		return -1;
	done = write(fd, value, strlen(value)) > 0;
	close(fd);
	return done ? 0 : -1;
}

/* A hub that forwards out of the tunnel a packet came in by must not send ICMP redirects into it. */
int os_configure_dmvpn(unsigned int ifindex, const char *ifname, int af)
{
	char path[128];
	int rc;

	if (af != AF_INET)
		return 0;
	rc = write_sysctl("/proc/sys/net/ipv4/conf/all/send_redirects", "0");
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/send_redirects", ifname);
	return rc | write_sysctl(path, "0");
}

/* --- the rest --- */

void nhrp_io_set_vpn(const struct nhrp_io_vpn *vpn)
{
	io.vpn = vpn;
}

const struct nhrp_io_counters *nhrp_io_counters(void)
{
	return &io.counters;
}

void nhrp_io_terminate(void)
{
	event_cancel(&io.reader);
	if (io.packet >= 0)
		close(io.packet);
	if (io.ours >= 0)
		close(io.ours);
	io.packet = io.ours = -1;
}

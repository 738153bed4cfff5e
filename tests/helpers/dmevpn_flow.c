// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One flow of numbered Ethernet frames, and what has become of them. For topotests, by lib/flow.py.
 *
 *     dmevpn_flow send    IF FLOW SRC DST RATE SIZE      RATE frames a second, of SIZE octets
 *     dmevpn_flow receive IF FLOW
 *
 * A frame is of an experimental Ethernet type and carries a magic number, the
 * flow's number (so that flows side by side, and what an earlier one left under
 * way, are told apart), its own number from 0 on, and when it was sent. A receiver
 * says "ready" once it hears; both answer each line on standard input with one line of
 * JSON; the end of standard input ends them, after a last such line.
 *
 *   send     sent: frames given to the device; refused: what it would not take (they
 *            count as never sent, and their numbers go out later); late: the most that
 *            a frame was sent after its time, in ms
 *   receive  received: different frames; duplicated: further copies; reordered: frames
 *            that came behind a later one; next: the highest number and one; silent: ms
 *            since the last frame; longestGap: ms between the sending of two frames that
 *            arrived one after the other, those between lost or late; longestDelay:
 *            ms from sending to arrival; dropped: frames that this program's own socket
 *            had no room for; holes: [first, count] of each run of numbers that is missing
 *            below `next`, at most HOLES of them; holesCut: there are more
 *
 * The sandbox has one processor and a clock tick of 10 ms, so neither side wakes for
 * each frame: the sender sends what is due, in one call, and the receiver empties a
 * socket that has room for seconds. A sender that was kept from running catches up by
 * steps, as a thousand frames in one go would overrun the kernel's own queues.
 *
 * What it does not do: anything with what the frames carry further on, or more than one
 * flow in a process.
 */
#include <config.h>

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/helpers/flow_frame.h"

#define BATCH	   64
#define NUMBERS	   (1UL << 27) /* a day and a half at 1,000 a second; 16 MB of bits */
#define HOLES	   500
#define TICK	   10000000L /* ns between two looks of a sender at least: what the sandbox's clock can do */
#define CATCH_UP   4	     /* ticks' worth of frames that go out in one tick at most */
#define LOOK	   50	     /* ms between two looks of a receiver */
#define ROOM	   (32 << 20)
#define SECOND	   1000000000LL

static int sock;
static uint32_t flow;

static void die(const char *what)
{
	fprintf(stderr, "dmevpn_flow: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void usage(void)
{
	fprintf(stderr, "usage: dmevpn_flow send IF FLOW SRC DST RATE SIZE | receive IF FLOW\n");
	exit(2);
}

static int64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* Numbers that must lie in a range; anything else is a mistake of the caller. */
static unsigned long number(const char *word, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(word, &end, 0);

	if (*word == '\0' || *end != '\0' || n < least || n > most) {
		fprintf(stderr, "dmevpn_flow: %s is no number from %lu to %lu\n", word, least, most);
		exit(2);
	}
	return n;
}

static void read_mac(uint8_t mac[ETH_ALEN], const char *word)
{
	if (sscanf(word, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
		   &mac[5]) == 6)
		return;
	fprintf(stderr, "dmevpn_flow: %s is no MAC address\n", word);
	exit(2);
}

/* A packet socket on a device; protocol 0 hears nothing until a filter stands. */
static void open_socket(const char *ifname, uint16_t protocol)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = if_nametoindex(ifname),
	};

	if (at.sll_ifindex == 0)
		die(ifname);
	if (bind(sock, (struct sockaddr *)&at, sizeof(at)) != 0)
		die("bind");
}

/* true when the caller asks; *ended when there is nobody to ask any more. */
static bool asked(bool *ended)
{
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));

	*ended = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
	return n != 0;
}

/* --- sending ------------------------------------------------------------------------------- */

static struct {
	uint64_t rate; /* frames a second */
	size_t size;
	int64_t start; /* ns, when frame `base` was due */
	uint64_t base;
	uint64_t sent;
	uint64_t refused;
	int64_t late; /* ns */
	uint8_t buf[BATCH][ETH_FRAME_LEN];
} out;

static int64_t due(uint64_t n)
{
	return out.start + (int64_t)((n - out.base) * SECOND / out.rate);
}

/* Up to `count` frames in one call; returns how many the device took. */
static unsigned int send_batch(unsigned int count)
{
	struct mmsghdr msgs[BATCH] = {};
	struct iovec iov[BATCH];
	uint64_t when = now(CLOCK_REALTIME);
	unsigned int i;
	int done;

	for (i = 0; i < count; i++) {
		struct frame *f = (struct frame *)out.buf[i];

		f->number = htobe64(out.sent + i);
		f->when = htobe64(when);
		iov[i] = (struct iovec){.iov_base = f, .iov_len = out.size};
		msgs[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	done = sendmmsg(sock, msgs, count, 0);
	if (done < 0 && errno != ENOBUFS && errno != ENETDOWN && errno != EAGAIN && errno != EINTR)
		die("send");
	return done < 0 ? 0 : done;
}

static void send_due(void)
{
	int64_t at = now(CLOCK_MONOTONIC);
	uint64_t most = CATCH_UP * (out.rate * TICK / SECOND + 1);

	while (most > 0 && due(out.sent) <= at) {
		unsigned int want = 1, took;

		while (want < BATCH && want < most && due(out.sent + want) <= at)
			want++;
		if (at - due(out.sent) > out.late)
			out.late = at - due(out.sent);
		took = send_batch(want);
		out.sent += took;
		most -= took;
		if (took == 0) {
			/* the device is down or full: its turn is over, and the clock starts anew */
			out.refused += want;
			out.base = out.sent;
			out.start = at + SECOND / (int64_t)out.rate;
			return;
		}
	}
}

static void report_sender(void)
{
	printf("{\"sent\": %llu, \"refused\": %llu, \"late\": %.1f}\n", (unsigned long long)out.sent,
	       (unsigned long long)out.refused, out.late / 1e6);
	fflush(stdout);
}

static void prepare_frames(const char *source, const char *destination)
{
	struct frame f = {
		.eth.ether_type = htons(EXPERIMENT),
		.magic = htonl(MAGIC),
		.flow = htonl(flow),
	};
	int i;

	read_mac(f.eth.ether_shost, source);
	read_mac(f.eth.ether_dhost, destination);
	for (i = 0; i < BATCH; i++)
		memcpy(out.buf[i], &f, sizeof(f));
}

static void run_sender(char **argv)
{
	struct itimerspec tick = {};
	struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
	bool ended = false;

	out.rate = number(argv[4], 1, 100000);
	out.size = number(argv[5], 60, ETH_FRAME_LEN);
	prepare_frames(argv[2], argv[3]);
	/* a slow flow needs no look at each tick; one frame a second has its limit here */
	tick.it_interval.tv_nsec = out.rate * TICK < SECOND ? (SECOND - 1) / (long)out.rate : TICK;
	tick.it_value = tick.it_interval;
	open_socket(argv[0], 0);
	fds[1].fd = timerfd_create(CLOCK_MONOTONIC, 0);
	if (fds[1].fd < 0 || timerfd_settime(fds[1].fd, 0, &tick, NULL) != 0)
		die("timer");
	out.start = now(CLOCK_MONOTONIC);
	while (!ended) {
		uint64_t ticks;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			die("poll");
		if (fds[1].revents & POLLIN && read(fds[1].fd, &ticks, sizeof(ticks)) > 0)
			send_due();
		if (fds[0].revents && asked(&ended))
			report_sender();
	}
	report_sender();
}

/* --- receiving ----------------------------------------------------------------------------- */

static struct {
	uint64_t *seen; /* one bit a number */
	uint64_t received;
	uint64_t duplicated;
	uint64_t reordered;
	uint64_t next;
	uint64_t dropped;
	uint64_t last_when; /* ns since the epoch, sending of frame next - 1 */
	int64_t gap;	    /* ns */
	int64_t delay;	    /* ns */
	int64_t heard;	    /* ns of the monotonic clock */
} in;

static bool is_seen(uint64_t n)
{
	return in.seen[n / 64] >> n % 64 & 1;
}

static void take(const struct frame *f, int64_t arrived)
{
	uint64_t n = be64toh(f->number), when = be64toh(f->when);

	if (n >= NUMBERS)
		return;
	in.heard = now(CLOCK_MONOTONIC);
	if (is_seen(n)) {
		in.duplicated++;
		return;
	}
	in.seen[n / 64] |= 1ULL << n % 64;
	in.received++;
	if (arrived - (int64_t)when > in.delay)
		in.delay = arrived - (int64_t)when;
	if (n < in.next) {
		in.reordered++;
		return;
	}
	if (n > in.next && in.received > 1 && (int64_t)(when - in.last_when) > in.gap)
		in.gap = when - in.last_when;
	in.next = n + 1;
	in.last_when = when;
}

/* When the kernel had it: this program may have looked much later. */
static int64_t arrival(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	struct timespec t;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
		return now(CLOCK_REALTIME);
	memcpy(&t, CMSG_DATA(c), sizeof(t));
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void take_all(void)
{
	static struct frame frames[BATCH];
	static uint8_t control[BATCH][CMSG_SPACE(sizeof(struct timespec))];
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	int i, n;

	do {
		for (i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){.iov_base = &frames[i], .iov_len = sizeof(frames[i])};
			msgs[i].msg_hdr = (struct msghdr){
				.msg_iov = &iov[i],
				.msg_iovlen = 1,
				.msg_control = control[i],
				.msg_controllen = sizeof(control[i]),
			};
		}
		n = recvmmsg(sock, msgs, BATCH, MSG_DONTWAIT, NULL);
		for (i = 0; i < n; i++)
			if (msgs[i].msg_len == sizeof(struct frame))
				take(&frames[i], arrival(&msgs[i].msg_hdr));
	} while (n == BATCH);
}

static void print_holes(void)
{
	uint64_t n, first;
	int count = 0;

	printf("\"holes\": [");
	for (n = 0; n < in.next && count <= HOLES; n++) {
		if (is_seen(n))
			continue;
		for (first = n; !is_seen(n); n++)
			;
		if (++count <= HOLES)
			printf("%s[%llu, %llu]", count > 1 ? ", " : "", (unsigned long long)first,
			       (unsigned long long)(n - first));
	}
	printf("], \"holesCut\": %s", count > HOLES ? "true" : "false");
}

static void report_receiver(void)
{
	struct tpacket_stats stats = {};
	socklen_t len = sizeof(stats);

	take_all();
	if (getsockopt(sock, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		in.dropped += stats.tp_drops; /* the kernel starts anew each time it is asked */
	printf("{\"received\": %llu, \"duplicated\": %llu, \"reordered\": %llu, \"next\": %llu, ",
	       (unsigned long long)in.received, (unsigned long long)in.duplicated,
	       (unsigned long long)in.reordered, (unsigned long long)in.next);
	printf("\"silent\": %.1f, \"longestGap\": %.1f, \"longestDelay\": %.1f, \"dropped\": %llu, ",
	       (now(CLOCK_MONOTONIC) - in.heard) / 1e6, in.gap / 1e6, in.delay / 1e6,
	       (unsigned long long)in.dropped);
	print_holes();
	printf("}\n");
	fflush(stdout);
}

/*
 * All protocols and a filter, not the one protocol: a frame that a bridge takes off its port is seen only so. The
 * socket hears nothing before its filter stands.
 */
static void hear(const char *ifname)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct frame, eth.ether_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, EXPERIMENT, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct frame, magic)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAGIC, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct frame, flow)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, flow, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, sizeof(struct frame)),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	int on = 1, room = ROOM;

	if (setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0 ||
	    setsockopt(sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) != 0)
		die("socket options");
	open_socket(ifname, ETH_P_ALL);
}

static void run_receiver(char **argv)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
	bool ended = false;

	in.seen = calloc(NUMBERS / 64, sizeof(*in.seen));
	if (!in.seen)
		die("memory");
	in.heard = now(CLOCK_MONOTONIC);
	hear(argv[0]);
	printf("ready\n");
	fflush(stdout);
	while (!ended) {
		if (poll(&fd, 1, LOOK) < 0 && errno != EINTR)
			die("poll");
		take_all();
		if (fd.revents && asked(&ended))
			report_receiver();
	}
	report_receiver();
}

int main(int argc, char **argv)
{
	bool sends = argc == 8 && strcmp(argv[1], "send") == 0;

	if (!sends && !(argc == 4 && strcmp(argv[1], "receive") == 0))
		usage();
	flow = number(argv[3], 0, UINT32_MAX);
	sock = socket(AF_PACKET, SOCK_RAW, 0);
	if (sock < 0)
		die("packet socket");
	if (sends)
		run_sender(argv + 2);
	else
		run_receiver(argv + 2);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All flows of dmevpn_flow that can be heard at several devices. For the soak, by lib/traffic.py.
 *
 *     dmevpn_hear IF...
 *
 * Says "ready" once it hears. Each line on standard input is answered by one line of JSON:
 * a list of what was heard, an element for each (device, flow):
 *
 *   {"if", "flow", "received", "duplicated", "next"}    different frames; further copies of
 *                                                       one; the highest number and one
 *
 * and for the line "runs" also "runs": [first, last, sent first, sent last] of each run of
 * numbers that came one behind the other, times in ms since the epoch as the sender wrote them;
 * at most RUNS of them ("runsCut": there were more). A frame that was overtaken is a run of its own. The
 * last element is {"dropped": n}: frames that this program's own sockets had no room for. The
 * end of standard input ends it.
 *
 * What it does not do: know which flow belongs where.
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/helpers/flow_frame.h"

#define DEVICES 16
#define HEARD	1024	    /* (device, flow) pairs */
#define NUMBERS (1UL << 23) /* of a flow; 1 MB of bits, of which what is not touched costs nothing */
#define RUNS	4096
#define ROOM	(16 << 20)
#define BATCH	64
#define LOOK	50 /* ms between two looks at the sockets */

struct run {
	uint64_t first, last;
	uint64_t sent_first, sent_last; /* ns since the epoch */
};

/* Identified by device and flow. */
struct heard {
	int device;
	uint32_t flow;
	uint64_t *seen; /* one bit a number */
	uint64_t received, duplicated, next;
	struct run *runs;
	size_t n_runs;
	bool cut;
};

static struct heard heard[HEARD];
static size_t n_heard;
static const char *names[DEVICES];
static struct pollfd fds[DEVICES + 1]; /* the last: standard input */
static int n_devices;
static uint64_t dropped, unknown; /* the latter: no room in the table */

static void die(const char *what)
{
	fprintf(stderr, "dmevpn_hear: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *need(void *memory)
{
	if (!memory)
		die("memory");
	return memory;
}

static struct heard *find(int device, uint32_t flow)
{
	struct heard *h;
	size_t i;

	for (i = 0; i < n_heard; i++)
		if (heard[i].device == device && heard[i].flow == flow)
			return &heard[i];
	if (n_heard == HEARD)
		return NULL;
	h = &heard[n_heard++];
	h->device = device;
	h->flow = flow;
	h->seen = need(calloc(NUMBERS / 64, sizeof(*h->seen)));
	h->runs = need(calloc(RUNS, sizeof(*h->runs)));
	return h;
}

static void add_to_run(struct heard *h, uint64_t n, uint64_t when)
{
	struct run *r = h->n_runs ? &h->runs[h->n_runs - 1] : NULL;

	if (r && n == r->last + 1) {
		r->last = n;
		r->sent_last = when;
	} else if (h->n_runs < RUNS) {
		h->runs[h->n_runs++] = (struct run){n, n, when, when};
	} else {
		h->cut = true;
	}
}

static void take(int device, const struct frame *f)
{
	uint64_t n = be64toh(f->number), bit = 1ULL << n % 64;
	struct heard *h = find(device, ntohl(f->flow));

	if (!h || n >= NUMBERS) {
		unknown++;
		return;
	}
	if (h->seen[n / 64] & bit) {
		h->duplicated++;
		return;
	}
	h->seen[n / 64] |= bit;
	h->received++;
	if (n >= h->next)
		h->next = n + 1;
	add_to_run(h, n, be64toh(f->when));
}

static void take_all(int device)
{
	static struct frame frames[BATCH];
	struct mmsghdr msgs[BATCH] = {};
	struct iovec iov[BATCH];
	int i, n;

	do {
		for (i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){.iov_base = &frames[i], .iov_len = sizeof(frames[i])};
			msgs[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
		}
		n = recvmmsg(fds[device].fd, msgs, BATCH, MSG_DONTWAIT, NULL);
		for (i = 0; i < n; i++)
			if (msgs[i].msg_len == sizeof(struct frame))
				take(device, &frames[i]);
	} while (n == BATCH);
}

/* --- telling ------------------------------------------------------------------ */

static void count_dropped(int device)
{
	struct tpacket_stats stats = {};
	socklen_t len = sizeof(stats);

	if (getsockopt(fds[device].fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		dropped += stats.tp_drops; /* the kernel starts anew each time it is asked */
}

static void print_runs(const struct heard *h)
{
	size_t i;

	printf(", \"runs\": [");
	for (i = 0; i < h->n_runs; i++)
		printf("%s[%llu, %llu, %.1f, %.1f]", i ? ", " : "", (unsigned long long)h->runs[i].first,
		       (unsigned long long)h->runs[i].last, h->runs[i].sent_first / 1e6,
		       h->runs[i].sent_last / 1e6);
	printf("], \"runsCut\": %s", h->cut ? "true" : "false");
}

static void report(bool runs)
{
	size_t i;
	int d;

	for (d = 0; d < n_devices; d++) {
		take_all(d);
		count_dropped(d);
	}
	printf("[");
	for (i = 0; i < n_heard; i++) {
		const struct heard *h = &heard[i];

		printf("{\"if\": \"%s\", \"flow\": %u, \"received\": %llu, \"duplicated\": %llu, \"next\": %llu",
		       names[h->device], h->flow, (unsigned long long)h->received,
		       (unsigned long long)h->duplicated, (unsigned long long)h->next);
		if (runs)
			print_runs(h);
		printf("}, ");
	}
	printf("{\"dropped\": %llu}]\n", (unsigned long long)(dropped + unknown));
	fflush(stdout);
}

/* Returns false at the end of standard input. */
static bool answer(void)
{
	char line[64] = "";
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n > 0)
		report(strncmp(line, "runs", 4) == 0);
	return n > 0 || (n < 0 && errno == EINTR);
}

/* --- hearing -------------------------------------------------------------------- */

/* All protocols and a filter: a frame that a bridge takes off its port is seen only so. */
static int open_device(const char *name)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct frame, eth.ether_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, EXPERIMENT, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct frame, magic)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAGIC, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, sizeof(struct frame)),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int on = 1, room = ROOM, sock = socket(AF_PACKET, SOCK_RAW, 0);

	at.sll_ifindex = if_nametoindex(name);
	if (sock < 0 || at.sll_ifindex == 0)
		die(name);
	if (setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0 ||
	    setsockopt(sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) != 0 ||
	    bind(sock, (struct sockaddr *)&at, sizeof(at)) != 0)
		die(name);
	return sock;
}

int main(int argc, char **argv)
{
	struct pollfd *in;
	int d;

	if (argc < 2 || argc > DEVICES + 1) {
		fprintf(stderr, "usage: dmevpn_hear IF...\n");
		return 2;
	}
	n_devices = argc - 1;
	for (d = 0; d < n_devices; d++) {
		names[d] = argv[d + 1];
		fds[d] = (struct pollfd){.fd = open_device(names[d])};
	}
	in = &fds[n_devices];
	*in = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	printf("ready\n");
	fflush(stdout);
	do {
		in->revents = 0;
		if (poll(in, 1, LOOK) < 0 && errno != EINTR)
			die("poll");
		for (d = 0; d < n_devices; d++)
			take_all(d);
	} while (!in->revents || answer());
	return 0;
}

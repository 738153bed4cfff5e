// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames of many stations at once, for topotests:
 *
 *     dmevpn_burst IF DST FIRST COUNT
 *
 * COUNT frames of 60 octets leave by IF for DST, each from another MAC: 02:b0 and four octets with
 * a number, from FIRST on. As fast as the device takes them; one that it does not take is sent
 * again, so that what is counted is what was sent.
 *
 * What it does not do: hear anything.
 */
#include <config.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define EXPERIMENT 0x88B5
#define OCTETS	   60
#define BATCH	   64

static uint8_t frames[BATCH][OCTETS];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

static int open_socket(const char *ifname)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(ifname), .sll_protocol = htons(EXPERIMENT)};
	int sock = socket(AF_PACKET, SOCK_RAW, 0);

	if (!at.sll_ifindex || sock < 0 || bind(sock, (struct sockaddr *)&at, sizeof(at)) < 0) {
		perror(ifname);
		exit(1);
	}
	return sock;
}

static void fill(uint8_t *frame, const uint8_t dst[ETH_ALEN], uint32_t number)
{
	const uint16_t type = htons(EXPERIMENT);

	memcpy(frame, dst, ETH_ALEN);
	frame[6] = 0x02;
	frame[7] = 0xb0;
	number = htonl(number);
	memcpy(frame + 8, &number, sizeof(number));
	memcpy(frame + 12, &type, sizeof(type));
}

static void send_all(int sock, unsigned int count)
{
	struct pollfd room = {.fd = sock, .events = POLLOUT};
	unsigned int sent = 0;
	int n;

	while (sent < count) {
		n = sendmmsg(sock, messages + sent, count - sent, 0);
		if (n > 0)
			sent += (unsigned int)n;
		else if (errno == ENOBUFS || errno == EAGAIN)
			poll(&room, 1, 10);
		else {
			perror("sendmmsg");
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	uint8_t dst[ETH_ALEN];
	uint32_t next, end;
	unsigned int i, n;
	int sock;

	if (argc != 5 || sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &dst[0], &dst[1], &dst[2], &dst[3],
				&dst[4], &dst[5]) != ETH_ALEN) {
		fprintf(stderr, "usage: dmevpn_burst IF DST FIRST COUNT\n");
		return 2;
	}
	sock = open_socket(argv[1]);
	for (i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){.iov_base = frames[i], .iov_len = OCTETS};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	}
	next = (uint32_t)strtoul(argv[3], NULL, 0);
	for (end = next + (uint32_t)strtoul(argv[4], NULL, 0); next != end; next += n) {
		n = end - next < BATCH ? end - next : BATCH;
		for (i = 0; i < n; i++)
			fill(frames[i], dst, next + i);
		send_all(sock, n);
	}
	return 0;
}

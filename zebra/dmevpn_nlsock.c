// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink sockets: requests answered before the call returns (the kernel does
 * a rtnetlink request within sendmsg, so this waits for nothing but the kernel's own work),
 * batches of them, dumps, and reading of notifications.
 *
 * Used from zebra's main pthread (links, instances) and from its dataplane
 * pthread (provider), each with sockets of its own. Privileges are raised
 * around open and send, which is when the kernel looks at them.
 *
 * Not here: what messages mean (dmevpn_netlink.c).
 */
#include <config.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <libmnl/libmnl.h>

#include "lib/zebra.h"
#include "lib/privs.h"

#include "zebra/dmevpn_nlsock.h"

#define ANSWER_OCTETS 32768
#define ANSWER_WAIT_MS 5000
#define DUMP_TRIES 3

extern struct zebra_privs_t zserv_privs;

static int join_groups(struct nls *s, const unsigned int *groups)
{
	for (; groups && *groups; groups++)
		if (mnl_socket_setsockopt(s->sock, NETLINK_ADD_MEMBERSHIP, (void *)groups,
					  sizeof(*groups)) < 0)
			return -errno;
	return 0;
}

static int open_privileged(struct nls *s, int rcvbuf, const unsigned int *groups)
{
	int on = 1, err;

	s->sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!s->sock)
		return -errno;
	/* the option may be refused (container): then the default buffer must do */
	setsockopt(mnl_socket_get_fd(s->sock), SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf));
	mnl_socket_setsockopt(s->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(s->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(s->sock, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	if (mnl_socket_bind(s->sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	err = join_groups(s, groups);
	s->portid = mnl_socket_get_portid(s->sock);
	return err;
}

int nls_open(struct nls *s, int rcvbuf, const unsigned int *groups)
{
	int err = 0;

	memset(s, 0, sizeof(*s));
	frr_with_privs (&zserv_privs) {
		err = open_privileged(s, rcvbuf, groups);
	}
	if (err)
		nls_close(s);
	return err;
}

void nls_close(struct nls *s)
{
	if (s->sock)
		mnl_socket_close(s->sock);
	s->sock = NULL;
}

static int send_octets(struct nls *s, const void *buf, size_t octets)
{
	ssize_t sent = -1;
	int err = 0;

	frr_with_privs (&zserv_privs) {
		sent = mnl_socket_sendto(s->sock, buf, octets);
		err = errno;
	}
	return sent == (ssize_t)octets ? 0 : -(sent < 0 ? err : EMSGSIZE);
}

/* Keeps what the kernel says about an error in words. */
static void note_reason(struct nls *s, const struct nlmsghdr *nlh, const struct nlmsgerr *err)
{
	size_t head = sizeof(*nlh) + sizeof(*err);
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	const struct nlattr *attr;

	s->reason[0] = '\0';
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || !(nlh->nlmsg_flags & NLM_F_CAPPED))
		return;
	for (attr = (const void *)((const char *)nlh + head); mnl_attr_ok(attr, end - (const char *)attr);
	     attr = mnl_attr_next(attr))
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			snprintf(s->reason, sizeof(s->reason), "%.*s",
				 (int)mnl_attr_get_payload_len(attr),
				 (const char *)mnl_attr_get_payload(attr));
}

/* What became of waiting for one sequence number. */
struct wait {
	struct nls *s;
	uint32_t first, last; /* sequence numbers that are ours */
	bool one_answer;      /* an answer that is no acknowledgement ends it, too */
	bool tell_errors;     /* EACH gets acknowledgements and errors, too */
	bool done;
	bool interrupted; /* a dump that changed under the reader */
	int err;	  /* of the last one */
	nls_each each;
	void *arg;
};

static bool is_ours(const struct wait *w, const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_pid == w->s->portid && nlh->nlmsg_seq - w->first <= w->last - w->first;
}

static void handle_error(struct wait *w, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err))
		return;
	if (err->error)
		note_reason(w->s, nlh, err);
	if (nlh->nlmsg_seq == w->last) {
		w->done = true;
		w->err = err->error;
	}
	if (w->tell_errors)
		w->each(nlh, w->arg);
}

/* The end of a dump; the kernel says in it when it broke off. */
static void handle_done(struct wait *w, const struct nlmsghdr *nlh)
{
	int err = 0;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	w->done = true;
	w->err = MIN(err, 0);
}

static void handle_answer(struct wait *w, const struct nlmsghdr *nlh)
{
	if (!is_ours(w, nlh))
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		w->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		handle_error(w, nlh);
	} else if (nlh->nlmsg_type == NLMSG_DONE) {
		handle_done(w, nlh);
	} else if (w->each) {
		w->each(nlh, w->arg);
		w->done |= w->one_answer && nlh->nlmsg_seq == w->last;
	}
}

/*
 * Reads once, without waiting. Returns octets, 0 when there is nothing, or a
 * negative errno (-EMSGSIZE: what came was longer, and the rest of it is lost).
 */
static ssize_t read_once(struct nls *s, void *buf, size_t size)
{
	struct sockaddr_nl from = {};
	socklen_t from_len = sizeof(from);
	ssize_t octets = recvfrom(mnl_socket_get_fd(s->sock), buf, size,
				  MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &from_len);

	if (octets < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if ((size_t)octets > size)
		return -EMSGSIZE;
	/* only the kernel speaks to us */
	return from.nl_pid == 0 ? octets : 0;
}

static int wait_readable(struct nls *s)
{
	struct pollfd fd = {.fd = mnl_socket_get_fd(s->sock), .events = POLLIN};
	int ready = poll(&fd, 1, ANSWER_WAIT_MS);

	if (ready < 0)
		return errno == EINTR ? 0 : -errno;
	return ready ? 0 : -ETIMEDOUT;
}

static int await(struct wait *w)
{
	/* on the stack: what EACH does with an answer may begin a conversation of its own */
	uint8_t buf[ANSWER_OCTETS] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *nlh;
	ssize_t octets;
	int left, err;

	while (!w->done) {
		octets = read_once(w->s, buf, sizeof(buf));
		if (octets < 0)
			return octets;
		left = octets;
		for (nlh = (const void *)buf; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			handle_answer(w, nlh);
		if (octets == 0 && !w->done) {
			err = wait_readable(w->s);
			if (err)
				return err;
		}
	}
	return w->err;
}

static int converse(struct nls *s, struct nlmsghdr *nlh, struct wait *w)
{
	int err;

	nlh->nlmsg_seq = w->first = w->last = ++s->seq;
	w->s = s;
	s->reason[0] = '\0';
	err = s->sock ? send_octets(s, nlh, nlh->nlmsg_len) : -EBADF;
	return err ? err : await(w);
}

int nls_request(struct nls *s, struct nlmsghdr *nlh)
{
	struct wait w = {};

	nlh->nlmsg_flags |= NLM_F_ACK;
	return converse(s, nlh, &w);
}

int nls_get(struct nls *s, struct nlmsghdr *nlh, nls_each each, void *arg)
{
	struct wait w = {.one_answer = true, .each = each, .arg = arg};

	return converse(s, nlh, &w);
}

int nls_dump(struct nls *s, struct nlmsghdr *nlh, nls_each each, void *arg)
{
	return nls_dump_anew(s, nlh, NULL, each, arg);
}

int nls_dump_anew(struct nls *s, struct nlmsghdr *nlh, void (*begin)(void *arg), nls_each each,
		  void *arg)
{
	int tries, err = -EINTR;

	for (tries = 0; tries < DUMP_TRIES; tries++) {
		struct wait w = {.each = each, .arg = arg};

		if (begin)
			begin(arg);
		err = converse(s, nlh, &w);
		if (err || !w.interrupted)
			return err;
	}
	return -EINTR;
}

int nls_dump_begin(struct nls *s, struct nlmsghdr *nlh)
{
	nlh->nlmsg_seq = ++s->seq;
	s->reason[0] = '\0';
	return s->sock ? send_octets(s, nlh, nlh->nlmsg_len) : -EBADF;
}

int nls_batch(struct nls *s, void *buf, size_t octets, unsigned int count, uint32_t *first,
	      nls_each each, void *arg)
{
	struct wait w = {
		.s = s, .one_answer = true, .tell_errors = true, .each = each, .arg = arg};
	struct nlmsghdr *nlh = buf;
	int left = octets, err;
	unsigned int i;

	if (!s->sock)
		return -EBADF;
	w.first = *first = s->seq + 1;
	for (i = 0; i < count; i++, nlh = mnl_nlmsg_next(nlh, &left)) {
		nlh->nlmsg_seq = ++s->seq;
		/* errors come anyway; only the last one must answer when it went well */
		if (i + 1 == count)
			nlh->nlmsg_flags |= NLM_F_ACK;
	}
	w.last = s->seq;
	err = send_octets(s, buf, octets);
	if (err)
		return err;
	err = await(&w);
	/* an error of the last message went to EACH like the others */
	return w.done ? 0 : err;
}

int nls_receive(struct nls *s, nls_each each, void *arg)
{
	return nls_receive_some(s, UINT_MAX, each, arg);
}

int nls_receive_some(struct nls *s, unsigned int reads, nls_each each, void *arg)
{
	/* as in await() */
	uint8_t buf[ANSWER_OCTETS] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *nlh;
	ssize_t octets;
	int left;

	while (reads-- > 0) {
		octets = read_once(s, buf, sizeof(buf));
		if (octets <= 0)
			return octets;
		left = octets;
		for (nlh = (const void *)buf; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			each(nlh, arg);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A netlink socket for requests that are answered before the call returns.
 * Each pthread opens its own; a socket is not shared.
 */
#ifndef DMEVPN_NLSOCK_H
#define DMEVPN_NLSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

#define NLS_REASON_LEN 80

struct mnl_socket;

struct nls {
	struct mnl_socket *sock; /* NULL: closed */
	uint32_t seq;		 /* of the last message sent */
	uint32_t portid;
	char reason[NLS_REASON_LEN]; /* the kernel's own words for the last error, or empty */
};

/*
 * Opens a socket with at least RCVBUF octets of receive buffer, joined to
 * GROUPS (a list that ends with 0, or NULL). Raises privileges itself. Returns
 * 0 or a negative errno.
 */
int nls_open(struct nls *s, int rcvbuf, const unsigned int *groups);
void nls_close(struct nls *s);

/* Sends one message and waits for the acknowledgement. Returns 0 or a negative errno. */
int nls_request(struct nls *s, struct nlmsghdr *nlh);

/* What nls_dump and nls_receive hand each message to. */
typedef void (*nls_each)(const struct nlmsghdr *nlh, void *arg);

/*
 * Sends one dump request and hands all answers to EACH. Returns 0, -EINTR when
 * the dump was inconsistent three times running, or another negative errno.
 */
int nls_dump(struct nls *s, struct nlmsghdr *nlh, nls_each each, void *arg);

/* The same; BEGIN is called before every try, to throw away what an earlier one brought. */
int nls_dump_anew(struct nls *s, struct nlmsghdr *nlh, void (*begin)(void *arg), nls_each each,
		  void *arg);

/*
 * Sends one dump request and reads nothing: the answers are for nls_receive_some(), as slowly as the
 * caller likes, for the kernel makes them while they are read. Their end is NLMSG_DONE, or an
 * NLMSG_ERROR. Returns 0 or a negative errno.
 */
int nls_dump_begin(struct nls *s, struct nlmsghdr *nlh);

/*
 * Sends one message that is answered by one message, not an acknowledgement. Returns 0 or a
 * negative errno.
 */
int nls_get(struct nls *s, struct nlmsghdr *nlh, nls_each each, void *arg);

/*
 * Sends COUNT messages, which stand one behind the other in BUF, in one go and
 * waits until the kernel is through with them. Sequence numbers run from
 * *first. EACH gets every answer: errors (NLMSG_ERROR) and what was asked for.
 * Returns 0, or a negative errno when it is not known which of them were done.
 */
int nls_batch(struct nls *s, void *buf, size_t octets, unsigned int count, uint32_t *first,
	      nls_each each, void *arg);

/*
 * Reads what has arrived without waiting. Returns 0 when there is no more, or a negative errno
 * (-ENOBUFS: overrun).
 */
int nls_receive(struct nls *s, nls_each each, void *arg);

/* The same, but leaves the rest for later after READS datagrams. */
int nls_receive_some(struct nls *s, unsigned int reads, nls_each each, void *arg);

#endif

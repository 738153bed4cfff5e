// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zebra/dmevpn_nlsock.c against a kernel made of a socket pair: it answers each
 * request with what the test has laid down for it. What a real kernel does once in a
 * million dumps (interrupted, broken off, cut short) happens here every time.
 *
 * The functions of libmnl that open, bind and send are this file's own; those that
 * read messages are libmnl's.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/privs.h"

#include "zebra/dmevpn_nlsock.h"

#define ANSWERS_MAX 8

/* --- the kernel --------------------------------------------------------------- */

struct answer {
	uint16_t type, flags;
	uint32_t payload;
	uint32_t octets; /* of payload; 4 of them are `payload`, the rest zero */
	bool last;	 /* the next answer waits for the next request */
};

static struct answer answers[ANSWERS_MAX];
static unsigned int n_answers, next_answer;
static int ends[2]; /* the module's, the kernel's */

struct zebra_privs_t zserv_privs;

/* Nothing here needs privileges. */
struct zebra_privs_t *_zprivs_raise(struct zebra_privs_t *privs, const char *funcname)
{
	return privs;
}

void _zprivs_lower(struct zebra_privs_t **privs)
{
}

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	return (struct mnl_socket *)ends;
}

int mnl_socket_bind(struct mnl_socket *sock, unsigned int groups, pid_t pid)
{
	return 0;
}

int mnl_socket_setsockopt(const struct mnl_socket *sock, int type, void *buf, socklen_t len)
{
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *sock)
{
	return ends[0];
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *sock)
{
	return 77;
}

int mnl_socket_close(struct mnl_socket *sock)
{
	close(ends[0]);
	return close(ends[1]);
}

ssize_t mnl_socket_sendto(const struct mnl_socket *sock, const void *req, size_t len)
{
	static uint8_t buf[65536];
	const struct nlmsghdr *asked = req;
	const struct answer *a;
	struct nlmsghdr *nlh;

	do {
		assert_true(next_answer < n_answers);
		a = &answers[next_answer++];
		memset(buf, 0, sizeof(buf));
		nlh = mnl_nlmsg_put_header(buf);
		nlh->nlmsg_type = a->type;
		nlh->nlmsg_flags = a->flags;
		nlh->nlmsg_seq = asked->nlmsg_seq;
		nlh->nlmsg_pid = 77;
		memcpy(mnl_nlmsg_put_extra_header(nlh, a->octets), &a->payload, 4);
		assert_int_equal(send(ends[1], buf, nlh->nlmsg_len, 0), nlh->nlmsg_len);
	} while (!a->last);
	return len;
}

static void lay_down(const struct answer *list, unsigned int n)
{
	memcpy(answers, list, n * sizeof(*list));
	n_answers = n;
	next_answer = 0;
}

/* --- the tests ---------------------------------------------------------------- */

static struct {
	unsigned int count;
	uint32_t sum;
} got;

static void gather(const struct nlmsghdr *nlh, void *arg)
{
	got.count++;
	got.sum += *(const uint32_t *)mnl_nlmsg_get_payload(nlh);
}

static void begin(void *arg)
{
	memset(&got, 0, sizeof(got));
	(*(unsigned int *)arg)++;
}

/* Asks for a dump of what was laid down. Returns its result; TRIES is how often it began. */
static int dump(const struct answer *list, unsigned int n, unsigned int *tries)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nls s;
	int err;

	*tries = 0;
	lay_down(list, n);
	assert_int_equal(nls_open(&s, 1 << 20, NULL), 0);
	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	err = nls_dump_anew(&s, nlh, begin, gather, tries);
	nls_close(&s);
	return err;
}

static void whole_dump(void **state)
{
	const struct answer list[] = {{RTM_NEWLINK, NLM_F_MULTI, 5, 8, false},
				      {RTM_NEWLINK, NLM_F_MULTI, 6, 8, false},
				      {NLMSG_DONE, NLM_F_MULTI, 0, 4, true}};
	unsigned int tries;

	assert_int_equal(dump(list, 3, &tries), 0);
	assert_int_equal(tries, 1);
	assert_int_equal(got.count, 2);
	assert_int_equal(got.sum, 11);
}

/* What the first try brought is thrown away, not added to. */
static void interrupted_dump_begins_anew(void **state)
{
	const struct answer list[] = {{RTM_NEWLINK, NLM_F_MULTI, 5, 8, false},
				      {RTM_NEWLINK, NLM_F_MULTI | NLM_F_DUMP_INTR, 6, 8, false},
				      {NLMSG_DONE, NLM_F_MULTI, 0, 4, true},
				      {RTM_NEWLINK, NLM_F_MULTI, 6, 8, false},
				      {NLMSG_DONE, NLM_F_MULTI, 0, 4, true}};
	unsigned int tries;

	assert_int_equal(dump(list, 5, &tries), 0);
	assert_int_equal(tries, 2);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.sum, 6);
}

static void always_interrupted(void **state)
{
	const struct answer list[] = {{NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 0, 4, true},
				      {NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 0, 4, true},
				      {NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 0, 4, true}};
	unsigned int tries;

	assert_int_equal(dump(list, 3, &tries), -EINTR);
	assert_int_equal(tries, 3);
}

/* Asks something else while the answer is in hand, as the module does of a bridge when a link is told. */
static void ask_inside(const struct nlmsghdr *nlh, void *arg)
{
	char buf[256];
	struct nlmsghdr *other = mnl_nlmsg_put_header(buf);

	gather(nlh, NULL);
	if (got.count > 1)
		return;
	other->nlmsg_type = RTM_GETLINK;
	other->nlmsg_flags = NLM_F_REQUEST;
	assert_int_equal(nls_get(arg, other, gather, NULL), 0);
	assert_int_equal(*(const uint32_t *)mnl_nlmsg_get_payload(nlh), 5);
}

static void question_within_an_answer(void **state)
{
	const struct answer list[] = {{RTM_NEWLINK, 0, 5, 8, true}, {RTM_NEWLINK, 0, 6, 8, true}};
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nls s;

	memset(&got, 0, sizeof(got));
	lay_down(list, 2);
	assert_int_equal(nls_open(&s, 1 << 20, NULL), 0);
	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	assert_int_equal(nls_get(&s, nlh, ask_inside, &s), 0);
	assert_int_equal(got.count, 2);
	assert_int_equal(got.sum, 11);
	nls_close(&s);
}

/* The kernel breaks a dump off with its error in the last message. */
static void broken_off(void **state)
{
	const struct answer list[] = {{RTM_NEWLINK, NLM_F_MULTI, 5, 8, false},
				      {NLMSG_DONE, NLM_F_MULTI, (uint32_t)-ENOMEM, 4, true}};
	unsigned int tries;

	assert_int_equal(dump(list, 2, &tries), -ENOMEM);
}

/* A datagram longer than the buffer: its end is lost, which is not to be taken for a short one. */
static void cut_short(void **state)
{
	const struct answer list[] = {{RTM_NEWLINK, NLM_F_MULTI, 5, 50000, false},
				      {NLMSG_DONE, NLM_F_MULTI, 0, 4, true}};
	unsigned int tries;

	assert_int_equal(dump(list, 2, &tries), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_dump),
		cmocka_unit_test(interrupted_dump_begins_anew),
		cmocka_unit_test(always_interrupted),
		cmocka_unit_test(broken_off),
		cmocka_unit_test(question_within_an_answer),
		cmocka_unit_test(cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

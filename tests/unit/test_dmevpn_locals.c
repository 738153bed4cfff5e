// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zebra/dmevpn_locals.c: how long ago the bridge heard a MAC is told by the clock of the moment, however
 * long nothing else has happened: the hub ages by it, and settles by it who has a MAC that two claim. And a
 * dump during which entries went takes nothing away, however many events stand before the one that says so.
 *
 * Stand-ins: the bridge's entries are one MAC, whose age the kernel does not say, or none in a dump that
 * passes over it; events come from a queue; the clock is the test's.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/memory.h"

#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_locals.h"
#include "zebra/dmevpn_nlsock.h"
#include "zebra/dmevpn_provider.h"

#define DEVICE 7
#define BRIDGE 8
#define VNI 100
#define PORT 9
#define VM "02:aa:00:00:00:01"

DEFINE_MGROUP(DMEVPN, "DMEVPN");

#define STRAY "02:aa:00:00:00:02"

static uint64_t clock_ms = 1000000;
static uint32_t bridge = BRIDGE;
static bool passed_over;	   /* by the dump: an entry went meanwhile */
static unsigned int n_news, n_dels; /* events that wait to be read, of another MAC, in that order */
static struct dm_local last;
static unsigned int n_told;

int clock_gettime(clockid_t id, struct timespec *ts)
{
	ts->tv_sec = (time_t)(clock_ms / 1000);
	ts->tv_nsec = (long)(clock_ms % 1000) * 1000000;
	return 0;
}

const struct nlm_link *dm_link_find(uint32_t ifindex)
{
	static struct nlm_link device = {
		.ifindex = DEVICE, .kind = NLM_VXLAN, .name = "tun2", .bridge_port = true};

	device.master = bridge;
	return ifindex == DEVICE ? &device : NULL;
}

bool dm_provider_push(const struct dm_op *op)
{
	return true;
}

int nls_open(struct nls *s, int rcvbuf, const unsigned int *groups)
{
	s->sock = mnl_socket_open(NETLINK_ROUTE);
	return s->sock ? 0 : -errno;
}

void nls_close(struct nls *s)
{
	if (s->sock)
		mnl_socket_close(s->sock);
	s->sock = NULL;
}

/* An event, or an answer to a dump. */
static void hand(nls_each each, void *arg, uint16_t type, const char *mac)
{
	struct nlm_bridge_mac entry = {.port = PORT};
	char buf[NLM_MESSAGE_MAX];
	struct nlmsghdr *nlh;

	assert_true(dm_addr_parse(&entry.mac, mac));
	nlh = nlm_build_bridge_mac_set(buf, &entry);
	nlh->nlmsg_type = type;
	mnl_attr_put_u32(nlh, NDA_MASTER, bridge);
	each(nlh, arg);
}

int nls_receive_some(struct nls *s, unsigned int reads, nls_each each, void *arg)
{
	for (; n_news && reads; n_news--, reads--)
		hand(each, arg, RTM_NEWNEIGH, STRAY);
	for (; n_dels && reads; n_dels--, reads--)
		hand(each, arg, RTM_DELNEIGH, STRAY);
	return 0;
}

static struct nlm_bridge_mac vm(void)
{
	struct nlm_bridge_mac entry = {.bridge = BRIDGE, .port = PORT};

	assert_true(dm_addr_parse(&entry.mac, VM));
	return entry;
}

int nls_dump(struct nls *s, struct nlmsghdr *nlh, nls_each each, void *arg)
{
	if (passed_over) {
		n_news = 5000;
		n_dels = 1;
	} else {
		hand(each, arg, RTM_NEWNEIGH, VM);
	}
	return 0;
}

static void tell(const struct dm_local *local)
{
	last = *local;
	n_told++;
}

static void age_is_told_by_the_clock(void **state)
{
	struct nlm_bridge_mac entry = vm();

	dm_locals_follow(DEVICE, VNI);
	assert_int_equal(n_told, 1);
	assert_true(dm_addr_same(&last.mac, &entry.mac));
	/* for 200 s the bridge's table does not change: no event is read */
	clock_ms += 200000;
	entry.idle_ms = 1000;
	dm_locals_heard(DEVICE, &entry);
	clock_ms += 5000;
	dm_locals_tell(DEVICE);
	assert_int_equal(n_told, 2);
	assert_int_equal(last.idle_ms, 6000);
}

static void age_is_told_by_the_clock_when_it_stays(void **state)
{
	struct nlm_bridge_mac entry = vm();

	clock_ms += 200000;
	entry.idle_ms = 500;
	n_told = 0;
	dm_locals_still_here(DEVICE, &entry);
	assert_int_equal(n_told, 1);
	assert_int_equal(last.idle_ms, 500);
	clock_ms += 100;
	dm_locals_tell(DEVICE);
	assert_int_equal(last.idle_ms, 600);
}

static void late_word_of_a_deletion(void **state)
{
	struct dm_addr stray;

	assert_true(dm_addr_parse(&stray, STRAY));
	passed_over = true;
	bridge = BRIDGE + 1;
	n_told = 0;
	dm_locals_link_changed(DEVICE);
	/* STRAY has come and gone; VM is still there for all we know */
	assert_int_equal(n_told, 2);
	assert_true(last.gone);
	assert_true(dm_addr_same(&last.mac, &stray));
	assert_int_equal(dm_locals_count(DEVICE), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(age_is_told_by_the_clock),
		cmocka_unit_test(age_is_told_by_the_clock_when_it_stays),
		cmocka_unit_test(late_word_of_a_deletion),
	};
	struct event_loop *loop = event_master_create("test");
	int failures;

	dm_locals_start(loop, tell);
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	dm_locals_stop();
	event_master_free(loop);
	return failures;
}

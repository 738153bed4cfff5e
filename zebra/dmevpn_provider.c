// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on FDB entries and neighbours by way of zebra's dataplane pthread.
 *
 *   main pthread                            dataplane pthread
 *   dm_provider_push() --> ring of ops ---> process(): batches of 200 messages,
 *        |  then, once a turn of the loop,   one sendmsg each, answers read back
 *        |  dplane_provider_work_ready()             |
 *   done() <-- deliver() <-- list of results <-------+
 *
 * The ring is first in, first out, and the batch goes out in that order, so
 * operations on one key keep their order. It holds DM_QUEUE_MAX operations;
 * when it is full, push refuses, and the caller, who keeps what is wanted, is told when half
 * of it is free again: that is the back-pressure. A batch whose
 * answers were lost (ENOBUFS) is repeated once; every operation may be done twice.
 *
 * Neighbours and entries of bridges are shared with users and other daemons, and the
 * kernel overwrites without a question. So a batch with such operations is preceded by
 * one that asks for those entries, and what is not ours to change is held back. Between
 * the two are microseconds.
 *
 * Each function says on which pthread it runs. The lock covers ring and
 * results; `counters` are under it, too.
 *
 * zebra's own contexts go through untouched: what zebra itself programs is
 * none of our business.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/frr_pthread.h"
#include "lib/frrevent.h"
#include "lib/log.h"
#include "zebra/zebra_dplane.h"

#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_nlsock.h"
#include "zebra/dmevpn_provider.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_QUEUE, "queue of FDB operations");
DEFINE_MTYPE_STATIC(DMEVPN, DM_RESULT, "result of an FDB operation");

/* messages a sendmsg; the kernel is fastest between 50 and 300 */
#define BATCH 200
/* batches a call, so that zebra's own work is not kept waiting */
#define BATCHES_PER_CALL 10
/* octets; the answers to one batch are all there before the first is read */
#define RCVBUF (4 << 20)

PREDECL_LIST(results);

struct result {
	struct results_item item;
	struct dm_op op;
};

DECLARE_LIST(results, struct result, item);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct dm_op *ring; /* DM_QUEUE_MAX operations */
static uint32_t head, depth;
static struct results_head done_list;
static struct event *t_deliver, *t_room;
static struct event *t_bell; /* main pthread only */
static struct dm_provider_counters counters;

static struct event_loop *loop_main;
static void (*report)(const struct dm_op *op);
static void (*tell_room)(void);
static bool starved; /* under the lock: the ring was full, and nobody was told that it is not any more */
static struct zebra_dplane_provider *provider;

/* dataplane pthread only */
static struct nls sock;

/* Main pthread: when the events at hand are through. */
static void ring_bell(struct event *event)
{
	dplane_provider_work_ready();
}

/* Main pthread. */
bool dm_provider_push(const struct dm_op *op)
{
	bool fits = false, was_empty = false;

	frr_with_mutex (&lock) {
		was_empty = depth == 0;
		fits = ring && depth < DM_QUEUE_MAX;
		if (fits) {
			ring[(head + depth) % DM_QUEUE_MAX] = *op;
			depth++;
			counters.max_depth = MAX(counters.max_depth, depth);
		} else {
			counters.refused++;
			starved = true;
		}
	}
	/* rung at once it would wake the other pthread for each operation, and there would be no batch */
	if (fits && was_empty)
		event_add_event(loop_main, ring_bell, NULL, 0, &t_bell);
	return fits;
}

/* Any pthread. */
void dm_provider_get_counters(struct dm_provider_counters *c)
{
	frr_with_mutex (&lock) {
		*c = counters;
		c->depth = depth;
	}
}

/* Main pthread: an event that post_results() scheduled. */
static void deliver(struct event *event)
{
	struct result *r;

	for (;;) {
		frr_with_mutex (&lock) {
			r = results_pop(&done_list);
		}
		if (!r)
			return;
		report(&r->op);
		XFREE(MTYPE_DM_RESULT, r);
	}
}

/* Main pthread: an event that take() scheduled. */
static void has_room(struct event *event)
{
	tell_room();
}

/* Dataplane pthread. */
static unsigned int take(struct dm_op *ops, unsigned int max)
{
	unsigned int n = 0;
	bool room = false;

	frr_with_mutex (&lock) {
		for (; n < max && depth > 0; n++, depth--) {
			ops[n] = ring[head];
			head = (head + 1) % DM_QUEUE_MAX;
		}
		room = starved && depth <= DM_QUEUE_MAX / 2;
		starved = starved && !room;
	}
	if (room)
		event_add_event(loop_main, has_room, NULL, 0, &t_room);
	return n;
}

/* Dataplane pthread. */
static struct nlmsghdr *build(void *buf, const struct dm_op *op)
{
	switch (op->kind) {
	case DM_OP_SET:
		return nlm_build_fdb_set(buf, &op->fdb);
	case DM_OP_DEL:
		return nlm_build_fdb_del(buf, &op->fdb);
	case DM_OP_FLOOD_ADD:
		return nlm_build_flood_add(buf, &op->fdb);
	case DM_OP_FLOOD_DEL:
		return nlm_build_flood_del(buf, &op->fdb);
	case DM_OP_NEIGH_SET:
		return nlm_build_neigh_set(buf, &op->neigh);
	case DM_OP_NEIGH_DEL:
		return nlm_build_neigh_del(buf, &op->neigh);
	case DM_OP_BRIDGE_MAC_SET:
		return nlm_build_bridge_mac_set(buf, &op->bridge_mac);
	case DM_OP_BRIDGE_MAC_DEL:
	case DM_OP_BRIDGE_MAC_FORGET:
		return nlm_build_bridge_mac_del(buf, &op->bridge_mac);
	case DM_OP_BRIDGE_MAC_GET:
		return nlm_build_bridge_mac_get(buf, &op->bridge_mac);
	default:
		return nlm_build_fdb_get(buf, &op->fdb);
	}
}

static bool is_of_neigh(const struct dm_op *op)
{
	return op->kind == DM_OP_NEIGH_SET || op->kind == DM_OP_NEIGH_DEL;
}

static bool is_of_bridge(const struct dm_op *op)
{
	return op->kind == DM_OP_BRIDGE_MAC_SET || op->kind == DM_OP_BRIDGE_MAC_DEL ||
	       op->kind == DM_OP_BRIDGE_MAC_FORGET;
}

/* Dataplane pthread: the question that comes before such an operation. */
static struct nlmsghdr *build_question(void *buf, const struct dm_op *op)
{
	return is_of_neigh(op) ? nlm_build_neigh_get(buf, &op->neigh)
			       : nlm_build_bridge_mac_get(buf, &op->bridge_mac);
}

/* What answers to a batch are matched with. */
struct batch {
	struct dm_op *ops;
	unsigned int count;
	uint32_t first;		/* sequence number of the first message sent */
	unsigned int sent;	/* messages */
	uint8_t which[BATCH];	/* the operation that a message was for */
};

/* Dataplane pthread. The operation that an answer is for; NULL when it is for none. */
static struct dm_op *op_of(struct batch *b, const struct nlmsghdr *nlh)
{
	uint32_t index = nlh->nlmsg_seq - b->first;

	return index < b->sent ? &b->ops[b->which[index]] : NULL;
}

/* Dataplane pthread. */
static void hold(struct dm_op *op, int error)
{
	op->held = true;
	op->error = error;
}

/* Dataplane pthread. The kernel has a neighbour entry where one is to be set or removed. */
static void judge_neigh(struct dm_op *op, const struct nlm_neigh *there)
{
	if (op->kind == DM_OP_NEIGH_SET && nlm_neigh_is_foreign(there))
		hold(op, EEXIST);
	else if (op->kind == DM_OP_NEIGH_DEL && !nlm_neigh_is_ours(there))
		hold(op, 0);
}

/*
 * Dataplane pthread. The bridge knows the MAC that is to be put behind a port, or removed. A
 * removal without a VLAN goes ahead when the MAC is elsewhere now: the kernel made an entry for
 * each VLAN of our port beside the one without, which alone moved. What is at other ports stays.
 */
static void judge_bridge_mac(struct dm_op *op, const struct nlm_bridge_mac *there)
{
	bool elsewhere = there->port != op->bridge_mac.port;

	if (op->kind == DM_OP_BRIDGE_MAC_SET && (there->own || there->fixed))
		hold(op, EEXIST);
	else if (op->kind == DM_OP_BRIDGE_MAC_SET && elsewhere)
		hold(op, EADDRINUSE);
	else if (op->kind == DM_OP_BRIDGE_MAC_DEL && elsewhere && op->bridge_mac.vlan)
		hold(op, 0);
	else if (op->kind == DM_OP_BRIDGE_MAC_DEL && !elsewhere &&
		 (there->own || there->fixed || !there->ext_learned))
		hold(op, 0);
}

/* Dataplane pthread. What was learned goes from the port where it is, unless it was heard there since. */
static void judge_learned(struct dm_op *op, const struct nlm_bridge_mac *there)
{
	bool learned = !there->own && !there->fixed && !there->ext_learned;
	bool since = there->idle_ms < op->bridge_mac.idle_ms;

	op->bridge_mac = *there;
	if (!learned || there->port == op->device)
		hold(op, 0);
	else if (since)
		hold(op, EEXIST);
}

/* Dataplane pthread. An error says that there is no such entry, or is met again by the operation. */
static void handle_there(const struct nlmsghdr *nlh, void *arg)
{
	struct dm_op *op = op_of(arg, nlh);
	struct nlm_bridge_mac mac;
	struct nlm_neigh neigh;

	if (!op || nlh->nlmsg_type != RTM_NEWNEIGH)
		return;
	if (is_of_neigh(op) && nlm_parse_neigh(nlh, &neigh))
		judge_neigh(op, &neigh);
	else if (op->kind == DM_OP_BRIDGE_MAC_FORGET && nlm_parse_bridge_mac(nlh, &mac))
		judge_learned(op, &mac);
	else if (is_of_bridge(op) && nlm_parse_bridge_mac(nlh, &mac))
		judge_bridge_mac(op, &mac);
}

/* Dataplane pthread. */
static void handle_answer(const struct nlmsghdr *nlh, void *arg)
{
	struct dm_op *op = op_of(arg, nlh);
	const struct nlmsgerr *err;
	struct nlm_bridge_mac mac;
	struct nlm_fdb fdb;

	if (!op)
		return;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		err = mnl_nlmsg_get_payload(nlh);
		op->error = -err->error;
	} else if (op->kind == DM_OP_GET && nlm_parse_fdb(nlh, 0, &fdb)) {
		op->fdb.idle_ms = fdb.idle_ms;
	} else if (op->kind == DM_OP_BRIDGE_MAC_GET && nlm_parse_bridge_mac(nlh, &mac)) {
		op->bridge_mac = mac;
	}
}

/* Octets of a batch under construction. */
static uint8_t batch_buf[BATCH * NLM_MESSAGE_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));

/*
 * Dataplane pthread. Sends what BUILDER makes of the operations that are to be done (QUESTIONS:
 * of those of them that need the question). Returns 0, or a negative errno when it is not known
 * what was done.
 */
static int send_messages(struct batch *b, bool questions,
			 struct nlmsghdr *(*builder)(void *buf, const struct dm_op *op),
			 nls_each each)
{
	size_t octets = 0;
	unsigned int i;

	b->sent = 0;
	for (i = 0; i < b->count; i++) {
		struct dm_op *op = &b->ops[i];

		if (op->held || (questions && !is_of_neigh(op) && !is_of_bridge(op)))
			continue;
		b->which[b->sent++] = i;
		octets += NLMSG_ALIGN(builder(batch_buf + octets, op)->nlmsg_len);
	}
	return b->sent ? nls_batch(&sock, batch_buf, octets, b->sent, &b->first, each, b) : 0;
}

/* Dataplane pthread. */
static int send_batch(struct batch *b)
{
	unsigned int i;
	int err;

	for (i = 0; i < b->count; i++) {
		b->ops[i].error = 0;
		b->ops[i].held = false;
	}
	err = send_messages(b, true, build_question, handle_there);
	return err ? err : send_messages(b, false, build, handle_answer);
}

static bool is_query(const struct dm_op *op)
{
	return op->kind == DM_OP_GET || op->kind == DM_OP_BRIDGE_MAC_GET;
}

static bool is_removal(const struct dm_op *op)
{
	return op->kind == DM_OP_DEL || op->kind == DM_OP_FLOOD_DEL ||
	       op->kind == DM_OP_NEIGH_DEL || op->kind == DM_OP_BRIDGE_MAC_DEL ||
	       op->kind == DM_OP_BRIDGE_MAC_FORGET;
}

/* Dataplane pthread, lock held. */
static void count(const struct dm_op *op)
{
	if (op->held && (!op->error || op->kind == DM_OP_BRIDGE_MAC_FORGET))
		return;
	else if (op->error)
		counters.errors++;
	else if (is_removal(op))
		counters.deleted++;
	else
		counters.installed++;
}

/* Dataplane pthread. */
static void post_results(struct batch *b)
{
	struct result *r;
	bool wake = false;
	unsigned int i;

	frr_with_mutex (&lock) {
		for (i = 0; i < b->count; i++) {
			struct dm_op *op = &b->ops[i];

			/* gone already is what was wanted; ENODEV takes its entries along */
			if (is_removal(op) && (op->error == ENOENT || op->error == ENODEV))
				op->error = 0;
			if (!is_query(op))
				count(op);
			if (!is_query(op) && !op->error)
				continue;
			r = XCALLOC(MTYPE_DM_RESULT, sizeof(*r));
			r->op = *op;
			results_add_tail(&done_list, r);
			wake = true;
		}
	}
	if (wake)
		event_add_event(loop_main, deliver, NULL, 0, &t_deliver);
}

/* Dataplane pthread. */
static void fail_all(struct batch *b, int err)
{
	unsigned int i;

	for (i = 0; i < b->count; i++)
		if (!b->ops[i].error)
			b->ops[i].error = err;
}

/* Dataplane pthread. */
static void do_batch(struct batch *b)
{
	int err;

	if (!sock.sock) {
		err = nls_open(&sock, RCVBUF, NULL);
		if (err)
			zlog_err("dmevpn: cannot open a netlink socket for the dataplane: %s",
				 safe_strerror(-err));
	}
	err = send_batch(b);
	if (err == -ENOBUFS) {
		frr_with_mutex (&lock) {
			counters.overruns++;
		}
		err = send_batch(b);
	}
	if (err)
		fail_all(b, -err);
	post_results(b);
}

/* Dataplane pthread. */
static void do_operations(void)
{
	static struct dm_op ops[BATCH];
	struct batch b = {.ops = ops};
	unsigned int n;
	bool more = false;

	for (n = 0; n < BATCHES_PER_CALL; n++) {
		b.count = take(ops, BATCH);
		if (!b.count)
			return;
		do_batch(&b);
	}
	frr_with_mutex (&lock) {
		more = depth > 0;
	}
	if (more)
		dplane_provider_work_ready();
}

/* Dataplane pthread: there is work, of zebra's or of ours. */
static int process(struct zebra_dplane_provider *prov)
{
	int limit = dplane_provider_get_work_limit(prov), n;
	struct zebra_dplane_ctx *ctx;

	for (n = 0; n < limit; n++) {
		ctx = dplane_provider_dequeue_in_ctx(prov);
		if (!ctx)
			break;
		dplane_provider_enqueue_out_ctx(prov, ctx);
	}
	if (n == limit)
		dplane_provider_work_ready();
	do_operations();
	return 0;
}

/* Main pthread; EARLY while the dataplane pthread still runs, then once more when it has ended. */
static int finish(struct zebra_dplane_provider *prov, bool early)
{
	if (!early)
		dm_provider_stop();
	return 0;
}

int dm_provider_start(struct event_loop *loop, void (*done)(const struct dm_op *op), void (*room)(void))
{
	loop_main = loop;
	report = done;
	tell_room = room;
	results_init(&done_list);
	ring = XCALLOC(MTYPE_DM_QUEUE, DM_QUEUE_MAX * sizeof(*ring));
	return -dplane_provider_register("dmevpn", DPLANE_PRIO_PRE_KERNEL,
					 DPLANE_PROV_FLAGS_DEFAULT, NULL, process, finish, NULL,
					 &provider);
}

void dm_provider_stop(void)
{
	struct result *r;

	event_cancel(&t_deliver);
	event_cancel(&t_bell);
	event_cancel(&t_room);
	nls_close(&sock);
	frr_with_mutex (&lock) {
		XFREE(MTYPE_DM_QUEUE, ring);
		depth = 0;
		while ((r = results_pop(&done_list)))
			XFREE(MTYPE_DM_RESULT, r);
	}
}

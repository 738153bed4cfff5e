// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which MACs of its own side a spoke's bridge has heard of late. The kernel notifies of a MAC when it is new,
 * moves or goes, and not when it is heard again: so it is asked, for nhrpd, which
 * keeps the hub's MACs alive by the answers.
 *
 *   LOCAL_QUERY ──> a walk over the sightings (dmevpn_locals.c), some hundred at a time
 *       ──> DM_OP_BRIDGE_MAC_GET, one each, on the dataplane pthread ──> answer: heard
 *           within the time asked for? ──> LOCAL_HEARD
 *
 * Asked one by one and not by a dump: a dump of the bridge brings the entries of the VXLAN device,
 * too, skips some when others go, and holds zebra up for as long as it takes.
 *
 * Object: a walk, by ifindex of the VXLAN device; it stays, so that late answers find what
 * was asked. Its place is the sighting it asked about last, which may go meanwhile.
 *
 * All functions run on zebra's main pthread. It decides nothing: who is silent nhrpd says.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/typesafe.h"

#include "zebra/dmevpn_ageing.h"
#include "zebra/dmevpn_locals.h"
#include "zebra/dmevpn_memory.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_AGEING, "questions about local MACs");

#define STEP 500    /* MACs asked about in one go, … */
#define STEP_MS 10  /* … and what the dataplane pthread has for them */

PREDECL_LIST(walks);

struct walk {
	struct walks_item item;
	uint32_t ifindex, vni;
	uint32_t within_ms;
	bool running;
	struct dm_addr mac; /* asked about last; not set at the begin */
	uint16_t vlan;
};

DECLARE_LIST(walks, struct walk, item);

static struct walks_head walks;
static void (*tell_heard)(const struct dm_heard *heard);
static struct event_loop *loop_main;
static struct event *t_step;

static void step(struct event *event);

static struct walk *find(uint32_t ifindex)
{
	struct walk *w;

	frr_each (walks, &walks, w)
		if (w->ifindex == ifindex)
			return w;
	return NULL;
}

static void tell(const struct walk *w, const struct dm_addr *mac, uint32_t idle_ms)
{
	struct dm_heard heard = {
		.ifindex = w->ifindex, .vni = w->vni, .mac = *mac, .idle_ms = idle_ms};

	if (idle_ms <= w->within_ms)
		tell_heard(&heard);
}

/* Returns false when the queue is full: the same again, later. */
static bool ask(const struct walk *w, const struct dm_local_sighting *s)
{
	struct dm_op op = {.kind = DM_OP_BRIDGE_MAC_GET,
			   .rec = DM_REC_LOCAL_QUERY,
			   .vni = w->vni,
			   .device = w->ifindex,
			   .bridge_mac = {.port = w->ifindex, .mac = s->mac, .vlan = s->vlan}};

	if (s->own) {
		tell(w, &s->mac, 0);
		return true;
	}
	return dm_provider_push(&op);
}

static void go_on(struct walk *w)
{
	struct dm_local_sighting s = {.mac = w->mac, .vlan = w->vlan};
	unsigned int n;

	for (n = 0; n < STEP; n++) {
		if (!dm_locals_next(w->ifindex, &s)) {
			w->running = false;
			return;
		}
		if (!ask(w, &s))
			return;
		w->mac = s.mac;
		w->vlan = s.vlan;
	}
}

static void step(struct event *event)
{
	bool more = false;
	struct walk *w;

	frr_each (walks, &walks, w) {
		if (w->running)
			go_on(w);
		more |= w->running;
	}
	if (more)
		event_add_timer_msec(loop_main, step, NULL, STEP_MS, &t_step);
}

void dm_ageing_query(const struct dm_heard *query)
{
	struct walk *w = find(query->ifindex);

	if (!w) {
		w = XCALLOC(MTYPE_DM_AGEING, sizeof(*w));
		w->ifindex = query->ifindex;
		walks_add_tail(&walks, w);
	}
	w->vni = query->vni;
	w->within_ms = query->idle_ms;
	w->running = true;
	memset(&w->mac, 0, sizeof(w->mac));
	w->vlan = 0;
	event_add_timer_msec(loop_main, step, NULL, 0, &t_step);
}

void dm_ageing_answer(const struct dm_op *op)
{
	const struct nlm_bridge_mac *mac = &op->bridge_mac;
	struct walk *w = find(op->device);

	/* gone, or behind the VXLAN device by now: a notification says so */
	if (!w || op->error || mac->port == op->device)
		return;
	/* what was written down does not depend on frames */
	tell(w, &mac->mac, mac->fixed || mac->ext_learned ? 0 : mac->idle_ms);
	dm_locals_heard(op->device, mac);
}

void dm_ageing_end(uint32_t ifindex)
{
	struct walk *w = find(ifindex);

	if (!w)
		return;
	walks_del(&walks, w);
	XFREE(MTYPE_DM_AGEING, w);
}

void dm_ageing_start(struct event_loop *loop, void (*told)(const struct dm_heard *heard))
{
	walks_init(&walks);
	loop_main = loop;
	tell_heard = told;
}

void dm_ageing_stop(void)
{
	struct walk *w;

	event_cancel(&t_step);
	while ((w = walks_pop(&walks)))
		XFREE(MTYPE_DM_AGEING, w);
}

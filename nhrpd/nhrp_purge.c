// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Purge Requests for FRR's own NHRP code: those that are under way.
 *
 *   order ──> Purge Request ──reply──> done
 *               ^      |
 *               +-1 2 4-s, then it is given up: the holding time ends what the other end has
 *
 * Object: struct purge, identified by request ID. Called by nhrp_answers.c and
 * nhrp_registered.c, which know what has become void, and by nhrp_beside.c with the replies;
 * main pthread. Stock nhrpd ignores purges, so to it each order is four messages.
 *
 * RFC 2332 5.2.5, 5.2.6; RFC 2735 4.1. Not here: what a purge that comes in does (nhrp_forget.c).
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/memory.h"
#include "lib/typesafe.h"

#include "nhrpd.h"
#include "nhrpd/nhrp_beside.h"
#include "nhrpd/nhrp_hold.h"
#include "nhrpd/nhrp_io.h"
#include "nhrpd/nhrp_password.h"
#include "nhrpd/nhrp_purge.h"
#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_glue.h"
#include "nhrpd/vpn_stock.h"

#define RETRY_FIRST_MS 1000

DEFINE_MTYPE_STATIC(NHRPD, NHRP_PURGE, "NHRP purge");

PREDECL_HASH(purges);

struct purge {
	struct purges_item item;
	uint32_t request_id;
	struct nhrp_purge_order order;
	unsigned int tries;
	struct event *retry;
};

static int purge_cmp(const struct purge *a, const struct purge *b)
{
	return numcmp(a->request_id, b->request_id);
}

static uint32_t purge_hash(const struct purge *p)
{
	return p->request_id; /* random already */
}
DECLARE_HASH(purges, struct purge, item, purge_cmp, purge_hash);

static struct purges_head under_way = INIT_HASH(under_way);

static void done(struct purge *p)
{
	event_cancel(&p->retry);
	purges_del(&under_way, p);
	XFREE(MTYPE_NHRP_PURGE, p);
}

/* --- what is sent --- */

static size_t build(const struct purge *p, const struct interface *ifp, bool reply_wanted, uint8_t *buf, size_t size)
{
	const struct nhrp_purge_order *o = &p->order;
	struct nhrp_builder b;
	struct nhrp_msg m = {
		.has_vpn = o->has_vpn,
		.vpn = o->vpn,
		.afn = nhrp_afn((enum dm_family)o->nbma.family),
		.pro_type = nhrp_pro_type((enum dm_family)o->source.family),
		.hop_count = NHRP_HOP_COUNT,
		.op = NHRP_OP_PURGE_REQUEST,
		.flags = reply_wanted ? 0 : NHRP_PURGE_NO_REPLY,
		.request_id = p->request_id,
		.src_nbma = o->nbma,
		.src_proto = o->source,
		.dst_proto = o->target,
	};

	nhrp_build_begin(&b, buf, size, &m);
	for (size_t i = 0; i < o->num_entries; i++) {
		struct nhrp_cie cie = { .proto = o->entries[i].proto, .prefix_len = o->entries[i].prefix_len };

		nhrp_build_cie(&b, &cie);
	}
	nhrp_password_put(ifp, &b);
	return nhrp_build_end(&b);
}

/* Whether the interface speaks in the way of the order; *silent when it must not speak at all. */
static bool still_there(const struct nhrp_purge_order *o, bool *silent)
{
	struct vpn_id vpn = { 0 };
	enum vpn_layer3 now = vpn_glue_way(&o->to, &vpn);

	*silent = now == VPN_LAYER3_BLOCKED;
	return o->has_vpn ? now == VPN_LAYER3_VPN && !vpn_id_cmp(&vpn, &o->vpn) : now == VPN_LAYER3_PLAIN;
}

/* Returns false when nothing more will come of it. */
static bool transmit(const struct purge *p)
{
	struct interface *ifp = vpn_stock_interface(p->order.to.ifindex);
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	bool silent, there = still_there(&p->order, &silent);
	size_t len;

	if (!ifp || silent)
		return false;
	len = build(p, ifp, there, buf, sizeof(buf));
	if (!len)
		return false;
	if (nhrp_hold_lets_pass() && nhrp_io_send(&p->order.to, buf, len) == 0)
		nhrp_beside_count(NHRP_BESIDE_PURGES_SENT);
	return there;
}

static void due(struct event *t)
{
	struct purge *p = EVENT_ARG(t);
	uint32_t wait = RETRY_FIRST_MS << p->tries;

	if (p->tries >= NHRP_PURGE_TRIES) {
		nhrp_beside_count(NHRP_BESIDE_PURGES_UNANSWERED);
		done(p);
		return;
	}
	if (!transmit(p)) {
		done(p);
		return;
	}
	p->tries++;
	event_add_timer_msec(master, due, p, (long)(wait - vpn_glue_random() % (wait / 4)), &p->retry);
}

/* --- what is to be said --- */

static bool same_head(const struct nhrp_purge_order *a, const struct nhrp_purge_order *b)
{
	return vpn_path_same(&a->to, &b->to) && a->has_vpn == b->has_vpn && !vpn_id_cmp(&a->vpn, &b->vpn) &&
	       dm_addr_same(&a->nbma, &b->nbma) && dm_addr_same(&a->source, &b->source) &&
	       dm_addr_same(&a->target, &b->target);
}

static bool has_entry(const struct nhrp_purge_order *o, const struct nhrp_purge_entry *entry)
{
	for (size_t i = 0; i < o->num_entries; i++)
		if (dm_addr_same(&o->entries[i].proto, &entry->proto) && o->entries[i].prefix_len == entry->prefix_len)
			return true;
	return false;
}

/* Into a purge that has not left yet; false when it has no room. */
static bool add_entries(struct nhrp_purge_order *to, const struct nhrp_purge_order *from)
{
	if (to->num_entries + from->num_entries > NHRP_PURGE_ENTRIES)
		return false;
	for (size_t i = 0; i < from->num_entries; i++)
		if (!has_entry(to, &from->entries[i]))
			to->entries[to->num_entries++] = from->entries[i];
	return true;
}

static bool joins_another(const struct nhrp_purge_order *order)
{
	struct purge *p;

	frr_each (purges, &under_way, p)
		if (!p->tries && same_head(&p->order, order) && add_entries(&p->order, order))
			return true;
	return false;
}

/* At the end of the turn: the stock code's notifiers are not the place to send from. */
void nhrp_purge_send(const struct nhrp_purge_order *order)
{
	struct purge *p;

	if (joins_another(order))
		return;
	if (purges_count(&under_way) >= NHRP_PURGES_MAX) {
		nhrp_beside_count(NHRP_BESIDE_PURGES_UNANSWERED);
		return;
	}
	p = XCALLOC(MTYPE_NHRP_PURGE, sizeof(*p));
	p->order = *order;
	do
		p->request_id = vpn_glue_random();
	while (purges_add(&under_way, p));
	event_add_event(master, due, p, 0, &p->retry);
}

/* --- what ends it --- */

bool nhrp_purge_reply(const struct vpn_path *from, const struct nhrp_msg *m)
{
	struct purge ref = { .request_id = m->request_id };
	struct purge *p = purges_find(&under_way, &ref);

	if (!p || !vpn_path_same(&p->order.to, from) || !dm_addr_same(&p->order.source, &m->src_proto))
		return false;
	nhrp_beside_count(NHRP_BESIDE_PURGES_ACKNOWLEDGED);
	done(p);
	return true;
}

/* What remains keeps its request ID: whoever acknowledges the longer list has done the shorter one, too. */
static void take_entry_out(struct nhrp_purge_order *o, const struct dm_addr *proto)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->num_entries; i++)
		if (!dm_addr_same(&o->entries[i].proto, proto))
			o->entries[kept++] = o->entries[i];
	o->num_entries = kept;
}

void nhrp_purge_cancel(const struct vpn_path *to, const struct dm_addr *proto)
{
	struct purge *p;

	frr_each_safe (purges, &under_way, p) {
		if (!vpn_path_same(&p->order.to, to))
			continue;
		take_entry_out(&p->order, proto);
		if (!p->order.num_entries)
			done(p);
	}
}

void nhrp_purge_terminate(void)
{
	struct purge *p;

	while ((p = purges_first(&under_way)))
		done(p);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who was told what by Resolution Replies. With FRR's own NHRP code a server passes the
 * request on, and the station that has the address answers, by way of the server or straight;
 * either may learn that the answer is void:
 *
 *   asker ──request──> server ──> station      the station: its address, the way behind it or its
 *     ^                              |         network-id is gone ──> it purges the asker
 *     +──────────reply───────────────+         the server: the station's registration is gone, or
 *                                              leads elsewhere ──> it purges the asker
 *
 * Object: struct answer, by (interface, asker, address asked for). A server's hangs on the
 * stock code's binding of the station by a notifier and lives as long as that: an asker
 * renews directly at the station, past the server. One of our own is compared twice
 * a second with what would be answered now, until its holding time is over.
 *
 * Called by nhrp_beside.c, and by the stock code through the notifier, where nothing but the
 * answer itself may be changed; main pthread. RFC 2332 5.2.2, 5.2.5.
 * Not here: an asker behind another server. It is not told, and keeps to its holding time.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/if.h"
#include "lib/jhash.h"
#include "lib/memory.h"
#include "lib/typesafe.h"

#include "nhrpd.h"
#include "nhrpd/nhrp_answers.h"
#include "nhrpd/nhrp_purge.h"
#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_glue.h"
#include "nhrpd/vpn_stock.h"

#define DOUBTS 2 /* looks: a route may be replaced by another */

DEFINE_MTYPE_STATIC(NHRPD, NHRP_ANSWER, "NHRP answer noted");

PREDECL_HASH(answers);
PREDECL_DLIST(answer_age);

struct answer {
	struct answers_item item;
	struct answer_age_item age_item;
	struct vpn_path to; /* the asker's; its NBMA address does not identify */
	struct dm_addr asker, asked;

	bool has_vpn;
	struct vpn_id vpn;
	struct dm_addr station, station_nbma; /* what was answered */
	uint8_t prefix_len;		      /* of the address asked for, bits */
	struct nhrp_cache *binding;	      /* of the station; NULL: it is this node */
	struct notifier_block notifier;
	uint64_t until;	     /* ms; this node's own answers */
	unsigned int doubts; /* looks in a row that found it wrong */
};

static int answer_cmp(const struct answer *a, const struct answer *b)
{
	int order = numcmp(a->to.ifindex, b->to.ifindex);

	if (!order)
		order = dm_addr_cmp(&a->asker, &b->asker);
	return order ? order : dm_addr_cmp(&a->asked, &b->asked);
}

static uint32_t answer_hash(const struct answer *a)
{
	return dm_addr_hash(&a->asked, dm_addr_hash(&a->asker, a->to.ifindex));
}
DECLARE_HASH(answers, struct answer, item, answer_cmp, answer_hash);
DECLARE_DLIST(answer_age, struct answer, age_item);

static struct answers_head all = INIT_HASH(all);
static struct answer_age_head by_age = INIT_DLIST(by_age);

static void forget(struct answer *a)
{
	if (a->binding)
		nhrp_cache_notify_del(a->binding, &a->notifier);
	answers_del(&all, a);
	answer_age_del(&by_age, a);
	XFREE(MTYPE_NHRP_ANSWER, a);
}

/* --- telling the asker --- */

static void add_entry(struct nhrp_purge_order *o, const struct dm_addr *proto, uint8_t prefix_len)
{
	o->entries[o->num_entries++] = (struct nhrp_purge_entry){ .proto = *proto, .prefix_len = prefix_len };
}

/* The address that was asked for, and the station that was answered where that is another. */
static void tell(const struct answer *a)
{
	struct interface *ifp = vpn_stock_interface(a->to.ifindex);
	struct nhrp_purge_order o = {
		.to = a->to,
		.has_vpn = a->has_vpn,
		.vpn = a->vpn,
		.target = a->asker,
	};

	if (!ifp || !if_is_up(ifp) || !vpn_stock_nbma(ifp, &o.nbma))
		return;
	if (!a->binding)
		o.source = a->station;
	else if (!vpn_stock_proto(ifp, (enum dm_family)a->asker.family, &o.source))
		return;
	add_entry(&o, &a->asked, a->prefix_len);
	if (!dm_addr_same(&a->asked, &a->station))
		add_entry(&o, &a->station, (uint8_t)(8 * dm_addr_len(&a->station)));
	nhrp_purge_send(&o);
}

/* --- answers of others --- */

static bool leads_there(const struct answer *a)
{
	struct dm_addr nbma;

	return a->binding->cur.type >= NHRP_CACHE_DYNAMIC && vpn_stock_station(a->binding, &nbma) &&
	       dm_addr_same(&nbma, &a->station_nbma);
}

static void binding_changed(struct notifier_block *n, unsigned long cmd)
{
	struct answer *a = container_of(n, struct answer, notifier);

	if (cmd != NOTIFY_CACHE_DELETE && (cmd != NOTIFY_CACHE_BINDING_CHANGE || leads_there(a)))
		return;
	tell(a);
	forget(a);
}

/* --- answers of our own --- */

static bool would_answer(const struct answer *a, struct interface *ifp)
{
	const struct nhrp_interface *nifp = ifp->info;
	enum dm_family family = (enum dm_family)a->asked.family;
	enum vpn_stock_way way = vpn_stock_way(ifp, &a->asked);
	struct vpn_id vpn = { 0 };
	struct dm_addr own;

	if (!nifp->afi[family == DM_IPV4 ? AFI_IP : AFI_IP6].network_id)
		return false;
	if (!vpn_stock_proto(ifp, family, &own) || !dm_addr_same(&own, &a->station))
		return false;
	if (way != VPN_STOCK_LOCAL && way != VPN_STOCK_LEAVES)
		return false;
	if (vpn_glue_layer3(a->to.ifindex, &vpn) != VPN_LAYER3_VPN)
		return !a->has_vpn;
	return a->has_vpn && !vpn_id_cmp(&vpn, &a->vpn);
}

static void look_at(struct answer *a, uint64_t now)
{
	struct interface *ifp = vpn_stock_interface(a->to.ifindex);
	struct dm_addr nbma;

	if (!ifp || a->until <= now) {
		forget(a);
		return;
	}
	if (!if_is_up(ifp) || would_answer(a, ifp)) {
		a->doubts = 0;
		return;
	}
	if (++a->doubts < DOUBTS)
		return;
	/* from another NBMA address it would not be believed */
	if (vpn_stock_nbma(ifp, &nbma) && dm_addr_same(&nbma, &a->station_nbma))
		tell(a);
	forget(a);
}

void nhrp_answers_poll(void)
{
	uint64_t now = vpn_glue_now();
	struct answer *a;

	frr_each_safe (answer_age, &by_age, a)
		if (!a->binding)
			look_at(a, now);
}

/* --- noting --- */

/* The parts that request and reply have in common. Returns false when the stock code has no way to the asker. */
static bool read_head(struct answer *a, struct interface *ifp, const struct nhrp_msg *m)
{
	a->to.ifindex = (uint32_t)ifp->ifindex;
	a->asker = m->src_proto;
	a->asked = m->dst_proto;
	a->prefix_len = (uint8_t)(8 * dm_addr_len(&a->asked));
	if (!vpn_stock_station(vpn_stock_binding(ifp, &a->asker), &a->to.nbma))
		return false;
	a->has_vpn = vpn_glue_layer3(a->to.ifindex, &a->vpn) == VPN_LAYER3_VPN;
	return true;
}

/* The station's binding, what ends the answer; false when it is none that can go. */
static bool hang_on(struct answer *a, struct nhrp_cache *binding)
{
	a->binding = binding;
	return binding && binding->cur.type == NHRP_CACHE_DYNAMIC && vpn_stock_station(binding, &a->station_nbma);
}

/* What the reply says, into *a; false when nobody need ever be told. */
static bool read_reply(struct answer *a, struct interface *ifp, const struct nhrp_msg *m)
{
	struct dm_reader body = m->body;
	struct dm_addr own;
	struct nhrp_cie cie;

	if (!nhrp_cie_next(&body, m->afn, m->pro_type, &cie) || cie.code != NHRP_CIE_SUCCESS ||
	    !read_head(a, ifp, m))
		return false;
	a->station = dm_addr_is_set(&cie.proto) ? cie.proto : m->dst_proto;
	if (cie.prefix_len && cie.prefix_len < a->prefix_len)
		a->prefix_len = cie.prefix_len;
	a->until = vpn_glue_now() + cie.holding_time * 1000ULL;

	if (vpn_stock_proto(ifp, (enum dm_family)a->station.family, &own) && dm_addr_same(&own, &a->station))
		return vpn_stock_nbma(ifp, &a->station_nbma);
	return hang_on(a, vpn_stock_binding(ifp, &a->station));
}

/* SAID takes the place of what was noted of the same asker and address. */
static void note(const struct answer *said)
{
	struct answer *a = answers_find(&all, said);

	nhrp_purge_cancel(&said->to, &said->asked);
	nhrp_purge_cancel(&said->to, &said->station);
	if (a)
		forget(a);
	else if (answers_count(&all) >= NHRP_ANSWERS_MAX)
		forget(answer_age_first(&by_age));
	a = XCALLOC(MTYPE_NHRP_ANSWER, sizeof(*a));
	*a = *said;
	answers_add(&all, a);
	answer_age_add_tail(&by_age, a);
	if (a->binding)
		nhrp_cache_notify_add(a->binding, &a->notifier, binding_changed);
}

void nhrp_answers_sent(const struct vpn_path *to, const struct nhrp_msg *m)
{
	struct interface *ifp = vpn_stock_interface(to->ifindex);
	struct answer said = { .binding = NULL };

	if (ifp && read_reply(&said, ifp, m))
		note(&said);
}

/* Of the prefix that will be answered the one address is known, which ends what the asker has of that prefix. */
void nhrp_answers_asked(const struct vpn_path *to, const struct nhrp_msg *m)
{
	struct interface *ifp = vpn_stock_interface(to->ifindex);
	struct answer said = { .binding = NULL };

	if (!ifp || !hang_on(&said, vpn_stock_next_hop(ifp, &m->dst_proto)))
		return;
	if (vpn_stock_addr(&said.station, &said.binding->remote_addr) && read_head(&said, ifp, m))
		note(&said);
}

void nhrp_answers_terminate(void)
{
	struct answer *a;

	while ((a = answer_age_first(&by_age)))
		forget(a);
}

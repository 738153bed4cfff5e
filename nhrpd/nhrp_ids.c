// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The request IDs of FRR's own NHRP code and those that stand for them on the wire.
 *
 *   stock code: request 7 ──> 0x9c31e50b on the wire ──> peer
 *   stock code: reply   7 <── 0x9c31e50b, from where it was sent ── peer
 *                       X  <── any other
 *
 * Object: struct nhrp_id, one for each request that is under way; by the ID on the wire for
 * what comes in, by (type, stock ID) for what is sent again, by age for what is over. Called
 * by nhrp_beside.c in the main pthread; knows no sockets and no clock.
 *
 * RFC 2332 5.2.0.1 (request ID). Not here: which messages are the node's own.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/jhash.h"
#include "lib/memory.h"

#include "nhrpd/nhrp_ids.h"

DECLARE_MGROUP(VPNENGINE);
DEFINE_MTYPE_STATIC(VPNENGINE, NHRP_ID, "NHRP request ID");

struct nhrp_id {
	struct nhrp_ids_wire_item wire_item;
	struct nhrp_ids_stock_item stock_item;
	struct nhrp_ids_age_item age_item;
	uint32_t wire;
	struct nhrp_id_sent sent;
	uint64_t until; /* ms */
};

static int wire_cmp(const struct nhrp_id *a, const struct nhrp_id *b)
{
	return numcmp(a->wire, b->wire);
}

static uint32_t wire_hash(const struct nhrp_id *i)
{
	return i->wire; /* random already */
}
DECLARE_HASH(nhrp_ids_wire, struct nhrp_id, wire_item, wire_cmp, wire_hash);

static int stock_cmp(const struct nhrp_id *a, const struct nhrp_id *b)
{
	int order = numcmp(a->sent.stock, b->sent.stock);

	return order ? order : numcmp(a->sent.op, b->sent.op);
}

static uint32_t stock_hash(const struct nhrp_id *i)
{
	return jhash_1word(i->sent.stock, i->sent.op);
}
DECLARE_HASH(nhrp_ids_stock, struct nhrp_id, stock_item, stock_cmp, stock_hash);
DECLARE_DLIST(nhrp_ids_age, struct nhrp_id, age_item);

void nhrp_ids_init(struct nhrp_ids *ids, uint32_t (*random)(void *arg), void *arg)
{
	nhrp_ids_wire_init(&ids->wire);
	nhrp_ids_stock_init(&ids->stock);
	nhrp_ids_age_init(&ids->age);
	ids->random = random;
	ids->arg = arg;
}

static void forget(struct nhrp_ids *ids, struct nhrp_id *i)
{
	nhrp_ids_wire_del(&ids->wire, i);
	nhrp_ids_stock_del(&ids->stock, i);
	nhrp_ids_age_del(&ids->age, i);
	XFREE(MTYPE_NHRP_ID, i);
}

void nhrp_ids_fini(struct nhrp_ids *ids)
{
	struct nhrp_id *i;

	while ((i = nhrp_ids_age_first(&ids->age)))
		forget(ids, i);
	nhrp_ids_wire_fini(&ids->wire);
	nhrp_ids_stock_fini(&ids->stock);
	nhrp_ids_age_fini(&ids->age);
}

/* All live equally long, so the first of the list is the first to go. */
static void make_room(struct nhrp_ids *ids, uint64_t now)
{
	struct nhrp_id *i;

	while ((i = nhrp_ids_age_first(&ids->age)) &&
	       (i->until <= now || nhrp_ids_age_count(&ids->age) >= NHRP_IDS_MAX))
		forget(ids, i);
}

static struct nhrp_id *by_stock(struct nhrp_ids *ids, const struct nhrp_id_sent *sent)
{
	struct nhrp_id ref = { .sent = *sent };

	return nhrp_ids_stock_find(&ids->stock, &ref);
}

static struct nhrp_id *add(struct nhrp_ids *ids, const struct nhrp_id_sent *sent)
{
	struct nhrp_id *i = XCALLOC(MTYPE_NHRP_ID, sizeof(*i));

	i->sent = *sent;
	do
		i->wire = ids->random(ids->arg);
	while (nhrp_ids_wire_add(&ids->wire, i));
	nhrp_ids_stock_add(&ids->stock, i);
	nhrp_ids_age_add_tail(&ids->age, i);
	return i;
}

uint32_t nhrp_ids_sent(struct nhrp_ids *ids, const struct nhrp_id_sent *sent, uint64_t now)
{
	struct nhrp_id *i = by_stock(ids, sent);

	if (i) {
		nhrp_ids_age_del(&ids->age, i);
		nhrp_ids_age_add_tail(&ids->age, i);
	} else {
		make_room(ids, now);
		i = add(ids, sent);
	}
	i->sent.path = sent->path;
	i->until = now + NHRP_IDS_MS;
	return i->wire;
}

static struct nhrp_id *by_wire(struct nhrp_ids *ids, uint32_t wire)
{
	struct nhrp_id ref = { .wire = wire };

	return nhrp_ids_wire_find(&ids->wire, &ref);
}

bool nhrp_ids_find(struct nhrp_ids *ids, uint32_t wire, uint8_t op, const struct vpn_path *from, bool same_station,
		   uint64_t now, struct nhrp_id_sent *sent)
{
	struct nhrp_id *i = by_wire(ids, wire);

	if (!i || i->until <= now || i->sent.op != op || i->sent.path.ifindex != from->ifindex)
		return false;
	if (same_station && !dm_addr_same(&i->sent.path.nbma, &from->nbma))
		return false;
	*sent = i->sent;
	return true;
}

void nhrp_ids_answered(struct nhrp_ids *ids, uint32_t wire)
{
	struct nhrp_id *i = by_wire(ids, wire);

	if (i)
		forget(ids, i);
}

size_t nhrp_ids_count(const struct nhrp_ids *ids)
{
	return nhrp_ids_age_count(&ids->age);
}

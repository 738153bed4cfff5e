// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Neighbours behind other members. Objects: a site by ifindex of the VXLAN device; in it a
 * neighbour by IP address, and a MAC for all neighbours that have it.
 *
 * For a bridge to answer an ARP request or a neighbour solicitation itself, its kernel wants
 *
 *   a neighbour entry    of the bridge, or of the VLAN device upon it: which MAC
 *   an entry of the bridge   for that MAC, behind a port with neigh_suppress: that it is over there
 *
 *   NEIGH_SET --> neighbour --> DM_OP_NEIGH_SET          (`extern_learn`, protocol nhrp: ours)
 *                     |
 *                     +--> MAC, counted --> DM_OP_BRIDGE_MAC_SET   (`extern_learn` on the VXLAN device)
 *
 * The second would be learned with the first frame from there, too, but then nobody is answered
 * before. It gives way when the bridge hears the MAC on a port of its own, and is made again
 * when dmevpn_locals.c says that it is not there any more.
 *
 * As in dmevpn_fdb.c: what is asked for again unchanged costs nothing; `pending` is asked for
 * again, at most once a second; `absent` is what the kernel, or the rule that what somebody wrote
 * down is left alone (dmevpn_provider.c), refused; `unwanted` waits for room in the queue.
 *
 * All functions run on zebra's main pthread. Where the place is, is dmevpn_suppress.c's business.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/jhash.h"
#include "lib/monotime.h"
#include "lib/typesafe.h"

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_locals.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_neigh.h"
#include "zebra/dmevpn_nlsock.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_NEIGH_SITE, "site with neighbours");
DEFINE_MTYPE_STATIC(DMEVPN, DM_NEIGH, "remote neighbour");
DEFINE_MTYPE_STATIC(DMEVPN, DM_NEIGH_MAC, "MAC of remote neighbours");

#define RCVBUF (4 << 20) /* octets */
/* of a device; as many as a bridge may have local MACs */
#define NEIGHS_MAX 65536
/* milliseconds from a loss to its repair, so that a flush is repaired in one go; and between two */
#define REPAIR_SOON 50
#define REPAIR_MS 1000

PREDECL_HASH(site_table);
PREDECL_HASH(neigh_table);
PREDECL_HASH(mac_table);

/* What of an entry is still to be done. */
struct todo {
	bool absent;   /* refused */
	bool pending;  /* the kernel is to be asked for it (again) */
	bool unwanted; /* the kernel is to be asked to remove it */
};

struct neigh {
	struct neigh_table_item item;
	struct dm_addr ip, mac;
	bool marked;
	struct todo todo;
};

struct mac {
	struct mac_table_item item;
	struct dm_addr mac;
	uint32_t refs; /* neighbours that have it; 0: left by an earlier zebra */
	bool local;    /* it is on our own side now: the entry gives way */
	struct todo todo;
};

struct site {
	struct site_table_item item;
	uint32_t ifindex, vni;
	bool placed;
	struct dm_neigh_place place; /* while placed */
	struct neigh_table_head neighs;
	struct mac_table_head macs;
};

static int site_cmp(const struct site *a, const struct site *b)
{
	return numcmp(a->ifindex, b->ifindex);
}

static uint32_t site_hash(const struct site *s)
{
	return jhash_1word(s->ifindex, 0x73697465);
}

static int neigh_cmp(const struct neigh *a, const struct neigh *b)
{
	return dm_addr_cmp(&a->ip, &b->ip);
}

static uint32_t neigh_hash(const struct neigh *n)
{
	return dm_addr_hash(&n->ip, 0x6e656967);
}

static int mac_cmp(const struct mac *a, const struct mac *b)
{
	return dm_addr_cmp(&a->mac, &b->mac);
}

static uint32_t mac_hash(const struct mac *m)
{
	return dm_addr_hash(&m->mac, 0x6d6163);
}

DECLARE_HASH(site_table, struct site, item, site_cmp, site_hash);
DECLARE_HASH(neigh_table, struct neigh, item, neigh_cmp, neigh_hash);
DECLARE_HASH(mac_table, struct mac, item, mac_cmp, mac_hash);

static struct site_table_head sites = INIT_HASH(sites);
static struct event_loop *loop_main;
static struct event *t_repair;
static struct timeval repaired; /* last time */
static void (*tell_heard)(uint32_t ifindex, uint16_t vlan, const struct dm_addr *ip,
			  const struct dm_addr *mac);

static struct site *find_site(uint32_t ifindex)
{
	struct site key = {.ifindex = ifindex};

	return site_table_find(&sites, &key);
}

static struct neigh *find_neigh(struct site *s, const struct dm_addr *ip)
{
	struct neigh key = {.ip = *ip};

	return neigh_table_find(&s->neighs, &key);
}

static struct mac *find_mac(struct site *s, const struct dm_addr *mac)
{
	struct mac key = {.mac = *mac};

	return mac_table_find(&s->macs, &key);
}

static void repair(struct event *event);

static void repair_soon(void)
{
	bool rested = monotime_since(&repaired, NULL) > REPAIR_MS * 1000;

	event_add_timer_msec(loop_main, repair, NULL, rested ? REPAIR_SOON : REPAIR_MS, &t_repair);
}

/* --- operations ------------------------------------------------------------- */

static bool push_neigh(const struct dm_neigh_place *place, uint32_t vni, enum dm_op_kind kind,
		       const struct dm_addr *ip, const struct dm_addr *mac)
{
	struct dm_op op = {.kind = kind, .vni = vni};

	op.rec = kind == DM_OP_NEIGH_SET ? DM_REC_NEIGH_SET : DM_REC_NEIGH_DEL;
	op.device = place->port;
	op.neigh.ifindex = place->layer3;
	op.neigh.ip = *ip;
	op.neigh.mac = *mac;
	return dm_provider_push(&op);
}

static bool push_mac(const struct dm_neigh_place *place, uint32_t vni, enum dm_op_kind kind,
		     const struct dm_addr *mac)
{
	struct dm_op op = {.kind = kind, .vni = vni};

	op.rec = kind == DM_OP_BRIDGE_MAC_SET ? DM_REC_NEIGH_SET : DM_REC_NEIGH_DEL;
	op.device = place->port;
	op.bridge_mac.port = place->port;
	op.bridge_mac.vlan = place->vlan;
	op.bridge_mac.mac = *mac;
	return dm_provider_push(&op);
}

/* --- MACs --------------------------------------------------------------------- */

static struct mac *add_mac(struct site *s, const struct dm_addr *mac)
{
	struct mac *m = XCALLOC(MTYPE_DM_NEIGH_MAC, sizeof(*m));

	m->mac = *mac;
	mac_table_add(&s->macs, m);
	return m;
}

static void free_mac(struct site *s, struct mac *m)
{
	mac_table_del(&s->macs, m);
	XFREE(MTYPE_DM_NEIGH_MAC, m);
}

static void put_mac(struct site *s, struct mac *m)
{
	m->todo = (struct todo){.pending = !s->placed};
	m->local = s->placed && dm_locals_has(s->ifindex, &m->mac, s->place.vlan);
	if (!s->placed || m->local)
		return;
	m->todo.pending = !push_mac(&s->place, s->vni, DM_OP_BRIDGE_MAC_SET, &m->mac);
	if (m->todo.pending)
		repair_soon();
}

/* Frees it, or keeps it until the queue has room for its removal. */
static void remove_mac(struct site *s, struct mac *m)
{
	if (!s->placed || push_mac(&s->place, s->vni, DM_OP_BRIDGE_MAC_DEL, &m->mac)) {
		free_mac(s, m);
	} else {
		m->todo = (struct todo){.unwanted = true};
		repair_soon();
	}
}

static void take_mac(struct site *s, const struct dm_addr *mac)
{
	struct mac *m = find_mac(s, mac);
	bool there = m && !m->todo.absent && !m->todo.unwanted;

	if (!m)
		m = add_mac(s, mac);
	m->refs++;
	if (!there)
		put_mac(s, m);
}

static void release_mac(struct site *s, const struct dm_addr *mac)
{
	struct mac *m = find_mac(s, mac);

	if (m && m->refs && --m->refs == 0)
		remove_mac(s, m);
}

/* --- neighbours ------------------------------------------------------------------ */

static struct neigh *add_neigh(struct site *s, const struct dm_addr *ip, const struct dm_addr *mac)
{
	struct neigh *n = XCALLOC(MTYPE_DM_NEIGH, sizeof(*n));

	n->ip = *ip;
	n->mac = *mac;
	neigh_table_add(&s->neighs, n);
	take_mac(s, mac);
	return n;
}

/* The last of it: the MAC has been released before. */
static void free_neigh(struct site *s, struct neigh *n)
{
	neigh_table_del(&s->neighs, n);
	XFREE(MTYPE_DM_NEIGH, n);
}

static void put_neigh(struct site *s, struct neigh *n)
{
	n->todo = (struct todo){.pending = !s->placed};
	if (!s->placed)
		return;
	n->todo.pending = !push_neigh(&s->place, s->vni, DM_OP_NEIGH_SET, &n->ip, &n->mac);
	if (n->todo.pending)
		repair_soon();
}

static void remove_neigh(struct site *s, struct neigh *n)
{
	if (!n->todo.unwanted)
		release_mac(s, &n->mac);
	if (!s->placed || push_neigh(&s->place, s->vni, DM_OP_NEIGH_DEL, &n->ip, &n->mac)) {
		free_neigh(s, n);
	} else {
		n->todo = (struct todo){.unwanted = true};
		repair_soon();
	}
}

int dm_neigh_set(uint32_t ifindex, const struct dm_addr *ip, const struct dm_addr *mac)
{
	struct site *s = find_site(ifindex);
	struct neigh *n = s ? find_neigh(s, ip) : NULL;
	struct dm_addr was;

	if (!s)
		return ENOENT;
	if (ip->family == DM_MAC || !dm_addr_is_station(ip) || mac->family != DM_MAC ||
	    !dm_addr_is_station(mac))
		return EINVAL;
	if (!n && neigh_table_count(&s->neighs) >= NEIGHS_MAX)
		return ENOSPC;
	if (n && n->todo.unwanted) {
		free_neigh(s, n);
		n = NULL;
	}
	if (!n) {
		put_neigh(s, add_neigh(s, ip, mac));
		return 0;
	}
	n->marked = false;
	if (!dm_addr_same(&n->mac, mac)) {
		was = n->mac;
		n->mac = *mac;
		take_mac(s, mac);
		put_neigh(s, n);
		/* last: what the bridge has for both is never less than what is answered with */
		release_mac(s, &was);
	} else if (n->todo.absent) {
		put_neigh(s, n);
	}
	return 0;
}

void dm_neigh_del(uint32_t ifindex, const struct dm_addr *ip)
{
	struct site *s = find_site(ifindex);
	struct neigh *n = s ? find_neigh(s, ip) : NULL;

	if (n && !n->todo.unwanted)
		remove_neigh(s, n);
}

bool dm_neigh_where(uint32_t ifindex, struct dm_neigh_place *place)
{
	struct site *s = find_site(ifindex);

	if (!s || !s->placed)
		return false;
	*place = s->place;
	return true;
}

uint32_t dm_neigh_count(uint32_t ifindex)
{
	struct site *s = find_site(ifindex);

	return s ? neigh_table_count(&s->neighs) : 0;
}

void dm_neigh_local_mac(uint32_t ifindex, const struct dm_addr *mac, bool gone)
{
	struct site *s = find_site(ifindex);
	struct mac *m = s ? find_mac(s, mac) : NULL;

	if (!m)
		return;
	m->local = !gone;
	/* not at once: a MAC that moves among our own ports may be gone for a moment */
	if (gone && m->refs) {
		m->todo.pending = true;
		repair_soon();
	}
}

/* --- places -------------------------------------------------------------------------- */

bool dm_neigh_place_same(const struct dm_neigh_place *a, const struct dm_neigh_place *b)
{
	return a->port == b->port && a->layer3 == b->layer3 && a->vlan == b->vlan;
}

/* A reading of one place. */
struct reading {
	const struct dm_neigh_place *place;
	struct site *site; /* whose neighbours they are to be; NULL: they are to go */
	bool full;	   /* the queue had no room for all removals */
};

static void read_bridge_mac(const struct nlmsghdr *nlh, void *arg)
{
	struct nlm_bridge_mac entry;
	struct reading *r = arg;
	struct mac *m;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || !nlm_parse_bridge_mac(nlh, &entry) ||
	    entry.port != r->place->port || entry.vlan != r->place->vlan || entry.own ||
	    entry.fixed || !entry.ext_learned)
		return;
	if (!r->site) {
		r->full |= !push_mac(r->place, 0, DM_OP_BRIDGE_MAC_DEL, &entry.mac);
		return;
	}
	m = find_mac(r->site, &entry.mac);
	if (m)
		m->todo.pending = false;
	else
		add_mac(r->site, &entry.mac);
}

static bool is_valid(const struct nlm_neigh *neigh)
{
	return neigh->state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE) &&
	       !neigh->ext_learned && dm_addr_is_set(&neigh->mac);
}

static void read_neigh(const struct nlmsghdr *nlh, void *arg)
{
	struct nlm_neigh neigh;
	struct reading *r = arg;
	struct neigh *n;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || !nlm_parse_neigh(nlh, &neigh) ||
	    neigh.ifindex != r->place->layer3)
		return;
	if (r->site && is_valid(&neigh))
		tell_heard(r->site->ifindex, r->place->vlan, &neigh.ip, &neigh.mac);
	if (!nlm_neigh_is_ours(&neigh) || !dm_addr_is_set(&neigh.mac))
		return;
	if (!r->site) {
		r->full |= !push_neigh(r->place, 0, DM_OP_NEIGH_DEL, &neigh.ip, &neigh.mac);
		return;
	}
	n = find_neigh(r->site, &neigh.ip);
	if (!n)
		add_neigh(r->site, &neigh.ip, &neigh.mac)->marked = true;
	else if (dm_addr_same(&n->mac, &neigh.mac))
		n->todo.pending = false;
}

/* The bridge's entries first, so that MACs of neighbours that are met are there already. */
static int read_place(struct reading *r)
{
	char buf[NLM_MESSAGE_MAX];
	struct nls sock;
	int err = nls_open(&sock, RCVBUF, NULL);

	if (err)
		return err;
	if (r->place->port)
		err = nls_dump(&sock, nlm_build_fdb_dump(buf, r->place->port), read_bridge_mac, r);
	if (r->place->layer3 && (!err || err == -EINTR))
		err = nls_dump(&sock, nlm_build_neigh_dump(buf, r->place->layer3, DM_IPV4),
			       read_neigh, r);
	if (r->place->layer3 && (!err || err == -EINTR))
		err = nls_dump(&sock, nlm_build_neigh_dump(buf, r->place->layer3, DM_IPV6),
			       read_neigh, r);
	nls_close(&sock);
	/* a dump that changed under the reader is good enough: nhrpd asks for what it wants anyway */
	return err == -EINTR ? 0 : err;
}

bool dm_neigh_purge(const struct dm_neigh_place *place)
{
	struct reading r = {.place = place};
	int err = read_place(&r);

	/* one of the devices is gone, and what hung on it */
	return err ? err == -ENODEV || err == -EINVAL : !r.full;
}

static void take_out(struct site *s)
{
	struct neigh *n;
	struct mac *m;

	if (!s->placed)
		return;
	frr_each_safe (neigh_table, &s->neighs, n) {
		push_neigh(&s->place, s->vni, DM_OP_NEIGH_DEL, &n->ip, &n->mac);
		if (n->todo.unwanted)
			free_neigh(s, n);
		else
			n->todo = (struct todo){.pending = true};
	}
	frr_each_safe (mac_table, &s->macs, m) {
		push_mac(&s->place, s->vni, DM_OP_BRIDGE_MAC_DEL, &m->mac);
		if (!m->refs)
			free_mac(s, m);
		else
			m->todo = (struct todo){.pending = true};
	}
	s->placed = false;
}

/* All that is wanted, or what of it is pending. */
static void put_all(struct site *s, bool pending)
{
	struct neigh *n;
	struct mac *m;

	frr_each (mac_table, &s->macs, m)
		if (m->refs && (!pending || m->todo.pending))
			put_mac(s, m);
	frr_each (neigh_table, &s->neighs, n)
		if (!n->todo.unwanted && (!pending || n->todo.pending))
			put_neigh(s, n);
}

int dm_neigh_move(uint32_t ifindex, const struct dm_neigh_place *place)
{
	struct site *s = find_site(ifindex);
	struct reading r = {.site = s};
	int err;

	if (!s || (s->placed && place && dm_neigh_place_same(&s->place, place)))
		return 0;
	take_out(s);
	if (!place)
		return 0;
	s->place = *place;
	s->placed = true;
	r.place = &s->place;
	err = read_place(&r);
	if (err)
		s->placed = false;
	else
		put_all(s, true);
	return err;
}

void dm_neigh_enter(uint32_t ifindex, uint32_t vni)
{
	struct site *s = find_site(ifindex);

	if (!s) {
		s = XCALLOC(MTYPE_DM_NEIGH_SITE, sizeof(*s));
		s->ifindex = ifindex;
		neigh_table_init(&s->neighs);
		mac_table_init(&s->macs);
		site_table_add(&sites, s);
	}
	s->vni = vni;
}

static void free_site(struct site *s)
{
	struct neigh *n;
	struct mac *m;

	while ((n = neigh_table_pop(&s->neighs)))
		XFREE(MTYPE_DM_NEIGH, n);
	while ((m = mac_table_pop(&s->macs)))
		XFREE(MTYPE_DM_NEIGH_MAC, m);
	neigh_table_fini(&s->neighs);
	mac_table_fini(&s->macs);
	site_table_del(&sites, s);
	XFREE(MTYPE_DM_NEIGH_SITE, s);
}

void dm_neigh_leave(uint32_t ifindex)
{
	struct site *s = find_site(ifindex);

	if (!s)
		return;
	take_out(s);
	free_site(s);
}

/* --- as a whole ------------------------------------------------------------------------ */

void dm_neigh_replay(uint32_t ifindex)
{
	struct site *s;

	frr_each (site_table, &sites, s)
		if (!ifindex || s->ifindex == ifindex)
			put_all(s, false);
}

/* The queue has no room when there is something to repair anew. */
static void repair_site(struct site *s)
{
	struct neigh *n;
	struct mac *m;

	frr_each_safe (mac_table, &s->macs, m) {
		if (t_repair)
			return;
		if (m->todo.unwanted)
			remove_mac(s, m);
		else if (m->todo.pending)
			put_mac(s, m);
	}
	frr_each_safe (neigh_table, &s->neighs, n) {
		if (t_repair)
			return;
		if (n->todo.unwanted)
			remove_neigh(s, n);
		else if (n->todo.pending)
			put_neigh(s, n);
	}
}

static void repair(struct event *event)
{
	struct site *s;

	monotime(&repaired);
	frr_each (site_table, &sites, s)
		if (s->placed)
			repair_site(s);
}

void dm_neigh_removed(const struct nlm_neigh *neigh)
{
	struct neigh *n;
	struct site *s;

	frr_each (site_table, &sites, s) {
		n = s->placed && s->place.layer3 == neigh->ifindex ? find_neigh(s, &neigh->ip) : NULL;
		if (!n || n->todo.unwanted)
			continue;
		if (n->marked) {
			release_mac(s, &n->mac);
			free_neigh(s, n);
			continue;
		}
		n->todo.pending = true;
		repair_soon();
	}
}

void dm_neigh_bridge_mac_removed(const struct nlm_bridge_mac *entry)
{
	struct mac *m;
	struct site *s;

	frr_each (site_table, &sites, s) {
		m = s->placed && s->place.vlan == entry->vlan ? find_mac(s, &entry->mac) : NULL;
		if (!m || !m->refs || (entry->port != s->place.port && !m->todo.absent))
			continue;
		m->todo.pending = true;
		repair_soon();
	}
}

void dm_neigh_mark(void)
{
	struct neigh *n;
	struct site *s;

	frr_each (site_table, &sites, s)
		frr_each (neigh_table, &s->neighs, n)
			n->marked = true;
}

void dm_neigh_each_marked(uint32_t ifindex, unsigned int most,
			  void (*each)(uint32_t ifindex, uint32_t vni, const struct dm_addr *ip))
{
	struct site *s = find_site(ifindex);
	struct neigh *n;

	if (!s)
		return;
	frr_each (neigh_table, &s->neighs, n) {
		if (!n->marked || n->todo.unwanted)
			continue;
		if (most-- == 0)
			return;
		each(ifindex, s->vni, &n->ip);
	}
}

static void retry(struct site *s)
{
	struct neigh *n;
	struct mac *m;
	bool any = false;

	frr_each (neigh_table, &s->neighs, n)
		any |= n->todo.pending |= n->todo.absent;
	frr_each (mac_table, &s->macs, m)
		any |= m->todo.pending |= m->todo.absent || (m->refs && m->local);
	if (any)
		repair_soon();
}

void dm_neigh_retry(uint32_t ifindex)
{
	struct site *s = find_site(ifindex);

	if (s)
		retry(s);
}

static void sweep_site(struct site *s)
{
	struct neigh *n;
	struct mac *m;

	frr_each_safe (neigh_table, &s->neighs, n)
		if (n->marked && !n->todo.unwanted)
			remove_neigh(s, n);
	frr_each_safe (mac_table, &s->macs, m)
		if (!m->refs && !m->todo.unwanted)
			remove_mac(s, m);
	retry(s);
}

void dm_neigh_sweep(void)
{
	struct site *s;

	frr_each (site_table, &sites, s)
		sweep_site(s);
}

/* Errors that say nothing about the operation itself. */
static bool passes(int error)
{
	return error == ENOBUFS || error == ENOMEM || error == EAGAIN || error == EINTR ||
	       error == ETIMEDOUT;
}

/* What an operation that failed was for; NULL when it is not wanted any more, or elsewhere. */
static struct todo *todo_of(struct site *s, const struct dm_op *op)
{
	struct neigh *n;
	struct mac *m;

	if (op->kind == DM_OP_NEIGH_SET) {
		n = s->placed && op->neigh.ifindex == s->place.layer3 ? find_neigh(s, &op->neigh.ip)
								       : NULL;
		return n && dm_addr_same(&n->mac, &op->neigh.mac) ? &n->todo : NULL;
	}
	m = s->placed && op->bridge_mac.vlan == s->place.vlan ? find_mac(s, &op->bridge_mac.mac)
							       : NULL;
	return m && m->refs ? &m->todo : NULL;
}

/* A removal that may succeed later is asked for again, unless the entry is wanted by now. */
static void removal_failed(struct site *s, const struct dm_op *op)
{
	struct todo unwanted = {.unwanted = true};
	struct neigh *n;

	if (!s || !s->placed || !passes(op->error))
		return;
	if (op->kind == DM_OP_BRIDGE_MAC_DEL && !find_mac(s, &op->bridge_mac.mac)) {
		add_mac(s, &op->bridge_mac.mac)->todo = unwanted;
	} else if (op->kind == DM_OP_NEIGH_DEL && !find_neigh(s, &op->neigh.ip)) {
		n = XCALLOC(MTYPE_DM_NEIGH, sizeof(*n));
		n->ip = op->neigh.ip;
		n->mac = op->neigh.mac;
		n->todo = unwanted;
		neigh_table_add(&s->neighs, n);
	}
	repair_soon();
}

bool dm_neigh_failed(const struct dm_op *op)
{
	struct site *s = find_site(op->device);
	struct todo *todo;

	if (op->kind == DM_OP_NEIGH_DEL || op->kind == DM_OP_BRIDGE_MAC_DEL) {
		removal_failed(s, op);
		return true;
	}
	todo = s ? todo_of(s, op) : NULL;
	if (!todo || todo->unwanted)
		return true;
	/* the bridge hears it on a port of its own: its going will be told */
	if (op->kind == DM_OP_BRIDGE_MAC_SET && op->error == EADDRINUSE) {
		find_mac(s, &op->bridge_mac.mac)->local = true;
		return true;
	}
	todo->pending = passes(op->error);
	todo->absent = !todo->pending;
	if (todo->pending)
		repair_soon();
	return todo->pending;
}

void dm_neigh_start(struct event_loop *loop,
		    void (*heard)(uint32_t ifindex, uint16_t vlan, const struct dm_addr *ip,
				  const struct dm_addr *mac))
{
	loop_main = loop;
	tell_heard = heard;
}

void dm_neigh_stop(void)
{
	struct site *s;

	event_cancel(&t_repair);
	frr_each_safe (site_table, &sites, s)
		free_site(s);
	site_table_fini(&sites);
}

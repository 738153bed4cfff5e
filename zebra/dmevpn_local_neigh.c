// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Local neighbours. Objects: a site by ifindex of the VXLAN device; in it an address by IP,
 * and once more by (MAC, IP), so that those of a MAC stand together.
 *
 *   frames (dmevpn_snoop.c), the kernel's own neighbours, the bridge's own addresses
 *        |
 *        v
 *   heard --MAC is local (dmevpn_locals.c)--> address --> LOCAL_NEIGH, once
 *     |                                          ^
 *     +--not yet--> waiting, some seconds -------+ with LOCAL
 *
 * A frame is here before the bridge's word that it has learned its MAC, hence the waiting.
 * An address goes with its MAC, when it is heard with another MAC, behind the tunnel, too, or
 * when nhrpd says that it is elsewhere. It does not age by itself: a silent host keeps its address as long as
 * the bridge keeps its MAC.
 *
 * Stations can claim what they like, so all is bounded. Of a MAC with too many
 * addresses the one not heard for longest makes room, if that is long enough; a host gets new
 * IPv6 addresses all the time, and does not say when it drops old ones.
 *
 * All functions run on zebra's main pthread.
 */
#include <config.h>

#include <string.h>

#include "lib/zebra.h"
#include "lib/jhash.h"
#include "lib/monotime.h"
#include "lib/typesafe.h"

#include "zebra/dmevpn_local_neigh.h"
#include "zebra/dmevpn_locals.h"
#include "zebra/dmevpn_memory.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_LOCAL_SITE, "site with local neighbours");
DEFINE_MTYPE_STATIC(DMEVPN, DM_LOCAL_NEIGH, "local neighbour");

/* of a site, whose MAC is awaited; the oldest makes room */
#define WAITING_MAX 256
/* seconds for which the bridge's word on a MAC is awaited */
#define WAITING_S 5
/* seconds without a word of an address before it makes room for another of its MAC */
#define QUIET_S 60
/* changes of an address's MAC in that many seconds; two stations that both claim it have no end of them */
#define MOVES_MAX 8
#define MOVES_S 10

PREDECL_HASH(site_table);
PREDECL_HASH(ip_table);
PREDECL_RBTREE_UNIQ(mac_tree);

struct address {
	struct ip_table_item ip_item;
	struct mac_tree_item mac_item;
	struct dm_addr ip, mac;
	time_t heard; /* seconds, monotonic */
	time_t since; /* when the first of `moves` was */
	uint8_t moves;
	bool own;     /* of the bridge itself */
	bool stale;   /* not named yet by the list of own ones that is under way */
};

/* Heard, with a MAC that the bridge has not told yet. */
struct waiting {
	struct dm_addr ip, mac;
	uint16_t vlan;
	time_t heard;
};

struct site {
	struct site_table_item item;
	uint32_t ifindex, vni;
	bool telling;
	struct ip_table_head by_ip;
	struct mac_tree_head by_mac;
	struct waiting waiting[WAITING_MAX];
	unsigned int next_waiting;
};

static int site_cmp(const struct site *a, const struct site *b)
{
	return numcmp(a->ifindex, b->ifindex);
}

static uint32_t site_hash(const struct site *s)
{
	return jhash_1word(s->ifindex, 0x6c6f63);
}

static int ip_cmp(const struct address *a, const struct address *b)
{
	return dm_addr_cmp(&a->ip, &b->ip);
}

static uint32_t ip_hash(const struct address *a)
{
	return dm_addr_hash(&a->ip, 0x6970);
}

static int mac_cmp(const struct address *a, const struct address *b)
{
	int diff = dm_addr_cmp(&a->mac, &b->mac);

	return diff ? diff : dm_addr_cmp(&a->ip, &b->ip);
}

DECLARE_HASH(site_table, struct site, item, site_cmp, site_hash);
DECLARE_HASH(ip_table, struct address, ip_item, ip_cmp, ip_hash);
DECLARE_RBTREE_UNIQ(mac_tree, struct address, mac_item, mac_cmp);

static struct site_table_head sites = INIT_HASH(sites);
static void (*tell_neigh)(const struct dm_neigh *neigh);
static uint64_t over_limit;

static struct site *find_site(uint32_t ifindex)
{
	struct site key = {.ifindex = ifindex};

	return site_table_find(&sites, &key);
}

static struct address *find(struct site *s, const struct dm_addr *ip)
{
	struct address key = {.ip = *ip};

	return ip_table_find(&s->by_ip, &key);
}

/* The first of a MAC's addresses; the others follow in the tree. NULL when it has none. */
static struct address *first_of(struct site *s, const struct dm_addr *mac)
{
	struct address key = {.mac = *mac};
	struct address *a = mac_tree_find_gteq(&s->by_mac, &key);

	return a && dm_addr_same(&a->mac, mac) ? a : NULL;
}

static struct address *next_of(struct site *s, struct address *a)
{
	struct address *next = mac_tree_next(&s->by_mac, a);

	return next && dm_addr_same(&next->mac, &a->mac) ? next : NULL;
}

static void tell(const struct site *s, const struct address *a, bool gone)
{
	struct dm_neigh neigh = {.ifindex = s->ifindex, .vni = s->vni, .gone = gone};

	neigh.ip = a->ip;
	neigh.mac = a->mac;
	if (s->telling)
		tell_neigh(&neigh);
}

static void free_address(struct site *s, struct address *a)
{
	ip_table_del(&s->by_ip, a);
	mac_tree_del(&s->by_mac, a);
	XFREE(MTYPE_DM_LOCAL_NEIGH, a);
}

static void drop(struct site *s, struct address *a)
{
	tell(s, a, true);
	free_address(s, a);
}

/* --- heard ---------------------------------------------------------------------- */

/* Room for one more address of a MAC, (ADDED) one that nobody had; false when there is none. */
static bool make_room(struct site *s, const struct dm_addr *mac, bool added)
{
	struct address *a, *quietest = NULL;
	unsigned int n = 0;

	for (a = first_of(s, mac); a; a = next_of(s, a)) {
		n++;
		if (!a->own && (!quietest || a->heard < quietest->heard))
			quietest = a;
	}
	if (n >= DM_LOCAL_NEIGHS_OF_MAC) {
		if (!quietest || monotime(NULL) - quietest->heard < QUIET_S)
			return false;
		drop(s, quietest);
	}
	return !added || ip_table_count(&s->by_ip) < DM_LOCAL_NEIGHS_MAX;
}

static bool may_move(struct address *a)
{
	time_t now = monotime(NULL);

	if (now - a->since >= MOVES_S) {
		a->since = now;
		a->moves = 0;
	}
	return a->moves < MOVES_MAX && ++a->moves;
}

static struct address *add(struct site *s, const struct dm_addr *ip, const struct dm_addr *mac)
{
	struct address *a = XCALLOC(MTYPE_DM_LOCAL_NEIGH, sizeof(*a));

	a->ip = *ip;
	a->mac = *mac;
	ip_table_add(&s->by_ip, a);
	mac_tree_add(&s->by_mac, a);
	return a;
}

static void set_mac(struct site *s, struct address *a, const struct dm_addr *mac)
{
	mac_tree_del(&s->by_mac, a);
	a->mac = *mac;
	mac_tree_add(&s->by_mac, a);
}

/* The MAC is local. */
static void note(struct site *s, const struct dm_addr *ip, const struct dm_addr *mac)
{
	struct address *a = find(s, ip);
	bool same = a && dm_addr_same(&a->mac, mac);

	if (a && a->own)
		return;
	if (same) {
		a->heard = monotime(NULL);
		return;
	}
	if (a && !may_move(a)) {
		over_limit++;
		return;
	}
	if (!make_room(s, mac, !a)) {
		over_limit++;
		/* it is not where it was, and is asked for as one that nobody knows */
		if (a)
			drop(s, a);
		return;
	}
	if (!a)
		a = add(s, ip, mac);
	else
		set_mac(s, a, mac);
	a->heard = monotime(NULL);
	tell(s, a, false);
}

void dm_local_neigh_heard(uint32_t ifindex, uint16_t vlan, const struct dm_addr *ip,
			  const struct dm_addr *mac)
{
	struct site *s = find_site(ifindex);
	struct waiting *w;

	if (!s)
		return;
	if (dm_locals_has(ifindex, mac, vlan)) {
		note(s, ip, mac);
		return;
	}
	w = &s->waiting[s->next_waiting++ % WAITING_MAX];
	w->ip = *ip;
	w->mac = *mac;
	w->vlan = vlan;
	w->heard = monotime(NULL);
}

/* A MAC that is on its way to the tunnel is known to be when the bridge tells. */
void dm_local_neigh_heard_far(uint32_t ifindex, const struct dm_addr *ip,
			      const struct dm_addr *mac)
{
	struct site *s = find_site(ifindex);
	struct address *a = s ? find(s, ip) : NULL;

	if (a && !a->own && !dm_addr_same(&a->mac, mac))
		drop(s, a);
}

static void end_waiting(struct site *s, const struct dm_addr *mac)
{
	time_t now = monotime(NULL);
	struct waiting *w;

	for (w = s->waiting; w < s->waiting + WAITING_MAX; w++) {
		if (!dm_addr_is_set(&w->mac) || !dm_addr_same(&w->mac, mac) ||
		    !dm_locals_has(s->ifindex, mac, w->vlan))
			continue;
		if (now - w->heard <= WAITING_S)
			note(s, &w->ip, &w->mac);
		memset(w, 0, sizeof(*w));
	}
}

void dm_local_neigh_mac(uint32_t ifindex, const struct dm_addr *mac, bool gone)
{
	struct site *s = find_site(ifindex);
	struct address *a, *next;

	if (!s)
		return;
	if (!gone) {
		end_waiting(s, mac);
		return;
	}
	for (a = first_of(s, mac); a; a = next) {
		next = next_of(s, a);
		if (!a->own)
			drop(s, a);
	}
}

/* --- the bridge's own -------------------------------------------------------------- */

void dm_local_neigh_own_begin(uint32_t ifindex)
{
	struct site *s = find_site(ifindex);
	struct address *a;

	if (!s)
		return;
	frr_each (ip_table, &s->by_ip, a)
		a->stale = a->own;
}

void dm_local_neigh_own(uint32_t ifindex, const struct dm_addr *ip, const struct dm_addr *mac)
{
	struct site *s = find_site(ifindex);
	struct address *a = s ? find(s, ip) : NULL;
	bool same = a && dm_addr_same(&a->mac, mac);

	if (!s)
		return;
	if (!a)
		a = add(s, ip, mac);
	else if (!same)
		set_mac(s, a, mac);
	a->own = true;
	a->stale = false;
	if (!same)
		tell(s, a, false);
}

void dm_local_neigh_own_end(uint32_t ifindex)
{
	struct site *s = find_site(ifindex);
	struct address *a;

	if (!s)
		return;
	frr_each_safe (ip_table, &s->by_ip, a)
		if (a->stale)
			drop(s, a);
}

/* --- sites ---------------------------------------------------------------------------- */

bool dm_local_neigh_has(uint32_t ifindex, const struct dm_addr *ip)
{
	struct site *s = find_site(ifindex);

	return s && find(s, ip);
}

bool dm_local_neigh_give_up(uint32_t ifindex, const struct dm_addr *ip)
{
	struct site *s = find_site(ifindex);
	struct address *a = s ? find(s, ip) : NULL;

	if (a && a->own)
		return false;
	if (a)
		drop(s, a);
	return true;
}

uint32_t dm_local_neigh_count(uint32_t ifindex)
{
	struct site *s = find_site(ifindex);

	return s ? ip_table_count(&s->by_ip) : 0;
}

uint64_t dm_local_neigh_over_limit(void)
{
	return over_limit;
}

void dm_local_neigh_tell(uint32_t ifindex, bool on)
{
	struct site *s = find_site(ifindex);
	struct address *a;

	if (!s)
		return;
	s->telling = on;
	frr_each (ip_table, &s->by_ip, a)
		tell(s, a, false);
}

void dm_local_neigh_enter(uint32_t ifindex, uint32_t vni)
{
	struct site *s = find_site(ifindex);

	if (!s) {
		s = XCALLOC(MTYPE_DM_LOCAL_SITE, sizeof(*s));
		s->ifindex = ifindex;
		ip_table_init(&s->by_ip);
		mac_tree_init(&s->by_mac);
		site_table_add(&sites, s);
	}
	s->vni = vni;
}

void dm_local_neigh_leave(uint32_t ifindex)
{
	struct site *s = find_site(ifindex);
	struct address *a;

	if (!s)
		return;
	while ((a = mac_tree_first(&s->by_mac)))
		free_address(s, a);
	ip_table_fini(&s->by_ip);
	mac_tree_fini(&s->by_mac);
	site_table_del(&sites, s);
	XFREE(MTYPE_DM_LOCAL_SITE, s);
}

void dm_local_neigh_start(void (*told)(const struct dm_neigh *neigh))
{
	tell_neigh = told;
}

void dm_local_neigh_stop(void)
{
	struct site *s;

	frr_each_safe (site_table, &sites, s)
		dm_local_neigh_leave(s->ifindex);
	site_table_fini(&sites);
}

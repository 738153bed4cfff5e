// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A spoke's local MACs. The hub hears of a MAC by its frames only; one whose
 * frames all go through shortcuts is never heard, and what is sent to it from
 * elsewhere would be flooded for ever. So nhrpd is told which MACs are here, and tells
 * the hub.
 *
 *   kernel --RTM_NEWNEIGH, RTM_DELNEIGH, dumps--> sightings --> LOCAL, once a MAC
 *
 * Objects: a site by (bridge, ifindex of the VXLAN device), so that those on a
 * bridge stand together; in it a sighting by (mac, vlan), which is also what
 * identifies an entry of a bridge. A bridge that filters by VLAN may know a MAC in
 * several; it is told with its first sighting and gone with its last. The
 * bridge's own MAC is a sighting in a VLAN that cannot be.
 *
 * The order (socket first, then the dump) makes that nothing is missed: an
 * event older than the dump is followed by those that led to what the dump said. When
 * the kernel drops events, the rest of them is worth nothing: the socket is
 * closed, and half a second later opened anew and all bridges are read, so that a
 * flood of new MACs costs two dumps a second at most. The socket is open only while
 * there is a site.
 *
 * The kernel counts entries to know where a dump goes on, so it passes over
 * some when others go in the meantime, and does not say so. A dump with a
 * deletion in its time adds, but takes nothing away, and is repeated: after 0.5, 1 and then
 * each 1.5 s, so that no MAC is told wrongly for 2 s.
 *
 * All functions run on zebra's main pthread. It does not age (the bridge
 * does, and dmevpn_ageing.c asks how old they are), and sees no other network namespace than zebra's own.
 */
#include <config.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/log.h"
#include "lib/monotime.h"
#include "lib/typesafe.h"

#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_locals.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_netlink.h"
#include "zebra/dmevpn_nlsock.h"
#include "zebra/dmevpn_provider.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_SITE, "bridge of a spoke");
DEFINE_MTYPE_STATIC(DMEVPN, DM_SIGHTING, "local MAC");

/* octets; some ten thousand events */
#define RCVBUF (8 << 20)
/* events (one a read) before zebra's other work has its turn */
#define READS_MAX 1024
/* more than fit the receive buffer: all that came before now */
#define READS_ALL 131072
/* how often it is seen to what is due; and the longest that a repeated dump is put off */
#define TICK_MS 500
#define TICKS_MAX 3
/* of a site; a static entry without a VLAN is one in each VLAN of its port */
#define MACS_MAX 65536
#define SIGHTINGS_MAX (4 * MACS_MAX)
/* the "VLAN" of the bridge's own MAC; those of entries have 12 bits */
#define OWN_VLAN 0xffff
#define ALWAYS UINT64_MAX

PREDECL_RBTREE_UNIQ(site_tree);
PREDECL_RBTREE_UNIQ(sighting_tree);

struct sighting {
	struct sighting_tree_item item;
	struct dm_addr mac;
	uint16_t vlan; /* 0 on a bridge that does not filter, or OWN_VLAN */
	bool stale;    /* not seen yet by the dump that is running */
	uint64_t heard; /* ms of CLOCK_MONOTONIC: last, as far as we know; ALWAYS without frames, too */
};

struct site {
	struct site_tree_item item;
	uint32_t bridge; /* 0: the device is no port of one */
	uint32_t ifindex, vni;
	struct dm_addr own; /* the bridge's MAC that is among the sightings */
	struct sighting_tree_head sightings;
	uint32_t macs; /* different ones */
	bool left_out; /* there were too many */
	bool logged;   /* that there were */
	uint8_t due;	/* ticks until the bridge is read anew; 0: no need */
	uint8_t delay;	/* ticks before the dump that is running is repeated, if need be */
	uint64_t deletions; /* events */
};

static int site_cmp(const struct site *a, const struct site *b)
{
	int diff = numcmp(a->bridge, b->bridge);

	return diff ? diff : numcmp(a->ifindex, b->ifindex);
}

static int sighting_cmp(const struct sighting *a, const struct sighting *b)
{
	int diff = dm_addr_cmp(&a->mac, &b->mac);

	return diff ? diff : numcmp(a->vlan, b->vlan);
}

DECLARE_RBTREE_UNIQ(site_tree, struct site, item, site_cmp);
DECLARE_RBTREE_UNIQ(sighting_tree, struct sighting, item, sighting_cmp);

static struct site_tree_head sites = INIT_RBTREE_UNIQ(sites);
static void (*tell_local)(const struct dm_local *local);
static struct event_loop *loop_main;
static struct event *t_read, *t_tick;
static struct nls notify;
static uint64_t overruns, over_limit;
static uint64_t now; /* milliseconds of the monotonic clock */

static void tick(struct event *event);

/* Has the site's bridge read anew after TICKS, or before if that was due already. */
static void read_later(struct site *s, uint8_t ticks)
{
	if (!s->due || ticks < s->due)
		s->due = ticks;
	event_add_timer_msec(loop_main, tick, NULL, TICK_MS, &t_tick);
}

static void read_all_later(void)
{
	struct site *s;

	frr_each (site_tree, &sites, s)
		read_later(s, 1);
}

static struct site *find(uint32_t ifindex)
{
	struct site *s;

	frr_each (site_tree, &sites, s)
		if (s->ifindex == ifindex)
			return s;
	return NULL;
}

/* --- sightings ------------------------------------------------------------------ */

static struct sighting *find_sighting(struct site *s, const struct dm_addr *mac, uint16_t vlan)
{
	struct sighting key = {.mac = *mac, .vlan = vlan};

	return sighting_tree_find(&s->sightings, &key);
}

/* True when the MAC was sighted in any VLAN. */
static bool is_known(struct site *s, const struct dm_addr *mac)
{
	struct sighting key = {.mac = *mac};
	struct sighting *first = sighting_tree_find_gteq(&s->sightings, &key);

	return first && dm_addr_same(&first->mac, mac);
}

/* Reads the clock for all that is read or told in this go: there may be a hundred thousand of them. */
static void begin_go(void)
{
	struct timeval tv;

	monotime(&tv);
	now = tv.tv_sec * 1000ULL + tv.tv_usec / 1000;
}

/* What was written down by hand or by a control plane does not depend on frames. */
static uint64_t heard_at(const struct nlm_bridge_mac *entry)
{
	if (entry->fixed || entry->ext_learned)
		return ALWAYS;
	return entry->idle_ms < now ? now - entry->idle_ms : 0;
}

/* HEARD: when, as in struct sighting. */
static void tell(const struct site *s, const struct dm_addr *mac, bool gone, uint64_t heard)
{
	struct dm_local local = {.ifindex = s->ifindex, .vni = s->vni, .mac = *mac, .gone = gone};

	if (heard < now)
		local.idle_ms = MIN(now - heard, (uint64_t)UINT32_MAX);
	tell_local(&local);
}

static bool is_full(struct site *s, bool known)
{
	return sighting_tree_count(&s->sightings) >= SIGHTINGS_MAX ||
	       (!known && s->macs >= MACS_MAX);
}

/* Room enough to look for those that were left out, without doing so at every change. */
static bool has_room_again(struct site *s)
{
	return s->macs < MACS_MAX / 4 * 3 &&
	       sighting_tree_count(&s->sightings) < SIGHTINGS_MAX / 4 * 3;
}

static void leave_out(struct site *s)
{
	const struct nlm_link *link = dm_link_find(s->ifindex);

	over_limit++;
	s->left_out = true;
	if (!s->logged)
		zlog_warn("dmevpn: the bridge of %s knows more than %u local MACs, or %u with their VLANs: the hub is not told of the others",
			  link ? link->name : "a device", MACS_MAX, SIGHTINGS_MAX);
	s->logged = true;
}

static void add(struct site *s, const struct dm_addr *mac, uint16_t vlan, uint64_t heard)
{
	struct sighting *g = find_sighting(s, mac, vlan);
	bool known = g || is_known(s, mac);

	if (!g) {
		if (vlan != OWN_VLAN && is_full(s, known)) {
			leave_out(s);
			return;
		}
		g = XCALLOC(MTYPE_DM_SIGHTING, sizeof(*g));
		g->mac = *mac;
		g->vlan = vlan;
		sighting_tree_add(&s->sightings, g);
	}
	g->stale = false;
	g->heard = heard;
	if (!known) {
		s->macs++;
		tell(s, mac, false, heard);
	}
}

static void drop(struct site *s, struct sighting *g)
{
	struct dm_addr mac = g->mac;

	sighting_tree_del(&s->sightings, g);
	XFREE(MTYPE_DM_SIGHTING, g);
	if (!is_known(s, &mac)) {
		s->macs--;
		tell(s, &mac, true, ALWAYS);
	}
	if (s->left_out && has_room_again(s)) {
		s->left_out = false;
		read_later(s, 1);
	}
}

/* --- what the kernel says --------------------------------------------------------- */

/* One entry of the site's bridge, as it is now; HERE when frames for it stay on our side. */
static void note(struct site *s, const struct nlm_bridge_mac *entry, bool here)
{
	struct sighting *g;

	if (here && entry->port != s->ifindex) {
		add(s, &entry->mac, entry->vlan, heard_at(entry));
		return;
	}
	g = find_sighting(s, &entry->mac, entry->vlan);
	if (g)
		drop(s, g);
}

bool dm_locals_counts(const struct nlm_bridge_mac *entry)
{
	return !entry->own && !entry->locked && !dm_addr_is_multicast(&entry->mac);
}

/*
 * An event, or an answer to a dump; ARG is the site that the dump is for, NULL: all that it
 * concerns.
 */
static void handle_entry(const struct nlmsghdr *nlh, void *arg)
{
	struct nlm_bridge_mac entry;
	struct site key = {}, *s;
	bool here;

	if ((nlh->nlmsg_type != RTM_NEWNEIGH && nlh->nlmsg_type != RTM_DELNEIGH) ||
	    !nlm_parse_bridge_mac(nlh, &entry))
		return;
	here = nlh->nlmsg_type == RTM_NEWNEIGH && dm_locals_counts(&entry);
	key.bridge = entry.bridge;
	for (s = site_tree_find_gteq(&sites, &key); s && s->bridge == entry.bridge;
	     s = site_tree_next(&sites, s)) {
		s->deletions += nlh->nlmsg_type == RTM_DELNEIGH;
		if (!arg || arg == s)
			note(s, &entry, here);
	}
}

static void stop_listening(void)
{
	event_cancel(&t_read);
	nls_close(&notify);
}

/* Reads the events that are there, READS of them at most. Returns false when all are to be read anew. */
static bool read_events(unsigned int reads)
{
	int err;

	begin_go();
	err = notify.sock ? nls_receive_some(&notify, reads, handle_entry, NULL) : 0;

	if (!err)
		return true;
	if (err == -ENOBUFS)
		overruns++;
	zlog_warn("dmevpn: notifications of local MACs were lost (%s), reading all of them anew",
		  safe_strerror(-err));
	stop_listening();
	read_all_later();
	return false;
}

static int dump_bridge(struct site *s)
{
	char buf[NLM_MESSAGE_MAX];
	struct nls sock;
	int err = nls_open(&sock, RCVBUF, NULL);

	if (err)
		return err;
	begin_go();
	err = nls_dump(&sock, nlm_build_bridge_macs_dump(buf, s->bridge), handle_entry, s);
	nls_close(&sock);
	/* the bridge went meanwhile; an event says so soon */
	return err == -ENODEV || err == -EINVAL ? 0 : err;
}

/* Makes the sightings what the bridge has now; what was not among it goes. */
static void read_site(struct site *s)
{
	struct sighting *g;
	uint64_t deletions;
	int err;

	if (!read_events(READS_MAX))
		return;
	deletions = s->deletions;
	frr_each (sighting_tree, &s->sightings, g)
		g->stale = g->vlan != OWN_VLAN;
	err = s->bridge ? dump_bridge(s) : 0;
	if (err) {
		zlog_err("dmevpn: cannot read the MACs of bridge %u, trying again: %s", s->bridge,
			 safe_strerror(-err));
		read_later(s, 1);
		return;
	}
	/* a deletion in the dump's time may stand behind many other events */
	if (!read_events(READS_ALL))
		return;
	if (s->deletions != deletions) {
		s->delay = s->delay ? MIN(s->delay * 2, TICKS_MAX) : 1;
		read_later(s, s->delay);
		return;
	}
	s->delay = 0;
	frr_each_safe (sighting_tree, &s->sightings, g)
		if (g->stale)
			drop(s, g);
}

/* --- the socket --------------------------------------------------------------------- */

static void read_event(struct event *event)
{
	if (read_events(READS_MAX))
		event_add_read(loop_main, read_event, NULL, mnl_socket_get_fd(notify.sock),
			       &t_read);
}

static void listen_to_kernel(void)
{
	static const unsigned int groups[] = {RTNLGRP_NEIGH, 0};
	int err;

	if (notify.sock)
		return;
	err = nls_open(&notify, RCVBUF, groups);
	if (!err) {
		event_add_read(loop_main, read_event, NULL, mnl_socket_get_fd(notify.sock),
			       &t_read);
		return;
	}
	zlog_err("dmevpn: cannot watch local MACs, trying again: %s", safe_strerror(-err));
	read_all_later();
}

static void tick(struct event *event)
{
	struct site *s;

	listen_to_kernel();
	if (!notify.sock)
		return;
	frr_each (site_tree, &sites, s) {
		if (s->due && --s->due == 0)
			read_site(s);
		if (s->due)
			read_later(s, s->due);
	}
}

/* --- sites ---------------------------------------------------------------------------- */

static void update_own(struct site *s)
{
	const struct nlm_link *bridge = dm_link_find(s->bridge);
	struct dm_addr was = s->own;

	memset(&s->own, 0, sizeof(s->own));
	if (bridge)
		s->own = bridge->mac;
	if (dm_addr_same(&was, &s->own))
		return;
	if (dm_addr_is_set(&s->own))
		add(s, &s->own, OWN_VLAN, ALWAYS);
	if (dm_addr_is_set(&was))
		drop(s, find_sighting(s, &was, OWN_VLAN));
}

/* Sees to it that the site is at the bridge that the device is a port of now. */
static void settle(struct site *s)
{
	const struct nlm_link *link = dm_link_find(s->ifindex);
	uint32_t bridge = link && link->bridge_port ? link->master : 0;
	bool moved = bridge != s->bridge;

	if (moved) {
		site_tree_del(&sites, s);
		s->bridge = bridge;
		site_tree_add(&sites, s);
	}
	update_own(s);
	if (moved)
		read_site(s);
}

static void tell_all(struct site *s)
{
	struct sighting *g, *next;
	uint64_t heard = 0;

	begin_go();
	frr_each (sighting_tree, &s->sightings, g) {
		next = sighting_tree_next(&s->sightings, g);
		heard = MAX(heard, g->heard);
		if (next && dm_addr_same(&next->mac, &g->mac))
			continue;
		tell(s, &g->mac, false, heard);
		heard = 0;
	}
}

static struct site *new_site(uint32_t ifindex, uint32_t vni)
{
	struct site *s = XCALLOC(MTYPE_DM_SITE, sizeof(*s));

	s->ifindex = ifindex;
	s->vni = vni;
	sighting_tree_init(&s->sightings);
	site_tree_add(&sites, s);
	return s;
}

static void free_site(struct site *s)
{
	struct sighting *g;

	site_tree_del(&sites, s);
	while ((g = sighting_tree_pop(&s->sightings)))
		XFREE(MTYPE_DM_SIGHTING, g);
	sighting_tree_fini(&s->sightings);
	XFREE(MTYPE_DM_SITE, s);
}

void dm_locals_follow(uint32_t ifindex, uint32_t vni)
{
	struct site *s = find(ifindex);

	if (s) {
		s->vni = vni;
		tell_all(s);
	} else {
		s = new_site(ifindex, vni);
	}
	listen_to_kernel();
	settle(s);
}

void dm_locals_leave(uint32_t ifindex)
{
	struct site *s = find(ifindex);

	if (s)
		free_site(s);
	if (site_tree_count(&sites))
		return;
	event_cancel(&t_tick);
	stop_listening();
}

void dm_locals_tell(uint32_t ifindex)
{
	struct site *s = find(ifindex);

	if (s)
		tell_all(s);
}

void dm_locals_link_changed(uint32_t ifindex)
{
	struct site *s;

	/* a site that settles elsewhere may be met twice, which does no harm */
	frr_each_safe (site_tree, &sites, s)
		if (s->ifindex == ifindex || s->bridge == ifindex)
			settle(s);
}

bool dm_locals_next(uint32_t ifindex, struct dm_local_sighting *at)
{
	struct sighting key = {.mac = at->mac, .vlan = at->own ? OWN_VLAN : at->vlan}, *g;
	struct site *s = find(ifindex);

	g = s ? sighting_tree_find_gteq(&s->sightings, &key) : NULL;
	if (g && sighting_cmp(g, &key) == 0)
		g = sighting_tree_next(&s->sightings, g);
	if (!g)
		return false;
	at->mac = g->mac;
	at->own = g->vlan == OWN_VLAN;
	at->vlan = g->vlan;
	return true;
}

void dm_locals_heard(uint32_t ifindex, const struct nlm_bridge_mac *entry)
{
	struct site *s = find(ifindex);
	struct sighting *g = s ? find_sighting(s, &entry->mac, entry->vlan) : NULL;

	begin_go();
	if (g)
		g->heard = heard_at(entry);
}

bool dm_locals_elsewhere(const struct dm_local *local)
{
	struct dm_op op = {.kind = DM_OP_BRIDGE_MAC_FORGET,
			   .rec = DM_REC_MAC_ELSEWHERE,
			   .vni = local->vni,
			   .device = local->ifindex};
	struct sighting key = {.mac = local->mac}, *g;
	struct site *s = find(local->ifindex);
	bool room = true;

	for (g = s ? sighting_tree_find_gteq(&s->sightings, &key) : NULL;
	     g && dm_addr_same(&g->mac, &local->mac); g = sighting_tree_next(&s->sightings, g)) {
		if (g->vlan == OWN_VLAN)
			continue;
		op.bridge_mac.port = local->ifindex;
		op.bridge_mac.mac = g->mac;
		op.bridge_mac.vlan = g->vlan;
		op.bridge_mac.idle_ms = local->idle_ms;
		room = room && dm_provider_push(&op);
	}
	return room;
}

void dm_locals_still_here(uint32_t ifindex, const struct nlm_bridge_mac *entry)
{
	struct site *s = find(ifindex);

	dm_locals_heard(ifindex, entry);
	if (s && is_known(s, &entry->mac))
		tell(s, &entry->mac, false, heard_at(entry));
}

bool dm_locals_has(uint32_t ifindex, const struct dm_addr *mac, uint16_t vlan)
{
	struct site *s = find(ifindex);

	return s && (find_sighting(s, mac, vlan) || find_sighting(s, mac, OWN_VLAN));
}

uint32_t dm_locals_count(uint32_t ifindex)
{
	struct site *s = find(ifindex);

	return s ? s->macs : 0;
}

uint64_t dm_locals_overruns(void)
{
	return overruns;
}

uint64_t dm_locals_over_limit(void)
{
	return over_limit;
}

void dm_locals_start(struct event_loop *loop, void (*told)(const struct dm_local *local))
{
	loop_main = loop;
	tell_local = told;
}

void dm_locals_stop(void)
{
	struct site *s;

	event_cancel(&t_tick);
	stop_listening();
	while ((s = site_tree_first(&sites)))
		free_site(s);
}

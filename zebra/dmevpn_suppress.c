// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ARP and ND suppression. Objects: one for each VXLAN device of a spoke where nhrpd wants it.
 *
 * What the kernel wants for it: the device is a port of a bridge, with neigh_suppress, and the
 * neighbours stand at the bridge itself, or where the bridge filters by VLAN, at a VLAN device
 * (`type vlan`) upon it, for the port's PVID; without that device the bridge answers nobody.
 * neigh_suppress is set and noted here, the rest is the user's to give.
 *
 * A kernel that can (neigh_forward_grat) still sends announcements into the tunnel: they are rare,
 * and tell another bridge that a host, or an address, has moved.
 *
 *   SUPPRESS_SET, device events --> examine() --> SUPPRESS_STATE, then LOCAL_NEIGH…
 *                                       |
 *            dmevpn_neigh.c: place <----+----> dmevpn_snoop.c: bridge, VLAN
 *                                       |
 *                  dmevpn_local_neigh.c: the bridge's own addresses
 *
 * While it is not in effect, remote neighbours are kept but not in the kernel, and local ones are
 * kept but not told.
 *
 * All functions run on zebra's main pthread.
 */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/log.h"
#include "lib/monotime.h"
#include "lib/typesafe.h"

#include "zebra/dmevpn_device.h"
#include "zebra/dmevpn_instance.h"
#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_local_neigh.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_neigh.h"
#include "zebra/dmevpn_nlsock.h"
#include "zebra/dmevpn_snoop.h"
#include "zebra/dmevpn_suppress.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_SUPPRESS, "ARP suppression");

#define RCVBUF (1 << 20) /* octets */
/* milliseconds from an event to the look at all, so that those at hand are one */
#define EXAMINE_MS 20
/* milliseconds until what could not be read is read again */
#define AGAIN_MS 1000
/* places for addresses asked for, and of these those that one address can have */
#define ASKED_MAX 1024
#define ASKED_WAYS 4
#define ASKED_MS 1000

PREDECL_DLIST(suppress_list);

/* An address that was asked for, and told. */
struct asked {
	struct dm_addr ip;
	int64_t when; /* milliseconds, monotonic; 0: free */
};

struct suppress {
	struct suppress_list_item item;
	struct dm_suppress state;
	bool marked; /* nhrpd has not asked for it again yet */
	bool placed;
	struct dm_neigh_place place; /* while placed */
	struct asked asked[ASKED_MAX]; /* by hash of the address */
};

DECLARE_DLIST(suppress_list, struct suppress, item);

static struct suppress_list_head list = INIT_DLIST(list);
static struct event_loop *loop_main;
static struct event *t_examine;
static const struct dm_suppress_ops *ops;

static struct suppress *find(uint32_t ifindex)
{
	struct suppress *s;

	frr_each (suppress_list, &list, s)
		if (s->state.ifindex == ifindex)
			return s;
	return NULL;
}

static void examine_event(struct event *event);

/* --- where ---------------------------------------------------------------------- */

static bool PRINTFRR(2, 3) refuse(char *reason, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(reason, DM_REASON_LEN, format, ap);
	va_end(ap);
	return false;
}

/* The VLAN and the device of IP in it, on a bridge that filters. */
static bool find_vlan_place(const struct nlm_link *link, const struct nlm_link *bridge,
			    struct dm_neigh_place *place, char *reason)
{
	const struct nlm_link *device;

	place->vlan = dm_device_vlan_of_frame(link->ifindex, 0);
	if (!place->vlan)
		return refuse(reason, "%s has no PVID on the VLAN-aware bridge %s", link->name,
			      bridge->name);
	device = dm_link_find_vlan(bridge->ifindex, place->vlan);
	if (!device)
		return refuse(reason, "bridge %s is VLAN-aware, and VLAN %u has no device upon it",
			      bridge->name, place->vlan);
	place->layer3 = device->ifindex;
	return device->up || refuse(reason, "%s is down", device->name);
}

static bool find_place(const struct nlm_link *link, struct dm_neigh_place *place, char *reason)
{
	const struct nlm_link *bridge = link ? dm_link_find(link->master) : NULL;

	memset(place, 0, sizeof(*place));
	if (!link)
		return refuse(reason, "the device is not there");
	if (!link->bridge_port || !bridge)
		return refuse(reason, "%s is not a port of a bridge", link->name);
	if (!bridge->up)
		return refuse(reason, "bridge %s is down", bridge->name);
	if (link->neigh_vlan_suppress)
		return refuse(reason, "%s has neigh_vlan_suppress, which rules out neigh_suppress",
			      link->name);
	place->port = link->ifindex;
	place->layer3 = bridge->ifindex;
	return !bridge->vlan_filtering || find_vlan_place(link, bridge, place, reason);
}

/* What is put there can be taken back by a later zebra, too. */
static void note_place(const struct dm_neigh_place *place)
{
	struct dm_undo neighbours = {.kind = DM_UNDO_NEIGHBOURS, .ifindex = place->layer3};
	struct dm_undo macs = {.kind = DM_UNDO_BRIDGE_MACS, .ifindex = place->port};

	macs.vlan = place->vlan;
	dm_undo_note(&neighbours);
	dm_undo_note(&macs);
}

/* --- the bridge's own addresses ------------------------------------------------------ */

struct own {
	uint32_t ifindex; /* of the VXLAN device */
	const struct nlm_link *layer3;
};

static void read_address(const struct nlmsghdr *nlh, void *arg)
{
	const struct own *own = arg;
	struct nlm_ifaddr addr;

	if (nlh->nlmsg_type == RTM_NEWADDR && nlm_parse_ifaddr(nlh, &addr) && addr.usable &&
	    addr.ifindex == own->layer3->ifindex)
		dm_local_neigh_own(own->ifindex, &addr.ip, &own->layer3->mac);
}

static void read_own(const struct suppress *s)
{
	struct own own = {s->state.ifindex, dm_link_find(s->place.layer3)};
	char buf[NLM_MESSAGE_MAX];
	struct nls sock;
	int err;

	err = nls_open(&sock, RCVBUF, NULL);
	dm_local_neigh_own_begin(own.ifindex);
	if (!err)
		err = nls_dump(&sock, nlm_build_ifaddr_dump(buf, s->place.layer3, DM_IPV4),
			       read_address, &own);
	if (!err)
		err = nls_dump(&sock, nlm_build_ifaddr_dump(buf, s->place.layer3, DM_IPV6),
			       read_address, &own);
	nls_close(&sock);
	if (!err)
		dm_local_neigh_own_end(own.ifindex);
	else if (err == -EINTR) /* an address somewhere came or went meanwhile */
		dm_suppress_touch();
	else
		zlog_err("dmevpn: cannot read the addresses of %s: %s", own.layer3->name,
			 safe_strerror(-err));
}

/* --- examining ------------------------------------------------------------------------ */

static bool make(struct suppress *s, char *reason)
{
	const struct nlm_link *link = dm_link_find(s->state.ifindex);
	struct dm_neigh_place place;
	int err;

	if (!find_place(link, &place, reason))
		return false;
	note_place(&place);
	dm_snoop_enter(link->ifindex, link->master, place.layer3, place.vlan);
	err = dm_neigh_move(link->ifindex, &place);
	if (err) {
		event_add_timer_msec(loop_main, examine_event, NULL, AGAIN_MS, &t_examine);
		return refuse(reason, "%s: cannot read the neighbours: %s", link->name,
			      safe_strerror(-err));
	}
	s->place = place;
	s->placed = true;
	/* last: until then the bridge answers nobody, and keeps nothing from being flooded */
	return dm_device_suppress(link, reason);
}

/* Makes what is missing. Returns true when the state is another one than before. */
static bool examine(struct suppress *s)
{
	struct dm_suppress was = s->state;
	struct dm_neigh_place place = s->place;
	bool was_placed = s->placed;
	char reason[DM_REASON_LEN] = "";

	s->placed = false;
	s->state.on = make(s, reason);
	memset(s->state.reason, 0, sizeof(s->state.reason));
	strlcpy(s->state.reason, reason, sizeof(s->state.reason));
	if (!s->state.on) {
		s->placed = false;
		dm_neigh_move(s->state.ifindex, NULL);
		dm_snoop_leave(s->state.ifindex);
		dm_local_neigh_tell(s->state.ifindex, false);
	} else {
		read_own(s);
	}
	/* the notes of where it was are not needed any more */
	if (was_placed && (!s->placed || !dm_neigh_place_same(&place, &s->place)))
		dm_instances_touch(s->state.ifindex);
	return memcmp(&was, &s->state, sizeof(was)) != 0;
}

static void tell(struct suppress *s)
{
	ops->told(&s->state);
	if (s->state.on)
		dm_local_neigh_tell(s->state.ifindex, true);
}

static void examine_event(struct event *event)
{
	struct suppress *s;

	dm_snoop_forget_vlans();
	frr_each (suppress_list, &list, s) {
		if (examine(s)) {
			if (!s->state.on)
				zlog_info("dmevpn: no ARP suppression: %s", s->state.reason);
			tell(s);
		}
		/* IPv6 was off at the bridge, say */
		dm_neigh_retry(s->state.ifindex);
	}
}

void dm_suppress_touch(void)
{
	if (!suppress_list_count(&list))
		return;
	dm_snoop_forget_vlans();
	event_add_timer_msec(loop_main, examine_event, NULL, EXAMINE_MS, &t_examine);
}

/* --- wanted or not ---------------------------------------------------------------------- */

static void end(struct suppress *s)
{
	uint32_t ifindex = s->state.ifindex;

	suppress_list_del(&list, s);
	XFREE(MTYPE_DM_SUPPRESS, s);
	dm_snoop_leave(ifindex);
	dm_neigh_leave(ifindex);
	dm_local_neigh_leave(ifindex);
	/* the port's setting, and notes, go with what no instance needs */
	dm_instances_touch(ifindex);
}

static struct suppress *begin(const struct dm_suppress *set)
{
	struct suppress *s = XCALLOC(MTYPE_DM_SUPPRESS, sizeof(*s));

	s->state.ifindex = set->ifindex;
	suppress_list_add_tail(&list, s);
	return s;
}

void dm_suppress_set(const struct dm_suppress *set)
{
	struct suppress *s = find(set->ifindex);
	struct dm_suppress off = {.ifindex = set->ifindex, .vni = set->vni};

	if (!set->on) {
		if (s)
			end(s);
		ops->told(&off);
		return;
	}
	if (!s)
		s = begin(set);
	else if (s->marked)
		dm_neigh_each_marked(set->ifindex, ASKED_MAX, ops->wanted);
	s->marked = false;
	s->state.vni = set->vni;
	dm_neigh_enter(set->ifindex, set->vni);
	dm_local_neigh_enter(set->ifindex, set->vni);
	examine(s);
	tell(s);
}

void dm_suppress_end(uint32_t ifindex)
{
	struct suppress *s = find(ifindex);

	if (s)
		end(s);
}

void dm_suppress_tell(uint32_t ifindex)
{
	struct suppress *s = find(ifindex);

	if (s)
		tell(s);
}

bool dm_suppress_state(uint32_t ifindex, struct dm_suppress *state)
{
	struct suppress *s = find(ifindex);

	if (s)
		*state = s->state;
	return s != NULL;
}

bool dm_suppress_needs(const struct dm_undo *undo)
{
	struct suppress *s;

	frr_each (suppress_list, &list, s) {
		if ((undo->kind == DM_UNDO_SUPPRESS || undo->kind == DM_UNDO_FORWARD_GRAT) &&
		    s->state.ifindex == undo->ifindex)
			return true;
		if (s->placed && undo->kind == DM_UNDO_NEIGHBOURS &&
		    s->place.layer3 == undo->ifindex)
			return true;
		if (s->placed && undo->kind == DM_UNDO_BRIDGE_MACS &&
		    s->place.port == undo->ifindex && s->place.vlan == undo->vlan)
			return true;
	}
	return false;
}

/* Where the question is to be noted; NULL when it is told of, or there is no room, this second. */
static struct asked *place_for(struct suppress *s, const struct dm_addr *ip, int64_t now)
{
	uint32_t hash = dm_addr_hash(ip, 0x61736b);
	struct asked *a, *oldest = NULL;
	unsigned int n;

	for (n = 0; n < ASKED_WAYS; n++) {
		a = &s->asked[(hash + n) % ASKED_MAX];
		if (a->when && dm_addr_same(&a->ip, ip))
			return now - a->when < ASKED_MS ? NULL : a;
		if (!oldest || a->when < oldest->when)
			oldest = a;
	}
	return oldest->when && now - oldest->when < ASKED_MS ? NULL : oldest;
}

void dm_suppress_asked(uint32_t ifindex, const struct dm_addr *ip)
{
	struct suppress *s = find(ifindex);
	struct asked *a;
	struct timeval tv;
	int64_t now;

	if (!s || !s->state.on || dm_local_neigh_has(ifindex, ip))
		return;
	monotime(&tv);
	now = tv.tv_sec * 1000LL + tv.tv_usec / 1000;
	a = place_for(s, ip, now);
	if (!a)
		return;
	a->ip = *ip;
	a->when = now;
	ops->wanted(ifindex, s->state.vni, ip);
}

/* --- mark and sweep ------------------------------------------------------------------------ */

void dm_suppress_mark(void)
{
	struct suppress *s;

	frr_each (suppress_list, &list, s)
		s->marked = true;
	dm_neigh_mark();
}

void dm_suppress_sweep(void)
{
	struct suppress *s;

	frr_each_safe (suppress_list, &list, s)
		if (s->marked)
			end(s);
	dm_neigh_sweep();
}

void dm_suppress_start(struct event_loop *loop, const struct dm_suppress_ops *suppress_ops)
{
	loop_main = loop;
	ops = suppress_ops;
}

void dm_suppress_stop(void)
{
	struct suppress *s;

	event_cancel(&t_examine);
	while ((s = suppress_list_pop(&list)))
		XFREE(MTYPE_DM_SUPPRESS, s);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of VXLAN devices, bridges with their ports, and VLAN devices. Objects: nlm_link, by
 * ifindex. Other kinds of devices are not kept.
 *
 * Filled by a dump at start, then by notifications (links, VLANs of bridge
 * ports, VNIs of VXLAN devices). When the kernel says that notifications were
 * lost (ENOBUFS), everything is read anew and what is no longer there goes; and the
 * watcher is told, because a device may have gone down and come up unseen. A reading
 * that failed, or that the kernel says was interrupted three times running, is done again later.
 *
 * All functions run on zebra's main pthread: events of its loop, and calls by
 * the instance layer.
 *
 * It does not change devices and knows nothing of VPNs. Devices in other
 * network namespaces than zebra's own are not seen.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/jhash.h"
#include "lib/log.h"
#include "lib/typesafe.h"

#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_nlsock.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_LINK, "link");

/* octets; a burst of 10,000 link events fits */
#define RCVBUF (16 << 20)
/* seconds until a reading that failed is done again; twice that after each failure */
#define AGAIN_FIRST 1
#define AGAIN_MAX 2

PREDECL_HASH(link_table);

struct link_entry {
	struct link_table_item item;
	struct nlm_link link;
	bool stale; /* not seen yet by the dump that is running */
};

static int entry_cmp(const struct link_entry *a, const struct link_entry *b)
{
	return numcmp(a->link.ifindex, b->link.ifindex);
}

static uint32_t entry_hash(const struct link_entry *e)
{
	return jhash_1word(e->link.ifindex, 0x6c696e6b);
}

DECLARE_HASH(link_table, struct link_entry, item, entry_cmp, entry_hash);

static struct link_table_head links;
static const struct dm_links_watcher *watch;
static struct event_loop *loop_main;
static struct event *t_read, *t_again;
static unsigned int again_after = AGAIN_FIRST; /* seconds */
static struct nls notify, control;
static uint64_t overruns;

static struct link_entry *find(uint32_t ifindex)
{
	struct link_entry key = {.link.ifindex = ifindex};

	return link_table_find(&links, &key);
}

const struct nlm_link *dm_link_find(uint32_t ifindex)
{
	struct link_entry *e = ifindex ? find(ifindex) : NULL;

	return e ? &e->link : NULL;
}

const struct nlm_link *dm_link_find_name(const char *name)
{
	struct link_entry *e;

	frr_each (link_table, &links, e)
		if (strcmp(e->link.name, name) == 0)
			return &e->link;
	return NULL;
}

void dm_links_each(void (*each)(const struct nlm_link *link, void *arg), void *arg)
{
	struct link_entry *e;

	frr_each (link_table, &links, e)
		if (e->link.kind == NLM_VXLAN)
			each(&e->link, arg);
}

const struct nlm_link *dm_link_find_vlan(uint32_t lower, uint16_t vlan)
{
	struct link_entry *e;

	frr_each (link_table, &links, e)
		if (e->link.kind == NLM_VLAN && e->link.lower == lower && e->link.vlan == vlan)
			return &e->link;
	return NULL;
}

uint64_t dm_links_overruns(void)
{
	return overruns;
}

void dm_link_record(const struct nlm_link *link, struct dm_rec *rec)
{
	const struct nlm_link *master = dm_link_find(link->master);
	struct dm_link *l = &rec->link;

	memset(rec, 0, sizeof(*rec));
	rec->type = DM_REC_LINK;
	l->ifindex = link->ifindex;
	strlcpy(l->name, link->name, sizeof(l->name));
	l->flags = (link->up ? DM_LINK_UP : 0) | (link->external ? DM_LINK_EXTERNAL : 0) |
		   (link->vnifilter ? DM_LINK_VNIFILTER : 0) |
		   (link->bridge_port ? DM_LINK_BRIDGE_PORT : 0) |
		   (master && master->vlan_filtering ? DM_LINK_VLAN_BRIDGE : 0) |
		   (link->learning ? DM_LINK_LEARNING : 0);
	l->vni = link->vni;
	l->local = link->local;
	l->mac = link->mac;
	l->mtu = link->mtu;
	l->master = link->master;
}

/* A device that VPNs are made of, not one that is merely beside them. */
static bool matters(const struct nlm_link *link)
{
	return link->kind == NLM_VXLAN || link->kind == NLM_BRIDGE;
}

static bool is_kept(const struct nlm_link *link)
{
	return link->kind != NLM_OTHER || link->bridge_port;
}

/* Something about a device changed that it is no VXLAN device for, or not by itself. */
static void tell_touched(const struct nlm_link *link)
{
	if (matters(link))
		watch->touched(link->ifindex);
	else
		watch->around(link->ifindex);
}

static void remove_entry(struct link_entry *e)
{
	link_table_del(&links, e);
	if (e->link.kind == NLM_VXLAN)
		watch->gone(&e->link);
	else
		tell_touched(&e->link);
	XFREE(MTYPE_DM_LINK, e);
}

static void store(const struct nlm_link *now)
{
	struct link_entry *e = find(now->ifindex);
	struct nlm_link was;
	bool known = e != NULL;

	if (!is_kept(now)) {
		if (e)
			remove_entry(e);
		return;
	}
	if (!e) {
		e = XCALLOC(MTYPE_DM_LINK, sizeof(*e));
		e->link = *now;
		link_table_add(&links, e);
	}
	was = e->link;
	e->link = *now;
	e->stale = false;
	if (known && memcmp(&was, now, sizeof(was)) == 0)
		return;
	if (now->kind == NLM_VXLAN)
		watch->changed(&e->link, known ? &was : NULL);
	else
		tell_touched(now);
}

static void handle_link(const struct nlmsghdr *nlh, void *arg)
{
	struct nlm_link link;

	if (nlh->nlmsg_type == RTM_NEWLINK && nlm_parse_link(nlh, &link))
		store(&link);
}

static void begin_again(void *arg)
{
	struct link_entry *e;

	frr_each (link_table, &links, e)
		e->stale = true;
}

static void read_all(void);

static void again_event(struct event *event)
{
	read_all();
}

static void read_later(int err, const char *what, uint32_t ifindex)
{
	zlog_err("dmevpn: cannot read %s %u: %s; reading all devices in %u s", what, ifindex,
		 safe_strerror(-err), again_after);
	event_add_timer(loop_main, again_event, NULL, again_after, &t_again);
	again_after = MIN(again_after * 2, (unsigned int)AGAIN_MAX);
}

static void read_all(void)
{
	char buf[NLM_MESSAGE_MAX];
	struct link_entry *e;
	int err = nls_dump_anew(&control, nlm_build_link_get(buf, 0), begin_again, handle_link,
				NULL);

	if (err) {
		read_later(err, "the devices", 0);
		return;
	}
	again_after = AGAIN_FIRST;
	frr_each_safe (link_table, &links, e)
		if (e->stale)
			remove_entry(e);
}

void dm_link_refresh(uint32_t ifindex)
{
	char buf[NLM_MESSAGE_MAX];
	int err = nls_get(&control, nlm_build_link_get(buf, ifindex), handle_link, NULL);

	/* ENODEV: it went meanwhile, and its RTM_DELLINK is on the way */
	if (err && err != -ENODEV)
		read_later(err, "device", ifindex);
}

static void handle_link_event(const struct nlmsghdr *nlh)
{
	struct link_entry *e;
	uint32_t ifindex;
	uint8_t family;

	if (!nlm_parse_link_id(nlh, &family, &ifindex))
		return;
	e = find(ifindex);
	if (family == AF_BRIDGE) {
		/*
		 * a port's settings changed, or it left its bridge: the message has no more than
		 * that
		 */
		bool known = e != NULL;

		/*
		 * a port that left its bridge may not be kept any more; what changed is told by
		 * store(). Its VLANs are told of by messages of their own: each VPN that a hub makes
		 * changes some.
		 */
		if (known)
			dm_link_refresh(ifindex);
	} else if (nlh->nlmsg_type == RTM_DELLINK) {
		if (e)
			remove_entry(e);
	} else {
		handle_link(nlh, NULL);
	}
}

static void handle_address(const struct nlmsghdr *nlh)
{
	struct nlm_ifaddr addr;

	if (nlm_parse_ifaddr(nlh, &addr) && find(addr.ifindex))
		watch->around(addr.ifindex);
}

static void tell_vlans(const struct nlm_vlan *vlan, void *arg)
{
	watch->vlans(vlan->ifindex, vlan->first, vlan->last);
}

static void tell_vnis(uint32_t first, uint32_t last, void *arg)
{
	watch->vnis(*(uint32_t *)arg, first, last);
}

/* VLANs of a bridge's port, or VNIs of a device: a hub's VPNs, each of which has its own. */
static void handle_range(const struct nlmsghdr *nlh)
{
	uint32_t ifindex = nlm_parse_ifindex(nlh);
	struct link_entry *e = find(ifindex);

	if (!e)
		return;
	if (e->link.kind != NLM_VXLAN)
		tell_touched(&e->link);
	else if (nlh->nlmsg_type == RTM_NEWVLAN || nlh->nlmsg_type == RTM_DELVLAN)
		nlm_parse_vlans(nlh, tell_vlans, NULL);
	else
		nlm_parse_vnis(nlh, tell_vnis, &ifindex);
}

static void handle_event(const struct nlmsghdr *nlh, void *arg)
{
	struct link_entry *e;

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		handle_link_event(nlh);
		break;
	case RTM_NEWVLAN:
	case RTM_DELVLAN:
	case RTM_NEWTUNNEL:
	case RTM_DELTUNNEL:
		handle_range(nlh);
		break;
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
		e = find(nlm_parse_ifindex(nlh));
		if (e && matters(&e->link))
			dm_link_refresh(e->link.ifindex);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		handle_address(nlh);
		break;
	default:
		break;
	}
}

static void read_event(struct event *event)
{
	int err = nls_receive(&notify, handle_event, NULL);

	event_add_read(loop_main, read_event, NULL, mnl_socket_get_fd(notify.sock), &t_read);
	if (!err)
		return;
	if (err == -ENOBUFS) {
		overruns++;
		zlog_warn("dmevpn: the kernel dropped device notifications (%llu times now), reading all devices anew",
			  (unsigned long long)overruns);
	} else {
		zlog_err("dmevpn: reading device notifications: %s", safe_strerror(-err));
	}
	read_all();
	watch->overran();
}

int dm_links_start(struct event_loop *loop, const struct dm_links_watcher *watcher)
{
	static const unsigned int groups[] = {RTNLGRP_LINK, RTNLGRP_BRVLAN, RTNLGRP_TUNNEL,
					      RTNLGRP_TC, RTNLGRP_IPV4_IFADDR,
					      RTNLGRP_IPV6_IFADDR, 0};
	int err;

	link_table_init(&links);
	watch = watcher;
	loop_main = loop;
	err = nls_open(&control, RCVBUF, NULL);
	if (!err)
		err = nls_open(&notify, RCVBUF, groups);
	if (err)
		return err;
	read_all();
	event_add_read(loop_main, read_event, NULL, mnl_socket_get_fd(notify.sock), &t_read);
	return 0;
}

void dm_links_stop(void)
{
	struct link_entry *e;

	event_cancel(&t_read);
	event_cancel(&t_again);
	nls_close(&notify);
	nls_close(&control);
	while ((e = link_table_pop(&links)))
		XFREE(MTYPE_DM_LINK, e);
	link_table_fini(&links);
}

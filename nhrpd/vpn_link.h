// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the node has: VXLAN devices as the module reports them, controllers as
 * the glue reports them.
 */
#ifndef DMEVPN_VPN_LINK_H
#define DMEVPN_VPN_LINK_H

#include <assert.h>
#include <string.h>

#include "lib/typesafe.h"
#include "lib/typerb.h"
#include "nhrpd/vpn_engine.h"

PREDECL_RBTREE_UNIQ(vpn_links);
PREDECL_RBTREE_UNIQ(vpn_link_names);
PREDECL_RBTREE_UNIQ(vpn_ctls);
PREDECL_RBTREE_UNIQ(vpn_ctl_indexes);

/* A VXLAN device as the kernel has it. Identified by ifindex; names are unique too. */
struct vpn_link {
	struct vpn_links_item item;
	struct vpn_link_names_item name_item;
	struct dm_link link;
	bool stale; /* not reported again since the module came back */
};

/* A controller as the glue reported it. Identified by name. */
struct vpn_ctl {
	struct vpn_ctls_item item;
	struct vpn_ctl_indexes_item index_item;
	bool indexed; /* messages of its ifindex are its: it is a GRE interface, and no later report has another one there */
	struct vpn_controller c;
};

/* Order of the container: by what identifies the object. */
static inline int vpn_link_cmp(const struct vpn_link *a, const struct vpn_link *b)
{
	return a->link.ifindex < b->link.ifindex ? -1 : a->link.ifindex > b->link.ifindex;
}
DECLARE_RBTREE_UNIQ(vpn_links, struct vpn_link, item, vpn_link_cmp);

/* Order of the container: a spoke has a device for each of its VPNs, and they are looked up by name, too. */
static inline int vpn_link_name_cmp(const struct vpn_link *a, const struct vpn_link *b)
{
	return strcmp(a->link.name, b->link.name);
}
DECLARE_RBTREE_UNIQ(vpn_link_names, struct vpn_link, name_item, vpn_link_name_cmp);

/* Order of the container: by what identifies the object. */
static inline int vpn_ctl_cmp(const struct vpn_ctl *a, const struct vpn_ctl *b)
{
	return strcmp(a->c.name, b->c.name);
}
DECLARE_RBTREE_UNIQ(vpn_ctls, struct vpn_ctl, item, vpn_ctl_cmp);

/* Order of the container: by ifindex, under which messages come. */
static inline int vpn_ctl_index_cmp(const struct vpn_ctl *a, const struct vpn_ctl *b)
{
	return a->c.ifindex < b->c.ifindex ? -1 : a->c.ifindex > b->c.ifindex;
}
DECLARE_RBTREE_UNIQ(vpn_ctl_indexes, struct vpn_ctl, index_item, vpn_ctl_index_cmp);

/* By name or ifindex; NULL when the module has not reported it. */
struct vpn_link *vpn_link_by_name(struct vpn_engine *e, const char *name);
struct vpn_link *vpn_link_by_index(struct vpn_engine *e, uint32_t ifindex);
/* Takes over a report, or the end of a device; updates who depends on it. */
void vpn_link_set(struct vpn_engine *e, const struct dm_link *link);
void vpn_link_del(struct vpn_engine *e, uint32_t ifindex);
/* Marks all as stale, and later removes those that were not reported again. */
void vpn_link_mark(struct vpn_engine *e);
void vpn_link_sweep(struct vpn_engine *e);

/* By name, or by ifindex where it is up; NULL when the glue has not reported it. */
struct vpn_ctl *vpn_ctl_by_name(struct vpn_engine *e, const char *name);
struct vpn_ctl *vpn_ctl_by_index(struct vpn_engine *e, uint32_t ifindex);
/* The GRE interface of that ifindex, up or down; NULL when there is none that the configuration names. */
struct vpn_ctl *vpn_ctl_gre(struct vpn_engine *e, uint32_t ifindex);
/* Forgets interfaces that the configuration does not name any more. */
void vpn_ctl_trim(struct vpn_engine *e);

/* Frees all. */
void vpn_link_clear(struct vpn_engine *e);

#endif

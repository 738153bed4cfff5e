// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links and controllers: what the module and the glue last said of the node.
 *
 * Objects: vpn_link (by ifindex), vpn_ctl (by name). A change updates the devices
 * that depend on it; what follows from that is vpn_instance.c's business.
 */
#include <config.h>

#include <stdio.h>

#include "nhrpd/vpn_core.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_LINK, "VXLAN device");
DEFINE_MTYPE_STATIC(VPNENGINE, VPN_CTL, "VPN controller");

/* --- links --- */

struct vpn_link *vpn_link_by_index(struct vpn_engine *e, uint32_t ifindex)
{
	struct vpn_link ref = { .link.ifindex = ifindex };

	return vpn_links_find(&e->links, &ref);
}

struct vpn_link *vpn_link_by_name(struct vpn_engine *e, const char *name)
{
	struct vpn_link ref;

	snprintf(ref.link.name, sizeof(ref.link.name), "%s", name);
	return vpn_link_names_find(&e->link_names, &ref);
}

static void changed(struct vpn_engine *e, const char *name)
{
	struct vpn_device *dev = vpn_device_find(e, name);

	if (dev)
		vpn_device_update(e, dev);
}

void vpn_link_del(struct vpn_engine *e, uint32_t ifindex)
{
	struct vpn_link *l = vpn_link_by_index(e, ifindex);

	if (!l)
		return;
	vpn_links_del(&e->links, l);
	vpn_link_names_del(&e->link_names, l);
	changed(e, l->link.name);
	XFREE(MTYPE_VPN_LINK, l);
}

void vpn_link_set(struct vpn_engine *e, const struct dm_link *link)
{
	struct vpn_link *l = vpn_link_by_index(e, link->ifindex);
	struct vpn_link *same = vpn_link_by_name(e, link->name);

	/* a device recreated under its name while we did not look, or renamed */
	if (same && same != l)
		vpn_link_del(e, same->link.ifindex);
	if (l && strcmp(l->link.name, link->name)) {
		vpn_link_del(e, link->ifindex);
		l = NULL;
	}
	if (!l) {
		l = XCALLOC(MTYPE_VPN_LINK, sizeof(*l));
		l->link = *link;
		vpn_links_add(&e->links, l);
		vpn_link_names_add(&e->link_names, l);
	}
	l->link = *link;
	l->stale = false;
	changed(e, link->name);
}

void vpn_link_mark(struct vpn_engine *e)
{
	struct vpn_link *l;

	frr_each (vpn_links, &e->links, l)
		l->stale = true;
}

void vpn_link_sweep(struct vpn_engine *e)
{
	struct vpn_link *l;

	frr_each_safe (vpn_links, &e->links, l)
		if (l->stale)
			vpn_link_del(e, l->link.ifindex);
}

/* --- controllers --- */

struct vpn_ctl *vpn_ctl_by_name(struct vpn_engine *e, const char *name)
{
	struct vpn_ctl ref;

	snprintf(ref.c.name, sizeof(ref.c.name), "%s", name);
	return vpn_ctls_find(&e->ctls, &ref);
}

static struct vpn_ctl *at_index(struct vpn_engine *e, uint32_t ifindex)
{
	struct vpn_ctl ref = { .c.ifindex = ifindex };

	return vpn_ctl_indexes_find(&e->ctl_indexes, &ref);
}

struct vpn_ctl *vpn_ctl_gre(struct vpn_engine *e, uint32_t ifindex)
{
	struct vpn_ctl *ctl = at_index(e, ifindex);

	return ctl && ctl->c.gre ? ctl : NULL;
}

struct vpn_ctl *vpn_ctl_by_index(struct vpn_engine *e, uint32_t ifindex)
{
	struct vpn_ctl *ctl = at_index(e, ifindex);

	return ctl && ctl->c.up ? ctl : NULL;
}

static void leave_index(struct vpn_engine *e, struct vpn_ctl *ctl)
{
	if (ctl->indexed)
		vpn_ctl_indexes_del(&e->ctl_indexes, ctl);
	ctl->indexed = false;
}

/* Whoever was found there has been renamed, or is gone: the later report is the right one. */
static void take_index(struct vpn_engine *e, struct vpn_ctl *ctl)
{
	struct vpn_ctl *former = at_index(e, ctl->c.ifindex);

	if (!ctl->c.gre && !ctl->c.up)
		return;
	if (former)
		leave_index(e, former);
	vpn_ctl_indexes_add(&e->ctl_indexes, ctl);
	ctl->indexed = true;
}

static bool is_controller(struct vpn_engine *e, const char *name)
{
	struct vpn_device *dev;

	frr_each (vpn_devices, &e->devices, dev)
		if (!strcmp(dev->controller, name))
			return true;
	return false;
}

void vpn_engine_controller(struct vpn_engine *e, const struct vpn_controller *c)
{
	struct vpn_ctl *ctl = vpn_ctl_by_name(e, c->name);
	struct vpn_device *dev;

	if (ctl && !memcmp(&ctl->c, c, sizeof(*c)))
		return;
	if (!ctl) {
		ctl = XCALLOC(MTYPE_VPN_CTL, sizeof(*ctl));
		ctl->c = *c;
		vpn_ctls_add(&e->ctls, ctl);
	}
	leave_index(e, ctl);
	ctl->c = *c;
	take_index(e, ctl);
	frr_each (vpn_devices, &e->devices, dev)
		if (!strcmp(dev->controller, c->name) || !strcmp(dev->name, c->name))
			vpn_device_update(e, dev);
}

void vpn_ctl_trim(struct vpn_engine *e)
{
	struct vpn_ctl *ctl;

	frr_each_safe (vpn_ctls, &e->ctls, ctl)
		if (!vpn_device_find(e, ctl->c.name) && !is_controller(e, ctl->c.name)) {
			leave_index(e, ctl);
			vpn_ctls_del(&e->ctls, ctl);
			XFREE(MTYPE_VPN_CTL, ctl);
		}
}

void vpn_link_clear(struct vpn_engine *e)
{
	struct vpn_link *l;
	struct vpn_ctl *ctl;

	while ((l = vpn_links_pop(&e->links))) {
		vpn_link_names_del(&e->link_names, l);
		XFREE(MTYPE_VPN_LINK, l);
	}
	while ((ctl = vpn_ctls_pop(&e->ctls))) {
		leave_index(e, ctl);
		XFREE(MTYPE_VPN_CTL, ctl);
	}
}

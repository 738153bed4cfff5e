// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gives a zebra that was started anew the routes of FRR's own NHRP code. That announces
 * a route when a binding comes up, notes that it did, and never again; a zebra that
 * restarts removes its routes from the kernel, and so they stayed away until each binding
 * ended.
 *
 *   zebra gone ... connected ── INTERFACE_ADD for each interface ──> libfrr's hook if_real
 *        │                                                          an interface with routes? once
 *        │                                                          all are through, announce
 *        └── bindings, peers and shortcuts stay as they are meanwhile
 *
 * Announced is what the code's own marks (route_installed) say that zebra has, in the words
 * in which it was announced first: hosts behind bindings and prefixes behind shortcuts. To announce a
 * route that is there changes nothing, so an interface that is only renamed costs some messages.
 *
 * All in nhrpd's main thread. What it does not do: take back routes of other daemons that went
 * while zebra was away; the stock code learns of those as they change.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/if.h"
#include "lib/log.h"
#include "lib/vrf.h"

#include "nhrpd.h"
#include "nhrpd/nhrp_routes.h"

#define TURN 50 /* ms in which further interfaces may be told */

static struct event *t_announce;
static unsigned int announced;

static void announce_binding(struct nhrp_cache *c, void *arg)
{
	struct prefix host;

	if (!c->route_installed || !sockunion2hostprefix(&c->remote_addr, &host))
		return;
	nhrp_route_announce(1, c->cur.type, &host, c->ifp, NULL, c->cur.mtu);
	announced++;
}

/* One that says that there is nothing has no binding. */
static void announce_shortcut(struct nhrp_shortcut *s, void *arg)
{
	if (!s->route_installed)
		return;
	nhrp_route_announce(1, s->type, s->p, s->cache ? s->cache->ifp : NULL,
			    s->cache ? &s->cache->remote_addr : NULL, 0);
	announced++;
}

static void announce(struct event *t)
{
	struct vrf *vrf = vrf_lookup_by_id(VRF_DEFAULT);
	struct interface *ifp;

	announced = 0;
	FOR_ALL_INTERFACES (vrf, ifp)
		nhrp_cache_foreach(ifp, announce_binding, NULL);
	nhrp_shortcut_foreach(AFI_IP, announce_shortcut, NULL);
	nhrp_shortcut_foreach(AFI_IP6, announce_shortcut, NULL);
	if (announced)
		zlog_info("zebra is back: %u routes announced again", announced);
}

static void has_route(struct nhrp_cache *c, void *found)
{
	if (c->route_installed)
		*(bool *)found = true;
}

static int told(struct interface *ifp)
{
	bool found = false;

	nhrp_cache_foreach(ifp, has_route, &found);
	if (found)
		event_add_timer_msec(master, announce, NULL, TURN, &t_announce);
	return 0;
}

void nhrp_routes_init(void)
{
	/* behind the stock code's own, which makes what it knows of an interface */
	hook_register_prio(if_real, 1, told);
}

void nhrp_routes_terminate(void)
{
	hook_unregister(if_real, told);
	event_cancel(&t_announce);
}

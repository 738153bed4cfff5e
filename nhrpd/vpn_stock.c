// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hand on FRR's own NHRP code: making it forget an interface's bindings when the
 * interface goes over to another VPN, and register again at once rather than at the
 * next third of the holding time. Called by vpn_glue.c and nhrp_main.c in the main
 * pthread; keeps nothing.
 *
 * It does by the stock code's exported functions what `clear ip nhrp cache` does for
 * all interfaces. What is configured (`ip nhrp map`) and what we are ourselves stays.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/if.h"

#include "nhrpd.h"
#include "nhrpd/vpn_stock.h"

static void forget_binding(struct nhrp_cache *c, void *arg)
{
	switch (c->cur.type) {
	case NHRP_CACHE_STATIC:
	case NHRP_CACHE_LOCAL:
		return;
	default: /* servers too: their addresses are those of the VPN that was */
		nhrp_cache_update_binding(c, c->cur.type, -1, NULL, 0, NULL, NULL);
	}
}

static void forget_shortcut(struct nhrp_shortcut *s, void *arg)
{
	if (s->cache && s->cache->ifp == arg)
		nhrp_shortcut_purge(s, 1);
}

/* What the stock code itself says when the interface's address is another one. */
static void register_again(struct interface *ifp)
{
	struct nhrp_interface *nifp = ifp->info;

	if (nifp && nifp->enabled)
		notifier_call(&nifp->notifier_list, NOTIFY_INTERFACE_ADDRESS_CHANGED);
}

void vpn_stock_forget(const char *ifname)
{
	struct interface *ifp = if_lookup_by_name(ifname, VRF_DEFAULT);

	if (!ifp || !ifp->info)
		return;
	nhrp_shortcut_foreach(AFI_IP, forget_shortcut, ifp);
	nhrp_shortcut_foreach(AFI_IP6, forget_shortcut, ifp);
	nhrp_cache_foreach(ifp, forget_binding, NULL);
	register_again(ifp);
}

void vpn_stock_register_all(void)
{
	struct vrf *vrf = vrf_lookup_by_id(VRF_DEFAULT);
	struct interface *ifp;

	FOR_ALL_INTERFACES (vrf, ifp)
		register_again(ifp);
}

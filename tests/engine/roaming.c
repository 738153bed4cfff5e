// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The net of roaming.h.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/engine/peer.h"
#include "tests/engine/roaming.h"

struct world_node *spoke3;

void roaming_suppress(struct world_node *n)
{
	vpn_engine_set_arp_suppress(n->engine, "tun2", true);
	vpn_engine_commit(n->engine);
}

int roaming_setup(void **state)
{
	trio_setup_all(state);
	spoke3 = world_spoke(4, 102);
	world_configure(spoke3, 1, hub);
	roaming_suppress(spoke2);
	roaming_suppress(spoke3);
	for (int i = 0; i < 3; i++) /* whose registrations would be counted, too */
		vpn_engine_set_keepalive((struct world_node *[]){ spoke1, spoke2, spoke3 }[i]->engine, "tun2", VPN_KEEPALIVE_MAX);
	world_run(100);
	return 0;
}

struct world_node *roaming_home(const char *mac)
{
	struct vpn_mac_view v;

	assert_true(world_mac(hub, mac, &v));
	return dm_addr_same(&v.nbma, &spoke2->nbma) ? spoke2 : dm_addr_same(&v.nbma, &spoke3->nbma) ? spoke3 : spoke1;
}

void roaming_seen(const struct world_node *spoke)
{
	world_mac_seen(hub, spoke, HUB_VNI, VM2);
	world_run(0);
}

void roaming_begin(void)
{
	world_local(spoke2, VM2, false);
	world_run(10);
	assert_ptr_equal(roaming_home(VM2), spoke2);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The families of family.h.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/family.h"

static const struct family families[] = {
	{ "MAC", DM_MAC, VM1, VM2, "02:aa:00:00:00:03", "02:ab:00:00:00:03", "02:aa:00:00:00:99" },
	{ "IPv4", DM_IPV4, "192.168.1.1", "192.168.1.2", "192.168.1.3", "192.169.1.3", "192.168.1.99" },
	{ "IPv6", DM_IPV6, "fd00:0:0:1::1", "fd00:0:0:1::2", "fd00:0:0:1::3", "fd00:0:0:2::3", "fd00:0:0:1::99" },
};

const struct family *fam = families;

int family_run(const char *name, const struct CMUnitTest *tests, size_t num, bool ip_only)
{
	char group[64];
	int failed = 0;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		fam = &families[i];
		if (ip_only && fam->family == DM_MAC)
			continue;
		snprintf(group, sizeof(group), "%s, %s", name, fam->name);
		failed += _cmocka_run_group_tests(group, tests, num, NULL, NULL);
	}
	return failed;
}

static bool is_mac(void)
{
	return fam->family == DM_MAC;
}

static void suppress(struct world_node *spoke)
{
	vpn_engine_set_arp_suppress(spoke->engine, "tun2", true);
}

int family_setup_hub(void **state)
{
	trio_setup_hub(state);
	suppress(spoke1);
	suppress(spoke2);
	return 0;
}

int family_setup_all(void **state)
{
	family_setup_hub(state);
	world_configure(spoke1, 1, hub);
	world_configure(spoke2, 1, hub);
	return 0;
}

/* --- what happens in the VPN --- */

const char *family_mac_of(const char *addr)
{
	return strcmp(addr, fam->at1) ? VM2 : VM1;
}

void family_heard(struct world_node *spoke, const char *addr)
{
	if (is_mac())
		world_mac_seen(hub, spoke, HUB_VNI, addr);
	else
		world_neigh(spoke, addr, family_mac_of(addr));
	world_run(10);
}

void family_local(struct world_node *spoke, const char *addr, bool gone)
{
	if (is_mac())
		world_local(spoke, addr, gone);
	else
		world_neigh(spoke, addr, gone ? NULL : family_mac_of(addr));
}

void family_want(const char *addr)
{
	if (is_mac())
		world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, addr);
	else
		world_wanted(spoke1, addr);
}

void family_resolved(const char *addr)
{
	world_configure(spoke1, 1, hub);
	world_configure(spoke2, 1, hub);
	world_run(100);
	family_heard(spoke1, fam->at1);
	family_heard(spoke2, addr);
	family_want(addr);
	world_run(10);
	assert_true(family_has(spoke1, addr));
}

void family_pass(uint64_t ms, const char *used)
{
	spoke1->idle_ms = spoke2->idle_ms = used ? 0 : 3600 * 1000;
	for (; ms > 1000; ms -= 1000) {
		if (used && !is_mac())
			world_wanted(spoke1, used);
		world_run(1000);
	}
	world_run(ms);
}

/* --- what comes of it --- */

bool family_has(struct world_node *n, const char *addr)
{
	return is_mac() ? !!world_fdb(n, addr) : !!world_neigh_entry(n, addr);
}

/* The engine's word on it, by either view. */
static bool look(struct world_node *n, const char *addr, const char **type, struct dm_addr *nbma, uint32_t *vni)
{
	struct vpn_mac_view mac;
	struct vpn_neigh_view ip;
	bool found = is_mac() ? world_mac(n, addr, &mac) : world_ip(n, addr, &ip);

	if (!found)
		return false;
	*type = is_mac() ? mac.type : ip.type;
	*nbma = is_mac() ? mac.nbma : ip.nbma;
	*vni = is_mac() ? mac.vni : ip.vni;
	return true;
}

void assert_behind(struct world_node *n, const char *addr, const struct world_node *home)
{
	const char *type;
	struct dm_addr nbma, mac = world_addr(family_mac_of(addr));
	uint32_t vni;

	assert_true(look(n, addr, &type, &nbma, &vni));
	assert_true(dm_addr_same(&nbma, &home->nbma));
	assert_int_equal(vni, home->link.vni);
	if (n == hub)
		return;
	assert_true(family_has(n, addr));
	if (is_mac())
		assert_int_equal(world_fdb(n, addr)->remote_vni, home->link.vni);
	else
		assert_true(dm_addr_same(&world_neigh_entry(n, addr)->mac, &mac));
}

const char *family_state(struct world_node *spoke, const char *addr)
{
	const char *type;
	struct dm_addr nbma;
	uint32_t vni;

	if (!look(spoke, addr, &type, &nbma, &vni))
		return "";
	return !strcmp(type, "shortcut") || !strcmp(type, "remote") ? "active" : type;
}

bool family_hub_knows(const char *addr, const struct world_node *home)
{
	const char *type;
	struct dm_addr nbma;
	uint32_t vni;

	return look(hub, addr, &type, &nbma, &vni) && (!home || dm_addr_same(&nbma, &home->nbma));
}

/* --- messages --- */

struct dm_addr family_source(const struct world_node *spoke)
{
	return is_mac() ? spoke->link.mac : (struct dm_addr){ .family = fam->family };
}

struct nhrp_msg family_msg(const struct world_node *spoke, uint8_t op, uint32_t id)
{
	struct nhrp_msg m = from_spoke(spoke, op, id);

	if (spoke == hub)
		m.src_sub = nhrp_subaddr_vni(HUB_VNI);
	m.pro_type = nhrp_pro_type(fam->family);
	m.src_proto = m.dst_proto = family_source(spoke);
	return m;
}

struct nhrp_cie family_cie(const struct world_node *spoke, const char *addr)
{
	struct dm_addr mac = world_addr(family_mac_of(addr));
	struct nhrp_cie cie = { .holding_time = 60, .proto = world_addr(addr) };

	if (!is_mac())
		cie.sub = nhrp_subaddr_vni_mac(spoke->link.vni, &mac);
	return cie;
}

struct nhrp_cie family_answer(const char *addr)
{
	struct nhrp_cie cie = family_cie(spoke2, addr);

	cie.nbma = spoke2->nbma;
	if (is_mac())
		cie.sub = nhrp_subaddr_vni(spoke2->link.vni);
	return cie;
}

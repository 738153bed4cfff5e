// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The nodes and fixtures of quartet.h.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/peer.h"
#include "tests/engine/quartet.h"

struct world_node *hub1, *hub2, *spoke1, *spoke2;

void quartet_make(void)
{
	world_reset();
	hub1 = world_hub(1);
	spoke1 = world_spoke(2, 100);
	spoke2 = world_spoke(3, 101);
	hub2 = world_hub(4);
}

void quartet_start(void)
{
	world_configure(hub1, 1, hub2);
	world_configure(hub2, 1, hub1);
	world_configure(spoke1, 1, hub1);
	world_configure(spoke2, 1, hub2);
	world_run(100);
	world_mac_seen(hub1, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub2, spoke2, HUB_VNI, VM2);
}

int quartet_setup_bare(void **state)
{
	quartet_make();
	return 0;
}

int quartet_setup(void **state)
{
	quartet_make();
	quartet_start();
	return 0;
}

int quartet_teardown(void **state)
{
	world_end();
	return 0;
}

void quartet_servers(struct world_node *n, ...)
{
	const struct world_node *server;
	va_list ap;

	n->ctl.num_servers = 0;
	memset(n->ctl.servers, 0, sizeof(n->ctl.servers));
	va_start(ap, n);
	while ((server = va_arg(ap, const struct world_node *)))
		n->ctl.servers[n->ctl.num_servers++].nbma = server->nbma;
	va_end(ap);
	vpn_engine_controller(n->engine, &n->ctl);
}

void quartet_redirect(const struct world_node *hub, struct world_node *spoke, const char *src, const char *dst)
{
	struct nhrp_msg m = from_spoke(hub, NHRP_OP_TRAFFIC_INDICATION, 0);
	const struct dm_addr from = world_addr(src), to = world_addr(dst);
	struct nhrp_builder b;
	uint8_t buf[512];

	m.src_sub = nhrp_subaddr_vni(HUB_VNI);
	m.dst_proto = from;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, to.octets, 6);
	nhrp_build_octets(&b, from.octets, 6);
	world_inject(spoke, &hub->nbma, buf, nhrp_build_end(&b));
}

void quartet_ask(void)
{
	quartet_redirect(hub1, spoke1, VM1, VM2);
	world_run(0);
}

void quartet_request(struct nhrp_builder *b, void *buf, size_t size, uint8_t hops, uint32_t id)
{
	static struct nhrp_msg m;

	m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REQUEST, id);
	m.hop_count = hops;
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(b, buf, size, &m);
}

void quartet_purge(uint32_t id, const struct dm_addr *station, const struct world_node *by,
		   const struct dm_addr *from)
{
	const struct nhrp_cie cie = { .proto = world_addr(VM2) };
	struct nhrp_msg m = from_spoke(by, NHRP_OP_PURGE_REQUEST, id);
	struct nhrp_builder b;
	uint8_t buf[512];

	m.src_sub = nhrp_subaddr_vni(HUB_VNI);
	m.dst_proto = *station;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(hub1, from, &b);
}

void quartet_relay(const struct world_node *hub3, uint32_t number, uint16_t seconds)
{
	const uint8_t mac[] = { 2, 0xcc, 0, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };
	struct world_node station = { .nbma = world_addr("10.9.9.9"), .link.vni = 200 };
	const struct nhrp_cie cie = { .holding_time = seconds, .nbma = spoke2->nbma, .sub = nhrp_subaddr_vni(101),
				      .proto = world_addr(VM2) };
	struct nhrp_builder b;
	struct nhrp_msg m;
	uint8_t buf[512];

	dm_addr_set(&station.link.mac, DM_MAC, mac, 6);
	m = from_spoke(&station, NHRP_OP_RESOLUTION_REQUEST, number);
	m.dst_proto = world_addr(VM2);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	deliver(hub1, &hub2->nbma, &b);
	m.op = NHRP_OP_RESOLUTION_REPLY;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(hub1, &hub3->nbma, &b);
}

void quartet_assert_shortcut(const struct world_node *asker, const char *mac, const struct world_node *home)
{
	const struct dm_mac *entry = world_fdb(asker, mac);

	assert_non_null(entry);
	assert_addr(&entry->nbma, &home->nbma);
	assert_int_equal(entry->remote_vni, home->link.vni);
}

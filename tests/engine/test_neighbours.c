// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IP addresses behind MACs, beyond what they share with MACs (test_resolution,
 * test_registration, test_purge): arp-suppress at a spoke, its module, hosts that move, and
 * that none of it leaks into another VPN.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2 (VNI 100) with 192.168.1.1 at VM1, who asks;
 *                   spoke2 10.0.0.3 (VNI 101) with 192.168.1.2 at VM2
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

#define IP1 "192.168.1.1"
#define IP2 "192.168.1.2"
#define VM3 "02:aa:00:00:00:03"

static void suppress(struct world_node *n, bool on)
{
	vpn_engine_set_arp_suppress(n->engine, "tun2", on);
	vpn_engine_commit(n->engine);
	world_run(10);
}

static int setup(void **state)
{
	trio_setup_all(state);
	suppress(spoke1, true);
	suppress(spoke2, true);
	world_run(100);
	return 0;
}

static void make_neighbours(void)
{
	world_neigh(spoke1, IP1, VM1);
	world_neigh(spoke2, IP2, VM2);
	world_run(10);
	world_wanted(spoke1, IP2);
	world_run(10);
	assert_non_null(world_neigh_entry(spoke1, IP2));
}

/* What that node's engine calls the address: "local", "remote" …; "" when it does not know it. */
static const char *type_of(struct world_node *n, const char *ip)
{
	struct vpn_neigh_view v;

	return world_ip(n, ip, &v) ? v.type : "";
}

static void assert_registered(const char *ip, const char *mac, const struct world_node *home)
{
	struct dm_addr address = world_addr(mac);
	struct vpn_neigh_view v;

	assert_true(world_ip(hub, ip, &v));
	assert_string_equal(v.type, "registered");
	assert_true(dm_addr_same(&v.mac, &address));
	assert_true(dm_addr_same(&v.nbma, &home->nbma));
	assert_int_equal(v.vni, home->link.vni);
}

/* --- the module --- */

static void test_suppression_is_asked_for_and_ended(void **state)
{
	struct dm_rec link = { .type = DM_REC_LINK };

	assert_true(world_instance(spoke1).arp_suppress);
	assert_string_equal(world_instance(spoke1).arp_suppress_state, "active");
	assert_int_equal(spoke1->suppress.ifindex, WORLD_TUN_IFINDEX);
	assert_int_equal(spoke1->suppress.vni, 100);
	make_neighbours();
	suppress(spoke1, false);
	assert_false(spoke1->suppress.on);
	assert_string_equal(world_instance(spoke1).arp_suppress_state, "inactive");
	assert_null(world_neigh_entry(spoke1, IP2));
	assert_string_equal(type_of(spoke1, IP2), "");
	assert_string_equal(type_of(spoke1, IP1), "");
	assert_string_equal(type_of(hub, IP1), ""); /* taken back */
	assert_registered(IP2, VM2, spoke2);
	/* nothing is told or asked while it is off */
	world_neigh(spoke1, IP1, VM1);
	world_wanted(spoke1, IP2);
	world_run(10);
	assert_string_equal(type_of(hub, IP1), "");
	assert_string_equal(type_of(spoke1, IP2), "");
	/* with the VPN it ends too */
	suppress(spoke1, true);
	assert_true(spoke1->suppress.on);
	vpn_engine_unset_instance(spoke1->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke1->engine);
	assert_false(spoke1->suppress.on);
	/* a device made again is told anew */
	assert_true(spoke2->suppress.on);
	spoke2->suppress = (struct dm_suppress){ 0 };
	link.link = spoke2->link;
	link.link.flags &= (uint8_t)~DM_LINK_UP;
	vpn_engine_record(spoke2->engine, &link);
	world_link(spoke2);
	assert_true(spoke2->suppress.on);
}

static void test_suppression_that_fails_has_a_reason(void **state)
{
	spoke1->cannot_suppress = true;
	suppress(spoke1, false);
	suppress(spoke1, true);
	assert_string_equal(world_instance(spoke1).arp_suppress_state, "failed");
	assert_string_equal(world_instance(spoke1).arp_suppress_reason, "the bridge cannot");
	assert_int_equal(spoke1->warnings, 1);
	assert_non_null(strstr(spoke1->last_warning, "the bridge cannot"));
	world_suppress(spoke1, "the bridge cannot"); /* said once */
	assert_int_equal(spoke1->warnings, 1);
	world_suppress(spoke1, NULL);
	assert_string_equal(world_instance(spoke1).arp_suppress_state, "active");
	assert_string_equal(world_instance(spoke1).arp_suppress_reason, "");
}

/* A daemon that ends gives all back, and what the module had on its way is not told any more. */
static void test_suppression_ends_with_the_daemon(void **state)
{
	make_neighbours();
	vpn_engine_leave(spoke1->engine);
	world_run(10);
	assert_false(spoke1->suppress.on);
	assert_null(world_neigh_entry(spoke1, IP2));
	assert_string_equal(type_of(hub, IP1), "");
	world_neigh(spoke1, IP1, VM1);
	world_wanted(spoke1, IP2);
	world_run(1000);
	assert_string_equal(type_of(spoke1, IP1), "");
	assert_string_equal(type_of(spoke1, IP2), "");
}

/* A hub has nothing to switch on. */
static void test_hub_answers_without_being_told(void **state)
{
	assert_false(world_instance(hub).arp_suppress);
	assert_string_equal(world_instance(hub).arp_suppress_state, "answering");
	make_neighbours();
	assert_int_equal(world_instance(hub).num_neighs, 2);
	suppress(hub, true);
	assert_int_equal(hub->suppress.ifindex, 0);
	assert_string_equal(world_instance(hub).arp_suppress_state, "answering");
}

/* What the module told before it restarted stays with the hub; what it does not tell again is taken back. */
static void test_module_restart_takes_back_what_is_gone(void **state)
{
	make_neighbours();
	world_neigh(spoke1, "fd00::1", VM1);
	world_run(10);
	world_module(spoke1, false);
	world_run(60000); /* away, but what is there is there */
	assert_registered(IP1, VM1, spoke1);
	spoke1->num_macs = spoke1->num_instances = spoke1->num_neighs = 0;
	spoke1->suppress = (struct dm_suppress){ 0 };
	world_module(spoke1, true);
	world_run(10);
	assert_true(spoke1->suppress.on);
	assert_non_null(world_neigh_entry(spoke1, IP2)); /* stated again */
	world_neigh(spoke1, IP1, VM1);
	world_run(9000);
	assert_registered("fd00::1", VM1, spoke1);
	world_run(2000);
	assert_registered(IP1, VM1, spoke1);
	assert_string_equal(type_of(hub, "fd00::1"), "");
	assert_string_equal(type_of(spoke1, "fd00::1"), "");
}

/* A bridge that cannot watch for a moment costs nothing; one that cannot any more knows of no addresses. */
static void test_suppression_that_ceases_takes_back_all(void **state)
{
	make_neighbours();
	world_suppress(spoke1, "the port is away");
	world_run(5000);
	world_suppress(spoke1, NULL);
	world_neigh(spoke1, IP1, VM1);
	world_run(20000);
	assert_registered(IP1, VM1, spoke1);
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 0);
	world_suppress(spoke1, "the port is away");
	world_run(20000);
	assert_string_equal(type_of(hub, IP1), "");
}

/* --- local addresses --- */

static void test_address_that_is_gone_is_taken_back(void **state)
{
	struct nhrp_msg m;
	struct vpn_neigh_view v;

	make_neighbours();
	assert_true(world_ip(spoke2, IP2, &v));
	assert_true(v.is_local && v.told);
	world_neigh(spoke2, IP2, NULL);
	world_run(10);
	assert_string_equal(type_of(hub, IP2), "");
	assert_string_equal(type_of(spoke2, IP2), "");
	assert_null(world_neigh_entry(spoke1, IP2)); /* who asked is purged */
	m = sent(NHRP_OP_PURGE_REQUEST);
	assert_int_equal(m.pro_type, NHRP_PRO_IPV4);
	assert_addr(&m.src_nbma, &hub->nbma);
	/* one that the hub never heard of is just forgotten */
	world_lose(NHRP_OP_REGISTRATION_REQUEST, 0);
	vpn_engine_controller(spoke2->engine, &(struct vpn_controller){ .name = "tun1", .reason = "is down" });
	assert_int_equal(trio_refused(spoke2, VPN_REFUSED_UNEXPECTED_REPLY), 0);
}

/* A spoke that starts anew does not know what it had registered before; the hub waits for it to say. */
static void test_restarted_spoke_leaves_nothing_behind(void **state)
{
	make_neighbours();
	world_neigh(spoke2, "fd00::2", VM2);
	world_run(10);
	world_restart(spoke2);
	world_configure(spoke2, 1, hub);
	suppress(spoke2, true);
	world_neigh(spoke2, IP2, VM2);
	world_run(50000);
	assert_registered("fd00::2", VM2, spoke2); /* it may come yet */
	assert_int_equal(world_num_members(hub), 2);
	world_run(11000);
	assert_string_equal(type_of(hub, "fd00::2"), "");
	assert_registered(IP2, VM2, spoke2);
	assert_non_null(world_neigh_entry(spoke1, IP2)); /* who asked for what is still there never noticed */
	assert_int_equal(world_seen(NHRP_OP_PURGE_REQUEST), 0);
}

/* Lost messages do not leave it with the hub, and one that is back before the hub knows is not lost. */
static void test_taking_back_survives_loss(void **state)
{
	make_neighbours();
	world_lose(NHRP_OP_PURGE_REQUEST, 2);
	world_neigh(spoke2, IP2, NULL);
	world_run(10);
	assert_registered(IP2, VM2, spoke2);
	world_run(10000);
	assert_string_equal(type_of(hub, IP2), "");
	world_neigh(spoke2, IP2, VM2);
	world_run(10);
	assert_registered(IP2, VM2, spoke2);
	world_lose(NHRP_OP_PURGE_REPLY, 1);
	world_neigh(spoke2, IP2, NULL);
	world_run(10);
	world_neigh(spoke2, IP2, VM2); /* the hub has forgotten it, and we have not heard that */
	world_run(10000);
	assert_registered(IP2, VM2, spoke2);
	assert_string_equal(type_of(spoke2, IP2), "local");
}

static void test_address_with_another_mac(void **state)
{
	struct dm_addr vm3 = world_addr(VM3);

	make_neighbours();
	world_neigh(spoke2, IP2, VM3);
	world_run(10);
	assert_registered(IP2, VM3, spoke2);
	assert_null(world_neigh_entry(spoke1, IP2)); /* purged */
	world_wanted(spoke1, IP2);
	world_run(10);
	assert_true(dm_addr_same(&world_neigh_entry(spoke1, IP2)->mac, &vm3));
	/* changed again while the registration is under way: the last word counts */
	world_lose(NHRP_OP_REGISTRATION_REPLY, 1);
	world_neigh(spoke2, IP2, VM2);
	world_run(10);
	world_neigh(spoke2, IP2, VM3);
	world_run(10000);
	assert_registered(IP2, VM3, spoke2);
}

/* Its own bridge's word counts for more than the hub's. */
static void test_local_address_wins(void **state)
{
	unsigned int asked;

	make_neighbours();
	world_neigh(spoke1, IP2, VM3);
	world_run(10);
	assert_null(world_neigh_entry(spoke1, IP2));
	assert_string_equal(type_of(spoke1, IP2), "local");
	asked = world_seen(NHRP_OP_RESOLUTION_REQUEST);
	world_wanted(spoke1, IP2);
	world_run(1000);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), asked);
	assert_null(world_neigh_entry(spoke1, IP2));
}

/* Unlike without arp-suppress: the hub would not hear a host say that it moved. */
static void test_macs_are_registered_without_a_shortcut(void **state)
{
	struct world_node *spoke3 = world_spoke(4, 102);
	struct vpn_mac_view v;

	world_configure(spoke3, 1, hub);
	world_local(spoke2, VM3, false);
	world_run(10);
	assert_true(world_mac(hub, VM3, &v));
	assert_true(dm_addr_same(&v.nbma, &spoke2->nbma));
	world_local(spoke3, "02:aa:00:00:00:04", false); /* it does not suppress, and has no shortcut */
	world_run(10);
	assert_false(world_mac(hub, "02:aa:00:00:00:04", &v));
	suppress(spoke3, true); /* all that is there already */
	assert_true(world_mac(hub, "02:aa:00:00:00:04", &v));
	suppress(spoke3, false); /* what the hub was told is kept up to date */
	world_local(spoke3, "02:aa:00:00:00:05", false);
	world_run(10);
	assert_true(world_mac(hub, "02:aa:00:00:00:05", &v));
}

/* Many addresses go in few messages, of both families, none too long for its packet. */
static void test_many_addresses_in_few_messages(void **state)
{
	unsigned int requests = world_seen(NHRP_OP_REGISTRATION_REQUEST);
	char ip[40];

	vpn_engine_set_keepalive(spoke1->engine, "tun2", VPN_KEEPALIVE_MAX);
	vpn_engine_set_keepalive(spoke2->engine, "tun2", VPN_KEEPALIVE_MAX);
	world_lose(NHRP_OP_REGISTRATION_REQUEST, 4);
	for (int i = 0; i < 100; i++) {
		snprintf(ip, sizeof(ip), "192.168.2.%d", i + 1);
		world_neigh(spoke2, ip, VM2);
		snprintf(ip, sizeof(ip), "fd00:0:0:2::%x", i + 1);
		world_neigh(spoke2, ip, VM2);
	}
	world_run(5000);
	assert_int_equal(world_instance(hub).num_neighs, 200);
	assert_true(world_seen(NHRP_OP_REGISTRATION_REQUEST) - requests <= 4 + 2 * 7);
	assert_int_equal(vpn_engine_counters(spoke2->engine)->build_failed, 0);
	/* a hub that forgot everything hears it all again, once the spoke has registered */
	world_restart(hub);
	hub->num_members = hub->num_macs = hub->num_instances = 0;
	world_configure(hub, 1, NULL);
	world_run(35000);
	assert_int_equal(world_instance(hub).num_neighs, 200);
	/* and a spoke that leaves takes them all with it */
	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	vpn_engine_commit(spoke2->engine);
	world_run(10);
	assert_int_equal(world_instance(hub).num_neighs, 0);
}

/* --- asking --- */

/* A first refusal is for a moment: the ARP that asked makes its home register the address. */
static void test_first_refusal_is_short(void **state)
{
	world_wanted(spoke1, IP2);
	world_run(10);
	assert_string_equal(type_of(spoke1, IP2), "negative");
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 1);
	world_wanted(spoke1, IP2);
	world_run(500);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 1);
	world_neigh(spoke2, IP2, VM2); /* it answered the flooded request */
	world_run(1500);
	assert_string_equal(type_of(spoke1, IP2), "remote"); /* without being asked for again */
	assert_non_null(world_neigh_entry(spoke1, IP2));
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 2);
}

static void test_second_refusal_is_long(void **state)
{
	world_wanted(spoke1, IP2);
	world_run(2000);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 2);
	for (int i = 0; i < 8; i++) {
		world_wanted(spoke1, IP2);
		world_run(1000);
	}
	assert_string_equal(type_of(spoke1, IP2), "negative");
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 2);
	world_run(2000);
	assert_string_equal(type_of(spoke1, IP2), "");
	world_wanted(spoke1, IP2);
	world_run(10);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 3);
}

/* What can be nobody's address is neither told nor asked for. */
static void test_addresses_that_make_no_sense(void **state)
{
	static const char *const senseless[] = { "0.0.0.0", "255.255.255.255", "224.0.0.5", "::", "ff02::1", VM3 };
	unsigned int registered = world_seen(NHRP_OP_REGISTRATION_REQUEST);

	for (size_t i = 0; i < sizeof(senseless) / sizeof(senseless[0]); i++) {
		world_wanted(spoke1, senseless[i]);
		world_neigh(spoke1, senseless[i], VM1);
	}
	world_neigh(spoke1, IP1, "01:00:5e:00:00:01");
	world_neigh(spoke1, IP1, "00:00:00:00:00:00");
	world_run(1000);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), 0);
	assert_int_equal(world_seen(NHRP_OP_REGISTRATION_REQUEST), registered);
	assert_string_equal(type_of(spoke1, IP1), "");
}

/* A host that scans does not make the spoke hold more than it can. */
static void test_asking_is_bounded(void **state)
{
	char ip[40];

	world_lose(NHRP_OP_RESOLUTION_REQUEST, 1000000);
	for (unsigned int i = 0; i < 65536 + 100; i++) {
		snprintf(ip, sizeof(ip), "172.%u.%u.%u", 16 + (i >> 15), 1 + (i >> 8 & 0x7f), i & 0xff);
		vpn_engine_record(spoke1->engine, &(struct dm_rec){
			.type = DM_REC_NEIGH_WANTED,
			.neigh = { .ifindex = WORLD_TUN_IFINDEX, .vni = 100, .ip = world_addr(ip) },
		});
	}
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_LIMIT), 100);
	world_lose(NHRP_OP_RESOLUTION_REQUEST, 0);
	world_run(60000);
	make_neighbours(); /* all over */
}

/* --- where it is --- */

/* The MAC was heard elsewhere: that is where its address is, and who was told otherwise hears of it. */
static void test_address_follows_its_mac(void **state)
{
	struct world_node *spoke3 = world_spoke(4, 102);
	struct vpn_neigh_view v;

	world_configure(spoke3, 1, hub);
	suppress(spoke3, true);
	world_run(100);
	make_neighbours();
	world_mac_seen(hub, spoke3, HUB_VNI, VM2);
	world_run(10);
	assert_null(world_neigh_entry(spoke1, IP2));
	assert_registered(IP2, VM2, spoke3);
	world_wanted(spoke1, IP2);
	world_run(10);
	assert_true(world_ip(spoke1, IP2, &v));
	assert_true(dm_addr_same(&v.nbma, &spoke3->nbma));
	assert_int_equal(v.vni, 102);
	/* its former home says that it is gone: then nobody has registered it */
	world_neigh(spoke2, IP2, NULL);
	world_run(10);
	assert_string_equal(type_of(hub, IP2), "");
	assert_null(world_neigh_entry(spoke1, IP2));
}

/* Whoever registers it last has it; the hub tells nobody what is behind himself. */
static void test_address_that_moves(void **state)
{
	struct world_node *spoke3 = world_spoke(4, 102);

	world_configure(spoke3, 1, hub);
	suppress(spoke3, true);
	world_run(100);
	make_neighbours();
	world_neigh(spoke3, IP2, VM2); /* the module saw the host there first */
	world_local(spoke3, VM2, false);
	world_run(10);
	assert_registered(IP2, VM2, spoke3);
	assert_null(world_neigh_entry(spoke1, IP2));
	world_neigh(spoke2, IP2, NULL); /* late, and no matter */
	world_run(10);
	assert_registered(IP2, VM2, spoke3);
	/* to who asks, by its MAC: it is behind spoke1 now */
	world_mac_seen(hub, spoke1, HUB_VNI, VM2);
	world_wanted(spoke1, IP2);
	world_run(10);
	assert_string_equal(type_of(spoke1, IP2), "negative");
}

/* The address went to a host at another site, and nothing of that came by its former home. */
static void test_former_home_hears_of_it(void **state)
{
	struct vpn_neigh_view v;

	make_neighbours();
	world_lose(NHRP_OP_PURGE_REQUEST, 1);
	world_neigh(spoke1, IP2, VM1);
	world_run(10000);
	assert_registered(IP2, VM1, spoke1);
	assert_non_null(world_neigh_entry(spoke2, IP2)); /* asked for by itself */
	assert_true(world_ip(spoke2, IP2, &v));
	assert_true(v.is_local && !v.told);
	/* its hub starts anew: nobody tells it of what is another's */
	world_restart(hub);
	hub->num_members = hub->num_macs = hub->num_instances = 0;
	world_configure(hub, 1, NULL);
	world_run(60000);
	assert_registered(IP2, VM1, spoke1);
	world_neigh(spoke2, IP2, NULL); /* its module knows by the neighbour entry */
	world_run(1000);
	assert_registered(IP2, VM1, spoke1);
	assert_string_equal(type_of(spoke2, IP2), "remote");
	/* and back again */
	world_neigh(spoke2, IP2, VM2);
	world_run(1000);
	assert_registered(IP2, VM2, spoke2);
	assert_string_equal(type_of(spoke2, IP2), "local");
	assert_non_null(world_neigh_entry(spoke1, IP2));
}

/* The other one was there for a moment only: who still has it says so again. */
static void test_former_home_has_it_again(void **state)
{
	make_neighbours();
	world_lose(NHRP_OP_RESOLUTION_REQUEST, 1);
	world_neigh(spoke1, IP2, VM1);
	world_run(10);
	world_neigh(spoke1, IP2, NULL);
	world_run(10);
	assert_string_equal(type_of(hub, IP2), "");
	world_run(10000);
	assert_registered(IP2, VM2, spoke2);
	assert_string_equal(type_of(spoke2, IP2), "local");
}

/* A member whose VNI changed is another place. */
static void test_vni_of_the_home_changes(void **state)
{
	struct vpn_neigh_view v;

	make_neighbours();
	spoke2->link.vni = 201;
	vpn_engine_record(spoke2->engine, &(struct dm_rec){ .type = DM_REC_LINK_DEL, .link.ifindex = spoke2->link.ifindex });
	spoke2->num_instances = spoke2->num_neighs = 0;
	spoke2->suppress = (struct dm_suppress){ 0 };
	spoke2->link.ifindex = 77;
	world_link(spoke2);
	world_run(100);
	assert_null(world_neigh_entry(spoke1, IP2));
	assert_false(world_ip(hub, IP2, &v)); /* what is behind the new device its module tells anew */
	world_neigh(spoke2, IP2, VM2);
	world_run(100);
	assert_true(world_ip(hub, IP2, &v));
	assert_int_equal(v.vni, 201);
}

/* --- other VPNs --- */

static void test_addresses_of_two_vpns_stay_apart(void **state)
{
	/* the hub serves VPN 2 as well; spoke2 leaves VPN 1 for it */
	vpn_engine_set_instance(hub->engine, "tun2", (struct vpn_id){ .index = 2 }, 0);
	vpn_engine_commit(hub->engine);
	vpn_engine_unset_instance(spoke2->engine, "tun2", (struct vpn_id){ .index = 1 });
	world_configure(spoke2, 2, hub);
	world_run(100);
	world_neigh(spoke1, IP1, VM1);
	world_neigh(spoke2, IP1, VM1); /* the same host, by its addresses, in another VPN */
	world_neigh(spoke2, IP2, VM2);
	world_run(10);
	assert_int_equal(world_instance_of(hub, 1).num_neighs, 1);
	assert_int_equal(world_instance_of(hub, 2).num_neighs, 2);
	world_wanted(spoke1, IP2);
	world_run(30000);
	assert_null(world_neigh_entry(spoke1, IP2));
	world_neigh(spoke2, IP1, NULL);
	world_run(10);
	assert_registered(IP1, VM1, spoke1); /* the first found is VPN 1's */
	assert_int_equal(world_instance_of(hub, 2).num_neighs, 1);
}

/* --- keys --- */

/* A message about IP addresses is authentic by the same windows as all others of its sender. */
static void test_neighbours_with_keys(void **state)
{
	world_key_chain(hub, 7, "secret");
	world_key_chain(spoke1, 7, "secret");
	world_key_chain(spoke2, 7, "secret");
	world_run(30000);
	make_neighbours();
	assert_int_equal(trio_refused(hub, VPN_REFUSED_AUTHENTICATION), 0);
	/* a hub that starts anew challenges what comes first, and is told and asked all again */
	world_lose(NHRP_OP_RESOLUTION_REQUEST, 1);
	world_wanted(spoke1, "192.168.1.77");
	world_neigh(spoke2, "192.168.1.77", VM2);
	world_run(10);
	world_restart(hub);
	hub->num_members = hub->num_macs = hub->num_instances = 0;
	world_key_chain(hub, 7, "secret");
	world_configure(hub, 1, NULL);
	world_run(60000);
	assert_registered(IP1, VM1, spoke1);
	assert_registered(IP2, VM2, spoke2);
	assert_registered("192.168.1.77", VM2, spoke2);
	world_wanted(spoke1, "192.168.1.77");
	world_run(2000);
	assert_string_equal(type_of(spoke1, "192.168.1.77"), "remote");
}

/* A recording of a registration moves no address back. */
static void test_recorded_registration_is_refused(void **state)
{
	const uint8_t *octets;
	uint8_t copy[1500];
	uint64_t before;
	size_t len;

	world_key_chain(hub, 7, "secret");
	world_key_chain(spoke1, 7, "secret");
	world_key_chain(spoke2, 7, "secret");
	world_run(30000);
	world_neigh(spoke2, IP2, VM2);
	world_run(10);
	len = world_last(NHRP_OP_REGISTRATION_REQUEST, &octets);
	memcpy(copy, octets, len);
	world_neigh(spoke1, IP2, VM2);
	world_run(10);
	assert_registered(IP2, VM2, spoke1);
	before = trio_refused(hub, VPN_REFUSED_NOT_FRESH);
	world_inject(hub, &spoke2->nbma, copy, len);
	world_run(10);
	assert_registered(IP2, VM2, spoke1);
	assert_int_equal(trio_refused(hub, VPN_REFUSED_NOT_FRESH), before + 1);
}

static const struct CMUnitTest tests[] = {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, trio_teardown)
	CASE(test_suppression_is_asked_for_and_ended),
	CASE(test_suppression_that_fails_has_a_reason),
	CASE(test_suppression_ends_with_the_daemon),
	CASE(test_hub_answers_without_being_told),
	CASE(test_module_restart_takes_back_what_is_gone),
	CASE(test_suppression_that_ceases_takes_back_all),
	CASE(test_address_that_is_gone_is_taken_back),
	CASE(test_restarted_spoke_leaves_nothing_behind),
	CASE(test_taking_back_survives_loss),
	CASE(test_address_with_another_mac),
	CASE(test_local_address_wins),
	CASE(test_macs_are_registered_without_a_shortcut),
	CASE(test_many_addresses_in_few_messages),
	CASE(test_first_refusal_is_short),
	CASE(test_second_refusal_is_long),
	CASE(test_addresses_that_make_no_sense),
	CASE(test_asking_is_bounded),
	CASE(test_address_follows_its_mac),
	CASE(test_address_that_moves),
	CASE(test_former_home_hears_of_it),
	CASE(test_former_home_has_it_again),
	CASE(test_vni_of_the_home_changes),
	CASE(test_addresses_of_two_vpns_stay_apart),
	CASE(test_neighbours_with_keys),
	CASE(test_recorded_registration_is_refused),
};

int main(void)
{
	return cmocka_run_group_tests_name("neighbours", tests, NULL, NULL);
}

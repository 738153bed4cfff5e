// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paths of shortcuts: which are probed, for how long, what becomes of shortcuts over a path that does
 * not answer, and of the redirects that come for as long as it does not.
 *
 *   hub 10.0.0.1 ── spoke1 10.0.0.2 (VNI 100) ──path?── spoke2 10.0.0.3 (VNI 101)
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "nhrpd/vpn_probe.h"
#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

static bool installed(const char *mac)
{
	const struct dm_mac *m = world_fdb(spoke1, mac);

	return m && dm_addr_same(&m->nbma, &spoke2->nbma) && m->remote_vni == 101;
}

static void assert_shown(const char *mac, const char *path, bool in_kernel)
{
	struct vpn_mac_view v;

	assert_true(world_mac(spoke1, mac, &v));
	assert_string_equal(v.path, path);
	assert_int_equal(v.installed, in_kernel);
}

static void assert_path(const char *state, size_t num_macs)
{
	struct vpn_path_view v;

	assert_true(world_path_view(spoke1, spoke2, &v));
	assert_string_equal(v.state, state);
	assert_int_equal(v.num_macs, num_macs);
	assert_int_equal(v.vpn.index, 1);
	assert_string_equal(v.ifname, "tun2");
}

/* MAC is behind spoke2, too, and VM1 sends to it. */
static void redirect(const char *mac)
{
	world_mac_seen(hub, spoke2, HUB_VNI, mac);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, mac);
	world_run(100);
}

static void nth(char mac[18], unsigned int n)
{
	snprintf(mac, 18, "02:bb:00:00:%02x:%02x", n >> 8 & 0xff, n & 0xff);
}

static void test_shortcut_waits_for_its_path(void **state)
{
	spoke1->silent_paths = true;
	world_run(100);
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	redirect(VM2);
	assert_non_null(world_probe(spoke1, spoke2));
	assert_int_equal(world_probe(spoke1, spoke2)->interval, 1000);
	assert_int_equal(world_probe(spoke1, spoke2)->misses, 3);
	assert_false(installed(VM2));
	assert_shown(VM2, "waiting", false);
	assert_path("waiting", 1);
	assert_int_equal(world_instance(spoke1).num_shortcuts, 0);
	world_path(spoke1, spoke2, true);
	assert_true(installed(VM2));
	assert_shown(VM2, "up", true);
	assert_path("up", 1);
	assert_int_equal(world_instance(spoke1).num_shortcuts, 1);
}

static void test_path_that_fails_and_heals(void **state)
{
	unsigned int requests;
	struct vpn_path_view v;

	register_and_redirect(hub, spoke1, spoke2);
	assert_true(installed(VM2));
	requests = world_seen(NHRP_OP_RESOLUTION_REQUEST);
	world_path(spoke1, spoke2, false);
	assert_false(installed(VM2));
	assert_shown(VM2, "down", false);
	assert_int_equal(world_instance(spoke1).num_shortcuts, 0);
	world_run(60000);
	assert_path("down", 1);
	assert_true(world_path_view(spoke1, spoke2, &v));
	assert_int_equal(v.uptime, 60);
	assert_int_equal(v.rtt_us, 500);
	world_path(spoke1, spoke2, true);
	assert_true(installed(VM2));
	assert_shown(VM2, "up", true);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), requests); /* what was resolved stays so */
}

/* The number of probes follows peers, not MACs; the path ends with the last of them. */
static void test_many_macs_share_a_path(void **state)
{
	char mac[18];

	register_and_redirect(hub, spoke1, spoke2);
	for (unsigned int n = 0; n < 200; n++) {
		nth(mac, n);
		redirect(mac);
		assert_true(installed(mac));
	}
	assert_int_equal(spoke1->num_paths, 1);
	assert_int_equal(spoke1->probe_sets, 1);
	assert_path("up", 201);
	world_path(spoke1, spoke2, false);
	assert_int_equal(world_instance(spoke1).num_shortcuts, 0);
	assert_false(installed(mac));
	spoke1->idle_ms = UINT32_MAX / 2; /* as the module says of what it holds back */
	world_run(7300 * 1000);		  /* nobody sends: all are over */
	assert_int_equal(spoke1->num_paths, 0);
	assert_int_equal(spoke1->num_macs, 0);
}

/* While the path is down the hub carries the frames and redirects again and again. */
static void test_redirects_while_down_ask_for_nothing(void **state)
{
	unsigned int requests;

	register_and_redirect(hub, spoke1, spoke2);
	world_path(spoke1, spoke2, false);
	requests = world_seen(NHRP_OP_RESOLUTION_REQUEST);
	for (int n = 0; n < 100; n++) {
		world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
		world_run(3000);
	}
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), requests);
	assert_int_equal(spoke1->probe_sets, 1);
}

/* … but they show that it is used: it is renewed in time, by one request, and not when nobody sends. */
static void test_used_by_way_of_the_hub_is_renewed(void **state)
{
	unsigned int requests;
	struct vpn_mac_view v;

	register_and_redirect(hub, spoke1, spoke2);
	world_path(spoke1, spoke2, false);
	spoke1->idle_ms = UINT32_MAX / 2; /* as the module says of what it holds back */
	requests = world_seen(NHRP_OP_RESOLUTION_REQUEST);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(5500 * 1000);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), requests + 1);
	assert_true(world_mac(spoke1, VM2, &v));
	assert_true(v.expires_in > 3600);
	world_run(7300 * 1000);
	assert_int_equal(world_seen(NHRP_OP_RESOLUTION_REQUEST), requests + 1);
	assert_false(world_mac(spoke1, VM2, &v));
	assert_null(world_probe(spoke1, spoke2));
}

static void test_purge_ends_the_path(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
	assert_non_null(world_probe(spoke1, spoke2));
	world_mac_seen(hub, spoke1, HUB_VNI, VM2); /* it has moved to our own side */
	world_run(100);
	assert_null(world_probe(spoke1, spoke2));
	assert_false(installed(VM2));
}

/* The module takes the entry out of the kernel by its own when another end has no path yet. */
static void test_move_to_another_end(void **state)
{
	struct world_node *spoke3 = world_spoke(4, 102);

	world_configure(spoke3, 1, hub);
	register_and_redirect(hub, spoke1, spoke2);
	world_run(100);
	spoke1->silent_paths = true;
	world_mac_seen(hub, spoke3, HUB_VNI, VM2);
	world_run(100);
	world_hairpin(hub, spoke1, spoke3, HUB_VNI, VM1, VM2);
	world_run(2000);
	world_hairpin(hub, spoke1, spoke3, HUB_VNI, VM1, VM2);
	world_run(100);
	assert_null(world_probe(spoke1, spoke2));
	assert_non_null(world_probe(spoke1, spoke3));
	assert_null(world_fdb(spoke1, VM2));
	world_path(spoke1, spoke3, true);
	assert_int_equal(world_fdb(spoke1, VM2)->remote_vni, 102);
}

static void test_module_restarts(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
	world_path(spoke1, spoke2, false);
	world_module(spoke1, false);
	world_run(500);
	spoke1->num_paths = spoke1->num_macs = 0; /* another zebra, that knows nothing */
	spoke1->num_instances = 0;
	spoke1->silent_paths = true;
	world_module(spoke1, true);
	world_run(500);
	assert_path("waiting", 1);
	assert_non_null(world_probe(spoke1, spoke2));
	assert_int_equal(spoke1->num_macs, 1); /* stated behind its path */
	assert_false(installed(VM2));
	world_path(spoke1, spoke2, true);
	assert_true(installed(VM2));
}

static void test_engine_restarts(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
	world_path(spoke1, spoke2, false);
	world_restart(spoke1);
	world_configure(spoke1, 1, hub);
	world_run(1000);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(100);
	assert_path("down", 1); /* the module knows better, and says so at once */
	assert_false(installed(VM2));
}

static void test_other_times(void **state)
{
	register_and_redirect(hub, spoke1, spoke2);
	vpn_engine_set_probe(spoke1->engine, "tun2", 250, 5);
	vpn_engine_commit(spoke1->engine);
	world_run(0);
	assert_int_equal(world_probe(spoke1, spoke2)->interval, 250);
	assert_int_equal(world_probe(spoke1, spoke2)->misses, 5);
	assert_int_equal(world_instance(spoke1).probe_interval, 250);
	assert_int_equal(world_instance(spoke1).probe_misses, 5);
	assert_path("up", 1);
	assert_int_equal(spoke1->probe_sets, 2);
	vpn_engine_set_probe(spoke1->engine, "tun2", 250, 5);
	world_run(0);
	assert_int_equal(spoke1->probe_sets, 2);
}

static void test_unprobed(void **state)
{
	vpn_engine_set_probe(spoke1->engine, "tun2", 0, 3);
	spoke1->silent_paths = true;
	register_and_redirect(hub, spoke1, spoke2);
	assert_int_equal(spoke1->num_paths, 0);
	assert_true(installed(VM2));
	assert_shown(VM2, "unprobed", true);
	assert_int_equal(world_instance(spoke1).num_shortcuts, 1);
	/* from now on they are */
	vpn_engine_set_probe(spoke1->engine, "tun2", 1000, 3);
	world_run(0);
	assert_path("waiting", 1);
	world_path(spoke1, spoke2, false);
	assert_false(installed(VM2));
	/* and not any more */
	vpn_engine_set_probe(spoke1->engine, "tun2", 0, 3);
	world_run(0);
	assert_int_equal(spoke1->num_paths, 0);
	assert_true(installed(VM2));
	assert_shown(VM2, "unprobed", true);
}

/* The hub's answer, by hand, to what spoke1 asked for last: MAC is at an end of that VNI. */
static void answer(const char *mac, uint32_t vni)
{
	struct nhrp_msg m = from_spoke(spoke1, NHRP_OP_RESOLUTION_REPLY, sent(NHRP_OP_RESOLUTION_REQUEST).request_id);
	const struct nhrp_cie cie = { .holding_time = 600, .nbma = spoke2->nbma, .sub = nhrp_subaddr_vni(vni),
				      .proto = world_addr(mac) };
	struct nhrp_builder b;
	uint8_t buf[512];

	m.flags = NHRP_RES_AUTHORITATIVE;
	m.dst_proto = cie.proto;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	deliver(spoke1, &hub->nbma, &b);
}

static void resolved(const char *mac, uint32_t vni)
{
	world_mac_seen(hub, spoke2, HUB_VNI, mac);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, mac);
	answer(mac, vni);
	world_run(1);
}

/* An end that has no place among the paths gets no shortcut, until there is one. */
static void test_too_many_paths(void **state)
{
	const char *late = "02:cc:00:00:00:01";
	struct vpn_mac_view v;
	char mac[18];

	register_and_redirect(hub, spoke1, spoke2);
	world_lose(NHRP_OP_RESOLUTION_REQUEST, 100000);
	for (unsigned int n = 1; n < VPN_PROBES_MAX; n++) {
		nth(mac, n);
		resolved(mac, 10000 + n);
	}
	assert_int_equal(spoke1->num_paths, VPN_PROBES_MAX);
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_LIMIT), 0);
	assert_non_null(world_fdb(spoke1, mac));
	resolved(late, 9999);
	assert_int_equal(spoke1->num_paths, VPN_PROBES_MAX);
	assert_int_equal(trio_refused(spoke1, VPN_REFUSED_LIMIT), 1);
	assert_null(world_fdb(spoke1, late));
	assert_true(world_mac(spoke1, late, &v));
	assert_false(v.installed);
	/* a redirect tries again: in vain, and when the first path has gone not */
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, late);
	world_run(1);
	assert_null(world_fdb(spoke1, late));
	world_mac_seen(hub, spoke1, HUB_VNI, VM2);
	world_run(10);
	assert_int_equal(spoke1->num_paths, VPN_PROBES_MAX - 1);
	world_run(5000);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, late);
	world_run(1);
	assert_int_equal(world_fdb(spoke1, late)->remote_vni, 9999);
}

static void test_word_on_unknown_paths(void **state)
{
	struct dm_rec rec = { .type = DM_REC_PROBE_STATE };

	register_and_redirect(hub, spoke1, spoke2);
	rec.probe = *world_probe(spoke1, spoke2);
	rec.probe.up = 0;
	rec.probe.remote_vni++;
	vpn_engine_record(spoke1->engine, &rec);
	rec.probe.remote_vni--;
	rec.probe.vni++;
	vpn_engine_record(spoke1->engine, &rec);
	rec.probe.vni--;
	rec.probe.nbma = world_addr("10.0.0.77");
	vpn_engine_record(spoke1->engine, &rec);
	assert_path("up", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shortcut_waits_for_its_path, trio_setup_all, trio_teardown),
		cmocka_unit_test_setup_teardown(test_path_that_fails_and_heals, trio_setup_all, trio_teardown),
		cmocka_unit_test_setup_teardown(test_many_macs_share_a_path, trio_setup_all, trio_teardown),
		cmocka_unit_test_setup_teardown(test_redirects_while_down_ask_for_nothing, trio_setup_all, trio_teardown),
		cmocka_unit_test_setup_teardown(test_used_by_way_of_the_hub_is_renewed, trio_setup_all, trio_teardown),
		cmocka_unit_test_setup_teardown(test_purge_ends_the_path, trio_setup_all, trio_teardown),
		cmocka_unit_test_setup_teardown(test_move_to_another_end, trio_setup_all, trio_teardown),
		cmocka_unit_test_setup_teardown(test_module_restarts, trio_setup_all, trio_teardown),
		cmocka_unit_test_setup_teardown(test_engine_restarts, trio_setup_all, trio_teardown),
		cmocka_unit_test_setup_teardown(test_other_times, trio_setup_all, trio_teardown),
		cmocka_unit_test_setup_teardown(test_unprobed, trio_setup_all, trio_teardown),
		cmocka_unit_test_setup_teardown(test_too_many_paths, trio_setup_all, trio_teardown),
		cmocka_unit_test_setup_teardown(test_word_on_unknown_paths, trio_setup_all, trio_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

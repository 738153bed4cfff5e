// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nhrpd's main: FRR's stock nhrpd sources, unmodified, with this project's packet
 * I/O below them and its VPN engine beside them. One process, one event loop;
 * everything here runs in the main pthread.
 *
 * The stock code expects the process to hold its capabilities raised all the
 * time (it sends netlink messages wherever it likes), so main raises them once;
 * code of this project still says frr_with_privs() where it needs some.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/command.h"
#include "lib/filter.h"
#include "lib/frrevent.h"
#include "lib/keychain.h"
#include "lib/libfrr.h"
#include "lib/log.h"
#include "lib/mgmt_be_client.h"
#include "lib/privs.h"
#include "lib/resolver.h"
#include "lib/sigevent.h"
#include "lib/vrf.h"

#include "nhrpd.h"
#include "nhrp_errors.h"
#include "lib/frr_version_check.h"
#include "nhrpd/nhrp_beside.h"
#include "nhrpd/nhrp_hold.h"
#include "nhrpd/nhrp_io.h"
#include "nhrpd/nhrp_local_cli.h"
#include "nhrpd/nhrp_nb.h"
#include "nhrpd/nhrp_routes.h"
#include "nhrpd/nhrp_watched.h"
#include "nhrpd/vpn_glue.h"
#include "nhrpd/vpn_keys.h"
#include "nhrpd/vpn_vty.h"

/* what the stock sources take from their main */
DEFINE_MGROUP(NHRPD, "NHRP daemon");
unsigned int debug_flags;
struct event_loop *master;

static zebra_capabilities_t wanted[] = {
	ZCAP_NET_ADMIN, /* neighbour entries, NFLOG */
	ZCAP_NET_RAW,	/* the packet socket */
	ZCAP_DAC_OVERRIDE, /* net.ipv4.conf.*.send_redirects */
};

struct zebra_privs_t nhrpd_privs = {
	.cap_num_p = array_size(wanted),
	.caps_p = wanted,
#ifdef FRR_USER
	.user = FRR_USER,
	.group = FRR_GROUP,
#endif
#ifdef VTY_GROUP
	.vty_group = VTY_GROUP,
#endif
};

/* Down in this order: the VPNs, what feeds the stock code, the stock code from top to bottom. */
static void (*const teardown[])(void) = {
	nhrp_nb_terminate, nhrp_local_cli_terminate, nhrp_hold_terminate, nhrp_routes_terminate, nhrp_beside_terminate, vpn_glue_terminate,
	vpn_vty_check_terminate,
	nhrp_shortcut_terminate, nhrp_nhs_terminate, nhrp_zebra_terminate, vici_terminate, evmgr_terminate,
	nhrp_interface_terminate, vrf_terminate, nhrp_vc_terminate,
	nhrp_io_terminate, resolver_terminate,
};

static FRR_NORETURN void stop(void)
{
	zlog_notice("nhrpd stops");
	frr_early_fini();
	for (size_t i = 0; i < array_size(teardown); i++)
		teardown[i]();
	nhrp_reqid_terminate(&nhrp_event_reqid);
	nhrp_reqid_terminate(&nhrp_packet_reqid);
	frr_fini();
	exit(0);
}

/*
 * What the VPNs' hubs hold of us is taken back first, unless we are started again at once. Asked twice, it is not
 * waited for.
 */
static void stop_in_order(void)
{
	if (nhrp_watched()) {
		zlog_notice("watchfrr starts nhrpd again: VPNs stay as they are until then");
		stop();
	}
	if (!vpn_glue_leave(stop))
		stop();
}

static void rotate_log(void)
{
	zlog_rotate();
}

static struct frr_signal_t on_signal[] = {
	{ .signal = SIGTERM, .handler = stop_in_order },
	{ .signal = SIGINT, .handler = stop_in_order },
	{ .signal = SIGUSR1, .handler = rotate_log },
};

static const struct frr_yang_module_info *const models[] = {
	&frr_backend_info, &frr_filter_info, &frr_interface_info, &frr_vrf_info, &frr_nhrpd_info,
	&ietf_key_chain_info, &ietf_key_chain_deviation_info,
};

FRR_DAEMON_INFO(nhrpd, NHRP,
	.proghelp = "NHRP daemon with VPNs (RFC 2735) and layer-2 MAC resolution.",
	.vty_port = NHRP_VTY_PORT,
	.privs = &nhrpd_privs,
	.yang_modules = models,
	.n_yang_modules = array_size(models),
	.signals = on_signal,
	.n_signals = array_size(on_signal),
	.state_paths = vpn_keys_state_paths,
);

/* What the stock code makes of an interface's life. */
static void follow_interfaces(void)
{
	hook_register_prio(if_down, 0, nhrp_ifp_down);
	hook_register_prio(if_up, 0, nhrp_ifp_up);
	hook_register_prio(if_unreal, 0, nhrp_ifp_destroy);
	hook_register_prio(if_real, 0, nhrp_ifp_create);
}

static void start_packets(void)
{
	if (nhrp_packet_init())
		zlog_err("the stock NHRP code cannot receive packets");
}

/* `vtysh -b` begins and ends so. */
static void config_begins(struct vty *vty)
{
	nhrp_hold_reading_begins();
}

static void config_ends(struct vty *vty)
{
	nhrp_hold_reading_ends();
}

/* The stock code's parts, in the order in which they need each other. */
static void (*const stock_parts[])(void) = {
	evmgr_init,	   nhrp_vc_init,    start_packets,	vici_init,
	follow_interfaces, nhrp_zebra_init, nhrp_shortcut_init, nhrp_config_init,
};

static void start_library(void)
{
	master = frr_init();
	vpn_keys_state_path();
	nhrp_local_cli_init(master);
	nhrp_error_init();
	nhrp_interface_init();
	vrf_init(NULL, NULL, NULL, NULL);
	resolver_init(master);
}

int main(int argc, char **argv)
{
	static struct option no_options[] = { {} };
	int option;

	if (!frr_version_matches(argv[0]))
		return 1;
	frr_preinit(&nhrpd_di, argc, argv);
	frr_opt_add("", no_options, "");
	while ((option = frr_getopt(argc, argv, NULL)) != EOF)
		if (option)
			frr_help_exit(1);

	start_library();
	nhrpd_privs.change(ZPRIVS_RAISE);
	for (size_t i = 0; i < array_size(stock_parts); i++)
		stock_parts[i]();
	vpn_glue_init();
	nhrp_beside_init();
	nhrp_routes_init();
	vpn_vty_init();
	vpn_vty_check_init();
	vpn_vty_duplicate_init();
	cmd_init_config_callbacks(config_begins, config_ends);
	nhrp_nb_init(master);
	frr_config_fork();
	frr_run(master);
	return 0;
}

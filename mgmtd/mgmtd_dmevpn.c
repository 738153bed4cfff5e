// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mgmtd_dmevpn.so: teaches a stock mgmtd the YANG module frr-nhrpd.
 *
 * Loaded with "mgmtd -M mgmtd_dmevpn". FRR's own daemons are compiled into
 * mgmtd's list of YANG modules; a backend that mgmtd does not know of has to
 * add its module to that list before the northbound is created, that is, while
 * modules are loaded, and its commands once mgmtd has created its nodes.
 *
 * Everything runs in mgmtd's main thread, before its event loop. It applies no
 * configuration: mgmtd hands that to nhrpd, which registers for it by path.
 */
#include <config.h>
#include <zebra.h>

#include "lib/hook.h"
#include "lib/libfrr.h"
#include "lib/memory.h"
#include "lib/northbound.h"

#include "lib/frr_version_check.h"
#include "mgmtd/nhrp_cli.h"
#include "mgmtd/nhrp_read_mark.h"
#include "yang/nhrpd_model.h"

DEFINE_MGROUP(DMEVPN_MGMTD, "DMEVPN in mgmtd");
DEFINE_MTYPE_STATIC(DMEVPN_MGMTD, MODULE_LIST, "List of YANG modules");

/* mgmtd's description of itself, exported by it for modules */
extern struct frr_daemon_info *mgmt_daemon_info;

/* mgmtd's own list, and the longer one in its place */
static const struct frr_yang_module_info *const *stock_modules;
static const struct frr_yang_module_info **modules;

/* mgmtd's list is a constant array, so frr-nhrpd goes to the end of a copy. */
static void append_yang_module(void)
{
	size_t count = mgmt_daemon_info->n_yang_modules;

	stock_modules = mgmt_daemon_info->yang_modules;
	modules = XCALLOC(MTYPE_MODULE_LIST, (count + 1) * sizeof(*modules));
	memcpy(modules, stock_modules, count * sizeof(*modules));
	modules[count] = &frr_nhrpd_cli_info;
	mgmt_daemon_info->yang_modules = modules;
	mgmt_daemon_info->n_yang_modules = count + 1;
}

static int restore_yang_modules(void)
{
	mgmt_daemon_info->yang_modules = stock_modules;
	mgmt_daemon_info->n_yang_modules--;
	XFREE(MTYPE_MODULE_LIST, modules);
	return 0;
}

static int install_commands(struct event_loop *loop)
{
	nhrp_cli_init();
	return 0;
}

/* Returns 0, or -1 which makes mgmtd refuse to start. */
static int mgmtd_dmevpn_init(void)
{
	if (!frr_version_matches("mgmtd_dmevpn"))
		return -1;
	nhrpd_model_embed();
	append_yang_module();
	nhrp_read_mark_init();
	hook_register(frr_late_init, install_commands);
	hook_register(frr_fini, restore_yang_modules);
	return 0;
}

FRR_MODULE_SETUP(.name = "mgmtd_dmevpn",
		 .version = FRR_VERSION,
		 .description = "DMEVPN configuration (frr-nhrpd)",
		 .init = mgmtd_dmevpn_init);

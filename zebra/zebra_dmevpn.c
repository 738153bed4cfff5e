// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The zebra module (zebra -M zebra_dmevpn): the shell that puts the parts in
 * their places in zebra's life.
 *
 *   module load (root, before zebra drops its privileges)   folder for BPF pins, show command
 *   frr_late_init (before the fork into the background)     dataplane provider
 *   frr_config_pre (in the process that stays)              devices, maps, line to nhrpd
 *   frr_early_fini                                          all but the provider's queue
 *
 *   zmain pthread      everything but:
 *   dataplane pthread  process() in dmevpn_provider.c
 *
 * On exit nothing is taken out of the kernel: a restart of zebra must not be noticed by
 * traffic.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/hook.h"
#include "lib/libfrr.h"
#include "lib/log.h"
#include "lib/module.h"
#include "lib/privs.h"

#include "lib/frr_version_check.h"

#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_provider.h"
#include "zebra/dmevpn_session.h"
#include "zebra/dmevpn_switch.h"
#include "zebra/dmevpn_vty.h"
#include "zebra/dmevpn_zebra_events.h"

DEFINE_MGROUP(DMEVPN, "DMEVPN module");

extern struct zebra_privs_t zserv_privs;

static int late_init(struct event_loop *loop)
{
	int err = dm_provider_start(loop, dm_session_op_done, dm_session_op_room);

	if (err)
		zlog_err("dmevpn: zebra's dataplane does not take the module: %s",
			 safe_strerror(-err));
	return 0;
}

static int config_pre(struct event_loop *loop)
{
	int err = dm_session_start(loop);

	dm_zebra_events_start(loop);
	if (err)
		zlog_err("dmevpn: cannot watch the kernel's devices: %s", safe_strerror(-err));
	else
		zlog_notice("dmevpn: module loaded, built for FRR %s", FRR_VERSION);
	return 0;
}

static int early_fini(void)
{
	dm_zebra_events_stop();
	dm_session_stop();
	return 0;
}

/* Said once more where an operator looks: standard error is gone when zebra runs in the background. */
static int say_refused(struct event_loop *loop)
{
	zlog_err("dmevpn: the module was built for FRR %s and does nothing in this one, DMEVPN does not work",
		 FRR_VERSION);
	return 0;
}

/*
 * In another FRR the module stays idle rather than fail: a module that fails takes
 * zebra down, and all routing with it.
 */
static int module_init(void)
{
	if (!frr_version_matches("zebra_dmevpn")) {
		hook_register(frr_late_init, say_refused);
		return 0;
	}
	dm_switch_prepare(zserv_privs.user);
	hook_register(frr_late_init, late_init);
	hook_register(frr_late_init, dm_vty_init);
	hook_register(frr_config_pre, config_pre);
	hook_register(frr_early_fini, early_fini);
	return 0;
}

FRR_MODULE_SETUP(.name = "zebra_dmevpn", .version = "0.1.0",
		 .description = "DMEVPN forwarding: FDB entries and the hub's BPF switch",
		 .init = module_init, );

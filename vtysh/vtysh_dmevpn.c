// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libvtysh_dmevpn.so: teaches a stock vtysh our commands.
 *
 * vtysh knows the commands of FRR's daemons from a table compiled into it and
 * calls everything else unknown. Once it has installed them, it calls
 * vty_init_vtysh(), for which libfrr has an empty function. This library is
 * preloaded (by vtysh/vtysh_wrapper.c) and so gets that call in its place.
 *
 * The table is made at build time out of the compiled daemon and modules
 * (vtysh/commands.py); each command names the daemon that vtysh sends it to.
 */
#include <config.h>
#include <zebra.h>

#include "lib/vty.h"

#include "lib/frr_version_check.h"
#include "vtysh/vtysh_dmevpn.h"
#include "vtysh/vtysh_preload.h"

/*
 * Take this library out of LD_PRELOAD, before main(): programs that vtysh
 * starts (pager, shell, ping …) are not to load it, nor libfrr with it. What
 * else is preloaded, a sanitizer's library for one, stays.
 */
static void __attribute__((constructor)) leave_environment(void)
{
	const char *value = getenv("LD_PRELOAD");
	char *rest;

	if (!value)
		return;
	rest = preload_without(value, VTYSH_ADDON);
	if (!rest)
		return;
	if (*rest)
		setenv("LD_PRELOAD", rest, 1);
	else
		unsetenv("LD_PRELOAD");
	free(rest);
}

/* Called by vtysh when its own commands are in place. */
void vty_init_vtysh(void)
{
	if (frr_version_matches("vtysh_dmevpn"))
		vtysh_dmevpn_install_commands();
}

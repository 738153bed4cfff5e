// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /usr/bin/vtysh: starts the stock vtysh with our commands.
 *
 * FRR's start script, watchfrr and frr-reload.py all run vtysh by its name, so
 * this program has that name and the stock one is set aside (tools/divert).
 * It preloads libvtysh_dmevpn.so into the stock vtysh and hands it arguments,
 * name and environment as they came. Without that library it still starts
 * vtysh, since an operator needs one most when something is broken.
 *
 * A program and not a script: vtysh is started often (three times a daemon by
 * the start script), and must not depend on the caller's shell.
 */
#include "vtysh/vtysh_preload.h"

#include <unistd.h>
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <stdlib.h>

/* What a shell returns for a command that it cannot start. */
#define EXIT_CANNOT_START 127

static void preload_addon(void)
{
	char *value;

	if (access(VTYSH_ADDON, R_OK) != 0) {
		fprintf(stderr, "vtysh: %s: %s; the commands of DMEVPN are missing\n", VTYSH_ADDON,
			strerror(errno));
		return;
	}
	value = preload_with(getenv("LD_PRELOAD"), VTYSH_ADDON);
	if (!value || setenv("LD_PRELOAD", value, 1) != 0)
		fprintf(stderr, "vtysh: no memory; the commands of DMEVPN are missing\n");
	free(value);
}

int main(int argc, char **argv)
{
	(void)argc;
	preload_addon();
	execv(VTYSH_STOCK, argv);
	fprintf(stderr, "vtysh: cannot start FRR's vtysh as %s: %s; ", VTYSH_STOCK, strerror(errno));
	fprintf(stderr, "\"divert install\" of this project sets it aside under that name\n");
	return EXIT_CANNOT_START;
}

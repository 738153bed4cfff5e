// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells nhrpd when mgmtd's configuration is complete, by a file.
 *
 * A mgmtd that was started anew has an empty configuration until `vtysh -b` has given it
 * the lines of frr.conf, and nothing in its messages to backends tells the one empty configuration
 * from the other. It cannot be asked either: a backend only answers. So nhrpd looks for
 * the file (nhrpd/nhrp_reread.c) before it takes what mgmtd has not sent for deleted.
 *
 *   XFRR_start_configuration ── what is running now is kept as text
 *   … lines, gathered by mgmtd for one commit …
 *   XFRR_end_configuration   ── the commit; the terminal waits for its end
 *   whatever is next         ── if there was nothing to commit, or something else is running
 *                               than before, it has been read
 *
 * A commit that is refused as a whole leaves the running configuration as it was, and the file out.
 *
 * libfrr calls the hooks around each command of each terminal, in mgmtd's main thread.
 */
#include <config.h>
#include <zebra.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/hook.h"
#include "lib/libfrr.h"
#include "lib/log.h"
#include "lib/northbound.h"

#include "mgmtd/nhrp_read_mark.h"

/* libfrr has these hooks for itself, and declares them in no header */
DECLARE_HOOK(cmd_execute, (struct vty *vty, const char *command, char **instead), (vty, command, instead));
DECLARE_KOOH(cmd_execute_done, (struct vty *vty, const char *command), (vty, command));

static struct {
	const struct vty *vty; /* that reads a file; compared only */
	char *before;	       /* what was running when it began; libyang's memory */
	bool lines;	       /* some are to be committed */
	bool ended;
} reading;

static void path_of_mark(char *path, size_t size)
{
	snprintf(path, size, "%s/" NHRP_READ_MARK, frr_runstatedir);
}

/* What is running, as text; NULL when that is nothing. The caller frees it. */
static char *running_text(void)
{
	char *text = NULL;

	if (running_config->dnode)
		lyd_print_mem(&text, running_config->dnode, LYD_JSON,
			      LYD_PRINT_WITHSIBLINGS | LYD_PRINT_SHRINK);
	return text;
}

static void forget(void)
{
	free(reading.before);
	memset(&reading, 0, sizeof(reading));
}

static void put_mark(void)
{
	char path[512];
	FILE *file;

	path_of_mark(path, sizeof(path));
	file = fopen(path, "w");
	if (!file || fclose(file) != 0)
		zlog_err("dmevpn: %s: %s; nhrpd keeps what is not configured any more", path,
			 safe_strerror(errno));
}

static void judge(void)
{
	char *now = running_text();
	bool changed = strcmp(now ? now : "", reading.before ? reading.before : "") != 0;

	if (changed || !reading.lines)
		put_mark();
	free(now);
	forget();
}

static int before_command(struct vty *vty, const char *command, char **instead)
{
	if (vty == reading.vty && strcmp(command, "XFRR_end_configuration") == 0)
		reading.lines = vty->mgmt_num_pending_setcfg > 0;
	return 0;
}

static int after_command(struct vty *vty, const char *command)
{
	if (strcmp(command, "XFRR_start_configuration") == 0) {
		forget();
		reading.vty = vty;
		reading.before = running_text();
	} else if (vty == reading.vty && strcmp(command, "XFRR_end_configuration") == 0) {
		reading.ended = true;
	} else if (vty == reading.vty && reading.ended) {
		judge();
	}
	return 0;
}

static int stop(void)
{
	char path[512];

	path_of_mark(path, sizeof(path));
	unlink(path);
	forget();
	return 0;
}

void nhrp_read_mark_init(void)
{
	stop();
	hook_register(cmd_execute, before_command);
	hook_register(cmd_execute_done, after_command);
	hook_register(frr_fini, stop);
}

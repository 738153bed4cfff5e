// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a stop is one: a daemon that watchfrr watches and that ends is started again at once.
 *
 * FRR's scripts end watchfrr before they end the daemons, for a stop and for a restart of all. So
 * while watchfrr runs, whoever ends nhrpd wants, or gets, another one: watchfrr itself, which
 * on zebra's death ends all daemons and starts them anew, or an administrator's kill. Nothing is
 * taken back at the hubs then, as with a crash.
 *
 * Called once, in the main thread, when nhrpd is told to end.
 */
#include <config.h>
#include <zebra.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/libfrr.h"

#include "nhrpd/nhrp_watched.h"

/* Octets of a file, 0 where there is none; the last one that is read is followed by a NUL. */
static size_t read_file(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, to, size - 1);

	if (fd >= 0)
		close(fd);
	to[got > 0 ? got : 0] = '\0';
	return got > 0 ? (size_t)got : 0;
}

/* Program and arguments of a process follow each other, a NUL behind each. */
static bool watches_us(const char *arguments, size_t len)
{
	const char *program = strrchr(arguments, '/'), *at = arguments;

	if (strcmp(program ? program + 1 : arguments, "watchfrr"))
		return false;
	while ((at += strlen(at) + 1) < arguments + len)
		if (!strcmp(at, "nhrpd"))
			return true;
	return false;
}

bool nhrp_watched(void)
{
	char path[512], text[4096];
	int pid;

	snprintf(path, sizeof(path), "%s/watchfrr.pid", frr_runstatedir);
	if (!read_file(path, text, sizeof(text)) || sscanf(text, "%d", &pid) != 1)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	return watches_us(text, read_file(path, text, sizeof(text)));
}

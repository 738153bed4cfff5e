// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Putting a library into LD_PRELOAD and taking it out again: plain C, shared by
 * the wrapper (puts it in) and the preloaded library (takes itself out).
 */
#include "vtysh/vtysh_preload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS ": "

char *preload_without(const char *value, const char *library)
{
	char *rest = calloc(1, strlen(value) + 1);
	char *entries = strdup(value);
	char *saved = NULL;

	if (!rest || !entries) {
		free(rest);
		free(entries);
		return NULL;
	}
	for (char *entry = strtok_r(entries, SEPARATORS, &saved); entry;
	     entry = strtok_r(NULL, SEPARATORS, &saved)) {
		if (strcmp(entry, library) == 0)
			continue;
		if (*rest)
			strcat(rest, ":");
		strcat(rest, entry);
	}
	free(entries);
	return rest;
}

char *preload_with(const char *value, const char *library)
{
	size_t size = (value ? strlen(value) : 0) + strlen(library) + 2;
	char *result = malloc(size);

	if (!result)
		return NULL;
	if (value && *value)
		snprintf(result, size, "%s:%s", value, library);
	else
		snprintf(result, size, "%s", library);
	return result;
}

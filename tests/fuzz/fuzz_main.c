// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a fuzz target over its kept corpus, where there is no libFuzzer: every file as it
 * is; those made by hand also cut at every length, and with each octet set to 0x00, 0x7f,
 * 0x80 and 0xff. What a fuzzer found has its hash as name, and is a change of another already.
 *
 *   srcdir=. tests/fuzz/fuzz_nhrp_msg         the corpus
 *   tests/fuzz/fuzz_nhrp_msg crash-0123       one input, to look at a finding
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 65536

static unsigned long inputs;

/* In a heap block of exactly its length, so that AddressSanitizer sees a read past its end. */
static void judge(const uint8_t *octets, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, octets, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	inputs++;
}

static void judge_around(uint8_t *octets, size_t len)
{
	static const uint8_t edges[] = {0x00, 0x7f, 0x80, 0xff};

	for (size_t cut = 0; cut < len; cut++)
		judge(octets, cut);
	for (size_t at = 0; at < len; at++) {
		uint8_t was = octets[at];

		for (size_t i = 0; i < sizeof(edges); i++) {
			octets[at] = edges[i];
			judge(octets, len);
		}
		octets[at] = was;
	}
}

/* libFuzzer names what it finds by SHA-1. */
static bool is_find(const char *name)
{
	return strlen(name) == 40 && strspn(name, "0123456789abcdef") == 40;
}

/* Returns 0, or 1 when the file cannot be read. */
static int judge_file(const char *path, bool around)
{
	static uint8_t octets[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	size_t len;

	if (!file) {
		perror(path);
		return 1;
	}
	len = fread(octets, 1, sizeof(octets), file);
	fclose(file);
	judge(octets, len);
	if (around)
		judge_around(octets, len);
	return 0;
}

/* Returns the number of files judged, or -1. */
static int judge_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char name[1024];
	int files = 0;

	if (!folder) {
		perror(path);
		return -1;
	}
	while (files >= 0 && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		files = judge_file(name, !is_find(entry->d_name)) ? -1 : files + 1;
	}
	closedir(folder);
	return files;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	char path[512];
	int files;

	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			if (judge_file(argv[i], true))
				return 1;
		return 0;
	}

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".", fuzz_corpus);
	files = judge_folder(path);
	printf("%s: %d files, %lu inputs\n", path, files, inputs);
	return files > 0 ? 0 : 1;
}

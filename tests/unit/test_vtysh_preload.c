// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Putting vtysh's add-on into LD_PRELOAD and taking it out again: what the
 * wrapper puts in, the add-on takes out, and nothing else of the value is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vtysh/vtysh_preload.h"

#define ADDON "/usr/lib/frr/modules/libvtysh_dmevpn.so"

struct sample {
	const char *before; /* LD_PRELOAD as the wrapper finds it */
	const char *with;   /* as the wrapper leaves it */
	const char *after;  /* as the add-on leaves it */
};

static const struct sample samples[] = {
	{ NULL, ADDON, "" },
	{ "", ADDON, "" },
	{ "libasan.so", "libasan.so:" ADDON, "libasan.so" },
	{ "a.so:b.so", "a.so:b.so:" ADDON, "a.so:b.so" },
	/* the loader takes spaces, too, and empty entries */
	{ "a.so b.so", "a.so b.so:" ADDON, "a.so:b.so" },
	{ "::a.so", "::a.so:" ADDON, "a.so" },
	/* a wrapper started by a wrapper */
	{ ADDON, ADDON ":" ADDON, "" },
	/* only the whole path counts */
	{ ADDON ".old", ADDON ".old:" ADDON, ADDON ".old" },
};

static void test_in_and_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char *with = preload_with(samples[i].before, ADDON);
		char *after = preload_without(with, ADDON);

		assert_string_equal(with, samples[i].with);
		assert_string_equal(after, samples[i].after);
		free(with);
		free(after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_in_and_out) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

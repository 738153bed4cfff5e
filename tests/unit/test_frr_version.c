// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is built for one FRR refuses to run with another: struct layouts differ.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/frr_version_check.h"
#include "tests/unit/frr_version_other.h"

static void test_own_version_is_accepted(void **state)
{
	assert_true(frr_version_matches("test"));
}

static void test_other_version_is_refused(void **state)
{
	assert_false(other_version_matches());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_version_is_accepted),
		cmocka_unit_test(test_other_version_is_refused),
	};

	return cmocka_run_group_tests_name("FRR's version", tests, NULL, NULL);
}

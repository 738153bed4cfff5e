// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/frr_version_check.h as a program built for another FRR has it.
 */
#include <config.h>

#include "lib/version.h"
#undef FRR_VERSION
#define FRR_VERSION "1.2.3"
#include "lib/frr_version_check.h"

#include "tests/unit/frr_version_other.h"

bool other_version_matches(void)
{
	return frr_version_matches("built for 1.2.3");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef DMEVPN_TESTS_FRR_VERSION_OTHER_H
#define DMEVPN_TESTS_FRR_VERSION_OTHER_H

#include <stdbool.h>

/* What a program built for FRR 1.2.3 says of the libfrr that runs here. */
bool other_version_matches(void);

#endif

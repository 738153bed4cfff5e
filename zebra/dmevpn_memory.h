// SPDX-License-Identifier: GPL-2.0-or-later
/* The memory group of the module, for `show memory`; each file defines its own types in it. */
#ifndef DMEVPN_MEMORY_H
#define DMEVPN_MEMORY_H

#include "lib/memory.h"

DECLARE_MGROUP(DMEVPN);

#endif

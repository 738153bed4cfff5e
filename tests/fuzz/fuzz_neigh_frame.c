// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target of the reader of ARP and neighbour discovery, which sees every such frame of a
 * spoke's bridge. What it says must be addresses of stations, and nothing when it refuses.
 * Run as doc/developer/testing.rst says.
 *
 * The last octet of the input tells whether the kernel has computed the checksum; by "no" the
 * fuzzer gets behind it.
 */
#include <stdlib.h>

#include "lib/neigh_frame.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "frame";

static void must(bool right)
{
	if (!right)
		abort();
}

static bool is_ip(const struct dm_addr *a)
{
	return a->family == DM_IPV4 || a->family == DM_IPV6;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct neigh_frame frame;
	enum neigh_frame_result result;

	if (len == 0)
		return 0;
	result = neigh_frame_parse(octets, len - 1, octets[len - 1] & 1, &frame);
	if (result != NEIGH_FRAME_OK) {
		must(!dm_addr_is_set(&frame.ip) && !dm_addr_is_set(&frame.mac) && !dm_addr_is_set(&frame.asked));
		return 0;
	}
	must(!dm_addr_is_set(&frame.ip) || (is_ip(&frame.ip) && dm_addr_is_station(&frame.ip)));
	must(!dm_addr_is_set(&frame.ip) || (frame.mac.family == DM_MAC && dm_addr_is_station(&frame.mac)));
	must(!dm_addr_is_set(&frame.asked) || is_ip(&frame.asked));
	return 0;
}

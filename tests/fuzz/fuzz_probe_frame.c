// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target of the reader of probes, which sees what anybody sends in VXLAN to a spoke. What it
 * accepts must have the addresses of stations, and be the same when built and read again; what it
 * refuses must leave nothing. Run as doc/developer/testing.rst says.
 *
 * The checksums are made right first, behind which the fuzzer would hardly get.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/probe_frame.h"
#include "tests/fuzz/fuzz.h"

#define FRAME_MAX 256
#define VXLAN_LEN 8
#define IP 14
#define UDP 34
#define IPV4_FRAME 78

const char fuzz_corpus[] = "probe";

static void must(bool right)
{
	if (!right)
		abort();
}

static void put_sum(uint8_t *at, const uint8_t *octets, size_t len, uint32_t sum)
{
	memset(at, 0, 2);
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += octets[i] << 8 | octets[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	at[0] = ~sum >> 8;
	at[1] = ~sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	uint8_t frame[FRAME_MAX], again[PROBE_FRAME_MAX];
	struct probe_frame f, g, nothing;

	memset(&nothing, 0, sizeof(nothing));
	if (len > sizeof(frame))
		return 0;
	if (len)
		memcpy(frame, octets, len);
	if (len == IPV4_FRAME) {
		put_sum(frame + IP + 10, frame + IP, 20, 0);
		put_sum(frame + UDP + 6, frame + IP + 12, len - IP - 12, 17 + len - UDP);
	}
	if (probe_frame_parse(frame, len, &f) != PROBE_FRAME_OK) {
		must(memcmp(&f, &nothing, sizeof(f)) == 0);
		return 0;
	}
	must(dm_addr_is_station(&f.source) && dm_addr_is_station(&f.mac));
	len = probe_frame_build(again, sizeof(again), f.yours, &f);
	must(len > VXLAN_LEN);
	must(probe_frame_parse(again + VXLAN_LEN, len - VXLAN_LEN, &g) == PROBE_FRAME_OK);
	must(f.nonce == g.nonce && f.mine == g.mine && f.yours == g.yours && f.answer == g.answer);
	return 0;
}

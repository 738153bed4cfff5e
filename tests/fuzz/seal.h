// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef DMEVPN_TEST_FUZZ_SEAL_H
#define DMEVPN_TEST_FUZZ_SEAL_H

#include "lib/nhrp_msg.h"

/* Where the NHRP packet begins in a message, behind the headers of RFC 2735 4.1 or without them. */
static inline size_t fuzz_packet_at(const uint8_t *octets, size_t len)
{
	return nhrp_is_vpn_encapsulated(octets, len) ? NHRP_VPN_HEADER_LEN : 0;
}

/* Gives a message the sum that its octets have, which no fuzzer would hit on. */
static inline void fuzz_seal(uint8_t *octets, size_t len)
{
	size_t at = fuzz_packet_at(octets, len);
	uint8_t *packet = octets + at;
	uint16_t size, sum;

	if (len < at + NHRP_FIXED_LEN)
		return;
	size = packet[10] << 8 | packet[11];
	if (size > len - at)
		return;
	packet[12] = packet[13] = 0;
	sum = nhrp_checksum(packet, size);
	packet[12] = sum >> 8;
	packet[13] = sum & 0xff;
}

#endif

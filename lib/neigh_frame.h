// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an Ethernet frame says of IP neighbours: ARP (RFC 826) for IPv4, neighbour
 * solicitations and advertisements (RFC 4861) for IPv6. Pure; nothing is allocated.
 */
#ifndef NEIGH_FRAME_H
#define NEIGH_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

enum neigh_frame_result {
	NEIGH_FRAME_OK = 0,
	NEIGH_FRAME_OTHER,     /* neither ARP nor one of the two messages, or tagged */
	NEIGH_FRAME_SHORT,     /* ends before what its lengths say */
	NEIGH_FRAME_MALFORMED, /* a field has a value it must not have */
	NEIGH_FRAME_CHECKSUM,  /* ICMPv6 (RFC 4443 2.3) */
};

/*
 * Both may be there, either, or none. A host that is still finding out whether it may have an
 * address (a probe of RFC 5227 2.1.1, a solicitation from ::) asks and does not bind.
 */
struct neigh_frame {
	struct dm_addr ip;    /* is at `mac`; not set when nothing is said */
	struct dm_addr mac;
	struct dm_addr asked; /* whose MAC is asked for; not set when none is */
};

/*
 * Reads LEN octets from the Ethernet header on; a VLAN tag must have been taken off before.
 * CHECKSUM_READY: false where the kernel says that the checksum has not been computed yet (it
 * is not looked at then). Anything but NEIGH_FRAME_OK leaves *out without addresses. Rules: RFC
 * 826; RFC 4861 7.1.1 and 7.1.2. ICMPv6 behind extension headers is NEIGH_FRAME_OTHER.
 */
enum neigh_frame_result neigh_frame_parse(const uint8_t *octets, size_t len, bool checksum_ready,
					  struct neigh_frame *out);

#endif

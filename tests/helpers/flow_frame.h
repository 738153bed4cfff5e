// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The numbered frames of dmevpn_flow, for those who send and those who hear them.
 */
#ifndef DMEVPN_FLOW_FRAME_H
#define DMEVPN_FLOW_FRAME_H

#include <net/ethernet.h>
#include <stdint.h>

#define EXPERIMENT 0x88B5	/* Ethernet type for local experiments (IEEE 802) */
#define MAGIC	   0x444D464CU /* "DMFL" */

/* Numbers in network order. */
struct frame {
	struct ether_header eth;
	uint32_t magic;
	uint32_t flow;
	uint64_t number;
	uint64_t when; /* ns since the epoch */
} __attribute__((packed));

#endif

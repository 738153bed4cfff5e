// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A probe of the way to another VXLAN end, and its answer: Seamless BFD (RFC 7880, RFC 7881) in
 * an Ethernet frame in VXLAN (RFC 7348), as RFC 8971 has it for BFD. Pure; nothing is allocated.
 * doc/developer/wire-format.rst draws it.
 */
#ifndef PROBE_FRAME_H
#define PROBE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

/* room for a whole one over IPv6, VXLAN header included, octets */
#define PROBE_FRAME_MAX 128

/* UDP port of who answers (RFC 7881 section 3) */
#define PROBE_PORT 7784

/* states of a BFD session that can stand here (RFC 5880 section 4.1) */
#define PROBE_STATE_DOWN 1
#define PROBE_STATE_UP 3

/* Destination MAC of the inner frame: no bridge forwards it, whatever is configured. */
extern const uint8_t probe_frame_group[6];

enum probe_frame_result {
	PROBE_FRAME_OK = 0,
	PROBE_FRAME_OTHER,     /* no Seamless BFD */
	PROBE_FRAME_SHORT,     /* ends before what its lengths say */
	PROBE_FRAME_MALFORMED, /* a field has a value it must not have */
	PROBE_FRAME_CHECKSUM,  /* of IPv4 or UDP */
};

struct probe_frame {
	bool answer;
	uint8_t state;		 /* PROBE_STATE_*: of the asker's session; an answer's is UP */
	uint8_t misses;		 /* after how many the asker takes the way for lost (Detect Mult) */
	uint16_t port;		 /* UDP, the asker's; not PROBE_PORT */
	uint32_t mine, yours;	 /* discriminators of the sender and of the receiver; who answers has its VNI */
	uint32_t interval_us;	 /* microseconds between two probes (Desired Min TX Interval) */
	uint32_t min_rx_us;	 /* an answer's: more often than this it does not answer; else 0 */
	uint32_t asker_vni;	 /* by which the asker receives */
	uint64_t nonce;		 /* the asker's, comes back unchanged */
	struct dm_addr source;	 /* VXLAN end of the sender, IPv4 or IPv6 */
	struct dm_addr mac;	 /* of the sender's VXLAN device */
};

/*
 * Writes a VXLAN header with VNI, by which the receiver receives, and the frame. Returns the octets
 * of the UDP payload written to BUF, 0 when they do not fit SIZE or the source is neither IPv4 nor IPv6.
 */
size_t probe_frame_build(uint8_t *buf, size_t size, uint32_t vni, const struct probe_frame *f);

/*
 * Reads LEN octets from the inner Ethernet header on; there must be nothing behind what is
 * expected. Anything but PROBE_FRAME_OK leaves *out all zero. Rules: RFC 5880 6.8.6, RFC 7880
 * 7.2.2 and 7.3, RFC 7881 4 and 5, RFC 8971 5.
 */
enum probe_frame_result probe_frame_parse(const uint8_t *octets, size_t len, struct probe_frame *out);

/*
 * The answer to ASK (RFC 7880 7.2.2) from an end that receives by what ASK names as yours; its
 * source and mac are the caller's to fill in. MIN_RX_US is what goes into min_rx_us.
 */
void probe_frame_answer(const struct probe_frame *ask, uint32_t min_rx_us, struct probe_frame *answer);

#endif

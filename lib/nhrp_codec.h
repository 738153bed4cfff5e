// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What nhrp_decode.c and nhrp_build.c share with nhrp_msg.c, and nobody else needs.
 */
#ifndef DMEVPN_NHRP_CODEC_H
#define DMEVPN_NHRP_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#define NHRP_LLC_LEN 8

/* LLC/SNAP before the VPN identifier, and before the NHRP packet (RFC 2735 4.1). */
extern const uint8_t nhrp_llc_vpn[NHRP_LLC_LEN];
extern const uint8_t nhrp_llc_nhrp[NHRP_LLC_LEN];

/* What sets one message type apart from the others. */
struct nhrp_op_info {
	const char *name;
	bool request;
	bool reply;
	bool raw_body;	  /* an indication: a packet in place of CIEs, no request ID */
	uint16_t cie_min; /* RFC 2332 5.2.1 to 5.2.6 */
	uint16_t cie_max;
};

/* Returns what is known of a message type, NULL when it is none of ours. */
const struct nhrp_op_info *nhrp_op_info(uint8_t op);

/* Offsets in the NHRP packet, RFC 2332 5.1 */
enum {
	NHRP_AT_PKTSZ = 10,
	NHRP_AT_CHKSUM = 12,
	NHRP_AT_EXTOFF = 14,
};

/* Type/length octet of an NBMA address or subaddress: |0|x|length|, RFC 2332 5.1 */
#define NHRP_TL_RESERVED 0x80
#define NHRP_TL_E164 0x40
#define NHRP_TL_LEN 0x3f

/* Type field of an extension: |C|u|type|, RFC 2332 5.3 */
#define NHRP_EXT_UNUSED 0x4000
#define NHRP_EXT_TYPE 0x3fff

#define NHRP_VNI_MAX 0xffffff
#define NHRP_OUI_MAX 0xffffff

#endif

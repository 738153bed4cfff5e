// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The numbers of NHRP on the wire, each with the text that gives it. Nothing
 * here but constants; code meets them in nhrp_msg.c and in the engine.
 */
#ifndef DMEVPN_NHRP_WIRE_H
#define DMEVPN_NHRP_WIRE_H

/* GRE protocol type of NHRP, plain and VPN-encapsulated alike */
#define NHRP_GRE_PROTOCOL 0x2001

#define NHRP_VERSION 1		 /* ar$op.version, RFC 2332 5.1 */
#define NHRP_FIXED_LEN 20	 /* RFC 2332 5.1 */
#define NHRP_PKTSZ_AT 10	 /* offset of ar$pktsz, RFC 2332 5.1 */
#define NHRP_MANDATORY_LEN 8	 /* common header up to the request ID, RFC 2332 5.2.0.1 */
#define NHRP_CIE_LEN 12		 /* CIE before its addresses, RFC 2332 5.2.0.1 */
#define NHRP_SUB_VNI_LEN 4	 /* an NBMA subaddress of ours: a VNI … */
#define NHRP_SUB_VNI_MAC_LEN 10	 /* … or a VNI and a MAC address */
#define NHRP_VPN_HEADER_LEN 24 /* LLC/SNAP with VPN-ID 16, LLC/SNAP of NHRP 8: RFC 2735 4.1 */
#define NHRP_HOP_COUNT 255	 /* what a request of ours starts with */
#define NHRP_PACKET_MAX_LEN 1476 /* 1500 less outer IPv4 and GRE */

/* ar$afn: IANA address family numbers */
#define NHRP_AFN_IPV4 1
#define NHRP_AFN_IPV6 2

/* ar$pro.type: Ethertypes */
#define NHRP_PRO_IPV4 0x0800
#define NHRP_PRO_IPV6 0x86dd
#define NHRP_PRO_TEB 0x6558	   /* MAC addresses: transparent Ethernet bridging */
#define NHRP_PRO_TEB_COMPAT 0x8100 /* MAC addresses as the first dmevpn wrote them: accepted, never sent */

/* ar$op.type, RFC 2332 5.1; 8 is Cisco's and FRR's */
enum nhrp_op {
	NHRP_OP_RESOLUTION_REQUEST = 1,
	NHRP_OP_RESOLUTION_REPLY = 2,
	NHRP_OP_REGISTRATION_REQUEST = 3,
	NHRP_OP_REGISTRATION_REPLY = 4,
	NHRP_OP_PURGE_REQUEST = 5,
	NHRP_OP_PURGE_REPLY = 6,
	NHRP_OP_ERROR_INDICATION = 7,
	NHRP_OP_TRAFFIC_INDICATION = 8,
};

/* Flags of the common header, by message */
#define NHRP_RES_ROUTER 0x8000	    /* Q, RFC 2332 5.2.1 */
#define NHRP_RES_AUTHORITATIVE 0x4000 /* A */
#define NHRP_RES_DST_STABLE 0x2000  /* D */
#define NHRP_RES_UNIQUE 0x1000	    /* U */
#define NHRP_RES_SRC_STABLE 0x0800  /* S */
#define NHRP_REG_UNIQUE 0x8000	    /* U, RFC 2332 5.2.3 */
#define NHRP_REG_NAT 0x0002	    /* NAT, as opennhrp and Cisco write it */
#define NHRP_PURGE_NO_REPLY 0x8000  /* N, RFC 2332 5.2.5 */

/* CIE codes, RFC 2332 5.2.0.1 and the sections of each message */
enum nhrp_code {
	NHRP_CIE_SUCCESS = 0,
	NHRP_CIE_PROHIBITED = 4,
	NHRP_CIE_NO_RESOURCES = 5,
	NHRP_CIE_NO_BINDING = 12,
	NHRP_CIE_NOT_UNIQUE = 13,
	NHRP_CIE_UNIQUE_EXISTS = 14,
};

/* Error codes of the Error Indication, RFC 2332 5.2.7, RFC 2735 4.3 */
enum nhrp_error {
	NHRP_ERR_UNRECOGNIZED_EXTENSION = 1,
	NHRP_ERR_LOOP = 3,
	NHRP_ERR_UNREACHABLE = 6,
	NHRP_ERR_PROTOCOL = 7,
	NHRP_ERR_SDU_SIZE = 8,
	NHRP_ERR_INVALID_EXTENSION = 9,
	NHRP_ERR_INVALID_RESOLUTION_REPLY = 10,
	NHRP_ERR_AUTHENTICATION = 11,
	NHRP_ERR_HOP_COUNT = 15,
	NHRP_ERR_VPN_MISMATCH = 16,
	NHRP_ERR_VPN_NOT_SUPPORTED = 17,
};

/* Extension types, RFC 2332 5.3 and RFC 2735 4.2; the compulsory bit stands apart */
#define NHRP_EXT_COMPULSORY 0x8000
#define NHRP_EXT_END 0
#define NHRP_EXT_RESPONDER 3
#define NHRP_EXT_FORWARD_TRANSIT 4
#define NHRP_EXT_REVERSE_TRANSIT 5
#define NHRP_EXT_AUTHENTICATION 7
#define NHRP_EXT_VENDOR 8
#define NHRP_EXT_CAPABILITIES 9 /* 8 octets; NAT address (a list of CIEs) has the same number */
/*
 * Experimental range, see nhrp_capable.h. With VPN headers number 9 is Device Capabilities, and
 * NAT address has this number; under FRR's own code it is the other way round, and what a
 * request's or a reply's capabilities say has these.
 */
#define NHRP_EXT_NAT_IN_VPN 0x3802
#define NHRP_EXT_CAPABILITIES_ASKED 0x380e
#define NHRP_EXT_CAPABILITIES_TOLD 0x380f
#define NHRP_EXT_BOOT_EPOCH 0x3801 /* ours, experimental range: 16 octets, the sender's start and the VPN's or member's */
#define NHRP_EXT_MOVES 0x3803 /* ours, experimental range: 8 octets a CIE, see nhrp_moves.h */
#define NHRP_EXT_BATCH 0x3805	   /* ours, too: registrations of further VPNs, see nhrp_batch.h */

#define NHRP_CAPABILITY_VPN 0x00000001 /* V bit, RFC 2735 4.2 */

#endif

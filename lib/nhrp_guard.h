// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guard in front of FRR's own nhrpd code: which plain messages it may see, and in
 * which form. Its parser takes much for granted that a network need not keep to; each
 * reason below names one such thing.
 */
#ifndef DMEVPN_NHRP_GUARD_H
#define DMEVPN_NHRP_GUARD_H

#include "lib/nhrp_msg.h"

/* Octets of the buffers that the stock code receives into and answers from. */
#define NHRP_GUARD_MAX 1500

/* Why a plain message is kept from the stock code, and [the number that goes with it]. */
enum nhrp_guard {
	NHRP_GUARD_PASSED = 0,
	NHRP_GUARD_MALFORMED,  /* the codec drops it; enum nhrp_drop says why [as that says] */
	NHRP_GUARD_VPN,	       /* it has the headers of RFC 2735 4.1 [0] */
	NHRP_GUARD_TRANSPORT,  /* NBMA addresses that are not IPv4 [ar$afn] */
	NHRP_GUARD_PROTOCOL,   /* protocol addresses that are neither IPv4 nor IPv6 [ar$pro.type] */
	NHRP_GUARD_NO_ADDRESS, /* the header leaves one of its three addresses out [offset of the length octet] */
	/* the next three: [offset of the length octet, the address or the extension from the fixed header] */
	NHRP_GUARD_SUBADDRESS, /* an NBMA subaddress, or a type bit, where the stock code wants a bare length */
	NHRP_GUARD_ADDRESS,    /* an address that must name one station is zero, multicast or broadcast */
	NHRP_GUARD_NAT,	       /* extension 9 is neither empty, nor capabilities, nor whole CIEs */
	NHRP_GUARD_TOO_LARGE,  /* what it may grow to on its way does not fit NHRP_GUARD_MAX [octets it may grow to] */
	NHRP_GUARD_COUNT,
};

/* A verdict on one message. */
struct nhrp_guarded {
	enum nhrp_guard why;
	enum nhrp_drop drop; /* when why is NHRP_GUARD_MALFORMED, else NHRP_DROP_NONE */
	uint32_t value;	     /* the number either enum tells of */
	uint8_t op;	     /* enum nhrp_op; 0 when MALFORMED */
	size_t len;	     /* octets to hand over; 0 unless PASSED */
};

/* Stable name of a reason in camelCase ("tooLarge"), as JSON shows it. */
const char *nhrp_guard_name(enum nhrp_guard why);

/*
 * Judges LEN octets that came by GRE without VPN headers and, when they may pass, writes
 * to OUT exactly what the stock code is to be given: the message without what follows
 * ar$pktsz, and when its length is odd with the sum that the stock code checks for
 * (RFC 2332 5.1 has another; the message is the same).
 */
struct nhrp_guarded nhrp_guard_plain(const uint8_t *octets, size_t len, uint8_t out[NHRP_GUARD_MAX]);

/*
 * False when a message that the stock code wants to send must not leave: an Error
 * Indication about an Error Indication (RFC 2332 5.2.7), which it makes when the hop
 * count of one is used up, and which two nodes can throw at each other without end.
 */
bool nhrp_guard_may_leave(const uint8_t *octets, size_t len);

#endif

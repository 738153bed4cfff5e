// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the engine counts: messages by type and direction, and what it refused by
 * reason. Every refusal has exactly one reason and one line in vpn_refusal_name().
 */
#ifndef DMEVPN_VPN_COUNTERS_H
#define DMEVPN_VPN_COUNTERS_H

#include <stdint.h>
#include "lib/nhrp_msg.h"

#define VPN_OP_COUNT (NHRP_OP_TRAFFIC_INDICATION + 1)

/* Well-formed messages that the engine will not act on. */
enum vpn_refusal {
	VPN_REFUSED_UNKNOWN_VPN,    /* no such VPN on this controller */
	VPN_REFUSED_WRONG_ROLE,	    /* a request to a spoke, a reply or indication to a hub */
	VPN_REFUSED_NOT_MEMBER,	    /* from somebody who did not register */
	VPN_REFUSED_NOT_HUB,	    /* from somebody who is not our hub */
	VPN_REFUSED_UNEXPECTED_REPLY, /* answers no request of ours */
	VPN_REFUSED_CONTENT,	    /* an address, VNI or CIE that makes no sense here */
	VPN_REFUSED_LIMIT,	    /* a table is full */
	VPN_REFUSED_NOT_READY,	    /* our side of the VPN is not up */
	VPN_REFUSED_COMPULSORY_EXTENSION, /* an extension we must understand and do not */
	VPN_REFUSED_MISPLACED_EXTENSION, /* an extension in a message where it has no place */
	VPN_REFUSED_LOOP,	    /* a message that has passed us before */
	VPN_REFUSED_HOP_COUNT,	    /* to be passed on, but it has come too far */
	VPN_REFUSED_UNREACHABLE,    /* to be passed on, but we do not know where */
	VPN_REFUSED_TOO_LARGE,	    /* a request whose reply might not fit a packet */
	VPN_REFUSED_VPN_MISMATCH,   /* IPv4 or IPv6, of another VPN than the interface's */
	VPN_REFUSED_AUTHENTICATION, /* not made with a key or password of ours */
	VPN_REFUSED_NOT_FRESH,	    /* authentic, but repeated or from before a start: its own, or ours */
	VPN_REFUSED_COUNT,
};

struct vpn_counters {
	uint64_t received[VPN_OP_COUNT];
	uint64_t sent[VPN_OP_COUNT];
	uint64_t dropped[NHRP_DROP_COUNT];
	uint64_t refused[VPN_REFUSED_COUNT];
	uint64_t build_failed; /* a message of ours that did not fit */
	uint64_t layer3_delivered; /* messages of layer 3 VPNs handed to the stock code */
	uint64_t default_delivered; /* … of the default routing instance that named it (VPN-ID 0) */
	uint64_t plain_assigned; /* messages that are of a VPN because the configuration says so */
	uint64_t passed_on;    /* messages of others, on their way through a hub; counted in `sent` too */
	uint64_t batch_asked;  /* registrations that went along with another VPN's */
	uint64_t batch_answered; /* … that came along with another VPN's, and were answered */
	uint64_t aged; /* MACs that a hub forgot because they were silent */
	uint64_t no_key;       /* … that was not sent for want of a key */
};

/* Stable camelCase name of a refusal, as JSON shows it. */
const char *vpn_refusal_name(enum vpn_refusal r);

/* Stable camelCase name of a message type ("registrationRequest"), as JSON shows it. */
const char *vpn_op_key(unsigned int op);

#endif

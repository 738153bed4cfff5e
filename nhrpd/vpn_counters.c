// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of what is counted. Pure; the counting itself is one increment in the
 * engine's single drop and single send path.
 */
#include "nhrpd/vpn_counters.h"

const char *vpn_refusal_name(enum vpn_refusal r)
{
	static const char *const names[VPN_REFUSED_COUNT] = {
		[VPN_REFUSED_UNKNOWN_VPN] = "unknownVpn",
		[VPN_REFUSED_WRONG_ROLE] = "wrongRole",
		[VPN_REFUSED_NOT_MEMBER] = "notMember",
		[VPN_REFUSED_NOT_HUB] = "notHub",
		[VPN_REFUSED_UNEXPECTED_REPLY] = "unexpectedReply",
		[VPN_REFUSED_CONTENT] = "content",
		[VPN_REFUSED_LIMIT] = "limit",
		[VPN_REFUSED_NOT_READY] = "notReady",
		[VPN_REFUSED_COMPULSORY_EXTENSION] = "compulsoryExtension",
		[VPN_REFUSED_MISPLACED_EXTENSION] = "misplacedExtension",
		[VPN_REFUSED_LOOP] = "loop",
		[VPN_REFUSED_HOP_COUNT] = "hopCount",
		[VPN_REFUSED_UNREACHABLE] = "unreachable",
		[VPN_REFUSED_TOO_LARGE] = "tooLarge",
		[VPN_REFUSED_VPN_MISMATCH] = "vpnMismatch",
		[VPN_REFUSED_AUTHENTICATION] = "authentication",
		[VPN_REFUSED_NOT_FRESH] = "notFresh",
	};

	return r < VPN_REFUSED_COUNT ? names[r] : "unknown";
}

const char *vpn_op_key(unsigned int op)
{
	static const char *const keys[VPN_OP_COUNT] = {
		[NHRP_OP_RESOLUTION_REQUEST] = "resolutionRequest",
		[NHRP_OP_RESOLUTION_REPLY] = "resolutionReply",
		[NHRP_OP_REGISTRATION_REQUEST] = "registrationRequest",
		[NHRP_OP_REGISTRATION_REPLY] = "registrationReply",
		[NHRP_OP_PURGE_REQUEST] = "purgeRequest",
		[NHRP_OP_PURGE_REPLY] = "purgeReply",
		[NHRP_OP_ERROR_INDICATION] = "errorIndication",
		[NHRP_OP_TRAFFIC_INDICATION] = "trafficIndication",
	};

	return op < VPN_OP_COUNT && keys[op] ? keys[op] : "unknown";
}

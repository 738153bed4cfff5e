// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parts of messages that several exchanges share.
 */
#ifndef DMEVPN_VPN_MESSAGE_H
#define DMEVPN_VPN_MESSAGE_H

#include "lib/nhrp_moves.h"
#include "nhrpd/vpn_engine.h"

struct vpn_instance;

#define VPN_ERRORS_PER_SECOND 10 /* Error Indications sent, and answers to strangers */

/* Header of a message of ours in this VPN about addresses of FAMILY; dst_proto is the caller's to set where it is not zero (IPv4, IPv6). */
void vpn_message_head(const struct vpn_instance *inst, enum dm_family family, struct nhrp_msg *m, uint8_t op);
/* Header of the reply to REQ (RFC 2332 5.2: source fields go back unchanged, and the flags that a reply has of it). */
void vpn_message_reply_head(const struct nhrp_msg *req, struct nhrp_msg *m, uint8_t op);
/* A CIE naming our own VXLAN end, by its MAC address as protocol address, or behind the VNI in a message about IP addresses. */
void vpn_message_own_cie(const struct vpn_instance *inst, enum dm_family family, struct nhrp_cie *cie);
/* Who has forgotten what we told him shows here, by another number than before. */
struct vpn_starts {
	uint64_t boot; /* the sender's boot epoch; 0: it does not say */
	uint64_t life; /* in a request of the sender's VPN, in a reply of the member that we are there; 0: it does not say */
};

/* What the message says of that. */
struct vpn_starts vpn_message_starts(const struct nhrp_msg *m);
/* Octets that a request may still grow by, so that it can be authenticated, sent and answered in one packet. */
size_t vpn_message_room(const struct nhrp_builder *b);
/* The extensions a request of INST asks to have filled in. */
void vpn_message_request_exts(struct vpn_engine *e, const struct vpn_instance *inst, struct nhrp_builder *b,
			      bool capabilities);
/* The entries of a reply that refuses all of REQ with code 4 (RFC 2332 5.2.2, 5.2.4). */
void vpn_message_refuse_entries(const struct nhrp_msg *req, struct nhrp_builder *b);
/* Answers the extensions of REQ in their order (RFC 2332 5.3). */
void vpn_message_reply_exts(struct vpn_engine *e, const struct vpn_instance *inst, const struct nhrp_msg *req,
			    struct nhrp_builder *b);
/* The same of a registration, with the numbers that we have for its entries; NUM_MOVES 0: it does not ask for them. */
void vpn_message_registration_exts(struct vpn_engine *e, const struct vpn_instance *inst, const struct nhrp_msg *req,
				   struct nhrp_builder *b, const struct nhrp_move *moves, size_t num_moves);
/* Closes, authenticated as the VPN wants it, and sends; counts. Returns false when it had no key, or does not fit (w.bad). */
bool vpn_message_send(struct vpn_engine *e, const struct vpn_path *to, struct nhrp_builder *b);
/* Sends what is closed already, LEN octets (0: it did not fit); counts. */
void vpn_message_send_closed(struct vpn_engine *e, const struct vpn_path *to, const struct nhrp_builder *b, size_t len);
/* True when the reply to REQ might not fit a packet (RFC 2332 5.2.7, SDU size exceeded). */
bool vpn_message_unanswerable(const struct nhrp_msg *req);
/* True when the reply answers a request of ours: its source is our VXLAN end (RFC 2332 5.2.0.1). */
bool vpn_message_is_mine(const struct vpn_instance *inst, const struct nhrp_msg *reply);
/* True when the entry names one whole address: prefix length 0, 0xff or all of its bits (RFC 2332 5.2.0.1). */
bool vpn_message_whole_address(const struct nhrp_cie *cie);
/* True when the entry names ADDR, by itself or by a prefix. */
bool vpn_message_covers(const struct nhrp_cie *cie, const struct dm_addr *addr);
/*
 * True when REQ holds a compulsory extension that we do not know, Authentication too unless
 * AUTHENTICATED; *offset is where (octets from the fixed header).
 */
bool vpn_message_unknown_compulsory(const struct nhrp_msg *req, bool authenticated, uint16_t *offset);
/* True when M holds an extension that has no place in a message of its type; *offset as above. */
bool vpn_message_misplaced_extension(const struct nhrp_msg *m, uint16_t *offset);
/* True when M holds an Authentication extension that must be understood; *offset as above. */
bool vpn_message_unchecked(const struct nhrp_msg *m, uint16_t *offset);
/*
 * True when M has passed us before: a transit record names us, or a Resolution Reply's
 * Responder Address does (RFC 2332 5.3.1 to 5.3.3); *offset as above.
 */
bool vpn_message_looped(const struct vpn_instance *inst, const struct nhrp_msg *m, uint16_t *offset);
/*
 * True when somebody who is nothing to us may be answered: counts against the same
 * VPN_ERRORS_PER_SECOND, so that a flood is not answered with a flood.
 */
bool vpn_message_may_answer(struct vpn_engine *e);
/* Error Indication (RFC 2332 5.2.7) about REQ, rate limited, never about an Error Indication; INST NULL: no such VPN. */
void vpn_message_error(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *to,
		       const struct nhrp_msg *req, uint16_t code, uint16_t offset);

#endif

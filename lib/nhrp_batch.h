// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A batch of registrations: an extension of a Registration Request, or of its reply, that carries
 * those of further VPNs of the same station. Ours, of the experimental range (RFC 2332 5.3), never
 * compulsory: who does not know it gives it back as it came, and that can be told from an answer.
 *
 *   octets  0     form: 1 question, 2 answer
 *           1     entries that follow, 1 or more
 *   each    0-6   VPN-ID (OUI 3, index 4)
 *           7     unused, zero
 *           8-11  request ID of this registration; an answer gives it back
 *          12-19  life: of the sender's VPN, or in an answer of the member that it is
 *          20-    a CIE (RFC 2332 5.2.0.1) of the message's families: the station's VXLAN end, or
 *                 in an answer the code and the answerer's end
 */
#ifndef DMEVPN_NHRP_BATCH_H
#define DMEVPN_NHRP_BATCH_H

#include "lib/nhrp_msg.h"

#define NHRP_BATCH_AROUND_LEN 6 /* octets of the extension before its first entry: type, length, form, number */
#define NHRP_BATCH_HEAD_LEN 20 /* octets of an entry before its CIE */
#define NHRP_BATCH_ENTRIES_MAX 255

/* The code of an entry in a question, and in an answer of one that nothing can be said of now: it is asked again later. */
#define NHRP_BATCH_UNANSWERED 0xff

enum nhrp_batch_form {
	NHRP_BATCH_QUESTION = 1,
	NHRP_BATCH_ANSWER = 2,
};

/* The registration of one VPN. Identified in the exchange by (vpn, request_id). */
struct nhrp_batch_entry {
	struct vpn_id vpn;
	uint32_t request_id;
	uint64_t life; /* 0: not told */
	struct nhrp_cie cie;
};

/* A batch as it came; a view into the message. */
struct nhrp_batch {
	enum nhrp_batch_form form;
	uint16_t afn, pro_type; /* of the message */
	struct dm_reader entries;
};

/*
 * Finds the batch of *m and checks it to its end. Returns false when there is none; *good is false when
 * there is one that is malformed (form, number of entries, an entry past the end), and it must not be read.
 */
bool nhrp_batch_find(const struct nhrp_msg *m, struct nhrp_batch *batch, bool *good);

/* Steps to the next entry of a good batch. Returns false at its end. */
bool nhrp_batch_next(struct nhrp_batch *batch, struct nhrp_batch_entry *entry);

/* Builder of a batch inside a message; errors are the message's (sticky). */
struct nhrp_batch_builder {
	struct nhrp_builder *b;
	enum nhrp_batch_form form;
	size_t at; /* of the form, and of the number of entries behind it */
	unsigned int num;
};

/* Opens the extension in B. */
void nhrp_batch_begin(struct nhrp_batch_builder *bb, struct nhrp_builder *b, enum nhrp_batch_form form);
/* Appends an entry; the message turns bad with more than NHRP_BATCH_ENTRIES_MAX. */
void nhrp_batch_put(struct nhrp_batch_builder *bb, const struct nhrp_batch_entry *entry);
/* Closes it; the message turns bad without an entry. */
void nhrp_batch_end(struct nhrp_batch_builder *bb);

#endif

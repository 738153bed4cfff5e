// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Purge Requests for FRR's own NHRP code, which sends none: those that are under way.
 */
#ifndef DMEVPN_NHRP_PURGE_H
#define DMEVPN_NHRP_PURGE_H

#include "nhrpd/vpn_engine.h"

#define NHRP_PURGES_MAX 4096 /* under way; more are not begun */
#define NHRP_PURGE_TRIES 4   /* after 1, 2 and 4 s, each less up to a quarter */
#define NHRP_PURGE_ENTRIES 16 /* in one message */

/* The addresses that one entry of a purge is about. */
struct nhrp_purge_entry {
	struct dm_addr proto;
	uint8_t prefix_len; /* bits, 1 to those of the family */
};

/* What is to be said, and to whom. The addresses of this node are those that the other end knows it by. */
struct nhrp_purge_order {
	struct vpn_path to;
	bool has_vpn; /* the other end learned it in VPN, else in plain */
	struct vpn_id vpn;
	struct dm_addr nbma;   /* of this node */
	struct dm_addr source; /* protocol address of this node */
	struct dm_addr target; /* protocol address of the other end */
	struct nhrp_purge_entry entries[NHRP_PURGE_ENTRIES];
	size_t num_entries;
};

/*
 * Tells the other end that what it knows of the entries is void, again and again until it
 * acknowledges or NHRP_PURGE_TRIES is reached (RFC 2332 5.2.5). In a VPN that the interface
 * has no more it is said once, with bit N: no reply could come in. It leaves at the end of the
 * turn, in one message with what else there is to say to that station until then.
 */
void nhrp_purge_send(const struct nhrp_purge_order *order);

/* A Purge Reply. Returns false when it answers nothing that is under way (RFC 2332 5.2.5: ignored). */
bool nhrp_purge_reply(const struct vpn_path *from, const struct nhrp_msg *m);

/* TO is told of PROTO anew, by a registration or an answer: nothing that is under way voids it any more. */
void nhrp_purge_cancel(const struct vpn_path *to, const struct dm_addr *proto);

/* Ends all that are under way. */
void nhrp_purge_terminate(void);

#endif

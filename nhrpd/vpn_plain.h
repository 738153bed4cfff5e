// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Peers that know no VPNs: the VPN that plain messages of an interface belong to by
 * configuration, and which peers speak so.
 */
#ifndef DMEVPN_VPN_PLAIN_H
#define DMEVPN_VPN_PLAIN_H

#include <assert.h>

#include "lib/jhash.h"
#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"

struct vpn_device;

#define VPN_FORMS_MAX 65536 /* of all interfaces; one more, and the one not heard for longest is forgotten */
#define VPN_FORM_BINDS_MS 7200000 /* for how long a plain message keeps its sender out of other VPNs */

PREDECL_HASH(vpn_forms);
PREDECL_DLIST(vpn_forms_by_age);

/*
 * How a peer spoke last in the VPN that its interface has for plain messages. Identified by
 * path: an interface has one such VPN.
 */
struct vpn_form {
	struct vpn_forms_item item;
	struct vpn_forms_by_age_item age_item;
	struct vpn_path path;
	bool plain;	/* without VPN headers */
	uint64_t heard; /* ms; the list is in this order */
};

/* Order of the container: by what identifies the object. */
static inline int vpn_form_cmp(const struct vpn_form *a, const struct vpn_form *b)
{
	int diff = dm_addr_cmp(&a->path.nbma, &b->path.nbma);

	return diff ? diff : (a->path.ifindex > b->path.ifindex) - (a->path.ifindex < b->path.ifindex);
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_form_hash(const struct vpn_form *f)
{
	return jhash_1word(f->path.ifindex, dm_addr_hash(&f->path.nbma, 0x3200));
}
DECLARE_HASH(vpn_forms, struct vpn_form, item, vpn_form_cmp, vpn_form_hash);
DECLARE_DLIST(vpn_forms_by_age, struct vpn_form, age_item);

/* Life of what an engine remembers of peers' forms. */
void vpn_plain_init(struct vpn_engine *e);
void vpn_plain_fini(struct vpn_engine *e);

/* The assignment of an interface is another one: forgets how its peers spoke under the former. */
void vpn_plain_changed(struct vpn_engine *e);

/* The VPN of plain messages that come by the GRE interface IFINDEX; NULL when none is configured. */
const struct vpn_id *vpn_plain_of(struct vpn_engine *e, uint32_t ifindex);

/*
 * A message has been accepted: remembers in which form its sender speaks. Of no effect where no VPN
 * is assigned, nor for an Error Indication, which is never authenticated (RFC 2332 5.2.7).
 */
void vpn_plain_heard(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m);

/*
 * True when a message of VPN to that peer leaves without VPN headers: the VPN is the one its
 * interface has for plain messages, and the peer has not shown that it knows VPNs (RFC 2735 3.2).
 */
bool vpn_plain_wanted(struct vpn_engine *e, const struct vpn_path *to, const struct vpn_id *vpn);

/*
 * True when headers of VPN contradict what was allocated to that peer before: it spoke without
 * headers, and so is in the interface's VPN for plain messages and in no other (RFC 2735 3.4).
 */
bool vpn_plain_contradicts(struct vpn_engine *e, const struct vpn_path *from, const struct vpn_id *vpn);

/* True when it is known that a peer speaks without VPN headers; for the target's capabilities (RFC 2735 3.3). */
bool vpn_plain_speaker(struct vpn_engine *e, const struct vpn_path *peer);

/* Why the assignment of DEV is without effect, for the user; NULL when it has one. Lives until the next call. */
const char *vpn_plain_obstacle(struct vpn_engine *e, const struct vpn_device *dev);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub's members. What is behind them: vpn_binding.h.
 */
#ifndef DMEVPN_VPN_MEMBER_H
#define DMEVPN_VPN_MEMBER_H

#include <assert.h>

#include "lib/typesafe.h"
#include "nhrpd/vpn_binding.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_timer.h"

struct vpn_instance;

/* bound on what the network can make a hub hold */
#define VPN_MEMBERS_MAX 8192	 /* of one VPN */

#define VPN_MEMBER_GRACE_MS 60000 /* for a member that started anew to register what it had: twice its longest wait for a reply */

PREDECL_HASH(vpn_members);

/* A registered spoke. Identified in its instance by the NBMA address of its VXLAN device. */
struct vpn_member {
	struct vpn_members_item item;
	struct vpn_instance *inst;
	struct dm_addr nbma;
	struct dm_addr mac;    /* of its VXLAN device; not set after a restart until it registers again */
	struct vpn_path path;  /* where its control packets come from */
	bool unique;	       /* it registered its MAC for itself alone (RFC 2332 5.2.3, U) */
	uint32_t vni;	       /* by which it receives */
	uint16_t holdtime;     /* seconds */
	uint16_t mtu;	       /* octets, as registered; 0: default */
	uint8_t preference;    /* as registered */
	uint64_t since;	       /* ms */
	uint64_t life;	       /* drawn with the member: by another one it knows that all it had registered is gone */
	uint64_t its_life;     /* of its VPN, as told last; 0: not told */
	struct vpn_timer expiry;
	struct vpn_timer grace; /* it started anew: until then it may register again what it had */
	struct vpn_member_bindings_head macs; /* heard or registered behind it */
	struct vpn_member_bindings_head ips;  /* registered by it */
};

/* Order of the container: by what identifies the object. */
static inline int vpn_member_cmp(const struct vpn_member *a, const struct vpn_member *b)
{
	return dm_addr_cmp(&a->nbma, &b->nbma);
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_member_hash(const struct vpn_member *m)
{
	return dm_addr_hash(&m->nbma, 0x2332);
}
DECLARE_HASH(vpn_members, struct vpn_member, item, vpn_member_cmp, vpn_member_hash);

/* The member with that NBMA address, NULL when there is none. */
struct vpn_member *vpn_member_find(struct vpn_instance *inst, const struct dm_addr *nbma);
/* Another member than NBMA's with that MAC that holds it for itself alone; NULL when there is none. */
struct vpn_member *vpn_member_owner(struct vpn_instance *inst, const struct dm_addr *mac, const struct dm_addr *nbma);
/* A new member, its expiry not armed; the caller fills in the rest and programs it. */
struct vpn_member *vpn_member_new(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *nbma);
/* It told the life of its VPN: another one forgot which IP addresses it had registered, and those it does not register again go. */
void vpn_member_started(struct vpn_engine *e, struct vpn_member *m, uint64_t its_life);
/* States it to the module. */
void vpn_member_program(struct vpn_engine *e, const struct vpn_member *m);
/* Frees it with all that is behind it; PROGRAM also takes them out of the kernel and purges. */
void vpn_member_forget(struct vpn_engine *e, struct vpn_member *m, bool program);
/*
 * Forgets members of the same MAC at other NBMA addresses than KEEP's, of the same sender, or of the same life by
 * another way: it has moved.
 */
void vpn_member_forget_former(struct vpn_engine *e, struct vpn_member *keep);
/* A member that the module held through our restart. */
void vpn_member_adopt(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_member *rec);
/* States all members and their MACs to the module. */
void vpn_member_restate(struct vpn_engine *e, struct vpn_instance *inst);
/* Removes all members; PROGRAM also out of the kernel. */
void vpn_member_clear(struct vpn_engine *e, struct vpn_instance *inst, bool program);

#endif

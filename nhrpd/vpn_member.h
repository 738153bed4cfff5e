// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub's tables: members, the MACs behind them, and who asked for each MAC.
 */
#ifndef DMEVPN_VPN_MEMBER_H
#define DMEVPN_VPN_MEMBER_H

#include <assert.h>

#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_timer.h"

struct vpn_instance;

/* bounds on what the network can make a hub hold */
#define VPN_MEMBERS_MAX 8192	 /* of one VPN */
#define VPN_MACS_MAX 131072	 /* of one VPN */
#define VPN_MEMBER_MACS_MAX 32768 /* of one member, so that one cannot lock the others out */
#define VPN_ASKERS_MAX 1024	 /* of one MAC */

PREDECL_HASH(vpn_members);
PREDECL_HASH(vpn_macs);
PREDECL_DLIST(vpn_member_macs);
PREDECL_DLIST(vpn_askers);

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
	struct vpn_timer expiry;
	struct vpn_member_macs_head macs;
};

/* Somebody who was told where a MAC is. Identified in its MAC by NBMA address. */
struct vpn_asker {
	struct vpn_askers_item item;
	struct dm_addr nbma;
	uint64_t until; /* ms; what it was told is void then */
};

/* A MAC behind a member. Identified in its instance by the MAC. */
struct vpn_mac {
	struct vpn_macs_item item;
	struct vpn_member_macs_item member_item;
	struct dm_addr mac;
	struct vpn_member *member;
	uint64_t since; /* ms */
	struct vpn_askers_head askers;
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

/* Order of the container: by what identifies the object. */
static inline int vpn_mac_cmp(const struct vpn_mac *a, const struct vpn_mac *b)
{
	return dm_addr_cmp(&a->mac, &b->mac);
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_mac_hash(const struct vpn_mac *m)
{
	return dm_addr_hash(&m->mac, 0x6558);
}
DECLARE_HASH(vpn_macs, struct vpn_mac, item, vpn_mac_cmp, vpn_mac_hash);
DECLARE_DLIST(vpn_member_macs, struct vpn_mac, member_item);
DECLARE_DLIST(vpn_askers, struct vpn_asker, item);

/* The member with that NBMA address, NULL when there is none. */
struct vpn_member *vpn_member_find(struct vpn_instance *inst, const struct dm_addr *nbma);
/* Another member than NBMA's with that MAC that holds it for itself alone; NULL when there is none. */
struct vpn_member *vpn_member_owner(struct vpn_instance *inst, const struct dm_addr *mac, const struct dm_addr *nbma);
/* A new member, its expiry not armed; the caller fills in the rest and programs it. */
struct vpn_member *vpn_member_new(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *nbma);
/* States it to the module. */
void vpn_member_program(struct vpn_engine *e, const struct vpn_member *m);
/* What the others were told of its MACs is void: states them anew to the module and purges. */
void vpn_member_changed(struct vpn_engine *e, struct vpn_member *m);
/* Frees it with its MACs; PROGRAM also takes them out of the kernel and purges. */
void vpn_member_forget(struct vpn_engine *e, struct vpn_member *m, bool program);
/* Forgets members of the same sender and MAC at other NBMA addresses than KEEP's: it has moved. */
void vpn_member_forget_former(struct vpn_engine *e, struct vpn_member *keep);
/* A member that the module held through our restart. */
void vpn_member_adopt(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_member *rec);
/* States all members and MACs to the module. */
void vpn_member_restate(struct vpn_engine *e, struct vpn_instance *inst);
/* Removes all members and MACs; PROGRAM also out of the kernel. */
void vpn_member_clear(struct vpn_engine *e, struct vpn_instance *inst, bool program);

/* The MAC, NULL when it is not known. */
struct vpn_mac *vpn_mac_find(struct vpn_instance *inst, const struct dm_addr *mac);
/* The switch heard a MAC behind a member: new, moved or as before. */
void vpn_mac_seen(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_mac *rec);
/* A member says that a MAC is behind it; the switch is told. Returns false when there is no room for it. */
bool vpn_mac_bind(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *mac);
/* The MAC is behind its member no more: purges, and takes it out of the kernel. Frees it. */
void vpn_mac_forget(struct vpn_engine *e, struct vpn_mac *mac);
/* Remembers that NBMA was told of the MAC for so many SECONDS. Returns false when too many were. */
bool vpn_mac_asked(struct vpn_engine *e, struct vpn_mac *mac, const struct dm_addr *nbma, uint16_t seconds);

#endif

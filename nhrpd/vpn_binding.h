// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub's bindings: behind which member each MAC is, whose MAC each IP address is, and
 * who asked for them.
 */
#ifndef DMEVPN_VPN_BINDING_H
#define DMEVPN_VPN_BINDING_H

#include <assert.h>

#include "lib/typerb.h"
#include "lib/nhrp_moves.h"
#include "lib/typesafe.h"
#include "nhrpd/vpn_ageing.h"
#include "nhrpd/vpn_engine.h"

struct vpn_instance;
struct vpn_member;

/* bounds on what the network can make a hub hold, of MACs and of IP addresses each */
#define VPN_BINDINGS_MAX 131072	 /* of one VPN */
#define VPN_MEMBER_BINDINGS_MAX 32768 /* of one member, so that one cannot lock the others out */
#define VPN_ASKERS_MAX 1024	 /* of one binding */

struct vpn_moving;

PREDECL_HASH(vpn_bindings);
PREDECL_RBTREE_UNIQ(vpn_behind);
PREDECL_DLIST(vpn_member_bindings);
PREDECL_DLIST(vpn_askers);

/*
 * A station that asks, and how it is reached: a member of ours, or one that another hub asked
 * for. Identified by NBMA address.
 */
struct vpn_station {
	struct dm_addr nbma; /* of its VXLAN device */
	bool relayed;	     /* it is no member of ours; the rest is set then only */
	struct dm_addr mac;  /* of its VXLAN device */
	struct vpn_path path; /* of the hub that asked for it */
};

/* Somebody who was told of a binding. Identified in it by the station. */
struct vpn_asker {
	struct vpn_askers_item item;
	struct vpn_station station;
	uint64_t until; /* ms; what it was told is void then */
};

/* An address behind a member. Identified in its instance by the address, a MAC or an IP address. */
struct vpn_binding {
	struct vpn_bindings_item item;
	struct vpn_behind_item behind_item; /* of an IP address */
	struct vpn_member_bindings_item member_item;
	struct dm_addr addr;
	struct dm_addr mac; /* of an IP address: of the station that has it */
	bool stale; /* of an IP address: registered before its member started anew */
	bool silent; /* of an IP address: its MAC has aged and was not heard since; nobody is told */
	struct vpn_member *member; /* a MAC's home; who registered an IP address */
	uint64_t since; /* ms; it is there */
	uint32_t number; /* of its last move; greater than any that was given out for the address before */
	struct vpn_moving *moving; /* vpn_duplicate.c: what it moved lately, NULL for most */
	struct vpn_ageing_place ageing; /* of a MAC */
	struct vpn_askers_head askers;
};

/* What an instance has of them. */
struct vpn_binding_tables {
	struct vpn_bindings_head macs;
	struct vpn_bindings_head ips;	/* IPv4 and IPv6 */
	struct vpn_behind_head behind; /* the same, by MAC */
	uint32_t last_number; /* no binding that is gone had a greater one */
};

/* What a registration says of an address, and what it says of its moves. */
struct vpn_claim {
	bool numbered;	 /* the claimer knows of move numbers */
	uint32_t number; /* that he knows for the address, 0: none */
	uint64_t idle_ms; /* of a MAC: since his bridge heard it */
};

/* What becomes of it. */
enum vpn_claimed {
	VPN_CLAIM_TAKEN,   /* it is behind the claimer */
	VPN_CLAIM_NO_ROOM,
	VPN_CLAIM_OLD,	   /* it has moved since that word was sent */
	VPN_CLAIM_HELD,	   /* it is held elsewhere, as a duplicate */
};

/* Order of the container: by what identifies the object. */
static inline int vpn_binding_cmp(const struct vpn_binding *a, const struct vpn_binding *b)
{
	return dm_addr_cmp(&a->addr, &b->addr);
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_binding_hash(const struct vpn_binding *b)
{
	return dm_addr_hash(&b->addr, 0x6558);
}
DECLARE_HASH(vpn_bindings, struct vpn_binding, item, vpn_binding_cmp, vpn_binding_hash);

/* Order of the container: by MAC, then IP address. */
static inline int vpn_behind_cmp(const struct vpn_binding *a, const struct vpn_binding *b)
{
	int diff = dm_addr_cmp(&a->mac, &b->mac);

	return diff ? diff : dm_addr_cmp(&a->addr, &b->addr);
}
DECLARE_RBTREE_UNIQ(vpn_behind, struct vpn_binding, behind_item, vpn_behind_cmp);
DECLARE_DLIST(vpn_member_bindings, struct vpn_binding, member_item);
DECLARE_DLIST(vpn_askers, struct vpn_asker, item);

/* Readies an instance's tables, and frees what holds them when they are empty. */
void vpn_binding_init(struct vpn_binding_tables *t);
void vpn_binding_fini(struct vpn_binding_tables *t);

/* The binding of a MAC or an IP address, NULL when it is not known. */
struct vpn_binding *vpn_binding_find(struct vpn_instance *inst, const struct dm_addr *addr);
/* The member where the address is now: an IP address moves with its MAC, as soon as that is heard elsewhere. */
struct vpn_member *vpn_binding_home(const struct vpn_binding *b);
/* Its member takes it back: purges those who asked, and takes a MAC out of the kernel. Frees it. */
void vpn_binding_forget(struct vpn_engine *e, struct vpn_binding *b);
/* The MAC has aged: the same, and the IP addresses behind it are void until it is heard again. Frees it. */
void vpn_binding_silent(struct vpn_engine *e, struct vpn_binding *b);
/* Remembers that the station was told of it for so many SECONDS. Returns false when too many were. */
bool vpn_binding_asked(struct vpn_engine *e, struct vpn_binding *b, const struct vpn_station *who, uint16_t seconds);
/* Where to send what is for the station, and its MAC. Returns false when it is a member no more. */
bool vpn_station_reach(struct vpn_instance *inst, const struct vpn_station *s, struct vpn_path *path,
		       struct dm_addr *mac);

/* The switch heard a MAC behind a member: new, moved or as before. */
void vpn_mac_seen(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_mac *rec);
/*
 * A member says that a MAC is behind it; the switch is told. From another than where it is, the
 * word counts when it has the number of the last move, or says nothing of numbers (RFC 7432 section 15).
 */
enum vpn_claimed vpn_mac_bind(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *mac,
			      const struct vpn_claim *claim);
/* The same of an IP address, which the station MAC has. */
enum vpn_claimed vpn_ip_bind(struct vpn_engine *e, struct vpn_member *m, const struct dm_addr *ip,
			     const struct dm_addr *mac, const struct vpn_claim *claim);
/* The last move of the address, as messages tell it; zero when it is not known. */
struct nhrp_move vpn_binding_move(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *addr);
/* Has the switch hold a MAC where it is, or let it go; IP addresses are none of its business. */
void vpn_binding_state_hold(struct vpn_engine *e, const struct vpn_binding *b, bool held);

/* What the others were told of the member's addresses is void: states its MACs anew to the module and purges. */
void vpn_binding_member_changed(struct vpn_engine *e, struct vpn_member *m);
/* A member forgot what it had registered: IP addresses that it has not registered again by vpn_binding_sweep_ips() go. */
void vpn_binding_mark_ips(struct vpn_member *m);
void vpn_binding_sweep_ips(struct vpn_engine *e, struct vpn_member *m);
/* Frees all of a member's; PROGRAM also takes them out of the kernel and purges. */
void vpn_binding_member_gone(struct vpn_engine *e, struct vpn_member *m, bool program);
/* States all MACs to the module. */
void vpn_binding_restate(struct vpn_engine *e, struct vpn_instance *inst);

#endif

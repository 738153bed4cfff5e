// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The addresses of a spoke's own bridge, and telling the hub of them.
 */
#ifndef DMEVPN_VPN_LOCAL_H
#define DMEVPN_VPN_LOCAL_H

#include <assert.h>

#include "lib/nhrp_moves.h"
#include "lib/typesafe.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_timer.h"

struct vpn_instance;
struct vpn_local_table;

#define VPN_LOCALS_MAX 65536 /* of one VPN and one family */
/* addresses in one message: that many CIEs of 18 octets, or of up to 54, and 8 octets each for their moves fit a packet with all else that is in it */
#define VPN_LOCAL_BATCH_MAC 32
#define VPN_LOCAL_BATCH_IP 16

#define VPN_TELL_IDS 8 /* messages that a late answer may be to */

PREDECL_HASH(vpn_locals);
PREDECL_DLIST(vpn_untold);

/*
 * What the hub has not been told yet of one kind: that addresses are here, or that they are gone.
 * One message is under way at a time.
 */
struct vpn_tell {
	struct vpn_local_table *table;
	uint8_t op; /* Registration Request or Purge Request */
	struct vpn_untold_head untold;
	uint32_t request_id; /* of the message under way */
	uint32_t ids[VPN_TELL_IDS]; /* of the last messages, that one included */
	unsigned int num_ids;	    /* sent so far; the next one's place modulo their number */
	size_t num_refused;	    /* of those untold: ones that the hub has prohibited, and may not the next time */
	bool waiting;
	bool answered; /* … for the time to ask again for what was refused, and not for an answer */
	uint64_t backoff; /* ms */
	struct vpn_timer send;
};

/* An address behind this spoke: a MAC, or an IP address of one. Identified in its instance by the address. */
struct vpn_local {
	struct vpn_locals_item item;
	struct vpn_untold_item untold_item;
	struct dm_addr addr;
	struct dm_addr mac;   /* of an IP address */
	struct vpn_tell *in;  /* what is to be told of it, NULL when the active hub has acknowledged all */
	bool refused;	      /* it counts among those of that queue */
	bool sent;	      /* the hub may know of it */
	uint64_t heard;	      /* ms; when our side heard it last, as far as we were told */
	uint16_t asked;	      /* seconds; a MAC: for how long the hub was last asked to hold it */
	bool gone;	      /* it is not there any more; here only to be taken back */
	bool stale;	      /* not heard of since the module came back */
	bool theirs;	      /* the hub says that another has it now; nothing is told until our module says more */
	uint32_t batch;	      /* request ID that it went out with last */
	uint32_t number;      /* of its last move that the active hub has told, 0: none */
	uint64_t moved;	      /* ms; theirs: when it went there */
};

/* Order of the container: by what identifies the object. */
static inline int vpn_local_cmp(const struct vpn_local *a, const struct vpn_local *b)
{
	return dm_addr_cmp(&a->addr, &b->addr);
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_local_hash(const struct vpn_local *l)
{
	return dm_addr_hash(&l->addr, 0x2735);
}
DECLARE_HASH(vpn_locals, struct vpn_local, item, vpn_local_cmp, vpn_local_hash);
DECLARE_DLIST(vpn_untold, struct vpn_local, untold_item);

/* The addresses of one family in one instance. */
struct vpn_local_table {
	struct vpn_instance *inst;
	enum dm_family family;
	struct vpn_locals_head all;
	struct vpn_tell here; /* Registration Requests */
	struct vpn_tell gone; /* Purge Requests; of IP addresses only */
};

/* All of an instance, by family (its place 0, for none, is not used). */
struct vpn_local_tables {
	struct vpn_local_table of[DM_MAC + 1];
};

/* Readies the tables; empties them; frees what holds them when they are empty. */
void vpn_local_init(struct vpn_instance *inst);
void vpn_local_clear(struct vpn_engine *e, struct vpn_instance *inst);
void vpn_local_fini(struct vpn_instance *inst);
/* The module's word on a MAC of the bridge. */
void vpn_local_record(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_local *rec);
/* The module's answer: our bridge has heard the MAC lately. */
void vpn_local_heard(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_heard *rec);
/* An IP address is behind the MAC; or, MAC NULL, is there no more. */
void vpn_local_ip(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *ip, const struct dm_addr *mac);
/* True when the IP address is on our side. */
bool vpn_local_has(struct vpn_instance *inst, const struct dm_addr *ip);
/*
 * The hub says that another has the address, since MOVE; NULL: it does not say since when. What our side has heard since
 * is registered again; anything else is theirs from now on, and the module is told of a MAC. Returns true when it
 * is on our side, and theirs.
 */
bool vpn_local_disown(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *addr,
		      const struct nhrp_move *move);
/* … and now it says that nobody has: registers it again, if it is on our side. */
void vpn_local_own_again(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *ip);
/* All IP addresses are there no more: nobody watches them any longer. */
void vpn_local_no_ips(struct vpn_engine *e, struct vpn_instance *inst);
/* The module tells anew what is there (IPS: IP addresses, too) … */
void vpn_local_mark(struct vpn_instance *inst, bool ips);
/* … and has. MACs that it has not told of are just forgotten: the hub hears what becomes of them. */
void vpn_local_sweep(struct vpn_engine *e, struct vpn_instance *inst, bool ips);
/* The same of IP addresses alone. */
void vpn_local_mark_ips(struct vpn_instance *inst);
void vpn_local_sweep_ips(struct vpn_engine *e, struct vpn_instance *inst);
/* Something stands or falls with it (a shortcut, the hub): sends what the hub has not been told, if need be. */
void vpn_local_kick(struct vpn_engine *e, struct vpn_instance *inst);
/* The active hub is another one, or has forgotten: it will be told everything. */
void vpn_local_untell(struct vpn_engine *e, struct vpn_instance *inst);
/* A Registration Reply; returns false when it does not answer what is under way. */
bool vpn_local_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		     const struct nhrp_msg *m);
/* A Purge Reply (RFC 2332 5.2.6). */
void vpn_local_purge_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			   const struct nhrp_msg *m);

#endif

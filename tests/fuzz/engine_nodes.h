// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The world of the engine's fuzz target: a hub and a spoke with an engine each, their
 * clock, key chain and stand-in for the zebra module. Whatever an engine does, the node
 * checks: what is sent is whole, has a VPN of that node and is authenticated when it must
 * be; what is programmed names only VNIs of that node and usable addresses. A breach aborts.
 */
#ifndef DMEVPN_FUZZ_ENGINE_NODES_H
#define DMEVPN_FUZZ_ENGINE_NODES_H

#include "nhrpd/vpn_engine.h"

#define NODE_CTL "tun1" /* GRE interface */
#define NODE_TUN "tun2" /* VXLAN device */
#define NODE_MORE "tun3" /* another one of the spoke, of VPN 2, whose registration rides along */
#define NODE_CTL_IFINDEX 10
#define NODE_TUN_IFINDEX 20
#define NODE_ANSWERS 8
#define NODE_SENT 8
#define NODE_VNIS 16
#define NODE_MESSAGE_MAX 1500 /* octets */

/* A message on its way to the other node. */
struct node_message {
	uint8_t octets[NODE_MESSAGE_MAX];
	size_t len;
};

struct node {
	struct vpn_engine *engine;
	bool is_hub;
	uint8_t last;	       /* octet of its NBMA address 10.0.0.x */
	uint64_t epoch;
	uint32_t vnis[NODE_VNIS]; /* that its module told it, in turn */
	size_t num_vnis;
	uint32_t last_id;      /* of its last request */
	struct dm_rec answers[NODE_ANSWERS]; /* of the module, not delivered yet */
	size_t num_answers;
	struct node_message sent[NODE_SENT]; /* the last ones, in a ring */
	size_t num_sent;
	struct vpn_controller ctl;
	struct dm_link link;
	uint32_t idle_ms; /* how long no frame went by any MAC */
	bool told; /* by records of the input, so that what its module says need not make sense */
	bool plain; /* may have spoken with peers that know no VPNs */
	bool hashed;	   /* its device has the key chain */
	bool may_send, may_accept; /* by the one key there is */
};

extern uint64_t node_now_ms;

/* Aborts unless RIGHT. */
void node_must(bool right);
/* 10.0.0.LAST */
struct dm_addr node_nbma(uint8_t last);
/* A hub of VPN 1 and 2, or a spoke of VPN 1 with the hub 10.0.0.1, at 10.0.0.LAST, its module connected. */
void node_start(struct node *n, bool is_hub, uint8_t last);
/* The engine ends and a new one begins, its configuration as at node_start(). */
void node_restart(struct node *n);
/* The module goes, or comes back with all it has. */
void node_module(struct node *n, bool up);
/* Delivers what the module has to say and runs what is due. */
void node_settle(struct node *n);
/* The key of all nodes, and the hash that belongs to it. */
struct nhrp_auth_key node_key(void);
void node_hmac(const void *key, size_t key_len, const struct nhrp_auth_part *parts, size_t num,
	       uint8_t digest[NHRP_AUTH_DIGEST_LEN]);

#endif

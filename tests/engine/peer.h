// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking at the messages of a world's engines, and playing a peer that sends
 * messages of a test's own making. Includes cmocka's headers: what is not as asked for
 * fails the test that asks.
 */
#ifndef DMEVPN_TESTS_PEER_H
#define DMEVPN_TESTS_PEER_H

#include "tests/engine/world.h"

#define HUB_VNI 4097 /* VLAN 1 */
#define VM1 "02:aa:00:00:00:01" /* behind spoke1 */
#define VM2 "02:aa:00:00:00:02" /* behind spoke2 */

/* Both register with the hub, which hears VM1 and VM2 behind them and redirects VM1's frames to VM2. */
void register_and_redirect(struct world_node *hub, struct world_node *spoke1, struct world_node *spoke2);

/* The last message of that type, decoded; it lives until the next of its type. */
struct nhrp_msg sent(uint8_t op);
/* The last message of that type that the node sent, decoded; it lives until its next. */
struct nhrp_msg sent_by(const struct world_node *n, uint8_t op);
/* The last message of that type that was sent to the node, lost ones too. */
struct nhrp_msg got_by(const struct world_node *n, uint8_t op);
/* The entry at place N of a message; the test fails when there are fewer. */
struct nhrp_cie cie_at(const struct nhrp_msg *m, unsigned int n);
unsigned int num_cies(const struct nhrp_msg *m);
/* True when all is zero and empty but code, MTU and holding time. */
bool is_plain_zero(const struct nhrp_cie *cie);
/* Fails unless both are the same address, and one at all. */
void assert_addr(const struct dm_addr *a, const struct dm_addr *b);

/* Header of a message as SPOKE would send it, its own MAC as destination. */
struct nhrp_msg from_spoke(const struct world_node *spoke, uint8_t op, uint32_t id);
/* Closes the message and lets TO have it as if it came from FROM. */
void deliver(struct world_node *to, const struct dm_addr *from, struct nhrp_builder *b);
/* The entry at place N of an extension of the message; the test fails when there are fewer. */
struct nhrp_cie ext_cie(const struct nhrp_msg *m, uint16_t type, unsigned int n);
unsigned int num_ext_cies(const struct nhrp_msg *m, uint16_t type);
/* How often the engine refused for that reason. */
uint64_t refused(struct world_node *n, enum vpn_refusal why);

#endif

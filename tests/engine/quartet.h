// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two hubs that ask each other, with a spoke each, made anew for each test. A file is one
 * program, so the nodes are its own.
 *
 *   spoke1 10.0.0.2 ── hub1 10.0.0.1 ════ hub2 10.0.0.4 ── spoke2 10.0.0.3
 *   VNI 100, VM1                                           VNI 101, VM2
 */
#ifndef DMEVPN_TESTS_QUARTET_H
#define DMEVPN_TESTS_QUARTET_H

#include "tests/engine/world.h"

extern struct world_node *hub1, *hub2, *spoke1, *spoke2;

/* Makes the four; nothing is configured. */
void quartet_make(void);
/* Configures VPN 1 on them, lets the spokes register and each hub hear its VM. */
void quartet_start(void);
/* cmocka fixtures: made; also started. */
int quartet_setup_bare(void **state);
int quartet_setup(void **state);
/* cmocka fixture: ends them, and frees everything. */
int quartet_teardown(void **state);
/* Gives a node's controller these next hop servers, in that order; NULL ends them. */
void quartet_servers(struct world_node *n, ...);
/*
 * A Traffic Indication of the hub to its spoke is under way: a frame from one MAC to another
 * passed. Not in VPNs with keys: nobody signs it.
 */
void quartet_redirect(const struct world_node *hub, struct world_node *spoke, const char *src, const char *dst);
/* That for a frame of VM1's to VM2 arrives at spoke1, which asks at once. */
void quartet_ask(void);

/* Begins a request of spoke1's for VM2, not its engine's, to which a test adds extensions. One at a time. */
void quartet_request(struct nhrp_builder *b, void *buf, size_t size, uint8_t hops, uint32_t id);
/* Lets hub1 have a purge of VM2 for the station with that MAC, by a hub and as if it came from FROM. */
void quartet_purge(uint32_t id, const struct dm_addr *station, const struct world_node *by,
		   const struct dm_addr *from);

/*
 * A station of hub2's, 02:cc:00 and the number, asks hub1 for VM2, and hub3 answers for so many SECONDS, all by
 * hand; hub3 is to be hub1's first server and deaf.
 */
void quartet_relay(const struct world_node *hub3, uint32_t number, uint16_t seconds);

/* Fails unless ASKER's kernel sends what is for that MAC to HOME. */
void quartet_assert_shortcut(const struct world_node *asker, const char *mac, const struct world_node *home);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What tests do alike for MAC, IPv4 and IPv6 addresses, so that one suite runs over all
 * three: how an address comes to be known behind a spoke, how one is asked for, what an
 * answer leaves in the kernel, and what messages about it look like.
 *
 * A file's main() runs its tests by family_run(); `fam` is the family at hand. The nodes
 * are those of trio.h: spoke1 asks, spoke2 is the home of what is asked for.
 */
#ifndef DMEVPN_TESTS_FAMILY_H
#define DMEVPN_TESTS_FAMILY_H

#include "tests/engine/peer.h"
#include "tests/engine/trio.h"

struct family {
	const char *name;
	enum dm_family family;
	const char *at1; /* behind spoke1 */
	const char *at2, *more2; /* behind spoke2 */
	const char *apart2; /* behind spoke2, not in the first half of the others' bits */
	const char *unknown;
};

extern const struct family *fam;

/* Runs the tests once for each family (or those of IP), in a group named NAME and the family. Returns how many failed. */
int family_run(const char *name, const struct CMUnitTest *tests, size_t num, bool ip_only);
#define FAMILY_RUN(name, tests) family_run(name, tests, sizeof(tests) / sizeof((tests)[0]), false)
#define FAMILY_RUN_IP(name, tests) family_run(name, tests, sizeof(tests) / sizeof((tests)[0]), true)

/* cmocka fixtures: as trio_setup_hub() and trio_setup_all(), with arp-suppress at the spokes. */
int family_setup_hub(void **state);
int family_setup_all(void **state);

/* The MAC that a test's IP address belongs to: VM1 for those behind spoke1, VM2 for all others. */
const char *family_mac_of(const char *addr);

/* The address is heard behind the spoke: a MAC by the hub's switch, an IP address by the spoke's bridge. */
void family_heard(struct world_node *spoke, const char *addr);
/* The bridge of the spoke has it on a port, or, GONE, no more. */
void family_local(struct world_node *spoke, const char *addr, bool gone);
/* Something behind spoke1 wants to reach it: a frame was redirected, or a host asked. */
void family_want(const char *addr);
/* Both spokes register, the address is behind spoke2 and spoke1 has asked for it. */
void family_resolved(const char *addr);
/* It is, or is not, used from now on for as long as the test lets time pass by family_pass(). */
void family_pass(uint64_t ms, const char *used);

/* The kernel of the node has an entry for it. */
bool family_has(struct world_node *n, const char *addr);
/* Fails unless the node's engine says that it is behind that spoke, and by which VNI that receives. */
void assert_behind(struct world_node *n, const char *addr, const struct world_node *home);
/* "active", "resolving", "negative", or "" for none, as the spoke's engine sees it. */
const char *family_state(struct world_node *spoke, const char *addr);
/* The hub knows the address, behind that spoke (NULL: any). */
bool family_hub_knows(const char *addr, const struct world_node *home);

/* Header of a message about addresses of the family as SPOKE would send it, or the hub. */
struct nhrp_msg family_msg(const struct world_node *spoke, uint8_t op, uint32_t id);
/* The source protocol address in it. */
struct dm_addr family_source(const struct world_node *spoke);
/* An entry that registers the address behind the spoke. */
struct nhrp_cie family_cie(const struct world_node *spoke, const char *addr);
/* An answer that says the address is behind spoke2, for 60 s. */
struct nhrp_cie family_answer(const char *addr);

#endif

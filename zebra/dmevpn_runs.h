// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VLANs and VNIs of a hub's device by the hundred: runs of them, and netlink messages with many runs.
 * Pure: no socket, no state.
 */
#ifndef DMEVPN_RUNS_H
#define DMEVPN_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zebra/dmevpn_netlink.h"

/* VLANs vlan to vlan + count - 1, mapped to VNIs vni to vni + count - 1. */
struct nlm_run {
	uint16_t vlan;
	uint16_t count;
	uint32_t vni;
};

#define NLM_RUNS_MAX 64 /* in one message */
/* room that the builders below need in their buffer, octets: a range of tunnels takes 64 */
#define NLM_RUNS_MESSAGE (NLM_MESSAGE_MAX + NLM_RUNS_MAX * 64)

/* What belongs together in a range of that message: VLANs, both, or VNIs. */
enum nlm_run_of {
	NLM_RUN_VLANS,
	NLM_RUN_TUNNELS,
	NLM_RUN_VNIS,
};

/*
 * Adds a VLAN with its VNI to the end of RUNS, which has *n of NLM_RUNS_MAX: to the last run where it
 * continues that, else as a new one. Returns false when there is no room.
 */
bool nlm_run_add(struct nlm_run *runs, size_t *n, enum nlm_run_of what, uint16_t vlan, uint32_t vni);

/*
 * A bridge port's VLANs, all tagged; its mappings of VLANs to VNIs; the VNIs that a VXLAN device
 * receives: N runs of them, each within the first of them that the kernel refuses.
 */
struct nlmsghdr *nlm_build_runs(void *buf, enum nlm_run_of what, uint32_t ifindex,
				const struct nlm_run *runs, size_t n);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stock code passes messages on by the one routing table, whose routes may lead by the
 * tunnel of another VPN: two VPNs with the same addresses, and the same network-id by mistake.
 * A request that went that way would tell one VPN who asks in the other, and bring its
 * answer back. In a server on the way the same VPN-ID must be indicated (RFC 2735 3.1), so
 * such a message stays.
 *
 * Object: the message that the stock code works on. It passes a message on within the turn in
 * which it read it, and keeps type, ID and both addresses, by which it is known here.
 * Called by nhrp_io.c, main pthread. Not here: data, which the kernel forwards.
 */
#include <config.h>

#include "lib/zebra.h"

#include "nhrpd/nhrp_apart.h"
#include "nhrpd/vpn_glue.h"

static struct {
	bool any;
	uint32_t ifindex;
	uint8_t op;
	uint32_t request_id;
	struct dm_addr source, destination;
} current;

void nhrp_apart_begin(const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	struct nhrp_msg m;

	current.any = nhrp_msg_decode(&m, octets, len, NULL) == NHRP_DROP_NONE;
	if (!current.any)
		return;
	current.ifindex = from->ifindex;
	current.op = m.op;
	current.request_id = m.request_id;
	current.source = m.src_proto;
	current.destination = m.dst_proto;
}

static bool is_current(const struct nhrp_msg *m)
{
	return current.any && m->op == current.op && m->request_id == current.request_id &&
	       dm_addr_same(&m->src_proto, &current.source) && dm_addr_same(&m->dst_proto, &current.destination);
}

static bool same_vpn(uint32_t a, uint32_t b)
{
	struct vpn_id of_a = { 0 }, of_b = { 0 };

	return vpn_glue_layer3(a, &of_a) == vpn_glue_layer3(b, &of_b) && !vpn_id_cmp(&of_a, &of_b);
}

bool nhrp_apart_may_leave(uint32_t ifindex, const uint8_t *octets, size_t len)
{
	struct nhrp_msg m;

	return ifindex == current.ifindex || nhrp_msg_decode(&m, octets, len, NULL) != NHRP_DROP_NONE ||
	       !is_current(&m) || same_vpn(ifindex, current.ifindex);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink messages for many VLANs and VNIs of one device. A hub that starts with a thousand
 * VPNs needs three settings for each; one message of ranges makes them in one go, and is
 * followed by one notification of the bridge and not by two thousand.
 *
 * Called by dmevpn_device.c on zebra's main pthread; callable from every one. Messages about one VLAN
 * are dmevpn_netlink.c's.
 */
#include <config.h>

#include <libmnl/libmnl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "zebra/dmevpn_runs.h"

bool nlm_run_add(struct nlm_run *runs, size_t *n, enum nlm_run_of what, uint16_t vlan, uint32_t vni)
{
	struct nlm_run *last = *n ? &runs[*n - 1] : NULL;
	bool next_vlan = last && vlan == last->vlan + last->count;
	bool next_vni = last && vni == last->vni + last->count;

	if ((next_vlan || what == NLM_RUN_VNIS) && (next_vni || what == NLM_RUN_VLANS)) {
		last->count++;
		return true;
	}
	if (*n == NLM_RUNS_MAX)
		return false;
	runs[(*n)++] = (struct nlm_run){.vlan = vlan, .count = 1, .vni = vni};
	return true;
}

static uint16_t last_vlan(const struct nlm_run *run)
{
	return run->vlan + run->count - 1;
}

static uint32_t last_vni(const struct nlm_run *run)
{
	return run->vni + run->count - 1;
}

static void put_vlan(struct nlmsghdr *nlh, uint16_t vlan, uint16_t flags)
{
	struct bridge_vlan_info info = {.vid = vlan, .flags = flags};

	mnl_attr_put(nlh, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
}

static void put_vlans(struct nlmsghdr *nlh, const struct nlm_run *run)
{
	if (run->count == 1) {
		put_vlan(nlh, run->vlan, 0);
		return;
	}
	put_vlan(nlh, run->vlan, BRIDGE_VLAN_INFO_RANGE_BEGIN);
	put_vlan(nlh, last_vlan(run), BRIDGE_VLAN_INFO_RANGE_END);
}

static void put_tunnel(struct nlmsghdr *nlh, uint16_t vlan, uint32_t vni, uint16_t flags)
{
	struct nlattr *tunnel = mnl_attr_nest_start(nlh, IFLA_BRIDGE_VLAN_TUNNEL_INFO);

	mnl_attr_put_u32(nlh, IFLA_BRIDGE_VLAN_TUNNEL_ID, vni);
	mnl_attr_put_u16(nlh, IFLA_BRIDGE_VLAN_TUNNEL_VID, vlan);
	mnl_attr_put_u16(nlh, IFLA_BRIDGE_VLAN_TUNNEL_FLAGS, flags);
	mnl_attr_nest_end(nlh, tunnel);
}

static void put_tunnels(struct nlmsghdr *nlh, const struct nlm_run *run)
{
	if (run->count == 1) {
		put_tunnel(nlh, run->vlan, run->vni, 0);
		return;
	}
	put_tunnel(nlh, run->vlan, run->vni, BRIDGE_VLAN_INFO_RANGE_BEGIN);
	put_tunnel(nlh, last_vlan(run), last_vni(run), BRIDGE_VLAN_INFO_RANGE_END);
}

static void put_vnis(struct nlmsghdr *nlh, const struct nlm_run *run)
{
	struct nlattr *entry = mnl_attr_nest_start(nlh, VXLAN_VNIFILTER_ENTRY);

	mnl_attr_put_u32(nlh, VXLAN_VNIFILTER_ENTRY_START, run->vni);
	if (run->count > 1)
		mnl_attr_put_u32(nlh, VXLAN_VNIFILTER_ENTRY_END, last_vni(run));
	mnl_attr_nest_end(nlh, entry);
}

static struct nlmsghdr *begin(void *buf, uint16_t type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	return nlh;
}

static struct nlmsghdr *build_port(void *buf, uint32_t ifindex, const struct nlm_run *runs, size_t n,
				   void (*put)(struct nlmsghdr *, const struct nlm_run *))
{
	struct nlmsghdr *nlh = begin(buf, RTM_SETLINK);
	struct ifinfomsg *msg = mnl_nlmsg_put_extra_header(nlh, sizeof(*msg));
	struct nlattr *spec;
	size_t i;

	msg->ifi_family = AF_BRIDGE;
	msg->ifi_index = ifindex;
	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	for (i = 0; i < n; i++)
		put(nlh, &runs[i]);
	mnl_attr_nest_end(nlh, spec);
	return nlh;
}

static struct nlmsghdr *build_vnis(void *buf, uint32_t ifindex, const struct nlm_run *runs, size_t n)
{
	struct nlmsghdr *nlh = begin(buf, RTM_NEWTUNNEL);
	struct tunnel_msg *msg = mnl_nlmsg_put_extra_header(nlh, sizeof(*msg));
	size_t i;

	msg->family = AF_BRIDGE;
	msg->ifindex = ifindex;
	for (i = 0; i < n; i++)
		put_vnis(nlh, &runs[i]);
	return nlh;
}

struct nlmsghdr *nlm_build_runs(void *buf, enum nlm_run_of what, uint32_t ifindex,
				const struct nlm_run *runs, size_t n)
{
	switch (what) {
	case NLM_RUN_VLANS:
		return build_port(buf, ifindex, runs, n, put_vlans);
	case NLM_RUN_TUNNELS:
		return build_port(buf, ifindex, runs, n, put_tunnels);
	case NLM_RUN_VNIS:
		break;
	}
	return build_vnis(buf, ifindex, runs, n);
}

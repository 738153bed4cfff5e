// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zebra/dmevpn_netlink.c, and zebra/dmevpn_runs.c: what is built reads back the same, and what the kernel might say
 * is never read past its end: a message is cut at every length and has octets
 * changed at random (fixed seed), each time in a buffer of its exact size, so that a sanitizer
 * sees a
 * step too far.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "zebra/dmevpn_netlink.h"
#include "zebra/dmevpn_runs.h"

#define MUTATIONS 200000

static struct nlm_fdb an_entry(const char *dst)
{
	struct nlm_fdb fdb = {.ifindex = 7, .src_vni = 4097, .remote_vni = 101};

	assert_true(dm_addr_parse(&fdb.mac, "02:00:00:00:01:10"));
	assert_true(dm_addr_parse(&fdb.dst, dst));
	return fdb;
}

static void entries_read_back(void **state)
{
	static const char *const destinations[] = {"10.0.0.3", "fd00::3"};
	char buf[NLM_MESSAGE_MAX];
	struct nlmsghdr *nlh;
	struct nlm_fdb in, out;
	size_t i;

	for (i = 0; i < 2; i++) {
		in = an_entry(destinations[i]);
		nlh = nlm_build_fdb_set(buf, &in);
		assert_true(nlh->nlmsg_len <= NLM_MESSAGE_MAX);
		assert_int_equal(nlh->nlmsg_type, RTM_NEWNEIGH);
		assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE);
		assert_true(nlm_parse_fdb(nlh, 1, &out));
		assert_int_equal(out.ifindex, 7);
		assert_int_equal(out.src_vni, 4097);
		assert_int_equal(out.remote_vni, 101);
		assert_true(dm_addr_same(&out.mac, &in.mac));
		assert_true(dm_addr_same(&out.dst, &in.dst));
		assert_true(out.self);
		assert_true(out.ext_learned);
	}
}

/* The kernel leaves the VNI out when it is the device's own. */
static void own_vni_is_filled_in(void **state)
{
	char buf[NLM_MESSAGE_MAX];
	struct nlm_fdb in = an_entry("10.0.0.3"), out;

	in.src_vni = 0;
	assert_true(nlm_parse_fdb(nlm_build_fdb_del(buf, &in), 100, &out));
	assert_int_equal(out.remote_vni, 100);
	assert_int_equal(out.src_vni, 0);
	assert_false(dm_addr_is_set(&out.dst));
}

static void use_is_told_in_milliseconds(void **state)
{
	char buf[NLM_MESSAGE_MAX];
	struct nlm_fdb in = an_entry("10.0.0.3"), out;
	struct nlmsghdr *nlh = nlm_build_fdb_set(buf, &in);
	struct nda_cacheinfo info = {.ndm_used = 150}; /* USER_HZ is 100 everywhere */

	mnl_attr_put(nlh, NDA_CACHEINFO, sizeof(info), &info);
	assert_true(nlm_parse_fdb(nlh, 1, &out));
	assert_int_equal(out.idle_ms, 1500);
}

/* An RTM_NEWLINK as the kernel sends it for a hub's device. */
static size_t a_link(uint8_t *buf)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	struct nlattr *linkinfo, *data;

	nlh->nlmsg_type = RTM_NEWLINK;
	info->ifi_index = 10;
	info->ifi_flags = IFF_UP;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "tun2");
	mnl_attr_put_u32(nlh, IFLA_MTU, 1450);
	mnl_attr_put_u32(nlh, IFLA_MASTER, 9);
	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(mac), mac);
	linkinfo = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "vxlan");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_VXLAN_ID, 0);
	mnl_attr_put_u32(nlh, IFLA_VXLAN_LOCAL, htonl(0x0a000001));
	mnl_attr_put_u16(nlh, IFLA_VXLAN_PORT, htons(4790));
	mnl_attr_put_u32(nlh, IFLA_VXLAN_LINK, 3);
	mnl_attr_put_u8(nlh, IFLA_VXLAN_LEARNING, 1);
	mnl_attr_put_u8(nlh, IFLA_VXLAN_COLLECT_METADATA, 1);
	mnl_attr_put_u8(nlh, IFLA_VXLAN_VNIFILTER, 1);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_put_strz(nlh, IFLA_INFO_SLAVE_KIND, "bridge");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_SLAVE_DATA);
	mnl_attr_put_u8(nlh, IFLA_BRPORT_MODE, 1);
	mnl_attr_put_u8(nlh, IFLA_BRPORT_VLAN_TUNNEL, 0);
	mnl_attr_put_u8(nlh, IFLA_BRPORT_NEIGH_SUPPRESS, 1);
	mnl_attr_put_u8(nlh, NLM_BRPORT_FORWARD_GRAT, 0);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, linkinfo);
	return nlh->nlmsg_len;
}

static void link_is_read(void **state)
{
	uint8_t buf[1024];
	char text[DM_ADDR_STRLEN];
	struct nlm_link link;

	a_link(buf);
	assert_true(nlm_parse_link((void *)buf, &link));
	assert_string_equal(link.name, "tun2");
	assert_int_equal(link.ifindex, 10);
	assert_int_equal(link.kind, NLM_VXLAN);
	assert_int_equal(link.mtu, 1450);
	assert_int_equal(link.master, 9);
	assert_true(link.up && link.external && link.vnifilter && link.learning);
	assert_true(link.bridge_port && link.hairpin && !link.vlan_tunnel);
	assert_true(link.neigh_suppress && !link.neigh_vlan_suppress);
	assert_true(link.knows_forward_grat && !link.forward_grat);
	assert_string_equal(dm_addr_str(&link.local, text), "10.0.0.1");
	assert_int_equal(link.port, 4790);
	assert_int_equal(link.underlay, 3);
	assert_string_equal(dm_addr_str(&link.mac, text), "02:00:00:00:00:09");
}

/* A message about VLANs: 5 to 7 are mapped to VNIs from 4101 on. */
static size_t some_vlans(uint8_t *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct br_vlan_msg *msg = mnl_nlmsg_put_extra_header(nlh, sizeof(*msg));
	struct bridge_vlan_info info = {.vid = 5};
	struct nlattr *entry, *tunnel;

	nlh->nlmsg_type = RTM_NEWVLAN;
	msg->ifindex = 10;
	entry = mnl_attr_nest_start(nlh, BRIDGE_VLANDB_ENTRY);
	mnl_attr_put(nlh, BRIDGE_VLANDB_ENTRY_INFO, sizeof(info), &info);
	mnl_attr_put_u16(nlh, BRIDGE_VLANDB_ENTRY_RANGE, 7);
	tunnel = mnl_attr_nest_start(nlh, BRIDGE_VLANDB_ENTRY_TUNNEL_INFO);
	mnl_attr_put_u32(nlh, BRIDGE_VLANDB_TINFO_ID, 4101);
	mnl_attr_nest_end(nlh, tunnel);
	mnl_attr_nest_end(nlh, entry);
	return nlh->nlmsg_len;
}

static void count_vlan(const struct nlm_vlan *vlan, void *arg)
{
	struct nlm_vlan *last = arg;

	*last = *vlan;
}

static void vlans_are_read(void **state)
{
	struct nlm_vlan vlan = {};
	uint8_t buf[256];

	some_vlans(buf);
	nlm_parse_vlans((void *)buf, count_vlan, &vlan);
	assert_int_equal(vlan.ifindex, 10);
	assert_int_equal(vlan.first, 5);
	assert_int_equal(vlan.last, 7);
	assert_int_equal(vlan.tunnel_id, 4101);
	assert_int_equal(nlm_parse_ifindex((void *)buf), 10);
}

struct vni_range {
	uint32_t first, last;
};

static void note_range(uint32_t first, uint32_t last, void *arg)
{
	*(struct vni_range *)arg = (struct vni_range){first, last};
}

static void vnis_read_back(void **state)
{
	struct vni_range range = {};
	char buf[NLM_MESSAGE_MAX];

	nlm_parse_vnis(nlm_build_vni(buf, 10, 4097, true), note_range, &range);
	assert_int_equal(range.first, 4097);
	assert_int_equal(range.last, 4097);
}

static void one_setting_is_built_alike(void **state)
{
	const struct nlm_run run = {.vlan = 12, .count = 1, .vni = 4108};
	char one[NLM_RUNS_MESSAGE], other[NLM_MESSAGE_MAX];
	const struct nlmsghdr *nlh;

	nlh = nlm_build_runs(one, NLM_RUN_VLANS, 10, &run, 1);
	assert_memory_equal(nlh, nlm_build_port_vlan(other, 10, 12, 0, true), nlh->nlmsg_len);
	nlh = nlm_build_runs(one, NLM_RUN_TUNNELS, 10, &run, 1);
	assert_memory_equal(nlh, nlm_build_port_tunnel(other, 10, 12, 4108, true), nlh->nlmsg_len);
	nlh = nlm_build_runs(one, NLM_RUN_VNIS, 10, &run, 1);
	assert_memory_equal(nlh, nlm_build_vni(other, 10, 4108, true), nlh->nlmsg_len);
}

static void runs_go_on_where_numbers_do(void **state)
{
	struct nlm_run runs[NLM_RUNS_MAX];
	size_t n = 0;

	assert_true(nlm_run_add(runs, &n, NLM_RUN_TUNNELS, 1, 4097));
	assert_true(nlm_run_add(runs, &n, NLM_RUN_TUNNELS, 2, 4098));
	assert_int_equal(n, 1);
	assert_true(nlm_run_add(runs, &n, NLM_RUN_TUNNELS, 3, 7000)); /* the next VLAN, another VNI */
	assert_true(nlm_run_add(runs, &n, NLM_RUN_TUNNELS, 9, 7001)); /* the other way round */
	assert_int_equal(n, 3);
	assert_int_equal(runs[0].count, 2);
	n = 0;
	assert_true(nlm_run_add(runs, &n, NLM_RUN_VLANS, 3, 4099));
	assert_true(nlm_run_add(runs, &n, NLM_RUN_VLANS, 4, 7000));
	assert_int_equal(n, 1);
	n = 0;
	assert_true(nlm_run_add(runs, &n, NLM_RUN_VNIS, 3, 7000));
	assert_true(nlm_run_add(runs, &n, NLM_RUN_VNIS, 9, 7001));
	assert_int_equal(n, 1);
}

struct ranges {
	struct vni_range at[NLM_RUNS_MAX];
	size_t n;
};

static void note_ranges(uint32_t first, uint32_t last, void *arg)
{
	struct ranges *r = arg;

	assert_true(r->n < NLM_RUNS_MAX);
	r->at[r->n++] = (struct vni_range){first, last};
}

/* As many as fit, each of two numbers, which takes most room. */
static void full_message_fits(void **state)
{
	struct nlm_run runs[NLM_RUNS_MAX];
	struct nlmsghdr *nlh;
	struct ranges ranges = {};
	void *buf = malloc(NLM_RUNS_MESSAGE);
	size_t n = 0, i;

	for (i = 0; i < NLM_RUNS_MAX; i++) {
		assert_true(nlm_run_add(runs, &n, NLM_RUN_TUNNELS, 3 * i + 1, 9000 + 3 * i));
		assert_true(nlm_run_add(runs, &n, NLM_RUN_TUNNELS, 3 * i + 2, 9001 + 3 * i));
	}
	assert_int_equal(n, NLM_RUNS_MAX);
	assert_false(nlm_run_add(runs, &n, NLM_RUN_TUNNELS, 4000, 4000));
	for (i = NLM_RUN_VLANS; i <= NLM_RUN_VNIS; i++) {
		nlh = nlm_build_runs(buf, i, 10, runs, n);
		assert_true(nlh->nlmsg_len <= NLM_RUNS_MESSAGE);
	}
	nlm_parse_vnis(nlh, note_ranges, &ranges);
	assert_int_equal(ranges.n, NLM_RUNS_MAX);
	assert_int_equal(ranges.at[NLM_RUNS_MAX - 1].first, 9000 + 3 * (NLM_RUNS_MAX - 1));
	assert_int_equal(ranges.at[NLM_RUNS_MAX - 1].last, 9001 + 3 * (NLM_RUNS_MAX - 1));
	free(buf);
}

/* An RTM_NEWNEIGH as a bridge sends it for what it heard on port 7, in VLAN 10. */
static struct nlmsghdr *a_bridge_mac(void *buf, uint16_t state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 1, 0x10};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	nlh->nlmsg_type = RTM_NEWNEIGH;
	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = 7;
	ndm->ndm_state = state;
	mnl_attr_put(nlh, NDA_LLADDR, sizeof(mac), mac);
	mnl_attr_put_u32(nlh, NDA_MASTER, 5);
	mnl_attr_put_u16(nlh, NDA_VLAN, 10);
	return nlh;
}

static void macs_of_bridges_are_read(void **state)
{
	char buf[NLM_MESSAGE_MAX];
	struct nlm_fdb of_vxlan = an_entry("10.0.0.3");
	struct nlm_bridge_mac entry;
	struct nlmsghdr *nlh = a_bridge_mac(buf, NUD_REACHABLE);

	assert_true(nlm_parse_bridge_mac(nlh, &entry));
	assert_int_equal(entry.bridge, 5);
	assert_int_equal(entry.port, 7);
	assert_int_equal(entry.vlan, 10);
	assert_true(dm_addr_same(&entry.mac, &of_vxlan.mac));
	assert_false(entry.own);
	assert_false(entry.locked);
	mnl_attr_put_u32(nlh, NDA_FLAGS_EXT, NTF_EXT_LOCKED);
	assert_true(nlm_parse_bridge_mac(nlh, &entry));
	assert_true(entry.locked);
	assert_true(nlm_parse_bridge_mac(a_bridge_mac(buf, NUD_PERMANENT), &entry));
	assert_true(entry.own);
	/* a VXLAN device's own entry is none of a bridge */
	assert_false(nlm_parse_bridge_mac(nlm_build_fdb_set(buf, &of_vxlan), &entry));
}

static void dump_of_a_bridge_names_it(void **state)
{
	char buf[NLM_MESSAGE_MAX];
	struct nlmsghdr *nlh = nlm_build_bridge_macs_dump(buf, 5);
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr = mnl_nlmsg_get_payload_offset(nlh, sizeof(*ndm));

	assert_int_equal(nlh->nlmsg_type, RTM_GETNEIGH);
	assert_int_equal(nlh->nlmsg_flags & NLM_F_DUMP, NLM_F_DUMP);
	assert_int_equal(ndm->ndm_family, AF_BRIDGE);
	assert_int_equal(ndm->ndm_ifindex, 0);
	assert_int_equal(mnl_attr_get_type(attr), NDA_MASTER);
	assert_int_equal(mnl_attr_get_u32(attr), 5);
}

static struct nlm_neigh a_neighbour(const char *ip)
{
	struct nlm_neigh neigh = {.ifindex = 9};

	assert_true(dm_addr_parse(&neigh.ip, ip));
	assert_true(dm_addr_parse(&neigh.mac, "02:00:00:00:01:10"));
	return neigh;
}

static void neighbours_read_back(void **state)
{
	static const char *const ips[] = {"11.0.0.10", "2001:db8::10", "fe80::10"};
	char buf[NLM_MESSAGE_MAX];
	struct nlm_neigh in, out;
	struct nlmsghdr *nlh;
	struct ndmsg *ndm;
	size_t i;

	for (i = 0; i < 3; i++) {
		in = a_neighbour(ips[i]);
		nlh = nlm_build_neigh_set(buf, &in);
		assert_true(nlh->nlmsg_len <= NLM_MESSAGE_MAX);
		assert_int_equal(nlh->nlmsg_type, RTM_NEWNEIGH);
		assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE);
		assert_true(nlm_parse_neigh(nlh, &out));
		assert_int_equal(out.ifindex, 9);
		assert_int_equal(out.state, NUD_NOARP);
		ndm = mnl_nlmsg_get_payload(nlh);
		assert_int_equal(ndm->ndm_flags & NTF_ROUTER, i ? NTF_ROUTER : 0);
		assert_true(dm_addr_same(&out.ip, &in.ip) && dm_addr_same(&out.mac, &in.mac));
		assert_true(nlm_neigh_is_ours(&out) && !nlm_neigh_is_foreign(&out));
		assert_true(nlm_parse_neigh(nlm_build_neigh_del(buf, &in), &out));
		assert_true(dm_addr_same(&out.ip, &in.ip));
		assert_false(dm_addr_is_set(&out.mac));
	}
	in = a_neighbour("224.0.0.9");
	assert_false(nlm_parse_neigh(nlm_build_neigh_set(buf, &in), &out));
}

static void what_somebody_wrote_down_is_foreign(void **state)
{
	static const struct {
		uint16_t state;
		bool ext_learned;
		uint8_t protocol;
		bool ours, foreign;
	} cases[] = {
		{NUD_NOARP, true, NLM_PROTOCOL_NHRP, true, false},
		{NUD_REACHABLE, false, 0, false, false},
		{NUD_STALE, false, RTPROT_STATIC, false, false},
		{NUD_FAILED, false, 0, false, false},
		{NUD_PERMANENT, false, 0, false, true},
		{NUD_NOARP, false, NLM_PROTOCOL_NHRP, false, true},
		{NUD_NOARP, true, RTPROT_ZEBRA, false, true},
		{NUD_REACHABLE, true, 0, false, true},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nlm_neigh neigh = {.state = cases[i].state,
					  .ext_learned = cases[i].ext_learned,
					  .protocol = cases[i].protocol};

		assert_int_equal(nlm_neigh_is_ours(&neigh), cases[i].ours);
		assert_int_equal(nlm_neigh_is_foreign(&neigh), cases[i].foreign);
	}
}

/* An entry of a bridge that is built for a port has no bridge in it: the kernel knows that. */
static void macs_of_bridges_are_set(void **state)
{
	struct nlm_bridge_mac entry = {.port = 7, .vlan = 10};
	char buf[NLM_MESSAGE_MAX];
	struct nlmsghdr *nlh;
	const struct ndmsg *ndm;

	assert_true(dm_addr_parse(&entry.mac, "02:00:00:00:01:10"));
	nlh = nlm_build_bridge_mac_set(buf, &entry);
	ndm = mnl_nlmsg_get_payload(nlh);
	assert_int_equal(ndm->ndm_family, AF_BRIDGE);
	assert_int_equal(ndm->ndm_ifindex, 7);
	assert_int_equal(ndm->ndm_flags, NTF_MASTER | NTF_EXT_LEARNED);
	assert_int_equal(ndm->ndm_state, NUD_REACHABLE);
	mnl_attr_put_u32(nlh, NDA_MASTER, 5);
	assert_true(nlm_parse_bridge_mac(nlh, &entry));
	assert_int_equal(entry.vlan, 10);
	assert_true(entry.ext_learned && !entry.own && !entry.fixed);
	assert_int_equal(nlm_build_bridge_mac_del(buf, &entry)->nlmsg_type, RTM_DELNEIGH);
	nlh = nlm_build_bridge_mac_get(buf, &entry);
	assert_int_equal(nlh->nlmsg_type, RTM_GETNEIGH);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST);
}

/* 11.0.0.2 on a device, as RTM_NEWADDR; FLAGS are what IFA_FLAGS says. */
static struct nlmsghdr *an_address(void *buf, uint32_t flags)
{
	static const uint8_t ip[] = {11, 0, 0, 2}, peer[] = {11, 0, 0, 3};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	nlh->nlmsg_type = RTM_NEWADDR;
	ifa->ifa_family = AF_INET;
	ifa->ifa_index = 9;
	mnl_attr_put(nlh, IFA_ADDRESS, sizeof(peer), peer);
	mnl_attr_put(nlh, IFA_LOCAL, sizeof(ip), ip);
	mnl_attr_put_u32(nlh, IFA_FLAGS, flags);
	return nlh;
}

static void addresses_are_read(void **state)
{
	char buf[NLM_MESSAGE_MAX], text[DM_ADDR_STRLEN];
	struct nlm_ifaddr addr;

	assert_true(nlm_parse_ifaddr(an_address(buf, IFA_F_PERMANENT), &addr));
	assert_int_equal(addr.ifindex, 9);
	assert_string_equal(dm_addr_str(&addr.ip, text), "11.0.0.2");
	assert_true(addr.usable);
	assert_true(nlm_parse_ifaddr(an_address(buf, IFA_F_TENTATIVE), &addr));
	assert_false(addr.usable);
	assert_true(nlm_parse_ifaddr(an_address(buf, IFA_F_DADFAILED), &addr));
	assert_false(addr.usable);
}

/* A VLAN device upon device 9. */
static struct nlmsghdr *a_vlan_device(void *buf, uint16_t protocol)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	struct nlattr *linkinfo, *data;

	nlh->nlmsg_type = RTM_NEWLINK;
	info->ifi_index = 12;
	info->ifi_flags = IFF_UP;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "vlan7");
	mnl_attr_put_u32(nlh, IFLA_LINK, 9);
	linkinfo = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_str(nlh, IFLA_INFO_KIND, "vlan");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u16(nlh, IFLA_VLAN_PROTOCOL, htons(protocol));
	mnl_attr_put_u16(nlh, IFLA_VLAN_ID, 7);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, linkinfo);
	return nlh;
}

static void vlan_devices_are_read(void **state)
{
	struct nlm_link link;
	char buf[512];

	assert_true(nlm_parse_link(a_vlan_device(buf, 0x8100), &link));
	assert_int_equal(link.kind, NLM_VLAN);
	assert_int_equal(link.lower, 9);
	assert_int_equal(link.vlan, 7);
	/* the VLANs of 802.1ad are others */
	assert_true(nlm_parse_link(a_vlan_device(buf, 0x88a8), &link));
	assert_int_equal(link.vlan, 0);
}

/* All readers over one message, whatever it is; octets beyond LEN do not exist. */
static void read_everything(const uint8_t *octets, size_t len)
{
	struct nlmsghdr *copy = malloc(len);
	struct nlm_bridge_mac entry;
	struct nlm_ifaddr address;
	struct nlm_neigh neigh;
	struct vni_range range;
	struct nlm_link link;
	struct nlm_vlan vlan;
	struct nlm_fdb fdb;
	uint32_t ifindex;
	uint8_t family;

	memcpy(copy, octets, len);
	copy->nlmsg_len = len;
	if (nlm_parse_link(copy, &link))
		assert_true(memchr(link.name, '\0', sizeof(link.name)));
	nlm_parse_link_id(copy, &family, &ifindex);
	nlm_parse_fdb(copy, 1, &fdb);
	nlm_parse_bridge_mac(copy, &entry);
	nlm_parse_neigh(copy, &neigh);
	nlm_parse_ifaddr(copy, &address);
	nlm_parse_vlans(copy, count_vlan, &vlan);
	nlm_parse_vnis(copy, note_range, &range);
	nlm_parse_ifindex(copy);
	free(copy);
}

static void cut_and_changed(uint8_t *buf, size_t len)
{
	uint32_t random = 0x4d564e50;
	uint8_t spoilt[1024];
	size_t cut;
	int n, k;

	for (cut = sizeof(struct nlmsghdr); cut <= len; cut++)
		read_everything(buf, cut);
	for (n = 0; n < MUTATIONS; n++) {
		memcpy(spoilt, buf, len);
		for (k = 0; k < 3; k++) {
			random = random * 1664525 + 1013904223;
			spoilt[sizeof(struct nlmsghdr) +
			       (random >> 8) % (len - sizeof(struct nlmsghdr))] = random >> 24;
		}
		read_everything(spoilt, len);
	}
}

static void nothing_is_read_past_the_end(void **state)
{
	struct nlm_neigh neigh = a_neighbour("2001:db8::10");
	struct nlm_fdb fdb = an_entry("fd00::3");
	uint8_t buf[1024];

	cut_and_changed(buf, nlm_build_neigh_set(buf, &neigh)->nlmsg_len);
	cut_and_changed(buf, an_address(buf, 0)->nlmsg_len);
	cut_and_changed(buf, a_vlan_device(buf, 0x8100)->nlmsg_len);

	cut_and_changed(buf, a_link(buf));
	cut_and_changed(buf, some_vlans(buf));
	cut_and_changed(buf, nlm_build_fdb_set(buf, &fdb)->nlmsg_len);
	cut_and_changed(buf, a_bridge_mac(buf, NUD_REACHABLE)->nlmsg_len);
	cut_and_changed(buf, nlm_build_vni(buf, 10, 4097, true)->nlmsg_len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_read_back),
		cmocka_unit_test(own_vni_is_filled_in),
		cmocka_unit_test(use_is_told_in_milliseconds),
		cmocka_unit_test(link_is_read),
		cmocka_unit_test(vlans_are_read),
		cmocka_unit_test(vnis_read_back),
		cmocka_unit_test(one_setting_is_built_alike),
		cmocka_unit_test(runs_go_on_where_numbers_do),
		cmocka_unit_test(full_message_fits),
		cmocka_unit_test(macs_of_bridges_are_read),
		cmocka_unit_test(dump_of_a_bridge_names_it),
		cmocka_unit_test(neighbours_read_back),
		cmocka_unit_test(what_somebody_wrote_down_is_foreign),
		cmocka_unit_test(macs_of_bridges_are_set),
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(vlan_devices_are_read),
		cmocka_unit_test(nothing_is_read_past_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink messages between octets and structs; the one place that knows
 * attributes. Message kinds: links, FDB entries, entries of bridges, neighbours and addresses of IP,
 * VLANs of a bridge port (with the VNI each is carried by), VNIs of a vnifilter device.
 *
 * Called from zebra's main pthread (links, instances) and from its dataplane
 * pthread (provider); no state of its own, so both at once is fine.
 *
 * What comes from the kernel is checked for length before it is read; an
 * attribute too short for its type counts as absent.
 *
 * Not here: sockets and sequence numbers (dmevpn_nlsock.c), and when to send what.
 */
#include <config.h>

#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "zebra/dmevpn_netlink.h"

/* --- reading ---------------------------------------------------------------- */

/*
 * Steps through the attributes in LEN octets. libmnl's own loops go by the length rounded up to
 * four,
 * which is past the end of a message cut short.
 */
#define each_attr(attr, first, len)                                                             \
	for (attr = (first);                                                                    \
	     mnl_attr_ok(attr, (int)((const char *)(first) + (len) - (const char *)attr));      \
	     attr = mnl_attr_next(attr))

/* Attributes of one level by type; those of a type >= SIZE are left out. */
static void read_attrs(const struct nlattr **table, size_t size, const void *first, size_t len)
{
	const struct nlattr *attr;

	memset(table, 0, size * sizeof(*table));
	each_attr (attr, first, len) {
		if (mnl_attr_get_type(attr) < size)
			table[mnl_attr_get_type(attr)] = attr;
	}
}

/*
 * Where the attributes behind a header of SIZE octets are; false when the message is too short
 * for it.
 */
static bool behind(const struct nlmsghdr *nlh, size_t size, const void **first, size_t *len)
{
	if (mnl_nlmsg_get_payload_len(nlh) < size)
		return false;
	*first = (const char *)mnl_nlmsg_get_payload(nlh) + size;
	*len = mnl_nlmsg_get_payload_len(nlh) - size;
	return true;
}

static void read_nested(const struct nlattr **table, size_t size, const struct nlattr *parent)
{
	if (parent)
		read_attrs(table, size, mnl_attr_get_payload(parent),
			   mnl_attr_get_payload_len(parent));
	else
		memset(table, 0, size * sizeof(*table));
}

static uint8_t get_u8(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= 1 ? mnl_attr_get_u8(attr) : 0;
}

static uint16_t get_u16(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= 2 ? mnl_attr_get_u16(attr) : 0;
}

static uint32_t get_u32(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= 4 ? mnl_attr_get_u32(attr) : 0;
}

static bool get_text(const struct nlattr *attr, char *text, size_t size)
{
	size_t len;

	text[0] = '\0';
	if (!attr)
		return false;
	len = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	if (len >= size)
		return false;
	memcpy(text, mnl_attr_get_payload(attr), len);
	text[len] = '\0';
	return true;
}

static void get_addr(const struct nlattr *attr, enum dm_family family, struct dm_addr *addr)
{
	if (attr)
		dm_addr_set(addr, family, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
}

/* An IPv4 or IPv6 address by its length alone. */
static void get_ip(const struct nlattr *attr, struct dm_addr *addr)
{
	if (attr)
		get_addr(attr, mnl_attr_get_payload_len(attr) == 4 ? DM_IPV4 : DM_IPV6, addr);
}

static enum nlm_kind get_kind(const struct nlattr *attr)
{
	char kind[16];

	if (!get_text(attr, kind, sizeof(kind)))
		return NLM_OTHER;
	if (strcmp(kind, "vxlan") == 0)
		return NLM_VXLAN;
	if (strcmp(kind, "vlan") == 0)
		return NLM_VLAN;
	return strcmp(kind, "bridge") == 0 ? NLM_BRIDGE : NLM_OTHER;
}

/* "noop" is what a device has that was never up. */
static bool is_queue(const struct nlattr *attr)
{
	char name[16];

	return attr && !(get_text(attr, name, sizeof(name)) &&
			 (strcmp(name, "noqueue") == 0 || strcmp(name, "noop") == 0));
}

static void parse_vxlan(const struct nlattr *data, struct nlm_link *link)
{
	const struct nlattr *attrs[IFLA_VXLAN_MAX + 1];

	read_nested(attrs, IFLA_VXLAN_MAX + 1, data);
	link->external = get_u8(attrs[IFLA_VXLAN_COLLECT_METADATA]);
	link->vnifilter = get_u8(attrs[IFLA_VXLAN_VNIFILTER]);
	link->learning = get_u8(attrs[IFLA_VXLAN_LEARNING]);
	if (!link->external)
		link->vni = get_u32(attrs[IFLA_VXLAN_ID]);
	get_ip(attrs[IFLA_VXLAN_LOCAL], &link->local);
	get_ip(attrs[IFLA_VXLAN_LOCAL6], &link->local);
	link->port = ntohs(get_u16(attrs[IFLA_VXLAN_PORT]));
	link->underlay = get_u32(attrs[IFLA_VXLAN_LINK]);
}

static void parse_bridge(const struct nlattr *data, struct nlm_link *link)
{
	const struct nlattr *attrs[IFLA_BR_MAX + 1];

	read_nested(attrs, IFLA_BR_MAX + 1, data);
	link->vlan_filtering = get_u8(attrs[IFLA_BR_VLAN_FILTERING]);
	link->mcast_snooping = get_u8(attrs[IFLA_BR_MCAST_SNOOPING]);
}

/* Attributes of a port that are looked at; the headers may know fewer than the kernel has. */
#define PORT_ATTRS (NLM_BRPORT_FORWARD_GRAT + 1)

static void parse_port(const struct nlattr *data, struct nlm_link *link)
{
	const struct nlattr *attrs[PORT_ATTRS];

	read_nested(attrs, PORT_ATTRS, data);
	link->bridge_port = true;
	link->forwarding = get_u8(attrs[IFLA_BRPORT_STATE]) == BR_STATE_FORWARDING;
	link->locked = get_u8(attrs[IFLA_BRPORT_LOCKED]);
	link->hairpin = get_u8(attrs[IFLA_BRPORT_MODE]);
	link->vlan_tunnel = get_u8(attrs[IFLA_BRPORT_VLAN_TUNNEL]);
	link->neigh_suppress = get_u8(attrs[IFLA_BRPORT_NEIGH_SUPPRESS]);
	link->neigh_vlan_suppress = get_u8(attrs[IFLA_BRPORT_NEIGH_VLAN_SUPPRESS]);
	link->forward_grat = get_u8(attrs[NLM_BRPORT_FORWARD_GRAT]);
	link->knows_forward_grat = attrs[NLM_BRPORT_FORWARD_GRAT] != NULL;
}

static void parse_vlan_device(const struct nlattr *data, struct nlm_link *link)
{
	const struct nlattr *attrs[IFLA_VLAN_MAX + 1];

	read_nested(attrs, IFLA_VLAN_MAX + 1, data);
	/* another protocol (802.1ad) is another VLAN */
	if (ntohs(get_u16(attrs[IFLA_VLAN_PROTOCOL])) == ETH_P_8021Q)
		link->vlan = get_u16(attrs[IFLA_VLAN_ID]);
}

bool nlm_parse_link_id(const struct nlmsghdr *nlh, uint8_t *family, uint32_t *ifindex)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return false;
	*family = info->ifi_family;
	*ifindex = info->ifi_index;
	return true;
}

bool nlm_parse_link(const struct nlmsghdr *nlh, struct nlm_link *link)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[IFLA_MAX + 1], *inner[IFLA_INFO_MAX + 1];
	const void *first;
	size_t len;

	memset(link, 0, sizeof(*link));
	if (!behind(nlh, sizeof(*info), &first, &len) || info->ifi_index <= 0)
		return false;
	read_attrs(attrs, IFLA_MAX + 1, first, len);
	if (!get_text(attrs[IFLA_IFNAME], link->name, sizeof(link->name)))
		return false;
	link->ifindex = info->ifi_index;
	link->up = info->ifi_flags & IFF_UP;
	link->queued = is_queue(attrs[IFLA_QDISC]);
	link->mtu = get_u32(attrs[IFLA_MTU]);
	link->master = get_u32(attrs[IFLA_MASTER]);
	link->lower = get_u32(attrs[IFLA_LINK]);
	get_addr(attrs[IFLA_ADDRESS], DM_MAC, &link->mac);

	read_nested(inner, IFLA_INFO_MAX + 1, attrs[IFLA_LINKINFO]);
	link->kind = get_kind(inner[IFLA_INFO_KIND]);
	if (link->kind == NLM_VXLAN)
		parse_vxlan(inner[IFLA_INFO_DATA], link);
	else if (link->kind == NLM_BRIDGE)
		parse_bridge(inner[IFLA_INFO_DATA], link);
	else if (link->kind == NLM_VLAN)
		parse_vlan_device(inner[IFLA_INFO_DATA], link);
	if (get_kind(inner[IFLA_INFO_SLAVE_KIND]) == NLM_BRIDGE)
		parse_port(inner[IFLA_INFO_SLAVE_DATA], link);
	return true;
}

/* The kernel counts times of neighbours in USER_HZ, whatever its own HZ is. */
static uint32_t ticks_to_ms(uint32_t ticks)
{
	uint64_t ms = (uint64_t)ticks * 1000 / sysconf(_SC_CLK_TCK);

	return ms > UINT32_MAX ? UINT32_MAX : ms;
}

/* When the kernel sent by an entry, or heard of it; NULL where it does not say. */
static const struct nda_cacheinfo *get_times(const struct nlattr *attr)
{
	bool whole = attr && mnl_attr_get_payload_len(attr) >= sizeof(struct nda_cacheinfo);

	return whole ? mnl_attr_get_payload(attr) : NULL;
}

bool nlm_parse_fdb(const struct nlmsghdr *nlh, uint32_t device_vni, struct nlm_fdb *fdb)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[NDA_MAX + 1];
	const struct nda_cacheinfo *info;
	const void *first;
	size_t len;

	memset(fdb, 0, sizeof(*fdb));
	if (!behind(nlh, sizeof(*ndm), &first, &len))
		return false;
	read_attrs(attrs, NDA_MAX + 1, first, len);
	fdb->ifindex = ndm->ndm_ifindex;
	fdb->self = ndm->ndm_flags & NTF_SELF;
	fdb->ext_learned = ndm->ndm_flags & NTF_EXT_LEARNED;
	fdb->src_vni = get_u32(attrs[NDA_SRC_VNI]);
	fdb->remote_vni = attrs[NDA_VNI] ? get_u32(attrs[NDA_VNI]) : device_vni;
	get_addr(attrs[NDA_LLADDR], DM_MAC, &fdb->mac);
	get_ip(attrs[NDA_DST], &fdb->dst);
	info = get_times(attrs[NDA_CACHEINFO]);
	if (info)
		fdb->idle_ms = ticks_to_ms(info->ndm_used);
	return fdb->mac.family == DM_MAC;
}

bool nlm_parse_bridge_mac(const struct nlmsghdr *nlh, struct nlm_bridge_mac *entry)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[NDA_MAX + 1];
	const struct nda_cacheinfo *info;
	const void *first;
	size_t len;

	memset(entry, 0, sizeof(*entry));
	if (!behind(nlh, sizeof(*ndm), &first, &len) || ndm->ndm_family != AF_BRIDGE)
		return false;
	read_attrs(attrs, NDA_MAX + 1, first, len);
	entry->bridge = get_u32(attrs[NDA_MASTER]);
	entry->port = ndm->ndm_ifindex;
	entry->vlan = get_u16(attrs[NDA_VLAN]);
	entry->own = ndm->ndm_state & NUD_PERMANENT;
	entry->locked = get_u32(attrs[NDA_FLAGS_EXT]) & NTF_EXT_LOCKED;
	entry->fixed = ndm->ndm_state & NUD_NOARP || ndm->ndm_flags & NTF_STICKY;
	entry->ext_learned = ndm->ndm_flags & NTF_EXT_LEARNED;
	get_addr(attrs[NDA_LLADDR], DM_MAC, &entry->mac);
	info = get_times(attrs[NDA_CACHEINFO]);
	if (info)
		entry->idle_ms = ticks_to_ms(info->ndm_updated);
	return entry->bridge && entry->mac.family == DM_MAC;
}

static enum dm_family family_of(uint8_t af)
{
	return af == AF_INET ? DM_IPV4 : af == AF_INET6 ? DM_IPV6 : DM_NONE;
}

bool nlm_parse_neigh(const struct nlmsghdr *nlh, struct nlm_neigh *neigh)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[NDA_MAX + 1];
	const void *first;
	size_t len;

	memset(neigh, 0, sizeof(*neigh));
	if (!behind(nlh, sizeof(*ndm), &first, &len) || ndm->ndm_flags & NTF_PROXY)
		return false;
	read_attrs(attrs, NDA_MAX + 1, first, len);
	neigh->ifindex = ndm->ndm_ifindex;
	neigh->state = ndm->ndm_state;
	neigh->ext_learned = ndm->ndm_flags & NTF_EXT_LEARNED;
	neigh->protocol = get_u8(attrs[NDA_PROTOCOL]);
	get_addr(attrs[NDA_DST], family_of(ndm->ndm_family), &neigh->ip);
	get_addr(attrs[NDA_LLADDR], DM_MAC, &neigh->mac);
	return dm_addr_is_set(&neigh->ip) && !dm_addr_is_multicast(&neigh->ip);
}

bool nlm_neigh_is_ours(const struct nlm_neigh *neigh)
{
	return neigh->ext_learned && neigh->protocol == NLM_PROTOCOL_NHRP;
}

bool nlm_neigh_is_foreign(const struct nlm_neigh *neigh)
{
	return !nlm_neigh_is_ours(neigh) &&
	       (neigh->ext_learned || neigh->state & (NUD_PERMANENT | NUD_NOARP));
}

bool nlm_parse_ifaddr(const struct nlmsghdr *nlh, struct nlm_ifaddr *addr)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[IFA_MAX + 1];
	const void *first;
	uint32_t flags;
	size_t len;

	memset(addr, 0, sizeof(*addr));
	if (!behind(nlh, sizeof(*ifa), &first, &len))
		return false;
	read_attrs(attrs, IFA_MAX + 1, first, len);
	flags = attrs[IFA_FLAGS] ? get_u32(attrs[IFA_FLAGS]) : ifa->ifa_flags;
	addr->ifindex = ifa->ifa_index;
	addr->usable = !(flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED));
	/* of a point-to-point link IFA_ADDRESS is the other end's */
	get_addr(attrs[attrs[IFA_LOCAL] ? IFA_LOCAL : IFA_ADDRESS], family_of(ifa->ifa_family),
		 &addr->ip);
	return dm_addr_is_set(&addr->ip);
}

/*
 * One VLAN entry. Ranges come with the end in an attribute of its own; VLANs with
 * a tunnel ID form a range only when their IDs run along.
 */
static void parse_vlan(const struct nlattr *entry, struct nlm_vlan *vlan)
{
	const struct nlattr *attrs[BRIDGE_VLANDB_ENTRY_MAX + 1];
	const struct nlattr *tunnel[BRIDGE_VLANDB_TINFO_MAX + 1];
	const struct bridge_vlan_info *info;

	vlan->first = vlan->last = 0;
	read_nested(attrs, BRIDGE_VLANDB_ENTRY_MAX + 1, entry);
	if (!attrs[BRIDGE_VLANDB_ENTRY_INFO] ||
	    mnl_attr_get_payload_len(attrs[BRIDGE_VLANDB_ENTRY_INFO]) < sizeof(*info))
		return;
	info = mnl_attr_get_payload(attrs[BRIDGE_VLANDB_ENTRY_INFO]);
	vlan->first = info->vid;
	vlan->flags = info->flags & (BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
	vlan->last = attrs[BRIDGE_VLANDB_ENTRY_RANGE] ? get_u16(attrs[BRIDGE_VLANDB_ENTRY_RANGE])
						      : info->vid;
	read_nested(tunnel, BRIDGE_VLANDB_TINFO_MAX + 1, attrs[BRIDGE_VLANDB_ENTRY_TUNNEL_INFO]);
	vlan->tunnel_id = get_u32(tunnel[BRIDGE_VLANDB_TINFO_ID]);
}

void nlm_parse_vlans(const struct nlmsghdr *nlh, void (*each)(const struct nlm_vlan *, void *),
		     void *arg)
{
	const struct br_vlan_msg *msg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct nlm_vlan vlan;
	const void *first;
	size_t len;

	if (!behind(nlh, sizeof(*msg), &first, &len))
		return;
	each_attr (attr, first, len) {
		if (mnl_attr_get_type(attr) != BRIDGE_VLANDB_ENTRY)
			continue;
		vlan.ifindex = msg->ifindex;
		parse_vlan(attr, &vlan);
		if (vlan.first)
			each(&vlan, arg);
	}
}

void nlm_parse_vnis(const struct nlmsghdr *nlh, void (*each)(uint32_t, uint32_t, void *),
		    void *arg)
{
	const struct nlattr *attr, *attrs[VXLAN_VNIFILTER_ENTRY_MAX + 1];
	uint32_t from, to;
	const void *first;
	size_t len;

	if (!behind(nlh, sizeof(struct tunnel_msg), &first, &len))
		return;
	each_attr (attr, first, len) {
		if (mnl_attr_get_type(attr) != VXLAN_VNIFILTER_ENTRY)
			continue;
		read_nested(attrs, VXLAN_VNIFILTER_ENTRY_MAX + 1, attr);
		from = get_u32(attrs[VXLAN_VNIFILTER_ENTRY_START]);
		to = attrs[VXLAN_VNIFILTER_ENTRY_END] ? get_u32(attrs[VXLAN_VNIFILTER_ENTRY_END])
						      : from;
		each(from, to, arg);
	}
}

uint32_t nlm_parse_ifindex(const struct nlmsghdr *nlh)
{
	/* both families of messages begin with four other octets */
	struct { uint8_t family[4]; uint32_t ifindex; } head;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(head))
		return 0;
	memcpy(&head, mnl_nlmsg_get_payload(nlh), sizeof(head));
	return head.ifindex;
}

/* --- writing ---------------------------------------------------------------- */

static struct nlmsghdr *begin(void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	return nlh;
}

static struct nlmsghdr *begin_fdb(void *buf, uint16_t type, uint16_t flags,
				  const struct nlm_fdb *fdb, uint16_t state, uint8_t ndm_flags)
{
	struct nlmsghdr *nlh = begin(buf, type, flags);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = fdb->ifindex;
	ndm->ndm_state = state;
	ndm->ndm_flags = NTF_SELF | ndm_flags;
	mnl_attr_put(nlh, NDA_LLADDR, dm_addr_len(&fdb->mac), fdb->mac.octets);
	return nlh;
}

static void put_src_vni(struct nlmsghdr *nlh, const struct nlm_fdb *fdb)
{
	if (fdb->src_vni)
		mnl_attr_put_u32(nlh, NDA_SRC_VNI, fdb->src_vni);
}

static void put_destination(struct nlmsghdr *nlh, const struct nlm_fdb *fdb)
{
	mnl_attr_put(nlh, NDA_DST, dm_addr_len(&fdb->dst), fdb->dst.octets);
	mnl_attr_put_u32(nlh, NDA_VNI, fdb->remote_vni);
}

struct nlmsghdr *nlm_build_fdb_set(void *buf, const struct nlm_fdb *fdb)
{
	struct nlmsghdr *nlh = begin_fdb(buf, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, fdb,
					 NUD_REACHABLE, NTF_EXT_LEARNED);

	put_destination(nlh, fdb);
	put_src_vni(nlh, fdb);
	return nlh;
}

struct nlmsghdr *nlm_build_fdb_del(void *buf, const struct nlm_fdb *fdb)
{
	struct nlmsghdr *nlh = begin_fdb(buf, RTM_DELNEIGH, 0, fdb, NUD_REACHABLE, 0);

	put_src_vni(nlh, fdb);
	return nlh;
}

struct nlmsghdr *nlm_build_flood_add(void *buf, const struct nlm_fdb *fdb)
{
	struct nlmsghdr *nlh = begin_fdb(buf, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND, fdb,
					 NUD_PERMANENT | NUD_NOARP, 0);

	put_destination(nlh, fdb);
	return nlh;
}

struct nlmsghdr *nlm_build_flood_del(void *buf, const struct nlm_fdb *fdb)
{
	struct nlmsghdr *nlh = begin_fdb(buf, RTM_DELNEIGH, 0, fdb, NUD_PERMANENT, 0);

	put_destination(nlh, fdb);
	return nlh;
}

struct nlmsghdr *nlm_build_fdb_get(void *buf, const struct nlm_fdb *fdb)
{
	struct nlmsghdr *nlh = begin(buf, RTM_GETNEIGH, 0);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	/* the kernel wants no state here, and takes the source VNI in NDA_VNI */
	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = fdb->ifindex;
	ndm->ndm_flags = NTF_SELF;
	mnl_attr_put(nlh, NDA_LLADDR, dm_addr_len(&fdb->mac), fdb->mac.octets);
	if (fdb->src_vni)
		mnl_attr_put_u32(nlh, NDA_VNI, fdb->src_vni);
	return nlh;
}

struct nlmsghdr *nlm_build_fdb_dump(void *buf, uint32_t ifindex)
{
	struct nlmsghdr *nlh = begin(buf, RTM_GETNEIGH, NLM_F_DUMP);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = ifindex;
	return nlh;
}

struct nlmsghdr *nlm_build_bridge_macs_dump(void *buf, uint32_t bridge)
{
	struct nlmsghdr *nlh = nlm_build_fdb_dump(buf, 0);

	mnl_attr_put_u32(nlh, NDA_MASTER, bridge);
	return nlh;
}

static struct nlmsghdr *begin_link(void *buf, uint16_t type, uint16_t flags, uint8_t family,
				   uint32_t ifindex)
{
	struct nlmsghdr *nlh = begin(buf, type, flags);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

	info->ifi_family = family;
	info->ifi_index = ifindex;
	return nlh;
}

static struct nlmsghdr *begin_bridge_mac(void *buf, uint16_t type, uint16_t flags,
					 const struct nlm_bridge_mac *entry, uint16_t state,
					 uint8_t ndm_flags)
{
	struct nlmsghdr *nlh = begin(buf, type, flags);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = entry->port;
	ndm->ndm_state = state;
	ndm->ndm_flags = NTF_MASTER | ndm_flags;
	mnl_attr_put(nlh, NDA_LLADDR, dm_addr_len(&entry->mac), entry->mac.octets);
	if (entry->vlan)
		mnl_attr_put_u16(nlh, NDA_VLAN, entry->vlan);
	return nlh;
}

struct nlmsghdr *nlm_build_bridge_mac_set(void *buf, const struct nlm_bridge_mac *entry)
{
	return begin_bridge_mac(buf, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, entry,
				NUD_REACHABLE, NTF_EXT_LEARNED);
}

struct nlmsghdr *nlm_build_bridge_mac_del(void *buf, const struct nlm_bridge_mac *entry)
{
	return begin_bridge_mac(buf, RTM_DELNEIGH, 0, entry, 0, 0);
}

struct nlmsghdr *nlm_build_bridge_mac_get(void *buf, const struct nlm_bridge_mac *entry)
{
	return begin_bridge_mac(buf, RTM_GETNEIGH, 0, entry, 0, 0);
}

static uint8_t af_of(enum dm_family family)
{
	return family == DM_IPV4 ? AF_INET : AF_INET6;
}

static struct nlmsghdr *begin_neigh(void *buf, uint16_t type, uint16_t flags,
				    const struct nlm_neigh *neigh, uint16_t state,
				    uint8_t ndm_flags)
{
	struct nlmsghdr *nlh = begin(buf, type, flags);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = af_of(neigh->ip.family);
	ndm->ndm_ifindex = neigh->ifindex;
	ndm->ndm_state = state;
	ndm->ndm_flags = ndm_flags;
	mnl_attr_put(nlh, NDA_DST, dm_addr_len(&neigh->ip), neigh->ip.octets);
	return nlh;
}

/*
 * The bridge's advertisements have the Router flag as the entry has it, and nobody has said whether
 * it is a router. Said without need the flag does nothing; not said of a router, all hosts that ask
 * for it take it from their default routers (RFC 4861 7.2.5).
 */
struct nlmsghdr *nlm_build_neigh_set(void *buf, const struct nlm_neigh *neigh)
{
	uint8_t router = neigh->ip.family == DM_IPV6 ? NTF_ROUTER : 0;
	struct nlmsghdr *nlh = begin_neigh(buf, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neigh,
					   NUD_NOARP, NTF_EXT_LEARNED | router);

	mnl_attr_put(nlh, NDA_LLADDR, dm_addr_len(&neigh->mac), neigh->mac.octets);
	mnl_attr_put_u8(nlh, NDA_PROTOCOL, NLM_PROTOCOL_NHRP);
	return nlh;
}

struct nlmsghdr *nlm_build_neigh_del(void *buf, const struct nlm_neigh *neigh)
{
	return begin_neigh(buf, RTM_DELNEIGH, 0, neigh, 0, 0);
}

struct nlmsghdr *nlm_build_neigh_get(void *buf, const struct nlm_neigh *neigh)
{
	return begin_neigh(buf, RTM_GETNEIGH, 0, neigh, 0, 0);
}

struct nlmsghdr *nlm_build_neigh_dump(void *buf, uint32_t ifindex, enum dm_family family)
{
	struct nlmsghdr *nlh = begin(buf, RTM_GETNEIGH, NLM_F_DUMP);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = af_of(family);
	mnl_attr_put_u32(nlh, NDA_IFINDEX, ifindex);
	return nlh;
}

struct nlmsghdr *nlm_build_ifaddr_dump(void *buf, uint32_t ifindex, enum dm_family family)
{
	struct nlmsghdr *nlh = begin(buf, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = af_of(family);
	ifa->ifa_index = ifindex;
	return nlh;
}

struct nlmsghdr *nlm_build_link_get(void *buf, uint32_t ifindex)
{
	struct nlmsghdr *nlh = begin_link(buf, RTM_GETLINK, ifindex ? 0 : NLM_F_DUMP, AF_UNSPEC,
					  ifindex);

	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return nlh;
}

/* A changelink of one u8: KIND is the device's own kind, or the bridge's for its port. */
static struct nlmsghdr *build_change(void *buf, uint32_t ifindex, uint16_t kind_type,
				     const char *kind, uint16_t data_type, uint16_t attr,
				     uint8_t value)
{
	struct nlmsghdr *nlh = begin_link(buf, RTM_NEWLINK, 0, AF_UNSPEC, ifindex);
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO), *data;

	mnl_attr_put_str(nlh, kind_type, kind);
	data = mnl_attr_nest_start(nlh, data_type);
	mnl_attr_put_u8(nlh, attr, value);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return nlh;
}

struct nlmsghdr *nlm_build_vxlan_learning(void *buf, uint32_t ifindex, bool on)
{
	return build_change(buf, ifindex, IFLA_INFO_KIND, "vxlan", IFLA_INFO_DATA,
			    IFLA_VXLAN_LEARNING, on);
}

struct nlmsghdr *nlm_build_port_flag(void *buf, uint32_t ifindex, uint16_t flag, bool on)
{
	return build_change(buf, ifindex, IFLA_INFO_SLAVE_KIND, "bridge", IFLA_INFO_SLAVE_DATA,
			    flag, on);
}

struct nlmsghdr *nlm_build_bridge_snooping(void *buf, uint32_t ifindex, bool on)
{
	return build_change(buf, ifindex, IFLA_INFO_KIND, "bridge", IFLA_INFO_DATA,
			    IFLA_BR_MCAST_SNOOPING, on);
}

struct nlmsghdr *nlm_build_port_vlan(void *buf, uint32_t ifindex, uint16_t vlan, uint16_t flags,
				     bool add)
{
	struct nlmsghdr *nlh = begin_link(buf, add ? RTM_SETLINK : RTM_DELLINK, 0, AF_BRIDGE,
					  ifindex);
	struct nlattr *spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	struct bridge_vlan_info info = {.vid = vlan, .flags = flags};

	mnl_attr_put(nlh, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
	mnl_attr_nest_end(nlh, spec);
	return nlh;
}

struct nlmsghdr *nlm_build_port_tunnel(void *buf, uint32_t ifindex, uint16_t vlan, uint32_t vni,
				       bool add)
{
	struct nlmsghdr *nlh = begin_link(buf, add ? RTM_SETLINK : RTM_DELLINK, 0, AF_BRIDGE,
					  ifindex);
	struct nlattr *spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	struct nlattr *tunnel = mnl_attr_nest_start(nlh, IFLA_BRIDGE_VLAN_TUNNEL_INFO);

	mnl_attr_put_u32(nlh, IFLA_BRIDGE_VLAN_TUNNEL_ID, vni);
	mnl_attr_put_u16(nlh, IFLA_BRIDGE_VLAN_TUNNEL_VID, vlan);
	mnl_attr_put_u16(nlh, IFLA_BRIDGE_VLAN_TUNNEL_FLAGS, 0);
	mnl_attr_nest_end(nlh, tunnel);
	mnl_attr_nest_end(nlh, spec);
	return nlh;
}

static struct nlmsghdr *begin_tunnel(void *buf, uint16_t type, uint16_t flags, uint32_t ifindex)
{
	struct nlmsghdr *nlh = begin(buf, type, flags);
	struct tunnel_msg *msg = mnl_nlmsg_put_extra_header(nlh, sizeof(*msg));

	msg->family = AF_BRIDGE;
	msg->ifindex = ifindex;
	return nlh;
}

struct nlmsghdr *nlm_build_vni(void *buf, uint32_t ifindex, uint32_t vni, bool add)
{
	struct nlmsghdr *nlh = begin_tunnel(buf, add ? RTM_NEWTUNNEL : RTM_DELTUNNEL, 0, ifindex);
	struct nlattr *entry = mnl_attr_nest_start(nlh, VXLAN_VNIFILTER_ENTRY);

	mnl_attr_put_u32(nlh, VXLAN_VNIFILTER_ENTRY_START, vni);
	mnl_attr_nest_end(nlh, entry);
	return nlh;
}

struct nlmsghdr *nlm_build_vlan_dump(void *buf, uint32_t ifindex)
{
	struct nlmsghdr *nlh = begin(buf, RTM_GETVLAN, NLM_F_DUMP);
	struct br_vlan_msg *msg = mnl_nlmsg_put_extra_header(nlh, sizeof(*msg));

	msg->family = AF_BRIDGE;
	msg->ifindex = ifindex;
	return nlh;
}

struct nlmsghdr *nlm_build_vni_dump(void *buf, uint32_t ifindex)
{
	return begin_tunnel(buf, RTM_GETTUNNEL, NLM_F_DUMP, ifindex);
}

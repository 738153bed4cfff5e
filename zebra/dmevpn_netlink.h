// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink messages the module sends and reads, between octets and structs.
 * Pure: no socket, no state; callable from every pthread.
 */
#ifndef DMEVPN_NETLINK_H
#define DMEVPN_NETLINK_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/netlink.h>

#include "lib/addr.h"

/* room that every nlm_* builder below needs in its buffer, octets */
#define NLM_MESSAGE_MAX 256

#define NLM_IFNAME_LEN 16

enum nlm_kind {
	NLM_OTHER = 0,
	NLM_VXLAN,
	NLM_BRIDGE,
	NLM_VLAN, /* a VLAN device upon another device */
};

/* IFLA_BRPORT_NEIGH_FORWARD_GRAT, which older headers do not have */
#define NLM_BRPORT_FORWARD_GRAT 45

/* rtm_protocol of nhrpd in FRR and in iproute2 (rt_protos): whose a neighbour entry is */
#define NLM_PROTOCOL_NHRP 191

/* A device as an RTM_NEWLINK tells it; identified by ifindex. */
struct nlm_link {
	uint32_t ifindex;
	char name[NLM_IFNAME_LEN];
	enum nlm_kind kind;
	bool up;
	bool queued;	 /* has a queueing discipline that holds frames */
	uint32_t mtu;	 /* octets */
	uint32_t master; /* ifindex, 0 without one */
	struct dm_addr mac;
	/* NLM_VXLAN */
	uint32_t vni; /* 0 for an external device */
	bool external, vnifilter, learning;
	struct dm_addr local;
	uint16_t port;	     /* UDP, to which it sends and at which it listens */
	uint32_t underlay; /* ifindex of the device by which it sends, 0 when routes decide */
	/* port of a bridge */
	bool bridge_port, hairpin, vlan_tunnel, neigh_suppress, neigh_vlan_suppress;
	bool forwarding; /* its state: frames that it receives go on */
	bool locked;	 /* frames go on of stations only that were let in (802.1X) */
	bool forward_grat, knows_forward_grat; /* the latter: the kernel has that setting */
	/* NLM_BRIDGE */
	bool vlan_filtering, mcast_snooping;
	/* NLM_VLAN */
	uint32_t lower; /* ifindex of the device it is upon */
	uint16_t vlan;
};

/*
 * A VXLAN forwarding entry, identified by (ifindex, src_vni, mac); the all-zero MAC has one for
 * each destination.
 */
struct nlm_fdb {
	uint32_t ifindex;
	uint32_t src_vni; /* of an external device; 0 for a plain one */
	struct dm_addr mac;
	struct dm_addr dst;
	uint32_t remote_vni;
	bool self;	  /* reading: belongs to the VXLAN device, not to the bridge */
	bool ext_learned; /* reading: made by a control plane */
	uint32_t idle_ms; /* reading: since a frame went by it */
};

/* An entry of a bridge, identified by (bridge, vlan, mac): behind which port a MAC is. */
struct nlm_bridge_mac {
	uint32_t bridge;
	uint32_t port; /* ifindex; the bridge's own for its own MACs */
	uint16_t vlan; /* 0 on a bridge that does not filter by VLAN */
	struct dm_addr mac;
	bool own;	  /* of the port or the bridge itself: frames for it go up the stack */
	bool locked;	  /* heard on a locked port that does not let it in yet */
	bool fixed;	  /* set by hand (static, sticky): does not follow the frames */
	bool ext_learned; /* made by a control plane */
	uint32_t idle_ms; /* reading: since a frame came from it */
};

/* A neighbour entry, identified by (ifindex, ip). */
struct nlm_neigh {
	uint32_t ifindex;
	struct dm_addr ip;
	struct dm_addr mac; /* not set while the kernel has none */
	uint16_t state;	    /* reading: NUD_* */
	bool ext_learned;   /* reading: made by a control plane */
	uint8_t protocol;   /* reading: whose control plane it was (rtm_protocol) */
};

/* An IP address of a device. */
struct nlm_ifaddr {
	uint32_t ifindex;
	struct dm_addr ip;
	bool usable; /* not still being probed, and not found to be a duplicate */
};

/* A VLAN, or a range of them, of a bridge port. */
struct nlm_vlan {
	uint32_t ifindex;
	uint16_t first, last;
	uint16_t flags;	    /* BRIDGE_VLAN_INFO_PVID, _UNTAGGED */
	uint32_t tunnel_id; /* of `first`, growing by one a VLAN; 0 when it has none */
};

/* Reads an RTM_NEWLINK of family AF_UNSPEC. Returns false when it is malformed. */
bool nlm_parse_link(const struct nlmsghdr *nlh, struct nlm_link *link);

/* Family and ifindex of any RTM_NEWLINK or RTM_DELLINK. Returns false when it is too short. */
bool nlm_parse_link_id(const struct nlmsghdr *nlh, uint8_t *family, uint32_t *ifindex);

/*
 * Reads an RTM_NEWNEIGH of a bridge or VXLAN device. DEVICE_VNI is what an entry
 * without a VNI of its own stands for. Returns false when it is not a MAC entry.
 */
bool nlm_parse_fdb(const struct nlmsghdr *nlh, uint32_t device_vni, struct nlm_fdb *fdb);

/*
 * Reads an RTM_NEWNEIGH or RTM_DELNEIGH of a bridge. Returns false for anything
 * else: neighbours of IP, a VXLAN device's own entries.
 */
bool nlm_parse_bridge_mac(const struct nlmsghdr *nlh, struct nlm_bridge_mac *entry);

/*
 * Reads an RTM_NEWNEIGH or RTM_DELNEIGH of IPv4 or IPv6. Returns false for anything else, group
 * addresses and proxy entries included.
 */
bool nlm_parse_neigh(const struct nlmsghdr *nlh, struct nlm_neigh *neigh);

/* The module's own neighbour entry, by its marks. */
bool nlm_neigh_is_ours(const struct nlm_neigh *neigh);

/* A neighbour entry that somebody wrote down, a user or another control plane: not to be touched. */
bool nlm_neigh_is_foreign(const struct nlm_neigh *neigh);

/* Reads an RTM_NEWADDR or RTM_DELADDR. Returns false when it is malformed, or of another family. */
bool nlm_parse_ifaddr(const struct nlmsghdr *nlh, struct nlm_ifaddr *addr);

/* Calls EACH for every VLAN range of an RTM_NEWVLAN. */
void nlm_parse_vlans(const struct nlmsghdr *nlh, void (*each)(const struct nlm_vlan *, void *),
		     void *arg);

/* Calls EACH for every VNI range (first, last) of an RTM_NEWTUNNEL. */
void nlm_parse_vnis(const struct nlmsghdr *nlh, void (*each)(uint32_t, uint32_t, void *),
		    void *arg);

/* Ifindex of an RTM_{NEW,DEL}VLAN or RTM_{NEW,DEL}TUNNEL; 0 when it is too short. */
uint32_t nlm_parse_ifindex(const struct nlmsghdr *nlh);

/*
 * Builders: each writes one whole message into BUF (NLM_MESSAGE_MAX octets or
 * more) and returns it; flags NLM_F_REQUEST is set, ACK, DUMP and the sequence
 * number are the sender's to add.
 */

/* Adds or replaces the entry of a MAC, as one that the kernel never ages; or removes it. */
struct nlmsghdr *nlm_build_fdb_set(void *buf, const struct nlm_fdb *fdb);
struct nlmsghdr *nlm_build_fdb_del(void *buf, const struct nlm_fdb *fdb);

/* Appends a destination to the all-zero entry; or removes that one destination. */
struct nlmsghdr *nlm_build_flood_add(void *buf, const struct nlm_fdb *fdb);
struct nlmsghdr *nlm_build_flood_del(void *buf, const struct nlm_fdb *fdb);

/* Asks for one entry (no dump): answered by RTM_NEWNEIGH or by the error ENOENT. */
struct nlmsghdr *nlm_build_fdb_get(void *buf, const struct nlm_fdb *fdb);

/* Asks for the entries of a device (a dump). */
struct nlmsghdr *nlm_build_fdb_dump(void *buf, uint32_t ifindex);

/* Asks for the entries of a bridge (a dump); those of its ports' devices come, too. */
struct nlmsghdr *nlm_build_bridge_macs_dump(void *buf, uint32_t bridge);

/*
 * Puts a MAC behind a port of a bridge, as a control plane's: the bridge does not age it, and a
 * frame from it on another port moves it there; or removes it. VLAN 0: in no VLAN, and in all of
 * the port's, as the kernel does it.
 */
struct nlmsghdr *nlm_build_bridge_mac_set(void *buf, const struct nlm_bridge_mac *entry);
struct nlmsghdr *nlm_build_bridge_mac_del(void *buf, const struct nlm_bridge_mac *entry);

/* Asks where the bridge of a port knows a MAC (no dump): RTM_NEWNEIGH or the error ENOENT. */
struct nlmsghdr *nlm_build_bridge_mac_get(void *buf, const struct nlm_bridge_mac *entry);

/* Adds or replaces a neighbour entry, as one that is valid and never ages; or removes it. */
struct nlmsghdr *nlm_build_neigh_set(void *buf, const struct nlm_neigh *neigh);
struct nlmsghdr *nlm_build_neigh_del(void *buf, const struct nlm_neigh *neigh);

/* Asks for one neighbour entry (no dump): answered by RTM_NEWNEIGH or by the error ENOENT. */
struct nlmsghdr *nlm_build_neigh_get(void *buf, const struct nlm_neigh *neigh);

/* Asks for the neighbours of a device in one family (a dump). */
struct nlmsghdr *nlm_build_neigh_dump(void *buf, uint32_t ifindex, enum dm_family family);

/* Asks for the addresses of a device in one family (a dump). */
struct nlmsghdr *nlm_build_ifaddr_dump(void *buf, uint32_t ifindex, enum dm_family family);

/* Asks for all devices (a dump), ifindex 0, or for one. */
struct nlmsghdr *nlm_build_link_get(void *buf, uint32_t ifindex);

/* VXLAN device: source learning on or off. */
struct nlmsghdr *nlm_build_vxlan_learning(void *buf, uint32_t ifindex, bool on);

/* Port of a bridge: one setting (IFLA_BRPORT_*) on or off. */
struct nlmsghdr *nlm_build_port_flag(void *buf, uint32_t ifindex, uint16_t flag, bool on);

/* Bridge: multicast snooping on or off. */
struct nlmsghdr *nlm_build_bridge_snooping(void *buf, uint32_t ifindex, bool on);

/* Port of a bridge: membership of a VLAN with FLAGS (BRIDGE_VLAN_INFO_*), given or taken. */
struct nlmsghdr *nlm_build_port_vlan(void *buf, uint32_t ifindex, uint16_t vlan, uint16_t flags,
				     bool add);

/* Port of a bridge: which VNI a VLAN is carried by, set or cleared. */
struct nlmsghdr *nlm_build_port_tunnel(void *buf, uint32_t ifindex, uint16_t vlan, uint32_t vni,
				       bool add);

/* VXLAN device with vnifilter: which VNIs it receives, one more or one less. */
struct nlmsghdr *nlm_build_vni(void *buf, uint32_t ifindex, uint32_t vni, bool add);

/* Asks for the VLANs of a bridge port, for the VNIs of a VXLAN device (dumps). */
struct nlmsghdr *nlm_build_vlan_dump(void *buf, uint32_t ifindex);
struct nlmsghdr *nlm_build_vni_dump(void *buf, uint32_t ifindex);

#endif

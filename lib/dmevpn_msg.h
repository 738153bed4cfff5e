// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What nhrpd and the zebra module say to each other, the one format in the one place.
 *
 *   nhrpd (decides)                          zebra module (talks to the kernel)
 *     HELLO          ----------------------->
 *                    <-----------------------  HELLO_ACK, then all it holds: DUMP_BEGIN,
 *                                              LINK…, INSTANCE_STATE…, MEMBER_HAVE…, MAC_SEEN…, DUMP_END
 *     everything it wants: INSTANCE_SET…,
 *     HUB_SET…, MEMBER_SET…, MAC_SET…, SYNC_END ->  only now what was not restated is taken away
 *     afterwards single changes               ----  afterwards single events, and all but members once
 *                                              more when some could not be said (dmevpn_line.h)
 *     CHECK          ----------------------->  reads the kernel anew
 *                    <-----------------------  CHECK_HAVE…, CHECK_END
 *
 * Carried in ZAPI opaque messages of the two types below. A payload is an envelope
 * (u16 version, u16 records) and that many records (u8 type, u8 0, u16 octets of the
 * body, body). Addresses are u8 family + their octets, texts and frames u8 length + theirs.
 * Network order throughout.
 * A record of an unknown type is stepped over; another version is refused whole.
 *
 * Keys: an instance is (ifindex, vlan), vlan 0 at a spoke; members and MACs live in
 * (ifindex, vni) where vni is the VNI by which this node receives the VPN.
 */
#ifndef DMEVPN_MSG_H
#define DMEVPN_MSG_H

#include "lib/addr.h"
#include "lib/octets.h"

#define DM_MSG_VERSION 2

/* ZAPI opaque types; far from libfrr's own registry, which counts up from 1 */
#define DM_OPAQUE_TO_ZEBRA 0x444d0001
#define DM_OPAQUE_TO_NHRPD 0x444d0002

/* ZAPI instance numbers of the two ends (both are ZEBRA_ROUTE_NHRP; stock nhrpd is 0) */
#define DM_ZAPI_INSTANCE_MODULE 1
#define DM_ZAPI_INSTANCE_NHRPD 2

/* octets of one payload; ZEBRA_MAX_PACKET_SIZ is 16384 with its headers */
#define DM_MSG_PAYLOAD_MAX 16000

#define DM_IFNAME_LEN 16
#define DM_REASON_LEN 96
#define DM_FRAME_MAX 128

enum dm_rec_type {
	/* nhrpd to the module */
	DM_REC_HELLO = 1,
	DM_REC_SYNC_END = 2,
	DM_REC_INSTANCE_SET = 3,
	DM_REC_INSTANCE_DEL = 4,
	DM_REC_HUB_SET = 5,
	DM_REC_HUB_DEL = 6,
	DM_REC_MEMBER_SET = 7,
	DM_REC_MEMBER_DEL = 8,
	DM_REC_MAC_SET = 9,
	DM_REC_MAC_DEL = 10,
	DM_REC_USED_QUERY = 11,
	DM_REC_MAC_BIND = 12,
	DM_REC_SUPPRESS_SET = 13,
	DM_REC_NEIGH_SET = 14,
	DM_REC_NEIGH_DEL = 15,
	DM_REC_MAC_ELSEWHERE = 16,
	DM_REC_MAC_HOLD = 17,
	DM_REC_CHECK = 20,
	DM_REC_TAKEN = 21,
	DM_REC_LOCAL_QUERY = 22,
	DM_REC_PROBE_SET = 18,
	DM_REC_PROBE_DEL = 19,

	/* the module to nhrpd */
	DM_REC_HELLO_ACK = 64,
	DM_REC_DUMP_END = 65,
	DM_REC_LINK = 66,
	DM_REC_LINK_DEL = 67,
	DM_REC_INSTANCE_STATE = 68,
	DM_REC_MEMBER_HAVE = 69,
	DM_REC_MAC_SEEN = 70,
	DM_REC_HAIRPIN = 71,
	DM_REC_USED_REPLY = 72,
	DM_REC_FAILURE = 73,
	DM_REC_LOCAL = 74,
	DM_REC_SUPPRESS_STATE = 75,
	DM_REC_LOCAL_NEIGH = 76,
	DM_REC_NEIGH_WANTED = 77,
	DM_REC_MAC_HAVE = 79,
	DM_REC_CHECK_HAVE = 80,
	DM_REC_CHECK_END = 81,
	DM_REC_MODULE_TAKEN = 82,
	DM_REC_LOCAL_HEARD = 83,
	DM_REC_DUMP_BEGIN = 85,
	DM_REC_PROBE_STATE = 78,
};

enum dm_role {
	DM_ROLE_NONE = 0,
	DM_ROLE_SPOKE = 1,
	DM_ROLE_HUB = 2,
};

/* HELLO and HELLO_ACK: which life of the sender this is */
struct dm_hello {
	uint64_t epoch; /* nanoseconds of CLOCK_REALTIME at its start */
};

/* TAKEN and MODULE_TAKEN: first in every payload; positions of dmevpn_line.h */
struct dm_taken {
	uint32_t sent;	/* where this payload ends */
	uint32_t taken; /* up to where its sender has worked off what was sent to it */
};

/* INSTANCE_SET and INSTANCE_DEL: this device serves this VPN, in this role */
struct dm_instance {
	uint32_t ifindex;
	uint16_t vlan; /* hub: the VPN's VLAN on the bridge; spoke: 0 */
	uint8_t role;  /* enum dm_role */
	struct vpn_id vpn;
};

/* INSTANCE_STATE: what became of it */
struct dm_instance_state {
	uint32_t ifindex;
	uint16_t vlan;
	uint8_t ready;		   /* 1: frames can flow */
	uint32_t vni;		   /* by which this node receives the VPN; 0 while not known */
	char reason[DM_REASON_LEN]; /* why it is not ready, a sentence part; empty when it is */
};

/* HUB_SET and HUB_DEL: where a spoke's BUM frames go (one a device; DEL needs ifindex and vni only) */
struct dm_hub {
	uint32_t ifindex;
	uint32_t vni;
	struct dm_addr nbma;
	uint32_t remote_vni;
};

/* MEMBER_SET, MEMBER_DEL, MEMBER_HAVE: a registered spoke of a VPN at the hub; identified by (ifindex, vni, nbma) */
struct dm_member {
	uint32_t ifindex;
	uint32_t vni;
	struct dm_addr nbma;
	uint32_t remote_vni; /* by which the member receives */
};

/*
 * MAC_SET, MAC_DEL, MAC_SEEN, MAC_BIND, MAC_HOLD, MAC_HAVE: identified by (ifindex, vni, mac). MAC_BIND tells a
 * hub's switch of a MAC that its member speaks for, as if a frame of it had come from there
 * `idle_ms` ago; when the switch has heard it meanwhile at neither `nbma` nor `old_nbma`, it stays, and MAC_SEEN says where.
 * MAC_HOLD: it stays behind `nbma`, whatever the switch hears, until MAC_HOLD takes that back.
 * MAC_HAVE follows the INSTANCE_STATE of a spoke's instance that the module held already, and again in a dump that
 * makes up for dropped records: each entry that the kernel forwards by and nhrpd has not set since its HELLO; the
 * one of MAC zero is the hub, where BUM frames go.
 */
struct dm_mac {
	uint32_t ifindex;
	uint32_t vni;
	struct dm_addr mac;
	struct dm_addr nbma;
	uint32_t remote_vni;
	uint8_t moved;		/* MAC_SEEN: 1 when a frame has just moved it here from `old_nbma` */
	struct dm_addr old_nbma; /* MAC_SEEN with moved; MAC_BIND: where nhrpd has it, not set for nowhere */
	uint32_t idle_ms;	/* MAC_SEEN and MAC_BIND: milliseconds since it was heard */
	uint8_t held;		/* MAC_HOLD: 1 to hold, 0 to let go; MAC_SEEN: it is held */
};

/* HAIRPIN: a unicast frame came from one member and leaves to another */
struct dm_hairpin {
	uint32_t ifindex;
	uint32_t vni;
	struct dm_addr src_mac, dst_mac;
	struct dm_addr src_nbma, dst_nbma;
	uint8_t frame_len; /* octets of `frame` in use */
	uint8_t frame[DM_FRAME_MAX];
};

/* USED_QUERY (first three) and USED_REPLY: how long ago the kernel last used an FDB entry */
struct dm_used {
	uint32_t ifindex;
	uint32_t vni;
	struct dm_addr mac;
	uint8_t found;	  /* 0: the kernel has no such entry */
	uint32_t idle_ms; /* milliseconds since a frame went by it; at a hub since the MAC was heard */
};

/*
 * LOCAL: a MAC that a spoke's bridge heard on a port of its own (not the VXLAN device), or the
 * bridge's own MAC; all of them when the instance gets ready, then each change.
 * MAC_ELSEWHERE (without `gone`): it has been behind another member for `idle_ms`. What the bridge
 * learned of it on a port of its own goes; was it heard there since, it is told once more.
 */
struct dm_local {
	uint32_t ifindex; /* of the VXLAN device */
	uint32_t vni;
	struct dm_addr mac;
	uint8_t gone; /* 1: it is not there any more */
	uint32_t idle_ms; /* milliseconds since the bridge heard it, at most; the kernel does not tell each time */
};

/*
 * LOCAL_QUERY (without `mac`): which MACs of a spoke's own side did its bridge hear within so many
 * milliseconds? Answered by a LOCAL_HEARD for each, which says how long ago that was. A MAC
 * that does not depend on frames (the bridge's own, a static entry) is heard all the time.
 */
struct dm_heard {
	uint32_t ifindex; /* of the VXLAN device */
	uint32_t vni;
	struct dm_addr mac;
	uint32_t idle_ms;
};

/*
 * SUPPRESS_SET and SUPPRESS_STATE: a spoke's bridge answers ARP requests and neighbour
 * solicitations for what is behind other members, and the IP addresses behind it are told
 * (LOCAL_NEIGH, NEIGH_WANTED). Identified by (ifindex, vni).
 */
struct dm_suppress {
	uint32_t ifindex; /* of the VXLAN device */
	uint32_t vni;
	uint8_t on;		    /* SET: wanted; STATE: in effect */
	char reason[DM_REASON_LEN]; /* STATE: why it is wanted and not in effect, a sentence part; else empty */
};

/*
 * An IP address behind a MAC, identified by (ifindex, vni, ip).
 * NEIGH_SET, NEIGH_DEL: at another member; the bridge is to answer for it.
 * LOCAL_NEIGH: heard behind a local MAC, by ARP or neighbour discovery, or an address of the
 * bridge itself; all of them behind a SUPPRESS_STATE that says on, then each change.
 * NEIGH_WANTED (ip alone): a station of this bridge asked for it; once a second an address at most.
 */
struct dm_neigh {
	uint32_t ifindex; /* of the VXLAN device */
	uint32_t vni;
	struct dm_addr ip;
	struct dm_addr mac;
	uint8_t gone; /* LOCAL_NEIGH: 1: it is not there any more */
};

/* What a CHECK_HAVE is about. */
enum dm_have_kind {
	DM_HAVE_INSTANCE = 1,	/* settings of an instance: `settings` */
	DM_HAVE_FLOOD = 2,	/* a destination of a VXLAN device's all-zero entry: addr (NBMA), remote_vni */
	DM_HAVE_FDB = 3,	/* an entry of a VXLAN device: addr (MAC), at, remote_vni */
	DM_HAVE_MEMBER = 4,	/* who may send into a hub's VPN: addr (NBMA) */
	DM_HAVE_TARGET = 5,	/* whom a hub's VPN is flooded to: addr (NBMA), remote_vni */
	DM_HAVE_SWITCH_MAC = 6, /* what a hub's switch forwards by: addr (MAC), at, remote_vni */
	DM_HAVE_NEIGH = 7,	/* a neighbour that a spoke's bridge answers for: addr (IP), at (MAC) */
	DM_HAVE_BRIDGE_MAC = 8, /* a MAC that a spoke's bridge has behind the VXLAN device: addr */
	DM_HAVE_LOCAL = 9,	/* a MAC that a spoke's bridge has elsewhere, or is its own: addr */
	DM_HAVE_KINDS,
};

/* What is as an instance needs it, of INSTANCE. */
#define DM_SETTING_UP 0x0001
#define DM_SETTING_NOLEARNING 0x0002
#define DM_SETTING_HAIRPIN 0x0004      /* of the bridge port */
#define DM_SETTING_VLAN_TUNNEL 0x0008  /* of the bridge port */
#define DM_SETTING_NO_SNOOPING 0x0010  /* of the bridge */
#define DM_SETTING_VLAN 0x0020	       /* the port is in the VLAN, tagged */
#define DM_SETTING_TUNNEL 0x0040       /* the VLAN is mapped to the VNI */
#define DM_SETTING_VNI 0x0080	       /* the device receives the VNI */
#define DM_SETTING_SWITCH_IN 0x0100    /* the BPF switch is attached */
#define DM_SETTING_SWITCH_OUT 0x0200
#define DM_SETTING_SWITCH_FLOOD 0x0400 /* … and finds its flood program */
#define DM_SETTING_SWITCH_VPN 0x0800   /* … and the VPN is open in it */
#define DM_SETTING_SUPPRESS 0x1000     /* of the bridge port: neigh_suppress */

#define DM_SETTINGS_SPOKE (DM_SETTING_UP | DM_SETTING_NOLEARNING)
#define DM_SETTINGS_HUB (DM_SETTING_SUPPRESS - 1)

/* CHECK: tell what the kernel has, under this number; ends one that is under way. */
struct dm_check {
	uint32_t number; /* of the CHECK that all that is told for it carries */
};

/* CHECK_HAVE: one thing that the kernel was just found to have; identified by kind, (ifindex, vni) and address. */
struct dm_have {
	uint32_t number;
	uint8_t kind;	/* enum dm_have_kind */
	uint8_t ours;	/* 1: it has our marks, or is in our tables alone; 0: it may be the user's */
	uint32_t ifindex;
	uint32_t vni;
	struct dm_addr addr;
	struct dm_addr at;
	uint32_t remote_vni;
	uint16_t settings; /* DM_SETTING_* */
};

/* CHECK_END: that was all; or not, when there is a reason. */
struct dm_check_end {
	uint32_t number;
	char reason[DM_REASON_LEN]; /* what could not be read, a sentence part; empty when all was */
};

/*
 * PROBE_SET, PROBE_DEL, PROBE_STATE: whether frames get through to another VXLAN end, and back.
 * Identified by (ifindex, vni, nbma, remote_vni). While a path is probed and not up, MAC_SETs
 * to its end are held back from the kernel. Each PROBE_SET of a path that has been judged, and
 * each change, is followed by a PROBE_STATE; so are some answers, for the sake of rtt_us.
 */
struct dm_probe {
	uint32_t ifindex; /* of the VXLAN device */
	uint32_t vni;
	struct dm_addr nbma;
	uint32_t remote_vni; /* by which the other end receives */
	uint32_t interval;   /* SET: milliseconds between two probes */
	uint8_t misses;	     /* SET: in a row, after which the path is down */
	uint8_t up;	     /* STATE */
	uint32_t rtt_us;     /* STATE: microseconds from the last answered probe to its answer */
};

/* LINK: a VXLAN device as the kernel has it */
#define DM_LINK_UP 0x01
#define DM_LINK_EXTERNAL 0x02
#define DM_LINK_VNIFILTER 0x04
#define DM_LINK_BRIDGE_PORT 0x08
#define DM_LINK_VLAN_BRIDGE 0x10 /* the bridge filters by VLAN */
#define DM_LINK_LEARNING 0x20

struct dm_link {
	uint32_t ifindex;
	char name[DM_IFNAME_LEN];
	uint8_t flags;	      /* DM_LINK_* */
	uint32_t vni;	      /* 0 for an external device */
	struct dm_addr local; /* not set when the device has none */
	struct dm_addr mac;
	uint32_t mtu;	      /* octets */
	uint32_t master;      /* ifindex of the bridge, 0 without one */
};

/* FAILURE: the kernel refused a record */
struct dm_failure {
	uint8_t rec; /* enum dm_rec_type of what failed */
	uint32_t ifindex;
	uint32_t vni;
	struct dm_addr mac; /* not set where the record has none */
	uint32_t error;	    /* errno */
};

/* One record, of any type; LINK_DEL uses link.ifindex alone. */
struct dm_rec {
	uint8_t type; /* enum dm_rec_type */
	union {
		struct dm_hello hello;
		struct dm_taken taken;
		struct dm_instance instance;
		struct dm_instance_state state;
		struct dm_hub hub;
		struct dm_member member;
		struct dm_mac mac;
		struct dm_hairpin hairpin;
		struct dm_used used;
		struct dm_link link;
		struct dm_failure failure;
		struct dm_local local;
		struct dm_heard heard;
		struct dm_suppress suppress;
		struct dm_neigh neigh;
		struct dm_check check;
		struct dm_have have;
		struct dm_check_end check_end;
		struct dm_probe probe;
	};
};

/* Name of a record type for logs ("MAC_SET"); "?" when there is none. */
const char *dm_rec_name(uint8_t type);

/* A payload under construction; holds as many records as fit DM_MSG_PAYLOAD_MAX. Stays where it was initialised. */
struct dm_batch {
	struct dm_writer w;
	uint16_t count;
	uint8_t buf[DM_MSG_PAYLOAD_MAX];
};

/* Starts an empty payload. */
void dm_batch_init(struct dm_batch *b);

/*
 * Appends one record; members its type does not carry stay behind. Returns false, and leaves
 * the payload as it was, when it does not fit: send, init, put again. It never fits, not even
 * an empty payload, when its type, an address family, a frame_len or a text without NUL is wrong.
 */
bool dm_batch_put(struct dm_batch *b, const struct dm_rec *rec);

/* Fills in the TAKEN record that was put first. */
void dm_batch_set_taken(struct dm_batch *b, uint32_t sent, uint32_t taken);

/* Writes the envelope. Returns the octets to send from b->buf, 0 for an empty payload. */
size_t dm_batch_finish(struct dm_batch *b);

enum dm_open {
	DM_OPEN_OK = 0,
	DM_OPEN_SHORT,	 /* no envelope in it, or not the records it counts */
	DM_OPEN_VERSION, /* the other side speaks another version */
};

/* Opens a payload: *r then yields its records. *version, when not NULL, gets what the envelope says. */
enum dm_open dm_msg_open(struct dm_reader *r, const uint8_t *octets, size_t len, uint16_t *version);

/* Steps to the next record this version knows. Returns false at the end, or on a malformed one with r->bad set. */
bool dm_msg_next(struct dm_reader *r, struct dm_rec *rec);

#endif

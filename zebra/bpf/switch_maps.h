// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the BPF switch (switch.bpf.c) and the zebra module (dmevpn_switch.c)
 * share: the layout of every map's keys and values. Included by both, so it
 * uses nothing but fixed-width integers, and leaves no hole in a key (the
 * kernel compares all octets of it).
 *
 * Numbers are host order; addresses are 16 octets in network order, IPv4 ones
 * mapped (::ffff:a.b.c.d), so that an IPv6 underlay needs no second table.
 *
 *   vpns {ifindex, vni} -> number -> vpn_table[number].first_chunk   (number 0: closed)
 *                                        |
 *            chunks[n].target[16] <------+   .next -> chunks[m].target[16] ...
 *   members {vpn, address} -> {slot, gen}    slot = chunk * 16 + place in it
 *   macs {vpn, mac} -> {slot, gen}, last seen, held
 *
 * The tables `config`, `vpn_table`, `chunks` and `slot_stats` are arrays that
 * the module maps into its memory: it changes them by plain stores, in an order
 * that a reader in the middle of a frame survives. A target is valid while its
 * `gen` is not 0, and is the one meant while `gen` is the one asked for; the
 * module clears `gen` first and sets it last.
 *
 * Any change of a layout needs another SW_LAYOUT: pinned maps of an older
 * module are then thrown away instead of misread.
 */
#ifndef DMEVPN_SWITCH_MAPS_H
#define DMEVPN_SWITCH_MAPS_H

#define SW_LAYOUT 3

#define SW_ADDR_LEN 16
#define SW_MAC_LEN 6

/*
 * One run of the flood program serves SW_CHUNKS_PER_RUN chunks, and a packet
 * gets 33 tail calls: 33 runs * 16 chunks * 16 slots = 8,448 members, of which
 * SW_VPN_MEMBERS_MAX are let in.
 */
#define SW_SLOTS_PER_CHUNK 16
#define SW_CHUNKS_PER_RUN 16
#define SW_RUNS_MAX 33
#define SW_VPN_MEMBERS_MAX 8192

#define SW_CHUNKS_MAX 8192 /* of a node, all VPNs together; chunk 0 stays empty */
#define SW_SLOTS_MAX (SW_CHUNKS_MAX * SW_SLOTS_PER_CHUNK)
#define SW_VPNS_MAX 8192	 /* of a node, all devices together: two with every VLAN; number 0 is no VPN */
#define SW_VNIS_MAX (2 * SW_VPNS_MAX) /* of VPNs, open or closed */
#define SW_MACS_MAX 262144	 /* learned MACs of a node */
#define SW_VPN_MACS_LIMIT 65536	 /* default limit of a VPN */
#define SW_MEMBER_MACS_LIMIT 16384 /* default limit of a member */
#define SW_HAIRPINS_MAX 16384	 /* (source, destination) pairs remembered */
#define SW_RING_OCTETS (1 << 20)
#define SW_FRAME_MAX 128 /* octets of a frame that a hairpin event carries */

/* How often something may happen, in nanoseconds. */
struct sw_rate {
	uint64_t every; /* one in so many */
	uint64_t burst; /* and so much ahead of that */
};

/* The one entry of `config`. */
struct sw_config {
	uint32_t layout;     /* SW_LAYOUT */
	uint32_t next_gen;   /* the module's: `gen` of the next member; never 0 */
	uint64_t hairpin_ns; /* report a pair again after this many nanoseconds */
	struct sw_rate learn;	/* new and moved MACs of a member */
	struct sw_rate hairpin; /* reports of a member's frames */
};

/* Key of `vpns`, and first part of other keys: a VPN by device and VNI. */
struct sw_vpn_key {
	uint32_t ifindex;
	uint32_t vni; /* by which this hub receives the VPN */
};

/*
 * Entry of `vpn_table`. Counters only grow; `macs` is what there is now, and may be below zero for
 * moments. Of entry 0 only counters are used: frames of no open VPN.
 */
struct sw_vpn {
	struct sw_vpn_key key; /* zero: the number is free */
	uint32_t first_chunk;  /* 0: no member yet */
	uint32_t mac_limit;    /* MACs of all members together */
	uint8_t local[SW_ADDR_LEN]; /* source of the outer header; zero: the route chooses */
	int64_t macs;
	uint64_t outsiders;   /* frames of senders that are no member, dropped */
	uint64_t closed;      /* frames for a VNI whose VPN has ended or is not ready, dropped */
	uint64_t tagged;      /* frames with a VLAN tag inside, dropped */
	uint64_t looped;      /* the kernel's own answers to frames too long for a path, dropped */
	uint64_t bad_source;  /* frames with a group, zero or changed source MAC, dropped */
	uint64_t known;	      /* frames sent to the one member that has the MAC */
	uint64_t flooded;     /* frames sent to every other member */
	uint64_t copies;      /* what flooding made of them */
	uint64_t reflected;   /* frames for a MAC of the sender's own site, dropped */
	uint64_t hairpins;    /* known frames that came from another member */
	uint64_t hairpins_held; /* ones not reported: too many of that member, or the ring was full */
	uint64_t learned;
	uint64_t moved;
	uint64_t over_limit;  /* frames dropped because their source would be a MAC too many */
	uint64_t over_rate;   /* frames dropped because that member's MACs come too fast */
	uint64_t clone_errors; /* copies the kernel refused, and floods cut short */
	uint64_t held;	      /* frames dropped because their source is held behind another member */
	uint64_t events_lost; /* new and moved MACs not told, because the ring was full */
};

/* Key and value of `members`: who may send into the VPN. */
struct sw_member_key {
	struct sw_vpn_key vpn;
	uint8_t addr[SW_ADDR_LEN];
};

struct sw_member {
	uint32_t slot;
	uint32_t gen; /* tells this member from earlier ones in the slot */
};

/* Where a member is. */
struct sw_target {
	uint32_t gen; /* 0: the slot is empty */
	uint32_t vpn; /* number of the VPN it belongs to */
	uint32_t remote_vni; /* by which the member receives */
	uint32_t mac_limit;
	uint8_t addr[SW_ADDR_LEN];
};

/* Entry of `chunks`. */
struct sw_chunk {
	uint32_t vpn;  /* number of the VPN it belongs to; 0: free */
	uint32_t next; /* next chunk of the VPN; 0: last */
	struct sw_target target[SW_SLOTS_PER_CHUNK];
};

/* Entry of `slot_stats`. */
struct sw_slot_stats {
	int64_t macs; /* MACs learned there now; as in struct sw_vpn */
	uint64_t learn_due, hairpin_due; /* ns of CLOCK_MONOTONIC; see take_token() */
	uint64_t rx_frames, rx_octets;
	uint64_t tx_frames, tx_octets;
};

/* Key and value of `macs`: behind which member a MAC was heard. */
struct sw_mac_key {
	struct sw_vpn_key vpn;
	uint8_t mac[SW_MAC_LEN];
	uint8_t pad[2];
};

struct sw_mac {
	uint64_t where;	    /* sw_where(); one word, so that a move is one store */
	uint64_t last_seen; /* nanoseconds of CLOCK_MONOTONIC */
	uint32_t held;	    /* 1: it stays there, whoever else sends frames with it */
	uint32_t pad;
};

/* Key of `hairpins`; the value is when it was reported last (ns, u64). */
struct sw_hairpin_key {
	struct sw_vpn_key vpn;
	uint8_t src[SW_MAC_LEN];
	uint8_t dst[SW_MAC_LEN];
};

enum sw_event_type {
	SW_EVENT_LEARNED = 1,
	SW_EVENT_MOVED = 2,
	SW_EVENT_HAIRPIN = 3,
};

/* What the ring `events` carries. */
struct sw_event {
	uint32_t type;	    /* enum sw_event_type */
	uint32_t frame_len; /* HAIRPIN: octets of `frame` in use */
	struct sw_vpn_key vpn;
	uint64_t where;	    /* LEARNED, MOVED: now; HAIRPIN: source */
	uint64_t other;	    /* MOVED: before; HAIRPIN: destination */
	uint8_t mac[SW_MAC_LEN]; /* LEARNED, MOVED: the MAC; HAIRPIN: source MAC */
	uint8_t dst[SW_MAC_LEN]; /* HAIRPIN */
	uint8_t pad[4];
	uint8_t frame[SW_FRAME_MAX];
};

/* A place in one word: slot and generation, so that it names that very member or none. */
static inline uint64_t sw_where(uint32_t slot, uint32_t gen)
{
	return ((uint64_t)gen << 32) | slot;
}

/* The slot of a member, out of its place. */
static inline uint32_t sw_where_slot(uint64_t where)
{
	return (uint32_t)where;
}

/* The generation of that slot, out of its place. */
static inline uint32_t sw_where_gen(uint64_t where)
{
	return (uint32_t)(where >> 32);
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hub's learning switch: programs at the VXLAN device of a hub (external,
 * vnifilter, port of a VLAN-aware bridge in hairpin mode).
 *
 *      member --VXLAN--> [dmevpn_in] --> bridge --> [dmevpn_out] --VXLAN--> member(s)
 *                            |             ^             |
 *                      drop outsiders,     |         known MAC: to its member,
 *                      learn           local ports   else a copy to every member
 *
 * dmevpn_in (tcx ingress): only members, known by source address and VNI, get
 * in; source MACs are learned, and a frame whose source may not be is dropped, so
 * that the bridge does not learn it either.
 * dmevpn_out (tcx egress): the frame comes from the bridge with a
 * tunnel key that has nothing but the VNI. It leaves with the key of the one
 * member that has the MAC, or dmevpn_flood (by tail call, and again until all
 * chunks are done) clones it to every other member. Clones come by dmevpn_out
 * again, with the member's address in their key: that tells them from what the
 * bridge sends and cannot be forged from outside.
 *
 * The kernel names the addresses in a key as a receiver sees them: what we set
 * as `remote` (the member) is got back as `local`.
 *
 * On its way through the bridge a frame carries nothing of ours, no mark either:
 * one that was received on this very device (skb->ingress_ifindex) got in because its
 * source MAC was learned at its sender, and so the table tells the sender.
 *
 * Maps and their meaning: switch_maps.h. The kernel may have no JIT and no
 * BTF, so: no callbacks, no kfuncs, no calls between functions beside tail
 * calls, bounded loops only.
 *
 * What it does not do: age (nhrpd decides), police traffic, carry VLAN tags
 * inside the tunnel (the bridge would take the sender's tag for the VLAN, which
 * is another VPN; such frames are dropped), fragment, tell senders of a path MTU.
 */
#include <stdint.h>
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "switch_maps.h"

#define MAC_HEADER_LEN 14
#define LAST_SEEN_NS 1000000 /* last_seen is not written more often than this */
/* set in the tunnel flags of every key that bpf_skb_set_tunnel_key made, in none received */
#define NOCACHE 0x2000

/* words of skb->cb, which lives across tail calls */
enum { CB_VPN, CB_CHUNK, CB_SENDER, CB_FIRST, CB_COPIES };

#define MAP(name, kind, key_type, value_type, entries, flags)                   \
	struct {                                                                \
		__uint(type, kind);                                             \
		__type(key, key_type);                                          \
		__type(value, value_type);                                      \
		__uint(max_entries, entries);                                   \
		__uint(map_flags, flags);                                       \
	} name SEC(".maps")

/*
 * hash elements are allocated beforehand: a burst of new MACs must not wait for the kernel's
 * allocator
 */
MAP(config, BPF_MAP_TYPE_ARRAY, uint32_t, struct sw_config, 1, BPF_F_MMAPABLE);
MAP(vpns, BPF_MAP_TYPE_HASH, struct sw_vpn_key, uint32_t, SW_VNIS_MAX, 0);
MAP(vpn_table, BPF_MAP_TYPE_ARRAY, uint32_t, struct sw_vpn, SW_VPNS_MAX, BPF_F_MMAPABLE);
MAP(members, BPF_MAP_TYPE_HASH, struct sw_member_key, struct sw_member, SW_SLOTS_MAX, 0);
MAP(chunks, BPF_MAP_TYPE_ARRAY, uint32_t, struct sw_chunk, SW_CHUNKS_MAX, BPF_F_MMAPABLE);
MAP(slot_stats, BPF_MAP_TYPE_ARRAY, uint32_t, struct sw_slot_stats, SW_SLOTS_MAX, BPF_F_MMAPABLE);
MAP(macs, BPF_MAP_TYPE_HASH, struct sw_mac_key, struct sw_mac, SW_MACS_MAX, 0);
MAP(hairpins, BPF_MAP_TYPE_LRU_HASH, struct sw_hairpin_key, uint64_t, SW_HAIRPINS_MAX, 0);
MAP(programs, BPF_MAP_TYPE_PROG_ARRAY, uint32_t, uint32_t, 1, 0);

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SW_RING_OCTETS);
} events SEC(".maps");

#define INLINE static __always_inline
#define ADD(counter, n) __sync_fetch_and_add(&(counter), n)
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))

/* One frame at ingress, and what was found about it. */
struct sighting {
	struct sw_mac_key key;
	struct sw_vpn *vpn;
	struct sw_target *target; /* the sender's */
	struct sw_slot_stats *stats; /* the sender's */
	uint64_t where;
	uint64_t now; /* ns */
};

INLINE struct sw_config *get_config(void)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(&config, &zero);
}

/*
 * The VPN of a VNI, and its number; when there is none, entry 0 and number 0, and FOREIGN tells
 * whether the VNI is somebody else's (otherwise it is one of ours, but closed).
 */
INLINE struct sw_vpn *get_vpn(const struct sw_vpn_key *key, uint32_t *number, int *foreign)
{
	uint32_t *found = bpf_map_lookup_elem(&vpns, key);
	struct sw_vpn *vpn;

	*foreign = !found;
	*number = found ? *found : 0;
	vpn = bpf_map_lookup_elem(&vpn_table, number);
	if (!vpn || !*number || (vpn->key.ifindex == key->ifindex && vpn->key.vni == key->vni))
		return vpn;
	/* the element of a deleted VPN may be another's by now */
	*number = 0;
	return bpf_map_lookup_elem(&vpn_table, number);
}

INLINE struct sw_target *get_target(uint32_t slot)
{
	uint32_t index = slot / SW_SLOTS_PER_CHUNK;
	struct sw_chunk *chunk = bpf_map_lookup_elem(&chunks, &index);

	return chunk ? &chunk->target[slot % SW_SLOTS_PER_CHUNK] : NULL;
}

/* The target at that place, or NULL when that member is gone. */
INLINE struct sw_target *get_target_at(uint64_t where)
{
	struct sw_target *target = get_target(sw_where_slot(where));

	return target && READ_ONCE(target->gen) == sw_where_gen(where) ? target : NULL;
}

INLINE void map_ipv4(uint8_t addr[SW_ADDR_LEN], uint32_t ipv4)
{
	uint32_t *word = (uint32_t *)addr;

	word[0] = 0;
	word[1] = 0;
	word[2] = bpf_htonl(0xffff);
	word[3] = bpf_htonl(ipv4);
}

/*
 * Source address, VNI and tunnel flags of a received frame; returns 0, or an error for one without
 * a tunnel key.
 */
INLINE long get_sender(struct __sk_buff *skb, struct sw_member_key *key, uint16_t *flags)
{
	struct bpf_tunnel_key tunnel = {};
	long err = bpf_skb_get_tunnel_key(skb, &tunnel, sizeof(tunnel), BPF_F_TUNINFO_FLAGS);

	if (!err) {
		map_ipv4(key->addr, tunnel.remote_ipv4);
	} else {
		err = bpf_skb_get_tunnel_key(skb, &tunnel, sizeof(tunnel),
					     BPF_F_TUNINFO_IPV6 | BPF_F_TUNINFO_FLAGS);
		if (err)
			return err;
		__builtin_memcpy(key->addr, tunnel.remote_ipv6, SW_ADDR_LEN);
	}
	key->vpn.ifindex = skb->ifindex;
	key->vpn.vni = tunnel.tunnel_id;
	*flags = tunnel.tunnel_flags;
	return 0;
}

/* The tag in front is in skb->vlan_tci when the kernel has taken it out already. */
INLINE int is_tagged(const struct __sk_buff *skb)
{
	return skb->vlan_present || skb->protocol == bpf_htons(ETH_P_8021Q) ||
	       skb->protocol == bpf_htons(ETH_P_8021AD);
}

/*
 * Points the frame at a member. Returns 0, or an error when the member went
 * while we looked, or is of another VPN.
 */
INLINE long aim(struct __sk_buff *skb, const struct sw_vpn *vpn, uint32_t number,
		const struct sw_target *target)
{
	struct bpf_tunnel_key key = {};
	uint32_t gen = READ_ONCE(target->gen);
	uint32_t addr[4], local[4];

	__builtin_memcpy(addr, target->addr, sizeof(addr));
	__builtin_memcpy(local, vpn->local, sizeof(local));
	key.tunnel_id = target->remote_vni;
	if (!gen || target->vpn != number || READ_ONCE(target->gen) != gen)
		return -1;
	if (!addr[0] && !addr[1] && addr[2] == bpf_htonl(0xffff)) {
		key.remote_ipv4 = bpf_ntohl(addr[3]);
		if (!local[0] && !local[1] && local[2] == bpf_htonl(0xffff))
			key.local_ipv4 = bpf_ntohl(local[3]);
		/* as VXLAN over IPv4 does by default */
		return bpf_skb_set_tunnel_key(skb, &key, sizeof(key), BPF_F_ZERO_CSUM_TX);
	}
	__builtin_memcpy(key.remote_ipv6, addr, sizeof(addr));
	if (local[2] != bpf_htonl(0xffff))
		__builtin_memcpy(key.local_ipv6, local, sizeof(local));
	return bpf_skb_set_tunnel_key(skb, &key, sizeof(key), BPF_F_TUNINFO_IPV6);
}

INLINE void count_sent(struct __sk_buff *skb, uint32_t slot)
{
	struct sw_slot_stats *stats = bpf_map_lookup_elem(&slot_stats, &slot);

	if (stats) {
		ADD(stats->tx_frames, 1);
		ADD(stats->tx_octets, skb->len);
	}
}

INLINE void report_mac(const struct sighting *s, uint32_t type, uint64_t before)
{
	struct sw_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		ADD(s->vpn->events_lost, 1);
		return;
	}
	event->type = type;
	event->frame_len = 0;
	event->vpn = s->key.vpn;
	event->where = s->where;
	event->other = before;
	__builtin_memcpy(event->mac, s->key.mac, SW_MAC_LEN);
	bpf_ringbuf_submit(event, 0);
}

/*
 * True when something may happen now: once in `every`, and `burst` ahead of that. One word a
 * bucket, the time when it is full again; CPUs that meet there let one through too many.
 */
INLINE int take_token(uint64_t *due, const struct sw_rate *rate, uint64_t now)
{
	uint64_t at = READ_ONCE(*due);

	if (at < now)
		at = now;
	if (at - now + rate->every > rate->burst)
		return 0;
	*(volatile uint64_t *)due = at + rate->every;
	return 1;
}

/* Takes one MAC more from a limit: first taken, then judged, so that CPUs cannot pass it together. */
INLINE int take_one(int64_t *macs, uint32_t limit)
{
	if (__sync_fetch_and_add(macs, 1) < (int64_t)limit)
		return 1;
	ADD(*macs, -1);
	return 0;
}

INLINE void give_back(uint32_t slot)
{
	struct sw_slot_stats *stats = bpf_map_lookup_elem(&slot_stats, &slot);

	if (stats)
		ADD(stats->macs, -1);
}

/*
 * Takes one MAC of a member's allowance, and of the VPN's for one that is new in it; 0 when there
 * is none left, or when that member has had too many new ones in too short a time.
 */
INLINE int take_allowance(const struct sighting *s, int of_vpn)
{
	const struct sw_config *cfg = get_config();

	if (!cfg || !take_one(&s->stats->macs, s->target->mac_limit)) {
		ADD(s->vpn->over_limit, 1);
		return 0;
	}
	if (of_vpn && !take_one(&s->vpn->macs, s->vpn->mac_limit)) {
		ADD(s->stats->macs, -1);
		ADD(s->vpn->over_limit, 1);
		return 0;
	}
	if (take_token(&s->stats->learn_due, &cfg->learn, s->now))
		return 1;
	ADD(s->stats->macs, -1);
	if (of_vpn)
		ADD(s->vpn->macs, -1);
	ADD(s->vpn->over_rate, 1);
	return 0;
}

/* These return 0 for a frame that must go no further. */
INLINE int learn_new(const struct sighting *s)
{
	struct sw_mac fresh = { .where = s->where, .last_seen = s->now };
	long err;

	if (!take_allowance(s, 1))
		return 0;
	err = bpf_map_update_elem(&macs, &s->key, &fresh, BPF_NOEXIST);
	if (!err) {
		ADD(s->vpn->learned, 1);
		report_mac(s, SW_EVENT_LEARNED, 0);
		return 1;
	}
	ADD(s->stats->macs, -1);
	ADD(s->vpn->macs, -1);
	if (err == -EEXIST) /* another CPU was first */
		return 1;
	ADD(s->vpn->over_limit, 1); /* the node's table is full */
	return 0;
}

INLINE int learn_move(const struct sighting *s, struct sw_mac *mac)
{
	uint64_t before;

	if (!take_allowance(s, 0))
		return 0;
	before = __sync_lock_test_and_set(&mac->where, s->where);
	mac->last_seen = s->now;
	/* of a member that is gone, or this one by another CPU's hand: told by its generation */
	if (get_target_at(before))
		give_back(sw_where_slot(before));
	ADD(s->vpn->moved, 1);
	report_mac(s, SW_EVENT_MOVED, before);
	return 1;
}

INLINE int learn(const struct sighting *s)
{
	struct sw_mac *mac = bpf_map_lookup_elem(&macs, &s->key);

	if (!mac)
		return learn_new(s);
	if (mac->where != s->where && mac->held && get_target_at(mac->where)) {
		ADD(s->vpn->held, 1);
		return 0;
	}
	if (mac->where != s->where)
		return learn_move(s, mac);
	if (s->now - mac->last_seen > LAST_SEEN_NS)
		mac->last_seen = s->now;
	return 1;
}

INLINE int is_group(const uint8_t mac[SW_MAC_LEN])
{
	return mac[0] & 1;
}

INLINE int is_zero(const uint8_t mac[SW_MAC_LEN])
{
	return !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

SEC("tcx/ingress")
int dmevpn_in(struct __sk_buff *skb)
{
	struct sw_member_key sender = {};
	struct sw_member *member;
	struct sighting s = {};
	uint32_t number, slot;
	uint16_t flags;
	int foreign;

	if (get_sender(skb, &sender, &flags))
		return TCX_DROP;
	s.vpn = get_vpn(&sender.vpn, &number, &foreign);
	if (!s.vpn)
		return TCX_DROP;
	if (flags & bpf_htons(NOCACHE)) {
		/* ICMP that the kernel made of a frame too long: it has the member's VNI, not ours */
		ADD(s.vpn->looped, 1);
		return TCX_DROP;
	}
	if (is_tagged(skb)) {
		ADD(s.vpn->tagged, 1);
		return TCX_DROP;
	}
	if (foreign)
		return TCX_NEXT;
	if (!number) {
		ADD(s.vpn->closed, 1);
		return TCX_DROP;
	}
	member = bpf_map_lookup_elem(&members, &sender);
	if (!member) {
		ADD(s.vpn->outsiders, 1);
		return TCX_DROP;
	}
	slot = member->slot;
	s.where = sw_where(slot, member->gen);
	s.target = get_target_at(s.where);
	s.stats = bpf_map_lookup_elem(&slot_stats, &slot);
	if (!s.target || !s.stats) {
		ADD(s.vpn->outsiders, 1);
		return TCX_DROP;
	}
	s.key.vpn = sender.vpn;
	if (bpf_skb_load_bytes(skb, SW_MAC_LEN, s.key.mac, SW_MAC_LEN) || is_group(s.key.mac) ||
	    is_zero(s.key.mac)) {
		ADD(s.vpn->bad_source, 1);
		return TCX_DROP;
	}
	ADD(s.stats->rx_frames, 1);
	ADD(s.stats->rx_octets, skb->len);
	s.now = bpf_ktime_get_ns();
	return learn(&s) ? TCX_NEXT : TCX_DROP;
}

/*
 * Reports that a frame came from one member and leaves to another, once in a while for each pair,
 * and not too often for all frames of a member together.
 */
INLINE void report_hairpin(struct __sk_buff *skb, struct sw_vpn *vpn, uint64_t from, uint64_t to)
{
	uint32_t len, slot = sw_where_slot(from);
	struct sw_slot_stats *stats = bpf_map_lookup_elem(&slot_stats, &slot);
	struct sw_hairpin_key key = { .vpn = vpn->key };
	const struct sw_config *cfg = get_config();
	uint64_t now = bpf_ktime_get_ns(), *last;
	struct sw_event *event;

	if (!stats || !cfg || bpf_skb_load_bytes(skb, 0, key.dst, SW_MAC_LEN) ||
	    bpf_skb_load_bytes(skb, SW_MAC_LEN, key.src, SW_MAC_LEN))
		return;
	last = bpf_map_lookup_elem(&hairpins, &key);
	if (last && now - *last < cfg->hairpin_ns)
		return;
	if (!take_token(&stats->hairpin_due, &cfg->hairpin, now)) {
		ADD(vpn->hairpins_held, 1);
		return;
	}
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		/* the next frame of the pair reports it */
		ADD(vpn->hairpins_held, 1);
		return;
	}
	bpf_map_update_elem(&hairpins, &key, &now, BPF_ANY);
	event->type = SW_EVENT_HAIRPIN;
	event->vpn = vpn->key;
	event->where = from;
	event->other = to;
	__builtin_memcpy(event->mac, key.src, SW_MAC_LEN);
	__builtin_memcpy(event->dst, key.dst, SW_MAC_LEN);
	len = skb->len;
	if (len > SW_FRAME_MAX)
		len = SW_FRAME_MAX;
	if (len < MAC_HEADER_LEN || bpf_skb_load_bytes(skb, 0, event->frame, len))
		len = 0;
	event->frame_len = len;
	bpf_ringbuf_submit(event, 0);
}

/* A frame for a known MAC: to that member, or nowhere when it came from there. */
INLINE int send_known(struct __sk_buff *skb, struct sw_vpn *vpn, uint32_t number, uint64_t from,
		      uint64_t to)
{
	struct sw_target *target = get_target_at(to);

	if (to == from) {
		ADD(vpn->reflected, 1);
		return TCX_DROP;
	}
	if (from) {
		ADD(vpn->hairpins, 1);
		report_hairpin(skb, vpn, from, to);
	}
	if (!target || aim(skb, vpn, number, target))
		return TCX_DROP;
	ADD(vpn->known, 1);
	count_sent(skb, sw_where_slot(to));
	return TCX_NEXT;
}

/*
 * The place of the member that a frame came from, 0 for one of a local port. Returns 0, or an error
 * for a frame that came by this device and whose source no member has: changed on its way.
 */
INLINE int get_origin(struct __sk_buff *skb, struct sw_mac_key *key, uint64_t *from)
{
	struct sw_mac *mac;

	*from = 0;
	if (skb->ingress_ifindex != skb->ifindex)
		return 0;
	if (bpf_skb_load_bytes(skb, SW_MAC_LEN, key->mac, SW_MAC_LEN))
		return -1;
	mac = bpf_map_lookup_elem(&macs, key);
	if (!mac)
		return -1;
	*from = mac->where;
	return 0;
}

SEC("tcx/egress")
int dmevpn_out(struct __sk_buff *skb)
{
	struct bpf_tunnel_key tunnel = {};
	struct sw_mac_key key = {};
	struct sw_vpn *vpn;
	struct sw_mac *mac;
	uint32_t number;
	uint64_t from;
	int foreign;

	if (bpf_skb_get_tunnel_key(skb, &tunnel, sizeof(tunnel), 0) || tunnel.local_ipv4 ||
	    tunnel.remote_ipv4)
		/* a clone of ours (IPv6 ones are refused by the call), or a frame without VNI */
		return TCX_NEXT;
	key.vpn.ifindex = skb->ifindex;
	key.vpn.vni = tunnel.tunnel_id;
	vpn = get_vpn(&key.vpn, &number, &foreign);
	if (foreign || !vpn)
		return TCX_NEXT;
	if (!number) {
		ADD(vpn->closed, 1);
		return TCX_DROP;
	}
	if (is_tagged(skb)) {
		/* a local port's second tag; members' frames come without */
		ADD(vpn->tagged, 1);
		return TCX_DROP;
	}
	if (get_origin(skb, &key, &from)) {
		ADD(vpn->bad_source, 1);
		return TCX_DROP;
	}
	if (bpf_skb_load_bytes(skb, 0, key.mac, SW_MAC_LEN))
		return TCX_DROP;
	if (!is_group(key.mac)) {
		mac = bpf_map_lookup_elem(&macs, &key);
		if (mac && get_target_at(mac->where))
			return send_known(skb, vpn, number, from, mac->where);
	}
	ADD(vpn->flooded, 1);
	skb->cb[CB_VPN] = number;
	skb->cb[CB_CHUNK] = vpn->first_chunk;
	skb->cb[CB_SENDER] = sw_where_slot(from);
	skb->cb[CB_FIRST] = 0;
	skb->cb[CB_COPIES] = 0;
	bpf_tail_call(skb, &programs, 0);
	ADD(vpn->clone_errors, 1);
	return TCX_DROP;
}

/* Clones the frame to one member; the first one is put off, for it gets the frame itself. */
INLINE void copy_to(struct __sk_buff *skb, struct sw_vpn *vpn, uint32_t number,
		    const struct sw_target *target, uint32_t slot)
{
	if (!target->gen || slot == skb->cb[CB_SENDER])
		return;
	if (!skb->cb[CB_FIRST]) {
		skb->cb[CB_FIRST] = slot;
		return;
	}
	/* the key is one per CPU: the clone is encapsulated before this call returns */
	if (aim(skb, vpn, number, target) || bpf_clone_redirect(skb, skb->ifindex, 0)) {
		ADD(vpn->clone_errors, 1);
		return;
	}
	count_sent(skb, slot);
	skb->cb[CB_COPIES]++;
}

/* All chunks are done: the frame itself goes to the member that was put off. */
INLINE int finish_flood(struct __sk_buff *skb, struct sw_vpn *vpn, uint32_t number)
{
	uint32_t slot = skb->cb[CB_FIRST];
	struct sw_target *target = get_target(slot);

	ADD(vpn->copies, skb->cb[CB_COPIES]);
	if (!slot || !target || aim(skb, vpn, number, target))
		return TCX_DROP;
	ADD(vpn->copies, 1);
	count_sent(skb, slot);
	return TCX_NEXT;
}

SEC("tcx/egress")
int dmevpn_flood(struct __sk_buff *skb)
{
	uint32_t number = skb->cb[CB_VPN], index = skb->cb[CB_CHUNK];
	struct sw_vpn *vpn = bpf_map_lookup_elem(&vpn_table, &number);
	struct sw_chunk *chunk;
	uint32_t run, i;

	if (!vpn)
		return TCX_DROP;
	for (run = 0; run < SW_CHUNKS_PER_RUN; run++) {
		chunk = index ? bpf_map_lookup_elem(&chunks, &index) : NULL;
		if (!chunk || chunk->vpn != number)
			return finish_flood(skb, vpn, number);
		for (i = 0; i < SW_SLOTS_PER_CHUNK; i++)
			copy_to(skb, vpn, number, &chunk->target[i],
				index * SW_SLOTS_PER_CHUNK + i);
		index = chunk->next;
	}
	skb->cb[CB_CHUNK] = index;
	bpf_tail_call(skb, &programs, 0);
	/* more members than a packet has tail calls; the module lets none of them in */
	ADD(vpn->clone_errors, 1);
	return finish_flood(skb, vpn, number);
}

char module_license[] SEC("license") = "GPL";

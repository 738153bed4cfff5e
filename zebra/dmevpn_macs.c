// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The MACs that the hub's BPF switch has learned. They are in its map alone,
 * by (ifindex, vni, mac); a walk reads some hundred of them a system call.
 *
 * A MAC whose member is gone (another generation is in the slot) counts as
 * unknown here as it does in the switch, until it is heard again.
 *
 * All functions run on zebra's main pthread. It does not age: nhrpd decides,
 * and asks how long a MAC has been silent.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <time.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/zebra.h"
#include "lib/log.h"

#include "zebra/dmevpn_macs.h"
#include "zebra/dmevpn_mapwalk.h"
#include "zebra/dmevpn_members.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_switch.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_MAC_WALK, "MACs being read");

/* a MAC that was heard within this is as good as heard now */
#define REFRESH_NS 1000000000ULL
#define BIND_TRIES 3

static struct sw_mac_key mac_key(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac)
{
	struct sw_mac_key key = {.vpn = {.ifindex = ifindex, .vni = vni}};

	memcpy(key.mac, mac->octets, SW_MAC_LEN);
	return key;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	/* what bpf_ktime_get_ns() reads */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* NOW is now_ns(), read once for many. */
static void fill(struct dm_mac_info *info, const struct sw_mac_key *key, const struct sw_mac *value,
		 uint64_t now)
{
	uint64_t ms = now > value->last_seen ? (now - value->last_seen) / 1000000 : 0;

	info->key = *key;
	info->member = dm_member_at(value->where);
	info->idle_ms = ms > UINT32_MAX ? UINT32_MAX : ms;
	info->held = value->held;
}

struct dm_macs_walk {
	struct dm_mapwalk map;
	struct sw_mac_key keys[DM_MAPWALK_BATCH];
	struct sw_mac values[DM_MAPWALK_BATCH];
};

struct dm_macs_walk *dm_macs_walk(void)
{
	struct dm_macs_walk *w;

	if (!dm_switch_maps())
		return NULL;
	w = XCALLOC(MTYPE_DM_MAC_WALK, sizeof(*w));
	w->map.fd = dm_switch_maps()->macs;
	w->map.keys = w->keys;
	w->map.values = w->values;
	return w;
}

void dm_macs_walk_end(struct dm_macs_walk **w)
{
	XFREE(MTYPE_DM_MAC_WALK, *w);
}

/* Returns how many MACs came, or a negative errno. */
static int walk_on(struct dm_macs_walk *w)
{
	int n = dm_switch_maps() ? dm_mapwalk_next(&w->map) : -ENODEV;

	if (n < 0)
		zlog_err("dmevpn: reading the learned MACs: %s", safe_strerror(-n));
	return n;
}

bool dm_macs_walk_on(struct dm_macs_walk *w, void (*each)(const struct dm_mac_info *mac, void *arg), void *arg)
{
	int n = walk_on(w), i;
	uint64_t now = now_ns();
	struct dm_mac_info info;

	for (i = 0; i < n; i++) {
		fill(&info, &w->keys[i], &w->values[i], now);
		each(&info, arg);
	}
	return n >= 0 && !w->map.ended;
}

static int walk(void (*each)(const struct sw_mac_key *key, const struct sw_mac *value, void *arg),
		void *arg)
{
	struct dm_macs_walk *w = dm_macs_walk();
	int n = 0, i;

	if (!w)
		return ENODEV;
	while (n >= 0 && !w->map.ended) {
		n = walk_on(w);
		for (i = 0; i < n; i++)
			each(&w->keys[i], &w->values[i], arg);
	}
	dm_macs_walk_end(&w);
	return n < 0 ? -n : 0;
}

struct each_mac {
	struct sw_vpn_key vpn;
	void (*each)(const struct dm_mac_info *mac, void *arg);
	void *arg;
	uint64_t now;
};

static void tell(const struct sw_mac_key *key, const struct sw_mac *value, void *arg)
{
	const struct each_mac *e = arg;
	struct dm_mac_info info;

	if (e->vpn.ifindex && memcmp(&e->vpn, &key->vpn, sizeof(e->vpn)) != 0)
		return;
	fill(&info, key, value, e->now);
	e->each(&info, e->arg);
}

int dm_macs_each(uint32_t ifindex, uint32_t vni,
		 void (*each)(const struct dm_mac_info *mac, void *arg), void *arg)
{
	struct each_mac e = {{.ifindex = ifindex, .vni = vni}, each, arg, now_ns()};

	return walk(tell, &e);
}

static int lookup(const struct sw_mac_key *key, struct sw_mac *value)
{
	if (!dm_switch_maps())
		return ENODEV;
	return dm_switch_errno(bpf_map_lookup_elem(dm_switch_maps()->macs, key, value));
}

bool dm_mac_find(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac,
		 struct dm_mac_info *info)
{
	struct sw_mac_key key = mac_key(ifindex, vni, mac);
	struct sw_mac value;

	if (lookup(&key, &value))
		return false;
	fill(info, &key, &value, now_ns());
	return info->member != NULL;
}

/*
 * Takes a MAC out of the map and counts it where it really was, which is told in WAS: BPF may have
 * moved it since it was looked at. An element cannot be overwritten for the same reason. Returns 0
 * or an errno.
 */
static int take_out(const struct sw_mac_key *key, struct sw_mac *was)
{
	int result = bpf_map_lookup_and_delete_elem(dm_switch_maps()->macs, key, was);

	if (result == 0)
		dm_vpn_give_mac(&key->vpn, was->where);
	return dm_switch_errno(result);
}

/* Returns 0, ENOSPC past a limit, EEXIST for a MAC that is in the map already, or another errno. */
static int insert(const struct sw_mac_key *key, const struct sw_mac *value)
{
	int result;

	if (!dm_vpn_take_mac(&key->vpn, value->where))
		return ENOSPC;
	result = bpf_map_update_elem(dm_switch_maps()->macs, key, value, BPF_NOEXIST);
	if (result)
		dm_vpn_give_mac(&key->vpn, value->where);
	return dm_switch_errno(result);
}

/* Forgets a MAC that was seen at a place; one that moved meanwhile stays. */
static void forget(const struct sw_mac_key *key, uint64_t where)
{
	struct sw_mac was;

	if (take_out(key, &was) == 0 && was.where != where)
		insert(key, &was); /* EEXIST: heard again in between */
}

/* Where a MAC is to be, and where it may be up to now. */
struct binding {
	uint64_t where, from;
	uint64_t heard; /* nanoseconds, as now_ns() */
};

/* Heard at a third place, of which nhrpd has yet to hear. */
static bool is_elsewhere(const struct sw_mac *was, const struct binding *b)
{
	return was->where != b->where && was->where != b->from && dm_member_at(was->where);
}

/*
 * EEXIST: BPF has heard the MAC while it was out. One that is known elsewhere is
 * put back there when this member has no room for it, or it was not to be taken from there (ESTALE).
 */
static int try_bind(const struct sw_mac_key *key, const struct binding *b)
{
	struct sw_mac fresh = {.where = b->where, .last_seen = b->heard}, was;
	bool known = lookup(key, &was) == 0;
	int err;

	if (known && was.where == b->where && was.last_seen + REFRESH_NS > fresh.last_seen)
		return 0;
	known = known && take_out(key, &was) == 0;
	fresh.held = known && was.held;
	err = known && is_elsewhere(&was, b) ? ESTALE : insert(key, &fresh);
	if (err && err != EEXIST && known && dm_member_at(was.where))
		insert(key, &was);
	return err;
}

static int put(const struct sw_mac_key *key, const struct binding *b)
{
	int tries, err = EEXIST;

	for (tries = 0; err == EEXIST && tries < BIND_TRIES; tries++)
		err = try_bind(key, b);
	/* heard elsewhere again and again, which is newer than what we were told */
	return err == EEXIST ? ESTALE : err;
}

int dm_mac_add(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac,
	       const struct dm_addr *nbma)
{
	struct sw_mac_key key = mac_key(ifindex, vni, mac);
	struct binding b = {.where = dm_member_where(ifindex, vni, nbma)};
	struct sw_mac was;
	int err;

	if (!b.where)
		return ENOENT;
	/* behind a member that is gone it is as good as unknown */
	if (lookup(&key, &was) == 0 && dm_member_at(was.where))
		return 0;
	b.heard = now_ns();
	err = put(&key, &b);
	return err == ESTALE ? 0 : err;
}

int dm_mac_bind(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac,
		const struct dm_addr *nbma, const struct dm_addr *from, uint32_t idle_ms)
{
	struct sw_mac_key key = mac_key(ifindex, vni, mac);
	struct binding b = {.where = dm_member_where(ifindex, vni, nbma)};
	uint64_t now = now_ns(), ago = idle_ms * 1000000ULL;

	if (mac->family != DM_MAC || dm_addr_is_multicast(mac) || dm_addr_is_zero(mac))
		return EINVAL;
	if (!b.where)
		return ENOENT;
	b.from = dm_addr_is_set(from) ? dm_member_where(ifindex, vni, from) : 0;
	b.heard = ago < now ? now - ago : 0;
	return put(&key, &b);
}

/* One try; EEXIST as above. */
static int try_hold(const struct sw_mac_key *key, uint64_t where, bool held)
{
	struct sw_mac was;
	int err = take_out(key, &was);

	if (err)
		return err;
	if (!held || was.where == where)
		was.held = held;
	err = insert(key, &was);
	return !err && was.where != where ? ESTALE : err;
}

int dm_mac_hold(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac,
		const struct dm_addr *nbma, bool held)
{
	struct sw_mac_key key = mac_key(ifindex, vni, mac);
	uint64_t where = dm_member_where(ifindex, vni, nbma);
	int tries, err = EEXIST;

	if (mac->family != DM_MAC || !where || !dm_switch_maps())
		return ENOENT;
	for (tries = 0; err == EEXIST && tries < BIND_TRIES; tries++)
		err = try_hold(&key, where, held);
	return err == EEXIST ? ESTALE : err;
}

void dm_mac_del(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac,
		const struct dm_addr *nbma)
{
	struct sw_mac_key key = mac_key(ifindex, vni, mac);
	const struct dm_member_info *at;
	struct sw_mac value;

	if (lookup(&key, &value))
		return;
	at = dm_member_at(value.where);
	if (at && dm_addr_is_set(nbma) && !dm_addr_same(&at->nbma, nbma))
		return;
	forget(&key, value.where);
}

struct doomed {
	struct sw_vpn_key vpn;
	uint32_t slot; /* 0: all */
};

static void forget_doomed(const struct sw_mac_key *key, const struct sw_mac *value, void *arg)
{
	const struct doomed *d = arg;

	if (memcmp(&key->vpn, &d->vpn, sizeof(d->vpn)) == 0 &&
	    (!d->slot || sw_where_slot(value->where) == d->slot))
		forget(key, value->where);
}

void dm_macs_forget(uint32_t ifindex, uint32_t vni, uint32_t slot)
{
	struct doomed d = {{.ifindex = ifindex, .vni = vni}, slot};

	walk(forget_doomed, &d);
}

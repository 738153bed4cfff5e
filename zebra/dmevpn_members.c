// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VPNs and members of the hub's BPF switch.
 *
 * Objects: a VPN by (ifindex, vni), with a number that is its place in
 * `vpn_table`; a member by (ifindex, vni, nbma), with a slot in one of its
 * VPN's chunks. Both have a copy here; a member's generation tells which of
 * several that had a slot is meant.
 *
 * The maps are read by BPF programs on all CPUs while they are changed here.
 * So a slot's `gen` is cleared before anything else of it changes and set
 * last; a VPN is closed in `vpns` before its chunks are freed, a member is out
 * of `members` before its slot is; and readers check that chunk and target
 * belong to their VPN. A frame in the middle of it is lost or flooded, never
 * sent to another VPN.
 *
 * A closed VPN stays in `vpns`, with number 0, so that its frames are dropped
 * while its VNI is still mapped into the bridge.
 *
 * All functions run on zebra's main pthread. It does not decide who is a
 * member: nhrpd does. MACs are dmevpn_macs.c's.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/zebra.h"
#include "lib/jhash.h"
#include "lib/log.h"
#include "lib/privs.h"
#include "lib/typesafe.h"

#include "zebra/dmevpn_macs.h"
#include "zebra/dmevpn_members.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_switch.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_MEMBER, "member of a VPN");
DEFINE_MTYPE_STATIC(DMEVPN, DM_SLOTS, "members by slot");
DEFINE_MTYPE_STATIC(DMEVPN, DM_VPN, "VPN of the switch");

extern struct zebra_privs_t zserv_privs;

PREDECL_HASH(vpn_table);
PREDECL_HASH(member_table);
PREDECL_DLIST(vpn_members);
PREDECL_DLIST(closed_vpns);

struct vpn {
	struct vpn_table_item item;
	struct sw_vpn_key key;
	uint32_t number; /* its place in the map */
	struct vpn_members_head members;
};

struct member {
	struct member_table_item item;
	struct vpn_members_item vpn_item;
	struct vpn *vpn;
	struct dm_member_info info;
	uint32_t slot, gen;
	bool marked;
};

/* A VPN that has ended and is still in the map, so that its frames are dropped. */
struct closed {
	struct closed_vpns_item item;
	struct sw_vpn_key key;
};

static int vpn_cmp(const struct vpn *a, const struct vpn *b)
{
	int diff = numcmp(a->key.ifindex, b->key.ifindex);

	return diff ? diff : numcmp(a->key.vni, b->key.vni);
}

static uint32_t vpn_hash(const struct vpn *v)
{
	return jhash_2words(v->key.ifindex, v->key.vni, 0x76706e);
}

static int member_cmp(const struct member *a, const struct member *b)
{
	int diff = numcmp(a->info.ifindex, b->info.ifindex);

	diff = diff ? diff : numcmp(a->info.vni, b->info.vni);
	return diff ? diff : dm_addr_cmp(&a->info.nbma, &b->info.nbma);
}

static uint32_t member_hash(const struct member *m)
{
	return jhash_2words(m->info.ifindex, m->info.vni, dm_addr_hash(&m->info.nbma, 0));
}

DECLARE_HASH(vpn_table, struct vpn, item, vpn_cmp, vpn_hash);
DECLARE_HASH(member_table, struct member, item, member_cmp, member_hash);
DECLARE_DLIST(vpn_members, struct member, vpn_item);
DECLARE_DLIST(closed_vpns, struct closed, item);

static struct vpn_table_head vpns;
static struct member_table_head members;
static struct member **by_slot; /* SW_SLOTS_MAX, NULL while nothing is loaded */
static struct closed_vpns_head closed = INIT_DLIST(closed);
static bool strangers; /* there may be VPNs in the map that an earlier zebra closed */

/* --- small parts -------------------------------------------------------------- */

static void addr_to_map(const struct dm_addr *addr, uint8_t octets[SW_ADDR_LEN])
{
	memset(octets, 0, SW_ADDR_LEN);
	if (addr->family == DM_IPV6) {
		memcpy(octets, addr->octets, SW_ADDR_LEN);
	} else if (addr->family == DM_IPV4) {
		octets[10] = octets[11] = 0xff;
		memcpy(octets + 12, addr->octets, 4);
	}
}

void dm_addr_from_map(const uint8_t octets[SW_ADDR_LEN], struct dm_addr *addr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(octets, mapped, sizeof(mapped)) == 0)
		dm_addr_set(addr, DM_IPV4, octets + 12, 4);
	else
		dm_addr_set(addr, DM_IPV6, octets, SW_ADDR_LEN);
}

static void store_gen(struct sw_target *target, uint32_t gen)
{
	__atomic_store_n(&target->gen, gen, __ATOMIC_SEQ_CST);
}

static struct sw_target *target_of(uint32_t slot)
{
	struct sw_chunk *chunk = &dm_switch_maps()->chunks[slot / SW_SLOTS_PER_CHUNK];

	return &chunk->target[slot % SW_SLOTS_PER_CHUNK];
}

static bool ready(void)
{
	return dm_switch_maps() && by_slot;
}

static struct vpn *find_vpn(uint32_t ifindex, uint32_t vni)
{
	struct vpn key = {.key = {.ifindex = ifindex, .vni = vni}};

	return ready() ? vpn_table_find(&vpns, &key) : NULL;
}

static struct sw_vpn *entry_of(const struct vpn *vpn)
{
	return &dm_switch_maps()->vpn_table[vpn->number];
}

/* --- VPNs --------------------------------------------------------------------- */

const struct sw_vpn *dm_vpn_find(uint32_t ifindex, uint32_t vni)
{
	struct vpn *vpn = find_vpn(ifindex, vni);

	return vpn ? entry_of(vpn) : NULL;
}

const struct sw_vpn *dm_vpn_strays(void)
{
	return ready() ? &dm_switch_maps()->vpn_table[0] : NULL;
}

static void add(int64_t *macs, int64_t change)
{
	__atomic_fetch_add(macs, change, __ATOMIC_RELAXED);
}

/* First taken, then judged, as BPF does it. */
static bool take_one(int64_t *macs, uint32_t limit)
{
	if (__atomic_fetch_add(macs, 1, __ATOMIC_RELAXED) < (int64_t)limit)
		return true;
	add(macs, -1);
	return false;
}

bool dm_vpn_take_mac(const struct sw_vpn_key *key, uint64_t where)
{
	struct vpn *vpn = find_vpn(key->ifindex, key->vni);
	uint32_t slot = sw_where_slot(where);
	struct sw_slot_stats *stats;
	struct sw_vpn *entry;

	if (!vpn || !dm_member_at(where))
		return false;
	entry = entry_of(vpn);
	stats = &dm_switch_maps()->slot_stats[slot];
	if (take_one(&stats->macs, target_of(slot)->mac_limit)) {
		if (take_one(&entry->macs, entry->mac_limit))
			return true;
		add(&stats->macs, -1);
	}
	__atomic_fetch_add(&entry->over_limit, 1, __ATOMIC_RELAXED);
	return false;
}

void dm_vpn_give_mac(const struct sw_vpn_key *key, uint64_t where)
{
	struct vpn *vpn = find_vpn(key->ifindex, key->vni);

	if (dm_member_at(where))
		add(&dm_switch_maps()->slot_stats[sw_where_slot(where)].macs, -1);
	if (vpn)
		add(&entry_of(vpn)->macs, -1);
}

void dm_vpns_each(void (*each)(uint32_t ifindex, uint32_t vni, void *arg), void *arg)
{
	struct vpn *vpn;

	if (!ready())
		return;
	frr_each_safe (vpn_table, &vpns, vpn)
		each(vpn->key.ifindex, vpn->key.vni, arg);
}

static struct vpn *new_vpn(const struct sw_vpn_key *key, uint32_t number)
{
	struct vpn *vpn = XCALLOC(MTYPE_DM_VPN, sizeof(*vpn));

	vpn->key = *key;
	vpn->number = number;
	vpn_members_init(&vpn->members);
	vpn_table_add(&vpns, vpn);
	return vpn;
}

static void free_vpn(struct vpn *vpn)
{
	vpn_table_del(&vpns, vpn);
	vpn_members_fini(&vpn->members);
	XFREE(MTYPE_DM_VPN, vpn);
}

/* A number that is nobody's, and was not for longest: the search goes on where it ended. 0 when all are taken. */
static uint32_t free_number(void)
{
	static uint32_t last;
	const struct sw_vpn *table = dm_switch_maps()->vpn_table;
	uint32_t tried;

	for (tried = 1; tried < SW_VPNS_MAX; tried++) {
		last = last % (SW_VPNS_MAX - 1) + 1;
		if (!table[last].key.ifindex)
			return last;
	}
	return 0;
}

static int register_vpn(const struct sw_vpn_key *key, uint32_t number)
{
	int result = 0;

	frr_with_privs (&zserv_privs) {
		result = bpf_map_update_elem(dm_switch_maps()->vpns, key, &number, BPF_ANY);
	}
	return dm_switch_errno(result);
}

int dm_vpn_open(uint32_t ifindex, uint32_t vni, const struct dm_addr *local)
{
	struct sw_vpn_key key = {.ifindex = ifindex, .vni = vni};
	struct vpn *known = find_vpn(ifindex, vni);
	struct sw_vpn *entry;
	uint32_t number;
	int err;

	if (!ready())
		return ENODEV;
	if (known) {
		addr_to_map(local, entry_of(known)->local);
		return 0;
	}
	number = free_number();
	if (!number)
		return ENOSPC;
	entry = &dm_switch_maps()->vpn_table[number];
	memset(entry, 0, sizeof(*entry));
	entry->mac_limit = SW_VPN_MACS_LIMIT;
	addr_to_map(local, entry->local);
	entry->key = key;
	err = register_vpn(&key, number);
	if (err)
		memset(&entry->key, 0, sizeof(entry->key));
	else
		new_vpn(&key, number);
	return err;
}

bool dm_vpn_in_kernel(uint32_t ifindex, uint32_t vni)
{
	struct sw_vpn_key key = {.ifindex = ifindex, .vni = vni};
	const struct sw_vpn_key *at;
	uint32_t number = 0;
	int result = -1;

	if (!ready())
		return false;
	frr_with_privs (&zserv_privs) {
		result = bpf_map_lookup_elem(dm_switch_maps()->vpns, &key, &number);
	}
	if (result || !number || number >= SW_VPNS_MAX)
		return false;
	at = &dm_switch_maps()->vpn_table[number].key;
	return at->ifindex == ifindex && at->vni == vni;
}

static void free_chunks(struct sw_vpn *entry)
{
	struct sw_chunk *chunks = dm_switch_maps()->chunks;
	uint32_t n = entry->first_chunk, next;

	entry->first_chunk = 0;
	for (; n; n = next) {
		next = chunks[n].next;
		chunks[n].vpn = 0;
		chunks[n].next = 0;
	}
}

static void remove_member(struct member *m);

static void add_closed(const struct sw_vpn_key *key)
{
	struct closed *c = XCALLOC(MTYPE_DM_VPN, sizeof(*c));

	c->key = *key;
	closed_vpns_add_tail(&closed, c);
}

void dm_vpn_close(uint32_t ifindex, uint32_t vni)
{
	struct vpn *vpn = find_vpn(ifindex, vni);
	struct member *m;
	int err;

	if (!vpn)
		return;
	err = register_vpn(&vpn->key, 0);
	if (err)
		zlog_err("dmevpn: VNI %u on device %u cannot be closed: %s", vni, ifindex,
			 safe_strerror(err));
	add_closed(&vpn->key);
	/* a walk through the MACs of all VPNs */
	if (entry_of(vpn)->macs)
		dm_macs_forget(ifindex, vni, 0);
	frr_each_safe (vpn_members, &vpn->members, m)
		remove_member(m);
	free_chunks(entry_of(vpn));
	memset(&entry_of(vpn)->key, 0, sizeof(vpn->key));
	free_vpn(vpn);
}

/* Deletes what an earlier zebra closed: entries that name no VPN of the table. */
static void release_strangers(void)
{
	struct sw_vpn_key key, next;
	int fd = dm_switch_maps()->vpns;
	bool more = bpf_map_get_next_key(fd, NULL, &next) == 0;

	while (more) {
		key = next;
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (!find_vpn(key.ifindex, key.vni))
			bpf_map_delete_elem(fd, &key);
	}
}

/* One that was opened again is no closed one. */
static void release_closed(void)
{
	struct closed *c;

	while ((c = closed_vpns_pop(&closed))) {
		if (!find_vpn(c->key.ifindex, c->key.vni))
			bpf_map_delete_elem(dm_switch_maps()->vpns, &c->key);
		XFREE(MTYPE_DM_VPN, c);
	}
}

void dm_vpns_release(void)
{
	if (!ready() || (!strangers && !closed_vpns_count(&closed)))
		return;
	frr_with_privs (&zserv_privs) {
		if (strangers)
			release_strangers();
		release_closed();
	}
	strangers = false;
}

/* --- members ------------------------------------------------------------------ */

static struct member *find_member(uint32_t ifindex, uint32_t vni, const struct dm_addr *nbma)
{
	struct member key = {.info = {.ifindex = ifindex, .vni = vni, .nbma = *nbma}};

	return member_table_find(&members, &key);
}

static struct sw_member_key map_key(const struct member *m)
{
	struct sw_member_key key = {.vpn = m->vpn->key};

	addr_to_map(&m->info.nbma, key.addr);
	return key;
}

/* A chunk that is nobody's, as free_number(); 0 when all are taken. */
static uint32_t free_chunk(void)
{
	static uint32_t last;
	const struct sw_chunk *chunks = dm_switch_maps()->chunks;
	uint32_t tried;

	for (tried = 1; tried < SW_CHUNKS_MAX; tried++) {
		last = last % (SW_CHUNKS_MAX - 1) + 1;
		if (!chunks[last].vpn)
			return last;
	}
	return 0;
}

/*
 * The lowest empty slot of a VPN, in a new chunk when the old ones are full; 0 when there is
 * none.
 */
static uint32_t free_slot(const struct vpn *vpn)
{
	struct dm_switch_maps *maps = dm_switch_maps();
	uint32_t *link = &entry_of(vpn)->first_chunk;
	uint32_t i, chunk, seen = 0;

	for (; *link; link = &maps->chunks[*link].next, seen += SW_SLOTS_PER_CHUNK)
		for (i = 0; i < SW_SLOTS_PER_CHUNK; i++)
			if (!maps->chunks[*link].target[i].gen)
				return *link * SW_SLOTS_PER_CHUNK + i;
	chunk = seen < SW_VPN_MEMBERS_MAX ? free_chunk() : 0;
	if (!chunk)
		return 0;
	memset(&maps->chunks[chunk], 0, sizeof(maps->chunks[chunk]));
	maps->chunks[chunk].vpn = vpn->number;
	__atomic_store_n(link, chunk, __ATOMIC_SEQ_CST);
	return chunk * SW_SLOTS_PER_CHUNK;
}

static uint32_t new_gen(void)
{
	struct sw_config *config = dm_switch_maps()->config;
	uint32_t gen = config->next_gen++;

	if (!config->next_gen)
		config->next_gen = 1;
	return gen;
}

static void fill_target(struct member *m)
{
	struct sw_target *target = target_of(m->slot);

	store_gen(target, 0);
	target->vpn = m->vpn->number;
	target->remote_vni = m->info.remote_vni;
	target->mac_limit = SW_MEMBER_MACS_LIMIT;
	addr_to_map(&m->info.nbma, target->addr);
	store_gen(target, m->gen);
}

static int admit(struct member *m)
{
	struct sw_member_key key = map_key(m);
	struct sw_member value = {.slot = m->slot, .gen = m->gen};
	int result = 0;

	frr_with_privs (&zserv_privs) {
		result = bpf_map_update_elem(dm_switch_maps()->members, &key, &value, BPF_ANY);
	}
	return dm_switch_errno(result);
}

/* Enters a member in the tables of this process. */
static struct member *new_member(struct vpn *vpn, const struct dm_member_info *info, uint32_t slot,
				 uint32_t gen)
{
	struct member *m = XCALLOC(MTYPE_DM_MEMBER, sizeof(*m));

	m->vpn = vpn;
	m->info = *info;
	m->slot = slot;
	m->gen = gen;
	member_table_add(&members, m);
	vpn_members_add_tail(&vpn->members, m);
	by_slot[slot] = m;
	return m;
}

static int add_member(struct vpn *vpn, const struct dm_member_info *info)
{
	uint32_t slot = free_slot(vpn);
	struct member *m;
	int err;

	if (!slot)
		return ENOSPC;
	m = new_member(vpn, info, slot, new_gen());
	memset(&dm_switch_maps()->slot_stats[slot], 0, sizeof(struct sw_slot_stats));
	fill_target(m);
	err = admit(m);
	if (err)
		remove_member(m);
	return err;
}

int dm_member_set(uint32_t ifindex, uint32_t vni, const struct dm_addr *nbma, uint32_t remote_vni)
{
	struct dm_member_info info = {ifindex, vni, *nbma, remote_vni};
	struct vpn *vpn = find_vpn(ifindex, vni);
	struct member *m;

	if (!vpn)
		return ready() ? ENOENT : ENODEV;
	m = find_member(ifindex, vni, nbma);
	if (!m)
		return add_member(vpn, &info);
	m->marked = false;
	if (m->info.remote_vni != remote_vni) {
		m->info.remote_vni = remote_vni;
		fill_target(m);
	}
	return 0;
}

/*
 * Shuts out, unlinks and frees a member; its MACs mean nothing from then on, but are still in the
 * map.
 */
static void remove_member(struct member *m)
{
	struct sw_member_key key = map_key(m);

	frr_with_privs (&zserv_privs) {
		bpf_map_delete_elem(dm_switch_maps()->members, &key);
	}
	store_gen(target_of(m->slot), 0);
	by_slot[m->slot] = NULL;
	vpn_members_del(&m->vpn->members, m);
	member_table_del(&members, m);
	XFREE(MTYPE_DM_MEMBER, m);
}

static void expel(struct member *m)
{
	uint32_t ifindex = m->info.ifindex, vni = m->info.vni, slot = m->slot;

	remove_member(m);
	dm_macs_forget(ifindex, vni, slot);
}

void dm_member_del(uint32_t ifindex, uint32_t vni, const struct dm_addr *nbma)
{
	struct member *m = ready() ? find_member(ifindex, vni, nbma) : NULL;

	if (m)
		expel(m);
}

void dm_members_mark(void)
{
	struct member *m;

	if (!ready())
		return;
	frr_each (member_table, &members, m)
		m->marked = true;
}

void dm_members_sweep(bool (*keep)(uint32_t ifindex, uint32_t vni))
{
	struct member *m;

	if (!ready())
		return;
	frr_each_safe (member_table, &members, m)
		if (m->marked && !keep(m->info.ifindex, m->info.vni))
			expel(m);
}

void dm_members_each(uint32_t ifindex, uint32_t vni,
		     void (*each)(const struct dm_member_info *member, void *arg), void *arg)
{
	struct vpn *vpn = find_vpn(ifindex, vni);
	struct member *m;

	if (!vpn)
		return;
	frr_each (vpn_members, &vpn->members, m)
		each(&m->info, arg);
}

uint32_t dm_members_count(uint32_t ifindex, uint32_t vni)
{
	struct vpn *vpn = find_vpn(ifindex, vni);

	return vpn ? vpn_members_count(&vpn->members) : 0;
}

uint64_t dm_member_where(uint32_t ifindex, uint32_t vni, const struct dm_addr *nbma)
{
	struct member *m = ready() ? find_member(ifindex, vni, nbma) : NULL;

	return m ? sw_where(m->slot, m->gen) : 0;
}

const struct dm_member_info *dm_member_at(uint64_t where)
{
	uint32_t slot = sw_where_slot(where);
	struct member *m = ready() && slot < SW_SLOTS_MAX ? by_slot[slot] : NULL;

	return m && m->gen == sw_where_gen(where) ? &m->info : NULL;
}

/* --- start and end -------------------------------------------------------------- */

/* Reads the VPNs back from their table, and sees to it that `vpns` says the same. */
static void load_vpns(void)
{
	const struct sw_vpn *table = dm_switch_maps()->vpn_table;
	uint32_t n;

	for (n = 1; n < SW_VPNS_MAX; n++)
		if (table[n].key.ifindex) {
			new_vpn(&table[n].key, n);
			register_vpn(&table[n].key, n);
		}
	strangers = true;
}

/* Reads a member back; one whose slot does not fit its entry is shut out. */
static void load_member(const struct sw_member_key *key, const struct sw_member *value)
{
	struct vpn *vpn = find_vpn(key->vpn.ifindex, key->vpn.vni);
	struct sw_target *target = value->slot < SW_SLOTS_MAX ? target_of(value->slot) : NULL;
	struct dm_member_info info = {.ifindex = key->vpn.ifindex, .vni = key->vpn.vni};

	if (!vpn || !target || target->gen != value->gen || target->vpn != vpn->number ||
	    by_slot[value->slot]) {
		bpf_map_delete_elem(dm_switch_maps()->members, key);
		return;
	}
	info.remote_vni = target->remote_vni;
	dm_addr_from_map(key->addr, &info.nbma);
	new_member(vpn, &info, value->slot, value->gen)->marked = true;
}

static void load_members(void)
{
	struct sw_member_key key, next;
	struct sw_member value;
	int fd = dm_switch_maps()->members;
	bool more = bpf_map_get_next_key(fd, NULL, &next) == 0;

	while (more) {
		key = next;
		/* the next one first: this one may be deleted */
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (bpf_map_lookup_elem(fd, &key, &value) == 0)
			load_member(&key, &value);
	}
}

/* Empties slots that have no member: an earlier zebra was stopped in the middle. Chunks of no VPN are emptied when they get one. */
static void clean_slots(const struct vpn *vpn)
{
	uint32_t chunk, slot, i;

	for (chunk = entry_of(vpn)->first_chunk; chunk; chunk = dm_switch_maps()->chunks[chunk].next)
		for (i = 0; i < SW_SLOTS_PER_CHUNK; i++) {
			slot = chunk * SW_SLOTS_PER_CHUNK + i;
			if (!by_slot[slot] && target_of(slot)->gen)
				store_gen(target_of(slot), 0);
		}
}

void dm_members_load(void)
{
	struct vpn *vpn;

	if (ready() || !dm_switch_maps())
		return;
	vpn_table_init(&vpns);
	member_table_init(&members);
	by_slot = XCALLOC(MTYPE_DM_SLOTS, SW_SLOTS_MAX * sizeof(*by_slot));
	load_vpns();
	frr_with_privs (&zserv_privs) {
		load_members();
	}
	frr_each (vpn_table, &vpns, vpn)
		clean_slots(vpn);
}

void dm_members_stop(void)
{
	struct closed *c;
	struct member *m;
	struct vpn *vpn;

	if (!by_slot)
		return;
	while ((c = closed_vpns_pop(&closed)))
		XFREE(MTYPE_DM_VPN, c);
	while ((m = member_table_pop(&members))) {
		vpn_members_del(&m->vpn->members, m);
		XFREE(MTYPE_DM_MEMBER, m);
	}
	frr_each_safe (vpn_table, &vpns, vpn)
		free_vpn(vpn);
	member_table_fini(&members);
	vpn_table_fini(&vpns);
	XFREE(MTYPE_DM_SLOTS, by_slot);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The forwarding entries that are ours. Objects: an entry by (ifindex, vni,
 * mac); a device by ifindex, with the destinations of its all-zero entry.
 *
 * An entry that is asked for again unchanged costs the kernel nothing. After
 * nhrpd came back everything is marked, and what it did not ask for again is
 * swept; after zebra came back the kernel's entries are read and taken over
 * (adopted), marked, so that traffic goes on meanwhile. The kernel's `extern_learn`
 * flag says which entries were a control plane's.
 *
 * The all-zero entry of a VXLAN device cannot be replaced, only appended to
 * and removed from. So a new hub is appended and the old one removed in the same
 * batch: for microseconds both get a copy, and there is no gap.
 *
 * All functions run on zebra's main pthread; changes go through the queue of
 * dmevpn_provider.c. It does not look whether an entry is used.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/jhash.h"
#include "lib/log.h"
#include "lib/typesafe.h"

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_fdb.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_nlsock.h"
#include "zebra/dmevpn_undo.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_FDB, "forwarding entry");
DEFINE_MTYPE_STATIC(DMEVPN, DM_FDB_DEVICE, "forwarding device");
DEFINE_MTYPE_STATIC(DMEVPN, DM_FLOOD, "flood destination");

#define RCVBUF (4 << 20) /* octets */

PREDECL_HASH(entry_table);
PREDECL_HASH(device_table);
PREDECL_DLIST(flood_list);

struct entry {
	struct entry_table_item item;
	uint32_t ifindex, vni;
	struct dm_addr mac, dst;
	uint32_t remote_vni;
	bool hub, marked;
	bool absent; /* the kernel does not have it: it refused */
};

/* A destination of the all-zero entry. */
struct flood {
	struct flood_list_item item;
	struct dm_addr dst;
	uint32_t remote_vni;
	bool wanted; /* the one nhrpd wants */
};

struct device {
	struct device_table_item item;
	uint32_t ifindex, vni;
	bool marked; /* of the all-zero entry */
	struct flood_list_head floods;
};

static int entry_cmp(const struct entry *a, const struct entry *b)
{
	int diff = numcmp(a->ifindex, b->ifindex);

	diff = diff ? diff : numcmp(a->vni, b->vni);
	return diff ? diff : dm_addr_cmp(&a->mac, &b->mac);
}

static uint32_t entry_hash(const struct entry *e)
{
	return jhash_2words(e->ifindex, e->vni, dm_addr_hash(&e->mac, 0));
}

static int device_cmp(const struct device *a, const struct device *b)
{
	return numcmp(a->ifindex, b->ifindex);
}

static uint32_t device_hash(const struct device *d)
{
	return jhash_1word(d->ifindex, 0x666462);
}

DECLARE_HASH(entry_table, struct entry, item, entry_cmp, entry_hash);
DECLARE_HASH(device_table, struct device, item, device_cmp, device_hash);
DECLARE_DLIST(flood_list, struct flood, item);

static struct entry_table_head entries = INIT_HASH(entries);
static struct device_table_head devices = INIT_HASH(devices);

static struct device *find_device(uint32_t ifindex)
{
	struct device key = {.ifindex = ifindex};

	return device_table_find(&devices, &key);
}

static struct entry *find_entry(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac)
{
	struct entry key = {.ifindex = ifindex, .vni = vni, .mac = *mac};

	return entry_table_find(&entries, &key);
}

/* --- operations ------------------------------------------------------------- */

static bool push_entry(const struct entry *e, enum dm_op_kind kind, uint8_t rec)
{
	struct dm_op op = {.kind = kind, .rec = rec, .vni = e->vni};

	op.fdb.ifindex = e->ifindex;
	op.fdb.src_vni = e->hub ? e->vni : 0;
	op.fdb.mac = e->mac;
	op.fdb.dst = e->dst;
	op.fdb.remote_vni = e->remote_vni;
	return dm_provider_push(&op);
}

static bool push_flood(const struct device *d, const struct dm_addr *dst, uint32_t remote_vni,
		       enum dm_op_kind kind)
{
	static const uint8_t zero[6];
	struct dm_op op = {.kind = kind, .vni = d->vni};

	op.rec = kind == DM_OP_FLOOD_ADD ? DM_REC_HUB_SET : DM_REC_HUB_DEL;
	op.fdb.ifindex = d->ifindex;
	dm_addr_set(&op.fdb.mac, DM_MAC, zero, sizeof(zero));
	op.fdb.dst = *dst;
	op.fdb.remote_vni = remote_vni;
	return dm_provider_push(&op);
}

/* --- adopting --------------------------------------------------------------- */

static struct flood *add_flood(struct device *d, const struct dm_addr *dst, uint32_t remote_vni)
{
	struct flood *f = XCALLOC(MTYPE_DM_FLOOD, sizeof(*f));

	f->dst = *dst;
	f->remote_vni = remote_vni;
	flood_list_add_tail(&d->floods, f);
	return f;
}

static void drop_flood(struct device *d, struct flood *f)
{
	flood_list_del(&d->floods, f);
	XFREE(MTYPE_DM_FLOOD, f);
}

static struct entry *add_entry(const struct entry *wanted)
{
	struct entry *e = XCALLOC(MTYPE_DM_FDB, sizeof(*e));

	*e = *wanted;
	entry_table_add(&entries, e);
	return e;
}

static void adopt_one(const struct nlmsghdr *nlh, void *arg)
{
	struct device *d = arg;
	struct nlm_fdb fdb;
	struct entry e = {.marked = true};

	if (nlh->nlmsg_type != RTM_NEWNEIGH || !nlm_parse_fdb(nlh, d->vni, &fdb) || !fdb.self ||
	    !dm_addr_is_set(&fdb.dst))
		return;
	if (dm_addr_is_zero(&fdb.mac)) {
		add_flood(d, &fdb.dst, fdb.remote_vni);
		return;
	}
	e.ifindex = d->ifindex;
	e.vni = fdb.src_vni ? fdb.src_vni : d->vni;
	e.hub = fdb.src_vni != 0;
	e.mac = fdb.mac;
	e.dst = fdb.dst;
	e.remote_vni = fdb.remote_vni;
	if (fdb.ext_learned && !find_entry(e.ifindex, e.vni, &e.mac))
		add_entry(&e);
}

int dm_fdb_adopt(const struct nlm_link *link)
{
	char buf[NLM_MESSAGE_MAX];
	struct device *d = find_device(link->ifindex);
	struct nls sock;
	int err;

	if (d)
		return 0;
	err = nls_open(&sock, RCVBUF, NULL);
	if (err)
		return err;
	d = XCALLOC(MTYPE_DM_FDB_DEVICE, sizeof(*d));
	d->ifindex = link->ifindex;
	d->vni = link->vni;
	d->marked = true;
	flood_list_init(&d->floods);
	device_table_add(&devices, d);
	err = nls_dump(&sock, nlm_build_fdb_dump(buf, link->ifindex), adopt_one, d);
	nls_close(&sock);
	/*
	 * a dump that changed under the reader is good enough: nhrpd asks for what it wants
	 * anyway
	 */
	return err == -EINTR ? 0 : err;
}

/* --- entries ---------------------------------------------------------------- */

bool dm_fdb_set(uint32_t ifindex, uint32_t vni, bool hub, const struct dm_addr *mac,
		const struct dm_addr *nbma, uint32_t remote_vni)
{
	struct entry wanted = {.ifindex = ifindex, .vni = vni, .mac = *mac, .hub = hub};
	struct entry *e = find_entry(ifindex, vni, mac);
	bool fresh = e == NULL;

	if (fresh)
		e = add_entry(&wanted);
	e->marked = false;
	if (!fresh && !e->absent && dm_addr_same(&e->dst, nbma) && e->remote_vni == remote_vni)
		return true;
	e->dst = *nbma;
	e->remote_vni = remote_vni;
	e->absent = !push_entry(e, DM_OP_SET, DM_REC_MAC_SET);
	return !e->absent;
}

static void free_entry(struct entry *e)
{
	entry_table_del(&entries, e);
	XFREE(MTYPE_DM_FDB, e);
}

bool dm_fdb_del(uint32_t ifindex, uint32_t vni, bool hub, const struct dm_addr *mac)
{
	struct entry unknown = {.ifindex = ifindex, .vni = vni, .mac = *mac, .hub = hub};
	struct entry *e = find_entry(ifindex, vni, mac);
	bool pushed = push_entry(e ? e : &unknown, DM_OP_DEL, DM_REC_MAC_DEL);

	if (e && pushed)
		free_entry(e);
	return pushed;
}

uint32_t dm_fdb_count(uint32_t ifindex, uint32_t vni)
{
	struct entry *e;
	uint32_t n = 0;

	frr_each (entry_table, &entries, e)
		n += e->ifindex == ifindex && e->vni == vni;
	return n;
}

/* --- the all-zero entry ------------------------------------------------------- */

/* The first time on a device: what is there is the user's, and will be put back. */
static void take_over_floods(struct device *d)
{
	struct dm_undo ours = {.kind = DM_UNDO_FLOOD_OURS, .ifindex = d->ifindex};
	struct flood *f;

	if (dm_undo_has(&ours))
		return;
	dm_undo_note(&ours);
	frr_each (flood_list, &d->floods, f) {
		struct dm_undo was = {.kind = DM_UNDO_FLOOD, .ifindex = d->ifindex};

		was.dst = f->dst;
		was.vni = f->remote_vni;
		dm_undo_note(&was);
	}
}

static struct flood *find_flood(struct device *d, const struct dm_addr *dst, uint32_t remote_vni)
{
	struct flood *f;

	frr_each (flood_list, &d->floods, f)
		if (dm_addr_same(&f->dst, dst) && f->remote_vni == remote_vni)
			return f;
	return NULL;
}

/* Removes every destination but KEEP. Returns false when the queue is full. */
static bool drop_floods(struct device *d, const struct flood *keep)
{
	struct flood *f;
	bool pushed = true;

	frr_each_safe (flood_list, &d->floods, f) {
		if (f == keep)
			continue;
		if (push_flood(d, &f->dst, f->remote_vni, DM_OP_FLOOD_DEL))
			drop_flood(d, f);
		else
			pushed = false;
	}
	return pushed;
}

bool dm_fdb_hub_set(uint32_t ifindex, uint32_t vni, const struct dm_addr *nbma, uint32_t remote_vni)
{
	struct device *d = find_device(ifindex);
	struct flood *f;

	if (!d)
		return false;
	d->marked = false;
	take_over_floods(d);
	f = find_flood(d, nbma, remote_vni);
	if (!f) {
		if (!push_flood(d, nbma, remote_vni, DM_OP_FLOOD_ADD))
			return false;
		f = add_flood(d, nbma, remote_vni);
	}
	f->wanted = true;
	return drop_floods(d, f);
}

bool dm_fdb_hub_del(uint32_t ifindex)
{
	struct dm_undo ours = {.kind = DM_UNDO_FLOOD_OURS, .ifindex = ifindex};
	struct device *d = find_device(ifindex);

	/* without a hub of ours, ever, the entry is the user's still */
	if (!d || !dm_undo_has(&ours))
		return true;
	d->marked = false;
	return drop_floods(d, NULL);
}

void dm_fdb_flood_restore(uint32_t ifindex, const struct dm_addr *dst, uint32_t remote_vni)
{
	struct device *d = find_device(ifindex);

	if (d && !find_flood(d, dst, remote_vni) &&
	    push_flood(d, dst, remote_vni, DM_OP_FLOOD_ADD))
		add_flood(d, dst, remote_vni);
}

/* --- as a whole --------------------------------------------------------------- */

void dm_fdb_replay(uint32_t ifindex)
{
	struct device *d = find_device(ifindex);
	struct entry *e;
	struct flood *f;

	if (!d)
		return;
	frr_each (flood_list, &d->floods, f)
		if (f->wanted)
			push_flood(d, &f->dst, f->remote_vni, DM_OP_FLOOD_ADD);
	frr_each (entry_table, &entries, e)
		if (e->ifindex == ifindex && !e->marked)
			e->absent = !push_entry(e, DM_OP_SET, DM_REC_MAC_SET);
}

void dm_fdb_clear(uint32_t ifindex, uint32_t vni)
{
	struct entry *e;

	frr_each_safe (entry_table, &entries, e)
		if (vni && e->ifindex == ifindex && e->vni == vni &&
		    push_entry(e, DM_OP_DEL, DM_REC_MAC_DEL))
			free_entry(e);
	dm_fdb_hub_del(ifindex);
}

static void free_device(struct device *d)
{
	struct flood *f;

	while ((f = flood_list_first(&d->floods)))
		drop_flood(d, f);
	flood_list_fini(&d->floods);
	device_table_del(&devices, d);
	XFREE(MTYPE_DM_FDB_DEVICE, d);
}

void dm_fdb_forget(uint32_t ifindex)
{
	struct device *d = find_device(ifindex);
	struct entry *e;

	frr_each_safe (entry_table, &entries, e)
		if (e->ifindex == ifindex)
			free_entry(e);
	if (d)
		free_device(d);
}

void dm_fdb_mark(void)
{
	struct device *d;
	struct entry *e;

	frr_each (entry_table, &entries, e)
		e->marked = true;
	frr_each (device_table, &devices, d)
		d->marked = true;
}

void dm_fdb_sweep(bool (*keep)(uint32_t ifindex, uint32_t vni))
{
	struct device *d;
	struct entry *e;

	frr_each_safe (entry_table, &entries, e)
		if (e->marked && !keep(e->ifindex, e->vni) &&
		    push_entry(e, DM_OP_DEL, DM_REC_MAC_DEL))
			free_entry(e);
	frr_each (device_table, &devices, d)
		if (d->marked && !keep(d->ifindex, d->vni))
			dm_fdb_hub_del(d->ifindex);
}

void dm_fdb_failed(const struct dm_op *op)
{
	struct device *d = find_device(op->fdb.ifindex);
	struct entry *e;
	struct flood *f;

	if (op->kind == DM_OP_FLOOD_ADD) {
		f = d ? find_flood(d, &op->fdb.dst, op->fdb.remote_vni) : NULL;
		if (f)
			drop_flood(d, f);
	} else if (op->kind == DM_OP_SET) {
		e = find_entry(op->fdb.ifindex, op->vni, &op->fdb.mac);
		if (e)
			e->absent = true;
	}
}

void dm_fdb_stop(void)
{
	struct device *d;
	struct entry *e;

	while ((e = entry_table_pop(&entries)))
		XFREE(MTYPE_DM_FDB, e);
	frr_each_safe (device_table, &devices, d)
		free_device(d);
	entry_table_fini(&entries);
	device_table_fini(&devices);
}

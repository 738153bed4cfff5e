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
 * What is wanted and what the kernel has may differ for a while: the queue was full,
 * the kernel had no memory, somebody else removed an entry (dmevpn_watch.c tells).
 * Then it is `pending`, or `unwanted` but still there, and repair() asks again, at most
 * once a second. What the kernel refused for good is `absent`, and left to nhrpd, until its
 * next SYNC_END. What leads to where frames do not get through now (dmevpn_probe.c knows) is
 * `held`: wanted, and kept out of the kernel.
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
#include "lib/frrevent.h"
#include "lib/jhash.h"
#include "lib/log.h"
#include "lib/monotime.h"
#include "lib/typesafe.h"

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_fdb.h"
#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_nlsock.h"
#include "zebra/dmevpn_undo.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_FDB, "forwarding entry");
DEFINE_MTYPE_STATIC(DMEVPN, DM_FDB_DEVICE, "forwarding device");
DEFINE_MTYPE_STATIC(DMEVPN, DM_FLOOD, "flood destination");

#define RCVBUF (4 << 20) /* octets */
/* milliseconds from a loss to its repair, so that a flush is repaired in one go; and between two */
#define REPAIR_SOON 50
#define REPAIR_MS 1000

PREDECL_HASH(entry_table);
PREDECL_HASH(device_table);
PREDECL_DLIST(flood_list);
PREDECL_DLIST(held_list);

struct entry {
	struct entry_table_item item;
	struct held_list_item held_item; /* while it is held */
	uint32_t ifindex, vni;
	struct dm_addr mac, dst;
	uint32_t remote_vni;
	bool hub, marked;
	bool absent;   /* the kernel does not have it: it refused */
	bool pending;  /* the kernel is to be asked for it (again) */
	bool unwanted; /* the kernel is to be asked to remove it */
	bool held;     /* the gate keeps it out of the kernel */
	bool lingers;  /* held, but the kernel is still to be asked to remove it */
};

/* A destination of the all-zero entry. */
struct flood {
	struct flood_list_item item;
	struct dm_addr dst;
	uint32_t remote_vni;
	bool wanted;   /* the one nhrpd wants */
	bool pending;  /* as of an entry */
	bool unwanted; /* as of an entry */
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
DECLARE_DLIST(held_list, struct entry, held_item);

static struct entry_table_head entries = INIT_HASH(entries);
static struct device_table_head devices = INIT_HASH(devices);
static struct event_loop *loop_main;
static struct event *t_repair;
static struct timeval repaired; /* last time */
static dm_fdb_gate gate;
static struct held_list_head held = INIT_DLIST(held);

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

static void repair(struct event *event);

static void repair_soon(void)
{
	bool rested = monotime_since(&repaired, NULL) > REPAIR_MS * 1000;

	event_add_timer_msec(loop_main, repair, NULL, rested ? REPAIR_SOON : REPAIR_MS, &t_repair);
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

static struct flood *find_flood(struct device *d, const struct dm_addr *dst, uint32_t remote_vni)
{
	struct flood *f;

	frr_each (flood_list, &d->floods, f)
		if (dm_addr_same(&f->dst, dst) && f->remote_vni == remote_vni)
			return f;
	return NULL;
}

static struct entry *add_entry(const struct entry *wanted)
{
	struct entry *e = XCALLOC(MTYPE_DM_FDB, sizeof(*e));

	*e = *wanted;
	entry_table_add(&entries, e);
	return e;
}

static void set_held(struct entry *e, bool on)
{
	if (on && !e->held)
		held_list_add_tail(&held, e);
	else if (!on && e->held)
		held_list_del(&held, e);
	e->held = on;
}

static void free_entry(struct entry *e)
{
	set_held(e, false);
	entry_table_del(&entries, e);
	XFREE(MTYPE_DM_FDB, e);
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
		if (!find_flood(d, &fdb.dst, fdb.remote_vni))
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

/* Before each try of the dump: entries of one that was interrupted may be gone by now. */
static void adopt_anew(void *arg)
{
	struct device *d = arg;
	struct flood *f;
	struct entry *e;

	frr_each_safe (entry_table, &entries, e)
		if (e->ifindex == d->ifindex)
			free_entry(e);
	while ((f = flood_list_first(&d->floods)))
		drop_flood(d, f);
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
	err = nls_dump_anew(&sock, nlm_build_fdb_dump(buf, link->ifindex), adopt_anew, adopt_one,
			    d);
	nls_close(&sock);
	/*
	 * a dump that changed under the reader is good enough: nhrpd asks for what it wants
	 * anyway
	 */
	if (!err || err == -EINTR)
		return 0;
	dm_fdb_forget(link->ifindex);
	return err;
}

/* --- entries ---------------------------------------------------------------- */

static void push_set(struct entry *e)
{
	e->absent = false;
	e->pending = !push_entry(e, DM_OP_SET, DM_REC_MAC_SET);
	if (e->pending)
		repair_soon();
}

/* --- the gate --------------------------------------------------------------- */

void dm_fdb_set_gate(dm_fdb_gate which)
{
	gate = which;
}

static void evict(struct entry *e)
{
	e->lingers = !push_entry(e, DM_OP_DEL, DM_REC_MAC_DEL);
	if (e->lingers)
		repair_soon();
}

/* THERE: the kernel may have it. */
static void hold(struct entry *e, bool there)
{
	set_held(e, true);
	e->pending = e->absent = false;
	if (there)
		evict(e);
}

static void let_through(struct entry *e)
{
	set_held(e, false);
	e->lingers = false;
	push_set(e);
}

static bool leads_to(const struct entry *e, uint32_t ifindex, uint32_t vni,
		     const struct dm_addr *dst, uint32_t remote_vni)
{
	return e->ifindex == ifindex && e->vni == vni && e->remote_vni == remote_vni &&
	       !e->unwanted && dm_addr_same(&e->dst, dst);
}

void dm_fdb_gate_changed(uint32_t ifindex, uint32_t vni, const struct dm_addr *dst,
			 uint32_t remote_vni, bool open)
{
	struct entry *e;

	if (open) {
		frr_each_safe (held_list, &held, e)
			if (leads_to(e, ifindex, vni, dst, remote_vni))
				let_through(e);
		return;
	}
	/* all of them, for a path does not fail every day */
	frr_each (entry_table, &entries, e)
		if (!e->held && leads_to(e, ifindex, vni, dst, remote_vni))
			hold(e, !e->absent);
}

bool dm_fdb_is_held(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac)
{
	struct entry *e = find_entry(ifindex, vni, mac);

	return e && e->held && !e->unwanted;
}

/* Frees it, or keeps it until the queue has room for its removal. */
static void remove_entry(struct entry *e)
{
	if ((e->held && !e->lingers) || push_entry(e, DM_OP_DEL, DM_REC_MAC_DEL)) {
		free_entry(e);
	} else {
		e->unwanted = true;
		repair_soon();
	}
}

static bool in_kernel(const struct entry *e)
{
	return !e->absent && (!e->held || e->lingers);
}

void dm_fdb_set(uint32_t ifindex, uint32_t vni, bool hub, const struct dm_addr *mac,
		const struct dm_addr *nbma, uint32_t remote_vni)
{
	struct entry wanted = {.ifindex = ifindex, .vni = vni, .mac = *mac, .hub = hub};
	struct entry *e = find_entry(ifindex, vni, mac);
	bool was_there = e && in_kernel(e);
	bool there = was_there && !e->held && !e->unwanted && dm_addr_same(&e->dst, nbma) &&
		     e->remote_vni == remote_vni;

	if (!e)
		e = add_entry(&wanted);
	e->marked = e->unwanted = false;
	if (there)
		return;
	e->dst = *nbma;
	e->remote_vni = remote_vni;
	if (!hub && gate && !gate(ifindex, vni, nbma, remote_vni))
		hold(e, was_there);
	else
		let_through(e);
}

void dm_fdb_del(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac)
{
	struct entry *e = find_entry(ifindex, vni, mac);

	if (e)
		remove_entry(e);
}

void dm_fdb_each_marked(uint32_t ifindex, uint32_t vni, void (*each)(const struct dm_rec *rec))
{
	struct dm_undo ours = {.kind = DM_UNDO_FLOOD_OURS, .ifindex = ifindex};
	struct dm_rec rec = {.type = DM_REC_MAC_HAVE, .mac = {.ifindex = ifindex, .vni = vni}};
	struct device *d = find_device(ifindex);
	static const uint8_t zero[6];
	struct entry *e;
	struct flood *f;

	if (!d)
		return;
	frr_each (entry_table, &entries, e) {
		if (e->ifindex != ifindex || e->vni != vni || e->hub || !e->marked || e->unwanted ||
		    !in_kernel(e))
			continue;
		rec.mac.mac = e->mac;
		rec.mac.nbma = e->dst;
		rec.mac.remote_vni = e->remote_vni;
		each(&rec);
	}
	dm_addr_set(&rec.mac.mac, DM_MAC, zero, sizeof(zero));
	frr_each (flood_list, &d->floods, f) {
		if (!d->marked || f->unwanted || !dm_undo_has(&ours))
			continue;
		rec.mac.nbma = f->dst;
		rec.mac.remote_vni = f->remote_vni;
		each(&rec);
	}
}

uint32_t dm_fdb_count(uint32_t ifindex, uint32_t vni)
{
	struct entry *e;
	uint32_t n = 0;

	frr_each (entry_table, &entries, e)
		n += e->ifindex == ifindex && e->vni == vni && !e->unwanted && !e->held;
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
	frr_each (flood_list, &d->floods, f) {
		struct dm_undo was = {.kind = DM_UNDO_FLOOD, .ifindex = d->ifindex};

		was.dst = f->dst;
		was.vni = f->remote_vni;
		dm_undo_note(&was);
	}
	/* last: with it, the list above counts as complete */
	dm_undo_note(&ours);
}

/* Asks for what is pending, then, when that is on its way, against what is unwanted. */
static void settle(struct device *d)
{
	struct flood *f;
	bool pushed = true;

	frr_each (flood_list, &d->floods, f)
		if (f->pending) {
			f->pending = !push_flood(d, &f->dst, f->remote_vni, DM_OP_FLOOD_ADD);
			pushed &= !f->pending;
		}
	frr_each_safe (flood_list, &d->floods, f)
		if (pushed && f->unwanted) {
			pushed = push_flood(d, &f->dst, f->remote_vni, DM_OP_FLOOD_DEL);
			if (pushed)
				drop_flood(d, f);
		}
	if (!pushed)
		repair_soon();
}

/* Every destination but KEEP is to go. */
static void drop_floods(struct device *d, const struct flood *keep)
{
	struct flood *f;

	frr_each (flood_list, &d->floods, f)
		if (f != keep) {
			f->unwanted = true;
			f->wanted = f->pending = false;
		}
	settle(d);
}

bool dm_fdb_hub_set(uint32_t ifindex, const struct dm_addr *nbma, uint32_t remote_vni)
{
	struct device *d = find_device(ifindex);
	struct flood *f;

	if (!d)
		return false;
	d->marked = false;
	take_over_floods(d);
	f = find_flood(d, nbma, remote_vni);
	if (!f) {
		f = add_flood(d, nbma, remote_vni);
		f->pending = true;
	}
	f->wanted = true;
	f->unwanted = false;
	drop_floods(d, f);
	return true;
}

void dm_fdb_hub_del(uint32_t ifindex)
{
	struct dm_undo ours = {.kind = DM_UNDO_FLOOD_OURS, .ifindex = ifindex};
	struct device *d = find_device(ifindex);

	/* without a hub of ours, ever, the entry is the user's still */
	if (!d || !dm_undo_has(&ours))
		return;
	d->marked = false;
	drop_floods(d, NULL);
}

bool dm_fdb_flood_restore(uint32_t ifindex, const struct dm_addr *dst, uint32_t remote_vni)
{
	struct device *d = find_device(ifindex);
	struct flood *f = d ? find_flood(d, dst, remote_vni) : NULL;

	if (f && !f->unwanted)
		return true;
	if (!d || !push_flood(d, dst, remote_vni, DM_OP_FLOOD_ADD))
		return false;
	if (f)
		f->unwanted = false;
	else
		add_flood(d, dst, remote_vni);
	return true;
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
		f->pending |= f->wanted;
	settle(d);
	frr_each (entry_table, &entries, e)
		if (e->ifindex == ifindex && !e->unwanted && !e->held)
			push_set(e);
}

/* Returns false when the queue is full. */
static bool repair_entry(struct entry *e)
{
	const struct nlm_link *link = dm_link_find(e->ifindex);

	if (e->unwanted)
		remove_entry(e);
	else if (e->lingers)
		evict(e);
	else if (e->pending && link && link->up)
		push_set(e);
	else
		return true;
	return t_repair == NULL;
}

/* A device that is down is left alone: it gets all when it comes up. */
static void repair(struct event *event)
{
	struct device *d;
	struct entry *e;
	bool room = true;

	monotime(&repaired);
	frr_each (device_table, &devices, d)
		settle(d);
	frr_each_safe (entry_table, &entries, e)
		if (room)
			room = repair_entry(e);
}

void dm_fdb_replay_all(void)
{
	struct device *d;
	struct entry *e;
	struct flood *f;

	frr_each (device_table, &devices, d)
		frr_each (flood_list, &d->floods, f)
			f->pending |= f->wanted;
	frr_each (entry_table, &entries, e)
		e->pending |= !e->unwanted && !e->held;
	repair_soon();
}

void dm_fdb_room(void)
{
	if (!t_repair)
		return;
	event_cancel(&t_repair);
	event_add_event(loop_main, repair, NULL, 0, &t_repair);
}

void dm_fdb_removed(const struct nlm_fdb *fdb)
{
	struct device *d = find_device(fdb->ifindex);
	struct entry *e;
	struct flood *f;

	if (!d)
		return;
	if (dm_addr_is_zero(&fdb->mac)) {
		f = find_flood(d, &fdb->dst, fdb->remote_vni ? fdb->remote_vni : d->vni);
		if (!f || !f->wanted)
			return;
		f->pending = true;
	} else {
		e = find_entry(d->ifindex, fdb->src_vni ? fdb->src_vni : d->vni, &fdb->mac);
		if (!e || e->unwanted || e->held)
			return;
		e->pending = true;
	}
	repair_soon();
}

void dm_fdb_clear(uint32_t ifindex, uint32_t vni)
{
	struct entry *e;

	frr_each_safe (entry_table, &entries, e)
		if (vni && e->ifindex == ifindex && e->vni == vni)
			remove_entry(e);
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
		if (e->marked && !keep(e->ifindex, e->vni))
			remove_entry(e);
		else
			e->pending |= e->absent;
	frr_each (device_table, &devices, d)
		if (d->marked && !keep(d->ifindex, d->vni))
			dm_fdb_hub_del(d->ifindex);
	repair_soon();
}

/* Errors that say nothing about the operation itself. */
static bool passes(int error)
{
	return error == ENOBUFS || error == ENOMEM || error == EAGAIN || error == EINTR ||
	       error == ETIMEDOUT;
}

static void flood_failed(struct device *d, const struct dm_op *op)
{
	struct flood *f = find_flood(d, &op->fdb.dst, op->fdb.remote_vni);

	if (op->kind == DM_OP_FLOOD_DEL) {
		f = f ? f : add_flood(d, &op->fdb.dst, op->fdb.remote_vni);
		f->unwanted = !f->wanted;
	} else if (f && passes(op->error)) {
		f->pending = !f->unwanted;
	} else if (f) {
		drop_flood(d, f);
	}
}

static void entry_failed(const struct dm_op *op)
{
	struct entry was = {.ifindex = op->fdb.ifindex, .vni = op->vni, .mac = op->fdb.mac};
	struct entry *e = find_entry(was.ifindex, was.vni, &was.mac);

	if (op->kind == DM_OP_SET && e) {
		e->pending = passes(op->error) && !e->held;
		e->absent = !passes(op->error) && !e->held;
	} else if (op->kind == DM_OP_DEL && e) {
		e->lingers = e->held;
	} else if (op->kind == DM_OP_DEL && !e) {
		was.hub = op->fdb.src_vni != 0;
		was.dst = op->fdb.dst;
		was.remote_vni = op->fdb.remote_vni;
		was.unwanted = true;
		add_entry(&was);
	}
}

bool dm_fdb_failed(const struct dm_op *op)
{
	struct device *d = find_device(op->fdb.ifindex);
	bool removal = op->kind == DM_OP_DEL || op->kind == DM_OP_FLOOD_DEL;

	/* the device went down in between, and took its entries with it */
	if (op->kind == DM_OP_DEL && op->error == ENOENT &&
	    dm_fdb_is_held(op->fdb.ifindex, op->vni, &op->fdb.mac))
		return true;
	if (!d || op->kind == DM_OP_GET || (removal && !passes(op->error)))
		return false;
	if (op->kind == DM_OP_FLOOD_ADD || op->kind == DM_OP_FLOOD_DEL)
		flood_failed(d, op);
	else
		entry_failed(op);
	if (passes(op->error))
		repair_soon();
	return passes(op->error);
}

void dm_fdb_start(struct event_loop *loop)
{
	loop_main = loop;
}

void dm_fdb_stop(void)
{
	struct device *d;
	struct entry *e;

	event_cancel(&t_repair);
	while ((e = entry_table_pop(&entries))) {
		set_held(e, false);
		XFREE(MTYPE_DM_FDB, e);
	}
	frr_each_safe (device_table, &devices, d)
		free_device(d);
	entry_table_fini(&entries);
	device_table_fini(&devices);
}

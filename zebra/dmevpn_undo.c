// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of changes to take back. Objects: dm_undo, in the order in which
 * they were made; found by kind, ifindex, VLAN, VNI and address.
 *
 * The file, "zebra_dmevpn.undo" in FRR's run directory, has a line a record:
 *
 *     kind ifindex name vlan vni address
 *
 * and gets a line more before a change is made, so that a zebra killed right after
 * the change has noted it. When records went, it is written whole, beside the old
 * one, and renamed; but where hundreds stay (a hub has three for each of its VPNs), a line
 * with "-" before it says that the record went, until there are more of those than
 * records. Lines that cannot be read, or have no end, are skipped.
 *
 * All functions run on zebra's main pthread. It changes no device itself.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/zebra.h"
#include "lib/jhash.h"
#include "lib/libfrr.h"
#include "lib/log.h"
#include "lib/typesafe.h"

#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_undo.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_UNDO, "change to take back");

#define FILE_NAME "zebra_dmevpn.undo"
/* records from which on one that went is a line more */
#define MANY 256

static const char *const kind_names[] = {
	[DM_UNDO_LEARNING] = "learning",   [DM_UNDO_HAIRPIN] = "hairpin",
	[DM_UNDO_VLAN_TUNNEL] = "vlan_tunnel", [DM_UNDO_SNOOPING] = "mcast_snooping",
	[DM_UNDO_VLAN] = "vlan",	   [DM_UNDO_VLAN_FLAGS] = "vlan_flags",
	[DM_UNDO_TUNNEL] = "tunnel",
	[DM_UNDO_VNI] = "vni",		   [DM_UNDO_FLOOD_OURS] = "flood_ours",
	[DM_UNDO_FLOOD] = "flood",	   [DM_UNDO_SUPPRESS] = "neigh_suppress",
	[DM_UNDO_FORWARD_GRAT] = "neigh_forward_grat",
	[DM_UNDO_NEIGHBOURS] = "neighbours", [DM_UNDO_BRIDGE_MACS] = "bridge_macs",
};

PREDECL_HASH(undo_table);
PREDECL_DLIST(undo_list);

struct record {
	struct undo_table_item table_item;
	struct undo_list_item list_item;
	struct dm_undo undo;
};

static int record_cmp(const struct record *a, const struct record *b)
{
	int diff = numcmp(a->undo.kind, b->undo.kind);

	diff = diff ? diff : numcmp(a->undo.ifindex, b->undo.ifindex);
	diff = diff ? diff : numcmp(a->undo.vlan, b->undo.vlan);
	diff = diff ? diff : numcmp(a->undo.vni, b->undo.vni);
	return diff ? diff : dm_addr_cmp(&a->undo.dst, &b->undo.dst);
}

static uint32_t record_hash(const struct record *r)
{
	return jhash_3words(r->undo.ifindex, r->undo.kind << 16 | r->undo.vlan, r->undo.vni,
			    dm_addr_hash(&r->undo.dst, 0));
}

DECLARE_HASH(undo_table, struct record, table_item, record_cmp, record_hash);
DECLARE_DLIST(undo_list, struct record, list_item);

static struct undo_table_head table = INIT_HASH(table);
static struct undo_list_head list = INIT_DLIST(list);
static bool dirty;
static size_t gone_lines; /* of the file, that say that a record went */
static bool holding;
static FILE *held;

static struct record *find(const struct dm_undo *undo)
{
	struct record key = {.undo = *undo};

	return undo_table_find(&table, &key);
}

static void add(const struct dm_undo *undo)
{
	struct record *r = XCALLOC(MTYPE_DM_UNDO, sizeof(*r));

	r->undo = *undo;
	undo_table_add(&table, r);
	undo_list_add_head(&list, r);
}

static void drop(struct record *r)
{
	undo_table_del(&table, r);
	undo_list_del(&list, r);
	XFREE(MTYPE_DM_UNDO, r);
}

bool dm_undo_has(const struct dm_undo *undo)
{
	return find(undo) != NULL;
}

static void file_path(char *path, size_t size, const char *suffix)
{
	snprintf(path, size, "%s/" FILE_NAME "%s", frr_runstatedir, suffix);
}

static void complain(const char *path)
{
	zlog_err("dmevpn: cannot write %s: %s: device settings will not be taken back after a restart of zebra",
		 path, safe_strerror(errno));
}

static void write_record(FILE *file, const struct dm_undo *u)
{
	char addr[DM_ADDR_STRLEN];

	fprintf(file, "%s %u %s %u %u %s\n", kind_names[u->kind], u->ifindex, u->name, u->vlan,
		u->vni, dm_addr_str(&u->dst, addr));
}

static bool append(const char *sign, const struct dm_undo *undo)
{
	char path[512];
	FILE *file = held;
	bool ok = true;

	file_path(path, sizeof(path), "");
	if (!file)
		file = fopen(path, "a");
	if (file) {
		fputs(sign, file);
		write_record(file, undo);
		ok = !ferror(file);
	}
	if (file && holding)
		held = file;
	else
		ok = file && fclose(file) == 0 && ok;
	if (!ok) {
		complain(path);
		dirty = true;
	}
	return ok;
}

void dm_undo_hold(void)
{
	holding = true;
}

void dm_undo_release(void)
{
	char path[512];

	holding = false;
	if (held && fclose(held) != 0) {
		file_path(path, sizeof(path), "");
		complain(path);
		dirty = true;
	}
	held = NULL;
}

void dm_undo_note(const struct dm_undo *undo)
{
	const struct nlm_link *link = dm_link_find(undo->ifindex);
	struct dm_undo named = *undo;

	if (!link || find(undo))
		return;
	strlcpy(named.name, link->name, sizeof(named.name));
	add(&named);
	append("", &named);
}

/* Takes a record out of the tables, and out of the file now or with the next dm_undo_save(). */
static void remove_record(struct record *r)
{
	struct dm_undo undo = r->undo;

	drop(r);
	if (dirty || undo_table_count(&table) < MANY || gone_lines >= undo_table_count(&table))
		dirty = true;
	else if (append("-", &undo))
		gone_lines++;
}

bool dm_undo_drop(const struct dm_undo *undo)
{
	struct record *r = find(undo);

	if (r)
		remove_record(r);
	return r != NULL;
}

void dm_undo_each(bool (*each)(const struct dm_undo *undo, void *arg), void *arg)
{
	struct record *r;

	dm_undo_hold();
	frr_each_safe (undo_list, &list, r)
		if (each(&r->undo, arg))
			remove_record(r);
	dm_undo_release();
}

/* Reads one line. Returns false when it makes no sense. */
static bool parse(const char *line, struct dm_undo *undo)
{
	char kind[24], addr[DM_ADDR_STRLEN];
	unsigned int vlan;
	size_t i;

	memset(undo, 0, sizeof(*undo));
	if (!strchr(line, '\n'))
		return false;
	if (sscanf(line, "%23s %u %15s %u %u %45s", kind, &undo->ifindex, undo->name, &vlan,
		   &undo->vni, addr) != 6)
		return false;
	undo->vlan = vlan;
	if (strcmp(addr, "-") != 0 && !dm_addr_parse(&undo->dst, addr))
		return false;
	for (i = 1; i < array_size(kind_names); i++)
		if (strcmp(kind, kind_names[i]) == 0)
			undo->kind = i;
	return undo->kind != 0;
}

/* A line that says that a record went. */
static void load_gone(const char *line)
{
	struct dm_undo undo;
	struct record *r = parse(line, &undo) ? find(&undo) : NULL;

	if (r)
		drop(r);
	gone_lines++;
}

/*
 * The device was renamed while no zebra ran. Where another has its name now, it is gone instead, and what
 * has its ifindex is none of ours.
 */
static bool was_renamed(const struct nlm_link *link, const struct dm_undo *undo)
{
	return strcmp(link->name, undo->name) != 0 && !dm_link_find_name(undo->name);
}

static void load_line(const char *line)
{
	const struct nlm_link *link;
	struct dm_undo undo;

	link = parse(line, &undo) ? dm_link_find(undo.ifindex) : NULL;
	if (link && was_renamed(link, &undo)) {
		strlcpy(undo.name, link->name, sizeof(undo.name));
		dirty = true;
	}
	if (link && strcmp(link->name, undo.name) == 0 && !find(&undo))
		add(&undo);
	else
		dirty = true;
}

void dm_undo_load(void)
{
	char path[512], line[160];
	FILE *file;

	file_path(path, sizeof(path), "");
	file = fopen(path, "r");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (!strchr(line, '\n'))
			dirty = true;
		else if (line[0] == '-')
			load_gone(line + 1);
		else
			load_line(line);
	}
	fclose(file);
	/* at once: what is appended must not continue a line that was cut */
	dm_undo_save();
}

static bool write_all(const char *path)
{
	FILE *file = fopen(path, "w");
	struct record *r, *first;
	bool ok;

	if (!file)
		return false;
	/* oldest first, so that reading it gives the same order */
	first = undo_list_first(&list);
	for (r = undo_list_last(&list); r; r = r == first ? NULL : undo_list_prev(&list, r))
		write_record(file, &r->undo);
	ok = !ferror(file);
	return fclose(file) == 0 && ok;
}

void dm_undo_save(void)
{
	char path[512], fresh[512];

	if (!dirty)
		return;
	file_path(path, sizeof(path), "");
	file_path(fresh, sizeof(fresh), ".new");
	if (write_all(fresh) && rename(fresh, path) == 0) {
		dirty = false;
		gone_lines = 0;
	} else {
		complain(fresh);
	}
}

void dm_undo_stop(void)
{
	struct record *r;

	dm_undo_save();
	while ((r = undo_list_first(&list)))
		drop(r);
}

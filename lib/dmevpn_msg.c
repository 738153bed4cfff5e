// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The format between nhrpd and the zebra module; dmevpn_msg.h draws who says what when.
 *
 * One table says of each record type which members it carries, in which order; writing
 * and reading both walk it, so they cannot come apart. A member has one of four forms:
 *
 *   NUMBER   1, 2, 4 or 8 octets, network order
 *   ADDR     u8 family, then 0, 4, 16 or 6 octets
 *   TEXT     u8 length, then the characters without a NUL
 *   OCTETS   u8 length, then the octets; the length is a member of its own
 *
 * Called in nhrpd's main loop and in zebra's main loop, on plain buffers. The two ends
 * trust each other but may be of different builds, so reading checks all the same.
 *
 * Not here: ZAPI, and any meaning of a record.
 */
#include <string.h>

#include "lib/dmevpn_msg.h"

#define AT_COUNT 2 /* of the envelope */
#define AT_LEN 2   /* of a record */
#define AT_TAKEN 8 /* what the first record of a payload carries */

enum form {
	LAST = 0,
	NUMBER,
	ADDR,
	TEXT,
	OCTETS,
};

struct field {
	uint8_t form;	 /* enum form */
	uint8_t size;	 /* octets of the member */
	uint16_t at;	 /* offset in struct dm_rec */
	uint16_t len_at; /* OCTETS: offset of the length */
};

struct record {
	const char *name;
	const struct field *fields;
};

#define FIELD(kind, member) .form = (kind), .size = sizeof(((struct dm_rec *)0)->member), \
			    .at = offsetof(struct dm_rec, member)
#define FIELDS(...) (const struct field[]) { __VA_ARGS__ {.form = LAST} }
#define N(member) {FIELD(NUMBER, member)},
#define A(member) {FIELD(ADDR, member)},
#define T(member) {FIELD(TEXT, member)},
#define O(member, length) {FIELD(OCTETS, member), .len_at = offsetof(struct dm_rec, length)},

#define HELLO_FIELDS FIELDS(N(hello.epoch))
#define TAKEN_FIELDS FIELDS(N(taken.sent) N(taken.taken))
#define INSTANCE_FIELDS                                                                           \
	FIELDS(N(instance.ifindex) N(instance.vlan) N(instance.role) N(instance.vpn.oui)           \
	       N(instance.vpn.index))
#define HUB_FIELDS FIELDS(N(hub.ifindex) N(hub.vni) A(hub.nbma) N(hub.remote_vni))
#define MEMBER_FIELDS                                                                             \
	FIELDS(N(member.ifindex) N(member.vni) A(member.nbma) N(member.remote_vni))
#define MAC_FIELDS                                                                                \
	FIELDS(N(mac.ifindex) N(mac.vni) A(mac.mac) A(mac.nbma) N(mac.remote_vni))

#define LOCAL_FIELDS N(local.ifindex) N(local.vni) A(local.mac)
#define NEIGH_FIELDS FIELDS(N(neigh.ifindex) N(neigh.vni) A(neigh.ip) A(neigh.mac))

#define PROBE_KEY N(probe.ifindex) N(probe.vni) A(probe.nbma) N(probe.remote_vni)

static const struct record records[] = {
	[DM_REC_HELLO] = {"HELLO", HELLO_FIELDS},
	[DM_REC_SYNC_END] = {"SYNC_END", FIELDS()},
	[DM_REC_INSTANCE_SET] = {"INSTANCE_SET", INSTANCE_FIELDS},
	[DM_REC_INSTANCE_DEL] = {"INSTANCE_DEL", INSTANCE_FIELDS},
	[DM_REC_HUB_SET] = {"HUB_SET", HUB_FIELDS},
	[DM_REC_HUB_DEL] = {"HUB_DEL", HUB_FIELDS},
	[DM_REC_MEMBER_SET] = {"MEMBER_SET", MEMBER_FIELDS},
	[DM_REC_MEMBER_DEL] = {"MEMBER_DEL", MEMBER_FIELDS},
	[DM_REC_MAC_SET] = {"MAC_SET", MAC_FIELDS},
	[DM_REC_MAC_DEL] = {"MAC_DEL", MAC_FIELDS},
	[DM_REC_MAC_BIND] = {"MAC_BIND", FIELDS(N(mac.ifindex) N(mac.vni) A(mac.mac) A(mac.nbma)
						N(mac.remote_vni) A(mac.old_nbma) N(mac.idle_ms))},
	[DM_REC_SUPPRESS_SET] = {"SUPPRESS_SET",
				 FIELDS(N(suppress.ifindex) N(suppress.vni) N(suppress.on))},
	[DM_REC_NEIGH_SET] = {"NEIGH_SET", NEIGH_FIELDS},
	[DM_REC_NEIGH_DEL] = {"NEIGH_DEL", NEIGH_FIELDS},
	[DM_REC_MAC_ELSEWHERE] = {"MAC_ELSEWHERE", FIELDS(LOCAL_FIELDS N(local.idle_ms))},
	[DM_REC_MAC_HOLD] = {"MAC_HOLD", FIELDS(N(mac.ifindex) N(mac.vni) A(mac.mac) A(mac.nbma)
						N(mac.held))},
	[DM_REC_LOCAL_QUERY] = {"LOCAL_QUERY",
				FIELDS(N(heard.ifindex) N(heard.vni) N(heard.idle_ms))},
	[DM_REC_CHECK] = {"CHECK", FIELDS(N(check.number))},
	[DM_REC_PROBE_SET] = {"PROBE_SET", FIELDS(PROBE_KEY N(probe.interval) N(probe.misses))},
	[DM_REC_PROBE_DEL] = {"PROBE_DEL", FIELDS(PROBE_KEY)},
	[DM_REC_USED_QUERY] = {"USED_QUERY", FIELDS(N(used.ifindex) N(used.vni) A(used.mac))},
	[DM_REC_TAKEN] = {"TAKEN", TAKEN_FIELDS},

	[DM_REC_HELLO_ACK] = {"HELLO_ACK", HELLO_FIELDS},
	[DM_REC_DUMP_END] = {"DUMP_END", FIELDS()},
	[DM_REC_LINK] = {"LINK", FIELDS(N(link.ifindex) T(link.name) N(link.flags) N(link.vni)
					 A(link.local) A(link.mac) N(link.mtu) N(link.master))},
	[DM_REC_LINK_DEL] = {"LINK_DEL", FIELDS(N(link.ifindex))},
	[DM_REC_INSTANCE_STATE] = {"INSTANCE_STATE",
				   FIELDS(N(state.ifindex) N(state.vlan) N(state.ready)
					  N(state.vni) T(state.reason))},
	[DM_REC_MEMBER_HAVE] = {"MEMBER_HAVE", MEMBER_FIELDS},
	[DM_REC_MAC_SEEN] = {"MAC_SEEN",
			     FIELDS(N(mac.ifindex) N(mac.vni) A(mac.mac) A(mac.nbma)
				    N(mac.remote_vni) N(mac.moved) A(mac.old_nbma)
				    N(mac.idle_ms) N(mac.held))},
	[DM_REC_HAIRPIN] = {"HAIRPIN",
			    FIELDS(N(hairpin.ifindex) N(hairpin.vni) A(hairpin.src_mac)
				   A(hairpin.dst_mac) A(hairpin.src_nbma) A(hairpin.dst_nbma)
				   O(hairpin.frame, hairpin.frame_len))},
	[DM_REC_USED_REPLY] = {"USED_REPLY", FIELDS(N(used.ifindex) N(used.vni) A(used.mac)
						     N(used.found) N(used.idle_ms))},
	[DM_REC_FAILURE] = {"FAILURE", FIELDS(N(failure.rec) N(failure.ifindex) N(failure.vni)
					       A(failure.mac) N(failure.error))},
	[DM_REC_LOCAL] = {"LOCAL", FIELDS(LOCAL_FIELDS N(local.gone) N(local.idle_ms))},
	[DM_REC_SUPPRESS_STATE] = {"SUPPRESS_STATE",
				   FIELDS(N(suppress.ifindex) N(suppress.vni) N(suppress.on)
					  T(suppress.reason))},
	[DM_REC_LOCAL_NEIGH] = {"LOCAL_NEIGH", FIELDS(N(neigh.ifindex) N(neigh.vni) A(neigh.ip)
						       A(neigh.mac) N(neigh.gone))},
	[DM_REC_NEIGH_WANTED] = {"NEIGH_WANTED",
				 FIELDS(N(neigh.ifindex) N(neigh.vni) A(neigh.ip))},
	[DM_REC_LOCAL_HEARD] = {"LOCAL_HEARD", FIELDS(N(heard.ifindex) N(heard.vni) A(heard.mac)
						       N(heard.idle_ms))},
	[DM_REC_CHECK_HAVE] = {"CHECK_HAVE",
			       FIELDS(N(have.number) N(have.kind) N(have.ours) N(have.ifindex)
				      N(have.vni) A(have.addr) A(have.at) N(have.remote_vni)
				      N(have.settings))},
	[DM_REC_CHECK_END] = {"CHECK_END", FIELDS(N(check_end.number) T(check_end.reason))},
	[DM_REC_MODULE_TAKEN] = {"MODULE_TAKEN", TAKEN_FIELDS},
	[DM_REC_DUMP_BEGIN] = {"DUMP_BEGIN", FIELDS()},
	[DM_REC_MAC_HAVE] = {"MAC_HAVE", MAC_FIELDS},
	[DM_REC_PROBE_STATE] = {"PROBE_STATE", FIELDS(PROBE_KEY N(probe.up) N(probe.rtt_us))},
};

static const struct record *record_of(uint8_t type)
{
	if (type >= sizeof(records) / sizeof(records[0]) || !records[type].name)
		return NULL;
	return &records[type];
}

const char *dm_rec_name(uint8_t type)
{
	const struct record *record = record_of(type);

	return record ? record->name : "?";
}

static void put_number(struct dm_writer *w, const uint8_t *at, size_t size)
{
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (size) {
	case sizeof(v16):
		memcpy(&v16, at, sizeof(v16));
		dm_put_u16(w, v16);
		break;
	case sizeof(v32):
		memcpy(&v32, at, sizeof(v32));
		dm_put_u32(w, v32);
		break;
	case sizeof(v64):
		memcpy(&v64, at, sizeof(v64));
		dm_put_u64(w, v64);
		break;
	default:
		dm_put_u8(w, *at);
	}
}

static void get_number(struct dm_reader *r, uint8_t *at, size_t size)
{
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (size) {
	case sizeof(v16):
		v16 = dm_get_u16(r);
		memcpy(at, &v16, sizeof(v16));
		break;
	case sizeof(v32):
		v32 = dm_get_u32(r);
		memcpy(at, &v32, sizeof(v32));
		break;
	case sizeof(v64):
		v64 = dm_get_u64(r);
		memcpy(at, &v64, sizeof(v64));
		break;
	default:
		*at = dm_get_u8(r);
	}
}

static void put_addr(struct dm_writer *w, const struct dm_addr *a)
{
	dm_put_u8(w, a->family);
	dm_put_octets(w, a->octets, dm_addr_len(a));
	if (a->family > DM_MAC)
		w->bad = true;
}

static void get_addr(struct dm_reader *r, struct dm_addr *a)
{
	enum dm_family family = dm_get_u8(r);
	size_t len = dm_family_len(family);
	const uint8_t *octets = dm_get_octets(r, len);

	if (r->bad || !dm_addr_set(a, family, octets, len))
		r->bad = true;
}

/* LEN octets behind their number, which one octet must hold and the member have ROOM for. */
static void put_counted(struct dm_writer *w, const void *octets, size_t len, size_t room)
{
	if (len > room)
		w->bad = true;
	dm_put_u8(w, len);
	dm_put_octets(w, octets, len);
}

/* Returns the number of octets copied to AT; more than ROOM is an error. */
static uint8_t get_counted(struct dm_reader *r, uint8_t *at, size_t room)
{
	uint8_t len = dm_get_u8(r);
	const uint8_t *octets = dm_get_octets(r, len);

	if (r->bad || len > room) {
		r->bad = true;
		return 0;
	}
	if (len)
		memcpy(at, octets, len);
	return len;
}

/* The member is all zeros before, so the text ends in one; a NUL inside would be two texts. */
static void get_text(struct dm_reader *r, uint8_t *at, size_t size)
{
	uint8_t len = get_counted(r, at, size - 1);

	if (memchr(at, '\0', len))
		r->bad = true;
}

static void put_field(struct dm_writer *w, const struct field *f, const struct dm_rec *rec)
{
	const uint8_t *base = (const uint8_t *)rec;
	const uint8_t *at = base + f->at;

	switch ((enum form)f->form) {
	case NUMBER:
		put_number(w, at, f->size);
		break;
	case ADDR:
		put_addr(w, (const struct dm_addr *)at);
		break;
	case TEXT:
		put_counted(w, at, strnlen((const char *)at, f->size), f->size - 1);
		break;
	case OCTETS:
		put_counted(w, at, base[f->len_at], f->size);
		break;
	case LAST:
		break;
	}
}

static void get_field(struct dm_reader *r, const struct field *f, struct dm_rec *rec)
{
	uint8_t *base = (uint8_t *)rec;
	uint8_t *at = base + f->at;

	switch ((enum form)f->form) {
	case NUMBER:
		get_number(r, at, f->size);
		break;
	case ADDR:
		get_addr(r, (struct dm_addr *)at);
		break;
	case TEXT:
		get_text(r, at, f->size);
		break;
	case OCTETS:
		base[f->len_at] = get_counted(r, at, f->size);
		break;
	case LAST:
		break;
	}
}

void dm_batch_init(struct dm_batch *b)
{
	dm_writer_init(&b->w, b->buf, sizeof(b->buf));
	b->count = 0;
	dm_put_u16(&b->w, DM_MSG_VERSION);
	dm_put_u16(&b->w, 0); /* records */
}

bool dm_batch_put(struct dm_batch *b, const struct dm_rec *rec)
{
	const struct record *record = record_of(rec->type);
	size_t at = b->w.used;

	if (!record)
		return false;

	dm_put_u8(&b->w, rec->type);
	dm_put_u8(&b->w, 0);
	dm_put_u16(&b->w, 0); /* length */
	for (const struct field *f = record->fields; f->form != LAST; f++)
		put_field(&b->w, f, rec);

	if (b->w.bad) {
		b->w.used = at;
		b->w.bad = false;
		return false;
	}
	dm_patch_u16(&b->w, at + AT_LEN, b->w.used - at - 4);
	b->count++;
	return true;
}

void dm_batch_set_taken(struct dm_batch *b, uint32_t sent, uint32_t taken)
{
	struct dm_writer w;

	dm_writer_init(&w, b->buf + AT_TAKEN, 2 * sizeof(uint32_t));
	dm_put_u32(&w, sent);
	dm_put_u32(&w, taken);
}

size_t dm_batch_finish(struct dm_batch *b)
{
	if (b->count == 0)
		return 0;
	dm_patch_u16(&b->w, AT_COUNT, b->count);
	return b->w.used;
}

/* Reads a record's header; *body gets what it holds. */
static uint8_t get_header(struct dm_reader *r, struct dm_reader *body)
{
	uint8_t type = dm_get_u8(r);

	dm_get_u8(r);
	dm_get_sub(r, dm_get_u16(r), body);
	return type;
}

enum dm_open dm_msg_open(struct dm_reader *r, const uint8_t *octets, size_t len, uint16_t *version)
{
	struct dm_reader all, body;
	uint16_t says, count;

	dm_reader_init(r, octets, len);
	says = dm_get_u16(r);
	count = dm_get_u16(r);
	if (version)
		*version = says;
	if (r->bad)
		return DM_OPEN_SHORT;
	if (says != DM_MSG_VERSION)
		return DM_OPEN_VERSION;

	/* a payload cut between two records would pass for a whole one otherwise */
	all = *r;
	while (count-- > 0 && !all.bad)
		get_header(&all, &body);
	return all.bad || dm_reader_left(&all) > 0 ? DM_OPEN_SHORT : DM_OPEN_OK;
}

bool dm_msg_next(struct dm_reader *r, struct dm_rec *rec)
{
	const struct record *record;
	struct dm_reader body;

	do {
		if (r->bad || dm_reader_left(r) == 0)
			return false;
		memset(rec, 0, sizeof(*rec));
		rec->type = get_header(r, &body);
		record = record_of(rec->type);
	} while (!record);

	for (const struct field *f = record->fields; f->form != LAST; f++)
		get_field(&body, f, rec);
	if (body.bad || dm_reader_left(&body) > 0)
		r->bad = true;
	return !r->bad;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cursor pair under both formats of this project, NHRP and dmevpn_msg.
 *
 * Objects: struct dm_reader and struct dm_writer, owned by the caller, mostly on its
 * stack. No locks and no globals: any thread may use its own.
 *
 * Every access to foreign octets goes through dm_get_octets() and every write through
 * dm_put_octets(); those two hold the only bounds checks there are.
 */
#include <string.h>

#include "lib/octets.h"

void dm_reader_init(struct dm_reader *r, const void *octets, size_t len)
{
	r->p = octets;
	r->end = len ? r->p + len : r->p;
	r->bad = false;
}

size_t dm_reader_left(const struct dm_reader *r)
{
	return r->end - r->p;
}

const uint8_t *dm_get_octets(struct dm_reader *r, size_t len)
{
	const uint8_t *at = r->p;

	if (r->bad || len > dm_reader_left(r)) {
		r->bad = true;
		return NULL;
	}
	if (len)
		r->p += len;
	return at;
}

/* LEN octets (at most 8) as one number. */
static uint64_t get_number(struct dm_reader *r, size_t len)
{
	const uint8_t *octets = dm_get_octets(r, len);
	uint64_t v = 0;

	for (size_t i = 0; octets && i < len; i++)
		v = v << 8 | octets[i];
	return v;
}

uint8_t dm_get_u8(struct dm_reader *r)
{
	return get_number(r, 1);
}

uint16_t dm_get_u16(struct dm_reader *r)
{
	return get_number(r, 2);
}

uint32_t dm_get_u32(struct dm_reader *r)
{
	return get_number(r, 4);
}

uint64_t dm_get_u64(struct dm_reader *r)
{
	return get_number(r, 8);
}

void dm_get_sub(struct dm_reader *r, size_t len, struct dm_reader *sub)
{
	const uint8_t *octets = dm_get_octets(r, len);

	dm_reader_init(sub, octets, octets ? len : 0);
	sub->bad = r->bad;
}

void dm_writer_init(struct dm_writer *w, void *buf, size_t size)
{
	w->buf = buf;
	w->size = size;
	w->used = 0;
	w->bad = false;
}

void dm_put_octets(struct dm_writer *w, const void *octets, size_t len)
{
	if (w->bad || len > w->size - w->used) {
		w->bad = true;
		return;
	}
	if (len)
		memcpy(w->buf + w->used, octets, len);
	w->used += len;
}

/* The low LEN octets (at most 8) of V. */
static void put_number(struct dm_writer *w, uint64_t v, size_t len)
{
	uint8_t octets[8];

	for (size_t i = len; i-- > 0; v >>= 8)
		octets[i] = v;
	dm_put_octets(w, octets, len);
}

void dm_put_u8(struct dm_writer *w, uint8_t v)
{
	put_number(w, v, 1);
}

void dm_put_u16(struct dm_writer *w, uint16_t v)
{
	put_number(w, v, 2);
}

void dm_put_u32(struct dm_writer *w, uint32_t v)
{
	put_number(w, v, 4);
}

void dm_put_u64(struct dm_writer *w, uint64_t v)
{
	put_number(w, v, 8);
}

void dm_patch_u16(struct dm_writer *w, size_t at, uint16_t v)
{
	if (w->bad || w->used < 2 || at > w->used - 2) {
		w->bad = true;
		return;
	}
	w->buf[at] = v >> 8;
	w->buf[at + 1] = v & 0xff;
}

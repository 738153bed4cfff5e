// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A reader that cannot run past its end and a writer that cannot run past its
 * buffer. Both keep a sticky error, so a caller checks once, at the end. All
 * numbers are host order outside and network order inside.
 */
#ifndef DMEVPN_OCTETS_H
#define DMEVPN_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads from [p, end); after the first short read `bad` is set and every get returns 0. */
struct dm_reader {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
};

/* Starts a reader over LEN octets, which the caller keeps alive. */
void dm_reader_init(struct dm_reader *r, const void *octets, size_t len);
/* Octets not read yet, also after `bad`: a loop looks at both. */
size_t dm_reader_left(const struct dm_reader *r);
/* Next number in network order; 0 with `bad` set when too few octets are left. */
uint8_t dm_get_u8(struct dm_reader *r);
uint16_t dm_get_u16(struct dm_reader *r);
uint32_t dm_get_u32(struct dm_reader *r);
uint64_t dm_get_u64(struct dm_reader *r);
/* View of the next LEN octets and a step over them; NULL with `bad` set when too few are left. */
const uint8_t *dm_get_octets(struct dm_reader *r, size_t len);
/* Carves the next LEN octets off as a reader of their own; *sub is empty and `bad` when too few are left. */
void dm_get_sub(struct dm_reader *r, size_t len, struct dm_reader *sub);

/* Writes to [buf, buf + size); after the first write that does not fit `bad` is set and nothing more is written. */
struct dm_writer {
	uint8_t *buf;
	size_t size;
	size_t used;
	bool bad;
};

/* Starts a writer over SIZE octets of the caller's. */
void dm_writer_init(struct dm_writer *w, void *buf, size_t size);
/* Appends a number in network order. */
void dm_put_u8(struct dm_writer *w, uint8_t v);
void dm_put_u16(struct dm_writer *w, uint16_t v);
void dm_put_u32(struct dm_writer *w, uint32_t v);
void dm_put_u64(struct dm_writer *w, uint64_t v);
/* Appends LEN octets; LEN 0 is allowed with octets NULL. */
void dm_put_octets(struct dm_writer *w, const void *octets, size_t len);
/* Overwrites two octets at offset AT, which have been written before; sets `bad` when they have not. */
void dm_patch_u16(struct dm_writer *w, size_t at, uint16_t v);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flow control between nhrpd and the zebra module; dmevpn_line.h draws it.
 *
 * Between the two are zebra's queues and libfrr's, which grow without end when the reader sleeps
 * or is slow. So the sender counts, by the reader's own word, what the reader has worked off, and
 * stops at a window. What then cannot be said is not kept: the caller remembers that it has
 * something to restate, which is bounded by what there is and never out of date.
 *
 * Objects: a line, one a process. Pure; used on one pthread each.
 *
 * Not here: what is restated, and when (dmevpn_dump.c in the module, the engine's sync in nhrpd).
 */
#include <string.h>

#include "lib/dmevpn_line.h"

/* --- credit --- */

void dm_credit_reset(struct dm_credit *c)
{
	c->taken = c->excused = c->sent;
	c->restating = false;
}

uint32_t dm_credit_under_way(const struct dm_credit *c)
{
	return c->sent - c->taken;
}

/* Octets under way that count. */
static uint32_t counted(const struct dm_credit *c)
{
	return c->sent - c->excused;
}

bool dm_credit_room(const struct dm_credit *c, size_t octets)
{
	if (c->restating)
		return dm_credit_under_way(c) + octets <= DM_LINE_RESTATEMENT;
	return counted(c) + octets <= DM_LINE_WINDOW;
}

bool dm_credit_rested(const struct dm_credit *c)
{
	return counted(c) <= DM_LINE_WINDOW / 2;
}

void dm_credit_sent(struct dm_credit *c, size_t octets)
{
	c->sent += (uint32_t)octets;
}

bool dm_credit_taken(struct dm_credit *c, uint32_t position)
{
	uint32_t more = position - c->taken;

	if (more > dm_credit_under_way(c))
		return false;
	if (more > c->excused - c->taken)
		c->excused = position;
	c->taken = position;
	return true;
}

void dm_credit_restate(struct dm_credit *c, bool over)
{
	c->restating = !over;
	if (over)
		c->excused = c->sent;
}

bool dm_credit_received(struct dm_credit *c, uint32_t position)
{
	c->received = position;
	/* another sender counts anew, which is a large step */
	return position - c->told >= DM_LINE_TELL;
}

/* --- the line --- */

/* The TAKEN record stands first, and is filled in when the payload leaves. */
static void begin(struct dm_line *line)
{
	const struct dm_rec rec = { .type = line->taken_type };

	dm_batch_init(&line->batch);
	dm_batch_put(&line->batch, &rec);
	line->waiting = false;
}

static bool is_empty(const struct dm_line *line)
{
	return line->batch.count <= 1;
}

void dm_line_init(struct dm_line *line, uint8_t taken_type, dm_line_send send)
{
	memset(line, 0, sizeof(*line));
	line->taken_type = taken_type;
	line->send = send;
	begin(line);
}

void dm_line_reset(struct dm_line *line)
{
	dm_credit_reset(&line->credit);
	begin(line);
}

static size_t cost(const struct dm_line *line)
{
	return line->batch.w.used + DM_LINE_OVERHEAD;
}

static void depart(struct dm_line *line)
{
	struct dm_credit *c = &line->credit;

	dm_credit_sent(c, cost(line));
	c->told = c->received;
	dm_batch_set_taken(&line->batch, c->sent, c->received);
	if (dm_credit_under_way(c) > line->most)
		line->most = dm_credit_under_way(c);
	line->payloads++;
	line->send(line->batch.buf, dm_batch_finish(&line->batch));
	begin(line);
}

void dm_line_flush_urgent(struct dm_line *line)
{
	if (!is_empty(line))
		depart(line);
}

void dm_line_flush(struct dm_line *line)
{
	if (is_empty(line))
		return;
	if (dm_credit_room(&line->credit, cost(line))) {
		depart(line);
		return;
	}
	line->waits += !line->waiting;
	line->waiting = true;
}

bool dm_line_put(struct dm_line *line, const struct dm_rec *rec)
{
	if (dm_batch_put(&line->batch, rec))
		return true;
	dm_line_flush(line);
	if (!line->waiting && dm_batch_put(&line->batch, rec))
		return true;
	line->refused++;
	return false;
}

bool dm_line_put_urgent(struct dm_line *line, const struct dm_rec *rec)
{
	if (dm_batch_put(&line->batch, rec))
		return true;
	dm_line_flush_urgent(line);
	return dm_batch_put(&line->batch, rec);
}

void dm_line_taken(struct dm_line *line, const struct dm_taken *taken, uint32_t *position)
{
	*position = taken->sent;
	dm_credit_taken(&line->credit, taken->taken);
	if (line->waiting)
		dm_line_flush(line);
}

void dm_line_worked_off(struct dm_line *line, uint32_t position)
{
	if (dm_credit_received(&line->credit, position))
		depart(line);
}

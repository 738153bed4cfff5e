// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One end of the line between nhrpd and the zebra module: records are gathered into payloads,
 * and no more payloads are under way than the other end has taken lately. The same code at both
 * ends; what carries the payloads is the caller's.
 *
 *   sent ──────────────────────────────────────────────▶  a position that only grows,
 *              taken ────────────▶                        octets modulo 2^32
 *              └──── under way ───┘  at most DM_LINE_WINDOW
 *
 * Every payload begins with a TAKEN record: the position at its own end, and up to where its
 * sender has taken what the other end sent. Whoever has nothing to say sends one with that alone
 * after every DM_LINE_TELL octets taken. Positions are absolute, so a payload that is lost on the
 * way (zebra drops what is for nobody) costs no credit.
 */
#ifndef DMEVPN_LINE_H
#define DMEVPN_LINE_H

#include "lib/dmevpn_msg.h"

/* octets that may be under way */
#define DM_LINE_WINDOW (4u << 20)
/* … while everything is restated, which is bounded by what there is to state */
#define DM_LINE_RESTATEMENT (64u << 20)
/* octets that a payload counts for beyond its own: headers and buffers on its way through zebra */
#define DM_LINE_OVERHEAD 512u
/* octets taken until the other end is told of it with a payload of its own */
#define DM_LINE_TELL (256u << 10)

/* How much is under way, and how much may be. Nothing here knows what is carried. */
struct dm_credit {
	uint32_t sent;	   /* position */
	uint32_t taken;	   /* up to where the other end has taken it */
	uint32_t excused;  /* up to here it does not count: a restatement; not behind `taken` */
	uint32_t received; /* position of what came from the other end */
	uint32_t told;	   /* up to where it knows that */
	bool restating;
};

/* A new end, or another one at the other side: nothing is under way. */
void dm_credit_reset(struct dm_credit *c);
/* Octets under way, all of them. */
uint32_t dm_credit_under_way(const struct dm_credit *c);
/* Whether OCTETS more may be sent. */
bool dm_credit_room(const struct dm_credit *c, size_t octets);
/* Whether at most half of the window is under way: time to say what could not be said before. */
bool dm_credit_rested(const struct dm_credit *c);
/* OCTETS are sent. */
void dm_credit_sent(struct dm_credit *c, size_t octets);
/* The other end's word. Returns false, with no effect, when POSITION is not of what is under way. */
bool dm_credit_taken(struct dm_credit *c, uint32_t position);
/*
 * From now on everything is restated, in one go; until, with OVER, all of it has been sent. What
 * is sent in between does not count for what is sent afterwards.
 */
void dm_credit_restate(struct dm_credit *c, bool over);
/* A payload that ends at POSITION was taken. Returns true when the other end is to be told. */
bool dm_credit_received(struct dm_credit *c, uint32_t position);

struct dm_line;

/* Sends a payload; what becomes of it is seen by what the other end takes. */
typedef void (*dm_line_send)(const uint8_t *octets, size_t len);

struct dm_line {
	struct dm_credit credit;
	struct dm_batch batch;
	uint8_t taken_type; /* of the TAKEN records that this end sends */
	bool waiting;	    /* the payload is full, or urgent, and there is no room */
	dm_line_send send;
	uint64_t payloads; /* sent */
	uint64_t waits;	   /* times that there was no room */
	uint64_t refused;  /* records that found none */
	uint32_t most;	   /* octets under way, at worst */
};

/* An end that sends TAKEN_TYPE by SEND. Stays where it was initialised. */
void dm_line_init(struct dm_line *line, uint8_t taken_type, dm_line_send send);
/* The other end is gone, or another: what was not sent is thrown away. */
void dm_line_reset(struct dm_line *line);
/*
 * Puts a record into the payload that leaves with the next dm_line_flush(), or sooner when it is
 * full. Returns false, and the record is not said, when the payload is full and there is no room
 * on the line, or when the record cannot be written (its type or a field is wrong).
 */
bool dm_line_put(struct dm_line *line, const struct dm_rec *rec);
/* The same for what must get through and is rare enough not to be counted: HELLO and its answer. */
bool dm_line_put_urgent(struct dm_line *line, const struct dm_rec *rec);
/* Sends the payload, if it has a record and there is room; otherwise it goes when there is. */
void dm_line_flush(struct dm_line *line);
/* Sends it in any case. */
void dm_line_flush_urgent(struct dm_line *line);
/*
 * A TAKEN record came: sends what has waited, if there is room now. POSITION gets where the payload
 * that it stands in ends.
 */
void dm_line_taken(struct dm_line *line, const struct dm_taken *taken, uint32_t *position);
/* All records of the payload that ends at POSITION were worked off. */
void dm_line_worked_off(struct dm_line *line, uint32_t position);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stamps and windows against replay.
 *
 * Objects: struct nhrp_stamper and struct nhrp_window, one of each for a peer, owned by the
 * engine. Called by it for each VPN message under keyed authentication; pure, any thread.
 *
 * RFC 2332 5.3.4 knows no protection against replay; this is ours, carried inside the
 * authentication data it leaves open:
 *
 *   within a run    the counter, by a sliding window of 64, so that messages may overtake
 *                   each other
 *   peer restarts   its epoch is greater: the window begins anew; smaller: refused
 *   we restart      all windows are lost. What peers sent before echoes our old epoch, so
 *                   it is refused; they hear the new one from our next message
 *   to another one  the echo is that station's epoch, not ours
 *
 * Not here: who is a peer, and when its window may be forgotten.
 */
#include "lib/nhrp_replay.h"

#define COUNTERS_A_MS 16 /* bits */

static const char *const names[NHRP_REPLAY_COUNT] = {
	[NHRP_REPLAY_NEW] = "new",
	[NHRP_REPLAY_INVALID] = "invalidStamp",
	[NHRP_REPLAY_ECHO] = "foreignEcho",
	[NHRP_REPLAY_EPOCH] = "formerEpoch",
	[NHRP_REPLAY_OLD] = "beforeWindow",
	[NHRP_REPLAY_TWICE] = "repeated",
};

const char *nhrp_replay_name(enum nhrp_replay why)
{
	return (unsigned int)why < NHRP_REPLAY_COUNT ? names[why] : "unknown";
}

void nhrp_stamper_init(struct nhrp_stamper *s, uint64_t epoch, uint64_t uptime_ms)
{
	s->epoch = epoch;
	s->counter = uptime_ms << COUNTERS_A_MS;
}

struct nhrp_stamp nhrp_stamper_next(struct nhrp_stamper *s, uint64_t peer_epoch)
{
	return (struct nhrp_stamp){.epoch = s->epoch, .echo = peer_epoch, .counter = ++s->counter};
}

static void advance(struct nhrp_window *w, uint64_t counter)
{
	uint64_t step = counter - w->top;

	w->taken = step < NHRP_REPLAY_WINDOW ? w->taken << step : 0;
	w->taken |= 1;
	w->top = counter;
}

static enum nhrp_replay take_counter(struct nhrp_window *w, uint64_t counter)
{
	uint64_t bit;

	if (counter > w->top) {
		advance(w, counter);
		return NHRP_REPLAY_NEW;
	}
	if (w->top - counter >= NHRP_REPLAY_WINDOW)
		return NHRP_REPLAY_OLD;
	bit = UINT64_C(1) << (w->top - counter);
	if (w->taken & bit)
		return NHRP_REPLAY_TWICE;
	w->taken |= bit;
	return NHRP_REPLAY_NEW;
}

enum nhrp_replay nhrp_window_take(struct nhrp_window *w, const struct nhrp_stamp *s, uint64_t own_epoch)
{
	if (s->epoch == 0 || s->counter == 0)
		return NHRP_REPLAY_INVALID;
	/* before anything is noted: an old message must not move the window either */
	if (s->echo != own_epoch)
		return NHRP_REPLAY_ECHO;
	if (s->epoch < w->epoch)
		return NHRP_REPLAY_EPOCH;
	if (s->epoch > w->epoch)
		*w = (struct nhrp_window){.epoch = s->epoch};
	return take_counter(w, s->counter);
}

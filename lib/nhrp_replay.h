// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Against replay: the stamps that go into the authentication of VPN messages, and the
 * window in which each is taken once.
 */
#ifndef DMEVPN_NHRP_REPLAY_H
#define DMEVPN_NHRP_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

/* Counters at most this far behind the newest are still taken, each once. */
#define NHRP_REPLAY_WINDOW 64

/* What marks one message as new. The three together are never sent twice to one peer. */
struct nhrp_stamp {
	uint64_t epoch;	  /* the sender's start: greater after each restart, never 0 */
	uint64_t echo;	  /* the receiver's start, as the sender last heard it; 0: not heard yet */
	uint64_t counter; /* greater with each message to one peer within an epoch, never 0 */
};

/* What a sender keeps of one peer. Zeroed, it is ready for nhrp_stamper_init(). */
struct nhrp_stamper {
	uint64_t epoch;
	uint64_t counter; /* of the last message */
};

/*
 * Readies it for a peer. EPOCH is the same for all peers of a process. UPTIME_MS is the
 * time since then: it keeps the counter ahead of where it was when the peer had been
 * forgotten and is met again, as long as it was sent less than 65,536 messages a millisecond.
 */
void nhrp_stamper_init(struct nhrp_stamper *s, uint64_t epoch, uint64_t uptime_ms);

/* The stamp of the next message; PEER_EPOCH goes back to the peer as its echo, 0 when not known. */
struct nhrp_stamp nhrp_stamper_next(struct nhrp_stamper *s, uint64_t peer_epoch);

/* What a receiver keeps of one peer. Zeroed, it has heard nothing. */
struct nhrp_window {
	uint64_t epoch; /* the peer's, 0: none yet */
	uint64_t top;	/* greatest counter taken in it */
	uint64_t taken; /* bit n: top - n was taken */
};

enum nhrp_replay {
	NHRP_REPLAY_NEW = 0,
	NHRP_REPLAY_INVALID, /* an epoch or counter of 0 */
	NHRP_REPLAY_ECHO,    /* meant for another run of ours, or for another station: may be an old message */
	NHRP_REPLAY_EPOCH,   /* from an earlier run of the peer */
	NHRP_REPLAY_OLD,     /* too far behind the newest to tell */
	NHRP_REPLAY_TWICE,   /* taken before */
	NHRP_REPLAY_COUNT,
};

/* Stable name of a result in camelCase, as JSON shows it. */
const char *nhrp_replay_name(enum nhrp_replay why);

/*
 * Judges the stamp of a message whose authenticity is beyond doubt, and notes it when it is
 * new. OWN_EPOCH is the receiver's. NHRP_REPLAY_ECHO is the honest case too, once after each
 * restart: the answer to such a request must carry our epoch and change nothing else, and
 * the peer then asks again.
 */
enum nhrp_replay nhrp_window_take(struct nhrp_window *w, const struct nhrp_stamp *s, uint64_t own_epoch);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine in its daemon: the process' one engine, its clock, log and timers.
 */
#ifndef DMEVPN_VPN_GLUE_H
#define DMEVPN_VPN_GLUE_H

#include "nhrpd/vpn_engine.h"

/* Makes the engine and connects it to packet I/O, the zebra module and the controllers. */
void vpn_glue_init(void);
/*
 * Spokes take their registrations back. Returns true when that takes a moment: DONE is called
 * from the event loop when it is over. Returns false when there is nothing to wait for, or
 * it was called before.
 */
bool vpn_glue_leave(void (*done)(void));
/* Ends it in order: no more input, no more events, then the engine; the kernel keeps what was not taken back. */
void vpn_glue_terminate(void);
/* The engine; valid between init and terminate. */
struct vpn_engine *vpn_glue_engine(void);
/* "debug nhrp vpn" as configured; "debug nhrp all" has the same effect without being that. */
void vpn_glue_set_debug(bool on);
bool vpn_glue_debug(void);
/* 32 bits from the kernel that nobody can foresee; and monotonic milliseconds. */
uint32_t vpn_glue_random(void);
uint64_t vpn_glue_now(void);
/* Until it is let go the engine's clock stands: all records of a message came at one time. */
void vpn_glue_hold_clock(bool hold);
/* What an interface means to FRR's own NHRP code; *vpn is set for VPN_LAYER3_VPN. */
enum vpn_layer3 vpn_glue_layer3(uint32_t ifindex, struct vpn_id *vpn);
/* True when a message of VPN to that peer leaves without VPN headers (vpn_engine_plain_wanted). */
bool vpn_glue_plain_wanted(const struct vpn_path *to, const struct vpn_id *vpn);
/* Runs what is due, soon: to be called after the engine was told something. */
void vpn_glue_kick(void);

#endif

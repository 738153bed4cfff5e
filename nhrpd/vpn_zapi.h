// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The road to the zebra module: a ZAPI client of our own (the stock code's is
 * private to it) that carries lib/dmevpn_msg.h in opaque messages.
 */
#ifndef DMEVPN_VPN_ZAPI_H
#define DMEVPN_VPN_ZAPI_H

#include "lib/dmevpn_msg.h"

/* Connects, and keeps trying; tells the engine of the module's coming and going. */
void vpn_zapi_init(void);
/*
 * Queues one record; a batch leaves at the end of this turn of the event loop. When the module does
 * not keep up, the record is dropped, and the engine hears in the next turn that it is to restate.
 */
void vpn_zapi_program(const struct dm_rec *rec);
void vpn_zapi_terminate(void);

/* The line to the module: messages sent, octets under way now and at worst, times it was full, and overrun. */
struct vpn_zapi_counters {
	uint64_t payloads;
	uint32_t under_way, most;
	uint64_t waits, overruns;
};

/* What they are now. */
void vpn_zapi_get_counters(struct vpn_zapi_counters *c);

/*
 * Calls DONE from the event loop once the module has all records so far, in half a second at the
 * latest. Whatever is sent and not yet read is lost when a connection to zebra ends.
 */
void vpn_zapi_when_taken(void (*done)(void));

#endif

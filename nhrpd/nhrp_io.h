// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packet input and output of nhrpd, ours in place of stock linux.c: one packet
 * socket for GRE protocol 0x2001, in front of the engine and of the stock code.
 */
#ifndef DMEVPN_NHRP_IO_H
#define DMEVPN_NHRP_IO_H

#include "lib/nhrp_guard.h"
#include "nhrpd/vpn_engine.h"

/* Counters of the packet socket. */
struct nhrp_io_counters {
	uint64_t received;	   /* messages, plain and VPN */
	uint64_t no_source;	   /* dropped: nobody knows from where, so nobody to answer */
	uint64_t too_long;	   /* dropped: more than 2048 octets */
	uint64_t guard[NHRP_GUARD_COUNT]; /* plain ones by the guard's verdict; dropped unless PASSED */
	uint64_t guard_dropped[NHRP_DROP_COUNT]; /* the MALFORMED ones by what was wrong */
	uint64_t kept_back;	   /* messages of the stock code that must not leave */
	uint64_t stock_queue_full; /* plain ones that the stock code was too slow for */
	uint64_t send_failed;
};

/*
 * Hands each VPN message to FN as it comes; before this is called they are
 * dropped. Reading starts with the stock code's os_socket().
 */
void nhrp_io_set_vpn_handler(void (*fn)(const struct vpn_path *from, const uint8_t *octets, size_t len));

/* Sends one message by GRE to path->nbma over path->ifindex. Returns 0 or a negative errno. */
int nhrp_io_send(const struct vpn_path *path, const uint8_t *octets, size_t len);

/* The counters, which live as long as the process. */
const struct nhrp_io_counters *nhrp_io_counters(void);

/* Closes the sockets. */
void nhrp_io_terminate(void);

#endif

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
	uint64_t layer3_sent;	   /* messages of the stock code that left in a VPN, with its headers */
	uint64_t layer3_sent_plain; /* … without, to peers that know no VPNs */
	uint64_t layer3_blocked;   /* … that stayed, and plain ones that were dropped: see VPN_LAYER3_BLOCKED */
	uint64_t plain_on_vpn;	   /* plain ones dropped: the interface belongs to a VPN */
	uint64_t other_vpn;	   /* messages on their way that would have left in another VPN than they came in */
	uint64_t held;		   /* messages of the stock code that stayed: see nhrp_hold.h */
	uint64_t stock_queue_full; /* plain ones that the stock code was too slow for */
	uint64_t send_failed;
};

/* What the packet I/O asks of the VPNs. */
struct nhrp_io_vpn {
	/* One VPN message as it came. */
	void (*packet)(const struct vpn_path *from, const uint8_t *octets, size_t len);
	/* One plain message as it came; returns false when the configuration gives plain messages there no VPN. */
	bool (*plain)(const struct vpn_path *from, const uint8_t *octets, size_t len);
	/* What an interface means to the stock code; *vpn is set for VPN_LAYER3_VPN. */
	enum vpn_layer3 (*layer3)(uint32_t ifindex, struct vpn_id *vpn);
	/* True when a message of VPN to that peer leaves without VPN headers. */
	bool (*plain_wanted)(const struct vpn_path *to, const struct vpn_id *vpn);
};

/*
 * VPN is borrowed. While it is NULL nothing comes in and nothing of the stock code leaves.
 * Reading starts with the stock code's os_socket().
 */
void nhrp_io_set_vpn(const struct nhrp_io_vpn *vpn);

/*
 * Hands a message that came in a layer 3 VPN, its headers taken off, to the stock code by way of the
 * guard. Returns false when the guard or the password keep it out.
 */
bool nhrp_io_deliver(const struct vpn_path *from, const uint8_t *octets, size_t len);

/* The same for one of the default routing instance: nothing but a plain one on an interface without VPN gets through. */
void nhrp_io_deliver_default(const struct vpn_path *from, const uint8_t *octets, size_t len);

/* Sends one message by GRE to path->nbma over path->ifindex. Returns 0 or a negative errno. */
int nhrp_io_send(const struct vpn_path *path, const uint8_t *octets, size_t len);

/* The counters, which live as long as the process. */
const struct nhrp_io_counters *nhrp_io_counters(void);

/* Closes the sockets. */
void nhrp_io_terminate(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One address type for everything a message of NHRP names: IPv4, IPv6 and MAC.
 *
 * A dm_addr is identified by family and octets, and by nothing else: no port,
 * no scope, no prefix length. Octets stand in network order, as on the wire.
 * All functions are pure; none allocates.
 */
#ifndef DMEVPN_ADDR_H
#define DMEVPN_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dm_family {
	DM_NONE = 0,
	DM_IPV4,
	DM_IPV6,
	DM_MAC,
};

#define DM_ADDR_MAX 16
/* room for the longest text form, with its terminating NUL */
#define DM_ADDR_STRLEN 46

/* Identified by (family, the first dm_addr_len() octets); the octets behind them are zero. */
struct dm_addr {
	uint8_t family; /* enum dm_family */
	uint8_t octets[DM_ADDR_MAX];
};

/* Length in octets of an address of that family: 0, 4, 16 or 6. */
size_t dm_family_len(enum dm_family family);

/* Length in octets of the address; 0 when it is not set. */
size_t dm_addr_len(const struct dm_addr *a);

/* Fills *a with LEN octets of FAMILY. Returns false, and *a not set, when LEN is not that family's. */
bool dm_addr_set(struct dm_addr *a, enum dm_family family, const void *octets, size_t len);

/* True when the address is set. */
bool dm_addr_is_set(const struct dm_addr *a);

/* Total order by family, then octets: negative, 0 or positive, as memcmp. */
int dm_addr_cmp(const struct dm_addr *a, const struct dm_addr *b);

/* True when both are the same address of the same family. */
bool dm_addr_same(const struct dm_addr *a, const struct dm_addr *b);

/* True when both are of the same family and agree in their first BITS bits; more bits than they have mean all. */
bool dm_addr_prefix_same(const struct dm_addr *a, const struct dm_addr *b, unsigned int bits);

/* 32-bit hash of family and octets; SEED keeps two tables from colliding alike. */
uint32_t dm_addr_hash(const struct dm_addr *a, uint32_t seed);

/* True for a MAC with the group bit, an IPv4 of 224/4 or an IPv6 of ff00::/8. */
bool dm_addr_is_multicast(const struct dm_addr *a);

/* True when every octet is zero, or when it is not set. */
bool dm_addr_is_zero(const struct dm_addr *a);

/* True when it can be one station's: set, not zero, no group's, not 255.255.255.255. */
bool dm_addr_is_station(const struct dm_addr *a);

/* Writes the text form ("10.0.0.1", "fe80::1", "02:00:00:00:00:01", "-" when not set) and returns BUF. */
const char *dm_addr_str(const struct dm_addr *a, char buf[DM_ADDR_STRLEN]);

/* Reads a text form of any family. Returns false, and *a not set, on anything else. */
bool dm_addr_parse(struct dm_addr *a, const char *text);

/*
 * RFC 2685 global VPN identifier. Identified by (oui, index); index 0 with oui 0
 * stands for the default routing instance (RFC 2735 2.1).
 */
struct vpn_id {
	uint32_t oui;	/* 24 bits */
	uint32_t index; /* 32 bits */
};

/* room for "xx:xx:xx:4294967295" and its NUL, for "xx:xx:xx" and its */
#define VPN_ID_STRLEN 24
#define VPN_OUI_STRLEN 9

/* Total order by oui, then index. */
int vpn_id_cmp(const struct vpn_id *a, const struct vpn_id *b);

/* True for the VPN-ID of the default routing instance: OUI 0, index 0. */
bool vpn_id_is_default(const struct vpn_id *v);

/* "7" when the OUI is 00:00:00, "00:00:5e:7" otherwise; returns BUF. */
const char *vpn_id_str(const struct vpn_id *v, char buf[VPN_ID_STRLEN]);

/* Reads what vpn_id_str() writes, and that only: one VPN-ID has one text. Returns false, and *v is {0, 0}, on anything else. */
bool vpn_id_parse(struct vpn_id *v, const char *text);

/* "00:00:5e"; returns BUF. OUI has 24 bits. */
const char *vpn_oui_str(uint32_t oui, char buf[VPN_OUI_STRLEN]);

/* Reads three octets of two hexadecimal digits, in either case. Returns false, and *oui is 0, on anything else. */
bool vpn_oui_parse(uint32_t *oui, const char *text);

#endif

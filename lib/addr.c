// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses: IPv4, IPv6 and MAC as one type, and VPN identifiers.
 *
 * Objects: struct dm_addr, identified by (family, octets); struct vpn_id (RFC 2685),
 * identified by (oui, index). Both are plain values without owner or state, so every
 * function here may be called from any thread: nhrpd's main loop, zebra's main loop
 * and zebra's dataplane pthread all do.
 *
 * What every function leans on: the octets behind an address's length are zero. So
 * compare and hash look at all of them and never branch on the family.
 *
 * Not here: prefixes, scopes, and any conversion to libfrr's or the kernel's types.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr.h"

static const uint8_t family_len[] = {
	[DM_NONE] = 0,
	[DM_IPV4] = 4,
	[DM_IPV6] = 16,
	[DM_MAC] = 6,
};

#define FAMILIES (sizeof(family_len) / sizeof(family_len[0]))

size_t dm_family_len(enum dm_family family)
{
	return (unsigned int)family < FAMILIES ? family_len[family] : 0;
}

size_t dm_addr_len(const struct dm_addr *a)
{
	return dm_family_len(a->family);
}

bool dm_addr_set(struct dm_addr *a, enum dm_family family, const void *octets, size_t len)
{
	memset(a, 0, sizeof(*a));
	if ((unsigned int)family >= FAMILIES || len != family_len[family])
		return false;

	a->family = family;
	if (len)
		memcpy(a->octets, octets, len);
	return true;
}

bool dm_addr_is_set(const struct dm_addr *a)
{
	return a->family != DM_NONE;
}

int dm_addr_cmp(const struct dm_addr *a, const struct dm_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->octets, b->octets, DM_ADDR_MAX);
}

bool dm_addr_same(const struct dm_addr *a, const struct dm_addr *b)
{
	return dm_addr_cmp(a, b) == 0;
}

/* One word into the hash, after which every bit of it has touched every bit of H. */
static uint32_t mix(uint32_t h, uint32_t word)
{
	h ^= word;
	h *= 0x9e3779b1u;
	h ^= h >> 15;
	h *= 0x85ebca77u;
	return h ^ (h >> 13);
}

bool dm_addr_prefix_same(const struct dm_addr *a, const struct dm_addr *b, unsigned int bits)
{
	unsigned int whole = bits / 8, rest = bits % 8;
	size_t len = dm_addr_len(a);

	if (a->family != b->family)
		return false;
	if (whole >= len)
		return dm_addr_same(a, b);
	return memcmp(a->octets, b->octets, whole) == 0 && !((a->octets[whole] ^ b->octets[whole]) & ~(0xff >> rest));
}

uint32_t dm_addr_hash(const struct dm_addr *a, uint32_t seed)
{
	uint32_t h = mix(seed, a->family);
	uint32_t word;

	for (size_t i = 0; i < DM_ADDR_MAX; i += sizeof(word)) {
		memcpy(&word, a->octets + i, sizeof(word));
		h = mix(h, word);
	}
	return h;
}

bool dm_addr_is_multicast(const struct dm_addr *a)
{
	switch (a->family) {
	case DM_IPV4:
		return (a->octets[0] & 0xf0) == 0xe0;
	case DM_IPV6:
		return a->octets[0] == 0xff;
	case DM_MAC:
		return a->octets[0] & 0x01;
	default:
		return false;
	}
}

bool dm_addr_is_zero(const struct dm_addr *a)
{
	static const uint8_t zero[DM_ADDR_MAX];

	return memcmp(a->octets, zero, DM_ADDR_MAX) == 0;
}

bool dm_addr_is_station(const struct dm_addr *a)
{
	static const struct dm_addr broadcast = {.family = DM_IPV4, .octets = {255, 255, 255, 255}};

	return !dm_addr_is_zero(a) && !dm_addr_is_multicast(a) && !dm_addr_same(a, &broadcast);
}

const char *dm_addr_str(const struct dm_addr *a, char buf[DM_ADDR_STRLEN])
{
	const uint8_t *o = a->octets;

	switch (a->family) {
	case DM_IPV4:
		return inet_ntop(AF_INET, o, buf, DM_ADDR_STRLEN);
	case DM_IPV6:
		return inet_ntop(AF_INET6, o, buf, DM_ADDR_STRLEN);
	case DM_MAC:
		snprintf(buf, DM_ADDR_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", o[0], o[1], o[2],
			 o[3], o[4], o[5]);
		return buf;
	default:
		return strcpy(buf, "-");
	}
}

/* Value of a hexadecimal digit, -1 for another character; not isxdigit(), which asks the locale. */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Six pairs of digits with colons between them, and nothing else. */
static bool parse_mac(const char *text, uint8_t mac[6])
{
	if (strlen(text) != 17)
		return false;

	for (int i = 0; i < 6; i++) {
		int high = hex_digit(text[3 * i]);
		int low = hex_digit(text[3 * i + 1]);

		if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
			return false;
		mac[i] = high << 4 | low;
	}
	return true;
}

bool dm_addr_parse(struct dm_addr *a, const char *text)
{
	uint8_t octets[DM_ADDR_MAX];

	if (inet_pton(AF_INET, text, octets) == 1)
		return dm_addr_set(a, DM_IPV4, octets, 4);
	if (inet_pton(AF_INET6, text, octets) == 1)
		return dm_addr_set(a, DM_IPV6, octets, 16);
	if (parse_mac(text, octets))
		return dm_addr_set(a, DM_MAC, octets, 6);

	memset(a, 0, sizeof(*a));
	return false;
}

int vpn_id_cmp(const struct vpn_id *a, const struct vpn_id *b)
{
	if (a->oui != b->oui)
		return a->oui < b->oui ? -1 : 1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return 0;
}

bool vpn_id_is_default(const struct vpn_id *v)
{
	return v->oui == 0 && v->index == 0;
}

const char *vpn_oui_str(uint32_t oui, char buf[VPN_OUI_STRLEN])
{
	snprintf(buf, VPN_OUI_STRLEN, "%02x:%02x:%02x", oui >> 16 & 0xff, oui >> 8 & 0xff, oui & 0xff);
	return buf;
}

/* The first VPN_OUI_STRLEN - 1 characters; what follows them is not looked at. */
static bool read_oui(uint32_t *oui, const char *text)
{
	uint32_t value = 0;

	for (int i = 0; i < VPN_OUI_STRLEN - 1; i++) {
		int digit = hex_digit(text[i]);

		if (i % 3 == 2 ? text[i] != ':' : digit < 0)
			return false;
		if (i % 3 != 2)
			value = value << 4 | (uint32_t)digit;
	}
	*oui = value;
	return true;
}

bool vpn_oui_parse(uint32_t *oui, const char *text)
{
	*oui = 0;
	return strlen(text) == VPN_OUI_STRLEN - 1 && read_oui(oui, text);
}

/* A decimal number without sign or leading zeros, to the end of the text. */
static bool read_index(uint32_t *index, const char *text)
{
	uint64_t value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*index = (uint32_t)value;
	return true;
}

bool vpn_id_parse(struct vpn_id *v, const char *text)
{
	struct vpn_id read = {0};
	char again[VPN_ID_STRLEN];
	const char *index = text;

	*v = read;
	if (strlen(text) > VPN_OUI_STRLEN && text[VPN_OUI_STRLEN - 1] == ':') {
		if (!read_oui(&read.oui, text))
			return false;
		index = text + VPN_OUI_STRLEN;
	}
	if (!read_index(&read.index, index) || strcmp(vpn_id_str(&read, again), text) != 0)
		return false;
	*v = read;
	return true;
}

const char *vpn_id_str(const struct vpn_id *v, char buf[VPN_ID_STRLEN])
{
	char oui[VPN_OUI_STRLEN];

	if (v->oui == 0)
		snprintf(buf, VPN_ID_STRLEN, "%u", v->index);
	else
		snprintf(buf, VPN_ID_STRLEN, "%s:%u", vpn_oui_str(v->oui, oui), v->index);
	return buf;
}

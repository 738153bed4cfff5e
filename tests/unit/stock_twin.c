// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stand-in. Each check is something that nhrp_packet_pull(), nhrp_cie_pull(),
 * nhrp_ext_pull(), nhrp_peer_recv(), nhrp_peer_forward() or one of the two functions that
 * make replies does without looking.
 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/stock_twin.h"

#define BUFFER 1500
#define AUTHENTICATION 16 /* extension header, type, password of 8 */
#define END_MARKER 4

enum { RESOLUTION_REQUEST = 1, REGISTRATION_REQUEST = 3 };
enum { RESPONDER = 3, FORWARD = 4, REVERSE = 5, PASSWORD = 7, NAT = 9 };

static size_t u16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

bool stock_twin_sum_fits(const uint8_t *octets, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += u16(octets + i);
	if (i < len)
		sum += octets[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static const char *header_objection(const uint8_t *p, size_t len, size_t *addr_len)
{
	if (len < 28 || len > BUFFER)
		return "length";
	if (!stock_twin_sum_fits(p, len))
		return "sum";
	if (u16(p) != 1)
		return "NBMA family";
	*addr_len = u16(p + 2) == 0x0800 ? 4 : u16(p + 2) == 0x86dd ? 16 : 0;
	if (!*addr_len)
		return "protocol family";
	if (u16(p + 10) != len)
		return "octets behind ar$pktsz";
	if (p[16] != 1 || p[17] < 1 || p[17] > 8)
		return "version or type";
	if (p[18] + p[19] != 4 || p[20] != *addr_len || p[21] != *addr_len)
		return "header address lengths";
	if (28 + 4 + 2 * *addr_len > len)
		return "header addresses cut short";
	return NULL;
}

/* Walks CIEs whose two NBMA lengths the stock code adds up. */
static bool cies_fit(const uint8_t *p, size_t len, size_t addr_len)
{
	while (len > 0) {
		size_t nbma, proto;

		if (len < 12)
			return false;
		nbma = (size_t)p[8] + p[9];
		proto = p[10];
		if ((nbma != 0 && nbma != 4) || (proto != 0 && proto != addr_len) || 12 + nbma + proto > len)
			return false;
		p += 12 + nbma + proto;
		len -= 12 + nbma + proto;
	}
	return true;
}

/*
 * What the stock code makes of one extension in a registration's reply, in a resolution's,
 * and passed on; a reply that is not made of this message has size 0 and stays below.
 */
static void grow(size_t type, size_t len, size_t cie, size_t size[3])
{
	size[0] += 4 + (type == RESPONDER ? cie : len + (type == NAT ? cie : 0));
	if (type != PASSWORD) {
		size[1] += 4 + (type == RESPONDER || type == NAT ? cie : len);
		size[2] += 4 + len + (type == FORWARD || type == REVERSE || type == NAT ? cie : 0);
	}
}

static const char *exts_objection(const uint8_t *p, size_t at, size_t end, size_t cie, size_t size[3])
{
	size_t type, len;

	for (; at + 4 <= end; at += 4 + len) {
		type = u16(p + at) & 0x7fff;
		len = u16(p + at + 2);
		if (at + 4 + len > end)
			return "extension past the end";
		if (type == 0)
			return at + 4 == end ? NULL : "octets behind the end marker";
		if (type == NAT && len != 8 && !cies_fit(p + at + 4, len, cie - 16))
			return "NAT address extension";
		grow(type, len, cie, size);
	}
	return "no end marker";
}

const char *stock_twin_objects(const uint8_t *octets, size_t len)
{
	size_t addr_len, header, extoff, body_end, cie, size[3];
	const char *objection = header_objection(octets, len, &addr_len);

	if (objection)
		return objection;
	header = 28 + 4 + 2 * addr_len;
	extoff = u16(octets + 14);
	body_end = extoff ? extoff : len;
	if (body_end < header || extoff >= len)
		return "ar$extoff";
	if (octets[17] < 7 && !cies_fit(octets + header, body_end - header, addr_len))
		return "CIEs";

	cie = 12 + 4 + addr_len;
	size[0] = octets[17] == REGISTRATION_REQUEST ? body_end : 0;
	size[1] = octets[17] == RESOLUTION_REQUEST ? header + cie : 0;
	size[2] = body_end;
	objection = extoff ? exts_objection(octets, extoff, len, cie, size) : NULL;
	for (size_t i = 0; !objection && i < 3; i++)
		if (size[i] + AUTHENTICATION + END_MARKER > BUFFER)
			objection = "answer does not fit";
	return objection;
}

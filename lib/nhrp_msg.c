// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NHRP messages: the tables and the arithmetic under decoding and building.
 *
 * Numbers on the wire and the enums of this project meet here and nowhere else:
 * address families, protocol types, message types, drop reasons. All of it is
 * constant data and pure functions, for any thread; called by nhrp_decode.c,
 * nhrp_build.c and the engine.
 *
 * RFC 2332 5.1 (fixed header, checksum), 5.2 (message types); RFC 2735 4.1 (LLC).
 *
 * Not here: reading and writing of messages, and anything about what they mean.
 */
#include "lib/nhrp_codec.h"
#include "lib/nhrp_msg.h"

/* DSAP, SSAP, UI; IANA's OUI; protocol ID 8 for VPN, 3 for NHRP */
const uint8_t nhrp_llc_vpn[NHRP_LLC_LEN] = {0xaa, 0xaa, 0x03, 0x00, 0x00, 0x5e, 0x00, 0x08};
const uint8_t nhrp_llc_nhrp[NHRP_LLC_LEN] = {0xaa, 0xaa, 0x03, 0x00, 0x00, 0x5e, 0x00, 0x03};

static const char *const drop_names[NHRP_DROP_COUNT] = {
	[NHRP_DROP_NONE] = "none",
	[NHRP_DROP_TRUNCATED] = "truncated",
	[NHRP_DROP_ENCAPSULATION] = "encapsulation",
	[NHRP_DROP_VERSION] = "version",
	[NHRP_DROP_TYPE] = "type",
	[NHRP_DROP_SIZE] = "size",
	[NHRP_DROP_CHECKSUM] = "checksum",
	[NHRP_DROP_FAMILY] = "family",
	[NHRP_DROP_ADDRESS] = "address",
	[NHRP_DROP_EXTENSION_OFFSET] = "extensionOffset",
	[NHRP_DROP_EXTENSION] = "extension",
	[NHRP_DROP_CIE] = "cie",
};

const char *nhrp_drop_name(enum nhrp_drop reason)
{
	return (unsigned int)reason < NHRP_DROP_COUNT ? drop_names[reason] : "unknown";
}

#define ANY_NUMBER UINT16_MAX

static const struct nhrp_op_info ops[] = {
	[NHRP_OP_RESOLUTION_REQUEST] = {"Resolution Request", true, false, false, 0, 1},
	[NHRP_OP_RESOLUTION_REPLY] = {"Resolution Reply", false, true, false, 1, ANY_NUMBER},
	[NHRP_OP_REGISTRATION_REQUEST] = {"Registration Request", true, false, false, 1, ANY_NUMBER},
	[NHRP_OP_REGISTRATION_REPLY] = {"Registration Reply", false, true, false, 1, ANY_NUMBER},
	[NHRP_OP_PURGE_REQUEST] = {"Purge Request", true, false, false, 1, ANY_NUMBER},
	[NHRP_OP_PURGE_REPLY] = {"Purge Reply", false, true, false, 1, ANY_NUMBER},
	[NHRP_OP_ERROR_INDICATION] = {"Error Indication", false, false, true, 0, 0},
	[NHRP_OP_TRAFFIC_INDICATION] = {"Traffic Indication", false, false, true, 0, 0},
};

const struct nhrp_op_info *nhrp_op_info(uint8_t op)
{
	return op < sizeof(ops) / sizeof(ops[0]) && ops[op].name ? &ops[op] : NULL;
}

const char *nhrp_op_name(uint8_t op)
{
	const struct nhrp_op_info *info = nhrp_op_info(op);

	return info ? info->name : "Unknown";
}

const char *nhrp_code_name(uint8_t code)
{
	switch (code) {
	case NHRP_CIE_SUCCESS:
		return "success";
	case NHRP_CIE_PROHIBITED:
		return "administratively prohibited";
	case NHRP_CIE_NO_RESOURCES:
		return "insufficient resources";
	case NHRP_CIE_NO_BINDING:
		return "no binding exists";
	case NHRP_CIE_NOT_UNIQUE:
		return "binding exists but is not unique";
	case NHRP_CIE_UNIQUE_EXISTS:
		return "unique address already registered";
	}
	return "unknown code";
}

bool nhrp_op_is_request(uint8_t op)
{
	const struct nhrp_op_info *info = nhrp_op_info(op);

	return info && info->request;
}

bool nhrp_op_is_reply(uint8_t op)
{
	const struct nhrp_op_info *info = nhrp_op_info(op);

	return info && info->reply;
}

bool nhrp_is_vpn_encapsulated(const uint8_t *octets, size_t len)
{
	/* no address family number below 0xaa00 begins so: one octet decides */
	return len > 0 && octets[0] == nhrp_llc_vpn[0];
}

struct number {
	uint16_t wire;
	uint8_t family; /* enum dm_family */
};

/* where a family stands twice, the first is the one we write */
static const struct number pro_types[] = {
	{NHRP_PRO_IPV4, DM_IPV4},
	{NHRP_PRO_IPV6, DM_IPV6},
	{NHRP_PRO_TEB, DM_MAC},
	{NHRP_PRO_TEB_COMPAT, DM_MAC},
};

static const struct number afns[] = {
	{NHRP_AFN_IPV4, DM_IPV4},
	{NHRP_AFN_IPV6, DM_IPV6},
};

#define LEN(table) (sizeof(table) / sizeof((table)[0]))

static enum dm_family to_family(const struct number *table, size_t len, uint16_t wire)
{
	for (size_t i = 0; i < len; i++)
		if (table[i].wire == wire)
			return table[i].family;
	return DM_NONE;
}

static uint16_t to_wire(const struct number *table, size_t len, enum dm_family family)
{
	for (size_t i = 0; i < len; i++)
		if (table[i].family == family)
			return table[i].wire;
	return 0;
}

enum dm_family nhrp_pro_family(uint16_t pro_type)
{
	return to_family(pro_types, LEN(pro_types), pro_type);
}

uint16_t nhrp_pro_type(enum dm_family family)
{
	return to_wire(pro_types, LEN(pro_types), family);
}

enum dm_family nhrp_afn_family(uint16_t afn)
{
	return to_family(afns, LEN(afns), afn);
}

uint16_t nhrp_afn(enum dm_family family)
{
	return to_wire(afns, LEN(afns), family);
}

struct nhrp_subaddr nhrp_subaddr_vni(uint32_t vni)
{
	/* out of range it is no VNI, and the builder refuses it */
	return (struct nhrp_subaddr){
		.len = NHRP_SUB_VNI_LEN,
		.has_vni = vni > 0 && vni <= NHRP_VNI_MAX,
		.vni = vni,
	};
}

struct nhrp_subaddr nhrp_subaddr_vni_mac(uint32_t vni, const struct dm_addr *mac)
{
	struct nhrp_subaddr sub = nhrp_subaddr_vni(vni);

	sub.len = NHRP_SUB_VNI_MAC_LEN;
	sub.has_mac = sub.has_vni;
	sub.mac = *mac;
	return sub;
}

struct nhrp_subaddr nhrp_subaddr_none(void)
{
	return (struct nhrp_subaddr){0};
}

uint16_t nhrp_checksum(const uint8_t *octets, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)octets[i] << 8 | octets[i + 1];
	if (len & 1)
		sum += (uint32_t)octets[len - 1] << 8;

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The codec: NHRP messages (RFC 2332 5) with or without VPN encapsulation
 * (RFC 2735 4.1) between octets and structs, for IPv4, IPv6 and MAC protocol
 * addresses. Decoding makes views into the caller's octets and allocates
 * nothing; encoding writes into the caller's buffer. Host order in structs.
 */
#ifndef DMEVPN_NHRP_MSG_H
#define DMEVPN_NHRP_MSG_H

#include "lib/addr.h"
#include "lib/nhrp_wire.h"
#include "lib/octets.h"

/*
 * NBMA subaddress (RFC 2332 5.2.0.1): up to 63 octets on the wire. A VNI is one of exactly 4,
 * a VNI with the MAC address behind it (of the station that an IP address belongs to) of 10.
 * Any other is only good for going back as it came, while the message it came in is there.
 */
struct nhrp_subaddr {
	uint8_t len;	/* octets on the wire */
	bool has_vni;	/* len is 4 or 10 and the first four are 1 to 2^24 - 1 */
	bool has_mac;	/* has_vni, and len is 10 */
	uint32_t vni;	/* when has_vni */
	struct dm_addr mac; /* when has_mac; any, a group's or zero too */
	const uint8_t *octets; /* view into the decoded message when not has_vni and len > 0, else NULL */
};

/* One client information entry. Identified in its message by its place. */
struct nhrp_cie {
	uint8_t code; /* enum nhrp_code */
	uint8_t prefix_len;
	uint16_t mtu;	      /* octets; 0: default */
	uint16_t holding_time; /* seconds */
	uint8_t preference;
	struct dm_addr nbma;  /* not set when its length is 0 */
	struct nhrp_subaddr sub;
	struct dm_addr proto; /* not set when its length is 0 */
};

/* One message, headers and mandatory part. Views point into the decoded octets. */
struct nhrp_msg {
	bool has_vpn;	   /* came, or shall leave, with the RFC 2735 4.1 headers */
	struct vpn_id vpn; /* when has_vpn; without headers what the configuration says, or zero */
	uint16_t afn;
	uint16_t pro_type;
	uint8_t hop_count;
	uint8_t op; /* enum nhrp_op */
	uint16_t flags;
	uint32_t request_id;   /* every message but the two indications */
	uint16_t error_code;   /* Error Indication */
	uint16_t error_offset; /* Error Indication, octets */
	struct dm_addr src_nbma;
	struct nhrp_subaddr src_sub;
	struct dm_addr src_proto;
	struct dm_addr dst_proto;

	/* decoding only: what stands behind the mandatory header */
	struct dm_reader body;	 /* CIEs; or the packet an indication carries */
	struct dm_reader exts;	 /* extensions, end marker included; empty when there are none */
	const uint8_t *packet;	 /* first octet of the NHRP fixed header */
	size_t packet_len;	 /* ar$pktsz */
};

/* Why a message is dropped, and [the number that goes with it]. NHRP_DROP_NONE is success. */
enum nhrp_drop {
	NHRP_DROP_NONE = 0,
	NHRP_DROP_TRUNCATED,	 /* shorter than a header or length says [octets there are] */
	NHRP_DROP_ENCAPSULATION, /* not the LLC/SNAP headers of RFC 2735 4.1 [offset] */
	NHRP_DROP_VERSION,	 /* ar$op.version is not 1 [it] */
	NHRP_DROP_TYPE,		 /* unknown ar$op.type [it] */
	NHRP_DROP_SIZE,		 /* ar$pktsz smaller than headers or larger than what came [it] */
	NHRP_DROP_CHECKSUM,	 /* [ar$chksum] */
	NHRP_DROP_FAMILY,	 /* ar$afn or ar$pro.type not ours [it] */
	NHRP_DROP_ADDRESS,	 /* an address length that does not fit its family [the length octet] */
	NHRP_DROP_EXTENSION_OFFSET, /* ar$extoff before the mandatory part's end or past the packet's [it] */
	/* the next two: [offset from the fixed header, fit for an Error Indication's Error Offset] */
	NHRP_DROP_EXTENSION,	 /* a TLV past the end, a missing or early end marker, or a type twice */
	NHRP_DROP_CIE,		 /* a CIE past the end, missing, or one too many */
	NHRP_DROP_COUNT,
};

/* Stable name of a reason in camelCase ("truncated", "extensionOffset"), as JSON shows it. */
const char *nhrp_drop_name(enum nhrp_drop reason);

/* Name of a message type as RFC 2332 spells it ("Registration Request"); "Unknown" otherwise. */
const char *nhrp_op_name(uint8_t op);

/* What a CIE's code says, in words ("insufficient resources"); "unknown code" otherwise. */
const char *nhrp_code_name(uint8_t code);

/* True when the message type is a request (1, 3, 5), a reply (2, 4, 6). */
bool nhrp_op_is_request(uint8_t op);
bool nhrp_op_is_reply(uint8_t op);

/* True when the first octet is that of the LLC of RFC 2735 4.1, not of an address family number; all else is for nhrp_msg_decode(). */
bool nhrp_is_vpn_encapsulated(const uint8_t *octets, size_t len);

/* Protocol address family of an ar$pro.type, DM_NONE when it is not ours; and back (MAC gives 0x6558). */
enum dm_family nhrp_pro_family(uint16_t pro_type);
uint16_t nhrp_pro_type(enum dm_family family);

/* NBMA address family of an ar$afn, DM_NONE when it is not ours; and back, 0 when it has none. */
enum dm_family nhrp_afn_family(uint16_t afn);
uint16_t nhrp_afn(enum dm_family family);

/*
 * Decodes and validates a whole message: encapsulation, fixed header, mandatory
 * part, every CIE and the extension chain (RFC 2332 5.1 to 5.3, RFC 2735 4.1), but
 * not what an extension holds: who reads CIEs from one looks at its `bad`.
 * Octets behind ar$pktsz are ignored. OCTETS must live as long as *m. *value, when not
 * NULL, gets the number enum nhrp_drop tells of. Returns NHRP_DROP_NONE or why it must
 * be dropped; *m is then unusable.
 */
enum nhrp_drop nhrp_msg_decode(struct nhrp_msg *m, const uint8_t *octets, size_t len, uint32_t *value);

/* Steps to the next CIE of a body or of an extension's value. Returns false at the end or on a bad one (r->bad). */
bool nhrp_cie_next(struct dm_reader *r, uint16_t afn, uint16_t pro_type, struct nhrp_cie *cie);

/* One extension: TYPE without the compulsory bit; VALUE is a view. */
struct nhrp_ext {
	uint16_t type;
	bool compulsory;
	struct dm_reader value;
};

/* Steps to the next extension. Returns false at the end marker, at the end or on a bad one (r->bad). */
bool nhrp_ext_next(struct dm_reader *r, struct nhrp_ext *ext);

/* Finds the extension of TYPE (the first, of NHRP_EXT_VENDOR) in *m. Returns false when there is none. */
bool nhrp_ext_find(const struct nhrp_msg *m, uint16_t type, struct nhrp_ext *ext);

/* The 8 octets of Device Capabilities (RFC 2735 4.2); returns false when EXT is not that (length, e.g. NAT address). */
bool nhrp_ext_capabilities(const struct nhrp_ext *ext, uint32_t *source, uint32_t *target);

/*
 * Builder of one message; sticky error in w.bad. Among the errors: an address not of the
 * message's families, a VNI out of range, a subaddress's MAC that is none, a mandatory part that goes on behind an extension,
 * an extension left open.
 */
struct nhrp_builder {
	const struct nhrp_msg *head; /* what it was begun with */
	struct dm_writer w;
	size_t packet_at; /* offset of the fixed header */
	size_t ext_at;	  /* offset of the first extension, 0 while there is none */
	size_t open_ext;  /* offset of the open extension's header, 0 when none is open */
	uint16_t afn;
	uint16_t pro_type;
};

/*
 * Starts a message in BUF (SIZE octets) with the headers and addresses of *m (RFC 2735 4.1
 * ones when has_vpn); *m must live as long as *b. An ar$pro.type that is accepted but never sent leaves as the one we send.
 */
void nhrp_build_begin(struct nhrp_builder *b, void *buf, size_t size, const struct nhrp_msg *m);

/*
 * Puts the headers of RFC 2735 4.1 before a message that is being built, or takes them off, as *m
 * has it, which takes the place of what the message was begun with and may differ in has_vpn and
 * vpn only. It must live as long as *b.
 */
void nhrp_build_set_vpn(struct nhrp_builder *b, const struct nhrp_msg *m);

/*
 * Writes the headers of RFC 2735 4.1 alone, for a message that somebody else built: its
 * octets follow them. Returns false for an OUI that has more than 24 bits.
 */
bool nhrp_build_vpn_headers(uint8_t out[NHRP_VPN_HEADER_LEN], const struct vpn_id *vpn);

/* Appends a CIE to the mandatory part, or to the open extension. */
void nhrp_build_cie(struct nhrp_builder *b, const struct nhrp_cie *cie);

/* Appends raw octets to the mandatory part (an indication's packet) or to the open extension. */
void nhrp_build_octets(struct nhrp_builder *b, const void *octets, size_t len);

/* Opens an extension; what is appended until _ext_end is its value. */
void nhrp_build_ext_begin(struct nhrp_builder *b, uint16_t type, bool compulsory);
void nhrp_build_ext_end(struct nhrp_builder *b);

/* An extension with an empty value in one step. */
void nhrp_build_ext_empty(struct nhrp_builder *b, uint16_t type, bool compulsory);

/* Device Capabilities in one step (RFC 2735 4.2). */
void nhrp_build_ext_capabilities(struct nhrp_builder *b, uint32_t source, uint32_t target);

/*
 * Closes the message: end marker when there are extensions, ar$pktsz, ar$extoff,
 * checksum. Returns the octets of the whole message, or 0 when anything did not fit.
 */
size_t nhrp_build_end(struct nhrp_builder *b);

/* A VNI as subaddress, the same with a MAC address, and the empty one. */
struct nhrp_subaddr nhrp_subaddr_vni(uint32_t vni);
struct nhrp_subaddr nhrp_subaddr_vni_mac(uint32_t vni, const struct dm_addr *mac);
struct nhrp_subaddr nhrp_subaddr_none(void);

/* IP checksum (one's complement) over LEN octets, host order; 0 over a message whose checksum is right (RFC 2332 5.1). */
uint16_t nhrp_checksum(const uint8_t *octets, size_t len);

#endif

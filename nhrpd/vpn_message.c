// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making messages: the parts that several exchanges share, in RFC 2332 5.2 and
 * 5.3 and RFC 2735 4.2. Each message is built in one buffer on the stack and
 * sent by vpn_message_send(), which is also where sending is counted.
 */
#include <config.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_message.h"

/* As what we speak about addresses of FAMILY: a bridge has a MAC in its VPN, and no IP address (as in an ARP probe). */
static struct dm_addr own_address(const struct vpn_instance *inst, enum dm_family family)
{
	if (family != DM_MAC)
		return (struct dm_addr){ .family = family };
	return vpn_end_mac(inst);
}

void vpn_message_head(const struct vpn_instance *inst, enum dm_family family, struct nhrp_msg *m, uint8_t op)
{
	*m = (struct nhrp_msg){
		.has_vpn = true,
		.vpn = inst->vpn,
		.afn = nhrp_afn(inst->nbma.family),
		.pro_type = nhrp_pro_type(family),
		.hop_count = NHRP_HOP_COUNT,
		.op = op,
		.src_nbma = inst->nbma,
		.src_sub = nhrp_subaddr_vni(inst->vni),
		.src_proto = own_address(inst, family),
	};
	if (family != DM_MAC)
		m->dst_proto = m->src_proto;
}

/* The bits that a reply has of its request; what a type has no use for leaves as zero (RFC 2332 5). */
static uint16_t reply_flags(const struct nhrp_msg *req)
{
	static const uint16_t kept[VPN_OP_COUNT] = {
		[NHRP_OP_RESOLUTION_REQUEST] = NHRP_RES_ROUTER | NHRP_RES_SRC_STABLE,
		[NHRP_OP_REGISTRATION_REQUEST] = NHRP_REG_UNIQUE | NHRP_REG_NAT,
		[NHRP_OP_PURGE_REQUEST] = NHRP_PURGE_NO_REPLY,
	};

	return req->flags & kept[req->op];
}

void vpn_message_reply_head(const struct nhrp_msg *req, struct nhrp_msg *m, uint8_t op)
{
	*m = (struct nhrp_msg){
		.has_vpn = req->has_vpn,
		.vpn = req->vpn,
		.afn = req->afn,
		.pro_type = req->pro_type,
		.hop_count = NHRP_HOP_COUNT,
		.op = op,
		.flags = reply_flags(req),
		.request_id = req->request_id,
		.src_nbma = req->src_nbma,
		.src_sub = req->src_sub,
		.src_proto = req->src_proto,
		.dst_proto = req->dst_proto,
	};
}

void vpn_message_own_cie(const struct vpn_instance *inst, enum dm_family family, struct nhrp_cie *cie)
{
	struct vpn_link *l = inst->link;

	*cie = (struct nhrp_cie){
		.code = NHRP_CIE_SUCCESS,
		.holding_time = inst->dev->holdtime,
		.nbma = inst->nbma,
		.sub = nhrp_subaddr_vni(inst->vni),
	};
	if (l)
		cie->mtu = l->link.mtu <= UINT16_MAX ? (uint16_t)l->link.mtu : 0;
	if (l && family == DM_MAC)
		cie->proto = l->link.mac;
	else if (l)
		cie->sub = nhrp_subaddr_vni_mac(inst->vni, &l->link.mac);
}

#define STARTS_LEN 16 /* octets: boot epoch and life */

static void put_starts(struct vpn_engine *e, uint64_t life, struct nhrp_builder *b)
{
	uint8_t octets[STARTS_LEN];
	struct dm_writer w;

	dm_writer_init(&w, octets, sizeof(octets));
	dm_put_u64(&w, e->epoch);
	dm_put_u64(&w, life);
	nhrp_build_ext_begin(b, NHRP_EXT_BOOT_EPOCH, false);
	nhrp_build_octets(b, octets, sizeof(octets));
	nhrp_build_ext_end(b);
}

struct vpn_starts vpn_message_starts(const struct nhrp_msg *m)
{
	struct vpn_starts s = { 0 };
	struct nhrp_ext ext;

	if (!nhrp_ext_find(m, NHRP_EXT_BOOT_EPOCH, &ext) || dm_reader_left(&ext.value) != STARTS_LEN)
		return s;
	s.boot = dm_get_u64(&ext.value);
	s.life = dm_get_u64(&ext.value);
	return s;
}

void vpn_message_request_exts(struct vpn_engine *e, const struct vpn_instance *inst, struct nhrp_builder *b,
			      bool capabilities)
{
	nhrp_build_ext_empty(b, NHRP_EXT_RESPONDER, true);
	nhrp_build_ext_empty(b, NHRP_EXT_FORWARD_TRANSIT, true);
	nhrp_build_ext_empty(b, NHRP_EXT_REVERSE_TRANSIT, true);
	if (capabilities) /* RFC 2735 3.3: resolutions carry it, registrations should not */
		nhrp_build_ext_capabilities(b, NHRP_CAPABILITY_VPN, 0);
	else
		put_starts(e, inst->life, b);
}

/* Of the member that REQ made of its sender: one that was forgotten and is back is another. */
static uint64_t life_for(struct vpn_instance *inst, const struct nhrp_msg *req)
{
	const struct vpn_member *m = vpn_member_find(inst, &req->src_nbma);

	return m ? m->life : 0;
}

/* An extension that goes back as it came. */
static void put_unchanged(struct nhrp_builder *b, const struct nhrp_ext *ext)
{
	nhrp_build_ext_begin(b, ext->type, ext->compulsory);
	nhrp_build_octets(b, ext->value.p, dm_reader_left(&ext->value));
	nhrp_build_ext_end(b);
}

/* V unless the station asked for is known to speak without VPN headers (RFC 2735 3.3). */
static uint32_t target_capabilities(struct vpn_engine *e, struct vpn_instance *inst, const struct nhrp_msg *req)
{
	const struct vpn_binding *b = vpn_binding_find(inst, &req->dst_proto);
	const struct vpn_member *home = b ? vpn_binding_home(b) : NULL;

	return home && vpn_plain_speaker(e, &home->path) ? 0 : NHRP_CAPABILITY_VPN;
}

static void reply_ext(struct vpn_engine *e, const struct vpn_instance *inst, const struct nhrp_msg *req,
		      const struct nhrp_ext *ext, struct nhrp_builder *b)
{
	uint32_t source, target;
	struct nhrp_cie cie;

	switch (ext->type) {
	case NHRP_EXT_RESPONDER:
		vpn_message_own_cie(inst, nhrp_pro_family(b->pro_type), &cie);
		nhrp_build_ext_begin(b, NHRP_EXT_RESPONDER, ext->compulsory);
		nhrp_build_cie(b, &cie);
		nhrp_build_ext_end(b);
		break;
	case NHRP_EXT_CAPABILITIES:
		if (nhrp_ext_capabilities(ext, &source, &target))
			/* bits that we do not know are zero (RFC 2735 4.2) */
			nhrp_build_ext_capabilities(b, source & NHRP_CAPABILITY_VPN,
						    target_capabilities(e, (struct vpn_instance *)inst, req));
		else
			put_unchanged(b, ext);
		break;
	case NHRP_EXT_BOOT_EPOCH:
		put_starts(e, life_for((struct vpn_instance *)inst, req), b);
		break;
	case NHRP_EXT_AUTHENTICATION: /* made anew at each hop (RFC 2332 5.3.4), never echoed */
	case NHRP_EXT_BATCH:	      /* who acts on it answers it, vpn_batch.c */
		break;
	default: /* transit records are not the responder's to change; unknown ones go back as they came */
		put_unchanged(b, ext);
		break;
	}
}

void vpn_message_reply_exts(struct vpn_engine *e, const struct vpn_instance *inst, const struct nhrp_msg *req,
			    struct nhrp_builder *b)
{
	vpn_message_registration_exts(e, inst, req, b, NULL, 0);
}

void vpn_message_registration_exts(struct vpn_engine *e, const struct vpn_instance *inst, const struct nhrp_msg *req,
				   struct nhrp_builder *b, const struct nhrp_move *moves, size_t num_moves)
{
	struct dm_reader r = req->exts;
	struct nhrp_ext ext;

	while (nhrp_ext_next(&r, &ext))
		if (ext.type == NHRP_EXT_MOVES && num_moves)
			nhrp_build_moves(b, moves, num_moves);
		else
			reply_ext(e, inst, req, &ext, b);
}

void vpn_message_refuse_entries(const struct nhrp_msg *req, struct nhrp_builder *b)
{
	struct dm_reader body = req->body;
	struct nhrp_cie cie, none = { .code = NHRP_CIE_PROHIBITED };

	if (req->op == NHRP_OP_RESOLUTION_REQUEST) { /* RFC 2332 5.2.2: all but the code is zero */
		nhrp_build_cie(b, &none);
		return;
	}
	while (nhrp_cie_next(&body, req->afn, req->pro_type, &cie)) {
		cie.code = NHRP_CIE_PROHIBITED;
		cie.holding_time = 0;
		nhrp_build_cie(b, &cie);
	}
}

/* The NAT address extension, which has the number of Device Capabilities, is not: nothing is made of it. */
static bool known_extension(const struct nhrp_ext *ext)
{
	uint32_t source, target;

	switch (ext->type) {
	case NHRP_EXT_CAPABILITIES:
		return nhrp_ext_capabilities(ext, &source, &target);
	case NHRP_EXT_RESPONDER:
	case NHRP_EXT_FORWARD_TRANSIT:
	case NHRP_EXT_REVERSE_TRANSIT:
	case NHRP_EXT_BOOT_EPOCH:
	case NHRP_EXT_BATCH:
	case NHRP_EXT_MOVES:
	case NHRP_EXT_AUTHENTICATION: /* where it is checked */
		return true;
	}
	return false;
}

/* Finds the first extension that FN says yes to; *offset is where it stands. */
static bool find_extension(const struct nhrp_msg *m, uint16_t *offset,
			   bool (*fn)(const struct vpn_instance *, const struct nhrp_msg *, const struct nhrp_ext *),
			   const struct vpn_instance *inst)
{
	struct dm_reader r = m->exts;
	struct nhrp_ext ext;
	const uint8_t *at = r.p;

	for (; nhrp_ext_next(&r, &ext); at = r.p)
		if (fn(inst, m, &ext)) {
			*offset = (uint16_t)(at - m->packet);
			return true;
		}
	return false;
}

static bool is_unknown_compulsory(const struct vpn_instance *inst, const struct nhrp_msg *m, const struct nhrp_ext *ext)
{
	return ext->compulsory && !known_extension(ext);
}

static bool is_unchecked(const struct vpn_instance *inst, const struct nhrp_msg *m, const struct nhrp_ext *ext)
{
	return ext->compulsory && ext->type == NHRP_EXT_AUTHENTICATION;
}

static bool is_unknown_or_unchecked(const struct vpn_instance *inst, const struct nhrp_msg *m,
				    const struct nhrp_ext *ext)
{
	return is_unknown_compulsory(inst, m, ext) || is_unchecked(inst, m, ext);
}

bool vpn_message_unknown_compulsory(const struct nhrp_msg *req, bool authenticated, uint16_t *offset)
{
	return find_extension(req, offset, authenticated ? is_unknown_compulsory : is_unknown_or_unchecked, NULL);
}

bool vpn_message_unchecked(const struct nhrp_msg *m, uint16_t *offset)
{
	return find_extension(m, offset, is_unchecked, NULL);
}

/*
 * What asks for something of the responder, or comes from it, has no place where there is
 * none; capabilities are of resolutions (RFC 2735 3.3), and in registrations only unwanted.
 * Extensions that we do not know may stand anywhere.
 */
static bool is_misplaced(const struct vpn_instance *inst, const struct nhrp_msg *m, const struct nhrp_ext *ext)
{
	bool purge = m->op == NHRP_OP_PURGE_REQUEST || m->op == NHRP_OP_PURGE_REPLY;
	bool indication = !nhrp_op_is_request(m->op) && !nhrp_op_is_reply(m->op);
	uint32_t source, target;

	switch (ext->type) {
	case NHRP_EXT_RESPONDER:
	case NHRP_EXT_FORWARD_TRANSIT:
	case NHRP_EXT_REVERSE_TRANSIT:
		return indication;
	case NHRP_EXT_CAPABILITIES:
		return (purge || indication) && nhrp_ext_capabilities(ext, &source, &target);
	}
	return false;
}

bool vpn_message_misplaced_extension(const struct nhrp_msg *m, uint16_t *offset)
{
	return find_extension(m, offset, is_misplaced, NULL);
}

/* Where those stand who have had the message: of an answer also who gave it (RFC 2332 5.3.1 to 5.3.3). */
static bool tells_the_way(const struct nhrp_msg *m, uint16_t type)
{
	if (nhrp_op_is_request(m->op))
		return type == NHRP_EXT_FORWARD_TRANSIT;
	return type == NHRP_EXT_REVERSE_TRANSIT ||
	       (type == NHRP_EXT_RESPONDER && m->op == NHRP_OP_RESOLUTION_REPLY);
}

static bool names_us(const struct vpn_instance *inst, const struct nhrp_msg *m, const struct nhrp_ext *ext)
{
	struct dm_reader r = ext->value;
	struct nhrp_cie cie;

	if (!tells_the_way(m, ext->type) || !inst->link)
		return false;
	while (nhrp_cie_next(&r, m->afn, m->pro_type, &cie))
		if (dm_addr_same(cie.sub.has_mac ? &cie.sub.mac : &cie.proto, &inst->link->link.mac))
			return true;
	return false;
}

bool vpn_message_looped(const struct vpn_instance *inst, const struct nhrp_msg *m, uint16_t *offset)
{
	return find_extension(m, offset, names_us, inst);
}

/* What an answer may have more than its question: an entry, the address of the responder, when things started. */
#define ANSWER_GROWTH (2 * (NHRP_CIE_LEN + DM_ADDR_MAX + NHRP_SUB_VNI_MAC_LEN + DM_ADDR_MAX) + STARTS_LEN)

/* The Authentication extension with its hash, and the End extension. */
#define CLOSING_MAX (4 + 4 + DM_ADDR_MAX + 3 * 8 + NHRP_AUTH_DIGEST_LEN + 4)

size_t vpn_message_room(const struct nhrp_builder *b)
{
	size_t taken = b->w.used + CLOSING_MAX + ANSWER_GROWTH;

	return taken < b->w.size ? b->w.size - taken : 0;
}

bool vpn_message_unanswerable(const struct nhrp_msg *req)
{
	return NHRP_VPN_HEADER_LEN + req->packet_len + ANSWER_GROWTH > NHRP_PACKET_MAX_LEN;
}

bool vpn_message_is_mine(const struct vpn_instance *inst, const struct nhrp_msg *reply)
{
	struct dm_addr mine = own_address(inst, nhrp_pro_family(reply->pro_type));

	return dm_addr_same(&reply->src_nbma, &inst->nbma) && dm_addr_is_set(&mine) &&
	       dm_addr_same(&reply->src_proto, &mine);
}

bool vpn_message_whole_address(const struct nhrp_cie *cie)
{
	return cie->prefix_len == 0 || cie->prefix_len == 0xff || cie->prefix_len == 8 * dm_addr_len(&cie->proto);
}

bool vpn_message_covers(const struct nhrp_cie *cie, const struct dm_addr *addr)
{
	return dm_addr_is_set(&cie->proto) &&
	       dm_addr_prefix_same(&cie->proto, addr, cie->prefix_len ? cie->prefix_len : 0xff);
}

void vpn_message_send_closed(struct vpn_engine *e, const struct vpn_path *to, const struct nhrp_builder *b, size_t len)
{
	char text[DM_ADDR_STRLEN];
	uint8_t op = b->head->op;

	if (!len) {
		e->counters.build_failed++;
		vpn_log(e, VPN_LOG_DEBUG, "%s to %s does not fit a packet and was not sent", nhrp_op_name(op),
			dm_addr_str(&to->nbma, text));
		return;
	}
	e->counters.sent[op]++;
	vpn_log(e, VPN_LOG_DEBUG, "sent %s to %s, %zu octets", nhrp_op_name(op), dm_addr_str(&to->nbma, text), len);
	e->ops.send(e->ctx, to, b->w.buf, len);
}

bool vpn_message_send(struct vpn_engine *e, const struct vpn_path *to, struct nhrp_builder *b)
{
	size_t len = 0;

	if (vpn_auth_close(e, to, b, &len))
		vpn_message_send_closed(e, to, b, len);
	return len > 0;
}

bool vpn_message_may_answer(struct vpn_engine *e)
{
	uint64_t now = vpn_now(e);

	if (now - e->error_window >= 1000) {
		e->error_window = now;
		e->errors_sent = 0;
	}
	return e->errors_sent++ < VPN_ERRORS_PER_SECOND;
}

/* Who saw the error: our VXLAN end in that VPN, or where there is none the controller's end. */
static void fill_observer(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *to,
			  struct nhrp_msg *m)
{
	struct vpn_ctl *ctl = vpn_ctl_by_index(e, to->ifindex);

	if (inst) {
		m->src_nbma = inst->nbma;
		m->src_sub = nhrp_subaddr_vni(inst->vni);
		if (inst->link)
			m->src_proto = own_address(inst, nhrp_pro_family(m->pro_type));
	} else if (ctl && nhrp_afn(ctl->c.nbma.family) == m->afn) {
		m->src_nbma = ctl->c.nbma;
	}
}

/* Who sent what is in error (RFC 2332 5.2.7): a reply came from its responder, all else from its source. */
static struct dm_addr sender_of(const struct nhrp_msg *m)
{
	struct nhrp_ext ext;
	struct nhrp_cie cie;

	if (!nhrp_op_is_reply(m->op))
		return m->src_proto;
	if (nhrp_ext_find(m, NHRP_EXT_RESPONDER, &ext) && nhrp_cie_next(&ext.value, m->afn, m->pro_type, &cie) &&
	    dm_addr_is_set(&cie.proto))
		return cie.proto;
	return m->dst_proto;
}

void vpn_message_error(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *to,
		       const struct nhrp_msg *req, uint16_t code, uint16_t offset)
{
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg m;
	size_t room = sizeof(buf) - 2 * (NHRP_VPN_HEADER_LEN + NHRP_FIXED_LEN + NHRP_MANDATORY_LEN + 3 * DM_ADDR_MAX + 8);

	if (req->op == NHRP_OP_ERROR_INDICATION || !vpn_message_may_answer(e))
		return;
	m = (struct nhrp_msg){
		.has_vpn = req->has_vpn,
		.vpn = req->vpn,
		.afn = req->afn,
		.pro_type = req->pro_type,
		.hop_count = NHRP_HOP_COUNT,
		.op = NHRP_OP_ERROR_INDICATION,
		.error_code = code,
		.error_offset = offset,
		.src_proto = req->dst_proto,
		.dst_proto = sender_of(req),
	};
	fill_observer(e, inst, to, &m);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, req->packet, req->packet_len < room ? req->packet_len : room);
	/* with VPN headers or without, as what it is about (RFC 2735 3.4); no authentication (RFC 2332 5.2.7) */
	vpn_message_send_closed(e, to, &b, nhrp_build_end(&b));
}

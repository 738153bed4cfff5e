// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a hub answers and tells. Called by vpn_dispatch.c with messages and by
 * vpn_engine.c with the module's hairpins; the tables are vpn_member.c's and vpn_binding.c's.
 * RFC 2332 5.2.1 to 5.2.7; RFC 2735 3. The Traffic Indication is Cisco's and
 * FRR's message type 8.
 *
 *   Registration Request ──> member, MEMBER_SET ──> reply: our end in Responder Address
 *     further CIEs ────────> MACs behind that member, MAC_BIND; or their IP addresses
 *   Purge Request ─────────> member, MACs or IP addresses forgotten, those who asked for them purged
 *   HAIRPIN ───────────────> Traffic Indication to the source's member
 *   Resolution Request ────> reply with the member's end, the asker remembered
 *
 * Not here: forwarding a frame (the module's BPF switch does), messages of which this hub is
 * only on the way (vpn_transit.c).
 */
#include <config.h>

#include "nhrpd/vpn_batch.h"
#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_hub.h"
#include "nhrpd/vpn_message.h"

/* --- registration --- */

/* The member that sends this: its VXLAN end in the header, and from where it registered. */
static struct vpn_member *sender(struct vpn_instance *inst, const struct vpn_path *from, const struct nhrp_msg *m)
{
	struct vpn_member *member = vpn_member_find(inst, &m->src_nbma);

	return member && vpn_path_same(&member->path, from) ? member : NULL;
}

static bool makes_sense(const struct vpn_instance *inst, const struct nhrp_msg *req, const struct nhrp_cie *cie)
{
	return cie->sub.has_vni && dm_addr_is_set(&cie->nbma) && dm_addr_same(&cie->nbma, &req->src_nbma) &&
	       !dm_addr_is_multicast(&cie->nbma) && !dm_addr_is_zero(&cie->nbma) &&
	       !dm_addr_same(&cie->nbma, &inst->nbma) && cie->nbma.family == inst->nbma.family &&
	       req->src_proto.family == DM_MAC && !dm_addr_is_multicast(&req->src_proto) &&
	       !dm_addr_is_zero(&req->src_proto) && cie->holding_time;
}

/* A member's entry is its own: from elsewhere only the owner of that very address may change it. */
static bool may_change(const struct vpn_member *m, const struct vpn_path *from)
{
	return vpn_path_same(&m->path, from) || dm_addr_same(&m->nbma, &from->nbma);
}

static uint8_t registration_code(struct vpn_instance *inst, const struct vpn_path *from, const struct nhrp_msg *req,
				 const struct nhrp_cie *cie)
{
	const struct vpn_member *m = vpn_member_find(inst, &req->src_nbma);

	if (!makes_sense(inst, req, cie) || (m && !may_change(m, from)))
		return NHRP_CIE_PROHIBITED;
	if ((req->flags & NHRP_REG_UNIQUE) && vpn_member_owner(inst, &req->src_proto, &req->src_nbma))
		return NHRP_CIE_UNIQUE_EXISTS;
	if (!m && vpn_members_count(&inst->members) >= VPN_MEMBERS_MAX)
		return NHRP_CIE_NO_RESOURCES;
	return NHRP_CIE_SUCCESS;
}

static void register_member(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			    const struct nhrp_msg *req, uint64_t life, struct nhrp_cie *cie)
{
	struct vpn_member *m = vpn_member_find(inst, &req->src_nbma);
	bool is_new = !m, changed = !m || m->vni != cie->sub.vni;
	char text[DM_ADDR_STRLEN], id[VPN_ID_STRLEN];

	if (is_new)
		m = vpn_member_new(e, inst, &req->src_nbma);
	if (cie->holding_time < VPN_HOLDTIME_MIN)
		cie->holding_time = VPN_HOLDTIME_MIN;
	m->mac = req->src_proto;
	m->path = *from;
	m->unique = req->flags & NHRP_REG_UNIQUE;
	m->holdtime = cie->holding_time;
	m->mtu = cie->mtu;
	m->preference = cie->preference;
	m->vni = cie->sub.vni;
	vpn_timer_set(e, &m->expiry, (uint64_t)cie->holding_time * 1000);
	vpn_member_started(e, m, life);
	if (is_new) {
		vpn_log_gated(e, VPN_GATE_MEMBER, VPN_LOG_INFO, "VPN %s on %s: member %s registered with VNI %u",
			      vpn_id_str(&inst->vpn, id), inst->dev->name, dm_addr_str(&m->nbma, text), m->vni);
		vpn_member_forget_former(e, m);
	}
	if (changed) {
		vpn_member_program(e, m);
		vpn_binding_member_changed(e, m);
	}
}

static void refuse_registration(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *req,
				struct nhrp_cie *cie)
{
	cie->holding_time = 0; /* RFC 2332 5.2.0.1: what is refused is held for no time */
	vpn_refuse(e, from, req, cie->code == NHRP_CIE_NO_RESOURCES ? VPN_REFUSED_LIMIT : VPN_REFUSED_CONTENT);
}

/*
 * A further client of a member: a MAC behind it, or an IP address of such a one, whose MAC
 * stands behind the VNI (see vpn_local.c). None with U, which is for a single entry (RFC 2332 5.2.3).
 */
static uint8_t register_client(struct vpn_engine *e, struct vpn_member *m, const struct nhrp_msg *req,
			       struct nhrp_cie *cie, struct vpn_claim *claim)
{
	static const uint8_t codes[] = {
		[VPN_CLAIM_TAKEN] = NHRP_CIE_SUCCESS,
		[VPN_CLAIM_NO_ROOM] = NHRP_CIE_NO_RESOURCES,
		[VPN_CLAIM_OLD] = NHRP_CIE_UNIQUE_EXISTS,
		[VPN_CLAIM_HELD] = NHRP_CIE_PROHIBITED, /* asked again, and granted when it is held no more */
	};

	if (!m || !dm_addr_is_station(&cie->proto) || (req->flags & NHRP_REG_UNIQUE) || !cie->holding_time ||
	    (dm_addr_is_set(&cie->nbma) && !dm_addr_same(&cie->nbma, &m->nbma)))
		return NHRP_CIE_PROHIBITED;
	if (cie->proto.family != DM_MAC &&
	    (!cie->sub.has_mac || !dm_addr_is_station(&cie->sub.mac) || cie->sub.vni != m->vni))
		return NHRP_CIE_PROHIBITED;
	if (cie->proto.family == DM_MAC) {
		claim->idle_ms = vpn_ageing_registered(m->inst, cie);
		return codes[vpn_mac_bind(e, m, &cie->proto, claim)];
	}
	return codes[vpn_ip_bind(e, m, &cie->proto, &cie->sub.mac, claim)];
}

void vpn_hub_register_station(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			      const struct nhrp_msg *req, uint64_t life, struct nhrp_cie *cie)
{
	struct nhrp_cie data = *cie;

	if (!dm_addr_is_set(&data.nbma)) {
		data.nbma = req->src_nbma;
		data.sub = req->src_sub;
	}
	data.code = registration_code(inst, from, req, &data);
	if (data.code == NHRP_CIE_SUCCESS)
		register_member(e, inst, from, req, life, &data);
	else
		refuse_registration(e, from, req, &data);
	cie->code = data.code;
	cie->holding_time = data.holding_time;
}

/* What other hubs are called we do not know, and a member's hub must reach it directly: nothing is passed on (RFC 2332 5.2.3). */
static bool is_for_us(const struct vpn_instance *inst, const struct nhrp_msg *req)
{
	return dm_addr_same(&req->dst_proto, &req->src_proto) ||
	       (inst->link && dm_addr_same(&req->dst_proto, &inst->link->link.mac));
}

static void register_one(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			 const struct nhrp_msg *req, struct nhrp_cie *cie, struct vpn_claim *claim)
{
	bool right = is_for_us(inst, req) && vpn_message_whole_address(cie);

	if (right && nhrp_pro_family(req->pro_type) == DM_MAC &&
	    (!dm_addr_is_set(&cie->proto) || dm_addr_same(&cie->proto, &req->src_proto))) {
		vpn_hub_register_station(e, inst, from, req, vpn_message_starts(req).life, cie);
		return;
	}
	cie->code = right ? register_client(e, sender(inst, from, req), req, cie, claim) : NHRP_CIE_PROHIBITED;
	if (cie->code != NHRP_CIE_SUCCESS)
		refuse_registration(e, from, req, cie);
}

void vpn_hub_registration_request(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				  const struct nhrp_msg *req)
{
	struct nhrp_move moves[NHRP_CIES_MAX];
	struct dm_reader body = req->body, known = { 0 };
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct vpn_claim claim = { .numbered = nhrp_moves_find(req, &known) };
	struct nhrp_builder b;
	struct nhrp_cie cie;
	struct nhrp_msg m;
	size_t n = 0;

	if (!inst->ready) { /* our VNI is not known yet; the spoke asks again */
		vpn_refuse(e, from, req, VPN_REFUSED_NOT_READY);
		return;
	}
	vpn_message_reply_head(req, &m, NHRP_OP_REGISTRATION_REPLY);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	while (nhrp_cie_next(&body, req->afn, req->pro_type, &cie)) {
		claim.number = nhrp_move_next(&known).number;
		register_one(e, inst, from, req, &cie, &claim);
		nhrp_build_cie(&b, &cie);
		moves[n++] = vpn_binding_move(e, inst, &cie.proto);
	}
	vpn_message_registration_exts(e, inst, req, &b, moves, claim.numbered ? n : 0);
	vpn_batch_answer(e, inst, from, req, &b);
	vpn_message_send(e, from, &b);
}

/* --- resolution --- */

/* For how long what we know of the address may be told to the asker, in seconds; 0 when there is nothing to tell. */
static uint16_t tellable(struct vpn_engine *e, const struct vpn_binding *b, const struct vpn_station *asker)
{
	const struct vpn_member *home = b ? vpn_binding_home(b) : NULL;
	uint64_t left, registered;
	uint16_t ours;

	if (!b || b->silent || dm_addr_same(&home->nbma, &asker->nbma))
		return 0;
	ours = home->inst->dev->holdtime;
	left = vpn_timer_left(e, &home->expiry) / 1000;
	registered = vpn_timer_left(e, &b->member->expiry) / 1000; /* of an IP address, by another member perhaps */
	left = left < registered ? left : registered;
	return (uint16_t)(left < ours ? left : ours);
}

static uint8_t resolution_code(struct vpn_engine *e, struct vpn_binding *b, const struct vpn_station *asker,
			       uint16_t flags, uint16_t seconds)
{
	if (!seconds)
		return NHRP_CIE_NO_BINDING;
	if ((flags & NHRP_RES_UNIQUE) && !vpn_binding_home(b)->unique)
		return NHRP_CIE_NOT_UNIQUE;
	/* who is told must be purged one day, so we have to remember */
	return vpn_binding_asked(e, b, asker, seconds) ? NHRP_CIE_SUCCESS : NHRP_CIE_NO_RESOURCES;
}

/* Where the address is, as that member registered; in a refusal everything but the code is zero (RFC 2332 5.2.2). */
static void fill_answer(const struct vpn_binding *b, uint8_t code, uint16_t seconds, struct nhrp_cie *cie)
{
	const struct vpn_member *m;

	*cie = (struct nhrp_cie){ .code = code };
	if (code != NHRP_CIE_SUCCESS)
		return;
	m = vpn_binding_home(b);
	cie->holding_time = seconds;
	cie->mtu = m->mtu;
	cie->preference = m->preference;
	cie->nbma = m->nbma;
	cie->sub = b->addr.family == DM_MAC ? nhrp_subaddr_vni(m->vni) : nhrp_subaddr_vni_mac(m->vni, &b->mac);
	cie->proto = b->addr;
}

/* Members register with us, so we are the authority; not stable, as a MAC may move at any time. */
static uint16_t resolution_flags(const struct nhrp_msg *req, bool unique)
{
	return NHRP_RES_AUTHORITATIVE | (req->flags & (NHRP_RES_ROUTER | NHRP_RES_SRC_STABLE)) |
	       (unique ? NHRP_RES_UNIQUE : 0);
}

static void answer_resolution(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *to,
			      const struct nhrp_msg *req, uint16_t flags, const struct nhrp_cie *cie)
{
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg m;

	vpn_message_reply_head(req, &m, NHRP_OP_RESOLUTION_REPLY);
	m.flags = flags;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, cie);
	vpn_message_reply_exts(e, inst, req, &b);
	vpn_message_send(e, to, &b);
}

void vpn_hub_refuse_resolution(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *to,
			       const struct nhrp_msg *req, uint8_t code)
{
	const struct nhrp_cie cie = { .code = code };

	if (vpn_message_may_answer(e))
		answer_resolution(e, inst, to, req, resolution_flags(req, false), &cie);
}

/*
 * Who asks: a member for itself, or a hub that we know for a station of its own, about MACs
 * only as that is what a purge can find it by. Returns false for anybody else.
 */
static bool asker_of(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		     const struct nhrp_msg *req, struct vpn_station *asker)
{
	*asker = (struct vpn_station){ .nbma = req->src_nbma };
	if (sender(inst, from, req))
		return true;
	asker->relayed = true;
	asker->mac = req->src_proto;
	asker->path = *from;
	return dm_addr_is_set(&asker->nbma) && asker->mac.family == DM_MAC && vpn_way_server(e, inst, from);
}

void vpn_hub_resolution_request(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				const struct nhrp_msg *req)
{
	struct vpn_binding *b = vpn_binding_find(inst, &req->dst_proto);
	struct vpn_station asker;
	struct nhrp_cie cie;
	uint16_t seconds;
	uint8_t code;

	if (!asker_of(e, inst, from, req, &asker)) { /* who did not register with us learns nothing but that */
		vpn_refuse(e, from, req, VPN_REFUSED_NOT_MEMBER);
		vpn_hub_refuse_resolution(e, inst, from, req, NHRP_CIE_PROHIBITED);
		return;
	}
	seconds = tellable(e, b, &asker);
	code = resolution_code(e, b, &asker, req->flags, seconds);
	fill_answer(b, code, seconds, &cie);
	answer_resolution(e, inst, from, req,
			  resolution_flags(req, code == NHRP_CIE_SUCCESS && vpn_binding_home(b)->unique), &cie);
}

/* --- purge --- */

/* The entry names the member itself: then it is one no longer. */
static bool names_member(const struct vpn_member *m, const struct nhrp_msg *req, const struct nhrp_cie *cie)
{
	return nhrp_pro_family(req->pro_type) == DM_MAC &&
	       vpn_message_covers(cie, dm_addr_is_set(&m->mac) ? &m->mac : &req->src_proto);
}

/* Takes back what the entry names of what its sender registered. Returns whether the sender is still a member. */
static bool deregister(struct vpn_engine *e, struct vpn_member *m, const struct nhrp_msg *req,
		       const struct nhrp_cie *cie)
{
	struct vpn_binding *b;
	char text[DM_ADDR_STRLEN], id[VPN_ID_STRLEN];

	if (names_member(m, req, cie)) {
		vpn_log_gated(e, VPN_GATE_MEMBER, VPN_LOG_INFO, "VPN %s on %s: member %s left",
			      vpn_id_str(&m->inst->vpn, id), m->inst->dev->name, dm_addr_str(&m->nbma, text));
		vpn_member_forget(e, m, true);
		return false;
	}
	frr_each_safe (vpn_member_bindings, cie->proto.family == DM_MAC ? &m->macs : &m->ips, b)
		if (vpn_message_covers(cie, &b->addr))
			vpn_binding_forget(e, b);
	return true;
}

/*
 * Answered even when nothing matches (RFC 2332 5.2.5): a member whose request is repeated
 * because our reply was lost is a stranger by then.
 */
void vpn_hub_purge_request(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			   const struct nhrp_msg *req)
{
	struct vpn_member *m = vpn_member_find(inst, &req->src_nbma);
	bool stranger = !m || !may_change(m, from), is_member = !stranger;
	struct dm_reader body = req->body;
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg reply;
	struct nhrp_cie cie;

	if (stranger)
		vpn_refuse(e, from, req, VPN_REFUSED_NOT_MEMBER);
	vpn_message_reply_head(req, &reply, NHRP_OP_PURGE_REPLY);
	nhrp_build_begin(&b, buf, sizeof(buf), &reply);
	while (nhrp_cie_next(&body, req->afn, req->pro_type, &cie)) {
		is_member = is_member && deregister(e, m, req, &cie);
		nhrp_build_cie(&b, &cie);
	}
	if ((req->flags & NHRP_PURGE_NO_REPLY) || (stranger && !vpn_message_may_answer(e)))
		return;
	vpn_message_reply_exts(e, inst, req, &b);
	vpn_message_send(e, from, &b);
}

/* --- redirect --- */

void vpn_hub_hairpin(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_hairpin *h)
{
	struct vpn_member *to = vpn_member_find(inst, &h->src_nbma);
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg m;

	if (!to || !vpn_binding_find(inst, &h->dst_mac))
		return; /* gone meanwhile, or nothing to answer a resolution with yet */
	vpn_message_head(inst, DM_MAC, &m, NHRP_OP_TRAFFIC_INDICATION);
	m.dst_proto = h->src_mac;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, h->frame, h->frame_len);
	vpn_message_send(e, &to->path, &b);
}

/* --- errors --- */

void vpn_hub_error_indication(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			      const struct nhrp_msg *m)
{
	char text[DM_ADDR_STRLEN], id[VPN_ID_STRLEN];

	vpn_log(e, VPN_LOG_DEBUG, "VPN %s on %s: %s reports error %u at offset %u", vpn_id_str(&inst->vpn, id),
		inst->dev->name, dm_addr_str(&from->nbma, text), m->error_code, m->error_offset);
}

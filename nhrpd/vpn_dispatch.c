// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From octets to the handler: decode, find the instance, check what every
 * message must satisfy, and hand over by (role, type). The one drop path for
 * malformed messages and the one for refused ones are here, so each is counted
 * once and logged at most once a second.
 *
 * RFC 2735 3.1, 3.2 (messages that name no VPN), 3.4 (VPN mismatch, VPN not supported), RFC 2332 5.3 (compulsory extensions), 5.3.2 (loops),
 * 5.3.4 (by vpn_auth.c, before anything else is looked at).
 */
#include <config.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_hub.h"
#include "nhrpd/vpn_layer3.h"
#include "nhrpd/vpn_leave.h"
#include "nhrpd/vpn_message.h"
#include "nhrpd/vpn_transit.h"

/* What each role acts on; the rest is another role's business. */
static const vpn_handler spoke_handlers[VPN_OP_COUNT] = {
	[NHRP_OP_RESOLUTION_REPLY] = vpn_remote_resolution_reply,
	[NHRP_OP_REGISTRATION_REPLY] = vpn_spoke_registration_reply,
	[NHRP_OP_PURGE_REQUEST] = vpn_remote_purge_request,
	[NHRP_OP_PURGE_REPLY] = vpn_leave_purge_reply,
	[NHRP_OP_TRAFFIC_INDICATION] = vpn_shortcut_indication,
	[NHRP_OP_ERROR_INDICATION] = vpn_spoke_error_indication,
};
static const vpn_handler hub_handlers[VPN_OP_COUNT] = {
	[NHRP_OP_RESOLUTION_REQUEST] = vpn_hub_resolution_request,
	[NHRP_OP_REGISTRATION_REQUEST] = vpn_hub_registration_request,
	[NHRP_OP_PURGE_REQUEST] = vpn_hub_purge_request,
	[NHRP_OP_PURGE_REPLY] = vpn_purge_reply,
	[NHRP_OP_ERROR_INDICATION] = vpn_hub_error_indication,
};

static void drop(struct vpn_engine *e, const struct vpn_path *from, enum nhrp_drop why, uint32_t value)
{
	char text[DM_ADDR_STRLEN];

	e->counters.dropped[why]++;
	vpn_log_gated(e, VPN_GATE_DROP, VPN_LOG_WARN, "dropped a malformed VPN message from %s: %s (%u)",
		      dm_addr_str(&from->nbma, text), nhrp_drop_name(why), value);
}

void vpn_refuse(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m, enum vpn_refusal why)
{
	char text[DM_ADDR_STRLEN], id[VPN_ID_STRLEN];

	e->counters.refused[why]++;
	vpn_log(e, VPN_LOG_DEBUG, "refused %s from %s in VPN %s: %s", nhrp_op_name(m->op),
		dm_addr_str(&from->nbma, text), vpn_id_str(&m->vpn, id), vpn_refusal_name(why));
}

void vpn_refuse_mismatch(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m)
{
	vpn_refuse(e, from, m, VPN_REFUSED_VPN_MISMATCH);
	if (nhrp_op_is_request(m->op) || nhrp_op_is_reply(m->op))
		vpn_message_error(e, NULL, from, m, NHRP_ERR_VPN_MISMATCH, 0);
}

/* Where the VPN named has keys, they decide: whoever spoke in plain may not have been who has the key. */
static bool contradicts(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m)
{
	const struct vpn_instance *inst = vpn_instance_of(e, &m->vpn);
	char text[DM_ADDR_STRLEN], ours[VPN_ID_STRLEN], theirs[VPN_ID_STRLEN];

	if (!m->has_vpn || (inst && inst->dev->key_chain[0]) || !vpn_plain_contradicts(e, from, &m->vpn))
		return false;
	vpn_log_gated(e, VPN_GATE_MISMATCH, VPN_LOG_WARN,
		      "%s sends plain messages, which are of VPN %s, and now sent one of VPN %s",
		      dm_addr_str(&from->nbma, text), vpn_id_str(vpn_plain_of(e, from->ifindex), ours),
		      vpn_id_str(&m->vpn, theirs));
	vpn_refuse_mismatch(e, from, m);
	return true;
}

/* The instance the message is for: of that VPN, and controlled by the interface it came in on. */
static struct vpn_instance *find_instance(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m)
{
	struct vpn_instance *inst = vpn_instance_of(e, &m->vpn);

	if (inst && inst->layer3) /* MAC addresses, or the wrong interface */
		inst = NULL;
	if (inst && inst->role != DM_ROLE_NONE && inst->local.ifindex == from->ifindex)
		return inst;
	if (inst && inst->role == DM_ROLE_NONE) { /* configured, but cannot run yet: the other side asks again */
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_READY);
		return NULL;
	}
	vpn_refuse(e, from, m, VPN_REFUSED_UNKNOWN_VPN);
	if (nhrp_op_is_request(m->op))
		vpn_message_error(e, NULL, from, m, NHRP_ERR_VPN_NOT_SUPPORTED, 0);
	return NULL;
}

/* What we would have to understand and do not; who only passes the message on must know the sender's word (RFC 2332 5.3, 5.3.4). */
static bool not_understood(struct vpn_engine *e, const struct vpn_instance *inst, const struct nhrp_msg *m,
			   bool transit, uint16_t *offset)
{
	bool authenticated = vpn_auth_wanted(e, inst);

	if (transit)
		return !authenticated && vpn_message_unchecked(m, offset);
	return nhrp_op_is_request(m->op) && vpn_message_unknown_compulsory(m, authenticated, offset);
}

/* Refuses, with an error, what an extension or its size keeps us from acting on, or in TRANSIT from passing on. */
static bool may_act(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *from,
		    const struct nhrp_msg *m, bool transit)
{
	enum vpn_refusal why;
	uint16_t offset, code;

	if (not_understood(e, inst, m, transit, &offset)) {
		why = VPN_REFUSED_COMPULSORY_EXTENSION;
		code = NHRP_ERR_UNRECOGNIZED_EXTENSION;
	} else if (vpn_message_misplaced_extension(m, &offset)) {
		why = VPN_REFUSED_MISPLACED_EXTENSION;
		code = NHRP_ERR_INVALID_EXTENSION;
	} else if ((transit || nhrp_op_is_request(m->op)) && vpn_message_looped(inst, m, &offset)) {
		why = VPN_REFUSED_LOOP;
		code = NHRP_ERR_LOOP;
	} else if (!transit && nhrp_op_is_request(m->op) && vpn_message_unanswerable(m)) {
		why = VPN_REFUSED_TOO_LARGE;
		code = NHRP_ERR_SDU_SIZE;
		offset = NHRP_PKTSZ_AT;
	} else {
		return true;
	}
	vpn_refuse(e, from, m, why);
	vpn_message_error(e, inst, from, m, code, offset);
	return false;
}

/*
 * A spoke is nobody's next hop server, and a hub nobody's client. Who asks a spoke has the wrong
 * server configured and is told so (RFC 2332 5.2.3), though not every one of a flood.
 */
static void wrong_role(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		       const struct nhrp_msg *m)
{
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg reply;

	vpn_refuse(e, from, m, VPN_REFUSED_WRONG_ROLE);
	if (!nhrp_op_is_request(m->op) || !inst->ready || !vpn_message_may_answer(e))
		return;
	vpn_message_reply_head(m, &reply, m->op + 1); /* RFC 2332 5.2: each reply is numbered after its request */
	nhrp_build_begin(&b, buf, sizeof(buf), &reply);
	vpn_message_refuse_entries(m, &b);
	vpn_message_reply_exts(e, inst, m, &b);
	vpn_message_send(e, from, &b);
}

/* An authentic message of the layer 2 VPN INST. */
static void to_handler(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		       const struct nhrp_msg *m)
{
	vpn_handler fn, transit;

	if (inst->leaving && m->op != NHRP_OP_PURGE_REPLY) {
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_READY);
		return;
	}
	if (m->op == NHRP_OP_TRAFFIC_INDICATION && nhrp_pro_family(m->pro_type) != DM_MAC) { /* a frame has no other */
		vpn_refuse(e, from, m, VPN_REFUSED_CONTENT);
		return;
	}
	transit = vpn_transit_handler(e, inst, from, m);
	if (!may_act(e, inst, from, m, transit))
		return;
	vpn_plain_heard(e, from, m);
	fn = transit ? transit : (inst->role == DM_ROLE_HUB ? hub_handlers : spoke_handlers)[m->op];
	(fn ? fn : wrong_role)(e, inst, from, m);
}

/* A well-formed message of VPN m->vpn, whether its headers said so or the configuration does. */
static void dispatch(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m)
{
	struct vpn_instance *inst;

	e->counters.received[m->op]++;
	if (contradicts(e, from, m) || vpn_layer3_packet(e, from, m))
		return;
	inst = find_instance(e, from, m);
	if (inst && vpn_auth_check(e, inst, from, m))
		to_handler(e, inst, from, m);
}

/* The default routing instance is what plain messages of the interface are for (RFC 2735 3.1). */
static void to_default(struct vpn_engine *e, const struct vpn_path *from, struct nhrp_msg *m)
{
	const struct vpn_id *assigned = vpn_plain_of(e, from->ifindex);

	if (assigned) {
		m->has_vpn = false;
		m->vpn = *assigned;
		e->counters.plain_assigned++;
	} else if (vpn_layer3_default(e, from, m)) {
		e->counters.received[m->op]++;
		return;
	}
	dispatch(e, from, m);
}

/* Reads a message that came with VPN headers, or that came without and must not have any. */
static bool read_message(struct vpn_engine *e, const struct vpn_path *from, const uint8_t *octets, size_t len,
			 bool headers, struct nhrp_msg *m)
{
	uint32_t value = 0;
	enum nhrp_drop why = nhrp_msg_decode(m, octets, len, &value);

	if (why == NHRP_DROP_NONE && m->has_vpn != headers)
		why = NHRP_DROP_ENCAPSULATION;
	if (why == NHRP_DROP_NONE)
		return true;
	drop(e, from, why, value);
	return false;
}

void vpn_engine_packet(struct vpn_engine *e, const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	struct nhrp_msg m;

	if (!read_message(e, from, octets, len, true, &m))
		return;
	if (vpn_id_is_default(&m.vpn))
		to_default(e, from, &m);
	else
		dispatch(e, from, &m);
}

void vpn_engine_plain_packet(struct vpn_engine *e, const struct vpn_path *from, const struct vpn_id *vpn,
			     const uint8_t *octets, size_t len)
{
	struct nhrp_msg m;

	if (!read_message(e, from, octets, len, false, &m))
		return;
	m.vpn = *vpn;
	e->counters.plain_assigned++;
	dispatch(e, from, &m);
}

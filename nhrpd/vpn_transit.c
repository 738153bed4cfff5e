// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub on the way of other stations' messages (RFC 2332 2: a transit NHS). Whoever is asked for
 * a MAC that nobody registered passes the request on to a next hop server of its controller, and
 * the reply back the way the request came.
 *
 * Object: vpn_transit (a request under way), by type, ID and source in its instance. Called by
 * vpn_dispatch.c, for hubs only.
 *
 *   spoke ── Resolution Request ──> hub ── hops - 1, Forward record + hub ──> next hop server
 *         <── Reverse record + hub, hops - 1 ──        <── Resolution Reply ──
 *         <──────────────────────────── hub <── Purge Request, to the station that was answered
 *         ── Purge Reply ─────────────> hub ──────────────>
 *
 * A request from another hub is taken when that hub is one of our servers: hubs that are to ask
 * each other are configured on both sides. Which server is asked, and how a station is found, says
 * vpn_way.c; that a request is repeated is a sign of the server's silence. Error Indications about
 * what we passed on go the same ways; nothing follows from them, as nobody vouches for them.
 *
 * RFC 2332 5.1 (hop count), 5.2.2, 5.2.5 to 5.2.7, 5.3 to 5.3.3; RFC 2735 3.1 (the VPN stays).
 *
 * Not here: caching. An answer of another hub is for who asked (6.2.1 lets us keep stable ones
 * only, and a MAC may move at any time). No frame is forwarded between hubs either.
 */
#include <config.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_hub.h"
#include "nhrpd/vpn_message.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_TRANSIT, "VPN request on its way");
DEFINE_MTYPE_STATIC(VPNENGINE, VPN_TRANSIT_COUNTS, "VPN members' shares of requests");

#define AT_HOP_COUNT 9 /* of ar$hopcnt, RFC 2332 5.1 */

/* --- requests under way --- */

static struct vpn_transit *find(struct vpn_instance *inst, uint8_t op, const struct nhrp_msg *m)
{
	struct vpn_transit ref = {
		.op = op,
		.request_id = m->request_id,
		.src_nbma = m->src_nbma,
		.src_proto = m->src_proto,
	};

	return vpn_transits_find(&inst->transit.under_way, &ref);
}

static void forget(struct vpn_engine *e, struct vpn_transit *t)
{
	vpn_timer_stop(e, &t->expiry);
	vpn_transits_del(&t->inst->transit.under_way, t);
	if (t->share)
		--*t->share;
	XFREE(MTYPE_VPN_TRANSIT, t);
}

static void transit_over(struct vpn_engine *e, void *arg)
{
	forget(e, arg);
}

static uint16_t *share_of(struct vpn_instance *inst, const struct vpn_path *path)
{
	if (!inst->transit.shares) /* most VPNs pass nothing on, and a hub has thousands of them */
		inst->transit.shares = XCALLOC(MTYPE_VPN_TRANSIT_COUNTS, VPN_TRANSIT_SHARES * sizeof(uint16_t));
	return &inst->transit.shares[dm_addr_hash(&path->nbma, path->ifindex) % VPN_TRANSIT_SHARES];
}

/* Returns NULL when there is no room for it. */
static struct vpn_transit *remember(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				    const struct nhrp_msg *m)
{
	uint16_t *share = vpn_way_server(e, inst, from) ? NULL : share_of(inst, from);
	struct vpn_transit *t;

	if (vpn_transits_count(&inst->transit.under_way) >= VPN_TRANSITS_MAX ||
	    (share && *share >= VPN_TRANSIT_SHARE_MAX))
		return NULL;
	t = XCALLOC(MTYPE_VPN_TRANSIT, sizeof(*t));
	t->inst = inst;
	t->op = m->op;
	t->request_id = m->request_id;
	t->src_nbma = m->src_nbma;
	t->src_proto = m->src_proto;
	t->share = share;
	if (share)
		++*share;
	vpn_timer_init(&t->expiry, transit_over, t);
	vpn_transits_add(&inst->transit.under_way, t);
	return t;
}

/* --- passing on --- */

static void refuse(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *from,
		   const struct nhrp_msg *m, enum vpn_refusal why, uint16_t code, uint16_t offset)
{
	vpn_refuse(e, from, m, why);
	vpn_message_error(e, inst, from, m, code, offset);
}

/*
 * Ours for the record. Who does not understand all that is compulsory is no egress, and so
 * without an NBMA address in it (RFC 2332 5.3, 5.3.2).
 */
static void put_element(const struct vpn_instance *inst, const struct nhrp_msg *m, struct nhrp_builder *b)
{
	struct nhrp_cie cie;
	uint16_t offset;

	vpn_message_own_cie(inst, DM_MAC, &cie);
	if (vpn_message_unknown_compulsory(m, true, &offset)) {
		cie.nbma = (struct dm_addr){ 0 };
		cie.sub = nhrp_subaddr_none();
	}
	nhrp_build_cie(b, &cie);
}

/* All in their order, as they came but for the record; Authentication is made anew (RFC 2332 5.3.4). */
static void put_extensions(const struct vpn_instance *inst, const struct nhrp_msg *m, struct nhrp_builder *b)
{
	uint16_t record = nhrp_op_is_request(m->op) ? NHRP_EXT_FORWARD_TRANSIT : NHRP_EXT_REVERSE_TRANSIT;
	struct dm_reader r = m->exts;
	struct nhrp_ext ext;

	while (nhrp_ext_next(&r, &ext)) {
		if (ext.type == NHRP_EXT_AUTHENTICATION)
			continue;
		nhrp_build_ext_begin(b, ext.type, ext.compulsory);
		nhrp_build_octets(b, ext.value.p, dm_reader_left(&ext.value));
		if (ext.type == record)
			put_element(inst, m, b);
		nhrp_build_ext_end(b);
	}
}

/*
 * Sends M on, with VPN headers or without as its receiver wants it, whatever it came with (RFC 2735 3.1, 3.2; vpn_auth.c).
 * What it has become too long for is told to FROM (RFC 2332 5.2.7, error 8).
 */
static void pass(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		 const struct vpn_path *to, const struct nhrp_msg *m)
{
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_msg head = *m;
	struct nhrp_builder b;

	head.hop_count--;
	nhrp_build_begin(&b, buf, sizeof(buf), &head);
	nhrp_build_octets(&b, m->body.p, dm_reader_left(&m->body));
	put_extensions(inst, m, &b);
	if (vpn_message_send(e, to, &b))
		e->counters.passed_on++;
	else if (b.w.bad)
		vpn_message_error(e, inst, from, m, NHRP_ERR_SDU_SIZE, 0);
}

/* Returns false, with all said, when M has come too far (RFC 2332 5.1). */
static bool hops_left(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *from,
		      const struct nhrp_msg *m)
{
	if (m->hop_count)
		return true;
	refuse(e, inst, from, m, VPN_REFUSED_HOP_COUNT, NHRP_ERR_HOP_COUNT, AT_HOP_COUNT);
	return false;
}

/* A record that cannot be read can be neither searched nor continued. */
static bool records_read(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *from,
			 const struct nhrp_msg *m)
{
	static const uint16_t types[] = { NHRP_EXT_RESPONDER, NHRP_EXT_FORWARD_TRANSIT, NHRP_EXT_REVERSE_TRANSIT };
	struct nhrp_ext ext;
	struct nhrp_cie cie;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!nhrp_ext_find(m, types[i], &ext))
			continue;
		while (nhrp_cie_next(&ext.value, m->afn, m->pro_type, &cie))
			continue;
		if (!ext.value.bad)
			continue;
		refuse(e, inst, from, m, VPN_REFUSED_CONTENT, NHRP_ERR_PROTOCOL, (uint16_t)(ext.value.p - m->packet));
		return false;
	}
	return true;
}

/* --- requests --- */

/* There is no room to remember it by, so its reply would not find its way. */
static void no_room(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		    const struct nhrp_msg *m)
{
	uint16_t offset;

	vpn_refuse(e, from, m, VPN_REFUSED_LIMIT);
	if (m->op != NHRP_OP_RESOLUTION_REQUEST)
		return; /* who purges asks again */
	if (vpn_message_unknown_compulsory(m, true, &offset))
		vpn_message_error(e, inst, from, m, NHRP_ERR_UNRECOGNIZED_EXTENSION, offset);
	else
		vpn_hub_refuse_resolution(e, inst, from, m, NHRP_CIE_NO_RESOURCES);
}

static void pass_request(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			 const struct vpn_path *to, const struct nhrp_msg *m)
{
	struct vpn_transit *t = find(inst, m->op, m);

	if (!t)
		t = remember(e, inst, from, m);
	if (!t) {
		no_room(e, inst, from, m);
		return;
	}
	t->back = *from;
	t->to = *to;
	t->sent++;
	t->at = vpn_now(e);
	vpn_timer_set(e, &t->expiry, VPN_TRANSIT_MS);
	pass(e, inst, from, to, m);
}

/* Without a record a loop still shows: what is under way already comes again, from elsewhere (RFC 2332 5.2.7, error 3). */
static bool comes_round(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			const struct nhrp_msg *m)
{
	const struct vpn_transit *t = find(inst, m->op, m);

	if (!t || !t->sent || vpn_path_same(&t->back, from))
		return false;
	refuse(e, inst, from, m, VPN_REFUSED_LOOP, NHRP_ERR_LOOP, 0);
	return true;
}

/* Its requester asks again, and not just because the network gave us the request twice: the server is silent. */
static void note_repetition(struct vpn_engine *e, struct vpn_instance *inst, const struct nhrp_msg *m)
{
	const struct vpn_transit *t = find(inst, m->op, m);

	if (t && t->sent && vpn_now(e) - t->at >= VPN_TRANSIT_PATIENCE_MS)
		vpn_way_silent(e, inst, &t->to, true);
}

static void pass_resolution(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			    const struct nhrp_msg *m)
{
	struct vpn_path to;

	if (!records_read(e, inst, from, m) || comes_round(e, inst, from, m) || !hops_left(e, inst, from, m))
		return;
	note_repetition(e, inst, m);
	if (vpn_way_to_server(e, inst, from, m, &to))
		pass_request(e, inst, from, &to, m);
}

static void pass_purge(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		       const struct nhrp_msg *m)
{
	struct vpn_path to;

	if (!records_read(e, inst, from, m) || comes_round(e, inst, from, m) || !hops_left(e, inst, from, m))
		return;
	if (!vpn_way_to_station(inst, &m->dst_proto, &to) || vpn_path_same(&to, from))
		refuse(e, inst, from, m, VPN_REFUSED_UNREACHABLE, NHRP_ERR_UNREACHABLE, 0); /* RFC 2735 3.4 */
	else if (m->flags & NHRP_PURGE_NO_REPLY)
		pass(e, inst, from, &to, m);
	else
		pass_request(e, inst, from, &to, m);
}

/* --- replies --- */

/* For how long the answer holds at the longest, in seconds; 0 for a refusal. */
static uint16_t longest_hold(const struct nhrp_msg *reply)
{
	struct dm_reader body = reply->body;
	struct nhrp_cie cie;
	uint16_t longest = 0;

	while (nhrp_cie_next(&body, reply->afn, reply->pro_type, &cie))
		if (cie.code == NHRP_CIE_SUCCESS && cie.holding_time > longest)
			longest = cie.holding_time;
	return longest;
}

/* The station is told something, and must be found when that is void. */
static void keep_way(struct vpn_engine *e, const struct vpn_transit *t, const struct nhrp_msg *reply)
{
	const struct vpn_member *member = vpn_member_find(t->inst, &t->src_nbma);
	const struct vpn_station station = {
		.nbma = t->src_nbma,
		.relayed = !member || !vpn_path_same(&member->path, &t->back),
		.mac = t->src_proto,
		.path = t->back,
	};
	uint16_t seconds = longest_hold(reply);

	if (seconds)
		vpn_way_keep(e, t->inst, &station, &t->src_proto, seconds);
}

/* Any server may answer a resolution: one that was given up may only have been slow. */
static bool may_answer(struct vpn_engine *e, const struct vpn_transit *t, const struct vpn_path *from)
{
	return vpn_path_same(&t->to, from) ||
	       (t->op == NHRP_OP_RESOLUTION_REQUEST && vpn_way_server(e, t->inst, from));
}

static bool is_prohibited(const struct nhrp_msg *reply)
{
	struct dm_reader body = reply->body;
	struct nhrp_cie cie;

	return nhrp_cie_next(&body, reply->afn, reply->pro_type, &cie) && cie.code == NHRP_CIE_PROHIBITED;
}

/* Purges come by the thousand when a member goes: each makes room as soon as it is acknowledged. */
static void hand_back(struct vpn_engine *e, struct vpn_transit *t, const struct vpn_path *from,
		      const struct nhrp_msg *reply)
{
	t->sent = 0;
	if (t->op == NHRP_OP_RESOLUTION_REQUEST)
		keep_way(e, t, reply);
	pass(e, t->inst, from, &t->back, reply);
	if (t->op == NHRP_OP_RESOLUTION_REQUEST)
		vpn_timer_set(e, &t->expiry, VPN_TRANSIT_DONE_MS);
	else
		forget(e, t);
}

static void pass_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		       const struct nhrp_msg *m)
{
	struct vpn_transit *t = find(inst, m->op - 1, m); /* RFC 2332 5.2: each reply is numbered after its request */

	if (!t || !may_answer(e, t, from)) {
		vpn_refuse(e, from, m, VPN_REFUSED_UNEXPECTED_REPLY);
		if (m->op == NHRP_OP_RESOLUTION_REPLY)
			vpn_message_error(e, inst, from, m, NHRP_ERR_INVALID_RESOLUTION_REPLY, 0);
		return;
	}
	if (t->challenges && is_prohibited(m)) {
		t->challenges--;
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_FRESH);
		return;
	}
	if (!t->sent) { /* once more what has been handed on */
		vpn_refuse(e, from, m, VPN_REFUSED_UNEXPECTED_REPLY);
		return;
	}
	if (!records_read(e, inst, from, m) || !hops_left(e, inst, from, m))
		return;
	vpn_way_silent(e, inst, from, false);
	hand_back(e, t, from, m);
}

/* --- errors --- */

/*
 * What we passed on and M is about, NULL when there is nothing of the kind or M comes from
 * elsewhere than that went to. *to is where that came from.
 */
static const struct vpn_transit *concerned(struct vpn_instance *inst, const struct vpn_path *from,
					   const struct nhrp_msg *m, struct vpn_path *to)
{
	const struct vpn_transit *t;
	struct nhrp_msg wrong;
	bool request;

	if (nhrp_msg_decode(&wrong, m->body.p, dm_reader_left(&m->body), NULL) != NHRP_DROP_NONE)
		return NULL;
	request = nhrp_op_is_request(wrong.op);
	if (!request && !nhrp_op_is_reply(wrong.op))
		return NULL;
	t = find(inst, request ? wrong.op : wrong.op - 1, &wrong);
	if (!t || !vpn_path_same(request ? &t->to : &t->back, from))
		return NULL;
	*to = request ? t->back : t->to;
	return t;
}

static void pass_error(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		       const struct nhrp_msg *m)
{
	struct vpn_path to;

	if (!concerned(inst, from, m, &to))
		return;
	if (!m->hop_count)
		vpn_refuse(e, from, m, VPN_REFUSED_HOP_COUNT);
	else if (vpn_message_is_mine(inst, m)) /* it comes round: nothing is said of that (RFC 2332 5.2.7) */
		vpn_refuse(e, from, m, VPN_REFUSED_LOOP);
	else if (vpn_message_may_answer(e))
		pass(e, inst, from, &to, m);
}

/* --- what is not ours to act on --- */

/* A member asks for itself and in its own name, by which purges will find it; a server for a station of its own. */
static bool may_ask(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		    const struct nhrp_msg *m)
{
	const struct vpn_member *member = vpn_member_find(inst, &m->src_nbma);

	if (member && vpn_path_same(&member->path, from))
		return !dm_addr_is_set(&member->mac) || dm_addr_same(&member->mac, &m->src_proto);
	return dm_addr_is_set(&m->src_nbma) && dm_addr_is_set(&m->src_proto) && vpn_way_server(e, inst, from);
}

static bool asks_elsewhere(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			   const struct nhrp_msg *m)
{
	struct vpn_path to;

	return dm_addr_is_set(&m->dst_proto) && !dm_addr_is_zero(&m->dst_proto) &&
	       !dm_addr_is_multicast(&m->dst_proto) && !dm_addr_same(&m->dst_proto, &inst->link->link.mac) &&
	       !vpn_binding_find(inst, &m->dst_proto) && may_ask(e, inst, from, m) &&
	       vpn_way_to_server(e, inst, from, m, &to);
}

/* Of another hub, to a station that is neither itself nor us. */
static bool purges_elsewhere(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			     const struct nhrp_msg *m)
{
	return dm_addr_is_set(&m->dst_proto) && !dm_addr_same(&m->dst_proto, &inst->link->link.mac) &&
	       !dm_addr_same(&m->dst_proto, &m->src_proto) && vpn_way_server(e, inst, from);
}

vpn_handler vpn_transit_handler(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
				const struct nhrp_msg *m)
{
	struct vpn_path to;

	if (inst->role != DM_ROLE_HUB || !inst->ready || !inst->link || nhrp_pro_family(m->pro_type) != DM_MAC)
		return NULL;
	switch (m->op) {
	case NHRP_OP_RESOLUTION_REQUEST:
		return asks_elsewhere(e, inst, from, m) ? pass_resolution : NULL;
	case NHRP_OP_PURGE_REQUEST:
		return purges_elsewhere(e, inst, from, m) ? pass_purge : NULL;
	case NHRP_OP_RESOLUTION_REPLY:
		return vpn_way_server(e, inst, from) ? pass_reply : NULL;
	case NHRP_OP_PURGE_REPLY:
		return find(inst, NHRP_OP_PURGE_REQUEST, m) ? pass_reply : NULL;
	case NHRP_OP_ERROR_INDICATION:
		return concerned(inst, from, m, &to) ? pass_error : NULL;
	}
	return NULL;
}

/*
 * Each copy that was under way has been, or will be, refused so; the requester's next try goes
 * out under the new epoch. The server is not silent.
 */
void vpn_transit_challenged(struct vpn_instance *inst, const struct vpn_path *from)
{
	struct vpn_transit *t;

	frr_each (vpn_transits, &inst->transit.under_way, t)
		if (vpn_path_same(&t->to, from)) {
			t->challenges += t->sent;
			t->sent = 0;
		}
}

/* --- life --- */

void vpn_transit_init(struct vpn_instance *inst)
{
	vpn_transits_init(&inst->transit.under_way);
	vpn_way_init(inst);
}

void vpn_transit_clear(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_transit *t;

	while ((t = vpn_transits_first(&inst->transit.under_way)))
		forget(e, t);
	vpn_way_clear(e, inst);
}

void vpn_transit_fini(struct vpn_instance *inst)
{
	vpn_transits_fini(&inst->transit.under_way);
	XFREE(MTYPE_VPN_TRANSIT_COUNTS, inst->transit.shares);
	vpn_way_fini(inst);
}

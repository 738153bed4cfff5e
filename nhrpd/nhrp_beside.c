// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stands beside FRR's own NHRP code, on both roads of its messages.
 *
 *   socket pair ──> nhrp_beside_in() ──> stock code ──> nhrp_beside_out() ──> packet socket
 *                          |                                   |
 *        Purge Request     +─> nhrp_forget.c                   +─> Resolution Reply: nhrp_answers.c
 *        Purge Reply       +─> nhrp_purge.c                    +─> request of ours: another ID
 *        reply to us       +─> its ID is the stock code's again; noted by nhrp_registered.c
 *
 * The stock code takes a reply for its own when it would not pass it on, and believes it by
 * its ID alone, which it counts up from 1. So here a reply, and an error about a request,
 * that it would not pass on is dropped unless the ID on the wire is that of a request which
 * went out by that interface. A reply to a registration must come from where that went, and
 * the registration must still be there: the stock code would follow a dangling pointer. So
 * nhrp_beside_in() is called in the turn in which that code reads the message, not before.
 * For the same reason nobody may have a request in this node's name passed on by this node.
 *
 * Objects: the table of IDs, and the second that the limits are about. Called by nhrp_io.c,
 * main pthread. RFC 2332 5.2.0.1 (request ID), 5.2.5 to 5.2.7.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/if.h"

#include "nhrpd.h"
#include "lib/nhrp_edit.h"
#include "nhrpd/nhrp_answers.h"
#include "nhrpd/nhrp_beside.h"
#include "nhrpd/nhrp_forget.h"
#include "nhrpd/nhrp_ids.h"
#include "nhrpd/nhrp_purge.h"
#include "nhrpd/nhrp_registered.h"
#include "nhrpd/vpn_glue.h"
#include "nhrpd/vpn_stock.h"

#define POLL_MS 500
#define INDICATIONS_A_SECOND 200 /* each may make the stock code keep an address for 30 s, and ask for it */
#define ERRORS_A_SECOND 10

static struct nhrp_ids ids;
static struct event *poll_timer;
static uint64_t counters[NHRP_BESIDE_COUNT];

static const char *const names[NHRP_BESIDE_COUNT] = {
	[NHRP_BESIDE_UNEXPECTED_REPLY] = "unexpectedReply",
	[NHRP_BESIDE_OWN_NAME] = "ownName",
	[NHRP_BESIDE_NO_WAY] = "purgeForNobody",
	[NHRP_BESIDE_INDICATIONS_LIMITED] = "indicationsLimited",
	[NHRP_BESIDE_ERRORS_LIMITED] = "errorsLimited",
	[NHRP_BESIDE_PURGES_RECEIVED] = "purgesReceived",
	[NHRP_BESIDE_PURGED] = "purged",
	[NHRP_BESIDE_PURGES_SENT] = "purgesSent",
	[NHRP_BESIDE_PURGES_ACKNOWLEDGED] = "purgesAcknowledged",
	[NHRP_BESIDE_PURGES_UNANSWERED] = "purgesUnanswered",
};

const char *nhrp_beside_name(enum nhrp_beside_counter which)
{
	return names[which];
}

const uint64_t *nhrp_beside_counters(void)
{
	return counters;
}

void nhrp_beside_add(enum nhrp_beside_counter which, uint64_t n)
{
	counters[which] += n;
}

void nhrp_beside_count(enum nhrp_beside_counter which)
{
	counters[which]++;
}

/* Counts it and says no, for those who drop a message. */
static bool drop(enum nhrp_beside_counter why)
{
	nhrp_beside_count(why);
	return false;
}

bool nhrp_limit_allows(struct nhrp_limit *l, unsigned int a_second)
{
	uint64_t second = vpn_glue_now() / 1000;

	if (second != l->second)
		*l = (struct nhrp_limit){ .second = second };
	return l->used++ < a_second;
}

/* --- whose a message is --- */

static bool is_own(const struct interface *ifp, const struct dm_addr *proto)
{
	struct dm_addr own;

	return vpn_stock_proto(ifp, (enum dm_family)proto->family, &own) && dm_addr_same(&own, proto);
}

/* Whether the stock code would pass the message on to TARGET rather than act on it. */
static bool would_pass_on(struct interface *ifp, const struct nhrp_msg *m, const struct dm_addr *target)
{
	return !dm_addr_same(&m->src_proto, &m->dst_proto) && vpn_stock_way(ifp, target) == VPN_STOCK_PASS_ON;
}

/* --- coming in: replies and errors --- */

struct registration_search {
	uint32_t id;
	bool found;
};

static void look_at_registration(struct nhrp_nhs *nhs, struct nhrp_registration *reg, void *arg)
{
	struct registration_search *s = arg;

	s->found |= reg && reg->reqid.cb && reg->reqid.request_id == s->id;
}

static bool registration_is_there(struct interface *ifp, uint32_t id)
{
	struct registration_search s = { .id = id };

	nhrp_nhs_foreach(ifp, AFI_IP, look_at_registration, &s);
	nhrp_nhs_foreach(ifp, AFI_IP6, look_at_registration, &s);
	return s.found;
}

/* Finds the request of type OP that WIRE stands for, and ends the wait for it. */
static bool take_answer(struct interface *ifp, const struct vpn_path *from, uint8_t op, uint32_t wire,
			bool same_station, uint32_t *stock)
{
	struct nhrp_id_sent sent;

	if (!nhrp_ids_find(&ids, wire, op, from, same_station, vpn_glue_now(), &sent))
		return false;
	nhrp_ids_answered(&ids, wire);
	*stock = sent.stock;
	return op != NHRP_OP_REGISTRATION_REQUEST || registration_is_there(ifp, sent.stock);
}

static bool reply_in(struct interface *ifp, const struct vpn_path *from, const struct nhrp_msg *m, uint8_t *octets)
{
	bool registration = m->op == NHRP_OP_REGISTRATION_REPLY;
	uint32_t stock;

	if (would_pass_on(ifp, m, &m->src_proto))
		return true;
	if (!take_answer(ifp, from, m->op - 1, m->request_id, registration, &stock))
		return drop(NHRP_BESIDE_UNEXPECTED_REPLY);
	if (registration)
		nhrp_registered_reply(from, m);
	nhrp_edit_id(octets, stock);
	return true;
}

static struct nhrp_limit indications;

/* The stock code looks up the ID of whatever message an error carries. */
static bool error_in(struct interface *ifp, const struct vpn_path *from, const struct nhrp_msg *m, uint8_t *octets)
{
	size_t at = (size_t)(m->body.p - m->packet);
	uint32_t wire, stock;
	uint8_t op;

	if (would_pass_on(ifp, m, &m->dst_proto))
		return true;
	if (!nhrp_limit_allows(&indications, INDICATIONS_A_SECOND))
		return drop(NHRP_BESIDE_INDICATIONS_LIMITED);
	if (!nhrp_edit_carried(octets, m->packet_len, at, &op, &wire) ||
	    !take_answer(ifp, from, op, wire, op == NHRP_OP_REGISTRATION_REQUEST, &stock))
		return drop(NHRP_BESIDE_UNEXPECTED_REPLY);
	return nhrp_edit_carried_id(octets, m->packet_len, at, stock);
}

/* --- coming in: the rest --- */

static bool request_in(struct interface *ifp, const struct nhrp_msg *m)
{
	if (is_own(ifp, &m->src_proto) && would_pass_on(ifp, m, &m->dst_proto))
		return drop(NHRP_BESIDE_OWN_NAME);
	return true;
}

/* A server whose address is not known is addressed by one's own (RFC 2332 5.2.5), or by none. */
static bool is_for_us(struct interface *ifp, const struct nhrp_msg *m)
{
	return dm_addr_same(&m->src_proto, &m->dst_proto) || dm_addr_is_zero(&m->dst_proto) ||
	       vpn_stock_way(ifp, &m->dst_proto) == VPN_STOCK_LOCAL;
}

static bool purge_in(struct interface *ifp, const struct vpn_path *from, const struct nhrp_msg *m)
{
	if (is_own(ifp, &m->src_proto))
		return drop(NHRP_BESIDE_OWN_NAME);
	if (is_for_us(ifp, m)) {
		nhrp_forget(from, m);
		return false;
	}
	return would_pass_on(ifp, m, &m->dst_proto) || drop(NHRP_BESIDE_NO_WAY);
}

static bool purge_reply_in(struct interface *ifp, const struct vpn_path *from, const struct nhrp_msg *m)
{
	if (nhrp_purge_reply(from, m))
		return false;
	return would_pass_on(ifp, m, &m->src_proto) || drop(NHRP_BESIDE_UNEXPECTED_REPLY);
}

bool nhrp_beside_in(const struct vpn_path *from, uint8_t *octets, size_t len)
{
	struct interface *ifp = vpn_stock_interface(from->ifindex);
	struct nhrp_msg m;

	if (!ifp || nhrp_msg_decode(&m, octets, len, NULL) != NHRP_DROP_NONE)
		return false;
	switch (m.op) {
	case NHRP_OP_RESOLUTION_REQUEST:
	case NHRP_OP_REGISTRATION_REQUEST:
		return request_in(ifp, &m);
	case NHRP_OP_RESOLUTION_REPLY:
	case NHRP_OP_REGISTRATION_REPLY:
		return reply_in(ifp, from, &m, octets);
	case NHRP_OP_PURGE_REQUEST:
		return purge_in(ifp, from, &m);
	case NHRP_OP_PURGE_REPLY:
		return purge_reply_in(ifp, from, &m);
	case NHRP_OP_ERROR_INDICATION:
		return error_in(ifp, from, &m, octets);
	case NHRP_OP_TRAFFIC_INDICATION:
		return nhrp_limit_allows(&indications, INDICATIONS_A_SECOND) || drop(NHRP_BESIDE_INDICATIONS_LIMITED);
	}
	return true;
}

/* --- going out --- */

/* A request that is passed on for somebody else keeps his ID. */
static void request_out(const struct vpn_path *to, const struct nhrp_msg *m, uint8_t *octets)
{
	struct nhrp_id_sent sent = { .op = m->op, .stock = m->request_id, .path = *to };
	struct interface *ifp = vpn_stock_interface(to->ifindex);

	if (!ifp)
		return;
	if (!is_own(ifp, &m->src_proto)) {
		if (m->op == NHRP_OP_RESOLUTION_REQUEST)
			nhrp_answers_asked(to, m);
		return;
	}
	if (m->op == NHRP_OP_REGISTRATION_REQUEST)
		nhrp_purge_cancel(to, &m->src_proto);
	nhrp_edit_id(octets, nhrp_ids_sent(&ids, &sent, vpn_glue_now()));
}

bool nhrp_beside_out(const struct vpn_path *to, uint8_t *octets, size_t len)
{
	static struct nhrp_limit errors;
	struct nhrp_msg m;

	if (nhrp_msg_decode(&m, octets, len, NULL) != NHRP_DROP_NONE)
		return true;
	switch (m.op) {
	case NHRP_OP_RESOLUTION_REQUEST:
	case NHRP_OP_REGISTRATION_REQUEST:
		request_out(to, &m, octets);
		break;
	case NHRP_OP_RESOLUTION_REPLY:
		nhrp_answers_sent(to, &m);
		break;
	case NHRP_OP_ERROR_INDICATION:
		return nhrp_limit_allows(&errors, ERRORS_A_SECOND) || drop(NHRP_BESIDE_ERRORS_LIMITED);
	}
	return true;
}

/* --- life --- */

static uint32_t draw(void *arg)
{
	return vpn_glue_random();
}

static void poll_all(struct event *t)
{
	event_add_timer_msec(master, poll_all, NULL, POLL_MS, &poll_timer);
	nhrp_registered_poll();
	nhrp_answers_poll();
}

void nhrp_beside_init(void)
{
	nhrp_ids_init(&ids, draw, NULL);
	event_add_timer_msec(master, poll_all, NULL, POLL_MS, &poll_timer);
}

void nhrp_beside_terminate(void)
{
	event_cancel(&poll_timer);
	nhrp_registered_terminate();
	nhrp_answers_terminate();
	nhrp_purge_terminate();
	nhrp_ids_fini(&ids);
}

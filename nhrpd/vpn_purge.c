// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Purges that a hub has under way: a Purge Request to a station that was told of a
 * MAC or an IP address, repeated after 1, 2, 4, … 300 s until the station acknowledges it, is a
 * member no more, or would have to forget by itself, as the holding time it was told is over.
 * One that is no member of ours hears of it from the hub that asked for it. Who had the address
 * before it moved is told so, with the number of the move.
 *
 * Object: vpn_purge, identified by request ID within its instance.
 * RFC 2332 5.2.5, 5.2.6.
 */
#include <config.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_message.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_PURGE, "VPN purge");

static void done(struct vpn_engine *e, struct vpn_purge *p)
{
	vpn_timer_stop(e, &p->retry);
	vpn_purges_del(&p->inst->purges, p);
	XFREE(MTYPE_VPN_PURGE, p);
}

static void transmit(struct vpn_engine *e, const struct vpn_purge *p, const struct vpn_path *to,
		     const struct dm_addr *station)
{
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg m;
	struct nhrp_cie cie = { .proto = p->addr };

	vpn_message_head(p->inst, p->addr.family, &m, NHRP_OP_PURGE_REQUEST);
	m.request_id = p->request_id;
	if (p->addr.family == DM_MAC)
		m.dst_proto = *station;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_cie(&b, &cie);
	if (p->number)
		nhrp_build_moves(&b, &(struct nhrp_move){ p->number, (uint32_t)(vpn_now(e) - p->moved) }, 1);
	vpn_message_send(e, to, &b);
}

/* The address is back at its former home, who needs no telling. */
static bool is_back(const struct vpn_purge *p)
{
	const struct vpn_binding *b = p->number ? vpn_binding_find(p->inst, &p->addr) : NULL;

	return b && dm_addr_same(&b->member->nbma, &p->to.nbma);
}

static void due(struct vpn_engine *e, void *arg)
{
	struct vpn_purge *p = arg;
	struct dm_addr station;
	struct vpn_path to;

	if (vpn_now(e) >= p->until || is_back(p) || !vpn_station_reach(p->inst, &p->to, &to, &station)) {
		done(e, p);
		return;
	}
	transmit(e, p, &to, &station);
	vpn_timer_set(e, &p->retry, vpn_jitter(e, p->backoff));
	p->backoff = 2 * p->backoff < VPN_PURGE_RETRY_MAX_MS ? 2 * p->backoff : VPN_PURGE_RETRY_MAX_MS;
}

static void send(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_purge *what)
{
	struct vpn_purge *p;

	if (vpn_purges_count(&inst->purges) >= VPN_PURGES_MAX) {
		e->counters.refused[VPN_REFUSED_LIMIT]++;
		return;
	}
	p = XCALLOC(MTYPE_VPN_PURGE, sizeof(*p));
	*p = *what;
	p->inst = inst;
	p->backoff = VPN_RETRY_FIRST_MS;
	vpn_timer_init(&p->retry, due, p);
	do
		p->request_id = e->ops.random(e->ctx);
	while (vpn_purges_add(&inst->purges, p));
	due(e, p);
}

void vpn_purge_send(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_addr *addr,
		    const struct vpn_station *to, uint64_t until)
{
	send(e, inst, &(struct vpn_purge){ .addr = *addr, .to = *to, .until = until });
}

void vpn_purge_send_moved(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_binding *b,
			  const struct vpn_station *to, uint64_t until)
{
	send(e, inst, &(struct vpn_purge){
			      .addr = b->addr,
			      .to = *to,
			      .number = b->number,
			      .moved = b->since,
			      .until = until,
		      });
}

void vpn_purge_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		     const struct nhrp_msg *m)
{
	struct vpn_purge ref = { .request_id = m->request_id };
	struct vpn_purge *p = vpn_purges_find(&inst->purges, &ref);
	struct dm_addr station;
	struct vpn_path to;

	if (p && vpn_station_reach(inst, &p->to, &to, &station) && vpn_path_same(&to, from) &&
	    vpn_message_is_mine(inst, m))
		done(e, p);
	else
		vpn_refuse(e, from, m, VPN_REFUSED_UNEXPECTED_REPLY);
}

void vpn_purge_clear(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_purge *p;

	while ((p = vpn_purges_first(&inst->purges)))
		done(e, p);
}

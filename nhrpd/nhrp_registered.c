// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where FRR's own NHRP code has registered this node. That code stops registering when a
 * server, a network-id, an address or a VPN-ID is taken out of the configuration, and says
 * nothing; its server would go on sending the node packets until the holding time is over.
 *
 *   Registration Reply ──> noted ──holding time over──> forgotten
 *                            |
 *                            +──the stock code would not register it again──> Purge Request, forgotten
 *
 * Not when the daemon ends: forwarding goes on, and a restart must go unnoticed. Not when
 * the interface is down or gone: nothing can be said, and it may be back in a moment.
 *
 * Object: struct registered, by (interface, server's NBMA address, own protocol address).
 * Called by nhrp_beside.c, main pthread; looked through twice a second, as the stock code
 * announces nothing of servers. RFC 2332 5.2.4, 5.2.5.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/if.h"
#include "lib/memory.h"
#include "lib/typesafe.h"

#include "nhrpd.h"
#include "nhrpd/nhrp_purge.h"
#include "nhrpd/nhrp_registered.h"
#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_glue.h"
#include "nhrpd/vpn_stock.h"

#define DOUBTS 2 /* looks: an address may come a moment after its interface, a line be replaced by another */

DEFINE_MTYPE_STATIC(NHRPD, NHRP_REGISTERED, "NHRP registration noted");

PREDECL_DLIST(registered_list);

struct registered {
	struct registered_list_item item;
	struct nhrp_purge_order back; /* what takes it back */
	uint64_t until;		      /* ms */
	unsigned int doubts;	      /* looks in a row that found it not wanted */
};
DECLARE_DLIST(registered_list, struct registered, item);

static struct registered_list_head all = INIT_DLIST(all);

static void forget(struct registered *r)
{
	registered_list_del(&all, r);
	XFREE(MTYPE_NHRP_REGISTERED, r);
}

static struct registered *find(const struct vpn_path *server, const struct dm_addr *own)
{
	struct registered *r;

	frr_each (registered_list, &all, r)
		if (vpn_path_same(&r->back.to, server) && dm_addr_same(&r->back.source, own))
			return r;
	return NULL;
}

/* Seconds that the server keeps it; 0 when it refused. The stock code registers one entry at a time. */
static uint16_t kept_for(const struct nhrp_msg *m)
{
	struct dm_reader body = m->body;
	struct nhrp_cie cie;

	if (!nhrp_cie_next(&body, m->afn, m->pro_type, &cie) || cie.code != NHRP_CIE_SUCCESS)
		return 0;
	return cie.holding_time;
}

static struct registered *note(const struct vpn_path *from, const struct dm_addr *own)
{
	struct registered *r = find(from, own);

	if (r || registered_list_count(&all) >= NHRP_REGISTERED_MAX)
		return r;
	r = XCALLOC(MTYPE_NHRP_REGISTERED, sizeof(*r));
	registered_list_add_tail(&all, r);
	return r;
}

void nhrp_registered_reply(const struct vpn_path *from, const struct nhrp_msg *m)
{
	uint16_t seconds = kept_for(m);
	struct registered *r = seconds ? note(from, &m->src_proto) : NULL;

	if (!r)
		return;
	r->until = vpn_glue_now() + seconds * 1000ULL;
	r->back = (struct nhrp_purge_order){
		.to = *from,
		.nbma = m->src_nbma,
		.source = m->src_proto,
		.target = m->dst_proto,
		.entries = { { .proto = m->src_proto, .prefix_len = (uint8_t)(8 * dm_addr_len(&m->src_proto)) } },
		.num_entries = 1,
	};
	r->back.has_vpn = vpn_glue_layer3(from->ifindex, &r->back.vpn) == VPN_LAYER3_VPN;
}

/* Whether the stock code goes on registering this at that server. */
static bool wanted(const struct registered *r, struct interface *ifp)
{
	const struct nhrp_interface *nifp = ifp->info;
	enum dm_family family = (enum dm_family)r->back.source.family;
	struct vpn_id vpn = { 0 };
	struct dm_addr own;

	if (!nifp->afi[family == DM_IPV4 ? AFI_IP : AFI_IP6].network_id)
		return false;
	if (!vpn_stock_is_server(ifp, &r->back.to.nbma, family, NULL))
		return false;
	if (!vpn_stock_proto(ifp, family, &own) || !dm_addr_same(&own, &r->back.source))
		return false;
	if (vpn_glue_layer3(r->back.to.ifindex, &vpn) != VPN_LAYER3_VPN)
		return !r->back.has_vpn;
	return r->back.has_vpn && !vpn_id_cmp(&vpn, &r->back.vpn);
}

static void look_at(struct registered *r, uint64_t now)
{
	struct interface *ifp = vpn_stock_interface(r->back.to.ifindex);
	struct dm_addr nbma;

	if (!ifp || r->until <= now) {
		forget(r);
		return;
	}
	if (!if_is_up(ifp) || wanted(r, ifp)) {
		r->doubts = 0;
		return;
	}
	if (++r->doubts < DOUBTS)
		return;
	/* from another NBMA address it could not be said: the server believes the one it knows */
	if (vpn_stock_nbma(ifp, &nbma) && dm_addr_same(&nbma, &r->back.nbma))
		nhrp_purge_send(&r->back);
	forget(r);
}

void nhrp_registered_poll(void)
{
	uint64_t now = vpn_glue_now();
	struct registered *r;

	frr_each_safe (registered_list, &all, r)
		look_at(r, now);
}

void nhrp_registered_terminate(void)
{
	struct registered *r;

	while ((r = registered_list_first(&all)))
		forget(r);
}

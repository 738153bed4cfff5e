// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Purge Requests that come in for FRR's own NHRP code: what they void in its tables.
 *
 * Who may void what. A binding leads to a station: that station may void it, as the owner
 * of what it registered or answered; and so may a next hop server of the interface that
 * speaks in its own name, as what it told us or passed on may be void (RFC 2332 5.2.5).
 * Nobody else. The sender is whose NBMA address the packet came from. A message that was
 * passed on comes from who did that, whatever it says of itself; so it is believed only with
 * the hop count that no message has any more which was passed on.
 *
 * What is configured, what we are ourselves and the servers' own bindings stay. Shortcuts by
 * way of a binding that goes are withdrawn by the stock code itself.
 *
 * No objects of its own. Called by nhrp_beside.c, main pthread. RFC 2332 5.2.5, 5.2.6.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/if.h"

#include "nhrpd.h"
#include "os.h"
#include "lib/nhrp_guard.h"
#include "nhrpd/nhrp_beside.h"
#include "nhrpd/nhrp_forget.h"
#include "nhrpd/nhrp_password.h"
#include "nhrpd/vpn_message.h"
#include "nhrpd/vpn_stock.h"

#define REPLIES_A_SECOND 10 /* to strangers */

/* One entry of one message, at work. */
struct voiding {
	struct interface *ifp;
	const struct vpn_path *from;
	bool server; /* one of ours, in its own name */
	struct dm_addr proto;
	unsigned int bits;
	unsigned int voided;
};

/* --- what goes --- */

static bool may_void(const struct voiding *v, const struct nhrp_cache *c)
{
	struct dm_addr nbma;

	if (!vpn_stock_station(c, &nbma))
		return false;
	return v->server || dm_addr_same(&nbma, &v->from->nbma);
}

static void look_at_binding(struct nhrp_cache *c, void *arg)
{
	struct voiding *v = arg;
	struct dm_addr proto;

	if (c->cur.type != NHRP_CACHE_DYNAMIC && c->cur.type != NHRP_CACHE_CACHED)
		return;
	if (!vpn_stock_addr(&proto, &c->remote_addr) || !dm_addr_prefix_same(&proto, &v->proto, v->bits))
		return;
	if (!may_void(v, c))
		return;
	nhrp_cache_update_binding(c, c->cur.type, -1, NULL, 0, NULL, NULL);
	v->voided++;
}

/* A shortcut for a prefix holds for each address in it, so it goes with any of them. */
static void look_at_shortcut(struct nhrp_shortcut *s, void *arg)
{
	struct voiding *v = arg;
	union sockunion su;
	struct dm_addr proto;

	if (!s->cache || s->cache->ifp != v->ifp || !may_void(v, s->cache))
		return;
	prefix2sockunion(s->p, &su);
	if (!vpn_stock_addr(&proto, &su) || !dm_addr_prefix_same(&proto, &v->proto, MIN(v->bits, s->p->prefixlen)))
		return;
	nhrp_shortcut_purge(s, 1);
	v->voided++;
}

/* Shortcuts first: a binding that goes takes what leads there out of our sight. */
static void void_entry(struct voiding *v, const struct nhrp_cie *cie)
{
	unsigned int all = (unsigned int)(8 * dm_addr_len(&cie->proto));

	if (!dm_addr_is_set(&cie->proto))
		return;
	v->proto = cie->proto;
	v->bits = cie->prefix_len && cie->prefix_len < all ? cie->prefix_len : all;
	nhrp_shortcut_foreach(cie->proto.family == DM_IPV4 ? AFI_IP : AFI_IP6, look_at_shortcut, v);
	nhrp_cache_foreach(v->ifp, look_at_binding, v);
}

static void void_entries(struct voiding *v, const struct nhrp_msg *m)
{
	struct dm_reader body = m->body;
	struct nhrp_cie cie;

	while (nhrp_cie_next(&body, m->afn, m->pro_type, &cie))
		void_entry(v, &cie);
}

/* --- the reply --- */

static void put_extensions(struct nhrp_builder *b, const struct interface *ifp, const struct nhrp_msg *req)
{
	struct dm_reader r = req->exts;
	struct nhrp_cie self = { .code = NHRP_CIE_SUCCESS };
	struct nhrp_ext ext;

	while (nhrp_ext_next(&r, &ext)) {
		if (ext.type == NHRP_EXT_AUTHENTICATION)
			continue; /* made anew at each hop (RFC 2332 5.3.4) */
		nhrp_build_ext_begin(b, ext.type, ext.compulsory);
		if (ext.type == NHRP_EXT_RESPONDER && vpn_stock_nbma(ifp, &self.nbma) &&
		    vpn_stock_proto(ifp, nhrp_pro_family(req->pro_type), &self.proto))
			nhrp_build_cie(b, &self);
		else
			nhrp_build_octets(b, ext.value.p, dm_reader_left(&ext.value));
		nhrp_build_ext_end(b);
	}
	nhrp_password_put(ifp, b);
}

static void acknowledge(const struct interface *ifp, const struct vpn_path *to, const struct nhrp_msg *req)
{
	uint8_t buf[NHRP_GUARD_MAX];
	struct nhrp_builder b;
	struct nhrp_msg m;
	size_t len;

	vpn_message_reply_head(req, &m, NHRP_OP_PURGE_REPLY);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, req->body.p, dm_reader_left(&req->body));
	put_extensions(&b, ifp, req);
	len = nhrp_build_end(&b);
	if (len)
		os_sendmsg(buf, len, (int)to->ifindex, to->nbma.octets, dm_addr_len(&to->nbma), NHRP_GRE_PROTOCOL);
}

/* Somebody whose binding leads to where this came from, or a server. */
static bool is_known(struct interface *ifp, const struct vpn_path *from, const struct nhrp_msg *m)
{
	struct dm_addr nbma;

	if (vpn_stock_is_server(ifp, &from->nbma, nhrp_pro_family(m->pro_type), NULL))
		return true;
	return vpn_stock_station(vpn_stock_binding(ifp, &m->src_proto), &nbma) && dm_addr_same(&nbma, &from->nbma);
}

void nhrp_forget(const struct vpn_path *from, const struct nhrp_msg *m)
{
	struct voiding v = { .ifp = vpn_stock_interface(from->ifindex), .from = from };
	static struct nhrp_limit strangers;
	char text[DM_ADDR_STRLEN];
	struct dm_addr server;
	bool known;

	if (!v.ifp)
		return;
	nhrp_beside_count(NHRP_BESIDE_PURGES_RECEIVED);
	known = is_known(v.ifp, from, m);
	v.server = vpn_stock_is_server(v.ifp, &from->nbma, nhrp_pro_family(m->pro_type), &server) &&
		   dm_addr_same(&server, &m->src_proto);
	if (m->hop_count == NHRP_HOP_COUNT)
		void_entries(&v, m);
	if (v.voided) {
		nhrp_beside_add(NHRP_BESIDE_PURGED, v.voided);
		zlog_info("%s: a Purge Request of %s ended %u bindings and shortcuts", v.ifp->name,
			  dm_addr_str(&from->nbma, text), v.voided);
	}
	if (!(m->flags & NHRP_PURGE_NO_REPLY) && (known || nhrp_limit_allows(&strangers, REPLIES_A_SECOND)))
		acknowledge(v.ifp, from, m);
}

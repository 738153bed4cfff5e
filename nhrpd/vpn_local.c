// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Local MACs of a spoke. Once a spoke has a shortcut, a host behind it may talk to
 * the other side without the hub ever hearing a frame of it; the hub would know
 * no answer when the other side asks for that host, and flood what is sent to it.
 * So from its first shortcut on a spoke registers the MACs of its bridge with the
 * active hub, many to a message: as further clients (RFC 2332 5.2.3, one CIE each,
 * client protocol address the MAC).
 *
 * Object: vpn_local, by MAC within its instance. As long as an instance has no
 * shortcut nothing is sent: the hub hears all of its frames then.
 *
 *   LOCAL ──> untold ── a shortcut is there ──> Registration Request, up to 32 MACs ──┐
 *               ^  no reply, or refused: again after 1, 2, … 30 s                     │
 *               └──────────────── another hub, a restarted hub ──── told <── reply ──┘
 *
 * Not here: taking a MAC back that is gone (the hub hears it elsewhere, or its
 * member's registration ends).
 */
#include <config.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_message.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_LOCAL, "VPN local MAC");

static void send_due(struct vpn_engine *e, void *arg);

void vpn_local_init(struct vpn_instance *inst)
{
	vpn_locals_init(&inst->local_macs.all);
	vpn_untold_init(&inst->local_macs.untold);
	vpn_timer_init(&inst->local_macs.send, send_due, inst);
	inst->local_macs.backoff = VPN_RETRY_FIRST_MS;
}

static void forget(struct vpn_local_table *t, struct vpn_local *l)
{
	if (!l->told)
		vpn_untold_del(&t->untold, l);
	vpn_locals_del(&t->all, l);
	XFREE(MTYPE_VPN_LOCAL, l);
}

void vpn_local_clear(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_local_table *t = &inst->local_macs;
	struct vpn_local *l;

	vpn_timer_stop(e, &t->send);
	t->waiting = false;
	while ((l = vpn_locals_first(&t->all)))
		forget(t, l);
}

/* --- sending --- */

static void send_batch(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_local_table *t = &inst->local_macs;
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg m;
	struct nhrp_cie cie;
	struct vpn_local *l;
	unsigned int n = 0;

	t->request_id = e->ops.random(e->ctx);
	t->waiting = true;
	vpn_message_head(inst, &m, NHRP_OP_REGISTRATION_REQUEST);
	m.request_id = t->request_id;
	m.dst_proto = inst->active->mac;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	/* what a CIE leaves out stands in the header (RFC 2332 5.2.3): our NBMA address and VNI */
	vpn_message_own_cie(inst, &cie);
	cie.nbma = (struct dm_addr){ 0 };
	cie.sub = nhrp_subaddr_none();
	frr_each (vpn_untold, &t->untold, l) {
		cie.proto = l->mac;
		l->batch = t->request_id;
		nhrp_build_cie(&b, &cie);
		if (++n == VPN_LOCAL_BATCH)
			break;
	}
	vpn_message_request_exts(e, &b, false);
	vpn_message_send(e, &inst->active->path, &b);
}

static void send_due(struct vpn_engine *e, void *arg)
{
	struct vpn_instance *inst = arg;
	struct vpn_local_table *t = &inst->local_macs;

	t->waiting = false;
	if (!inst->active || !vpn_untold_count(&t->untold) || !vpn_shortcut_any_active(inst))
		return; /* the next kick starts it again */
	send_batch(e, inst);
	vpn_timer_set(e, &t->send, vpn_jitter(e, t->backoff));
	t->backoff = vpn_longer(t->backoff);
}

void vpn_local_kick(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_local_table *t = &inst->local_macs;

	if (t->waiting || !vpn_untold_count(&t->untold))
		return;
	t->backoff = VPN_RETRY_FIRST_MS;
	vpn_timer_set(e, &t->send, 0);
}

void vpn_local_untell(struct vpn_engine *e, struct vpn_instance *inst)
{
	struct vpn_local_table *t = &inst->local_macs;
	struct vpn_local *l;

	frr_each (vpn_locals, &t->all, l) {
		if (l->told)
			vpn_untold_add_tail(&t->untold, l);
		l->told = false;
	}
	t->waiting = false; /* what is under way went to the former one */
	vpn_local_kick(e, inst);
}

/* --- what comes in --- */

static struct vpn_local *find(struct vpn_local_table *t, const struct dm_addr *mac)
{
	struct vpn_local ref = { .mac = *mac };

	return vpn_locals_find(&t->all, &ref);
}

void vpn_local_record(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_local *rec)
{
	struct vpn_local_table *t = &inst->local_macs;
	struct vpn_local *l = find(t, &rec->mac);

	if (rec->mac.family != DM_MAC || dm_addr_is_multicast(&rec->mac))
		return;
	if (rec->gone) {
		if (l)
			forget(t, l);
		return;
	}
	if (l)
		return;
	if (vpn_locals_count(&t->all) >= VPN_LOCALS_MAX) {
		e->counters.refused[VPN_REFUSED_LIMIT]++;
		return;
	}
	l = XCALLOC(MTYPE_VPN_LOCAL, sizeof(*l));
	l->mac = rec->mac;
	vpn_locals_add(&t->all, l);
	vpn_untold_add_tail(&t->untold, l);
	vpn_local_kick(e, inst);
}

/*
 * Reads what became of each MAC. One that the hub has no room for is not repeated: it would
 * have none the next time either. One that it prohibits is, behind the others: the hub does
 * not know us, or we know it by a former address; our registration is what puts that right.
 * Returns whether all are settled.
 */
static bool acknowledged(struct vpn_local_table *t, const struct nhrp_msg *m)
{
	struct dm_reader body = m->body;
	struct nhrp_cie cie;
	struct vpn_local *l;
	bool settled = true;

	while (nhrp_cie_next(&body, m->afn, m->pro_type, &cie)) {
		l = find(t, &cie.proto);
		if (!l || l->told || l->batch != m->request_id)
			continue;
		vpn_untold_del(&t->untold, l);
		l->told = cie.code != NHRP_CIE_PROHIBITED;
		if (!l->told)
			vpn_untold_add_tail(&t->untold, l);
		settled = settled && l->told;
	}
	return settled;
}

bool vpn_local_reply(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		     const struct nhrp_msg *m)
{
	struct vpn_local_table *t = &inst->local_macs;

	if (!t->waiting || m->request_id != t->request_id || !inst->active ||
	    !vpn_path_same(&inst->active->path, from))
		return false;
	if (!acknowledged(t, m))
		return true; /* the next batch waits for the timer, as if there had been no reply */
	t->waiting = false;
	vpn_timer_stop(e, &t->send);
	vpn_local_kick(e, inst);
	return true;
}

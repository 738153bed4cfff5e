// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Peers that know no VPNs (RFC 2735 3.2). Where the configuration assigns a VPN to the
 * plain messages of a GRE interface, such a message is one of that VPN, as if it had
 * come with its headers; and what goes to such a peer has none.
 *
 *   plain message ──> assigned VPN ──> as any other: layer 3 VPN of the interface, or layer 2
 *   VPN-ID 0      ──> the default routing instance: that VPN, or without one FRR's own code
 *
 * Object: vpn_form, by path, for each peer that was heard in the assigned VPN. Nobody gets
 * headers there who has not sent any: a peer that was never heard may not know them. A peer
 * that spoke plainly is in that VPN and in no other, so headers of another VPN from it are a
 * contradiction (3.4), unless that VPN has keys (vpn_dispatch.c).
 *
 * Called by vpn_dispatch.c, vpn_layer3.c and vpn_message.c, and by the packet I/O about what
 * the stock code sends, in the engine's thread. Not here: who may speak (vpn_auth.c).
 */
#include <config.h>

#include <stdio.h>

#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_plain.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_FORM, "VPN peer's form");

/* --- what is assigned --- */

const struct vpn_id *vpn_plain_of(struct vpn_engine *e, uint32_t ifindex)
{
	struct vpn_ctl *ctl = vpn_ctl_gre(e, ifindex);
	struct vpn_device *dev = ctl ? vpn_device_find(e, ctl->c.name) : NULL;

	return dev && dev->has_plain ? &dev->plain : NULL;
}

bool vpn_engine_plain_vpn(struct vpn_engine *e, const char *ifname, struct vpn_id *vpn)
{
	struct vpn_device *dev = vpn_device_find(e, ifname);

	if (!dev || !dev->has_plain)
		return false;
	*vpn = dev->plain;
	return true;
}

/* Whether VPN is the layer 3 VPN of that interface, or a layer 2 one that it controls. */
static bool is_at(struct vpn_engine *e, const struct vpn_id *vpn, const char *ifname)
{
	const struct vpn_instance *inst = vpn_instance_of(e, vpn);

	return inst && !strcmp(inst->layer3 ? inst->dev->name : inst->dev->controller, ifname);
}

const char *vpn_plain_obstacle(struct vpn_engine *e, const struct vpn_device *dev)
{
	static char text[DM_REASON_LEN];
	const struct vpn_ctl *ctl = vpn_ctl_by_name(e, dev->name);
	char id[VPN_ID_STRLEN];

	if (!ctl || !ctl->c.gre)
		snprintf(text, sizeof(text), "%s does not exist or is not a GRE interface", dev->name);
	else if (!is_at(e, &dev->plain, dev->name))
		snprintf(text, sizeof(text), "VPN %s is neither on %s nor controlled by it",
			 vpn_id_str(&dev->plain, id), dev->name);
	else
		return NULL;
	return text;
}

/* --- who speaks how --- */

static struct vpn_form *form_at(struct vpn_engine *e, const struct vpn_path *path)
{
	struct vpn_form ref = { .path = *path };

	return vpn_forms_find(&e->forms, &ref);
}

static void forget(struct vpn_engine *e, struct vpn_form *f)
{
	vpn_forms_del(&e->forms, f);
	vpn_forms_by_age_del(&e->forms_by_age, f);
	XFREE(MTYPE_VPN_FORM, f);
}

static struct vpn_form *form_new(struct vpn_engine *e, const struct vpn_path *path)
{
	struct vpn_form *f;

	if (vpn_forms_count(&e->forms) >= VPN_FORMS_MAX)
		forget(e, vpn_forms_by_age_first(&e->forms_by_age));
	f = XCALLOC(MTYPE_VPN_FORM, sizeof(*f));
	f->path = *path;
	vpn_forms_add(&e->forms, f);
	vpn_forms_by_age_add_tail(&e->forms_by_age, f);
	return f;
}

void vpn_plain_heard(struct vpn_engine *e, const struct vpn_path *from, const struct nhrp_msg *m)
{
	const struct vpn_id *assigned = vpn_plain_of(e, from->ifindex);
	struct vpn_form *f;

	/* an error has the form of what it is about, and nobody vouches for it */
	if (!assigned || vpn_id_cmp(assigned, &m->vpn) || m->op == NHRP_OP_ERROR_INDICATION)
		return;
	f = form_at(e, from);
	if (!f)
		f = form_new(e, from);
	f->plain = !m->has_vpn;
	f->heard = vpn_now(e);
	vpn_forms_by_age_del(&e->forms_by_age, f);
	vpn_forms_by_age_add_tail(&e->forms_by_age, f);
}

bool vpn_plain_wanted(struct vpn_engine *e, const struct vpn_path *to, const struct vpn_id *vpn)
{
	const struct vpn_id *assigned = vpn_plain_of(e, to->ifindex);
	const struct vpn_form *f;

	if (!assigned || vpn_id_cmp(assigned, vpn))
		return false;
	f = form_at(e, to);
	return !f || f->plain;
}

bool vpn_engine_plain_wanted(struct vpn_engine *e, const struct vpn_path *to, const struct vpn_id *vpn)
{
	return vpn_plain_wanted(e, to, vpn);
}

bool vpn_plain_speaker(struct vpn_engine *e, const struct vpn_path *peer)
{
	const struct vpn_form *f = vpn_plain_of(e, peer->ifindex) ? form_at(e, peer) : NULL;

	return f && f->plain;
}

bool vpn_plain_contradicts(struct vpn_engine *e, const struct vpn_path *from, const struct vpn_id *vpn)
{
	const struct vpn_id *assigned = vpn_plain_of(e, from->ifindex);
	const struct vpn_form *f = assigned && vpn_id_cmp(assigned, vpn) ? form_at(e, from) : NULL;

	return f && f->plain && vpn_now(e) - f->heard < VPN_FORM_BINDS_MS;
}

/* --- life --- */

void vpn_plain_init(struct vpn_engine *e)
{
	vpn_forms_init(&e->forms);
	vpn_forms_by_age_init(&e->forms_by_age);
}

void vpn_plain_changed(struct vpn_engine *e)
{
	struct vpn_form *f;

	while ((f = vpn_forms_by_age_first(&e->forms_by_age)))
		forget(e, f);
}

void vpn_plain_fini(struct vpn_engine *e)
{
	vpn_plain_changed(e);
	vpn_forms_by_age_fini(&e->forms_by_age);
	vpn_forms_fini(&e->forms);
}

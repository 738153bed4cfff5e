// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registrations of further VPNs that ride along with one VPN's (lib/nhrp_batch.h). Called by
 * vpn_channel.c and vpn_spoke.c at a spoke, by vpn_hub.c at a hub. RFC 2332 5.2.3, 5.2.4.
 *
 * Each entry is a registration of its own: it has its request ID, its answer and its refusal,
 * and passes the checks that it would pass alone. What the message proves, by its hash or
 * password and by when it was said, it proves for all VPNs that have the same key chain and
 * controller, and for no others:
 *
 *   the carrier's VPN          the entry's VPN at the hub       answer
 *   came with VPN headers      same controller and key chain    as a registration alone
 *                              a spoke's, another key chain     4, administratively prohibited
 *                              none, not ready, of another      none: asked again later
 *                              controller
 *   came without               any                              no batch is read
 *
 * Not here: what becomes of a registration (vpn_hub.c, vpn_spoke.c), who rides when (vpn_channel.c).
 */
#include <config.h>

#include <string.h>

#include "nhrpd/vpn_batch.h"
#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_hub.h"
#include "nhrpd/vpn_message.h"

/* --- a spoke --- */

size_t vpn_batch_len(const struct vpn_hub *hub, bool first)
{
	const struct vpn_instance *inst = hub->inst;

	return (first ? NHRP_BATCH_AROUND_LEN : 0) + NHRP_BATCH_HEAD_LEN + NHRP_CIE_LEN + dm_addr_len(&inst->nbma) +
	       NHRP_SUB_VNI_LEN + dm_addr_len(&inst->link->link.mac);
}

void vpn_batch_put(struct nhrp_batch_builder *bb, const struct vpn_hub *hub)
{
	const struct vpn_instance *inst = hub->inst;
	struct nhrp_batch_entry entry = { .vpn = inst->vpn, .request_id = hub->request_id, .life = inst->life };

	vpn_message_own_cie(inst, DM_MAC, &entry.cie);
	entry.cie.code = NHRP_BATCH_UNANSWERED;
	nhrp_batch_put(bb, &entry);
}

/* The hub of ours that the entry is about: on the carrier's channel, and asked by that number. */
static struct vpn_hub *asked_by(struct vpn_engine *e, const struct vpn_hub *carrier,
				const struct nhrp_batch_entry *entry)
{
	struct vpn_instance *inst = vpn_instance_of(e, &entry->vpn);
	struct vpn_hub *hub = inst ? vpn_spoke_hub(inst, &carrier->path) : NULL;

	if (!hub || hub->channel != carrier->channel)
		return NULL;
	return hub->waiting && hub->request_id == entry->request_id ? hub : NULL;
}

/* Returns whether it is one to what was asked. */
static bool take_answer(struct vpn_engine *e, struct vpn_hub *carrier, const struct nhrp_msg *m,
			const struct nhrp_batch_entry *entry, uint64_t boot)
{
	struct vpn_hub *hub = asked_by(e, carrier, entry);
	const struct vpn_starts starts = { .boot = boot, .life = entry->life };
	const struct nhrp_cie *cie = &entry->cie;
	bool restarted = hub && hub->epoch && boot && hub->epoch != boot;

	if (!hub) {
		vpn_refuse(e, &carrier->path, m, VPN_REFUSED_UNEXPECTED_REPLY);
		return false;
	}
	if (cie->code == NHRP_BATCH_UNANSWERED) /* its timer asks again */
		return true;
	if (cie->code == NHRP_CIE_SUCCESS && !vpn_auth_extend(e, hub->inst, &carrier->path, &cie->proto))
		vpn_refuse(e, &carrier->path, m, VPN_REFUSED_NOT_FRESH);
	else if (!vpn_spoke_answered(e, hub, cie->code, cie, cie->holding_time, &starts))
		vpn_refuse(e, &carrier->path, m, VPN_REFUSED_CONTENT);
	else if (restarted && hub == hub->inst->active)
		/* what it made of a question under way in that VPN was a challenge, and will look like a refusal now */
		vpn_remote_ask_again(e, hub->inst);
	return true;
}

enum vpn_batch_said vpn_batch_answers(struct vpn_engine *e, struct vpn_hub *carrier, const struct nhrp_msg *m,
				      const struct vpn_starts *starts)
{
	struct nhrp_batch_entry entry;
	struct nhrp_batch batch;
	bool good, any = false;

	if (!m->has_vpn || !nhrp_batch_find(m, &batch, &good))
		return VPN_BATCH_NONE;
	if (!good) {
		vpn_refuse(e, &carrier->path, m, VPN_REFUSED_CONTENT);
		return VPN_BATCH_NONE;
	}
	if (batch.form == NHRP_BATCH_QUESTION)
		return VPN_BATCH_UNREAD;
	while (nhrp_batch_next(&batch, &entry))
		any |= take_answer(e, carrier, m, &entry, starts->boot);
	return any ? VPN_BATCH_ANSWERED : VPN_BATCH_STALE;
}

/* --- a hub --- */

/* NHRP_CIE_SUCCESS when who speaks in VPN OF may be heard in VPN INST as well. */
static uint8_t may_speak(const struct vpn_instance *of, const struct vpn_instance *inst)
{
	if (!inst || inst->layer3 || inst->role == DM_ROLE_NONE || inst->leaving || !inst->ready ||
	    inst->local.ifindex != of->local.ifindex)
		return NHRP_BATCH_UNANSWERED;
	if (inst->role != DM_ROLE_HUB || strcmp(inst->dev->key_chain, of->dev->key_chain))
		return NHRP_CIE_PROHIBITED;
	return NHRP_CIE_SUCCESS;
}

/* The message that the entry would be alone. */
static struct nhrp_msg alone(const struct nhrp_msg *req, const struct nhrp_batch_entry *entry)
{
	struct nhrp_msg one = *req;

	one.vpn = entry->vpn;
	one.flags = 0; /* which say something of the carrier */
	one.request_id = entry->request_id;
	one.src_nbma = entry->cie.nbma;
	one.src_sub = entry->cie.sub;
	one.src_proto = one.dst_proto = entry->cie.proto;
	return one;
}

static void register_entry(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			   const struct nhrp_msg *one, struct nhrp_batch_entry *entry)
{
	struct nhrp_cie cie = entry->cie;

	cie.code = NHRP_BATCH_UNANSWERED;
	if (!vpn_message_whole_address(&cie) || !dm_addr_is_station(&cie.proto)) {
		vpn_refuse(e, from, one, VPN_REFUSED_CONTENT);
		cie.code = NHRP_CIE_PROHIBITED;
	} else if (vpn_auth_extend(e, inst, from, &cie.proto)) {
		vpn_plain_heard(e, from, one);
		vpn_hub_register_station(e, inst, from, one, entry->life, &cie);
	} else {
		vpn_refuse(e, from, one, VPN_REFUSED_NOT_FRESH);
	}
	entry->cie = (struct nhrp_cie){ .code = cie.code };
	if (cie.code != NHRP_CIE_SUCCESS)
		return;
	vpn_message_own_cie(inst, DM_MAC, &entry->cie);
	if (cie.holding_time < entry->cie.holding_time)
		entry->cie.holding_time = cie.holding_time;
	entry->life = vpn_member_find(inst, &one->src_nbma)->life;
}

/* Makes of an entry its answer. */
static void answer_entry(struct vpn_engine *e, const struct vpn_instance *carrier, const struct vpn_path *from,
			 const struct nhrp_msg *req, struct nhrp_batch_entry *entry)
{
	struct vpn_instance *inst = vpn_instance_of(e, &entry->vpn);
	const struct nhrp_msg one = alone(req, entry);
	uint8_t code = may_speak(carrier, inst);

	if (code == NHRP_CIE_SUCCESS) {
		register_entry(e, inst, from, &one, entry);
		return;
	}
	vpn_refuse(e, from, &one, code == NHRP_CIE_PROHIBITED ? VPN_REFUSED_CONTENT : VPN_REFUSED_NOT_READY);
	entry->cie = (struct nhrp_cie){ .code = code };
	entry->life = 0;
}

void vpn_batch_answer(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		      const struct nhrp_msg *req, struct nhrp_builder *b)
{
	struct nhrp_batch_builder bb;
	struct nhrp_batch_entry entry;
	struct nhrp_batch batch;
	bool good;

	if (!nhrp_batch_find(req, &batch, &good))
		return;
	if (!good || batch.form != NHRP_BATCH_QUESTION || !req->has_vpn || nhrp_pro_family(req->pro_type) != DM_MAC) {
		vpn_refuse(e, from, req, VPN_REFUSED_CONTENT);
		return;
	}
	nhrp_batch_begin(&bb, b, NHRP_BATCH_ANSWER);
	while (nhrp_batch_next(&batch, &entry)) {
		answer_entry(e, inst, from, req, &entry);
		e->counters.batch_answered += entry.cie.code != NHRP_BATCH_UNANSWERED;
		nhrp_batch_put(&bb, &entry);
	}
	nhrp_batch_end(&bb);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Authentication of VPN messages (RFC 2332 5.3.4), both ways: by a keyed hash with the
 * device's key chain, or else by the controller's plain-text password. Called by
 * vpn_dispatch.c for each message that comes and by vpn_message.c for each that leaves.
 *
 * Object: vpn_peer, by (VPN, MAC address of its VXLAN end), engine-wide. One stamper for
 * all that the engine sends, so no counter is ever used twice, whoever it goes to.
 *
 * What is authentic may still be old; lib/nhrp_replay.h tells. A message whose echo is not
 * our epoch comes from somebody who does not know yet that we started anew, or is a
 * recording. Nothing in it is acted on:
 *
 *   a hub, about a request  answers with a refusal that carries its epoch: a challenge
 *   a spoke, about others   registers, when a hub of its shows a greater epoch
 *
 *   spoke ── request, echo old ──> hub          a reply that tells of a new epoch can only be
 *         <── refusal, epoch new ──             a challenge: whoever had acted on the request
 *         ── request, echo new ──>              would have been known by that epoch already
 *         <── reply ──────────────
 *
 * Not here: the form on the wire (lib/nhrp_auth.c), where keys come from (vpn_keys.c).
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "nhrpd/vpn_auth.h"
#include "nhrpd/vpn_core.h"
#include "nhrpd/vpn_dispatch.h"
#include "nhrpd/vpn_message.h"
#include "nhrpd/vpn_transit.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_PEER, "VPN authenticated peer");

#define LOOK_MS 1000 /* key lifetimes are in seconds */

static void look_due(struct vpn_engine *e, void *arg);

/* --- peers --- */

static struct vpn_peer *peer_find(struct vpn_engine *e, const struct vpn_id *vpn, const struct dm_addr *mac)
{
	struct vpn_peer ref = { .vpn = *vpn, .mac = *mac };

	return vpn_peers_find(&e->peers, &ref);
}

static struct vpn_peer *peer_at(struct vpn_engine *e, const struct vpn_id *vpn, const struct vpn_path *path)
{
	struct vpn_peer ref = { .vpn = *vpn, .path = *path };

	return vpn_peer_paths_find(&e->peer_paths, &ref);
}

static void peer_leave_path(struct vpn_engine *e, struct vpn_peer *p)
{
	if (p->on_path)
		vpn_peer_paths_del(&e->peer_paths, p);
	p->on_path = false;
}

/* Whoever was heard last from a path has it. */
static void peer_take_path(struct vpn_engine *e, struct vpn_peer *p, const struct vpn_path *path)
{
	struct vpn_peer *former;

	if (p->on_path && vpn_path_same(&p->path, path))
		return;
	peer_leave_path(e, p);
	former = peer_at(e, &p->vpn, path);
	if (former)
		peer_leave_path(e, former);
	p->path = *path;
	p->on_path = true;
	vpn_peer_paths_add(&e->peer_paths, p);
}

static struct vpn_peer *peer_new(struct vpn_engine *e, const struct vpn_id *vpn, const struct dm_addr *mac)
{
	struct vpn_peer *p = XCALLOC(MTYPE_VPN_PEER, sizeof(*p));

	p->vpn = *vpn;
	p->mac = *mac;
	vpn_peers_add(&e->peers, p);
	return p;
}

static void peers_forget(struct vpn_engine *e)
{
	struct vpn_peer *p;

	while ((p = vpn_peers_pop(&e->peers))) {
		peer_leave_path(e, p);
		XFREE(MTYPE_VPN_PEER, p);
	}
}

/* Whoever holds a key made us remember too many. A new epoch makes all that was said void, and so need not be remembered. */
static void start_over(struct vpn_engine *e)
{
	peers_forget(e);
	e->crowded = false;
	e->stamper.epoch++;
	vpn_log(e, VPN_LOG_WARN, "more than %u stations proved themselves by a key: all must do so again", VPN_PEERS_MAX);
}

void vpn_auth_init(struct vpn_engine *e)
{
	nhrp_stamper_init(&e->stamper, e->epoch, 0);
	vpn_peers_init(&e->peers);
	vpn_peer_paths_init(&e->peer_paths);
	vpn_timer_init(&e->keys, look_due, NULL);
}

void vpn_auth_fini(struct vpn_engine *e)
{
	vpn_timer_stop(e, &e->keys);
	peers_forget(e);
	vpn_peer_paths_fini(&e->peer_paths);
	vpn_peers_fini(&e->peers);
}

/* --- what is configured --- */

/* The password of the controller, NULL when it has none or a key chain is in its place. */
static const struct vpn_controller *password_of(struct vpn_engine *e, const struct vpn_instance *inst)
{
	struct vpn_ctl *ctl;

	if (inst->dev->key_chain[0] || !inst->dev->controller[0])
		return NULL;
	ctl = vpn_ctl_by_name(e, inst->dev->controller);
	return ctl && ctl->c.password_len ? &ctl->c : NULL;
}

bool vpn_auth_wanted(struct vpn_engine *e, const struct vpn_instance *inst)
{
	return inst->dev->key_chain[0] || password_of(e, inst);
}

const char *vpn_auth_kind(struct vpn_engine *e, const struct vpn_instance *inst)
{
	if (inst->dev->key_chain[0])
		return "keyChain";
	return password_of(e, inst) ? "password" : "none";
}

static const char *no_key_to_send(struct vpn_engine *e, const struct vpn_device *dev, struct nhrp_auth_key *key)
{
	return dev->key_chain[0] ? e->ops.key(e->ctx, dev->key_chain, 0, key) : NULL;
}

const char *vpn_auth_obstacle(struct vpn_engine *e, const struct vpn_instance *inst)
{
	static char text[DM_REASON_LEN];
	struct nhrp_auth_key key;
	const char *why = no_key_to_send(e, inst->dev, &key);

	if (!why)
		return NULL;
	snprintf(text, sizeof(text), "key chain %.64s %s", inst->dev->key_chain, why);
	return text;
}

static void look_at(struct vpn_engine *e, struct vpn_device *dev)
{
	struct vpn_instance *inst;
	struct nhrp_auth_key key;
	const char *why = no_key_to_send(e, dev, &key);

	if (!strcmp(why ? why : "", dev->key_obstacle))
		return;
	snprintf(dev->key_obstacle, sizeof(dev->key_obstacle), "%s", why ? why : "");
	vpn_device_update(e, dev);
	if (why)
		return;
	/* what was due meanwhile was not sent */
	frr_each (vpn_instances, &dev->instances, inst)
		vpn_spoke_register_now(e, inst);
}

void vpn_auth_look(struct vpn_engine *e)
{
	struct vpn_device *dev;
	bool any = false;

	frr_each (vpn_devices, &e->devices, dev) {
		look_at(e, dev);
		any |= dev->key_chain[0] != '\0';
	}
	if (any)
		vpn_timer_set(e, &e->keys, LOOK_MS);
	else
		vpn_timer_stop(e, &e->keys);
}

static void look_due(struct vpn_engine *e, void *arg)
{
	vpn_auth_look(e);
}

/* --- sending --- */

/* Returns false without a key, or where there never was a device whose address could be named as the sender's. */
static bool close_hashed(struct vpn_engine *e, const struct vpn_instance *inst, struct nhrp_builder *b, uint64_t echo,
			 size_t *len)
{
	struct dm_addr mac = vpn_end_mac(inst);
	struct nhrp_auth_key key;
	struct nhrp_stamp stamp;
	size_t hash_at;

	if (!dm_addr_is_set(&mac) || no_key_to_send(e, inst->dev, &key)) {
		e->counters.no_key++;
		return false;
	}
	stamp = nhrp_stamper_next(&e->stamper, echo);
	hash_at = nhrp_auth_put_hash(b, b->head, key.id, &mac, &stamp);
	*len = nhrp_build_end(b);
	if (*len)
		nhrp_auth_seal(b, hash_at, &key, e->ops.hmac);
	return true;
}

/*
 * Whether a message is to have VPN headers is its receiver's to say, where plain messages have a
 * VPN: it may not understand them (RFC 2735 3.2). The builder knows from now on; its head stays.
 */
static void take_form(struct vpn_engine *e, const struct vpn_path *to, struct nhrp_builder *b)
{
	const struct nhrp_msg *head = b->head;
	struct nhrp_msg m = *head;

	m.has_vpn = !vpn_plain_wanted(e, to, &m.vpn);
	if (m.has_vpn == head->has_vpn)
		return;
	nhrp_build_set_vpn(b, &m);
	b->head = head;
}

bool vpn_auth_close(struct vpn_engine *e, const struct vpn_path *to, struct nhrp_builder *b, size_t *len)
{
	const struct vpn_instance *inst = vpn_instance_of(e, &b->head->vpn);
	bool bare = !inst || b->head->op == NHRP_OP_ERROR_INDICATION; /* RFC 2332 5.2.7 */
	const struct vpn_controller *c;
	struct vpn_peer *peer;

	take_form(e, to, b);
	if (!bare && inst->dev->key_chain[0]) {
		peer = peer_at(e, &inst->vpn, to);
		return close_hashed(e, inst, b, peer ? peer->window.epoch : 0, len);
	}
	c = bare ? NULL : password_of(e, inst);
	if (c)
		nhrp_auth_put_password(b, c->password, c->password_len);
	*len = nhrp_build_end(b);
	return true;
}

/* --- what may be old --- */

/* Refuses REQ under the epoch that its sender claims. No longer than REQ but for what was asked for, so no gain for who repeats one. */
static void challenge(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *to,
		      const struct nhrp_msg *req, uint64_t claimed)
{
	uint8_t buf[NHRP_PACKET_MAX_LEN], op = req->op + 1; /* RFC 2332 5.2: each reply is numbered after its request */
	struct nhrp_builder b;
	struct nhrp_msg m;
	size_t len;

	if (!inst->ready)
		return;
	vpn_message_reply_head(req, &m, op);
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	vpn_message_refuse_entries(req, &b);
	vpn_message_reply_exts(e, inst, req, &b);
	if (close_hashed(e, inst, &b, claimed, &len))
		vpn_message_send_closed(e, to, &b, len);
}

/* Says nothing about when it was said: who means well is told our epoch. */
static void unsettled(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		      const struct nhrp_msg *m, const struct nhrp_auth_said *said, uint64_t known)
{
	vpn_refuse(e, from, m, VPN_REFUSED_NOT_FRESH);
	if (m->op == NHRP_OP_PURGE_REQUEST && (m->flags & NHRP_PURGE_NO_REPLY))
		return;
	if (inst->role == DM_ROLE_HUB && nhrp_op_is_request(m->op))
		challenge(e, inst, from, m, said->stamp.epoch);
	else if (inst->role == DM_ROLE_SPOKE && said->stamp.epoch > known)
		vpn_spoke_hub_hint(e, inst, from);
}

static bool take_fresh(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		       const struct nhrp_msg *m, const struct nhrp_auth_said *said)
{
	struct vpn_peer *peer = peer_find(e, &inst->vpn, &said->from);
	struct nhrp_window window = { 0 };
	uint64_t known;
	enum nhrp_replay why;

	if ((!peer || e->crowded) && vpn_peers_count(&e->peers) >= VPN_PEERS_MAX) {
		start_over(e);
		peer = NULL;
	}
	if (peer)
		window = peer->window;
	known = window.epoch;
	why = nhrp_window_take(&window, &said->stamp, e->stamper.epoch);
	if (why == NHRP_REPLAY_ECHO) {
		unsettled(e, inst, from, m, said, known);
		return false;
	}
	if (why != NHRP_REPLAY_NEW) {
		vpn_refuse(e, from, m, VPN_REFUSED_NOT_FRESH);
		return false;
	}
	if (!peer)
		peer = peer_new(e, &inst->vpn, &said->from);
	peer->window = window;
	peer_take_path(e, peer, from);
	if (window.epoch == known || !nhrp_op_is_reply(m->op))
		return true;
	vpn_spoke_challenged(e, inst, from);
	vpn_transit_challenged(inst, from);
	return false;
}

/* One stamper counts for all VPNs of a station, so in each of them the stamp is as good as in its own. */
bool vpn_auth_extend(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		     const struct dm_addr *mac)
{
	struct nhrp_window window = { 0 };
	struct vpn_peer *peer;

	if (!inst->dev->key_chain[0])
		return true;
	peer = peer_find(e, &inst->vpn, mac);
	if (peer) {
		window = peer->window;
	} else if (vpn_peers_count(&e->peers) >= VPN_PEERS_MAX) {
		e->crowded = true; /* the next message makes room: in the middle of this one nothing may be forgotten */
		return false;
	}
	if (nhrp_window_take(&window, &e->said.stamp, e->stamper.epoch) != NHRP_REPLAY_NEW)
		return false;
	if (!peer)
		peer = peer_new(e, &inst->vpn, mac);
	peer->window = window;
	peer_take_path(e, peer, from);
	return true;
}

/* --- receiving --- */

struct lookup {
	struct vpn_engine *e;
	const char *chain;
};

static bool key_to_accept(void *arg, uint16_t id, struct nhrp_auth_key *key)
{
	const struct lookup *l = arg;

	return !l->e->ops.key(l->e->ctx, l->chain, id, key);
}

static bool failed(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_path *from,
		   const struct nhrp_msg *m, enum nhrp_auth why)
{
	char text[DM_ADDR_STRLEN], id[VPN_ID_STRLEN];

	vpn_refuse(e, from, m, VPN_REFUSED_AUTHENTICATION);
	vpn_log_gated(e, VPN_GATE_AUTH, VPN_LOG_WARN, "VPN %s on %s: %s from %s is not authentic: %s",
		      vpn_id_str(&inst->vpn, id), inst->dev->name, nhrp_op_name(m->op), dm_addr_str(&from->nbma, text),
		      nhrp_auth_name(why));
	vpn_message_error(e, inst, from, m, NHRP_ERR_AUTHENTICATION, 0);
	return false;
}

static bool check_hash(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		       const struct nhrp_msg *m)
{
	struct lookup l = { .e = e, .chain = inst->dev->key_chain };
	struct nhrp_auth_said said;
	enum nhrp_auth why = nhrp_auth_check_hash(m, key_to_accept, &l, e->ops.hmac, &said);

	if (why == NHRP_AUTH_OK && said.from.family != DM_MAC)
		why = NHRP_AUTH_FORM;
	if (why != NHRP_AUTH_OK)
		return failed(e, inst, from, m, why);
	e->said = said;
	return take_fresh(e, inst, from, m, &said);
}

bool vpn_auth_check(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
		    const struct nhrp_msg *m)
{
	const struct vpn_controller *c = password_of(e, inst);
	enum nhrp_auth why;

	if (m->op == NHRP_OP_ERROR_INDICATION)
		return true;
	if (inst->dev->key_chain[0])
		return check_hash(e, inst, from, m);
	if (!c)
		return true;
	why = nhrp_auth_check_password(m, c->password, c->password_len);
	return why == NHRP_AUTH_OK || failed(e, inst, from, m, why);
}

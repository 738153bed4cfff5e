// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show ip nhrp vpn [members|mac|path|neighbor|counters] [json], [no] debug nhrp vpn. Each show
 * command walks the engine's views once and prints the same record as a row of
 * text or as JSON, whose keys are the camelCase of the YANG leaves. Main pthread.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/command.h"
#include "lib/json.h"
#include "lib/termtable.h"
#include "lib/vty.h"

#include "nhrpd.h"
#include "nhrpd/nhrp_beside.h"
#include "nhrpd/nhrp_io.h"
#include "nhrpd/nhrp_password.h"
#include "nhrpd/vpn_glue.h"
#include "nhrpd/vpn_vty.h"
#include "nhrpd/vpn_zapi.h"

#include "nhrpd/vpn_vty_clippy.c"

/* Where a walk puts its rows: into a text table, or into JSON when that is set. */
struct out {
	struct ttable *table;
	json_object *json;
	size_t count;
};

static const char *addr(const struct dm_addr *a)
{
	static char ring[8][DM_ADDR_STRLEN]; /* as many as one row prints */
	static unsigned int next;

	return dm_addr_str(a, ring[next++ % array_size(ring)]);
}

static void json_addr(json_object *obj, const char *key, const struct dm_addr *a)
{
	if (dm_addr_is_set(a))
		json_object_string_add(obj, key, addr(a));
}

static const char *vpn_text(const struct vpn_id *vpn)
{
	static char text[VPN_ID_STRLEN];

	return vpn_id_str(vpn, text);
}

void vpn_vty_json_vpn(json_object *obj, const char *ifname, const struct vpn_id *vpn)
{
	char oui[VPN_OUI_STRLEN];

	json_object_string_add(obj, "interface", ifname);
	json_object_string_add(obj, "vpnId", vpn_text(vpn));
	json_object_string_add(obj, "oui", vpn_oui_str(vpn->oui, oui));
	json_object_int_add(obj, "vpnIndex", vpn->index);
}

#define COLUMN_LEN 24 /* of what the following write, with the end */

/* A number as a column of a table has it, where there is one. */
static const char *column(char text[COLUMN_LEN], bool there, uint64_t number, const char *unit)
{
	if (!there)
		return "-";
	snprintf(text, COLUMN_LEN, "%" PRIu64 "%s", number, unit);
	return text;
}

static const char *vni_column(char text[COLUMN_LEN], uint32_t vni)
{
	return column(text, vni, vni, "");
}

/* --- text or JSON --- */

static struct out out_begin(bool json)
{
	struct out o = { 0 };

	if (json)
		o.json = json_object_new_object();
	else
		o.table = ttable_new(&ttable_styles[TTSTYLE_BLANK]);
	return o;
}

/* Prints and frees. EMPTY is what a text user reads when there is nothing. */
static int out_end(struct vty *vty, struct out *o, const char *empty)
{
	char *text;

	if (o->json)
		return vty_json(vty, o->json);
	if (!o->count) {
		vty_out(vty, "%s\n", empty);
	} else {
		ttable_rowseps(o->table, 0, BOTTOM, true, '-');
		text = ttable_dump(o->table, "\n");
		vty_out(vty, "%s", text);
		XFREE(MTYPE_TMP_TTABLE, text);
	}
	ttable_del(o->table);
	return CMD_SUCCESS;
}

/* --- show ip nhrp vpn --- */

/* One that is silent keeps what it acknowledged for the holding time. */
static const char *hub_state(const struct vpn_hub_view *h)
{
	if (h->silent)
		return "silent";
	return h->registered ? "registered" : "registering";
}

/* Of the channel, the same in all VPNs that share it. */
static void json_channel(json_object *obj, const struct vpn_hub_view *h)
{
	json_object_int_add(obj, "channelVpns", (int64_t)h->channel_vpns);
	json_object_boolean_add(obj, "batches", h->batches);
	json_object_int_add(obj, "keepalive", h->keepalive);
	json_object_int_add(obj, "keepalivesSent", (int64_t)h->keepalives_sent);
	json_object_int_add(obj, "keepalivesMissed", (int64_t)h->keepalives_missed);
	if (h->silent)
		json_object_int_add(obj, "silentFor", h->silent_for);
}

static json_object *json_hub(const struct vpn_hub_view *h)
{
	json_object *obj = json_object_new_object();

	json_addr(obj, "protocolAddress", &h->proto);
	json_addr(obj, "transport", &h->transport);
	json_addr(obj, "nbma", &h->nbma);
	json_addr(obj, "mac", &h->mac);
	if (h->vni)
		json_object_int_add(obj, "vni", h->vni);
	json_object_string_add(obj, "state", hub_state(h));
	json_channel(obj, h);
	json_object_boolean_add(obj, "active", h->active);
	json_object_boolean_add(obj, "vpnAware", h->vpn_aware);
	if (h->refused)
		json_object_int_add(obj, "refusedCode", h->refused);
	if (h->registered)
		json_object_int_add(obj, "expiresIn", h->expires_in);
	return obj;
}

static void json_arp_suppress(json_object *obj, const struct vpn_instance_view *v)
{
	json_object_boolean_add(obj, "arpSuppress", v->arp_suppress);
	json_object_string_add(obj, "arpSuppressState", v->arp_suppress_state);
	if (v->arp_suppress_reason[0])
		json_object_string_add(obj, "arpSuppressReason", v->arp_suppress_reason);
	json_object_int_add(obj, "numNeighbors", (int64_t)v->num_neighs);
}

static void json_role(json_object *obj, const struct vpn_instance_view *v)
{
	json_object *hubs;

	if (v->role != DM_ROLE_NONE)
		json_arp_suppress(obj, v);
	if (v->role == DM_ROLE_HUB) {
		json_object_int_add(obj, "vlan", v->vlan);
		json_object_int_add(obj, "numMembers", (int64_t)v->num_members);
		json_object_int_add(obj, "numMacs", (int64_t)v->num_macs);
	}
	if (v->role != DM_ROLE_SPOKE)
		return;
	json_object_int_add(obj, "numShortcuts", (int64_t)v->num_shortcuts);
	json_object_boolean_add(obj, "probe", v->probe_interval);
	if (v->probe_interval) {
		json_object_int_add(obj, "probeInterval", v->probe_interval);
		json_object_int_add(obj, "probeMisses", v->probe_misses);
	}
	json_object_int_add(obj, "numLocalMacs", (int64_t)v->num_local_macs);
	hubs = json_object_new_array();
	for (size_t i = 0; i < v->num_hubs; i++)
		json_object_array_add(hubs, json_hub(&v->hubs[i]));
	json_object_object_add(obj, "hubs", hubs);
}

static json_object *json_instance(const struct vpn_instance_view *v)
{
	json_object *obj = json_object_new_object();

	vpn_vty_json_vpn(obj, v->ifname, &v->vpn);
	json_object_string_add(obj, "role", v->role_name);
	json_object_string_add(obj, "state", vpn_state_name(v->state));
	if (v->reason[0])
		json_object_string_add(obj, "reason", v->reason);
	if (v->controller[0])
		json_object_string_add(obj, "controller", v->controller);
	json_object_string_add(obj, "authentication", v->authentication);
	if (v->key_chain[0])
		json_object_string_add(obj, "keyChain", v->key_chain);
	if (v->vni)
		json_object_int_add(obj, "vni", v->vni);
	json_addr(obj, "localNbma", &v->nbma);
	json_addr(obj, "localMac", &v->mac);
	if (!v->layer3) {
		json_object_int_add(obj, "holdtime", v->holdtime);
		json_object_int_add(obj, "keepalive", v->keepalive);
		json_object_int_add(obj, "ageingTime", v->ageing_time);
		json_object_boolean_add(obj, "gracefulRestart", v->graceful_restart);
	}
	json_role(obj, v);
	return obj;
}

/* The list KEY of the JSON answer, made with its first element. */
static void json_list_add(struct out *o, const char *key, json_object *element)
{
	json_object *list;

	if (!json_object_object_get_ex(o->json, key, &list)) {
		list = json_object_new_array();
		json_object_object_add(o->json, key, list);
	}
	json_object_array_add(list, element);
}

static const char *active_hub(const struct vpn_instance_view *v)
{
	for (size_t i = 0; i < v->num_hubs; i++)
		if (v->hubs[i].active)
			return addr(&v->hubs[i].nbma);
	return "-";
}

/* What the last columns hold depends on the role: whom we serve, or who serves us. */
static void text_instance(struct out *o, const struct vpn_instance_view *v)
{
	char peers[48], macs[COLUMN_LEN], vni[COLUMN_LEN];
	bool hub = v->role == DM_ROLE_HUB;

	if (!o->count)
		ttable_add_row(o->table, "Interface|VPN|Role|VNI|State|Hub or members|MACs");
	if (hub)
		snprintf(peers, sizeof(peers), "%zu member%s", v->num_members, v->num_members == 1 ? "" : "s");
	else
		snprintf(peers, sizeof(peers), "%s", active_hub(v));
	ttable_add_row(o->table, "%s|%s|%s|%s|%s|%s|%s", v->ifname, vpn_text(&v->vpn), v->role_name,
		       vni_column(vni, v->vni), vpn_state_name(v->state), peers,
		       column(macs, !v->layer3, hub ? v->num_macs : v->num_shortcuts, ""));
}

static void show_instance(void *arg, const struct vpn_instance_view *v)
{
	struct out *o = arg;

	if (o->json)
		json_list_add(o, "instances", json_instance(v));
	else
		text_instance(o, v);
	o->count++;
}

/* A reason is a sentence and fits no column: one line each below the table. */
static void show_reason(void *arg, const struct vpn_instance_view *v)
{
	if (v->reason[0])
		vty_out(arg, "VPN %s on %s is %s: %s\n", vpn_text(&v->vpn), v->ifname, vpn_state_name(v->state), v->reason);
	for (size_t i = 0; i < v->num_hubs; i++)
		if (v->hubs[i].silent)
			vty_out(arg, "VPN %s on %s: next hop server %s has been silent for %u s\n", vpn_text(&v->vpn),
				v->ifname, addr(&v->hubs[i].transport), v->hubs[i].silent_for);
	if (v->arp_suppress_reason[0])
		vty_out(arg, "VPN %s on %s: arp-suppress is not in effect: %s\n", vpn_text(&v->vpn), v->ifname,
			v->arp_suppress_reason);
}

/* A VPN for the plain messages of an interface: one line each below the table, too. */
static void show_plain(void *arg, const struct vpn_plain_view *v)
{
	vty_out(arg, "Plain messages on %s are of VPN %s%s%s\n", v->ifname, vpn_text(&v->vpn),
		v->reason[0] ? ", without effect: " : "", v->reason);
}

static void json_plain(void *arg, const struct vpn_plain_view *v)
{
	json_object *obj = json_object_new_object();

	vpn_vty_json_vpn(obj, v->ifname, &v->vpn);
	json_object_string_add(obj, "state", vpn_state_name(v->reason[0] ? VPN_INACTIVE : VPN_UP));
	if (v->reason[0])
		json_object_string_add(obj, "reason", v->reason);
	json_list_add(arg, "plainMessages", obj);
}

DEFPY(show_ip_nhrp_vpn, show_ip_nhrp_vpn_cmd,
	"show ip nhrp vpn [json$json]",
	SHOW_STR
	IP_STR
	"NHRP information\n"
	"VPNs: instances with their role and state\n"
	JSON_STR)
{
	struct out o = out_begin(json);
	int rc;

	vpn_engine_each_instance(vpn_glue_engine(), show_instance, &o);
	if (json)
		vpn_engine_each_plain(vpn_glue_engine(), json_plain, &o);
	rc = out_end(vty, &o, "No interface has a VPN");
	if (!json) {
		vpn_engine_each_instance(vpn_glue_engine(), show_reason, vty);
		vpn_engine_each_plain(vpn_glue_engine(), show_plain, vty);
	}
	return rc;
}

/* --- show ip nhrp vpn members --- */

static void show_member(void *arg, const struct vpn_member_view *v)
{
	struct out *o = arg;
	json_object *obj;

	if (!o->json) {
		if (!o->count)
			ttable_add_row(o->table, "Interface|VPN|NBMA|VNI|MAC|Expires|MACs");
		ttable_add_row(o->table, "%s|%s|%s|%u|%s|%us|%zu", v->ifname, vpn_text(&v->vpn), addr(&v->nbma), v->vni,
			       addr(&v->mac), v->expires_in, v->num_macs);
		o->count++;
		return;
	}
	obj = json_object_new_object();
	vpn_vty_json_vpn(obj, v->ifname, &v->vpn);
	json_addr(obj, "nbma", &v->nbma);
	json_object_int_add(obj, "vni", v->vni);
	json_addr(obj, "mac", &v->mac);
	json_addr(obj, "transport", &v->transport);
	json_object_int_add(obj, "holdtime", v->holdtime);
	json_object_int_add(obj, "expiresIn", v->expires_in);
	json_object_int_add(obj, "uptime", v->uptime);
	json_object_int_add(obj, "numMacs", (int64_t)v->num_macs);
	json_object_boolean_add(obj, "vpnAware", v->vpn_aware);
	json_list_add(o, "members", obj);
	o->count++;
}

DEFPY(show_ip_nhrp_vpn_members, show_ip_nhrp_vpn_members_cmd,
	"show ip nhrp vpn members [json$json]",
	SHOW_STR
	IP_STR
	"NHRP information\n"
	"VPNs\n"
	"Spokes that are registered with this hub\n"
	JSON_STR)
{
	struct out o = out_begin(json);

	vpn_engine_each_member(vpn_glue_engine(), show_member, &o);
	return out_end(vty, &o, "No spoke is registered here");
}

/* --- show ip nhrp vpn mac --- */

static void json_mac(struct out *o, const struct vpn_mac_view *v)
{
	const char *key = addr(&v->mac);
	json_object *macs, *list, *obj = json_object_new_object();

	vpn_vty_json_vpn(obj, v->ifname, &v->vpn);
	json_object_string_add(obj, "type", v->type);
	json_addr(obj, "remoteVtep", &v->nbma);
	if (v->vni)
		json_object_int_add(obj, "vni", v->vni);
	if (v->has_expiry)
		json_object_int_add(obj, "expiresIn", v->expires_in);
	json_object_int_add(obj, "uptime", v->uptime);
	json_object_boolean_add(obj, "used", v->used);
	if (v->move)
		json_object_int_add(obj, "moveNumber", v->move);
	if (v->duplicate)
		json_object_boolean_add(obj, "duplicate", true);
	if (v->path[0]) {
		json_object_string_add(obj, "path", v->path);
		json_object_boolean_add(obj, "installed", v->installed);
	}

	if (!json_object_object_get_ex(o->json, "macs", &macs)) {
		macs = json_object_new_object();
		json_object_object_add(o->json, "macs", macs);
	}
	if (!json_object_object_get_ex(macs, key, &list)) {
		list = json_object_new_array();
		json_object_object_add(macs, key, list);
	}
	json_object_array_add(list, obj);
}

static void show_mac(void *arg, const struct vpn_mac_view *v)
{
	struct out *o = arg;
	char text[COLUMN_LEN], vni[COLUMN_LEN];

	o->count++;
	if (o->json) {
		json_mac(o, v);
		return;
	}
	if (o->count == 1)
		ttable_add_row(o->table, "MAC|Interface|VPN|Type|Remote VTEP|VNI|Path|Expires");
	ttable_add_row(o->table, "%s|%s|%s|%s%s|%s|%s|%s|%s", addr(&v->mac), v->ifname, vpn_text(&v->vpn), v->type,
		       v->duplicate ? " (duplicate)" : "", addr(&v->nbma), vni_column(vni, v->vni), v->path[0] ? v->path : "-",
		       column(text, v->has_expiry, v->expires_in, "s"));
}

DEFPY(show_ip_nhrp_vpn_mac, show_ip_nhrp_vpn_mac_cmd,
	"show ip nhrp vpn mac [json$json]",
	SHOW_STR
	IP_STR
	"NHRP information\n"
	"VPNs\n"
	"MAC addresses: learned ones at a hub, shortcuts at a spoke\n"
	JSON_STR)
{
	struct out o = out_begin(json);

	vpn_engine_each_mac(vpn_glue_engine(), show_mac, &o);
	if (o.json && o.count)
		json_object_int_add(o.json, "numMacs", (int64_t)o.count);
	return out_end(vty, &o, "No MAC address is known");
}

/* --- show ip nhrp vpn path --- */

static void json_path(struct out *o, const struct vpn_path_view *v)
{
	json_object *obj = json_object_new_object();

	vpn_vty_json_vpn(obj, v->ifname, &v->vpn);
	json_addr(obj, "remoteVtep", &v->nbma);
	json_object_int_add(obj, "vni", v->vni);
	json_object_string_add(obj, "state", v->state);
	json_object_int_add(obj, "uptime", v->uptime);
	if (v->rtt_us)
		json_object_int_add(obj, "rttMicroseconds", v->rtt_us);
	json_object_int_add(obj, "numMacs", (int64_t)v->num_macs);
	json_list_add(o, "paths", obj);
}

static void show_path(void *arg, const struct vpn_path_view *v)
{
	struct out *o = arg;
	char rtt[COLUMN_LEN];

	o->count++;
	if (o->json) {
		json_path(o, v);
		return;
	}
	if (o->count == 1)
		ttable_add_row(o->table, "Remote VTEP|VNI|Interface|VPN|State|Since|RTT|MACs");
	ttable_add_row(o->table, "%s|%u|%s|%s|%s|%us|%s|%zu", addr(&v->nbma), v->vni, v->ifname, vpn_text(&v->vpn),
		       v->state, v->uptime, column(rtt, v->rtt_us, v->rtt_us, " us"), v->num_macs);
}

DEFPY(show_ip_nhrp_vpn_path, show_ip_nhrp_vpn_path_cmd,
	"show ip nhrp vpn path [json$json]",
	SHOW_STR
	IP_STR
	"NHRP information\n"
	"VPNs\n"
	"Paths that a spoke's shortcuts lead over, and whether they answer probes\n"
	JSON_STR)
{
	struct out o = out_begin(json);

	vpn_engine_each_path(vpn_glue_engine(), show_path, &o);
	return out_end(vty, &o, "No path is probed");
}

/* --- show ip nhrp vpn neighbor --- */

static void json_neigh(struct out *o, const struct vpn_neigh_view *v)
{
	json_object *obj = json_object_new_object();

	vpn_vty_json_vpn(obj, v->ifname, &v->vpn);
	json_addr(obj, "ip", &v->ip);
	json_addr(obj, "mac", &v->mac);
	json_object_string_add(obj, "type", v->type);
	json_addr(obj, "remoteVtep", &v->nbma);
	if (v->vni)
		json_object_int_add(obj, "vni", v->vni);
	if (v->has_expiry)
		json_object_int_add(obj, "expiresIn", v->expires_in);
	if (v->is_local)
		json_object_boolean_add(obj, "registered", v->told);
	json_list_add(o, "neighbors", obj);
}

static void show_neigh(void *arg, const struct vpn_neigh_view *v)
{
	struct out *o = arg;
	char text[COLUMN_LEN], vni[COLUMN_LEN];

	o->count++;
	if (o->json) {
		json_neigh(o, v);
		return;
	}
	if (o->count == 1)
		ttable_add_row(o->table, "IP|MAC|Interface|VPN|Type|Remote VTEP|VNI|Expires");
	ttable_add_row(o->table, "%s|%s|%s|%s|%s%s|%s|%s|%s", addr(&v->ip), addr(&v->mac), v->ifname, vpn_text(&v->vpn),
		       v->type, v->is_local && !v->told ? " (not registered)" : "", addr(&v->nbma),
		       vni_column(vni, v->vni), column(text, v->has_expiry, v->expires_in, "s"));
}

DEFPY(show_ip_nhrp_vpn_neighbor, show_ip_nhrp_vpn_neighbor_cmd,
	"show ip nhrp vpn neighbor [json$json]",
	SHOW_STR
	IP_STR
	"NHRP information\n"
	"VPNs\n"
	"IP addresses: registered ones at a hub, local and resolved ones at a spoke\n"
	JSON_STR)
{
	struct out o = out_begin(json);

	vpn_engine_each_neigh(vpn_glue_engine(), show_neigh, &o);
	return out_end(vty, &o, "No IP address is known");
}

/* --- show ip nhrp vpn counters --- */

/* One group of counters, as a JSON object or as rows of text. */
static void counter_group(struct vty *vty, json_object *json, const char *group, const uint64_t *values, size_t first,
			  size_t count, const char *(*name)(size_t))
{
	json_object *obj = json ? json_object_new_object() : NULL;

	if (json)
		json_object_object_add(json, group, obj);
	else
		vty_out(vty, "%s:\n", group);
	for (size_t i = first; i < count; i++) {
		if (json)
			json_object_int_add(obj, name(i), (int64_t)values[i]);
		else if (values[i])
			vty_out(vty, "  %-28s %" PRIu64 "\n", name(i), values[i]);
	}
}

static const char *name_op(size_t i)
{
	return vpn_op_key((unsigned int)i);
}

static const char *name_drop(size_t i)
{
	return nhrp_drop_name((enum nhrp_drop)i);
}

static const char *name_refusal(size_t i)
{
	return vpn_refusal_name((enum vpn_refusal)i);
}

static const char *name_guard(size_t i)
{
	return nhrp_guard_name((enum nhrp_guard)i);
}

static const char *name_layer3(size_t i)
{
	static const char *const names[] = {
		"received",	 "sent",      "plainOnVpn",	 "blocked",  "held",
		"plainAssigned", "sentPlain", "defaultInstance", "otherVpn",
	};

	return names[i];
}

static const char *name_beside(size_t i)
{
	return nhrp_beside_name((enum nhrp_beside_counter)i);
}

static const char *name_mac(size_t i)
{
	static const char *const names[] = { "aged" };

	return names[i];
}

static const char *name_packet(size_t i)
{
	static const char *const names[] = {
		"received",   "noSource",    "tooLong", "keptBack",	 "stockQueueFull",
		"sendFailed", "buildFailed", "noKey",	"wrongPassword", "passedOn",
		"batchAsked", "batchAnswered",
	};

	return names[i];
}

static const char *name_module(size_t i)
{
	static const char *const names[] = { "payloads", "octetsUnderWay", "octetsUnderWayMax", "waits", "overruns" };

	return names[i];
}

DEFPY(show_ip_nhrp_vpn_counters, show_ip_nhrp_vpn_counters_cmd,
	"show ip nhrp vpn counters [json$json]",
	SHOW_STR
	IP_STR
	"NHRP information\n"
	"VPNs\n"
	"Messages by type, and what was dropped or refused by reason\n"
	JSON_STR)
{
	const struct vpn_counters *c = vpn_engine_counters(vpn_glue_engine());
	const struct nhrp_io_counters *io = nhrp_io_counters();
	const uint64_t packets[] = {
		io->received,	 io->no_source,	  io->too_long, io->kept_back,		 io->stock_queue_full,
		io->send_failed, c->build_failed, c->no_key,	nhrp_password_refused(), c->passed_on,
		c->batch_asked,	 c->batch_answered,
	};
	const uint64_t macs[] = { c->aged };
	const uint64_t layer3[] = {
		c->layer3_delivered, io->layer3_sent,	    io->plain_on_vpn,	  io->layer3_blocked, io->held,
		c->plain_assigned,   io->layer3_sent_plain, c->default_delivered, io->other_vpn,
	};
	struct vpn_zapi_counters line;
	json_object *obj = json ? json_object_new_object() : NULL;

	vpn_zapi_get_counters(&line);
	counter_group(vty, obj, "received", c->received, NHRP_OP_RESOLUTION_REQUEST, VPN_OP_COUNT, name_op);
	counter_group(vty, obj, "sent", c->sent, NHRP_OP_RESOLUTION_REQUEST, VPN_OP_COUNT, name_op);
	counter_group(vty, obj, "dropped", c->dropped, NHRP_DROP_NONE + 1, NHRP_DROP_COUNT, name_drop);
	counter_group(vty, obj, "refused", c->refused, 0, VPN_REFUSED_COUNT, name_refusal);
	counter_group(vty, obj, "packets", packets, 0, array_size(packets), name_packet);
	counter_group(vty, obj, "macs", macs, 0, array_size(macs), name_mac);
	counter_group(vty, obj, "layer3", layer3, 0, array_size(layer3), name_layer3);
	counter_group(vty, obj, "stock", nhrp_beside_counters(), 0, NHRP_BESIDE_COUNT, name_beside);
	counter_group(vty, obj, "plain", io->guard, 0, NHRP_GUARD_COUNT, name_guard);
	counter_group(vty, obj, "plainDropped", io->guard_dropped, NHRP_DROP_NONE + 1, NHRP_DROP_COUNT, name_drop);
	counter_group(vty, obj, "module",
		      (const uint64_t[]){ line.payloads, line.under_way, line.most, line.waits, line.overruns }, 0, 5,
		      name_module);
	return obj ? vty_json(vty, obj) : CMD_SUCCESS;
}

/* --- debug --- */

DEFPY(debug_nhrp_vpn, debug_nhrp_vpn_cmd,
	"[no$no] debug nhrp vpn",
	NO_STR
	DEBUG_STR
	"NHRP information\n"
	"VPNs: messages, registrations, shortcuts\n")
{
	vpn_glue_set_debug(!no);
	return CMD_SUCCESS;
}

static int write_debug(struct vty *vty)
{
	if (!vpn_glue_debug())
		return 0;
	vty_out(vty, "debug nhrp vpn\n");
	return 1;
}

/* the stock code writes its own debug lines under another node */
static struct cmd_node debug_node = {
	.name = "nhrp vpn debug",
	.node = DEBUG_NODE,
	.prompt = "",
	.config_write = write_debug,
};

void vpn_vty_init(void)
{
	install_node(&debug_node);
	install_element(VIEW_NODE, &show_ip_nhrp_vpn_cmd);
	install_element(VIEW_NODE, &show_ip_nhrp_vpn_members_cmd);
	install_element(VIEW_NODE, &show_ip_nhrp_vpn_mac_cmd);
	install_element(VIEW_NODE, &show_ip_nhrp_vpn_neighbor_cmd);
	install_element(VIEW_NODE, &show_ip_nhrp_vpn_path_cmd);
	install_element(VIEW_NODE, &show_ip_nhrp_vpn_counters_cmd);
	install_element(ENABLE_NODE, &debug_nhrp_vpn_cmd);
	install_element(CONFIG_NODE, &debug_nhrp_vpn_cmd);
}

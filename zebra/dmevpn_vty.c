// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `show zebra dmevpn [json]`: gathers one record of what the module has, and prints that as
 * text or JSON. Runs on zebra's main pthread; changes nothing.
 */
#include <config.h>

#include <string.h>

#include "lib/zebra.h"
#include "lib/command.h"
#include "lib/json.h"
#include "lib/termtable.h"
#include "lib/vty.h"

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_device.h"
#include "zebra/dmevpn_dump.h"
#include "zebra/dmevpn_fdb.h"
#include "zebra/dmevpn_instance.h"
#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_local_neigh.h"
#include "zebra/dmevpn_locals.h"
#include "zebra/dmevpn_macs.h"
#include "zebra/dmevpn_members.h"
#include "zebra/dmevpn_neigh.h"
#include "zebra/dmevpn_probe.h"
#include "zebra/dmevpn_provider.h"
#include "zebra/dmevpn_session.h"
#include "zebra/dmevpn_snoop.h"
#include "zebra/dmevpn_suppress.h"
#include "zebra/dmevpn_vty.h"
#include "zebra/dmevpn_watch.h"
#include "zebra/dmevpn_zapi.h"
#include "zebra/dmevpn_zebra_events.h"

#include "zebra/dmevpn_vty_clippy.c"

/* Adds up counters of the BPF switch; its events_lost is told by the session. */
static void add_counters(const struct sw_vpn *vpn, struct sw_vpn *sum)
{
	sum->outsiders += vpn->outsiders;
	sum->closed += vpn->closed;
	sum->tagged += vpn->tagged;
	sum->looped += vpn->looped;
	sum->bad_source += vpn->bad_source;
	sum->known += vpn->known;
	sum->flooded += vpn->flooded;
	sum->copies += vpn->copies;
	sum->reflected += vpn->reflected;
	sum->hairpins += vpn->hairpins;
	sum->hairpins_held += vpn->hairpins_held;
	sum->learned += vpn->learned;
	sum->moved += vpn->moved;
	sum->over_limit += vpn->over_limit;
	sum->over_rate += vpn->over_rate;
	sum->held += vpn->held;
	sum->clone_errors += vpn->clone_errors;
}

static void add_vpn(uint32_t ifindex, uint32_t vni, void *arg)
{
	add_counters(dm_vpn_find(ifindex, vni), arg);
}

static void add_probes(struct json_object *json)
{
	struct dm_probe_counters c;

	dm_probe_get_counters(&c);
	json_object_int_add(json, "paths", c.paths);
	json_object_int_add(json, "pathsUp", c.up);
	json_object_int_add(json, "probesSent", c.sent);
	json_object_int_add(json, "probesUnsent", c.io.unsent);
	json_object_int_add(json, "probesAnswered", c.answered);
	json_object_int_add(json, "probeAnswersStray", c.stray);
	json_object_int_add(json, "probesReflected", c.reflected);
	json_object_int_add(json, "probesMisdirected", c.misdirected);
	json_object_int_add(json, "probesOverRate", c.over_rate);
	json_object_int_add(json, "probesMalformed", c.io.malformed);
	json_object_int_add(json, "probesLost", c.io.lost);
}

static struct json_object *gather_counters(void)
{
	struct json_object *json = json_object_new_object();
	struct dm_snoop_counters snooped;
	struct dm_provider_counters c;
	struct dm_zapi_counters line;
	struct sw_vpn sum = {};

	dm_zapi_get_counters(&line);
	dm_provider_get_counters(&c);
	dm_snoop_get_counters(&snooped);
	dm_vpns_each(add_vpn, &sum);
	if (dm_vpn_strays())
		add_counters(dm_vpn_strays(), &sum);
	json_object_int_add(json, "instanceRecords",
			    dm_session_records(DM_REC_INSTANCE_SET) + dm_session_records(DM_REC_INSTANCE_DEL));
	json_object_int_add(json, "memberRecords",
			    dm_session_records(DM_REC_MEMBER_SET) + dm_session_records(DM_REC_MEMBER_DEL));
	json_object_int_add(json, "instancesExamined", dm_instances_examined());
	json_object_int_add(json, "settingRequests", dm_device_requests());
	json_object_int_add(json, "fdbInstalled", c.installed);
	json_object_int_add(json, "fdbDeleted", c.deleted);
	json_object_int_add(json, "fdbErrors", c.errors);
	json_object_int_add(json, "queueDepth", c.depth);
	json_object_int_add(json, "queueMax", c.max_depth);
	json_object_int_add(json, "queueRefused", c.refused);
	json_object_int_add(json, "netlinkOverruns", c.overruns + dm_links_overruns() + dm_locals_overruns() +
				    dm_watch_overruns());
	json_object_int_add(json, "eventsLost", dm_session_events_lost());
	json_object_int_add(json, "recordsDropped", line.refused);
	json_object_int_add(json, "recordsWaits", line.waits);
	json_object_int_add(json, "octetsUnderWay", line.under_way);
	json_object_int_add(json, "octetsUnderWayMax", line.most);
	json_object_int_add(json, "dumpsRepeated", dm_dump_repeats());
	json_object_int_add(json, "outsiderDropped", sum.outsiders);
	json_object_int_add(json, "closedDropped", sum.closed);
	json_object_int_add(json, "taggedDropped", sum.tagged);
	json_object_int_add(json, "loopedDropped", sum.looped);
	json_object_int_add(json, "badSourceDropped", sum.bad_source);
	json_object_int_add(json, "reflectedDropped", sum.reflected);
	json_object_int_add(json, "known", sum.known);
	json_object_int_add(json, "flooded", sum.flooded);
	json_object_int_add(json, "copies", sum.copies);
	json_object_int_add(json, "copyErrors", sum.clone_errors);
	json_object_int_add(json, "hairpins", sum.hairpins);
	json_object_int_add(json, "hairpinsHeld", sum.hairpins_held);
	json_object_int_add(json, "learned", sum.learned);
	json_object_int_add(json, "moved", sum.moved);
	json_object_int_add(json, "overLimit", sum.over_limit);
	json_object_int_add(json, "overRate", sum.over_rate);
	json_object_int_add(json, "duplicateDropped", sum.held);
	json_object_int_add(json, "localOverLimit", dm_locals_over_limit());
	json_object_int_add(json, "snoopedFrames", snooped.frames);
	json_object_int_add(json, "snoopedMalformed", snooped.malformed);
	json_object_int_add(json, "snoopedLost", snooped.lost);
	json_object_int_add(json, "neighborOverLimit", dm_local_neigh_over_limit());
	add_probes(json);
	return json;
}

static const char *role_name(uint8_t role)
{
	return role == DM_ROLE_HUB ? "hub" : role == DM_ROLE_SPOKE ? "spoke" : "none";
}

static void gather_spoke(uint32_t ifindex, struct json_object *json)
{
	struct dm_suppress suppress;

	json_object_int_add(json, "localMacs", dm_locals_count(ifindex));
	if (!dm_suppress_state(ifindex, &suppress))
		return;
	json_object_boolean_add(json, "arpSuppress", suppress.on);
	json_object_string_add(json, "arpSuppressReason", suppress.reason);
	json_object_int_add(json, "localNeighbors", dm_local_neigh_count(ifindex));
	json_object_int_add(json, "remoteNeighbors", dm_neigh_count(ifindex));
}

static void gather_instance(const struct dm_instance_info *info, void *arg)
{
	struct json_object *json = json_object_new_object();
	const struct nlm_link *link = dm_link_find(info->ifindex);
	const struct sw_vpn *vpn = dm_vpn_find(info->ifindex, info->vni);
	char id[VPN_ID_STRLEN], oui[VPN_OUI_STRLEN];

	json_object_string_add(json, "interface", link ? link->name : "");
	json_object_int_add(json, "ifindex", info->ifindex);
	json_object_string_add(json, "vpnId", vpn_id_str(&info->vpn, id));
	json_object_string_add(json, "oui", vpn_oui_str(info->vpn.oui, oui));
	json_object_int_add(json, "vpnIndex", info->vpn.index);
	json_object_int_add(json, "vlan", info->vlan);
	json_object_string_add(json, "role", role_name(info->role));
	json_object_int_add(json, "vni", info->vni);
	json_object_boolean_add(json, "ready", info->ready);
	json_object_string_add(json, "reason", info->reason);
	json_object_int_add(json, "members", dm_members_count(info->ifindex, info->vni));
	json_object_int_add(json, "macs",
			    vpn ? MAX(vpn->macs, 0) : dm_fdb_count(info->ifindex, info->vni));
	if (info->role == DM_ROLE_SPOKE)
		gather_spoke(info->ifindex, json);
	json_object_array_add(arg, json);
}

static struct json_object *gather(void)
{
	struct json_object *json = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_object_boolean_add(json, "connected", dm_session_established());
	json_object_boolean_add(json, "zebraSpared", dm_zebra_events_spared());
	dm_instances_each(gather_instance, list);
	json_object_object_add(json, "instances", list);
	json_object_object_add(json, "counters", gather_counters());
	return json;
}

static const char *text_of(struct json_object *json, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(json, key, &value);
	return value ? json_object_get_string(value) : "";
}

static bool is_true(struct json_object *json, const char *key)
{
	return strcmp(text_of(json, key), "true") == 0;
}

static void print_instances(struct vty *vty, struct json_object *list)
{
	struct ttable *table = ttable_new(&ttable_styles[TTSTYLE_BLANK]);
	char *text;
	size_t i;

	ttable_add_row(table, "Interface|VPN|Role|VLAN|VNI|Members|MACs|Local|State");
	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		ttable_add_row(table, "%s|%s|%s|%s|%s|%s|%s|%s|%s", text_of(o, "interface"),
			       text_of(o, "vpnId"), text_of(o, "role"), text_of(o, "vlan"),
			       text_of(o, "vni"), text_of(o, "members"), text_of(o, "macs"),
			       text_of(o, "localMacs"),
			       is_true(o, "ready") ? "ready" : text_of(o, "reason"));
	}
	text = ttable_dump(table, "\n");
	vty_out(vty, "%s\n", text);
	XFREE(MTYPE_TMP_TTABLE, text);
	ttable_del(table);
}

/* One line for each instance that suppresses ARP, or should. */
static void print_suppression(struct vty *vty, struct json_object *list)
{
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		if (!json_object_object_get_ex(o, "arpSuppress", NULL))
			continue;
		vty_out(vty, "%s: ARP suppression %s%s, %s local and %s remote neighbors\n",
			text_of(o, "interface"),
			is_true(o, "arpSuppress") ? "in effect" : "not in effect: ",
			text_of(o, "arpSuppressReason"), text_of(o, "localNeighbors"),
			text_of(o, "remoteNeighbors"));
	}
}

static void print_text(struct vty *vty, struct json_object *json)
{
	struct json_object *list = NULL, *counters = NULL;

	vty_out(vty, "nhrpd: %s\n\n", is_true(json, "connected") ? "connected" : "not connected");
	if (json_object_object_get_ex(json, "instances", &list)) {
		print_instances(vty, list);
		print_suppression(vty, list);
	}
	if (json_object_object_get_ex(json, "counters", &counters)) {
		json_object_object_foreach (counters, key, value)
			vty_out(vty, "%-18s %s\n", key, json_object_get_string(value));
	}
}

DEFPY(show_zebra_dmevpn, show_zebra_dmevpn_cmd,
      "show zebra dmevpn [json$uj]",
      SHOW_STR
      ZEBRA_STR
      "Forwarding of DMEVPN instances\n"
      JSON_STR)
{
	struct json_object *json = gather();

	if (uj)
		return vty_json(vty, json);
	print_text(vty, json);
	json_object_free(json);
	return CMD_SUCCESS;
}

int dm_vty_init(struct event_loop *loop)
{
	install_element(VIEW_NODE, &show_zebra_dmevpn_cmd);
	return 0;
}

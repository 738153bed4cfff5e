// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show ip nhrp vpn duplicate [json], and clear ip nhrp vpn duplicate: addresses that a hub holds where
 * they are, as they moved too often (vpn_duplicate.c). Main pthread.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/command.h"
#include "lib/json.h"
#include "lib/termtable.h"
#include "lib/vty.h"

#include "nhrpd.h"
#include "nhrpd/vpn_glue.h"
#include "nhrpd/vpn_vty.h"

#include "nhrpd/vpn_vty_duplicate_clippy.c"

/* Where the walk puts its rows: into a text table, or into a JSON list when that is set. */
struct rows {
	struct ttable *table;
	json_object *list;
};

static void json_row(json_object *list, const struct vpn_duplicate_view *v)
{
	json_object *obj = json_object_new_object();
	char text[DM_ADDR_STRLEN];

	vpn_vty_json_vpn(obj, v->ifname, &v->vpn);
	json_object_string_add(obj, "address", dm_addr_str(&v->addr, text));
	json_object_string_add(obj, "remoteVtep", dm_addr_str(&v->nbma, text));
	if (dm_addr_is_set(&v->other))
		json_object_string_add(obj, "otherVtep", dm_addr_str(&v->other, text));
	json_object_int_add(obj, "moves", v->moves);
	json_object_int_add(obj, "heldFor", v->held_for);
	json_object_boolean_add(obj, "permanent", v->permanent);
	if (!v->permanent)
		json_object_int_add(obj, "releasedIn", v->released_in);
	json_object_array_add(list, obj);
}

static void text_row(struct ttable *table, const struct vpn_duplicate_view *v)
{
	char addr[DM_ADDR_STRLEN], here[DM_ADDR_STRLEN], there[DM_ADDR_STRLEN], vpn[VPN_ID_STRLEN], left[16] = "-";

	if (!v->permanent)
		snprintf(left, sizeof(left), "%us", v->released_in);
	ttable_add_row(table, "%s|%s|%s|%s|%s|%u|%s", dm_addr_str(&v->addr, addr), v->ifname, vpn_id_str(&v->vpn, vpn),
		       dm_addr_str(&v->nbma, here), dm_addr_str(&v->other, there), v->moves, left);
}

static void show_duplicate(void *arg, const struct vpn_duplicate_view *v)
{
	struct rows *rows = arg;

	if (rows->list)
		json_row(rows->list, v);
	else
		text_row(rows->table, v);
}

static int show_json(struct vty *vty)
{
	json_object *obj = json_object_new_object();
	struct rows rows = { .list = json_object_new_array() };

	vpn_engine_each_duplicate(vpn_glue_engine(), show_duplicate, &rows);
	if (json_object_array_length(rows.list))
		json_object_object_add(obj, "duplicates", rows.list);
	else
		json_object_free(rows.list);
	return vty_json(vty, obj);
}

static int show_text(struct vty *vty)
{
	struct rows rows = { .table = ttable_new(&ttable_styles[TTSTYLE_BLANK]) };
	char *text;

	ttable_add_row(rows.table, "Address|Interface|VPN|Held at|Also at|Moves|Released in");
	vpn_engine_each_duplicate(vpn_glue_engine(), show_duplicate, &rows);
	if (rows.table->nrows == 1) {
		vty_out(vty, "No address is held as a duplicate\n");
	} else {
		ttable_rowseps(rows.table, 0, BOTTOM, true, '-');
		text = ttable_dump(rows.table, "\n");
		vty_out(vty, "%s", text);
		XFREE(MTYPE_TMP_TTABLE, text);
	}
	ttable_del(rows.table);
	return CMD_SUCCESS;
}

DEFPY(show_ip_nhrp_vpn_duplicate, show_ip_nhrp_vpn_duplicate_cmd,
	"show ip nhrp vpn duplicate [json$json]",
	SHOW_STR
	IP_STR
	"NHRP information\n"
	"VPNs\n"
	"Addresses that are held, as they moved too often\n"
	JSON_STR)
{
	return json ? show_json(vty) : show_text(vty);
}

/* What the line names: an address of any family; not set when it names none. */
static struct dm_addr named(const char *mac, const char *ip4, const char *ip6)
{
	const char *text = mac ? mac : ip4 ? ip4 : ip6;
	struct dm_addr addr = { 0 };

	if (text)
		dm_addr_parse(&addr, text);
	return addr;
}

DEFPY(clear_ip_nhrp_vpn_duplicate, clear_ip_nhrp_vpn_duplicate_cmd,
	"clear ip nhrp vpn duplicate [<X:X:X:X:X:X$mac|A.B.C.D$ip4|X:X::X:X$ip6>] [vpn-id (1-4294967295)$index [oui OUI$oui]]",
	CLEAR_STR
	IP_STR
	"NHRP information\n"
	"VPNs\n"
	"Let go of addresses that are held, as they moved too often\n"
	"A MAC address\n"
	"An IPv4 address\n"
	"An IPv6 address\n"
	"In one VPN only\n"
	"VPN index of the RFC 2685 VPN-ID\n"
	"Organization that gave the VPN index\n"
	"Its OUI, three octets as in 00:00:5e (default: 00:00:00)\n")
{
	struct dm_addr addr = named(mac_str, ip4_str, ip6_str);
	struct vpn_id vpn = { .index = (uint32_t)index };

	if (oui && !vpn_oui_parse(&vpn.oui, oui)) {
		vty_out(vty, "%% %s is no OUI: give three octets in hexadecimal, as in 00:00:5e\n", oui);
		return CMD_WARNING;
	}
	if (!vpn_engine_clear_duplicate(vpn_glue_engine(), index_str ? &vpn : NULL,
					dm_addr_is_set(&addr) ? &addr : NULL)) {
		vty_out(vty, "%% No such address is held as a duplicate\n");
		return CMD_WARNING;
	}
	vpn_glue_kick();
	return CMD_SUCCESS;
}

void vpn_vty_duplicate_init(void)
{
	install_element(VIEW_NODE, &show_ip_nhrp_vpn_duplicate_cmd);
	install_element(ENABLE_NODE, &clear_ip_nhrp_vpn_duplicate_cmd);
}

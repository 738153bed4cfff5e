// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show ip nhrp vpn consistency [json]: the engine's beliefs against the kernel. Main pthread.
 *
 * The answer takes a question to the zebra module, so the command is suspended: it returns
 * CMD_SUSPEND, upon which libfrr keeps back the end mark that vtysh waits for, and
 * vty_resume_response() sends it when the answer has been written. libfrr goes on reading from
 * the vtysh socket meanwhile, so a vtysh that is ended closes its vty under us: its vty_close()
 * calls vty_close_mgmt_cb, which is free in a daemon that is no front-end of mgmtd, and tells
 * us to forget. mgmtd's own commands are suspended in the same way.
 *
 * Object: a question, by its vty and format; it belongs to the engine's check until that tells it.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/command.h"
#include "lib/json.h"
#include "lib/memory.h"
#include "lib/termtable.h"
#include "lib/typesafe.h"
#include "lib/vty.h"

#include "nhrpd.h"
#include "nhrpd/vpn_glue.h"
#include "nhrpd/vpn_vty.h"

#include "nhrpd/vpn_vty_check_clippy.c"

DEFINE_MTYPE_STATIC(NHRPD, VPN_QUESTION, "Suspended VPN command");

PREDECL_DLIST(questions);

struct question {
	struct questions_item item;
	struct vty *vty;
	bool json;
};

DECLARE_DLIST(questions, struct question, item);

static struct questions_head questions = INIT_DLIST(questions);

static void drop(struct question *q)
{
	questions_del(&questions, q);
	XFREE(MTYPE_VPN_QUESTION, q);
}

/* libfrr closes a vty: whoever asked there is not there any more. */
static void vty_closes(struct vty *vty)
{
	struct question *q;

	frr_each_safe (questions, &questions, q)
		if (q->vty == vty) {
			vpn_engine_check_forget(vpn_glue_engine(), q);
			drop(q);
		}
}

/* --- the answer --- */

static json_object *json_difference(const struct vpn_difference_view *d)
{
	json_object *obj = json_object_new_object();
	char text[DM_ADDR_STRLEN];

	if (d->has_vpn)
		vpn_vty_json_vpn(obj, d->ifname, &d->vpn);
	else
		json_object_string_add(obj, "interface", d->ifname);
	json_object_int_add(obj, "ifindex", d->ifindex);
	json_object_int_add(obj, "vni", d->vni);
	json_object_string_add(obj, "object", vpn_have_name(d->kind));
	if (dm_addr_is_set(&d->addr))
		json_object_string_add(obj, "address", dm_addr_str(&d->addr, text));
	json_object_string_add(obj, "nhrpd", d->nhrpd);
	json_object_string_add(obj, "kernel", d->kernel);
	return obj;
}

static json_object *json_compared(const struct vpn_check_view *v)
{
	json_object *obj = json_object_new_object();

	for (int kind = 1; kind < DM_HAVE_KINDS; kind++)
		json_object_int_add(obj, vpn_have_name(kind), (int64_t)v->compared[kind]);
	return obj;
}

static json_object *json_answer(const struct vpn_check_view *v)
{
	json_object *obj = json_object_new_object(), *list;

	if (v->error) {
		json_object_string_add(obj, "error", v->error);
		return obj;
	}
	list = json_object_new_array();
	for (size_t i = 0; i < v->listed; i++)
		json_object_array_add(list, json_difference(&v->list[i]));
	json_object_object_add(obj, "differences", list);
	json_object_int_add(obj, "numDifferences", (int64_t)v->num);
	json_object_boolean_add(obj, "truncated", v->more || v->listed < v->num);
	json_object_object_add(obj, "compared", json_compared(v));
	json_object_int_add(obj, "notCompared", (int64_t)v->not_compared);
	json_object_int_add(obj, "looks", v->looks);
	json_object_int_add(obj, "tookMs", (int64_t)v->took_ms);
	if (v->sync_in)
		json_object_int_add(obj, "syncIn", v->sync_in);
	return obj;
}

static void text_differences(struct vty *vty, const struct vpn_check_view *v)
{
	struct ttable *table = ttable_new(&ttable_styles[TTSTYLE_BLANK]);
	char vpn[VPN_ID_STRLEN], address[DM_ADDR_STRLEN], *text;

	ttable_add_row(table, "Interface|VPN|Object|Address|nhrpd|Kernel");
	for (size_t i = 0; i < v->listed; i++) {
		const struct vpn_difference_view *d = &v->list[i];

		ttable_add_row(table, "%s|%s|%s|%s|%s|%s", d->ifname[0] ? d->ifname : "-",
			       d->has_vpn ? vpn_id_str(&d->vpn, vpn) : "-", vpn_have_name(d->kind),
			       dm_addr_is_set(&d->addr) ? dm_addr_str(&d->addr, address) : "-", d->nhrpd, d->kernel);
	}
	ttable_rowseps(table, 0, BOTTOM, true, '-');
	text = ttable_dump(table, "\n");
	vty_out(vty, "%s", text);
	XFREE(MTYPE_TMP_TTABLE, text);
	ttable_del(table);
	if (v->more || v->listed < v->num)
		vty_out(vty, "%zu differences, %zu of them shown%s\n", v->num, v->listed,
			v->more ? ", and more that were seen once" : "");
}

static void text_answer(struct vty *vty, const struct vpn_check_view *v)
{
	size_t sum = 0;

	if (v->error) {
		vty_out(vty, "%% No comparison: %s\n", v->error);
		return;
	}
	for (int kind = 1; kind < DM_HAVE_KINDS; kind++)
		sum += v->compared[kind];
	if (v->num)
		text_differences(vty, v);
	else
		vty_out(vty, "nhrpd and the kernel agree\n");
	vty_out(vty, "Compared: %zu", sum);
	for (int kind = 1; kind < DM_HAVE_KINDS; kind++)
		if (v->compared[kind])
			vty_out(vty, ", %s %zu", vpn_have_name(kind), v->compared[kind]);
	vty_out(vty, "; %u look%s, %" PRIu64 " ms\n", v->looks, v->looks == 1 ? "" : "s", v->took_ms);
	if (v->not_compared)
		vty_out(vty, "%zu instances are not ready, and not compared\n", v->not_compared);
	if (v->sync_in)
		vty_out(vty, "nhrpd or zebra started lately: what is not asked for again goes in %us\n", v->sync_in);
}

static void answered(void *arg, const struct vpn_check_view *v)
{
	struct question *q = arg;
	struct vty *vty = q->vty;

	if (q->json)
		vty_json(vty, json_answer(v));
	else
		text_answer(vty, v);
	drop(q); /* before libfrr may close the vty */
	vty_resume_response(vty, v->error ? CMD_WARNING : CMD_SUCCESS);
}

DEFPY(show_ip_nhrp_vpn_consistency, show_ip_nhrp_vpn_consistency_cmd,
	"show ip nhrp vpn consistency [json$json]",
	SHOW_STR
	IP_STR
	"NHRP information\n"
	"VPNs\n"
	"Compare with what the kernel has, and show each difference\n"
	JSON_STR)
{
	struct question *q;

	if (vty->type != VTY_SHELL_SERV) {
		vty_out(vty, "%% This command is for vtysh: its answer comes later, which no other terminal can wait for\n");
		return CMD_WARNING;
	}
	q = XCALLOC(MTYPE_VPN_QUESTION, sizeof(*q));
	q->vty = vty;
	q->json = json;
	questions_add_tail(&questions, q);
	if (!vpn_engine_check(vpn_glue_engine(), answered, q)) {
		drop(q);
		vty_out(vty, "%% Too many are asking\n");
		return CMD_WARNING;
	}
	vpn_glue_kick();
	return CMD_SUSPEND;
}

void vpn_vty_check_init(void)
{
	vty_close_mgmt_cb = vty_closes;
	install_element(VIEW_NODE, &show_ip_nhrp_vpn_consistency_cmd);
}

void vpn_vty_check_terminate(void)
{
	/* the engine has told all who asked */
	vty_close_mgmt_cb = NULL;
	questions_fini(&questions);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nhrpd's own command line beside mgmtd's transactions.
 *
 * FRR's daemons take configuration either from their own commands or from
 * mgmtd. nhrpd takes it from both: the stock lines (`ip nhrp nhs …`, `log …`)
 * come from vtysh, the VPNs from mgmtd. Two things in libfrr do not allow that
 * as they are, and this file stands in their place:
 *
 * 1. A local command edits one shared candidate and commits its difference to
 *    the running configuration. mgmtd's transactions change the running
 *    configuration alone, so the next local commit would take all of them
 *    back. Here each local command edits a fresh copy of what is running.
 * 2. A local commit is refused while a transaction of mgmtd is between prepare
 *    and apply. Here it waits in a queue until that is over, in its order.
 *
 * The same refusal would hit `interface X`, which has to answer at once, since
 * the stock lines of its block follow. Nor is it ours to put into the running
 * configuration: mgmtd does that. So here it only finds or makes the object.
 * if_cmd_init() takes the place of libfrr's function of that name for the stock
 * nhrp_vty.c, which is linked into the same program and calls it.
 *
 * Runs in nhrpd's main thread.
 */
#include <config.h>
#include <zebra.h>

#include "lib/command.h"
#include "lib/frrevent.h"
#include "lib/if.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/northbound.h"
#include "lib/northbound_cli.h"
#include "lib/typesafe.h"
#include "lib/vrf.h"
#include "lib/vty.h"

#include "nhrpd/nhrp_local_cli.h"

#include "nhrpd/nhrp_local_cli_clippy.c"

/* How often a waiting command asks whether mgmtd's transaction is over, in milliseconds. */
#define RETRY_INTERVAL 20

DECLARE_MGROUP(NHRPD);
DEFINE_MTYPE_STATIC(NHRPD, LOCAL_EDIT, "NHRP local configuration command");

PREDECL_LIST(local_edits);

/* One command's changes to the northbound, in the order they were made. */
struct local_edit {
	struct local_edits_item item;
	char *xpath_base;
	size_t count;
	struct nb_cfg_change changes[];
};

DECLARE_LIST(local_edits, struct local_edit, item);

static struct local_edits_head waiting;
static struct event_loop *main_loop;
static struct event *retry;

/* Returns an edit of its own copies; the caller frees it. */
static struct local_edit *local_edit_new(const struct vty *vty, const char *xpath_base)
{
	size_t count = vty->num_cfg_changes;
	struct local_edit *edit;

	edit = XCALLOC(MTYPE_LOCAL_EDIT, sizeof(*edit) + count * sizeof(edit->changes[0]));
	edit->xpath_base = XSTRDUP(MTYPE_LOCAL_EDIT, xpath_base);
	edit->count = count;
	for (size_t i = 0; i < count; i++) {
		edit->changes[i] = vty->cfg_changes[i];
		if (edit->changes[i].value)
			edit->changes[i].value = XSTRDUP(MTYPE_LOCAL_EDIT,
							 edit->changes[i].value);
	}
	return edit;
}

static void local_edit_free(struct local_edit *edit)
{
	for (size_t i = 0; i < edit->count; i++) {
		char *value = (char *)edit->changes[i].value;

		XFREE(MTYPE_LOCAL_EDIT, value);
	}
	XFREE(MTYPE_LOCAL_EDIT, edit->xpath_base);
	XFREE(MTYPE_LOCAL_EDIT, edit);
}

/*
 * Commit an edit on top of what is running now. Returns NB_OK, or what failed,
 * with the reason in errmsg; NB_ERR_LOCKED while mgmtd is in a transaction.
 */
static int local_edit_commit(struct local_edit *edit, const void *user, char *errmsg, size_t size)
{
	struct nb_context context = { .client = NB_CLIENT_CLI, .user = user };
	struct nb_config *candidate = nb_config_dup(running_config);
	bool edit_failed = false;
	int ret = NB_ERR;

	nb_candidate_edit_config_changes(candidate, edit->changes, edit->count, edit->xpath_base,
					 false, errmsg, size, &edit_failed);
	if (!edit_failed)
		ret = nb_candidate_commit(context, candidate, false, NULL, NULL, errmsg, size);
	nb_config_free(candidate);
	return ret == NB_ERR_NO_CHANGES ? NB_OK : ret;
}

static void commit_waiting(struct event *event)
{
	struct local_edit *edit;
	char errmsg[BUFSIZ];

	while ((edit = local_edits_first(&waiting))) {
		int ret;

		errmsg[0] = '\0';
		ret = local_edit_commit(edit, NULL, errmsg, sizeof(errmsg));
		if (ret == NB_ERR_LOCKED) {
			event_add_timer_msec(main_loop, commit_waiting, NULL, RETRY_INTERVAL,
					     &retry);
			return;
		}
		if (ret != NB_OK)
			zlog_warn("a command of %s, held back by a transaction of mgmtd, failed: %s",
				  edit->xpath_base, errmsg);
		local_edits_pop(&waiting);
		local_edit_free(edit);
	}
}

/* In place of libfrr's commit for each command that changes the northbound. */
static int apply_local_changes(struct vty *vty, const char *xpath_base)
{
	struct local_edit *edit = local_edit_new(vty, xpath_base);
	char errmsg[BUFSIZ] = "";
	int ret = NB_ERR_LOCKED;

	if (local_edits_count(&waiting) == 0)
		ret = local_edit_commit(edit, vty, errmsg, sizeof(errmsg));
	if (ret == NB_ERR_LOCKED) {
		local_edits_add_tail(&waiting, edit);
		event_add_timer_msec(main_loop, commit_waiting, NULL, RETRY_INTERVAL, &retry);
		return CMD_SUCCESS;
	}
	local_edit_free(edit);
	if (ret == NB_OK)
		return CMD_SUCCESS;
	vty_out(vty, "%% Configuration failed: %s\n", errmsg);
	return CMD_WARNING_CONFIG_FAILED;
}

void nhrp_local_cli_init(struct event_loop *loop)
{
	main_loop = loop;
	local_edits_init(&waiting);
	nb_cli_apply_changes_mgmt_cb = apply_local_changes;
}

void nhrp_local_cli_terminate(void)
{
	struct local_edit *edit;

	nb_cli_apply_changes_mgmt_cb = NULL;
	event_cancel(&retry);
	while ((edit = local_edits_pop(&waiting)))
		local_edit_free(edit);
}

#define IFNAME_HELP "Its name, with or without a device of that name\n"
#define VRF_HELP    "Where VRFs are network namespaces, which of them\n" "Name of the VRF\n"

/* The object of an interface, in whatever VRF; NULL where there is none. */
static struct interface *find_interface(const char *ifname)
{
	struct interface *ifp = NULL;
	struct vrf *each;

	RB_FOREACH (each, vrf_name_head, &vrfs_by_name)
		ifp = ifp ? ifp : if_lookup_by_name_vrf(ifname, each);
	return ifp;
}

/* Returns CMD_SUCCESS with the terminal in the block of the interface. */
static int enter_interface(struct vty *vty, const char *ifname, const char *vrf_name)
{
	struct interface *ifp;

	if (strlen(ifname) >= IFNAMSIZ) {
		vty_out(vty, "%% Interface name %s is longer than %d characters\n", ifname,
			IFNAMSIZ - 1);
		return CMD_WARNING_CONFIG_FAILED;
	}
	ifp = if_get_by_name(ifname, VRF_UNKNOWN, vrf_name);
	if (!ifp) {
		vty_out(vty, "%% Interface %s cannot be made\n", ifname);
		return CMD_WARNING_CONFIG_FAILED;
	}
	/* keeps the object, and the lines of its block, while there is no device */
	ifp->configured = true;
	VTY_PUSH_CONTEXT(INTERFACE_NODE, ifp);
	return CMD_SUCCESS;
}

DEFPY_NOSH(nhrp_interface,
	   nhrp_interface_cmd,
	   "interface IFNAME$ifname [vrf NAME$netns]",
	   "Enter the block of an interface\n"
	   IFNAME_HELP
	   VRF_HELP)
{
	/* as in libfrr, `vrf` counts only where VRFs are namespaces */
	return enter_interface(vty, ifname,
			       netns && vrf_is_backend_netns() ? netns : VRF_DEFAULT_NAME);
}

/* One that mgmtd knows is left to mgmtd: the running configuration refers to the object. */
static bool mgmtd_knows(const char *ifname)
{
	return running_config->dnode &&
	       yang_dnode_existsf(running_config->dnode, "/frr-interface:lib/interface[name='%s']",
				  ifname);
}

DEFPY_NOSH(nhrp_no_interface,
	   nhrp_no_interface_cmd,
	   "no interface IFNAME$ifname [vrf NAME$netns]",
	   NO_STR
	   "Forget the lines of an interface that has no device\n"
	   IFNAME_HELP
	   VRF_HELP)
{
	struct interface *ifp = find_interface(ifname);

	if (ifp && CHECK_FLAG(ifp->status, ZEBRA_INTERFACE_ACTIVE)) {
		vty_out(vty, "%% Interface %s has a device: delete that first\n", ifname);
		return CMD_WARNING_CONFIG_FAILED;
	}
	if (ifp && !mgmtd_knows(ifname)) {
		ifp->configured = false;
		if_delete(&ifp);
	}
	return CMD_SUCCESS;
}

/* vtysh sends descriptions to every daemon with interfaces; it is mgmtd that keeps them. */
DEFPY_NOSH(nhrp_description,
	   nhrp_description_cmd,
	   "description LINE...",
	   "What the interface is for\n"
	   "Any text\n")
{
	return CMD_SUCCESS;
}

DEFPY_NOSH(nhrp_no_description,
	   nhrp_no_description_cmd,
	   "no description",
	   NO_STR
	   "What the interface is for\n")
{
	return CMD_SUCCESS;
}

static void complete_ifname(vector completions, struct cmd_token *token)
{
	struct interface *each;
	struct vrf *in;

	RB_FOREACH (in, vrf_name_head, &vrfs_by_name)
		FOR_ALL_INTERFACES (in, each)
			vector_set(completions, XSTRDUP(MTYPE_COMPLETION, each->name));
}

/* the tokens that stand for an interface in the stock commands and ours */
static const struct cmd_variable_handler completions_of_ifname[] = {
	{ .completions = complete_ifname, .tokenname = "IFNAME" },
	{ .completions = complete_ifname, .tokenname = "INTERFACE" },
	{ .completions = complete_ifname, .varname = "interface" },
	{ .completions = NULL },
};

static struct cmd_node interface_block = {
	.parent_node = CONFIG_NODE,
	.prompt = "%s(config-if)# ",
	.node = INTERFACE_NODE,
	.name = "interface",
};

void if_cmd_init(int (*config_write)(struct vty *))
{
	interface_block.config_write = config_write;
	install_node(&interface_block);
	install_element(CONFIG_NODE, &nhrp_interface_cmd);
	install_element(CONFIG_NODE, &nhrp_no_interface_cmd);
	install_element(INTERFACE_NODE, &nhrp_description_cmd);
	install_element(INTERFACE_NODE, &nhrp_no_description_cmd);
	install_default(INTERFACE_NODE);
	cmd_variable_handler_register(completions_of_ifname);
}

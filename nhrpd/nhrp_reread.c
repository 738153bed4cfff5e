// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mgmtd starts anew, and with it the configuration: lines that were removed from frr.conf
 * meanwhile have to go here, but not because mgmtd has not read any yet.
 *
 * mgmtd sends all that it has when it is connected, and changes later; it never says what
 * it does not have. So at each connection what nhrpd has of VPNs and key chains is moved
 * from the running configuration into `awaited`, without a callback: all stays in
 * force. What mgmtd sends is new then, and its callbacks repeat what the engine has. When mgmtd
 * has read its configuration (the mark of mgmtd/nhrp_read_mark.h) and that has come, the rest is what was
 * removed: both are put together as the running configuration for a moment, and a
 * commit of what was sent takes the rest away by the ordinary callbacks.
 *
 *   connected ── set aside ──> looking, twice a second
 *                                 │ no mark: mgmtd has not read anything. Nothing changes, for however long
 *                                 │ a mark, and half a second since the last transaction about VPNs
 *                                 │ a mark, and no such transaction for 10 s: there is no line any more
 *                                 v
 *                              commit ──> complete; the engine may say SYNC_END
 *   lost ── what is awaited goes back ──> as before
 *
 * Called in nhrpd's main thread, by nhrp_nb.c and vpn_config.c.
 *
 * What it does not do: the stock code's lines, which vtysh gives nhrpd itself.
 */
#include <config.h>
#include <zebra.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/frrevent.h"
#include "lib/libfrr.h"
#include "lib/log.h"
#include "lib/monotime.h"
#include "lib/northbound.h"
#include "lib/yang.h"

#include "mgmtd/nhrp_read_mark.h"
#include "nhrpd/nhrp_reread.h"
#include "nhrpd/vpn_glue.h"

#define LOOK 500	/* ms between two looks */
#define SETTLES 500	/* ms after a transaction until no other follows it */
#define PATIENCE 10000	/* ms for what has been read to come, when nothing of VPNs has */
#define LOCKED 20	/* ms until a commit that mgmtd's own stands in the way of is tried again */

/* What is set aside; lists below containers that stay, as they may be the first of the tree. */
static const char *const ours[] = {
	"/frr-interface:lib/interface/frr-nhrpd:nhrp",
	"/ietf-key-chain:key-chains/key-chain",
};

static struct event_loop *main_loop;
static struct event *t_look;
static struct lyd_node *awaited;
static bool connected, complete;
static bool came;	     /* something about VPNs, since it is connected */
static struct timeval last;  /* … the last time; else when the mark was seen */

static bool has_read(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/" NHRP_READ_MARK, frr_runstatedir);
	return access(path, F_OK) == 0;
}

static void look(struct event *t);

static void look_in(long ms)
{
	event_add_timer_msec(main_loop, look, NULL, ms, &t_look);
}

/* Copies one node to `awaited` and takes it out of the running configuration. */
static void set_aside(struct lyd_node *node)
{
	const uint32_t how = LYD_DUP_RECURSIVE | LYD_DUP_WITH_PARENTS | LYD_DUP_WITH_FLAGS;
	struct lyd_node *copy = NULL;

	if (lyd_dup_single(node, NULL, how, &copy) != LY_SUCCESS)
		return;
	while (lyd_parent(copy))
		copy = lyd_parent(copy);
	if (lyd_merge_siblings(&awaited, copy, LYD_MERGE_DESTRUCT) == LY_SUCCESS)
		lyd_free_tree(node);
}

static void set_aside_all(void)
{
	struct ly_set *found;

	for (size_t i = 0; i < array_size(ours) && running_config->dnode; i++) {
		if (lyd_find_xpath(running_config->dnode, ours[i], &found) != LY_SUCCESS)
			continue;
		for (uint32_t n = 0; n < found->count; n++)
			set_aside(found->dnodes[n]);
		ly_set_free(found, NULL);
	}
}

/* The running configuration is again all that is in force. */
static void put_back(void)
{
	if (awaited && lyd_merge_siblings(&running_config->dnode, awaited, 0) != LY_SUCCESS)
		zlog_err("the configuration of before mgmtd's restart is not shown any more, though in force");
}

static void drop_awaited(void)
{
	lyd_free_all(awaited);
	awaited = NULL;
}

static void completed(void)
{
	drop_awaited();
	if (!complete)
		zlog_info("the configuration of VPNs is complete");
	complete = true;
	vpn_engine_configuring(vpn_glue_engine(), false);
}

/* What was sent is to be all. Returns false when it has to be tried again. */
static bool commit(void)
{
	struct nb_context context = { .client = NB_CLIENT_CLI };
	struct nb_config *sent = nb_config_dup(running_config);
	char errmsg[BUFSIZ] = "";
	int ret;

	put_back();
	ret = nb_candidate_commit(context, sent, false, "mgmtd's restart", NULL, errmsg, sizeof(errmsg));
	if (ret == NB_ERR_LOCKED)
		nb_config_replace(running_config, sent, true);
	else if (ret != NB_OK && ret != NB_ERR_NO_CHANGES)
		zlog_err("what was removed from the configuration while mgmtd was away stays in force: %s", errmsg);
	nb_config_free(sent);
	return ret != NB_ERR_LOCKED;
}

static void look(struct event *t)
{
	int64_t since;

	if (!has_read()) {
		last = (struct timeval){};
		look_in(LOOK);
		return;
	}
	if (!last.tv_sec && !last.tv_usec)
		monotime(&last);
	since = monotime_since(&last, NULL) / 1000;
	if (since < (came ? SETTLES : PATIENCE))
		look_in(LOOK);
	else if (awaited && !commit())
		look_in(LOCKED);
	else
		completed();
}

void nhrp_reread_connected(void)
{
	connected = true;
	came = false;
	last = (struct timeval){};
	set_aside_all();
	look_in(LOOK);
}

void nhrp_reread_lost(void)
{
	if (!connected)
		return;
	connected = false;
	event_cancel(&t_look);
	put_back();
	drop_awaited();
}

void nhrp_reread_came(void)
{
	came = true;
	monotime(&last);
}

const struct lyd_node *nhrp_reread_awaited(void)
{
	return awaited;
}

void nhrp_reread_forget_interface(const char *ifname)
{
	struct lyd_node *interface = awaited ? yang_dnode_getf(awaited, "/frr-interface:lib/interface[name='%s']", ifname)
					     : NULL;

	if (interface)
		lyd_free_tree(interface); /* below a container, so `awaited` stays what it points to */
}

void nhrp_reread_init(struct event_loop *loop)
{
	main_loop = loop;
	vpn_engine_configuring(vpn_glue_engine(), true);
}

void nhrp_reread_terminate(void)
{
	event_cancel(&t_look);
	drop_awaited();
}

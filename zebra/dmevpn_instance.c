// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VPN instances. Objects: an instance by (ifindex, vlan).
 *
 * nhrpd says which device serves which VPN in which role; here it is found out
 * whether the device can, what has to be set is set, and the outcome is told:
 * ready, or a reason. Any event that concerns the device, its bridge, or the instance's VLAN or VNI
 * makes that be done again (in one go, after all events at hand were read), so it
 * heals by itself when the reason goes. A hub's device has thousands of instances: what one of
 * them sets comes back as events about its VLAN and VNI, which are none of the others' business. Those
 * that are examined together are set together (dm_device_vlans()).
 *
 *    INSTANCE_SET --> set, dirty --> examine() --> INSTANCE_STATE
 *    link events  --> dirty ----------^
 *
 * What is taken back when an instance ends follows from the noted changes
 * (dmevpn_undo.c): each that no instance needs any more. So it also works for
 * changes an earlier zebra made. From the start of zebra, and of nhrpd, on until nhrpd has
 * restated everything (SYNC_END) nobody knows what is needed, and nothing is taken back
 * but what belongs to a VPN that nhrpd ends by name.
 *
 * A VPN ends from the outside in: first the device stops receiving its VNI, then
 * the switch forgets it. The other way round, frames of strangers would get in.
 *
 * All functions run on zebra's main pthread.
 */
#include <config.h>

#include <string.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/jhash.h"
#include "lib/log.h"
#include "lib/monotime.h"
#include "lib/typesafe.h"

#include "zebra/dmevpn_device.h"
#include "zebra/dmevpn_fdb.h"
#include "zebra/dmevpn_instance.h"
#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_members.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_suppress.h"
#include "zebra/dmevpn_switch.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_INSTANCE, "VPN instance");

/* seconds after which an instance that came late is swept, too; nhrpd gives itself 30 */
#define LATE_SWEEP 35
/* milliseconds until what could not be taken back is tried again */
#define RETRY_MS 1000
/* milliseconds between two examinations: a setting that does not stick must not keep zebra busy */
#define EXAMINE_MS 20
#define TOUCHED_MAX 16
#define VLANS 4096
#define VNI_MAX 0xffffff
/* VNIs of an event that are looked up one by one */
#define VNIS_FEW 4096

PREDECL_RBTREE_UNIQ(instance_tree);
PREDECL_HASH(vni_table);

struct instance {
	struct instance_tree_item item;
	struct vni_table_item vni_item; /* while info.vni is not 0 */
	struct dm_instance_info info;
	bool dirty;  /* to be examined */
	bool opened; /* its VPN is; the device's settings for it are to follow */
	bool marked; /* nhrpd has not asked for it again yet */
	struct dm_instance_info told; /* what nhrpd was told last; ifindex 0: nothing */
};

static int instance_cmp(const struct instance *a, const struct instance *b)
{
	int diff = numcmp(a->info.ifindex, b->info.ifindex);

	return diff ? diff : numcmp(a->info.vlan, b->info.vlan);
}

static int vni_cmp(const struct instance *a, const struct instance *b)
{
	int diff = numcmp(a->info.ifindex, b->info.ifindex);

	return diff ? diff : numcmp(a->info.vni, b->info.vni);
}

static uint32_t vni_hash(const struct instance *i)
{
	return jhash_2words(i->info.ifindex, i->info.vni, 0x766e69);
}

DECLARE_RBTREE_UNIQ(instance_tree, struct instance, item, instance_cmp);
DECLARE_HASH(vni_table, struct instance, vni_item, vni_cmp, vni_hash);

static struct instance_tree_head instances = INIT_RBTREE_UNIQ(instances);
static struct vni_table_head by_vni = INIT_HASH(by_vni);
static struct event_loop *loop_main;
static struct event *t_examine, *t_sweep, *t_retry;
static struct timeval examined; /* last time */
/* nhrpd will say when it has restated everything; so it is when zebra starts */
static bool awaiting_sweep = true;

/* Devices, or VLANs of their ports, and bridges that events were about since then; more than fit: all. */
static struct touch {
	uint32_t ifindex;
	uint16_t first, last; /* VLANs; 0 to VLANS for all that the device has */
} touched[TOUCHED_MAX];
static unsigned int n_touched;
static bool touched_all;
static unsigned int n_not_ready; /* instances */
static uint64_t n_examined;
static bool any_ended; /* changes may not be needed any more: something ended that they were made for */

static const struct dm_instance_ops *ops;

static struct instance *find(uint32_t ifindex, uint16_t vlan)
{
	struct instance key = {.info = {.ifindex = ifindex, .vlan = vlan}};

	return instance_tree_find(&instances, &key);
}

static struct instance *find_vni(uint32_t ifindex, uint32_t vni)
{
	struct instance key = {.info = {.ifindex = ifindex, .vni = vni}};

	return vni ? vni_table_find(&by_vni, &key) : NULL;
}

static void set_vni(struct instance *i, uint32_t vni)
{
	if (i->info.vni)
		vni_table_del(&by_vni, i);
	i->info.vni = vni;
	if (vni)
		vni_table_add(&by_vni, i);
}

/* The device's instance with the lowest VLAN; the others follow it in the tree. */
static struct instance *first_of(uint32_t ifindex)
{
	struct instance key = {.info = {.ifindex = ifindex}};
	struct instance *i = instance_tree_find_gteq(&instances, &key);

	return i && i->info.ifindex == ifindex ? i : NULL;
}

/* An instance of the device in that role; NULL when there is none. */
static struct instance *first_in_role(uint32_t ifindex, enum dm_role role)
{
	struct instance *i = first_of(ifindex);

	while (i && i->info.ifindex == ifindex && i->info.role != role)
		i = instance_tree_next(&instances, i);
	return i && i->info.ifindex == ifindex ? i : NULL;
}

const struct dm_instance_info *dm_instance_find(uint32_t ifindex, uint32_t vni)
{
	struct instance *i = find_vni(ifindex, vni);

	return i ? &i->info : NULL;
}

bool dm_instance_is_hub(uint32_t ifindex, uint32_t vni)
{
	const struct dm_instance_info *info = dm_instance_find(ifindex, vni);

	return info && info->role == DM_ROLE_HUB;
}

const struct dm_instance_info *dm_instance_after(uint32_t ifindex, uint16_t vlan)
{
	struct instance key = {.info = {.ifindex = ifindex, .vlan = vlan + 1}};
	struct instance *i = instance_tree_find_gteq(&instances, &key);

	return i ? &i->info : NULL;
}

uint64_t dm_instances_examined(void)
{
	return n_examined;
}

void dm_instances_each(void (*each)(const struct dm_instance_info *info, void *arg), void *arg)
{
	struct instance *i;

	frr_each (instance_tree, &instances, i)
		each(&i->info, arg);
}

static void clean_up(void);

/* --- what is still needed ------------------------------------------------------- */

static bool serves_bridge(const struct instance *i, uint32_t bridge)
{
	const struct nlm_link *link = dm_link_find(i->info.ifindex);

	return link && i->info.role == DM_ROLE_HUB && link->master == bridge;
}

static bool any_serves_bridge(uint32_t bridge)
{
	struct instance *i;

	frr_each (instance_tree, &instances, i)
		if (serves_bridge(i, bridge))
			return true;
	return false;
}

static bool is_needed(const struct dm_undo *u)
{
	struct instance *i;

	switch ((enum dm_undo_kind)u->kind) {
	case DM_UNDO_LEARNING:
		return first_of(u->ifindex);
	case DM_UNDO_HAIRPIN:
	case DM_UNDO_VLAN_TUNNEL:
		return first_in_role(u->ifindex, DM_ROLE_HUB);
	case DM_UNDO_SNOOPING:
		return any_serves_bridge(u->ifindex);
	case DM_UNDO_VLAN:
	case DM_UNDO_VLAN_FLAGS:
	case DM_UNDO_TUNNEL:
		i = find(u->ifindex, u->vlan);
		return i && i->info.role == DM_ROLE_HUB;
	case DM_UNDO_VNI:
		return find_vni(u->ifindex, u->vni);
	case DM_UNDO_FLOOD_OURS:
	case DM_UNDO_FLOOD:
		return first_in_role(u->ifindex, DM_ROLE_SPOKE);
	case DM_UNDO_SUPPRESS:
	case DM_UNDO_FORWARD_GRAT:
	case DM_UNDO_NEIGHBOURS:
	case DM_UNDO_BRIDGE_MACS:
		return dm_suppress_needs(u);
	}
	return false;
}

static void retry(struct event *event)
{
	clean_up();
}

static bool take_back_unneeded(const struct dm_undo *undo, void *arg)
{
	if (is_needed(undo))
		return false;
	if (dm_device_take_back(undo))
		return true;
	event_add_timer_msec(loop_main, retry, NULL, RETRY_MS, &t_retry);
	return false;
}

/* Takes one change back at once, if it was made. */
static void take_back(struct dm_undo undo)
{
	if (dm_undo_has(&undo) && dm_device_take_back(&undo))
		dm_undo_drop(&undo);
}

/* The device does not receive a VNI any more. */
static void shut(uint32_t ifindex, uint32_t vni)
{
	take_back((struct dm_undo){.kind = DM_UNDO_VNI, .ifindex = ifindex, .vni = vni});
}

static void clean_up(void)
{
	uint32_t ifindex = 0;

	any_ended = false;
	if (!awaiting_sweep)
		dm_undo_each(take_back_unneeded, NULL);
	dm_undo_save();
	while (!awaiting_sweep && (ifindex = dm_switch_next_attached(ifindex)))
		if (!first_in_role(ifindex, DM_ROLE_HUB))
			dm_switch_detach(ifindex);
	/* no device leads a closed VPN's VNI into its bridge any more, unless the user wants it */
	if (!awaiting_sweep)
		dm_vpns_release();
}

/* --- examining ------------------------------------------------------------------ */

/* The VPN leaves this VNI: the end of the instance, or another mapping. */
static void leave_vni(struct instance *i)
{
	uint32_t vni = i->info.vni;

	if (!vni)
		return;
	any_ended = true;
	set_vni(i, 0);
	shut(i->info.ifindex, vni);
	take_back((struct dm_undo){.kind = DM_UNDO_TUNNEL,
				   .ifindex = i->info.ifindex,
				   .vlan = i->info.vlan,
				   .vni = vni});
	dm_fdb_clear(i->info.ifindex, vni);
	dm_vpn_close(i->info.ifindex, vni);
}

struct vni_use {
	uint32_t ifindex, vni;
	bool used;
};

static void look_for_vni(const struct nlm_link *link, void *arg)
{
	struct vni_use *use = arg;

	if (link->ifindex != use->ifindex && (link->vni == use->vni || find_vni(link->ifindex, use->vni)))
		use->used = true;
}

/*
 * Two VXLAN devices of one UDP port cannot both receive a VNI, so on a second device the VNI of a
 * VLAN is that of the next block of 4,096.
 */
static uint32_t free_vni(const struct instance *i)
{
	struct vni_use use = {.ifindex = i->info.ifindex, .vni = i->info.vlan};

	do {
		use.vni += VLANS;
		use.used = false;
		dm_links_each(look_for_vni, &use);
	} while (use.used && use.vni + VLANS <= VNI_MAX);
	return use.vni;
}

static bool open_vpn(struct instance *i, const struct nlm_link *link, uint32_t vni, char *reason)
{
	struct instance *other = find_vni(link->ifindex, vni);
	int err;

	if (other && other != i) {
		snprintf(reason, DM_REASON_LEN, "VNI %u serves VLAN %u of %s already", vni,
			 other->info.vlan, link->name);
		return false;
	}
	err = dm_vpn_open(link->ifindex, vni, &link->local);
	if (err)
		snprintf(reason, DM_REASON_LEN, "%s: the BPF switch takes no further VPN: %s",
			 link->name, safe_strerror(err));
	else
		set_vni(i, vni);
	return !err;
}

/* The first half of what makes a VPN of a hub: the switch is in place before the first frame of it can arrive. */
static bool open_hub(struct instance *i, const struct nlm_link *link, char *reason)
{
	uint32_t vni = dm_device_vlan_vni(link, i->info.vlan);

	if (!vni)
		vni = free_vni(i);
	if (i->info.vni != vni)
		leave_vni(i);
	return open_vpn(i, link, vni, reason) &&
	       dm_switch_attach(link->ifindex, reason, DM_REASON_LEN);
}

static bool make_spoke(struct instance *i, const struct nlm_link *link, char *reason)
{
	if (!link->external)
		set_vni(i, link->vni);
	return dm_device_spoke(link, reason);
}

/* What all instances of a device need of it. */
static bool ready_device(uint32_t ifindex, const struct nlm_link *link, char *reason)
{
	int err;

	if (!link || link->kind != NLM_VXLAN) {
		snprintf(reason, DM_REASON_LEN, "device %u is not there or no VXLAN device", ifindex);
		return false;
	}
	err = dm_fdb_adopt(link);
	if (err)
		snprintf(reason, DM_REASON_LEN, "%s: cannot read its entries: %s", link->name,
			 safe_strerror(-err));
	return !err;
}

static void tell(struct instance *i, bool has_state)
{
	i->told = i->info;
	ops->told(&i->info, has_state);
}

/* Keeps what came of an examination, and tells it when it is news. */
static void conclude(struct instance *i, bool ready, const char *reason)
{
	bool is_new = !i->told.ifindex;
	char id[VPN_ID_STRLEN];

	i->dirty = i->opened = false;
	n_examined++;
	n_not_ready += i->info.ready - ready;
	i->info.ready = ready;
	memset(i->info.reason, 0, sizeof(i->info.reason));
	if (!ready)
		strlcpy(i->info.reason, reason, sizeof(i->info.reason));
	if (!is_new && memcmp(&i->told, &i->info, sizeof(i->told)) == 0)
		return;
	if (!ready && (is_new || strcmp(i->told.reason, i->info.reason) != 0))
		zlog_info("dmevpn: VPN %s is not ready: %s", vpn_id_str(&i->info.vpn, id), i->info.reason);
	tell(i, is_new || i->told.vni != i->info.vni);
}

/* The next instance of the same device that is to be examined, from I on; NULL when there is none. */
static struct instance *next_dirty(struct instance *i, uint32_t ifindex)
{
	while (i && i->info.ifindex == ifindex && !i->dirty)
		i = instance_tree_next(&instances, i);
	return i && i->info.ifindex == ifindex ? i : NULL;
}

/* All instances of a hub's device that are to be examined; what they lack of the device is set in one go. */
static void examine_hubs(struct instance *first, const struct nlm_link *link)
{
	static struct dm_vlan_vni wanted[VLANS];
	char reason[DM_REASON_LEN];
	struct instance *i;
	size_t n = 0;

	for (i = first; i; i = next_dirty(instance_tree_next(&instances, i), link->ifindex)) {
		reason[0] = '\0';
		i->opened = i->info.role == DM_ROLE_HUB && open_hub(i, link, reason);
		if (i->opened && n < VLANS)
			wanted[n++] = (struct dm_vlan_vni){i->info.vlan, i->info.vni};
		else if (i->info.role == DM_ROLE_HUB)
			conclude(i, false, reason);
	}
	dm_device_vlans(link, wanted, n);
	for (i = first; i; i = next_dirty(instance_tree_next(&instances, i), link->ifindex)) {
		reason[0] = '\0';
		if (i->opened)
			conclude(i, dm_device_vlan(link, i->info.vlan, i->info.vni, reason), reason);
	}
}

/* FIRST is the first of its device that is to be examined. */
static void examine_device(struct instance *first)
{
	uint32_t ifindex = first->info.ifindex;
	const struct nlm_link *link = dm_link_find(ifindex);
	char reason[DM_REASON_LEN] = "", own[DM_REASON_LEN];
	bool able = ready_device(ifindex, link, reason);
	struct instance *i;

	/* the device is asked once: what it is set to now is not heard of before the next event */
	if (able && first_in_role(ifindex, DM_ROLE_HUB) && ops->load_switch(reason, sizeof(reason)) &&
	    dm_device_hub(link, reason))
		examine_hubs(first, link);
	for (i = next_dirty(first, ifindex); i; i = next_dirty(i, ifindex)) {
		own[0] = '\0';
		if (able && i->info.role == DM_ROLE_SPOKE)
			conclude(i, make_spoke(i, link, own), own);
		else
			conclude(i, false, reason);
	}
}

/*
 * What an instance that is not ready waits for may be about another device: a VNI that gets free.
 */
static bool was_touched(const struct instance *i)
{
	unsigned int n;

	if (!i->info.ready && n_touched)
		return true;
	for (n = 0; n < n_touched; n++)
		if ((i->info.ifindex == touched[n].ifindex && i->info.vlan >= touched[n].first &&
		     i->info.vlan <= touched[n].last) ||
		    serves_bridge(i, touched[n].ifindex))
			return true;
	return touched_all;
}

static void examine_dirty(void)
{
	struct instance *i;

	dm_device_invalidate();
	frr_each (instance_tree, &instances, i)
		i->dirty |= was_touched(i);
	n_touched = 0;
	touched_all = false;
	frr_each (instance_tree, &instances, i)
		if (i->dirty)
			examine_device(i);
	monotime(&examined);
}

static void examine_event(struct event *event)
{
	examine_dirty();
	if (any_ended)
		clean_up();
}

static void schedule(void)
{
	if (monotime_since(&examined, NULL) > EXAMINE_MS * 1000)
		event_add_event(loop_main, examine_event, NULL, 0, &t_examine);
	else
		event_add_timer_msec(loop_main, examine_event, NULL, EXAMINE_MS, &t_examine);
}

/* Returns false when what is noted of the device cannot take in these VLANs as well. */
static bool extend(struct touch *t, uint32_t ifindex, uint16_t first, uint16_t last)
{
	if (t->ifindex != ifindex || first > t->last + 1 || last + 1 < t->first)
		return false;
	t->first = MIN(t->first, first);
	t->last = MAX(t->last, last);
	return true;
}

void dm_instances_touch_vlans(uint32_t ifindex, uint16_t first, uint16_t last)
{
	unsigned int n;

	dm_device_invalidate();
	schedule();
	for (n = 0; n < n_touched; n++)
		if (extend(&touched[n], ifindex, first, last))
			return;
	if (n_touched < TOUCHED_MAX)
		touched[n_touched++] = (struct touch){ifindex, first, last};
	else
		touched_all = true;
}

void dm_instances_touch(uint32_t ifindex)
{
	any_ended = true;
	dm_instances_touch_vlans(ifindex, 0, VLANS);
}

void dm_instances_touch_vnis(uint32_t ifindex, uint32_t first, uint32_t last)
{
	struct instance *i;
	uint32_t vni;

	if (last - first >= VNIS_FEW) {
		dm_instances_touch_vlans(ifindex, 0, VLANS);
		return;
	}
	dm_device_invalidate();
	for (vni = first; vni <= last; vni++) {
		i = find_vni(ifindex, vni);
		if (i)
			dm_instances_touch_vlans(ifindex, i->info.vlan, i->info.vlan);
	}
	/* whoever could not have the VNI so far */
	if (n_not_ready)
		dm_instances_touch_vlans(ifindex, VLANS, VLANS);
}

static bool belongs_to(const struct dm_undo *undo, void *arg)
{
	return undo->ifindex == *(uint32_t *)arg;
}

static void close_vpn_of(uint32_t ifindex, uint32_t vni, void *arg)
{
	if (ifindex == *(uint32_t *)arg)
		dm_vpn_close(ifindex, vni);
}

void dm_instances_device_gone(uint32_t ifindex)
{
	struct instance *i;

	dm_undo_each(belongs_to, &ifindex);
	dm_fdb_forget(ifindex);
	dm_vpns_each(close_vpn_of, &ifindex);
	dm_switch_detach(ifindex);
	frr_each (instance_tree, &instances, i)
		if (i->info.ifindex == ifindex)
			set_vni(i, 0);
	dm_instances_touch(ifindex);
}

/* --- setting and ending ------------------------------------------------------------ */

static void sweep_late(struct event *event)
{
	dm_instances_sweep();
}

void dm_instance_set(const struct dm_instance *wanted)
{
	struct instance *i = find(wanted->ifindex, wanted->vlan);
	bool was_marked = i && i->marked;

	if (i && i->info.role != wanted->role) {
		dm_instance_del(wanted->ifindex, wanted->vlan);
		i = NULL;
	}
	if (!i) {
		i = XCALLOC(MTYPE_DM_INSTANCE, sizeof(*i));
		i->info.ifindex = wanted->ifindex;
		i->info.vlan = wanted->vlan;
		i->info.role = wanted->role;
		instance_tree_add(&instances, i);
		n_not_ready++;
		/* what is adopted for it is swept even when nhrpd's own SYNC_END was before */
		event_cancel(&t_sweep);
		if (!awaiting_sweep)
			event_add_timer(loop_main, sweep_late, NULL, LATE_SWEEP, &t_sweep);
	}
	i->info.vpn = wanted->vpn;
	i->marked = false;
	if (i->told.ifindex)
		tell(i, was_marked);
	i->dirty = true;
	schedule();
}

void dm_instance_del(uint32_t ifindex, uint16_t vlan)
{
	struct instance *i = find(ifindex, vlan);

	if (!i)
		return;
	ops->ended(&i->info);
	instance_tree_del(&instances, i);
	n_not_ready -= !i->info.ready;
	leave_vni(i);
	XFREE(MTYPE_DM_INSTANCE, i);
	/* the rest once for all that end now */
	any_ended = true;
	schedule();
}

/* --- mark and sweep ------------------------------------------------------------------ */

void dm_instances_mark(void)
{
	struct instance *i;

	event_cancel(&t_sweep);
	awaiting_sweep = true;
	frr_each (instance_tree, &instances, i)
		i->marked = true;
	dm_members_mark();
	dm_fdb_mark();
	dm_suppress_mark();
}

/* An instance of the device whose VNI is not known yet: any could be its. */
static bool awaits_vni(uint32_t ifindex)
{
	struct instance *i = first_of(ifindex);

	while (i && i->info.ifindex == ifindex && i->info.vni)
		i = instance_tree_next(&instances, i);
	return i && i->info.ifindex == ifindex;
}

/*
 * Members and entries of a VPN that is not ours to judge stay: those of an external device
 * may be anybody's, a hub's VPNs are known from the switch.
 */
static bool is_not_ours(uint32_t ifindex, uint32_t vni)
{
	const struct nlm_link *link = dm_link_find(ifindex);

	if (find_vni(ifindex, vni))
		return false;
	return !link || link->external || first_of(ifindex);
}

static void close_unclaimed(uint32_t ifindex, uint32_t vni, void *arg)
{
	if (find_vni(ifindex, vni))
		return;
	if (awaits_vni(ifindex)) {
		event_add_timer(loop_main, sweep_late, NULL, LATE_SWEEP, &t_sweep);
		return;
	}
	shut(ifindex, vni);
	dm_fdb_clear(ifindex, vni);
	dm_vpn_close(ifindex, vni);
}

void dm_instances_sweep(void)
{
	struct instance *i;

	/* what was set in the same breath has its VNI now */
	examine_dirty();
	frr_each_safe (instance_tree, &instances, i)
		if (i->marked)
			dm_instance_del(i->info.ifindex, i->info.vlan);
	awaiting_sweep = false;
	dm_vpns_each(close_unclaimed, NULL);
	dm_members_sweep(is_not_ours);
	dm_fdb_sweep(is_not_ours);
	dm_suppress_sweep();
	clean_up();
}

static bool adopt_noted(const struct dm_undo *undo, void *arg)
{
	const struct nlm_link *link = dm_link_find(undo->ifindex);
	int err = link && link->kind == NLM_VXLAN ? dm_fdb_adopt(link) : 0;

	if (err)
		zlog_err("dmevpn: %s: cannot read its entries: %s", link->name,
			 safe_strerror(-err));
	return false;
}

static void adopt_vpn(uint32_t ifindex, uint32_t vni, void *arg)
{
	const struct dm_undo undo = {.ifindex = ifindex};

	adopt_noted(&undo, NULL);
}

void dm_instances_adopt(void)
{
	dm_undo_each(adopt_noted, NULL);
	dm_vpns_each(adopt_vpn, NULL);
}

void dm_instances_start(struct event_loop *loop, const struct dm_instance_ops *instance_ops)
{
	loop_main = loop;
	ops = instance_ops;
}

void dm_instances_stop(void)
{
	struct instance *i;

	event_cancel(&t_examine);
	event_cancel(&t_sweep);
	event_cancel(&t_retry);
	while ((i = instance_tree_pop(&instances))) {
		set_vni(i, 0);
		XFREE(MTYPE_DM_INSTANCE, i);
	}
	n_not_ready = 0;
	vni_table_fini(&by_vni);
}

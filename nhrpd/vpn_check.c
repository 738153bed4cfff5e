// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The consistency check: what the engine believes against what the kernel has.
 *
 *   asked ──> CHECK ──> CHECK_HAVE… CHECK_END ──> compare ── no difference ──────────> told
 *              ^                                     │ first look   second look
 *              └────────────── 200 ms ───────────────┘                   └──> what differs as before: told
 *
 * Objects: a thing that the kernel has, by (kind, ifindex, vni, address); a difference, by the
 * same. Things are gathered until the module has told all, then everything that should be
 * there is looked up among them, and what is left over should not be there.
 *
 * A change may be under way while the kernel is read. So a difference counts only if a second
 * look finds it again with both sides unchanged. Instances that are not ready are left out: what
 * the kernel has of them is void.
 *
 * Both tables are bounded, by the number of things and of differences.
 *
 * Not here: reading the kernel (the module's dmevpn_check.c), printing (vpn_vty_check.c).
 */
#include <config.h>

#include <stdio.h>

#include "lib/jhash.h"
#include "nhrpd/vpn_core.h"

DEFINE_MTYPE_STATIC(VPNENGINE, VPN_THING, "VPN thing of the kernel");
DEFINE_MTYPE_STATIC(VPNENGINE, VPN_DIFFERENCE, "VPN difference from the kernel");
DEFINE_MTYPE_STATIC(VPNENGINE, VPN_CHECK_ASKER, "VPN check asker");
DEFINE_MTYPE_STATIC(VPNENGINE, VPN_CHECK_LIST, "VPN list of differences");

struct thing {
	struct vpn_things_item item;
	struct dm_have have;
	bool expected; /* seen to be so, or told as a difference */
};

struct difference {
	struct vpn_differences_item item;
	struct dm_have want, has; /* kind 0: nothing */
};

struct asker {
	struct vpn_check_askers_item item;
	vpn_check_done done;
	void *arg;
};

/* Identity of a thing. Of an all-zero entry's destinations the VNI counts, too. */
static int have_cmp(const struct dm_have *a, const struct dm_have *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	if (a->vni != b->vni)
		return a->vni < b->vni ? -1 : 1;
	if (a->kind == DM_HAVE_FLOOD && a->remote_vni != b->remote_vni)
		return a->remote_vni < b->remote_vni ? -1 : 1;
	return dm_addr_cmp(&a->addr, &b->addr);
}

static uint32_t have_hash(const struct dm_have *h)
{
	return jhash_3words(h->kind, h->ifindex, h->vni, dm_addr_hash(&h->addr, 0x4348));
}

static int thing_cmp(const struct thing *a, const struct thing *b)
{
	return have_cmp(&a->have, &b->have);
}

static uint32_t thing_hash(const struct thing *t)
{
	return have_hash(&t->have);
}

static const struct dm_have *key_of(const struct difference *d)
{
	return d->want.kind ? &d->want : &d->has;
}

static int difference_cmp(const struct difference *a, const struct difference *b)
{
	return have_cmp(key_of(a), key_of(b));
}

static uint32_t difference_hash(const struct difference *d)
{
	return have_hash(key_of(d));
}

DECLARE_HASH(vpn_things, struct thing, item, thing_cmp, thing_hash);
DECLARE_HASH(vpn_differences, struct difference, item, difference_cmp, difference_hash);
DECLARE_DLIST(vpn_check_askers, struct asker, item);

/* --- tables --- */

static void drop_things(struct vpn_check *c)
{
	struct thing *t;

	while ((t = vpn_things_pop(&c->things)))
		XFREE(MTYPE_VPN_THING, t);
}

static void drop_differences(struct vpn_differences_head *head)
{
	struct difference *d;

	while ((d = vpn_differences_pop(head)))
		XFREE(MTYPE_VPN_DIFFERENCE, d);
}

static bool values_same(const struct dm_have *a, const struct dm_have *b)
{
	return a->kind == b->kind && a->ours == b->ours && dm_addr_same(&a->at, &b->at) &&
	       a->remote_vni == b->remote_vni && a->settings == b->settings;
}

/* In the second look only what the first one found, too, unchanged. */
static void differs(struct vpn_check *c, const struct dm_have *want, const struct dm_have *has)
{
	struct vpn_differences_head *head = c->look == 1 ? &c->first : &c->second;
	struct difference *d, *before, new = { 0 };

	new.want = want ? *want : new.want;
	new.has = has ? *has : new.has;
	if (c->look == 1) {
		c->num_first++;
	} else {
		before = vpn_differences_find(&c->first, &new);
		if (!before || !values_same(&before->want, &new.want) || !values_same(&before->has, &new.has))
			return;
	}
	if (vpn_differences_count(head) >= VPN_CHECK_REMEMBERED_MAX)
		return;
	d = XCALLOC(MTYPE_VPN_DIFFERENCE, sizeof(*d));
	d->want = new.want;
	d->has = new.has;
	vpn_differences_add(head, d);
}

static void take_thing(struct vpn_check *c, const struct dm_have *have)
{
	struct thing ref = { .have = *have }, *t = vpn_things_find(&c->things, &ref);

	if (t) /* read twice, as a dump may; the later word counts */
		t->have = *have;
	if (t || !have->kind || have->kind >= DM_HAVE_KINDS)
		return;
	if (vpn_things_count(&c->things) >= VPN_CHECK_THINGS_MAX) {
		c->too_many = true;
		return;
	}
	t = XCALLOC(MTYPE_VPN_THING, sizeof(*t));
	t->have = *have;
	vpn_things_add(&c->things, t);
}

/* --- what should be there --- */

static bool as_wanted(const struct dm_have *want, const struct dm_have *has)
{
	return dm_addr_same(&want->at, &has->at) && want->remote_vni == has->remote_vni && has->ours &&
	       (want->settings & has->settings) == want->settings;
}

static bool has(struct vpn_check *c, const struct dm_have *w)
{
	struct thing ref = { .have = *w };

	return vpn_things_find(&c->things, &ref);
}

static void want(struct vpn_check *c, const struct dm_have *w)
{
	struct thing ref = { .have = *w }, *t = vpn_things_find(&c->things, &ref);

	if (t && t->expected) /* of several neighbours with one MAC */
		return;
	c->compared[w->kind]++;
	if (t)
		t->expected = true;
	if (!t || !as_wanted(w, &t->have))
		differs(c, w, t ? &t->have : NULL);
}

/* Something of the instance. */
static struct dm_have of(const struct vpn_instance *inst, enum dm_have_kind kind, const struct dm_addr *addr)
{
	return (struct dm_have){
		.kind = (uint8_t)kind, .ours = 1, .ifindex = inst->asked_ifindex, .vni = inst->vni, .addr = *addr,
	};
}

static void want_settings(struct vpn_check *c, const struct vpn_instance *inst)
{
	struct dm_have w = of(inst, DM_HAVE_INSTANCE, &(struct dm_addr){ 0 });

	w.settings = inst->role == DM_ROLE_HUB ? DM_SETTINGS_HUB : DM_SETTINGS_SPOKE;
	if (inst->suppress.told && inst->suppress.on)
		w.settings |= DM_SETTING_SUPPRESS;
	want(c, &w);
}

static void want_member(struct vpn_check *c, const struct vpn_instance *inst, const struct vpn_member *m)
{
	struct dm_have w = of(inst, DM_HAVE_MEMBER, &m->nbma);

	want(c, &w);
	w.kind = DM_HAVE_TARGET;
	w.remote_vni = m->vni;
	want(c, &w);
}

static void want_binding(struct vpn_check *c, const struct vpn_instance *inst, const struct vpn_binding *b)
{
	struct dm_have w = of(inst, DM_HAVE_SWITCH_MAC, &b->addr);

	w.at = b->member->nbma;
	w.remote_vni = b->member->vni;
	want(c, &w);
	w.kind = DM_HAVE_FDB;
	want(c, &w);
}

static void want_hub_role(struct vpn_check *c, struct vpn_instance *inst)
{
	const struct vpn_member *m;
	const struct vpn_binding *b;

	frr_each (vpn_members, &inst->members, m)
		want_member(c, inst, m);
	frr_each (vpn_bindings, &inst->bindings.macs, b)
		want_binding(c, inst, b);
}

/* The module keeps what it has of a path that it has not judged yet, and adds nothing. */
static bool is_undecided(const struct vpn_remote *r)
{
	return r->state == VPN_REMOTE_ACTIVE && r->probe && r->probe->state == VPN_PROBE_WAITING;
}

static void want_shortcuts(struct vpn_check *c, struct vpn_instance *inst)
{
	const struct vpn_remote *r;

	frr_each (vpn_remotes, &inst->remotes.macs, r) {
		struct dm_have w = of(inst, DM_HAVE_FDB, &r->addr);

		w.at = r->nbma;
		w.remote_vni = r->vni;
		if (vpn_shortcut_in_kernel(r) || (is_undecided(r) && has(c, &w)))
			want(c, &w);
	}
}

/* The bridge's entry for a MAC gives way when that is on its own side. */
static void want_neighbours(struct vpn_check *c, struct vpn_instance *inst)
{
	struct vpn_locals_head *locals = &inst->locals.of[DM_MAC].all;
	const struct vpn_remote *r;

	frr_each (vpn_remotes, &inst->remotes.ips, r) {
		struct dm_have w = of(inst, DM_HAVE_NEIGH, &r->addr);
		struct dm_have mac = of(inst, DM_HAVE_BRIDGE_MAC, &r->mac);
		struct vpn_local ref = { .addr = r->mac };

		if (r->state != VPN_REMOTE_ACTIVE)
			continue;
		w.at = r->mac;
		want(c, &w);
		if (!vpn_locals_find(locals, &ref))
			want(c, &mac);
	}
}

static void want_locals(struct vpn_check *c, struct vpn_instance *inst)
{
	const struct vpn_local *l;

	frr_each (vpn_locals, &inst->locals.of[DM_MAC].all, l) {
		struct dm_have w = of(inst, DM_HAVE_LOCAL, &l->addr);

		if (!l->gone)
			want(c, &w);
	}
}

static void want_spoke_role(struct vpn_check *c, struct vpn_instance *inst)
{
	struct dm_have w;

	if (inst->active) {
		w = of(inst, DM_HAVE_FLOOD, &inst->active->nbma);
		w.remote_vni = inst->active->vni;
		want(c, &w);
	}
	want_shortcuts(c, inst);
	if (inst->suppress.told && inst->suppress.on)
		want_neighbours(c, inst);
	want_locals(c, inst);
}

/* --- comparing --- */

static bool is_comparable(const struct vpn_instance *inst)
{
	return inst->role != DM_ROLE_NONE && inst->asked && inst->ready && inst->told && !inst->leaving;
}

static void want_instance(struct vpn_check *c, struct vpn_instance *inst)
{
	if (inst->layer3)
		return;
	if (!is_comparable(inst)) {
		c->not_compared++;
		return;
	}
	want_settings(c, inst);
	if (inst->role == DM_ROLE_HUB)
		want_hub_role(c, inst);
	else
		want_spoke_role(c, inst);
}

/* What nobody expects there may be the user's, or of an instance that is not compared. */
static bool may_be_there(struct vpn_engine *e, const struct dm_have *has)
{
	struct vpn_instance *inst = vpn_instance_by_vni(e, has->ifindex, has->vni);

	if (!has->ours || (inst && !is_comparable(inst)))
		return true;
	/* beyond the limit the engine knows none */
	return inst && has->kind == DM_HAVE_LOCAL && vpn_locals_count(&inst->locals.of[DM_MAC].all) >= VPN_LOCALS_MAX;
}

static void compare(struct vpn_engine *e)
{
	struct vpn_check *c = &e->check;
	struct vpn_device *dev;
	struct vpn_instance *inst;
	struct thing *t;

	memset(c->compared, 0, sizeof(c->compared));
	c->not_compared = 0;
	frr_each (vpn_devices, &e->devices, dev)
		frr_each (vpn_instances, &dev->instances, inst)
			want_instance(c, inst);
	frr_each (vpn_things, &c->things, t) {
		if (t->expected || may_be_there(e, &t->have))
			continue;
		c->compared[t->have.kind]++;
		differs(c, NULL, &t->have);
	}
}

/* --- telling --- */

static const char *const settings_names[] = {
	"up",	"nolearning", "hairpin",  "vlan_tunnel", "no mcast_snooping", "VLAN", "tunnel_info",
	"VNI", "ingress program", "egress program", "flood program", "VPN in the switch", "neigh_suppress",
};

static void settings_str(char text[VPN_SIDE_LEN], uint16_t missing)
{
	size_t used = (size_t)snprintf(text, VPN_SIDE_LEN, "without");
	const char *sep = " ";

	for (size_t i = 0; i < array_size(settings_names) && used < VPN_SIDE_LEN; i++, missing >>= 1)
		if (missing & 1) {
			used += (size_t)snprintf(text + used, VPN_SIDE_LEN - used, "%s%s", sep, settings_names[i]);
			sep = ", ";
		}
}

/* One side of a difference in words; OTHER is what the other side has. */
static void side_str(char text[VPN_SIDE_LEN], const struct dm_have *h, const struct dm_have *other)
{
	char at[DM_ADDR_STRLEN], vni[24] = "";

	if (h->remote_vni)
		snprintf(vni, sizeof(vni), "%svni %u", dm_addr_is_set(&h->at) ? " " : "", h->remote_vni);
	if (!h->kind)
		snprintf(text, VPN_SIDE_LEN, "none");
	else if (h->kind == DM_HAVE_INSTANCE && other->kind && other->settings & ~h->settings)
		settings_str(text, other->settings & (uint16_t)~h->settings);
	else if (h->kind == DM_HAVE_INSTANCE)
		snprintf(text, VPN_SIDE_LEN, "ready");
	else
		snprintf(text, VPN_SIDE_LEN, "%s%s%s%s", dm_addr_is_set(&h->at) ? dm_addr_str(&h->at, at) : "", vni,
			 dm_addr_is_set(&h->at) || h->remote_vni ? "" : "present", h->ours ? "" : " (of others)");
}

static void describe(struct vpn_engine *e, const struct difference *d, struct vpn_difference_view *v)
{
	const struct dm_have *key = key_of(d);
	struct vpn_instance *inst = vpn_instance_by_vni(e, key->ifindex, key->vni);
	struct vpn_link *link = vpn_link_by_index(e, key->ifindex);

	v->kind = key->kind;
	v->ifindex = key->ifindex;
	v->vni = key->vni;
	v->addr = key->addr;
	v->has_vpn = inst;
	if (inst)
		v->vpn = inst->vpn;
	snprintf(v->ifname, sizeof(v->ifname), "%s", inst ? inst->dev->name : link ? link->link.name : "");
	side_str(v->nhrpd, &d->want, &d->has);
	side_str(v->kernel, &d->has, &d->want);
}

const char *vpn_have_name(enum dm_have_kind kind)
{
	static const char *const names[DM_HAVE_KINDS] = {
		[DM_HAVE_INSTANCE] = "instance",     [DM_HAVE_FLOOD] = "hub",
		[DM_HAVE_FDB] = "fdb",		     [DM_HAVE_MEMBER] = "member",
		[DM_HAVE_TARGET] = "floodTarget",    [DM_HAVE_SWITCH_MAC] = "switchMac",
		[DM_HAVE_NEIGH] = "neighbor",	     [DM_HAVE_BRIDGE_MAC] = "bridgeMac",
		[DM_HAVE_LOCAL] = "localMac",
	};

	return kind > 0 && kind < DM_HAVE_KINDS ? names[kind] : "unknown";
}

static void begin(struct vpn_engine *e);

static void clear(struct vpn_engine *e)
{
	struct vpn_check *c = &e->check;

	vpn_timer_stop(e, &c->timer);
	drop_things(c);
	drop_differences(&c->first);
	drop_differences(&c->second);
	c->num_first = 0;
	c->too_many = c->reading = false;
}

/*
 * To all who asked before it began. What they do may be to ask again, which waits, or to have others of them
 * forgotten: so it is still running, and they are where vpn_engine_check_forget() looks for them.
 */
static void tell(struct vpn_check *c, const struct vpn_check_view *v)
{
	struct asker *a;

	while ((a = vpn_check_askers_pop(&c->askers))) {
		a->done(a->arg, v);
		XFREE(MTYPE_VPN_CHECK_ASKER, a);
	}
}

/* ERROR, when not NULL, is why nothing can be said; it is a sentence part. */
static void finish(struct vpn_engine *e, const char *error)
{
	struct vpn_check *c = &e->check;
	struct vpn_check_view v = { .error = error, .looks = c->look, .not_compared = c->not_compared };
	struct vpn_difference_view *list = NULL;
	const struct difference *d;

	v.took_ms = vpn_now(e) - c->begun;
	v.sync_in = (uint32_t)((vpn_timer_left(e, &e->sync) + 999) / 1000);
	if (!error) {
		memcpy(v.compared, c->compared, sizeof(v.compared));
		v.num = vpn_differences_count(&c->second);
		v.more = c->num_first > VPN_CHECK_REMEMBERED_MAX;
		list = XCALLOC(MTYPE_VPN_CHECK_LIST, (v.num + 1) * sizeof(*list));
		frr_each (vpn_differences, &c->second, d)
			if (v.listed < VPN_CHECK_LISTED_MAX)
				describe(e, d, &list[v.listed++]);
		v.list = list;
	}
	clear(e);
	tell(c, &v);
	XFREE(MTYPE_VPN_CHECK_LIST, list);
	c->running = false;
	if (vpn_check_askers_count(&c->waiting)) {
		vpn_check_askers_swap_all(&c->askers, &c->waiting);
		begin(e);
	}
}

/* --- its course --- */

static void look(struct vpn_engine *e)
{
	struct vpn_check *c = &e->check;
	struct dm_rec rec = { .type = DM_REC_CHECK, .check.number = ++c->number };

	c->look++;
	c->reading = true;
	c->heard = vpn_now(e);
	/* with nobody to ask soon, but not from within: who asks is not ready for the answer yet */
	vpn_timer_set(e, &c->timer, e->dataplane ? VPN_CHECK_SILENCE_MS : 0);
	vpn_program(e, &rec);
}

static void begin(struct vpn_engine *e)
{
	struct vpn_check *c = &e->check;

	c->running = true;
	c->look = 0;
	c->begun = vpn_now(e);
	look(e);
}

static void timer_due(struct vpn_engine *e, void *arg)
{
	struct vpn_check *c = &e->check;
	uint64_t now = vpn_now(e);

	if (!e->dataplane)
		finish(e, "the zebra module cannot be reached");
	else if (!c->reading)
		look(e);
	else if (now - c->heard >= VPN_CHECK_SILENCE_MS)
		finish(e, "the zebra module did not answer");
	else if (now - c->begun >= VPN_CHECK_LONGEST_MS)
		finish(e, "the zebra module has not come to an end");
	else
		vpn_timer_set(e, &c->timer, c->heard + VPN_CHECK_SILENCE_MS - now);
}

static void all_read(struct vpn_engine *e, const char *reason)
{
	struct vpn_check *c = &e->check;

	if (reason[0] || c->too_many) {
		finish(e, reason[0] ? reason : "the kernel has more than can be compared");
		return;
	}
	compare(e);
	drop_things(c);
	c->reading = false;
	if (c->look == 1 && c->num_first)
		vpn_timer_set(e, &c->timer, VPN_CHECK_AGAIN_MS);
	else
		finish(e, NULL);
}

void vpn_check_record(struct vpn_engine *e, const struct dm_rec *rec)
{
	struct vpn_check *c = &e->check;
	uint32_t number = rec->type == DM_REC_CHECK_END ? rec->check_end.number : rec->have.number;

	if (!c->reading || number != c->number)
		return;
	c->heard = vpn_now(e);
	if (rec->type == DM_REC_CHECK_END)
		all_read(e, rec->check_end.reason);
	else
		take_thing(c, &rec->have);
}

void vpn_check_module_changed(struct vpn_engine *e)
{
	if (e->check.running)
		finish(e, e->dataplane ? "the zebra module started anew" : "the zebra module went away");
}

bool vpn_engine_check(struct vpn_engine *e, vpn_check_done done, void *arg)
{
	struct vpn_check *c = &e->check;
	struct asker *a;

	if (vpn_check_askers_count(&c->askers) + vpn_check_askers_count(&c->waiting) >= VPN_CHECK_ASKERS_MAX)
		return false;
	a = XCALLOC(MTYPE_VPN_CHECK_ASKER, sizeof(*a));
	a->done = done;
	a->arg = arg;
	vpn_check_askers_add_tail(c->running ? &c->waiting : &c->askers, a);
	if (!c->running)
		begin(e);
	return true;
}

static void forget_in(struct vpn_check_askers_head *head, const void *arg)
{
	struct asker *a;

	frr_each_safe (vpn_check_askers, head, a)
		if (a->arg == arg) {
			vpn_check_askers_del(head, a);
			XFREE(MTYPE_VPN_CHECK_ASKER, a);
		}
}

void vpn_engine_check_forget(struct vpn_engine *e, const void *arg)
{
	forget_in(&e->check.askers, arg);
	forget_in(&e->check.waiting, arg);
}

void vpn_check_init(struct vpn_engine *e)
{
	struct vpn_check *c = &e->check;

	vpn_things_init(&c->things);
	vpn_differences_init(&c->first);
	vpn_differences_init(&c->second);
	vpn_check_askers_init(&c->askers);
	vpn_check_askers_init(&c->waiting);
	vpn_timer_init(&c->timer, timer_due, NULL);
}

void vpn_check_fini(struct vpn_engine *e)
{
	struct vpn_check *c = &e->check;
	struct vpn_check_view v = { .error = "nhrpd ends" };

	clear(e);
	tell(c, &v);
	vpn_check_askers_swap_all(&c->askers, &c->waiting);
	tell(c, &v);
	vpn_things_fini(&c->things);
	vpn_differences_fini(&c->first);
	vpn_differences_fini(&c->second);
	vpn_check_askers_fini(&c->askers);
	vpn_check_askers_fini(&c->waiting);
}

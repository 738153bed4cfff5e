// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device settings for VPNs. What a role needs:
 *
 *   spoke   VXLAN device with a VNI of its own, up: nolearning
 *   hub     VXLAN device `external vnifilter`, up, port of a bridge with
 *           vlan_filtering: nolearning; port: hairpin, vlan_tunnel; bridge: no mcast_snooping;
 *           for each VPN: port in the VLAN (tagged), VLAN mapped to a VNI, VNI received
 *
 * and for ARP suppression at a spoke (dmevpn_suppress.c), port: neigh_suppress, neigh_forward_grat.
 *
 * Kind, master, external, vnifilter and vlan_filtering are the user's to give;
 * the rest is set here, if it is not so already, and noted (dmevpn_undo.c). An
 * existing mapping of the VLAN is respected.
 *
 * VLANs and VNIs of the device in hand are read once (by a dump each) and kept
 * until dm_device_invalidate(), so that a device with thousands of VPNs is not read thousands
 * of times. What many VPNs lack is set in ranges, in three messages where they are consecutive;
 * what is refused so is tried VPN by VPN, so that each gets its own reason.
 *
 * All functions run on zebra's main pthread. Which devices serve which VPN is
 * dmevpn_instance.c's business.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/log.h"

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_device.h"
#include "zebra/dmevpn_fdb.h"
#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_neigh.h"
#include "zebra/dmevpn_nlsock.h"
#include "zebra/dmevpn_runs.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_VNI_RANGES, "VNIs of a device");

#define RCVBUF (1 << 20) /* octets */
#define VLANS 4096

struct vni_range {
	uint32_t first, last;
};

/* VLANs and VNIs of one device. */
struct snapshot {
	uint32_t ifindex; /* 0: nothing read */
	bool member[VLANS];
	uint16_t flags[VLANS]; /* BRIDGE_VLAN_INFO_* of a member */
	uint32_t tunnel_id[VLANS]; /* 0: not mapped */
	struct vni_range *vnis;
	size_t n_vnis;
};

static struct nls sock;
static struct snapshot snap;
static uint64_t requests;

int dm_device_start(void)
{
	return nls_open(&sock, RCVBUF, NULL);
}

void dm_device_stop(void)
{
	nls_close(&sock);
	XFREE(MTYPE_DM_VNI_RANGES, snap.vnis);
	snap.n_vnis = 0;
	snap.ifindex = 0;
}

/* --- reading ------------------------------------------------------------------ */

void dm_device_invalidate(void)
{
	snap.ifindex = 0;
}

static void note_vlan(const struct nlm_vlan *vlan, void *arg)
{
	uint32_t v;

	if (vlan->ifindex != *(uint32_t *)arg)
		return;
	for (v = vlan->first; v <= vlan->last && v < VLANS; v++) {
		snap.member[v] = true;
		snap.flags[v] = vlan->flags;
		snap.tunnel_id[v] = vlan->tunnel_id ? vlan->tunnel_id + (v - vlan->first) : 0;
	}
}

static void note_vni(uint32_t first, uint32_t last, void *arg)
{
	snap.vnis = XREALLOC(MTYPE_DM_VNI_RANGES, snap.vnis,
			     (snap.n_vnis + 1) * sizeof(*snap.vnis));
	snap.vnis[snap.n_vnis++] = (struct vni_range){first, last};
}

static void read_vlans(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type == RTM_NEWVLAN)
		nlm_parse_vlans(nlh, note_vlan, arg);
}

static void read_vnis(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type == RTM_NEWTUNNEL && nlm_parse_ifindex(nlh) == *(uint32_t *)arg)
		nlm_parse_vnis(nlh, note_vni, arg);
}

static void no_vlans(void *arg)
{
	memset(snap.member, 0, sizeof(snap.member));
	memset(snap.tunnel_id, 0, sizeof(snap.tunnel_id));
}

static void no_vnis(void *arg)
{
	XFREE(MTYPE_DM_VNI_RANGES, snap.vnis);
	snap.n_vnis = 0;
}

static int read_snapshot(const struct nlm_link *link)
{
	char buf[NLM_MESSAGE_MAX];
	uint32_t ifindex = link->ifindex;
	int err;

	if (snap.ifindex == ifindex)
		return 0;
	err = nls_dump_anew(&sock, nlm_build_vlan_dump(buf, ifindex), no_vlans, read_vlans,
			    &ifindex);
	if (!err)
		err = nls_dump_anew(&sock, nlm_build_vni_dump(buf, ifindex), no_vnis, read_vnis,
				    &ifindex);
	snap.ifindex = err ? 0 : ifindex;
	return err;
}

static bool receives(uint32_t vni)
{
	size_t i;

	for (i = 0; i < snap.n_vnis; i++)
		if (vni >= snap.vnis[i].first && vni <= snap.vnis[i].last)
			return true;
	return false;
}

/* --- changing ----------------------------------------------------------------- */

uint64_t dm_device_requests(void)
{
	return requests;
}

static int request(struct nlmsghdr *nlh)
{
	requests++;
	return nls_request(&sock, nlh);
}

/*
 * Notes how to take a change back, and makes it: a zebra that is killed in between
 * leaves a note too many, never one too few. WHAT says in words what was tried.
 * Returns false with REASON filled in.
 */
static bool change(const struct nlm_link *link, struct nlmsghdr *nlh, const struct dm_undo *undo,
		   const char *what, char *reason)
{
	bool noted_before = dm_undo_has(undo);
	int err;

	dm_undo_note(undo);
	err = request(nlh);
	if (!err)
		return true;
	if (!noted_before)
		dm_undo_drop(undo);
	snprintf(reason, DM_DEVICE_REASON_LEN, "%s: %.34s: %.40s", link->name, what,
		 sock.reason[0] ? sock.reason : safe_strerror(-err));
	return false;
}

static bool set_nolearning(const struct nlm_link *link, char *reason)
{
	struct dm_undo undo = {.kind = DM_UNDO_LEARNING, .ifindex = link->ifindex};
	char buf[NLM_MESSAGE_MAX];

	return !link->learning ||
	       change(link, nlm_build_vxlan_learning(buf, link->ifindex, false), &undo,
		      "cannot set nolearning", reason);
}

static bool set_port_flag(const struct nlm_link *link, uint16_t flag, enum dm_undo_kind kind,
			  const char *what, char *reason)
{
	struct dm_undo undo = {.kind = kind, .ifindex = link->ifindex};
	char buf[NLM_MESSAGE_MAX];

	return change(link, nlm_build_port_flag(buf, link->ifindex, flag, true), &undo, what,
		      reason);
}

static bool set_no_snooping(const struct nlm_link *bridge, char *reason)
{
	struct dm_undo undo = {.kind = DM_UNDO_SNOOPING, .ifindex = bridge->ifindex};
	char buf[NLM_MESSAGE_MAX];

	return !bridge->mcast_snooping ||
	       change(bridge, nlm_build_bridge_snooping(buf, bridge->ifindex, false), &undo,
		      "cannot clear mcast_snooping", reason);
}

/* --- roles -------------------------------------------------------------------- */

static bool refuse(const struct nlm_link *link, const char *what, char *reason)
{
	snprintf(reason, DM_DEVICE_REASON_LEN, "%s %s", link->name, what);
	return false;
}

bool dm_device_spoke(const struct nlm_link *link, char *reason)
{
	if (link->external)
		return refuse(link, "is external, a spoke needs a VNI of its own", reason);
	if (!link->vni)
		return refuse(link, "has no VNI", reason);
	if (!set_nolearning(link, reason))
		return false;
	return link->up || refuse(link, "is down", reason);
}

static bool check_hub(const struct nlm_link *link, const struct nlm_link *bridge, char *reason)
{
	if (!link->external)
		return refuse(link, "has a VNI of its own, a hub needs external and vnifilter",
			      reason);
	if (!link->vnifilter)
		return refuse(link, "is external without vnifilter", reason);
	if (!link->bridge_port || !bridge)
		return refuse(link, "is not a port of a bridge", reason);
	/* copies of a flooded frame share one tunnel key, and must be sent before it is changed */
	if (link->queued)
		return refuse(link, "has a queueing discipline (tc qdisc), a hub's must have none", reason);
	if (!bridge->vlan_filtering) {
		snprintf(reason, DM_DEVICE_REASON_LEN,
			 "bridge %s of %s is not VLAN-aware (vlan_filtering)", bridge->name,
			 link->name);
		return false;
	}
	return true;
}

bool dm_device_hub(const struct nlm_link *link, char *reason)
{
	const struct nlm_link *bridge = dm_link_find(link->master);
	int err;

	if (!check_hub(link, bridge, reason) || !set_nolearning(link, reason) ||
	    !set_no_snooping(bridge, reason))
		return false;
	if (!link->hairpin &&
	    !set_port_flag(link, IFLA_BRPORT_MODE, DM_UNDO_HAIRPIN, "cannot set hairpin", reason))
		return false;
	if (!link->vlan_tunnel && !set_port_flag(link, IFLA_BRPORT_VLAN_TUNNEL, DM_UNDO_VLAN_TUNNEL,
						 "cannot set vlan_tunnel", reason))
		return false;
	err = read_snapshot(link);
	if (err) {
		snprintf(reason, DM_DEVICE_REASON_LEN, "%s: cannot read its VLANs: %s", link->name,
			 safe_strerror(-err));
		return false;
	}
	return link->up || refuse(link, "is down", reason);
}

uint32_t dm_device_vlan_vni(const struct nlm_link *link, uint16_t vlan)
{
	return snap.ifindex == link->ifindex && vlan < VLANS ? snap.tunnel_id[vlan] : 0;
}

/*
 * The bridge maps a frame to a VNI by its tag, so the VLAN must leave the port tagged;
 * a bridge makes its ports untagged members of VLAN 1 unasked.
 */
static bool join_vlan(const struct nlm_link *link, uint16_t vlan, char *reason)
{
	struct dm_undo undo = {.kind = DM_UNDO_VLAN, .ifindex = link->ifindex, .vlan = vlan};
	char buf[NLM_MESSAGE_MAX];

	if (snap.member[vlan] && !snap.flags[vlan])
		return true;
	if (snap.member[vlan]) {
		undo.kind = DM_UNDO_VLAN_FLAGS;
		undo.vni = snap.flags[vlan];
	}
	if (!change(link, nlm_build_port_vlan(buf, link->ifindex, vlan, 0, true), &undo,
		    "cannot join the VLAN", reason))
		return false;
	snap.member[vlan] = true;
	snap.flags[vlan] = 0;
	return true;
}

static bool map_vlan(const struct nlm_link *link, uint16_t vlan, uint32_t vni, char *reason)
{
	struct dm_undo undo = {
		.kind = DM_UNDO_TUNNEL, .ifindex = link->ifindex, .vlan = vlan, .vni = vni};
	char buf[NLM_MESSAGE_MAX];

	if (snap.tunnel_id[vlan] == vni)
		return true;
	if (!change(link, nlm_build_port_tunnel(buf, link->ifindex, vlan, vni, true), &undo,
		    "cannot map the VLAN to a VNI", reason))
		return false;
	snap.tunnel_id[vlan] = vni;
	return true;
}

static bool receive_vni(const struct nlm_link *link, uint32_t vni, char *reason)
{
	struct dm_undo undo = {.kind = DM_UNDO_VNI, .ifindex = link->ifindex, .vni = vni};
	char buf[NLM_MESSAGE_MAX];

	if (receives(vni))
		return true;
	if (!change(link, nlm_build_vni(buf, link->ifindex, vni, true), &undo,
		    "cannot receive the VNI", reason))
		return false;
	note_vni(vni, vni, NULL);
	return true;
}

static bool is_vlan(uint16_t vlan)
{
	return vlan > 0 && vlan < VLANS - 1;
}

bool dm_device_vlan(const struct nlm_link *link, uint16_t vlan, uint32_t vni, char *reason)
{
	int err = read_snapshot(link);

	if (err || !is_vlan(vlan)) {
		snprintf(reason, DM_DEVICE_REASON_LEN, "%s: VLAN %u: %s", link->name, vlan,
			 err ? safe_strerror(-err) : "not 1 to 4094");
		return false;
	}
	return join_vlan(link, vlan, reason) && map_vlan(link, vlan, vni, reason) &&
	       receive_vni(link, vni, reason);
}

uint16_t dm_device_vlan_settings(const struct nlm_link *link, uint16_t vlan, uint32_t vni)
{
	uint16_t has = 0;

	if (!is_vlan(vlan) || read_snapshot(link))
		return 0;
	if (snap.member[vlan] && !(snap.flags[vlan] & (BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED)))
		has |= DM_SETTING_VLAN;
	if (snap.tunnel_id[vlan] == vni)
		has |= DM_SETTING_TUNNEL;
	if (receives(vni))
		has |= DM_SETTING_VNI;
	return has;
}

/* --- many at a time ---------------------------------------------------------------- */

/* What of a VPN's three settings a run of them is about, and what takes one back. */
static struct dm_undo undo_of(enum nlm_run_of what, uint32_t ifindex, uint16_t vlan, uint32_t vni)
{
	struct dm_undo undo = {.ifindex = ifindex, .vlan = vlan, .vni = vni};

	switch (what) {
	case NLM_RUN_VLANS:
		undo.kind = DM_UNDO_VLAN;
		undo.vni = 0;
		break;
	case NLM_RUN_TUNNELS:
		undo.kind = DM_UNDO_TUNNEL;
		break;
	case NLM_RUN_VNIS:
		undo.kind = DM_UNDO_VNI;
		undo.vlan = 0;
		break;
	}
	return undo;
}

/* A VLAN that the port is in with flags is changed by itself, as its flags are to be noted; what is none is refused there. */
static bool is_missing(enum nlm_run_of what, const struct dm_vlan_vni *want)
{
	if (!is_vlan(want->vlan))
		return false;
	switch (what) {
	case NLM_RUN_VLANS:
		return !snap.member[want->vlan];
	case NLM_RUN_TUNNELS:
		return snap.member[want->vlan] && snap.tunnel_id[want->vlan] != want->vni;
	case NLM_RUN_VNIS:
		break;
	}
	return !receives(want->vni);
}

static void note_run(const struct nlm_run *run, enum nlm_run_of what)
{
	uint16_t i;

	if (what == NLM_RUN_VNIS)
		note_vni(run->vni, run->vni + run->count - 1, NULL);
	for (i = 0; i < run->count && what == NLM_RUN_VLANS; i++) {
		snap.member[run->vlan + i] = true;
		snap.flags[run->vlan + i] = 0;
	}
	for (i = 0; i < run->count && what == NLM_RUN_TUNNELS; i++)
		snap.tunnel_id[run->vlan + i] = run->vni + i;
}

/* Those of the runs that are noted for the first time go where nothing came of them. */
static void drop_notes(const struct nlm_link *link, enum nlm_run_of what, const struct dm_vlan_vni *wanted,
		       size_t n, const bool *fresh)
{
	struct dm_undo undo;
	size_t i;

	dm_undo_hold();
	for (i = 0; i < n; i++) {
		undo = undo_of(what, link->ifindex, wanted[i].vlan, wanted[i].vni);
		if (fresh[i] && is_missing(what, &wanted[i]))
			dm_undo_drop(&undo);
	}
	dm_undo_release();
}

/* Notes and sets what the first N of WANTED lack, as far as one message carries it. Returns how many were looked at. */
static size_t set_some(const struct nlm_link *link, enum nlm_run_of what, const struct dm_vlan_vni *wanted, size_t n)
{
	static bool fresh[VLANS];
	struct nlm_run runs[NLM_RUNS_MAX];
	uint8_t buf[NLM_RUNS_MESSAGE];
	struct dm_undo undo;
	size_t i, used = 0, r;
	int err;

	dm_undo_hold();
	for (i = 0; i < n && i < VLANS; i++) {
		fresh[i] = false;
		if (!is_missing(what, &wanted[i]))
			continue;
		if (!nlm_run_add(runs, &used, what, wanted[i].vlan, wanted[i].vni))
			break;
		undo = undo_of(what, link->ifindex, wanted[i].vlan, wanted[i].vni);
		fresh[i] = !dm_undo_has(&undo);
		dm_undo_note(&undo);
	}
	dm_undo_release();
	err = used ? request(nlm_build_runs(buf, what, link->ifindex, runs, used)) : 0;
	for (r = 0; r < used && !err; r++)
		note_run(&runs[r], what);
	if (!err)
		return i;
	/* part of it may have been done; the rest is tried one by one */
	dm_device_invalidate();
	if (read_snapshot(link) == 0)
		drop_notes(link, what, wanted, i, fresh);
	return i;
}

void dm_device_vlans(const struct nlm_link *link, const struct dm_vlan_vni *wanted, size_t n)
{
	static const enum nlm_run_of steps[] = {NLM_RUN_VLANS, NLM_RUN_TUNNELS, NLM_RUN_VNIS};
	size_t step, done;

	for (step = 0; step < array_size(steps); step++)
		for (done = 0; done < n && read_snapshot(link) == 0;)
			done += set_some(link, steps[step], wanted + done, n - done);
}

/* --- suppression ---------------------------------------------------------------- */

/*
 * A host that moved announces itself, and the bridge it has left must hear that: until its own
 * entry has aged, it would send what is for the host to where that was.
 */
bool dm_device_suppress(const struct nlm_link *link, char *reason)
{
	if (link->knows_forward_grat && !link->forward_grat &&
	    !set_port_flag(link, NLM_BRPORT_FORWARD_GRAT, DM_UNDO_FORWARD_GRAT,
			   "cannot set neigh_forward_grat", reason))
		return false;
	return link->neigh_suppress || set_port_flag(link, IFLA_BRPORT_NEIGH_SUPPRESS,
						     DM_UNDO_SUPPRESS, "cannot set neigh_suppress",
						     reason);
}

/* A frame at a port. */
struct frame {
	uint32_t ifindex;
	uint16_t tag, vlan; /* the latter: that it is in */
};

static void note_vlan_of_frame(const struct nlm_vlan *vlan, void *arg)
{
	struct frame *f = arg;

	if (vlan->ifindex != f->ifindex)
		return;
	if (f->tag && f->tag >= vlan->first && f->tag <= vlan->last)
		f->vlan = f->tag;
	else if (!f->tag && vlan->flags & BRIDGE_VLAN_INFO_PVID)
		f->vlan = vlan->first;
}

static void read_vlan_of_frame(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type == RTM_NEWVLAN)
		nlm_parse_vlans(nlh, note_vlan_of_frame, arg);
}

uint16_t dm_device_vlan_of_frame(uint32_t ifindex, uint16_t tag)
{
	struct frame frame = {.ifindex = ifindex, .tag = tag};
	char buf[NLM_MESSAGE_MAX];
	int err = nls_dump(&sock, nlm_build_vlan_dump(buf, ifindex), read_vlan_of_frame, &frame);

	/* no port any more, or never one */
	if (err)
		zlog_debug("dmevpn: cannot read the VLANs of device %u: %s", ifindex,
			   safe_strerror(-err));
	return frame.vlan;
}

/* --- taking back ---------------------------------------------------------------- */

static struct nlmsghdr *build_taking_back(void *buf, const struct dm_undo *u)
{
	switch ((enum dm_undo_kind)u->kind) {
	case DM_UNDO_LEARNING:
		return nlm_build_vxlan_learning(buf, u->ifindex, true);
	case DM_UNDO_HAIRPIN:
		return nlm_build_port_flag(buf, u->ifindex, IFLA_BRPORT_MODE, false);
	case DM_UNDO_VLAN_TUNNEL:
		return nlm_build_port_flag(buf, u->ifindex, IFLA_BRPORT_VLAN_TUNNEL, false);
	case DM_UNDO_SNOOPING:
		return nlm_build_bridge_snooping(buf, u->ifindex, true);
	case DM_UNDO_VLAN:
		return nlm_build_port_vlan(buf, u->ifindex, u->vlan, 0, false);
	case DM_UNDO_VLAN_FLAGS:
		return nlm_build_port_vlan(buf, u->ifindex, u->vlan, u->vni, true);
	case DM_UNDO_TUNNEL:
		return nlm_build_port_tunnel(buf, u->ifindex, u->vlan, u->vni, false);
	case DM_UNDO_VNI:
		return nlm_build_vni(buf, u->ifindex, u->vni, false);
	case DM_UNDO_SUPPRESS:
		return nlm_build_port_flag(buf, u->ifindex, IFLA_BRPORT_NEIGH_SUPPRESS, false);
	case DM_UNDO_FORWARD_GRAT:
		return nlm_build_port_flag(buf, u->ifindex, NLM_BRPORT_FORWARD_GRAT, false);
	case DM_UNDO_FLOOD_OURS:
	case DM_UNDO_FLOOD:
	case DM_UNDO_NEIGHBOURS:
	case DM_UNDO_BRIDGE_MACS:
		break;
	}
	return NULL;
}

static bool is_of_port(const struct dm_undo *u)
{
	return u->kind == DM_UNDO_HAIRPIN || u->kind == DM_UNDO_VLAN_TUNNEL ||
	       u->kind == DM_UNDO_VLAN || u->kind == DM_UNDO_VLAN_FLAGS ||
	       u->kind == DM_UNDO_TUNNEL || u->kind == DM_UNDO_SUPPRESS ||
	       u->kind == DM_UNDO_FORWARD_GRAT;
}

/*
 * True when there is nothing to take back: the port left its bridge, or the user mapped the VLAN
 * anew.
 */
static bool is_moot(const struct dm_undo *u, const struct nlm_link *link)
{
	if (!link || (is_of_port(u) && !link->bridge_port))
		return true;
	return u->kind == DM_UNDO_TUNNEL && read_snapshot(link) == 0 &&
	       snap.tunnel_id[u->vlan % VLANS] != u->vni;
}

static bool is_of_that_port(const struct dm_undo *u, void *arg)
{
	return is_of_port(u) && u->ifindex == *(uint32_t *)arg;
}

void dm_device_left_bridge(uint32_t ifindex)
{
	dm_undo_each(is_of_that_port, &ifindex);
	dm_undo_save();
}

bool dm_device_take_back(const struct dm_undo *undo)
{
	const struct nlm_link *link = dm_link_find(undo->ifindex);
	char buf[NLM_MESSAGE_MAX];
	struct nlmsghdr *nlh = build_taking_back(buf, undo);
	int err;

	if (undo->kind == DM_UNDO_NEIGHBOURS)
		return dm_neigh_purge(&(struct dm_neigh_place){.layer3 = undo->ifindex});
	if (undo->kind == DM_UNDO_BRIDGE_MACS)
		return dm_neigh_purge(
			&(struct dm_neigh_place){.port = undo->ifindex, .vlan = undo->vlan});
	if (undo->kind == DM_UNDO_FLOOD)
		return !link || (dm_fdb_adopt(link) == 0 &&
				 dm_fdb_flood_restore(undo->ifindex, &undo->dst, undo->vni));
	if (!nlh || is_moot(undo, link))
		return true;
	err = request(nlh);
	if (err)
		zlog_warn("dmevpn: %s: a setting (%u, VLAN %u, VNI %u) cannot be taken back: %s",
			  undo->name, undo->kind, undo->vlan, undo->vni, safe_strerror(-err));
	/* the kernel's refusal is final; what it had no room for is tried again */
	return err != -ENOBUFS && err != -ENOMEM;
}

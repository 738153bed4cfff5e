// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The conversation with nhrpd: records in, carried out on instances, members and entries;
 * events out. lib/dmevpn_msg.h draws its course.
 *
 * nhrpd repeats HELLO as a sign of life; a new epoch in it means that nhrpd
 * starts anew: everything is marked and told to it, and what it has not asked for
 * by its SYNC_END is swept. When nhrpd goes, everything stays as it is.
 *
 * What goes out unasked: devices, states of instances, MACs heard and moved,
 * local MACs and neighbours of spokes, hairpins, failures. While nhrpd is away nothing is sent; it gets all of it
 * with the next dump.
 *
 * All functions run on zebra's main pthread.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/log.h"
#include "lib/monotime.h"

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_ageing.h"
#include "zebra/dmevpn_check.h"
#include "zebra/dmevpn_device.h"
#include "zebra/dmevpn_dump.h"
#include "zebra/dmevpn_fdb.h"
#include "zebra/dmevpn_instance.h"
#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_local_neigh.h"
#include "zebra/dmevpn_locals.h"
#include "zebra/dmevpn_mac_records.h"
#include "zebra/dmevpn_macs.h"
#include "zebra/dmevpn_members.h"
#include "zebra/dmevpn_neigh.h"
#include "zebra/dmevpn_probe.h"
#include "zebra/dmevpn_provider.h"
#include "zebra/dmevpn_session.h"
#include "zebra/dmevpn_snoop.h"
#include "zebra/dmevpn_suppress.h"
#include "zebra/dmevpn_switch.h"
#include "zebra/dmevpn_watch.h"
#include "zebra/dmevpn_zapi.h"

/* milliseconds that stand for "not since it is there" */
#define NEVER_MS INT32_MAX

static struct event_loop *loop_main;
static bool established;
static uint64_t own_epoch, peer_epoch; /* nanoseconds of CLOCK_REALTIME */
static uint64_t events_lost;
static uint64_t records[UINT8_MAX + 1]; /* from nhrpd, by type */

uint64_t dm_session_records(uint8_t rec_type)
{
	return records[rec_type];
}

bool dm_session_established(void)
{
	return established && dm_zapi_connected();
}

uint64_t dm_session_events_lost(void)
{
	return events_lost;
}

/* --- to nhrpd ----------------------------------------------------------------- */

static void send_rec(const struct dm_rec *rec)
{
	if (established)
		dm_zapi_send(rec);
}

static void send_link(const struct nlm_link *link, void *arg)
{
	struct dm_rec rec;

	dm_link_record(link, &rec);
	send_rec(&rec);
}

static void send_state(const struct dm_instance_info *info, void *arg)
{
	struct dm_rec rec = {.type = DM_REC_INSTANCE_STATE};

	rec.state.ifindex = info->ifindex;
	rec.state.vlan = info->vlan;
	rec.state.ready = info->ready;
	rec.state.vni = info->vni;
	strlcpy(rec.state.reason, info->reason, sizeof(rec.state.reason));
	send_rec(&rec);
}

static void send_member(const struct dm_member_info *member, void *arg)
{
	struct dm_rec rec = {.type = DM_REC_MEMBER_HAVE};

	rec.member.ifindex = member->ifindex;
	rec.member.vni = member->vni;
	rec.member.nbma = member->nbma;
	rec.member.remote_vni = member->remote_vni;
	send_rec(&rec);
}

static void send_heard(const struct dm_heard *heard)
{
	struct dm_rec rec = {.type = DM_REC_LOCAL_HEARD, .heard = *heard};

	send_rec(&rec);
}

/* nhrpd hears of a MAC before its addresses come, and after they went. */
static void local_told(const struct dm_local *local)
{
	struct dm_rec rec = {.type = DM_REC_LOCAL, .local = *local};

	if (local->gone)
		dm_local_neigh_mac(local->ifindex, &local->mac, true);
	send_rec(&rec);
	if (!local->gone)
		dm_local_neigh_mac(local->ifindex, &local->mac, false);
	dm_neigh_local_mac(local->ifindex, &local->mac, local->gone);
}

/* An address that is heard here is not answered for as one from elsewhere. */
static void local_neigh_told(const struct dm_neigh *neigh)
{
	struct dm_rec rec = {.type = DM_REC_LOCAL_NEIGH, .neigh = *neigh};

	if (!neigh->gone)
		dm_neigh_del(neigh->ifindex, &neigh->ip);
	send_rec(&rec);
}

static void send_suppress(const struct dm_suppress *state)
{
	struct dm_rec rec = {.type = DM_REC_SUPPRESS_STATE, .suppress = *state};

	send_rec(&rec);
}

static void send_wanted(uint32_t ifindex, uint32_t vni, const struct dm_addr *ip)
{
	struct dm_rec rec = {.type = DM_REC_NEIGH_WANTED};

	rec.neigh.ifindex = ifindex;
	rec.neigh.vni = vni;
	rec.neigh.ip = *ip;
	send_rec(&rec);
}

static void send_path(const struct dm_probe *state)
{
	struct dm_rec rec = {.type = DM_REC_PROBE_STATE, .probe = *state};

	send_rec(&rec);
}

static const struct dm_suppress_ops suppress_ops = {
	.told = send_suppress,
	.wanted = send_wanted,
};

static const struct dm_snoop_ops snoop_ops = {
	.heard = dm_local_neigh_heard,
	.heard_far = dm_local_neigh_heard_far,
	.asked = dm_suppress_asked,
};

static void send_links(void)
{
	dm_links_each(send_link, NULL);
}

/* A spoke's entries are told once it has been asked for (instance_told()), and what of that was dropped here. */
static void send_content(const struct dm_instance_info *info, bool with_members)
{
	if (info->role == DM_ROLE_SPOKE) {
		if (!with_members && info->vni)
			dm_fdb_each_marked(info->ifindex, info->vni, send_rec);
		dm_locals_tell(info->ifindex);
		dm_suppress_tell(info->ifindex);
		dm_probe_tell(info->ifindex);
	}
	if (info->role == DM_ROLE_HUB && info->vni && with_members)
		dm_members_each(info->ifindex, info->vni, send_member, NULL);
}

static void send_instance(const struct dm_instance_info *info, bool with_members)
{
	send_state(info, NULL);
	send_content(info, with_members);
}

static void send_bare(uint8_t type)
{
	const struct dm_rec rec = {.type = type};

	send_rec(&rec);
}

static const struct dm_dump_ops dump_ops = {
	.links = send_links,
	.instance = send_instance,
	.mac = dm_mac_tell,
	.bare = send_bare,
};

static void send_failure(uint8_t rec_type, uint32_t ifindex, uint32_t vni,
			 const struct dm_addr *mac, int err)
{
	struct dm_rec rec = {.type = DM_REC_FAILURE};
	static time_t logged;
	static unsigned int unlogged;

	rec.failure.rec = rec_type;
	rec.failure.ifindex = ifindex;
	rec.failure.vni = vni;
	if (mac)
		rec.failure.mac = *mac;
	rec.failure.error = err;
	send_rec(&rec);
	/* a broken device can fail a hundred thousand times */
	if (monotime(NULL) == logged) {
		unlogged++;
		return;
	}
	zlog_warn("dmevpn: %s on device %u, VNI %u failed: %s (%u more not logged)",
		  dm_rec_name(rec_type), ifindex, vni, safe_strerror(err), unlogged);
	logged = monotime(NULL);
	unlogged = 0;
}

/* --- the BPF switch's events ------------------------------------------------------ */

static void send_hairpin(const struct sw_event *event)
{
	const struct dm_member_info *from = dm_member_at(event->where);
	const struct dm_member_info *to = dm_member_at(event->other);
	struct dm_rec rec = {.type = DM_REC_HAIRPIN};

	if (!from || !to)
		return;
	rec.hairpin.ifindex = event->vpn.ifindex;
	rec.hairpin.vni = event->vpn.vni;
	dm_addr_set(&rec.hairpin.src_mac, DM_MAC, event->mac, SW_MAC_LEN);
	dm_addr_set(&rec.hairpin.dst_mac, DM_MAC, event->dst, SW_MAC_LEN);
	rec.hairpin.src_nbma = from->nbma;
	rec.hairpin.dst_nbma = to->nbma;
	rec.hairpin.frame_len = MIN(event->frame_len, (uint32_t)DM_FRAME_MAX);
	memcpy(rec.hairpin.frame, event->frame, rec.hairpin.frame_len);
	send_rec(&rec);
}

static void handle_switch_event(const struct sw_event *event)
{
	if (!established)
		return;
	if (event->type == SW_EVENT_HAIRPIN)
		send_hairpin(event);
	else
		dm_mac_tell_event(event);
}

static void add_events_lost(uint32_t ifindex, uint32_t vni, void *arg)
{
	*(uint64_t *)arg += dm_vpn_find(ifindex, vni)->events_lost;
}

/*
 * After each wake-up. The map has what lost events would have told; a member that provokes losses
 * all the time must not keep zebra walking through it all the time.
 */
static void check_lost_events(void)
{
	static uint64_t seen;
	uint64_t lost = 0;

	dm_vpns_each(add_events_lost, &lost);
	if (lost > seen) {
		events_lost += lost - seen;
		zlog_warn("dmevpn: %llu events of the BPF switch were lost, telling nhrpd all MACs anew",
			  (unsigned long long)(lost - seen));
		if (established)
			dm_dump_want(DM_DUMP_MACS);
	}
	seen = lost;
	dm_zapi_flush();
}

static const struct dm_switch_listener switch_listener = {
	.event = handle_switch_event,
	.pause = check_lost_events,
};

static bool load_switch(char *reason, size_t size)
{
	if (!dm_switch_load(loop_main, &switch_listener, reason, size))
		return false;
	dm_members_load();
	return true;
}

/* --- from nhrpd ------------------------------------------------------------------- */

static void answer_hello(const struct dm_hello *hello)
{
	struct dm_rec rec = {.type = DM_REC_HELLO_ACK, .hello = {.epoch = own_epoch}};
	bool anew = !established || hello->epoch != peer_epoch;

	if (anew)
		dm_zapi_peer_anew();
	established = true;
	peer_epoch = hello->epoch;
	dm_zapi_send_whole(true);
	send_rec(&rec);
	dm_zapi_flush();
	dm_zapi_send_whole(false);
	if (anew) {
		zlog_info("dmevpn: nhrpd is there");
		dm_instances_mark();
		dm_probe_mark();
		dm_dump_want(DM_DUMP_HELLO);
	}
}

static void set_hub(const struct dm_hub *hub)
{
	const struct dm_instance_info *info = dm_instance_find(hub->ifindex, hub->vni);

	if (!info || info->role != DM_ROLE_SPOKE)
		send_failure(DM_REC_HUB_SET, hub->ifindex, hub->vni, NULL, ENOENT);
	else if (!dm_fdb_hub_set(hub->ifindex, &hub->nbma, hub->remote_vni))
		send_failure(DM_REC_HUB_SET, hub->ifindex, hub->vni, NULL, ENODEV);
}

static void set_member(const struct dm_member *m)
{
	int err = dm_member_set(m->ifindex, m->vni, &m->nbma, m->remote_vni);

	if (err)
		send_failure(DM_REC_MEMBER_SET, m->ifindex, m->vni, NULL, err);
}

static void forget_local(const struct dm_local *local)
{
	if (!dm_locals_elsewhere(local))
		send_failure(DM_REC_MAC_ELSEWHERE, local->ifindex, local->vni, &local->mac, ENOBUFS);
}

static void set_suppress(const struct dm_suppress *set)
{
	const struct dm_instance_info *info = dm_instance_find(set->ifindex, set->vni);
	struct dm_suppress off = {.ifindex = set->ifindex, .vni = set->vni};

	if (info && info->role == DM_ROLE_SPOKE) {
		dm_suppress_set(set);
		return;
	}
	if (set->on)
		snprintf(off.reason, sizeof(off.reason), "no spoke's instance has VNI %u", set->vni);
	send_suppress(&off);
}

static void set_neigh(const struct dm_neigh *n)
{
	int err = dm_local_neigh_give_up(n->ifindex, &n->ip)
			  ? dm_neigh_set(n->ifindex, &n->ip, &n->mac)
			  : EEXIST;

	if (err)
		send_failure(DM_REC_NEIGH_SET, n->ifindex, n->vni, &n->mac, err);
}

static void send_used(uint32_t ifindex, uint32_t vni, const struct dm_addr *mac, bool found,
		      uint32_t idle_ms)
{
	struct dm_rec rec = {.type = DM_REC_USED_REPLY};

	rec.used.ifindex = ifindex;
	rec.used.vni = vni;
	rec.used.mac = *mac;
	rec.used.found = found;
	rec.used.idle_ms = idle_ms;
	send_rec(&rec);
}

static void set_probe(const struct dm_probe *p)
{
	const struct dm_instance_info *info = dm_instance_find(p->ifindex, p->vni);

	if (!info || info->role != DM_ROLE_SPOKE || !p->interval || !p->misses) {
		send_failure(DM_REC_PROBE_SET, p->ifindex, p->vni, NULL, info ? EINVAL : ENOENT);
		return;
	}
	dm_probe_enter(p->ifindex);
	dm_probe_set(p);
}

/*
 * A spoke's entry is used when the kernel sends by it, and not while it is kept out of the kernel; a
 * hub's MAC when the switch hears it.
 */
static void query_used(const struct dm_used *used)
{
	struct dm_op op = {.kind = DM_OP_GET, .rec = DM_REC_USED_QUERY, .vni = used->vni};
	struct dm_mac_info info;
	bool found;

	if (dm_fdb_is_held(used->ifindex, used->vni, &used->mac)) {
		send_used(used->ifindex, used->vni, &used->mac, true, NEVER_MS);
		return;
	}
	if (dm_instance_is_hub(used->ifindex, used->vni)) {
		found = dm_mac_find(used->ifindex, used->vni, &used->mac, &info);
		send_used(used->ifindex, used->vni, &used->mac, found, found ? info.idle_ms : 0);
		return;
	}
	op.fdb.ifindex = used->ifindex;
	op.fdb.mac = used->mac;
	if (!dm_provider_push(&op))
		send_failure(DM_REC_USED_QUERY, used->ifindex, used->vni, &used->mac, ENOBUFS);
}

static void neigh_op_done(const struct dm_op *op)
{
	bool neigh = op->kind == DM_OP_NEIGH_SET || op->kind == DM_OP_NEIGH_DEL;

	if (!dm_neigh_failed(op))
		send_failure(op->rec, op->device, op->vni,
			     neigh ? &op->neigh.mac : &op->bridge_mac.mac, op->error);
}

static void forget_local_done(const struct dm_op *op)
{
	if (op->error == EEXIST)
		dm_locals_still_here(op->device, &op->bridge_mac);
	else
		send_failure(op->rec, op->device, op->vni, &op->bridge_mac.mac, op->error);
}

void dm_session_op_done(const struct dm_op *op)
{
	if (op->kind == DM_OP_BRIDGE_MAC_GET) {
		dm_ageing_answer(op);
		return;
	}
	if (op->kind == DM_OP_BRIDGE_MAC_FORGET) {
		forget_local_done(op);
		return;
	}
	if (op->kind >= DM_OP_NEIGH_SET) {
		neigh_op_done(op);
		return;
	}
	if (op->kind == DM_OP_GET && (!op->error || op->error == ENOENT)) {
		send_used(op->fdb.ifindex, op->vni, &op->fdb.mac, !op->error, op->fdb.idle_ms);
		return;
	}
	if (!dm_fdb_failed(op))
		send_failure(op->rec, op->fdb.ifindex, op->vni, &op->fdb.mac, op->error);
}

void dm_session_op_room(void)
{
	dm_fdb_room();
}

static void handle_record(const struct dm_rec *rec)
{
	if (!established && rec->type != DM_REC_HELLO)
		return;
	records[rec->type]++;
	switch (rec->type) {
	case DM_REC_HELLO:
		answer_hello(&rec->hello);
		break;
	case DM_REC_SYNC_END:
		dm_instances_sweep();
		dm_probe_sweep();
		break;
	case DM_REC_INSTANCE_SET:
		dm_instance_set(&rec->instance);
		break;
	case DM_REC_INSTANCE_DEL:
		dm_instance_del(rec->instance.ifindex, rec->instance.vlan);
		break;
	case DM_REC_HUB_SET:
		set_hub(&rec->hub);
		break;
	case DM_REC_HUB_DEL:
		dm_fdb_hub_del(rec->hub.ifindex);
		break;
	case DM_REC_MEMBER_SET:
		set_member(&rec->member);
		break;
	case DM_REC_MEMBER_DEL:
		dm_member_del(rec->member.ifindex, rec->member.vni, &rec->member.nbma);
		break;
	case DM_REC_MAC_SET:
		dm_mac_rec_set(&rec->mac);
		break;
	case DM_REC_MAC_DEL:
		dm_mac_rec_del(&rec->mac);
		break;
	case DM_REC_MAC_BIND:
		dm_mac_rec_bind(&rec->mac);
		break;
	case DM_REC_MAC_HOLD:
		dm_mac_rec_hold(&rec->mac);
		break;
	case DM_REC_MAC_ELSEWHERE:
		forget_local(&rec->local);
		break;
	case DM_REC_SUPPRESS_SET:
		set_suppress(&rec->suppress);
		break;
	case DM_REC_NEIGH_SET:
		set_neigh(&rec->neigh);
		break;
	case DM_REC_NEIGH_DEL:
		dm_neigh_del(rec->neigh.ifindex, &rec->neigh.ip);
		break;
	case DM_REC_PROBE_SET:
		set_probe(&rec->probe);
		break;
	case DM_REC_PROBE_DEL:
		dm_probe_del(&rec->probe);
		break;
	case DM_REC_USED_QUERY:
		query_used(&rec->used);
		break;
	case DM_REC_CHECK:
		dm_check_begin(rec->check.number);
		break;
	case DM_REC_LOCAL_QUERY:
		dm_ageing_query(&rec->heard);
		break;
	default:
		break;
	}
}

static void handle_peer_gone(void)
{
	if (established)
		zlog_warn("dmevpn: nhrpd has gone; forwarding goes on as it is");
	established = false;
	dm_check_stop();
	dm_dump_give_up();
	dm_zapi_peer_anew();
}

static void handle_rested(unsigned int behind)
{
	if (established && behind)
		dm_dump_want(behind & DM_BEHIND_ALL ? DM_DUMP_ALL : DM_DUMP_MACS);
	dm_dump_go_on();
}

static const struct dm_zapi_ops zapi_ops = {
	.record = handle_record,
	.peer_gone = handle_peer_gone,
	.rested = handle_rested,
};

/* --- devices and instances ----------------------------------------------------------- */

static void link_changed(const struct nlm_link *now, const struct nlm_link *was)
{
	struct dm_rec rec, before;

	dm_link_record(now, &rec);
	if (was)
		dm_link_record(was, &before);
	/*
	 * our own settings of bridge ports come back as changes, too, but nhrpd is not told of
	 * those
	 */
	if (!was || memcmp(&rec, &before, sizeof(rec)) != 0)
		send_rec(&rec);
	if (was && was->master && was->master != now->master)
		dm_device_left_bridge(now->ifindex);
	/* going down cost the device its entries */
	if (was && now->up && !was->up)
		dm_fdb_replay(now->ifindex);
	dm_locals_link_changed(now->ifindex);
	dm_suppress_touch();
	dm_instances_touch(now->ifindex);
}

static void link_gone(const struct nlm_link *was)
{
	struct dm_rec rec = {.type = DM_REC_LINK_DEL};

	rec.link.ifindex = was->ifindex;
	send_rec(&rec);
	dm_suppress_end(was->ifindex);
	dm_ageing_end(was->ifindex);
	dm_locals_leave(was->ifindex);
	dm_probe_leave(was->ifindex);
	dm_instances_device_gone(was->ifindex);
}

static void send_link_of_bridge(const struct nlm_link *link, void *arg)
{
	if (link->master == *(uint32_t *)arg)
		send_link(link, NULL);
}

static void device_touched(uint32_t ifindex)
{
	/* a bridge that became VLAN-aware changes what its ports are told as */
	dm_links_each(send_link_of_bridge, &ifindex);
	dm_locals_link_changed(ifindex);
	dm_suppress_touch();
	dm_instances_touch(ifindex);
}

/* Our own settings, too, come back so: those of a hub's VPN concern that VPN alone. */
static void vlans_touched(uint32_t ifindex, uint16_t first, uint16_t last)
{
	dm_suppress_touch();
	dm_instances_touch_vlans(ifindex, first, last);
}

static void around_touched(uint32_t ifindex)
{
	dm_suppress_touch();
}

static void replay_all(void)
{
	dm_fdb_replay_all();
	dm_neigh_replay(0);
	dm_suppress_touch();
}

static const struct dm_links_watcher links_watcher = {
	.overran = replay_all,
	.changed = link_changed,
	.gone = link_gone,
	.touched = device_touched,
	.vlans = vlans_touched,
	.vnis = dm_instances_touch_vnis,
	.around = around_touched,
};

static const struct dm_watch_ops watch_ops = {
	.removed = dm_fdb_removed,
	.bridge_mac_removed = dm_neigh_bridge_mac_removed,
	.neigh_removed = dm_neigh_removed,
	.lost = replay_all,
};

static void instance_told(const struct dm_instance_info *info, bool has_state)
{
	send_state(info, NULL);
	if (info->role == DM_ROLE_SPOKE && has_state && info->vni)
		dm_fdb_each_marked(info->ifindex, info->vni, send_rec);
	if (info->role == DM_ROLE_SPOKE && info->ready)
		dm_probe_enter(info->ifindex);
	/* from the first time it is ready on, so that nhrpd misses no change while it is not */
	if (info->role == DM_ROLE_SPOKE && info->ready) {
		dm_locals_follow(info->ifindex, info->vni);
	} else if (has_state && established) {
		send_content(info, true);
		dm_dump_want(DM_DUMP_MACS);
	}
}

static void instance_ended(const struct dm_instance_info *info)
{
	if (info->role != DM_ROLE_SPOKE)
		return;
	dm_suppress_end(info->ifindex);
	dm_ageing_end(info->ifindex);
	dm_locals_leave(info->ifindex);
	dm_probe_leave(info->ifindex);
}

static const struct dm_instance_ops instance_ops = {
	.told = instance_told,
	.ended = instance_ended,
	.load_switch = load_switch,
};

int dm_session_start(struct event_loop *loop)
{
	char reason[DM_REASON_LEN];
	struct timespec now;
	int err;

	loop_main = loop;
	clock_gettime(CLOCK_REALTIME, &now);
	own_epoch = now.tv_sec * 1000000000ULL + now.tv_nsec;
	dm_check_start(loop, send_rec);
	dm_mac_records_start(send_rec, send_failure);
	dm_dump_start(loop, &dump_ops);
	dm_locals_start(loop, local_told);
	dm_ageing_start(loop, send_heard);
	dm_local_neigh_start(local_neigh_told);
	dm_snoop_start(loop, &snoop_ops);
	dm_suppress_start(loop, &suppress_ops);
	dm_neigh_start(loop, dm_local_neigh_heard);
	dm_fdb_start(loop);
	dm_probe_start(loop, send_path);
	dm_instances_start(loop, &instance_ops);
	err = dm_device_start();
	if (!err)
		err = dm_watch_start(loop, &watch_ops);
	if (!err)
		err = dm_links_start(loop, &links_watcher);
	if (err)
		return err;
	dm_undo_load();
	/* an earlier zebra's switch gets our programs now, and is swept by the first SYNC_END */
	if (dm_switch_has_pins() && !load_switch(reason, sizeof(reason)))
		zlog_err("dmevpn: %s", reason);
	dm_instances_adopt();
	dm_zapi_start(loop, &zapi_ops);
	return 0;
}

void dm_session_stop(void)
{
	established = false;
	dm_check_stop();
	dm_dump_stop();
	dm_watch_stop();
	dm_zapi_stop();
	dm_suppress_stop();
	dm_snoop_stop();
	dm_probe_stop();
	dm_neigh_stop();
	dm_local_neigh_stop();
	dm_ageing_stop();
	dm_locals_stop();
	dm_instances_stop();
	dm_undo_stop();
	dm_fdb_stop();
	dm_members_stop();
	dm_switch_stop();
	dm_links_stop();
	dm_device_stop();
}

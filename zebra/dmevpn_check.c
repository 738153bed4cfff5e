// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's side of the consistency check: CHECK has everything read that concerns VPNs,
 * from the kernel and not from this module's own tables, and told as CHECK_HAVE records. What is told:
 *
 *   each device of an instance   RTM_GETLINK of it and its bridge, its VLANs and VNIs, its BPF programs
 *                                its forwarding entries, and its bridge's entries behind it
 *        a spoke's               the other entries of its bridge; neighbours where it suppresses ARP
 *   the switch                   members; whom it floods to; MACs
 *
 * 100,000 entries take the kernel half a second to tell. So it is done in slices, each an event of
 * its own: two datagrams of a dump (some 700 entries), or some 500 elements of a map, and the next slice waits
 * until nhrpd has worked off most of what was sent to it. A dump is made by the kernel while it is read, so that
 * its reader may be slow. An entry that comes or goes meanwhile may be told, or not: who compares looks twice.
 *
 * All functions run on zebra's main pthread. It changes nothing, and compares nothing: nhrpd does.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/log.h"

#include "zebra/dmevpn_check.h"
#include "zebra/dmevpn_device.h"
#include "zebra/dmevpn_instance.h"
#include "zebra/dmevpn_locals.h"
#include "zebra/dmevpn_mapwalk.h"
#include "zebra/dmevpn_members.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_neigh.h"
#include "zebra/dmevpn_nlsock.h"
#include "zebra/dmevpn_switch.h"
#include "zebra/dmevpn_undo.h"
#include "zebra/dmevpn_zapi.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_CHECK, "consistency check");
DEFINE_MTYPE_STATIC(DMEVPN, DM_CHECK_INSTANCES, "instances being checked");

#define RCVBUF (1 << 20) /* octets */
#define READS_A_SLICE 2	 /* datagrams of a dump */
#define SENT_A_SLICE 512 /* records of a table in memory */
#define BUSY_MS 5	 /* until zebra is looked at again */

/* What is read of a device, one behind the other; then the maps. */
enum stage {
	SETTINGS,
	ENTRIES,
	LOCALS,
	NEIGHS_IPV4,
	NEIGHS_IPV6,
	NEXT_DEVICE,
	MEMBERS,
	TARGETS,
	MACS,
	END,
};

struct check {
	uint32_t number;
	enum stage stage;
	struct dm_instance_info *infos; /* copies, by device and VLAN */
	size_t n_infos, at;		/* `at`: first of the device in hand */
	struct nlm_link link, bridge;	/* the kernel's word on it and its bridge; kind NLM_OTHER: not there */
	struct dm_neigh_place place;
	struct nls sock;
	bool dumping, dumped; /* a dump is being read; its end has come */
	int error;	      /* of the dump, errno */
	struct dm_mapwalk walk;
	uint32_t vpn, chunk;  /* TARGETS: where it goes on */
	union {
		struct sw_member_key members[DM_MAPWALK_BATCH];
		struct sw_mac_key macs[DM_MAPWALK_BATCH];
	} keys;
	union {
		struct sw_member members[DM_MAPWALK_BATCH];
		struct sw_mac macs[DM_MAPWALK_BATCH];
	} values;
};

static struct event_loop *loop_main;
static struct event *t_step;
static struct check *check; /* NULL: none under way */
static void (*send_rec)(const struct dm_rec *rec);

static void tell(const struct dm_have *have)
{
	struct dm_rec rec = {.type = DM_REC_CHECK_HAVE, .have = *have};

	rec.have.number = check->number;
	send_rec(&rec);
}

static void end(const char *what, int err)
{
	struct dm_rec rec = {.type = DM_REC_CHECK_END, .check_end = {.number = check->number}};

	if (err)
		snprintf(rec.check_end.reason, sizeof(rec.check_end.reason), "the zebra module cannot read %s: %s",
			 what, safe_strerror(err));
	send_rec(&rec);
	dm_check_stop();
}

/* --- a device's settings -------------------------------------------------------- */

static const struct dm_instance_info *in_hand(void)
{
	return &check->infos[check->at];
}

static void take_link(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type != RTM_NEWLINK || !nlm_parse_link(nlh, arg))
		memset(arg, 0, sizeof(struct nlm_link));
}

/* Asks the kernel for a device; zeros where there is none. */
static void read_link(uint32_t ifindex, struct nlm_link *link)
{
	char buf[NLM_MESSAGE_MAX];

	memset(link, 0, sizeof(*link));
	if (ifindex && nls_get(&check->sock, nlm_build_link_get(buf, ifindex), take_link, link))
		memset(link, 0, sizeof(*link));
}

static uint16_t hub_settings(uint16_t programs, const struct dm_instance_info *info)
{
	uint16_t has = programs | dm_device_vlan_settings(&check->link, info->vlan, info->vni);

	if (check->link.hairpin)
		has |= DM_SETTING_HAIRPIN;
	if (check->link.vlan_tunnel)
		has |= DM_SETTING_VLAN_TUNNEL;
	if (check->bridge.kind == NLM_BRIDGE && !check->bridge.mcast_snooping)
		has |= DM_SETTING_NO_SNOOPING;
	if (dm_vpn_in_kernel(info->ifindex, info->vni))
		has |= DM_SETTING_SWITCH_VPN;
	return has;
}

static void tell_settings(uint16_t programs, const struct dm_instance_info *info)
{
	struct dm_have have = {.kind = DM_HAVE_INSTANCE, .ours = 1, .ifindex = info->ifindex, .vni = info->vni};

	if (check->link.up)
		have.settings |= DM_SETTING_UP;
	if (!check->link.learning)
		have.settings |= DM_SETTING_NOLEARNING;
	if (info->role == DM_ROLE_HUB)
		have.settings |= hub_settings(programs, info);
	else if (check->link.neigh_suppress)
		have.settings |= DM_SETTING_SUPPRESS;
	tell(&have);
}

/* One slice for all VPNs of a device, so that what is read once is of one moment. */
static void settings(void)
{
	uint32_t ifindex = in_hand()->ifindex;
	uint16_t programs = in_hand()->role == DM_ROLE_HUB ? dm_switch_settings(ifindex) : 0;
	size_t i;

	read_link(ifindex, &check->link);
	read_link(check->link.master, &check->bridge);
	if (check->link.kind != NLM_VXLAN) /* gone: nothing to tell of it */
		return;
	dm_device_invalidate();
	for (i = check->at; i < check->n_infos && check->infos[i].ifindex == ifindex; i++)
		if (check->infos[i].vni)
			tell_settings(programs, &check->infos[i]);
}

/* --- dumps ------------------------------------------------------------------------ */

static void tell_entry(const struct nlm_fdb *fdb)
{
	struct dm_undo ours = {.kind = DM_UNDO_FLOOD_OURS, .ifindex = fdb->ifindex};
	struct dm_have have = {.kind = DM_HAVE_FDB, .ours = fdb->ext_learned, .ifindex = fdb->ifindex};

	have.vni = fdb->src_vni ? fdb->src_vni : check->link.vni;
	have.addr = fdb->mac;
	have.at = fdb->dst;
	have.remote_vni = fdb->remote_vni;
	if (dm_addr_is_zero(&fdb->mac)) {
		have.kind = DM_HAVE_FLOOD;
		have.ours = dm_undo_has(&ours);
		have.addr = fdb->dst;
		memset(&have.at, 0, sizeof(have.at));
	}
	tell(&have);
}

static void tell_bridge_mac(const struct nlm_bridge_mac *entry)
{
	struct dm_have have = {.ours = 1, .ifindex = check->link.ifindex, .vni = check->link.vni};

	have.addr = entry->mac;
	if (check->stage == LOCALS && entry->port != check->link.ifindex && dm_locals_counts(entry))
		have.kind = DM_HAVE_LOCAL;
	else if (check->stage == ENTRIES && entry->port == check->link.ifindex && entry->ext_learned && check->link.vni)
		have.kind = DM_HAVE_BRIDGE_MAC;
	if (have.kind)
		tell(&have);
}

static void tell_neigh(const struct nlm_neigh *neigh)
{
	struct dm_have have = {.kind = DM_HAVE_NEIGH, .ifindex = check->link.ifindex, .vni = check->link.vni};

	have.ours = nlm_neigh_is_ours(neigh);
	have.addr = neigh->ip;
	have.at = neigh->mac;
	if (neigh->ifindex == check->place.layer3)
		tell(&have);
}

static void tell_dumped(const struct nlmsghdr *nlh)
{
	struct nlm_bridge_mac entry;
	struct nlm_neigh neigh;
	struct nlm_fdb fdb;

	if (check->stage == ENTRIES && nlm_parse_fdb(nlh, check->link.vni, &fdb) && fdb.self) {
		if (dm_addr_is_set(&fdb.dst) && fdb.ifindex == check->link.ifindex)
			tell_entry(&fdb);
	} else if (check->stage <= LOCALS) {
		if (nlm_parse_bridge_mac(nlh, &entry))
			tell_bridge_mac(&entry);
	} else if (nlm_parse_neigh(nlh, &neigh)) {
		tell_neigh(&neigh);
	}
}

static void take_dumped(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	int done = 0;

	if (nlh->nlmsg_seq != check->sock.seq || check->dumped)
		return;
	if (nlh->nlmsg_type == RTM_NEWNEIGH) {
		tell_dumped(nlh);
		return;
	}
	if (nlh->nlmsg_type == NLMSG_DONE && mnl_nlmsg_get_payload_len(nlh) >= sizeof(done))
		memcpy(&done, mnl_nlmsg_get_payload(nlh), sizeof(done));
	else if (nlh->nlmsg_type == NLMSG_ERROR && mnl_nlmsg_get_payload_len(nlh) >= sizeof(*err))
		done = err->error;
	check->dumped = nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR;
	check->error = MIN(done, 0);
}

/* The dump of the stage; NULL when there is none for this device. */
static struct nlmsghdr *build_dump(void *buf)
{
	bool spoke = in_hand()->role == DM_ROLE_SPOKE;

	if (check->link.kind != NLM_VXLAN)
		return NULL;
	if (check->stage == ENTRIES)
		return nlm_build_fdb_dump(buf, check->link.ifindex);
	if (!spoke || check->bridge.kind != NLM_BRIDGE)
		return NULL;
	if (check->stage == LOCALS)
		return nlm_build_bridge_macs_dump(buf, check->bridge.ifindex);
	if (!dm_neigh_where(check->link.ifindex, &check->place))
		return NULL;
	return nlm_build_neigh_dump(buf, check->place.layer3,
				    check->stage == NEIGHS_IPV4 ? DM_IPV4 : DM_IPV6);
}

static void tell_own_mac(void)
{
	struct dm_have have = {.kind = DM_HAVE_LOCAL, .ours = 1, .ifindex = check->link.ifindex};

	have.vni = check->link.vni;
	have.addr = check->bridge.mac;
	tell(&have);
}

/* Returns true when the stage is through; an error is left in check->error. */
static bool dump(void)
{
	char buf[NLM_MESSAGE_MAX];
	struct nlmsghdr *nlh;

	if (!check->dumping) {
		nlh = build_dump(buf);
		if (!nlh)
			return true;
		if (check->stage == LOCALS)
			tell_own_mac();
		check->dumped = false;
		check->error = nls_dump_begin(&check->sock, nlh);
		check->dumping = !check->error;
	}
	if (!check->error)
		check->error = nls_receive_some(&check->sock, READS_A_SLICE, take_dumped, NULL);
	/* a device that went meanwhile is told of by its event */
	if (check->error == -ENODEV || check->error == -EINVAL)
		check->error = 0;
	if (check->error || check->dumped)
		check->dumping = false;
	return !check->dumping;
}

/* --- the switch's maps -------------------------------------------------------------- */

/* The target at a place; NULL when another, or none, is there now. */
static const struct sw_target *target_at(uint32_t slot, uint32_t gen)
{
	const struct sw_chunk *chunk = &dm_switch_maps()->chunks[slot / SW_SLOTS_PER_CHUNK % SW_CHUNKS_MAX];
	const struct sw_target *target = &chunk->target[slot % SW_SLOTS_PER_CHUNK];

	return gen && target->gen == gen ? target : NULL;
}

static struct dm_have of_vpn(const struct sw_vpn_key *vpn, enum dm_have_kind kind)
{
	return (struct dm_have){.kind = kind, .ours = 1, .ifindex = vpn->ifindex, .vni = vpn->vni};
}

/* An entry whose place is another's lets frames in, but their MACs are behind nobody: it is as none. */
static void tell_member(const struct sw_member_key *key, const struct sw_member *value)
{
	struct dm_have have = of_vpn(&key->vpn, DM_HAVE_MEMBER);

	dm_addr_from_map(key->addr, &have.addr);
	if (target_at(value->slot, value->gen))
		tell(&have);
}

/* One whose member is gone is unknown to the switch, too. */
static void tell_mac(const struct sw_mac_key *key, const struct sw_mac *value)
{
	const struct sw_target *target = target_at(sw_where_slot(value->where), sw_where_gen(value->where));
	struct dm_have have = of_vpn(&key->vpn, DM_HAVE_SWITCH_MAC);

	if (!target)
		return;
	dm_addr_set(&have.addr, DM_MAC, key->mac, SW_MAC_LEN);
	dm_addr_from_map(target->addr, &have.at);
	have.remote_vni = target->remote_vni;
	tell(&have);
}

/* Returns true when the map is through; an error is left in check->error. */
static bool walk(int fd)
{
	int n, i;

	check->walk.fd = fd;
	check->walk.keys = &check->keys;
	check->walk.values = &check->values;
	n = dm_mapwalk_next(&check->walk);
	check->error = MIN(n, 0);
	for (i = 0; i < n; i++)
		if (check->stage == MEMBERS)
			tell_member(&check->keys.members[i], &check->values.members[i]);
		else
			tell_mac(&check->keys.macs[i], &check->values.macs[i]);
	if (n < 0 || check->walk.ended) {
		memset(&check->walk, 0, sizeof(check->walk));
		return true;
	}
	return false;
}

static size_t tell_chunk(const struct sw_vpn_key *vpn, const struct sw_chunk *chunk)
{
	struct dm_have have = of_vpn(vpn, DM_HAVE_TARGET);
	size_t i, n = 0;

	for (i = 0; i < SW_SLOTS_PER_CHUNK; i++) {
		if (!chunk->target[i].gen)
			continue;
		dm_addr_from_map(chunk->target[i].addr, &have.addr);
		have.remote_vni = chunk->target[i].remote_vni;
		tell(&have);
		n++;
	}
	return n;
}

/* The chunks of each VPN, as the flood program goes through them. Returns true when that was all. */
static bool targets(void)
{
	const struct dm_switch_maps *maps = dm_switch_maps();
	size_t sent = 0, seen = 0;

	while (check->vpn < SW_VPNS_MAX && sent < SENT_A_SLICE && seen++ < SW_CHUNKS_MAX) {
		const struct sw_vpn *vpn = &maps->vpn_table[check->vpn];

		if (check->chunk && check->chunk < SW_CHUNKS_MAX && vpn->key.ifindex) {
			sent += tell_chunk(&vpn->key, &maps->chunks[check->chunk]);
			check->chunk = maps->chunks[check->chunk].next;
			if (check->chunk)
				continue;
		}
		check->vpn++;
		check->chunk = check->vpn < SW_VPNS_MAX ? maps->vpn_table[check->vpn].first_chunk : 0;
	}
	return check->vpn >= SW_VPNS_MAX;
}

/* --- its course ------------------------------------------------------------------------- */

/* Returns true when the stage is through. */
static bool run_stage(void)
{
	const struct dm_switch_maps *maps = dm_switch_maps();

	switch (check->stage) {
	case SETTINGS:
		settings();
		return true;
	case ENTRIES:
	case LOCALS:
	case NEIGHS_IPV4:
	case NEIGHS_IPV6:
		return dump();
	case MEMBERS:
		return !maps || walk(maps->members);
	case TARGETS:
		return !maps || targets();
	case MACS:
		return !maps || walk(maps->macs);
	case NEXT_DEVICE:
	case END:
		break;
	}
	return true;
}

/* To the next device of an instance, or on to the maps. */
static void next_device(void)
{
	uint32_t ifindex = check->at < check->n_infos ? in_hand()->ifindex : 0;

	while (check->at < check->n_infos && in_hand()->ifindex == ifindex)
		check->at++;
	check->stage = check->at < check->n_infos ? SETTINGS : MEMBERS;
}

static const char *what_is_read(char text[48])
{
	if (check->stage >= MEMBERS)
		return "the maps of the BPF switch";
	snprintf(text, 48, "the %s of %s", check->stage < NEIGHS_IPV4 ? "entries" : "neighbors", check->link.name);
	return text;
}

/* A slice is bounded by itself, and begun only when there is room; in parts it would look like differences. */
static bool run_slice(void)
{
	bool through;

	dm_zapi_send_whole(true);
	through = run_stage();
	dm_zapi_send_whole(false);
	return through;
}

static void step(struct event *event)
{
	char text[48];

	if (!dm_zapi_rested()) {
		event_add_timer_msec(loop_main, step, NULL, BUSY_MS, &t_step);
		return;
	}
	if (run_slice()) {
		if (check->error) {
			end(what_is_read(text), -check->error);
			return;
		}
		check->stage++;
		if (check->stage == NEXT_DEVICE)
			next_device();
	}
	if (check->stage == END)
		end("", 0);
	else
		event_add_event(loop_main, step, NULL, 0, &t_step);
}

static void copy_info(const struct dm_instance_info *info, void *arg)
{
	check->infos = XREALLOC(MTYPE_DM_CHECK_INSTANCES, check->infos,
				(check->n_infos + 1) * sizeof(*check->infos));
	check->infos[check->n_infos++] = *info;
}

void dm_check_begin(uint32_t number)
{
	int err;

	dm_check_stop();
	check = XCALLOC(MTYPE_DM_CHECK, sizeof(*check));
	check->number = number;
	err = nls_open(&check->sock, RCVBUF, NULL);
	if (err) {
		end("the kernel", -err);
		return;
	}
	dm_instances_each(copy_info, NULL);
	check->stage = check->n_infos ? SETTINGS : MEMBERS;
	event_add_event(loop_main, step, NULL, 0, &t_step);
}

void dm_check_stop(void)
{
	event_cancel(&t_step);
	if (!check)
		return;
	nls_close(&check->sock);
	XFREE(MTYPE_DM_CHECK_INSTANCES, check->infos);
	XFREE(MTYPE_DM_CHECK, check);
}

void dm_check_start(struct event_loop *loop, void (*send)(const struct dm_rec *rec))
{
	loop_main = loop;
	send_rec = send;
}

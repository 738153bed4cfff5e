// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What nhrpd says of MACs behind members, carried out, and what the hub's switch hears of them, told: a part of the
 * session (dmevpn_session.c), which calls all of this.
 *
 *   MAC_SET, MAC_DEL ──> the switch's map if it does not know better; the device's forwarding entry
 *   MAC_BIND, MAC_HOLD ──> the map; what it has heard meanwhile stays, and is told: MAC_SEEN
 *   the switch's events, dumps ──> MAC_SEEN
 *
 * All functions run on zebra's main pthread. The map itself is dmevpn_macs.c's business.
 */
#include <config.h>

#include <errno.h>

#include "lib/zebra.h"

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_fdb.h"
#include "zebra/dmevpn_instance.h"
#include "zebra/dmevpn_mac_records.h"
#include "zebra/dmevpn_macs.h"
#include "zebra/dmevpn_members.h"

static void (*send_rec)(const struct dm_rec *rec);
static dm_mac_fail send_failure;

void dm_mac_records_start(void (*send)(const struct dm_rec *rec), dm_mac_fail fail)
{
	send_rec = send;
	send_failure = fail;
}

/* A MAC behind a member; BEFORE is where it was, NULL when it did not move. */
static void send_mac(const struct sw_vpn_key *vpn, const uint8_t mac[SW_MAC_LEN],
		     const struct dm_member_info *member, const struct dm_member_info *before,
		     uint32_t idle_ms, bool held)
{
	struct dm_rec rec = {.type = DM_REC_MAC_SEEN};

	rec.mac.ifindex = vpn->ifindex;
	rec.mac.vni = vpn->vni;
	dm_addr_set(&rec.mac.mac, DM_MAC, mac, SW_MAC_LEN);
	rec.mac.nbma = member->nbma;
	rec.mac.remote_vni = member->remote_vni;
	rec.mac.idle_ms = idle_ms;
	rec.mac.held = held;
	rec.mac.moved = before != NULL;
	if (before)
		rec.mac.old_nbma = before->nbma;
	send_rec(&rec);
}

void dm_mac_tell(const struct dm_mac_info *mac, void *arg)
{
	if (mac->member)
		send_mac(&mac->key.vpn, mac->key.mac, mac->member, NULL, mac->idle_ms, mac->held);
}

void dm_mac_tell_event(const struct sw_event *event)
{
	const struct dm_member_info *member = dm_member_at(event->where);

	if (member)
		send_mac(&event->vpn, event->mac, member,
			 event->type == SW_EVENT_MOVED ? dm_member_at(event->other) : NULL, 0, false);
}

void dm_mac_rec_set(const struct dm_mac *m)
{
	bool hub = dm_instance_is_hub(m->ifindex, m->vni);
	int err = 0;

	if (!dm_instance_find(m->ifindex, m->vni))
		err = ENOENT;
	else if (hub)
		err = dm_mac_add(m->ifindex, m->vni, &m->mac, &m->nbma);
	if (!err)
		dm_fdb_set(m->ifindex, m->vni, hub, &m->mac, &m->nbma, m->remote_vni);
	else
		send_failure(DM_REC_MAC_SET, m->ifindex, m->vni, &m->mac, err);
}

void dm_mac_rec_del(const struct dm_mac *m)
{
	bool hub = dm_instance_is_hub(m->ifindex, m->vni);

	if (!dm_instance_find(m->ifindex, m->vni))
		return;
	if (hub)
		dm_mac_del(m->ifindex, m->vni, &m->mac, &m->nbma);
	dm_fdb_del(m->ifindex, m->vni, &m->mac);
}

/* What the switch has heard is newer than what nhrpd knew: it hears where that was. */
static void mac_done(uint8_t rec, const struct dm_mac *m, int err)
{
	struct dm_mac_info there;

	if (err == ESTALE && dm_mac_find(m->ifindex, m->vni, &m->mac, &there))
		dm_mac_tell(&there, NULL);
	else if (err)
		send_failure(rec, m->ifindex, m->vni, &m->mac, err);
}

void dm_mac_rec_bind(const struct dm_mac *m)
{
	int err = dm_instance_is_hub(m->ifindex, m->vni)
			  ? dm_mac_bind(m->ifindex, m->vni, &m->mac, &m->nbma, &m->old_nbma,
					m->idle_ms)
			  : ENOENT;

	mac_done(DM_REC_MAC_BIND, m, err);
}

void dm_mac_rec_hold(const struct dm_mac *m)
{
	int err = dm_instance_is_hub(m->ifindex, m->vni)
			  ? dm_mac_hold(m->ifindex, m->vni, &m->mac, &m->nbma, m->held)
			  : ENOENT;

	/* one that is gone is held by nobody */
	if (err != ENOENT || m->held)
		mac_done(DM_REC_MAC_HOLD, m, err);
}

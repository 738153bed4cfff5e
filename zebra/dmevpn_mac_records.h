// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records about MACs behind members, both ways (lib/dmevpn_msg.h). Main pthread.
 */
#ifndef DMEVPN_MAC_RECORDS_H
#define DMEVPN_MAC_RECORDS_H

#include "lib/dmevpn_msg.h"

#include "zebra/bpf/switch_maps.h"

struct dm_mac_info;

/* Tells nhrpd that a record of that type failed, with an errno. */
typedef void (*dm_mac_fail)(uint8_t rec_type, uint32_t ifindex, uint32_t vni, const struct dm_addr *mac, int err);

/* How records and failures go to nhrpd. */
void dm_mac_records_start(void (*send)(const struct dm_rec *rec), dm_mac_fail fail);

/* Tells nhrpd where a MAC is (MAC_SEEN); nothing when its member is gone. ARG is not used. */
void dm_mac_tell(const struct dm_mac_info *mac, void *arg);

/* The same of an event of the switch: heard for the first time, or moved. */
void dm_mac_tell_event(const struct sw_event *event);

/* MAC_SET, MAC_DEL, MAC_BIND, MAC_HOLD: does what they say, or tells what failed. */
void dm_mac_rec_set(const struct dm_mac *m);
void dm_mac_rec_del(const struct dm_mac *m);
void dm_mac_rec_bind(const struct dm_mac *m);
void dm_mac_rec_hold(const struct dm_mac *m);

#endif

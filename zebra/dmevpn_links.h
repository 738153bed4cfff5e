// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The VXLAN devices and bridges of the kernel, the other ports of bridges and VLAN devices, as far
 * as they matter to VPNs, kept up to date by notifications. All of it runs on zebra's main pthread.
 */
#ifndef DMEVPN_LINKS_H
#define DMEVPN_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_netlink.h"

struct event_loop;

/* Who is told of changes. */
struct dm_links_watcher {
	/* A VXLAN device came or changed; WAS is what it was before, NULL for a new one. */
	void (*changed)(const struct nlm_link *now, const struct nlm_link *was);
	/* A VXLAN device went. */
	void (*gone)(const struct nlm_link *was);
	/* The bridge with this ifindex changed, or its VLANs did. */
	void (*touched)(uint32_t ifindex);
	/* So did VLANs of a VXLAN device's port, their mapping to VNIs included; the VNIs that the device receives. */
	void (*vlans)(uint32_t ifindex, uint16_t first, uint16_t last);
	void (*vnis)(uint32_t ifindex, uint32_t first, uint32_t last);
	/*
	 * Another port of a bridge came, changed or went, a VLAN device did, or the IP addresses of
	 * any of these did.
	 */
	void (*around)(uint32_t ifindex);
	/* Notifications were lost; the devices were read anew, what happened meanwhile is unknown. */
	void (*overran)(void);
};

/*
 * Opens the socket, reads all devices and reports each to WATCHER, which must
 * outlive it. Returns 0 or a negative errno.
 */
int dm_links_start(struct event_loop *loop, const struct dm_links_watcher *watcher);
void dm_links_stop(void);

/*
 * A VXLAN device, bridge, port of a bridge or VLAN device by ifindex; NULL when there is none.
 * Valid until the next event.
 */
const struct nlm_link *dm_link_find(uint32_t ifindex);

/* The same by name. */
const struct nlm_link *dm_link_find_name(const char *name);

/* The VLAN device for VLAN upon a device; NULL when there is none. Valid until the next event. */
const struct nlm_link *dm_link_find_vlan(uint32_t lower, uint16_t vlan);

/* Asks the kernel anew about one device and tells the watcher when it changed. */
void dm_link_refresh(uint32_t ifindex);

/* The LINK record of a VXLAN device. */
void dm_link_record(const struct nlm_link *link, struct dm_rec *rec);

/* Calls EACH for every VXLAN device. */
void dm_links_each(void (*each)(const struct nlm_link *link, void *arg), void *arg);

/* How often the notification socket overran; every time, all devices were read anew. */
uint64_t dm_links_overruns(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The settings a VXLAN device, its bridge port and its bridge need for a VPN:
 * made where they are missing, noted, and taken back. Main pthread.
 */
#ifndef DMEVPN_DEVICE_H
#define DMEVPN_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zebra/dmevpn_netlink.h"
#include "zebra/dmevpn_undo.h"

/* octets of every REASON below, with its NUL */
#define DM_DEVICE_REASON_LEN 96

/* Opens and closes the socket for changes. Returns 0 or a negative errno. */
int dm_device_start(void);
void dm_device_stop(void);

/*
 * Make a device ready to be a spoke, or a hub. Idempotent. Return false with
 * REASON (a sentence part that names the device) filled in when something
 * that only the user can provide is missing, or the kernel refused.
 */
bool dm_device_spoke(const struct nlm_link *link, char *reason);
bool dm_device_hub(const struct nlm_link *link, char *reason);

/*
 * The VNI that the port has the VLAN mapped to, 0 where it is not mapped. Valid after dm_device_hub()
 * succeeded on that device.
 */
uint32_t dm_device_vlan_vni(const struct nlm_link *link, uint16_t vlan);

/* A VLAN of a hub's bridge, 1 to 4094, and the VNI of its VPN. */
struct dm_vlan_vni {
	uint16_t vlan;
	uint32_t vni;
};

/*
 * Joins the port to each of N VLANs, maps it to its VNI, lets the device receive that, in as few
 * messages as it can. WANTED is in the order of VLANs. What the kernel refuses is left to dm_device_vlan(), which is
 * to follow for each of them.
 */
void dm_device_vlans(const struct nlm_link *link, const struct dm_vlan_vni *wanted, size_t n);

/*
 * Joins the port to the VLAN, maps it to VNI, lets the device receive VNI; nothing where all of that is
 * so. Returns false with REASON filled in.
 */
bool dm_device_vlan(const struct nlm_link *link, uint16_t vlan, uint32_t vni,
		    char *reason);

/*
 * Which of DM_SETTING_VLAN, _TUNNEL and _VNI are as a VPN needs them; read from the kernel, if dm_device_invalidate()
 * was called before. All are missing where they cannot be read.
 */
uint16_t dm_device_vlan_settings(const struct nlm_link *link, uint16_t vlan, uint32_t vni);

/*
 * Has the bridge answer for what is behind the port (neigh_suppress), and where the kernel can,
 * still send announcements there (neigh_forward_grat). Returns false with REASON filled in.
 */
bool dm_device_suppress(const struct nlm_link *link, char *reason);

/*
 * The VLAN that a frame is in which comes to a bridge port with TAG (0: without one, which gives the
 * port's PVID). 0 where the bridge drops it.
 */
uint16_t dm_device_vlan_of_frame(uint32_t ifindex, uint16_t tag);

/* Reads VLANs and VNIs of a device anew when they are asked for next. */
void dm_device_invalidate(void);

/*
 * Takes one noted change back; refusals are logged. Returns false when it could not be tried
 * now: the note is to be kept.
 */
bool dm_device_take_back(const struct dm_undo *undo);

/* The device is no port any more, or of another bridge: what was noted of the port went with it. */
void dm_device_left_bridge(uint32_t ifindex);

/* Changes of settings that were asked of the kernel, those that take one back included. */
uint64_t dm_device_requests(void);

#endif

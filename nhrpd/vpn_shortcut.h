// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A spoke's shortcuts: MACs among what vpn_remote.h keeps.
 */
#ifndef DMEVPN_VPN_SHORTCUT_H
#define DMEVPN_VPN_SHORTCUT_H

#include "nhrpd/vpn_remote.h"

#define VPN_REASK_MS 1000     /* a redirect for a shortcut younger than this is an echo of the past */

/* A Traffic Indication: the hub forwarded a frame of ours to another spoke. */
void vpn_shortcut_indication(struct vpn_engine *e, struct vpn_instance *inst, const struct vpn_path *from,
			     const struct nhrp_msg *m);
/* Its FDB entry, and the path that it leads over: SET, or taken out. The module has the entry in the kernel while the path is up. */
void vpn_shortcut_program(struct vpn_engine *e, struct vpn_remote *r, bool set);
/* It leads over no path any more, whatever the kernel has; no effect when it did not. */
void vpn_shortcut_leave_path(struct vpn_engine *e, struct vpn_remote *r);
/* Paths of the instance are probed from now on, or are not any more: its shortcuts are stated anew. */
void vpn_shortcut_paths_changed(struct vpn_engine *e, struct vpn_instance *inst);
/* True when it is active and, as far as is known, in the kernel. */
bool vpn_shortcut_in_kernel(const struct vpn_remote *r);
/* Two thirds of the holding time are over: asks the module whether it is in use. */
void vpn_shortcut_look(struct vpn_engine *e, struct vpn_remote *r);
/* The module's answer to a look. */
void vpn_shortcut_used(struct vpn_engine *e, struct vpn_instance *inst, const struct dm_used *u);
/* True when at least one is active: frames may pass the hub by. */
bool vpn_shortcut_any_active(struct vpn_instance *inst);
/* How many are in the kernel, without those only asked for. */
size_t vpn_shortcut_num_active(struct vpn_instance *inst);

#endif

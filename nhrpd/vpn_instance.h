// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices and the VPN instances on them.
 */
#ifndef DMEVPN_VPN_INSTANCE_H
#define DMEVPN_VPN_INSTANCE_H

#include "lib/jhash.h"
#include "nhrpd/vpn_adopt.h"
#include "nhrpd/vpn_ageing.h"
#include "nhrpd/vpn_duplicate.h"
#include "nhrpd/vpn_end.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_hearing.h"
#include "nhrpd/vpn_local.h"
#include "nhrpd/vpn_member.h"
#include "nhrpd/vpn_neigh.h"
#include "nhrpd/vpn_probe.h"
#include "nhrpd/vpn_purge.h"
#include "nhrpd/vpn_shortcut.h"
#include "nhrpd/vpn_spoke.h"
#include "nhrpd/vpn_transit.h"
#include "nhrpd/vpn_way.h"

struct vpn_link;

PREDECL_RBTREE_UNIQ(vpn_instances);
PREDECL_HASH(vpn_index);
PREDECL_HASH(vpn_vnis);
PREDECL_HASH(vpn_places);
PREDECL_DLIST(vpn_due);
PREDECL_RBTREE_UNIQ(vpn_devices);

/* One VPN on one device. Identified by (device, vpn); a VPN is on one device of a node. */
struct vpn_instance {
	struct vpn_instances_item item;
	struct vpn_index_item index_item;
	struct vpn_vnis_item vni_item;
	struct vpn_places_item place_item; /* while asked */
	struct vpn_due_item due_item;	   /* while it is looked at anew */
	bool indexed;	 /* this is the node's instance of its VPN */
	bool vni_known;	 /* it is found by (asked_ifindex, vni) */
	struct vpn_device *dev;
	struct vpn_id vpn;
	uint16_t vlan_config; /* 0: default */
	bool changed;	      /* its configuration did, since it was looked at last */
	bool clash;	      /* a VPN before it has its VLAN */

	/* derived by vpn_device_update() */
	enum dm_role role; /* DM_ROLE_NONE until it could start */
	uint16_t vlan;	   /* hub */
	uint64_t life;	   /* drawn each time it starts, with nothing left of what it told others before */
	bool layer3;	   /* the device is a GRE interface: no role, FRR's own code does the rest */
	bool blocked;	   /* … and the configuration stands in its way */
	char reason[DM_REASON_LEN];
	const char *said_role; /* the role that the log was told last */
	struct vpn_link *link;	/* of the device, NULL when there is none */
	struct dm_addr nbma;	/* of our VXLAN end */
	struct vpn_path local;	/* controller's ifindex and our outer address */
	struct vpn_end end;	/* as the others were told of it */

	/* what the module was asked for, and what it said */
	bool asked;
	uint32_t asked_ifindex;
	bool ready;
	bool answered; /* the module has said since what becomes of it */
	bool told; /* all that the instance holds has been stated since it became ready */
	uint32_t vni; /* by which this node receives the VPN; 0 while not known */
	char not_ready[DM_REASON_LEN];

	bool leaving; /* a spoke's registrations are being taken back, and nothing else happens any more */
	struct vpn_hub hubs[VPN_SERVERS_MAX];
	struct vpn_hub *active;
	struct vpn_adopted_hub adopted; /* while there is no active one */
	struct vpn_remote_tables remotes;
	struct vpn_probes_head probes; /* paths of the MACs among them */
	struct vpn_local_tables locals;
	struct vpn_hearing hearing;
	struct vpn_suppress suppress; /* ARP and neighbour discovery */

	struct vpn_members_head members;
	struct vpn_binding_tables bindings;
	struct vpn_purges_head purges;
	struct vpn_transit_table transit;
	struct vpn_way_table ways;
};

/* What an interface's messages mean to the stock code; void what was learned under another meaning. */
struct vpn_meaning {
	bool has_layer3, has_plain;
	struct vpn_id layer3, plain; /* zero without */
};

/* One VXLAN device, or GRE interface with a VPN, that the configuration names. Identified by its name. */
struct vpn_device {
	struct vpn_devices_item item;
	char name[VPN_IFNAME_LEN];
	char controller[VPN_IFNAME_LEN]; /* "" when none is configured */
	enum vpn_config_role role;
	char key_chain[VPN_KEY_CHAIN_LEN]; /* "" when none is configured */
	char key_obstacle[DM_REASON_LEN]; /* why the chain had no key to send with when it was looked at last, "" when it had one */
	uint16_t holdtime; /* seconds */
	uint32_t keepalive; /* milliseconds */
	uint16_t ageing_time; /* seconds; 0: MACs do not age */
	struct vpn_ageing ageing; /* of a hub's MACs */
	bool graceful_restart; /* the end of the daemon is none of its VPNs' */
	bool arp_suppress;
	uint32_t probe_interval; /* ms between two probes of a path; 0: shortcuts are used unprobed */
	uint8_t probe_misses;	 /* in a row, after which a path is down */
	bool changed; /* something that concerns all of its VPNs did, since they were looked at last */
	struct vpn_duplicate_config duplicate;
	struct vpn_instances_head instances;
	bool has_plain;	       /* plain messages of this GRE interface are of VPN plain */
	struct vpn_id plain;
	struct vpn_meaning told; /* what the world was told last */
};

/* Order of the container: by what identifies the object. */
static inline int vpn_device_cmp(const struct vpn_device *a, const struct vpn_device *b)
{
	return strcmp(a->name, b->name);
}
DECLARE_RBTREE_UNIQ(vpn_devices, struct vpn_device, item, vpn_device_cmp);

/* Order of the container: by what identifies the object. */
static inline int vpn_instance_cmp(const struct vpn_instance *a, const struct vpn_instance *b)
{
	return vpn_id_cmp(&a->vpn, &b->vpn);
}
DECLARE_RBTREE_UNIQ(vpn_instances, struct vpn_instance, item, vpn_instance_cmp);

/* Hash over what identifies the object. */
static inline uint32_t vpn_instance_hash(const struct vpn_instance *inst)
{
	return jhash_2words(inst->vpn.oui, inst->vpn.index, 0x2735);
}
DECLARE_HASH(vpn_index, struct vpn_instance, index_item, vpn_instance_cmp, vpn_instance_hash);

/* Order of the container: by what identifies the object. */
static inline int vpn_vni_cmp(const struct vpn_instance *a, const struct vpn_instance *b)
{
	if (a->asked_ifindex != b->asked_ifindex)
		return a->asked_ifindex < b->asked_ifindex ? -1 : 1;
	return a->vni < b->vni ? -1 : a->vni > b->vni;
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_vni_hash(const struct vpn_instance *inst)
{
	return jhash_2words(inst->asked_ifindex, inst->vni, 0x7348);
}
DECLARE_HASH(vpn_vnis, struct vpn_instance, vni_item, vpn_vni_cmp, vpn_vni_hash);

/* Order of the container: by what the module calls an instance that it was asked for. */
static inline int vpn_place_cmp(const struct vpn_instance *a, const struct vpn_instance *b)
{
	if (a->asked_ifindex != b->asked_ifindex)
		return a->asked_ifindex < b->asked_ifindex ? -1 : 1;
	return a->vlan < b->vlan ? -1 : a->vlan > b->vlan;
}
/* Hash over what identifies the object. */
static inline uint32_t vpn_place_hash(const struct vpn_instance *inst)
{
	return jhash_2words(inst->asked_ifindex, inst->vlan, 0x766c);
}
DECLARE_HASH(vpn_places, struct vpn_instance, place_item, vpn_place_cmp, vpn_place_hash);
DECLARE_DLIST(vpn_due, struct vpn_instance, due_item);

/* The device of that name, made when it is not there; the other returns NULL then. */
struct vpn_device *vpn_device_get(struct vpn_engine *e, const char *name);
struct vpn_device *vpn_device_find(struct vpn_engine *e, const char *name);
/* Frees the device when nothing is configured on it any more. */
void vpn_device_trim(struct vpn_engine *e, struct vpn_device *dev);
/* Derives role, addresses and reason of its instances anew: first stops, then starts what follows from a change. */
void vpn_device_update(struct vpn_engine *e, struct vpn_device *dev);
/* The same for all devices, all stops before all starts. */
void vpn_update_all(struct vpn_engine *e);
/* The same of those alone that the configuration changed, or that another's change concerns. */
void vpn_update_changed(struct vpn_engine *e);

/* The instance of VPN on DEV, made when it is not there. */
struct vpn_instance *vpn_instance_get(struct vpn_engine *e, struct vpn_device *dev, struct vpn_id vpn);
/* Frees the instance; PROGRAM takes its state out of the kernel and tells those who rely on it. */
void vpn_instance_del(struct vpn_engine *e, struct vpn_instance *inst, bool program);
/* The instance of a VPN on this node, NULL when there is none. */
struct vpn_instance *vpn_instance_of(struct vpn_engine *e, const struct vpn_id *vpn);
/* The instance the module means by (ifindex, vni), NULL when there is none. */
struct vpn_instance *vpn_instance_by_vni(struct vpn_engine *e, uint32_t ifindex, uint32_t vni);
/* The module's word on an instance. */
void vpn_instance_state(struct vpn_engine *e, const struct dm_instance_state *s);
/* The module is gone: it will have to be asked anew. */
void vpn_instance_unask(struct vpn_engine *e, struct vpn_instance *inst);
/* "none", "spoke", "hub" or "l3" */
const char *vpn_instance_role_name(const struct vpn_instance *inst);
/* up, registering or inactive */
enum vpn_state vpn_instance_shown_state(const struct vpn_instance *inst);

#endif

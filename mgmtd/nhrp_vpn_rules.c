// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of frr-nhrpd that one command can break.
 *
 * The model (yang/frr-nhrpd.yang) states the same rules and has the last word
 * for every client of mgmtd. Asking them here as well, before a line of
 * configuration enters the candidate, has three reasons. The answer can name the
 * values in conflict, which the fixed text of a YANG error cannot. While
 * "vtysh -b" reads a whole file into one transaction, a refused line is left
 * out by itself; refused at commit, it would take every other line with it. And
 * a default VLAN that two organizations' VPNs share is found here whatever their
 * OUIs; the model looks by hash and so finds those with OUI 00:00:00.
 *
 * Called from mgmtd's main thread, by its commands only. Walks the tree by
 * hand, because an XPath search for each of a hub's 4,094 lines adds up.
 */
#include <config.h>
#include <zebra.h>

#include "lib/northbound.h"
#include "lib/yang.h"

#include "lib/addr.h"
#include "mgmtd/nhrp_vpn_rules.h"

#define VLAN_MAX 4094

/* The child of a node by its name, or NULL; parent may be NULL. */
static const struct lyd_node *child_named(const struct lyd_node *parent, const char *name)
{
	const struct lyd_node *child;

	if (!parent)
		return NULL;
	LY_LIST_FOR (lyd_child(parent), child)
		if (child->schema && strcmp(child->schema->name, name) == 0)
			return child;
	return NULL;
}

/* An instance's VPN-ID; the model lets nothing else in. */
static struct vpn_id instance_id(const struct lyd_node *instance)
{
	struct vpn_id vpn;

	vpn_id_parse(&vpn, yang_dnode_get_string(lyd_child(instance), NULL));
	return vpn;
}

/* The VLAN that an instance occupies on a hub's device: its own or, failing that, its index; 0 where it has none. */
static uint32_t occupied_vlan(const struct vpn_id *vpn, uint16_t vlan)
{
	if (vlan)
		return vlan;
	return vpn->index <= VLAN_MAX ? vpn->index : 0;
}

static bool is_instance(const struct lyd_node *node)
{
	return strcmp(node->schema->name, "instance") == 0;
}

/* The VPN of an interface that stands in another's way. */
struct owner {
	struct vpn_id vpn;
	bool by_default; /* its VLAN is that of its index */
};

/*
 * Whether an instance occupies that VLAN, of which digits is the number as text; *by_default: as that of its
 * index. Asked of each VPN of a hub for each of its lines, so it compares what libyang keeps and reads no VPN-ID.
 */
static bool occupies(const struct lyd_node *instance, uint32_t vlan, const char *digits, bool *by_default)
{
	const struct lyd_node *key = lyd_child(instance), *leaf = key->next ? child_named(instance, "vlan") : NULL;
	const char *index;

	*by_default = !leaf;
	if (leaf)
		return yang_dnode_get_uint16(leaf, NULL) == vlan;
	index = strrchr(lyd_get_value(key), ':');
	return strcmp(index ? index + 1 : lyd_get_value(key), digits) == 0;
}

/* Finds the VPN of this interface that occupies a VLAN, other than the one asked about. */
static bool find_owner(const struct lyd_node *vpn, uint32_t vlan, const struct vpn_id *except,
		       struct owner *owner)
{
	const struct lyd_node *node;
	char digits[12];

	if (!vpn)
		return false;
	snprintf(digits, sizeof(digits), "%u", vlan);
	LY_LIST_FOR (lyd_child(vpn), node) {
		if (!is_instance(node) || !occupies(node, vlan, digits, &owner->by_default))
			continue;
		owner->vpn = instance_id(node);
		if (vpn_id_cmp(&owner->vpn, except))
			return true;
	}
	return false;
}

static const struct lyd_node *vpn_of(const struct lyd_node *interface)
{
	return child_named(child_named(interface, "nhrp"), "vpn");
}

/* Whether an interface has a VPN: one look into the hash that libyang keeps for each list. */
static bool has_vpn(const struct lyd_node *interface, const struct vpn_id *vpn)
{
	const struct lyd_node *first = child_named(vpn_of(interface), "instance");
	char id[VPN_ID_STRLEN], key[sizeof("[vpn-id='']") + VPN_ID_STRLEN];

	if (!first)
		return false;
	snprintf(key, sizeof(key), "[vpn-id='%s']", vpn_id_str(vpn, id));
	return lyd_find_sibling_val(first, first->schema, key, 0, NULL) == LY_SUCCESS;
}

static const char *name_of(const struct lyd_node *interface)
{
	return yang_dnode_get_string(lyd_child(interface), NULL);
}

/*
 * The name of the interface other than ifname that has a VPN, or NULL. The
 * interface that is ifname goes to *own, if it is among them.
 */
static const char *vpn_elsewhere(const struct lyd_node *interfaces, const char *ifname,
				 const struct vpn_id *vpn, const struct lyd_node **own)
{
	const struct lyd_node *interface;

	LY_LIST_FOR (interfaces, interface) {
		if (strcmp(name_of(interface), ifname) == 0)
			*own = interface;
		else if (has_vpn(interface, vpn))
			return name_of(interface);
	}
	return NULL;
}

bool nhrp_vpn_allowed(const struct lyd_node *config, const char *ifname, const struct vpn_id *vpn,
		      uint16_t vlan, char *reason, size_t reason_size)
{
	const struct lyd_node *lib = config ? yang_dnode_get(config, "/frr-interface:lib") : NULL;
	uint32_t wanted = occupied_vlan(vpn, vlan);
	char id[VPN_ID_STRLEN], owners[VPN_ID_STRLEN];
	const struct lyd_node *own = NULL;
	const char *other;
	struct owner owner;

	vpn_id_str(vpn, id);
	other = vpn_elsewhere(lib ? lyd_child(lib) : NULL, ifname, vpn, &own);
	if (other) {
		snprintf(reason, reason_size,
			 "VPN-ID %s cannot be on interface %s: it is on interface %s, and a VPN has one device",
			 id, ifname, other);
		return false;
	}
	if (!wanted || !own || !find_owner(vpn_of(own), wanted, vpn, &owner))
		return true;
	snprintf(reason, reason_size,
		 "VPN-ID %s cannot have VLAN %u of interface %s%s: VPN-ID %s has it%s", id, wanted,
		 ifname, vlan ? "" : " by default", vpn_id_str(&owner.vpn, owners),
		 owner.by_default ? " by default" : "");
	return false;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of frr-nhrpd that one command can break.
 *
 * The model (yang/frr-nhrpd.yang) states the same rules and has the last word
 * for every client of mgmtd. Asking them here as well, before a line of
 * configuration enters the candidate, has two reasons. The answer can name the
 * values in conflict, which the fixed text of a YANG error cannot. And while
 * "vtysh -b" reads a whole file into one transaction, a refused line is left
 * out by itself; refused at commit, it would take every other line with it.
 *
 * Called from mgmtd's main thread, by its commands only. Walks the tree by
 * hand, because an XPath search for each of a hub's 4,094 lines adds up.
 */
#include <config.h>
#include <zebra.h>

#include "lib/northbound.h"
#include "lib/yang.h"

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

static uint32_t instance_index(const struct lyd_node *instance)
{
	return yang_dnode_get_uint32(lyd_child(instance), NULL);
}

/* The VLAN that an instance occupies on a hub's device: its own or, failing that, its index. */
static uint32_t occupied_vlan(uint32_t vpn_index, uint16_t vlan)
{
	if (vlan)
		return vlan;
	return vpn_index <= VLAN_MAX ? vpn_index : 0;
}

static uint32_t instance_vlan(const struct lyd_node *instance)
{
	const struct lyd_node *leaf = child_named(instance, "vlan");

	return occupied_vlan(instance_index(instance),
			     leaf ? yang_dnode_get_uint16(leaf, NULL) : 0);
}

static bool is_instance(const struct lyd_node *node)
{
	return strcmp(node->schema->name, "instance") == 0;
}

/* The VPN of this interface that occupies a VLAN, other than the one asked about; 0 if none does. */
static uint32_t vlan_owner(const struct lyd_node *vpn, uint32_t vlan, uint32_t except_index)
{
	const struct lyd_node *node;

	if (!vpn)
		return 0;
	LY_LIST_FOR (lyd_child(vpn), node) {
		if (!is_instance(node) || instance_index(node) == except_index)
			continue;
		if (instance_vlan(node) == vlan)
			return instance_index(node);
	}
	return 0;
}

static const struct lyd_node *vpn_of(const struct lyd_node *interface)
{
	return child_named(child_named(interface, "nhrp"), "vpn");
}

/* Whether an interface has a VPN: one look into the hash that libyang keeps for each list. */
static bool has_vpn(const struct lyd_node *interface, uint32_t vpn_index)
{
	const struct lyd_node *first = child_named(vpn_of(interface), "instance");
	char key[sizeof("[vpn-index='4294967295']")];

	if (!first)
		return false;
	snprintf(key, sizeof(key), "[vpn-index='%u']", vpn_index);
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
				 uint32_t vpn_index, const struct lyd_node **own)
{
	const struct lyd_node *interface;

	LY_LIST_FOR (interfaces, interface) {
		if (strcmp(name_of(interface), ifname) == 0)
			*own = interface;
		else if (has_vpn(interface, vpn_index))
			return name_of(interface);
	}
	return NULL;
}

bool nhrp_vpn_allowed(const struct lyd_node *config, const char *ifname, uint32_t vpn_index,
		      uint16_t vlan, char *reason, size_t reason_size)
{
	const struct lyd_node *lib = config ? yang_dnode_get(config, "/frr-interface:lib") : NULL;
	uint32_t wanted = occupied_vlan(vpn_index, vlan), owner;
	const struct lyd_node *own = NULL;
	const char *other;

	other = vpn_elsewhere(lib ? lyd_child(lib) : NULL, ifname, vpn_index, &own);
	if (other) {
		snprintf(reason, reason_size,
			 "VPN-ID %u cannot be on interface %s: it is on interface %s, and a VPN has one device",
			 vpn_index, ifname, other);
		return false;
	}
	if (!wanted || !own)
		return true;
	owner = vlan_owner(vpn_of(own), wanted, vpn_index);
	if (!owner)
		return true;
	snprintf(reason, reason_size,
		 "VPN-ID %u cannot have VLAN %u of interface %s: VPN-ID %u has it%s", vpn_index,
		 wanted, ifname, owner, owner == wanted ? " by default" : "");
	return false;
}

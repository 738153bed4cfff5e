// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A world for engines without FRR: nodes with an engine each, a network that
 * carries their messages and can lose, repeat or hold them back, a clock that
 * moves only when told, and a stand-in for the zebra module.
 *
 * What the stand-in does not do: forward frames or restart by itself. Like the real
 * module it refuses records about a VNI that it has not told yet. A test plays the switch with world_mac_seen() and world_hairpin().
 */
#ifndef DMEVPN_TESTS_WORLD_H
#define DMEVPN_TESTS_WORLD_H

#include "nhrpd/vpn_engine.h"

#define WORLD_NODES 6
#define WORLD_TABLE 8300 /* more than a VPN may have members */
#define WORLD_NEIGHS 300
#define WORLD_HEARD 700
#define WORLD_CTL_IFINDEX 10
#define WORLD_TUN_IFINDEX 20
#define WORLD_KEYS 3
#define WORLD_MORE 1000 /* further VXLAN devices of a node */
#define WORLD_MORE_IFINDEX 1000
#define WORLD_OPS (NHRP_OP_TRAFFIC_INDICATION + 1)

/* A key of a node's one key chain, "chain". */
struct world_key {
	uint16_t id; /* 0: none */
	const char *string;
	bool send, accept; /* its lifetimes, as they are now */
};

/* When the switch of a hub, or the bridge of a spoke, heard a MAC last. */
struct world_heard {
	struct dm_addr mac;
	uint64_t at; /* ms */
};

struct world_node;

/* How the stand-in answers a CHECK, other than with what it holds. */
struct world_check {
	unsigned int asked;   /* CHECK records */
	bool silent;	      /* it does not answer */
	const char *error;    /* it says that it could not read all */
	uint8_t left_out;     /* things of this kind (enum dm_have_kind) */
	uint16_t unset;	      /* settings that it does not have (DM_SETTING_*) */
	bool not_ours;	      /* all entries that it has are somebody else's */
	struct dm_have added[4];
	size_t num_added;
	void (*changes)(struct world_node *n); /* called when it has read */
};

/* What the stand-in holds of one VPN, as the real module holds it in the kernel. */
struct world_node {
	char name[16];
	struct vpn_engine *engine;
	struct dm_addr nbma;
	struct dm_link link;
	struct dm_link second; /* another device, ifindex 0 when there is none */
	struct dm_link more[WORLD_MORE]; /* v1, v2 … by world_devices() */
	size_t num_more;
	struct vpn_controller ctl;
	struct dm_instance instances[WORLD_TABLE];
	bool vni_told[WORLD_TABLE];
	size_t num_instances;
	unsigned int programmed[256]; /* records that the engine gave the module, by type */
	struct dm_rec last_programmed;
	unsigned int keys_asked_for; /* how often the engine looked for a key */
	unsigned int refused; /* records about a VNI that the node had not been told of */
	struct dm_hub hub; /* ifindex 0: none */
	struct dm_member members[WORLD_TABLE];
	size_t num_members;
	struct dm_mac macs[WORLD_TABLE];
	size_t num_macs;
	struct dm_probe paths[WORLD_TABLE]; /* probed; `up` as the module found out last */
	size_t num_paths;
	unsigned int probe_sets; /* PROBE_SET records */
	bool silent_paths;	 /* nobody answers its probes: paths wait until world_path() says */
	unsigned int binds; /* MAC_BIND records */
	unsigned int elsewhere; /* MAC_ELSEWHERE records; each is answered with LOCAL, gone … */
	bool keeps_macs;	/* … unless the bridge's entries are none that it learned */
	struct dm_mac last_hold; /* the last MAC_HOLD record; ifindex 0: none */
	struct dm_suppress suppress; /* the last word on it; ifindex 0: none */
	bool cannot_suppress;	     /* it says so when asked */
	struct dm_neigh neighs[WORLD_NEIGHS];
	size_t num_neighs;
	struct dm_addr locals[WORLD_NEIGHS]; /* of its bridge; further ones are not kept */
	size_t num_locals;
	struct world_check check;
	uint32_t idle_ms; /* answer to USED_QUERY, unless it ages */
	bool used_found;
	uint32_t first_vni; /* of VLAN 0 at a hub; 0: 4096 */
	bool ages; /* it answers USED_QUERY and LOCAL_QUERY by when it heard each MAC */
	struct world_heard heard[WORLD_HEARD];
	size_t num_heard;
	unsigned int queries; /* USED_QUERY and LOCAL_QUERY records */
	unsigned int sync_ends;
	unsigned int warnings; /* lines at warning level */
	char last_warning[512];
	bool deaf; /* hears no message */
	/* what the stock code would have been given last, and how often it was told to forget an interface */
	unsigned int delivered;
	unsigned int delivered_default; /* of them: of the default routing instance */
	bool keeps_out; /* what is in front of the stock code lets nothing through */
	struct vpn_path delivered_from;
	uint8_t delivered_octets[1500];
	size_t delivered_len;
	unsigned int forgotten;
	/* the last message that it sent, and that was sent to it, by type; length 0: none */
	struct {
		size_t len;
		uint8_t octets[1500];
	} sent[WORLD_OPS], got[WORLD_OPS];
	bool has_chain; /* the key chain exists */
	struct world_key keys[WORLD_KEYS];
};

/* Fresh world; all earlier nodes are gone. */
void world_reset(void);
/* Frees everything (leak checks). */
void world_end(void);
/* A hub (external vnifilter device) or a spoke with that VNI, at 10.0.0.LAST, its module connected, nothing configured. */
struct world_node *world_hub(uint8_t last);
struct world_node *world_spoke(uint8_t last, uint32_t vni);
/* A second VXLAN device tun3 with that VNI, reported to the engine. */
void world_second_device(struct world_node *n, uint32_t vni);
/* VXLAN devices v1 to vNUM of a spoke, one for each VPN of that index; VNI 10000 and the index, a MAC each. */
void world_devices(struct world_node *n, size_t num);
/* VPNs 1 to NUM: of a hub on tun2 in as many VLANs, of a spoke on its devices v1 to vNUM; with the servers of world_configure(). */
void world_many(struct world_node *n, uint32_t num, const struct world_node *hub);
/* A new key chain "chain" with one key, to send and accept with, and the device told to use it; NULL: told to use none. */
void world_key_chain(struct world_node *n, uint16_t id, const char *string);
/* The hash function of all nodes. */
void world_hmac(const void *key, size_t key_len, const struct nhrp_auth_part *parts, size_t num,
		uint8_t digest[NHRP_AUTH_DIGEST_LEN]);
/* The usual configuration: VPN INDEX on tun2, controller tun1, next hop server HUB (NULL for a hub). */
void world_configure(struct world_node *n, uint32_t index, const struct world_node *hub);
/* Plain messages on tun1 are of this VPN (NULL: of none); after world_configure(). */
void world_assign(struct world_node *n, const struct vpn_id *vpn);
/* A new engine in the node, as after a restart of nhrpd; configuration is lost. */
void world_restart(struct world_node *n);
/* The module goes away, or comes back and dumps what it holds. */
void world_module(struct world_node *n, bool up);

/* Lets MS milliseconds pass, delivering and running timers as they come due. */
void world_run(uint64_t ms);

/* The next N messages of that type are lost (0: none from now on), those after the next SPARED, or each is delivered twice. */
void world_lose(uint8_t op, unsigned int n);
void world_lose_after(uint8_t op, unsigned int spared, unsigned int n);
/* The next N messages of that type arrive MS milliseconds late (16 at a time), behind those sent after them. */
void world_delay(uint8_t op, unsigned int n, uint64_t ms);
void world_repeat(bool on);
/* FN may change each message on its way, its length not; NULL: none does. */
void world_tamper(void (*fn)(uint8_t *octets, size_t len));
/* Of 100 messages about so many are lost at random, the same ones in each run. */
void world_lose_at_random(unsigned int percent);
/* Messages seen on the wire of that type since reset; those of them without VPN headers. */
unsigned int world_seen(uint8_t op);
unsigned int world_seen_plain(uint8_t op);
/* The last message of that type as it was sent; returns its length, 0 when there was none. */
size_t world_last(uint8_t op, const uint8_t **octets);
/* The device comes back as n->link says (up, other address, other VNI …). */
void world_link(struct world_node *n);
/* The device goes, and with it all that the kernel had for it. */
void world_link_del(struct world_node *n);
/* The user maps a hub's VLANs to other VNIs, by FIRST + VLAN. */
void world_first_vni(struct world_node *hub, uint32_t first);
/* Puts octets on the wire as if they came from FROM, by the controller or by another interface. */
void world_inject(struct world_node *to, const struct dm_addr *from, const uint8_t *octets, size_t len);
void world_inject_by(struct world_node *to, uint32_t ifindex, const struct dm_addr *from, const uint8_t *octets,
		     size_t len);

/* The switch of hub HUB heard MAC from the member; FROM_SPOKE's VXLAN end. */
void world_mac_seen(struct world_node *hub, const struct world_node *from_spoke, uint32_t vni, const char *mac);
/* The switch forwarded a frame from one member to another. */
void world_hairpin(struct world_node *hub, const struct world_node *from, const struct world_node *to, uint32_t vni,
		   const char *src, const char *dst);

/* The node ages: its switch or bridge hears the MAC now, as it did before, of which nobody is told. */
void world_hears(struct world_node *n, const char *mac);
/* The spoke's bridge heard a MAC of its own, or lost it. */
void world_local(struct world_node *spoke, const char *mac, bool gone);
/* The spoke's bridge heard an IP address behind that MAC; or, MAC NULL, hears it no more. */
void world_neigh(struct world_node *spoke, const char *ip, const char *mac);
/* A host of the spoke asked for an IP address. */
void world_wanted(struct world_node *spoke, const char *ip);
/* The module says whether the bridge suppresses; REASON when not. */
void world_suppress(struct world_node *spoke, const char *reason);
/* The stand-in's neighbour entry of an IP address, NULL when it has none. */
const struct dm_neigh *world_neigh_entry(const struct world_node *n, const char *ip);
/* The module finds a path up or down; to a node's VXLAN end as it is registered. */
void world_path(struct world_node *n, const struct world_node *to, bool up);
/* The path of that node's VXLAN end that is probed, NULL when it is not. */
const struct dm_probe *world_probe(const struct world_node *n, const struct world_node *to);
/* The engine's view of a path; returns false when there is none. */
bool world_path_view(struct world_node *n, const struct world_node *to, struct vpn_path_view *v);
/* The FDB entry of a MAC that the stand-in has in its kernel, NULL when it has none: those behind a path that is not up it holds back. */
const struct dm_mac *world_fdb(const struct world_node *n, const char *mac);
/* The engine's view of its instance of that VPN; of the first one. */
struct vpn_instance_view world_instance_of(struct world_node *n, uint32_t index);
/* As above, of the first. */
struct vpn_instance_view world_instance(struct world_node *n);
/* The engine's view of a MAC; returns false when there is none. */
bool world_mac(struct world_node *n, const char *mac, struct vpn_mac_view *v);
size_t world_num_members(struct world_node *n);
/* The engine's view of an IP address; returns false when there is none. */
bool world_ip(struct world_node *n, const char *ip, struct vpn_neigh_view *v);

/* For world_check.c: a record of the stand-in, under way to the engine; the VNI that it has for an instance. */
void world_tell(struct world_node *n, const struct dm_rec *rec);
uint32_t world_instance_vni(const struct world_node *n, const struct dm_instance *inst);
/* A CHECK; and what it has to know for that. */
void world_answer_check(struct world_node *n, const struct dm_check *check);
void world_note_local(struct world_node *n, const struct dm_addr *mac, bool gone);
/* A PROBE_SET, a PROBE_DEL, and whether an entry is let into the kernel. */
void world_set_probe(struct world_node *n, const struct dm_probe *want);
void world_del_probe(struct world_node *n, const struct dm_probe *unwanted);
bool world_lets_through(const struct world_node *n, const struct dm_mac *m);

/* An address from its text, which must be one. */
struct dm_addr world_addr(const char *text);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The VPN engine's face: everything the glue tells it and everything it asks of
 * the world. The engine holds the protocol state of all VPNs of this node
 * (RFC 2332 for MAC addresses in VPNs of RFC 2735) and knows no socket, no
 * daemon, no YANG and no clock of its own, so tests run two of them in memory.
 *
 * Not thread safe: one engine, one thread.
 */
#ifndef DMEVPN_VPN_ENGINE_H
#define DMEVPN_VPN_ENGINE_H

#include "lib/addr.h"
#include "lib/dmevpn_msg.h"
#include "lib/nhrp_auth.h"
#include "lib/nhrp_msg.h"
#include "nhrpd/vpn_counters.h"

struct vpn_engine;

/* Where a control packet came from or goes to. Identified by both: NBMA addresses repeat over tunnels. */
struct vpn_path {
	uint32_t ifindex;    /* of the GRE interface */
	struct dm_addr nbma; /* outer address of the other end */
};

enum vpn_log {
	VPN_LOG_DEBUG,
	VPN_LOG_INFO,
	VPN_LOG_WARN,
};

/* What the engine needs of the world; CTX is handed back unchanged. */
struct vpn_ops {
	/* Sends LEN octets of NHRP, VPN encapsulation included, by GRE. */
	void (*send)(void *ctx, const struct vpn_path *path, const uint8_t *octets, size_t len);
	/* Hands one record to the zebra module; dropped while it is not connected, restated at the next sync. */
	void (*program)(void *ctx, const struct dm_rec *rec);
	/* Monotonic milliseconds. */
	uint64_t (*now)(void *ctx);
	/* 32 unpredictable bits. */
	uint32_t (*random)(void *ctx);
	void (*log)(void *ctx, enum vpn_log level, const char *line);
	/*
	 * Hands LEN octets of NHRP of a layer 3 VPN, VPN headers taken off, to FRR's own NHRP code.
	 * Returns false when something in front of it keeps the message out (guard, password).
	 */
	bool (*deliver)(void *ctx, const struct vpn_path *from, const uint8_t *octets, size_t len);
	/* The same for a message of the default routing instance: as if it had come without VPN headers. */
	void (*deliver_default)(void *ctx, const struct vpn_path *from, const uint8_t *octets, size_t len);
	/*
	 * Messages of interface IFNAME belong to another layer 3 VPN than before, or to none, or its plain
	 * ones do: what was learned by it is void.
	 */
	void (*layer3_changed)(void *ctx, const char *ifname);
	/*
	 * A key of the chain of that name: the one to send with now (ID 0), or the one with
	 * that number if it may be received now. Returns NULL with *key filled in, or why
	 * there is none, in words that go on from the chain's name ("does not exist").
	 */
	const char *(*key)(void *ctx, const char *chain, uint16_t id, struct nhrp_auth_key *key);
	nhrp_hmac hmac;
};

#define VPN_IFNAME_LEN DM_IFNAME_LEN
#define VPN_DEFAULT_HOLDTIME 7200 /* seconds, as stock nhrpd */
#define VPN_KEEPALIVE_MIN 100	  /* milliseconds */
#define VPN_KEEPALIVE_MAX 60000
#define VPN_KEEPALIVE_DEFAULT 2000
#define VPN_DEFAULT_AGEING 300 /* seconds, as the kernel's bridge */
#define VPN_DEFAULT_PROBE_MS 1000 /* between two probes of a path */
#define VPN_DEFAULT_PROBE_MISSES 3 /* in a row, after which it is down */
#define VPN_KEY_CHAIN_LEN 128 /* octets of a key chain's name, with its end */
#define VPN_SERVERS_MAX 8	    /* next hop servers of one controller */

/* A GRE interface that VPNs use for control or belong to, as the glue finds it. Identified by name. */
struct vpn_controller {
	char name[VPN_IFNAME_LEN];
	bool gre;		 /* exists and is a GRE interface, up or down */
	bool up;		 /* exists, is up, and NHRP knows its NBMA address */
	uint8_t password_len;	 /* of `ip nhrp authentication`; 0: not set */
	uint8_t password[NHRP_AUTH_PASSWORD_MAX];
	char reason[DM_REASON_LEN]; /* when it is not up: what it is instead, "is down" */
	uint32_t ifindex;
	struct dm_addr nbma;	 /* our outer address */
	size_t num_servers;
	struct {
		struct dm_addr proto; /* as configured; not set for `dynamic` */
		struct dm_addr nbma;
	} servers[VPN_SERVERS_MAX];
};

enum vpn_config_role {
	VPN_ROLE_AUTO = 0,
	VPN_ROLE_SPOKE,
	VPN_ROLE_HUB,
};

#define VPN_DUPLICATE_MOVES 5	/* defaults: that many moves … */
#define VPN_DUPLICATE_TIME 180	/* … in so many seconds are none too many */
#define VPN_DUPLICATE_FREEZE 180 /* seconds that an address which moved more often is held */
#define VPN_DUPLICATE_PERMANENT 0

/* How a hub's device finds duplicate addresses, and what it does with them. */
struct vpn_duplicate_config {
	bool off;
	uint16_t max_moves;
	uint16_t time;	 /* seconds */
	uint16_t freeze; /* seconds, or VPN_DUPLICATE_PERMANENT */
};

/* What a device has when nothing is configured. */
struct vpn_duplicate_config vpn_duplicate_default(void);

/* Makes an engine; OPS is copied, CTX is borrowed. EPOCH tells this process from others (boot epoch in messages). */
struct vpn_engine *vpn_engine_new(const struct vpn_ops *ops, void *ctx, uint64_t epoch);

/* Frees the engine and all it holds; programs nothing: what runs in the kernel goes on. */
void vpn_engine_free(struct vpn_engine *e);

/*
 * The daemon ends in good order: spokes take their registrations back at their hubs (RFC 2332
 * 5.2.5), and with them their shortcuts. Returns false when there is nothing to take back.
 */
bool vpn_engine_leave(struct vpn_engine *e);
/* Whether to wait: until all hubs that are registered with have acknowledged, three quarters of a second at most. */
bool vpn_engine_is_leaving(struct vpn_engine *e);
/* Takes out of the kernel what is left there of the VPNs that were taken back; vpn_engine_free() follows. */
void vpn_engine_left(struct vpn_engine *e);

/* Does all that is due. Returns the milliseconds until something is due again. */
uint64_t vpn_engine_run(struct vpn_engine *e);

/* --- configuration (design: two lines make a spoke or a hub); takes effect at vpn_engine_commit() --- */

/* VPN vpn on device IFNAME; VLAN 0 means the default. Replaces an earlier VLAN of the same VPN. */
void vpn_engine_set_instance(struct vpn_engine *e, const char *ifname, struct vpn_id vpn, uint16_t vlan);
void vpn_engine_unset_instance(struct vpn_engine *e, const char *ifname, struct vpn_id vpn);
/* NULL takes the controller away. */
void vpn_engine_set_controller_name(struct vpn_engine *e, const char *ifname, const char *controller);
void vpn_engine_set_role(struct vpn_engine *e, const char *ifname, enum vpn_config_role role);
/* Seconds, 1 to 65535. */
void vpn_engine_set_holdtime(struct vpn_engine *e, const char *ifname, uint16_t seconds);
/* Milliseconds, VPN_KEEPALIVE_MIN to _MAX, between a spoke's questions whether its hubs are there. */
void vpn_engine_set_keepalive(struct vpn_engine *e, const char *ifname, uint32_t ms);
/*
 * Seconds, 10 to 65535: for how long a hub keeps a MAC that nobody hears, and a spoke tells its
 * hub of one that its bridge does not hear; 0: for ever.
 */
void vpn_engine_set_ageing_time(struct vpn_engine *e, const char *ifname, uint16_t seconds);
/* What the device's VPNs have at their hubs and in the kernel stays when the daemon ends: vpn_engine_leave() leaves them alone. */
void vpn_engine_set_graceful_restart(struct vpn_engine *e, const char *ifname, bool on);
/* Messages of the device's VPNs are to be authentic by a key of this chain, which need not exist; NULL: by none. */
void vpn_engine_set_key_chain(struct vpn_engine *e, const char *ifname, const char *name);
/* A spoke's bridge is to answer ARP and neighbour discovery for what is behind others. */
void vpn_engine_set_arp_suppress(struct vpn_engine *e, const char *ifname, bool on);
/* How duplicate addresses of the device's VPNs are found, and for how long they are held. */
void vpn_engine_set_duplicate(struct vpn_engine *e, const char *ifname, const struct vpn_duplicate_config *config);
/* Paths of a spoke's shortcuts are probed every INTERVAL ms, and down after MISSES in a row; INTERVAL 0: not probed. */
void vpn_engine_set_probe(struct vpn_engine *e, const char *ifname, uint32_t interval, uint8_t misses);
/* Plain messages of GRE interface IFNAME are of this VPN (RFC 2735 3.2); NULL: of none. */
void vpn_engine_set_plain_vpn(struct vpn_engine *e, const char *ifname, const struct vpn_id *vpn);
/* A whole transaction has been set: act on it. */
void vpn_engine_commit(struct vpn_engine *e);
/*
 * Further configuration is awaited (it is not when an engine is new): the module is not told that all has been
 * stated (SYNC_END), and so sweeps nothing of what it holds.
 */
void vpn_engine_configuring(struct vpn_engine *e, bool on);
/* Calls FN with the name of each interface whose GRE side matters: controllers, and all that carry a VPN. Once each. */
void vpn_engine_controllers(struct vpn_engine *e, void (*fn)(void *arg, const char *name), void *arg);

/* Some key chain is not what it was. Chains are looked at once a second anyway. */
void vpn_engine_keys_changed(struct vpn_engine *e);

/* --- what the node looks like --- */

/* The GRE interface as it is now, or what stands under its name; a repeated equal report changes nothing. */
void vpn_engine_controller(struct vpn_engine *e, const struct vpn_controller *c);

/* --- the zebra module --- */

/* The module can be reached (after its HELLO_ACK) or not; REASON when not. */
void vpn_engine_dataplane(struct vpn_engine *e, bool up, const char *reason);
/* One record from the module. DUMP_END, after a DUMP_BEGIN, is answered by restating everything and SYNC_END. */
void vpn_engine_record(struct vpn_engine *e, const struct dm_rec *rec);

/* --- the wire --- */

/* One VPN-encapsulated message as it came by GRE. Malformed ones are counted and logged at most once a second. */
void vpn_engine_packet(struct vpn_engine *e, const struct vpn_path *from, const uint8_t *octets, size_t len);

/* The VPN of plain messages that come by interface IFNAME; false when the configuration gives them none. */
bool vpn_engine_plain_vpn(struct vpn_engine *e, const char *ifname, struct vpn_id *vpn);
/* One plain message that came by an interface whose plain messages are of VPN. */
void vpn_engine_plain_packet(struct vpn_engine *e, const struct vpn_path *from, const struct vpn_id *vpn,
			     const uint8_t *octets, size_t len);
/* True when a message of VPN must leave without VPN headers: its receiver is not known to understand them (RFC 2735 3.2). */
bool vpn_engine_plain_wanted(struct vpn_engine *e, const struct vpn_path *to, const struct vpn_id *vpn);

/* What an interface means to FRR's own NHRP code: RFC 2735 encapsulation or not. */
enum vpn_layer3 {
	VPN_LAYER3_PLAIN,   /* no VPN: messages as RFC 2332 has them */
	VPN_LAYER3_VPN,	    /* its messages carry the VPN-ID, and plain ones are not for it */
	VPN_LAYER3_BLOCKED, /* its VPN cannot work as configured, or only its plain messages have one: nothing leaves, nothing comes in */
};

/* The same of interface IFNAME; *vpn is set for VPN_LAYER3_VPN. It depends on the configuration, not on the interface being there. */
enum vpn_layer3 vpn_engine_layer3(struct vpn_engine *e, const char *ifname, struct vpn_id *vpn);

/* --- looking in, for show commands and tests; views live until the engine is called again --- */

enum vpn_state {
	VPN_INACTIVE,
	VPN_REGISTERING,
	VPN_UP,
};

/* "inactive", "registering", "up"; "none", "spoke", "hub". What a layer 3 VPN is called only its view says. */
const char *vpn_state_name(enum vpn_state s);
const char *vpn_role_name(enum dm_role role);

struct vpn_hub_view {
	struct dm_addr proto, transport;
	struct dm_addr nbma, mac; /* of the hub's VXLAN device; not set before it answered */
	uint32_t vni;
	bool registered, active;
	bool vpn_aware; /* it is spoken to with VPN headers */
	uint8_t refused; /* code that it refused us with, 0 for none */
	uint32_t expires_in; /* seconds */

	/* of the channel, which our VPNs there share */
	size_t channel_vpns;   /* how many they are */
	uint32_t keepalive;    /* milliseconds */
	uint64_t keepalives_sent, keepalives_missed;
	bool silent;	       /* several went unanswered, in a row */
	uint32_t silent_for;   /* seconds since it answered last, when silent */
	bool batches;	       /* it takes several VPNs in a message, for all we know */
};

struct vpn_instance_view {
	const char *ifname;
	struct vpn_id vpn;
	enum dm_role role; /* in the layer 2 VPN */
	bool layer3;	   /* on a GRE interface: FRR's own code does the rest */
	const char *role_name; /* vpn_role_name(), or "l3" */
	enum vpn_state state;
	const char *reason; /* "" when up */
	const char *controller;
	const char *authentication; /* "none", "password", "keyChain" */
	const char *key_chain;	    /* "" when none is configured */
	uint32_t vni;
	uint16_t vlan; /* hub */
	struct dm_addr nbma, mac;
	uint16_t holdtime; /* seconds */
	uint16_t ageing_time; /* seconds; 0: MACs do not age */
	uint32_t keepalive; /* milliseconds */
	bool graceful_restart;
	size_t num_members, num_macs, num_shortcuts, num_local_macs;
	size_t num_neighs; /* a hub's: registered IP addresses; a spoke's: resolved ones */
	uint32_t probe_interval; /* ms, 0: shortcuts are used unprobed */
	uint8_t probe_misses;
	bool arp_suppress;		  /* configured */
	const char *arp_suppress_state;	  /* "inactive", "waiting", "active", "failed"; a hub's: "answering" */
	const char *arp_suppress_reason; /* why it failed, else "" */
	size_t num_hubs;
	struct vpn_hub_view hubs[VPN_SERVERS_MAX];
};

struct vpn_member_view {
	const char *ifname;
	struct vpn_id vpn;
	struct dm_addr nbma, mac, transport;
	uint32_t vni;
	uint16_t holdtime;   /* seconds */
	uint32_t expires_in; /* seconds */
	uint32_t uptime;	   /* seconds */
	size_t num_macs;
	bool vpn_aware; /* it is spoken to with VPN headers */
};

/* A VPN assigned to the plain messages of an interface. */
struct vpn_plain_view {
	const char *ifname;
	struct vpn_id vpn;
	const char *reason; /* why it is without effect, "" when it has one */
};

struct vpn_mac_view {
	const char *ifname;
	struct vpn_id vpn;
	struct dm_addr mac, nbma;
	uint32_t vni;
	const char *type; /* "learned", "shortcut", "resolving", "negative" */
	const char *path;   /* of a shortcut: "waiting", "up", "down", or "unprobed"; else "" */
	bool installed;	    /* a shortcut that is in the kernel, as far as is known */
	bool has_expiry, used;
	bool duplicate; /* held here, as it moved too often */
	uint32_t move;	/* a hub's: number of its last move */
	uint32_t expires_in; /* seconds */
	uint32_t uptime;	   /* seconds */
};

/* The path of a spoke's shortcuts to another VXLAN end. */
struct vpn_path_view {
	const char *ifname;
	struct vpn_id vpn;
	struct dm_addr nbma;
	uint32_t vni;
	const char *state; /* "waiting", "up", "down" */
	uint32_t uptime;   /* seconds in that state */
	uint32_t rtt_us;   /* microseconds; 0 before the first answer */
	size_t num_macs;   /* shortcuts that lead over it */
};

struct vpn_neigh_view {
	const char *ifname;
	struct vpn_id vpn;
	struct dm_addr ip, mac, nbma; /* MAC and NBMA address not set where nothing is known; a local one has no NBMA address */
	uint32_t vni;		      /* 0 for a local one */
	const char *type; /* at a hub "registered"; at a spoke "local", "remote", "resolving", "negative" */
	bool is_local;
	bool told; /* local: the hub has acknowledged it */
	bool has_expiry;
	uint32_t expires_in; /* seconds */
};

/* An address that a hub holds where it is. */
struct vpn_duplicate_view {
	const char *ifname;
	struct vpn_id vpn;
	struct dm_addr addr;  /* MAC or IP address */
	struct dm_addr nbma;  /* where it is held */
	struct dm_addr other; /* where else it was last; not set when that was before a restart */
	unsigned int moves;   /* that it was held for; 0 as above */
	uint32_t held_for;    /* seconds */
	bool permanent;
	uint32_t released_in; /* seconds, unless permanent */
};

/* Call FN for each object, instances by (ifname, vpn), the others within them. */
void vpn_engine_each_instance(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_instance_view *v), void *arg);
void vpn_engine_each_member(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_member_view *v), void *arg);
void vpn_engine_each_mac(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_mac_view *v), void *arg);
void vpn_engine_each_neigh(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_neigh_view *v), void *arg);
void vpn_engine_each_duplicate(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_duplicate_view *v),
			       void *arg);
/* Lets go of what is held: of all VPNs or of one, all addresses or one (NULL: all). Returns how many. */
unsigned int vpn_engine_clear_duplicate(struct vpn_engine *e, const struct vpn_id *vpn, const struct dm_addr *addr);
void vpn_engine_each_path(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_path_view *v), void *arg);
void vpn_engine_each_plain(struct vpn_engine *e, void (*fn)(void *arg, const struct vpn_plain_view *v), void *arg);

#define VPN_SIDE_LEN 160	  /* octets of one side of a difference in words, with its end */
#define VPN_CHECK_LISTED_MAX 1000 /* differences that are listed; the others are counted */

/* One thing in which the engine and the kernel differ, identified by kind, (ifindex, vni) and address. */
struct vpn_difference_view {
	enum dm_have_kind kind;
	uint32_t ifindex;
	char ifname[VPN_IFNAME_LEN]; /* "" for a device that is not there */
	uint32_t vni;		     /* by which this node receives the VPN */
	bool has_vpn;		     /* an instance has it; `vpn` is set then only */
	struct vpn_id vpn;
	struct dm_addr addr; /* not set for an instance's settings */
	char nhrpd[VPN_SIDE_LEN], kernel[VPN_SIDE_LEN]; /* "none" for nothing */
};

struct vpn_check_view {
	const char *error; /* why nothing can be said, NULL when it can */
	size_t compared[DM_HAVE_KINDS];
	size_t not_compared;  /* instances that are not ready */
	unsigned int looks;   /* 2: something was seen to differ, and looked at again */
	uint64_t took_ms;
	uint32_t sync_in; /* seconds until the module takes away what nhrpd has not asked for since it, or zebra, started; 0: done */
	size_t num;	      /* of differences */
	bool more;	      /* there are more than could be looked at twice */
	size_t listed;
	const struct vpn_difference_view *list;
};

/* V is valid during the call. */
typedef void (*vpn_check_done)(void *arg, const struct vpn_check_view *v);

/*
 * Compares what the engine believes with what the kernel has, which is read for it. DONE is called later, never
 * from within this call, within VPN_CHECK_LONGEST_MS; also when the engine ends. Returns false when too many ask.
 */
bool vpn_engine_check(struct vpn_engine *e, vpn_check_done done, void *arg);
/* Who asked with ARG is not to be told any more. */
void vpn_engine_check_forget(struct vpn_engine *e, const void *arg);
/* "instance", "hub", "fdb", "member", "floodTarget", "switchMac", "neighbor", "bridgeMac", "localMac" */
const char *vpn_have_name(enum dm_have_kind kind);
/* The counters, which live as long as the engine. */
struct vpn_counters *vpn_engine_counters(struct vpn_engine *e);
/* Debug lines are made only while this is on. */
void vpn_engine_set_debug(struct vpn_engine *e, bool on);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine as its own files see it: what every noun needs of the world (clock,
 * log, module) and where the tables hang.
 *
 *   engine ── devices (by name) ── instances (by VPN-ID)
 *                                     ├─ spoke: hubs (by path), locals and remotes (by MAC or IP address)
 *                                     └─ hub:   members (by NBMA), bindings (by MAC or IP address) ── askers (by NBMA), transits (by request)
 */
#ifndef DMEVPN_VPN_CORE_H
#define DMEVPN_VPN_CORE_H

#include "lib/memory.h"
#include "nhrpd/vpn_auth.h"
#include "nhrpd/vpn_channel.h"
#include "nhrpd/vpn_check.h"
#include "nhrpd/vpn_engine.h"
#include "nhrpd/vpn_instance.h"
#include "nhrpd/vpn_link.h"
#include "nhrpd/vpn_plain.h"
#include "nhrpd/vpn_probe.h"
#include "nhrpd/vpn_timer.h"

DECLARE_MGROUP(VPNENGINE);

#define VPN_SYNC_GRACE_MS 30000 /* from the dump to SYNC_END: time to get configuration and members back */
/* … of an engine that was in step before: until it looks whether the module has answered all, and is content with less */
#define VPN_SYNC_LOOK_MS 50
#define VPN_SYNC_UNREADY_MS 1000
#define VPN_SYNC_RETRY_MS 1000	/* … and while the configuration is not complete */

/* Log lines that the network can provoke: one a second of each kind. */
enum vpn_gate {
	VPN_GATE_DROP,
	VPN_GATE_ERROR,
	VPN_GATE_MEMBER,
	VPN_GATE_FAILURE,
	VPN_GATE_MISMATCH,
	VPN_GATE_AUTH,
	VPN_GATE_DUPLICATE,
	VPN_GATE_COUNT,
};

struct vpn_engine {
	struct vpn_ops ops;
	void *ctx;
	uint64_t epoch;
	bool debug;
	struct vpn_timers_head timers;
	struct vpn_devices_head devices;
	struct vpn_index_head index;
	struct vpn_vnis_head vnis;
	struct vpn_places_head places;
	struct vpn_links_head links;
	struct vpn_link_names_head link_names;
	struct vpn_ctls_head ctls;
	struct vpn_ctl_indexes_head ctl_indexes;
	struct vpn_channels_head channels;
	struct vpn_counters counters;

	struct nhrp_stamper stamper; /* of all that is sent with a keyed hash; its epoch is ours */
	struct vpn_peers_head peers;
	struct vpn_peer_paths_head peer_paths;
	struct vpn_timer keys; /* until key chains are looked at again */
	struct nhrp_auth_said said; /* of the hashed message whose handler runs */
	bool crowded;		    /* vpn_auth_extend() found no room for a peer */

	struct vpn_forms_head forms; /* peers on interfaces that have a VPN for plain messages */
	struct vpn_forms_by_age_head forms_by_age;

	bool dataplane; /* the module can be reached */
	bool dumping;	/* … and has begun to dump what it holds */
	bool synced;	/* … and has done so */
	bool seasoned;	/* a module was told all before, in this life */
	uint64_t dumped; /* ms; end of the dump that `sync` follows */
	char dataplane_reason[DM_REASON_LEN];
	struct vpn_timer sync;
	struct vpn_check check;
	bool configuring; /* the configuration is not complete, and what is not in it may be so yet */

	struct {
		bool logged; /* a line, at `at` */
		uint64_t at;	 /* ms */
		unsigned int suppressed;
	} gates[VPN_GATE_COUNT];
	uint64_t error_window; /* ms; start of the second in which errors_sent counts */
	unsigned int errors_sent;
};

/* Milliseconds of the world's clock. */
uint64_t vpn_now(struct vpn_engine *e);
/* One line to the log; debug lines only while debugging. */
void vpn_log(struct vpn_engine *e, enum vpn_log level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same for lines that the network can provoke: one a second of its KIND, with the number of those held back. */
void vpn_log_gated(struct vpn_engine *e, enum vpn_gate kind, enum vpn_log level, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Hands REC to the module, or drops it while there is none: a sync restates all. */
void vpn_program(struct vpn_engine *e, const struct dm_rec *rec);
/* A number by which a life is known from all others, of an instance or of a member; never 0. */
uint64_t vpn_life(struct vpn_engine *e);
/* True when both name the same interface and NBMA address. */
bool vpn_path_same(const struct vpn_path *a, const struct vpn_path *b);

#endif

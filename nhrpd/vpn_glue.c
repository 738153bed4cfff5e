// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine's world inside nhrpd: the functions of struct vpn_ops on top of
 * libfrr, and the one event that runs the engine's timers. Main pthread.
 */
#include <config.h>

#include "lib/zebra.h"
#include <sys/random.h>
#include "lib/frrevent.h"
#include "lib/log.h"
#include "lib/monotime.h"
#include "lib/network.h"

#include "nhrpd.h"
#include "nhrpd/nhrp_io.h"
#include "nhrpd/vpn_controller.h"
#include "nhrpd/vpn_glue.h"
#include "nhrpd/vpn_keys.h"
#include "nhrpd/vpn_stock.h"
#include "nhrpd/vpn_zapi.h"

static struct vpn_engine *engine;
static struct event *run_event;
static bool debug_configured;
static void (*on_left)(void); /* set once VPNs are being left */
static bool left;	      /* … and the hubs know, or will not */

/* "debug nhrp all" is the stock code's command and means us too. */
static bool debugging(void)
{
	return debug_configured || debug_flags == NHRP_DEBUG_ALL;
}

static void ops_send(void *ctx, const struct vpn_path *path, const uint8_t *octets, size_t len)
{
	char text[DM_ADDR_STRLEN];
	int rc = nhrp_io_send(path, octets, len);

	if (rc < 0 && debugging())
		zlog_debug("VPN message to %s not sent: %s", dm_addr_str(&path->nbma, text), safe_strerror(-rc));
}

static void ops_program(void *ctx, const struct dm_rec *rec)
{
	vpn_zapi_program(rec);
}

uint64_t vpn_glue_now(void)
{
	struct timeval tv;

	monotime(&tv);
	return (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000;
}

static uint64_t held_now; /* ms; 0: read the clock */

void vpn_glue_hold_clock(bool hold)
{
	held_now = hold ? vpn_glue_now() : 0;
}

static uint64_t ops_now(void *ctx)
{
	return held_now ? held_now : vpn_glue_now();
}

/* Request IDs must not be guessed, so they come from the kernel, 64 at a time: 256 octets no signal cuts short. */
uint32_t vpn_glue_random(void)
{
	static uint32_t pool[64];
	static size_t left;

	if (!left) {
		if (getrandom(pool, sizeof(pool), 0) != (ssize_t)sizeof(pool))
			return (uint32_t)frr_weak_random();
		left = array_size(pool);
	}
	return pool[--left];
}

static uint32_t ops_random(void *ctx)
{
	return vpn_glue_random();
}

static void ops_log(void *ctx, enum vpn_log level, const char *line)
{
	switch (level) {
	case VPN_LOG_DEBUG:
		zlog_debug("%s", line);
		break;
	case VPN_LOG_INFO:
		zlog_info("%s", line);
		break;
	case VPN_LOG_WARN:
		zlog_warn("%s", line);
		break;
	}
}

static bool ops_deliver(void *ctx, const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	return nhrp_io_deliver(from, octets, len);
}

static void ops_deliver_default(void *ctx, const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	nhrp_io_deliver_default(from, octets, len);
}

static void ops_layer3_changed(void *ctx, const char *ifname)
{
	vpn_stock_forget(ifname);
}

static void run(struct event *t)
{
	uint64_t wait;

	vpn_engine_set_debug(engine, debugging());
	wait = vpn_engine_run(engine);
	if (on_left && !left && !vpn_engine_is_leaving(engine)) {
		left = true;
		vpn_engine_left(engine);
		vpn_zapi_when_taken(on_left);
	}
	event_add_timer_msec(master, run, NULL, (long)wait, &run_event);
}

void vpn_glue_kick(void)
{
	/* what the engine was told may be due sooner than the armed timer */
	event_cancel(&run_event);
	event_add_event(master, run, NULL, 0, &run_event);
}

static void packet(const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	vpn_engine_set_debug(engine, debugging());
	vpn_engine_packet(engine, from, octets, len);
	vpn_glue_kick();
}

/* By name: the engine learns of an interface a moment later than it is there. */
static bool plain(const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	struct interface *ifp = if_lookup_by_index((ifindex_t)from->ifindex, VRF_DEFAULT);
	struct vpn_id vpn;

	if (!ifp || !vpn_engine_plain_vpn(engine, ifp->name, &vpn))
		return false;
	vpn_engine_set_debug(engine, debugging());
	vpn_engine_plain_packet(engine, from, &vpn, octets, len);
	vpn_glue_kick();
	return true;
}

bool vpn_glue_plain_wanted(const struct vpn_path *to, const struct vpn_id *vpn)
{
	return vpn_engine_plain_wanted(engine, to, vpn);
}

enum vpn_layer3 vpn_glue_layer3(uint32_t ifindex, struct vpn_id *vpn)
{
	struct interface *ifp = if_lookup_by_index((ifindex_t)ifindex, VRF_DEFAULT);

	return ifp ? vpn_engine_layer3(engine, ifp->name, vpn) : VPN_LAYER3_PLAIN;
}

void vpn_glue_set_debug(bool on)
{
	debug_configured = on;
}

bool vpn_glue_debug(void)
{
	return debug_configured;
}

struct vpn_engine *vpn_glue_engine(void)
{
	return engine;
}

void vpn_glue_init(void)
{
	static const struct vpn_ops ops = {
		.send = ops_send,
		.program = ops_program,
		.now = ops_now,
		.random = ops_random,
		.log = ops_log,
		.deliver = ops_deliver,
		.deliver_default = ops_deliver_default,
		.layer3_changed = ops_layer3_changed,
		.key = vpn_keys_find,
		.hmac = vpn_keys_hmac,
	};
	static const struct nhrp_io_vpn io = {
		.packet = packet, .plain = plain, .layer3 = vpn_glue_layer3, .plain_wanted = vpn_glue_plain_wanted,
	};

	vpn_keys_init();
	engine = vpn_engine_new(&ops, NULL, vpn_keys_epoch());
	nhrp_io_set_vpn(&io);
	vpn_zapi_init();
	vpn_controller_init();
	vpn_glue_kick();
}

bool vpn_glue_leave(void (*done)(void))
{
	if (on_left || !vpn_engine_leave(engine))
		return false;
	on_left = done;
	vpn_glue_kick();
	return true;
}

void vpn_glue_terminate(void)
{
	nhrp_io_set_vpn(NULL);
	vpn_controller_terminate();
	vpn_zapi_terminate();
	event_cancel(&run_event);
	vpn_keys_terminate();
	vpn_engine_free(engine);
	engine = NULL;
}

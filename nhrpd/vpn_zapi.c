// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ZAPI client of the engine: instance 2, so that it stands apart from the stock
 * code's (0) and from the module's own (1). Says HELLO every two seconds; the
 * module's HELLO_ACK is what "connected" means, since zebra accepts us just as
 * well without the module. Main pthread.
 *
 * zebra's queues and libfrr's grow without end when the module does not read; so no more is sent
 * than it works off (lib/dmevpn_line.h). When that is not enough, the module counts as lost: the
 * engine says nothing, and restates everything when the module has answered the next HELLO, which
 * stands behind all that was sent.
 *
 *   zebra connected ──> HELLO (new epoch) ──> HELLO_ACK ──> records of the dump ──> DUMP_END
 *   no HELLO_ACK for three turns ──> the engine is told that there is no module
 *   at the end: the last records, HELLO ──> HELLO_ACK: they are there, and the connection may go
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/log.h"
#include "lib/stream.h"
#include "lib/zclient.h"

#include "lib/dmevpn_line.h"

#include "nhrpd.h"
#include "nhrpd/vpn_glue.h"
#include "nhrpd/vpn_zapi.h"

#define HELLO_MS 2000
#define HELLO_FIRST_MS 200 /* the module registers for our messages a moment after zebra's start */
#define HELLO_MISSES 3
#define LAST_MS 500 /* for the module to take the last records */

static struct zclient *client;
static struct dm_line line;
static struct event *flush_event, *hello_timer, *overrun_event;
static uint64_t epoch;	      /* of this connection */
static uint64_t module_epoch; /* of the module that answers */
static bool connected;	      /* the module answers */
static bool refused_version;  /* said once */
static bool overrun;	      /* the module has not kept up, and is not told anything */
static uint64_t overruns;
static unsigned int unanswered;
static struct event *last_timer; /* … is waited for, and for so many HELLO_ACKs until it has */
static unsigned int last_acks;
static void (*last_done)(void);

/* --- sending --- */

static void send_payload(const uint8_t *octets, size_t len)
{
	if (zclient_send_opaque(client, DM_OPAQUE_TO_ZEBRA, octets, len) == ZCLIENT_SEND_FAILURE)
		zlog_warn("zebra module: %zu octets of records were not sent", len);
}

static void flush_due(struct event *t)
{
	dm_line_flush(&line);
}

static void flush_soon(void)
{
	if (!flush_event)
		event_add_event(master, flush_due, NULL, 0, &flush_event);
}

static void overrun_due(struct event *t);

void vpn_zapi_program(const struct dm_rec *rec)
{
	if (overrun)
		return;
	if (!dm_line_put(&line, rec)) {
		/* not from here: the engine is in the middle of something */
		overrun = true;
		overruns++;
		event_add_event(master, overrun_due, NULL, 0, &overrun_event);
		return;
	}
	if (rec->type == DM_REC_SYNC_END) {
		dm_line_flush(&line);
		dm_credit_restate(&line.credit, true);
	}
	flush_soon();
}

void vpn_zapi_get_counters(struct vpn_zapi_counters *c)
{
	c->payloads = line.payloads;
	c->under_way = dm_credit_under_way(&line.credit);
	c->most = line.most;
	c->waits = line.waits;
	c->overruns = overruns;
}

/* --- the module's coming and going --- */

static uint64_t realtime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void module_lost(const char *why)
{
	if (connected) {
		zlog_warn("zebra module: lost (%s); forwarding goes on as it is", why);
		epoch = realtime_ns();
	}
	connected = false;
	module_epoch = 0;
	vpn_engine_dataplane(vpn_glue_engine(), false, why);
	vpn_glue_kick();
}

static void say_hello(void)
{
	struct dm_rec rec = { .type = DM_REC_HELLO, .hello.epoch = epoch };

	dm_line_put_urgent(&line, &rec);
	dm_line_flush_urgent(&line);
}

static void overrun_due(struct event *t)
{
	module_lost("zebra does not keep up with nhrpd");
	say_hello();
	overrun = false;
}

static void hello(struct event *t)
{
	event_add_timer_msec(master, hello, NULL, connected ? HELLO_MS : HELLO_MS / 4, &hello_timer);
	if (client->sock < 0) {
		unanswered = 0;
		module_lost("zebra is not running");
		return;
	}
	if (unanswered >= HELLO_MISSES) {
		unanswered = 0;
		module_lost("zebra module zebra_dmevpn does not answer; is zebra started with -M zebra_dmevpn?");
	}
	unanswered++;
	/* what zebra has not even read holds a HELLO already; they are not to pile up while it sleeps */
	if (!client->t_write)
		say_hello();
}

static void zebra_up(struct zclient *zc)
{
	if (connected) /* the module takes our new epoch for a new life and will sweep: so restate everything */
		module_lost("the connection to zebra was reset");
	zclient_register_opaque(zc, DM_OPAQUE_TO_NHRPD);
	dm_line_reset(&line);
	epoch = realtime_ns();
	unanswered = 0;
	event_cancel(&hello_timer);
	event_add_timer_msec(master, hello, NULL, HELLO_FIRST_MS, &hello_timer);
}

static void last_due(struct event *t)
{
	last_done();
}

/* Answers come in the order of the questions. */
static void last_ack(void)
{
	if (!last_timer || --last_acks)
		return;
	event_cancel(&last_timer);
	event_add_event(master, last_due, NULL, 0, &last_timer);
}

static void hello_ack(const struct dm_hello *h)
{
	last_ack();
	if (connected && module_epoch == h->epoch)
		return;
	dm_credit_restate(&line.credit, false);
	if (connected)
		vpn_engine_dataplane(vpn_glue_engine(), false, "zebra module zebra_dmevpn restarted");
	zlog_info("zebra module: connected");
	connected = true;
	module_epoch = h->epoch;
	vpn_engine_dataplane(vpn_glue_engine(), true, NULL);
}

/* --- receiving --- */

static void say_version(uint16_t version)
{
	if (!refused_version)
		zlog_err("zebra module speaks version %u of the message format, nhrpd version %u: install both from one build",
			 version, DM_MSG_VERSION);
	refused_version = true;
}

static void payload(const uint8_t *octets, size_t len)
{
	struct dm_reader r;
	struct dm_rec rec;
	uint16_t version = 0;
	uint32_t ends_at = line.credit.received;

	switch (dm_msg_open(&r, octets, len, &version)) {
	case DM_OPEN_OK:
		break;
	case DM_OPEN_VERSION:
		say_version(version);
		return;
	case DM_OPEN_SHORT:
		zlog_warn("zebra module: message of %zu octets has no envelope", len);
		return;
	}
	unanswered = 0; /* the HELLO_ACK may stand behind much else that it says */
	vpn_glue_hold_clock(true);
	while (dm_msg_next(&r, &rec)) {
		if (rec.type == DM_REC_MODULE_TAKEN)
			dm_line_taken(&line, &rec.taken, &ends_at);
		else if (rec.type == DM_REC_HELLO_ACK)
			hello_ack(&rec.hello);
		else if (connected)
			vpn_engine_record(vpn_glue_engine(), &rec);
	}
	vpn_glue_hold_clock(false);
	dm_line_worked_off(&line, ends_at);
	if (r.bad)
		zlog_warn("zebra module: malformed record in a message of %zu octets", len);
	vpn_glue_kick();
}

static int opaque(ZAPI_CALLBACK_ARGS)
{
	struct stream *s = zclient->ibuf;
	struct zapi_opaque_msg info;

	if (zclient_opaque_decode(s, &info) || info.type != DM_OPAQUE_TO_NHRPD)
		return 0;
	payload(stream_pnt(s), STREAM_READABLE(s));
	return 0;
}

/* --- life --- */

void vpn_zapi_init(void)
{
	static zclient_handler *const handlers[] = {
		[ZEBRA_OPAQUE_MESSAGE] = opaque,
	};

	dm_line_init(&line, DM_REC_TAKEN, send_payload);
	epoch = realtime_ns();
	client = zclient_new(master, &zclient_options_auxiliary, handlers, array_size(handlers));
	client->zebra_connected = zebra_up;
	zclient_init(client, ZEBRA_ROUTE_NHRP, DM_ZAPI_INSTANCE_NHRPD, &nhrpd_privs);
	event_add_timer_msec(master, hello, NULL, HELLO_MS, &hello_timer);
}

void vpn_zapi_when_taken(void (*done)(void))
{
	last_done = done;
	last_acks = unanswered + 1;
	event_add_timer_msec(master, last_due, NULL, connected ? LAST_MS : 0, &last_timer);
	say_hello();
}

void vpn_zapi_terminate(void)
{
	event_cancel(&hello_timer);
	event_cancel(&last_timer);
	event_cancel(&overrun_event);
	dm_line_flush_urgent(&line);
	event_cancel(&flush_event);
	zclient_stop(client);
	zclient_free(client);
	client = NULL;
}

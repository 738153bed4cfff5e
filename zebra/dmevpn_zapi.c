// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opaque messages between nhrpd and the module. The module connects to the
 * zebra it runs in like any other client (ZEBRA_ROUTE_NHRP, an instance number
 * of its own), because zebra passes opaque messages between clients only.
 *
 * It is an auxiliary client: libfrr's own handlers would enter interfaces and
 * VRFs into tables that in this process are zebra's.
 *
 * Records to nhrpd are gathered into messages and sent when the main loop is
 * through with the events at hand, or when a message is full. What the socket does not take,
 * zebra's queues buffer; so no more is sent than nhrpd works off (dmevpn_line.h), and what
 * finds no room is dropped. It is remembered which kinds were; they are told anew
 * (dmevpn_dump.c) once nhrpd has caught up.
 *
 * All functions run on zebra's main pthread. What records mean is
 * dmevpn_session.c's business.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/libfrr.h"
#include "lib/log.h"
#include "lib/monotime.h"
#include "lib/privs.h"
#include "lib/stream.h"
#include "lib/zclient.h"
#include "zebra/zserv.h"

#include "lib/dmevpn_line.h"
#include "lib/dmevpn_msg.h"

#include "zebra/dmevpn_zapi.h"

extern struct zebra_privs_t zserv_privs;
extern char *zserv_path; /* of option -z; NULL without it */

static struct zclient *client;
static struct event_loop *loop_main;
static struct event *t_flush;
static const struct dm_zapi_ops *ops;
static struct dm_line line;
static unsigned int behind; /* DM_BEHIND_*: what was dropped */
static bool unbounded;
static uint16_t refused_version; /* last version that was logged */

bool dm_zapi_connected(void)
{
	return client && client->sock >= 0;
}

static void connected(struct zclient *zc)
{
	zlog_info("dmevpn: connected to zebra");
	zclient_register_opaque(zc, DM_OPAQUE_TO_ZEBRA);
}

static void read_records(const uint8_t *octets, size_t len)
{
	struct dm_reader reader;
	struct dm_rec rec;
	uint16_t version = 0;
	uint32_t ends_at = line.credit.received;
	static time_t logged; /* whoever sends one sends thousands */

	switch (dm_msg_open(&reader, octets, len, &version)) {
	case DM_OPEN_OK:
		break;
	case DM_OPEN_VERSION:
		if (version != refused_version)
			zlog_err("dmevpn: nhrpd speaks version %u of the messages between us, this module %u: install nhrpd and zebra_dmevpn of one build",
				 version, DM_MSG_VERSION);
		refused_version = version;
		return;
	case DM_OPEN_SHORT:
		if (monotime(NULL) == logged)
			return;
		logged = monotime(NULL);
		zlog_err("dmevpn: a message of %zu octets from nhrpd is too short", len);
		return;
	}
	while (dm_msg_next(&reader, &rec))
		if (rec.type == DM_REC_TAKEN)
			dm_line_taken(&line, &rec.taken, &ends_at);
		else
			ops->record(&rec);
	dm_line_worked_off(&line, ends_at);
	if (reader.bad && monotime(NULL) != logged) {
		logged = monotime(NULL);
		zlog_err("dmevpn: a malformed record in a message of %zu octets from nhrpd", len);
	}
}

/* nhrpd has caught up: it may be told what it could not be, and a dump may go on. */
static void look_for_room(void)
{
	unsigned int what = behind;

	if (!dm_zapi_rested())
		return;
	behind = 0;
	ops->rested(what);
}

static int handle_opaque(ZAPI_CALLBACK_ARGS)
{
	struct stream *s = zclient->ibuf;
	struct zapi_opaque_msg info;

	if (zclient_opaque_decode(s, &info) != 0 || info.type != DM_OPAQUE_TO_ZEBRA)
		return 0;
	if (info.len > STREAM_READABLE(s)) {
		zlog_err("dmevpn: an opaque message of %u octets is cut short", info.len);
		return 0;
	}
	read_records(stream_pnt(s), info.len);
	look_for_room();
	return 0;
}

/*
 * A hook of zebra's server side: it tells clients of another protocol only that somebody has
 * gone.
 */
static int client_closed(struct zserv *gone)
{
	if (gone->proto == ZEBRA_ROUTE_NHRP && gone->instance == DM_ZAPI_INSTANCE_NHRPD)
		ops->peer_gone();
	return 0;
}

static zclient_handler *const handlers[] = {
	[ZEBRA_OPAQUE_MESSAGE] = handle_opaque,
};

/* What nhrpd has asked for is as bounded as its questions are, and is not asked for twice. */
static bool is_answer(uint8_t type)
{
	return type == DM_REC_HELLO_ACK || type == DM_REC_USED_REPLY || type == DM_REC_LOCAL_HEARD ||
	       type == DM_REC_CHECK_HAVE || type == DM_REC_CHECK_END;
}

/* What must be told anew, because a record of this type was not. */
static unsigned int behind_for_want_of(uint8_t type)
{
	switch (type) {
	case DM_REC_HAIRPIN:
	case DM_REC_NEIGH_WANTED:
	case DM_REC_FAILURE:
		return 0; /* told again when it happens again */
	case DM_REC_MAC_SEEN:
		return DM_BEHIND_MACS;
	default:
		return DM_BEHIND_ALL;
	}
}

static void flush_event(struct event *event)
{
	dm_zapi_flush();
}

void dm_zapi_flush(void)
{
	event_cancel(&t_flush);
	if (unbounded)
		dm_line_flush_urgent(&line);
	else
		dm_line_flush(&line);
}

void dm_zapi_send(const struct dm_rec *rec)
{
	bool put = unbounded || is_answer(rec->type) ? dm_line_put_urgent(&line, rec)
						     : dm_line_put(&line, rec);

	if (!put) {
		if (!behind)
			zlog_warn("dmevpn: nhrpd does not keep up: dropping records, it is told anew when it does");
		behind |= behind_for_want_of(rec->type);
	}
	event_add_event(loop_main, flush_event, NULL, 0, &t_flush);
}

void dm_zapi_send_whole(bool begin)
{
	unbounded = begin;
}

bool dm_zapi_rested(void)
{
	return dm_zapi_connected() && dm_credit_rested(&line.credit);
}

void dm_zapi_get_counters(struct dm_zapi_counters *c)
{
	c->payloads = line.payloads;
	c->under_way = dm_credit_under_way(&line.credit);
	c->most = line.most;
	c->waits = line.waits;
	c->refused = line.refused;
}

static void send_payload(const uint8_t *octets, size_t len)
{
	if (dm_zapi_connected())
		zclient_send_opaque(client, DM_OPAQUE_TO_NHRPD, octets, len);
}

void dm_zapi_peer_anew(void)
{
	dm_line_reset(&line);
	behind = 0;
}

void dm_zapi_start(struct event_loop *loop, const struct dm_zapi_ops *zapi_ops)
{
	loop_main = loop;
	ops = zapi_ops;
	dm_line_init(&line, DM_REC_MODULE_TAKEN, send_payload);
	frr_zclient_addr(&zclient_addr, &zclient_addr_len, zserv_path);
	client = zclient_new(loop, &zclient_options_auxiliary, handlers, array_size(handlers));
	client->zebra_connected = connected;
	zclient_init(client, ZEBRA_ROUTE_NHRP, DM_ZAPI_INSTANCE_MODULE, &zserv_privs);
	hook_register(zserv_client_close, client_closed);
}

void dm_zapi_stop(void)
{
	event_cancel(&t_flush);
	if (!client)
		return;
	hook_unregister(zserv_client_close, client_closed);
	zclient_stop(client);
	zclient_free(client);
	client = NULL;
}

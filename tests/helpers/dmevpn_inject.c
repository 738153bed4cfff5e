// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stand-in for nhrpd on the line to the zebra module: commands on standard input become
 * records, records from the module become lines on standard output. For tests
 * of the module alone.
 *
 *     dmevpn_inject [/run/frr/zserv.api]
 *
 *     hello EPOCH                         mac IF VNI MAC NBMA REMOTE-VNI
 *     sync_end                            no_mac IF VNI MAC
 *     instance IF VLAN hub|spoke VPN      member IF VNI NBMA REMOTE-VNI
 *     no_instance IF VLAN                 no_member IF VNI NBMA
 *     hub IF VNI NBMA REMOTE-VNI          used IF VNI MAC
 *     no_hub IF VNI                       bind IF VNI MAC NBMA REMOTE-VNI [IDLE-MS [FROM]]
 *     hold IF VNI MAC NBMA 0|1            elsewhere IF VNI MAC SINCE-MS
 *     heard IF VNI WITHIN-MS
 *     suppress IF VNI 0|1                 neigh IF VNI IP MAC
 *     check NUMBER                        no_neigh IF VNI IP MAC
 *     version N (the next message claims it)
 *     take 0|1 (0: the module is not told any more that what it sent was taken)
 *     probe IF VNI NBMA REMOTE-VNI MS MISSES
 *     no_probe IF VNI NBMA REMOTE-VNI
 *
 * IF is a device's name. Answers: "up" once connected, then "NAME key=value …"
 * a record. It ends with its standard input, or when zebra goes.
 *
 * What it does not do: decide anything, keep anything, repeat HELLO, or come
 * back when zebra does.
 */
#include <config.h>

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/libfrr.h"
#include "lib/stream.h"
#include "lib/zclient.h"

#include "lib/dmevpn_line.h"
#include "lib/dmevpn_msg.h"

#define WORDS 8

static struct event_loop *loop;
static struct zclient *client;
static struct event *t_stdin;
static uint16_t claimed_version;
static struct dm_line line; /* records of one read of standard input go out together, as nhrpd sends those of one event */
static uint32_t came_to;   /* where the last payload of the module ended */
static bool taking = true; /* the module is told that it was taken */

/* --- from the module ------------------------------------------------------------ */

static const char *addr(const struct dm_addr *a)
{
	static char text[4][DM_ADDR_STRLEN];
	static unsigned int n;

	return dm_addr_str(a, text[n++ % 4]);
}

static void print_hairpin(const struct dm_hairpin *h)
{
	unsigned int i;

	printf(" ifindex=%u vni=%u src=%s dst=%s from=%s to=%s frame=", h->ifindex, h->vni,
	       addr(&h->src_mac), addr(&h->dst_mac), addr(&h->src_nbma), addr(&h->dst_nbma));
	for (i = 0; i < h->frame_len; i++)
		printf("%02x", h->frame[i]);
}

static void print_record(const struct dm_rec *r)
{
	printf("%s", dm_rec_name(r->type));
	switch (r->type) {
	case DM_REC_LINK:
		printf(" ifindex=%u name=%s flags=%u vni=%u local=%s mac=%s mtu=%u master=%u",
		       r->link.ifindex, r->link.name, r->link.flags, r->link.vni,
		       addr(&r->link.local), addr(&r->link.mac), r->link.mtu, r->link.master);
		break;
	case DM_REC_LINK_DEL:
		printf(" ifindex=%u", r->link.ifindex);
		break;
	case DM_REC_INSTANCE_STATE:
		printf(" ifindex=%u vlan=%u ready=%u vni=%u reason=%s", r->state.ifindex,
		       r->state.vlan, r->state.ready, r->state.vni, r->state.reason);
		break;
	case DM_REC_MEMBER_HAVE:
		printf(" ifindex=%u vni=%u nbma=%s remote_vni=%u", r->member.ifindex,
		       r->member.vni, addr(&r->member.nbma), r->member.remote_vni);
		break;
	case DM_REC_MAC_SEEN:
		printf(" ifindex=%u vni=%u mac=%s nbma=%s remote_vni=%u moved=%u old=%s idle_ms=%u held=%u",
		       r->mac.ifindex, r->mac.vni, addr(&r->mac.mac), addr(&r->mac.nbma),
		       r->mac.remote_vni, r->mac.moved, addr(&r->mac.old_nbma), r->mac.idle_ms, r->mac.held);
		break;
	case DM_REC_MAC_HAVE:
		printf(" ifindex=%u vni=%u mac=%s nbma=%s remote_vni=%u", r->mac.ifindex, r->mac.vni,
		       addr(&r->mac.mac), addr(&r->mac.nbma), r->mac.remote_vni);
		break;
	case DM_REC_HAIRPIN:
		print_hairpin(&r->hairpin);
		break;
	case DM_REC_USED_REPLY:
		printf(" ifindex=%u vni=%u mac=%s found=%u idle_ms=%u", r->used.ifindex,
		       r->used.vni, addr(&r->used.mac), r->used.found, r->used.idle_ms);
		break;
	case DM_REC_FAILURE:
		printf(" rec=%s ifindex=%u vni=%u mac=%s error=%u", dm_rec_name(r->failure.rec),
		       r->failure.ifindex, r->failure.vni, addr(&r->failure.mac),
		       r->failure.error);
		break;
	case DM_REC_LOCAL:
		printf(" ifindex=%u vni=%u idle_ms=%u mac=%s gone=%u", r->local.ifindex,
		       r->local.vni, r->local.idle_ms, addr(&r->local.mac), r->local.gone);
		break;
	case DM_REC_LOCAL_HEARD:
		printf(" ifindex=%u vni=%u mac=%s idle_ms=%u", r->heard.ifindex, r->heard.vni,
		       addr(&r->heard.mac), r->heard.idle_ms);
		break;
	case DM_REC_SUPPRESS_STATE:
		printf(" ifindex=%u vni=%u on=%u reason=%s", r->suppress.ifindex, r->suppress.vni,
		       r->suppress.on, r->suppress.reason);
		break;
	case DM_REC_LOCAL_NEIGH:
	case DM_REC_NEIGH_WANTED:
		printf(" ifindex=%u vni=%u ip=%s mac=%s gone=%u", r->neigh.ifindex, r->neigh.vni,
		       addr(&r->neigh.ip), addr(&r->neigh.mac), r->neigh.gone);
		break;
	case DM_REC_CHECK_HAVE:
		printf(" number=%u kind=%u ours=%u ifindex=%u vni=%u addr=%s at=%s remote_vni=%u settings=%u",
		       r->have.number, r->have.kind, r->have.ours, r->have.ifindex, r->have.vni, addr(&r->have.addr),
		       addr(&r->have.at), r->have.remote_vni, r->have.settings);
		break;
	case DM_REC_CHECK_END:
		printf(" number=%u reason=%s", r->check_end.number, r->check_end.reason);
		break;
	case DM_REC_PROBE_STATE:
		printf(" ifindex=%u vni=%u nbma=%s remote_vni=%u up=%u rtt_us=%u",
		       r->probe.ifindex, r->probe.vni, addr(&r->probe.nbma), r->probe.remote_vni,
		       r->probe.up, r->probe.rtt_us);
		break;
	default:
		break;
	}
	printf("\n");
}

static int handle_opaque(ZAPI_CALLBACK_ARGS)
{
	struct zapi_opaque_msg info;
	struct dm_reader reader;
	struct dm_rec rec;

	if (zclient_opaque_decode(zclient->ibuf, &info) != 0 || info.type != DM_OPAQUE_TO_NHRPD ||
	    dm_msg_open(&reader, stream_pnt(zclient->ibuf), info.len, NULL) != DM_OPEN_OK)
		return 0;
	while (dm_msg_next(&reader, &rec))
		if (rec.type == DM_REC_MODULE_TAKEN)
			dm_line_taken(&line, &rec.taken, &came_to);
		else
			print_record(&rec);
	if (taking)
		dm_line_worked_off(&line, came_to);
	fflush(stdout);
	return 0;
}

/* --- from standard input --------------------------------------------------------- */

static uint32_t number(const char *word)
{
	return strtoul(word, NULL, 0);
}

static void read_addr(struct dm_addr *a, const char *word)
{
	if (!dm_addr_parse(a, word)) {
		fprintf(stderr, "dmevpn_inject: %s is no address\n", word);
		exit(2);
	}
}

/* The octets of the version are overwritten for whoever asked for that. */
static void send_payload(const uint8_t *octets, size_t len)
{
	if (claimed_version) {
		line.batch.buf[0] = claimed_version >> 8;
		line.batch.buf[1] = claimed_version;
		claimed_version = 0;
	}
	zclient_send_opaque(client, DM_OPAQUE_TO_ZEBRA, octets, len);
}

/* It says what it is told to say, whether there is room or not. */
static void send_record(const struct dm_rec *rec)
{
	dm_line_put_urgent(&line, rec);
	if (claimed_version)
		dm_line_flush_urgent(&line);
}

struct command {
	const char *name;
	uint8_t type;
	int words; /* with the name */
};

static const struct command commands[] = {
	{"hello", DM_REC_HELLO, 2},
	{"sync_end", DM_REC_SYNC_END, 1},
	{"instance", DM_REC_INSTANCE_SET, 5},
	{"no_instance", DM_REC_INSTANCE_DEL, 3},
	{"hub", DM_REC_HUB_SET, 5},
	{"no_hub", DM_REC_HUB_DEL, 3},
	{"member", DM_REC_MEMBER_SET, 5},
	{"no_member", DM_REC_MEMBER_DEL, 4},
	{"mac", DM_REC_MAC_SET, 6},
	{"bind", DM_REC_MAC_BIND, 6},
	{"bind", DM_REC_MAC_BIND, 7},
	{"bind", DM_REC_MAC_BIND, 8},
	{"hold", DM_REC_MAC_HOLD, 6},
	{"elsewhere", DM_REC_MAC_ELSEWHERE, 5},
	{"no_mac", DM_REC_MAC_DEL, 4},
	{"used", DM_REC_USED_QUERY, 4},
	{"heard", DM_REC_LOCAL_QUERY, 4},
	{"check", DM_REC_CHECK, 2},
	{"suppress", DM_REC_SUPPRESS_SET, 4},
	{"neigh", DM_REC_NEIGH_SET, 5},
	{"no_neigh", DM_REC_NEIGH_DEL, 5},
	{"probe", DM_REC_PROBE_SET, 7},
	{"no_probe", DM_REC_PROBE_DEL, 5},
};

/* All records but the first two and CHECK begin with an ifindex; what follows depends on the type. */
static void fill(struct dm_rec *r, char **w)
{
	switch (r->type) {
	case DM_REC_HELLO:
		r->hello.epoch = strtoull(w[1], NULL, 0);
		break;
	case DM_REC_CHECK:
		r->check.number = number(w[1]);
		break;
	case DM_REC_INSTANCE_SET:
		r->instance.role = strcmp(w[3], "hub") == 0 ? DM_ROLE_HUB : DM_ROLE_SPOKE;
		r->instance.vpn.index = number(w[4]);
		/* fall through */
	case DM_REC_INSTANCE_DEL:
		r->instance.ifindex = if_nametoindex(w[1]);
		r->instance.vlan = number(w[2]);
		break;
	case DM_REC_HUB_SET:
		read_addr(&r->hub.nbma, w[3]);
		r->hub.remote_vni = number(w[4]);
		/* fall through */
	case DM_REC_HUB_DEL:
		r->hub.ifindex = if_nametoindex(w[1]);
		r->hub.vni = number(w[2]);
		break;
	case DM_REC_MEMBER_SET:
		r->member.remote_vni = number(w[4]);
		/* fall through */
	case DM_REC_MEMBER_DEL:
		r->member.ifindex = if_nametoindex(w[1]);
		r->member.vni = number(w[2]);
		read_addr(&r->member.nbma, w[3]);
		break;
	case DM_REC_MAC_SET:
	case DM_REC_MAC_BIND:
		read_addr(&r->mac.nbma, w[4]);
		r->mac.remote_vni = number(w[5]);
		r->mac.idle_ms = w[6] ? number(w[6]) : 0;
		if (w[7])
			read_addr(&r->mac.old_nbma, w[7]);
		/* fall through */
	case DM_REC_MAC_DEL:
		r->mac.ifindex = if_nametoindex(w[1]);
		r->mac.vni = number(w[2]);
		read_addr(&r->mac.mac, w[3]);
		break;
	case DM_REC_MAC_HOLD:
		r->mac.ifindex = if_nametoindex(w[1]);
		r->mac.vni = number(w[2]);
		read_addr(&r->mac.mac, w[3]);
		read_addr(&r->mac.nbma, w[4]);
		r->mac.held = number(w[5]);
		break;
	case DM_REC_MAC_ELSEWHERE:
		r->local.ifindex = if_nametoindex(w[1]);
		r->local.vni = number(w[2]);
		read_addr(&r->local.mac, w[3]);
		r->local.idle_ms = number(w[4]);
		break;
	case DM_REC_USED_QUERY:
		r->used.ifindex = if_nametoindex(w[1]);
		r->used.vni = number(w[2]);
		read_addr(&r->used.mac, w[3]);
		break;
	case DM_REC_LOCAL_QUERY:
		r->heard.ifindex = if_nametoindex(w[1]);
		r->heard.vni = number(w[2]);
		r->heard.idle_ms = number(w[3]);
		break;
	case DM_REC_SUPPRESS_SET:
		r->suppress.ifindex = if_nametoindex(w[1]);
		r->suppress.vni = number(w[2]);
		r->suppress.on = number(w[3]);
		break;
	case DM_REC_NEIGH_SET:
	case DM_REC_NEIGH_DEL:
		r->neigh.ifindex = if_nametoindex(w[1]);
		r->neigh.vni = number(w[2]);
		read_addr(&r->neigh.ip, w[3]);
		read_addr(&r->neigh.mac, w[4]);
		break;
	case DM_REC_PROBE_SET:
		r->probe.interval = number(w[5]);
		r->probe.misses = number(w[6]);
		/* fall through */
	case DM_REC_PROBE_DEL:
		r->probe.ifindex = if_nametoindex(w[1]);
		r->probe.vni = number(w[2]);
		read_addr(&r->probe.nbma, w[3]);
		r->probe.remote_vni = number(w[4]);
		break;
	default:
		break;
	}
}

static void do_line(char *text)
{
	char *words[WORDS] = {}, *save = NULL, *word;
	struct dm_rec rec = {};
	int n = 0;
	size_t i;

	for (word = strtok_r(text, " \t\n", &save); word && n < WORDS;
	     word = strtok_r(NULL, " \t\n", &save))
		words[n++] = word;
	if (n == 0)
		return;
	if (n == 2 && strcmp(words[0], "version") == 0) {
		claimed_version = number(words[1]);
		return;
	}
	if (n == 2 && strcmp(words[0], "take") == 0) {
		taking = number(words[1]);
		if (taking)
			dm_line_worked_off(&line, came_to);
		return;
	}
	for (i = 0; i < array_size(commands); i++) {
		if (strcmp(words[0], commands[i].name) != 0 || n != commands[i].words)
			continue;
		rec.type = commands[i].type;
		fill(&rec, words);
		send_record(&rec);
		return;
	}
	fprintf(stderr, "dmevpn_inject: %s is no command with %d words\n", words[0], n - 1);
	exit(2);
}

static void read_stdin(struct event *event)
{
	static char buf[65536];
	static size_t used;
	ssize_t n = read(STDIN_FILENO, buf + used, sizeof(buf) - 1 - used);
	char *text = buf, *end;

	if (n <= 0)
		exit(0);
	used += n;
	buf[used] = '\0';
	while ((end = strchr(text, '\n'))) {
		*end = '\0';
		do_line(text);
		text = end + 1;
	}
	dm_line_flush_urgent(&line);
	used -= text - buf;
	memmove(buf, text, used);
	event_add_read(loop, read_stdin, NULL, STDIN_FILENO, &t_stdin);
}

static void connected(struct zclient *zc)
{
	zclient_register_opaque(zc, DM_OPAQUE_TO_NHRPD);
	printf("up\n");
	fflush(stdout);
	event_add_read(loop, read_stdin, NULL, STDIN_FILENO, &t_stdin);
}

static zclient_handler *const handlers[] = {
	[ZEBRA_OPAQUE_MESSAGE] = handle_opaque,
};

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/var/run/frr/zserv.api";
	struct event event;

	if (!frr_zclient_addr(&zclient_addr, &zclient_addr_len, path)) {
		fprintf(stderr, "dmevpn_inject: %s is no socket of zebra\n", path);
		return 2;
	}
	dm_line_init(&line, DM_REC_TAKEN, send_payload);
	loop = event_master_create(NULL);
	client = zclient_new(loop, &zclient_options_auxiliary, handlers, array_size(handlers));
	client->zebra_connected = connected;
	zclient_init(client, ZEBRA_ROUTE_NHRP, DM_ZAPI_INSTANCE_NHRPD, NULL);
	while (event_fetch(loop, &event))
		event_call(&event);
	return 0;
}

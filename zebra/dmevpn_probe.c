// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probing of paths. Objects: a site, a spoke's VXLAN device, by ifindex; a path to another VXLAN end,
 * by (device, VNI here, NBMA address, VNI there), and by the discriminator that answers bring back.
 *
 *   PROBE_SET ──> WAITING ── answer ──> UP <──────────────┐
 *                    │                   │ as many misses  │ as many answers
 *                    │ unanswered        v in a row        │ in a row
 *                    └────────────────> DOWN ──────────────┘
 *
 * What is asked for is the path, not a MAC: all shortcuts to an end share it. While it is not
 * UP, dmevpn_fdb.c keeps entries that lead there out of the kernel, so that their frames go to the hub. A path that has
 * just been set takes nothing out: what an earlier zebra or nhrpd had there stays until it is DOWN.
 *
 * The first probe leaves at once; unanswered, it is repeated after 50, 100, 200 ms and so on, up to
 * the interval, which is the pace from then on, less up to a tenth (RFC 5880 6.8.7). Only what is
 * unanswered after a whole interval is a miss. That goes on while nhrpd is away, and so do its
 * consequences; nhrpd hears of them when it is back.
 *
 * A probe of others is answered without regard to who they are (RFC 7880 7.2), for an
 * address is not known here before it has a shortcut. Answers are as long as probes and go to the address in the frame, a
 * limited number a second. What answers us must have our 64-bit nonce, which only who sees the probe can know.
 *
 * All functions run on zebra's main pthread. Who needs which path is nhrpd's business.
 */
#include <config.h>

#include <sys/random.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/jhash.h"
#include "lib/log.h"
#include "lib/monotime.h"
#include "lib/network.h"
#include "lib/typesafe.h"

#include "zebra/dmevpn_fdb.h"
#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_probe.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_PROBE_SITE, "probed device");
DEFINE_MTYPE_STATIC(DMEVPN, DM_PATH, "probed path");

/* milliseconds until the first probe is repeated */
#define FIRST_MS 50
/* the last probes of a path that can still be answered */
#define OUTSTANDING 8
/* answers from one telling of the round-trip time to the next */
#define TELL_RTT 16
/* probes of others that are answered in a second; and the pace that they are told to keep, microseconds */
#define REFLECT_MAX 10000
#define REFLECT_MIN_US 10000
/* dynamic UDP ports begin here, and are as many */
#define PORT_FIRST 49152
#define PORTS 16384

PREDECL_HASH(path_table);
PREDECL_HASH(discriminator_table);
PREDECL_HASH(site_table);
PREDECL_DLIST(site_paths);

enum path_state {
	WAITING,
	UP,
	DOWN,
};

struct path {
	struct path_table_item item;
	struct discriminator_table_item discriminator_item;
	struct site_paths_item site_item;
	struct dm_probe want; /* identified by its first four */
	uint32_t discriminator;
	enum path_state state;
	bool marked;
	bool answered;		/* since the last probe */
	uint32_t gap;		/* milliseconds that the last probe got for its answer */
	unsigned int in_row;	/* misses, or answers while it is DOWN */
	unsigned int untold;	/* answers since the round-trip time was told */
	uint32_t rtt_us;
	unsigned int next;	/* of `outstanding` */
	struct {
		uint64_t nonce; /* 0: answered, or none */
		int64_t sent;	/* microseconds */
	} outstanding[OUTSTANDING];
	struct event *t_probe;
};

static int path_cmp(const struct path *a, const struct path *b)
{
	int diff = numcmp(a->want.ifindex, b->want.ifindex);

	diff = diff ? diff : numcmp(a->want.vni, b->want.vni);
	diff = diff ? diff : numcmp(a->want.remote_vni, b->want.remote_vni);
	return diff ? diff : dm_addr_cmp(&a->want.nbma, &b->want.nbma);
}

static uint32_t path_hash(const struct path *p)
{
	return jhash_3words(p->want.ifindex, p->want.vni, p->want.remote_vni,
			    dm_addr_hash(&p->want.nbma, 0x70617468));
}

static int discriminator_cmp(const struct path *a, const struct path *b)
{
	return numcmp(a->discriminator, b->discriminator);
}

static uint32_t discriminator_hash(const struct path *p)
{
	return jhash_1word(p->discriminator, 0x64697363);
}

DECLARE_HASH(path_table, struct path, item, path_cmp, path_hash);
DECLARE_HASH(discriminator_table, struct path, discriminator_item, discriminator_cmp,
	     discriminator_hash);
DECLARE_DLIST(site_paths, struct path, site_item);

struct site {
	struct site_table_item item;
	uint32_t ifindex;
	struct site_paths_head paths;
};

static int site_cmp(const struct site *a, const struct site *b)
{
	return numcmp(a->ifindex, b->ifindex);
}

static uint32_t site_hash(const struct site *s)
{
	return jhash_1word(s->ifindex, 0x73697465);
}

DECLARE_HASH(site_table, struct site, item, site_cmp, site_hash);

static struct path_table_head paths = INIT_HASH(paths);
static struct discriminator_table_head discriminators = INIT_HASH(discriminators);
static struct site_table_head sites = INIT_HASH(sites);
static struct event_loop *loop_main;
static void (*told)(const struct dm_probe *state);
static struct dm_probe_counters counters;
static uint32_t last_discriminator;

static struct site *find_site(uint32_t ifindex)
{
	struct site key = {.ifindex = ifindex};

	return site_table_find(&sites, &key);
}

static struct path *find_path(const struct dm_probe *want)
{
	struct path key = {.want = *want};

	return path_table_find(&paths, &key);
}

static int64_t now_us(void)
{
	struct timeval now;

	monotime(&now);
	return now.tv_sec * 1000000LL + now.tv_usec;
}

/* Never 0; nobody can guess it. */
static uint64_t draw_nonce(void)
{
	static uint64_t pool[64];
	static unsigned int left;
	uint64_t nonce;

	if (!left) {
		/* before the kernel has any: better guessable than no probes */
		if (getrandom(pool, sizeof(pool), GRND_NONBLOCK) != (ssize_t)sizeof(pool))
			return (uint64_t)frr_weak_random() << 32 | (frr_weak_random() & 0xffffffff) | 1;
		left = array_size(pool);
	}
	nonce = pool[--left];
	pool[left] = 0;
	return nonce ? nonce : 1;
}

/* --- the state of a path ----------------------------------------------------------- */

static bool gate(uint32_t ifindex, uint32_t vni, const struct dm_addr *dst, uint32_t remote_vni)
{
	struct dm_probe want = {.ifindex = ifindex, .vni = vni, .nbma = *dst};
	struct path *p;

	want.remote_vni = remote_vni;
	p = find_path(&want);
	return !p || p->state == UP;
}

static void open_gate(const struct path *p, bool open)
{
	dm_fdb_gate_changed(p->want.ifindex, p->want.vni, &p->want.nbma, p->want.remote_vni, open);
}

static void tell(struct path *p)
{
	struct dm_probe state = p->want;

	p->untold = 0;
	state.up = p->state == UP;
	state.rtt_us = p->rtt_us;
	told(&state);
}

static void become(struct path *p, enum path_state state)
{
	p->state = state;
	p->in_row = 0;
	open_gate(p, state == UP);
	tell(p);
}

static void missed(struct path *p)
{
	if (p->state == DOWN)
		p->in_row = 0;
	else if (p->gap >= p->want.interval && ++p->in_row >= p->want.misses)
		become(p, DOWN);
}

static void answered(struct path *p, int64_t sent)
{
	p->answered = true;
	p->rtt_us = MIN(now_us() - sent, (int64_t)UINT32_MAX);
	counters.answered++;
	if (p->state == WAITING || (p->state == DOWN && ++p->in_row >= p->want.misses)) {
		become(p, UP);
		return;
	}
	if (p->state == UP)
		p->in_row = 0;
	if (++p->untold >= TELL_RTT)
		tell(p);
}

/* --- asking ------------------------------------------------------------------------ */

static void send_probe(struct path *p)
{
	const struct nlm_link *device = dm_link_find(p->want.ifindex);
	struct probe_frame f = {
		.state = p->state == UP ? PROBE_STATE_UP : PROBE_STATE_DOWN,
		.misses = p->want.misses,
		.port = PORT_FIRST + p->discriminator % PORTS,
		.mine = p->discriminator,
		.yours = p->want.remote_vni,
		.interval_us = p->want.interval * 1000,
		.asker_vni = p->want.vni,
		.nonce = draw_nonce(),
	};

	p->answered = false;
	p->next = (p->next + 1) % OUTSTANDING;
	p->outstanding[p->next].nonce = f.nonce;
	p->outstanding[p->next].sent = now_us();
	/* what cannot be sent is not answered; the kernel's reason passes, or will be seen by its consequence */
	if (device && device->up && dm_probe_io_send(device, &p->want.nbma, p->want.remote_vni, &f) == 0)
		counters.sent++;
}

/* Up to a tenth less, so that many nodes do not speak at once. */
static uint32_t jittered(uint32_t ms)
{
	return ms - frr_weak_random() % (ms / 10 + 1);
}

static void probe_due(struct event *event);

static void schedule(struct path *p)
{
	event_add_timer_msec(loop_main, probe_due, p, jittered(p->gap), &p->t_probe);
}

static void probe_due(struct event *event)
{
	struct path *p = EVENT_ARG(event);

	if (!p->answered)
		missed(p);
	send_probe(p);
	p->gap = p->state == WAITING ? MIN(p->gap * 2, p->want.interval) : p->want.interval;
	schedule(p);
}

/* --- answering, and being answered ------------------------------------------------- */

static bool is_over_rate(void)
{
	static time_t second;
	static unsigned int n;
	time_t now = monotime(NULL);

	if (now != second)
		n = 0;
	second = now;
	if (n >= REFLECT_MAX)
		return true;
	n++;
	return false;
}

static void reflect(const struct nlm_link *device, const struct probe_frame *ask)
{
	struct probe_frame answer;

	if (ask->yours != device->vni) {
		counters.misdirected++;
		return;
	}
	if (is_over_rate()) {
		counters.over_rate++;
		return;
	}
	probe_frame_answer(ask, REFLECT_MIN_US, &answer);
	if (dm_probe_io_send(device, &ask->source, ask->asker_vni, &answer) == 0)
		counters.reflected++;
}

static void take_answer(uint32_t ifindex, const struct probe_frame *f)
{
	struct path key = {.discriminator = f->yours};
	struct path *p = discriminator_table_find(&discriminators, &key);
	unsigned int i;

	for (i = 0; p && p->want.ifindex == ifindex && f->nonce && i < OUTSTANDING; i++) {
		if (p->outstanding[i].nonce != f->nonce)
			continue;
		p->outstanding[i].nonce = 0;
		answered(p, p->outstanding[i].sent);
		return;
	}
	counters.stray++;
}

static void heard(uint32_t ifindex, const struct probe_frame *f)
{
	const struct nlm_link *device = dm_link_find(ifindex);

	if (!device || !find_site(ifindex))
		return;
	if (f->answer)
		take_answer(ifindex, f);
	else
		reflect(device, f);
}

/* --- paths --------------------------------------------------------------------------- */

static void add_path(struct site *s, const struct dm_probe *want)
{
	struct path *p = XCALLOC(MTYPE_DM_PATH, sizeof(*p));

	p->want = *want;
	p->gap = MIN(FIRST_MS, want->interval);
	path_table_add(&paths, p);
	site_paths_add_tail(&s->paths, p);
	do
		p->discriminator = ++last_discriminator;
	while (!p->discriminator || discriminator_table_add(&discriminators, p));
	send_probe(p);
	schedule(p);
}

static void free_path(struct site *s, struct path *p)
{
	event_cancel(&p->t_probe);
	discriminator_table_del(&discriminators, p);
	site_paths_del(&s->paths, p);
	path_table_del(&paths, p);
	XFREE(MTYPE_DM_PATH, p);
}

/* Nobody asks any more whether it works: what was held back goes in. */
static void end_path(struct path *p)
{
	struct path was = *p;

	free_path(find_site(p->want.ifindex), p);
	open_gate(&was, true);
}

void dm_probe_set(const struct dm_probe *wanted)
{
	struct path *p = find_path(wanted);
	struct site *s = find_site(wanted->ifindex);
	bool other;

	if (!p && s)
		add_path(s, wanted);
	if (!p)
		return;
	p->marked = false;
	other = p->want.interval != wanted->interval;
	p->want.interval = wanted->interval;
	p->want.misses = wanted->misses;
	if (p->state != WAITING)
		tell(p);
	if (!other)
		return;
	event_cancel(&p->t_probe);
	p->gap = MIN(p->gap, wanted->interval);
	schedule(p);
}

void dm_probe_del(const struct dm_probe *unwanted)
{
	struct path *p = find_path(unwanted);

	if (p)
		end_path(p);
}

void dm_probe_tell(uint32_t ifindex)
{
	struct site *s = find_site(ifindex);
	struct path *p;

	if (!s)
		return;
	frr_each (site_paths, &s->paths, p)
		if (p->state != WAITING)
			tell(p);
}

void dm_probe_mark(void)
{
	struct path *p;

	frr_each (path_table, &paths, p)
		p->marked = true;
}

void dm_probe_sweep(void)
{
	struct path *p;

	frr_each_safe (path_table, &paths, p)
		if (p->marked)
			end_path(p);
}

/* --- sites --------------------------------------------------------------------------- */

void dm_probe_enter(uint32_t ifindex)
{
	struct site *s = find_site(ifindex);

	if (s)
		return;
	s = XCALLOC(MTYPE_DM_PROBE_SITE, sizeof(*s));
	s->ifindex = ifindex;
	site_paths_init(&s->paths);
	site_table_add(&sites, s);
	dm_probe_io_listen(true);
}

/* What is held back there goes with the VPN, or the device: it is not let through any more. */
static void free_site(struct site *s)
{
	struct path *p;

	while ((p = site_paths_first(&s->paths)))
		free_path(s, p);
	site_paths_fini(&s->paths);
	site_table_del(&sites, s);
	XFREE(MTYPE_DM_PROBE_SITE, s);
}

void dm_probe_leave(uint32_t ifindex)
{
	struct site *s = find_site(ifindex);

	if (s)
		free_site(s);
	if (!site_table_count(&sites))
		dm_probe_io_listen(false);
}

/* --- as a whole -------------------------------------------------------------------------- */

void dm_probe_get_counters(struct dm_probe_counters *c)
{
	struct path *p;

	*c = counters;
	c->paths = path_table_count(&paths);
	frr_each (path_table, &paths, p)
		c->up += p->state == UP;
	dm_probe_io_get_counters(&c->io);
}

void dm_probe_start(struct event_loop *loop, void (*tell_state)(const struct dm_probe *state))
{
	loop_main = loop;
	told = tell_state;
	last_discriminator = frr_weak_random();
	dm_fdb_set_gate(gate);
	dm_probe_io_start(loop, heard);
}

void dm_probe_stop(void)
{
	struct site *s;

	frr_each_safe (site_table, &sites, s)
		free_site(s);
	dm_fdb_set_gate(NULL);
	dm_probe_io_stop();
	site_table_fini(&sites);
	discriminator_table_fini(&discriminators);
	path_table_fini(&paths);
}

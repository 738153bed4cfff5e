// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target of the guard with FRR's own nhrpd code behind it: whatever passes is given to
 * nhrp_peer_recv(), in a node that is a hub and a spoke at once, and nothing may go wrong in
 * it. What it sends in return must be whole to our decoder, and goes back in to it by way of
 * the guard. Once without and once with what stands beside that code (nhrpd/nhrp_beside.c),
 * the password check included.
 *
 *      peer 10.0.0.2 ──GRE──> tun1 10.0.0.1, 1.0.0.1 and fd00::1, password "secret"
 *                              ├── 1.0.0.3 and fd00::3 at 10.0.0.3, registered
 *                              ├── 12.0.0.0/8 behind another interface, not NHRP
 *                              └── a resolution of 1.0.0.9 under way, request ID 1
 *
 * Stock sources are compiled in with the sanitizers; there is no zebra, no event loop that
 * turns (timers are set and never run) and no socket. Every input starts from the same state.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/privs.h"
#include "lib/vrf.h"

#include "nhrpd.h"
#include "nhrp_protocol.h"
#include "os.h"
#include "zbuf.h"

#include "lib/nhrp_guard.h"
#include "nhrpd/nhrp_answers.h"
#include "nhrpd/nhrp_beside.h"
#include "nhrpd/nhrp_hold.h"
#include "nhrpd/nhrp_io.h"
#include "nhrpd/nhrp_password.h"
#include "nhrpd/nhrp_registered.h"
#include "nhrpd/vpn_glue.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"

const char fuzz_corpus[] = "stock";

DEFINE_MGROUP(NHRPD, "NHRP daemon");
unsigned int debug_flags;
struct event_loop *master;
struct zebra_privs_t nhrpd_privs;

#define ANSWERS_MAX 4 /* how often what was sent may come back in */

static struct interface *tunnel, *elsewhere;
static bool beside; /* what stands beside the stock code is there */
static uint8_t answers[ANSWERS_MAX][NHRP_GUARD_MAX];
static size_t answer_len[ANSWERS_MAX];
static unsigned int num_answers;
static uint32_t drawn;
static uint64_t now_ms;

/* --- what is below the stock code ------------------------------------------------ */

int os_socket(void)
{
	return -1;
}

int os_recvmsg(uint8_t *buf, size_t *len, int *ifindex, uint8_t *addr, size_t *addrlen)
{
	return -1;
}

int os_configure_dmvpn(unsigned int ifindex, const char *ifname, int af)
{
	return 0;
}

int os_sendmsg(const uint8_t *buf, size_t len, int ifindex, const uint8_t *addr, size_t addrlen, uint16_t protocol)
{
	struct vpn_path to = { .ifindex = (uint32_t)ifindex };
	uint8_t copy[NHRP_GUARD_MAX];
	struct nhrp_msg m;

	if (len > NHRP_GUARD_MAX || addrlen != 4)
		abort();
	memcpy(copy, buf, len);
	if (nhrp_guard_may_leave(buf, len) && nhrp_msg_decode(&m, buf, len, NULL) != NHRP_DROP_NONE)
		abort(); /* a message that was cut short when its buffer was full is not whole */
	dm_addr_set(&to.nbma, DM_IPV4, addr, addrlen);
	if (beside && !nhrp_beside_out(&to, copy, len))
		return (int)len;
	if (nhrp_guard_may_leave(copy, len) && nhrp_msg_decode(&m, copy, len, NULL) != NHRP_DROP_NONE)
		abort(); /* nor may a change to it break it */
	if (num_answers < ANSWERS_MAX) {
		memcpy(answers[num_answers], copy, len);
		answer_len[num_answers++] = len;
	}
	return (int)len;
}

int nhrp_io_send(const struct vpn_path *path, const uint8_t *octets, size_t len)
{
	struct nhrp_msg m;

	if (nhrp_msg_decode(&m, octets, len, NULL) != NHRP_DROP_NONE)
		abort();
	return 0;
}

bool nhrp_hold_lets_pass(void)
{
	return true;
}

/* The numbers that the stock code uses, so that what an input answers is the same with and without. */
uint32_t vpn_glue_random(void)
{
	return ++drawn;
}

uint64_t vpn_glue_now(void)
{
	return now_ms;
}

enum vpn_layer3 vpn_glue_layer3(uint32_t ifindex, struct vpn_id *vpn)
{
	return VPN_LAYER3_PLAIN;
}

bool vpn_glue_plain_wanted(const struct vpn_path *to, const struct vpn_id *vpn)
{
	return false;
}

/* --- the node --------------------------------------------------------------------- */

static union sockunion su(const char *text)
{
	union sockunion a;

	if (str2sockunion(text, &a) < 0)
		abort();
	return a;
}

static void set_addr(struct interface *ifp, afi_t afi, const char *text)
{
	struct nhrp_interface *nifp = ifp->info;
	struct nhrp_afi_data *ad = &nifp->afi[afi];

	ad->addr = su(text);
	ad->network_id = 1;
	ad->configured = 1;
	ad->flags = NHRP_IFF_SHORTCUT | NHRP_IFF_REDIRECT;
	ad->mtu = 1400;
}

static void set_password(struct nhrp_interface *nifp, const char *password)
{
	static const uint8_t type[4] = {0, 0, 0, NHRP_AUTHENTICATION_PLAINTEXT};

	nifp->auth_token = zbuf_alloc(sizeof(type) + strlen(password));
	memcpy(nifp->auth_token->buf, type, sizeof(type));
	memcpy(nifp->auth_token->buf + sizeof(type), password, strlen(password));
}

static void set_route(const char *text, struct interface *ifp)
{
	struct prefix p;

	if (!str2prefix(text, &p))
		abort();
	nhrp_route_update_nhrp(&p, ifp);
}

static void set_binding(const char *proto, const char *nbma)
{
	union sockunion addr = su(proto), remote;
	struct nhrp_cache *c = nhrp_cache_get(tunnel, &addr, 1);

	if (!nbma) {
		nhrp_cache_update_binding(c, NHRP_CACHE_LOCAL, 0, NULL, 0, NULL, NULL);
		return;
	}
	remote = su(nbma);
	nhrp_cache_update_binding(c, NHRP_CACHE_DYNAMIC, 600, nhrp_peer_get(tunnel, &remote), 1400, NULL, &remote);
}

static struct interface *make_interface(const char *name, ifindex_t ifindex)
{
	struct interface *ifp = if_get_by_name(name, VRF_DEFAULT, VRF_DEFAULT_NAME);

	if_set_index(ifp, ifindex);
	((struct nhrp_interface *)ifp->info)->enabled = 1;
	return ifp;
}

static void set_up_once(void)
{
	if (master)
		return;
	master = event_master_create(NULL);
	vrf_init(NULL, NULL, NULL, NULL);
	nhrp_interface_init();
	nhrp_vc_init();
}

static void build_node(bool with_password)
{
	struct nhrp_interface *nifp;
	union sockunion wanted = su("1.0.0.9");

	nhrp_zebra_init();
	nhrp_shortcut_init();
	tunnel = make_interface("tun1", 20);
	elsewhere = make_interface("eth9", 9);
	nifp = tunnel->info;
	nifp->nbma = su("10.0.0.1");
	set_addr(tunnel, AFI_IP, "1.0.0.1");
	set_addr(tunnel, AFI_IP6, "fd00::1");
	if (with_password) {
		set_password(nifp, "secret");
		nifp->nat_nbma = su("192.0.2.1"); /* so that its own entry goes into answers */
	}
	set_binding("1.0.0.1", NULL);
	set_binding("fd00::1", NULL);
	set_binding("1.0.0.3", "10.0.0.3");
	set_binding("fd00::3", "10.0.0.3");
	set_binding("1.0.0.2", "10.0.0.2");
	set_binding("1.0.0.9", "10.0.0.3");
	set_route("12.0.0.0/8", elsewhere);
	set_route("fd12::/16", elsewhere);
	drawn = 0;
	now_ms += 10000; /* what a second may bring is counted beyond one node's life */
	if (beside)
		nhrp_beside_init();
	nhrp_shortcut_initiate(&wanted);
	num_answers = 0;
}

static void drop_node(void)
{
	if (beside) {
		nhrp_answers_poll();
		nhrp_registered_poll();
		nhrp_beside_terminate();
	}
	nhrp_shortcut_terminate();
	if_delete(&tunnel);
	if_delete(&elsewhere);
	nhrp_zebra_terminate(); /* with its routes, which name the interfaces */
	nhrp_reqid_terminate(&nhrp_packet_reqid);
	nhrp_reqid_terminate(&nhrp_event_reqid);
}

/* --- a message -------------------------------------------------------------------- */

/* What nhrp_io.c asks of those beside the stock code: the password of what came, the rest of what the guard made of it. */
static bool comes_past(const char *from, uint8_t *guarded, const uint8_t *octets, size_t len, size_t guarded_len)
{
	struct vpn_path path = { .ifindex = (uint32_t)tunnel->ifindex };

	if (!dm_addr_parse(&path.nbma, from))
		abort();
	return nhrp_password_right(&path, octets, len) && nhrp_beside_in(&path, guarded, guarded_len);
}

static void receive(const char *from, const uint8_t *octets, size_t len)
{
	static uint8_t out[NHRP_GUARD_MAX];
	struct nhrp_guarded g = nhrp_guard_plain(octets, len, out);
	union sockunion remote = su(from);
	struct nhrp_peer *peer;
	struct zbuf *zb;

	if (g.why != NHRP_GUARD_PASSED || (beside && !comes_past(from, out, octets, len, g.len)))
		return;
	zb = zbuf_alloc(NHRP_GUARD_MAX);
	memcpy(zb->buf, out, g.len);
	zb->head = zb->buf;
	zb->tail = zb->buf + g.len;
	peer = nhrp_peer_get(tunnel, &remote);
	nhrp_peer_recv(peer, zb); /* frees zb */
	nhrp_peer_unref(peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	static uint8_t sealed[2048];

	if (len == 0 || len > sizeof(sealed))
		return 0;
	set_up_once();
	memcpy(sealed, octets, len);
	fuzz_seal(sealed, len);
	for (int variant = 0; variant < 4; variant++) {
		beside = variant & 2;
		build_node(variant & 1);
		receive("10.0.0.2", sealed, len);
		receive("10.0.0.2", sealed, len); /* repeated */
		for (unsigned int i = 0; i < num_answers; i++)
			receive("10.0.0.3", answers[i], answer_len[i]);
		drop_node();
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the engine must know of its controllers, and of GRE interfaces that have a VPN of
 * their own: whether the GRE interface can carry NHRP, our NBMA address on it, and its next
 * hop servers with the NBMA addresses that the stock code resolved for them.
 *
 * The stock code announces changes of an interface but none of its servers, so
 * the few controllers are looked at twice a second; the engine drops a report
 * that equals the last one. Main pthread.
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/if.h"
#include "lib/sockunion.h"

#include "nhrpd.h"
#include "nhrpd/vpn_controller.h"
#include "nhrpd/vpn_glue.h"
#include "nhrpd/vpn_stock.h"

#define POLL_MS 500

static struct event *poll_timer;

/* The stock code keeps the value of the extension: four octets of type, then the password. */
static void take_password(struct vpn_controller *c, const struct zbuf *token)
{
	size_t len = token ? zbuf_size((struct zbuf *)token) : 0;

	if (len <= sizeof(uint32_t) || len > sizeof(uint32_t) + sizeof(c->password))
		return;
	c->password_len = (uint8_t)(len - sizeof(uint32_t));
	memcpy(c->password, token->buf + sizeof(uint32_t), c->password_len);
}

static void add_server(struct nhrp_nhs *nhs, struct nhrp_registration *reg, void *arg)
{
	struct vpn_controller *c = arg;
	struct dm_addr nbma;

	if (!reg || c->num_servers == VPN_SERVERS_MAX)
		return; /* its name is not resolved yet, or it is ourselves */
	if (!vpn_stock_addr(&nbma, &reg->peer->vc->remote.nbma))
		return;
	for (size_t i = 0; i < c->num_servers; i++)
		if (dm_addr_same(&c->servers[i].nbma, &nbma))
			return; /* the same server by its IPv6 name, say */
	c->servers[c->num_servers].nbma = nbma;
	vpn_stock_addr(&c->servers[c->num_servers].proto, &nhs->proto_addr);
	c->num_servers++;
}

/* Why the interface cannot be a controller; NULL when it can. */
static const char *unfit(const struct interface *ifp, const struct vpn_controller *c)
{
	if (!ifp || ifp->ifindex == IFINDEX_INTERNAL)
		return "does not exist";
	if (ifp->ll_type != ZEBRA_LLT_IPGRE)
		return "is not a GRE interface";
	if (!if_is_up(ifp))
		return "is down";
	if (!dm_addr_is_set(&c->nbma))
		return "has no NBMA address";
	return NULL;
}

static void report(void *arg, const char *name)
{
	struct interface *ifp = if_lookup_by_name(name, VRF_DEFAULT);
	struct vpn_controller c = { 0 };
	const char *why;

	snprintf(c.name, sizeof(c.name), "%s", name);
	if (ifp) {
		struct nhrp_interface *nifp = ifp->info;

		c.ifindex = (uint32_t)ifp->ifindex;
		c.gre = ifp->ifindex != IFINDEX_INTERNAL && ifp->ll_type == ZEBRA_LLT_IPGRE;
		take_password(&c, nifp->auth_token);
		vpn_stock_addr(&c.nbma, &nifp->nbma);
		nhrp_nhs_foreach(ifp, AFI_IP, add_server, &c);
		nhrp_nhs_foreach(ifp, AFI_IP6, add_server, &c);
	}
	why = unfit(ifp, &c);
	c.up = !why;
	if (why)
		snprintf(c.reason, sizeof(c.reason), "%s", why);
	vpn_engine_controller(vpn_glue_engine(), &c);
}

static void poll_all(struct event *t)
{
	event_add_timer_msec(master, poll_all, NULL, POLL_MS, &poll_timer);
	vpn_engine_controllers(vpn_glue_engine(), report, NULL);
	vpn_glue_kick();
}

void vpn_controller_poll_now(void)
{
	vpn_engine_controllers(vpn_glue_engine(), report, NULL);
}

void vpn_controller_init(void)
{
	event_add_timer_msec(master, poll_all, NULL, POLL_MS, &poll_timer);
}

void vpn_controller_terminate(void)
{
	event_cancel(&poll_timer);
}

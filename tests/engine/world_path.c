// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stand-in module's probed paths: it finds each up at once, unless a test says otherwise.
 */
#include <config.h>

#include <assert.h>
#include <string.h>

#include "tests/engine/world.h"

#define RTT_US 500 /* of a path that has been judged; 0 of one that has not */

static struct dm_probe *find(struct world_node *n, uint32_t vni, const struct dm_addr *nbma, uint32_t remote_vni)
{
	for (size_t i = 0; i < n->num_paths; i++)
		if (n->paths[i].vni == vni && n->paths[i].remote_vni == remote_vni &&
		    dm_addr_same(&n->paths[i].nbma, nbma))
			return &n->paths[i];
	return NULL;
}

static void tell(struct world_node *n, const struct dm_probe *p)
{
	struct dm_rec rec = { .type = DM_REC_PROBE_STATE, .probe = *p };

	world_tell(n, &rec);
}

void world_set_probe(struct world_node *n, const struct dm_probe *want)
{
	struct dm_probe *p = find(n, want->vni, &want->nbma, want->remote_vni);
	bool up = p ? p->up : !n->silent_paths;
	uint32_t rtt_us = p ? p->rtt_us : up ? RTT_US : 0;

	n->probe_sets++;
	if (!p) {
		assert(n->num_paths < WORLD_TABLE);
		p = &n->paths[n->num_paths++];
	}
	*p = *want;
	p->up = up;
	p->rtt_us = rtt_us;
	if (rtt_us)
		tell(n, p);
}

void world_del_probe(struct world_node *n, const struct dm_probe *unwanted)
{
	struct dm_probe *p = find(n, unwanted->vni, &unwanted->nbma, unwanted->remote_vni);

	if (p)
		*p = n->paths[--n->num_paths];
}

bool world_lets_through(const struct world_node *n, const struct dm_mac *m)
{
	struct dm_probe *p = find((struct world_node *)n, m->vni, &m->nbma, m->remote_vni);

	return !p || p->up;
}

const struct dm_probe *world_probe(const struct world_node *n, const struct world_node *to)
{
	return find((struct world_node *)n, n->link.vni, &to->nbma, to->link.vni);
}

void world_path(struct world_node *n, const struct world_node *to, bool up)
{
	struct dm_probe *p = find(n, n->link.vni, &to->nbma, to->link.vni);

	assert(p);
	p->up = up;
	p->rtt_us = RTT_US;
	tell(n, p);
	world_run(0);
}

struct search {
	const struct world_node *to;
	bool found;
	struct vpn_path_view *v;
};

static void take(void *arg, const struct vpn_path_view *v)
{
	struct search *s = arg;

	if (s->found || !dm_addr_same(&v->nbma, &s->to->nbma) || v->vni != s->to->link.vni)
		return;
	s->found = true;
	*s->v = *v;
}

bool world_path_view(struct world_node *n, const struct world_node *to, struct vpn_path_view *v)
{
	struct search s = { .to = to, .v = v };

	vpn_engine_each_path(n->engine, take, &s);
	return s.found;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What peer.h says: messages of engines taken apart, and messages of a peer's put
 * together, for the tests of single rules. Any test of tests/engine may call it.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/engine/peer.h"

void register_and_redirect(struct world_node *hub, struct world_node *spoke1, struct world_node *spoke2)
{
	world_configure(spoke1, 1, hub);
	world_configure(spoke2, 1, hub);
	world_run(100);
	world_mac_seen(hub, spoke1, HUB_VNI, VM1);
	world_mac_seen(hub, spoke2, HUB_VNI, VM2);
	world_hairpin(hub, spoke1, spoke2, HUB_VNI, VM1, VM2);
	world_run(10);
	assert_non_null(world_fdb(spoke1, VM2));
}

static struct nhrp_msg decoded(const uint8_t *octets, size_t len)
{
	struct nhrp_msg m;

	assert_int_equal(nhrp_msg_decode(&m, octets, len, NULL), NHRP_DROP_NONE);
	return m;
}

struct nhrp_msg sent(uint8_t op)
{
	const uint8_t *octets;
	size_t len = world_last(op, &octets);

	return decoded(octets, len);
}

struct nhrp_msg sent_by(const struct world_node *n, uint8_t op)
{
	return decoded(n->sent[op].octets, n->sent[op].len);
}

struct nhrp_msg got_by(const struct world_node *n, uint8_t op)
{
	return decoded(n->got[op].octets, n->got[op].len);
}

static struct nhrp_cie nth(const struct nhrp_msg *m, struct dm_reader r, unsigned int n)
{
	struct nhrp_cie cie;

	do
		assert_true(nhrp_cie_next(&r, m->afn, m->pro_type, &cie));
	while (n--);
	return cie;
}

static unsigned int count(const struct nhrp_msg *m, struct dm_reader r)
{
	struct nhrp_cie cie;
	unsigned int n = 0;

	while (nhrp_cie_next(&r, m->afn, m->pro_type, &cie))
		n++;
	assert_false(r.bad);
	return n;
}

static struct dm_reader value_of(const struct nhrp_msg *m, uint16_t type)
{
	struct nhrp_ext ext;

	assert_true(nhrp_ext_find(m, type, &ext));
	return ext.value;
}

struct nhrp_cie cie_at(const struct nhrp_msg *m, unsigned int n)
{
	return nth(m, m->body, n);
}

unsigned int num_cies(const struct nhrp_msg *m)
{
	return count(m, m->body);
}

struct nhrp_cie ext_cie(const struct nhrp_msg *m, uint16_t type, unsigned int n)
{
	return nth(m, value_of(m, type), n);
}

unsigned int num_ext_cies(const struct nhrp_msg *m, uint16_t type)
{
	return count(m, value_of(m, type));
}

bool is_plain_zero(const struct nhrp_cie *cie)
{
	return !dm_addr_is_set(&cie->nbma) && !cie->sub.len && !dm_addr_is_set(&cie->proto) && !cie->preference &&
	       !cie->prefix_len;
}

void assert_addr(const struct dm_addr *a, const struct dm_addr *b)
{
	assert_true(dm_addr_is_set(a));
	assert_true(dm_addr_same(a, b));
}

struct nhrp_msg from_spoke(const struct world_node *spoke, uint8_t op, uint32_t id)
{
	return (struct nhrp_msg){
		.has_vpn = true, .vpn.index = 1, .afn = NHRP_AFN_IPV4, .pro_type = NHRP_PRO_TEB, .hop_count = 7, .op = op,
		.request_id = id, .src_nbma = spoke->nbma, .src_sub = nhrp_subaddr_vni(spoke->link.vni),
		.src_proto = spoke->link.mac, .dst_proto = spoke->link.mac,
	};
}

void deliver(struct world_node *to, const struct dm_addr *from, struct nhrp_builder *b)
{
	size_t len = nhrp_build_end(b);

	assert_true(len > 0);
	world_inject(to, from, b->w.buf, len);
	world_run(0);
}

uint64_t refused(struct world_node *n, enum vpn_refusal why)
{
	return vpn_engine_counters(n->engine)->refused[why];
}

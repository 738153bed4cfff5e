// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A decoded message as text, and as a message again: what the unit test and the fuzz
 * target compare. Both walk it as the engine does, by the public functions alone.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/nhrp_batch.h"
#include "lib/nhrp_moves.h"
#include "tests/unit/nhrp_dump.h"

struct text {
	char *at;
	size_t left;
};

static void __attribute__((format(printf, 2, 3))) say(struct text *t, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(t->at, t->left, format, args);
	va_end(args);
	if (len > 0 && (size_t)len < t->left) {
		t->at += len;
		t->left -= len;
	}
}

static void say_octets(struct text *t, const struct nhrp_subaddr *sub)
{
	say(t, "[");
	for (size_t i = 0; i < sub->len; i++)
		say(t, "%02x", sub->octets[i]);
	say(t, "]");
}

static void say_nbma(struct text *t, const struct dm_addr *nbma, const struct nhrp_subaddr *sub)
{
	char buf[DM_ADDR_STRLEN];

	say(t, "%s", dm_addr_str(nbma, buf));
	if (sub->has_vni)
		say(t, "/%" PRIu32, sub->vni);
	if (sub->has_mac)
		say(t, "+%s", dm_addr_str(&sub->mac, buf));
	else if (!sub->has_vni && sub->len)
		say_octets(t, sub);
}

static void say_cie(struct text *t, const struct nhrp_cie *cie)
{
	char buf[DM_ADDR_STRLEN];

	say(t, "cie %u prefix %u mtu %u hold %u ", cie->code, cie->prefix_len, cie->mtu, cie->holding_time);
	say_nbma(t, &cie->nbma, &cie->sub);
	say(t, " %s pref %u\n", dm_addr_str(&cie->proto, buf), cie->preference);
}

static void say_cies(struct text *t, const struct nhrp_msg *m, struct dm_reader r, const char *indent)
{
	struct nhrp_cie cie;

	while (nhrp_cie_next(&r, m->afn, m->pro_type, &cie)) {
		say(t, "%s", indent);
		say_cie(t, &cie);
	}
	if (r.bad)
		say(t, "%sbad\n", indent);
}

static void say_moves(struct text *t, const struct nhrp_msg *m)
{
	struct dm_reader values;
	struct nhrp_move move;

	if (!nhrp_moves_find(m, &values))
		return;
	while (dm_reader_left(&values)) {
		move = nhrp_move_next(&values);
		say(t, "  move %" PRIu32 " age %" PRIu32 "\n", move.number, move.age);
	}
}

static void say_batch(struct text *t, const struct nhrp_msg *m)
{
	struct nhrp_batch_entry entry;
	struct nhrp_batch batch;
	char vpn[VPN_ID_STRLEN];
	bool good;

	nhrp_batch_find(m, &batch, &good);
	if (!good) {
		say(t, "  bad\n");
		return;
	}
	say(t, "  form %u\n", batch.form);
	while (nhrp_batch_next(&batch, &entry)) {
		say(t, "  vpn %s id %" PRIu32 " life %" PRIx64 " ", vpn_id_str(&entry.vpn, vpn), entry.request_id,
		    entry.life);
		say_cie(t, &entry.cie);
	}
}

static bool is_indication(const struct nhrp_msg *m)
{
	return m->op == NHRP_OP_ERROR_INDICATION || m->op == NHRP_OP_TRAFFIC_INDICATION;
}

static void say_header(struct text *t, const struct nhrp_msg *m)
{
	char vpn[VPN_ID_STRLEN], src[DM_ADDR_STRLEN], dst[DM_ADDR_STRLEN];

	if (m->has_vpn)
		say(t, "vpn %s ", vpn_id_str(&m->vpn, vpn));
	say(t, "afn %u pro %04x hop %u %s flags %04x", m->afn, m->pro_type, m->hop_count,
	    nhrp_op_name(m->op), m->flags);
	if (!is_indication(m))
		say(t, " id %" PRIu32, m->request_id);
	if (m->op == NHRP_OP_ERROR_INDICATION)
		say(t, " code %u offset %u", m->error_code, m->error_offset);
	say(t, " src ");
	say_nbma(t, &m->src_nbma, &m->src_sub);
	say(t, " %s dst %s\n", dm_addr_str(&m->src_proto, src), dm_addr_str(&m->dst_proto, dst));
}

static bool has_cies(const struct nhrp_ext *ext)
{
	switch (ext->type) {
	case NHRP_EXT_RESPONDER:
	case NHRP_EXT_FORWARD_TRANSIT:
	case NHRP_EXT_REVERSE_TRANSIT:
	case NHRP_EXT_CAPABILITIES:
		return true;
	default:
		return false;
	}
}

static void say_ext(struct text *t, const struct nhrp_msg *m, const struct nhrp_ext *ext)
{
	uint32_t source, target;

	say(t, "ext %u%s %zu", ext->type, ext->compulsory ? "!" : "", dm_reader_left(&ext->value));
	if (nhrp_ext_capabilities(ext, &source, &target)) {
		say(t, " source %" PRIu32 " target %" PRIu32 "\n", source, target);
		return;
	}
	say(t, "\n");
	if (has_cies(ext))
		say_cies(t, m, ext->value, "  ");
	if (ext->type == NHRP_EXT_BATCH)
		say_batch(t, m);
	else if (ext->type == NHRP_EXT_MOVES)
		say_moves(t, m);
}

const char *nhrp_dump(const struct nhrp_msg *m, char text[NHRP_DUMP_LEN])
{
	struct text t = {text, NHRP_DUMP_LEN};
	struct dm_reader exts = m->exts;
	struct nhrp_ext ext;

	say_header(&t, m);
	if (is_indication(m))
		say(&t, "packet %zu\n", dm_reader_left(&m->body));
	else
		say_cies(&t, m, m->body, "");
	while (nhrp_ext_next(&exts, &ext))
		say_ext(&t, m, &ext);
	return text;
}

/* Entry by entry, where it can be read and is not marked in a way that ours never is. */
static bool rebuild_batch(const struct nhrp_msg *m, const struct nhrp_ext *ext, struct nhrp_builder *b)
{
	struct nhrp_batch_entry entry;
	struct nhrp_batch_builder bb;
	struct nhrp_batch batch;
	bool good;

	if (ext->type != NHRP_EXT_BATCH || ext->compulsory || !nhrp_batch_find(m, &batch, &good) || !good)
		return false;
	nhrp_batch_begin(&bb, b, batch.form);
	while (nhrp_batch_next(&batch, &entry))
		nhrp_batch_put(&bb, &entry);
	nhrp_batch_end(&bb);
	return true;
}

size_t nhrp_rebuild(const struct nhrp_msg *m, uint8_t *buf, size_t size)
{
	struct dm_reader body = m->body, exts = m->exts;
	struct nhrp_builder b;
	struct nhrp_cie cie;
	struct nhrp_ext ext;

	nhrp_build_begin(&b, buf, size, m);
	if (is_indication(m))
		nhrp_build_octets(&b, body.p, dm_reader_left(&body));
	else
		while (nhrp_cie_next(&body, m->afn, m->pro_type, &cie))
			nhrp_build_cie(&b, &cie);

	while (nhrp_ext_next(&exts, &ext)) {
		if (rebuild_batch(m, &ext, &b))
			continue;
		nhrp_build_ext_begin(&b, ext.type, ext.compulsory);
		nhrp_build_octets(&b, ext.value.p, dm_reader_left(&ext.value));
		nhrp_build_ext_end(&b);
	}
	return nhrp_build_end(&b);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The batch extension between octets and structs; its form is drawn in the header. Pure: called by
 * nhrpd's engine on both sides, by the tests and by the fuzzers, each with a message of its own.
 *
 * A batch is checked whole before its first entry is given out, so nobody acts on half of one.
 *
 * Not here: what an entry may ask for, and of whom (nhrpd/vpn_hub.c, vpn_channel.c).
 */
#include "lib/nhrp_batch.h"

#include "lib/nhrp_codec.h"

/* --- reading --- */

static bool read_entry(struct dm_reader *r, uint16_t afn, uint16_t pro_type, struct nhrp_batch_entry *entry)
{
	*entry = (struct nhrp_batch_entry){ 0 };
	entry->vpn.oui = (uint32_t)dm_get_u8(r) << 16;
	entry->vpn.oui |= dm_get_u16(r);
	entry->vpn.index = dm_get_u32(r);
	dm_get_u8(r);
	entry->request_id = dm_get_u32(r);
	entry->life = dm_get_u64(r);
	return !r->bad && nhrp_cie_next(r, afn, pro_type, &entry->cie);
}

bool nhrp_batch_find(const struct nhrp_msg *m, struct nhrp_batch *batch, bool *good)
{
	struct nhrp_batch_entry entry;
	struct nhrp_ext ext;
	struct dm_reader r;
	uint8_t form, num;

	*batch = (struct nhrp_batch){ .afn = m->afn, .pro_type = m->pro_type };
	*good = false;
	if (!nhrp_ext_find(m, NHRP_EXT_BATCH, &ext))
		return false;
	form = dm_get_u8(&ext.value);
	num = dm_get_u8(&ext.value);
	if (ext.value.bad || (form != NHRP_BATCH_QUESTION && form != NHRP_BATCH_ANSWER) || !num)
		return true;
	batch->form = (enum nhrp_batch_form)form;
	batch->entries = r = ext.value;
	while (num && read_entry(&r, m->afn, m->pro_type, &entry))
		num--;
	*good = !num && !r.bad && !dm_reader_left(&r);
	return true;
}

bool nhrp_batch_next(struct nhrp_batch *batch, struct nhrp_batch_entry *entry)
{
	return dm_reader_left(&batch->entries) && read_entry(&batch->entries, batch->afn, batch->pro_type, entry);
}

/* --- writing --- */

void nhrp_batch_begin(struct nhrp_batch_builder *bb, struct nhrp_builder *b, enum nhrp_batch_form form)
{
	const uint8_t head[2] = { (uint8_t)form, 0 };

	nhrp_build_ext_begin(b, NHRP_EXT_BATCH, false);
	*bb = (struct nhrp_batch_builder){ .b = b, .form = form, .at = b->w.used };
	nhrp_build_octets(b, head, sizeof(head));
}

void nhrp_batch_put(struct nhrp_batch_builder *bb, const struct nhrp_batch_entry *entry)
{
	uint8_t head[NHRP_BATCH_HEAD_LEN];
	struct dm_writer w;

	if (entry->vpn.oui > NHRP_OUI_MAX || bb->num == NHRP_BATCH_ENTRIES_MAX) {
		bb->b->w.bad = true;
		return;
	}
	dm_writer_init(&w, head, sizeof(head));
	dm_put_u8(&w, (uint8_t)(entry->vpn.oui >> 16));
	dm_put_u16(&w, (uint16_t)entry->vpn.oui);
	dm_put_u32(&w, entry->vpn.index);
	dm_put_u8(&w, 0);
	dm_put_u32(&w, entry->request_id);
	dm_put_u64(&w, entry->life);
	nhrp_build_octets(bb->b, head, sizeof(head));
	nhrp_build_cie(bb->b, &entry->cie);
	bb->num++;
}

void nhrp_batch_end(struct nhrp_batch_builder *bb)
{
	if (!bb->num)
		bb->b->w.bad = true;
	dm_patch_u16(&bb->b->w, bb->at, (uint16_t)((unsigned int)bb->form << 8 | bb->num));
	nhrp_build_ext_end(bb->b);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The text of frr-nhrpd.yang as part of nhrpd and of mgmtd's module.
 *
 * yang/embed.py writes the text into a header at build time. The registration
 * is an explicit call, not a constructor of this file: it lives in an archive,
 * from which the linker takes only what something names.
 */
#include <config.h>
#include <zebra.h>

#include "lib/yang.h"

#include "yang/nhrpd_model.h"
#include "yang/frr-nhrpd.yang.h"

static struct yang_module_embed nhrpd_model = {
	.mod_name = model_name,
	.mod_rev = model_revision,
	/* libfrr compares these without asking whether they are there */
	.sub_mod_name = "",
	.sub_mod_rev = "",
	.data = model_text,
	.format = LYS_IN_YANG,
};

void nhrpd_model_embed(void)
{
	yang_module_embed(&nhrpd_model);
}

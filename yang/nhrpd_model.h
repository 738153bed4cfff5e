// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The YANG module frr-nhrpd, carried inside the programs that load it.
 */
#ifndef DMEVPN_NHRPD_MODEL_H
#define DMEVPN_NHRPD_MODEL_H

/*
 * Make the text of frr-nhrpd.yang known to libfrr, which otherwise looks for a
 * file in FRR's own YANG folder. Call it once, before frr_init() creates the
 * northbound: from a constructor, or from a module's init.
 */
void nhrpd_model_embed(void);

#endif

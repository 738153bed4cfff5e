// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file that says that this mgmtd has read its configuration.
 */
#ifndef DMEVPN_NHRP_READ_MARK_H
#define DMEVPN_NHRP_READ_MARK_H

/*
 * Name of the file, below FRR's run directory: there once `vtysh -b` has given mgmtd its lines and mgmtd
 * has committed them, not before, and not for a former mgmtd. Its content has no meaning.
 */
#define NHRP_READ_MARK "mgmtd_dmevpn.read"

/* Takes away what a former mgmtd left, and watches from now on. To be called while modules are loaded. */
void nhrp_read_mark_init(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes of FRR's own NHRP code, when zebra starts anew.
 */
#ifndef DMEVPN_NHRP_ROUTES_H
#define DMEVPN_NHRP_ROUTES_H

/* From now on they are announced again whenever zebra tells an interface that it told before. */
void nhrp_routes_init(void);
void nhrp_routes_terminate(void);

#endif

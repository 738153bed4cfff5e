// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Controllers: GRE interfaces as the stock code knows them, told to the engine.
 */
#ifndef DMEVPN_VPN_CONTROLLER_H
#define DMEVPN_VPN_CONTROLLER_H

/* Starts watching the interfaces that the engine's configuration names. */
void vpn_controller_init(void);
/* Looks at them at once, not at the next turn. */
void vpn_controller_poll_now(void);
void vpn_controller_terminate(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of our commands for vtysh, which vtysh/commands.py makes.
 */
#ifndef DMEVPN_VTYSH_DMEVPN_H
#define DMEVPN_VTYSH_DMEVPN_H

/* Install all of them in their nodes; vtysh must have created those. */
void vtysh_dmevpn_install_commands(void);

#endif

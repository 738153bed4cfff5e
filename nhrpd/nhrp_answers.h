// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who was told what by Resolution Replies that FRR's own NHRP code sent, or by those that it
 * passed requests on to, so that they can be told when it is void.
 */
#ifndef DMEVPN_NHRP_ANSWERS_H
#define DMEVPN_NHRP_ANSWERS_H

#include "nhrpd/vpn_engine.h"

#define NHRP_ANSWERS_MAX 8192 /* remembered; the oldest makes room */

/* A Resolution Reply leaves for TO. */
void nhrp_answers_sent(const struct vpn_path *to, const struct nhrp_msg *m);

/* A Resolution Request of somebody else is passed on to TO: the reply may not come by here. */
void nhrp_answers_asked(const struct vpn_path *to, const struct nhrp_msg *m);

/* Compares this node's own answers with what it would answer now, and ends those whose time is over. */
void nhrp_answers_poll(void);

/* Forgets all, and says nothing. */
void nhrp_answers_terminate(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* A decoded NHRP message as text, for comparing. */
#ifndef DMEVPN_TEST_NHRP_DUMP_H
#define DMEVPN_TEST_NHRP_DUMP_H

#include "lib/nhrp_msg.h"

#define NHRP_DUMP_LEN 16384

/* Writes every field of *m, every CIE and every extension, a line each; returns TEXT. */
const char *nhrp_dump(const struct nhrp_msg *m, char text[NHRP_DUMP_LEN]);

/* Builds the message anew from what was read. Returns its octets, 0 when the builder refused. */
size_t nhrp_rebuild(const struct nhrp_msg *m, uint8_t *buf, size_t size);

#endif

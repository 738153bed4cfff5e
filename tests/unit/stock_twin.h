// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A deliberately plain stand-in for FRR's nhrpd as a reader of messages: what it takes for
 * granted about octets, by offsets alone, without the codec under test. It does not act on
 * a message, and knows nothing of peers, routes or configuration.
 */
#ifndef DMEVPN_TEST_STOCK_TWIN_H
#define DMEVPN_TEST_STOCK_TWIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NULL when the stock code may be given these octets, else what it would stumble over. */
const char *stock_twin_objects(const uint8_t *octets, size_t len);

/* True when the sum is right by the stock code's way of adding up an odd length. */
bool stock_twin_sum_fits(const uint8_t *octets, size_t len);

#endif

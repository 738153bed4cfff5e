// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Telling nhrpd what the kernel really has, for its consistency check. Main pthread.
 */
#ifndef DMEVPN_CHECK_H
#define DMEVPN_CHECK_H

#include <stdint.h>

#include "lib/dmevpn_msg.h"

struct event_loop;

/* SEND gets the CHECK_HAVE and CHECK_END records. */
void dm_check_start(struct event_loop *loop, void (*send)(const struct dm_rec *rec));

/* Reads all there is, little by little, and tells it under NUMBER; ends a reading that is under way. */
void dm_check_begin(uint32_t number);

/* Ends what is under way, without a word; also before the module ends. */
void dm_check_stop(void);

#endif

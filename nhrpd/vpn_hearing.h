// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which MACs a spoke's own bridge hears, and for how long the hub is asked to hold them.
 */
#ifndef DMEVPN_VPN_HEARING_H
#define DMEVPN_VPN_HEARING_H

#include <stdbool.h>
#include <stdint.h>

#include "nhrpd/vpn_timer.h"

struct vpn_instance;
struct vpn_local;

/* What an instance knows of it. */
struct vpn_hearing {
	bool on;	  /* the hub holds MACs of ours that it may not hear itself, from the first shortcut on */
	uint64_t looked;  /* ms; when the module was asked last; 0: not yet, or it is another one since */
	uint16_t granted; /* seconds for which the hub holds a MAC, when that is less than we ask; else 0 */
	struct vpn_timer look;
};

/* Readies an instance's; ends it, with all that the hub was told. */
void vpn_hearing_init(struct vpn_instance *inst);
void vpn_hearing_stop(struct vpn_engine *e, struct vpn_instance *inst);
/* The module may be another one: what it said is no measure for what it will say. */
void vpn_hearing_unknown(struct vpn_engine *e, struct vpn_instance *inst);
/* Whether the hub is to be told of our MACs; from the first time on, it is kept up to date. */
bool vpn_hearing_wanted(struct vpn_engine *e, struct vpn_instance *inst);
/* The device's ageing time is another. */
void vpn_hearing_changed(struct vpn_engine *e, struct vpn_instance *inst);
/* The bridge has not heard the MAC for the ageing time: there is nothing to tell. */
bool vpn_hearing_silent(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_local *l);
/* Seconds for which the hub is to hold the MAC: what is left of the ageing time. */
uint16_t vpn_hearing_left(struct vpn_engine *e, const struct vpn_instance *inst, const struct vpn_local *l);
/* The hub answered a request to hold a MAC for ASKED seconds with GRANTED ones. */
void vpn_hearing_granted(struct vpn_engine *e, struct vpn_instance *inst, uint16_t asked, uint16_t granted);

#endif

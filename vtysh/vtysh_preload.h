// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Putting a library into LD_PRELOAD and taking it out again.
 */
#ifndef DMEVPN_VTYSH_PRELOAD_H
#define DMEVPN_VTYSH_PRELOAD_H

/*
 * A value of LD_PRELOAD without one library.
 *
 * value: what LD_PRELOAD is; entries end at a colon or a space.
 * library: the path of the entry to leave out, however often it stands there.
 *
 * Returns the rest, separated by colons ("" when there is none), for the
 * caller to free; NULL when there is no memory.
 */
char *preload_without(const char *value, const char *library);

/*
 * A value of LD_PRELOAD with one library at its end. It goes last because a
 * sanitizer's library insists on being first.
 *
 * value: what LD_PRELOAD is; may be NULL. library: its path.
 *
 * Returns the new value for the caller to free; NULL when there is no memory.
 */
char *preload_with(const char *value, const char *library);

#endif

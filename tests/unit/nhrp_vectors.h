// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NHRP messages written out by hand from the layouts of RFC 2332 5 and RFC 2735 4,
 * each with what a decoder must read in it. Shared by the codec's unit test and the
 * fuzz corpus.
 */
#ifndef DMEVPN_TEST_NHRP_VECTORS_H
#define DMEVPN_TEST_NHRP_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VECTOR_MAX 512

struct nhrp_vector {
	const char *name; /* of its file in the corpus, too */
	const char *hex;  /* digits; blanks between fields */
	const char *reads; /* what nhrp_dump.h prints of it */
	bool ours; /* built anew from what was read it gives the same octets */
};

extern const struct nhrp_vector nhrp_vectors[];
extern const size_t nhrp_vector_count;

/* Octets of a string of hexadecimal digits and blanks; returns how many, at most VECTOR_MAX. */
size_t from_hex(const char *hex, uint8_t octets[VECTOR_MAX]);

/* The vector of that name; the test fails when there is none. */
const struct nhrp_vector *nhrp_vector(const char *name);

#endif

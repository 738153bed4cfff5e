// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target of the guard in front of FRR's own nhrpd code. Whatever passes must suit that
 * code, by the stand-in of tests/unit/stock_twin.h, and pass again. Run as doc/developer/testing.rst says.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/nhrp_guard.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"
#include "tests/unit/stock_twin.h"

const char fuzz_corpus[] = "nhrp";

#define INPUT_MAX 2048

static void guard(const uint8_t *octets, size_t len)
{
	static uint8_t out[NHRP_GUARD_MAX], again[NHRP_GUARD_MAX];
	struct nhrp_guarded g = nhrp_guard_plain(octets, len, out);

	if (g.why != NHRP_GUARD_PASSED)
		return;
	if (stock_twin_objects(out, g.len))
		abort();
	if (nhrp_guard_plain(out, g.len, again).len != g.len || memcmp(out, again, g.len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	uint8_t *sealed;

	if (len == 0 || len > INPUT_MAX)
		return 0;
	guard(octets, len);
	nhrp_guard_may_leave(octets, len);

	/* a block of exactly that length, so that AddressSanitizer sees a step past its end */
	sealed = malloc(len);
	if (!sealed)
		return 0;
	memcpy(sealed, octets, len);
	fuzz_seal(sealed, len);
	guard(sealed, len);
	nhrp_guard_may_leave(sealed, len);
	free(sealed);
	return 0;
}

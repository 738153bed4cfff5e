// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target of the NHRP decoder. Whatever is accepted must build anew into a message
 * that reads the same. Run as doc/developer/testing.rst says.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"
#include "tests/unit/nhrp_dump.h"

const char fuzz_corpus[] = "nhrp";

#define INPUT_MAX 2048

/* Builds an accepted message again; whatever is taken can be given back. */
static void check_rebuild(const struct nhrp_msg *m)
{
	static char before[NHRP_DUMP_LEN], after[NHRP_DUMP_LEN];
	static uint8_t buf[2 * INPUT_MAX];
	struct nhrp_msg again;
	size_t len = nhrp_rebuild(m, buf, sizeof(buf));

	if (len == 0)
		abort();
	if (m->pro_type == NHRP_PRO_TEB_COMPAT)
		return;
	if (nhrp_msg_decode(&again, buf, len, NULL) != NHRP_DROP_NONE)
		abort();
	if (strcmp(nhrp_dump(m, before), nhrp_dump(&again, after)) != 0)
		abort();
}

static void decode(const uint8_t *octets, size_t len)
{
	struct nhrp_msg m;
	uint32_t value;

	if (nhrp_msg_decode(&m, octets, len, &value) == NHRP_DROP_NONE)
		check_rebuild(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	uint8_t *sealed;

	if (len == 0 || len > INPUT_MAX)
		return 0;
	decode(octets, len);

	/* a block of exactly that length, so that AddressSanitizer sees a step past its end */
	sealed = malloc(len);
	if (!sealed)
		return 0;
	memcpy(sealed, octets, len);
	fuzz_seal(sealed, len);
	decode(sealed, len);
	free(sealed);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target of the reader of dmevpn_msg payloads. Every record read must be such as
 * can be written, and must read the same again. Run as doc/developer/testing.rst says.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/dmevpn_msg.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "dmevpn";

/* Writes one record, reads it back and compares. */
static void check_round_trip(const struct dm_rec *rec)
{
	static struct dm_batch batch;
	struct dm_reader r;
	struct dm_rec back;

	dm_batch_init(&batch);
	if (!dm_batch_put(&batch, rec))
		abort();
	if (dm_msg_open(&r, batch.buf, dm_batch_finish(&batch), NULL) != DM_OPEN_OK)
		abort();
	if (!dm_msg_next(&r, &back) || memcmp(rec, &back, sizeof(back)) != 0)
		abort();
	if (dm_msg_next(&r, &back) || r.bad)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct dm_reader r;
	struct dm_rec rec;

	if (dm_msg_open(&r, octets, len, NULL) != DM_OPEN_OK)
		return 0;
	while (dm_msg_next(&r, &rec))
		check_round_trip(&rec);
	return 0;
}

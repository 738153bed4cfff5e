// SPDX-License-Identifier: GPL-2.0-or-later
/* What a fuzz target gives to whoever drives it: libFuzzer, or fuzz_main.c. */
#ifndef DMEVPN_TEST_FUZZ_H
#define DMEVPN_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Folder of its inputs in tests/fuzz/corpus. */
extern const char fuzz_corpus[];

/* Judges one input; aborts when the code under test misbehaves. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zebra/dmevpn_undo.c: what is noted is read back by the next zebra, with many records, too, where
 * one that went is a line more; and a file that grows so is written anew.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/zebra.h"
#include "lib/libfrr.h"

#include "zebra/dmevpn_links.h"
#include "zebra/dmevpn_undo.h"

DEFINE_MGROUP(DMEVPN, "zebra module DMEVPN");

static char folder[] = "/tmp/undo.XXXXXX", file[64];

/* The machine has one device. */
const struct nlm_link *dm_link_find(uint32_t ifindex)
{
	static const struct nlm_link link = {.ifindex = 7, .name = "tun2"};

	return ifindex == 7 ? &link : NULL;
}

const struct nlm_link *dm_link_find_name(const char *name)
{
	const struct nlm_link *link = dm_link_find(7);

	return strcmp(name, link->name) == 0 ? link : NULL;
}

static struct dm_undo a_vlan(uint16_t vlan)
{
	return (struct dm_undo){.kind = DM_UNDO_VLAN, .ifindex = 7, .vlan = vlan};
}

static bool has(uint16_t vlan)
{
	struct dm_undo undo = a_vlan(vlan);

	return dm_undo_has(&undo);
}

static void note(uint16_t first, uint16_t last)
{
	for (uint16_t vlan = first; vlan <= last; vlan++) {
		struct dm_undo undo = a_vlan(vlan);

		dm_undo_note(&undo);
	}
}

static void drop(uint16_t vlan)
{
	struct dm_undo undo = a_vlan(vlan);

	assert_true(dm_undo_drop(&undo));
}

static unsigned int lines(const char *sign)
{
	FILE *in = fopen(file, "r");
	char line[160];
	unsigned int n = 0;

	assert_non_null(in);
	while (fgets(line, sizeof(line), in))
		n += strncmp(line, sign, strlen(sign)) == 0;
	fclose(in);
	return n;
}

/* As a zebra that was killed leaves it: what its memory still held is not written. */
static void killed(void)
{
	char copy[80], command[200];

	snprintf(copy, sizeof(copy), "%s.copy", file);
	snprintf(command, sizeof(command), "cp %s %s", file, copy);
	assert_int_equal(system(command), 0);
	dm_undo_stop();
	assert_int_equal(rename(copy, file), 0);
	dm_undo_load();
}

static int setup(void **state)
{
	dm_undo_stop();
	unlink(file);
	dm_undo_load();
	return 0;
}

static void few_are_a_file_without_more(void **state)
{
	note(1, 5);
	assert_int_equal(lines("vlan 7 tun2 "), 5);
	drop(3);
	dm_undo_save();
	assert_int_equal(lines("vlan"), 4);
	assert_int_equal(lines("-"), 0);
	killed();
	assert_true(has(2) && !has(3) && has(4));
}

static void one_of_many_that_went_is_a_line_more(void **state)
{
	note(1, 1000);
	drop(500);
	assert_int_equal(lines("vlan"), 1000);
	assert_int_equal(lines("-vlan"), 1);
	killed();
	assert_true(has(499) && !has(500) && has(501));
	dm_undo_save();
	assert_int_equal(lines("vlan"), 1000);
	/* it comes again, behind the line that says that it went */
	note(500, 500);
	killed();
	assert_true(has(500));
}

static bool is_odd(const struct dm_undo *undo, void *arg)
{
	++*(unsigned int *)arg;
	return undo->vlan % 2;
}

static void lines_do_not_outnumber_records(void **state)
{
	unsigned int round, seen = 0;

	note(1, 1000);
	for (round = 0; round < 5; round++) {
		dm_undo_each(is_odd, &seen);
		dm_undo_save();
		assert_true(lines("") <= 2200);
		note(1, 1000);
	}
	assert_int_equal(seen, 5000);
	killed();
	for (uint16_t vlan = 1; vlan <= 1000; vlan++)
		assert_true(has(vlan));
}

static void held_notes_are_there_when_released(void **state)
{
	dm_undo_hold();
	note(1, 300);
	drop(7);
	dm_undo_release();
	assert_int_equal(lines("vlan"), 300);
	killed();
	assert_true(has(300) && !has(7));
}

/* The last line of a zebra that was killed while it wrote. */
static void line_without_an_end_is_none(void **state)
{
	FILE *out;

	note(1, 300);
	out = fopen(file, "a");
	fputs("-vlan 7 tun2 100", out);
	fclose(out);
	killed();
	assert_true(has(100));
	note(301, 301);
	killed();
	assert_true(has(301));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(few_are_a_file_without_more, setup),
		cmocka_unit_test_setup(one_of_many_that_went_is_a_line_more, setup),
		cmocka_unit_test_setup(lines_do_not_outnumber_records, setup),
		cmocka_unit_test_setup(held_notes_are_there_when_released, setup),
		cmocka_unit_test_setup(line_without_an_end_is_none, setup),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(frr_runstatedir, sizeof(frr_runstatedir), "%s", folder);
	snprintf(file, sizeof(file), "%s/zebra_dmevpn.undo", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	dm_undo_stop();
	unlink(file);
	rmdir(folder);
	return failed;
}

/* SPDX-License-Identifier: MIT */
#include "share/access.h"
#include "tests/harness.h"

#include <errno.h>

static struct umm_access_book book;

TEST(accesses_nest_and_are_counted_per_kind)
{
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_READ), 0);
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_READ), 0);
	CHECK_INT(umm_access_end(&book, UMM_ACCESS_READ), 0);
	CHECK_INT(umm_access_open(&book), UMM_ACCESS_READ);
	CHECK_INT(umm_access_end(&book, UMM_ACCESS_READ), 0);
	CHECK_INT(umm_access_open(&book), 0);
}

TEST(end_without_begin_is_refused)
{
	CHECK_INT(umm_access_end(&book, UMM_ACCESS_READ), -EINVAL);
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_READ), 0);
	CHECK_INT(umm_access_end(&book, UMM_ACCESS_WRITE), -EINVAL);
	CHECK_INT(umm_access_end(&book, UMM_ACCESS_READ_WRITE), -EINVAL);
	CHECK_INT(umm_access_open(&book), UMM_ACCESS_READ);
}

TEST(no_direction_is_refused)
{
	CHECK_INT(umm_access_begin(&book, (enum umm_access)0), -EINVAL);
	CHECK_INT(umm_access_begin(&book, (enum umm_access)4), -EINVAL);
	CHECK_INT(umm_access_end(&book, (enum umm_access)0), -EINVAL);
}

TEST(write_inside_read_contradicts)
{
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_READ), 0);
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_WRITE), -EBUSY);
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_READ_WRITE), -EBUSY);
	CHECK_INT(umm_access_open(&book), UMM_ACCESS_READ);
}

TEST(read_inside_write_only_contradicts)
{
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_WRITE), 0);
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_READ), -EBUSY);
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_WRITE), 0);
}

/* A decoder: read and write while it draws, then only read while the frame is a reference. */
TEST(read_write_can_be_narrowed_to_read)
{
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_READ_WRITE), 0);
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_READ), 0);
	CHECK_INT(umm_access_end(&book, UMM_ACCESS_READ_WRITE), 0);
	CHECK_INT(umm_access_open(&book), UMM_ACCESS_READ);
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_WRITE), -EBUSY);
}

TEST(counts_do_not_wrap)
{
	for (int i = 0; i < 65535; i++)
		CHECK_INT(umm_access_begin(&book, UMM_ACCESS_WRITE), 0);
	CHECK_INT(umm_access_begin(&book, UMM_ACCESS_WRITE), -EOVERFLOW);
	CHECK_INT(umm_access_open(&book), UMM_ACCESS_WRITE);
}

/* Random walk against three plain counters. */
TEST(random_walk_agrees_with_plain_counters)
{
	unsigned count[4] = { 0 };
	srand(7);
	for (int i = 0; i < 200000; i++) {
		unsigned kind = 1 + (unsigned)rand() % 3;
		enum umm_access access = (enum umm_access)kind;
		if (rand() & 1) {
			bool clash = count[3] == 0 &&
				     (((kind & 2) && count[1]) || ((kind & 1) && count[2]));
			CHECK_INT(umm_access_begin(&book, access), clash ? -EBUSY : 0);
			count[kind] += !clash;
		} else {
			CHECK_INT(umm_access_end(&book, access), count[kind] ? 0 : -EINVAL);
			count[kind] -= count[kind] > 0;
		}
		unsigned open = (count[1] ? 1 : 0) | (count[2] ? 2 : 0) | (count[3] ? 3 : 0);
		CHECK_INT(umm_access_open(&book), open);
	}
}

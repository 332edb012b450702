/* SPDX-License-Identifier: MIT */
/** Numbers as people read them: never wider than six characters. */
#include <signal.h>

#include "cli/run.h"
#include "tests/harness.h"

static char text[RUN_TEXT_SIZE];

TEST(bytes_have_a_unit_and_at_most_one_decimal)
{
	CHECK_STR(run_text_bytes(0, text), "0");
	CHECK_STR(run_text_bytes(1023, text), "1023");
	CHECK_STR(run_text_bytes(1024, text), "1.0K");
	CHECK_STR(run_text_bytes(3 << 20, text), "3.0M");
	CHECK_STR(run_text_bytes(200 << 20, text), "200M");
	CHECK_STR(run_text_bytes(UINT64_MAX, text), "16.0E");
}

TEST(no_size_is_wider_than_six_characters)
{
	for (uint64_t bytes = 1; bytes < UINT64_MAX / 32; bytes = bytes * 21 / 20 + 1)
		CHECK(strlen(run_text_bytes(bytes, text)) <= 6);
}

TEST(times_go_from_microseconds_to_seconds)
{
	CHECK_STR(run_text_ns(0, text), "0us");
	CHECK_STR(run_text_ns(85400, text), "85us");
	CHECK_STR(run_text_ns(2100000, text), "2.1ms");
	CHECK_STR(run_text_ns(250000000, text), "250ms");
	CHECK_STR(run_text_ns(1500000000, text), "1.5s");
}

TEST(exit_is_the_status_or_minus_the_signal)
{
	struct run_stage stage = { .wait_status = 7 << 8 };
	CHECK_INT(run_exit_of(&stage), 7);
	stage.wait_status = STAGE_EXIT_ENDED
			    << 8; /* how it ended its stream is the runner's business */
	CHECK_INT(run_exit_of(&stage), STAGE_EXIT_FAILED);
	stage.wait_status = SIGKILL;
	CHECK_INT(run_exit_of(&stage), -SIGKILL);
}

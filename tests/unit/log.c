/* SPDX-License-Identifier: MIT */
#include "os/log.h"
#include "tests/harness.h"

#include <errno.h>

static char last[256];

static void remember(void *user, enum umm_log_level level, const char *format, va_list args)
{
	(void)user, (void)level;
	vsnprintf(last, sizeof(last), format, args);
	errno = EIO;
}

TEST(silent_until_a_handler_is_set)
{
	umm_log(UMM_LOG_ERROR, "nobody hears this");
	CHECK_STR(last, "");
}

TEST(handler_gets_its_level_and_graver)
{
	umm_log_set_handler(remember, UMM_LOG_WARNING, NULL);
	umm_log(UMM_LOG_INFO, "too detailed");
	CHECK_STR(last, "");
	umm_log(UMM_LOG_ERROR, "heap %s is empty", "cma");
	CHECK_STR(last, "heap cma is empty");
}

TEST(errno_survives_a_message)
{
	umm_log_set_handler(remember, UMM_LOG_DEBUG, NULL);
	errno = ENOENT;
	umm_log(UMM_LOG_ERROR, "x");
	CHECK_INT(errno, ENOENT);
}

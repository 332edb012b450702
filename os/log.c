/* SPDX-License-Identifier: MIT */
#include "os/log.h"

#include <errno.h>
#include <stddef.h>

static struct {
	umm_log_handler handler; /* NULL: silent */
	enum umm_log_level level;
	void *user;
} sink;

void umm_log_set_handler(umm_log_handler handler, enum umm_log_level level, void *user)
{
	sink.handler = handler;
	sink.level = level;
	sink.user = user;
}

void umm_log(enum umm_log_level level, const char *format, ...)
{
	if (sink.handler == NULL || level > sink.level)
		return;

	int saved = errno;
	va_list args;
	va_start(args, format);
	sink.handler(sink.user, level, format, args);
	va_end(args);
	errno = saved;
}

/* SPDX-License-Identifier: MIT */
/** libwayland's own complaints go where ours go. */
#ifndef UMM_BROKER_WAYLAND_LOG_H
#define UMM_BROKER_WAYLAND_LOG_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "os/log.h"

/** A wl_log_func_t: one line, without its newline, at level debug. */
static inline void umm_wayland_log(const char *format, va_list args)
{
	char line[256];
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	umm_log(UMM_LOG_DEBUG, "wayland: %s", line);
}

#endif

/* SPDX-License-Identifier: MIT */
/**
 * Where the library's own words go. It is silent until a handler is set.
 */
#ifndef UMM_LOG_H
#define UMM_LOG_H

#include <stdarg.h>

#include <umm/macros.h>

UMM_BEGIN_DECLS

enum umm_log_level { UMM_LOG_ERROR, UMM_LOG_WARNING, UMM_LOG_INFO, UMM_LOG_DEBUG };

/** One event, one line, no trailing newline; `format` and `args` are those of vprintf(3), and hold
 * until it returns. Must be safe to call from any thread that uses the library. */
typedef void (*umm_log_handler)(void *user, enum umm_log_level level, const char *format,
				va_list args);

/**
 * Send messages of `level` and graver to `handler`; NULL silences the library (the state at start).
 *
 * Per process, because a broken peer or a full heap concerns the process and not one object.
 * `user` is kept and handed to `handler`: it must live until another one is set.
 * Call it before other threads use the library. Since 0.1.
 */
UMM_API void umm_log_set_handler(umm_log_handler handler, enum umm_log_level level, void *user);

UMM_END_DECLS

#endif

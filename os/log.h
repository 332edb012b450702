/* SPDX-License-Identifier: MIT */
/** How the library speaks: through the handler of umm_log_set_handler(), or not at all. Keeps
 * errno. */
#ifndef UMM_OS_LOG_H
#define UMM_OS_LOG_H

#include <umm/log.h>

void umm_log(enum umm_log_level level, const char *format, ...) UMM_PRINTF(2, 3);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * Who has a device: "busy" alone sends people through /proc by hand.
 *
 * It is what /proc/PID/fd shows (proc(5)), at a glance: processes of other users only to who may
 * trace them, none of other PID namespaces, and an fd that is under way in a socket nowhere.
 */
#ifndef UMM_OS_HOLDERS_H
#define UMM_OS_HOLDERS_H

#include <stddef.h>

#define UMM_HOLDERS_MAX 96

/**
 * Other processes that have the character device `path` open, for the end of a sentence: "; it is
 * open in cheese (812), pipewire (640)", as many as fit, and ".." for the others; "" if none can be
 * seen. What is odd in a name (they choose it) is shown as '?'. Returns `out`.
 */
const char *umm_holders(const char *path, char out[UMM_HOLDERS_MAX]);

#endif

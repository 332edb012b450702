/* SPDX-License-Identifier: MIT */
/** How devices say why they cannot. */
#ifndef UMM_DEVICE_REFUSE_H
#define UMM_DEVICE_REFUSE_H

#include <umm/device.h>

/** "node: what" in `why`, of UMM_DEVICE_WHY_MAX bytes, which may be NULL. Returns `error`. */
int umm_device_refuse(const char *node, char *why, int error, const char *format, ...)
	UMM_PRINTF(4, 5);

/** Is the device there, and could be had if somebody ended a program, or gave a right? */
bool umm_device_can_be_had(int error);

/** Of a search among several: a reason that is kept gives way to another only if it is of a device
 * that cannot be had. `kept_why` may be NULL, `why` may be empty: it stays then. */
void umm_device_keep_first(int *kept, char *kept_why, int error, const char *why);

#endif

/* SPDX-License-Identifier: MIT */
/** How devices say why they cannot. */
#ifndef UMM_DEVICE_REFUSE_H
#define UMM_DEVICE_REFUSE_H

#include <umm/device.h>

/** "node: what" in `why`, of UMM_DEVICE_WHY_MAX bytes, which may be NULL. Returns `error`. */
int umm_device_refuse(const char *node, char *why, int error, const char *format, ...)
	UMM_PRINTF(4, 5);

#endif

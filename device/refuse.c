/* SPDX-License-Identifier: MIT */
#include "device/refuse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int umm_device_refuse(const char *node, char *why, int error, const char *format, ...)
{
	if (why == NULL)
		return error;
	int used = snprintf(why, UMM_DEVICE_WHY_MAX, "%s: ", node);
	if (used < 0 || used >= UMM_DEVICE_WHY_MAX)
		return error;
	va_list args;
	va_start(args, format);
	vsnprintf(why + used, UMM_DEVICE_WHY_MAX - (size_t)used, format, args);
	va_end(args);
	return error;
}

bool umm_device_can_be_had(int error)
{
	return error == -EBUSY || error == -EACCES || error == -EPERM;
}

void umm_device_keep_first(int *kept, char *kept_why, int error, const char *why)
{
	if (umm_device_can_be_had(*kept))
		return;
	*kept = error;
	if (kept_why != NULL && why[0] != '\0')
		snprintf(kept_why, UMM_DEVICE_WHY_MAX, "%s", why);
}

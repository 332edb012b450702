/* SPDX-License-Identifier: MIT */
/* Which kinds of devices there are. */
#include "device/device.h"

const struct umm_device_ops *const umm_device_table[] = {
	NULL,
};

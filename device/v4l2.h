/* SPDX-License-Identifier: MIT */
#ifndef UMM_DEVICE_V4L2_H
#define UMM_DEVICE_V4L2_H

#include "device/device.h"

extern const struct umm_device_ops umm_v4l2_device_ops;

#endif

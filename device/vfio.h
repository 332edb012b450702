/* SPDX-License-Identifier: MIT */
#ifndef UMM_DEVICE_VFIO_H
#define UMM_DEVICE_VFIO_H

#include "device/device.h"

extern const struct umm_device_ops umm_vfio_device_ops;

#endif

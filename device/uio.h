/* SPDX-License-Identifier: MIT */
#ifndef UMM_DEVICE_UIO_H
#define UMM_DEVICE_UIO_H

#include "device/device.h"

extern const struct umm_device_ops umm_uio_device_ops;

#endif

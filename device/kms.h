/* SPDX-License-Identifier: MIT */
#ifndef UMM_DEVICE_KMS_H
#define UMM_DEVICE_KMS_H

#include "device/device.h"

extern const struct umm_device_ops umm_kms_device_ops;

#endif

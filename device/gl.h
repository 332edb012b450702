/* SPDX-License-Identifier: MIT */
/** GPUs, and processors that play one, by EGL and OpenGL ES: see umm/device.h. */
#ifndef UMM_DEVICE_GL_H
#define UMM_DEVICE_GL_H

#include "device/device.h"

extern const struct umm_device_ops umm_gl_device_ops;

#endif

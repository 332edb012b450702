/* SPDX-License-Identifier: MIT */
/* Which kinds of devices there are. */
#include "device/gl.h"
#include "device/kms.h"
#include "device/uio.h"
#include "device/v4l2.h"
#include "device/vfio.h"

const struct umm_device_ops *const umm_device_table[] = {
	&umm_v4l2_device_ops,
	&umm_kms_device_ops,
	&umm_vfio_device_ops,
	&umm_uio_device_ops,
#ifdef UMM_HAVE_GL
	&umm_gl_device_ops,
#endif
	NULL,
};

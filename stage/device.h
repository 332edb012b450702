/* SPDX-License-Identifier: MIT */
/** The device behind a stage whose argument names one. */
#ifndef UMM_STAGE_DEVICE_H
#define UMM_STAGE_DEVICE_H

#include "os/cleanup.h"
#include "stage/stage.h"

UMM_DEFINE_AUTO(umm_device, umm_device_close)

/**
 * Open the device `family`:ARGUMENT of umm/device.h, or the first of its family where the stage has
 * no argument. *out is the caller's. Returns 0, or a negative errno with the line printed.
 */
int stage_device_open(const struct stage_spec *spec, const char *family,
		      const struct umm_device_opts *options, struct umm_device **out);

#endif

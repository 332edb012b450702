/* SPDX-License-Identifier: MIT */
/** Open the device behind a stage, and say it in the stage's name where that fails. */
#include "stage/device.h"

#include <stdio.h>
#include <string.h>

#define MOST_NAME 256

int stage_device_open(const struct stage_spec *spec, const char *family,
		      const struct umm_device_opts *options, struct umm_device **out)
{
	char why[UMM_DEVICE_WHY_MAX] = "", name[MOST_NAME];
	snprintf(name, sizeof(name), "%s:%s", family, spec->argument ? spec->argument : "");
	int ret = umm_device_open(name, options, out, why);
	if (ret < 0)
		stage_error(spec, "%s", why[0] != '\0' ? why : strerror(-ret));
	return ret;
}

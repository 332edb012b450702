/* SPDX-License-Identifier: MIT */
/** What a device that umm drives says about itself, for `umm probe`. */
#ifndef UMM_CLI_PROBE_DEVICE_H
#define UMM_CLI_PROBE_DEVICE_H

#include <jansson.h>
#include <umm/device.h>

/** Open `kind:node` and ask for its facts (umm_device_facts()). NULL if that fails; then `why`
 * (UMM_DEVICE_WHY_MAX bytes) says why. */
json_t *probe_device_facts(const char *kind, const char *node, char *why);

/** For people: each fact with its source, long lists cut short. */
void probe_device_print(const json_t *facts);

#endif

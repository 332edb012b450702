/* SPDX-License-Identifier: MIT */
/** Devices for drivers in user space, and the groups that IOMMUs keep them in. */
#ifndef UMM_CLI_PROBE_VFIO_H
#define UMM_CLI_PROBE_VFIO_H

#include <jansson.h>

/** What is known of the group behind /dev/vfio/N: facts as umm_device_facts() has them, or NULL:
 * the node is not a group's. */
json_t *probe_vfio_group(const char *node);

/** Append each device that a driver in user space could have now: its kind, its node, its facts or
 * the reason why it does not tell them. */
void probe_vfio_devices(json_t *devices);

#endif

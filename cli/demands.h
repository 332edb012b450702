/* SPDX-License-Identifier: MIT */
/**
 * What a participant of a document demands under a path that an answer names.
 */
#ifndef UMM_CLI_DEMANDS_H
#define UMM_CLI_DEMANDS_H

#include <jansson.h>

/**
 * The field of the participant `name`, also of one that is an alternative in a group, by its path
 * ("memory.address.max"); borrowed from `participants`, NULL if it is not there. A path without
 * "formats[N]" in front of it means the entry that has `format`.
 */
const json_t *demands_find(const json_t *participants, const char *name, const char *path,
			   const char *format);

#endif

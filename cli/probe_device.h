/* SPDX-License-Identifier: MIT */
/** What a device that umm drives says about itself, for `umm probe`. */
#ifndef UMM_CLI_PROBE_DEVICE_H
#define UMM_CLI_PROBE_DEVICE_H

#include <stdio.h>

#include <jansson.h>
#include <umm/device.h>

/** What came of it. */
struct probe_device {
	json_t *facts;	   /**< owned by the caller; NULL: none could be had, and `why` says why */
	json_t *other_end; /**< the same of the other end of a node that has two (mem2mem, GPU);
			      NULL: it has not */
	char why[UMM_DEVICE_WHY_MAX];
};

/** Open `kind:node` and ask for its facts (umm_device_facts()), at both ends. */
void probe_device_ask(const char *kind, const char *node, struct probe_device *out);

/** For people: each fact with its source, long lists cut short. Of the other end what it has not
 * in common with the first. */
void probe_device_print(FILE *out, const json_t *facts, const json_t *other_end);

#endif

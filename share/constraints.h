/* SPDX-License-Identifier: MIT */
/** Inside of struct umm_constraints: for those who compose documents. */
#ifndef UMM_SHARE_CONSTRAINTS_H
#define UMM_SHARE_CONSTRAINTS_H

#include <jansson.h>

#include <umm/constraints.h>

#include "os/cleanup.h"

UMM_DEFINE_AUTO(umm_constraints, umm_constraints_destroy)

/** The participant as a JSON object that lives as long as the constraints. */
const json_t *umm_constraints_object(const struct umm_constraints *constraints);

#endif

/* SPDX-License-Identifier: MIT */
/** Collections that tests negotiate again and again: a painter and viewers of a small R8 or XR24
 * image. */
#ifndef UMM_TESTS_MEMBERS_H
#define UMM_TESTS_MEMBERS_H

#include <umm/umm.h>

#include "os/cleanup.h"
#include "tests/harness.h"

UMM_DEFINE_AUTO(umm_collection, umm_collection_destroy)
UMM_DEFINE_AUTO(umm_connection, umm_connection_close)
UMM_DEFINE_AUTO(umm_constraints, umm_constraints_destroy)

#define TEST_WIDTH  64
#define TEST_HEIGHT 48

/** A participant that states a usage, a count of buffers and one size of XR24. */
static inline struct umm_constraints *xr24_constraints(const char *name, uint32_t usage,
						       uint64_t camping)
{
	struct umm_constraints *constraints;
	struct umm_buffer_demand buffers = { .camping = camping };
	struct umm_format_demand format = {
		.formats = { UMM_FOURCC('X', 'R', '2', '4') },
		.required_sizes = { { TEST_WIDTH, TEST_HEIGHT } },
	};
	CHECK_INT(umm_constraints_create(name, &constraints), 0);
	CHECK_INT(umm_constraints_set_usage(constraints, usage), 0);
	CHECK_INT(umm_constraints_set_buffers(constraints, &buffers), 0);
	CHECK_INT(umm_constraints_add_format(constraints, &format), 0);
	return constraints;
}

static inline struct umm_constraints *painter_constraints(void)
{
	return xr24_constraints("painter", UMM_USAGE_CPU_WRITE, 2);
}

static inline struct umm_constraints *viewer_constraints(const char *name)
{
	return xr24_constraints(name, UMM_USAGE_CPU_READ, 1);
}

static inline struct umm_member *join(struct umm_collection *collection,
				      struct umm_constraints *take_constraints, enum umm_role role,
				      enum umm_queue_mode mode)
{
	struct umm_member *member;
	CHECK_INT(umm_collection_join(collection, take_constraints,
				      UMM_JOIN_OPTS(.role = role, .mode = mode), &member),
		  0);
	umm_constraints_destroy(take_constraints);
	return member;
}

#endif

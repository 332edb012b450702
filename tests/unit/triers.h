/* SPDX-License-Identifier: MIT */
/** Members that attach a buffer on trial: a camera and a display that import from dma-heaps alone,
 * so that "one", "two" and "three" of tests/unit/fake_heaps.h are what there is. */
#ifndef UMM_TESTS_TRIERS_H
#define UMM_TESTS_TRIERS_H

#include <errno.h>

#include "tests/unit/fake_heaps.h"
#include "tests/unit/members.h"

/** Buffers of their pool: they are tried after the first one was taken. */
#define TRIER_POOL 2

/** What one member says to trials, and what it was asked. */
struct trier {
	const char *refuses[4];	 /**< heaps, NULL-terminated */
	int error;		 /**< with which it refuses them */
	const char *why;	 /**< NULL: it does not say */
	uint32_t refuses_format; /**< with -EOPNOTSUPP */
	uint64_t refuses_width;
	unsigned lucky; /**< it takes that many buffers it refuses */
	unsigned asked, refused;
	struct umm_buffer_id last;
};

static inline int trier_attach(void *user, struct umm_buffer *buffer, char *why)
{
	struct trier *trier = user;
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	trier->asked++;
	trier->refused++;
	trier->last = umm_buffer_id(buffer);
	CHECK(why[0] == '\0');
	if ((trier->refuses_format != 0 && layout->format == trier->refuses_format) ||
	    (trier->refuses_width != 0 && layout->width_px == trier->refuses_width)) {
		snprintf(why, UMM_TRIAL_WHY_MAX, "ADDFB2");
		return -EOPNOTSUPP;
	}
	for (unsigned i = 0; trier->refuses[i] != NULL; i++) {
		if (strcmp(trier->refuses[i], layout->heap) != 0)
			continue;
		if (trier->lucky > 0) {
			trier->lucky--;
			break;
		}
		snprintf(why, UMM_TRIAL_WHY_MAX, "%s", trier->why != NULL ? trier->why : "");
		return trier->error;
	}
	trier->refused--;
	return 0;
}

#define TRIER_XR24 UMM_FOURCC('X', 'R', '2', '4')
#define TRIER_NV12 UMM_FOURCC('N', 'V', '1', '2')

/** One that can XR24, and NV12 at a cost. */
static inline struct umm_constraints *trier_constraints(const char *name, uint32_t usage,
							struct umm_size size)
{
	struct umm_constraints *constraints;
	struct umm_format_demand format = { .formats = { TRIER_XR24 }, .required_sizes = { size } };
	struct umm_format_demand second = { .formats = { TRIER_NV12 },
					    .required_sizes = { size },
					    .cost = 10 };
	CHECK_INT(umm_constraints_create(name, &constraints), 0);
	CHECK_INT(umm_constraints_set_usage(constraints, usage), 0);
	CHECK_INT(umm_constraints_set_buffers(constraints,
					      &(struct umm_buffer_demand){ .camping = 1 }),
		  0);
	CHECK_INT(umm_constraints_set_memory(
			  constraints, &(struct umm_memory_demand){ .imports = fake_heap_class }),
		  0);
	CHECK_INT(umm_constraints_add_format(constraints, &format), 0);
	CHECK_INT(umm_constraints_add_format(constraints, &second), 0);
	return constraints;
}

static inline struct umm_member *join_trier(struct umm_collection *collection,
					    struct umm_constraints *take_constraints,
					    enum umm_role role, struct trier *trier)
{
	struct umm_member *member = join(collection, take_constraints, role, UMM_QUEUE_DEFAULT);
	if (trier != NULL)
		CHECK_INT(umm_member_set_trial(member,
					       UMM_TRIAL_OPTS(.attach = trier_attach, .user = trier,
							      .driver = "fake-driver",
							      .device = umm_member_name(member))),
			  0);
	return member;
}

/** A collection of a camera and a display of one size, not sealed. NULL: is not tried. */
static inline struct umm_collection *gather(struct trier *camera, struct trier *display)
{
	const struct umm_size size = { TEST_WIDTH, TEST_HEIGHT };
	struct umm_collection *collection;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	join_trier(collection, trier_constraints("camera", UMM_USAGE_VIDEO, size), UMM_PRODUCER,
		   camera);
	join_trier(collection, trier_constraints("display", UMM_USAGE_DISPLAY, size), UMM_CONSUMER,
		   display);
	return collection;
}

/** Gather and seal; what comes out is `verdict`. */
static inline struct umm_collection *settle(struct trier *camera, struct trier *display,
					    int verdict)
{
	struct umm_collection *collection = gather(camera, display);
	CHECK_INT(umm_collection_seal(collection), verdict);
	return collection;
}

static inline bool explains(const struct umm_collection *collection, const char *words)
{
	return strstr(umm_collection_explain(collection), words) != NULL;
}

#endif

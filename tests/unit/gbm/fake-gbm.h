/* SPDX-License-Identifier: MIT */
/** What the fake libgbm is told by a test, and tells it. */
#ifndef UMM_TESTS_FAKE_GBM_H
#define UMM_TESTS_FAKE_GBM_H

#include <stdbool.h>
#include <stdint.h>

struct fake_gbm {
	/* how it is; what is zero is good-natured */
	bool no_driver, knows_no_modifiers, other_modifier, has_second_plane;
	uint32_t more_stride, offset, less_bytes;
	/* what it made last */
	uint32_t size_bytes;
	uint64_t modifier;
	int n_alive; /**< devices and images */
};

__attribute__((visibility("default"))) extern struct fake_gbm fake_gbm;

#endif

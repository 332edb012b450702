/* SPDX-License-Identifier: MIT */
/**
 * GBM as it is found at run time, Mesa's or another. It is no library that libumm links: Mesa's
 * drivers bring a compiler of a hundred megabytes, and a program that never asks for a GPU shall
 * not even look for it.
 */
#ifndef UMM_OS_GBM_H
#define UMM_OS_GBM_H

#include <gbm.h>

/* Name of a function in the library; the prototype is that of its header. */
#define UMM_GBM_FUNCTIONS(_)                                                                       \
	_(gbm_create_device)                                                                       \
	_(gbm_device_destroy)                                                                      \
	_(gbm_device_get_format_modifier_plane_count)                                              \
	_(gbm_bo_create)                                                                           \
	_(gbm_bo_create_with_modifiers2)                                                           \
	_(gbm_bo_destroy)                                                                          \
	_(gbm_bo_get_handle_for_plane)                                                             \
	_(gbm_bo_get_modifier)                                                                     \
	_(gbm_bo_get_offset)                                                                       \
	_(gbm_bo_get_plane_count)                                                                  \
	_(gbm_bo_get_stride)                                                                       \
	_(gbm_bo_get_stride_for_plane)

/** Every function under its own name. */
struct umm_gbm {
/* A declaration: no parentheses. */
#define UMM_GBM_MEMBER(name) __typeof__(name) *name; // NOLINT(bugprone-macro-parentheses)
	UMM_GBM_FUNCTIONS(UMM_GBM_MEMBER)
#undef UMM_GBM_MEMBER
};

#define UMM_GBM_LIBRARY "libgbm.so.1"

/** The library, opened at the first call and then kept: Mesa's threads and exit handlers do not
 * bear that its code goes away. NULL: it is not here, or too old (before Mesa 21.3). */
const struct umm_gbm *umm_gbm_load(void);

#endif

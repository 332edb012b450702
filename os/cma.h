/* SPDX-License-Identifier: MIT */
/**
 * The contiguous areas of the machine (CMA), all together.
 *
 * CmaFree of /proc/meminfo is no measure of what they can give: pages of files and programs that
 * can be moved away live there too, on a machine that has been up for a while nearly everywhere.
 * What counts is what was taken as runs, and that the kernel tells since 6.10, by area, where it
 * has CONFIG_CMA_SYSFS (Documentation/ABI/testing/sysfs-kernel-mm-cma).
 */
#ifndef UMM_OS_CMA_H
#define UMM_OS_CMA_H

#include <stdbool.h>
#include <stdint.h>

#define UMM_CMA_AREAS "/sys/kernel/mm/cma"

/** How large all areas are. false: there is none. `root` stands before every path: "" is this
 * machine. */
bool umm_cma_total(const char *root, uint64_t *out);

/** How much of all areas is taken as runs now. false: the kernel does not tell. */
bool umm_cma_taken(const char *root, uint64_t *out);

/** How much was taken as runs since the machine runs, what was given back included. false: the
 * kernel does not tell. */
bool umm_cma_ever_taken(const char *root, uint64_t *out);

/** Whether an area has that name. false, too, if the kernel does not tell. */
bool umm_cma_has_area(const char *root, const char *name);

#endif

/* SPDX-License-Identifier: MIT */
/** Huge pages of 2 MiB that somebody reserved: how many are free, and which are neighbours. */
#ifndef UMM_OS_HUGEPAGES_H
#define UMM_OS_HUGEPAGES_H

#include <stdbool.h>
#include <stdint.h>

#define UMM_HUGEPAGES_COUNTERS "/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define UMM_HUGEPAGES_MAP      "/proc/kpageflags"

/** How many are free and promised to nobody; false: this kernel has none of this size. */
bool umm_hugepages_free(uint64_t *out_pages);

struct umm_hugepages_survey {
	uint64_t longest_run_pages; /**< neighbours that nobody has mapped */
	uint64_t last_address;	    /**< of the last byte of the highest page */
};

/**
 * Look where all of them are, without taking any. A page that is in a file and mapped nowhere looks
 * free, so the longest run is what could be had at best. Returns 0, -EACCES (the kernel tells root
 * alone), or an errno of UMM_HUGEPAGES_MAP.
 */
int umm_hugepages_survey(struct umm_hugepages_survey *out);

#endif

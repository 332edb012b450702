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
	uint64_t idle_pages;	    /**< that nobody has mapped */
	uint64_t longest_run_pages; /**< of them, side by side */
	uint64_t last_address;	    /**< of the last byte of the highest page */
};

/**
 * Look where they are, up to `max_address`, the last byte's, without taking any. A page that is in
 * a file and mapped nowhere looks free, so the longest run is what could be had at best. `root`
 * stands before every path: "" is this machine. Returns 0, -EACCES (the kernel tells root alone),
 * or an errno of UMM_HUGEPAGES_MAP.
 */
int umm_hugepages_survey(const char *root, uint64_t max_address, struct umm_hugepages_survey *out);

/** Those who gather pages hold many for a moment, and others would find none: whoever takes some
 * waits until it is his turn, two seconds at most and just once in a process: whoever holds it for
 * longer does not gather pages. An fd for umm_hugepages_unlock(); -1: go on, too. */
int umm_hugepages_lock(void);

/** Let the next one go on, also if a child that another thread forked meanwhile has the fd, too,
 * which closing it would not. -1 is fine; *turn is afterwards. */
void umm_hugepages_unlock(int *turn);

/** A turn that ends with the scope. */
#define umm_autoturn __attribute__((cleanup(umm_hugepages_unlock))) int

#endif

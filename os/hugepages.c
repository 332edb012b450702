/* SPDX-License-Identifier: MIT */
/**
 * Counters of Documentation/admin-guide/mm/hugetlbpage.rst, flags of
 * Documentation/admin-guide/mm/pagemap.rst: one 64-bit word for each small page. The first page of
 * a huge one says what it is (fs/proc/page.c), so one word in 512 is read, and no more of them than
 * it takes to find as many huge pages as there are.
 */
#include "os/hugepages.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/clock.h"
#include "os/memfd.h"
#include "os/number.h"

#define SMALL_PAGE_BYTES UINT64_C(4096)
#define PATIENCE_NS	 (2 * UMM_NS_PER_SECOND)

bool umm_hugepages_free(uint64_t *out_pages)
{
	uint64_t free_pages, reserved_pages;
	if (!umm_number_read(UMM_HUGEPAGES_COUNTERS "free_hugepages", &free_pages) ||
	    !umm_number_read(UMM_HUGEPAGES_COUNTERS "resv_hugepages", &reserved_pages))
		return false;
	*out_pages = free_pages > reserved_pages ? free_pages - reserved_pages : 0;
	return true;
}

static bool has(uint64_t flags, unsigned flag)
{
	return (flags >> flag & 1) != 0;
}

/* One huge page later: what is there. */
static void count_page(uint64_t flags, uint64_t address, uint64_t *run,
		       struct umm_hugepages_survey *out)
{
	bool huge = has(flags, KPF_HUGE) && has(flags, KPF_COMPOUND_HEAD);
	bool idle = huge && !has(flags, KPF_MMAP);
	*run = idle ? *run + 1 : 0;
	out->idle_pages += idle;
	if (*run > out->longest_run_pages)
		out->longest_run_pages = *run;
	if (huge)
		out->last_address = address + UMM_HUGE_PAGE_BYTES - 1;
}

int umm_hugepages_survey(uint64_t max_address, struct umm_hugepages_survey *out)
{
	struct umm_hugepages_survey survey = { 0 };
	uint64_t left = 0, run = 0, flags;
	(void)umm_number_read(UMM_HUGEPAGES_COUNTERS "nr_hugepages", &left);
	umm_autofd fd = open(UMM_HUGEPAGES_MAP, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == EPERM ? -EACCES : -errno;
	for (uint64_t address = 0; left > 0; address += UMM_HUGE_PAGE_BYTES) {
		if (address + (UMM_HUGE_PAGE_BYTES - 1) > max_address)
			break;
		off_t at = (off_t)(address / SMALL_PAGE_BYTES * sizeof(flags));
		ssize_t n = pread(fd, &flags, sizeof(flags), at);
		if (n < 0)
			return -errno;
		if (n != (ssize_t)sizeof(flags))
			break; /* the end of memory */
		uint64_t before = survey.last_address;
		count_page(flags, address, &run, &survey);
		left -= survey.last_address != before;
	}
	*out = survey;
	return 0;
}

/* Anybody may hold the lock for as long as he likes; who takes longer than gathering pages does is
 * waited for once in the life of a process. */
static _Atomic bool out_of_patience;

int umm_hugepages_lock(void)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int64_t deadline = umm_now_ns() + (out_of_patience ? 0 : PATIENCE_NS);
	umm_autofd fd = open(UMM_HUGEPAGES_COUNTERS "free_hugepages", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -1;
		if (umm_now_ns() >= deadline) {
			out_of_patience = true;
			return -1;
		}
		nanosleep(&moment, NULL);
	}
	return umm_fd_steal(&fd);
}

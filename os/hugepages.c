/* SPDX-License-Identifier: MIT */
/**
 * Counters of Documentation/admin-guide/mm/hugetlbpage.rst, flags of
 * Documentation/admin-guide/mm/pagemap.rst: one 64-bit word for each small page. The first page of
 * a huge one says what it is (fs/proc/page.c), so one word in 512 is read, two more where a huge
 * page begins that may be of another size, and no more than it takes to find as many as there are.
 */
#include "os/hugepages.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

/* Flags of the small page at `address`; -ENXIO: memory ends before it. */
static int read_flags(int fd, uint64_t address, uint64_t *out)
{
	uint64_t flags;
	off_t at = (off_t)(address / SMALL_PAGE_BYTES * sizeof(flags));
	ssize_t n = pread(fd, &flags, sizeof(flags), at);
	if (n < 0)
		return -errno;
	if (n != (ssize_t)sizeof(flags))
		return -ENXIO;
	*out = flags;
	return 0;
}

static bool has(uint64_t flags, unsigned flag)
{
	return (flags >> flag & 1) != 0;
}

static bool is_inside(int fd, uint64_t address)
{
	uint64_t flags = 0;
	return read_flags(fd, address, &flags) == 0 && has(flags, KPF_HUGE) &&
	       has(flags, KPF_COMPOUND_TAIL);
}

/* Huge pages of every size have the same flags, but smaller ones end before the middle of this one,
 * and larger ones go on behind its end. */
static bool is_ours(int fd, uint64_t address, uint64_t flags)
{
	return has(flags, KPF_HUGE) && has(flags, KPF_COMPOUND_HEAD) &&
	       is_inside(fd, address + UMM_HUGE_PAGE_BYTES / 2) &&
	       !is_inside(fd, address + UMM_HUGE_PAGE_BYTES);
}

static void count_idle(bool idle, uint64_t *run, struct umm_hugepages_survey *out)
{
	*run = idle ? *run + 1 : 0;
	out->idle_pages += idle;
	if (*run > out->longest_run_pages)
		out->longest_run_pages = *run;
}

/* Until all `pages` of the pool are found. */
static int survey_map(int fd, uint64_t pages, uint64_t max_address,
		      struct umm_hugepages_survey *out)
{
	uint64_t run = 0, flags = 0, last = UMM_HUGE_PAGE_BYTES - 1;
	for (; pages > 0 && last <= max_address; last += UMM_HUGE_PAGE_BYTES) {
		uint64_t address = last - (UMM_HUGE_PAGE_BYTES - 1);
		int ret = read_flags(fd, address, &flags);
		if (ret < 0)
			return ret == -ENXIO ? 0 : ret;
		bool ours = is_ours(fd, address, flags);
		count_idle(ours && !has(flags, KPF_MMAP), &run, out);
		pages -= ours;
		if (ours)
			out->last_address = last;
	}
	return 0;
}

int umm_hugepages_survey(const char *root, uint64_t max_address, struct umm_hugepages_survey *out)
{
	char path[PATH_MAX];
	uint64_t pages = 0;
	struct umm_hugepages_survey survey = { 0 };
	snprintf(path, sizeof(path), "%s" UMM_HUGEPAGES_COUNTERS "nr_hugepages", root);
	(void)umm_number_read(path, &pages);
	snprintf(path, sizeof(path), "%s" UMM_HUGEPAGES_MAP, root);
	umm_autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == EPERM ? -EACCES : -errno;
	int ret = survey_map(fd, pages, max_address, &survey);
	if (ret == 0)
		*out = survey;
	return ret;
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

void umm_hugepages_unlock(int *turn)
{
	int saved = errno;
	if (*turn >= 0)
		(void)flock(*turn, LOCK_UN);
	errno = saved;
	umm_close_fd(turn);
}

/* SPDX-License-Identifier: MIT */
/** dma-bufs and udmabuf, with a kernel that gives the answers a real one gives once a week. */
#include "os/dmabuf.h"
#include "os/udmabuf.h"
#include "share/cpu_sync.h"
#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <unistd.h>

/* ---- a kernel that records, and fails as it is told ---- */

static char calls[512];
static int answers[8]; /* an errno for each of the next calls, 0: it works */
static unsigned n_calls;

static void record(const char *text)
{
	strncat(calls, text, sizeof(calls) - strlen(calls) - 1);
}

static void record_sync(uint64_t flags)
{
	record(flags & DMA_BUF_SYNC_END ? "end" : "start");
	record(flags & DMA_BUF_SYNC_READ ? " read" : "");
	record(flags & DMA_BUF_SYNC_WRITE ? " write" : "");
	record("; ");
}

static void record_list(const struct udmabuf_create_list *list)
{
	CHECK_INT(list->flags, UDMABUF_FLAGS_CLOEXEC);
	for (unsigned i = 0; i < list->count; i++) {
		char text[64];
		snprintf(text, sizeof(text), "%u:%llx+%llx ", list->list[i].memfd,
			 (unsigned long long)list->list[i].offset,
			 (unsigned long long)list->list[i].size);
		record(text);
	}
}

static int recording_kernel(int fd, unsigned long request, void *argument)
{
	(void)fd;
	int error = n_calls < 8 ? answers[n_calls] : 0;
	n_calls++;
	if (request == DMA_BUF_IOCTL_SYNC)
		record_sync(((struct dma_buf_sync *)argument)->flags);
	else if (request == UDMABUF_CREATE_LIST)
		record_list(argument);
	else if (request == DMA_BUF_SET_NAME_B)
		record(argument);
	else
		record("?");
	errno = error;
	return error != 0 ? -1 : request == UDMABUF_CREATE_LIST ? 55 : 0;
}

static void boot(void)
{
	fake_ioctl = recording_kernel;
	fake_node = UMM_UDMABUF_NODE;
}

/* ---- calls ---- */

TEST(a_sync_that_was_cut_short_is_made_again)
{
	boot();
	answers[0] = EAGAIN;
	answers[1] = EINTR;
	CHECK_INT(umm_dmabuf_start(7, UMM_DMABUF_READ), 0);
	CHECK_STR(calls, "start read; start read; start read; ");
}

TEST(a_sync_that_failed_says_why)
{
	boot();
	answers[0] = ENODEV;
	CHECK_INT(umm_dmabuf_end(7, UMM_DMABUF_READ_WRITE), -ENODEV);
	CHECK_STR(calls, "end read write; ");
}

TEST(a_long_name_is_cut_to_31_characters)
{
	boot();
	CHECK_INT(umm_dmabuf_set_name(7, "0123456789012345678901234567890123456789"), 0);
	CHECK_STR(calls, "0123456789012345678901234567890");
}

TEST(a_sync_file_is_given_out_only_if_there_is_one)
{
	boot();
	int fd = -7;
	answers[0] = ENOTTY;
	CHECK_INT(umm_dmabuf_export_sync_file(7, UMM_DMABUF_READ, &fd), -ENOTTY);
	CHECK_INT(fd, -7);
}

/* ---- udmabuf ---- */

TEST(pieces_that_follow_each_other_are_one)
{
	boot();
	const struct umm_udmabuf_piece pieces[] = {
		{ 3, 0x4000, 0x1000 }, { 3, 0x5000, 0x2000 }, { 3, 0x1000, 0x1000 },
		{ 4, 0x2000, 0x1000 }, { 4, 0x3000, 0x1000 },
	};
	int fd;
	CHECK_INT(umm_udmabuf_create(pieces, 5, &fd), 0);
	CHECK_INT(fd, 55);
	CHECK_STR(calls, "3:4000+3000 3:1000+1000 4:2000+2000 ");
}

TEST(what_is_above_a_limit_never_reaches_the_kernel)
{
	boot();
	struct umm_udmabuf_limits limits;
	umm_udmabuf_get_limits(&limits);
	CHECK(limits.size_max_bytes > 0 && limits.pieces_max > 0);

	int fd = -7;
	struct umm_udmabuf_piece piece = { 3, 0, limits.size_max_bytes + 4096 };
	CHECK_INT(umm_udmabuf_create(&piece, 1, &fd), -EFBIG);

	uint32_t n = limits.pieces_max + 1;
	struct umm_udmabuf_piece *pieces = calloc(n, sizeof(*pieces));
	CHECK(pieces != NULL);
	for (uint32_t i = 0; i < n; i++)
		pieces[i] = (struct umm_udmabuf_piece){ 3, 8192 * (uint64_t)i, 4096 };
	CHECK_INT(umm_udmabuf_create(pieces, n, &fd), -E2BIG);
	CHECK_STR(calls, "");
	CHECK_INT(umm_udmabuf_create(pieces, n - 1, &fd), 0);
	CHECK_INT(fd, 55);
	free(pieces);
}

TEST(a_list_that_means_nothing_is_refused)
{
	boot();
	int fd = -7;
	const struct umm_udmabuf_piece wrapping[] = { { 3, 0, UINT64_MAX }, { 3, 0, 4096 } };
	const struct umm_udmabuf_piece empty = { 3, 0, 0 };
	CHECK_INT(umm_udmabuf_create(wrapping, 2, &fd), -EINVAL);
	CHECK_INT(umm_udmabuf_create(&empty, 1, &fd), -EINVAL);
	CHECK_INT(umm_udmabuf_create(&empty, 0, &fd), -EINVAL);
	CHECK_INT(fd, -7);
	CHECK_STR(calls, "");
}

TEST(refusal_of_the_kernel_is_passed_up)
{
	boot();
	int fd = -7;
	const struct umm_udmabuf_piece piece = { 3, 0, 4096 };
	answers[0] = EINVAL;
	CHECK_INT(umm_udmabuf_create(&piece, 1, &fd), -EINVAL);
	CHECK_INT(fd, -7);
}

/* ---- the book of accesses and the kernel ---- */

static struct umm_cpu_sync cpu = UMM_CPU_SYNC_INIT;
static struct umm_access_book book;

static int begin(enum umm_access access)
{
	return umm_cpu_sync_begin(&cpu, 7, &book, access);
}

static int end(enum umm_access access)
{
	return umm_cpu_sync_end(&cpu, 7, &book, access);
}

TEST(the_kernel_hears_of_the_outermost_access_alone)
{
	boot();
	CHECK_INT(begin(UMM_ACCESS_WRITE), 0);
	CHECK_INT(begin(UMM_ACCESS_WRITE), 0);
	CHECK_INT(end(UMM_ACCESS_WRITE), 0);
	CHECK_INT(end(UMM_ACCESS_WRITE), 0);
	CHECK_STR(calls, "start write; end write; ");
	CHECK_INT(end(UMM_ACCESS_WRITE), -EINVAL);
	CHECK_STR(calls, "start write; end write; ");
}

TEST(the_last_end_has_the_direction_of_the_first_begin)
{
	boot();
	CHECK_INT(begin(UMM_ACCESS_READ_WRITE), 0);
	CHECK_INT(begin(UMM_ACCESS_READ), 0);
	CHECK_INT(end(UMM_ACCESS_READ_WRITE), 0);
	CHECK_INT(end(UMM_ACCESS_READ), 0);
	CHECK_STR(calls, "start read write; end read write; ");
}

TEST(an_access_that_could_not_start_has_not_begun)
{
	boot();
	answers[0] = EIO;
	CHECK_INT(begin(UMM_ACCESS_READ), -EIO);
	CHECK_INT(end(UMM_ACCESS_READ), -EINVAL);
	CHECK_INT(begin(UMM_ACCESS_WRITE), 0); /* nothing is left that it could contradict */
	CHECK_STR(calls, "start read; start write; ");
}

TEST(an_end_that_failed_is_told_and_has_ended)
{
	boot();
	answers[1] = EIO;
	CHECK_INT(begin(UMM_ACCESS_READ), 0);
	CHECK_INT(end(UMM_ACCESS_READ), -EIO);
	CHECK_INT(umm_access_open(&book), 0);
	CHECK_INT(begin(UMM_ACCESS_WRITE), 0);
}

TEST(a_contradiction_never_reaches_the_kernel)
{
	boot();
	CHECK_INT(begin(UMM_ACCESS_READ), 0);
	CHECK_INT(begin(UMM_ACCESS_WRITE), -EBUSY);
	CHECK_INT(end(UMM_ACCESS_READ), 0);
	CHECK_STR(calls, "start read; end read; ");
}

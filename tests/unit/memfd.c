/* SPDX-License-Identifier: MIT */
#include "os/memfd.h"
#include "tests/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/cleanup.h"

static long faults(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

TEST(fresh_memory_is_zeroed_and_cannot_be_resized)
{
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_create("test", 5000, UMM_PAGES_4K, &fd), 0);
	struct stat info;
	CHECK_INT(fstat(fd, &info), 0);
	CHECK_INT(info.st_size, 8192);
	CHECK_INT(info.st_blocks * 512, 8192);
	CHECK_INT(ftruncate(fd, 4096), -1);
	CHECK_INT(ftruncate(fd, 16384), -1);
	unsigned char *map;
	CHECK_INT(umm_map_fd(fd, 8192, UMM_MAP_READ, (void **)&map), 0);
	for (int i = 0; i < 8192; i++)
		CHECK_INT(map[i], 0);
	umm_unmap(map, 8192);
}

TEST(size_zero_and_absurd_sizes_are_refused)
{
	int fd = -7;
	CHECK_INT(umm_memfd_create("test", 0, UMM_PAGES_4K, &fd), -EINVAL);
	CHECK(umm_memfd_create("test", UINT64_MAX, UMM_PAGES_4K, &fd) < 0);
	CHECK(umm_memfd_create("test", UINT64_C(1) << 50, UMM_PAGES_4K, &fd) < 0);
	CHECK_INT(fd, -7);
}

/* linux-facts: F_SEAL_SHRINK alone does not stop hole punching; after the finish it fails. */
TEST(finished_memory_has_no_new_writer_and_no_hole)
{
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_create("test", 8192, UMM_PAGES_4K, &fd), 0);
	char *writer;
	CHECK_INT(umm_map_fd(fd, 8192, UMM_MAP_WRITE, (void **)&writer), 0);
	CHECK_INT(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
	CHECK_INT(umm_memfd_finish(fd), 0);

	CHECK_INT(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
	CHECK_INT(write(fd, "x", 1), -1);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK_INT(madvise(writer, 4096, MADV_REMOVE), -1);
	CHECK_INT(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);

	writer[4097] = 'y';
	char *reader;
	CHECK_INT(umm_map_fd(fd, 8192, UMM_MAP_READ, (void **)&reader), 0);
	CHECK_INT(reader[4097], 'y');
	CHECK_INT(mprotect(reader, 8192, PROT_READ | PROT_WRITE), -1);
	umm_unmap(reader, 8192);
	umm_unmap(writer, 8192);
}

TEST(mapped_memory_does_not_fault)
{
	if (test_is_watched())
		SKIP("a sanitizer's shadow memory faults");
	const size_t size = 4 << 20;
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_create("test", size, UMM_PAGES_4K, &fd), 0);
	char *writer, *reader;
	CHECK_INT(umm_map_fd(fd, size, UMM_MAP_WRITE, (void **)&writer), 0);
	CHECK_INT(umm_map_fd(fd, size, UMM_MAP_READ, (void **)&reader), 0);
	long before = faults();
	unsigned sum = 0;
	for (size_t i = 0; i < size; i += 4096) {
		writer[i] = 1;
		sum += (unsigned char)reader[i];
	}
	long after = faults();
	CHECK_INT(sum, size / 4096);
	CHECK(after - before <= 2);
	umm_unmap(writer, size);
	umm_unmap(reader, size);
}

TEST(documents_are_immutable)
{
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_from_data("doc", "hello", 5, &fd), 0);
	umm_autofree char *text = NULL;
	CHECK_INT(umm_memfd_read_data(fd, 5, 100, &text), 0);
	CHECK_STR(text, "hello");
	CHECK_INT(ftruncate(fd, 0), -1);
	CHECK_INT(pwrite(fd, "x", 1, 0), -1);
}

TEST(documents_that_can_change_or_lie_about_their_size_are_refused)
{
	umm_autofd fd = memfd_create("doc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char *text = NULL;
	CHECK_INT(write(fd, "hello", 5), 5);
	CHECK_INT(umm_memfd_read_data(fd, 5, 100, &text), -EINVAL);
	CHECK_INT(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	CHECK_INT(umm_memfd_read_data(fd, 5, 100, &text), -EINVAL);
	CHECK_INT(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	CHECK_INT(umm_memfd_read_data(fd, 6, 100, &text), -EINVAL);
	CHECK_INT(umm_memfd_read_data(fd, 101, 100, &text), -E2BIG);
	umm_autofd null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK_INT(umm_memfd_read_data(null, 1, 100, &text), -EINVAL);
	CHECK(text == NULL);
}

TEST(identity_is_the_file_not_the_number)
{
	umm_autofd fd = -1, other = -1;
	CHECK_INT(umm_memfd_create("a", 4096, UMM_PAGES_4K, &fd), 0);
	CHECK_INT(umm_memfd_create("a", 4096, UMM_PAGES_4K, &other), 0);
	umm_autofd same = dup(fd);
	struct umm_file_identity a, b, c;
	CHECK(umm_fd_identity(fd, &a) == 0 && umm_fd_identity(same, &b) == 0 &&
	      umm_fd_identity(other, &c) == 0);
	CHECK(a.dev == b.dev && a.ino == b.ino);
	CHECK(a.ino != c.ino);
}

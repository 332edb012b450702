/* SPDX-License-Identifier: MIT */
#include "os/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/meminfo.h"
#include "os/page.h"

/* Since 5.14, 5.3 and 5.1; the user headers may be older. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static int add_seals(int fd, int seals)
{
	return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

static int retry_fallocate(int fd, int mode, struct umm_range piece)
{
	for (;;) {
		if (fallocate(fd, mode, (off_t)piece.start, (off_t)piece.size) == 0)
			return 0;
		if (errno != EINTR)
			return errno == ENOSPC ? -ENOMEM : -errno;
	}
}

static int round_up_size(uint64_t size_bytes, enum umm_page_size pages, off_t *out)
{
	uint64_t page = pages == UMM_PAGES_2M ? UMM_HUGE_PAGE_BYTES : umm_page_bytes();
	if (size_bytes == 0 || size_bytes > INT64_MAX - page)
		return -EINVAL;
	*out = (off_t)((size_bytes + page - 1) & ~(page - 1));
	return 0;
}

/* Of that size, not sealed yet. */
static int create(const char *name, off_t size, enum umm_page_size pages, int *out_fd)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	if (pages == UMM_PAGES_2M)
		flags |= MFD_HUGETLB | MFD_HUGE_2MB;
	umm_autofd fd = memfd_create(name, flags);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, size) < 0)
		return -errno;
	*out_fd = umm_fd_steal(&fd);
	return 0;
}

int umm_memfd_create(const char *name, uint64_t size_bytes, enum umm_page_size pages, int *out_fd)
{
	off_t size;
	umm_autofd fd = -1;
	int ret = round_up_size(size_bytes, pages, &size);
	if (ret == 0)
		ret = create(name, size, pages, &fd);
	if (ret < 0)
		return ret;

	/*
	 * Reserve now: a shortage is an error here, not a SIGBUS in the middle of a frame. The
	 * kernel would go on until the OOM killer ends somebody (mm/shmem.c has no limit for
	 * memfds), so what cannot fit is not asked for.
	 */
	if (pages == UMM_PAGES_4K && (uint64_t)size > umm_available_bytes())
		return -ENOMEM;
	ret = umm_memfd_fill(fd, (struct umm_range){ 0, (uint64_t)size });
	if (ret < 0)
		return ret;
	ret = add_seals(fd, F_SEAL_SHRINK | F_SEAL_GROW);
	if (ret < 0)
		return ret;
	*out_fd = umm_fd_steal(&fd);
	return 0;
}

int umm_memfd_create_hollow(const char *name, uint64_t size_bytes, enum umm_page_size pages,
			    int *out_fd)
{
	off_t size;
	umm_autofd fd = -1;
	int ret = round_up_size(size_bytes, pages, &size);
	if (ret == 0)
		ret = create(name, size, pages, &fd);
	if (ret == 0)
		ret = add_seals(fd, F_SEAL_SHRINK | F_SEAL_GROW);
	if (ret == 0)
		*out_fd = umm_fd_steal(&fd);
	return ret;
}

int umm_memfd_fill(int fd, struct umm_range piece)
{
	return retry_fallocate(fd, 0, piece);
}

int umm_memfd_hollow_out(int fd, struct umm_range piece)
{
	return retry_fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, piece);
}

int umm_memfd_finish(int fd)
{
	return add_seals(fd, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

int umm_memfd_from_data(const char *name, const void *data, size_t size, int *out_fd)
{
	umm_autofd fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	int ret = write_all(fd, data, size);
	if (ret < 0)
		return ret;
	ret = add_seals(fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
	if (ret < 0)
		return ret;
	*out_fd = umm_fd_steal(&fd);
	return 0;
}

static int read_all(int fd, char *data, size_t size)
{
	off_t offset = 0;
	while (size > 0) {
		ssize_t n = pread(fd, data, size, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EINVAL;
		data += n;
		offset += n;
		size -= (size_t)n;
	}
	return 0;
}

int umm_memfd_sealed_size(int fd, uint64_t *out_size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return -EINVAL;
	struct stat info;
	if (fstat(fd, &info) < 0)
		return -errno;
	*out_size = (uint64_t)info.st_size;
	return 0;
}

int umm_memfd_read_data(int fd, size_t size, size_t max_size, char **out)
{
	if (size > max_size)
		return -E2BIG;
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & (F_SEAL_SHRINK | F_SEAL_WRITE)) != (F_SEAL_SHRINK | F_SEAL_WRITE))
		return -EINVAL;

	umm_autofree char *data = malloc(size + 1);
	if (data == NULL)
		return -ENOMEM;
	int ret = read_all(fd, data, size);
	if (ret < 0)
		return ret;
	data[size] = '\0';
	*out = umm_steal(data);
	return 0;
}

int umm_fd_identity(int fd, struct umm_file_identity *out)
{
	struct stat info;
	struct statfs fs;
	if (fstat(fd, &info) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	*out = (struct umm_file_identity){
		.dev = info.st_dev,
		.ino = info.st_ino,
		.is_dmabuf = fs.f_type == DMA_BUF_MAGIC,
		.page_bytes = (uint64_t)fs.f_bsize > umm_page_bytes() ? (uint64_t)fs.f_bsize
								      : umm_page_bytes(),
	};
	return 0;
}

/* Kernels before 5.14 do not know MADV_POPULATE_*: one read per page does it there. */
static void populate_by_hand(const volatile char *map, size_t size)
{
	const size_t page = (size_t)umm_page_bytes();
	for (size_t offset = 0; offset < size; offset += page)
		(void)map[offset];
}

int umm_map_fd(int fd, size_t size, enum umm_map_access access, void **out)
{
	int protection = access == UMM_MAP_WRITE ? PROT_READ | PROT_WRITE : PROT_READ;
	void *map = mmap(NULL, size, protection, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;

	int advice = access == UMM_MAP_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	if (madvise(map, size, advice) < 0) {
		int error = errno;
		if (error != EINVAL) {
			munmap(map, size);
			return error == EFAULT || error == EHWPOISON ? -ENOMEM : -error;
		}
		populate_by_hand(map, size);
	}
	*out = map;
	return 0;
}

void umm_unmap(void *map, size_t size)
{
	if (map == NULL)
		return;
	int saved = errno;
	munmap(map, size);
	errno = saved;
}

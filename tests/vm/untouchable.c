/* SPDX-License-Identifier: MIT */
/**
 * Preloaded, it takes dma-bufs out of every program's reach: whoever maps one gets a mapping that
 * may be neither read nor written, and dies of SIGSEGV at the first byte. What runs all the same
 * has not touched a pixel; the drivers, which have mappings of their own, do not notice.
 * Programs named "umm" are spared: the runner tries heaps out before there is a frame.
 *
 * Whoever asks the kernel to have the pages ready (MADV_POPULATE_*) is told that they are, or it
 * would read a byte of each to be sure.
 *
 * /proc/PID/maps shows whether it was there: "---s" before "/dmabuf:". No page table would do
 * instead, because the kernel does not tell of pages without a struct page (VM_PFNMAP).
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/vfs.h>

#define DMA_BUF_MAGIC 0x444d4142 /* linux/magic.h */

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

/* The project hides what it does not export; these are here to be found first. */
#define VISIBLE __attribute__((visibility("default")))

typedef void *map(void *, size_t, int, int, int, off_t);

VISIBLE map mmap, mmap64;

static bool is_spared(void)
{
	char name[16] = "";
	return prctl(PR_GET_NAME, name) == 0 && strcmp(name, "umm") == 0;
}

static bool is_dma_buf(int fd)
{
	struct statfs info;
	return fd >= 0 && fstatfs(fd, &info) == 0 && info.f_type == DMA_BUF_MAGIC;
}

VISIBLE void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	static map *real;
	if (real == NULL)
		real = (map *)dlsym(RTLD_NEXT, "mmap");
	if (is_dma_buf(fd) && !is_spared())
		protection = PROT_NONE;
	return real(address, length, protection, flags, fd, offset);
}

VISIBLE void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	return mmap(address, length, protection, flags, fd, offset);
}

VISIBLE int madvise(void *address, size_t length, int advice)
{
	static int (*real)(void *, size_t, int);
	if (real == NULL)
		real = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "madvise");
	bool populates = advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE;
	int ret = real(address, length, advice);
	return populates && !is_spared() ? 0 : ret;
}

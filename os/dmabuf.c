/* SPDX-License-Identifier: MIT */
#include "os/dmabuf.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <unistd.h>

#include "os/ioctl.h"

/* Since 6.0; the user headers may be older. */
#ifndef DMA_BUF_IOCTL_EXPORT_SYNC_FILE
struct dma_buf_export_sync_file {
	__u32 flags;
	__s32 fd;
};
struct dma_buf_import_sync_file {
	__u32 flags;
	__s32 fd;
};
#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE _IOWR(DMA_BUF_BASE, 2, struct dma_buf_export_sync_file)
#define DMA_BUF_IOCTL_IMPORT_SYNC_FILE _IOW(DMA_BUF_BASE, 3, struct dma_buf_import_sync_file)
#endif

_Static_assert(UMM_DMABUF_READ == DMA_BUF_SYNC_READ && UMM_DMABUF_WRITE == DMA_BUF_SYNC_WRITE,
	       "directions are passed on as they are");

int umm_dmabuf_size(int fd, uint64_t *out)
{
	off_t size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return -errno;
	*out = (uint64_t)size;
	return 0;
}

static int sync_cpu(int fd, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };
	return umm_ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
}

int umm_dmabuf_start(int fd, unsigned directions)
{
	return sync_cpu(fd, DMA_BUF_SYNC_START | directions);
}

int umm_dmabuf_end(int fd, unsigned directions)
{
	return sync_cpu(fd, DMA_BUF_SYNC_END | directions);
}

int umm_dmabuf_set_name(int fd, const char *name)
{
	char text[DMA_BUF_NAME_LEN];
	snprintf(text, sizeof(text), "%s", name);
	return umm_ioctl(fd, DMA_BUF_SET_NAME_B, text);
}

int umm_dmabuf_export_sync_file(int fd, unsigned directions, int *out_fd)
{
	struct dma_buf_export_sync_file argument = { .flags = directions, .fd = -1 };
	int ret = umm_ioctl(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &argument);
	if (ret < 0)
		return ret;
	*out_fd = argument.fd;
	return 0;
}

int umm_dmabuf_import_sync_file(int fd, unsigned directions, int borrow_sync_file)
{
	struct dma_buf_import_sync_file argument = { .flags = directions, .fd = borrow_sync_file };
	return umm_ioctl(fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &argument);
}

/* SPDX-License-Identifier: MIT */
#include "tests/vm/vgem.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "os/cleanup.h"
#include "os/drm_dumb.h"
#include "tests/harness.h"

/* include/uapi/drm/drm.h, vgem_drm.h */
struct prime_handle {
	uint32_t handle, flags;
	int32_t fd;
};
struct fence_attach {
	uint32_t handle, flags, out_fence, pad;
};
struct fence_signal {
	uint32_t fence, flags;
};
#define PRIME_FD_TO_HANDLE _IOWR('d', 0x2e, struct prime_handle)
#define FENCE_ATTACH	   _IOWR('d', 0x41, struct fence_attach)
#define FENCE_SIGNAL	   _IOW('d', 0x42, struct fence_signal)
#define FENCE_WRITE	   1

static int vgem = -1;

static bool is_vgem(const char *node)
{
	char driver[32] = "";
	umm_autofd fd = -1;
	if (umm_drm_open(node, &fd) < 0 || umm_drm_driver(fd, driver, sizeof(driver)) < 0 ||
	    strcmp(driver, "vgem") != 0)
		return false;
	vgem = umm_fd_steal(&fd);
	return true;
}

void vgem_open(void)
{
	glob_t nodes;
	if (system("modprobe vgem") != 0)
		SKIP("no vgem in this kernel");
	CHECK_INT(glob("/dev/dri/card*", 0, NULL, &nodes), 0);
	for (size_t i = 0; i < nodes.gl_pathc && vgem < 0; i++)
		is_vgem(nodes.gl_pathv[i]);
	globfree(&nodes);
	CHECK(vgem >= 0);
}

void vgem_close(void)
{
	umm_close_fd(&vgem);
}

uint32_t vgem_attach(int dmabuf_fd, enum vgem_work work)
{
	struct prime_handle import = { .fd = dmabuf_fd };
	CHECK_INT(ioctl(vgem, PRIME_FD_TO_HANDLE, &import), 0);
	struct fence_attach attach = { .handle = import.handle,
				       .flags = work == VGEM_WRITES ? FENCE_WRITE : 0 };
	CHECK_INT(ioctl(vgem, FENCE_ATTACH, &attach), 0);
	return attach.out_fence;
}

void vgem_signal(uint32_t fence)
{
	struct fence_signal signal = { .fence = fence };
	CHECK_INT(ioctl(vgem, FENCE_SIGNAL, &signal), 0);
}

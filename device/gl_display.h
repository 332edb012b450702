/* SPDX-License-Identifier: MIT */
/**
 * A GPU, or a processor that plays one, as EGL sees it: a node of DRM, GBM over it, an EGL display
 * and a context that draws into no window.
 *
 * It belongs to the process that opened it. Software drivers have threads, which a child of fork(2)
 * does not inherit, so a child opens one of its own (umm_gl_display_is_ours()).
 */
#ifndef UMM_DEVICE_GL_DISPLAY_H
#define UMM_DEVICE_GL_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <umm/device.h>

#include "device/gl_api.h"

struct umm_gl_display {
	const struct umm_gl_api *api;
	char node[64];
	char driver[48]; /**< as EGL_MESA_query_driver names it: "kms_swrast", "iris" */
	char renderer[64], version[64]; /**< GL_RENDERER, GL_VERSION */
	int fd;
	int copy_fd; /**< what the GPU sees is a copy, moved by calls to this: device/gl_copy.h; -1:
			it sees the memory */
	struct gbm_device *gbm;
	EGLDisplay egl;
	EGLContext context;
	unsigned max_px;    /**< width and height of textures and targets */
	bool software;	    /**< a processor draws */
	bool tells_formats; /**< EGL_EXT_image_dma_buf_import_modifiers */
	bool native_fences; /**< EGL_ANDROID_native_fence_sync */
	bool external;	    /**< GL_OES_EGL_image_external */
	pid_t owner;
};

/** The last error of EGL in words. */
const char *umm_gl_error(const struct umm_gl_api *api);

/** Open a node, "" for the first that will do: GPUs before processors. Returns 0, -ENODEV, -ENOENT
 * (no EGL here), or an errno of open(2). */
int umm_gl_display_open(const char *node, struct umm_gl_display *out, char *why);
void umm_gl_display_close(struct umm_gl_display *display);

/** False in a child of the process that opened it. */
bool umm_gl_display_is_ours(const struct umm_gl_display *display);

/** Make it the one that the GL calls of this thread mean. Returns 0 or -EIO. */
int umm_gl_display_use(const struct umm_gl_display *display);

/** Calls `each` with every node that may be one. */
void umm_gl_list(void (*each)(void *user, const char *node), void *user);

#endif

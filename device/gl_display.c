/* SPDX-License-Identifier: MIT */
/**
 * Which node: a GPU is used through its render node, which asks for no rights at the display. A
 * processor that draws (Mesa's kms_swrast) maps memory as a display driver gives it, by dumb
 * buffers, and these are the card's: it has nothing to draw on behind a render node.
 */
#include "device/gl_display.h"
#include "device/refuse.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/drm_dumb.h"
#include "os/virtgpu.h"

#define RENDER_NODES "/dev/dri/renderD*"
#define CARDS	     "/dev/dri/card*"

const char *umm_gl_error(const struct umm_gl_api *api)
{
	static const struct {
		EGLint error;
		const char *name;
	} names[] = {
		{ EGL_SUCCESS, "no reason" },
		{ EGL_BAD_ALLOC, "EGL_BAD_ALLOC" },
		{ EGL_BAD_ACCESS, "EGL_BAD_ACCESS" },
		{ EGL_BAD_MATCH, "EGL_BAD_MATCH" },
		{ EGL_BAD_ATTRIBUTE, "EGL_BAD_ATTRIBUTE" },
		{ EGL_BAD_PARAMETER, "EGL_BAD_PARAMETER" },
		{ EGL_NOT_INITIALIZED, "EGL_NOT_INITIALIZED" },
	};
	EGLint error = api->eglGetError();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	return "an error of EGL";
}

/* ---- one node ---- */

static int open_node(struct umm_gl_display *display, char *why)
{
	const struct umm_gl_api *api = display->api;
	char driver[64];
	int ret = umm_drm_open(display->node, &display->fd);
	if (ret < 0)
		return umm_device_refuse(display->node, why, ret, "cannot open it: %s",
					 strerror(-ret));
	if (umm_drm_driver(display->fd, driver, sizeof(driver)) < 0)
		return umm_device_refuse(display->node, why, -ENODEV, "not a node of DRM");
	display->gbm = api->gbm->gbm_create_device(display->fd);
	if (display->gbm == NULL)
		return umm_device_refuse(display->node, why, -ENODEV, "GBM has no driver for %s",
					 driver);
	if (!umm_virtgpu_draws(display->fd))
		return 0;
	/* The handles of the other fd are Mesa's, who would find them closed. */
	ret = umm_drm_open(display->node, &display->copy_fd);
	return ret == 0 ? 0
			: umm_device_refuse(display->node, why, ret, "cannot open it: %s",
					    strerror(-ret));
}

static int open_egl(struct umm_gl_display *display, char *why)
{
	const struct umm_gl_api *api = display->api;
	static const EGLint attributes[] = { EGL_CONTEXT_CLIENT_VERSION, 2, EGL_NONE };
	EGLDisplay egl = api->eglGetPlatformDisplayEXT(EGL_PLATFORM_GBM_KHR, display->gbm, NULL);
	if (egl == EGL_NO_DISPLAY || !api->eglInitialize(egl, NULL, NULL))
		return umm_device_refuse(display->node, why, -ENODEV, "EGL does not start: %s",
					 umm_gl_error(api));
	display->egl = egl;
	const char *extensions = api->eglQueryString(egl, EGL_EXTENSIONS);
	static const char *const needed[] = { "EGL_EXT_image_dma_buf_import",
					      "EGL_KHR_no_config_context",
					      "EGL_KHR_surfaceless_context" };
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!umm_gl_has_word(extensions, needed[i]))
			return umm_device_refuse(display->node, why, -ENODEV, "EGL lacks %s",
						 needed[i]);
	api->eglBindAPI(EGL_OPENGL_ES_API);
	display->context =
		api->eglCreateContext(egl, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, attributes);
	if (display->context == EGL_NO_CONTEXT || umm_gl_display_use(display) < 0)
		return umm_device_refuse(display->node, why, -ENODEV, "no OpenGL ES: %s",
					 umm_gl_error(api));
	return 0;
}

static unsigned ask_limit(const struct umm_gl_api *api, GLenum name)
{
	GLint limit[2] = { 0 };
	api->glGetIntegerv(name, limit);
	return limit[0] > 0 ? (unsigned)limit[0] : 0;
}

static void ask_abilities(struct umm_gl_display *display)
{
	const struct umm_gl_api *api = display->api;
	const char *extensions = api->eglQueryString(display->egl, EGL_EXTENSIONS);
	const char *name = umm_gl_has_word(extensions, "EGL_MESA_query_driver") &&
					   api->eglGetDisplayDriverName != NULL
				   ? api->eglGetDisplayDriverName(display->egl)
				   : NULL;
	const char *renderer = (const char *)api->glGetString(GL_RENDERER);
	const char *version = (const char *)api->glGetString(GL_VERSION);
	snprintf(display->driver, sizeof(display->driver), "%s", name != NULL ? name : "gl");
	snprintf(display->renderer, sizeof(display->renderer), "%s",
		 renderer != NULL ? renderer : "");
	snprintf(display->version, sizeof(display->version), "%s", version != NULL ? version : "");
	display->software = strstr(display->driver, "swrast") != NULL ||
			    strstr(display->renderer, "llvmpipe") != NULL ||
			    strstr(display->renderer, "softpipe") != NULL;
	display->tells_formats =
		umm_gl_has_word(extensions, "EGL_EXT_image_dma_buf_import_modifiers") &&
		api->eglQueryDmaBufFormatsEXT != NULL && api->eglQueryDmaBufModifiersEXT != NULL;
	display->native_fences = umm_gl_has_word(extensions, "EGL_ANDROID_native_fence_sync") &&
				 api->eglCreateSyncKHR != NULL && api->eglDestroySyncKHR != NULL &&
				 api->eglDupNativeFenceFDANDROID != NULL;
	display->external = umm_gl_has_word((const char *)api->glGetString(GL_EXTENSIONS),
					    "GL_OES_EGL_image_external");
	unsigned texture = ask_limit(api, GL_MAX_TEXTURE_SIZE);
	unsigned viewport = ask_limit(api, GL_MAX_VIEWPORT_DIMS);
	display->max_px = texture < viewport ? texture : viewport;
}

static int open_one(const char *node, struct umm_gl_display *out, char *why)
{
	struct umm_gl_display display = { .fd = -1, .copy_fd = -1, .owner = getpid() };
	const char *missing = "";
	if (strlen(node) >= sizeof(display.node))
		return umm_device_refuse(node, why, -ENAMETOOLONG, "too long for a node");
	snprintf(display.node, sizeof(display.node), "%s", node);
	if (umm_gl_api_load(&display.api, &missing) < 0)
		return umm_device_refuse(node, why, -ENOENT,
					 "%s is not here, or too old: no GPU can be used", missing);
	int ret = open_node(&display, why);
	if (ret == 0)
		ret = open_egl(&display, why);
	if (ret < 0) {
		umm_gl_display_close(&display);
		return ret;
	}
	ask_abilities(&display);
	*out = display;
	return 0;
}

void umm_gl_display_close(struct umm_gl_display *display)
{
	const struct umm_gl_api *api = display->api;
	if (!umm_gl_display_is_ours(display))
		return; /* its threads are not here to end */
	if (display->egl != EGL_NO_DISPLAY) {
		api->eglMakeCurrent(display->egl, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
		if (display->context != EGL_NO_CONTEXT)
			api->eglDestroyContext(display->egl, display->context);
		api->eglTerminate(display->egl);
	}
	if (display->gbm != NULL)
		api->gbm->gbm_device_destroy(display->gbm);
	umm_close_fd(&display->copy_fd);
	umm_close_fd(&display->fd);
	*display = (struct umm_gl_display){ .fd = -1, .copy_fd = -1 };
}

bool umm_gl_display_is_ours(const struct umm_gl_display *display)
{
	return display->owner == getpid();
}

int umm_gl_display_use(const struct umm_gl_display *display)
{
	return display->api->eglMakeCurrent(display->egl, EGL_NO_SURFACE, EGL_NO_SURFACE,
					    display->context)
		       ? 0
		       : -EIO;
}

/* ---- the first that will do ---- */

static void list_of(const char *pattern, void (*each)(void *user, const char *node), void *user)
{
	glob_t found;
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		each(user, found.gl_pathv[i]);
	globfree(&found);
}

struct search {
	struct umm_gl_display *out;
	char *why;
	bool processors; /* will do */
	int ret;	 /* of the last that was tried */
};

static void try_node(void *user, const char *node)
{
	struct search *search = user;
	struct umm_gl_display display = { .fd = -1 };
	if (search->ret == 0 || search->ret == -ENOENT)
		return;
	char why[UMM_DEVICE_WHY_MAX] = "";
	int ret = open_one(node, &display, why);
	if (ret == 0 && display.software && !search->processors) {
		umm_gl_display_close(&display);
		ret = -ENODEV;
	}
	if (ret < 0) {
		umm_device_keep_first(&search->ret, search->why, ret, why);
		return;
	}
	search->ret = 0;
	*search->out = display;
}

int umm_gl_display_open(const char *node, struct umm_gl_display *out, char *why)
{
	if (node[0] != '\0')
		return open_one(node, out, why);
	struct search search = { .out = out, .why = why, .ret = -ENODEV };
	umm_device_refuse("/dev/dri", why, -ENODEV,
			  "no card: no driver of a GPU or display is loaded");
	list_of(RENDER_NODES, try_node, &search);
	search.processors = true;
	list_of(CARDS, try_node, &search);
	return search.ret;
}

void umm_gl_list(void (*each)(void *user, const char *node), void *user)
{
	list_of(RENDER_NODES, each, user);
	list_of(CARDS, each, user);
}

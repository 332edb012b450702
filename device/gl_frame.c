/* SPDX-License-Identifier: MIT */
#include "device/gl_frame.h"
#include "device/refuse.h"

#include <errno.h>
#include <string.h>

#include <xf86drm.h>

#include "os/cleanup.h"
#include "os/drm_dumb.h"

#define MOST_ATTRIBUTES 64

struct attributes {
	EGLint list[MOST_ATTRIBUTES];
	unsigned n;
};

static void add(struct attributes *attributes, EGLint name, uint64_t value)
{
	attributes->list[attributes->n++] = name;
	attributes->list[attributes->n++] = (EGLint)value;
	attributes->list[attributes->n] = EGL_NONE;
}

static const EGLint plane_names[][5] = {
	{ EGL_DMA_BUF_PLANE0_FD_EXT, EGL_DMA_BUF_PLANE0_OFFSET_EXT, EGL_DMA_BUF_PLANE0_PITCH_EXT,
	  EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT },
	{ EGL_DMA_BUF_PLANE1_FD_EXT, EGL_DMA_BUF_PLANE1_OFFSET_EXT, EGL_DMA_BUF_PLANE1_PITCH_EXT,
	  EGL_DMA_BUF_PLANE1_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE1_MODIFIER_HI_EXT },
	{ EGL_DMA_BUF_PLANE2_FD_EXT, EGL_DMA_BUF_PLANE2_OFFSET_EXT, EGL_DMA_BUF_PLANE2_PITCH_EXT,
	  EGL_DMA_BUF_PLANE2_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE2_MODIFIER_HI_EXT },
};
#define MOST_PLANES (sizeof(plane_names) / sizeof(plane_names[0]))

/* Drivers that list no modifiers refuse even LINEAR where it is spelled out. */
static bool lists_modifier(const struct umm_gl_display *display, uint32_t fourcc, uint64_t modifier)
{
	EGLuint64KHR modifiers[UMM_DEMAND_MODIFIERS];
	EGLint n = 0;
	if (!display->tells_formats ||
	    !display->api->eglQueryDmaBufModifiersEXT(display->egl, (EGLint)fourcc,
						      UMM_DEMAND_MODIFIERS, modifiers, NULL, &n))
		return false;
	for (EGLint i = 0; i < n && i < UMM_DEMAND_MODIFIERS; i++)
		if (modifiers[i] == modifier)
			return true;
	return false;
}

static void add_plane(struct attributes *attributes, unsigned at, int fd,
		      const struct umm_plane_layout *plane, const uint64_t *modifier)
{
	const EGLint *names = plane_names[at];
	add(attributes, names[0], (unsigned)fd);
	add(attributes, names[1], plane->offset_bytes);
	add(attributes, names[2], plane->stride_bytes);
	if (modifier != NULL) {
		add(attributes, names[3], *modifier & UINT32_MAX);
		add(attributes, names[4], *modifier >> 32);
	}
}

static EGLint hint_of_space(uint32_t space)
{
	switch (space) {
	case UMM_COLOR_REC709:
		return EGL_ITU_REC709_EXT;
	case UMM_COLOR_REC2020:
	case UMM_COLOR_REC2100:
		return EGL_ITU_REC2020_EXT;
	default:
		return EGL_ITU_REC601_EXT;
	}
}

static void add_hints(struct attributes *attributes, uint32_t space)
{
	bool full = space == UMM_COLOR_REC601_PAL_FULL || space == UMM_COLOR_REC601_NTSC_FULL;
	add(attributes, EGL_YUV_COLOR_SPACE_HINT_EXT, hint_of_space(space));
	add(attributes, EGL_SAMPLE_RANGE_HINT_EXT,
	    full ? EGL_YUV_FULL_RANGE_EXT : EGL_YUV_NARROW_RANGE_EXT);
}

static void begin(struct attributes *attributes, uint32_t fourcc, uint64_t width_px,
		  uint64_t height_px)
{
	attributes->n = 0;
	add(attributes, EGL_WIDTH, width_px);
	add(attributes, EGL_HEIGHT, height_px);
	add(attributes, EGL_LINUX_DRM_FOURCC_EXT, fourcc);
}

static EGLImageKHR import(const struct umm_gl_display *display, const struct attributes *attributes)
{
	return display->api->eglCreateImageKHR(display->egl, EGL_NO_CONTEXT, EGL_LINUX_DMA_BUF_EXT,
					       NULL, attributes->list);
}

static EGLImageKHR import_part(const struct umm_gl_display *display,
			       const struct umm_buffer *buffer, const struct umm_gl_part *part)
{
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	struct attributes attributes;
	begin(&attributes, part->fourcc, (layout->width_px + part->hsub - 1u) / part->hsub,
	      (layout->height_px + part->vsub - 1u) / part->vsub);
	add_plane(&attributes, 0, umm_buffer_fd(buffer), &layout->planes[part->plane],
		  lists_modifier(display, part->fourcc, layout->modifier) ? &layout->modifier
									  : NULL);
	return import(display, &attributes);
}

static EGLImageKHR import_whole(const struct umm_gl_display *display,
				const struct umm_buffer *buffer)
{
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	bool with_modifier = lists_modifier(display, layout->format, layout->modifier);
	struct attributes attributes;
	begin(&attributes, layout->format, layout->width_px, layout->height_px);
	for (unsigned i = 0; i < layout->n_planes && i < MOST_PLANES; i++)
		add_plane(&attributes, i, umm_buffer_fd(buffer), &layout->planes[i],
			  with_modifier ? &layout->modifier : NULL);
	add_hints(&attributes, layout->color_space);
	return import(display, &attributes);
}

/* EGL says "no" to memory and to layouts with the same word; the kernel tells them apart. */
static int whose_fault(const struct umm_gl_display *display, const struct umm_buffer *buffer)
{
	umm_autofd card = -1;
	uint32_t handle;
	if (umm_drm_open(display->node, &card) < 0)
		return -EOPNOTSUPP;
	if (drmPrimeFDToHandle(card, umm_buffer_fd(buffer), &handle) != 0)
		return -errno;
	drmCloseBufferHandle(card, handle);
	return -EOPNOTSUPP;
}

static int refuse_import(const struct umm_gl_display *display, const struct umm_buffer *buffer,
			 uint32_t fourcc, char *why)
{
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	char name[UMM_FORMAT_NAME_SIZE];
	const char *error = umm_gl_error(display->api);
	int ret = whose_fault(display, buffer);
	if (ret != -EOPNOTSUPP)
		return umm_device_refuse(
			display->node, why, ret,
			"%s imports no memory of heap %s: eglCreateImage says %s, PRIME "
			"import %s",
			display->driver, layout->heap, error, strerror(-ret));
	return umm_device_refuse(
		display->node, why, ret,
		"%s takes no %ux%u %s with a stride of %llu: eglCreateImage says %s",
		display->driver, layout->width_px, layout->height_px, umm_format_name(fourcc, name),
		(unsigned long long)layout->planes[0].stride_bytes, error);
}

GLuint umm_gl_texture_create(const struct umm_gl_api *api, GLenum target)
{
	GLuint texture = 0;
	api->glGenTextures(1, &texture);
	api->glBindTexture(target, texture);
	api->glTexParameteri(target, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
	api->glTexParameteri(target, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
	api->glTexParameteri(target, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
	api->glTexParameteri(target, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
	return texture;
}

GLuint umm_gl_target_create(const struct umm_gl_api *api, GLuint texture)
{
	GLuint target = 0;
	api->glGenFramebuffers(1, &target);
	api->glBindFramebuffer(GL_FRAMEBUFFER, target);
	api->glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture,
				    0);
	if (api->glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE)
		return target;
	api->glDeleteFramebuffers(1, &target);
	return 0;
}

static int add_image(const struct umm_gl_display *display, struct umm_gl_frame *frame,
		     EGLImageKHR image, char *why)
{
	const struct umm_gl_api *api = display->api;
	GLenum target = frame->way == UMM_GL_AS_ONE ? GL_TEXTURE_EXTERNAL_OES : GL_TEXTURE_2D;
	frame->images[frame->n] = image;
	frame->textures[frame->n] = umm_gl_texture_create(api, target);
	frame->n++;
	api->glEGLImageTargetTexture2DOES(target, image);
	if (api->glGetError() == GL_NO_ERROR)
		return 0;
	return umm_device_refuse(display->node, why, -EOPNOTSUPP,
				 "%s makes no texture of the image", display->driver);
}

static int add_images(const struct umm_gl_display *display, const struct umm_buffer *buffer,
		      struct umm_gl_frame *frame, char *why)
{
	unsigned n = frame->way == UMM_GL_AS_ONE ? 1 : frame->format->n_parts;
	int ret = 0;
	for (unsigned i = 0; i < n && ret == 0; i++) {
		const struct umm_gl_part *part = &frame->format->parts[i];
		bool whole = frame->way == UMM_GL_AS_ONE;
		EGLImageKHR image =
			whole ? import_whole(display, buffer) : import_part(display, buffer, part);
		ret = image == EGL_NO_IMAGE_KHR
			      ? refuse_import(display, buffer,
					      whole ? frame->format->fourcc : part->fourcc, why)
			      : add_image(display, frame, image, why);
	}
	return ret;
}

int umm_gl_frame_create(const struct umm_gl_display *display, const struct umm_buffer *buffer,
			const struct umm_gl_format *format, enum umm_gl_way way, bool to_draw,
			struct umm_gl_frame *out, char *why)
{
	struct umm_gl_frame frame = { .format = format, .way = way };
	int ret = add_images(display, buffer, &frame, why);
	if (ret == 0 && to_draw) {
		frame.target = umm_gl_target_create(display->api, frame.textures[0]);
		if (frame.target == 0)
			ret = umm_device_refuse(display->node, why, -EOPNOTSUPP,
						"%s cannot draw on such an image", display->driver);
	}
	if (ret == 0) {
		ret = umm_gl_copy_init(display, buffer, &frame.copy);
		if (ret < 0)
			umm_device_refuse(display->node, why, ret, "%s makes no copy of it: %s",
					  display->driver, strerror(-ret));
	}
	if (ret < 0) {
		umm_gl_frame_destroy(display, &frame);
		return ret;
	}
	/* VIRTIO_GPU_RESOURCE_FLAG_Y_0_TOP: what the guest made as a plain image has it, and its
	   rows are turned over on their way. */
	frame.upside_down = frame.copy.handle != 0;
	*out = frame;
	return 0;
}

void umm_gl_frame_destroy(const struct umm_gl_display *display, struct umm_gl_frame *frame)
{
	const struct umm_gl_api *api = display->api;
	umm_gl_copy_finish(display, &frame->copy);
	if (frame->target != 0)
		api->glDeleteFramebuffers(1, &frame->target);
	while (frame->n > 0) {
		frame->n--;
		api->glDeleteTextures(1, &frame->textures[frame->n]);
		api->eglDestroyImageKHR(display->egl, frame->images[frame->n]);
	}
	*frame = (struct umm_gl_frame){ 0 };
}

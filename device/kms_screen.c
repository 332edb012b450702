/* SPDX-License-Identifier: MIT */
#include "device/kms_screen.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>

#include <xf86drm.h>

#include "device/kms_atomic.h"
#include "device/kms_property.h"
#include "os/log.h"

/* A display that refreshes at all does so within this; else its flip will never come. */
#define LAST_FLIP_NS INT64_C(1000000000)

/* Frames of which kind the driver is asked about. */
struct question {
	struct umm_kms_screen *screen;
	const struct umm_kms_picture *picture;
};

/* ---- without atomic mode setting ---- */

static int legacy_show(struct umm_kms_screen *screen, const struct umm_kms_picture *picture)
{
	uint32_t connector = screen->output->connector;
	int failed = drmModeSetCrtc(screen->card->fd, screen->output->crtc, picture->fb,
				    picture->x_px, picture->y_px, &connector, 1, &screen->mode);
	return failed != 0 ? -errno : 0;
}

/* The picture's place in its buffer stays as the mode was set. */
static int legacy_flip(struct umm_kms_screen *screen, const struct umm_kms_picture *picture)
{
	if (picture->x_px != screen->x_px || picture->y_px != screen->y_px)
		return -EOPNOTSUPP;
	int failed = drmModePageFlip(screen->card->fd, screen->output->crtc, picture->fb,
				     DRM_MODE_PAGE_FLIP_EVENT, NULL);
	return failed != 0 ? -errno : 0;
}

/* ---- on which plane ---- */

static int ask_driver(void *user, const struct umm_kms_arrangement *arrangement)
{
	const struct question *question = user;
	struct umm_kms_screen *screen = question->screen;
	struct umm_size size = { screen->mode.hdisplay, screen->mode.vdisplay };
	int ret = 0;
	if (arrangement->primary != NULL)
		ret = umm_kms_backdrop_have(screen->card, arrangement->backdrop, size,
					    &screen->backdrop);
	if (ret < 0)
		return ret;
	screen->how = *arrangement;
	return umm_kms_atomic_test(screen, question->picture);
}

/* What the last one that was asked needed may not be what was taken. */
static void drop_unused_backdrop(struct umm_kms_screen *screen)
{
	if (screen->how.primary == NULL)
		umm_kms_backdrop_drop(screen->card, &screen->backdrop);
}

int umm_kms_screen_arrange(struct umm_kms_screen *screen, const drmModeModeInfo *mode,
			   const struct umm_layout *layout, const struct umm_kms_picture *picture,
			   char said[UMM_KMS_SAID_MAX])
{
	struct question question = { .screen = screen, .picture = picture };
	struct umm_kms_arrangement how = { .plane = &screen->planes->list[0] };
	int ret = 0;
	screen->mode = *mode;
	if (screen->card->atomic)
		ret = umm_kms_arrange(screen->planes, layout->format, layout->modifier, ask_driver,
				      &question, &how, said);
	screen->how = ret == 0 ? how : (struct umm_kms_arrangement){ 0 };
	drop_unused_backdrop(screen);
	if (ret == 0)
		screen->fences = umm_kms_fences_find(screen->card, screen->output, how.plane->id);
	return ret;
}

/* ---- showing ---- */

/* What cannot be remembered cannot be put back; that is no reason to show nothing. */
static void remember(struct umm_kms_screen *screen)
{
	screen->before = drmModeGetCrtc(screen->card->fd, screen->output->crtc);
	if (screen->card->atomic &&
	    umm_kms_save(screen->card, screen->output, screen->planes, &screen->saved) < 0)
		umm_kms_saved_finish(&screen->saved);
}

static int show(struct umm_kms_screen *screen, const struct umm_kms_picture *picture)
{
	if (screen->before == NULL)
		remember(screen);
	return screen->card->atomic ? umm_kms_atomic_show(screen, picture)
				    : legacy_show(screen, picture);
}

int umm_kms_screen_show(struct umm_kms_screen *screen, const drmModeModeInfo *mode,
			const struct umm_kms_picture *picture)
{
	screen->mode = *mode;
	screen->x_px = picture->x_px;
	screen->y_px = picture->y_px;
	int ret = show(screen, picture);
	if (ret == 0)
		umm_kms_backdrop_drop(screen->card, &screen->curtain);
	return ret;
}

int umm_kms_screen_flip(struct umm_kms_screen *screen, const struct umm_kms_picture *picture,
			int *out_fence)
{
	if (screen->flipping)
		return -EBUSY;
	*out_fence = -1;
	int ret = screen->card->atomic ? umm_kms_atomic_flip(screen, picture, out_fence)
				       : legacy_flip(screen, picture);
	screen->flipping = ret == 0;
	return ret;
}

static void on_flip(int fd, unsigned sequence, unsigned seconds, unsigned microseconds, void *user)
{
	(void)fd, (void)sequence, (void)seconds, (void)microseconds, (void)user;
}

static int wait_readable(int fd, int64_t timeout_ns)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int timeout_ms = timeout_ns < 0 ? -1 : (int)((timeout_ns + 999999) / 1000000);
	int n = poll(&poll_fd, 1, timeout_ms);
	if (n <= 0)
		return n < 0 ? -errno : -EAGAIN;
	return poll_fd.revents & POLLIN ? 0 : -ENODEV;
}

/* There is one flip at a time and nothing else is asked for, so any event is the flip's. */
int umm_kms_screen_wait(struct umm_kms_screen *screen, int64_t timeout_ns)
{
	if (!screen->flipping)
		return 0;
	drmEventContext context = { .version = 2, .page_flip_handler = on_flip };
	int ret = wait_readable(screen->card->fd, timeout_ns);
	if (ret < 0)
		return ret;
	if (drmHandleEvent(screen->card->fd, &context) != 0)
		return -errno;
	screen->flipping = false;
	return 0;
}

/* ---- before there are frames ---- */

/* As the kernel compares them: another name or place in the list is no other mode. */
static bool is_same_mode(const drmModeModeInfo *a, const drmModeModeInfo *b)
{
	size_t timings = offsetof(drmModeModeInfo, vrefresh) - offsetof(drmModeModeInfo, clock);
	return memcmp(&a->clock, &b->clock, timings) == 0 && a->flags == b->flags;
}

static bool has_value(const struct umm_kms_screen *screen, uint32_t object, uint32_t type,
		      const char *name, uint64_t wanted)
{
	uint64_t value;
	return umm_kms_property_value(screen->card->fd, object, type, name, &value) == 0 &&
	       value == wanted;
}

/* A console that is blanked keeps its mode, and loses ACTIVE. */
static bool is_lit(const struct umm_kms_screen *screen)
{
	const struct umm_kms_output *output = screen->output;
	return has_value(screen, output->crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", 1) &&
	       has_value(screen, output->connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID",
			 output->crtc);
}

/* Without atomic mode setting nobody tells all of it. */
static bool is_set(const struct umm_kms_screen *screen)
{
	drmModeCrtc *crtc = drmModeGetCrtc(screen->card->fd, screen->output->crtc);
	bool same = crtc != NULL && crtc->mode_valid && is_same_mode(&crtc->mode, &screen->mode);
	drmModeFreeCrtc(crtc);
	return same && screen->card->atomic && is_lit(screen);
}

static int show_nothing(struct umm_kms_screen *screen, uint32_t fourcc)
{
	struct umm_size size = { screen->mode.hdisplay, screen->mode.vdisplay };
	const struct umm_kms_arrangement how = screen->how;
	uint32_t black = umm_kms_backdrop_choose(screen->planes, fourcc);
	if (black == 0)
		return -EOPNOTSUPP;
	int ret = umm_kms_backdrop_have(screen->card, black, size, &screen->curtain);
	if (ret < 0)
		return ret;
	screen->how = (struct umm_kms_arrangement){ .plane = &screen->planes->list[0] };
	ret = show(screen, &(struct umm_kms_picture){ .fb = screen->curtain.fb, .fence = -1 });
	screen->how = how;
	if (ret < 0)
		umm_kms_backdrop_drop(screen->card, &screen->curtain);
	return ret;
}

void umm_kms_screen_prepare(struct umm_kms_screen *screen, const drmModeModeInfo *mode,
			    uint32_t fourcc)
{
	screen->mode = *mode;
	if (is_set(screen))
		return;
	int ret = show_nothing(screen, fourcc);
	if (ret < 0)
		umm_log(UMM_LOG_INFO, "%s: the mode is set with the first frame (%d)",
			screen->card->node, ret);
}

/* ---- putting back ---- */

/* By the calls of before, which know the primary plane alone; overlays go with their frames. */
static int put_back_primary(const struct umm_kms_screen *screen)
{
	drmModeCrtc *before = screen->before;
	uint32_t connector = screen->output->connector;
	int fd = screen->card->fd;
	int failed = -1;
	if (before->mode_valid && before->buffer_id != 0)
		failed = drmModeSetCrtc(fd, before->crtc_id, before->buffer_id, before->x,
					before->y, &connector, 1, &before->mode);
	if (failed != 0) /* there was nothing, or it is gone */
		failed = drmModeSetCrtc(fd, before->crtc_id, 0, 0, 0, NULL, 0, NULL);
	return failed != 0 ? -errno : 0;
}

static int put_back(const struct umm_kms_screen *screen)
{
	if (umm_kms_saved_restore(screen->card, &screen->saved, screen->before) == 0)
		return 0;
	return put_back_primary(screen);
}

void umm_kms_screen_restore(struct umm_kms_screen *screen)
{
	if (screen->before == NULL)
		return;
	umm_kms_screen_wait(screen, LAST_FLIP_NS);
	int ret = put_back(screen);
	if (ret < 0)
		umm_log(UMM_LOG_INFO, "%s: cannot show again what was there before (%d)",
			screen->card->node, ret);
	drmModeFreeCrtc(screen->before);
	screen->before = NULL;
	screen->flipping = false;
	umm_kms_saved_finish(&screen->saved);
	umm_kms_backdrop_drop(screen->card, &screen->curtain);
}

void umm_kms_screen_finish(struct umm_kms_screen *screen)
{
	umm_kms_backdrop_drop(screen->card, &screen->backdrop);
}

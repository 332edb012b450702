/* SPDX-License-Identifier: MIT */
/**
 * KMS: a display that scans frames out of the memory they were made in.
 *
 *	open		a card, its master, a connector with a display (device/kms_output.h),
 *			the planes on which it can show (device/kms_planes.h)
 *	constraints	a size per mode, formats and modifiers of those planes together
 *	attach		dma-buf -> GEM handle -> framebuffer (device/kms_frame.h); for the first it
 *			is found out on which plane such frames are shown (device/kms_arrange.h)
 *	start		sets the mode, with nothing to see yet
 *	submit		the first frame is shown at once; each further one is a page flip, which
 *			waits for the frame's fences (device/kms_fence.h)
 *	complete	a flip has happened: the frame that it replaced is done
 *	stop		what was on the screen before comes back
 *
 * Between two flips the display holds one buffer, during a flip two.
 */
#include "device/kms.h"
#include "device/picture.h"
#include "device/refuse.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "device/kms_demand.h"
#include "device/kms_frame.h"
#include "device/kms_screen.h"
#include "os/cleanup.h"

#define NONE (-1)

struct kms {
	struct umm_kms_card card;
	struct umm_kms_output output;
	struct umm_kms_planes planes;
	struct umm_kms_formats formats; /* of all planes */
	struct umm_kms_handles handles;
	struct umm_kms_screen screen;
	struct umm_kms_frame frames[UMM_MAX_BUFFERS];
	struct umm_frame_info infos[UMM_MAX_BUFFERS];
	struct umm_buffer *buffers[UMM_MAX_BUFFERS]; /* borrowed */
	int fences[UMM_MAX_BUFFERS]; /* of frames shown or on the way: what they wait for; or -1 */
	struct umm_layout layout;    /* of those attached */
	unsigned n_attached;
	int shown, next; /* slots: on the screen, on the way there; or NONE */
};

/* ---- open ---- */

static int open_card(struct kms *kms, const char *node, const struct umm_device_opts *opts,
		     char *why)
{
	int ret = umm_kms_card_open(node, &kms->card, why);
	if (ret == 0)
		ret = umm_kms_output_choose(&kms->card, opts, &kms->output, why);
	if (ret == 0)
		ret = umm_kms_card_become_master(&kms->card, why);
	if (ret == 0)
		ret = umm_kms_planes_find(&kms->card, &kms->output, opts, &kms->planes, why);
	if (ret == 0) {
		ret = umm_kms_planes_offer(&kms->planes, opts->format, &kms->formats);
		if (ret < 0)
			umm_device_refuse(kms->card.node, why, ret, "out of memory");
	}
	if (ret < 0) {
		umm_kms_planes_finish(&kms->planes);
		umm_kms_card_close(&kms->card);
	}
	return ret;
}

/* The search for any card that will do. */
struct search {
	struct kms *kms;
	const struct umm_device_opts *opts;
	char *why;
	int ret; /* of the last that was tried */
};

static void try_card(void *user, const char *node)
{
	struct search *search = user;
	char why[UMM_DEVICE_WHY_MAX] = "";
	if (search->ret == 0)
		return;
	int ret = open_card(search->kms, node, search->opts, why);
	if (ret == 0)
		search->ret = 0;
	else
		umm_device_keep_first(&search->ret, search->why, ret, why);
}

static int open_any(struct kms *kms, const struct umm_device_opts *opts, char *why)
{
	struct search search = { .kms = kms, .opts = opts, .why = why, .ret = -ENODEV };
	umm_device_refuse("/dev/dri", why, -ENODEV,
			  "no card: no driver of a display is loaded here");
	umm_kms_list(try_card, &search);
	return search.ret;
}

/* What frames are shown on if nothing speaks against it. */
static uint32_t first_plane(const struct kms *kms)
{
	for (unsigned i = 0; i < kms->planes.n; i++)
		if (kms->planes.list[i].wanted)
			return kms->planes.list[i].id;
	return kms->planes.list[0].id;
}

static int kms_open(const char *node, const struct umm_device_opts *opts, void **out_state,
		    char *why)
{
	const char *name = node[0] != '\0' ? node : "/dev/dri";
	if (opts->partner != NULL || opts->direction == UMM_DEVICE_WRITES)
		return umm_device_refuse(name, why, -EINVAL, "a display only shows frames");
	struct kms *kms = calloc(1, sizeof(*kms));
	if (kms == NULL)
		return umm_device_refuse(name, why, -ENOMEM, "out of memory");
	kms->card.fd = -1;
	kms->shown = kms->next = NONE;
	for (unsigned i = 0; i < UMM_MAX_BUFFERS; i++)
		kms->fences[i] = -1;
	int ret = node[0] != '\0' ? open_card(kms, node, opts, why) : open_any(kms, opts, why);
	if (ret < 0) {
		free(kms);
		return ret;
	}
	kms->screen = (struct umm_kms_screen){
		.card = &kms->card,
		.output = &kms->output,
		.planes = &kms->planes,
		.fences = umm_kms_fences_find(&kms->card, &kms->output, first_plane(kms)),
	};
	*out_state = kms;
	return 0;
}

static void kms_close(void *state)
{
	struct kms *kms = state;
	umm_kms_screen_finish(&kms->screen);
	umm_kms_formats_finish(&kms->formats);
	umm_kms_planes_finish(&kms->planes);
	umm_kms_handles_finish(&kms->handles);
	umm_kms_card_close(&kms->card);
	free(kms);
}

static const char *kms_node(const void *state)
{
	return ((const struct kms *)state)->card.node;
}

static const char *kms_driver(const void *state)
{
	return ((const struct kms *)state)->card.driver;
}

static enum umm_device_direction kms_direction(const void *state)
{
	(void)state;
	return UMM_DEVICE_READS;
}

static int kms_constraints(void *state, const char *name, struct umm_constraints **out)
{
	const struct kms *kms = state;
	return umm_kms_demand(name, &kms->output, &kms->formats, kms->card.stride_align,
			      kms->planes.wish, out);
}

static int kms_facts(void *state, char **out)
{
	const struct kms *kms = state;
	return umm_kms_facts(&kms->card, &kms->output, &kms->planes, &kms->formats,
			     &kms->screen.fences, out);
}

/* ---- buffers ---- */

static int check_layout(const struct kms *kms, const struct umm_layout *layout, char *why)
{
	char name[UMM_FORMAT_NAME_SIZE], modifier[UMM_MODIFIER_NAME_SIZE];
	if (kms->n_attached > 0 && !umm_same_picture(layout, &kms->layout))
		return umm_device_refuse(kms->card.node, why, -EBUSY,
					 "buffers of another layout are attached");
	if (umm_kms_mode(&kms->output, layout->width_px, layout->height_px) == NULL)
		return umm_device_refuse(kms->card.node, why, -EOPNOTSUPP,
					 "%s has no mode of %ux%u", kms->output.name,
					 layout->width_px, layout->height_px);
	if (!umm_kms_formats_have(&kms->formats, layout->format, layout->modifier))
		return umm_device_refuse(kms->card.node, why, -EOPNOTSUPP,
					 "%s does not show %s, %s", kms->output.name,
					 umm_format_name(layout->format, name),
					 umm_modifier_name(layout->modifier, modifier));
	if (layout->handles == UMM_HANDLES_PER_PLANE && layout->n_planes > 1)
		return umm_device_refuse(kms->card.node, why, -EOPNOTSUPP,
					 "planes in memory of their own are not taken");
	return 0;
}

/* The card is somebody else's for now: not what was asked. It is asked again for the first frame.
 */
static bool is_about_us(int error)
{
	return error == -EACCES || error == -EPERM;
}

/* On which plane are frames like this one shown? */
static int arrange(struct kms *kms, const struct umm_layout *layout,
		   const struct umm_kms_picture *picture, char *why)
{
	char name[UMM_FORMAT_NAME_SIZE], modifier[UMM_MODIFIER_NAME_SIZE], said[UMM_KMS_SAID_MAX];
	const drmModeModeInfo *mode =
		umm_kms_mode(&kms->output, layout->width_px, layout->height_px);
	int ret = umm_kms_screen_arrange(&kms->screen, mode, layout, picture, said);
	if (ret == 0 || is_about_us(ret))
		return ret;
	umm_device_refuse(kms->card.node, why, ret, "does not show %ux%u %s, %s: %s",
			  layout->width_px, layout->height_px,
			  umm_format_name(layout->format, name),
			  umm_modifier_name(layout->modifier, modifier), said);
	return umm_kms_is_judgement(ret) ? -EOPNOTSUPP : ret;
}

/* The first buffer stands for all: they have one layout. */
static int try_to_show(struct kms *kms, unsigned slot, const struct umm_layout *layout, char *why)
{
	struct umm_kms_picture picture = { .fb = kms->frames[slot].fb, .fence = -1 };
	if (kms->n_attached > 0)
		return 0;
	int ret = arrange(kms, layout, &picture, why);
	return is_about_us(ret) ? 0 : ret;
}

static int kms_attach(void *state, unsigned slot, struct umm_buffer *buffer, char *why)
{
	struct kms *kms = state;
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	int ret = check_layout(kms, layout, why);
	if (ret == 0)
		ret = umm_kms_frame_create(&kms->card, &kms->handles, buffer,
					   kms->formats.from_in_formats, &kms->frames[slot], why);
	if (ret < 0)
		return ret;
	ret = try_to_show(kms, slot, layout, why);
	if (ret < 0) {
		umm_kms_frame_destroy(&kms->card, &kms->handles, &kms->frames[slot]);
		return ret;
	}
	kms->layout = *layout;
	kms->buffers[slot] = buffer;
	kms->n_attached++;
	return 0;
}

static void kms_detach(void *state, unsigned slot)
{
	struct kms *kms = state;
	umm_kms_frame_destroy(&kms->card, &kms->handles, &kms->frames[slot]);
	umm_close_fd(&kms->fences[slot]);
	kms->buffers[slot] = NULL;
	kms->n_attached--;
}

/* ---- frames ---- */

static const drmModeModeInfo *mode_of_frames(const struct kms *kms)
{
	return umm_kms_mode(&kms->output, kms->layout.width_px, kms->layout.height_px);
}

static int kms_start(void *state)
{
	struct kms *kms = state;
	if (!umm_kms_card_is_master(&kms->card))
		return -EBUSY;
	if (kms->screen.how.plane != NULL) /* the buffers may come later: these were tried */
		umm_kms_screen_prepare(&kms->screen, mode_of_frames(kms), kms->layout.format);
	return 0;
}

static int kms_stop(void *state)
{
	struct kms *kms = state;
	umm_kms_screen_restore(&kms->screen);
	kms->shown = kms->next = NONE;
	return 0;
}

/* Of a picture inside a larger image only the place counts: its size is the mode's. */
static struct umm_kms_picture picture_of(const struct kms *kms, unsigned slot,
					 const struct umm_frame_info *info)
{
	struct umm_kms_picture picture = { .fb = kms->frames[slot].fb, .fence = kms->fences[slot] };
	if (info->visible.width_px == kms->layout.width_px &&
	    info->visible.height_px == kms->layout.height_px) {
		picture.x_px = info->visible.x_px;
		picture.y_px = info->visible.y_px;
	}
	return picture;
}

static int show_first(struct kms *kms, unsigned slot, const struct umm_kms_picture *picture)
{
	int ret = kms->screen.how.plane == NULL ? arrange(kms, &kms->layout, picture, NULL) : 0;
	if (ret < 0)
		return ret;
	ret = umm_kms_screen_show(&kms->screen, mode_of_frames(kms), picture);
	if (ret == 0)
		kms->shown = (int)slot;
	return ret;
}

/* What the frame takes away from the screen may be written to when this is over. */
static int show_next(struct kms *kms, unsigned slot, const struct umm_kms_picture *picture)
{
	umm_autofd fence = -1;
	int ret = umm_kms_screen_flip(&kms->screen, picture, &fence);
	if (ret < 0)
		return ret;
	if (fence >= 0)
		umm_kms_fence_leave(kms->card.node, kms->buffers[kms->shown], fence);
	kms->next = (int)slot;
	return 0;
}

static int kms_submit(void *state, unsigned slot, const struct umm_frame_info *info)
{
	struct kms *kms = state;
	umm_close_fd(&kms->fences[slot]);
	if (kms->screen.fences.in != 0)
		kms->fences[slot] = umm_kms_fence_before(kms->buffers[slot]);
	struct umm_kms_picture picture = picture_of(kms, slot, info);
	if (kms->shown == NONE)
		kms->screen.colours = umm_kms_colours_of(&kms->layout, info->flags);
	int ret = kms->shown == NONE ? show_first(kms, slot, &picture)
				     : show_next(kms, slot, &picture);
	if (ret == 0)
		kms->infos[slot] = *info;
	return ret;
}

/* Nothing can become done without a flip, so nobody waits for that. */
static int kms_complete(void *state, int64_t timeout_ns, unsigned *out_slot,
			struct umm_frame_info *out_info, int *out_error)
{
	struct kms *kms = state;
	if (kms->next == NONE)
		return -EAGAIN;
	int ret = umm_kms_screen_wait(&kms->screen, timeout_ns);
	if (ret < 0)
		return ret;
	*out_slot = (unsigned)kms->shown;
	*out_info = kms->infos[kms->shown];
	*out_error = umm_kms_fence_error(kms->fences[kms->shown]);
	umm_close_fd(&kms->fences[kms->shown]);
	kms->shown = kms->next;
	kms->next = NONE;
	return 0;
}

static int kms_fd(const void *state)
{
	return ((const struct kms *)state)->card.fd;
}

static short kms_events(const void *state)
{
	(void)state;
	return POLLIN;
}

const struct umm_device_ops umm_kms_device_ops = {
	.kind = "kms",
	.open = kms_open,
	.close = kms_close,
	.node = kms_node,
	.driver = kms_driver,
	.direction = kms_direction,
	.constraints = kms_constraints,
	.facts = kms_facts,
	.attach = kms_attach,
	.detach = kms_detach,
	.heeds_fences = true,
	.start = kms_start,
	.stop = kms_stop,
	.submit = kms_submit,
	.complete = kms_complete,
	.fd = kms_fd,
	.events = kms_events,
	.list = umm_kms_list,
};

/* SPDX-License-Identifier: MIT */
#include "device/kms_arrange.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- pictures of nothing ---- */

/* All zero bytes are black, or nothing at all, which is black where nothing lies below. */
static const struct backdrop {
	uint32_t fourcc;
	unsigned bytes;
	bool transparent;
} backdrops[] = {
	{ UMM_FOURCC('R', 'G', '1', '6'), 2, false }, { UMM_FOURCC('B', 'G', '1', '6'), 2, false },
	{ UMM_FOURCC('X', 'R', '2', '4'), 4, false }, { UMM_FOURCC('X', 'B', '2', '4'), 4, false },
	{ UMM_FOURCC('A', 'R', '2', '4'), 4, true },  { UMM_FOURCC('A', 'B', '2', '4'), 4, true },
};

#define N_BACKDROPS (sizeof(backdrops) / sizeof(backdrops[0]))

unsigned umm_kms_backdrop_bytes(uint32_t fourcc)
{
	for (size_t i = 0; i < N_BACKDROPS; i++)
		if (backdrops[i].fourcc == fourcc)
			return backdrops[i].bytes;
	return 0;
}

static bool takes(const struct umm_kms_plane *primary, uint32_t fourcc)
{
	return umm_kms_formats_have(&primary->formats, fourcc, UMM_MODIFIER_LINEAR);
}

uint32_t umm_kms_backdrop_choose(const struct umm_kms_planes *planes, uint32_t fourcc)
{
	const struct umm_kms_plane *primary = &planes->list[0];
	if (umm_kms_backdrop_bytes(fourcc) != 0 && takes(primary, fourcc))
		return fourcc;
	for (size_t i = 0; i < N_BACKDROPS; i++)
		if (takes(primary, backdrops[i].fourcc))
			return backdrops[i].fourcc;
	return 0;
}

/* ---- above and below ---- */

static bool put_plane_above(struct umm_kms_arrangement *arrangement)
{
	const struct umm_kms_zpos *plane = &arrangement->plane->zpos;
	uint64_t below = arrangement->primary->zpos.now;
	if (!plane->settable || below >= plane->max)
		return false;
	arrangement->sets_plane_zpos = true;
	arrangement->plane_zpos = below + 1 > plane->min ? below + 1 : plane->min;
	return true;
}

static bool put_primary_below(struct umm_kms_arrangement *arrangement)
{
	const struct umm_kms_zpos *plane = &arrangement->plane->zpos;
	const struct umm_kms_zpos *primary = &arrangement->primary->zpos;
	uint64_t plane_at = plane->settable ? plane->max : plane->now;
	if (!primary->settable || primary->min >= plane_at)
		return false;
	arrangement->sets_primary_zpos = true;
	arrangement->primary_zpos = primary->min;
	arrangement->sets_plane_zpos = plane->settable;
	arrangement->plane_zpos = plane_at;
	return true;
}

/* Whether the overlay is above the primary, or can be put there. */
static bool is_above(struct umm_kms_arrangement *arrangement)
{
	const struct umm_kms_zpos *plane = &arrangement->plane->zpos;
	const struct umm_kms_zpos *primary = &arrangement->primary->zpos;
	if (!plane->known || !primary->known || plane->now > primary->now)
		return true;
	return put_plane_above(arrangement) || put_primary_below(arrangement);
}

/* ---- asking ---- */

struct question {
	const struct umm_kms_planes *planes;
	umm_kms_asked *ask;
	void *user;
	struct umm_kms_arrangement *out; /* of what was accepted */
};

static int ask(const struct question *question, const struct umm_kms_arrangement *arrangement)
{
	int ret = question->ask(question->user, arrangement);
	if (ret == 0)
		*question->out = *arrangement;
	return ret;
}

bool umm_kms_is_judgement(int error)
{
	return error < 0 && error != -EACCES && error != -EPERM && error != -ENODEV &&
	       error != -ENOMEM && error != -EBUSY;
}

/* `ret` is what was said without: it stays where no picture of nothing can be had. */
static int ask_over_backdrop(const struct question *question, const struct umm_kms_plane *plane,
			     int ret)
{
	const struct umm_kms_plane *primary = &question->planes->list[0];
	struct umm_kms_arrangement arrangement = { .plane = plane, .primary = primary };
	bool above = is_above(&arrangement);
	for (size_t i = 0; i < N_BACKDROPS && umm_kms_is_judgement(ret); i++) {
		arrangement.backdrop = backdrops[i].fourcc;
		if ((above || backdrops[i].transparent) && takes(primary, backdrops[i].fourcc))
			ret = ask(question, &arrangement);
	}
	return ret;
}

static int ask_plane(const struct question *question, const struct umm_kms_plane *plane)
{
	int ret = ask(question, &(struct umm_kms_arrangement){ .plane = plane });
	return plane->primary ? ret : ask_over_backdrop(question, plane, ret);
}

static void note(char said[UMM_KMS_SAID_MAX], const struct umm_kms_plane *plane, int error)
{
	size_t used = strlen(said);
	snprintf(said + used, UMM_KMS_SAID_MAX - used, "%s%s plane %u%s: %s", used > 0 ? "; " : "",
		 umm_kms_plane_type(plane), plane->id,
		 plane->primary ? "" : ", with and without the primary", strerror(-error));
}

int umm_kms_arrange(const struct umm_kms_planes *planes, uint32_t fourcc, uint64_t modifier,
		    umm_kms_asked *asked, void *user, struct umm_kms_arrangement *out,
		    char said[UMM_KMS_SAID_MAX])
{
	struct question question = { .planes = planes, .ask = asked, .user = user, .out = out };
	int ret = -EOPNOTSUPP;
	said[0] = '\0';
	for (unsigned i = 0; i < planes->n && umm_kms_is_judgement(ret); i++) {
		const struct umm_kms_plane *plane = &planes->list[i];
		if (!umm_kms_plane_takes(plane, fourcc, modifier))
			continue;
		ret = ask_plane(&question, plane);
		if (ret < 0)
			note(said, plane, ret);
	}
	return ret;
}

/* SPDX-License-Identifier: MIT */
#include "device/gl_formats.h"

#include <errno.h>
#include <stdlib.h>

#include "os/cleanup.h"

#define XR24 UMM_FOURCC('X', 'R', '2', '4')
#define AR24 UMM_FOURCC('A', 'R', '2', '4')
#define XB24 UMM_FOURCC('X', 'B', '2', '4')
#define AB24 UMM_FOURCC('A', 'B', '2', '4')
#define R8   UMM_FOURCC('R', '8', ' ', ' ')
#define GR88 UMM_FOURCC('G', 'R', '8', '8')

#define RGB(name)                                                                                  \
	{                                                                                          \
		.fourcc = (name), .can_be_drawn = true, .n_parts = 1, .parts = {                   \
			{ (name), 0, 1, 1 }                                                        \
		}                                                                                  \
	}

static const struct umm_gl_format formats[] = {
	RGB(XR24),
	RGB(AR24),
	RGB(XB24),
	RGB(AB24),
	{ UMM_FOURCC('N', 'V', '1', '2'),
	  false,
	  2,
	  { { R8, 0, 1, 1 }, { GR88, 1, 2, 2 } },
	  { { 0, 0 }, { 1, 0 }, { 1, 1 } } },
	{ UMM_FOURCC('N', 'V', '2', '1'),
	  false,
	  2,
	  { { R8, 0, 1, 1 }, { GR88, 1, 2, 2 } },
	  { { 0, 0 }, { 1, 1 }, { 1, 0 } } },
	{ UMM_FOURCC('N', 'V', '1', '6'),
	  false,
	  2,
	  { { R8, 0, 1, 1 }, { GR88, 1, 2, 1 } },
	  { { 0, 0 }, { 1, 0 }, { 1, 1 } } },
	{ UMM_FOURCC('Y', 'U', '1', '2'),
	  false,
	  3,
	  { { R8, 0, 1, 1 }, { R8, 1, 2, 2 }, { R8, 2, 2, 2 } },
	  { { 0, 0 }, { 1, 0 }, { 2, 0 } } },
	{ UMM_FOURCC('Y', 'V', '1', '2'),
	  false,
	  3,
	  { { R8, 0, 1, 1 }, { R8, 1, 2, 2 }, { R8, 2, 2, 2 } },
	  { { 0, 0 }, { 2, 0 }, { 1, 0 } } },
	{ UMM_FOURCC('Y', 'U', 'Y', 'V'),
	  false,
	  2,
	  { { GR88, 0, 1, 1 }, { AB24, 0, 2, 1 } },
	  { { 0, 0 }, { 1, 1 }, { 1, 3 } } },
	{ UMM_FOURCC('U', 'Y', 'V', 'Y'),
	  false,
	  2,
	  { { GR88, 0, 1, 1 }, { AB24, 0, 2, 1 } },
	  { { 0, 1 }, { 1, 0 }, { 1, 2 } } },
};

const struct umm_gl_format *umm_gl_format_find(uint32_t fourcc)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i].fourcc == fourcc)
			return &formats[i];
	return NULL;
}

/* ---- asking ---- */

/* What the driver lists; a list of NULL where it lists nothing. */
struct told {
	EGLint *fourccs;
	EGLint n;
};

static int ask_formats(const struct umm_gl_display *display, struct told *out)
{
	const struct umm_gl_api *api = display->api;
	EGLint n = 0;
	if (!display->tells_formats || !api->eglQueryDmaBufFormatsEXT(display->egl, 0, NULL, &n) ||
	    n <= 0)
		return 0;
	EGLint *fourccs = calloc((size_t)n, sizeof(*fourccs));
	if (fourccs == NULL)
		return -ENOMEM;
	if (!api->eglQueryDmaBufFormatsEXT(display->egl, n, fourccs, &n))
		n = 0;
	*out = (struct told){ .fourccs = fourccs, .n = n };
	return 0;
}

static bool lists(const struct told *told, uint32_t fourcc)
{
	for (EGLint i = 0; i < told->n; i++)
		if ((uint32_t)told->fourccs[i] == fourcc)
			return true;
	return told->fourccs == NULL; /* it tells nothing: a trial will */
}

/* As one image, or each of its parts. */
static bool takes(const struct told *told, const struct umm_gl_format *format)
{
	bool parts = true;
	for (unsigned i = 0; i < format->n_parts; i++)
		parts = parts && lists(told, format->parts[i].fourcc);
	return parts || lists(told, format->fourcc);
}

/* What can only be sampled as an external image is not what our shaders sample, nor to draw on. */
static void ask_modifiers(const struct umm_gl_display *display, struct umm_gl_ability *ability)
{
	EGLuint64KHR modifiers[UMM_DEMAND_MODIFIERS];
	EGLBoolean external[UMM_DEMAND_MODIFIERS];
	EGLint n = 0;
	if (display->tells_formats && ability->format->n_parts == 1)
		display->api->eglQueryDmaBufModifiersEXT(
			display->egl, (EGLint)ability->format->fourcc, UMM_DEMAND_MODIFIERS,
			modifiers, external, &n);
	ability->told = n > 0;
	for (EGLint i = 0; i < n && i < UMM_DEMAND_MODIFIERS; i++)
		if (modifiers[i] != UMM_MODIFIER_INVALID && !external[i])
			ability->modifiers[ability->n_modifiers++] = modifiers[i];
	if (n <= 0)
		ability->modifiers[ability->n_modifiers++] = UMM_MODIFIER_LINEAR;
}

/* Formats have mostly the same modifiers: each is looked at once. */
static bool find_tiles(const struct umm_gl_abilities *abilities, uint64_t modifier,
		       struct umm_gl_tiles *out)
{
	for (unsigned i = 0; i < abilities->n; i++)
		for (unsigned j = 0; j < abilities->list[i].n_modifiers; j++)
			if (abilities->list[i].modifiers[j] == modifier) {
				*out = abilities->list[i].tiles[j];
				return true;
			}
	return false;
}

/* Of the one behind the last. */
static void observe(const struct umm_gl_display *display, struct umm_gl_abilities *abilities)
{
	struct umm_gl_ability *ability = &abilities->list[abilities->n];
	for (unsigned i = 0; i < ability->n_modifiers; i++)
		if (!find_tiles(abilities, ability->modifiers[i], &ability->tiles[i]))
			ability->tiles[i] = umm_gl_tiles_observe(display, ability->modifiers[i]);
}

int umm_gl_abilities_ask(const struct umm_gl_display *display, enum umm_device_direction direction,
			 uint32_t only, struct umm_gl_abilities *out)
{
	struct umm_gl_abilities abilities = { 0 };
	struct told told = { 0 };
	bool to_draw = direction == UMM_DEVICE_WRITES;
	int ret = ask_formats(display, &told);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct umm_gl_ability *ability = &abilities.list[abilities.n];
		*ability = (struct umm_gl_ability){ .format = &formats[i] };
		if ((only != 0 && formats[i].fourcc != only) ||
		    (to_draw && !formats[i].can_be_drawn) || !takes(&told, &formats[i]))
			continue;
		ask_modifiers(display, ability);
		observe(display, &abilities);
		abilities.n += ability->n_modifiers > 0;
	}
	free(told.fourccs);
	if (abilities.n == 0)
		return -EINVAL;
	*out = abilities;
	return 0;
}

const struct umm_gl_ability *umm_gl_abilities_find(const struct umm_gl_abilities *abilities,
						   uint32_t fourcc, uint64_t modifier)
{
	for (unsigned i = 0; i < abilities->n; i++) {
		const struct umm_gl_ability *ability = &abilities->list[i];
		if (ability->format->fourcc != fourcc)
			continue;
		for (unsigned j = 0; j < ability->n_modifiers; j++)
			if (ability->modifiers[j] == modifier)
				return ability;
	}
	return NULL;
}

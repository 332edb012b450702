/* SPDX-License-Identifier: MIT */
#include "device/kms_output.h"
#include "device/refuse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <xf86drm.h>

/* ---- modes ---- */

const drmModeModeInfo *umm_kms_mode(const struct umm_kms_output *output, uint32_t width_px,
				    uint32_t height_px)
{
	for (unsigned i = 0; i < output->n_modes; i++)
		if (output->modes[i].hdisplay == width_px && output->modes[i].vdisplay == height_px)
			return &output->modes[i];
	return NULL;
}

/* How far a mode is from the rate that is wished for, in mHz; 0 where nobody wishes. */
static int64_t rate_error(const drmModeModeInfo *mode, struct umm_rational rate)
{
	if (rate.num <= 0 || rate.den <= 0)
		return 0;
	int64_t pixels = (int64_t)mode->htotal * mode->vtotal;
	int64_t have = pixels > 0 ? (int64_t)mode->clock * 1000000 / pixels
				  : (int64_t)mode->vrefresh * 1000;
	int64_t error = have - (int64_t)rate.num * 1000 / rate.den;
	return error < 0 ? -error : error;
}

static bool is_wanted(const drmModeModeInfo *mode, const struct umm_device_opts *opts)
{
	if (mode->flags & DRM_MODE_FLAG_INTERLACE)
		return false;
	return opts->size.width_px == 0 ||
	       (mode->hdisplay == opts->size.width_px && mode->vdisplay == opts->size.height_px);
}

static void keep_mode(struct umm_kms_output *output, const drmModeModeInfo *mode,
		      const struct umm_device_opts *opts)
{
	drmModeModeInfo *known =
		(drmModeModeInfo *)umm_kms_mode(output, mode->hdisplay, mode->vdisplay);
	if (known != NULL) {
		if (rate_error(mode, opts->rate) < rate_error(known, opts->rate))
			*known = *mode;
	} else if (output->n_modes < UMM_KMS_MODES_MAX) {
		output->modes[output->n_modes++] = *mode;
	}
}

/* The one that the display prefers first; the kernel's order after it. */
static void keep_modes(struct umm_kms_output *output, const drmModeConnector *connector,
		       const struct umm_device_opts *opts)
{
	for (int preferred = 1; preferred >= 0; preferred--)
		for (int i = 0; i < connector->count_modes; i++) {
			const drmModeModeInfo *mode = &connector->modes[i];
			bool is_preferred = (mode->type & DRM_MODE_TYPE_PREFERRED) != 0;
			if (is_preferred == (preferred == 1) && is_wanted(mode, opts))
				keep_mode(output, mode, opts);
		}
}

static void list_sizes(const drmModeConnector *connector, char *text, size_t size)
{
	text[0] = '\0';
	size_t used = 0;
	for (int i = 0; i < connector->count_modes && used + 16 < size; i++) {
		char word[24];
		snprintf(word, sizeof(word), " %ux%u", connector->modes[i].hdisplay,
			 connector->modes[i].vdisplay);
		if (strstr(text, word) == NULL)
			used += (size_t)snprintf(text + used, size - used, "%s", word);
	}
}

/* ---- CRTC ---- */

static uint32_t possible_crtcs(int fd, const drmModeConnector *connector)
{
	uint32_t crtcs = 0;
	for (int i = 0; i < connector->count_encoders; i++) {
		drmModeEncoder *encoder = drmModeGetEncoder(fd, connector->encoders[i]);
		crtcs |= encoder != NULL ? encoder->possible_crtcs : 0;
		drmModeFreeEncoder(encoder);
	}
	return crtcs;
}

/* The one that drives it now, so that nothing else has to change; else the first that can. */
static int choose_crtc(int fd, const drmModeRes *resources, const drmModeConnector *connector)
{
	drmModeEncoder *encoder = drmModeGetEncoder(fd, connector->encoder_id);
	uint32_t now = encoder != NULL ? encoder->crtc_id : 0;
	drmModeFreeEncoder(encoder);
	uint32_t possible = possible_crtcs(fd, connector);
	int first = -1;
	for (int i = 0; i < resources->count_crtcs && i < 32; i++) {
		if (now != 0 && resources->crtcs[i] == now)
			return i;
		if (first < 0 && (possible & (UINT32_C(1) << i)))
			first = i;
	}
	return first;
}

/* ---- connector ---- */

static void name_of(const drmModeConnector *connector, char *text, size_t size)
{
	const char *type = drmModeGetConnectorTypeName(connector->connector_type);
	snprintf(text, size, "%s-%u", type != NULL ? type : "Unknown",
		 connector->connector_type_id);
}

/* What the search for a connector has seen, for a message. */
struct search {
	const struct umm_kms_card *card;
	const struct umm_device_opts *opts;
	const drmModeRes *resources;
	char *why;
	char seen[160];
};

static void remember(struct search *search, const char *name, bool connected)
{
	size_t used = strlen(search->seen);
	snprintf(search->seen + used, sizeof(search->seen) - used, " %s%s", name,
		 connected ? "" : " (nothing connected)");
}

static int take(const struct search *search, const drmModeConnector *connector,
		struct umm_kms_output *out)
{
	struct umm_kms_output output = { .connector = connector->connector_id,
					 .connected = connector->connection == DRM_MODE_CONNECTED };
	const char *node = search->card->node;
	int fd = search->card->fd;
	name_of(connector, output.name, sizeof(output.name));
	keep_modes(&output, connector, search->opts);
	if (output.n_modes == 0) {
		char sizes[160];
		list_sizes(connector, sizes, sizeof(sizes));
		return umm_device_refuse(node, search->why, -EINVAL,
					 "%s has no mode %llux%llu; it has:%s", output.name,
					 (unsigned long long)search->opts->size.width_px,
					 (unsigned long long)search->opts->size.height_px, sizes);
	}
	int index = choose_crtc(fd, search->resources, connector);
	if (index < 0)
		return umm_device_refuse(node, search->why, -EBUSY, "no CRTC can drive %s",
					 output.name);
	output.crtc = search->resources->crtcs[index];
	output.crtc_index = index;
	*out = output;
	return 0;
}

/* 0: taken; 1: not this one; or why it cannot be used though it is meant. */
static int consider(struct search *search, const drmModeConnector *connector,
		    struct umm_kms_output *out)
{
	char name[48];
	name_of(connector, name, sizeof(name));
	bool connected = connector->connection == DRM_MODE_CONNECTED && connector->count_modes > 0;
	remember(search, name, connected);
	const char *wish = search->opts->connector;
	if (wish != NULL ? strcmp(wish, name) != 0 : !connected)
		return 1;
	if (!connected)
		return umm_device_refuse(search->card->node, search->why, -ENODEV,
					 "nothing is connected to %s", name);
	return take(search, connector, out);
}

static int choose(struct search *search, struct umm_kms_output *out)
{
	int ret = 1;
	for (int i = 0; i < search->resources->count_connectors && ret == 1; i++) {
		drmModeConnector *connector =
			drmModeGetConnector(search->card->fd, search->resources->connectors[i]);
		if (connector != NULL)
			ret = consider(search, connector, out);
		drmModeFreeConnector(connector);
	}
	if (ret != 1)
		return ret;
	if (search->opts->connector != NULL)
		return umm_device_refuse(search->card->node, search->why, -EINVAL,
					 "no connector %s; there are:%s", search->opts->connector,
					 search->seen);
	return umm_device_refuse(search->card->node, search->why, -ENODEV, "no display:%s",
				 search->seen);
}

int umm_kms_output_choose(const struct umm_kms_card *card, const struct umm_device_opts *opts,
			  struct umm_kms_output *out, char *why)
{
	drmModeRes *resources = drmModeGetResources(card->fd);
	if (resources == NULL)
		return umm_device_refuse(card->node, why, -errno, "does not tell its displays: %s",
					 strerror(errno));
	struct search search = { .card = card, .opts = opts, .resources = resources, .why = why };
	int ret = choose(&search, out);
	drmModeFreeResources(resources);
	return ret;
}

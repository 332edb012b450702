/* SPDX-License-Identifier: MIT */
#include "device/kms_card.h"
#include "device/kms_stride.h"
#include "device/refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "os/cleanup.h"
#include "os/holders.h"

#define NODES	       "/dev/dri/card*"
#define MASTER_TRIES   20
#define MASTER_WAIT_NS 50000000

/* Never waits in read(2): events are read when poll(2) has announced them. */
static int open_node(const char *node)
{
	int fd = open(node, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static bool shows_something(int fd)
{
	drmModeRes *resources = drmModeGetResources(fd);
	bool shows =
		resources != NULL && resources->count_crtcs > 0 && resources->count_connectors > 0;
	drmModeFreeResources(resources);
	return shows;
}

static bool has_capability(int fd, uint64_t capability, uint64_t bits)
{
	uint64_t value = 0;
	return drmGetCap(fd, capability, &value) == 0 && (value & bits) == bits;
}

static int read_driver(struct umm_kms_card *card)
{
	drmVersion *version = drmGetVersion(card->fd);
	if (version == NULL)
		return -errno;
	snprintf(card->driver, sizeof(card->driver), "%.*s", version->name_len, version->name);
	drmFreeVersion(version);
	return 0;
}

/* Without the first, cards hide their primary planes and with them the list of formats. */
static void ask_for_capabilities(struct umm_kms_card *card)
{
	const char *wish = getenv("UMM_KMS");
	bool legacy = wish != NULL && strcmp(wish, "legacy") == 0;
	drmSetClientCap(card->fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
	card->atomic = !legacy && drmSetClientCap(card->fd, DRM_CLIENT_CAP_ATOMIC, 1) == 0;
	card->modifiers = has_capability(card->fd, DRM_CAP_ADDFB2_MODIFIERS, 1);
}

int umm_kms_card_open(const char *node, struct umm_kms_card *out, char *why)
{
	struct umm_kms_card card = UMM_KMS_NO_CARD;
	if (strlen(node) >= sizeof(card.node))
		return umm_device_refuse(node, why, -ENAMETOOLONG, "too long for a node");
	snprintf(card.node, sizeof(card.node), "%s", node);
	umm_autofd fd = open_node(node);
	if (fd < 0)
		return umm_device_refuse(node, why, fd, "cannot open it: %s", strerror(-fd));
	card.fd = fd;
	if (read_driver(&card) < 0)
		return umm_device_refuse(node, why, -ENODEV, "not a node of DRM");
	if (!shows_something(fd))
		return umm_device_refuse(node, why, -ENODEV, "%s drives no display here",
					 card.driver);
	if (!has_capability(fd, DRM_CAP_PRIME, DRM_PRIME_CAP_IMPORT))
		return umm_device_refuse(node, why, -ENODEV, "%s imports no dma-bufs", card.driver);
	ask_for_capabilities(&card);
	card.stride_align = umm_kms_stride_align(fd);
	umm_fd_steal(&fd);
	*out = card;
	return 0;
}

void umm_kms_card_close(struct umm_kms_card *card)
{
	umm_close_fd(&card->fd);
}

/* One that was opened while there was another master may not become it later without rights, but
   a fresh one is made master. Nothing is known by this fd yet that would be lost. */
static void open_again(struct umm_kms_card *card)
{
	int fd = open_node(card->node);
	if (fd < 0)
		return;
	umm_close_fd(&card->fd);
	card->fd = fd;
	ask_for_capabilities(card);
}

bool umm_kms_card_is_master(const struct umm_kms_card *card)
{
	return drmIsMaster(card->fd) || drmSetMaster(card->fd) == 0;
}

int umm_kms_card_become_master(struct umm_kms_card *card, char *why)
{
	for (int attempt = 0; attempt < MASTER_TRIES; attempt++) {
		if (umm_kms_card_is_master(card))
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = MASTER_WAIT_NS }, NULL);
		open_again(card);
	}
	char holders[UMM_HOLDERS_MAX];
	return umm_device_refuse(
		card->node, why, -EBUSY,
		"another program shows its pictures there (it is the DRM master): end "
		"it, or switch to a console without one%s",
		umm_holders(card->node, holders));
}

void umm_kms_list(void (*each)(void *user, const char *node), void *user)
{
	glob_t found;
	if (glob(NODES, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		each(user, found.gl_pathv[i]);
	globfree(&found);
}

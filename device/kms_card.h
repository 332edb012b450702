/* SPDX-License-Identifier: MIT */
/**
 * A DRM card that can show something: its node, what its driver can, and who is its master.
 *
 * The kernel makes whoever opens a card the master if it has none, and a program that only wants
 * memory of the card opens it too, for a moment. So "somebody else is master" is believed only
 * after a while of asking again.
 */
#ifndef UMM_DEVICE_KMS_CARD_H
#define UMM_DEVICE_KMS_CARD_H

#include <stdbool.h>

#include <umm/device.h>

struct umm_kms_card {
	int fd; /* -1: none */
	char node[64], driver[64];
	bool atomic;	       /* else the calls of before */
	bool modifiers;	       /* framebuffers with a modifier */
	uint32_t stride_align; /* bytes: of what it makes itself (device/kms_stride.h) */
};
#define UMM_KMS_NO_CARD                                                                            \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/** Open a node of KMS. -ENODEV: it is not one; or an errno of open(2). */
int umm_kms_card_open(const char *node, struct umm_kms_card *out, char *why);
void umm_kms_card_close(struct umm_kms_card *card);

/** Become its master, by opening the node again if need be: nothing that hangs on the fd must
 * exist yet. -EBUSY: another program is. */
int umm_kms_card_become_master(struct umm_kms_card *card, char *why);

/** Is it still, or can it be again? Consoles take it away when they are switched. */
bool umm_kms_card_is_master(const struct umm_kms_card *card);

/** Calls `each` with every node there is. */
void umm_kms_list(void (*each)(void *user, const char *node), void *user);

#endif

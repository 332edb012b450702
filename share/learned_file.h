/* SPDX-License-Identifier: MIT */
/**
 * The file behind share/learned.h:
 *
 *	{ "umm": 1, "entries": [
 *	  { "kernel": "6.12.48", "driver": "virtio_gpu", "device": "kms:/dev/dri/card0",
 *	    "state": "85f1a7ce6b3d0294", "about": "heap", "heap": "udmabuf", "errno": 19,
 *	    "error": "ENODEV", "why": "..", "believed": 3 }, .. ] }
 *
 * errno 0 says that it works. Entries of other kernels and of other states of the device are left
 * alone: people go back and forth between kernels, and between parameters of drivers. The oldest go
 *when there are too many.
 */
#ifndef UMM_SHARE_LEARNED_FILE_H
#define UMM_SHARE_LEARNED_FILE_H

#include "share/finding.h"

/** Most entries of the file. */
#define UMM_LEARNED_MOST 1024

/** Add the entries of this kernel to `findings`. Whatever is wrong is logged. Returns 0 or -ENOMEM.
 */
int umm_learned_file_read(const char *path, struct umm_findings *findings);

/** Put these findings, as those of this kernel, in place of the file's on the same subjects. Those
 * without a driver are left out. Returns 0, or why the file is as it was: a negative errno. */
int umm_learned_file_write(const char *path, const struct umm_findings *findings);

#endif

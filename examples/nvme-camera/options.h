/* SPDX-License-Identifier: MIT */
/** What the camera was told: by its command line, and by who started it (umm run, exec:). */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <umm/umm.h>

struct options {
	const char *device;	  /* "vfio:0000:00:10.0" */
	const char *iommu;	  /* "iommufd", "group"; NULL: what the kernel has */
	struct umm_size size;	  /* of a frame */
	uint32_t format;	  /* one plane */
	struct umm_rational rate; /* 0: as fast as they are taken */

	int socket;	   /* to the broker */
	const char *token; /* of the collection to fill */
	const char *name;  /* in messages and in the collection */
	uint64_t frames;   /* at most; 0: what the image holds */
};

/** Returns 0, or -1 with a line on stderr. */
int options_read(struct options *out, int argc, char **argv);

/** One line on stderr. Returns -1. */
int complain(const struct options *options, const char *format, ...) UMM_PRINTF(2, 3);

#endif

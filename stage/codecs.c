/* SPDX-License-Identifier: MIT */
#include "stage/codecs.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "stage/load.h"
#include "stage/table.h"

#define FILE_NAME "umm-codecs.so"

/* The file beside the object that holds the stages. */
static void find(char path[static PATH_MAX])
{
	Dl_info us;
	const char *ours =
		dladdr(&stage_file, &us) != 0 && us.dli_fname != NULL ? us.dli_fname : "";
	const char *slash = strrchr(ours, '/');
	int directory = slash != NULL ? (int)(slash - ours) : 1;
	snprintf(path, PATH_MAX, "%.*s/" FILE_NAME, directory, slash != NULL ? ours : ".");
}

const struct stage_codecs *stage_codecs_load(const struct stage_spec *spec)
{
	char path[PATH_MAX];
	find(path);
	return stage_load(spec, "the decoders", path, STAGE_CODECS_SYMBOL);
}

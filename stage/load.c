/* SPDX-License-Identifier: MIT */
#include "stage/load.h"

#include <dlfcn.h>
#include <string.h>

#include <umm/version.h>

/* dlerror() begins with the file where it is about that one, and else names another library. */
static const char *why_not(const char *path)
{
	const char *why = dlerror();
	size_t length = strlen(path);
	if (why != NULL && strncmp(why, path, length) == 0 && why[length] == ':')
		why += length + 1 + (why[length + 1] == ' ');
	return why != NULL ? why : "no reason given";
}

const void *stage_load(const struct stage_spec *spec, const char *what, const char *path,
		       const char *symbol)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const char *const *version = handle != NULL ? dlsym(handle, symbol) : NULL;
	if (version == NULL) {
		stage_error(spec, "cannot load %s from %s: %s", what, path, why_not(path));
		return NULL;
	}
	if (strcmp(*version, UMM_VERSION) != 0) {
		stage_error(spec, "%s in %s are of version %s, and this is umm %s", what, path,
			    *version, UMM_VERSION);
		return NULL;
	}
	return version;
}

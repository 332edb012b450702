/* SPDX-License-Identifier: MIT */
#include "os/gbm.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Into a pointer to a function, of whatever kind: POSIX lets dlsym() do this, ISO C by a copy. */
static bool find(void *library, const char *name, void *pointer)
{
	void *symbol = dlsym(library, name);
	memcpy(pointer, &symbol, sizeof(symbol));
	return symbol != NULL;
}

const struct umm_gbm *umm_gbm_load(void)
{
	static struct umm_gbm gbm;
	static bool loaded;
	if (loaded)
		return &gbm;
	void *library = dlopen(UMM_GBM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	bool all = library != NULL;
#define FIND(name) all = all && find(library, #name, &gbm.name);
	UMM_GBM_FUNCTIONS(FIND)
#undef FIND
	loaded = all;
	return all ? &gbm : NULL;
}

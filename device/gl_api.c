/* SPDX-License-Identifier: MIT */
/**
 * The libraries are opened once and stay: Mesa's threads and exit handlers do not bear that their
 * code goes away.
 */
#include "device/gl_api.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#define LIBRARY_EGL "libEGL.so.1"

/* Into a pointer to a function, of whatever kind: POSIX lets dlsym() do this, ISO C by a copy. */
static bool find(void *library, const char *name, void *pointer)
{
	void *symbol = dlsym(library, name);
	memcpy(pointer, &symbol, sizeof(symbol));
	return symbol != NULL;
}

static bool ask_egl(const struct umm_gl_api *api, const char *name, void *pointer)
{
	__eglMustCastToProperFunctionPointerType function = api->eglGetProcAddress(name);
	memcpy(pointer, &function, sizeof(function));
	return function != NULL;
}

/* What EGL 1.5 and GLES have comes by eglGetProcAddress() as well, as
   EGL_KHR_get_all_proc_addresses says: libGLESv2 need not be there by name. */
static bool load_egl(struct umm_gl_api *api)
{
	void *library = dlopen(LIBRARY_EGL, RTLD_NOW | RTLD_LOCAL);
	bool all = library != NULL;
#define FIND(name) all = all && find(library, #name, &api->name);
	UMM_GL_OF_EGL(FIND)
#undef FIND
#define ASK(name) all = all && ask_egl(api, #name, &api->name);
	UMM_GL_OF_GL(ASK)
	ASK(eglGetPlatformDisplayEXT)
	ASK(eglCreateImageKHR)
	ASK(eglDestroyImageKHR)
	ASK(glEGLImageTargetTexture2DOES)
#undef ASK
	return all;
}

static void ask_for_extensions(struct umm_gl_api *api)
{
#define ASK(name) ask_egl(api, #name, &api->name);
	ASK(eglQueryDmaBufFormatsEXT)
	ASK(eglQueryDmaBufModifiersEXT)
	ASK(eglCreateSyncKHR)
	ASK(eglDestroySyncKHR)
	ASK(eglDupNativeFenceFDANDROID)
	ASK(eglGetDisplayDriverName)
#undef ASK
}

int umm_gl_api_load(const struct umm_gl_api **out, const char **missing)
{
	static struct umm_gl_api api;
	static bool loaded;
	if (!loaded) {
		*missing = UMM_GBM_LIBRARY;
		api.gbm = umm_gbm_load();
		if (api.gbm == NULL)
			return -ENOENT;
		*missing = LIBRARY_EGL;
		if (!load_egl(&api))
			return -ENOENT;
		ask_for_extensions(&api);
		loaded = true;
	}
	*out = &api;
	return 0;
}

bool umm_gl_has_word(const char *list, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = list; at != NULL && (at = strstr(at, name)) != NULL; at += length)
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

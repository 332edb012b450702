/* SPDX-License-Identifier: MIT */
/**
 * Cleanup by declaration: what a variable owns is freed when it goes out of scope, unless it was
 * moved out. All of them keep errno.
 */
#ifndef UMM_OS_CLEANUP_H
#define UMM_OS_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void umm_close_fd(int *fd)
{
	if (*fd < 0)
		return;
	int saved = errno;
	close(*fd);
	errno = saved;
	*fd = -1;
}

static inline void umm_free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

/** Move an fd out of its umm_autofd. */
static inline int umm_fd_steal(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

/** An fd, or -1, closed at the end of its scope. */
#define umm_autofd __attribute__((cleanup(umm_close_fd))) int

/** A pointer from malloc, or NULL, freed at the end of its scope. */
#define umm_autofree __attribute__((cleanup(umm_free_pointer)))

/** Any noun with a destroy function: umm_auto(umm_answer, answer) = NULL; needs
 * UMM_DEFINE_AUTO(umm_answer, umm_answer_destroy). */
#define UMM_DEFINE_AUTO(noun, destroy)                                                             \
	static inline void noun##_auto_destroy(struct noun **pointer)                              \
	{                                                                                          \
		destroy(*pointer);                                                                 \
	}
#define umm_auto(noun, name) __attribute__((cleanup(noun##_auto_destroy))) struct noun *name

/** Move a pointer out of its automatic variable. */
#define umm_steal(pointer)                                                                         \
	({                                                                                         \
		__typeof__(pointer) umm_taken_ = (pointer);                                        \
		(pointer) = NULL;                                                                  \
		umm_taken_;                                                                        \
	})

#endif

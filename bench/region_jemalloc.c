/* SPDX-License-Identifier: MIT */
/**
 * jemalloc as a contender: an arena of its own whose memory comes from an area of the same size.
 *
 * jemalloc replaces malloc of the process it is linked to and cannot be loaded later (its
 * thread-local storage must be there from the start), so it is neither linked nor loaded here: the
 * benchmark starts itself once more with LD_PRELOAD, and there its functions are found by name
 * (jemalloc(3); the constants are those of jemalloc_macros.h).
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench/region.h"

#define FLAG_ALIGN(align)  ((int)__builtin_ctzll(align))
#define FLAG_NO_CACHE	   (1 << 8)
#define FLAG_ARENA(number) ((int)((number) + 1) << 20)

struct hooks {
	void *(*alloc)(struct hooks *hooks, void *wanted, size_t size, size_t align, bool *zero,
		       bool *commit, unsigned arena);
	bool (*dalloc)(struct hooks *hooks, void *start, size_t size, bool committed,
		       unsigned arena);
	void *destroy, *commit, *decommit, *purge_lazy, *purge_forced;
	bool (*split)(struct hooks *hooks, void *start, size_t size, size_t a, size_t b,
		      bool committed, unsigned arena);
	bool (*merge)(struct hooks *hooks, void *a, size_t a_size, void *b, size_t b_size,
		      bool committed, unsigned arena);
};

static void *(*je_mallocx)(size_t size, int flags);
static void (*je_dallocx)(void *start, int flags);
static int (*je_mallctl)(const char *name, void *old, size_t *old_size, void *new, size_t new_size);

struct arena {
	struct hooks hooks; /* first: the hooks find their arena by it */
	uintptr_t next, end;
	void *mapping;
	size_t mapping_size;
	unsigned number;
};

/** ISO C has no conversion from what dlsym() returns to a function. */
static bool find_symbol(const char *name, void *out_function)
{
	void *symbol = dlsym(RTLD_DEFAULT, name);
	memcpy(out_function, &symbol, sizeof(symbol));
	return symbol != NULL;
}

const char *region_jemalloc_missing(void)
{
	bool found = find_symbol("mallocx", &je_mallocx) && find_symbol("dallocx", &je_dallocx) &&
		     find_symbol("mallctl", &je_mallctl);
	return found ? NULL : "libjemalloc.so.2 is not installed (Debian: libjemalloc2)";
}

static void *hook_alloc(struct hooks *hooks, void *wanted, size_t size, size_t align, bool *zero,
			bool *commit, unsigned number)
{
	(void)number;
	struct arena *arena = (struct arena *)hooks;
	uintptr_t start = (arena->next + align - 1) & ~(uintptr_t)(align - 1);
	if ((wanted != NULL && start != (uintptr_t)wanted) || start > arena->end ||
	    arena->end - start < size)
		return NULL;
	arena->next = start + size;
	*zero = *commit = true;
	return (void *)start;
}

/** true: no, keep it. */
static bool hook_dalloc(struct hooks *hooks, void *start, size_t size, bool committed,
			unsigned number)
{
	(void)hooks, (void)start, (void)size, (void)committed, (void)number;
	return true;
}

/** false: done. */
static bool hook_split(struct hooks *hooks, void *start, size_t size, size_t a, size_t b,
		       bool committed, unsigned number)
{
	(void)hooks, (void)start, (void)size, (void)a, (void)b, (void)committed, (void)number;
	return false;
}

static bool hook_merge(struct hooks *hooks, void *a, size_t a_size, void *b, size_t b_size,
		       bool committed, unsigned number)
{
	(void)hooks, (void)a, (void)a_size, (void)b, (void)b_size, (void)committed, (void)number;
	return false;
}

/** Nothing is ever given back to the system: what is freed stays in the area. */
static void never_decay(unsigned number)
{
	static const char *const names[] = { "dirty_decay_ms", "muzzy_decay_ms" };
	ssize_t never = -1;
	for (size_t i = 0; i < 2; i++) {
		char name[64];
		snprintf(name, sizeof(name), "arena.%u.%s", number, names[i]);
		je_mallctl(name, NULL, NULL, &never, sizeof(never));
	}
}

static void destroy(void *self)
{
	struct arena *arena = self;
	char name[64];
	snprintf(name, sizeof(name), "arena.%u.reset", arena->number);
	je_mallctl(name, NULL, NULL, NULL, 0);
	/* The arena cannot be unmade while its hooks keep its memory: mapping and arena stay. */
}

static int create(struct umm_range area, void **out)
{
	if (region_jemalloc_missing() != NULL)
		return -ENOSYS;
	struct arena *arena = calloc(1, sizeof(*arena));
	if (arena == NULL)
		return -ENOMEM;
	arena->hooks = (struct hooks){
		.alloc = hook_alloc,
		.dalloc = hook_dalloc,
		.split = hook_split,
		.merge = hook_merge,
	};
	/* Only jemalloc's own records in it are ever touched. */
	arena->mapping_size = area.size;
	arena->mapping = mmap(NULL, area.size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena->mapping == MAP_FAILED) {
		free(arena);
		return -errno;
	}
	arena->next = (uintptr_t)arena->mapping;
	arena->end = arena->next + area.size;
	struct hooks *hooks = &arena->hooks;
	size_t size = sizeof(arena->number);
	int ret = je_mallctl("arenas.create", &arena->number, &size, &hooks, sizeof(hooks));
	if (ret != 0) {
		munmap(arena->mapping, arena->mapping_size);
		free(arena);
		return -ret;
	}
	never_decay(arena->number);
	*out = arena;
	return 0;
}

static bool take(void *self, uint64_t size, uint64_t align, uint64_t *out_start)
{
	struct arena *arena = self;
	void *start =
		je_mallocx(size, FLAG_ALIGN(align) | FLAG_NO_CACHE | FLAG_ARENA(arena->number));
	*out_start = (uintptr_t)start;
	return start != NULL;
}

static void give(void *self, struct umm_range run)
{
	(void)self;
	je_dallocx((void *)(uintptr_t)run.start, FLAG_NO_CACHE);
}

const struct region_contender region_jemalloc = {
	.name = "jemalloc",
	.what = "an arena over an area of that size",
	.create = create,
	.take = take,
	.give = give,
	.destroy = destroy,
};

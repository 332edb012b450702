/* SPDX-License-Identifier: MIT */
#include "os/cma.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "os/number.h"
#include "os/page.h"

bool umm_cma_total(const char *root, uint64_t *out)
{
	char path[PATH_MAX], line[128];
	snprintf(path, sizeof(path), "%s/proc/meminfo", root);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return false;
	unsigned long long kib;
	bool found = false;
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = sscanf(line, "CmaTotal: %llu kB", &kib) == 1;
	fclose(file);
	if (!found || kib == 0)
		return false;
	*out = (uint64_t)kib * 1024;
	return true;
}

/* A counter of pages, over all areas. */
static bool sum(const char *root, const char *counter, uint64_t *out)
{
	char pattern[PATH_MAX];
	glob_t areas;
	snprintf(pattern, sizeof(pattern), "%s" UMM_CMA_AREAS "/*/%s", root, counter);
	if (glob(pattern, 0, NULL, &areas) != 0)
		return false;
	uint64_t pages = 0, number = 0;
	bool all = true;
	for (size_t i = 0; i < areas.gl_pathc && all; i++, pages += number)
		all = umm_number_read(areas.gl_pathv[i], &number);
	globfree(&areas);
	if (all)
		*out = pages * umm_page_bytes();
	return all;
}

bool umm_cma_ever_taken(const char *root, uint64_t *out)
{
	return sum(root, "alloc_pages_success", out);
}

/* Given back is read first: what comes between the two counts as taken, never as less than none. */
bool umm_cma_taken(const char *root, uint64_t *out)
{
	uint64_t taken, given_back;
	if (!sum(root, "release_pages_success", &given_back) || !umm_cma_ever_taken(root, &taken))
		return false;
	*out = taken > given_back ? taken - given_back : 0;
	return true;
}

bool umm_cma_has_area(const char *root, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s" UMM_CMA_AREAS "/%s", root, name);
	return access(path, F_OK) == 0;
}

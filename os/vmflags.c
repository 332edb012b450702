/* SPDX-License-Identifier: MIT */
#include "os/vmflags.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE 512

static bool has_word(char *words, const char *wanted)
{
	char *save;
	for (char *word = strtok_r(words, " \n", &save); word != NULL;
	     word = strtok_r(NULL, " \n", &save))
		if (strcmp(word, wanted) == 0)
			return true;
	return false;
}

/* "START-END PERMISSIONS ..." begins a mapping, "VmFlags: ..." is its last line. */
static int search(FILE *file, uintptr_t start, const char *flag, bool *out)
{
	static const char key[] = "VmFlags:";
	char line[LINE_SIZE];
	bool inside = false, begins = true;
	while (fgets(line, sizeof(line), file) != NULL) {
		unsigned long from, to;
		if (begins && sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			if (inside)
				return -ENODATA;
			inside = from == start;
		} else if (begins && inside && strncmp(line, key, sizeof(key) - 1) == 0) {
			*out = has_word(line + sizeof(key) - 1, flag);
			return 0;
		}
		begins = strchr(line, '\n') != NULL;
	}
	return inside ? -ENODATA : -ENOENT;
}

int umm_mapping_has_flag(const void *map, const char *flag, bool *out)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	if (file == NULL)
		return -errno;
	int ret = search(file, (uintptr_t)map, flag, out);
	fclose(file);
	return ret;
}

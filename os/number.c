/* SPDX-License-Identifier: MIT */
#include "os/number.h"

#include <stdio.h>

bool umm_number_read(const char *path, uint64_t *out)
{
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return false;
	unsigned long long number;
	bool found = fscanf(file, "%llu", &number) == 1;
	fclose(file);
	if (found)
		*out = number;
	return found;
}

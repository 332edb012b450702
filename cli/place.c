/* SPDX-License-Identifier: MIT */
#include "cli/place.h"

#include <string.h>
#include <unistd.h>

void place_of_program(char *out, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", out, size - 1);
	out[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(out, '/');
	if (slash != NULL)
		*slash = '\0';
}

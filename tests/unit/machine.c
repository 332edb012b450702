/* SPDX-License-Identifier: MIT */
#include "tests/unit/machine.h"

#include <sys/stat.h>

#include "tests/harness.h"

void machine_put(const char *path, const char *text)
{
	char full[512];
	snprintf(full, sizeof(full), MACHINE "%s", path);
	for (char *slash = strchr(full, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	FILE *file = fopen(full, "we");
	CHECK(file != NULL);
	CHECK(fputs(text, file) >= 0);
	CHECK_INT(fclose(file), 0);
}

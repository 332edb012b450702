/* SPDX-License-Identifier: MIT */
#include "tests/unit/fault.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "tests/harness.h"

#define MAX_NAMES 64

static bool armed, hit;
static unsigned countdown;
static _Thread_local bool victim, spared;

/* Pointers to literals of who diverts: no allocation here. */
static const char *met[MAX_NAMES];
static unsigned n_met;

void fault_here(void)
{
	victim = true;
}

void fault_spare(bool spare)
{
	spared = spare;
}

bool fault_met(const char *name)
{
	for (unsigned i = 0; i < n_met; i++)
		if (strcmp(met[i], name) == 0)
			return true;
	return false;
}

bool fault_fails(const char *name, int error)
{
	if (!victim || spared)
		return false;
	if (!fault_met(name) && n_met < MAX_NAMES)
		met[n_met++] = name;
	if (!armed || hit || --countdown > 0)
		return false;
	hit = true;
	errno = error;
	return true;
}

static unsigned count_fds(void)
{
	fault_spare(true);
	DIR *dir = opendir("/proc/self/fd");
	CHECK(dir != NULL);
	unsigned n = 0;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	fault_spare(false);
	return n;
}

unsigned fault_run(int (*scenario)(void))
{
	fault_prepare();
	CHECK_INT(scenario(), 0); /* warm up what is made once per process */
	unsigned fds = count_fds();
	for (unsigned n = 1;; n++) {
		armed = true;
		hit = false;
		countdown = n;
		int ret = scenario();
		armed = false;
		if (count_fds() != fds)
			test_fail(__FILE__, __LINE__, "failing call %u leaked a file descriptor",
				  n);
		if (!hit) {
			CHECK_INT(ret, 0);
			return n - 1;
		}
	}
}

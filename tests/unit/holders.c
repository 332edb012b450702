/* SPDX-License-Identifier: MIT */
/** Who has a device: a terminal of the test's own is one, and its children have it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/holders.h"
#include "tests/harness.h"

static int main_end;
static char path[64];

static void make_device(void)
{
	main_end = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (main_end < 0 || grantpt(main_end) != 0 || unlockpt(main_end) != 0 ||
	    ptsname_r(main_end, path, sizeof(path)) != 0)
		SKIP("there are no terminals here");
}

/* Returns its number when it has the device. */
static pid_t holder(const char *name)
{
	int ready[2];
	CHECK_INT(pipe2(ready, O_CLOEXEC), 0);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		int fd = open(path, O_RDWR | O_NOCTTY);
		if (fd < 0 || prctl(PR_SET_NAME, name) != 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	char byte;
	close(ready[1]);
	CHECK_INT(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	CHECK_INT(waitpid(child, NULL, 0), child);
}

TEST(program_that_has_a_device_is_named_with_its_number)
{
	char said[UMM_HOLDERS_MAX], expected[96];
	make_device();
	pid_t child = holder("camera\033app");
	snprintf(expected, sizeof(expected), "; it is open in camera?app (%d)", child);
	umm_holders(path, said);
	end(child);
	if (strcmp(said, expected) != 0)
		test_fail(__FILE__, __LINE__, "%s, expected %s", said, expected);
	CHECK(umm_holders(path, said)[0] == '\0');
	close(main_end);
}

TEST(many_programs_are_named_as_far_as_they_fit)
{
	enum { MANY = 6 };
	char said[UMM_HOLDERS_MAX];
	pid_t children[MANY];
	make_device();
	for (unsigned i = 0; i < MANY; i++)
		children[i] = holder("fifteen-letters");
	umm_holders(path, said);
	for (unsigned i = 0; i < MANY; i++)
		end(children[i]);
	size_t length = strlen(said);
	CHECK(length < UMM_HOLDERS_MAX);
	CHECK(strstr(said, "; it is open in fifteen-letters (") == said);
	CHECK(strstr(said, "), fifteen-letters (") != NULL);
	CHECK(length > 5 && strcmp(said + length - 5, "), ..") == 0);
	close(main_end);
}

TEST(this_process_and_what_is_no_device_are_not_told_of)
{
	char said[UMM_HOLDERS_MAX] = "?";
	make_device();
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(umm_holders(path, said)[0] == '\0');
	CHECK(umm_holders("/proc", said)[0] == '\0');
	CHECK(umm_holders("/dev/is-not-there", said)[0] == '\0');
	close(fd);
	close(main_end);
}

/* SPDX-License-Identifier: MIT */
#include "tests/harness.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_SKIP 77

static struct test *tests;

void test_register(struct test *test)
{
	test->next = tests;
	tests = test;
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "%s:%d: ", file, line);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	fflush(NULL);
	_exit(1);
}

void test_skip(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("SKIP: ", stdout);
	vprintf(format, args);
	fputc('\n', stdout);
	va_end(args);
	fflush(NULL);
	_exit(EXIT_SKIP);
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	if (dir == NULL)
		return -1;
	int n = 0;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void run_child(const struct test *test)
{
	int before = count_fds();
	test->run();
	int after = count_fds();
	if (after != before)
		test_fail(__FILE__, __LINE__, "%s leaked %d file descriptor(s)", test->name,
			  after - before);
	exit(0); /* not _exit: leak checkers work at exit */
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info, (void)type, (void)walk;
	return remove(path);
}

static unsigned time_limit(void)
{
	const char *text = getenv("UMM_TEST_TIMEOUT");
	int seconds = text != NULL ? atoi(text) : 0;
	return seconds > 0 ? (unsigned)seconds : 60;
}

/* Wait for the child's group leader; past the limit the whole group is killed. */
static int wait_child(pid_t child)
{
	struct timespec tick = { .tv_nsec = 2 * 1000 * 1000 };
	double waited = 0;
	int status;
	for (;;) {
		pid_t got = waitpid(child, &status, WNOHANG);
		if (got == child)
			return status;
		if (waited > time_limit()) {
			fprintf(stderr, "timed out after %u s\n", time_limit());
			kill(-child, SIGKILL);
			waitpid(child, &status, 0);
			return 1 << 8;
		}
		nanosleep(&tick, NULL);
		waited += 0.002;
	}
}

static int run_test(const struct test *test)
{
	char dir[] = "/tmp/umm-test-XXXXXX";
	if (mkdtemp(dir) == NULL) {
		perror("mkdtemp");
		return 1;
	}
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		setpgid(0, 0);
		if (chdir(dir) == 0)
			run_child(test);
		_exit(1);
	}
	int status = wait_child(child);
	kill(-child, SIGKILL); /* whatever the test left behind */
	nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);

	int result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	const char *word = result == 0 ? "ok" : result == EXIT_SKIP ? "skip" : "FAIL";
	if (WIFSIGNALED(status))
		fprintf(stderr, "%s: killed by signal %d (%s)\n", test->name, WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	printf("%-4s %s\n", word, test->name);
	return result;
}

static const struct test *find_test(const char *name)
{
	for (const struct test *test = tests; test != NULL; test = test->next)
		if (strcmp(test->name, name) == 0)
			return test;
	return NULL;
}

static int run_all(void)
{
	int worst = 0;
	for (const struct test *test = tests; test != NULL; test = test->next) {
		int result = run_test(test);
		if (result != 0 && result != EXIT_SKIP)
			worst = 1;
	}
	return worst;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return run_all();
	if (strcmp(argv[1], "--list") == 0) {
		for (const struct test *test = tests; test != NULL; test = test->next)
			puts(test->name);
		return 0;
	}

	int result = 0;
	for (int i = 1; i < argc; i++) {
		const struct test *test = find_test(argv[i]);
		if (test == NULL) {
			fprintf(stderr, "no such test: %s\n", argv[i]);
			return 1;
		}
		int one = run_test(test);
		if (one != 0 && (result == 0 || result == EXIT_SKIP))
			result = one;
	}
	return result;
}

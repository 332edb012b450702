/* SPDX-License-Identifier: MIT */
/**
 * Files that appear whole or not at all.
 */
#include "stage/outfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"

static unsigned entries(void)
{
	DIR *directory = opendir(".");
	CHECK(directory != NULL);
	unsigned n = 0;
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(directory);
	return n;
}

static void check_content(const char *path, const char *expected)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	CHECK(read(fd, text, sizeof(text) - 1) >= 0);
	close(fd);
	CHECK_STR(text, expected);
}

TEST(a_file_appears_with_the_commit)
{
	struct stage_outfile *file;
	CHECK_INT(stage_outfile_open("a.txt", &file), 0);
	CHECK_INT(stage_outfile_write(file, "hello ", 6), 0);
	CHECK_INT(stage_outfile_write(file, "world", 5), 0);
	CHECK(access("a.txt", F_OK) < 0);
	CHECK_INT(stage_outfile_commit(file), 0);
	check_content("a.txt", "hello world");
	CHECK_INT(entries(), 1);
}

TEST(a_file_is_replaced_in_one_step)
{
	for (int i = 0; i < 3; i++) {
		char text[2] = { (char)('0' + i), 0 };
		struct stage_outfile *file;
		CHECK_INT(stage_outfile_open("a.txt", &file), 0);
		CHECK_INT(stage_outfile_write(file, text, 1), 0);
		CHECK_INT(stage_outfile_commit(file), 0);
		check_content("a.txt", text);
	}
	CHECK_INT(entries(), 1);
}

TEST(an_aborted_file_leaves_the_old_one)
{
	struct stage_outfile *file;
	CHECK_INT(stage_outfile_open("a.txt", &file), 0);
	CHECK_INT(stage_outfile_write(file, "old", 3), 0);
	CHECK_INT(stage_outfile_commit(file), 0);
	CHECK_INT(stage_outfile_open("a.txt", &file), 0);
	CHECK_INT(stage_outfile_write(file, "new", 3), 0);
	stage_outfile_abort(file);
	check_content("a.txt", "old");
	CHECK_INT(entries(), 1);
}

TEST(a_killed_writer_leaves_nothing)
{
	struct stage_outfile *file;
	CHECK_INT(stage_outfile_open("probe.txt", &file), 0);
	bool nameless = entries() == 0;
	stage_outfile_abort(file);
	if (!nameless)
		SKIP("this file system has no O_TMPFILE");

	pid_t pid = fork();
	if (pid == 0) {
		if (stage_outfile_open("a.txt", &file) == 0 &&
		    stage_outfile_write(file, "half", 4) == 0)
			raise(SIGKILL);
		_exit(1);
	}
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	CHECK_INT(entries(), 0);
}

TEST(large_writes_arrive)
{
	enum { SIZE = 300000 };
	char *data = malloc(SIZE);
	CHECK(data != NULL);
	memset(data, 'x', SIZE);
	struct stage_outfile *file;
	CHECK_INT(stage_outfile_open("big", &file), 0);
	CHECK_INT(stage_outfile_write(file, "head", 4), 0);
	CHECK_INT(stage_outfile_write(file, data, SIZE), 0);
	CHECK_INT(stage_outfile_commit(file), 0);
	free(data);
	struct stat status;
	CHECK(stat("big", &status) == 0);
	CHECK_INT(status.st_size, SIZE + 4);
}

TEST(devices_are_written_and_not_replaced)
{
	struct stage_outfile *file;
	CHECK_INT(stage_outfile_open("/dev/full", &file), 0);
	CHECK_INT(stage_outfile_write(file, "x", 1), 0);
	CHECK_INT(stage_outfile_commit(file), -ENOSPC);
	struct stat status;
	CHECK(stat("/dev/full", &status) == 0 && S_ISCHR(status.st_mode));
}

TEST(hopeless_places_are_refused)
{
	struct stage_outfile *file = NULL;
	CHECK_INT(mkdir("directory", 0755), 0);
	CHECK_INT(stage_outfile_open("directory", &file), -EISDIR);
	CHECK_INT(stage_outfile_open("missing/a.txt", &file), -ENOENT);
	CHECK(file == NULL);
}

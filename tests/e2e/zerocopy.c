/* SPDX-License-Identifier: MIT */
/**
 * Zero copies, proved by other means than our own counter: where libav* really finds the pixels
 * (tests/e2e/witness), and which bytes the kernel sees crossing a pipe or a socket (strace).
 */
#include <errno.h>
#include <unistd.h>

#include "tests/e2e/tool.h"
#include "tests/harness.h"

#define FRAMES "15"

static const char *clip(void)
{
	static char path[512];
	snprintf(path, sizeof(path), "file:%s/demo/clip.mp4", getenv("UMM_SOURCE"));
	return path;
}

/* The file behind the pixels of each frame, in order: "DEV INO OFFSET" lines. */
struct testimony {
	char *lines[4096];
	unsigned n;
};

static struct testimony decoded, hashed, copied;

/* The line behind `word`, if this line begins with it. */
static char *behind(char *line, const char *word)
{
	size_t length = strlen(word);
	return strncmp(line, word, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

/* A frame is hashed row by row: its first row is the one after another file's, or whose offset
 * fell. */
static bool begins_frame(const char *line, const char *previous)
{
	if (previous == NULL)
		return true;
	const char *offset = strrchr(line, ' '), *before = strrchr(previous, ' ');
	bool same_file = offset - line == before - previous &&
			 strncmp(line, previous, (size_t)(offset - line)) == 0;
	return !same_file || strtoull(offset, NULL, 10) < strtoull(before, NULL, 10);
}

static void note(struct testimony *testimony, char *place)
{
	if (testimony->n < 4096)
		testimony->lines[testimony->n++] = place;
}

static void hear(char *text)
{
	char *save = NULL, *previous = NULL;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		char *place = behind(line, "decoded");
		if (place != NULL)
			note(&decoded, place);
		place = behind(line, "copied");
		if (place != NULL)
			note(&copied, place);
		place = behind(line, "hashed");
		if (place != NULL && begins_frame(place, previous))
			note(&hashed, place);
		if (place != NULL)
			previous = place;
	}
}

/* Run `source` beside the witness and hear it. The caller frees. */
static char *witness(const char *copies, const char *source)
{
	struct outcome outcome;
	setenv("UMM_WITNESS", "witness.txt", 1);
	setenv("LD_PRELOAD", getenv("UMM_WITNESS_LIBRARY"), 1);
	run_tool(&outcome, "run", "--quiet", copies, "--frames", FRAMES, source,
		 "framemd5:out.md5");
	unsetenv("LD_PRELOAD");
	if (outcome.status != 0)
		test_fail(__FILE__, __LINE__, "status %d: %s", outcome.status, outcome.err);
	outcome_finish(&outcome);

	char *text = read_whole("witness.txt");
	CHECK(text != NULL);
	hear(text);
	return text;
}

TEST(sink_reads_the_very_bytes_the_decoder_wrote)
{
	if (getenv("UMM_SANITIZED") != NULL)
		SKIP("the witness cannot be preloaded beside a sanitizer");
	char *text = witness("--copies=forbid", clip());
	CHECK_INT(hashed.n, atoi(FRAMES));
	CHECK_INT(copied.n, 0);
	CHECK(decoded.n >= hashed.n);
	for (unsigned i = 0; i < hashed.n; i++) {
		CHECK(strstr(decoded.lines[i], "private") == NULL);
		CHECK_STR(hashed.lines[i], decoded.lines[i]);
	}
	free(text);
}

/* Pictures of 16x16, uncompressed: the decoder for those can only be copied from. */
static void write_raw_clip(const char *path)
{
	static const char pixels[16 * 16 * 3 / 2];
	FILE *file = fopen(path, "we");
	CHECK(file != NULL);
	fputs("YUV4MPEG2 W16 H16 F25:1 C420jpeg\n", file);
	for (int i = 0; i < atoi(FRAMES); i++) {
		fputs("FRAME\n", file);
		fwrite(pixels, 1, sizeof(pixels), file);
	}
	CHECK_INT(fclose(file), 0);
}

/* Otherwise its silence above would prove nothing. */
TEST(witness_sees_copies_where_there_are_some)
{
	if (getenv("UMM_SANITIZED") != NULL)
		SKIP("the witness cannot be preloaded beside a sanitizer");
	write_raw_clip("clip.y4m");
	char *text = witness("--copies=allow", "file:clip.y4m");
	CHECK_INT(hashed.n, atoi(FRAMES));
	CHECK(copied.n >= hashed.n);
	free(text);
}

/* Sum of what the calls on pipes and sockets returned. */
static unsigned long long crossed_bytes(const char *trace)
{
	unsigned long long total = 0;
	char *text = read_whole(trace), *save = NULL;
	CHECK(text != NULL);
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strstr(line, "<pipe:") == NULL && strstr(line, "<socket:") == NULL &&
		    strstr(line, "<UNIX") == NULL)
			continue;
		const char *result = strrchr(line, '=');
		long long bytes = result != NULL ? strtoll(result + 1, NULL, 10) : 0;
		if (bytes > 0)
			total += (unsigned long long)bytes;
	}
	free(text);
	return total;
}

static unsigned long long trace_run(const char *frames)
{
	char command[2048];
	snprintf(command, sizeof(command),
		 "ASAN_OPTIONS=detect_leaks=0 " /* LeakSanitizer cannot work under ptrace */
		 "strace -f -qq -yy -e "
		 "trace=read,readv,pread64,preadv,preadv2,write,writev,pwrite64,pwritev,"
		 "pwritev2,sendto,sendmsg,sendmmsg,recvfrom,recvmsg,recvmmsg,splice,tee,vmsplice,"
		 "sendfile,"
		 "copy_file_range,process_vm_readv,process_vm_writev -o trace.txt "
		 "%s run --quiet --frames %s test,size=640x480 compose null >/dev/null 2>&1",
		 getenv("UMM_TOOL"), frames);
	CHECK_INT(system(command), 0);
	return crossed_bytes("trace.txt");
}

TEST(a_few_kilobytes_cross_pipes_and_sockets_however_many_frames)
{
	if (system("strace -f -o /dev/null true 2>/dev/null") != 0)
		SKIP("strace is missing, or may not trace here");
	unsigned long long few = trace_run("3"), many = trace_run("300");
	printf("%llu bytes for 3 frames, %llu for 300, each 2,457,600 bytes of pixels\n", few,
	       many);
	CHECK(many < 64 * 1024);
	CHECK(many < few + 4096);
}

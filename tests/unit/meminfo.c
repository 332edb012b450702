/* SPDX-License-Identifier: MIT */
/** The tightest limit on memory wins and is named; the machine is a directory of files. */
#include "os/meminfo.h"
#include "tests/harness.h"
#include "tests/unit/machine.h"

#define MIB (UINT64_C(1) << 20)

static void expect(uint64_t free_bytes, const char *limit)
{
	struct umm_memory_room room;
	umm_memory_room(MACHINE, &room);
	CHECK_INT(room.free_bytes, free_bytes);
	CHECK_STR(room.limit, limit);
}

static void machine_with(uint64_t available_mib)
{
	char text[256];
	snprintf(text, sizeof(text),
		 "MemTotal:       99999999 kB\nMemFree:        1 kB\nMemAvailable:   %llu kB\n",
		 (unsigned long long)available_mib * 1024);
	machine_put("/proc/meminfo", text);
}

#define V2_MOUNT                                                                                   \
	"22 28 0:20 / /proc rw - proc proc rw\n"                                                   \
	"35 28 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1_MOUNT                                                                                   \
	"36 28 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"                              \
	"37 28 0:32 / /sys/fs/cgroup/memory rw shared:7 - cgroup cgroup rw,memory\n"

TEST(without_cgroups_the_machine_is_the_limit)
{
	machine_with(1000);
	expect(1000 * MIB, "MemAvailable of /proc/meminfo");
}

TEST(nothing_to_read_is_no_limit)
{
	expect(UINT64_MAX, "");
}

static void v2_group(const char *path, const char *max, const char *current)
{
	char file[256];
	snprintf(file, sizeof(file), "/sys/fs/cgroup%s/memory.max", path);
	machine_put(file, max);
	snprintf(file, sizeof(file), "/sys/fs/cgroup%s/memory.current", path);
	machine_put(file, current);
}

TEST(tightest_group_of_the_hierarchy_wins)
{
	machine_with(1000);
	machine_put("/proc/self/cgroup", "0::/user/alice/shell\n");
	machine_put("/proc/self/mountinfo", V2_MOUNT);
	v2_group("/user/alice/shell", "max\n", "1048576\n");
	v2_group("/user/alice", "524288000\n", "104857600\n"); /* 500 MiB, 100 used */
	v2_group("/user", "838860800\n", "104857600\n");
	expect(400 * MIB, "memory.max of cgroup /user/alice");
	v2_group("/user", "209715200\n", "104857600\n");
	expect(100 * MIB, "memory.max of cgroup /user");
	v2_group("/user/alice/shell", "2097152\n", "1048576\n");
	expect(1 * MIB, "memory.max of cgroup /user/alice/shell");
	machine_with(0);
	expect(0, "MemAvailable of /proc/meminfo");
}

TEST(group_that_is_over_its_limit_has_nothing_left)
{
	machine_with(1000);
	machine_put("/proc/self/cgroup", "0::/a\n");
	machine_put("/proc/self/mountinfo", V2_MOUNT);
	v2_group("/a", "1048576\n", "2097152\n");
	expect(0, "memory.max of cgroup /a");
}

TEST(page_cache_counts_as_free)
{
	machine_with(1000);
	machine_put("/proc/self/cgroup", "0::/a\n");
	machine_put("/proc/self/mountinfo", V2_MOUNT);
	v2_group("/a", "104857600\n", "104857600\n");
	machine_put("/sys/fs/cgroup/a/memory.stat",
		    "anon 1048576\nfile 62914560\nshmem 9437184\ninactive_file 31457280\n"
		    "active_file 10485760\ninactive_anon 9437184\n");
	expect(40 * MIB, "memory.max of cgroup /a");
	machine_put("/sys/fs/cgroup/a/memory.stat", "inactive_file 999999999999\n");
	expect(100 * MIB, "memory.max of cgroup /a");
}

/* A container without a cgroup namespace: the path is the host's, the mount begins in its middle.
 */
TEST(container_sees_its_own_part_of_the_hierarchy)
{
	machine_with(1000);
	machine_put("/proc/self/cgroup", "0::/docker/abc/job\n");
	machine_put("/proc/self/mountinfo",
		    "35 28 0:30 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	v2_group("", "209715200\n", "0\n");
	v2_group("/job", "max\n", "0\n");
	expect(200 * MIB, "memory.max of cgroup /docker/abc");
	/* another container's name begins with ours: what is mounted is all there is */
	machine_put("/proc/self/cgroup", "0::/docker/abcdef\n");
	expect(200 * MIB, "memory.max of cgroup /docker/abcdef");
}

static void v1_group(const char *path, const char *limit, const char *usage)
{
	char file[256];
	snprintf(file, sizeof(file), "/sys/fs/cgroup/memory%s/memory.limit_in_bytes", path);
	machine_put(file, limit);
	snprintf(file, sizeof(file), "/sys/fs/cgroup/memory%s/memory.usage_in_bytes", path);
	machine_put(file, usage);
}

TEST(first_version_of_cgroups_limits_too)
{
	machine_with(1000);
	machine_put("/proc/self/cgroup",
		    "9:name=systemd:/\n4:cpuset,memory:/jobs/1\n1:cpu:/elsewhere\n0::/\n");
	machine_put("/proc/self/mountinfo", V2_MOUNT V1_MOUNT);
	v1_group("", "9223372036854771712\n", "5000000000\n");
	v1_group("/jobs", "314572800\n", "104857600\n");
	v1_group("/jobs/1", "9223372036854771712\n", "52428800\n");
	expect(200 * MIB, "memory.limit_in_bytes of cgroup /jobs");
	machine_put("/sys/fs/cgroup/memory/jobs/memory.stat",
		    "active_file 999\ntotal_active_file 52428800\ntotal_inactive_file 0\n");
	expect(250 * MIB, "memory.limit_in_bytes of cgroup /jobs");
}

TEST(files_that_make_no_sense_limit_nothing)
{
	machine_with(1000);
	machine_put("/proc/self/cgroup", "\n::\n0\n0:\n0::\n0::relative\nx:memory");
	machine_put("/proc/self/mountinfo",
		    "\n - \n1 2 3 - cgroup2\n1 2 3 / /sys/fs/cgroup - cgroup2 a b\n");
	v2_group("", "a lot", "12");
	expect(1000 * MIB, "MemAvailable of /proc/meminfo");
	machine_put("/proc/self/cgroup", "0::/\n");
	expect(1000 * MIB, "MemAvailable of /proc/meminfo");
	v2_group("", "1048576", "");
	expect(1000 * MIB, "MemAvailable of /proc/meminfo");
	v2_group("", "1048576", "48576");
	expect(1000000, "memory.max of cgroup /");
}

/* Names as long as file systems allow cannot be told whole. */
TEST(long_lines_are_cut_and_do_not_hide_the_next)
{
	static char text[8192];
	machine_with(1000);
	memset(text, 'o', 5000);
	memcpy(text, "34 28 0:9 / /mnt rw - overlay overlay ", 38);
	strcpy(text + 5000, "\n" V2_MOUNT);
	machine_put("/proc/self/mountinfo", text);
	machine_put("/proc/self/cgroup", "0::/a\n");
	v2_group("/a", "1048576\n", "0\n");
	expect(1 * MIB, "memory.max of cgroup /a");
}

TEST(this_machine_has_room)
{
	struct umm_memory_room room;
	umm_memory_room("", &room);
	CHECK(room.free_bytes > MIB && room.free_bytes < UINT64_MAX);
	CHECK(room.limit[0] != '\0');
	CHECK(umm_available_bytes() < UINT64_MAX);
}

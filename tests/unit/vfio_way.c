/* SPDX-License-Identifier: MIT */
/**
 * Two ways to a VFIO device, with the kernel's part played by the test: which is taken and why, the
 * calls in their order, and that each of them may fail without anything being left open.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <umm/device.h>

#include "device/vfio_way.h"
#include "os/iommufd.h"
#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"

#define ADDRESS "0000:00:10.0"
#define OWN	"/sys/bus/pci/devices/" ADDRESS "/vfio-dev/vfio3"
#define PAGE	UINT64_C(4096)

/* ---- the kernel ---- */

static char calls[512];
static int fail_call;		/* the n-th from now on, 1 is the next; 0: none */
static int error = ENODEV;	/* with which */
static int fail_again;		/* so often once more */
static int again_after;		/* so many calls */
static const char *hidden = ""; /* a node that is not there */
static int device_fd, iommu_fd;
static struct umm_ioas_range told[UMM_VFIO_MOST_RANGES + 4];
static uint32_t n_told;
static uint64_t alignment;

/* -1: this call is to fail. */
static int called(const char *what)
{
	size_t used = strlen(calls);
	snprintf(calls + used, sizeof(calls) - used, "%s%s", used > 0 ? ", " : "", what);
	if (fail_call == 0 || --fail_call > 0)
		return 0;
	if (fail_again > 0) {
		fail_again--;
		fail_call = again_after;
	}
	errno = error;
	return -1;
}

static int open_null(const char *path, int flags)
{
	static const char *const nodes[] = { "/dev/vfio/devices/vfio3", "/dev/iommu",
					     "/dev/vfio/vfio", "/dev/vfio/7" };
	(void)flags;
	for (size_t i = 0; i < 4; i++) {
		if (strcmp(path, nodes[i]) != 0)
			continue;
		errno = ENOENT;
		if (strcmp(path, hidden) == 0 || called(strrchr(path, '/') + 1) < 0)
			return -1;
		int fd = dup(STDERR_FILENO);
		*(i == 0 ? &device_fd : &iommu_fd) = fd;
		return fd;
	}
	return FAKE_NOT_MINE;
}

static int tell_ranges(struct umm_ioas_ranges *ask)
{
	uint32_t room = ask->n_ranges;
	CHECK(ask->size == 32 && ask->ioas_id == 5);
	memcpy((void *)(uintptr_t)ask->ranges, told,
	       (room < n_told ? room : n_told) * sizeof(told[0]));
	ask->n_ranges = n_told;
	ask->out_alignment = alignment;
	errno = EMSGSIZE;
	return room < n_told ? -1 : 0;
}

static int iommufd_calls(int fd, unsigned long request, void *argument)
{
	struct umm_vfio_bind *bind = argument;
	struct umm_ioas_alloc *alloc = argument;
	const struct umm_vfio_attach *attach = argument;
	switch (request) {
	case 0x3b76:
		CHECK(fd == device_fd && bind->size == 16 && bind->iommufd == iommu_fd);
		return called("bind");
	case 0x3b81:
		CHECK(fd == iommu_fd && alloc->size == 12);
		alloc->out_ioas_id = 5;
		return called("alloc");
	case 0x3b77:
		CHECK(fd == device_fd && attach->size == 12 && attach->ioas_id == 5);
		return called("attach");
	case 0x3b84:
		CHECK(fd == iommu_fd);
		return called("ranges") < 0 ? -1 : tell_ranges(argument);
	default:
		test_fail(__FILE__, __LINE__, "request %lx", request);
	}
}

static int group_calls(int fd, unsigned long request, void *argument)
{
	(void)fd;
	switch (request) {
	case VFIO_GET_API_VERSION:
		return called("version") < 0 ? -1 : VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return 1;
	case VFIO_GROUP_GET_STATUS:
		((struct vfio_group_status *)argument)->flags = VFIO_GROUP_FLAGS_VIABLE;
		return called("status");
	case VFIO_GROUP_SET_CONTAINER:
		return called("container");
	case VFIO_SET_IOMMU:
		return called("type");
	case VFIO_GROUP_GET_DEVICE_FD:
		return called("device") < 0 ? -1 : dup(STDERR_FILENO);
	case VFIO_IOMMU_GET_INFO:
		((struct vfio_iommu_type1_info *)argument)->flags = VFIO_IOMMU_INFO_PGSIZES;
		((struct vfio_iommu_type1_info *)argument)->iova_pgsizes = PAGE;
		return called("info");
	default:
		return iommufd_calls(fd, request, argument);
	}
}

static void start_kernel(void)
{
	calls[0] = '\0';
	fail_call = fail_again = 0;
	told[0] = (struct umm_ioas_range){ 0, 0xfedfffff };
	told[1] = (struct umm_ioas_range){ 0xfef00000, UINT64_MAX };
	n_told = 2;
	alignment = PAGE;
	fake_node = OWN;
	fake_open = open_null;
	fake_ioctl = group_calls;
}

/* ---- tests ---- */

static const struct umm_pci pci = { .address = ADDRESS, .iommu_group = 7 };
static struct umm_vfio_way way;
static char why[UMM_DEVICE_WHY_MAX];

static int open_way(const char *wish)
{
	why[0] = '\0';
	return umm_vfio_way_open(&way, &pci, wish, why);
}

TEST(its_own_node_is_bound_to_an_address_space_of_its_own)
{
	void *iommu;
	start_kernel();
	CHECK_INT(open_way(NULL), 0);
	CHECK_STR(calls, "vfio3, iommu, bind, alloc, attach, ranges");
	CHECK_STR(way.name, "iommufd");
	CHECK_STR(way.because, "its own node and /dev/iommu can be opened");
	CHECK(way.iommu.n_ranges == 2 && way.iommu.ranges_told && way.iommu.page_sizes == PAGE);
	CHECK(way.iommu.ranges[0].size == 0xfee00000 && way.iommu.coherent);
	CHECK(umm_range_last(way.iommu.ranges[1]) == UINT64_MAX);
	CHECK(umm_vfio_way_dma(&way, &iommu) == &umm_iommufd_ops);
	CHECK(((struct umm_iommufd *)iommu)->fd == way.fds.iommufd);
	CHECK_INT(((struct umm_iommufd *)iommu)->ioas, 5);
	umm_vfio_way_close(&way);
}

TEST(group_is_taken_where_a_node_is_missing_and_the_missing_one_named)
{
	static const char *const cases[][3] = {
		{ "/dev/vfio/devices/vfio3", "its own node in /dev/vfio/devices",
		  "vfio, version, 7, status, container, type, device, info" },
		{ "/dev/iommu", "/dev/iommu",
		  "vfio3, vfio, version, 7, status, container, type, device, info" },
	};
	void *iommu;
	for (int i = 0; i < 2; i++) {
		char expected[96];
		start_kernel();
		hidden = cases[i][0];
		CHECK_INT(open_way(NULL), 0);
		CHECK_STR(calls, cases[i][2]);
		CHECK_STR(way.name, "group");
		snprintf(expected, sizeof(expected), "%s: No such file or directory", cases[i][1]);
		CHECK_STR(way.because, expected);
		CHECK(umm_vfio_way_dma(&way, &iommu) == &umm_vfio_ops);
		CHECK_INT(((struct umm_vfio *)iommu)->container, way.fds.container);
		umm_vfio_way_close(&way);
	}
	start_kernel();
	fake_node = "/nowhere"; /* a kernel that makes no such nodes */
	CHECK_INT(open_way(NULL), 0);
	CHECK_STR(way.name, "group");
	umm_vfio_way_close(&way);
}

TEST(wish_decides_and_is_not_passed_over)
{
	start_kernel();
	CHECK_INT(open_way("group"), 0);
	CHECK_STR(calls, "vfio, version, 7, status, container, type, device, info");
	umm_vfio_way_close(&way);
	start_kernel();
	hidden = "/dev/iommu";
	CHECK_INT(open_way("iommufd"), -ENOENT);
	CHECK_STR(why, ADDRESS ": iommu=iommufd: /dev/iommu: No such file or directory; it takes "
			       "Linux 6.6 with CONFIG_VFIO_DEVICE_CDEV, and modprobe iommufd");
	CHECK_INT(open_way("magic"), -EINVAL);
	CHECK_STR(why, ADDRESS ": iommu=magic: it is group or iommufd");
}

/* The harness counts fds. */
static void each_call_fails(const char *wish, int n_calls)
{
	for (int n = 1; n <= n_calls; n++) {
		start_kernel();
		fail_call = n;
		CHECK(open_way(wish) < 0);
		CHECK(strncmp(why, ADDRESS ": ", 14) == 0 && strlen(why) > 20);
		CHECK(way.fds.device == -1 && way.fds.iommufd == -1);
		CHECK(way.fds.container == -1 && way.fds.group == -1);
	}
	start_kernel();
	fail_call = n_calls + 1; /* that was all of them */
	CHECK_INT(open_way(wish), 0);
	umm_vfio_way_close(&way);
}

TEST(each_call_may_fail_and_leaves_nothing_open)
{
	each_call_fails("iommufd", 6);
	each_call_fails("group", 8);
	error = ENOMEM;
	each_call_fails("iommufd", 6);
	start_kernel();
	fail_call = 1;
	CHECK_INT(open_way(NULL), -ENOMEM); /* no reason to go the other way */
	CHECK_STR(calls, "vfio3");
}

TEST(refusals_of_the_kernel_are_told_in_words)
{
	static const struct {
		int error, ret;
		const char *said;
	} cases[] = {
		{ EPERM, -EPERM, "other devices of its IOMMU group 7 have drivers of the kernel" },
		{ EIO, -EIO, "VFIO_DEVICE_BIND_IOMMUFD: Input/output error" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start_kernel();
		fail_call = 3;
		error = cases[i].error;
		CHECK_INT(open_way(NULL), cases[i].ret);
		CHECK(strstr(why, cases[i].said) != NULL);
	}
}

static const struct {
	const char *wish;
	int error, fail_call, again_after;
	const char *said;
} taken[] = {
	{ "iommufd", EINVAL, 3, 1, "VFIO_DEVICE_BIND_IOMMUFD: another program drives it" },
	{ "iommufd", EBUSY, 3, 1, "VFIO_DEVICE_BIND_IOMMUFD: another program drives it" },
	{ "group", EBUSY, 3, 3, "its group's node in /dev/vfio: another program drives it" },
};

static int open_taken(size_t i, int times)
{
	start_kernel();
	error = taken[i].error;
	fail_call = taken[i].fail_call;
	again_after = taken[i].again_after;
	fail_again = times - 1;
	return open_way(taken[i].wish);
}

TEST(device_that_somebody_only_looks_at_is_waited_for)
{
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		CHECK_INT(open_taken(i, 4), 0);
		CHECK_INT(fail_call + fail_again, 0);
		umm_vfio_way_close(&way);
	}
}

TEST(device_that_somebody_drives_is_refused)
{
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		CHECK_INT(open_taken(i, INT_MAX), -EBUSY);
		CHECK(strstr(why, taken[i].said) != NULL);
		CHECK_INT(way.fds.device + way.fds.container, -2);
	}
}

TEST(ranges_that_make_no_sense_or_are_too_many_are_left_out)
{
	start_kernel();
	told[0] = (struct umm_ioas_range){ 10, 5 };
	CHECK_INT(open_way(NULL), 0);
	CHECK(way.iommu.n_ranges == 1 && way.iommu.ranges[0].start == 0xfef00000);
	umm_vfio_way_close(&way);
	start_kernel();
	n_told = UMM_VFIO_MOST_RANGES + 4;
	for (uint32_t i = 0; i < n_told; i++)
		told[i] = (struct umm_ioas_range){ i << 20, (i << 20) + PAGE - 1 };
	CHECK_INT(open_way(NULL), 0);
	CHECK_INT(way.iommu.n_ranges, UMM_VFIO_MOST_RANGES);
	umm_vfio_way_close(&way);
	for (int i = 0; i < 2; i++) {
		start_kernel();
		alignment = i == 0 ? 0 : 3 * PAGE;
		CHECK_INT(open_way(NULL), -EPROTO);
	}
}

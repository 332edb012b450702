/* SPDX-License-Identifier: MIT */
/** When a device is in another state than before; the machine is a directory of files, and the
 * device is /dev/null, for the sake of its number. */
#include "os/devstate.h"

#include <sys/stat.h>

#include "tests/harness.h"
#include "tests/unit/machine.h"

#define HARDWARE "/sys/dev/char/1:3/device"
#define MODULE	 HARDWARE "/driver/module"

struct state {
	char text[UMM_DEVSTATE_MAX + 1];
};

static struct state read_state(const char *device)
{
	struct state state;
	umm_devstate_read(MACHINE, (struct umm_devstate_subject){ "a-driver", device }, state.text);
	return state;
}

static void load_driver(const char *allocators)
{
	machine_put(HARDWARE "/modalias", "platform:vivid\n");
	machine_put(MODULE "/notes/.note.gnu.build-id", "7f0c");
	machine_put(MODULE "/parameters/allocators", allocators);
	machine_put(MODULE "/parameters/n_devs", "1\n");
}

/* Whether it is another state when a file says something else, and the old one afterwards. */
static bool matters(const char *path, const char *text, const char *before)
{
	struct state old = read_state("v4l2:/dev/null");
	machine_put(path, text);
	struct state now = read_state("v4l2:/dev/null");
	machine_put(path, before);
	CHECK_STR(read_state("v4l2:/dev/null").text, old.text);
	return strcmp(old.text, now.text) != 0;
}

TEST(a_driver_with_other_parameters_is_another_state)
{
	load_driver("0\n");
	CHECK_INT(strlen(read_state("v4l2:/dev/null").text), UMM_DEVSTATE_MAX);
	CHECK(matters(MODULE "/parameters/allocators", "1\n", "0\n"));
	CHECK(matters(MODULE "/parameters/n_devs", "2\n", "1\n"));
	CHECK(!matters(MODULE "/refcnt", "7\n", "1\n"));
}

TEST(a_driver_built_anew_other_hardware_and_an_iommu_are_other_states)
{
	load_driver("0\n");
	machine_put(HARDWARE "/iommu_group/type", "identity\n");
	CHECK(matters(MODULE "/notes/.note.gnu.build-id", "7f0d", "7f0c"));
	CHECK(matters(HARDWARE "/modalias", "usb:v046D\n", "platform:vivid\n"));
	CHECK(matters(HARDWARE "/iommu_group/type", "DMA\n", "identity\n"));
}

/* virtio_gpu drives what virtio-pci has; the module of a driver "a-driver" is a_driver. */
TEST(the_module_with_the_name_of_the_driver_counts_as_well)
{
	load_driver("0\n");
	machine_put("/sys/module/a_driver/parameters/modeset", "1\n");
	machine_put("/sys/module/a_driver/notes/.note.gnu.build-id", "3a");
	machine_put("/sys/module/other/parameters/modeset", "1\n");
	CHECK(matters("/sys/module/a_driver/parameters/modeset", "0\n", "1\n"));
	CHECK(matters("/sys/module/a_driver/notes/.note.gnu.build-id", "3b", "3a"));
	CHECK(!matters("/sys/module/other/parameters/modeset", "0\n", "1\n"));
}

TEST(a_driver_by_a_name_that_is_none_is_looked_for_nowhere)
{
	static const char *const names[] = { "", "..", "../module/a_driver",
					     "a_driver/../a_driver" };
	load_driver("0\n");
	struct state before, now;
	umm_devstate_read(MACHINE, (struct umm_devstate_subject){ "none", "/dev/null" },
			  before.text);
	machine_put("/sys/module/a_driver/parameters/modeset", "1\n");
	machine_put("/sys/parameters/modeset", "1\n");
	machine_put("/sys/module/parameters/modeset", "1\n");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		umm_devstate_read(MACHINE, (struct umm_devstate_subject){ names[i], "/dev/null" },
				  now.text);
		CHECK_STR(now.text, before.text);
	}
}

TEST(values_that_change_places_are_another_state)
{
	load_driver("0\n");
	struct state before = read_state("/dev/null");
	machine_put(MODULE "/parameters/allocators", "1\n");
	machine_put(MODULE "/parameters/n_devs", "0\n");
	CHECK(strcmp(before.text, read_state("/dev/null").text) != 0);
}

TEST(a_parameter_that_is_too_long_counts_as_far_as_it_is_read)
{
	static char text[10000];
	load_driver("0\n");
	memset(text, 'x', sizeof(text) - 1);
	CHECK(matters(MODULE "/parameters/allocators", text, "0\n"));
}

TEST(what_is_no_node_of_a_device_has_no_state)
{
	load_driver("0\n");
	static const char *const names[] = { "",
					     "card0",
					     "kms:",
					     "/dev",
					     "/dev/none",
					     "kms:/etc/passwd",
					     "/dev/./zero",
					     "/dev/shm",
					     "kms:/dev/../dev/null" };
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK_STR(read_state(names[i]).text, "");
}

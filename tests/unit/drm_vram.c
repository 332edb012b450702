/* SPDX-License-Identifier: MIT */
/** Cards that show memory of their own; the machine is a directory of files. */
#include "os/drm_vram.h"
#include "tests/harness.h"
#include "tests/unit/machine.h"

#include <stdio.h>
#include <unistd.h>

#include "os/page.h"

#define DEVICE "/sys/class/drm/card0/device"
#define MIB    (UINT64_C(1) << 20)

static void put_card(const char *driver, const char *release)
{
	char target[128];
	snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
	machine_put("/proc/sys/kernel/osrelease", release);
	machine_put(DEVICE "/resource",
		    "0x00000000fd000000 0x00000000fdffffff 0x0000000000042208\n"
		    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n");
	CHECK_INT(symlink(target, MACHINE DEVICE "/driver"), 0);
}

TEST(two_buffers_of_a_flip_must_fit_beside_the_console)
{
	struct umm_drm_vram vram;
	put_card("bochs-drm", "6.12.117+deb12-amd64\n");
	CHECK(umm_drm_vram(MACHINE, "card0", &vram));
	CHECK_INT(vram.size_bytes, 16 * MIB);
	CHECK_INT(vram.console_bytes, 0);
	CHECK_INT(umm_drm_vram_buffer_max(&vram), 8 * MIB);

	machine_put(DEVICE "/graphics/fb0/virtual_size", "1280,800\n");
	machine_put(DEVICE "/graphics/fb0/stride", "5120\n");
	CHECK(umm_drm_vram(MACHINE, "card0", &vram));
	CHECK_INT(vram.console_bytes, 5120 * 800);
	uint64_t max = umm_drm_vram_buffer_max(&vram);
	CHECK(max % umm_page_bytes() == 0 && max <= (16 * MIB - 5120 * 800) / 2);
	CHECK(max >= 1600 * 900 * 4 && max < 1920 * 1080 * 4);
}

TEST(a_driver_that_learned_to_do_better_is_left_alone)
{
	put_card("bochs-drm", "6.13.0\n");
	CHECK(!umm_drm_vram(MACHINE, "card0", NULL));
}

TEST(other_cards_and_heaps_that_are_no_cards_are_left_alone)
{
	struct umm_drm_vram vram = { .size_bytes = 7 };
	put_card("cirrus", "6.12.0\n");
	CHECK(!umm_drm_vram(MACHINE, "card0", &vram) && !umm_drm_vram(MACHINE, "card1", &vram) &&
	      !umm_drm_vram(MACHINE, "udmabuf", &vram) && !umm_drm_vram(MACHINE, "", &vram));
	CHECK_INT(vram.size_bytes, 7);
}

TEST(memory_whose_size_nobody_tells_bounds_nothing)
{
	struct umm_drm_vram vram;
	put_card("vboxvideo", "6.12.0\n");
	CHECK(umm_drm_vram(MACHINE, "card0", &vram));
	CHECK_INT(vram.size_bytes, 0);
	CHECK_INT(umm_drm_vram_buffer_max(&vram), 0);
}

TEST(nonsense_about_a_region_is_no_size)
{
	struct umm_drm_vram vram;
	put_card("hibmc-drm", "6.12.0\n");
	machine_put(DEVICE "/resource", "0x10 0x0f 0x0\n");
	CHECK(umm_drm_vram(MACHINE, "card0", &vram));
	CHECK_INT(vram.size_bytes, 0);
	machine_put(DEVICE "/resource", "nonsense\n");
	CHECK(umm_drm_vram(MACHINE, "card0", &vram) && umm_drm_vram_buffer_max(&vram) == 0);
}

# SPDX-License-Identifier: MIT
"""What a test machine consists of, from Python or from a command line."""
import argparse
import dataclasses

from kernel import KERNELS

# QEMU's device, the driver's module.
DISPLAYS = {
    "cirrus": ("cirrus-vga", "cirrus"),
    "bochs": ("VGA", "bochs"),
    "virtio": ("virtio-vga", "virtio-gpu"),
    "virgl": ("virtio-vga-gl", "virtio-gpu"),  # drawn by the host, in a window of an X server of ours
}


@dataclasses.dataclass(frozen=True)
class Options:
    kernel: str = "stock"  # of KERNELS
    displays: tuple = ()  # of DISPLAYS; the n-th is the device "display<n>" to the monitor
    modules: tuple = ()  # "vivid,allocators=1,n_devs=1", loaded in this order
    iommu: bool = False  # an Intel IOMMU that the kernel uses
    nvme_mb: int = 0  # size of an NVMe disk at 0000:00:10.0, the machine's `disk` outside; 0: none
    hugepages: int = 0  # of 2 MiB, reserved at boot
    memory_mb: int = 1024
    cpus: int = 2
    append: tuple = ()  # further kernel parameters
    qemu: tuple = ()  # further arguments of QEMU, e.g. "-device", "edu"
    boot_timeout_s: int = 240
    shell: bool = False  # a console on the terminal

    @property
    def needs_window(self):
        return "virgl" in self.displays

    def all_modules(self):
        return tuple(DISPLAYS[name][1] for name in self.displays) + self.modules

    def device_arguments(self, disk):
        words = []
        if self.iommu:
            words += ["-device", "intel-iommu,intremap=on"]
        for number, name in enumerate(self.displays):
            words += ["-device", f"{DISPLAYS[name][0]},id=display{number}"]
        if self.nvme_mb:
            words += ["-drive", f"file={disk},if=none,id=disk,format=raw",
                      "-device", "nvme,serial=umm,drive=disk,addr=10"]
        return words + list(self.qemu)

    def kernel_parameters(self):
        words = list(self.append)
        if self.iommu:
            # The kernel tries early whether the timer's interrupt comes through the IOMMU, and panics
            # where an emulated machine on a busy host is late.
            words += ["intel_iommu=on", "no_timer_check"]
        if self.hugepages:
            words.append(f"hugepages={self.hugepages}")
        return words


def add_arguments(parser):
    parser.add_argument("--kernel", choices=sorted(KERNELS), default="stock",
                        help="Debian's, or the purpose-built one")
    parser.add_argument("--display", action="append", choices=sorted(DISPLAYS), default=[],
                        help="a display and its driver (repeated: the first is display0)")
    parser.add_argument("--module", action="append", default=[], metavar="NAME[,KEY=VALUE...]",
                        help="load a module")
    parser.add_argument("--iommu", action="store_true", help="an Intel IOMMU")
    parser.add_argument("--nvme", type=int, default=0, metavar="MIB", help="an NVMe disk")
    parser.add_argument("--hugepages", type=int, default=0, metavar="N", help="reserve N of 2 MiB")
    parser.add_argument("--memory", type=int, default=1024, metavar="MIB")
    parser.add_argument("--append", action="append", default=[], metavar="PARAMETER",
                        help="a kernel parameter")
    parser.add_argument("--qemu", action="append", default=[], metavar="ARGUMENT",
                        help="an argument for QEMU")


def from_arguments(arguments):
    return Options(kernel=arguments.kernel,
                   displays=tuple(arguments.display), modules=tuple(arguments.module),
                   iommu=arguments.iommu, nvme_mb=arguments.nvme, hugepages=arguments.hugepages,
                   memory_mb=arguments.memory, append=tuple(arguments.append),
                   qemu=tuple(arguments.qemu))


def parser(description):
    return argparse.ArgumentParser(description=description,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)

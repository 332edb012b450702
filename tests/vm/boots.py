# SPDX-License-Identifier: MIT
"""The machines of the suite. One boot serves all cases that name it, so few are better than many.

Drivers can be loaded and unloaded by a case (`modprobe vivid ...`, `modprobe -r vivid`): a machine
of its own is for hardware that must be there from the start. `vivid` in MODULES below is the
test camera with memory of vmalloc; cases that need contiguous memory load it anew.
"""
from options import Options

VIVID = "vivid,n_devs=1,node_types=0x1,num_inputs=1,input_types=0,allocators=0,multiplanar=1"

BOOTS = {
    "cirrus": Options(displays=("cirrus",), modules=(VIVID,), hugepages=16, nvme_mb=64),
    # The same for what is about the camera: two machines run at a time, of about the same length.
    "camera": Options(displays=("cirrus",), modules=(VIVID,), hugepages=16),
    "vfio": Options(displays=("cirrus",), iommu=True, nvme_mb=64),
    "virtio": Options(displays=("virtio",), modules=(VIVID,)),
    "bochs": Options(displays=("bochs",), modules=(VIVID,)),
    # Of `make check-lab`: the kernel of lab.config, a camera that wants runs, and an area to take
    # them from that is soon full.
    "lab": Options(kernel="lab", displays=("cirrus",), append=("cma=48M",), memory_mb=512,
                   modules=(VIVID.replace("allocators=0", "allocators=1"),)),
    # Minutes of frames; on a machine of its own, so that the rest need not wait for them.
    "lab-long": Options(kernel="lab", displays=("cirrus",), modules=(VIVID,), memory_mb=512),
    "lab-iommu": Options(kernel="lab", displays=("cirrus",), iommu=True, nvme_mb=64, memory_mb=512,
                         modules=("vfio-pci", "iommufd"), qemu=("-device", "edu,addr=11")),
    # Debian's kernel again, for what goes deeper than every run has time for.
    "depth": Options(displays=("cirrus",), modules=(VIVID,), hugepages=16, nvme_mb=64),
    "depth-virtio": Options(displays=("virtio",), modules=(VIVID,)),
    # And a GPU of the host.
    "virgl": Options(displays=("virgl",)),
}

# SPDX-License-Identifier: MIT
"""Stage gl, on a processor that plays GPU: what the display shows is what the camera made."""
import json

from cases import Skip, case
from picture import Picture

HELD = "holding the last of"
CAMERA = "n_devs=1 node_types=0x1 num_inputs=1 input_types=0 allocators=0 multiplanar=1"
NODE, WIDTH, HEIGHT = "/dev/video0", 640, 480
ROUNDING = 1  # of the shader, in steps of 255


def need_gl(vm):
    if "no such kind of device" in vm.run("umm explain test gl:/dev/null null").stderr:
        raise Skip("umm was built without EGL and GBM")


def still_camera(vm):
    """Colour bars that do not change."""
    vm.reload("vivid", CAMERA)
    vm.check(f"v4l2-ctl -d {NODE} -c osd_text_mode=2,test_pattern=0")


def raw_frame(vm, fourcc):
    """What the camera makes, by the driver's own memory and without umm."""
    vm.check(f"v4l2-ctl -d {NODE} -v width={WIDTH},height={HEIGHT},pixelformat={fourcc} && "
             f"v4l2-ctl -d {NODE} --stream-mmap --stream-count=1 --stream-to=/tmp/reference.raw")
    return vm.check("cat /tmp/reference.raw").out


def bt601(y, u, v):
    """ITU-R BT.601, limited range."""
    luma, u, v = (y - 16) * 255 / 219, (u - 128) * 255 / 224, (v - 128) * 255 / 224
    return [min(255, max(0, round(value))) for value in
            (luma + 1.402 * v, luma - 0.344136 * u - 0.714136 * v, luma + 1.772 * u)]


def picture_of_nv12(data):
    known, pixels, chroma = {}, bytearray(), WIDTH * HEIGHT
    for y in range(HEIGHT):
        for x in range(WIDTH):
            at = chroma + y // 2 * WIDTH + x // 2 * 2
            yuv = data[y * WIDTH + x], data[at], data[at + 1]
            if yuv not in known:
                known[yuv] = bytes(bt601(*yuv))
            pixels += known[yuv]
    return Picture(WIDTH, HEIGHT, pixels)


REFUSED = "cannot attach memory of heap"


def refusals(vm, pipeline):
    """What one more run says of memory that was refused to the GPU: by it, or known from before."""
    told = vm.check(f"umm explain {pipeline}", timeout_s=400).stdout
    assert told.count("\nyes: ") == 2 and told.count("  heap        card0") == 2, told
    lines = [line for line in told.splitlines() if "gl " + REFUSED in line]
    return ([line for line in lines if "learned by trial" in line],
            [line for line in lines if "learned by an earlier trial" in line])


@case("virtio")
def frames_of_a_camera_are_drawn_and_shown_as_the_formula_says(vm):
    """And the second run knows what the first has found out."""
    need_gl(vm)
    still_camera(vm)
    wanted = picture_of_nv12(raw_frame(vm, "NV12"))
    pipeline = f"v4l2:{NODE},format=NV12,size={WIDTH}x{HEIGHT} gl: kms:"
    with vm.started(f"umm run --frames=3 {pipeline},hold=300") as job:
        job.wait_for(HELD, timeout_s=400)
        difference = vm.screendump().difference(wanted, ROUNDING)
        assert difference is None, difference
    vm.check("until ! pgrep -x umm >/dev/null; do sleep 0.1; done", timeout_s=60)
    vm.check("grep -q 'Total 0 objects' /sys/kernel/debug/dma_buf/bufinfo")
    now, before = refusals(vm, pipeline)
    assert not now and any("No such device" in line for line in before), (now, before)


@case("virtio")
def facts_of_a_gpu_are_told_with_their_sources(vm):
    need_gl(vm)
    devices = json.loads(vm.check("umm probe --json", timeout_s=180).stdout)["devices"]
    facts = [fact for device in devices if device["kind"] == "gl" and device["name"] == "/dev/dri/card0"
             for fact in device["facts"]]
    told = {fact["field"]: (fact["value"], fact["source"]) for fact in facts}
    assert told["driver"] == ("kms_swrast", "driver: eglGetDisplayDriverName"), told
    assert told["fences"][0] == "none: glFinish", told
    formats = {fact["value"]["format"]: fact["value"]["as"] for fact in facts
               if fact["field"] == "formats"}
    assert formats["NV12"] == ["R8", "GR88"] and formats["XR24"] == ["XR24"], formats


@case("cirrus")
def memory_that_kills_the_driver_kills_a_child_and_is_not_taken_again(vm):
    """Software EGL takes any dma-buf and dies at the first draw from it, or onto it."""
    need_gl(vm)
    pipeline = "test,size=320x240,format=XR24 gl: null"
    job = vm.check(f"umm run --frames=2 {pipeline}", timeout_s=500)
    assert "nothing copied" in job.stdout and "card0" in job.stdout, job.stdout
    assert REFUSED + " udmabuf: the trial died of SIGSEGV" in job.stderr, job.stderr
    now, before = refusals(vm, pipeline)
    assert not now and any("died of SIGSEGV" in line for line in before), (now, before)

# SPDX-License-Identifier: MIT
"""Stage gl, on a processor that plays GPU: what the display shows is what the camera made."""
import json
import os
import pathlib
import subprocess

from cases import Skip, case
from cases_v4l2 import NODE, camera, still_frame
from left import expect_nothing_left
from picture import Picture

HELD = "holding the last of"
WIDTH, HEIGHT = 640, 480
LOGO = pathlib.Path(__file__).resolve().parents[2] / "demo/logo.png"
CACHE = "/tmp/gl.json"
ROUNDING = 1  # of the shader, in steps of 255


def need_gl(vm):
    """Asked of the same program outside, where it is quick."""
    tool = os.path.join(vm.build, "cli", "umm")
    said = subprocess.run([tool, "explain", "test", "gl:/dev/null", "null"], check=False,
                          capture_output=True, text=True).stderr
    if "no such kind of device" in said:
        raise Skip("umm was built without EGL and GBM")


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


def turned(picture):
    """By 90 degrees, clockwise."""
    columns = [[row[at:at + 3] for row in reversed(picture.rows())]
               for at in range(0, 3 * picture.width, 3)]
    return Picture(picture.height, picture.width, b"".join(b"".join(column) for column in columns))


def with_logo(picture, left, top):
    """The logo over it, by its opacity."""
    width, height, logo = Picture.of_png(LOGO.read_bytes(), "rgba")
    pixels = bytearray(picture.pixels)
    for at in range(0, len(logo), 4):
        x, y, opacity = at // 4 % width, at // 4 // width, logo[at + 3]
        to = 3 * ((top + y) * picture.width + left + x)
        for i in range(3):
            pixels[to + i] = round((logo[at + i] * opacity + pixels[to + i] * (255 - opacity)) / 255)
    return Picture(picture.width, picture.height, pixels)


@case("virtio")
def frames_of_a_camera_are_drawn_and_shown_as_the_formula_says(vm):
    need_gl(vm)
    camera(vm)
    plain = picture_of_nv12(still_frame(vm, WIDTH, HEIGHT, "NV12"))
    source = f"v4l2:{NODE},format=NV12,size={WIDTH}x{HEIGHT},rate=60"
    vm.check(f"rm -f {CACHE}")
    with vm.started(f"umm run --frames=3 {source} gl: kms:,hold=300", UMM_CACHE=CACHE) as job:
        job.wait_for(HELD, timeout_s=400)
        difference = vm.screendump().difference(plain, ROUNDING)
        assert difference is None, difference
    expect_nothing_left(vm)
    refused = "edge0: gl " + REFUSED
    assert refused in job.stderr and "No such device" in job.stderr, job.stderr

    # Turned and with something over it. Onto such a picture it has not drawn before; what it refused
    # to read from is known.
    left, top = 99, 401
    job = vm.check(f"umm run --frames=2 {source} gl:,rotate=90,size={HEIGHT}x{WIDTH},format=XB24,"
                   f"overlay=demo/logo.png,x={left},y={top} png:/tmp/turned", timeout_s=400,
                   UMM_CACHE=CACHE)
    assert refused not in job.stderr and "nothing copied" in job.stdout, (job.stdout, job.stderr)
    assert "XB24" in job.stdout, job.stdout
    shown = Picture.from_png(vm.check("cat /tmp/turned/frame-000001.png").out)
    difference = shown.difference(with_logo(turned(plain), left, top), ROUNDING)
    assert difference is None, difference
    assert shown.difference(turned(plain), ROUNDING) is not None, "a logo that is not seen"


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


@case("depth")
def memory_that_kills_the_driver_kills_a_child_and_is_not_taken_again(vm):
    """Software EGL takes any dma-buf and dies at the first draw from it, or onto it."""
    need_gl(vm)
    pipeline = "test,size=320x240,format=XR24 gl: null"
    job = vm.check(f"umm run --frames=2 {pipeline}", timeout_s=500)
    assert "nothing copied" in job.stdout and "card0" in job.stdout, job.stdout
    assert REFUSED + " udmabuf: the trial died of SIGSEGV" in job.stderr, job.stderr
    now, before = refusals(vm, pipeline)
    assert not now and any("died of SIGSEGV" in line for line in before), (now, before)

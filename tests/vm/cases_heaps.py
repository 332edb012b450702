# SPDX-License-Identifier: MIT
"""umm with each source of memory that a real kernel has: the same frames, and nothing left behind."""
import json

from cases import Skip, case
from left import BUFFERS, expect_nothing_left
from picture import Picture

FRAMES = 6


def checksums(vm, heap, size="320x240", **environment):
    """What a pipeline over this heap shows; the table must name the heap and no copy."""
    job = vm.check(f"umm run test,size={size},format=XR24 framemd5:/tmp/{heap}.md5 --heap {heap} "
                   f"--frames {FRAMES} --json=/tmp/{heap}.json", **environment)
    edge = json.loads(vm.check(f"cat /tmp/{heap}.json").stdout)["edges"][0]
    assert (edge["heap"], edge["frames"], edge["copied_bytes"]) == (heap, FRAMES, 0), (edge, job.stderr)
    return vm.check(f"cat /tmp/{heap}.md5").stdout


def heaps(vm):
    return {heap["name"]: heap for heap in json.loads(vm.check("umm probe --json").stdout)["heaps"]}


@case("virtio", "bochs")
def frames_are_the_same_from_memory_of_the_card(vm):
    assert checksums(vm, "card0") == checksums(vm, "memfd")
    expect_nothing_left(vm)


@case("cirrus")
def frames_are_the_same_from_every_heap(vm):
    wanted = checksums(vm, "memfd")
    assert len(wanted.splitlines()) >= FRAMES
    found = [name for name, heap in heaps(vm).items()
             if heap["present"] and heap["class"] not in ("memfd", "hugetlb")]
    assert {"udmabuf", "system", "card0", "video0"} <= set(found), found
    for name in found:
        assert checksums(vm, name) == wanted, name
    expect_nothing_left(vm)


@case("depth")
def an_arena_gives_runs_behind_dmabufs(vm):
    arena = heaps(vm)["arena"]
    assert arena["present"] and arena["class"] == "udmabuf" and not arena["contiguous"], arena
    assert arena["contiguous_max_bytes"] >= 8 << 20, arena
    assert arena["contiguous_max_bytes"] < arena["address_max"] < 1 << 40, arena
    assert checksums(vm, "arena", "1024x576") == checksums(vm, "memfd", "1024x576")
    expect_nothing_left(vm)
    assert "HugePages_Free:       16" in vm.check("cat /proc/meminfo").stdout


@case("cirrus")
def who_may_not_look_gets_pages_and_is_told(vm):
    job = vm.check("setpriv --reuid=65534 --clear-groups umm run test,size=640x480,format=XR24 null "
                   "--heap arena --frames 2")
    assert "heap arena: each huge page is its own run: /proc/kpageflags: Permission denied" \
        in job.stdout, job.stdout


@case("depth")
def frames_are_the_same_while_their_buffers_move(vm):
    run = "umm run test,size=320x240,format=XR24,rate=10 framemd5:/tmp/moving.md5 --frames 40"
    vm.check(run)
    wanted = vm.check("cat /tmp/moving.md5").stdout
    for extra in "", "--guard":
        job = vm.check(f"{run} --arena 28M --stir --json=/tmp/moving.json {extra}")
        edges = json.loads(vm.check("cat /tmp/moving.json").stdout)["edges"]
        assert any(edge.get("moves", 0) > 0 for edge in edges), (edges, job.stdout, job.stderr)
        assert "out of the way of contiguous memory" in job.stdout, job.stdout
        assert all(edge["copied_bytes"] == 0 for edge in edges), edges
        assert vm.check("cat /tmp/moving.md5").stdout == wanted, extra
    assert "HugePages_Free:       16" in vm.check("cat /proc/meminfo").stdout


@case("depth")
def guard_works_on_dmabufs(vm):
    wanted = checksums(vm, "memfd")
    for name in ("udmabuf", "card0"):
        assert checksums(vm, name, UMM_GUARD="1") == wanted, name


@case("cirrus")
def limit_of_udmabuf_is_named_with_the_way_to_raise_it(vm):
    job = vm.run("umm run test,size=8192x4096,format=XR24 null --heap udmabuf --frames 1")
    assert job.status != 0
    assert "size_limit_mb = 64 (root may write it)" in job.stderr, job.stderr


@case("cirrus")
def camera_of_scattered_memory_promises_no_runs(vm):
    camera = heaps(vm)["video0"]
    assert camera["class"] == "v4l2" and not camera["contiguous"], camera
    assert "page by page" in camera["source"], camera


@case("cirrus")
def trial_finds_that_a_camera_gives_runs(vm):
    vm.reload("vivid", "n_devs=1 node_types=0x1 num_inputs=1 input_types=0 allocators=1")
    try:
        camera = heaps(vm)["video0"]
        assert camera["contiguous"], camera
        assert "as one range" in camera["source"], camera
        assert camera["size_max_bytes"] == 4 << 20, camera  # this kernel has no CMA
        assert checksums(vm, "video0") == checksums(vm, "memfd")
        expect_nothing_left(vm)
    finally:
        vm.reload("vivid", "n_devs=1 node_types=0x1 num_inputs=1 input_types=0 allocators=0")


@case("depth")
def a_camera_that_streams_is_left_alone(vm):
    if vm.run("command -v v4l2-ctl").status != 0:
        raise Skip("v4l2-ctl is not installed (v4l-utils)")
    with vm.started("v4l2-ctl -d /dev/video0 --stream-mmap --stream-count=100000") as job:
        job.wait_for("<")
        camera = heaps(vm)["video0"]
        assert not camera["present"], camera
        assert "Device or resource busy" in camera["source"], camera
    vm.wait_until(lambda: heaps(vm)["video0"]["present"], "the camera stays busy")


@case("cirrus")
def a_killed_pipeline_leaves_no_dmabuf(vm):
    with vm.started("umm run test,size=320x240 null --heap udmabuf --seconds 1000") as job:
        vm.wait_until(lambda: "Total 3 objects" in vm.check(f"cat {BUFFERS}").stdout, "no buffers are made")
        job.kill(9)
    expect_nothing_left(vm)


def check_shown(vm, heap, width, height):
    with vm.started(f"show-heap {heap} {width} {height} /tmp/shown.raw") as job:
        job.wait_for("holding")
        wanted = Picture.from_xrgb8888(width, height, vm.check("cat /tmp/shown.raw").out)
        shown = []

        def matches():
            shown[:] = [vm.screendump()]
            return shown[0].width == width and shown[0].difference(wanted) is None
        try:
            vm.wait_until(matches, "another picture is shown", timeout_s=20)
        except AssertionError as fault:
            raise AssertionError(f"{heap} {width}x{height}: {shown[0].difference(wanted)}") from fault
    expect_nothing_left(vm)


@case("virtio", "bochs")
def card_shows_its_own_buffers_with_our_pitch(vm):
    """These two import nothing; virtio-gpu's host refuses a scanout beyond the shape of the buffer."""
    for width, height in ((640, 480), (800, 600)):
        check_shown(vm, "card0", width, height)


@case("cirrus")
def card_shows_buffers_of_every_heap_with_our_pitch(vm):
    for heap in ("card0", "udmabuf", "system", "video0"):
        check_shown(vm, heap, 800, 600)

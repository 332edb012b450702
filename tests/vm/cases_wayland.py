# SPDX-License-Identifier: MIT
"""Stage wayland, with memory that a compositor imports (linux-dmabuf) and memory that it refuses.

The compositor is weston on the card's own display, drawing by GL on Mesa's software renderer, which
imports what that card has made. Its shell is the one with a desktop: kiosk-shell shows no window
where there is no keyboard or mouse, and draws its background in a wrong colour on llvmpipe.
"""
import contextlib
import json
import os
import subprocess
import tempfile

from cases import Skip, case

SIZE, N_FRAMES = "640x480", 40
RUNTIME = {"XDG_RUNTIME_DIR": "/tmp/wayland", "WAYLAND_DISPLAY": "umm-test"}
SOCKET = "/tmp/wayland/umm-test"
CONFIG = f"""[core]
idle-time=0
[output]
name=Virtual-1
mode={SIZE}
[shell]
panel-position=none
locking=false
animation=none
startup-animation=none
close-animation=none
"""
IMPORTED, POOL = "zwp_linux_buffer_params_v1@", ".create_pool("  # of WAYLAND_DEBUG


@contextlib.contextmanager
def compositor(vm):
    if vm.run("command -v weston").status != 0:
        raise Skip("weston is not installed")
    vm.check(f"mkdir -m 700 -p /tmp/wayland && printf '%s' '{CONFIG}' >/tmp/weston.ini")
    with vm.started("exec weston --backend=drm-backend.so --tty=1 --continue-without-input "
                    "--config=/tmp/weston.ini --socket=umm-test --log=/tmp/weston.log",
                    LIBSEAT_BACKEND="builtin", **RUNTIME) as weston:
        vm.wait_until(lambda: weston.status is not None or vm.run(["test", "-S", SOCKET]).status == 0,
                      "weston has made no socket", 240)
        assert weston.status is None, vm.run("tail -n 5 /tmp/weston.log").stdout
        yield weston


def drawn_frames(vm):
    """The number of each picture that stage test draws, by the same program outside."""
    tool = os.path.join(vm.build, "cli", "umm")
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([tool, "run", "--quiet", f"--frames={N_FRAMES}",
                        f"test,size={SIZE},format=XR24", f"png:{directory}"], check=True)
        # By one process for all: they take longer to start than to work.
        film = subprocess.run(["ffmpeg", "-loglevel", "error", "-i", f"{directory}/frame-%06d.png", "-f",
                               "rawvideo", "-pix_fmt", "rgb24", "-"], check=True,
                              stdout=subprocess.PIPE).stdout
    size = len(film) // N_FRAMES
    return {film[at:at + size]: at // size for at in range(0, len(film), size)}


def expect_shown(vm, weston, heap, frames):
    """Two frames of a slow stream are on the screen, exactly. What was said on the way."""
    with vm.started(f"exec umm run --heap={heap} test,size={SIZE},rate=1/2,format=XR24 wayland",
                    WAYLAND_DEBUG="1", **RUNTIME) as job:
        seen = []

        def shown(after):
            assert job.status is None and weston.status is None, job.err.decode()
            number = frames.get(vm.screendump().pixels, -1)
            seen.append(number)
            return number > after
        job.wait_for("reads the frames through", timeout_s=240)
        vm.wait_until(lambda: shown(-1), f"{heap}: no frame is on the screen", 240)
        vm.wait_until(lambda: shown(seen[-1]), f"{heap}: no other frame is on the screen", 120)
        job.kill(2)
        job.wait(120)
    # Of the window, too, which goes late on a loaded machine.
    vm.wait_until(lambda: vm.screendump().pixels not in frames, f"{heap}: the window stays", 120)
    said = job.err.decode()
    assert job.status == 0 and "nothing copied" in job.out.decode(), (job.status, job.out, said[-1000:])
    return said


@case("depth-virtio")
def compositor_shows_dma_bufs_that_it_imports_and_files_behind_others(vm):
    frames = drawn_frames(vm)
    with compositor(vm) as weston:
        said = expect_shown(vm, weston, "card0", frames)
        assert "reads the frames through linux-dmabuf" in said, said[-1000:]
        assert IMPORTED in said and ".created(" in said and POOL not in said, said[-4000:]

        said = expect_shown(vm, weston, "udmabuf", frames)
        assert "the compositor reads the frames through wl_shm" in said, said[-1000:]
        assert IMPORTED not in said and POOL in said, said[-4000:]

        # Buffers come back: there are fewer of them than frames.
        done = vm.check(f"umm run --quiet --json --heap=card0 --frames=12 test,size={SIZE} wayland",
                        timeout_s=240, **RUNTIME)
        edge = json.loads(done.stdout)["edges"][0]
        assert edge["buffers"] < 12 and (edge["frames"], edge["dropped"], edge["copied_bytes"]) == (
            12, 0, 0), edge
        assert done.stderr == "", done.stderr

        # Memory that goes on no way is refused before there is a window, and the reason is told.
        refused = vm.run(f"umm run --heap=system --frames=1 test,size={SIZE} wayland", **RUNTIME)
        assert refused.status == 1 and ("wayland cannot attach memory of heap system (refused through "
                                        "linux-dmabuf") in refused.stderr, refused.stderr
        assert "it would work with --heap system,card0" in refused.stderr or \
            "it would work without --heap" in refused.stderr, refused.stderr

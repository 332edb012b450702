# SPDX-License-Identifier: MIT
"""The X server in whose memory QEMU's window lies, for machines whose GPU is drawn by the host.

QEMU needs OpenGL for that: SDL has it from Mesa's llvmpipe, through Xvfb. The picture of such a display
is a texture, which the monitor's screendump does not see; the server's own memory, a file in the
format of xwd(1), shows what a person would see.
"""
import glob
import os
import shutil
import struct

from picture import Picture

SCREEN = "1600x1200x24"
SDL = "/usr/lib/*/qemu/ui-sdl.so"


def missing():
    """Why there is none here; None: it is all there."""
    if shutil.which("Xvfb") is None:
        return "Xvfb is not installed (xvfb)"
    if not glob.glob(SDL):
        return "QEMU has no window with OpenGL (qemu-system-gui)"
    return None


def command(directory, number_fd):
    """It writes the number of its display there when it listens."""
    return ["Xvfb", "-displayfd", str(number_fd), "-screen", "0", SCREEN, "-fbdir", directory,
            "-nolisten", "tcp"]


def read_number(fd):
    with os.fdopen(fd) as pipe:
        return pipe.readline().strip()


def screen(directory):
    """XWD, version 7: 25 words, big endian; a name; colours of 12 bytes; rows of XRGB8888."""
    with open(os.path.join(directory, "Xvfb_screen0"), "rb") as file:
        data = file.read()
    words = struct.unpack_from(">25I", data)
    header, width, height, stride, colors = words[0], words[4], words[5], words[12], words[19]
    return Picture.from_xrgb8888(width, height, data[header + 12 * colors:], stride)

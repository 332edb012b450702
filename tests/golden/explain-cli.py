#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command line of `umm explain`: what makes no sense gets one line on stderr that names what is
wrong, nothing on stdout, and exit status 2; what makes sense goes where it belongs.

    explain-cli.py UMM
"""
import json
import os
import subprocess
import sys
import tempfile

UMM = os.path.abspath(sys.argv[1])
FAILED = []


def umm(*arguments, **environment):
    env = {k: v for k, v in os.environ.items() if not k.startswith("UMM_")}
    env.update(environment)
    return subprocess.run([UMM, "explain", *arguments], env=env, timeout=60, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def check(what, good, done):
    if not good:
        FAILED.append(what)
        print(f"FAILED: {what}: exit {done.returncode}\n  stdout: {done.stdout!r}\n"
              f"  stderr: {done.stderr!r}")


def refused(word, *arguments):
    done = umm(*arguments)
    check(f"refuse {arguments}",
          done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1 and
          done.stderr.startswith(("umm: ", "umm explain: ")) and word in done.stderr, done)


def write(name, text):
    with open(name, "w") as file:
        file.write(text)
    return name


def mix(dsp):
    """Stages, devices of boards and files in one question, and what is to pass."""
    done = umm("test,size=64x64", dsp, "null")
    check("a file among stages", done.returncode == 0 and "test > dsp+null: NV12" in done.stdout and
          "stride.divisor_bytes is 4096 because of dsp" in done.stdout, done)
    done = umm(dsp, "compose", "png:out.png", "--size", "640x480")
    check("a file in front", done.returncode == 0 and "dsp > compose: NV12" in done.stdout and
          "required_sizes is 640x480 because of request" in done.stdout, done)
    done = umm("test", "null", "--size", "1920x1080", "--format", "NV21")
    check("ask stages", done.returncode == 0 and "NV21 LINEAR 1920x1080" in done.stdout, done)
    done = umm("test", dsp, "null", "--format", "XR24")
    check("what a file refuses", done.returncode == 1 and done.stdout == "" and
          "dsp" in done.stderr and "request" in done.stderr, done)
    done = umm("test", "omap4-panda:display", "null")
    check("a board's device clashes with this machine", done.returncode == 1 and
          "display" in done.stderr, done)
    done = umm("test", write("odd.json", '{"name": "odd", "usage": ["juggling"]}'), "null")
    check("a file that makes no sense", done.returncode == 1 and "juggling" in done.stderr, done)


def main():
    refused("explain whom")
    # Only stages need what stages need.
    done = umm("rpi4:camera", "--size", "640x480", UMM_STAGES="/nowhere/umm-stages.so")
    check("explain devices without stages", done.returncode == 0 and done.stderr == "", done)
    done = umm("test", "null", UMM_STAGES="/nowhere/umm-stages.so")
    check("say that the stages are missing", "/nowhere/umm-stages.so" in done.stderr, done)
    refused("nosuchboard", "nosuchboard:camera")
    refused("nosuchboard", "--board", "nosuchboard", "camera")
    refused("has no device 'oven'", "--board", "rpi4", "oven")
    refused("has no device 'oven'", "rpi4:oven")
    refused("what is 'oven'", "oven")
    refused("must be a source", "--board", "rpi4", "null", "camera")
    refused("can be a source", "--board", "rpi4", "camera", "test")
    refused("has no device 'oven'", "test", "rpi4:oven", "null")
    refused("same name", "test", "rpi4:camera", "rpi4:camera", "null")
    refused("WIDTHxHEIGHT", "test", "null", "--size", "1x")
    refused("no-such-file.json", "no-such-file.json")
    for size in ("", "x", "1920", "1920x", "x1080", "0x1080", "1920x0", "-1x5", "1920x1080x3",
                 "99999999999x1", "1e3x5", " 1x1"):
        refused("WIDTHxHEIGHT", "--size", size, "rpi4:camera")
    refused(":1:", write("broken.json", "{"))
    refused("holds no participant", write("list.json", "[]"))
    refused("holds no participant", write("nameless.json", '{"usage": ["gpu"]}'))
    refused("is not a board file", "--board", write("odd.json", '{"board": {}}'), "camera")

    done = umm("--help")
    check("help", done.returncode == 0 and "--board" in done.stdout and done.stderr == "", done)
    done = umm("--list")
    check("list", done.returncode == 0 and "omap4-panda\n" in done.stdout, done)
    write("rpi4.json", "{}")
    done = umm("--list", UMM_BOARD_PATH=os.getcwd())
    check("a board in two places is listed once", done.stdout.splitlines().count("rpi4") == 1, done)
    done = umm("--list", "--board", "rk3588")
    check("list devices", done.returncode == 0 and "rk3588:rga2" in done.stdout, done)
    done = umm("--board", "rpi4", "--format", "ABCD", "camera")
    check("unknown format", done.returncode == 2 and "ABCD" in done.stdout, done)
    done = umm("--json", "rpi4:camera", "rpi4:camera")
    check("the same device twice", done.returncode == 0 and
          "camera-2" in json.loads(done.stdout)["participants"], done)
    done = umm("test,size=64x64", "null")
    check("stages are rehearsed", done.returncode == 0 and "64x64" in done.stdout, done)
    mix(write("dsp.json", json.dumps({"name": "dsp", "usage": ["cpu_read"], "formats": [
        {"format": "NV12", "stride": {"divisor_bytes": 4096}}]})))
    done = umm("rpi4:camera", NO_COLOR="")
    check("no colours in a pipe", done.returncode == 0 and "\033" not in done.stdout, done)
    return 1 if FAILED else 0


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command line of `umm explain`: what makes no sense gets one line on stderr that names what is
wrong, nothing on stdout, and exit status 2; what makes sense goes where it belongs.

    explain-cli.py UMM
"""
import json
import os
import pty
import subprocess
import sys
import tempfile

UMM = os.path.abspath(sys.argv[1])
FAILED = []


def umm(*arguments, **environment):
    env = {k: v for k, v in os.environ.items() if not k.startswith("UMM_")}
    env.update(environment)
    return subprocess.run([UMM, "explain", *arguments], env=env, timeout=60, text=True, errors="replace",
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


def answers(what, status, *arguments):
    """The edges of a pipeline as JSON."""
    done = umm("--json", *arguments)
    check(what, done.returncode == status, done)
    return json.loads(done.stdout)["edges"]


def mix(dsp):
    """Stages, devices of boards and files in one question, and what is to pass."""
    done = umm("test,size=64x64", dsp, "null")
    check("a file among stages", done.returncode == 0 and "test > dsp+null\nyes: " in done.stdout and
          "4096 bytes  <- dsp\n" in done.stdout, done)
    done = umm(dsp, "compose", "png:out.png", "--size", "640x480")
    check("a file in front", done.returncode == 0 and "dsp > compose\nyes: " in done.stdout and
          "640x480  <- request\n" in done.stdout, done)
    done = umm("test", "null", "--size", "1920x1080", "--format", "NV21")
    check("ask stages", done.returncode == 0 and "  format      NV21, LINEAR\n" in done.stdout and
          "1920x1080\n" in done.stdout and "serves null and test@" in done.stdout, done)
    done = umm("test", dsp, "null", "--format", "XR24")
    check("what a file refuses", done.returncode == 3 and done.stderr == "" and
          "dsp takes NV12 only, but request takes XR24 only.\n" in done.stdout, done)
    done = umm("test", "omap4-panda:display", "null")
    check("a board's device clashes with this machine", done.returncode == 3 and
          "display can attach buffers of" in done.stdout, done)
    done = umm("test", write("odd.json", '{"name": "odd", "usage": ["juggling"]}'), "null")
    check("a file that makes no sense", done.returncode == 2 and done.stderr == "" and
          "\nodd: usage[0]: 'juggling' is none of" in done.stdout, done)


def edges():
    """Each edge of a pipeline has its page, or its object, as devices of boards have theirs."""
    done = umm("test,size=64x64", "compose", "null")
    first, _, second = done.stdout.partition("\n\ncompose > null\nyes: one layout serves ")
    check("a page for each edge", done.returncode == 0 and first.startswith("test > compose\nyes: ")
          and "\nbound by\n" in first and "\nbound by\n" in second, done)
    board = json.loads(umm("--json", "rpi4:camera").stdout)
    found = answers("an object for each edge", 0, "test,size=64x64", "compose", "null")
    check("edges have the answer's own keys", len(found) == 2 and
          [(edge["from"], edge["to"]) for edge in found] == [("test", ["compose"]),
                                                             ("compose", ["null"])] and
          all(set(edge) == set(board) | {"from", "to"} for edge in found), done)

    done = umm("test", "null", "--buffers", "2")
    check("an option that clashes", done.returncode == 3 and done.stderr == "" and
          "--buffers takes at most 2 buffers" in done.stdout and
          "\n  give --buffers 3\n  " in done.stdout and "\n  leave out --buffers\n" in done.stdout,
          done)
    found = answers("a conflict as JSON", 3, "test", "null", "--buffers", "2")
    check("a conflict has its parts", found[0]["status"] == "conflict" and found[0]["conflict"] and
          found[0]["relax"], done)

    clash = write("clash.json", '{"name": "clash", "usage": ["cpu_read"], '
                  '"formats": [{"format": "R8"}]}')
    done = umm("test,format=NV12", clash, "compose", "null")
    check("the page of a refusal is the last", done.returncode == 3 and
          done.stdout.startswith("compose > null\nnot asked: ") and
          "\n\ntest > clash+compose\nno: " in done.stdout, done)
    found = answers("an edge that was not asked", 3, "test,format=NV12", clash, "compose", "null")
    check("says so", [edge["status"] for edge in found] == ["conflict", "unasked"], done)

    done = umm("test,format=NV12", clash, "null")
    check("a copy would help", done.returncode == 3 and done.stderr == "" and done.stdout.endswith(
        "\n--copies=allow would help: frames would be converted, and so copied, between test and "
        "clash\n"), done)
    done = umm("--copies=allow", "test,format=NV12", clash, "null")
    check("and does", done.returncode == 0 and "compose-auto > clash\nyes: " in done.stdout, done)
    done = umm("--heap=hugetlb", "test,size=64x64", "null")
    check("a heap that is passed over is noted", done.returncode == 0 and done.stderr == "" and
          ("  note        heap hugetlb passed over: " in done.stdout or "hugetlb," in done.stdout),
          done)
    done = umm("--json=answer.json", "rpi4:camera")
    with open("answer.json") as file:
        check("JSON into a file", done.returncode == 0 and json.load(file)["status"] == "ok" and
              done.stdout.startswith("yes: "), done)
    refused("--buffers is for stages", "--buffers=3", "rpi4:camera")


def read_all(terminal):
    """Until the other side is closed, which a terminal tells as an error."""
    text = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            return text.decode()
        if not more:
            return text.decode()
        text += more


def on_terminal(*arguments, **environment):
    ours, theirs = pty.openpty()
    env = {k: v for k, v in os.environ.items() if not k.startswith("UMM_") and k != "NO_COLOR"}
    with subprocess.Popen([UMM, "explain", *arguments], env={**env, **environment},
                          stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        text = read_all(ours)
        status = process.wait(timeout=60)
    os.close(ours)
    return subprocess.CompletedProcess(arguments, status, text, "")


def colors():
    """On a terminal alone, and not for who does not want them."""
    for question in (["rpi4:camera"], ["test,size=64x64", "null"]):
        done = on_terminal(*question)
        check(f"colours of {question}", done.returncode == 0 and
              "\033[1;32myes\033[0m: " in done.stdout, done)
        done = on_terminal(*question, NO_COLOR="1")
        check(f"no colours of {question}", done.returncode == 0 and "yes: " in done.stdout and
              "\033" not in done.stdout, done)
        done = umm(*question)
        check(f"no colours of {question} in a pipe", "\033" not in done.stdout, done)


def namesakes(dsp):
    """A board, a device and a file that are called as stages."""
    text = json.dumps({"board": {"name": "test"}, "heaps": [{"name": "h", "class": "memfd"}],
                       "devices": [{"name": "camera", "usage": ["video"], "buffers": {"camping": 1},
                                    "memory": {"size_bytes": {"min": 4096}}},
                                   {"name": "null", "usage": ["display"],
                                    "memory": {"size_bytes": {"min": 8192}}}]})
    write("test.json", text)
    here = {"UMM_BOARD_PATH": os.getcwd()}
    done = umm("test", "null", **here)
    check("stages win", done.returncode == 0 and "test > null\n" in done.stdout and
          done.stderr == "", done)
    done = umm("test:camera", "null", **here)
    check("a word that names a stage is one", done.returncode == 2 and
          "for the board write test/camera\n" in done.stderr and
          "test: takes no argument" in done.stderr, done)
    done = umm("test/camera", **here)
    check("BOARD/DEVICE", done.returncode == 0 and "serves camera\n" in done.stdout and
          done.stderr == "", done)
    for spec in ("test.json:camera", "./test.json:camera", "./test.json/camera"):
        done = umm(spec)
        check(f"a board by its file: {spec}", done.returncode == 0 and
              "serves camera\n" in done.stdout and done.stderr == "", done)
    done = umm("--board", "test", "camera", **here)
    check("the value of an option is no stage", done.returncode == 0 and
          "serves camera\n" in done.stdout and done.stderr == "", done)
    done = umm("--board", "test", "--list", **here)
    check("names of devices as they are to be typed", "\ntest/null " in done.stdout, done)
    done = umm("--board", "test", "camera", "null", **here)
    check("a device called as a stage", "'null' is the stage; for the device write test/null\n" in
          done.stderr and "camera > null\n" in done.stdout, done)
    done = umm("--board", "test", "camera", "test/null", **here)
    check("DEVICE and BOARD/DEVICE", done.returncode == 0 and
          "serves camera and null\n" in done.stdout and done.stderr == "", done)
    os.rename(dsp, "null")
    done = umm("test,size=64x64", "./null", "null")
    check("./FILE", done.returncode == 0 and "test > dsp+null\n" in done.stdout and
          done.stderr == "", done)
    os.rename("null", "exec:x,dsp.json")
    done = umm("./exec:x,dsp.json", "--size", "64x64")
    check("./FILE whatever it is called", done.returncode == 3 and
          "nobody of them holds a buffer" in done.stdout, done)
    done = umm("exec:x,dsp.json", "null")
    check("a stage with an argument in .json", done.returncode != 0 and
          "exec" in done.stderr + done.stdout and "serves" not in done.stdout, done)
    refused("./no-such-file", "./no-such-file")
    refused("has no device 'oven'", "rpi4/oven")


def files():
    """What cannot be read, and what a guest cannot be called."""
    os.mkdir("directory.json")
    refused("Is a directory", "directory.json")
    refused("Is a directory", "--board", "directory.json", "camera")
    refused("longer than 16 MiB", write("long.json", " " * 17_000_000))
    refused("nested too deep", write("deep.json", "[" * 1000))
    refused("duplicate object key", write("twice.json", '{"name": "a", "name": "b"}'))
    refused("a format is a name", "--format", b"\xff", "rpi4:camera")
    refused("a format is a name", "--format", b"\xff", "test", "null")
    for name, why in (("request", "same name"), ("pool-options", "same name"), ("test", "same name"),
                      ("x" * 64, "1 to 63 bytes"), ("", "1 to 63 bytes")):
        guest = write("guest.json", json.dumps({"name": name, "usage": ["cpu_read"]}))
        refused(why, "test", guest, "null", "--size", "64x64")
    guest = write("guest.json", '{"name": "\\u001b[31mred", "usage": ["cpu_read"]}')
    for arguments in ([guest], ["test,size=64x64", guest, "null"]):
        done = umm(*arguments)
        check(f"names cannot command a terminal: {arguments}", "\033" not in done.stdout and
              done.returncode in (0, 3), done)


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
    files()
    edges()
    colors()
    dsp = write("dsp.json", json.dumps({"name": "dsp", "usage": ["cpu_read"], "formats": [
        {"format": "NV12", "stride": {"divisor_bytes": 4096}}]}))
    mix(dsp)
    namesakes(dsp)
    return 1 if FAILED else 0


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    sys.exit(main())

# SPDX-License-Identifier: MIT
"""The kernels that test machines boot, fetched or built once and kept outside the tree.

The stock kernel is Debian's package, unpacked and never installed: apt-get download, dpkg-deb -x,
depmod. It lives in $UMM_VM_CACHE, else $XDG_CACHE_HOME/umm/vm, else ~/.cache/umm/vm:

    stock/vmlinuz  stock/root/lib/modules/VERSION/...  stock/release (written last: complete)

What is there is used without asking anybody; `tests/vm/vm fetch --refresh` looks for a newer one.

The lab kernel has what Debian's lacks (lab.config). It is built from source by scripts/lab-kernel.sh,
which takes too long to be done unasked, and lies beside the other, in lab/kernel/, in the same form.
"""
import contextlib
import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

PACKAGE = "linux-image-6.12-amd64"


class Unavailable(Exception):
    """Why no test machine can run here; tests are skipped with this."""


class Kernel:
    def __init__(self, directory):
        self.image = os.path.join(directory, "vmlinuz")
        self.modules = os.path.join(directory, "root")  # what `modprobe -d` wants to hear
        with open(os.path.join(directory, "release")) as file:
            self.release = file.read().strip()


def cache_directory():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.environ.get("UMM_VM_CACHE") or os.path.join(home, "umm", "vm")
    os.makedirs(path, exist_ok=True)
    return os.path.abspath(path)


@contextlib.contextmanager
def lock(name):
    with open(os.path.join(cache_directory(), name + ".lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(*words, cwd=None):
    done = subprocess.run(words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, text=True)
    if done.returncode != 0:
        last = (done.stdout.strip().splitlines() or ["no message"])[-1]
        raise Unavailable(f"{' '.join(words[:2])}: {last}")
    return done.stdout


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")


def image_package():
    """The package behind the meta package, which changes its name with every release."""
    found = re.search(r"Depends: (linux-image-[^\s,]+)", run("apt-cache", "depends", PACKAGE))
    if found is None:
        raise Unavailable(f"{PACKAGE} names no image")
    return found.group(1)


def download(directory):
    try:
        run("apt-get", "download", image_package(), cwd=directory)
    except Unavailable:
        if os.geteuid() != 0:
            raise
        run("apt-get", "update")
        run("apt-get", "download", image_package(), cwd=directory)
    return glob.glob(os.path.join(directory, "*.deb"))[0]


def unpack(package, directory):
    root = os.path.join(directory, "root")
    run("dpkg-deb", "-x", package, root)
    image, = glob.glob(os.path.join(root, "boot", "vmlinuz-*"))
    release = os.path.basename(image).removeprefix("vmlinuz-")
    run("depmod", "-b", root, release)
    os.rename(image, os.path.join(directory, "vmlinuz"))
    shutil.rmtree(os.path.join(root, "usr"))
    with open(os.path.join(directory, "release"), "w") as file:
        file.write(release + "\n")


def fetch(target):
    need("apt-get", "apt-cache", "dpkg-deb", "depmod")
    with tempfile.TemporaryDirectory(dir=cache_directory()) as work:
        package = download(work)
        fresh = os.path.join(work, "kernel")
        os.mkdir(fresh)
        unpack(package, fresh)
        shutil.rmtree(target, ignore_errors=True)
        os.rename(fresh, target)


def stock(refresh=False):
    """Debian's 6.12 kernel; fetched when it is not there yet."""
    target = os.path.join(cache_directory(), "stock")
    with lock("stock"):
        if refresh or not os.path.exists(os.path.join(target, "release")):
            fetch(target)
        return Kernel(target)


def lab_configuration():
    """The first word of the key of a lab kernel that was built from this tree's lab.config."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lab.config")
    with open(path, "rb") as file:
        options = [line for line in file if line.startswith(b"CONFIG_")]
    return hashlib.sha256(b"".join(options)).hexdigest()


def lab():
    """The purpose-built kernel, if it is there."""
    target = os.path.join(cache_directory(), "lab", "kernel")
    try:
        with open(os.path.join(target, "key")) as file:
            built_from = file.read().split()[0]
    except FileNotFoundError:
        raise Unavailable("the lab kernel is not built: make lab-kernel, 12 to 20 minutes") from None
    if built_from != lab_configuration():
        raise Unavailable("the lab kernel is of another lab.config: make lab-kernel")
    return Kernel(target)


KERNELS = {"stock": stock, "lab": lab}

# SPDX-License-Identifier: MIT
"""A test machine: Debian's kernel, or the lab's, in QEMU, with the host's root, read-only, as its own.

virtiofsd serves the host's root; init.c (static, ours) is the first process and runs commands; the
tree under test is the build directory outside. Nothing is installed and no disk image is made: what
was built outside runs inside. Everything that a machine leaves behind (console, dmesg, QEMU's
messages) is in its log directory.

    with Machine(build, Options(displays=("cirrus",))) as vm:
        vm.check("umm probe")                       # CompletedJob or AssertionError
        with vm.started("umm run test kms:,hold=30") as job:
            job.wait_for("holding")
            picture = vm.screendump()
"""
import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import kernel
import xvfb
from dmesg import Log
from jobs import Line, MachineDied
from picture import Picture
from qmp import Monitor

VIRTIOFSD = ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd")
QEMU = "qemu-system-x86_64"
KVM_BOOT_S = 30  # a KVM that starts guests needs 2 to 5


def virtiofsd():
    for path in VIRTIOFSD:
        if os.access(path, os.X_OK):
            return path
    raise kernel.Unavailable("virtiofsd is not installed (qemu-system-common)")


def check_host(options):
    """Raises kernel.Unavailable with the reason when no machine can run here."""
    if os.uname().machine != "x86_64":
        raise kernel.Unavailable(f"the test machines are x86_64, this is {os.uname().machine}")
    kernel.need(QEMU, "setpriv", "modprobe")
    virtiofsd()
    if os.geteuid() != 0:
        raise kernel.Unavailable("virtiofsd can serve the root file system to root only")
    if options.needs_window and xvfb.missing():
        raise kernel.Unavailable(xvfb.missing())


class Machine:
    def __init__(self, build, options, log_directory=None):
        check_host(options)
        self.build, self.options = os.path.abspath(build), options
        self.kernel = kernel.KERNELS[options.kernel]()
        self.directory = tempfile.mkdtemp(prefix="umm-vm-")
        self.logs = log_directory or self.directory
        self.disk = self.path("disk")  # of the NVMe device: what is written here it reads
        os.makedirs(self.logs, exist_ok=True)
        self.processes, self.line, self.monitor = [], None, None
        self.log, self.expected, self.running = Log(), [], []
        self.boot_s = None
        self.loaded = {}  # module: its parameters, of those that cases change
        self.window = None  # the X display of QEMU's, where it has one

    # ---- life ----

    def __enter__(self):
        try:
            self.boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *unused):
        self.close()

    def boot(self):
        """With KVM where it is known or found to start a guest, else in software."""
        start = time.monotonic()
        for accelerator in self.accelerators():
            limit = KVM_BOOT_S if accelerator == "kvm" else self.options.boot_timeout_s
            if self.try_boot(accelerator, limit):
                break
            if accelerator == "kvm":
                with open(self.kvm_verdict(), "w") as file:
                    file.write("does not start a guest\n")
        else:
            raise MachineDied(f"no machine after {time.monotonic() - start:.0f} s; "
                              f"the end of its console:\n{self.console()[-2000:]}")
        self.boot_s = time.monotonic() - start
        for module in self.options.all_modules():
            name, *parameters = module.split(",")
            self.check(["modprobe", name] + parameters)
            self.loaded[name] = " ".join(parameters)

    @staticmethod
    def kvm_verdict():
        """Holds for one boot of the host: what failed under one hypervisor may work elsewhere."""
        with open("/proc/sys/kernel/random/boot_id") as file:
            return os.path.join(kernel.cache_directory(), "no-kvm-" + file.read().strip())

    def accelerators(self):
        wanted = os.environ.get("UMM_VM_ACCEL")
        if wanted:
            return [wanted]
        usable = os.access("/dev/kvm", os.R_OK | os.W_OK)
        return ["kvm", "tcg"] if usable and not os.path.exists(self.kvm_verdict()) else ["tcg"]

    def try_boot(self, accelerator, limit_s):
        try:
            self.make_disk()
            self.spawn_virtiofsd()
            self.spawn_xvfb()
            self.spawn_qemu(accelerator)
            self.line = Line(self.connect("line"), self.why_dead)
            self.monitor = Monitor(self.connect("monitor"))
            if self.line.pump(lambda: self.line.release is not None, limit_s):
                return True
        except (MachineDied, OSError) as fault:
            if accelerator != "kvm":
                raise MachineDied(self.why_dead() or str(fault)) from fault
        self.stop_processes()
        return False

    def close(self):
        if self.line is not None:
            with contextlib.suppress(Exception):
                self.save_dmesg()
                self.line.send(b"Q", 0, b"")
                self.processes[-1].wait(10)
        self.stop_processes()
        shutil.rmtree(self.directory, ignore_errors=True)

    def stop_processes(self):
        for end in (self.line, self.monitor):
            if end is not None:
                end.close()
        self.line = self.monitor = None
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        self.processes = []
        for name in ("fs", "line", "monitor"):  # a second attempt must not find these
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(name))

    # ---- processes ----

    def path(self, name):
        return os.path.join(self.directory, name)

    def spawn(self, name, words, fds=(), **environment):
        """Ends with us, however we end."""
        with open(os.path.join(self.logs, name + ".log"), "wb") as log:
            self.processes.append(subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--"] + words, stdin=self.stdin(name),
                pass_fds=fds, env=os.environ | environment, stdout=None if self.options.shell and name == "qemu" else log, stderr=log))

    def stdin(self, name):
        return None if self.options.shell and name == "qemu" else subprocess.DEVNULL

    def make_disk(self):
        if self.options.nvme_mb:
            with open(self.disk, "ab") as file:
                file.truncate(self.options.nvme_mb << 20)

    def spawn_virtiofsd(self):
        """With a socket that listens already: QEMU need not wait for it."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path("fs"))
            listener.listen(1)
            self.spawn("virtiofsd", [virtiofsd(), f"--fd={listener.fileno()}", "-o", "source=/", "-o",
                                     "sandbox=chroot", "-o", "cache=always"], [listener.fileno()])

    def spawn_xvfb(self):
        if not self.options.needs_window:
            return
        number, theirs = os.pipe()
        self.spawn("xvfb", xvfb.command(self.directory, theirs), [theirs])
        os.close(theirs)
        self.window = ":" + xvfb.read_number(number)

    def connect(self, name, limit_s=60):
        """To a socket of QEMU, as soon as it listens."""
        end = time.monotonic() + limit_s
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(self.path(name))
                return connection
            except OSError as fault:
                connection.close()
                if self.why_dead() or time.monotonic() > end:
                    raise MachineDied(self.why_dead() or f"socket '{name}': {fault}") from fault
            time.sleep(0.02)

    def why_dead(self):
        for process in self.processes:
            if process.poll() is not None:
                program = os.path.basename(process.args[4])
                name = {"virtiofsd": "virtiofsd", "Xvfb": "xvfb"}.get(program, "qemu")
                with open(os.path.join(self.logs, name + ".log"), errors="replace") as log:
                    said = log.read()[-500:].strip()
                return f"{program} ended with {process.returncode}: {said or self.console()[-1500:]}"
        return None

    def console(self):
        try:
            with open(os.path.join(self.logs, "console.log"), errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def spawn_qemu(self, accelerator):
        memory = f"memory-backend-memfd,id=memory,size={self.options.memory_mb}M,share=on"
        words = [QEMU, "-accel", accelerator, "-machine", "q35,memory-backend=memory", "-cpu", "max",
                 "-smp", str(self.options.cpus), "-m", f"{self.options.memory_mb}M",
                 "-object", memory, "-nodefaults", "-no-user-config", "-no-reboot",
                 "-display", "sdl,gl=on" if self.options.needs_window else "none",
                 "-serial", "file:" + os.path.join(self.logs, "console.log"),
                 "-qmp", f"unix:{self.path('monitor')},server=on,wait=off",
                 "-chardev", f"socket,id=fs,path={self.path('fs')}",
                 "-device", "vhost-user-fs-pci,chardev=fs,tag=rootfs",
                 "-device", "virtio-serial-pci",
                 "-chardev", f"socket,id=line,path={self.path('line')},server=on,wait=off",
                 "-device", "virtserialport,chardev=line,name=umm",
                 "-kernel", self.kernel.image, "-append", self.command_line()]
        if self.options.shell:
            words += ["-chardev", "stdio,id=shell,signal=off", "-device", "virtconsole,chardev=shell"]
        window = {"DISPLAY": self.window} if self.window else {}
        self.spawn("qemu", words + self.options.device_arguments(self.disk), **window)

    def command_line(self):
        init = os.path.join(self.build, "tests", "vm", "vm-init")
        words = ["root=rootfs", "rootfstype=virtiofs", "ro", "init=" + init, "console=ttyS0", "quiet",
                 "loglevel=4", "panic=-1", "log_buf_len=4M", "nowatchdog", "mitigations=off",
                 "rcupdate.rcu_cpu_stall_suppress=1", "umm.modules=" + self.kernel.modules]
        # From the outside in: a directory that is there already, with the one around it, is left out.
        kept = sorted([self.build, self.source(), self.kernel.modules], key=len)
        return " ".join(words + ["umm.keep=" + path for path in kept]
                        + self.options.kernel_parameters())

    # ---- commands ----

    @staticmethod
    def source():
        return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

    def environment(self):
        """The tool and its tests are found first; relative paths are those of the source tree."""
        tools = [os.path.join(self.build, "cli"), os.path.join(self.build, "tests", "vm")]
        system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return {"PATH": ":".join(tools + [system]), "PWD": self.source(), "LANG": "C.UTF-8",
                "UMM_TOOL": os.path.join(self.build, "cli", "umm"), "UMM_SOURCE": self.source()}

    def start(self, command, **environment):
        """Start a command: a list of words, or a string for the shell."""
        words = ["sh", "-c", command] if isinstance(command, str) else list(command)
        job = self.line.start(words, self.environment() | environment)
        self.running = [other for other in self.running if other.status is None] + [job]
        return job

    def end_of_case(self):
        """Nothing that a case started outlives it."""
        for job in self.running:
            self.end(job)

    @contextlib.contextmanager
    def started(self, command, **environment):
        """A command that runs beside the test and is ended behind it."""
        job = self.start(command, **environment)
        try:
            yield job
        finally:
            self.end(job)

    @staticmethod
    def end(job):
        job.kill(signal.SIGKILL)
        if job.status is None:
            job.wait(60)

    def run(self, command, timeout_s=120, **environment):
        return self.start(command, **environment).wait(timeout_s)

    def check(self, command, timeout_s=120, **environment):
        """Run and insist on exit status 0."""
        job = self.run(command, timeout_s, **environment)
        if job.status != 0:
            said = command if isinstance(command, str) else shlex.join(command)
            raise AssertionError(f"'{said}' ended with {job.status}: {job.stdout}{job.stderr}")
        return job

    def reload(self, module, parameters=""):
        """Load a module anew with other parameters."""
        self.loaded.pop(module, None)
        self.check(f"modprobe -r {module} && modprobe {module} {parameters}")
        self.loaded[module] = parameters

    def load(self, module, parameters=""):
        """The same where it has other ones; else it takes seconds for nothing."""
        if self.loaded.get(module) != parameters:
            self.reload(module, parameters)

    # ---- what can be seen from outside ----

    def screendump(self, display=0):
        """What a display shows now. Its DRM file must be open, else the console comes back."""
        path = self.path(f"screen{display}.ppm")
        self.monitor.command("screendump", filename=path, device=f"display{display}")
        return Picture.read_ppm(path)

    def host_screen(self):
        """What is on the screen that QEMU's window is on: the display is somewhere in it."""
        return xvfb.screen(self.directory)

    @staticmethod
    def wait_until(condition, otherwise, timeout_s=60):
        """Ask again and again; what is drawn late on a loaded machine is drawn all the same."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"{otherwise} after {timeout_s} s")
            time.sleep(0.2)

    def new_dmesg(self):
        """What the kernel has said since the last call."""
        return self.log.add(self.check(["dmesg"]).stdout)

    def wait_for_dmesg(self, pattern, least):
        """So many new lines of this kind: an interrupt on another processor may come late."""
        found = []

        def enough():
            found.extend(line for line in self.new_dmesg() if re.search(pattern, line))
            return len(found) >= least
        self.wait_until(enough, f"fewer than {least} lines of '{pattern}' in dmesg", 30)
        return found

    def expect_dmesg(self, pattern):
        """Lines of this kind are no fault of the running case."""
        self.expected.append(pattern)

    def save_dmesg(self):
        self.new_dmesg()
        with open(os.path.join(self.logs, "dmesg.log"), "w") as file:
            file.write("".join(self.log.lines))

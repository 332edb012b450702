#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""All cases of one machine, in one boot; says what happened in the Test Anything Protocol.

    suite.py [--build DIRECTORY] [--logs DIRECTORY] [--list] [--program EXECUTABLE]... BOOT [CASE...]

Cases are Python functions of cases_*.py, marked @case("BOOT"), and the TEST()s of programs built
with tests/harness.h, which run inside: those of one program in one run, when the first is wanted, as
the harness forks for each. Each case fails on a WARN, BUG or DMAR fault of the kernel
that it did not announce with vm.expect_dmesg(). A machine that dies is booted again for the next
case. Without QEMU, kernel or rights everything is skipped, with the reason.
"""
import glob
import importlib
import os
import re
import subprocess
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kernel  # noqa: E402
import options  # noqa: E402
from boots import BOOTS  # noqa: E402
from cases import CASES, Skip  # noqa: E402
from dmesg import bad_news  # noqa: E402
from jobs import MachineDied  # noqa: E402
from machine import Machine  # noqa: E402


def python_cases(boot):
    here = os.path.dirname(os.path.abspath(__file__))
    for path in sorted(glob.glob(os.path.join(here, "cases_*.py"))):
        importlib.import_module(os.path.basename(path).removesuffix(".py"))
    return [(f"{function.__module__.removeprefix('cases_')}@{function.__name__.replace('_', '-')}",
             function) for wanted, function in CASES if wanted == boot]


class Program:
    """One with TEST()s. They run at once: what it loads, Mesa for one, is there for all of them."""

    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path).removeprefix("vm-")
        listed = subprocess.run([path, "--list"], check=True, stdout=subprocess.PIPE, text=True)
        self.tests, self.results, self.said = listed.stdout.split(), {}, ""

    def cases(self, wanted):
        """Of those that are wanted, all where that is none."""
        named = {f"{self.name}@{test.replace('_', '-')}": test for test in self.tests}
        self.tests = [test for name, test in named.items() if not wanted or name in wanted]
        return [(name, self.case(test)) for name, test in named.items() if test in self.tests]

    def run_from(self, vm, first):
        """All tests from this one on. A machine that died took what was said before with it."""
        left = self.tests[self.tests.index(first):]
        job = vm.run([self.path] + left, timeout_s=60 + 120 * len(left), UMM_TEST_TIMEOUT="120")
        self.said, skip = job.stderr, "no reason given"
        for line in job.stdout.splitlines():
            if line.startswith("SKIP:"):
                skip = line.removeprefix("SKIP:").strip()
            found = re.fullmatch(r"(ok|skip|FAIL) +(\w+)", line)
            if found:
                self.results[found[2]] = skip if found[1] == "skip" else found[1] == "ok"

    def case(self, test):
        def run(vm):
            if test not in self.results:
                self.run_from(vm, test)
            result = self.results.get(test)
            if isinstance(result, str):
                raise Skip(result)
            if result is not True:
                raise AssertionError(f"{'failed' if test in self.results else 'did not run'}; "
                                     f"the program said: {self.said}")
        return run


class Suite:
    def __init__(self, arguments):
        self.arguments, self.vm, self.failed = arguments, None, 0
        self.asked = None  # how many jobs there had been when the kernel was last heard
        self.no_machine = None  # why there is none: nobody waits for the same failure twice

    def boot(self):
        if self.no_machine is not None:
            raise self.no_machine
        for attempt in range(2):
            try:
                return self.try_boot()
            except Exception as fault:
                if attempt > 0 or not isinstance(fault, MachineDied):
                    self.no_machine = fault
                    raise
                # Before any case had its say: a matter of emulator and host.
                print("# no machine, once more: " + str(fault).replace("\n", "\n#   "), flush=True)

    def try_boot(self):
        vm = Machine(self.arguments.build, BOOTS[self.arguments.boot], self.arguments.logs)
        return vm.__enter__()

    def machine(self):
        if self.vm is None:
            self.vm = vm = self.boot()
            print(f"# booted {vm.kernel.release} in {vm.boot_s:.1f} s", flush=True)
            self.check_kernel(vm)
        return self.vm

    def check_kernel(self, vm):
        """Where anything has run since the last time."""
        if self.asked == (vm, vm.line.next_number):
            return
        expected, vm.expected = vm.expected, []
        bad = bad_news(vm.new_dmesg(), expected)
        self.asked = vm, vm.line.next_number
        if bad:
            raise AssertionError("the kernel complains:\n" + "".join(bad))

    def drop_machine(self):
        if self.vm is not None:
            self.vm.close()
            self.vm = None

    def run_case(self, function):
        """None, or the reason of a skip; raises when it fails. The kernel is heard in any case."""
        vm = self.machine()
        skipped = None
        try:
            function(vm)
        except Skip as skip:
            skipped = str(skip)
        except (AssertionError, TimeoutError) as fault:
            vm.end_of_case()
            vm.loaded.clear()  # who knows what state it has left the drivers in
            self.check_kernel_after(vm, fault)
            raise
        vm.end_of_case()
        self.check_kernel(vm)
        return skipped

    def check_kernel_after(self, vm, fault):
        try:
            self.check_kernel(vm)
        except AssertionError as complaint:
            raise AssertionError(f"{fault}\n{complaint}") from fault

    def report(self, number, name, function):
        start = time.monotonic()
        skipped = fault = None
        try:
            skipped = self.run_case(function)
        except kernel.Unavailable as reason:
            skipped = str(reason)
        except MachineDied as reason:
            fault = f"the machine died: {reason}"
            self.drop_machine()
        except (AssertionError, TimeoutError) as reason:
            fault = str(reason) or "".join(traceback.format_exception(reason)[-2:])
        except Exception:  # pylint: disable=broad-except # a fault in the case itself
            fault = traceback.format_exc()
        self.failed += fault is not None
        tail = f" # SKIP {skipped}" if skipped is not None else ""
        print(f"{'ok' if fault is None else 'not ok'} {number} - {name}{tail}")
        for line in (fault or "").splitlines():
            print(f"#   {line}")
        print(f"# {time.monotonic() - start:.1f} s", flush=True)

    def run(self, cases):
        print(f"1..{len(cases)}", flush=True)
        try:
            for number, (name, function) in enumerate(cases, 1):
                self.report(number, name, function)
        finally:
            self.drop_machine()
        return 1 if self.failed else 0


def main():
    parser = options.parser(__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--logs")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--program", action="append", default=[])
    parser.add_argument("boot", choices=sorted(BOOTS))
    parser.add_argument("case", nargs="*")
    arguments = parser.parse_args()

    cases = python_cases(arguments.boot)
    for program in arguments.program:
        cases += Program(os.path.abspath(program)).cases(arguments.case)
    if arguments.case:
        cases = [case for case in cases if case[0] in arguments.case]
    if arguments.list:
        print("\n".join(name for name, _ in cases))
        return 0
    return Suite(arguments).run(cases)


sys.exit(main())

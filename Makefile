# SPDX-License-Identifier: MIT
# The front door. Meson does the work; these are the few commands one has to remember.
#
#	make            build into build/
#	make demo       install what is missing, build, run the main job on demo/clip.mp4
#	make check      install what is missing, build several times, run every test
#	make check-cross  of that, the core on 32-bit x86, arm64 and RISC-V
#	make check-lab  the tests that need a kernel built for them: docs/vm.md; builds it first
#	make vm -- CMD  run a command on a real kernel in QEMU: docs/vm.md
#	make vm-shell   a shell there; VM="--display cirrus --module vivid" adds devices to both
#	make bench      measure this machine
#	make install    PREFIX=/usr/local, DESTDIR as usual
#	make format     clang-format on our own C files
#	make lint       clang-format and clang-tidy have nothing to say; about 20 minutes
#	make clean      remove everything that was built

BUILD ?= build
PREFIX ?= /usr/local
JOBS ?= 2
UMM = $(BUILD)/cli/umm

ifeq ($(firstword $(MAKECMDGOALS)),vm)
# What stands behind `--` is the guest's, not ours: make would take its words for goals and those
# with a "=" for variables. The shell below finds the words where make got them from.
MAKEFLAGS += --silent
# $?, $HOME and $(...) of the line are the guest's, too.
override export CMD := $(value CMD)
vm: vm-build
	@if [ -n "$$CMD" ]; then \
		exec tests/vm/vm run --build $(BUILD) $(VM) -- sh -c "$$CMD"; \
	fi; \
	exec tests/vm/vm run --build $(BUILD) $(VM) --words-of $$PPID
.DEFAULT:
	@:
else

all: $(BUILD)/build.ninja
	@ninja -j$(JOBS) -C $(BUILD)

deps:
	@scripts/install-deps.sh build

demo: deps
	@$(MAKE) --no-print-directory all
	@scripts/demo.sh $(UMM)

check:
	@scripts/install-deps.sh build check
	@scripts/install-deps.sh cross || true
	@scripts/install-deps.sh vm || true # the tests that need it are skipped and say why
	@scripts/check.sh

check-cross:
	@scripts/install-deps.sh build check
	@scripts/install-deps.sh cross || true
	@scripts/check.sh cross

lab-kernel:
	@scripts/install-deps.sh build lab
	@JOBS=$(JOBS) scripts/lab-kernel.sh

check-lab:
	@scripts/install-deps.sh build check vm lab
	@scripts/check.sh lab

vm-shell: vm-build
	@tests/vm/vm shell --build $(BUILD) $(VM)

bench: all
	@scripts/bench.sh $(UMM)

install: all
	@meson install --no-rebuild -C $(BUILD)

lint: all
	@scripts/install-deps.sh check
	@scripts/lint.sh all $(BUILD)

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build build-* demo/out

.PHONY: all deps demo check check-cross check-lab lab-kernel bench install format lint clean vm-shell
endif

$(BUILD)/build.ninja:
	@meson setup --prefix=$(PREFIX) $(BUILD) >$(BUILD).log || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

vm-build: $(BUILD)/build.ninja
	@scripts/install-deps.sh vm
	@ninja -j$(JOBS) -C $(BUILD) --quiet

.PHONY: vm vm-build

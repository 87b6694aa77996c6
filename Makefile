# One target for each purpose; `make help` lists them. Cargo and Go know what is out of date in what
# they build and are always asked; everything else is built when its inputs changed.

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := build

PREFIX ?= /usr/local
ARGS ?=
# The version of staticcheck that knows the newest Go we use.
export STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# What is set in a user's shell must not change what is built.
export CGO_ENABLED := 1
export GOFLAGS := -buildvcs=false
export GOTOOLCHAIN := local
export GOWORK := off
unexport CARGO_BUILD_TARGET

VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml)
# Programs of another ABI do not find it.
SONAME := libpartita.so.$(shell sed -n 's/^.define PARTITA_ABI //p' include/partita.h)
# Rust's name of what is built for, as .ci/dist.sh sets it; this machine, if it is empty. The tools that
# CROSS begins the names of know the objects.
TARGET ?=
CROSS ?=
ENGINE := target/engine/$(addsuffix /,$(TARGET))release
DIST := target/dist$(addprefix /,$(TARGET))
# The archive is linked with the musl of whoever links it, so it brings none.
ENGINE_FLAGS := $(if $(findstring musl,$(TARGET)),-C target-feature=-crt-static)
# What links the shared library, with which libraries, and where it is left.
LINKER ?= $(or $(CC),cc)
LINKED_LIBS ?=
SHARED ?= $(DIST)
PLATFORM := $(shell (go env GOOS && go env GOARCH) 2>/dev/null | paste -s -d _ -)
# The engine for Go, and what tells Go's C compiler that it is there.
SYSO := go/native/$(PLATFORM)/partita_$(PLATFORM).syso
BUNDLED := go/native/$(PLATFORM)/made.h
STOCK := target/examples/stock
STOCK_DATA := go/examples/stock/stocks.csv

.PHONY: FORCE build stock test check check-more bench bench-quick lint header record-abi install clean help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F '|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

# Every rule that runs a compiler waits for this one.
.PHONY: toolchain
toolchain:
	@tests/tools/toolchain.sh

## The engine ----------------------------------------------------------------------------------

build: $(DIST)/libpartita.a $(SHARED)/libpartita.so $(BUNDLED) ## build both libraries, and the engine for Go

# What is built does not say where: neither the tree nor the home of cargo.
HIDE_PATHS := --remap-path-prefix=$(CURDIR)=partita --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=cargo

# The crate's own type is rlib: beside others it would silently turn LTO off.
$(ENGINE)/libpartita.a: FORCE | toolchain
	@RUSTFLAGS="$(HIDE_PATHS) $(ENGINE_FLAGS)" cargo rustc --locked --release --lib --crate-type staticlib \
	    --target-dir target/engine $(addprefix --target=,$(TARGET))

$(DIST):
	@mkdir -p $@

# The functions to export, as rustc exported them.
$(DIST)/exports: $(ENGINE)/libpartita.a | $(DIST)
	@$(CROSS)nm --extern-only --defined-only $< 2>/dev/null | awk '$$2 == "T" && $$3 ~ /^partita_/ { print $$3 }' >$@

# One object of all that the exports reach, with no other symbol global. Groups are dissolved: a
# linker that finds the same group (DW.ref.rust_eh_personality) in another Rust archive would drop
# ours, to which our code refers.
$(DIST)/partita.o: $(ENGINE)/libpartita.a $(DIST)/exports
	@sed 's/^/--undefined=/' $(DIST)/exports >$@.roots
	@$(CROSS)ld -r --gc-sections --force-group-allocation @$@.roots $< -o $@.linked
	@$(CROSS)objcopy --strip-debug --keep-global-symbols=$(DIST)/exports $@.linked $@
	@rm $@.roots $@.linked

$(DIST)/libpartita.a: $(DIST)/partita.o
	@rm -f $@
	@$(CROSS)ar rcsD $@ $<

# It is never unloaded: its threads and its handle table live as long as the process.
$(SHARED)/libpartita.so: $(DIST)/partita.o
	@mkdir -p $(@D)
	@rm -f $@*
	@$(LINKER) -shared -Wl,-soname,$(SONAME) -Wl,-z,nodelete,-z,relro,-z,now,-z,noexecstack $< $(LINKED_LIBS) \
	    -o $@.$(VERSION)
	@ln -s $(@F).$(VERSION) $(@D)/$(SONAME) && ln -s $(SONAME) $@

# Go hashes the content of .syso files, so it notices a rebuilt engine.
$(SYSO): $(DIST)/partita.o
	@cp $< $@
$(BUNDLED): $(SYSO)
	@echo "// $(<F) is here." >$@

header: | toolchain ## generate include/partita.h and its copy in the Go module
	@out=$$(cargo check --locked --lib --message-format json | \
	    sed -n '/"build-script-executed","package_id":"path+/s/.*"out_dir":"\([^"]*\)".*/\1/p'); \
	cp "$$out/partita.h" include/partita.h && cp "$$out/partita.h" go/partita/partita.h

record-abi: ## record the ABI of the version in Cargo.toml in tests/abi, for good
	@tests/tools/abi/record.sh

# What the files of a package say of themselves.
FILLED = sed 's|@PREFIX@|$(1)|; s|@VERSION@|$(VERSION)|; s|@SONAME@|$(SONAME)|'

# install_into PREFIX,SAID: SAID is the prefix that partita.pc tells of.
define install_into
	@install -d $(1)/include $(1)/lib/pkgconfig $(1)/lib/cmake/partita
	@install -m 644 include/partita.h $(1)/include
	@install -m 644 $(DIST)/libpartita.a $(1)/lib
	@cp -P --remove-destination $(SHARED)/libpartita.so* $(1)/lib
	@$(call FILLED,$(2)) include/partita.pc.in >$(1)/lib/pkgconfig/partita.pc
	@for file in partita-config partita-config-version; do \
	    $(FILLED) include/$$file.cmake.in >$(1)/lib/cmake/partita/$$file.cmake; \
	done
endef

install: build ## install header, libraries, and what pkg-config and CMake ask for, into PREFIX (DESTDIR is respected)
	$(call install_into,$(DESTDIR)$(PREFIX),$(PREFIX))

## Packages ------------------------------------------------------------------------------------

# For which there is to be a package.
PLATFORMS ?= linux_amd64 linux_arm64 linux_amd64_musl

.PHONY: dist check-dist package-prefix

dist: build ## make what is released, in target/packages: for C, for Go, and checksums
	+@.ci/dist.sh target/packages $(PLATFORMS)

# For .ci/dist.sh: a prefix at PACKAGE that can be moved, for one TARGET.
package-prefix: $(DIST)/libpartita.a $(SHARED)/libpartita.so
	$(call install_into,$(PACKAGE),$${pcfiledir}/../..)

## Examples and benches ------------------------------------------------------------------------

$(STOCK): FORCE $(BUNDLED) | toolchain
	@go -C go build -o ../$@ ./examples/stock

stock: build $(STOCK) ## run the stock example in Go on the real data (ARGS="-workers 2")
	@$(STOCK) -in $(STOCK_DATA) $(ARGS)

# Benches of keyed state whose names match; all of them, and the other measurements too, if it is empty.
BENCH ?=
BENCHES := target/benches
# What measures one thing in C for a program in Go, which asks it.
PROBES := $(addprefix $(BENCHES)/probes/,latency memory pause)
WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=posix_memalign
COMPARE = @go -C benches/go run ./cmd/bench -run '$(value BENCH)' -out ../../target/bench.json -programs ../../$(BENCHES) $(ARGS)

bench: $(BUNDLED) $(BENCHES)/c $(BENCHES)/rust $(PROBES) between-sockets ## compare Partita with its peers (BENCH=regex selects), and write benches/RESULTS.md
	$(COMPARE)
ifeq ($(value BENCH),)
	@go -C benches/go run ./cmd/blockbench -out ../../target/blockbench.json
	@go -C benches/go run ./cmd/callbench -out ../../target/callbench.json
	@go -C benches/go run ./cmd/latency -programs ../../$(BENCHES)/probes -out ../../target/latency.json
	@go -C benches/go run ./cmd/memory -programs ../../$(BENCHES)/probes -out ../../target/memory.json
	@go -C benches/go run ./cmd/pause -programs ../../$(BENCHES)/probes -out ../../target/pause.json
	@go -C benches/go run ./cmd/tcpbench -programs ../../$(dir $(STOCK)) -out ../../target/tcpbench.json
	@go -C benches/go run ./cmd/report
endif

bench-quick: $(BUNDLED) $(BENCHES)/c $(BENCHES)/rust ## the comparison of keyed state alone, in less than two minutes
	$(COMPARE) -quick

# The systems in C and in Rust that are compared.
RUST_BENCHES := --manifest-path benches/rust/Cargo.toml --target-dir target/benches/rust-target
$(BENCHES)/c: $(wildcard benches/c/*) include/partita.h $(DIST)/libpartita.a
	@mkdir -p $(@D)
	@$(or $(CC),cc) -O2 -std=c11 -Wall -Wextra -Wpedantic -Werror -pthread -Iinclude benches/c/*.c $(DIST)/libpartita.a -lm -o $@
$(PROBES): $(BENCHES)/probes/%: $(wildcard benches/probes/*) $(wildcard benches/c/*) include/partita.h $(DIST)/libpartita.a
	@mkdir -p $(@D)
	@$(or $(CC),cc) -O2 -std=c11 -Wall -Wextra -Wpedantic -Werror -pthread -Iinclude -Ibenches/c \
	    benches/probes/$*.c benches/probes/probe.c benches/c/table.c $(DIST)/libpartita.a -lm $(if $(filter memory,$*),$(WRAP)) -o $@
$(BENCHES)/rust: FORCE | toolchain
	@mkdir -p $(@D)
	@cargo build --locked --release $(RUST_BENCHES)
	@cp target/benches/rust-target/release/partita-benches $@

# The examples that are measured between sockets.
between-sockets: $(BUNDLED)
	@go -C go build -o ../$(dir $(STOCK)) ./examples/alphabet ./examples/market_spread

## Tests: each group is a target, which prints `ok NAME` or `FAILED NAME` -----------------------

GROUP := @tests/tools/group.sh
GROUPS_OF = @+$(MAKE) --no-print-directory --keep-going

TESTS := test-toolchain test-rust test-faults test-frames test-calls test-loom test-header test-symbols test-abi \
    test-c-static test-c-shared test-scarce test-planted test-other-archive test-go test-stock test-examples \
    test-shown-programs test-rebuilt-engine test-go-refused test-go-version test-go-package
LINTS := lint-rustfmt lint-clippy lint-rustdoc lint-gofmt lint-govet lint-staticcheck
CHECKS := $(LINTS) check-header-cpp check-sanitized check-valgrind check-races check-miri check-install check-progress \
    check-benches check-c-package check-go-package check-portable check-go-static check-go-race check-go-asan check-go-gogc check-go-cgocheck
.PHONY: between-sockets fuzz fuzz-frames fuzz-calls soak cycles check-tools $(TESTS) $(CHECKS)

test: build ## all tests that need only Rust, Go, a C compiler and make
	$(GROUPS_OF) $(TESTS)

check: ## make test, and everything that needs more tools
	@$(MAKE) --no-print-directory check-tools
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory check-more

check-more: check-tools build
	$(GROUPS_OF) $(CHECKS)

lint: check-tools build ## formatting and warnings, in Rust and Go
	$(GROUPS_OF) $(LINTS)

check-tools: | toolchain
	@tests/tools/check_tools.sh

test-toolchain:
	$(GROUP) $@ sh -ec 'for script in toolchain check_tools; do tests/tools/$${script}_test.sh; done'

test-rust: | toolchain
	$(GROUP) $@ cargo test --locked

test-faults: | toolchain
	$(GROUP) $@ cargo test --locked --features faults --test faults --target-dir target/faults

test-frames: | toolchain
	$(GROUP) $@ cargo run --locked --release $(FUZZ_TARGET) --bin frames -- tests/fuzz/corpus/frames

test-calls: | toolchain
	$(GROUP) $@ cargo run --locked --release $(FUZZ_TARGET) --bin calls -- tests/fuzz/corpus/calls -seconds 5

test-loom: | toolchain
	$(GROUP) $@ env RUSTFLAGS="--cfg loom" cargo test --locked --release --lib --target-dir target/loom

test-header: | toolchain
	$(GROUP) $@ tests/tools/header.sh c c99 c11 c17

test-symbols: build
	$(GROUP) $@ tests/tools/symbols.sh

test-abi: build
	$(GROUP) $@ sh -ec 'for script in compare_test record_test compare programs; do tests/tools/abi/$$script.sh; done'

test-c-static: build
	$(GROUP) $@ tests/tools/c_programs.sh static

test-c-shared: build
	$(GROUP) $@ tests/tools/c_programs.sh shared

test-scarce: build
	$(GROUP) $@ tests/tools/scarce.sh static

test-planted: build
	$(GROUP) $@ sh -ec 'tests/tools/wrong_calls_test.sh; tests/tools/planted.sh static'

test-other-archive: build
	$(GROUP) $@ tests/tools/other_archive.sh

test-go: $(BUNDLED)
	$(GROUP) $@ go -C go test ./...

test-stock: $(STOCK)
	$(GROUP) $@ $(MAKE) --no-print-directory stock ARGS="-workers 2"

test-examples: build $(STOCK)
	$(GROUP) $@ sh -ec 'for variant in static shared; do tests/tools/c_examples.sh $$variant; done'

test-shown-programs: build
	$(GROUP) $@ tests/tools/shown_programs.sh

test-rebuilt-engine: build
	$(GROUP) $@ tests/tools/rebuilt_engine.sh

test-go-refused: $(BUNDLED)
	$(GROUP) $@ tests/tools/go_refused.sh

test-go-version: build
	$(GROUP) $@ tests/tools/go_version.sh

test-go-package: build
	$(GROUP) $@ tests/tools/go_package.sh test

lint-rustfmt: | toolchain
	$(GROUP) $@ sh -ec 'cargo fmt --check; cargo fmt --check --manifest-path tests/fuzz/Cargo.toml; \
	    cargo fmt --check --manifest-path benches/rust/Cargo.toml'

lint-clippy: | toolchain
	$(GROUP) $@ sh -ec 'cargo clippy --locked --all-targets --features faults -- -D warnings; \
	    cargo clippy --locked $(FUZZ_TARGET) -- -D warnings; \
	    cargo clippy --locked $(RUST_BENCHES) -- -D warnings'

lint-rustdoc: | toolchain
	$(GROUP) $@ env RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

lint-gofmt: | toolchain
	$(GROUP) $@ tests/tools/gofmt.sh

lint-govet: $(BUNDLED)
	$(GROUP) $@ sh -ec 'for module in go benches/go tests/shown; do go -C $$module vet ./...; done; go vet .ci/goproxy.go'

lint-staticcheck: $(BUNDLED)
	$(GROUP) $@ sh -ec 'for module in go benches/go tests/shown; do go -C $$module run $(STATICCHECK) ./...; done; \
	    go run $(STATICCHECK) .ci/goproxy.go'

check-header-cpp: | toolchain
	$(GROUP) $@ tests/tools/header.sh c++ c++17

check-sanitized: build $(STOCK)
	$(GROUP) $@ sh -ec 'for script in planted c_programs scarce sequences c_examples; do tests/tools/$$script.sh sanitized; done'

check-valgrind: build $(STOCK)
	$(GROUP) $@ sh -ec 'for script in planted c_programs scarce sequences c_examples; do tests/tools/$$script.sh valgrind; done'

check-races: | toolchain
	$(GROUP) $@ tests/tools/thread_sanitizer.sh

check-miri: | toolchain
	$(GROUP) $@ tests/tools/miri.sh

check-install: build
	$(GROUP) $@ tests/tools/install.sh

check-benches: $(BUNDLED) $(BENCHES)/c $(BENCHES)/rust $(PROBES) between-sockets
	$(GROUP) $@ tests/tools/benches.sh

check-c-package: build
	$(GROUP) $@ tests/tools/c_package.sh

check-go-package: build
	$(GROUP) $@ tests/tools/go_package.sh check

check-portable: build
	$(GROUP) $@ tests/tools/portable.sh

check-progress: build $(STOCK)
	$(GROUP) $@ tests/tools/progress.sh

check-go-static: $(BUNDLED)
	$(GROUP) $@ tests/tools/go_static.sh

check-go-race: $(BUNDLED)
	$(GROUP) $@ go -C go test -race ./...

check-go-asan: $(BUNDLED)
	$(GROUP) $@ tests/tools/go_asan.sh

check-go-gogc: $(BUNDLED)
	$(GROUP) $@ env GOGC=1 go -C go test -count=1 ./...

check-go-cgocheck: $(BUNDLED)
	$(GROUP) $@ env GOEXPERIMENT=cgocheck2 go -C go test ./...

check-dist: ## what `make dist` made for every platform (it needs zig, qemu-aarch64-static and aarch64-linux-gnu-gcc)
	$(GROUP) $@ tests/tools/release.sh

# Long runs --------------------------------------------------------------------------------

# What cuts streams into frames, and sequences of calls, with libFuzzer; it needs a C++ compiler. The compiler's
# own passes count what is reached, so no other toolchain is needed.
FUZZ_TARGET := --manifest-path tests/fuzz/Cargo.toml --target-dir target/fuzz
FUZZ_SECONDS := 3600
SANCOV := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
HOST_TRIPLE = $(shell rustc -vV | sed -n 's/^host: //p')

fuzz: fuzz-frames fuzz-calls ## fuzz the framers, and sequences of calls, for an hour each (FUZZ_SECONDS=n)

fuzz-frames fuzz-calls: fuzz-%: | toolchain
	mkdir -p target/fuzz/corpus/$* target/fuzz/found
	env RUSTFLAGS="$(SANCOV)" cargo run --locked --release $(FUZZ_TARGET) --features libfuzzer --target $(HOST_TRIPLE) \
	    --bin $* -- target/fuzz/corpus/$* tests/fuzz/corpus/$* -max_total_time=$(FUZZ_SECONDS) -timeout=60 -max_len=1024 \
	    -artifact_prefix=target/fuzz/found/ -print_final_stats=1

SOAK := 10m
CYCLES := 10000

soak: cycles ## the detectors of loss, duplication, reordering and corruption, for ten minutes each (SOAK=1h), and cycles
	env PARTITA_SOAK=$(SOAK) go -C go test -count=1 -timeout 24h -run Detector ./partita

cycles: $(BUNDLED) ## open, feed and close applications 10,000 times in each way, and look for what they leave (CYCLES=n)
	env PARTITA_CYCLES=$(CYCLES) go -C go test -count=1 -timeout 24h -v -run 'OpenedFedAndClosed' ./partita

clean: ## remove everything that was built
	@rm -rf target go/native/*/*.syso go/native/*/made.h

# Needs Go and a POSIX make and shell; race needs a C compiler besides, qemu
# needs qemu-user-static, check and fuzz need the Go module proxy once.

GO          = go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.7.0
FUZZTIME    = 20000x
REPEAT      = 20
RAW         = docs/perf/raw/bars.jsonl
HOSTS       = auto block park locked
PLATFORMS   = linux/amd64 linux/arm64 linux/386 linux/s390x linux/riscv64 \
	windows/amd64 darwin/arm64 freebsd/amd64 netbsd/amd64 openbsd/amd64

.PHONY: help test hosts race invariants peers try-peers bench bars loss check format vet staticcheck tidy lint \
	conformance repeat cover fuzz qemu clean

help: ## list the targets (the default)
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

test: ## run all tests
	$(GO) test -shuffle=on -timeout 15m ./...

hosts: ## run the loop's tests under every way of waiting
	@for h in $(HOSTS); do \
		echo "host $$h"; \
		SHARDLOOP_TEST_HOST=$$h $(GO) test -timeout 15m ./engine/... || exit 1; \
	done

# The servers of package bench that are written in Python have no races of ours.
race: ## run all tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -shuffle=on -timeout 20m $$($(GO) list ./... | grep -v '/bench$$')
	CGO_ENABLED=1 $(GO) test -race -short -shuffle=on -timeout 20m ./bench

invariants: ## run all tests with the checks of the build tag invariants
	$(GO) test -tags invariants -shuffle=on -timeout 15m $$($(GO) list ./... | grep -v '/bench$$')
	$(GO) test -tags invariants -short -shuffle=on -timeout 15m ./bench

# They have dependencies of their own, which the module proxy has.
peers: ## build the servers of further peers into out/peers
	@mkdir -p out && rm -f out/peers
	cd bench/peers && $(GO) build -o ../../out/peers .

try-peers:
	@$(MAKE) --no-print-directory peers || echo "note: without the peers of bench/peers, which could not be built" >&2

bench: try-peers ## measure the quick profile of the benchmark suite, in a few minutes
	$(GO) run ./cmd/loopbench run --quick

bars: try-peers ## measure every bar in full and keep all samples in RAW
	@mkdir -p $$(dirname $(RAW))
	$(GO) run ./cmd/loopbench bars --raw $(RAW)

loss: try-peers ## count what gets lost in the engine and in other libraries
	$(GO) build -buildvcs=auto -o out/loopbench ./cmd/loopbench
	out/loopbench loss

check: format vet staticcheck tidy lint ## check the sources in every way but running them

format: ## fail when a file is not formatted
	@out=$$(gofmt -l .) && if [ -n "$$out" ]; then echo "gofmt: $$out" >&2; exit 1; fi

vet: ## vet for every platform
	@for p in $(PLATFORMS); do \
		echo "vet $$p"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet ./... || exit 1; \
	done
	$(GO) vet -tags invariants ./...
	cd bench/peers && CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(GO) vet ./...

staticcheck: ## run staticcheck
	$(GO) run $(STATICCHECK) ./...

tidy: ## fail when go.mod or go.sum is not tidy
	$(GO) mod tidy -diff
	$(GO) mod verify
	cd bench/peers && $(GO) mod tidy -diff && $(GO) mod verify

lint: ## run the rules of the house and print the sizes
	$(GO) test -count=1 -v -run '^TestTree$$|^TestSizes$$' ./internal/lint

conformance: ## count the documented behaviours that tests prove
	$(GO) run ./internal/conform/report

repeat: ## run the timing-sensitive tests REPEAT times, also under -race
	$(GO) test -p 1 -count=$(REPEAT) -timeout 15m -run '^TestTiming' ./...
	@if [ "$$($(GO) env CGO_ENABLED)" = 1 ]; then \
		echo "again under -race"; \
		$(GO) test -race -p 1 -count=$(REPEAT) -timeout 20m -run '^TestTiming' ./...; \
	else echo "no C compiler: not repeated under -race"; fi

cover: ## print the coverage of each package and of all
	@mkdir -p out
	$(GO) test -coverprofile=out/coverage.out -coverpkg=./... ./...
	$(GO) tool cover -func=out/coverage.out | tail -n 1

# A count and not a time: at the end of a time go test fails now and then
# (go.dev/issue/75804, mended in Go 1.27).
fuzz: ## run every fuzz target FUZZTIME times
	@list=$$($(GO) test -list '^Fuzz' ./...) || { echo "$$list"; exit 1; }; \
	echo "$$list" | awk '/^Fuzz/{n[++k]=$$1} /^ok/{for(i=1;i<=k;i++)print $$2, n[i]; k=0}' | \
	while read -r pkg name; do \
		echo "fuzz $$pkg $$name"; \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1000x "$$pkg" </dev/null || exit 1; \
	done

# Emulated, only what runs differs by instruction set: the rules of the house
# and the report do not. No test starts a process (internal/emulator), nor do the
# benchmarks run, which do; their statistics are tested. Floors compare two readings
# of a clock, between which an emulator takes its time. The test of the examples
# compiles, and is left out too. Short, because large numbers do not differ either.
# The emulator of s390x is too slow for the tests of package engine; what depends on
# the order of bytes lies below that. Emulators know no UDP_SEGMENT, and a signal cuts
# their recvmmsg short, as it never does the kernel's: so no package dgram, nor the
# servers of datagrams in bench/servers.
qemu: ## run the tests for arm64 and s390x under qemu-user-static
	@for p in arm64:aarch64 s390x:s390x; do \
		echo "qemu $${p%:*}"; \
		SHARDLOOP_EMULATED=1 CGO_ENABLED=0 GOARCH=$${p%:*} $(GO) test -short -skip 'Offload|Example.*Pipe|TestDrains|TestDatagramRoles' -timeout 15m -exec qemu-$${p#*:}-static \
			$$($(GO) list ./... | grep -v -e /internal/lint -e /internal/conform -e /internal/dgram -e '/bench$$' -e /bench/floor -e /cmd/ -e /examples/ | if [ $${p%:*} = s390x ]; then grep -v '/engine$$'; else cat; fi) || exit 1; \
	done

clean: ## remove what the targets leave behind
	rm -rf out bin

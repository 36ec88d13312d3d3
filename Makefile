# make           what there is
# make demo      build, render a small film on a farm of one computer, look at it
# make test      everything that tests the project, installing what it needs

GO     ?= go
ARGS   ?=
COUNT  ?= 10
RUNS   ?= 200
# Where make blenders puts newer Blenders, one folder per version.
BLENDERS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/farm/blenders
# The tag's version, or that in the making.
VERSION := $(shell sh release/version.sh)
# A checkout that git refuses to look at, such as one of another user, must still build.
NO_VCS := $(shell git rev-parse HEAD >/dev/null 2>&1 || echo -buildvcs=false)

.PHONY: help need-go slurm build demo test times deps demo-deps check bench bench-frames eta web-bench pictures-of-pages still faults crash soak vulncheck blenders test-blenders release clean

help:
	@sed -n 's/^# make/make/p' Makefile
	@echo 'make build     bin/farm'
	@echo 'make deps      install what demo and test need: Blender, FFmpeg, Chromium, a C compiler, Xvfb, xdotool, D-Bus, mosquitto'
	@echo 'make times     run the tests, and print where their time goes'
	@echo 'make release   archives, Debian packages and checksums of this commit, in dist'
	@echo 'make bench     speed and size; see cmd/bench/README.md'
	@echo 'make bench-frames  what the farm adds to rendering, against Blender alone; BLENDER=PATH'
	@echo 'make web-bench  the web page with 100,000 jobs, one of them with 100,000 tasks, and 300 workers; 15 minutes'
	@echo 'make pictures-of-pages  every page of a running farm on phone, laptop and 4K; FARM=URL TO=FOLDER'
	@echo 'make eta       how good the time left is: five jobs of Blender, SEED=1 says which'
	@echo 'make blenders  newer Blenders beside the installed one, in BLENDERS=DIR; Debian only, 2.7 GB'
	@echo 'make test-blenders  what needs a Blender, tested with all of them; ARGS for go test'
	@echo 'make still     a large still in parts, over two workers of which one is killed, against a single render'
	@echo 'make faults    full disks, killed Blenders and damaged files, RUNS=200 random runs and named ones;'
	@echo '               NEWER=BLENDER saves a file that the present Blender is too old for'
	@echo 'make slurm     workers on a real Slurm cluster of this computer; Debian and root, 15 minutes'
	@echo 'make vulncheck known vulnerabilities in what the program calls; needs https://vuln.go.dev'
	@echo 'make crash     kills, power cuts, cut networks, full disks, turned clocks; SEED=1 repeats, TIMES=6 does more'
	@echo 'make soak      the tests with chance in them, COUNT=10 times, and each fuzzer for a minute'

# Go that is too old to fetch a newer one by itself, as some distributions have it, would only
# call go.mod invalid.
need-go:
	@case "$$($(GO) version 2>/dev/null)" in \
	*' go1.'[0-9][.\ ]* | *' go1.1'[0-9]* | *' go1.20'*) \
		echo 'Farm needs Go 1.26, and "$(GO)" is too old. Install Go 1.26 or newer from https://go.dev/dl/, and run make again.' >&2; exit 1 ;; \
	*' go'*) ;; \
	*) echo 'Farm is written in Go, and there is no "$(GO)" on the PATH. Install Go 1.26 or newer from https://go.dev/dl/, and run make again.' >&2; exit 1 ;; \
	esac

build: need-go
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X renderfarm/cmd.version=$(VERSION)' $(NO_VCS) -o bin/farm .

demo: need-go demo-deps build
	bash testdata/demo.sh $(ARGS)

# A program built with -race waits a second before it exits, as every keeper of a task's program does.
test times soak: export GORACE = atexit_sleep_ms=20

# Without vet, which check has done on everything.
test: need-go deps check
	$(GO) test -race -vet=off -timeout 30m ./...

# Where the time of make test goes.
times: need-go deps
	$(GO) test -race -count 1 -timeout 30m -json ./... | $(GO) run testdata/times.go

deps:
	@sh testdata/deps.sh blender ffmpeg chromium cc xvfb xdotool dbus mosquitto

demo-deps:
	@sh testdata/deps.sh blender ffmpeg

# What needs no test to be run: form, and mistakes that tools find, on every platform.
check: need-go
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not gofmt-ed:" $$unformatted; exit 1; }
	$(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	$(GO) mod tidy -diff
	$(GO) tool staticcheck ./...
	@sh testdata/deadcode.sh
	@sh testdata/check.sh

blenders:
	@sh testdata/blenders.sh "$(BLENDERS)"

test-blenders: need-go demo-deps
	@sh testdata/test-blenders.sh "$(BLENDERS)" $(ARGS)

bench:
	nice $(GO) test -run '^$$' -bench . -benchtime 1x -timeout 0 ./cmd/bench

# Under 15 minutes on two cores. BLENDER=PATH names another Blender, ARGS="-rounds 5 -demo-frames 240" more of it.
bench-frames:
	nice $(GO) test -run '^$$' -bench 'Frames|TwoWorkers' -benchtime 1x -timeout 0 ./cmd/bench -args -rounds 5 -demo-frames 24 $(if $(BLENDER),-blender "$(BLENDER)") $(ARGS)
	FARM_TEST_BLENDER="$(BLENDER)" nice $(GO) test -run '^$$' -bench WarmMemory -benchtime 500x -timeout 0 ./farm/worker

# A quarter of an hour on two cores, ten minutes of it for memory: ARGS="-web-minutes 1" is quicker.
web-bench: need-go deps
	nice $(GO) test -v -count 1 -timeout 0 -run TestWebBench ./ui -web-jobs 100000 $(ARGS)

# For people to look at.
pictures-of-pages: need-go deps
	@[ -n "$(FARM)" ] && [ -n "$(TO)" ] || { echo 'say which farm and where to: make pictures-of-pages FARM=http://localhost:8080 TO=/tmp/pictures' >&2; exit 1; }
	mkdir -p "$(TO)"
	$(GO) test -count 1 -run 'TestPictures$$' ./ui -pictures-from "$(FARM)" -pictures-to "$(TO)" -pictures-of ",jobs,jobs/JOB,jobs/JOB/TASK,workers,workers?as=table,tags,last-rendered,submit,job-types,job-types/simple-blender-render,notifications,settings,setup" $(ARGS)

# Some minutes on two cores. Another SEED makes other jobs.
eta: demo-deps
	nice $(GO) test -v -run '^$$' -bench TimeLeft -benchtime 1x -timeout 0 ./cmd/bench -args -eta-seed $(or $(SEED),1) $(ARGS)

still: demo-deps
	nice $(GO) test -count 1 -timeout 0 -run TestStillOverTwoWorkers -v ./cmd -full

# A job with workers on a real cluster, which is set up and taken down again: as root, on Debian.
slurm: demo-deps
	@command -v sbatch >/dev/null && command -v munged >/dev/null || apt-get install -y slurm-wlm munge
	FARM_SLURM=1 nice $(GO) test -count 1 -timeout 1h -run TestSlurm -v ./cmd

# Faults that are really produced, with Blender: RUNS random runs in all formats, and named ones.
faults: demo-deps
	FARM_FAULTS=$(RUNS) FARM_FAULTS_NEWER=$(NEWER) nice $(GO) test -count 1 -timeout 0 -run TestFaults -v ./farm/worker

# What the program promises, under attack: about 15 minutes on two cores. Most of it needs root and Linux;
# what cannot be done here is in the table that it prints. TIMES=4 is about an hour.
crash: need-go
	FARM_CRASH=$(or $(TIMES),1) nice $(GO) test -v -count 1 -timeout 0 -run TestProgram ./cmd/crash -args -seed $(or $(SEED),0) $(ARGS)

soak:
	FARM_SOAK=1 nice $(GO) test -race -count $(COUNT) -timeout 0 ./store/... ./farm/... ./jsjobs/... ./cmd/...
	@sh testdata/fuzz.sh 60s
	$(MAKE) crash TIMES=6

vulncheck: need-go
	@GO="$(GO)" sh testdata/vulncheck.sh

release: need-go
	@sh release/release.sh dist

clean:
	rm -rf bin dist

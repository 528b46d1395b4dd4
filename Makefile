# The two commands that matter: `make demo` and `make test`. As root both install what
# Debian has; otherwise they print the command that does.

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
# A test that lacks its broker or its SDK must fail here, not skip.
REQUIRE := SPANFALL_REQUIRE_RABBITMQ=1 SPANFALL_REQUIRE_PYTHON=1 SPANFALL_REQUIRE_NODE=1 SPANFALL_REQUIRE_BROWSER=1 SPANFALL_REQUIRE_SHELLS=1
# Many tests wait for other programs, so more of them run at once than there are processors.
TEST_THREADS := RUST_TEST_THREADS=$${RUST_TEST_THREADS:-4}

.PHONY: help demo build test page-and-sdks waiting-tests other-tests fuzz chaos interop bench pictures lint docs unit clean

help: ## Show this help
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: ## Build what the demo needs and start the viewer with it
	@scripts/need demo
	@CARGO="$(CARGO)" scripts/build
	@set -a; if [ -f .env ]; then . ./.env; fi; exec $(TARGET)/release/spanfall demo

build: ## Build the viewer, the demo's services and the page
	@CARGO="$(CARGO)" scripts/build

# A first build would write 5 GB of state for incremental compilation.
test: export CARGO_INCREMENTAL ?= 0
# Property tests try the same inputs in each run, so that a failure is of what changed; `make fuzz` tries others.
test: export PROPTEST_RNG_SEED ?= 1
test: ## Everything that has to pass: format, lints, documentation, tests
	@scripts/need test
	@scripts/parallel "page or an SDK" $(MAKE) --no-print-directory page-and-sdks -- $(MAKE) --no-print-directory lint docs
	$(CARGO) build --locked --workspace --bins --tests
	@$(REQUIRE) $(TEST_THREADS) scripts/parallel "other tests" $(MAKE) --no-print-directory other-tests -- $(MAKE) --no-print-directory waiting-tests

# Everything but Rust, in parallel with the lints: SDKs of other languages, the page and its tests.
page-and-sdks:
	@crates/e2e/python/setup.sh
	@crates/e2e/node/setup.sh
	@scripts/build-page
	npm --prefix frontend run check

# The tests that mostly wait for other programs, and the examples of the documentation.
waiting-tests:
	@status=0; $(CARGO) test --locked --workspace --no-fail-fast --test it --test 'c*' || status=$$?; \
	$(CARGO) test --locked --workspace --no-fail-fast --doc || status=$$?; exit $$status

# The others, whose names begin with neither c nor i (the test `walls` checks it).
other-tests:
	$(CARGO) test --locked --workspace --no-fail-fast --lib --bins --test '[!ci]*'

fuzz: ## Fuzz each target and try new inputs for the property tests, for FUZZ_SECONDS (60) each
	@fuzz/run

chaos: ## Kill and stop the demo's programs under load for CHAOS_SECONDS (120) a part; CHAOS_SEED repeats a run
	@crates/e2e/python/setup.sh
	$(CARGO) build --locked --workspace --bins --tests
	CHAOS_SECONDS=$${CHAOS_SECONDS:-120} $(REQUIRE) $(CARGO) test --locked --workspace --test chaos -- --nocapture --test-threads=1

interop: ## Compare the query API with a real Jaeger, which Go builds
	$(CARGO) build --locked --workspace --bins --tests
	JAEGER=$$(scripts/jaeger) $(CARGO) test --locked --workspace --test it interop:: -- --ignored

bench: ## Measure speed and memory from outside; BENCH_ONLY=<part> for one part
	$(CARGO) build --release --locked --package spanfall --package bench --bins --benches
	$(CARGO) bench --locked --package spanfall --package bench --bench report

pictures: ## Record the pictures in docs from a run of the demo
	$(CARGO) build --locked --workspace --bins --examples
	@$(TARGET)/debug/examples/pictures

lint: ## Format, lints, and what dependencies may be if cargo-deny is installed
	$(CARGO) fmt --all --check
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --offline --log-level error check licenses bans sources; \
	else echo "Skipping deny.toml: cargo-deny is not installed (cargo install --locked cargo-deny)."; fi
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

# With the examples, so that dependencies have the features that lints and tests need, too.
docs: ## The crates' documentation, its links checked
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --workspace --no-deps --lib --examples

unit: ## The tests that need no other program
	$(CARGO) test --locked --workspace --exclude e2e --lib

clean: ## Remove what was built
	$(CARGO) clean

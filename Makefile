# `make` lists the targets. Each says first what it needs.

export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help run test build lint crds bench fuzz

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: ## try it: Latchkey and a real OpenID provider with two demo people
	@examples/quickstart/run

test: ## everything that must hold, with a real provider and a real browser
	@tests/setup test
	@$(MAKE) --no-print-directory lint
	cargo test --locked

build: ## the release binary, target/release/latchkey
	cargo build --release --locked

lint: ## format and clippy, without changing anything
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

crds: ## write crds/ from the Rust types, and the chart's copy of it
	cargo run --locked --quiet -- crds crds
	cargo run --locked --quiet -- crds charts/latchkey/files/crds

bench: ## how fast it is, on a machine that does nothing else
	@tests/setup bench
	cargo bench --locked

fuzz: ## throw made-up tokens, documents, keys, URLs, cookies and expressions at it, a minute of each kind
	@tests/setup fuzz
	@fuzz/run

# The façade over every tool. CI calls these targets and nothing else.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

ROOT := $(CURDIR)
TOOLCHAIN := $(ROOT)/tooling/toolchain/node_modules
export PATH := $(ROOT)/.dev/bin:$(TOOLCHAIN)/.bin:$(PATH)
# pnpm warns through npm's configuration; nothing here wants to be asked.
export CI ?=

TOOLCHAIN_STAMP := $(TOOLCHAIN)/.package-lock.json
WORKSPACE_STAMP := $(ROOT)/node_modules/.modules.yaml
MANIFESTS := package.json pnpm-workspace.yaml pnpm-lock.yaml $(wildcard */package.json)

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "; printf "Claude Pocket Console\n\n"} /^[a-z-]+:.*## / {printf "  \033[36m%-10s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(TOOLCHAIN_STAMP): tooling/toolchain/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing. Install any Node.js >= 18 with npm (Debian: apt-get install nodejs npm); the project brings its own Node 24."; exit 1; }
	npm ci --prefix tooling/toolchain --no-fund --no-audit --loglevel=error
	@touch $@

$(WORKSPACE_STAMP): $(TOOLCHAIN_STAMP) $(MANIFESTS)
	pnpm install --frozen-lockfile --reporter=append-only --loglevel=warn
	@touch $@

.PHONY: install
install: $(WORKSPACE_STAMP) ## Install the toolchain and the packages

.PHONY: up
up: install ## Everything on a fresh machine: cluster, images, release, an example session
	@node tooling/dev/up.ts

.PHONY: down
down: install ## Stop what `make up` started
	@node tooling/dev/down.ts

.PHONY: clean
clean: install ## Stop it, and remove state and caches too
	@node tooling/dev/down.ts --purge
	rm -rf .dev .turbo */.turbo */dist node_modules */node_modules tooling/toolchain/node_modules

.PHONY: check
check: install ## Format, lint, types, unit tests; no cluster
	@node tooling/dev/test.ts check

.PHONY: verify
verify: install ## Regenerate generated files and fail on a difference
	@node tooling/dev/verify.ts

.PHONY: test
test: install ## Everything that must pass, from a fresh machine
	@node tooling/dev/test.ts all

.PHONY: bench
bench: install ## Side-by-side measurements on the running cluster
	@bash -c '. .dev/env && node bench/src/main.ts'

.PHONY: generate
generate: install ## Rewrite generated files (CRDs, types, vectors, chart goldens)
	@node tooling/dev/verify.ts --write

.PHONY: format
format: install ## Rewrite files in the house format
	@pnpm exec prettier --write . >/dev/null && gofmt -w sandbox-image/holder devcluster/components

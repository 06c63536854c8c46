# What is done with this repository. "make" alone lists it.

export GOFLAGS := -mod=readonly $(GOFLAGS)

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
CACHE   := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/quintet
# Built from source once per version: a downloaded binary would be built with another Go than the code it reads.
LINTER  := $(CACHE)/golangci-lint-$(shell awk '/golangci-lint\/v2 v/ {print $$2; exit}' tools/lint/go.mod)-$(shell go env GOVERSION)

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## serve the shop at http://127.0.0.1:8000, on SQLite when DATABASE_URL is not set
	go run ./cmd/server

.PHONY: test
test: ## run all tests, on SQLite and on PostgreSQL, which is installed when it is missing
	tools/postgres.sh
	go test -timeout 15m ./...

.PHONY: race
race: ## run all tests with the race detector
	CGO_ENABLED=1 go test -race -timeout 20m ./...

.PHONY: cover
cover: ## write coverage.html
	go test -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -func=coverage.out | tail -n 1
	go tool cover -html=coverage.out -o coverage.html

.PHONY: conformance
conformance: ## replay the recordings of the reference on both databases and print the table
	go test -count=1 -v -run '^TestConformance$$' ./conformance

.PHONY: drift
drift: ## fail when a model of the shop has changed and no migration says so
	go run ./cmd/server makemigrations --check

.PHONY: django
django: ## run the round trip beside Django on one database, which needs the reference project and pip
	tools/django/check.sh

.PHONY: lint
lint: $(LINTER) ## vet, and run the linters of .golangci.yml
	go vet ./...
	$(LINTER) run
	cd bench/peers && $(LINTER) run --config ../../.golangci.yml

.PHONY: fmt
fmt: $(LINTER) ## format the code
	$(LINTER) fmt

$(LINTER): tools/lint/go.mod
	@mkdir -p $(@D)
	@echo "building golangci-lint, which takes some minutes the first time"
	cd tools/lint && CGO_ENABLED=0 go build -trimpath -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

.PHONY: bench
bench: ## measure beside DRF, Echo + GORM and hand-written pgx, and write bench/RESULTS.md (half an hour)
	go run ./bench

.PHONY: bench-quick
bench-quick: ## measure one list beside hand-written pgx, in half a minute; WORK="R A" chooses others
	go run ./bench quick $(WORK)

.PHONY: openapi
openapi: ## write api/openapi.yaml
	@mkdir -p api
	go run ./cmd/server openapi

.PHONY: openapi-check
openapi-check: ## fail when api/openapi.yaml is out of date or not what its readers take
	go run ./cmd/server openapi --check
	@if command -v npm >/dev/null; then tools/openapi/check.sh; else \
		echo "NOT CHECKED by spectral, redocly and tsc: npm is not installed (Debian: apt-get install npm)" >&2; fi

.PHONY: build
build: ## build every command into bin/, static
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/ ./cmd/... ./conformance/serve
	CGO_ENABLED=0 go build ./...

.PHONY: image
image: ## build the container image quintet:VERSION
	docker build --tag quintet:$(VERSION) .

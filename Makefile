# Everything here is a shorthand for a Python module under setup/, tools/ or tests/. With the official Pulumi CLI none of it is
# needed to use the project: `pulumi install --no-plugins`, `pulumi stack select dev`, `pulumi up`.

.DEFAULT_GOAL := help
.PHONY: help up status down env demo policy sdk test bench bench-fleet reliability advisories lock release

set-up = @sh setup/python.sh -m setup.virtual_environment
# Unbuffered, so that its words and those of the commands it runs come in order.
run = @.venv/bin/python -u -m

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

up: ## set up, start the local cloud, bring the local stack up, show its receipts and one call
	$(set-up) runtime
	$(run) tools.local_stack up

status: ## show the table of the local stack's keys: ids, ends, next rotations, where their secrets are
	$(set-up) runtime
	$(run) tools.local_stack status

down: ## destroy the local stack and stop the local cloud
	$(set-up) runtime
	$(run) tools.local_stack down

env: ## print what plain `pulumi` needs in a shell: eval "$(make -s env)"
	$(set-up) runtime
	$(run) tools.local_stack env

demo: ## tell the whole story in one run: issue, use, rotate, end, leak, catch up; with a consumer that never stops
	$(set-up) runtime
	$(run) tools.demo

policy: ## set up the policy pack's own environment, for pulumi up --policy-pack policy
	$(set-up) policy

sdk: ## write the component's schema and sdk/python anew, by Pulumi's own generator (needs Go)
	$(set-up) runtime
	$(run) tools.sdk_generator

test: ## set up and run every check: format, lint, types, tests
	$(set-up) development
	$(set-up) policy
	$(run) tools.checks

bench: ## time stacks of several sizes and the engine's own floor (KEYS="6 100 300", RUNS=3, BESIDE=file; PUBLISH=1: write its page)
	$(set-up) development
	$(run) tools.bench $(if $(KEYS),--keys $(KEYS)) $(if $(RUNS),--runs $(RUNS)) $(if $(BESIDE),--beside "$(BESIDE)") $(if $(PUBLISH),--publish)

bench-fleet: ## time many stacks at once, as tables: one to two hours (KEYS=200 STACKS=10 JOBS=1,2 and the like: a small run; PUBLISH=1: write its page)
	$(set-up) development
	$(run) tools.fleet_bench $(if $(KEYS),--keys $(KEYS)) $(if $(STACKS),--stacks $(STACKS)) $(if $(JOBS),--jobs $(JOBS)) $(if $(CLOUDS),--clouds $(CLOUDS)) $(if $(SPLIT),--split $(SPLIT)) $(if $(SPREAD_KEYS),--spread-keys $(SPREAD_KEYS)) $(if $(PUBLISH),--publish)

reliability: ## run every part of the proof and keep what it came to: every promise, as tables (QUICK=1: a part of each)
	$(set-up) development
	$(run) tests.reliability $(if $(QUICK),--quick)

advisories: ## ask for known vulnerabilities of all that is pinned; says so where nobody can be asked
	$(set-up) runtime
	$(run) tools.advisories

lock: ## make the locks anew from what the requirements' .txt files declare
	@sh tools/lock.sh

release: ## check everything, stamp VERSION=x.y.z, build the SDK's wheel into dist/, say which tag to push
	$(set-up) development
	$(run) tools.release "$(VERSION)"

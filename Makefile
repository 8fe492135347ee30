# Everything a developer types. Needs make and one of these Pythons, nothing else (only `make infra` needs Terraform).
# Another interpreter: make PYTHON=python3.12 ...

.DEFAULT_GOAL := help
PYTHONS := 3.11 3.12 3.13 3.14
IS_SUPPORTED := -E -s -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] not in sys.argv[1:] or sys.implementation.name != "cpython")' $(PYTHONS)

ifndef PYTHON
# The first that is supported: `python3` itself is 3.9 on a plain macOS.
PYTHON := $(shell for candidate in python3 $(addprefix python,$(PYTHONS)); do \
	"$$candidate" $(IS_SUPPORTED) 2>/dev/null && echo "$$candidate" && break; \
	done)
endif
ifeq ($(strip $(PYTHON)),)
PYTHON := python3
endif
REFUSED := This needs Python $(PYTHONS) (CPython), and "$(PYTHON)" is another one or missing: make PYTHON=/path/to/python3.12 run

# So that messages name what was typed: ACTOR=, not --actor.
export CALLED_BY := make
# What a command runs in is made first, as far as it is missing (tools/environment.py): by default what tests and checks need.
LEVEL := dev
ENVIRONMENT = "$(PYTHON)" -E -s -m tools.environment $(if $(filter file,$(origin PYTHON)),,--named)
RUN = $(ENVIRONMENT) $(LEVEL) --
PYTEST = $(RUN) -m pytest --numprocesses 3 --dist loadgroup
ALONE = "$(PYTHON)" -E -s -m

run cost config deploy destroy rewrap rollback sleep wake package documents drill: LEVEL := run
# These look at what runs, or act on it: they take the environment that is there, and never make it again.
token consents audit-seal audit-verify audit-export operate keys restore: LEVEL := look

.PHONY: help run test test-slow test-ids infra security sdk cost token consents audit-seal audit-verify audit-export operate keys restore drill bench bench-compare cold-start profile flood flaky-phones load stop clean venv python check lint types imports tests format coverage docs documents migration package config deploy destroy rollback rewrap sleep wake rehearse lock

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

run: venv  ## bring up the whole service on http://127.0.0.1:8000 (PORT=... moves it)
	@$(RUN) -m local run $(call option,NETWORK,--network) $(call option,SEED,--seed)

test: venv  ## lint, types, imports, and the tests that hold the specification: five minutes on two cores
	@$(MAKE) --no-print-directory --keep-going lint types imports tests

test-slow: venv  ## the tests that take longer: faults, simulation, package, local stack, release, bench
	@$(PYTEST) --group=slow

test-ids: venv  ## print the ids of all tests, or of one group: make test-ids GROUP=slow
	@$(RUN) -m tools.test_ids $(GROUP)

infra: venv  ## check the infrastructure (needs Terraform 1.11 or later, but no account)
	@$(ENVIRONMENT) infra
	@$(RUN) -m tools.infra_checks
	@$(RUN) -m pytest tests/infra

sdk: venv  ## check the TypeScript client, build its package, and try it against the service (Node comes from PyPI if need be)
	@$(RUN) -m tools.sdk
	@$(RUN) -m pytest tests/sdk

security: venv  ## attack the API by its description, audit the code and what it needs, look for secrets
	@$(ENVIRONMENT) security
	@$(RUN) -m tools.security_checks
	@$(RUN) -m pytest tests/security

cost: venv  ## print what a month costs at list price, of what Terraform plans: make cost STAGE=dev
	@$(RUN) -m tools.cost $(call option,STAGE,--stage)

token: venv  ## print a development ID token: make token NAME="Ana Diaz" EMAIL=ana@example.com PROVIDER=apple
	@$(RUN) -m local token $(call option,NAME,--name) $(call option,EMAIL,--email) $(call option,SUBJECT,--subject) \
		$(call option,NONCE,--nonce) $(call option,CLIENT,--client) $(call option,PROVIDER,--provider)

consents: venv  ## count how people stand on the documents: make consents DOCUMENT=terms_of_service VERSION=2.0
	@$(RUN) -m local consents $(call option,DOCUMENT,--document) $(call option,VERSION,--version) $(call switch,JSON,--json)

audit-seal: venv  ## seal and anchor what was audited; deployed, a schedule does it
	@$(RUN) -m local audit-seal

audit-verify: venv  ## verify the audit record and name the first bad entry; BUNDLE=audit.jsonl does it offline
	@$(RUN) -m local audit-verify $(call option,FIRST,--first) $(call option,LAST,--last) \
		$(call option,BUNDLE,--bundle) $(call option,JWKS,--jwks) $(call switch,JSON,--json)

audit-export: venv  ## write the sealed record with proofs for auditors: make audit-export FILE=audit.jsonl
	@$(RUN) -m local audit-export $(call option,FIRST,--first) $(call option,LAST,--last) $(call option,FILE,--file)

operate: venv  ## find, show, suspend, reinstate, end-sessions, export or erase: make operate ACT=find EMAIL=ana@example.com ACTOR=me REASON="ticket 4711"
	@$(RUN) -m local operate $(call option,ACT) $(call option,EMAIL,--email) $(call option,SUBJECT,--subject) \
		$(call option,PROVIDER,--provider) $(call option,USER_ID,--user-id) $(call option,PART,--part) \
		$(call option,ACTOR,--actor) $(call option,REASON,--reason) \
		$(call switch,REVEAL,--reveal) $(call switch,EMERGENCY,--emergency) $(call switch,JSON,--json)

keys: venv  ## show where every key stands; or change one: make keys ACT=rotate USE=refresh_token
	@$(RUN) -m local keys $(call option,ACT) $(call option,USE,--use) $(call option,VERSION,--version) $(call option,KID,--kid) \
		$(call option,ACTOR,--actor) $(call option,REASON,--reason) $(call switch,JSON,--json)

restore: venv  ## make the database ready after it was restored from a backup: the function `restore`
	@$(RUN) -m local restore

drill: venv  ## rehearse it: dump, erase, restore the dump, and prove that nobody is brought back
	@$(RUN) -m local drill

bench: venv  ## measure the handler and print the tables: make bench PEOPLE=200 CONTAINERS=16 COLD=10 GROWTH="10000 1000000"
	@$(RUN) -m bench $(call option,PEOPLE,--people) $(call option,CONTAINERS,--containers) $(call option,COLD,--cold) \
		$(if $(findstring command,$(origin GROWTH)),--growth $(GROWTH)) $(call switch,STRICT,--strict)

bench-compare: venv  ## compare the working tree with a revision, pair by pair: make bench-compare BASE=main PAIRS=8 PEOPLE=60
	@$(RUN) -m bench.compare $(call option,BASE,--base) $(call option,PAIRS,--pairs) $(call option,PEOPLE,--people)

cold-start: venv  ## measure cold starts of the real zip and its imports: make cold-start ONLY=refresh TIMES=20
	@$(RUN) -m bench.cold_start $(call option,ONLY,--only) $(call option,TIMES,--times)

profile: venv  ## tell which functions the CPU of a warm request goes to
	@$(RUN) -m bench.profile $(call option,PEOPLE,--people)

flood: venv  ## measure 200 sign-ins a second from one address, beside people who go on as ever
	@$(RUN) -m bench.flood

flaky-phones: venv  ## 200 phones on bad networks, with thieves among them: make flaky-phones SECONDS=120 SEED=7
	@$(RUN) -m pytest tests/simulation -q -s -k flaky_phones $(call option,SECONDS,--phones-seconds) $(call option,SEED,--phones-seed)

load: venv  ## 16 containers at full speed while 5 % fails and the database is killed: make load CONTAINERS=16 SECONDS=30
	@$(RUN) -m bench.load $(call option,CONTAINERS,--containers) $(call option,SECONDS,--seconds)

stop: python  ## end what `make run` started, from another shell
	@$(ALONE) local.ending stop

clean: python  ## remove everything that `make run` and `make test` made
	@$(ALONE) local.ending clean

check: lint types imports  ## the checks without the tests

lint: venv  ## ruff: rules and format
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m ruff format --check --quiet .

types: venv  ## mypy, strict
	@$(RUN) -m mypy

imports: venv  ## the direction of imports
	@$(RUN) .venv/bin/lint-imports --no-logo

tests: venv  ## the tests of `make test` alone
	@$(PYTEST) --group=fast

format: venv  ## rewrite the code the way `make lint` wants it
	@$(RUN) -m ruff check --fix --quiet .
	@$(RUN) -m ruff format .

coverage: venv  ## run both groups of tests, or some (TESTS=tests/unit), and print the branches that none of them reaches
	@$(PYTEST) $(or $(TESTS),--ignore=tests/infra --ignore=tests/security) --cov --cov-report=term

docs: venv  ## write the pages of docs/ again that are made from code
	@for page in tools/*_page.py; do $(RUN) -m "tools.$$(basename "$$page" .py)" || exit 1; done

package: venv  ## build what Lambda runs, and check it: make package STAGE=dev
	@$(RUN) -m tools.package --stage $(or $(STAGE),dev)

config: venv  ## fill .chalice/config.json from Terraform's outputs: make config STAGE=dev STATES=bucket
	@$(RUN) -m tools.release config --stage $(or $(STAGE),dev) $(call option,STATES,--states)

deploy: venv  ## release all of a stage, or nothing of it: make deploy STAGE=dev STATES=bucket
	@$(RUN) -m tools.release deploy --stage $(or $(STAGE),dev) $(call option,STATES,--states) $(call switch,DESTROY,--destroy)

rollback: venv  ## deploy the release before the last one again: make rollback STAGE=dev STATES=bucket
	@$(RUN) -m tools.release rollback --stage $(or $(STAGE),dev) $(call option,STATES,--states)

destroy: venv  ## destroy a stage and everything in it, but never prod: make destroy STAGE=dev STATES=bucket
	@$(RUN) -m tools.release destroy --stage $(STAGE) $(call option,STATES,--states)

sleep: venv  ## stop what a stage costs by the hour: make sleep STAGE=dev STATES=bucket
	@$(RUN) -m tools.release sleep --stage $(STAGE) $(call option,STATES,--states)

wake: venv  ## start a stage that sleeps, in about ten minutes: make wake STAGE=dev STATES=bucket
	@$(RUN) -m tools.release wake --stage $(STAGE) $(call option,STATES,--states)

rewrap: venv  ## wrap everything with the newest KMS keys (docs/keys.md): make rewrap STAGE=dev STATES=bucket
	@$(RUN) -m tools.release rewrap --stage $(or $(STAGE),dev) $(call option,STATES,--states)

documents: venv  ## register new consent texts as published; a published one never changes
	@$(RUN) -m local.published

migration: venv  ## write the next migration: make migration NAME="notes of operators"
	@$(RUN) -m tools.migration $(call option,NAME,--name)

rehearse: venv  ## release, break and roll back on this machine, with the real zip (needs Terraform)
	@$(RUN) -m tools.rehearsal

lock: python  ## pin and hash the dependencies again; UPGRADE=1 takes newer ones
	@$(ALONE) tools.lock $(PYTHONS) $(if $(UPGRADE),--upgrade)

# Only what was typed on make's command line counts: shells of some systems set NAME and EMAIL to something else.
option = $(if $(findstring command,$(origin $(1))),$(2) "$$$(1)")
switch = $(if $(findstring command,$(origin $(1))),$(if $(filter-out 0 no off,$($(1))),$(2)))

python:
	@"$(PYTHON)" $(IS_SUPPORTED) 2>/dev/null || { echo '$(REFUSED)' >&2; exit 1; }

venv: python
	@$(ENVIRONMENT) $(LEVEL)

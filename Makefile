# Everything a developer types. Needs make and Python 3.11 or later, nothing else (only `make lock` needs uv, and `make infra` Terraform).
# Another interpreter: make PYTHON=python3.12 ...

.DEFAULT_GOAL := help

ifndef PYTHON
# The first of these that is new enough: `python3` itself is 3.9 on a plain macOS.
PYTHON := $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$candidate" && break; \
	done)
endif
ifeq ($(strip $(PYTHON)),)
PYTHON := python3
endif

RUN := .venv/bin/python
# Without these nothing was ever started, so that stop and clean need install nothing.
TRACES := [ -d .local ] || [ -e .venv/made-from ]
TOO_OLD := Python 3.11 or later is needed, and "$(PYTHON)" is older or missing. Name one: make PYTHON=/path/to/python3.12 run

.PHONY: help run test infra security cost token consents audit-seal audit-verify audit-export operate keys restore drill bench bench-compare cold-start flood flaky-phones load stop clean venv check lint types imports tests format coverage docs documents package config deploy destroy rollback rewrap sleep wake rehearse lock

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

run: venv  ## bring up the whole service on http://127.0.0.1:8000 (PORT=... moves it)
	@$(RUN) -m local run

test: venv  ## lint, types, imports, tests: all of what CI runs that needs Python alone
	@$(MAKE) --no-print-directory --keep-going lint types imports tests

infra: venv  ## check the infrastructure (needs Terraform 1.11 or later, but no account)
	@"$(PYTHON)" tools/environment.py .venv-infra requirements-infra.txt
	@$(RUN) -m tools.infra_checks
	@$(RUN) -m pytest tests/infra

security: venv  ## attack the API by its description, audit the code and what it needs, look for secrets
	@"$(PYTHON)" tools/environment.py .venv-security requirements-security.txt
	@$(RUN) -m tools.security_checks
	@$(RUN) -m pytest tests/security

cost: venv  ## print what a month costs at list price, of what Terraform plans: make cost STAGE=dev
	@$(RUN) -m tools.cost $(STAGE)

token: venv  ## print a development ID token: make token NAME="Ana Diaz" EMAIL=ana@example.com PROVIDER=apple
	@$(RUN) -m local token $(call option,NAME,--name) $(call option,EMAIL,--email) \
		$(call option,NONCE,--nonce) $(call option,CLIENT,--client) $(call option,PROVIDER,--provider)

consents: venv  ## count how people stand on the documents: make consents DOCUMENT=terms_of_service VERSION=2.0
	@$(RUN) -m local consents $(call option,DOCUMENT,--document) $(call option,VERSION,--version)

audit-seal: venv  ## seal and anchor what was audited; deployed, a schedule does it
	@$(RUN) -m local audit-seal

audit-verify: venv  ## verify the audit record and name the first bad entry; BUNDLE=audit.jsonl does it offline
	@$(RUN) -m local audit-verify $(call option,FIRST,--first) $(call option,LAST,--last) \
		$(call option,BUNDLE,--bundle) $(call option,JWKS,--jwks)

audit-export: venv  ## write the sealed record with proofs for auditors: make audit-export FILE=audit.jsonl
	@$(RUN) -m local audit-export $(call option,FIRST,--first) $(call option,LAST,--last) $(call option,FILE,--file)

operate: venv  ## act as an operator: make operate ACT=find EMAIL=ana@example.com ACTOR=me REASON="ticket 4711"
	@$(RUN) -m local operate $(ACT) $(call option,EMAIL,--email) $(call option,SUBJECT,--subject) \
		$(call option,PROVIDER,--provider) $(call option,USER_ID,--user-id) $(call option,ACTOR,--actor) $(call option,REASON,--reason) \
		$(if $(REVEAL),--reveal) $(if $(EMERGENCY),--emergency) $(if $(JSON),--json)

keys: venv  ## show where every key stands; or change one: make keys ACT=rotate USE=refresh_token
	@$(RUN) -m local keys $(ACT) $(call option,USE,--use) $(call option,VERSION,--version) $(call option,KID,--kid) \
		$(call option,ACTOR,--actor) $(call option,REASON,--reason) $(if $(JSON),--json)

restore: venv  ## make the database ready after it was restored from a backup: the function `restore`
	@$(RUN) -m local restore

drill: venv  ## rehearse it: dump, erase, restore the dump, and prove that nobody is brought back
	@$(RUN) -m local drill

bench: venv  ## measure the handler and print the tables: make bench PEOPLE=200 CONTAINERS=16 COLD=10 GROWTH="10000 1000000"
	@$(RUN) -m bench $(call option,PEOPLE,--people) $(call option,CONTAINERS,--containers) $(call option,COLD,--cold) \
		$(if $(findstring command,$(origin GROWTH)),--growth $(GROWTH)) $(if $(STRICT),--strict)

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

stop:  ## end what `make run` started, from another shell
	@if $(TRACES); then $(MAKE) --no-print-directory venv && $(RUN) -m local stop; else echo "Nothing is running."; fi

clean:  ## remove everything that `make run` and `make test` made
	@if $(TRACES); then $(MAKE) --no-print-directory venv && $(RUN) -m local clean; fi
	@rm -rf .venv .venv-infra .venv-security .schemathesis .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.*
	@find infra -name .terraform -prune -exec rm -rf {} +
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

check: lint types imports  ## the checks without the tests

lint: venv  ## ruff: rules and format
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m ruff format --check --quiet .

types: venv  ## mypy, strict
	@$(RUN) -m mypy

imports: venv  ## the direction of imports
	@$(RUN) .venv/bin/lint-imports --no-logo

tests: venv  ## the tests alone
	@$(RUN) -m pytest --ignore tests/infra --ignore tests/security --numprocesses 3 --dist loadgroup --cov --cov-report=

format: venv  ## rewrite the code the way `make lint` wants it
	@$(RUN) -m ruff check --fix --quiet .
	@$(RUN) -m ruff format .

coverage: venv  ## the branches that the last `make test` did not reach
	@$(RUN) -m coverage report

docs: venv  ## write the pages of docs/ again that are made from code
	@for page in tools/*_page.py; do $(RUN) -m "tools.$$(basename "$$page" .py)" || exit 1; done

package: venv  ## build what Lambda runs, and check it: make package STAGE=dev
	@$(RUN) -m tools.package --stage $(or $(STAGE),dev)

config: venv  ## fill .chalice/config.json from Terraform's outputs: make config STAGE=dev STATES=bucket
	@$(RUN) -m tools.release config --stage $(or $(STAGE),dev) $(call option,STATES,--states)

deploy: venv  ## release all of a stage, or nothing of it: make deploy STAGE=dev STATES=bucket
	@$(RUN) -m tools.release deploy --stage $(or $(STAGE),dev) $(call option,STATES,--states) $(if $(DESTROY),--destroy)

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

rehearse: venv  ## release, break and roll back on this machine, with the real zip (needs Terraform)
	@$(RUN) -m tools.rehearsal

lock:  ## pin and hash the dependencies again; UPGRADE=1 takes newer ones
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	@for name in requirements requirements-dev requirements-infra requirements-security; do \
		uv pip compile $$name.in --output-file $$name.txt $(if $(UPGRADE),--upgrade) --quiet --no-config \
			--universal --python-version 3.11 --generate-hashes --default-index https://pypi.org/simple \
			--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" || exit 1; \
	done

# Only what was typed on make's command line counts: shells of some systems set NAME and EMAIL to something else.
option = $(if $(findstring command,$(origin $(1))),$(2) "$$$(1)")

venv:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo '$(TOO_OLD)'; exit 1; }
	@"$(PYTHON)" tools/environment.py

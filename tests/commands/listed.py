"""The one list of commands: for each that a developer or an operator may type, the tests that type it.

A key is what `shown.key` makes of a command. A step of `.ci/run` counts as a test, by the name of the step.
"""

from collections.abc import Mapping
from typing import Final

STACK: Final = "tests/commands/test_on_a_stack.py"
ALONE: Final = "tests/commands/test_by_themselves.py"
CHANGES: Final = "tests/commands/test_documented_changes.py"
MEASURED: Final = "tests/commands/test_measurements.py"
CHALICE: Final = "tests/local/test_chalice_local.py"
REHEARSED: Final = (".ci/run rehearse",)
OPERATED: Final = (
    f"{STACK}::test_an_operator_finds_shows_exports_and_acts",
    f"{STACK}::test_an_account_is_erased",
)
SLEEPING: Final = ("tests/release/test_sleeping.py::test_it_sleeps_and_wakes_as_often_as_it_is_told",)
KEYS: Final = (f"{STACK}::test_keys_are_shown_rotated_and_walked",)
AUDITED: Final = (f"{STACK}::test_the_audit_record_is_sealed_verified_and_exported",)
PAGES: Final = (f"{ALONE}::test_docs_writes_the_pages_that_are_there",)

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "make audit-export": AUDITED,
    "make audit-seal": AUDITED,
    "make audit-verify": AUDITED,
    "make bench": (f"{MEASURED}::test_bench_prints_its_tables",),
    "make bench-compare": (f"{MEASURED}::test_bench_compare_tells_pairs_apart",),
    "make check": (f"{ALONE}::test_check_is_three_checks",),
    "make clean": (f"{STACK}::test_it_is_stopped_from_another_shell_and_cleaned_away",),
    "make cold-start": (f"{MEASURED}::test_cold_start_measures_the_real_zip",),
    "make config": REHEARSED,
    "make consents": (f"{STACK}::test_consents_are_counted",),
    "make cost": ("tests/infra/test_cost.py::test_the_page_s_table_is_what_the_command_prints",),
    "make coverage": (f"{ALONE}::test_coverage_tells_what_was_not_reached",),
    "make deploy": REHEARSED,
    "make destroy": REHEARSED,
    "make docs": PAGES,
    "make documents": (f"{CHANGES}::test_a_version_is_published_as_the_page_says",),
    "make drill": (f"{MEASURED}::test_drill_proves_that_nobody_is_brought_back",),
    "make flaky-phones": (f"{MEASURED}::test_flaky_phones_take_a_seed_and_seconds",),
    "make flood": (f"{MEASURED}::test_flood_measures_both_sides",),
    "make format": (f"{ALONE}::test_format_rewrites_what_lint_refuses",),
    "make help": (f"{ALONE}::test_help_names_every_target",),
    "make imports": (".ci/run test",),
    "make infra": (".ci/run infra",),
    "make keys": KEYS,
    "make lint": (".ci/run test", f"{ALONE}::test_format_rewrites_what_lint_refuses"),
    "make load": (f"{MEASURED}::test_load_says_how_it_went",),
    "make lock": (f"{ALONE}::test_lock_runs_what_the_tests_of_set_up_try",),
    "make migration": (f"{CHANGES}::test_a_migration_is_written_as_the_page_says",),
    "make operate": OPERATED,
    "make package": (f"{MEASURED}::test_cold_start_measures_the_real_zip",),
    "make profile": (f"{MEASURED}::test_profile_names_functions",),
    "make rehearse": REHEARSED,
    "make restore": (f"{STACK}::test_a_restored_database_is_made_ready",),
    "make rewrap": REHEARSED,
    "make rollback": REHEARSED,
    "make run": (f"{STACK}::test_the_printed_command_signs_up_and_settings_of_the_shell_count",),
    "make sdk": (".ci/run sdk",),
    "make security": (".ci/run security",),
    "make sleep": SLEEPING,
    "make stop": (f"{STACK}::test_it_is_stopped_from_another_shell_and_cleaned_away",),
    "make test": (".ci/run test",),
    "make tests": (".ci/run test",),
    "make token": (f"{STACK}::test_a_token_is_for_whom_it_was_asked",),
    "make types": (".ci/run test",),
    "make python": (".ci/run environment",),
    "make test-ids": (f"{ALONE}::test_the_ids_of_a_group_are_printed",),
    "make test-slow": (".ci/run test-slow",),
    "make venv": (".ci/run environment",),
    "make wake": SLEEPING,
    "local audit-export": AUDITED,
    "local audit-seal": AUDITED,
    "local audit-verify": AUDITED,
    "local clean": (f"{STACK}::test_it_is_stopped_from_another_shell_and_cleaned_away",),
    "local consents": (f"{STACK}::test_consents_are_counted",),
    "local drill": (f"{MEASURED}::test_drill_proves_that_nobody_is_brought_back",),
    "local keys": KEYS,
    "local operate": OPERATED,
    "local restore": ("tests/local/test_command_line.py::test_restore_makes_a_restored_database_ready",),
    "local run": (f"{STACK}::test_the_printed_command_signs_up_and_settings_of_the_shell_count",),
    "local stop": (f"{STACK}::test_it_is_stopped_from_another_shell_and_cleaned_away",),
    "local token": (f"{STACK}::test_a_token_is_for_whom_it_was_asked",),
    "tools.release config": REHEARSED,
    "tools.release deploy": REHEARSED,
    "tools.release destroy": REHEARSED,
    "tools.release rewrap": REHEARSED,
    "tools.release rollback": REHEARSED,
    "tools.release sleep": SLEEPING,
    "tools.release wake": SLEEPING,
    ".ci/run": ("tests/architecture/test_workflows.py::test_a_change_is_checked_by_ci_run",),
    "alembic check": (
        "tests/store/test_migrations.py::test_up_down_and_up_again_arrives_at_the_same_schema",
    ),
    "alembic upgrade": (f"{CHANGES}::test_a_migration_is_written_as_the_page_says",),
    "chalice delete": REHEARSED,
    "chalice deploy": REHEARSED,
    "chalice invoke": REHEARSED,
    "chalice local": (f"{CHALICE}::test_people_sign_up_refresh_and_read_their_account_there",),
    "chalice logs": REHEARSED,
    "chalice package": ("tests/deploy/test_plain_chalice.py::test_it_fits_into_lambda_with_nothing_twice",),
    "chalice url": REHEARSED,
    "curl": (
        "tests/local/test_readme_tour.py::test_every_command_of_the_tour_answers_what_the_readme_shows",
    ),
    "python -c": (f"{ALONE}::test_settings_are_judged_by_the_documented_line",),
    "python -m pytest": (f"{ALONE}::test_coverage_tells_what_was_not_reached",),
    "python -m tools.audit_page": PAGES,
    "python -m tools.errors_page": PAGES,
    "python -m tools.export_page": PAGES,
    "python -m tools.faults_page": PAGES,
    "python -m tools.licences_page": PAGES,
    "python -m tools.limits_page": PAGES,
    "python -m tools.performance_page": PAGES,
    "python -m tools.proof_cost": (f"{MEASURED}::test_proof_cost_has_a_line_for_each_algorithm",),
    "python -m tools.retention_page": PAGES,
    "python -m tools.schema_page": PAGES,
    "python -m tools.sdk": (".ci/run sdk",),
    "python -m tools.sdk_page": PAGES,
    "python -m tests.golden.names": (f"{ALONE}::test_the_list_of_names_is_written_as_it_is",),
    "python -m tests.golden.write": (f"{ALONE}::test_a_release_writes_its_own_bytes_once",),
    "python -m tools.requirements_page": PAGES,
    "terraform apply": ("tests/infra/test_apply.py", *REHEARSED),
    "terraform init": REHEARSED,
    "terraform output": REHEARSED,
    "terraform plan": REHEARSED,
}

# What no machine here can type, and why.
ELSEWHERE: Final[Mapping[str, str]] = {
    "aws ec2-instance-connect": "needs a VPC of an AWS account",
    "aws lambda": "the same call is botocore's, which the rehearsal makes; the program isn't installed",
    "aws s3api": "the same calls are botocore's, which the rehearsal makes; the program isn't installed",
    "gh api": "needs a repository at GitHub",
    "pip install": "names another project's package in a sample for its reader",
    "pre-commit install": "needs pre-commit, which a contributor may leave out",
    "terraform providers": "downloads from Terraform's registry",
}

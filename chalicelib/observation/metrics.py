"""The metrics that CloudWatch reads out of log lines (its embedded metric format), so that none needs a call.

A line's own fields are the values. Events and codes that an alarm waits for count one each; CloudWatch bills
a metric for the hours in which it came, so what never happens costs nothing.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from chalicelib.observation.tally import KEY_VAULT_CALLS, KMS_CALLS, STATEMENTS

NAMESPACE: Final = "serenya-auth"
DIMENSION: Final = "stage"  # the only one: each further one multiplies what is billed
MEASURED: Mapping[str, str] = MappingProxyType(
    {
        "duration_ms": "Milliseconds",
        "cold": "Count",
        STATEMENTS: "Count",
        KMS_CALLS: "Count",
        KEY_VAULT_CALLS: "Count",
    }
)
ALARMING: Final = frozenset(  # events and codes of answers; docs/runbook.md tells what to do
    {
        "audit_cut_off",
        "audit_not_as_sealed",
        "database_restored",
        "egress_dead",
        "erasure_pending",
        "integrity",
        "internal_error",
        "key_vault_denied",
        "kms_denied",
        "kms_key_not_in_history",
        "not_ready",
        "provider_keys_not_loaded",
        "refresh_token_reused",
    }
)


def with_metrics(line: Mapping[str, Any], stage: str, milliseconds: int) -> dict[str, Any]:
    """Return a log line with what makes CloudWatch read metrics out of it; one without any as it is."""
    counted = {name: 1 for name in (line.get("event"), line.get("code")) if name in ALARMING}
    measured = {name: unit for name, unit in MEASURED.items() if name in line}
    units = measured | dict.fromkeys(map(str, counted), "Count")
    if not units:
        return dict(line)
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
    }
    embedded = {"Timestamp": milliseconds, "CloudWatchMetrics": [directive]}
    return {**line, **counted, DIMENSION: stage, "_aws": embedded}

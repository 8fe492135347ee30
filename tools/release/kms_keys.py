"""Change a KMS key, so that no release ever meets what it can't open (docs/keys.md)."""

import time
from typing import Any, Final

from tools.release.cloud import Cloud
from tools.release.fault import ReleaseFault
from tools.release.record import Release

ONE_AFTER_THE_OTHER: Final = "raise kms_generation in one release, and wraps_with in the next (docs/keys.md)"
PAUSE_SECONDS: Final = 5  # KMS or the vault had enough
ROUNDS_MAX: Final = 10_000  # of a thousand people each


def check_forward(before: Release, after: Release) -> None:
    """Return if each of two releases opens what the other one wraps. Raises: ReleaseFault."""
    for (use, wrapped, known), (_, wraps, knows) in zip(before.kms_keys(), after.kms_keys(), strict=True):
        if wraps not in known:
            raise ReleaseFault(
                f"{use}: release {before.name}, which a failure goes back to, couldn't open what {wraps}"
                f" wraps: {ONE_AFTER_THE_OTHER}"
            )
        if wrapped not in knows:
            raise ReleaseFault(f"{use}: {wrapped} wraps what there is, and the new release doesn't know it")


def check_back(present: Release, target: Release) -> None:
    """Return if an earlier release opens all that may have been wrapped since. Raises: ReleaseFault."""
    for (use, _, known), (_, _, knows) in zip(present.kms_keys(), target.kms_keys(), strict=True):
        missing = [key for key in known if key not in knows]
        if missing:
            raise ReleaseFault(
                f"{use}: release {target.name} couldn't open what {', '.join(missing)} wrapped since."
                " Release its code anew instead"
            )


def rewrap(cloud: Cloud) -> dict[str, Any]:
    """Wrap everything with the newest keys, however many runs it takes; return the last answer.

    Raises: ReleaseFault.
    """
    event: dict[str, Any] = {}
    for _ in range(ROUNDS_MAX):
        event = cloud.invoke("rewrap", event)
        print(f"   {', '.join(f'{name} {value}' for name, value in sorted(event.items()))}", flush=True)
        if event["is_done"]:
            return event
        if event.get("is_interrupted"):
            time.sleep(PAUSE_SECONDS)
    raise ReleaseFault("rewrap doesn't come to an end: run it again, and look at its log")

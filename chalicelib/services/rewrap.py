"""Wrap keys anew when a KMS key changes, the service's own and then people's.

In batches, under traffic, as often as one likes.
The data keys themselves stay, so nothing that they sealed is touched and no cache goes stale. A batch is
recorded before it begins; interrupted, it begins again and finds its own work done.
"""

from dataclasses import replace

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.domain.key_life import RewrapProgress, VaultItem, VaultPage, data_key_context
from chalicelib.observation.log import warn
from chalicelib.services.key_life_ports import KeyActs, Rewrapping, VaultWalk
from chalicelib.services.own_rewrap import OwnRewrap
from chalicelib.services.ports import Clock

PAGE_ITEMS = 100
PAGES_MAX = 10  # of one run: 1000 calls of KMS at some 10 ms, well within a function's minute


class Rewrap:
    """Wraps the service's own keys, then walks through the vault."""

    def __init__(
        self,
        *,
        vault: VaultWalk,
        kms: Rewrapping,
        own: OwnRewrap,
        acts: KeyActs,
        clock: Clock,
        page_items: int = PAGE_ITEMS,
        pages_max: int = PAGES_MAX,
    ) -> None:
        """Wrap with the key that `kms` wraps with now."""
        self._vault = vault
        self._kms = kms
        self._own = own
        self._acts = acts
        self._clock = clock
        self._page_items = page_items
        self._pages_max = pages_max

    def run(self, progress: RewrapProgress, request_id: str) -> RewrapProgress:
        """Go on from a progress and return the next; an outage ends the run at the last whole page."""
        if progress.after is None:
            try:
                progress = replace(progress, own=progress.own + self._own.run(request_id))
            except DependencyUnavailable:
                warn("rewrap_interrupted")
                return replace(progress, is_interrupted=True)
        for _ in range(self._pages_max):
            try:
                page = self._vault.page(progress.after, self._page_items)
                progress = self._rewrapped(page, progress, request_id)
            except DependencyUnavailable:
                warn("rewrap_interrupted")
                return replace(progress, is_interrupted=True)
            if page.after is None:
                return replace(progress, is_done=True)
        return progress

    def _rewrapped(self, page: VaultPage, progress: RewrapProgress, request_id: str) -> RewrapProgress:
        due = [item for item in page.items if item.kms_key_id != self._kms.key_id]
        if due:
            details = {"kms_key_id": self._kms.key_id, "count": len(due)}
            now = self._clock.now()
            self._acts.record(AuditKind.KEYS_REWRAPPED, details, now=now, request_id=request_id)
        done = [self._rewrap(item) for item in due]
        return replace(
            progress,
            after=page.after,
            seen=progress.seen + len(page.items) + page.damaged,
            rewrapped=progress.rewrapped + done.count(True),
            current=progress.current + len(page.items) - len(due),
            overtaken=progress.overtaken + done.count(False),
            damaged=progress.damaged + page.damaged + done.count(None),
        )

    def _rewrap(self, item: VaultItem) -> bool | None:
        """Return whether it was done; None when KMS says that this never was this person's key (F-11)."""
        context = data_key_context(item.user_id, item.version)
        try:
            wrapped = self._kms.rewrap(item.wrapped, context, item.kms_key_id)
        except IntegrityFailure:
            warn("rewrap_damaged", user_id=str(item.user_id))
            return None
        return self._vault.replace(item, wrapped, self._kms.key_id)

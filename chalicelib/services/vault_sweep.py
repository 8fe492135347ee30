"""Delete the data keys of people who never came to be: a sign-up that died left its key alone (F-20).

Deleting a living person's key is the one loss that nothing repairs. So the sweep deletes nothing if anything
is odd: the database was restored, or it knows fewer people than it doesn't know (decision 0052).
"""

from dataclasses import replace

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.key_life import SweepProgress, VaultPage, is_plausible
from chalicelib.observation.log import warn
from chalicelib.services.key_life_ports import KeyActs, VaultWalk
from chalicelib.services.ports import Clock
from chalicelib.services.restore_watch import RestoreWatch

PAGE_ITEMS = 100
PAGES_MAX = 10  # of one run, so that no fault deletes more than the smaller half of 1000 keys unseen


class VaultSweep:
    """Walks through the vault."""

    def __init__(
        self,
        *,
        vault: VaultWalk,
        acts: KeyActs,
        watch: RestoreWatch,
        clock: Clock,
        page_items: int = PAGE_ITEMS,
        pages_max: int = PAGES_MAX,
    ) -> None:
        """Compare the vault with the database that `acts` looks into."""
        self._vault = vault
        self._acts = acts
        self._watch = watch
        self._clock = clock
        self._page_items = page_items
        self._pages_max = pages_max

    def run(self, progress: SweepProgress, request_id: str) -> SweepProgress:
        """Go on from a progress and return the next; an outage ends the run at the last whole page.

        Raises DependencyUnavailable when the database is one that was restored, or nobody can tell.
        """
        self._watch.ensure_current()
        for _ in range(self._pages_max):
            try:
                page = self._vault.page(progress.after, self._page_items)
                progress = self._swept(page, progress, request_id)
            except DependencyUnavailable:
                warn("vault_sweep_interrupted")
                return replace(progress, is_interrupted=True)
            if progress.is_refused:
                return progress
            if page.after is None:
                return replace(progress, is_done=True)
        return progress

    def _swept(self, page: VaultPage, progress: SweepProgress, request_id: str) -> SweepProgress:
        """Look into the database after the vault: what was committed before the look is seen."""
        now = self._clock.now()
        old = [item.user_id for item in page.items if item.is_old(now)]
        known = self._acts.known(old) if old else frozenset()
        orphans = [user_id for user_id in old if user_id not in known]
        living = progress.known + len(known)
        if not is_plausible(known=living, orphans=progress.deleted + len(orphans)):
            warn("vault_sweep_refused")
            return replace(progress, is_refused=True)
        if orphans:
            details = {"user_ids": [str(user_id) for user_id in orphans]}
            self._acts.record(AuditKind.KEYS_SWEPT, details, now=now, request_id=request_id)
        for user_id in orphans:
            self._vault.delete(user_id)
        return replace(
            progress,
            after=page.after,
            seen=progress.seen + len(page.items) + page.damaged,
            known=living,
            young=progress.young + len(page.items) - len(old),
            deleted=progress.deleted + len(orphans),
        )

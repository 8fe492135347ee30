"""The statement that records refusals."""

from chalicelib.domain.audit import AuditKind
from chalicelib.stores.audit import one_event

RECORD = one_event(AuditKind.REQUEST_REFUSED)

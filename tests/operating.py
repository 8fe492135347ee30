"""What operators do to people in a test's world, by the functions that operators have."""

from uuid import UUID

from chalicelib.domain.operators import OperatorAct, Order
from chalicelib.routes.services import Services


class Operated:
    """A world in which people are suspended and reinstated."""

    services: Services

    def suspend(self, user_id: str) -> None:
        """Suspend a person, as an operator does."""
        self._change(user_id, OperatorAct.SUSPEND)

    def reinstate(self, user_id: str) -> None:
        """Let a suspended person act again."""
        self._change(user_id, OperatorAct.REINSTATE)

    def _change(self, user_id: str, act: OperatorAct) -> None:
        order = Order(actor="test", reason="scene")
        self.services.operators.change(UUID(user_id), act, order, "operator")

"""What units said before, out of the store: what rules that look back begin with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa

from monokoto.connect.line import Batch, Block
from monokoto.connect.products import ProductModel, Products
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.kernel.limits import HISTORY_PROPERTIES_MAX
from monokoto.operate.rules.engine.loading import Plan
from monokoto.operate.rules.trial.pieces import blocks_of, pieces_of
from monokoto.operate.telemetry import Selection, Telemetry, Windows

_BEFORE_US_MIN = 10 * 60 * 1_000_000
_BEFORE_US_MAX = 24 * 3600 * 1_000_000
"""The reading before those that matter is looked for as far back again as those, within these bounds. A property that is
read more seldom is known from its last reading, which the engine has."""
_START_SECONDS = 10.0
"""By then a line that has anything to store again after a start has begun to."""


class StoredPast:
    """As `engine.past.Past`."""

    def __init__(
        self,
        *,
        telemetry: Telemetry,
        products: Products,
        kept: Callable[[int], int],
        open_to: Callable[[int, int, Sequence[int]], Windows | None],
    ) -> None:
        """`kept`: of a partition, up to where its entries are stored. `open_to`: organisation, maker, units to the times of
        theirs that lie open to it."""
        self._telemetry = telemetry
        self._products = products
        self._kept = kept
        self._open_to = open_to
        self._began = time.monotonic()

    def stored(self, positions: Mapping[int, int]) -> bool:
        """As `Past.stored`."""
        if time.monotonic() - self._began < _START_SECONDS:
            return False
        return all(self._kept(partition) >= position for partition, position in positions.items())

    def count(self, plan: Plan, start: int, end: int) -> int:
        """As `Past.count`."""
        return sum(count for _, count in self._telemetry.hours(self._selection(plan, start, end)))

    def before(self, plan: Plan, start: int) -> Batch:
        """As `Past.before`."""
        since = max(start - min(max(plan.span_us, _BEFORE_US_MIN), _BEFORE_US_MAX), 0)
        blocks: tuple[Block, ...] = ()
        if since < start:
            found = self._telemetry.latest(self._selection(plan, since, start)).table
            found = found.append_column("instant", found["at"].cast(pa.int64())).drop_columns(["at"])
            order = [("instant", "ascending"), ("unit", "ascending"), ("property", "ascending")]
            blocks = blocks_of(found.sort_by(order), self._model(plan))
        return Batch(partition=0, first_sequence=0, last_sequence=0, blocks=blocks)

    def pieces(self, plan: Plan, start: int, end: int) -> Iterator[Batch]:
        """As `Past.pieces`."""
        selection = self._selection(plan, start, end)
        return (piece.batch for piece in pieces_of(self._telemetry, selection, self._model(plan), plan.events))

    def _model(self, plan: Plan) -> ProductModel:
        return self._products.model(OrganisationId(plan.maker_id), plan.product, plan.version)

    def _selection(self, plan: Plan, start: int, end: int) -> Selection:
        units = plan.units.tolist()
        return Selection(
            organisation_id=OrganisationId(plan.maker_id),
            product=plan.product,
            start=start,
            end=end,
            units=tuple(map(UnitId, units)),
            properties=plan.properties if len(plan.properties) <= HISTORY_PROPERTIES_MAX else (),
            windows=self._open_to(plan.organisation_id, plan.maker_id, units) if plan.clipped else None,
        )

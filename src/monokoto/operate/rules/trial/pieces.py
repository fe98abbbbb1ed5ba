"""Readings of the past as the line would have handed them on: batches in order of event time, each reading arriving at once.

A trial knows no order of arrival: history that was imported arrived all at the same time. So nothing is late in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monokoto.connect.line import Batch, Block, Column, EventRecord
from monokoto.connect.products import ProductModel, PropertyModel
from monokoto.kernel.limits import PAGE_SIZE_MAX
from monokoto.operate.telemetry import EventQuestion, Selection, Telemetry

READINGS_PER_PIECE = 200_000
_HOUR_US = 3_600_000_000
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some hours."""

    batch: Batch
    until: int
    """Microseconds: all before it has been handed on."""
    share: float
    """Of the whole, this piece included; between 0 and 1."""


def pieces_of(
    telemetry: Telemetry, selection: Selection, model: ProductModel, events: Sequence[str]
) -> Iterator[Piece]:
    """What is stored of a selection, in pieces of a bounded size (an hour at least)."""
    hours = telemetry.hours(selection)
    total, done, begin = sum(count for _, count in hours) or 1, 0, selection.start
    for end, count in _spans(hours, selection):
        span = replace(selection, start=begin, end=end)
        done += count
        blocks = blocks_of(telemetry.moments(span), model)
        told = _events(telemetry, replace(span, properties=tuple(events)), model) if events else []
        yield Piece(
            Batch(partition=0, first_sequence=done, last_sequence=done, blocks=blocks, events=told), end, done / total
        )
        begin = end


def _spans(hours: Sequence[tuple[int, int]], selection: Selection) -> Iterator[tuple[int, int]]:
    """Ends of pieces, and about how many readings each has; the last one ends with the selection."""
    count = 0
    for hour, readings in hours:
        count += readings
        end = hour + _HOUR_US
        if count >= READINGS_PER_PIECE and end < selection.end:
            yield end, count
            count = 0
    yield selection.end, count


def blocks_of(moments: pa.Table, model: ProductModel) -> tuple[Block, ...]:
    """Readings in order of time as one wide block: a row for each unit and instant."""
    if not moments.num_rows:
        return ()
    unit, at = (moments[name].combine_chunks().to_numpy().astype(np.int64) for name in ("unit", "instant"))
    begins = np.ones(len(unit), np.bool_)
    begins[1:] = (unit[1:] != unit[:-1]) | (at[1:] != at[:-1])
    row = np.cumsum(begins) - 1
    names = moments["property"].combine_chunks()
    names = names if pa.types.is_dictionary(names.type) else names.dictionary_encode()
    codes = names.indices.to_numpy(zero_copy_only=False)
    columns = tuple(
        _column(moments, np.flatnonzero(codes == code), row, model.properties[name])
        for code, name in enumerate(names.dictionary.to_pylist())
        if name in model.properties
    )
    at = at[begins]
    return (Block(model=model, unit=unit[begins], at=at, arrived=at, columns=columns),)


def cut(block: Block, begin: int, end: int) -> Block:
    """Some rows of a block."""
    columns = tuple(
        Column(one.property, one.values[begin:end], None if one.present is None else one.present[begin:end])
        for one in block.columns
    )
    return Block(block.model, block.unit[begin:end], block.at[begin:end], block.arrived[begin:end], columns)


def _column(moments: pa.Table, places: npt.NDArray[np.intp], row: Int64s, of: PropertyModel) -> Column:
    """One property; readings of another kind, from a version in which it was something else, are left out."""
    kinds = moments["kind"].combine_chunks().to_numpy()[places]
    places = places[(kinds <= 3) == of.kind.numeric]
    rows = int(row[-1]) + 1
    present = np.zeros(rows, np.bool_)
    present[row[places]] = True
    if of.kind.numeric:
        numbers = np.full(rows, np.nan)
        numbers[row[places]] = moments["number"].combine_chunks().to_numpy()[places]
        return Column(of, numbers, present)
    texts: list[str | None] = [None] * rows
    found = moments["text"].combine_chunks().take(pa.array(places)).to_pylist()
    for place, text in zip(row[places].tolist(), found, strict=True):
        texts[place] = text
    return Column(of, texts, present)


def _events(telemetry: Telemetry, selection: Selection, model: ProductModel) -> list[EventRecord]:
    found: list[EventRecord] = []
    question = EventQuestion(selection=selection, limit=PAGE_SIZE_MAX, newest_first=False)
    while True:
        page = telemetry.events(question)
        found += [
            EventRecord(
                organisation_id=model.organisation_id, unit_id=one.unit_id, product=str(model.product), name=one.name,
                at=one.at, arrived=one.at, data=one.data.encode(),
            )
            for one in page.items
        ]  # fmt: skip
        if page.next_cursor is None:
            return found
        question = replace(question, cursor=page.next_cursor)


def table_of(columns: Mapping[str, Sequence[object]], model: ProductModel, unit_id: int) -> Block:
    """A block of one unit from columns of a file, sorted by time; `""` holds the instants, None stands for no value."""
    instants = np.array(columns[""], np.int64)
    order = np.argsort(instants, kind="stable")
    at = instants[order]
    found = []
    for name, values in columns.items():
        if not name:
            continue
        of = model.properties[name]
        ordered = [values[place] for place in order.tolist()]
        present = np.array([value is not None for value in ordered], np.bool_)
        if of.kind.numeric:
            numbers = np.array([np.nan if value is None else float(value) for value in ordered])
            found.append(Column(of, numbers, present))
        else:
            found.append(Column(of, [None if value is None else str(value) for value in ordered], present))
    return Block(model=model, unit=np.full(len(at), unit_id, np.int64), at=at, arrived=at, columns=tuple(found))

"""Prometheus metrics, gathered when they are asked for: nothing on the hot path counts for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from litestar import Response, get
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from monokoto.web import OWN_LIMITS, by_hand


@dataclass(frozen=True, slots=True)
class Sample:
    """One number: `monokoto_<name>`, a counter when it only rises."""

    name: str
    help: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)
    rises: bool = False


class _Samples(Collector):
    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Metric]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for sample in self._samples:
            name = f"monokoto_{sample.name}"
            family = families.get(name)
            if family is None:
                kind = CounterMetricFamily if sample.rises else GaugeMetricFamily
                family = families[name] = kind(name, sample.help, labels=list(sample.labels))
            family.add_metric(list(sample.labels.values()), sample.value)
        yield from families.values()


class Metrics:
    """The numbers of one process, and of others it can ask."""

    def __init__(
        self,
        *sources: Callable[[], Iterable[Sample]],
        asked: Sequence[Callable[[], Awaitable[Iterable[Sample]]]] = (),
    ) -> None:
        self._sources = sources
        self._asked = asked
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        PlatformCollector(registry=self._process)

    async def render(self) -> bytes:
        """The text exposition format."""
        samples = [sample for source in self._sources for sample in source()]
        for answers in await asyncio.gather(*(ask() for ask in self._asked)):
            samples += answers
        registry = CollectorRegistry()
        registry.register(_Samples(samples))
        return generate_latest(registry) + generate_latest(self._process)


@get(
    "/metrics",
    opt={"exclude_from_auth": True, OWN_LIMITS: True},
    operation_id="getMetrics",
    summary="Prometheus metrics",
    tags=["Health"],
    operation_class=by_hand(gives=["text/plain"]),
)
async def metrics_route(metrics: Metrics) -> Response[bytes]:
    """Numbers about the platform as a whole; none about a single organisation."""
    return Response(await metrics.render(), media_type=CONTENT_TYPE_LATEST)

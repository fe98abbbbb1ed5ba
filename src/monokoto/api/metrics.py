"""Prometheus metrics, gathered when they are asked for: nothing on the hot path counts for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from litestar import Response, get
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from monokoto.web import by_hand


@dataclass(frozen=True, slots=True)
class Sample:
    """One number: `monokoto_<name>`, a counter when it only rises."""

    name: str
    help: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)
    rises: bool = False


class _Samples(Collector):
    def __init__(self, sources: Iterable[Callable[[], Iterable[Sample]]]) -> None:
        self._sources = tuple(sources)

    def collect(self) -> Iterator[Metric]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for source in self._sources:
            for sample in source():
                name = f"monokoto_{sample.name}"
                family = families.get(name)
                if family is None:
                    kind = CounterMetricFamily if sample.rises else GaugeMetricFamily
                    family = families[name] = kind(name, sample.help, labels=list(sample.labels))
                family.add_metric(list(sample.labels.values()), sample.value)
        yield from families.values()


class Metrics:
    """The registry of one process."""

    def __init__(self, *sources: Callable[[], Iterable[Sample]]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Samples(sources))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def render(self) -> bytes:
        """The text exposition format."""
        return generate_latest(self._registry)


@get(
    "/metrics",
    opt={"exclude_from_auth": True},
    operation_id="getMetrics",
    summary="Prometheus metrics",
    tags=["Health"],
    operation_class=by_hand(gives=["text/plain"]),
)
async def metrics_route(metrics: Metrics) -> Response[bytes]:
    """Numbers about the platform as a whole; none about a single organisation."""
    return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)

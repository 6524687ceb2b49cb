"""Figures in the text format of Prometheus, read from the stores at each scrape.

Nothing is counted in a process: there are several, and they come and go. What the stores know is read when somebody
asks. No label names a client, a person or a page, so that the number of series is fixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST


def counter(name: str, documentation: str, values: float | Mapping[str, float], label: str = "") -> Metric:
    """What only ever grows; ``_total`` is put behind its name.

    :param values: a number, or one for each value of ``label``.
    """
    return _filled(CounterMetricFamily(name, documentation, labels=[label] if label else []), values)


def gauge(name: str, documentation: str, values: float | Mapping[str, float], label: str = "") -> Metric:
    """What goes up and down; as :func:`counter`."""
    return _filled(GaugeMetricFamily(name, documentation, labels=[label] if label else []), values)


def exposition(families: Iterable[Metric]) -> bytes:
    """All of them as a scraper reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Read(list(families)))
    return generate_latest(registry)


class _Read(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


def _filled(family: CounterMetricFamily | GaugeMetricFamily, values: float | Mapping[str, float]) -> Metric:
    if isinstance(values, Mapping):
        for value, number in values.items():
            family.add_metric([value], number)
    else:
        family.add_metric([], values)
    return family

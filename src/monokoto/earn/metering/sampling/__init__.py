"""Sampling: what meters take of what is said, without looking at anything said before."""

from monokoto.earn.metering.sampling.decimals import VALUE, of_decimals, of_doubles, of_json
from monokoto.earn.metering.sampling.occurrences import Occurrence, name_of, read_all_data, read_data, samples_of_events
from monokoto.earn.metering.sampling.readings import BlockView, samples_of_block
from monokoto.earn.metering.sampling.samples import NAMES, Int64s, Samples, coded, said

__all__ = [
    "NAMES",
    "VALUE",
    "BlockView",
    "Int64s",
    "Occurrence",
    "Samples",
    "coded",
    "name_of",
    "of_decimals",
    "of_doubles",
    "of_json",
    "read_all_data",
    "read_data",
    "said",
    "samples_of_block",
    "samples_of_events",
]

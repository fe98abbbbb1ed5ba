"""The only place that chooses engines and joins slices: settings in, running application out."""

from monokoto.assembly.engines import Engines, open_engines
from monokoto.assembly.openapi import describe_api, text_of_api
from monokoto.assembly.platform import Platform

__all__ = ["Engines", "Platform", "describe_api", "open_engines", "text_of_api"]

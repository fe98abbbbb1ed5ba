"""History as files, out and in."""

from monokoto.operate.telemetry.transfer.exporting import ExportQuestion, export
from monokoto.operate.telemetry.transfer.formats import FORMATS, Format, format_of
from monokoto.operate.telemetry.transfer.importing import BySerial, Imported, Importer, ModelOf, Units

__all__ = [
    "FORMATS",
    "BySerial",
    "ExportQuestion",
    "Format",
    "Imported",
    "Importer",
    "ModelOf",
    "Units",
    "export",
    "format_of",
]

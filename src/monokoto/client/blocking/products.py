# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.products`: What kinds of things there are: folders with a W3C WoT Thing Model, in versions that never change."""

from __future__ import annotations

from collections.abc import Mapping

from monokoto.client.types import (
    Applied,
    Change,
    ChangePage,
    Checked,
    Plan,
    Product,
    ProductPage,
    Version,
    VersionContent,
    VersionPage,
)
from monokoto.client.wire import Api, Call, Pages, given, segment


class ProductsApi:
    """What kinds of things there are: folders with a W3C WoT Thing Model, in versions that never change."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[ProductPage, Product]:
        """List products.

        By name. Needs `products:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/products", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, ProductPage, Product)

    def apply(self, *, files: Mapping[str, str], idempotency_key: str | None = None) -> Applied:
        """Apply a product folder.

        The same folder again changes nothing; 409 lists what breaks. Needs `products:write`. Raises Conflict,
        TooLarge.

        Args:
            files: By name; `product.yaml` is the one that counts.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path="/api/v1/products/apply", body=given(files=files), key=idempotency_key, keyed=True
        )
        return self._api.ask(call, Applied)

    def check(self, *, files: Mapping[str, str]) -> Checked:
        """Check a product folder.

        Changes nothing; 422 lists every fault with file, line and place. Needs `products:read`. Raises Conflict,
        TooLarge.

        Args:
            files: By name; `product.yaml` is the one that counts.
        """
        call = Call(method="POST", path="/api/v1/products/check", body=given(files=files), repeatable=True)
        return self._api.ask(call, Checked)

    def diff(self, *, files: Mapping[str, str]) -> Plan:
        """What applying a product folder would do.

        Changes nothing; a plan that would be refused says why and which version would do. Needs `products:read`.
        Raises Conflict, TooLarge.

        Args:
            files: By name; `product.yaml` is the one that counts.
        """
        call = Call(method="POST", path="/api/v1/products/diff", body=given(files=files), repeatable=True)
        return self._api.ask(call, Plan)

    def get(self, product: str) -> Product:
        """Look at a product.

        And the version new units get. Needs `products:read`. Raises NotFound.

        Args:
            product: Name of the product.
        """
        call = Call(method="GET", path=f"/api/v1/products/{segment(product)}", repeatable=True)
        return self._api.ask(call, Product)

    def list_versions(self, product: str) -> Pages[VersionPage, Version]:
        """List the versions of a product.

        The highest first, all on one page: a product has at most 1000. Needs `products:read`. Raises NotFound.

        Args:
            product: Name of the product.
        """
        call = Call(method="GET", path=f"/api/v1/products/{segment(product)}/versions", repeatable=True)
        return self._api.pages(call, VersionPage, Version)

    def get_version(self, product: str, version: str) -> VersionContent:
        """Look at a version with its Thing Model.

        What was applied, word by word and as a complete Thing Model. Needs `products:read`. Raises NotFound.

        Args:
            product: Name of the product.
            version: A version of the product, such as `1.4.0`.
        """
        call = Call(
            method="GET", path=f"/api/v1/products/{segment(product)}/versions/{segment(version)}", repeatable=True
        )
        return self._api.ask(call, VersionContent)

    def list_version_changes(self, product: str, version: str, *, since: str) -> Pages[ChangePage, Change]:
        """Compare a version with another one.

        Every difference from the version `since` to this one, all on one page. Needs `products:read`. Raises
        NotFound.

        Args:
            product: Name of the product.
            version: A version of the product, such as `1.4.0`.
            since: The version to compare it with.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/products/{segment(product)}/versions/{segment(version)}/changes",
            query=given(since=since),
            repeatable=True,
        )
        return self._api.pages(call, ChangePage, Change)

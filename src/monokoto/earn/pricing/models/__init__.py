"""The charge models: one file each, one table to choose from."""

from collections.abc import Mapping

from monokoto.earn.pricing.models.blocks import BlockPolicy, Blocks, BlockTier
from monokoto.earn.pricing.models.dynamic import Dynamic
from monokoto.earn.pricing.models.graduated import Graduated, HeldChange
from monokoto.earn.pricing.models.graduated_percentage import GraduatedPercentage
from monokoto.earn.pricing.models.matrix import Matrix, by_transaction
from monokoto.earn.pricing.models.package import Package
from monokoto.earn.pricing.models.percentage import FlatPercentage, Percentage
from monokoto.earn.pricing.models.price import NOTHING, Part, Price, Rated, Usage
from monokoto.earn.pricing.models.stairstep import Stairstep, Step
from monokoto.earn.pricing.models.standard import Standard
from monokoto.earn.pricing.models.tiers import RateTier, Tier
from monokoto.earn.pricing.models.volume import Volume

MODELS: Mapping[str, type[Price]] = {
    "standard": Standard,
    "graduated": Graduated,
    "volume": Volume,
    "package": Package,
    "percentage": Percentage,
    "flat_percentage": FlatPercentage,
    "graduated_percentage": GraduatedPercentage,
    "dynamic": Dynamic,
    "stairstep": Stairstep,
    "blocks": Blocks,
    "matrix": Matrix,
}
"""By the name a plan calls them."""

__all__ = [
    "MODELS",
    "NOTHING",
    "BlockPolicy",
    "BlockTier",
    "Blocks",
    "Dynamic",
    "FlatPercentage",
    "Graduated",
    "GraduatedPercentage",
    "HeldChange",
    "Matrix",
    "Package",
    "Part",
    "Percentage",
    "Price",
    "RateTier",
    "Rated",
    "Stairstep",
    "Standard",
    "Step",
    "Tier",
    "Usage",
    "Volume",
    "by_transaction",
]

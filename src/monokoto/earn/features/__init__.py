"""Features: what of a product can be unlocked, and what unlocking it does."""

from monokoto.earn.features.book import FeatureBook
from monokoto.earn.features.feature import Feature, FeatureKind, Governs, Threshold
from monokoto.earn.features.section import FeaturesSection, features_of

__all__ = [
    "Feature",
    "FeatureBook",
    "FeatureKind",
    "FeaturesSection",
    "Governs",
    "Threshold",
    "features_of",
]

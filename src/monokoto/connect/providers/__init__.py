"""Providers: signing in with an account elsewhere, by OpenID Connect."""

from monokoto.connect.providers.accounts import ProviderAccounts
from monokoto.connect.providers.journey import LINK_PREFIX
from monokoto.connect.providers.provider import Identity, Provider, ProviderAccount
from monokoto.connect.providers.routes import ProviderController
from monokoto.connect.providers.service import BACK_PATH, Answer, Arrived, Providers
from monokoto.connect.providers.store import provider_accounts

__all__ = [
    "BACK_PATH",
    "LINK_PREFIX",
    "Answer",
    "Arrived",
    "Identity",
    "Provider",
    "ProviderAccount",
    "ProviderAccounts",
    "ProviderController",
    "Providers",
    "provider_accounts",
]

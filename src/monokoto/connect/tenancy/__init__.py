"""Organisations and the API keys they ask with."""

from monokoto.connect.tenancy.key import ApiKey
from monokoto.connect.tenancy.organisation import Organisation, OrganisationKind
from monokoto.connect.tenancy.routes import TenancyController, key_to_json, organisation_to_json
from monokoto.connect.tenancy.service import ApiKeys, Organisations

__all__ = [
    "ApiKey",
    "ApiKeys",
    "Organisation",
    "OrganisationKind",
    "Organisations",
    "TenancyController",
    "key_to_json",
    "organisation_to_json",
]

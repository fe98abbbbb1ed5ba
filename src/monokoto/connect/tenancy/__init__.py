"""Organisations and the API keys they ask with."""

from monokoto.connect.tenancy.key import ApiKey, digest, id_in, new_secret
from monokoto.connect.tenancy.organisation import (
    TITLE_LENGTH_MAX,
    Organisation,
    OrganisationKind,
    faults_of,
    name_faults,
    slug_of,
)
from monokoto.connect.tenancy.routes import OrganisationJson, TenancyController, key_to_json, organisation_to_json
from monokoto.connect.tenancy.service import ApiKeys, Organisations, free_slug, insert_organisation
from monokoto.connect.tenancy.store import organisation_from_row
from monokoto.connect.tenancy.store import organisations as organisations_table

__all__ = [
    "TITLE_LENGTH_MAX",
    "ApiKey",
    "ApiKeys",
    "Organisation",
    "OrganisationJson",
    "OrganisationKind",
    "Organisations",
    "TenancyController",
    "digest",
    "faults_of",
    "free_slug",
    "id_in",
    "insert_organisation",
    "key_to_json",
    "name_faults",
    "new_secret",
    "organisation_from_row",
    "organisation_to_json",
    "organisations_table",
    "slug_of",
]

"""The tables of customers and subscriptions."""

from __future__ import annotations

import sqlalchemy as sa

from monokoto.engines.records import metadata
from monokoto.kernel.limits import NAME_LENGTH_MAX, TITLE_LENGTH_MAX

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("customer_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("customer_organisation_id", sa.BigInteger, nullable=True),
    sa.Column("name", sa.String(TITLE_LENGTH_MAX), nullable=False),
    sa.Column("email", sa.String(256), nullable=False),
    sa.Column("reference", sa.String(TITLE_LENGTH_MAX), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("country", sa.String(2), nullable=False),
    sa.Column("vat_id", sa.String(32), nullable=False),
    sa.Column("iban", sa.String(64), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("timezone", sa.String(64), nullable=False),
    sa.Column("language", sa.String(64), nullable=False),
    sa.Column("terms_days", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("archived_at", sa.BigInteger, nullable=True),
    sa.Index("ix_customers_organisation", "organisation_id", "customer_id"),
    sa.Index("uq_customers_buyer", "organisation_id", "customer_organisation_id", unique=True),
    sa.Index("ix_customers_buyer", "customer_organisation_id"),
)
subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("subscription_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("customer_id", sa.BigInteger, nullable=False),
    sa.Column("product", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("coverage", sa.String(16), nullable=False),
    sa.Column("plan", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("plan_version", sa.Integer, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("timezone", sa.String(64), nullable=False),
    sa.Column("starts_at", sa.BigInteger, nullable=False),
    sa.Column("trial_until", sa.BigInteger, nullable=True),
    sa.Column("ends_at", sa.BigInteger, nullable=True),
    sa.Column("suspended", sa.Boolean, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("billed_until", sa.BigInteger, nullable=True),
    sa.Column("next_at", sa.BigInteger, nullable=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Index("ix_subscriptions_organisation", "organisation_id", "subscription_id"),
    sa.Index("ix_subscriptions_customer", "organisation_id", "customer_id"),
    sa.Index("ix_subscriptions_plan", "organisation_id", "product", "plan", "subscription_id"),
    sa.Index("ix_subscriptions_due", "organisation_id", "next_at", "subscription_id"),
)
subscription_units = sa.Table(
    "subscription_units",
    metadata,
    sa.Column("subscription_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("unit_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("begins_at", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("ends_at", sa.BigInteger, nullable=True),
    sa.Index("ix_subscription_units_unit", "organisation_id", "unit_id"),
)
subscription_events = sa.Table(
    "subscription_events",
    metadata,
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("subscription_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("actor_id", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Index("ix_subscription_events", "organisation_id", "subscription_id", "event_id"),
)

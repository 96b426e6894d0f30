"""What Acme sells, at what price, with which taxes, and to whom. All people and companies are invented."""

from __future__ import annotations

from calendar import timegm
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.samples.dice import Dice

Json = dict[str, Any]


def moment(text: str) -> int:
    """The Stripe second of an ISO time in UTC, such as `2026-02-14T15:00:00`."""
    return timegm(datetime.fromisoformat(text).timetuple())


QUARTER_START = moment("2026-01-01T00:00:00")
QUARTER_END = moment("2026-04-01T00:00:00")
HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Article:
    """A product with its unit price per currency in minor units; `sku_on` says where its SKU is written."""

    sku: str
    name: str
    sku_on: str
    prices: dict[str, int]
    monthly: bool = False
    service: bool = False

    @property
    def product_id(self) -> str:
        return Dice(f"product/{self.sku}").short_id("prod")

    def price_id(self, currency: str) -> str:
        return Dice(f"price/{self.sku}/{currency}").object_id("price")


ARTICLES: dict[str, Article] = {
    article.sku: article
    for article in (
        Article(
            "SKU-MUG",
            "Mug",
            "product",
            {"usd": 1200, "eur": 1100, "gbp": 950, "cad": 1600, "jpy": 1800, "kwd": 3700},
        ),
        Article(
            "SKU-SHIRT",
            "Shirt",
            "product",
            {"usd": 2500, "eur": 2300, "gbp": 1995, "cad": 3400, "jpy": 3900, "kwd": 7750},
        ),
        Article(
            "SKU-BOOK",
            "Book",
            "line",
            {"usd": 3995, "eur": 3700, "gbp": 3150, "cad": 5450, "jpy": 6200, "kwd": 12250},
        ),
        Article(
            "SKU-PLAN-PRO",
            "Plan Pro",
            "product",
            {"usd": 4900, "eur": 4500, "gbp": 3900, "cad": 6700},
            monthly=True,
            service=True,
        ),
        Article(
            "SKU-PLAN-BASIC",
            "Plan Basic",
            "product",
            {"usd": 1900, "eur": 1750, "gbp": 1500, "cad": 2600},
            monthly=True,
            service=True,
        ),
        Article("SKU-SETUP", "Set-up service", "price", {"usd": 10000}, service=True),
    )
}
CURRENCY_OF = {"US": "usd", "DE": "eur", "NL": "eur", "GB": "gbp", "CA": "cad", "JP": "jpy", "KW": "kwd"}
GOODS = ("SKU-MUG", "SKU-SHIRT", "SKU-BOOK")


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate as a whole number of 1/100,000: 8.875 % is 8875."""

    name: str
    per_100000: int
    inclusive: bool

    @property
    def tax_rate_id(self) -> str:
        return Dice(f"tax/{self.name}").object_id("txr")

    def of(self, amount: int) -> int:
        """The tax in (inclusive) or on top of (exclusive) an amount, half a minor unit rounded up."""
        below = 100_000 + self.per_100000 if self.inclusive else 100_000
        return (amount * self.per_100000 * 2 + below) // (2 * below)


SALES_TAX = TaxRate("Sales tax 10 %", 10_000, inclusive=False)
CITY_TAX = TaxRate("City sales tax 8.875 %", 8_875, inclusive=False)
HST = TaxRate("HST 13 %", 13_000, inclusive=False)
VAT_NL = TaxRate("VAT 21 %", 21_000, inclusive=True)
VAT_GB = TaxRate("VAT 20 %", 20_000, inclusive=True)
JCT = TaxRate("Consumption tax 10 %", 10_000, inclusive=True)
TAX_RATES = (SALES_TAX, CITY_TAX, HST, VAT_NL, VAT_GB, JCT)
TAX_OF: dict[str, TaxRate | None] = {
    "usd": CITY_TAX,
    "eur": VAT_NL,
    "gbp": VAT_GB,
    "cad": HST,
    "jpy": JCT,
    "kwd": None,
}

_GIVEN = (
    "Ada",
    "Bela",
    "Cora",
    "Dag",
    "Edda",
    "Finn",
    "Gala",
    "Hugo",
    "Ines",
    "Jory",
    "Kaia",
    "Lars",
    "Mara",
    "Nilo",
    "Orla",
    "Pim",
    "Quin",
    "Rosa",
    "Sven",
    "Tala",
    "Ursa",
    "Vito",
    "Wren",
    "Xeno",
    "Yara",
    "Zeno",
)
_FAMILY = (
    "Sample",
    "Specimen",
    "Muster",
    "Ejemplo",
    "Voorbeeld",
    "Exemple",
    "Primer",
    "Esimerkki",
    "Mallon",
    "Template",
)
_TRADE = ("Bakery", "Clinic", "Garage", "Library", "Press", "Roasters", "School", "Studio", "Tools", "Wines")


def invented_name(dice: Dice, company_percent: int = 35) -> str:
    if dice.chance(company_percent):
        return f"{dice.pick(_FAMILY)} {dice.pick(_TRADE)}"
    return f"{dice.pick(_GIVEN)} {dice.pick(_FAMILY)}"


def product_object(article: Article) -> Json:
    """https://docs.stripe.com/api/products/object"""
    return {
        "id": article.product_id,
        "object": "product",
        "active": True,
        "created": moment("2025-06-02T14:00:00"),
        "default_price": article.price_id("usd"),
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {"sku": article.sku} if article.sku_on == "product" else {},
        "name": article.name,
        "package_dimensions": None,
        "shippable": None if article.service else True,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service" if article.service else "good",
        "unit_label": None,
        "updated": moment("2025-11-20T09:30:00"),
        "url": None,
    }


def price_object(article: Article, currency: str) -> Json:
    """https://docs.stripe.com/api/prices/object"""
    tax = TAX_OF[currency]
    behaviour = "unspecified" if tax is None else "inclusive" if tax.inclusive else "exclusive"
    recurring = {"interval": "month", "interval_count": 1, "meter": None, "trial_period_days": None}
    return {
        "id": article.price_id(currency),
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": moment("2025-06-02T14:05:00"),
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": article.sku if article.sku_on == "price" else None,
        "metadata": {},
        "nickname": None,
        "product": article.product_id,
        "recurring": {**recurring, "usage_type": "licensed"} if article.monthly else None,
        "tax_behavior": behaviour,
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if article.monthly else "one_time",
        "unit_amount": article.prices[currency],
        "unit_amount_decimal": str(article.prices[currency]),
    }


def customer_object(dice: Dice, country: str, *, created: int, name: str, email: str) -> Json:
    """https://docs.stripe.com/api/customers/object"""
    address = {"city": None, "country": country, "line1": None, "line2": None, "postal_code": None}
    return {
        "id": dice.short_id("cus"),
        "object": "customer",
        "address": {**address, "state": None},
        "balance": 0,
        "created": created,
        "currency": CURRENCY_OF[country],
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": email,
        "invoice_prefix": dice.letters(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": name,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }

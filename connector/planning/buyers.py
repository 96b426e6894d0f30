"""The customer of a sale that the connector posts: one that the ledger knows, a new one, or the default.

Ledgers without customers of their own (Beancount) take the name as it is.
"""

from __future__ import annotations

from datetime import date

from connector.ledgers.contract import Person
from connector.planning.case import Books, ChargeCase, LedgerPolicy, NotNow
from connector.planning.model import NEW_CUSTOMER, Document, Refs
from connector.planning.values import value


@value(frozen=True, slots=True)
class Buyer:
    """Name and refs for the documents of a sale, and the documents that make the customer first."""

    name: str | None
    refs: Refs = ()
    documents: tuple[Document, ...] = ()


def buyer_of(
    case: ChargeCase,
    books: Books,
    ledger: LedgerPolicy,
    known: tuple[str, str] | None,
    currency: str,
    day: date,
) -> Buyer:
    """`known` is the ledger's id and name, of the customer or of the default one. `NotNow` customer_not_found."""
    name = customer_of(case)
    if not ledger.capabilities.makes_customers:
        return Buyer(name or ledger.mapping.customer_default)
    if known is not None:
        ledger_id, shown = known
        return Buyer(shown, (("customer", ledger_id),))
    if name is None or not ledger.mapping.customer_create:
        wanted = ledger.mapping.customer_default
        missing = f"customer {wanted} is not in the ledger" if wanted else "no default customer is mapped"
        raise NotNow(
            "held",
            "customer_not_found",
            f"the ledger has no customer for charge {case.charge.charge_id} ({name or 'no name'}), and {missing}",
            "make the customer in the ledger, or see customers in the mapping file; each run asks again",
        )
    person = person_of(case, currency)
    document = Document(
        document_key=ledger.key(books, person.subject, "customer", currency),
        ledger=ledger.name,
        kind="customer",
        part=currency,
        revision=1,
        subject_id=person.subject,
        refund_id=None,
        charge_id=None,
        number=None,
        posting_date=day,
        amount_minor=0,
        currency=currency,
        entries=(),
        customer=name,
        refs=(("email", person.email),) if person.email else (),
    )
    return Buyer(name, ((NEW_CUSTOMER, document.document_key),), (document,))


def person_of(case: ChargeCase, currency: str) -> Person:
    """Who bought: the Stripe customer, or the guest whom only the charge knows."""
    charge = case.charge
    email = (case.customer.email if case.customer else None) or charge.customer_email
    return Person(charge.customer_id or charge.charge_id, customer_of(case), email, currency)


def customer_of(case: ChargeCase) -> str | None:
    """The best name that Stripe has for the customer."""
    customer, charge = case.customer, case.charge
    return (
        (customer.name if customer else None)
        or charge.customer_name
        or (customer.email if customer else None)
        or charge.customer_email
        or charge.customer_id
    )


def method_ref(ledger: LedgerPolicy, case: ChargeCase | None) -> Refs:
    """Stripe's word for how the charge was paid, where the mapping makes something of it."""
    word = case.charge.payment_method if case is not None else ""
    return (("method", word),) if word and ledger.mapping.payment_methods else ()

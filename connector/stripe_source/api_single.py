"""Single refunds and charges, read afresh by id with all that they are decided by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from connector.errors import InputError
from connector.planning.stripe_facts import Charge, Invoice, Refund
from connector.stripe_source.api_lists import (
    CHARGE_PARTS,
    REFUND_PARTS,
    REFUNDS,
    Missing,
    Pairs,
    Reader,
    expand_in_list,
    read_list,
    read_object,
)
from connector.stripe_source.api_related import Objects, Related
from connector.stripe_source.source import SourcePage

_ID = re.compile(r"[A-Za-z0-9_]+").fullmatch


def refetch(read: Reader, object_ids: Iterable[str]) -> Iterator[SourcePage]:
    """Each refund or charge with its charge, all refunds of that, its invoice, session, notes and disputes.

    Raises `InputError` for an id that is neither.
    """
    related = Related(read)
    done: set[str] = set()
    for object_id in object_ids:
        if object_id not in done:
            objects = single(read, object_id, related)
            yield from surroundings(read, objects, related, done)


def single(read: Reader, object_id: str, related: Related) -> Objects:
    ways = [("/v1/refunds", REFUND_PARTS), ("/v1/charges", CHARGE_PARTS)]
    # Prefixes are no contract: they say what to try first.
    if not object_id.startswith(("re_", "pyr_")):
        ways.reverse()
    for path, parts in ways if _ID(object_id) else ():
        try:
            place = f"{path}/{object_id}"
            answer = read(place, {"expand": list(parts)})
            return related.objects([read_object(answer.text, place)])
        except Missing:
            continue
    raise InputError(
        f"Stripe has no refund and no charge {object_id}; check the id, and stripe.account where the charge is "
        f"a connected account's"
    )


def surroundings(read: Reader, objects: Objects, related: Related, done: set[str]) -> Iterator[SourcePage]:
    objects = [*related.charges(objects), *objects]
    charge = next((p.fact for p, _ in objects if isinstance(p.fact, Charge)), None)
    if charge is not None and charge.charge_id not in done:
        invoice_ids: set[str] = set()
        for sold in related.sales([charge]):
            invoice_ids.update(p.object_id for p, _ in sold if isinstance(p.fact, Invoice))
            for page in (*related.prices(sold), sold):
                yield SourcePage(page)
        for page in related.notes_and_disputes(charge.charge_id, sorted(invoice_ids)):
            yield SourcePage(page)
        objects = [*objects, *refunds_of(read, charge.charge_id, related)]
        done.add(charge.charge_id)
    done.update(p.object_id for p, _ in objects if isinstance(p.fact, Refund))
    for moved in related.connected(objects):
        yield SourcePage(moved)
    yield SourcePage(objects)


def refunds_of(read: Reader, charge_id: str, related: Related) -> Objects:
    pairs: Pairs = []
    parameters = {"charge": charge_id, "expand": expand_in_list(REFUND_PARTS)}
    for page in read_list(read, REFUNDS.path, parameters):
        pairs.extend(page)
    return related.objects(pairs)

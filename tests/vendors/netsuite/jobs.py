"""Writes with `Prefer: respond-async`: 202 at once, the result in a job (ORA/article_0127092747).

Only there does X-NetSuite-Idempotency-Key mean anything: a key that comes again is a 400 titled Conflict.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vendors.netsuite.answers import Answer, Asked, told
from vendors.netsuite.refusals import Refused, nonexistent

if TYPE_CHECKING:
    from vendors.netsuite.fake import FakeNetsuite

JOBS_PATH = "/services/rest/async/v1/job"


class Jobs:
    """The results by number of the job, and the keys that were used."""

    def __init__(self) -> None:
        self._results: list[Answer] = []
        self._keys: dict[str, int] = {}

    def take(self, fake: FakeNetsuite, asked: Asked, carry_out: Callable[[], Answer]) -> Answer:
        """Carries a write out, and answers with where its job is."""
        key = asked.header("X-NetSuite-Idempotency-Key")
        if key is not None and key in self._keys:
            no = Refused(400, "IDEMPOTENCY_ERROR", "The request with this idempotency key was already sent.")
            no.title = "Conflict"
            no.headers = {"Location": self._place(fake, self._keys[key])}
            raise no
        self._results.append(carry_out())
        number = len(self._results)
        if key is not None:
            self._keys[key] = number
        return Answer(
            202, headers={"Location": self._place(fake, number), "Preference-Applied": "respond-async"}
        )

    def _place(self, fake: FakeNetsuite, number: int) -> str:
        return f"{fake.base_url}{JOBS_PATH}/{number}"

    def read(self, asked: Asked) -> Answer:
        """A job, its tasks, or the result of its one task."""
        number, *rest = asked.path.removeprefix(f"{JOBS_PATH}/").split("/")
        if asked.method != "GET" or not number.isdigit() or not 0 < int(number) <= len(self._results):
            raise nonexistent()
        result = self._results[int(number) - 1]
        progress = "succeeded" if result.status < 400 else "failed"
        task = {"id": "1", "completed": True, "progress": progress, "links": []}
        if not rest:
            links = {"links": [{"rel": "self", "href": f"{JOBS_PATH}/{number}/task"}]}
            return told(200, {**task, "id": number, "task": links})
        if rest == ["task"]:
            return told(200, {"items": [task], "count": 1, "hasMore": False, "offset": 0, "totalResults": 1})
        if rest == ["task", "1", "result"]:
            return result
        raise nonexistent()

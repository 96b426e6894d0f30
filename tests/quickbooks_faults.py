"""What may happen to one request on its way to QuickBooks Online and back, and what a pass says of it."""

from __future__ import annotations

from struck_passes import ENDS, HANGS, HANGS_DONE, LASTS, LATE, of_server

# Nothing was done, and the answer does not say so.
ABSENT = (
    of_server("lost before", "lost_before"),
    of_server("fault under 200", "fault_200"),
    of_server("page of a proxy", "html_503"),
    of_server("empty 500", "empty_500"),
    HANGS,
)
# It was done, and the answer does not say so.
PRESENT = (
    of_server("lost after", "lost_after"),
    of_server("fault under 200, done", "fault_200", carried_out=True),
    of_server("page of a proxy, done", "html_503", carried_out=True),
    of_server("empty 500, done", "empty_500", carried_out=True),
    HANGS_DONE,
    of_server("truncated", "truncated"),
    of_server("answered before", "refused", code="600", carried_out=True),
)
# The answer says that nothing was done.
REFUSED = (
    of_server("throttled for a moment", "throttled"),
    of_server("throttled for a moment, told by 403", "throttled", moods={"throttle_body": "xml_403"}),
    of_server("throttled for long", "throttled", times=LASTS, error="throttled"),
    of_server(
        "throttled for long, in JSON",
        "throttled",
        times=LASTS,
        error="throttled",
        moods={"throttle_body": "json"},
    ),
    of_server("stale", "refused", code="5010"),
    of_server("period closed", "refused", code="6210"),
    of_server("against the rules", "refused", code="6000", person=True),
    of_server("token expired", "refused", code="3200"),
    of_server("access lost", "refused", code="3200", times=LASTS, error="unauthorised"),
    of_server("answered before, it says", "refused", code="600"),
)
AT_WRITES = (*ABSENT, *PRESENT, *REFUSED, *ENDS, *LATE)

# A read is tried again: once is not seen, and what goes on ends the pass.
AT_READS = (
    of_server("lost once", "lost_before"),
    of_server("lost for good", "lost_before", times=LASTS, error="network"),
    of_server("answer lost for good", "lost_after", times=LASTS, error="network"),
    of_server("page of a proxy once", "html_503"),
    of_server("page of a proxy for good", "html_503", times=LASTS, error="ledger_down"),
    of_server("empty 500 for good", "empty_500", times=LASTS, error="ledger_down"),
    HANGS,
    of_server("fault under 200", "fault_200", error="ledger_down"),
    of_server("truncated", "truncated", error="ledger_down"),
    of_server("throttled for a moment", "throttled"),
    of_server("throttled for long", "throttled", times=LASTS, error="throttled"),
    of_server("stale", "refused", code="5010", error="ledger_down"),
    of_server("period closed", "refused", code="6210", error="ledger_down"),
    of_server("against the rules", "refused", code="6000", error="ledger_down"),
    of_server("token expired", "refused", code="3200"),
    of_server("access lost", "refused", code="3200", times=LASTS, error="unauthorised"),
    of_server("answered before, it says", "refused", code="600", error="ledger_down"),
    *ENDS,
)

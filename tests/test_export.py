"""The exported folder: what is read, what is left out, and one sentence for whatever cannot be read."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from connector.errors import InputError
from connector.stripe_source.export import LONGEST_LINE, ExportFile, changed_files, read_pages

RECORDED = Path(__file__).resolve().parents[2] / "shared/data/stripe-recorded/export"


def write(folder: Path, name: str, content: bytes) -> ExportFile:
    path = folder / name
    path.write_bytes(content)
    return next(file for file in changed_files(folder, {}) if file.name == name)


def objects(file: ExportFile, page_size: int = 1000) -> list[dict[str, Any]]:
    return [raw for page in read_pages(file, page_size) for raw, _ in page]


def refusal(file: ExportFile) -> str:
    with pytest.raises(InputError) as caught:
        list(read_pages(file))
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_files_come_by_name_and_only_jsonl_of_the_folder_itself(tmp_path: Path) -> None:
    for name in ("refund.jsonl", "charge.jsonl", "notes.txt", ".#charge.jsonl"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "event.jsonl").write_bytes(b"")
    assert [file.name for file in changed_files(str(tmp_path), {})] == ["charge.jsonl", "refund.jsonl"]


def test_an_unchanged_file_is_left_out_and_a_changed_one_is_not(tmp_path: Path) -> None:
    file = write(tmp_path, "refund.jsonl", b"{}\n")
    known = {file.name: (file.size, file.mtime_ns)}
    assert changed_files(tmp_path, known) == []
    os.utime(file.path, ns=(file.mtime_ns, file.mtime_ns + 1))
    assert [found.name for found in changed_files(tmp_path, known)] == ["refund.jsonl"]
    file.path.write_bytes(b"{ }\n")
    os.utime(file.path, ns=(file.mtime_ns, file.mtime_ns))
    assert [found.size for found in changed_files(tmp_path, known)] == [4]


def test_a_file_written_to_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    file = write(tmp_path, "a.jsonl", b'{"id":"re_1","object":"refund"}\n' * 3)
    pages = read_pages(file, 1)
    next(pages)
    with file.path.open("ab") as stream:
        stream.write(b'{"id":"re_2","object":"refund"}\n')
    assert len(list(pages)) >= 2
    again = changed_files(tmp_path, {file.name: (file.size, file.mtime_ns)})
    assert [found.name for found in again] == ["a.jsonl"]


def test_a_line_is_given_with_its_bytes(tmp_path: Path) -> None:
    line = '{"id": "re_1", "object": "refund", "description": "Größe ✓", "amount": 5}'.encode()
    file = write(tmp_path, "a.jsonl", b"\xef\xbb\xbf" + line + b"\r\n\n   \n" + line)
    assert [list(page) for page in read_pages(file)] == [[(json.loads(line), line), (json.loads(line), line)]]


def test_pages_are_full_but_the_last(tmp_path: Path) -> None:
    lines = [json.dumps({"id": f"re_{at}", "object": "refund"}) for at in range(5)]
    file = write(tmp_path, "a.jsonl", "\n".join(lines).encode())
    assert [len(page) for page in read_pages(file, 2)] == [2, 2, 1]
    assert [raw["id"] for raw in objects(file, 2)] == [f"re_{at}" for at in range(5)]
    assert list(read_pages(write(tmp_path, "empty.jsonl", b"\n\n"))) == []


def test_fractions_are_seen_exactly_and_the_last_of_two_values_counts(tmp_path: Path) -> None:
    line = b'{"id":"re_1","object":"refund","amount":10.0,"exchange_rate":1e400,"status":"a","status":"b"}'
    (raw,) = objects(write(tmp_path, "a.jsonl", line))
    assert raw["amount"] == "10.0"
    assert raw["exchange_rate"] == "1e400"
    assert raw["status"] == "b"


def test_kinds_that_are_not_used_need_no_id(tmp_path: Path) -> None:
    assert objects(write(tmp_path, "a.jsonl", b'{"object":"discount"}')) == [{"object": "discount"}]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"id":"re_1",', "the line is not JSON: "),
        (b"{'id': 1}", "the line is not JSON: "),
        (b'{"id":"re_1","object":"refund","amount":NaN}', "the line is not JSON: NaN is not a number"),
        (
            b'{"id":"re_1","object":"refund","amount":-Infinity}',
            "the line is not JSON: -Infinity is not a number",
        ),
        (
            b'{"id":"re_1","object":"refund","amount":' + b"9" * 5000 + b"}",
            "the line is not JSON: Exceeds the limit",
        ),
        (b'{"id":"re_1"} {"id":"re_2"}', "the line is not JSON: Extra data"),
        (b'["re_1"]', "the line is JSON but no object; one Stripe object a line is wanted"),
        (b"null", "the line is JSON but no object; one Stripe object a line is wanted"),
        (b'{"object":"list","data":[]}', "the line is a page of a list; one Stripe object a line is wanted"),
        (b'{"id":"re_1","amount":5}', "the object has no `object` that says what it is"),
        (b'{"object":"refund"}', "the refund has no `id` that is text"),
        (b'{"object":"charge","id":7}', "the charge has no `id` that is text"),
        (b'{"object":"charge","id":""}', "the charge has no `id` that is text"),
        (b'{"object":"charge","id":"ch_\\ud800"}', "the charge has no `id` that is text"),
        ('{"id":"ré"}'.encode("latin-1"), "the line is not UTF-8 (byte 9)"),
        ('{"id":"re_1"}'.encode("utf-16"), "the line is not UTF-8 (byte 1)"),
        (b"[" * 100_000, "the JSON is nested too deeply"),
        (b" " * LONGEST_LINE + b"{}", f"the line is longer than {LONGEST_LINE} bytes"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: bytes, words: str) -> None:
    file = write(tmp_path, "a.jsonl", b'{"id":"ch_0","object":"charge"}\n\n' + line + b"\n")
    assert refusal(file).startswith(f"{file.path}:3: {words}")


def test_what_is_no_readable_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    with pytest.raises(
        InputError, match=f"^{missing}: the folder of exported objects cannot be read: no such file"
    ):
        changed_files(missing, {})
    with pytest.raises(InputError, match="not a directory"):
        changed_files(write(tmp_path, "file.jsonl", b"").path, {})
    folder = tmp_path / "x"
    (folder / "a.jsonl").mkdir(parents=True)
    with pytest.raises(InputError, match=f"^{folder}/a.jsonl: is not a file$"):
        changed_files(folder, {})
    pipes = tmp_path / "pipes"
    pipes.mkdir()
    os.mkfifo(pipes / "a.jsonl")
    with pytest.raises(InputError, match="is not a file"):
        changed_files(pipes, {})
    loops = tmp_path / "loops"
    loops.mkdir()
    (loops / "a.jsonl").symlink_to(loops / "a.jsonl")
    with pytest.raises(InputError, match=f"^{loops}/a.jsonl: the file cannot be read: "):
        changed_files(loops, {})


def test_a_file_that_went_away_or_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "a.jsonl", b"")
    file.path.unlink()
    assert refusal(file) == f"{file.path}: the file cannot be read: no such file or directory"

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(file) == f"{file.path}: the file cannot be read: permission denied"


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    line = json.dumps({"id": "re_1", "object": "refund", "description": "x" * 400}).encode() + b"\n"

    def peak(lines: int) -> int:
        file = write(tmp_path, "a.jsonl", line * lines)
        tracemalloc.start()
        try:
            assert sum(len(page) for page in read_pages(file, 100)) == lines
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(8000) < peak(800) + 100_000


def test_the_recorded_export_is_read_whole() -> None:
    if not RECORDED.is_dir():
        pytest.skip(f"recorded Stripe objects are missing: {RECORDED}")
    files = changed_files(RECORDED, {})
    read = {file.name: len(objects(file)) for file in files}
    lines = {path.name: path.read_bytes().count(b"\n") for path in sorted(RECORDED.glob("*.jsonl"))}
    assert read == lines
    assert sum(read.values()) == 344

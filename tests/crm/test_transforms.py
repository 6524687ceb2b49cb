"""Transforms: what each makes of a value, and that nothing that a form may hold upsets them."""

from __future__ import annotations

import string
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.crm.transform_functions import BUILT_IN
from tracker.crm.transforms import Pipeline
from tracker.crm.values import MAX_ITEMS, Context, normal
from tracker.errors import InvalidError
from tracker.expressions import grammar as language
from tracker.expressions.escapes import escape, split_unescaped, unescape
from tracker.expressions.signatures import MAX_TEXT_CHARS, SIGNATURES

LEAD = {"firstName": "Ann", "lastName": "Lee", "fields": {"suffix": "PhD", "size": 12}, "tags": ["a", "b"]}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs", "Cf", "Co", "Cn")))
ARGUMENTS: dict[str, st.SearchStrategy[str]] = {
    "truncate": st.integers(1, MAX_TEXT_CHARS).map(str),
    "default": TEXTS.filter(bool).map(escape),
    "map": st.lists(st.tuples(TEXTS.filter(bool), TEXTS), min_size=1, max_size=3).map(
        lambda pairs: ";".join(f"{escape(key)}={escape(value)}" for key, value in pairs)
    ),
    "e164": st.sampled_from(["US", "DE", "GB"]),
    "date": st.sampled_from(["%Y-%m-%d", "%d.%m.%Y %H:%M", "%A %j %U%%"]),
    "join": st.sampled_from([r"\s", r"\;", r"\|", "-"]),
    "concat": st.sampled_from(["lastName", "fields.suffix,lastName;-", r"tags;\,\s", "=and,fields.none"]),
    "split": st.sampled_from([r"\,", ",;0", r"\s;-1", r"\|;9999"]),
}
OPTIONAL = {"e164", "join"}
IDEMPOTENT = (
    *("trim", "lower", "upper", "title", "truncate:7", "default:x", "e164:US", "country_code", "number", "boolean"),
    *("join", "split:,", "date:%Y-%m-%d", "date:%Y-%m-%dT%H:%M:%S"),
)


@st.composite
def steps(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(sorted(SIGNATURES)))
    if name not in ARGUMENTS or (name in OPTIONAL and draw(st.booleans())):
        return name
    return f"{name}:{draw(ARGUMENTS[name])}"


PIPELINES = st.lists(steps(), min_size=1, max_size=5).map("|".join).filter(lambda text: len(text) <= 255)


def run(text: str, value: Any, region: str = "US") -> Any:
    return Pipeline.parse(text)(value, Context(LEAD, region))


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("trim", "  a b\n", "a b"),
        ("lower", "ÄB", "äb"),
        ("upper", "äb", "ÄB"),
        ("title", "anne-marie O'NEIL (jr) don't", "Anne-Marie O'Neil (Jr) Don't"),
        ("truncate:3", "abcdef", "abc"),
        ("truncate:2", 12345, "12"),
        ("default:n/a", "  ", "n/a"),
        ("default:n/a", 0, 0),
        ("default:n/a", False, False),
        ("default:x", [], "x"),
        ("map:yes=true;no=false", "YES ", "true"),
        ("map:yes=true", "other", "other"),
        ("map:a=1;*=rest", "b", "rest"),
        (r"map:a\=b=c\;d", "a=b", "c;d"),
        ("map:1=one", 1, "one"),
        ("e164", "(415) 555-2671", "+14155552671"),
        ("e164:DE", "0170 1234567", "+491701234567"),
        ("e164:US", "+49 170 1234567", "+491701234567"),
        ("e164", "call me", "call me"),
        ("e164", 4155552671, "+14155552671"),
        ("first_name", "Ann Marie Lee", "Ann Marie"),
        ("last_name", "Ann Marie Lee", "Lee"),
        ("last_name", "Cher", None),
        ("last_name|default:Unknown", "Cher", "Unknown"),
        ("last_name", "山田太郎", "山田太郎"),
        ("country_code", "us", "US"),
        ("country_code", "U.S.A.", "US"),
        ("country_code", "Deutschland", "DE"),
        ("country_code", "United States of America", "US"),
        ("country_code", "Côte d'Ivoire", "CI"),
        ("country_code", "UK", "GB"),
        ("country_code", "Atlantis", None),
        ("date:%d.%m.%Y", "2030-01-31", "31.01.2030"),
        ("date:%Y-%m-%d", "31.01.2030", "2030-01-31"),
        ("date:%Y-%m-%d", "2030/1/31", "2030-01-31"),
        ("date:%H:%M", "2030-01-31T08:05:00Z", "08:05"),
        ("date:%Y-%m-%d", 1895990400, "2030-01-30"),
        ("date:%Y-%m-%d", 1895990400000, "2030-01-30"),
        ("date:%Y-%m-%d", datetime(2030, 1, 31, tzinfo=UTC), "2030-01-31"),
        ("date:%Y-%m-%d", "31.02.2030", None),
        ("date:%Y-%m-%d", "soon", None),
        ("number", "1,234.50", 1234.5),
        ("number", "1.234,50", 1234.5),
        ("number", "1,234", 1234),
        ("number", "1.5", 1.5),
        ("number", "1,5", 1.5),
        ("number", "€ 1 234 567", 1234567),
        ("number", "1.234.567", 1234567),
        ("number", "-12", -12),
        ("number", "1.2.3", None),
        ("number", "1e999", None),
        ("number", "٣", None),
        ("number", "ten", None),
        ("number", True, 1),
        ("boolean", "Yes", True),
        ("boolean", "nein", False),
        ("boolean", "on", True),
        ("boolean", 0, False),
        ("boolean", "perhaps", None),
        ("default:no|boolean", None, False),
        ("join", ["a", "b"], "a, b"),
        (r"join:\;", ["a", "b"], "a;b"),
        ("join", "a", "a"),
        ("concat:lastName", "Ann", "Ann Lee"),
        ("concat:lastName,fields.suffix;-", "Ann", "Ann-Lee-PhD"),
        (r"concat:tags,fields.none;\,\s", None, "a, b"),
        ("split:,", "a, b,,c", ["a", "b", "c"]),
        ("split:,;0", "a, b", "a"),
        ("split:,;-1", "a, b", "b"),
        ("split:,;7", "a, b", None),
        (r"split:\s;1", "a b c", "b"),
        (r"split:\||join:+", "a|b", "a+b"),
        (" trim | upper ", " a ", "A"),
        ("upper", ["a", "b"], ["A", "B"]),
        ("upper", 1.5, 1.5),
        ("upper", None, None),
    ],
)
def test_makes(text: str, value: Any, expected: Any) -> None:
    result = run(text, value)
    assert (type(result), result) == (type(expected), expected)


def test_takes_the_month_first_where_people_write_it_first() -> None:
    assert run("date:%Y-%m-%d", "02/01/2030", "US") == "2030-02-01"
    assert run("date:%Y-%m-%d", "02/01/2030", "GB") == "2030-01-02"


def test_reads_phone_numbers_of_the_clients_own_country() -> None:
    assert run("e164", "0170 1234567", "DE") == "+491701234567"
    assert run("e164:US", "0170 1234567", "DE") == "0170 1234567"


def test_each_function_has_a_signature_and_each_signature_a_function() -> None:
    assert SIGNATURES.keys() == BUILT_IN.keys()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trimm", "trimm at position 1: there is no such function; did you mean trim?"),
        ("trim|e146:US", "e146 at position 6: there is no such function; did you mean e164?"),
        ("trim |  Upper", "Upper at position 9: there is no such function; did you mean upper?"),
        ("xyzzy", "xyzzy at position 1: there is no such function; known are trim, lower"),
        ("trim||upper", "an empty function at position 6"),
        ("truncate", "truncate at position 1: takes a number of characters from 1 to 131072 (truncate:n)"),
        ("truncate:0", "(truncate:n)"),
        ("truncate:1.5", "(truncate:n)"),
        ("truncate:³", "(truncate:n)"),
        ("trim:x", "trim at position 1: takes no argument (trim)"),
        ("default:", "default at position 1: takes a text"),
        ("map:", "(map:a=b;c=d)"),
        ("map:a=b;c", "(map:a=b;c=d)"),
        ("e164:USA", "e164 at position 1: takes the two letters of a country such as US"),
        ("date", "(date:fmt)"),
        ("date:%Q", "(date:fmt)"),
        ("date:%Y%", "(date:fmt)"),
        ("concat:", "(concat:a,b[;sep])"),
        ("concat:lastname", "did you mean lastName"),
        ("split:;0", "(split:sep[;index])"),
        ("split:,;x", "(split:sep[;index])"),
        ("join:\\", "behind \\ stands"),
        ("join:\\q", "behind \\ stands"),
        ("|".join(["trim"] * 21), "20 functions at most"),
        ("default:" + "x" * 255, "255 characters at most"),
        ("trim\n", "on one line"),
    ],
)
def test_refuses_what_it_cannot_run(text: str, message: str) -> None:
    with pytest.raises(InvalidError) as refused:
        Pipeline.parse(text)
    assert message in refused.value.detail


@given(PIPELINES, JSON)
def test_never_raises_and_its_result_can_be_sent(text: str, value: Any) -> None:
    ran = Pipeline.parse(text).run(value, Context(LEAD))
    assert ran.failed is None
    for result in ran.values:
        assert normal(result) == result
        assert isinstance(result, str | int | float | bool | None) or all(isinstance(item, str) for item in result)


@given(PIPELINES)
def test_reads_back_what_it_writes(text: str) -> None:
    pipeline = Pipeline.parse(text)
    assert Pipeline.parse(str(pipeline)) == pipeline
    assert str(Pipeline.parse(str(pipeline))) == str(pipeline)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        pipeline = Pipeline.parse(text)
    except InvalidError:
        return
    assert Pipeline.parse(str(pipeline)) == pipeline


@given(st.text())
def test_an_escaped_text_stands_for_itself(text: str) -> None:
    if not any(letter.isspace() and letter not in " \t\n" for letter in text):
        assert unescape(escape(text)) == text
    for separator in "|:;=,":
        assert split_unescaped(escape(text), separator) == [escape(text)]


@given(JSON, st.integers(1, 50))
def test_truncate_keeps_to_its_bound(value: Any, length: int) -> None:
    result = run(f"truncate:{length}", value)
    for text in result if isinstance(result, list) else [result]:
        assert isinstance(text, bool | None) or len(str(text)) <= length


@given(JSON, st.sampled_from(IDEMPOTENT))
def test_doing_it_twice_is_doing_it_once(value: Any, text: str) -> None:
    once = run(text, value)
    assert run(text, once) == once


@pytest.mark.parametrize("text", sorted(SIGNATURES))
def test_a_huge_value_stays_within_bounds(text: str) -> None:
    example = {"concat": "tags", "map": "a=b", "split": ",", "date": "%Y", "truncate": "9", "default": "x"}
    written = f"{text}:{example[text]}" if text in example else text
    for value in ("a," * 500_000, ["word " * 100] * 50_000, "9" * 500_000, " " * 500_000, "ß" * 300_000):
        result = run(written, value)
        texts = result if isinstance(result, list) else [result]
        assert len(texts) <= MAX_ITEMS
        assert sum(len(str(one)) for one in texts) <= MAX_TEXT_CHARS


# ---------------------------------------------------------------------------------------------------------- extensions


def initials(value: Any, mark: str = "", *, context: Context) -> Any:
    return mark.join(word[0] for word in value.split())


def broken(value: Any, *, context: Context) -> Any:
    raise KeyError(value)


@pytest.fixture
def extended() -> Iterator[None]:
    """Packages that register transforms, as `importlib.metadata` would list them."""
    found = {
        name: EntryPoint(name, f"{__name__}:{target}", language.GROUP)
        for name, target in (("initials", "initials"), ("broken", "broken"), ("gone", "nowhere"))
    }
    language.extensions.cache_clear()
    known = language.extensions()
    known.update(found)
    yield
    language.extensions.cache_clear()


@pytest.mark.usefixtures("extended")
def test_runs_a_function_of_another_package() -> None:
    assert run(r"initials:.|lower", "Ann Lee") == "a.l"


@pytest.mark.usefixtures("extended")
def test_checks_the_arguments_of_a_function_of_another_package() -> None:
    with pytest.raises(InvalidError, match="initials at position 6: does not take 2 arguments"):
        Pipeline.parse("trim|initials:a;b")
    with pytest.raises(InvalidError, match=r"gone at position 1: its package cannot be loaded \(AttributeError\)"):
        Pipeline.parse("gone")
    with pytest.raises(InvalidError, match="did you mean initials"):
        Pipeline.parse("initial")


@pytest.mark.usefixtures("extended")
def test_a_function_that_fails_is_named_without_the_value() -> None:
    ran = Pipeline.parse("trim|broken|upper").run("secret", Context())
    assert ran.failed == "broken (KeyError)"
    assert ran.values == ("secret", None)


def test_says_which_function_made_nothing_of_a_value() -> None:
    assert Pipeline.parse("trim|number|default:0").run("many", Context()).emptied is None
    assert Pipeline.parse("trim|number|trim").run("many", Context()).emptied == "number"
    assert Pipeline.parse("number").run("", Context()).emptied is None


def test_texts_of_letters_and_punctuation_alone_survive_trim() -> None:
    assert run("trim", string.punctuation) == string.punctuation

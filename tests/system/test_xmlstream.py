"""The XML reader: what goes by is told; what could hurt is refused, with the file and the line."""

import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.errors import ReportFileError
from ci_reporter.system.xmlstream import DEEPEST, LARGEST_TOKEN_BYTES, LONGEST_TEXT, Rows, XMLStream


def tags(content, path="report.xml"):
    """Names and attributes in the order their tags open."""
    seen = []
    XMLStream(path, lambda name, attributes: seen.append((name, attributes))).read(io.BytesIO(content))
    return seen


def texts(content, wanted="system-out"):
    """The text of each element called `wanted`."""
    found = []

    def start(name, attributes):
        if name == wanted:
            stream.collect_text()

    def end(name):
        if name == wanted:
            found.append(stream.take_text())

    stream = XMLStream("report.xml", start, end)
    stream.read(io.BytesIO(content))
    return found


def refusal(content):
    with pytest.raises(ReportFileError) as caught:
        tags(content)
    return str(caught.value)


def test_tags_come_with_their_attributes():
    assert tags(b'<a x="1"><b y="2"/></a>') == [("a", {"x": "1"}), ("b", {"y": "2"})]


def test_namespace_prefixes_are_dropped():
    assert [name for name, _ in tags(b'<ns:a xmlns:ns="urn:x"><ns:b/></ns:a>')] == ["a", "b"]


def test_only_the_text_asked_for_is_kept():
    content = b"<a>before<system-out>x &lt;<![CDATA[<raw>]]></system-out>after<system-out/></a>"

    assert texts(content) == ["x <<raw>", ""]


def test_long_text_is_cut():
    assert len(texts(b"<a><system-out>" + b"x" * (3 * LONGEST_TEXT) + b"</system-out></a>")[0]) == LONGEST_TEXT


def test_doctype_is_accepted_and_not_fetched():
    content = b'<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "file:///nowhere/report.dtd"><report/>'

    assert tags(content) == [("report", {})]


BILLION_LAUGHS = (
    b'<?xml version="1.0"?>\n<!DOCTYPE a [\n<!ENTITY l0 "lol">\n'
    + b"".join(b'<!ENTITY l%d "%s">\n' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><a>&l9;</a>"
)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (BILLION_LAUGHS, "report.xml, line 3: declares the entity 'l0'"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "declares the entity 'x'"),
        (b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd">%x;]><a/>', "declares the entity 'x'"),
        (b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 50_000 + b'">]><a>' + b"&x;" * 50_000 + b"</a>", "the entity 'x'"),
        (b'<!DOCTYPE a [<!ATTLIST a x CDATA "' + b"x" * 9999 + b'">]><a/>', "declares a default"),
        (b"<a>" * (DEEPEST + 1), f"more than {DEEPEST} levels"),
        (b"<a>" * 1_000_000, f"more than {DEEPEST} levels"),
        (b'<a x="' + b"x" * (2 * LARGEST_TOKEN_BYTES), "tag or comment of more than"),
        (b"<a><!--" + b"x" * (2 * LARGEST_TOKEN_BYTES), "tag or comment of more than"),
        (b"<a>" + b"".join(b"<n%d/>" % n for n in range(60_000)), "different names"),
    ],
    ids=["laughs", "external", "parameter", "quadratic", "default", "deep", "deeper", "attribute", "comment", "names"],
)
def test_refused(content, says):
    assert says in refusal(content)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<a>\n<b>\n", "report.xml, line 3: expected well-formed XML: no element found"),
        (b"<a>\n<b></a>", "line 2: expected well-formed XML: mismatched tag"),
        (b"<a/>\n<a/>", "line 2: expected well-formed XML: junk after document element"),
        (b"<a>\n\0</a>", "line 2: expected well-formed XML: not well-formed"),
        (b"hello", "line 1: expected well-formed XML"),
        (b"<a>\n\xe9</a>", "line 2: expected well-formed XML"),
        (b"<a>&unknown;</a>", "undefined entity"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "encoding 'klingon', which is not known"),
        (b'<?xml version="1.0" encoding="idna"?><a/>', "encoding 'idna', which is not known"),
        (b'<?xml version="1.0" encoding="gbk"?><a>\xff\xff</a>', "not in the encoding it declares, gbk"),
        ("<a/>".encode("utf-32"), "is in UTF-32; UTF-8 was expected"),
    ],
    ids=["truncated", "mismatched", "two", "nul", "text", "latin", "entity", "unknown", "codec", "lying", "utf32"],
)
def test_malformed_says_where(content, says):
    assert says in refusal(content)


@pytest.mark.parametrize(
    "content",
    [
        "<a x='Ünï'/>".encode(),
        "\ufeff<a x='Ünï'/>".encode(),
        "<?xml version='1.0' encoding='utf-16'?><a x='Ünï'/>".encode("utf-16"),
        "<?xml version='1.0' encoding='utf-16'?><a x='Ünï'/>".encode(),
        "<?xml version='1.0' encoding='utf-8'?><a x='Ünï'/>".encode("utf-16-le"),
        "<?xml version='1.0' encoding='utf-8'?><a x='Ünï'/>".encode("utf-16-be"),
        "\ufeff<?xml version='1.0' encoding='windows-1252'?><a x='Ünï'/>".encode(),
        "<?xml version='1.0' encoding='ISO-8859-1'?><a x='Ünï'/>".encode("latin-1"),
        "<?xml version='1.0' encoding='windows-1252'?><a x='Ünï'/>".encode("cp1252"),
    ],
    ids=["utf8", "bom", "utf16", "said-utf16", "said-utf8-le", "said-utf8-be", "said-1252", "latin", "cp1252"],
)
def test_bytes_win_over_the_declared_encoding(content):
    assert tags(content) == [("a", {"x": "Ünï"})]


def test_multibyte_encodings_are_read():
    content = "<?xml version='1.0' encoding='Shift_JIS'?><a x='テスト'/>".encode("shift_jis")

    assert tags(content) == [("a", {"x": "テスト"})]


def events(content):
    """Starts and ends, in the order they are told."""
    told = []
    XMLStream(
        "report.xml", lambda name, attributes: told.append(f"<{name}>"), lambda name: told.append(f"</{name}>")
    ).read(io.BytesIO(content))
    return told


def test_order_holds_wherever_a_chunk_ends():
    told = events(b"<a>" + b'<c/><r n="1"/><r n="2"></r><b><r n="3"/></b>' * 20_000 + b"</a>")

    once = ["<c>", "</c>", *["<r>", "</r>"] * 2, "<b>", "<r>", "</r>", "</b>"]
    assert told == ["<a>", *once * 20_000, "</a>"]


def test_memory_does_not_grow_with_the_file():
    class Endless(io.RawIOBase):
        left = 70

        def read(self, size=-1):
            self.left -= 1
            return b"<a>" if self.left == 69 else b'<b x="1">text</b>\n' * 10_000 if self.left > 0 else b""

    tracemalloc.start()
    with pytest.raises(ReportFileError, match="no element found"):
        XMLStream("report.xml", lambda name, attributes: None).read(Endless())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2_000_000


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content):
    try:
        tags(content)
    except ReportFileError as refused:
        assert str(refused).startswith("report.xml")


@given(
    st.binary(max_size=100), st.sampled_from(["utf-16", "gbk", "euc-jp", "cp037", "utf-7", "windows-1251", "iso2022"])
)
def test_any_declared_encoding_is_read_or_refused(content, encoding):
    try:
        tags(b"<?xml version='1.0' encoding='" + encoding.encode() + b"'?><a>" + content)
    except ReportFileError as refused:
        assert str(refused).startswith("report.xml")


def rows(content):
    """What is told of a document whose rows are called `r`, in order: batches by what `n` they have."""
    told = []
    XMLStream(
        "report.xml",
        lambda name, attributes: told.append(f"<{name}{attributes.get('n', '')}"),
        lambda name: told.append(f"{name}>"),
        Rows("r", lambda batch: told.append("".join(row["n"] for row in batch)) if batch else None),
    ).read(io.BytesIO(content.encode()))
    return told


@pytest.mark.parametrize(
    ("content", "order"),
    [
        ("<a><r n='1'/><r n='2'/></a>", ["<a", "12", "a>"]),
        ("<a><r n='1'/><b/><r n='2'/></a>", ["<a", "1", "<b", "b>", "2", "a>"]),
        ("<a><r n='1'/><r n='2'><b/></r><r n='3'/></a>", ["<a", "1", "<r2", "<b", "b>", "r>", "3", "a>"]),
        ("<a><b><r n='1'/></b><r n='2'/></a>", ["<a", "<b", "1", "b>", "2", "a>"]),
        ("<a><r n='1'><b><r n='2'/></b></r></a>", ["<a", "<r1", "<b", "2", "b>", "r>", "a>"]),
        ("<r n='1'/>", ["1"]),
        ("<r n='1'><b/></r>", ["<r1", "<b", "b>", "r>"]),
        ("<r n='1'><r n='2'/><r n='3'><b/></r></r>", ["<r1", "2", "<r3", "<b", "b>", "r>", "r>"]),
    ],
)
def test_empty_rows_come_in_batches_and_keep_their_place(content, order):
    assert rows(content) == order


def test_a_row_that_holds_something_is_told_across_chunks():
    filler = "<r n='1'/>" * 50_000

    assert rows(f"<a>{filler}<r n='2'>{'<!-- -->' * 50_000}<b/></r></a>")[-5:] == ["<r2", "<b", "b>", "r>", "a>"]


def test_rows_do_not_wait_for_the_end_of_the_file():
    batches = [told for told in rows("<a>" + "<r n='1'/>" * 100_000 + "</a>") if told.startswith("1")]

    assert (sum(map(len, batches)), len(batches) > 3) == (100_000, True)


def test_rows_in_rows_are_bounded():
    with pytest.raises(ReportFileError, match="levels of elements"):
        rows("<a>" + '<r n="1">' * 1000)

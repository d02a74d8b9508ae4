"""Log options: dockerd's checks and texts, and bounds by default."""

from pathlib import Path

import pytest

from berth.base.errors import InvalidArgument, Unsupported
from berth.logs.details import details_prefix, log_attributes, tag_fields
from berth.logs.drivers import check_log_options, open_log
from berth.logs.entry import LogQuery
from berth.logs.file import FileLog, Rotation


@pytest.mark.parametrize(
    ("driver", "options", "rotation"),
    [
        ("json-file", {}, Rotation(max_size=50_000_000, max_files=4)),
        ("local", {}, Rotation(max_size=20_000_000, max_files=5, compress=True)),
        ("json-file", {"max-size": "10m"}, Rotation(max_size=10 << 20, max_files=1)),
        ("json-file", {"max-size": "1k", "max-file": "3", "compress": "true"},
         Rotation(max_size=1024, max_files=3, compress=True)),
        ("local", {"compress": "false", "mode": "non-blocking", "max-buffer-size": "4m"},
         Rotation(max_size=20_000_000, max_files=5)),
    ],
)  # fmt: skip
def test_bounds(driver, options, rotation):
    assert check_log_options(driver, options).rotation == rotation


@pytest.mark.parametrize(
    ("driver", "options", "text"),
    [
        ("json-file", {"bogus": "1"}, "unknown log opt 'bogus' for json-file log driver"),
        ("local", {"tag": "x"}, "unknown log opt 'tag' for log driver local"),
        ("nope", {}, 'error looking up logging plugin nope: plugin "nope" not found'),
        ("json-file", {"mode": "x"}, "logger: logging mode not supported: x"),
        ("json-file", {"max-buffer-size": "1m"},
         "logger: max-buffer-size option is only supported with 'mode=non-blocking'"),
        ("json-file", {"max-size": "x"}, "failed to initialize logging driver: invalid size: 'x'"),
        ("json-file", {"max-size": "0"},
         "failed to initialize logging driver: max-size must be a positive number"),
        ("json-file", {"max-file": "0"},
         "failed to initialize logging driver: max-file cannot be less than 1"),
        ("json-file", {"max-file": "x"},
         'failed to initialize logging driver: strconv.Atoi: parsing "x": invalid syntax'),
        ("json-file", {"compress": "x"},
         'failed to initialize logging driver: strconv.ParseBool: parsing "x": invalid syntax'),
        ("json-file", {"max-size": "1m", "compress": "true"}, "failed to initialize logging driver: "
         "compress cannot be true when max-file is less than 2 or max-size is not set"),
        ("json-file", {"labels-regex": "("}, "failed to initialize logging driver: error parsing regexp: "
         "missing ), unterminated subpattern at position 0: `(`"),
    ],
)  # fmt: skip
def test_what_is_refused(driver, options, text):
    with pytest.raises(InvalidArgument) as caught:
        check_log_options(driver, options)
    assert caught.value.message == text


def test_none_keeps_nothing():
    log = open_log(check_log_options("none", {"anything": "goes"}), Path("/x/log"))
    assert log.path is None
    with pytest.raises(Unsupported, match="configured logging driver does not support reading"):
        log.batches(LogQuery())
    assert isinstance(open_log(check_log_options("local", {}), Path("/x/log")), FileLog)


def test_details():
    fields = tag_fields("a" * 64, "web", "sha256:" + "b" * 64, "img:1", "sh")
    options = {
        "labels": "one,missing", "labels-regex": "^t", "env": "LANG", "env-regex": "X$",
        "tag": "{{.Name}}/{{ .ID }}",
    }  # fmt: skip
    labels = {"one": "1", "two": "a b", "other": "0"}
    found = log_attributes(options, labels, ("LANG=C", "AX=1", "bare", "XA=2"), fields)
    assert found == {"one": "1", "two": "a b", "LANG": "C", "AX": "1", "tag": "web/aaaaaaaaaaaa"}
    assert details_prefix(found) == b"AX=1,LANG=C,one=1,tag=web%2Faaaaaaaaaaaa,two=a+b "
    assert details_prefix({}) == b" "
    with pytest.raises(InvalidArgument, match="no field Nope"):
        log_attributes({"tag": "{{.Nope}}"}, {}, (), fields)

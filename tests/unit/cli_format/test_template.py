"""The template language, where the recorded outputs of Docker's client do not reach.

Error texts and ordinary use are compared with the real client in ``tests/golden``.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.cli.format.template import Template, TemplateExecutionError, TemplateSyntaxError
from berth.cli.format.template.values import Duration, Number, Time, untyped
from berth.cli.format.typed import typed


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{range $k, $v := .}}{{$k}}={{$v}};{{end}}", "a=1;b=[x y];"),
        ("{{range .b}}{{if eq . `y`}}{{break}}{{end}}{{.}}{{end}}", "x"),
        ("{{with .none}}{{.}}{{else with .a}}<{{.}}>{{end}}", "<1>"),
        ("{{$x := 1}}{{range .b}}{{$x = .}}{{end}}{{$x}}", "y"),
        ("{{define `t`}}{{.}}!{{end}}{{template `t` .a}}{{template `t`}}", "1!<no value>!"),
        ("a  {{- /* gone */ -}}  b", "ab"),
        ("{{3 -}}\n 4", "34"),
        ("{{(index .b 1) | upper}}{{(len .b)}}", "Y2"),
        ("{{and 1 0 (index .b 99)}}{{or `` 0 `z`}}", "0z"),
        ("{{range 3}}{{.}}{{end}}{{range $i, $_ := 2}}{{$i}}{{end}}", "01201"),
    ],
)
def test_renders(text: str, wanted: str) -> None:
    assert Template(text).execute(untyped({"a": 1, "b": ["x", "y"]})) == wanted


def test_output_up_to_the_error_is_kept() -> None:
    with pytest.raises(TemplateExecutionError) as caught:
        Template("{{.a}} then {{.a.b}}").execute(untyped({"a": 1}))
    assert caught.value.written == "1 then "


def test_strict_keys() -> None:
    data = untyped({"a": {"n": Number("1.50")}})
    assert Template("{{.a.n}} {{json .a}}").execute(data, strict=True) == '1.50 {"n":1.50}'
    assert Template("{{.b}}").execute(data) == "<no value>"
    with pytest.raises(TemplateExecutionError, match='map has no entry for key "b"'):
        Template("{{.b}}").execute(data, strict=True)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="nested too deeply"):
        Template("{{" + "(" * 5000 + "1" + ")" * 5000 + "}}")


def test_recursion_is_bounded() -> None:
    text = "{{define `t`}}{{template `t` .}}{{end}}{{template `t` .}}"
    with pytest.raises(TemplateExecutionError, match="exceeded maximum template depth"):
        Template(text).execute(None)


@given(st.text(alphabet="{}.$-/*`\"'|:=()n eifdrag0x,\n", max_size=40))
def test_any_text_is_a_template_or_a_syntax_error(text: str) -> None:
    try:
        template = Template(text)
    except TemplateSyntaxError:
        return
    try:
        template.execute(untyped({"a": [1]}))
    except TemplateExecutionError as failure:
        assert str(failure).startswith("template: :")


def test_typed_values_have_go_names_and_zeros() -> None:
    value = typed({"Id": "x", "HostConfig": {"NanoCpus": 5}}, "container.InspectResponse")
    text = "{{.ID}} {{.HostConfig.NanoCPUs}} {{.HostConfig.Binds}} {{.SizeRw}} {{.Config}} {{.Mounts}}"
    assert Template(text).execute(value) == "x 5 [] <nil> <nil> []"
    shown = Template("{{json .HostConfig.RestartPolicy}} {{json .Mounts}}").execute(value)
    assert shown == '{"Name":"","MaximumRetryCount":0} null'


@pytest.mark.parametrize(
    ("nanoseconds", "wanted"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (2_000_000, "2ms"),
        (30_000_000_000, "30s"),
        (90_500_000_000, "1m30.5s"),
        (3_600_000_000_000, "1h0m0s"),
        (-1_000_000_000, "-1s"),
    ],
)
def test_durations(nanoseconds: int, wanted: str) -> None:
    assert Duration(nanoseconds).text() == wanted


@pytest.mark.parametrize(
    ("wire", "wanted"),
    [
        ("2024-01-02T03:04:05.120Z", "2024-01-02 03:04:05.12 +0000 UTC"),
        ("2024-01-02T03:04:05+02:00", "2024-01-02 03:04:05 +0200 +0200"),
        ("", "0001-01-01 00:00:00 +0000 UTC"),
    ],
)
def test_times(wire: str, wanted: str) -> None:
    assert Time(wire).text() == wanted

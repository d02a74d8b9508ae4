"""The rules of the check: what is found, on which line, in which words."""

import pytest

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.ignore import IgnoreFile
from berth.dockerfile.lint import Base, CheckRequest, check, options_of, violation
from berth.dockerfile.lint_rules import RULES
from berth.dockerfile.parser import parse

_NOTHING = CheckRequest()


def found(text, request=_NOTHING):
    return [(f.rule, f.line, f.text) for f in check(parse(text.encode()), request)]


def rules(text, request=_NOTHING):
    return [(rule, line) for rule, line, _ in found(text, request)]


ONE_FINDING = {
    "FROM scratch AS Base\n": ("StageNameCasing", 1, "Stage name 'Base' should be lowercase"),
    "FROM scratch as one\n": ("FromAsCasing", 1, "'as' and 'FROM' keywords' casing do not match"),
    "from scratch AS one\n": ("FromAsCasing", 1, "'AS' and 'from' keywords' casing do not match"),
    "FROM scratch\nRUN a \\\n\n b\nRUN c\n": ("NoEmptyContinuation", 4, "Empty continuation line"),
    "FROM scratch\nRun a\nRUN b\n": (
        "ConsistentInstructionCasing", 2,
        "Command 'Run' should match the case of the command majority "
        "(uppercase)",
    ),
    "from scratch\nrun a\nRUN b\n": (
        "ConsistentInstructionCasing", 3,
        "Command 'RUN' should match the case of the command majority "
        "(lowercase)",
    ),
    "FROM scratch AS a\nFROM scratch AS a\n": (
        "DuplicateStageName", 2, 'Duplicate stage name "a", stage names should be unique',
    ),
    "FROM scratch AS scratch\n": (
        "ReservedStageName", 1, 'Stage name should not use the same name as reserved stage "scratch"',
    ),
    "FROM scratch AS context\n": (
        "ReservedStageName", 1, 'Stage name should not use the same name as reserved stage "context"',
    ),
    "FROM scratch\nCMD run me\n": (
        "JSONArgsRecommended", 2,
        "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals",
    ),
    "FROM scratch\nENTRYPOINT run me\n": (
        "JSONArgsRecommended", 2,
        "JSON arguments recommended for ENTRYPOINT to prevent unintended behavior related to OS signals",
    ),
    "FROM scratch\nMAINTAINER someone\n": (
        "MaintainerDeprecated", 2, "Maintainer instruction is deprecated in favor of using label",
    ),
    "ARG tag=1\nFROM box:${tag}${more}\n": (
        "UndefinedArgInFrom", 2, "FROM argument 'more' is not declared",
    ),
    "FROM --platform=$BULIDPLATFORM scratch\n": (
        "UndefinedArgInFrom", 1,
        "FROM argument 'BULIDPLATFORM' is not declared (did you mean "
        "BUILDPLATFORM?)",
    ),
    "FROM scratch\nWORKDIR app/\n": (
        "WorkdirRelativePath", 2,
        'Relative workdir "app/" can have unexpected results if the base image changes',
    ),
    "FROM scratch\nCOPY $one .\nARG one=1\nUSER $one\n": (
        "UndefinedVar", 2, "Usage of undefined variable '$one'",
    ),
    "FROM scratch\nARG DIR_ASSETS=a\nCOPY $DIR_ASSET .\n": (
        "UndefinedVar", 3, "Usage of undefined variable '$DIR_ASSET' (did you mean $DIR_ASSETS?)",
    ),
    "FROM scratch\nENV PATH=$PAHT:/x\n": (
        "UndefinedVar", 2, "Usage of undefined variable '$PAHT' (did you mean $PATH?)",
    ),
    'FROM scratch\nCMD ["a"]\nENV x=y\nCMD ["b"]\n': (
        "MultipleInstructionsDisallowed", 2,
        "Multiple CMD instructions should not be used in the same stage "
        "because only the last one will be used",
    ),
    "FROM scratch\nHEALTHCHECK NONE\nHEALTHCHECK CMD x\n": (
        "MultipleInstructionsDisallowed", 2,
        "Multiple HEALTHCHECK instructions should not be used in the same "
        "stage because only the last one will be used",
    ),
    "FROM scratch\nENV one two\n": (
        "LegacyKeyValueFormat", 2, '"ENV key=value" should be used instead of legacy "ENV key value" format',
    ),
    "FROM scratch\nLABEL one two\n": (
        "LegacyKeyValueFormat", 2,
        '"LABEL key=value" should be used instead of legacy "LABEL key value" '
        'format',
    ),
    "FROM --platform=${TARGETPLATFORM} scratch\n": (
        "RedundantTargetPlatform", 1,
        "Setting platform to predefined ${TARGETPLATFORM} in FROM is redundant "
        "as this is the default behavior",
    ),
    "FROM scratch\nENV API_TOKEN=x PLAIN=y\n": (
        "SecretsUsedInArgOrEnv", 2, 'Do not use ARG or ENV instructions for sensitive data (ENV "API_TOKEN")',
    ),
    "FROM scratch\nARG password\n": (
        "SecretsUsedInArgOrEnv", 2, 'Do not use ARG or ENV instructions for sensitive data (ARG "password")',
    ),
    "ARG VERSION\nFROM box:$VERSION\n": (
        "InvalidDefaultArgInFrom", 2,
        "Default value for ARG box:$VERSION results in empty or invalid base image name",
    ),
    "FROM --platform=linux/arm64 scratch AS x\n": (
        "FromPlatformFlagConstDisallowed", 1,
        'FROM --platform flag should not use constant value '
        '"linux/arm64"',
    ),
    "FROM scratch\nEXPOSE 80/TCP\n": (
        "ExposeProtoCasing", 2, "Defined protocol '80/TCP' in EXPOSE instruction should be lowercase",
    ),
    "FROM scratch\nEXPOSE 1.2.3.4:80:81\n": (
        "ExposeInvalidFormat", 2,
        "EXPOSE instruction should not define an IP address or host-port mapping, found '1.2.3.4:80:81'",
    ),
    "# check=experimental=all\n\n# words\nFROM scratch AS one\n": (
        "InvalidDefinitionDescription", 4, "Comment for FROM should follow the format: `# one <description>`",
    ),
    "FROM scratch\n# check=experimental=all\n# words\nARG one two\n": (
        "InvalidDefinitionDescription", 4,
        "Comment for ARG should follow the format: `# <arg_key> "
        "<description>`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", ONE_FINDING)
def test_one_finding(text):
    assert found(text) == [ONE_FINDING[text]]


NO_FINDING = [
    "FROM scratch AS base\nFROM scratch AS other\n",
    "from scratch as base\nrun a\n",
    'FROM scratch\nSHELL ["/bin/zsh"]\nCMD a\n',
    'FROM scratch AS a\nSHELL ["/bin/zsh"]\nFROM a\nENTRYPOINT a\n',
    'FROM scratch AS a\nCMD ["a"]\nFROM a\nCMD ["b"]\n',
    "ARG base=scratch\nFROM $base\n",
    "FROM --platform=$BUILDPLATFORM scratch\n",
    "ARG DEBUG\nFROM scratch${DEBUG}\n",
    "ARG DEBUG\nFROM scra${DEBUG:-tch}\n",
    "ARG DEBUG=''\nFROM scratch${DEBUG-@x}\n",
    "FROM scratch AS a\nWORKDIR /app\nFROM a\nWORKDIR sub\n",
    "FROM scratch\nARG one\nCOPY file$one .\n",
    "FROM scratch AS a\nARG one=x\nFROM a\nCOPY $one .\n",
    "FROM scratch\nRUN echo $UNKNOWN\n",
    "FROM scratch\nENV one=two\nLABEL a=b\n",
    "FROM scratch\nENV PUBLIC_KEY=x password_file=y\nARG AUTH_VERSION\n",
    "FROM --platform=linux/arm64 scratch AS tools-arm64\n",
    "FROM --platform=linux scratch AS linux-tools\n",
    "FROM scratch\nEXPOSE 80/udp 90-92\n",
    "# check=experimental=all\n\n# one is it\nARG one\n# base is it\nFROM "
    "scratch AS base\n# words\n#\nARG two\n",
    "FROM scratch\n# check=skip=MaintainerDeprecated\nMAINTAINER me\n",
    "FROM scratch\n# check=skip=all // only here\nENV password=x\n",
    "# check=skip=all\nfrom scratch AS X\nMaintainer y\n",
    "# check=skip=MaintainerDeprecated, StageNameCasing\nFROM scratch AS X\n",
]


@pytest.mark.parametrize("text", NO_FINDING)
def test_no_finding(text):
    assert found(text) == []


def test_every_rule_is_shown_by_an_example():
    elsewhere = {"CopyIgnoredFile", "InvalidBaseImagePlatform"}
    assert {rule for rule, _, _ in ONE_FINDING.values()} | elsewhere == set(RULES)
    assert len(RULES) == 22


def test_an_instruction_comment_is_for_that_instruction_only():
    text = "FROM scratch\n# check=skip=all\nENV password=x\nENV password=y\n"
    assert rules(text) == [("SecretsUsedInArgOrEnv", 4)]


def test_experimental_rules_are_off():
    assert found("# words\n\nFROM scratch\n# words\nARG one\n") == []


def test_the_build_argument_replaces_the_directive():
    text = "# check=skip=all\nFROM scratch as base\nMAINTAINER x\n"
    request = CheckRequest(build_args={"BUILDKIT_DOCKERFILE_CHECK": "skip=FromAsCasing;error=true"})
    assert rules(text, request) == [("MaintainerDeprecated", 3)]
    assert options_of(parse(text.encode()), request.build_args).error
    with pytest.raises(DockerfileError, match='invalid check option "fast"'):
        check(parse(text.encode()), CheckRequest(build_args={"BUILDKIT_DOCKERFILE_CHECK": "fast"}))


def test_violation_names_each_rule_once():
    findings = check(parse(b"FROM scratch as A\nMAINTAINER a\nMAINTAINER b\n"))
    assert violation(findings) == (
        "lint violation found for rules: StageNameCasing, FromAsCasing, MaintainerDeprecated"
    )


def test_build_arguments_do_not_hide_a_bad_default():
    request = CheckRequest(build_args={"IMAGE": "box:1"})
    assert rules("ARG IMAGE\nFROM $IMAGE\n", request) == [("InvalidDefaultArgInFrom", 2)]


def test_variables_of_the_base_are_defined():
    text = "FROM box\nCOPY $HERE $GONE /\n"
    request = CheckRequest(bases={"box": Base(env={"HERE": "x"})})
    assert found(text, request) == [("UndefinedVar", 2, "Usage of undefined variable '$GONE'")]


def test_a_base_for_another_platform():
    bases = {"box": Base(env={}, platform="linux/arm64/v8")}
    assert found("FROM box\n", CheckRequest(bases=bases)) == [
        (
            "InvalidBaseImagePlatform",
            1,
            'Base image box was pulled with platform "linux/arm64", expected "linux/amd64" for current build',
        )
    ]
    assert found("FROM box\n", CheckRequest(bases=bases, platform="linux/aarch64")) == []


def test_only_the_stages_that_are_built():
    text = "FROM scratch AS a\nCOPY $one .\nFROM scratch\nCOPY $two .\n"
    assert rules(text) == [("UndefinedVar", 2), ("UndefinedVar", 4)]
    assert rules(text, CheckRequest(stages={1})) == [("UndefinedVar", 4)]


def test_only_what_the_target_needs():
    stages = ["FROM scratch AS a", "FROM a AS b", "FROM scratch AS c", "FROM scratch AS d\nCOPY --from=b x y"]
    text = "\n".join(f"{stage}\nCOPY $one ." for stage in stages)
    assert [line for _, line in rules(text)] == [2, 4, 6, 9]
    assert [line for _, line in rules(text, CheckRequest(target="d"))] == [2, 4, 9]
    assert [line for _, line in rules(text, CheckRequest(target="C"))] == [6]
    assert [line for _, line in rules(text, CheckRequest(target="0"))] == [2]


@pytest.mark.parametrize(
    ("ignore", "sources", "expected"),
    [
        (
            "Dockerfile",
            "Dockerfile",
            'Attempting to Copy file "Dockerfile" that is excluded by .dockerignore',
        ),
        ("/a/", "./a/b", 'Attempting to Copy file "a/b" that is excluded by .dockerignore'),
        ("*", ".", 'Attempting to Copy file "." that is excluded by .dockerignore'),
        (".*", ".", None),
        ("**\n!Dockerfile", "Dockerfile", None),
        ("other", "Dockerfile", None),
        ("*", "--from=x Dockerfile", None),
    ],
)
def test_sources_that_are_ignored(ignore, sources, expected):
    request = CheckRequest(ignore=IgnoreFile.parse(ignore.encode()))
    texts = [text for _, _, text in found(f"FROM scratch AS x\nCOPY {sources} /to\n", request)]
    assert texts == ([expected] if expected else [])


def test_add_and_addresses():
    request = CheckRequest(ignore=IgnoreFile.parse(b"*"))
    text = "FROM scratch\nADD file https://example.com/file /to\n"
    assert [text for _, _, text in found(text, request)] == [
        'Attempting to Add file "file" that is excluded by .dockerignore'
    ]

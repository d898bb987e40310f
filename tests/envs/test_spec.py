import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.errors import SpecError
from envs.spec import Spec

texts = st.text(st.characters(exclude_categories=["Cs"]))
some_text = texts.filter(bool)
specs = st.builds(
    Spec,
    suite=st.from_regex(r"[a-z][a-z0-9_-]*", fullmatch=True),
    name=some_text,
    options=st.dictionaries(some_text, texts, max_size=4),
)


def test_reads_suite_name_and_options() -> None:
    spec = Spec.parse("textworld/cooking?recipe=2&go=6")
    assert (spec.suite, spec.name) == ("textworld", "cooking")
    assert spec.options == {"recipe": "2", "go": "6"}


def test_writes_options_in_order_of_their_names() -> None:
    assert str(Spec.parse("textworld/cooking?recipe=2&go=6")) == "textworld/cooking?go=6&recipe=2"


def test_a_name_may_be_a_path() -> None:
    text = "jericho//games/zork1.z5"
    assert Spec.parse(text).name == "/games/zork1.z5"
    assert str(Spec.parse(text)) == text


@given(specs)
def test_every_spec_survives_writing_and_reading(spec: Spec) -> None:
    again = Spec.parse(str(spec))
    assert again == spec
    assert str(again) == str(spec)
    assert hash(again) == hash(spec)
    assert str(spec).isprintable()  # safe in a terminal and a log


@given(st.text())
def test_any_text_is_a_spec_or_a_spec_error(text: str) -> None:
    try:
        spec = Spec.parse(text)
    except SpecError:
        return
    assert Spec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "bad environment spec '': a spec looks like 'suite/name'"),
        ("cooking", "bad environment spec 'cooking': a spec looks like 'suite/name'"),
        ("textworld/", "no environment named after 'textworld/'"),
        ("TextWorld/cooking", "bad suite 'TextWorld' in a spec: it is a lower-case word"),
        (
            "textworld/cooking?go",
            "bad option 'go' in the spec 'textworld/cooking?go': write option",
        ),
        ("textworld/cooking?=6", "bad option '=6' in the spec"),
        ("textworld/cooking?go=6&go=9", "option 'go' is given twice"),
        ("textworld/cooking?go=%ff", "bad percent escape in '%ff'"),
        ("textworld/\ud800", "is not valid Unicode"),
    ],
)
def test_a_bad_spec_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(SpecError) as error:
        str(Spec.parse(text))
    assert message in str(error.value)
    assert "\n" not in str(error.value)

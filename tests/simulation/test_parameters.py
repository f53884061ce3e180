import dataclasses

import pytest

from galaxy_explorer.simulation import FIELDS, PRESETS, Parameters, from_url, to_url


def test_every_parameter_but_the_seed_has_a_field_and_a_default_within_its_range():
    names = {item.name for item in dataclasses.fields(Parameters)}
    assert names == {*FIELDS, "seed"}
    for name, field in FIELDS.items():
        assert field.low <= field.default <= field.high, name
        assert field.label, name
        assert field.help.endswith("."), name


@pytest.mark.parametrize("name", PRESETS)
def test_a_url_reproduces_a_preset(name):
    assert from_url(to_url(PRESETS[name])) == PRESETS[name]
    for field, value in dataclasses.asdict(PRESETS[name]).items():
        if field in FIELDS:
            assert FIELDS[field].low <= value <= FIELDS[field].high, field


def test_the_default_galaxy_has_an_empty_url_and_foreign_names_are_left_out():
    assert to_url(Parameters()) == ""
    assert from_url("source=sample&inclination=80") == Parameters(inclination=80)


def test_values_beyond_a_range_move_to_its_end():
    assert from_url("inclination=400&arms=-3").inclination == 90
    assert from_url("inclination=400&arms=-3").arms == 0


@pytest.mark.parametrize("text", ["arms=two", "radius=nan", "seed=1.5", "pitch=inf"])
def test_what_is_no_number_is_named(text):
    with pytest.raises(ValueError, match=text.split("=")[0]):
        from_url(text)


def test_a_parameter_must_be_finite():
    with pytest.raises(ValueError, match="radius"):
        Parameters(radius=float("nan"))

"""Checkpoints: what is written comes back, and what cannot be trusted is an error."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models import Card, GalaxyNetwork, Model, build
from galaxy_explorer.models.checkpoints import REQUIRED, CheckpointError, available, find, load, read_card, save
from galaxy_explorer.models.networks import MODELS

ARGUMENTS: dict[str, dict[str, Any]] = {
    "fcn": {"widths": [8, 16, 16, 16]},
    "densenet": {"growth_rate": 4, "blocks": [2, 2, 2, 2], "initial_features": 8, "stem_stride": 2},
}
MEBIBYTE = 2**20


def entries_of(model: str, /, **changes: Any) -> dict[str, Any]:
    entries = {
        "model": model,
        "arguments": ARGUMENTS[model],
        "image_size": 64,
        "crop": 0.5,
        "mean": [0.04, 0.04, 0.03],
        "std": [0.1, 0.1, 0.09],
        "columns": list(COLUMNS),
    }
    return {**entries, **changes}


def card_of(model: str, /, **changes: Any) -> Card:
    return Card(**entries_of(model, **changes))


def network_of(model: str) -> GalaxyNetwork:
    torch.manual_seed(0)
    network = build(model, **ARGUMENTS[model])
    with torch.no_grad():
        network.train()(torch.randn(8, 3, 64, 64))  # batch statistics that are not those of a fresh network
    return network


@pytest.fixture(scope="module")
def good_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "good.pt"
    save(path, Model(network_of("fcn"), card_of("fcn")))
    return path


# --- what is written comes back ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_a_network_survives_the_round_trip_to_half_precision(model: str, tmp_path: Path) -> None:
    extra = {"rmse": {"Class1.1": 0.08, "all": None}}
    network, card = network_of(model), card_of(model, epochs=60, note="α Ursae", extra=extra)
    save(tmp_path / "net.pt", Model(network, card))
    loaded = load(tmp_path / "net.pt")
    assert loaded.card == card
    assert read_card(tmp_path / "net.pt") == card
    for name, value in network.state_dict().items():
        np.testing.assert_allclose(loaded.network.state_dict()[name], value, rtol=1e-3, atol=1e-6)
    pictures = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        np.testing.assert_allclose(loaded.network(pictures), network.eval()(pictures), atol=5e-3)


def test_a_loaded_network_is_ready_to_predict(good_file: Path) -> None:
    network = load(good_file).network
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert {value.dtype for value in network.state_dict().values()} == {torch.float32, torch.int64}


def test_a_file_holds_half_precision_and_plain_types_alone(good_file: Path) -> None:
    content = torch.load(good_file, weights_only=True)
    assert set(content) == {"weights", "card"}
    assert {value.dtype for value in content["weights"].values()} == {torch.float16, torch.int64}


def test_saving_leaves_the_network_as_it_was(tmp_path: Path) -> None:
    network = network_of("fcn")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    save(tmp_path / "net.pt", Model(network, card_of("fcn")))
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_folder_is_made_for_the_file(tmp_path: Path) -> None:
    save(tmp_path / "new" / "deep" / "net.pt", Model(network_of("fcn"), card_of("fcn")))
    assert list(available(tmp_path / "new" / "deep")) == ["net"]


# --- names ---------------------------------------------------------------------------------------------------


def test_networks_are_listed_by_the_names_of_their_files(tmp_path: Path) -> None:
    for name in ("fcn.pt", "densenet.pt", "README.md", ".fcn.pt.123"):
        (tmp_path / name).touch()
    assert available(tmp_path) == {"densenet": tmp_path / "densenet.pt", "fcn": tmp_path / "fcn.pt"}
    assert available(tmp_path / "nowhere") == {}


def test_a_network_is_found_by_name_or_by_path(tmp_path: Path) -> None:
    (tmp_path / "fcn.pt").touch()
    (tmp_path / "mine.weights").touch()
    assert find("fcn", tmp_path) == tmp_path / "fcn.pt"
    assert find(tmp_path / "mine.weights", tmp_path) == tmp_path / "mine.weights"


def test_a_missing_file_is_an_error_that_lists_the_names(tmp_path: Path) -> None:
    (tmp_path / "fcn.pt").touch()
    (tmp_path / "densenet.pt").touch()
    with pytest.raises(CheckpointError, match=r"resnet is neither a file nor .*there are: densenet, fcn"):
        find("resnet", tmp_path)
    with pytest.raises(CheckpointError, match="there are: none"):
        find("resnet", tmp_path / "nowhere")


# --- errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns", [list(COLUMNS[::-1]), list(COLUMNS[:-1]), ["spiral", "elliptical"], [], None, 5, [1, 2]]
)
def test_weights_for_other_columns_are_an_error(columns: Any, tmp_path: Path) -> None:
    entries = entries_of("fcn", columns=columns)
    torch.save({"weights": network_of("fcn").state_dict(), "card": entries}, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match="expected the 37 of the Galaxy Zoo 2 tree in their order"):
        load(tmp_path / "net.pt")


@pytest.mark.parametrize("entry", REQUIRED)
def test_a_card_that_lacks_an_entry_is_an_error(entry: str, tmp_path: Path) -> None:
    entries = entries_of("fcn")
    del entries[entry]
    torch.save({"weights": network_of("fcn").state_dict(), "card": entries}, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match=f"lacks {entry}"):
        load(tmp_path / "net.pt")


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        *(("image_size", value) for value in (10**6, 10**400, "x", 0, -64, 64.5, float("nan"), True, None, [64])),
        *(("crop", value) for value in (float("nan"), float("inf"), 0, -1, 1.5, "0.5", [0.5], None)),
        *(("mean", value) for value in ("x", [0.1] * 4, 0.1, [0.1, "x", 0.1], [0.1, float("nan"), 0.1], [[0.1]] * 3)),
        *(("std", value) for value in ([0, 0, 0], [0.1, 0.1, 1e-30], [0.1, -0.1, 0.1], [1e300] * 3, [[1], [1, 2], 3])),
    ],
)
def test_odd_numbers_of_the_preprocessing_are_an_error_that_names_the_entry(
    entry: str, value: Any, tmp_path: Path
) -> None:
    entries = entries_of("fcn", **{entry: value})
    torch.save({"weights": network_of("fcn").state_dict(), "card": entries}, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match=rf"has .* as {entry}; expected .* from"):
        load(tmp_path / "net.pt")


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("mean", [0.0] * 15),
        ("components", [[0.0] * 15]),
        ("components", "x"),
        ("variances", [0.0]),
        ("variances", None),
        ("residual_variance", -1.0),
        ("threshold", float("nan")),
        ("threshold", 0.0),
    ],
)
def test_odd_numbers_of_the_ood_reference_are_an_error_that_names_the_entry(
    entry: str, value: Any, tmp_path: Path
) -> None:
    numbers = {"quantile": 0.99, "threshold": 2.0, "mean": [0.0] * 16, "components": [[0.1] * 16], "variances": [1.0]}
    reference = {"training_galaxies": 100, "hold_out_galaxies": 100, "residual_variance": 1.0, **numbers}
    content = {"weights": network_of("fcn").state_dict(), "card": entries_of("fcn", ood_reference=reference)}
    torch.save(content, tmp_path / "net.pt")
    load(tmp_path / "net.pt")
    reference[entry] = value
    torch.save(content, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match=rf"as {entry} of ood_reference; expected"):
        load(tmp_path / "net.pt")


@pytest.mark.parametrize("arguments", [{"widths": [8, 10**12]}, {"widths": "x"}, {"depth": -1}])
def test_odd_arguments_of_the_network_are_an_error(arguments: dict[str, Any], tmp_path: Path) -> None:
    content = {"weights": network_of("fcn").state_dict(), "card": entries_of("fcn", arguments=arguments)}
    torch.save(content, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match="do not fit the network on its card"):
        load(tmp_path / "net.pt")


@pytest.mark.parametrize("wrong", [{"validation": 5}, {"interval_models": {"a": {}}}, {"hold_out": {"galaxies": 1}}])
def test_a_card_with_an_entry_of_another_type_is_an_error(wrong: dict[str, Any], tmp_path: Path) -> None:
    entries = entries_of("fcn", **wrong)
    torch.save({"weights": network_of("fcn").state_dict(), "card": entries}, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match=r"the card in .* cannot be read"):
        read_card(tmp_path / "net.pt")


@pytest.mark.parametrize("value", [float("nan"), 1e5])
def test_weights_that_half_precision_cannot_hold_are_not_written(value: float, tmp_path: Path) -> None:
    network = network_of("fcn")
    with torch.no_grad():
        network.to_answers.bias[3] = value
    with pytest.raises(CheckpointError, match=r"to_answers\.bias hold NaN or more than half precision"):
        save(tmp_path / "net.pt", Model(network, card_of("fcn")))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (entries_of("fcn", model="resnet"), "no network called 'resnet'"),
        (entries_of("fcn", model=["fcn"]), "do not fit the network on its card"),
        (entries_of("fcn", arguments={"widths": [4, 4]}), "do not fit the network on its card"),
        (entries_of("fcn", arguments={"depths": 3}), "cannot be built with"),
        (entries_of("fcn", arguments=[3]), "do not fit the network on its card"),
        (entries_of("densenet"), "do not fit the network on its card"),
    ],
)
def test_weights_that_do_not_fit_their_card_are_an_error(card: dict[str, Any], words: str, tmp_path: Path) -> None:
    torch.save({"weights": network_of("fcn").state_dict(), "card": card}, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match=words):
        load(tmp_path / "net.pt")


def test_every_weight_must_be_there_and_no_other(tmp_path: Path) -> None:
    weights = network_of("fcn").state_dict()
    torch.save({"weights": {**weights, "extra": torch.zeros(1)}, "card": entries_of("fcn")}, tmp_path / "more.pt")
    with pytest.raises(CheckpointError, match="extra"):
        load(tmp_path / "more.pt")
    weights.pop("to_answers.bias")
    torch.save({"weights": weights, "card": entries_of("fcn")}, tmp_path / "less.pt")
    with pytest.raises(CheckpointError, match=r"to_answers\.bias"):
        load(tmp_path / "less.pt")


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        {"state_dict": {}},
        {"weights": {}},
        {"weights": {}, "card": "model arguments"},
        {"weights": 1, "card": entries_of("fcn")},
        torch.zeros(3),
    ],
)
def test_another_file_of_torch_is_an_error(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match="does not hold weights with a model card"):
        load(tmp_path / "net.pt")


@pytest.mark.parametrize(
    "content", [b"", b"\x80", b"not weights\n" * 50, bytes(range(256)), b"PK\x03\x04 a broken zip", b"junk"]
)
def test_a_file_that_is_not_a_checkpoint_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"net\.pt (cannot be read as a checkpoint|holds other things)"):
        load(tmp_path / "net.pt")


@pytest.mark.parametrize("part", [0.01, 0.3, 0.7, 0.99, 0.999])
def test_a_truncated_file_is_an_error(part: float, good_file: Path, tmp_path: Path) -> None:
    content = good_file.read_bytes()
    (tmp_path / "net.pt").write_bytes(content[: int(part * len(content))])
    with pytest.raises(CheckpointError, match=r"net\.pt (cannot be read as a checkpoint|holds other things)"):
        load(tmp_path / "net.pt")


@pytest.mark.filterwarnings("ignore:.*pickle protocol:UserWarning")  # torch's, of a plain pickle
def test_code_in_a_file_is_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "sprung",)

    trapped = {"weights": {}, "card": entries_of("fcn", note=Trap())}
    torch.save(trapped, tmp_path / "torch.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(trapped))
    for name in ("torch.pt", "plain.pt"):
        with pytest.raises(CheckpointError, match="or code, and was not opened") as raised:
            load(tmp_path / name)
        assert "weights_only" not in str(raised.value)  # torch's message tells how to run it
    assert not (tmp_path / "sprung").exists()


# --- the weights that ship -----------------------------------------------------------------------------------


def test_both_networks_ship_with_weights() -> None:
    assert set(MODELS) <= set(available())


@pytest.mark.parametrize("name", available() or list(MODELS))
def test_shipped_weights_are_small_whole_and_obey_the_tree(name: str) -> None:
    path = find(name)
    assert path.stat().st_size <= 16 * MEBIBYTE
    content = torch.load(io.BytesIO(path.read_bytes()), weights_only=True)
    assert {value.dtype for value in content["weights"].values() if value.is_floating_point()} == {torch.float16}
    model = load(name)
    assert model.card.model == name
    size = model.card.image_size
    with torch.no_grad():
        maps = model.network.features(torch.zeros(1, 3, size, size))
    assert min(maps.shape[2:]) >= 8

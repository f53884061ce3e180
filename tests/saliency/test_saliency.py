"""Saliency maps: their target, and that they show the evidence where it is."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_saliency import BAR, NETWORKS, NO_BAR, explain, random_picture, small_network
from torch import nn

from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTION_OF, SLICES, columns_of
from galaxy_explorer.models.heads import TreeHead
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.saliency import METHODS, SCORE_CAM_CHANNELS, AnswerLogOdds, SaliencyMap, saliency_map
from galaxy_explorer.saliency.methods import POINTING_OF_MIDDLE

SPIRAL = columns_of(4)[0]
ARMS = columns_of(11)[2]


@pytest.fixture(scope="module", params=list(NETWORKS))
def network(request: pytest.FixtureRequest) -> GalaxyNetwork:
    return small_network(request.param)


class TwoLamps(GalaxyNetwork):
    """A network by hand: red light is evidence for a bar, blue light against, neither linearly."""

    def __init__(self, red_channels: int = 1, faint_channels: int = 0) -> None:
        super().__init__()
        self.features_net = nn.Sequential(nn.AvgPool2d(8), nn.ReLU())
        self.copies = (red_channels, faint_channels)
        self.weights = nn.Parameter(torch.zeros(3, len(COLUMNS)), requires_grad=False)
        self.weights[0, INDEX[BAR]] = 200
        self.weights[2, INDEX[NO_BAR]] = 200
        self.head = TreeHead()
        self.eval()

    def features(self, images: torch.Tensor) -> torch.Tensor:
        red, green, blue = self.features_net(images).split(1, dim=1)
        reds, faint = self.copies
        return torch.cat([*[blue / 1000] * faint, *[red / reds] * reds, green, blue], dim=1)

    def logits_from_features(self, maps: torch.Tensor) -> torch.Tensor:
        faint = self.copies[1]
        lamps = torch.stack([maps[:, faint:-2].sum(dim=1), maps[:, -2], maps[:, -1]], dim=1)
        return lamps.tanh().mean(dim=(2, 3)) @ self.weights


def lamps(red: bool = True, blue: bool = True) -> np.ndarray:
    """Draw a red lamp near the top left and a blue one near the bottom right, on black."""
    picture = np.zeros((3, 64, 64), np.float32)
    picture[0, 8:24, 8:24] = red
    picture[2, 40:56, 40:56] = blue
    return picture


def quarters(found: SaliencyMap) -> tuple[float, float]:
    """Return the mean heat of the top left and of the bottom right quarter."""
    return float(found.heat[:32, :32].mean()), float(found.heat[32:, 32:].mean())


# --- every method × every network × sizes --------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 64), (96, 96), (64, 80)])
@pytest.mark.parametrize("method", METHODS)
def test_a_map_is_finite_scaled_and_as_large_as_the_picture(
    network: GalaxyNetwork, method: str, size: tuple[int, int]
) -> None:
    for against in (False, True):
        found = explain(network, random_picture(*size), SPIRAL, method=method, against=against)
        assert found.heat.shape == size
        assert found.heat.dtype == np.float32
        assert np.isfinite(found.heat).all()
        assert found.heat.min() >= 0
        assert found.heat.max() <= 1
        assert (found.target, found.method) == (AnswerLogOdds(SPIRAL, against), method)
        assert bool(found.message) == (found.maximum <= 0) == (not found.heat.any())


def test_every_answer_can_be_explained(network: GalaxyNetwork) -> None:
    for column in COLUMNS:
        pro, contra = (explain(network, random_picture(), column, against) for against in (False, True))
        assert pro.heat.any() or contra.heat.any()
        assert not (pro.heat * contra.heat > 0.5).any()


def test_methods_are_in_order_and_describe_themselves() -> None:
    assert list(METHODS) == ["HiResCAM", "Grad-CAM", "Grad-CAM++", "LayerCAM", "Eigen-CAM", "Score-CAM"]
    assert saliency_map.__kwdefaults__["method"] == next(iter(METHODS))
    assert all(method.explanation.endswith(".") for method in METHODS.values())
    assert "same for every answer" in METHODS["Eigen-CAM"].explanation
    assert "takes a while" in METHODS["Score-CAM"].explanation
    assert [name for name, method in METHODS.items() if not method.per_answer] == ["Eigen-CAM"]
    assert [name for name, method in METHODS.items() if not method.comparable] == ["Eigen-CAM", "Score-CAM"]


# --- the target ----------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.sampled_from(COLUMNS), st.floats(0.01, 10))
def test_the_target_is_the_log_odds_of_the_answers_share(seed: int, column: str, width: float) -> None:
    logits = torch.from_numpy(np.random.default_rng(seed).normal(0, width, len(COLUMNS)))
    where = SLICES[QUESTION_OF[column].number]
    share = logits[where].softmax(dim=0)[INDEX[column] - where.start]
    rest = logits[where].softmax(dim=0).sum() - share
    if rest > 1e-9:
        np.testing.assert_allclose(AnswerLogOdds(column)(logits), (share / rest).log(), atol=1e-5)
    np.testing.assert_allclose(AnswerLogOdds(column, against=True)(logits), -AnswerLogOdds(column)(logits))


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_vector_added_to_all_rows_of_a_question_changes_no_map(network: GalaxyNetwork, method: str) -> None:
    shifted = copy.deepcopy(network)
    where = SLICES[QUESTION_OF[BAR].number]
    random = torch.Generator().manual_seed(5)
    weight = shifted.to_answers.weight
    weight[where] += torch.randn(weight[:1].shape, generator=random)
    shifted.to_answers.bias[where] += 3
    picture = random_picture()
    before, after = (explain(each, picture, BAR, method=method) for each in (network, shifted))
    assert before.heat.any()
    np.testing.assert_allclose(after.heat, before.heat, atol=1e-5)
    np.testing.assert_allclose(after.maximum, before.maximum, rtol=1e-3)


@pytest.mark.parametrize("against", [False, True])
def test_grad_cam_is_the_sum_of_maps_weighted_by_their_mean_gradient(network: GalaxyNetwork, against: bool) -> None:
    picture = torch.from_numpy(random_picture())[None]
    maps = network.features(picture).requires_grad_()
    logits = network.logits_from_features(maps)[0]
    where = SLICES[11]
    others = [i for i in range(where.start, where.stop) if i != INDEX[ARMS]]
    (logits[INDEX[ARMS]] - logits[others].exp().sum().log()).backward()
    assert maps.grad is not None
    gradient = maps.grad.mean(dim=(2, 3), keepdim=True)
    sky = torch.cat([picture[..., 0], picture[..., -1], picture[..., 0, :], picture[..., -1, :]], dim=2).median(dim=2)
    maps = maps - network.features(sky.values[..., None, None].expand_as(picture))
    raw = (gradient * maps.detach()).sum(dim=1, keepdim=True) * (-1 if against else 1)
    expected = nn.functional.interpolate(raw.clamp(min=0) / raw.max(), (64, 64), mode="bilinear")[0, 0]
    found = explain(network, picture, ARMS, method="Grad-CAM", against=against)
    np.testing.assert_allclose(found.maximum, float(raw.max()), rtol=1e-4)
    np.testing.assert_allclose(found.heat, expected, atol=1e-4)


def test_grad_cam_and_hirescam_differ_because_nonlinear_layers_follow_the_cut(network: GalaxyNetwork) -> None:
    means, cells = (explain(network, random_picture(), BAR, method=name) for name in ("Grad-CAM", "HiResCAM"))
    assert np.abs(means.heat - cells.heat).max() > 0.05


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.per_answer])
def test_the_map_is_where_the_evidence_is(method: str) -> None:
    network = TwoLamps()
    for column, against in ((BAR, False), (NO_BAR, True)):
        red, blue = quarters(explain(network, lamps(), column, method=method, against=against))
        assert red > 0.1 > 10 * blue
    for column, against in ((BAR, True), (NO_BAR, False)):
        red, blue = quarters(explain(network, lamps(), column, method=method, against=against))
        assert blue > 0.1 > 10 * red


def test_the_map_peaks_at_the_lamp_itself() -> None:
    found = explain(TwoLamps(), lamps(), BAR)
    row, column = np.unravel_index(found.heat.argmax(), found.heat.shape)
    assert 8 <= row < 24
    assert 8 <= column < 24
    assert found.heat.max() == pytest.approx(1)


@pytest.mark.parametrize(("against", "words"), [(False, "No evidence for"), (True, "No evidence against")])
def test_an_empty_map_has_a_message(against: bool, words: str) -> None:
    found = explain(TwoLamps(), lamps(red=against, blue=not against), BAR, against=against)
    assert found.maximum <= 0
    assert not found.heat.any()
    assert found.message.startswith(words)


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if name != "Score-CAM"])
def test_a_black_picture_gives_an_empty_map(method: str) -> None:
    found = explain(TwoLamps(), lamps(red=False, blue=False), BAR, method=method)
    assert found.maximum == 0
    assert not found.heat.any()
    assert found.message


@pytest.mark.parametrize("level", [-2.0, 0.0, 0.7])
@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if name != "Score-CAM"])
def test_empty_sky_gives_no_frame_though_the_network_pads_with_zeros(
    network: GalaxyNetwork, method: str, level: float
) -> None:
    sky = np.full((3, 64, 64), level, np.float32)
    maps = network.features(torch.from_numpy(sky)[None])
    assert not maps.allclose(maps.mean(dim=(2, 3), keepdim=True), atol=0.1)  # the padding shows
    for against in (False, True):
        assert not explain(network, sky, BAR, method=method, against=against).heat.any()


def test_sky_around_a_galaxy_is_dark_up_to_the_edge(network: GalaxyNetwork) -> None:
    picture = np.full((3, 96, 96), 0.7, np.float32)
    picture[:, 44:52, 44:52] += 3
    for against in (False, True):
        heat = explain(network, picture, BAR, against=against).heat
        edge = np.concatenate([heat[0], heat[-1], heat[:, 0], heat[:, -1]])
        assert edge.max() < 0.02


# --- TTA views -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_of_all_views_a_map_rotates_with_the_galaxy(network: GalaxyNetwork, method: str) -> None:
    def mapped(picture: np.ndarray) -> SaliencyMap:
        return explain(network, np.ascontiguousarray(picture), SPIRAL, method=method, views=8)

    picture = random_picture()
    upright, rotated, flipped = mapped(picture), mapped(np.rot90(picture, axes=(1, 2))), mapped(picture[..., ::-1])
    np.testing.assert_allclose(rotated.heat, np.rot90(upright.heat), atol=1e-4)
    np.testing.assert_allclose(flipped.heat, upright.heat[:, ::-1], atol=1e-4)


def test_the_map_of_two_views_is_their_mean() -> None:
    red, blue = quarters(explain(TwoLamps(), lamps(), BAR, views=2))
    alone = quarters(explain(TwoLamps(), lamps(), BAR))
    assert (red, blue) == pytest.approx(alone)


def test_score_cam_reports_progress_over_all_views_and_nothing_on_the_console(
    network: GalaxyNetwork, capfd: pytest.CaptureFixture[str]
) -> None:
    steps: list[tuple[int, int]] = []
    channels = network.features(torch.zeros(1, 3, 64, 64)).shape[1]
    explain(network, random_picture(), BAR, method="Score-CAM", views=2, progress=lambda *step: steps.append(step))
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})
    assert {total for _, total in steps} == {2 * channels}
    assert steps[-1][0] == 2 * channels
    assert capfd.readouterr() == ("", "")


# --- Eigen-CAM and Score-CAM ---------------------------------------------------------------------------------


def test_eigen_cam_is_the_same_for_every_answer(network: GalaxyNetwork) -> None:
    first, *others = (
        explain(network, random_picture(), column, method="Eigen-CAM", against=against)
        for column in (BAR, SPIRAL, ARMS)
        for against in (False, True)
    )
    assert all(np.array_equal(first.heat, other.heat) for other in others)


@pytest.mark.parametrize("seed", range(5))
def test_eigen_cam_is_bright_where_the_maps_are_active(network: GalaxyNetwork, seed: int) -> None:
    # The decomposition leaves the sign open, so a map could as well be bright where nothing is.
    picture = random_picture(seed=seed)
    picture[:, 10:30, 20:40] += 3
    maps = network.features(torch.from_numpy(picture)[None])
    activity = nn.functional.interpolate(maps.mean(dim=1, keepdim=True), (64, 64), mode="bilinear")[0, 0]
    found = explain(network, picture, BAR, method="Eigen-CAM")
    assert np.corrcoef(found.heat.ravel(), activity.numpy().ravel())[0, 1] > 0


def test_score_cam_uses_the_strongest_channels_only() -> None:
    steps: list[tuple[int, int]] = []
    crowded = TwoLamps(red_channels=SCORE_CAM_CHANNELS - 1, faint_channels=10)
    found = explain(crowded, lamps(), NO_BAR, method="Score-CAM", progress=lambda *step: steps.append(step))
    assert steps == [(16, 64), (32, 64), (48, 64), (64, 64)]
    red, blue = quarters(found)
    assert blue > 0.1 > red
    assert found.maximum > 0.5  # from the blue channel itself, not from the faint copies of it


def test_the_figures_of_the_methods_are_those_of_the_study():
    page = (Path(__file__).parents[2] / "docs" / "behaviour.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| `")]
    known = {name: method.pointing for name, method in METHODS.items()} | {"(middle)": POINTING_OF_MIDDLE}
    for name, pointing in known.items():
        found = [float(cells[3]) for cells in rows if cells[1] == name]
        assert len(found) == 2, name  # a network each
        assert pointing == pytest.approx(np.mean(found), abs=0.011)

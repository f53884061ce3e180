"""The diagram of a network shows the sizes of its layers, in words and as a picture."""

from base64 import b64decode
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from galaxy_explorer.app.about.network_diagram import network_diagram, size_in_words, stages_of
from galaxy_explorer.app.about.texts import texts
from galaxy_explorer.models.checkpoints import available, load
from galaxy_explorer.models.trace import Layer, layers_of

TINY = (
    Layer("picture", "picture", (3, 16, 16), 0),
    Layer("a", "convolution", (4, 16, 16), 108, kernel=3),
    Layer("b", "batch normalisation", (4, 16, 16), 8),
    Layer("c", "activation", (4, 16, 16), 0),
    Layer("d", "convolution", (4, 16, 16), 144, kernel=3),
    Layer("e", "batch normalisation", (4, 16, 16), 8),
    Layer("f", "activation", (4, 16, 16), 0),
    Layer("g", "max pooling", (4, 8, 8), 0, kernel=2),
    Layer("h", "dense block", (12, 8, 8), 900, parts=4),
    Layer("i", "mean", (12,), 0),
    Layer("j", "unknown <layer>", (12,), 5),
    Layer("k", "tree", (37,), 0),
)


def items(html: str) -> list[list[str]]:
    """The words of every block of a diagram."""
    return [["".join(span.itertext()) for span in item.iter("span")] for item in ET.fromstring(html)]


@pytest.fixture(scope="module", params=sorted(available()))
def shipped(request: pytest.FixtureRequest) -> tuple[str, tuple[Layer, ...]]:
    """A network of the project by its name, and its layers."""
    model = load(request.param)
    return request.param, layers_of(model.network, model.card.image_size)


def test_every_layer_belongs_to_one_stage(shipped: tuple[str, tuple[Layer, ...]]) -> None:
    _, layers = shipped
    assert tuple(layer for stage in stages_of(layers) for layer in stage.layers) == layers


def test_the_diagram_has_the_size_of_every_stage_of_the_network(shipped: tuple[str, tuple[Layer, ...]]) -> None:
    name, layers = shipped
    blocks = items(network_diagram(layers, name))
    # Each change of shape in the network must be in the diagram, in the same order.
    shapes = [layers[0].output_shape]
    for layer in layers[1:]:
        if layer.output_shape != shapes[-1]:
            shapes.append(layer.output_shape)
    sizes = [words[1] for words in blocks]
    assert [sizes[0]] + [size for before, size in pairwise(sizes) if size != before] == [
        size_in_words(shape) for shape in shapes
    ]
    numbers = [int(words[-1].split()[0].replace(",", "")) for words in blocks if words[-1].endswith("parameters")]
    assert sum(numbers) == sum(layer.parameters for layer in layers)


def test_every_kind_of_layer_is_explained(shipped: tuple[str, tuple[Layer, ...]]) -> None:
    assert {layer.kind for layer in shipped[1]} <= texts()["layers"].keys()


def test_equal_convolutions_are_one_block_with_what_follows_them() -> None:
    blocks = items(network_diagram(TINY, "tiny"))
    assert blocks[1] == [
        "Convolution 3 × 3, 2 times",
        "4 maps of 16 × 16",
        "with batch normalisation and activation",
        "268 parameters",
    ]
    assert blocks[2] == ["Max pooling 2 × 2", "4 maps of 8 × 8"]
    assert blocks[3] == ["Dense block", "12 maps of 8 × 8", "4 steps", "900 parameters"]
    assert blocks[5][0] == "Unknown <layer>"  # a kind without a description is still drawn, and escaped


def pictures(html: str) -> list[ET.Element]:
    """The pictures of every block of a diagram."""
    data = [image.get("src", "").partition("base64,")[2] for image in ET.fromstring(html).iter("img")]
    return [ET.fromstring(b64decode(text)) for text in data]


def test_larger_maps_have_a_larger_face_and_more_maps_more_depth() -> None:
    def size(svg: ET.Element) -> tuple[float, float]:
        face, top, _ = [
            [tuple(map(float, point.split(","))) for point in polygon.get("points", "").split()]
            for polygon in svg
            if polygon.tag.endswith("polygon")
        ]
        return face[1][0] - face[0][0], top[1][0] - top[0][0]

    drawn = pictures(network_diagram(TINY, "tiny"))
    (picture, few), (convolved, more), (pooled, _), (block, most) = (size(svg) for svg in drawn[:4])
    assert picture == pytest.approx(convolved, abs=0.2)
    assert pooled == pytest.approx(block, abs=0.2)
    assert pooled < convolved
    assert few < more < most


def test_the_tree_is_drawn_in_the_groups_of_its_questions() -> None:
    assert len([part for part in pictures(network_diagram(TINY, "tiny"))[-1] if part.tag.endswith("rect")]) == 11


def test_the_colours_stand_out_from_a_dark_and_a_light_page() -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = luminance("#0e1117"), luminance("#ffffff")
    for part in texts()["layers"].values():
        of_part = luminance(part["colour"])
        assert (of_part + 0.05) / (dark + 0.05) >= 3, part
        assert (light + 0.05) / (of_part + 0.05) >= 3, part

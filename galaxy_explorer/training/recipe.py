"""The recipe of a training run: every setting, its default, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

LOSSES = ("squared", "cross-entropy")


def _setting(default: Any, why: str, choices: tuple[str | int, ...] | None = None) -> Any:
    """Declare a setting with the reason for its default, which is also its flag's help."""
    return field(default=default, metadata={"why": why, "choices": choices})


@dataclass(frozen=True)
class Recipe:
    """All settings of a training run. Each field is a flag of ``train.py``."""

    model: str = _setting("densenet", "the network to train", ("fcn", "densenet"))
    size: int = _setting(64, "side of the network's input in pixels")
    crop: float = _setting(
        0.5, "part of the 424-pixel field that the network sees; galaxies are about a third as wide as the field"
    )
    head: str = _setting("tree", "tree obeys the decision tree; sigmoid is a yardstick", ("tree", "sigmoid"))
    epochs: int = _setting(60, "passes over the training galaxies")
    batch_size: int = _setting(64, "galaxies in a step, over all devices")
    learning_rate: float = _setting(2e-3, "AdamW's peak, reached after the warm-up")
    weight_decay: float = _setting(0.02, "AdamW's pull of the weights towards zero")
    warmup: float = _setting(0.05, "part of the run in which the learning rate rises")
    ema: float = _setting(0.998, "memory of the averaged weights, a step")
    clip: float = _setting(1.0, "largest norm of the gradient")
    drop_rate: float = _setting(0.2, "dropout before the answers")
    rotation: float = _setting(180.0, "pictures turn by up to this many degrees either way: the sky has no up")
    flips: bool = _setting(True, "half of the pictures are mirrored: the sky has no handedness")
    zoom: float = _setting(1.2, "pictures grow and shrink by up to this factor")
    shift: float = _setting(0.04, "pictures move by up to this part of their side")
    colour: float = _setting(0.1, "brightness and each channel vary by up to this part")
    mixup: float = _setting(0.0, "pictures and scores are blended with another's, by up to this part")
    label_noise: float = _setting(0.0, "standard deviation of the noise on the scores learnt")
    loss: str = _setting("squared", "what the challenge measures; cross-entropy of the shares", LOSSES)
    partial: bool = _setting(True, "learn also from galaxies of which only some scores are known")
    reweigh: bool = _setting(False, "weights undo how the galaxies with all scores were selected")
    teaching: float = _setting(0.0, "part of the teachers' answer in a known score; the unknown are theirs alone")
    hold_out: int = _setting(800, "training galaxies kept aside, by which the best epoch is chosen")
    hold_out_seed: int = _setting(0, "fixes the hold-out: all runs that are compared or taught share it")
    seed: int = _setting(0, "fixes the first weights, the order and the augmentation")
    precision: str = _setting("auto", "bf16 on CUDA, float32 on the CPU, unless named", ("auto", "bf16", "float32"))
    widths: tuple[int, ...] = _setting((32, 64, 128, 256), "fcn: channels of each stage")
    growth_rate: int = _setting(32, "densenet: channels that each layer adds")
    layer_drop_rate: float = _setting(0.0, "densenet: dropout inside each dense layer")
    blocks: tuple[int, ...] = _setting((6, 12, 24, 16), "densenet: layers of each block; these are DenseNet-121's")
    initial_features: int = _setting(64, "densenet: channels of the stem")
    stem_stride: int = _setting(
        0,
        "densenet: by how much the stem shrinks a picture; 0 takes 4, as published, from 128 pixels on, and 2 below",
        (0, 2, 4),
    )

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        for setting in fields(self):
            choices, value = setting.metadata["choices"], getattr(self, setting.name)
            if choices and value not in choices:
                raise ValueError(
                    f"the recipe's {setting.name} is {value!r}; it must be one of {', '.join(map(str, choices))}"
                )
        for name, low, high in _LIMITS:
            value = getattr(self, name)
            if not all(low <= one <= high for one in (value if isinstance(value, tuple) else (value,))):
                raise ValueError(f"the recipe's {name} is {value}; it must lie between {low} and {high}")
        if self.size >> self.halvings < 1:
            raise ValueError(
                f"the network halves a picture of {self.size} pixels {self.halvings} times, which leaves nothing; give a "
                "larger --size, or fewer --widths or --blocks"
            )
        if self.head == "sigmoid" and self.loss == "cross-entropy":
            raise ValueError(
                "the cross-entropy is of the shares within each question, and the sigmoid head does not learn from them how "
                "large the scores are; take the squared loss, or the tree head"
            )

    @property
    def margin_size(self) -> int:
        """Side in pixels at which decoded pictures are kept: the input's and an eighth of it on each side.

        That is room to shift and turn; what a turn needs beyond it is filled by reflection.
        """
        return self.size + 2 * round(self.size / 8)

    @property
    def margin_crop(self) -> float:
        """Part of the original field that a decoded picture covers, at the input's own pixel scale.

        It is above 1 where `crop` leaves less margin in the field than `margin_size` asks for.
        """
        return self.crop * self.margin_size / self.size

    @property
    def halvings(self) -> int:
        """How many times the network halves its picture."""
        if self.model == "fcn":
            return len(self.widths) - 1
        return len(self.blocks) - 1 + (2 if self.model_arguments()["stem_stride"] == 4 else 1)

    @property
    def unused(self) -> tuple[str, ...]:
        """Settings of the other networks, which this run does not use."""
        return tuple(name for model, names in _OWN.items() if model != self.model for name in names)

    def model_arguments(self) -> dict[str, Any]:
        """Give what `models.build` takes for this recipe's network, as plain types for the card."""
        arguments: dict[str, Any] = {"drop_rate": self.drop_rate, "head": self.head}
        for name in _OWN[self.model]:
            value = getattr(self, name)
            arguments[name] = list(value) if isinstance(value, tuple) else value
        if self.model == "densenet" and not self.stem_stride:
            arguments["stem_stride"] = 4 if self.size >= 128 else 2  # saliency wants maps of 8×8 and more
        return arguments

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any], where: str) -> "Recipe":
        """Read what `as_dict` gave, also of an earlier version, from a place that errors name.

        Raises
        ------
        ValueError
            When there are no settings, or others than this version knows.
        """
        unknown = set(settings) - {setting.name for setting in fields(cls)}
        if unknown or not settings:
            found = f"the unknown {', '.join(sorted(unknown))}" if unknown else "none"
            raise ValueError(f"{where} should hold the settings of its training, and holds {found}; train it again")
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in settings.items()}
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"{where} holds settings that cannot be ({error}); train it again") from error

    def as_dict(self) -> dict[str, Any]:
        """Give the settings as plain types, for a card or a log."""
        return {f.name: list(v) if isinstance(v := getattr(self, f.name), tuple) else v for f in fields(self)}


# The settings of one network alone.
_OWN = {"fcn": ("widths",), "densenet": ("growth_rate", "blocks", "initial_features", "stem_stride", "layer_drop_rate")}

_LIMITS = (
    ("size", 32, 1024),
    ("crop", 0.05, 1.0),
    ("epochs", 1, 100_000),
    ("batch_size", 2, 65_536),  # batch normalisation needs two
    ("learning_rate", 0.0, 10.0),
    ("weight_decay", 0.0, 100.0),
    ("warmup", 0.0, 1.0),
    ("ema", 0.0, 0.999999),
    ("clip", 1e-6, 1e6),
    ("drop_rate", 0.0, 0.99),
    ("rotation", 0.0, 180.0),
    ("zoom", 1.0, 4.0),
    ("shift", 0.0, 0.5),
    ("colour", 0.0, 0.9),
    ("layer_drop_rate", 0.0, 0.99),
    ("widths", 1, 4096),
    ("growth_rate", 1, 4096),
    ("blocks", 1, 4096),
    ("initial_features", 1, 4096),
    ("mixup", 0.0, 1.0),
    ("label_noise", 0.0, 1.0),
    ("teaching", 0.0, 1.0),
    ("hold_out", 0, 10_000_000),
    ("hold_out_seed", 0, 2**31),
    ("seed", 0, 2**31),
)

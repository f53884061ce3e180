"""Recipe of a training run: every setting with its default, reason and bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

# Names of earlier versions: flags, run checkpoints and model cards may still use them.
RENAMED = {"reweigh": "reweight", "teaching": "distill_weight"}
# Settings of removed features, with the value that meant "off". docs/experiments.md has what was measured.
REMOVED = {"mixup": 0.0, "label_noise": 0.0, "head": "tree"}


def _setting(default: Any, why: str, low: float = 0, high: float = 0, choices: tuple[str | int, ...] = ()) -> Any:
    """Declare a setting with the help of its flag, and its bounds or choices."""
    return field(default=default, metadata={"why": why, "bounds": (low, high), "choices": choices})


@dataclass(frozen=True)
class Recipe:
    """All settings of a training run. Each field is a flag of ``train.py``."""

    model: str = _setting("densenet", "network to train", choices=("fcn", "densenet"))
    size: int = _setting(64, "side of the network's input in pixels", 32, 1024)
    crop: float = _setting(0.5, "fraction of the 424-pixel field of view; a galaxy fills about a third", 0.05, 1)
    epochs: int = _setting(60, "passes through the training galaxies", 1, 100_000)
    batch_size: int = _setting(64, "galaxies in a step, over all devices", 2, 65_536)  # batch norm needs two
    learning_rate: float = _setting(2e-3, "peak learning rate of AdamW, reached after the warm-up", 0, 10)
    weight_decay: float = _setting(0.02, "weight decay of AdamW", 0, 100)
    warmup: float = _setting(0.05, "fraction of the run in which the learning rate rises", 0, 1)
    ema: float = _setting(0.998, "decay of the exponential moving average of the weights, per step", 0, 0.999999)
    clip: float = _setting(1.0, "largest norm of the gradient", 1e-6, 1e6)
    drop_rate: float = _setting(0.2, "dropout before the answers", 0, 0.99)
    rotation: float = _setting(180.0, "augmentation: rotation by up to ± this many degrees; the sky has no up", 0, 180)
    flips: bool = _setting(True, "augmentation: half of the pictures are flipped; the sky has no handedness")
    zoom: float = _setting(1.2, "augmentation: zoom in or out by up to this factor", 1, 4)
    shift: float = _setting(0.04, "augmentation: shift by up to this fraction of the side", 0, 0.5)
    colour: float = _setting(0.1, "augmentation: colour jitter; small, because red galaxies are smoother", 0, 0.9)
    loss: str = _setting(
        "squared",
        "squared error, as in the challenge, or cross-entropy of the answer shares",
        choices=("squared", "cross-entropy"),
    )
    partial: bool = _setting(True, "also train on galaxies with only some of the scores")
    reweight: bool = _setting(False, "use the importance weights, which correct the selection bias, in the loss")
    distill_weight: float = _setting(0.0, "weight of the pseudo-labels where votes are known", 0, 1)
    hold_out: int = _setting(800, "training galaxies in the hold-out, which chooses the best epoch", 0, 10_000_000)
    hold_out_seed: int = _setting(0, "seed of the hold-out; runs that are compared share it", 0, 2**31)
    seed: int = _setting(0, "seed of the first weights, the order and the augmentation", 0, 2**31)
    precision: str = _setting("auto", "auto: bf16 on CUDA, float32 on the CPU", choices=("auto", "bf16", "float32"))
    widths: tuple[int, ...] = _setting((32, 64, 128, 256), "fcn: channels of each stage", 1, 4096)
    growth_rate: int = _setting(32, "densenet: channels that each layer adds", 1, 4096)
    layer_drop_rate: float = _setting(0.0, "densenet: dropout inside each dense layer", 0, 0.99)
    blocks: tuple[int, ...] = _setting((6, 12, 24, 16), "densenet: layers of each block; DenseNet-121", 1, 4096)
    initial_features: int = _setting(64, "densenet: channels of the stem", 1, 4096)
    stem_stride: int = _setting(
        0, "densenet: stride of the stem; 0: 4, as published, from 128 pixels on, 2 below", choices=(0, 2, 4)
    )

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of bounds, or no pixel of the input is left."""
        for setting in fields(self):
            choices, (low, high) = setting.metadata["choices"], setting.metadata["bounds"]
            value = getattr(self, setting.name)
            if choices and value not in choices:
                raise ValueError(
                    f"the recipe's {setting.name} is {value!r}; it must be one of {', '.join(map(str, choices))}"
                )
            values = value if isinstance(value, tuple) else (value,)
            if high and not all(low <= one <= high for one in values):
                raise ValueError(f"the recipe's {setting.name} is {value}; it must lie between {low} and {high}")
        if self.size >> self.halvings < 1:
            raise ValueError(
                f"the network halves a picture of {self.size} pixels {self.halvings} times, which leaves nothing; "
                "use a larger --size, or fewer --widths or --blocks"
            )

    @property
    def margin_size(self) -> int:
        """Side in pixels of a decoded picture: the input's and an eighth of it on each side."""
        return self.size + 2 * round(self.size / 8)

    @property
    def margin_crop(self) -> float:
        """Fraction of the field of view that a decoded picture covers; it may be above 1."""
        return self.crop * self.margin_size / self.size

    @property
    def halvings(self) -> int:
        """Number of times that the network halves its input."""
        if self.model == "fcn":
            return len(self.widths) - 1
        return len(self.blocks) - 1 + (2 if self.model_arguments()["stem_stride"] == 4 else 1)

    @property
    def unused(self) -> tuple[str, ...]:
        """Settings of the other networks, which this run does not use."""
        return tuple(name for model, names in _OWN.items() if model != self.model for name in names)

    def model_arguments(self) -> dict[str, Any]:
        """Return the arguments of `models.build` for this recipe's network, as plain types."""
        arguments: dict[str, Any] = {"drop_rate": self.drop_rate}
        for name in _OWN[self.model]:
            value = getattr(self, name)
            arguments[name] = list(value) if isinstance(value, tuple) else value
        if self.model == "densenet" and not self.stem_stride:
            arguments["stem_stride"] = 4 if self.size >= 128 else 2  # saliency needs maps of at least 8×8
        return arguments

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any], source: str) -> "Recipe":
        """Read settings that `as_dict` wrote, also in an earlier version; errors name the source.

        Raises
        ------
        ValueError
            If there are no settings, or unknown ones, or values out of bounds.
        """
        current = current_settings(settings)
        unknown = set(current) - {setting.name for setting in fields(cls)}
        if unknown or not current:
            found = f"the unknown settings {', '.join(sorted(unknown))}" if unknown else "no settings"
            raise ValueError(f"{source} holds {found}; expected the settings of a training: train it again")
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in current.items()}
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"{source} holds settings of a wrong type ({error}); train it again") from error

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain types, for a model card or a log."""
        return {f.name: list(v) if isinstance(v := getattr(self, f.name), tuple) else v for f in fields(self)}


def current_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings under their current names; raise ValueError if a removed feature is on."""
    for name, off in REMOVED.items():
        if settings.get(name, off) != off:
            raise ValueError(
                f"{name} is {settings[name]}, but this feature was removed (docs/experiments.md); only {off} is allowed"
            )
    return {RENAMED.get(name, name): value for name, value in settings.items() if name not in REMOVED}


# The settings of one network alone.
_OWN = {"fcn": ("widths",), "densenet": ("growth_rate", "blocks", "initial_features", "stem_stride", "layer_drop_rate")}

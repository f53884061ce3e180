"""Galaxies to begin with: the tuning fork of Hubble 1936, and a few that everyone knows."""

from dataclasses import replace

from galaxy_explorer.simulation.parameters import Parameters

_PLAIN = Parameters(arms=0, knots=0, flocculence=0, magnitude=15.2, radius=5.0, pixel_scale=0.19)
_ELLIPTICAL = replace(
    _PLAIN, bulge_fraction=1.0, bulge_radius=1.0, bulge_sersic=4.0, bulge_ellipticity=0.0, bulge_colour=0.95, inclination=0,
    radius=4.0, pixel_scale=0.2,
)  # fmt: skip
_SPIRAL = replace(_PLAIN, arms=2, inclination=30, radius=5.5, magnitude=15.0, pixel_scale=0.2, seed=3)
_SA = replace(
    _SPIRAL, bulge_fraction=0.42, bulge_radius=0.35, bulge_sersic=3.2, pitch=9, arm_contrast=0.8, arm_start=0.6,
    flocculence=0.2, knots=0.05, disk_colour=0.75, arm_colour=0.5,
)  # fmt: skip
_SB = replace(_SPIRAL, bulge_fraction=0.22, bulge_radius=0.25, pitch=16, arm_contrast=1.3, flocculence=0.3, knots=0.12)
_SC = replace(
    _SPIRAL, bulge_fraction=0.06, bulge_radius=0.15, bulge_sersic=1.5, pitch=26, arm_contrast=1.8, flocculence=0.6, knots=0.3,
    disk_colour=0.5, arm_colour=0.25, bulge_colour=0.75,
)  # fmt: skip
_BAR = {"bar_fraction": 0.16, "bar_length": 0.85, "bar_width": 0.28, "arm_start": 0.85, "arm_angle": 50.0}

PRESETS: dict[str, Parameters] = {
    "E0": _ELLIPTICAL,
    "E5": replace(_ELLIPTICAL, bulge_ellipticity=0.5, boxiness=-0.2),
    "S0": replace(
        _PLAIN, bulge_fraction=0.5, bulge_radius=0.4, bulge_sersic=3.5, inclination=45, disk_colour=0.85, bulge_colour=0.92
    ),
    "Sa": _SA,
    "Sb": _SB,
    "Sc": _SC,
    "SBa": replace(_SA, **_BAR),
    "SBb": replace(_SB, **_BAR),
    "SBc": replace(_SC, **_BAR),
    "Irr": replace(
        _PLAIN, bulge_fraction=0.0, clumps=0.45, disturbed=0.8, disk_colour=0.4, arm_colour=0.15, magnitude=15.8, inclination=40
    ),
    "M51-like": replace(
        _SPIRAL, bulge_fraction=0.1, bulge_radius=0.18, pitch=20, arm_contrast=2.4, arm_width=0.22, flocculence=0.35, knots=0.3,
        companion=0.25, companion_distance=2.4, companion_angle=0, companion_size=0.3, companion_colour=0.85, inclination=22,
        magnitude=14.2, radius=8, pixel_scale=0.3, disturbed=0.3, arm_colour=0.3, disk_colour=0.55,
    ),
    "NGC 4565-like": replace(
        _PLAIN, inclination=87, dust_lane=0.75, bulge_fraction=0.25, bulge_radius=0.25, bulge_sersic=2.0, thickness=0.09,
        bulge_ellipticity=0.25, boxiness=0.6, radius=9, magnitude=13.8, pixel_scale=0.24, position_angle=135,
    ),
    "Ring galaxy": replace(
        _PLAIN, bulge_fraction=0.35, bulge_radius=0.3, bulge_sersic=2.5, ring_fraction=0.4, ring_radius=1.7, ring_width=0.35,
        inclination=25, arm_colour=0.2,
    ),
    "Merger": replace(
        _SPIRAL, companion=0.7, companion_distance=1.6, companion_angle=60, companion_size=0.5, tails=0.3, disturbed=0.9,
        arm_contrast=0.8, flocculence=0.8, knots=0.25, magnitude=14.6, pixel_scale=0.26,
    ),
    "Lens": replace(
        _ELLIPTICAL, arc_fraction=0.12, arc_radius=1.5, arc_length=160, arm_colour=0.05, radius=3.0, magnitude=16.4,
        pixel_scale=0.11,
    ),
}  # fmt: skip

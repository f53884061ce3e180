"""All filters of Browse other than those on answers.

To add one: write a subclass of `Filter` in a module of its own, and list it here. Its URL parameter, chip, mask and
caption then work; a widget that sets it is drawn by `filter_controls`.
"""

from galaxy_explorer.app.browse.filters.filter import Filter
from galaxy_explorer.app.browse.filters.ood import OodRange
from galaxy_explorer.app.browse.filters.rmse import RmseRange
from galaxy_explorer.app.browse.filters.within import Within

FILTERS: tuple[type[Filter], ...] = (OodRange, RmseRange, Within)

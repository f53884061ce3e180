"""All filters of Browse other than those on answers.

To add one: write a subclass of `Filter` in a module of its own, and list it here. Its URL parameter, chip, mask and
caption then work; a widget that sets it is drawn by `filter_controls`.
"""

from galaxy_explorer.app.query.filters.collection import InCollection
from galaxy_explorer.app.query.filters.filter import Filter
from galaxy_explorer.app.query.filters.ood import OodRange
from galaxy_explorer.app.query.filters.own_class import ClassRange
from galaxy_explorer.app.query.filters.rmse import RmseRange
from galaxy_explorer.app.query.filters.within import Within

FILTERS: tuple[type[Filter], ...] = (OodRange, RmseRange, Within, InCollection, ClassRange)

"""Question flow-chart of one galaxy's votes: a plotly figure and an HTML list.

`readings` holds the numbers, `layout` and `curves` the positions, `icons` and `palette` the looks; `bars`, `shapes`,
`writing` and `key` draw the parts of `figure`; `listing` is the list, `outline` a placeholder while a page loads.
"""

from galaxy_explorer.flow_chart.figure import ANSWER_TRACE, flow_chart
from galaxy_explorer.flow_chart.layout import ASKING_ORDER, HEIGHT, Layout, layout_of
from galaxy_explorer.flow_chart.listing import as_list
from galaxy_explorer.flow_chart.outline import outline
from galaxy_explorer.flow_chart.readings import (
    HARDLY_ASKED,
    folded_questions,
    hardly_asked,
    percent,
    read_sources,
)

__all__ = [
    "ANSWER_TRACE",
    "ASKING_ORDER",
    "HARDLY_ASKED",
    "HEIGHT",
    "Layout",
    "as_list",
    "flow_chart",
    "folded_questions",
    "hardly_asked",
    "layout_of",
    "outline",
    "percent",
    "read_sources",
]

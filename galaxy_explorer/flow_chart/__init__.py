"""One galaxy's votes on the question flow-chart: as a plotly figure, and as a list for small screens.

`readings` says what the numbers mean; `layout` and `curves` where everything stands, `icons` and
`palette` how it looks; `bars`, `shapes`, `writing` and `key` draw the parts, which `figure` puts together
and `listing` retells; `outline` is the chart before its numbers are known.
"""

from galaxy_explorer.flow_chart.figure import ANSWER_TRACE, flow_chart
from galaxy_explorer.flow_chart.layout import HEIGHT
from galaxy_explorer.flow_chart.listing import as_list
from galaxy_explorer.flow_chart.outline import outline
from galaxy_explorer.flow_chart.readings import HARDLY_ASKED, hardly_asked, percent

__all__ = ["ANSWER_TRACE", "HARDLY_ASKED", "HEIGHT", "as_list", "flow_chart", "hardly_asked", "outline", "percent"]

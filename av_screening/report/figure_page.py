"""A page of sections with text, a figure or a table: one HTML file that needs nothing else."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from av_screening.write.notice import NOTICE


@dataclass(frozen=True)
class Section:
    """A part of a page; what it does not have stays empty.

    Attributes:
        title: heading.
        texts: paragraphs.
        picture: PNG as a data URI, see `embed`.
        caption: what the picture shows, for those who do not see it too.
        columns: heads of a table.
        rows: of the table.
    """

    title: str
    texts: Sequence[str] = ()
    picture: str = ""
    caption: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = field(default_factory=list)


def figure_page(title: str, sections: Sequence[Section]) -> str:
    """HTML in which whatever is put in stays text, and nothing is fetched."""
    templates = Environment(
        loader=PackageLoader("av_screening"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = templates.get_template("figures.html")
    return template.render(title=title, notice=NOTICE, sections=sections)


def png_of(figure: Figure) -> bytes:
    """PNG of a figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def embed(png: bytes) -> str:
    """A PNG as a data URI."""
    return "data:image/png;base64," + base64.b64encode(png).decode()

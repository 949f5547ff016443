"""Pages of HTML that need nothing but themselves: no network, no other file."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def page(name: str, **values: object) -> str:
    """Fill a template of this folder; whatever is put into it is escaped.

    Args:
        name: Of the template.
        values: What it shows.
    """
    return _environment().get_template(name).render(values) + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__name__, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["part"] = _part
    return environment


def _part(name: str) -> Markup:
    """A style sheet or script of this folder, as it stands."""
    return Markup(files(__name__).joinpath(name).read_text("utf-8"))

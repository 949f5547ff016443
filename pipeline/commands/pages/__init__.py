"""HTML pages in one file, which need no network and no other file."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from beamprint.pipeline.commands.wording import on_one_line
from beamprint.pipeline.errors import unwritable
from beamprint.pipeline.store.rewriting import write_text


def page(name: str, /, **values: object) -> str:
    """Fill a template of this folder; all values are escaped, and each stays on its line.

    Args:
        name: Name of the template.
        values: Values for the template.
    """
    return _environment().get_template(name).render(values) + "\n"


def save(path: str, text: str) -> None:
    """Write a page; replaces an earlier one.

    Raises:
        UsageError: The page cannot be written there.
        NotFinished: The disk is full.
    """
    try:
        write_text(path, text)
    except OSError as error:
        raise unwritable(path, error) from error


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__name__, ""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(part=_part, library=_library)
    return environment


def _shown(value: object) -> object:
    """A value as a page shows it: a character that cannot be seen, or turns the text around it, as its escape."""
    return on_one_line(value) if type(value) is str else value


def _part(name: str) -> Markup:
    """A style sheet or script of this folder, unchanged."""
    return Markup(files(__name__).joinpath(name).read_text("utf-8"))


def _library(script: str) -> Markup:
    """The script of a library, which must not end the HTML element around it."""
    return Markup(script.replace("</script", r"<\/script"))

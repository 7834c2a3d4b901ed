"""`xl2 backends`."""

from __future__ import annotations


def backends() -> None:
    """List the array libraries, their devices, and what to do where one does not work."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..array.switch import backends as listed

    table = Table("backend", "version", "devices", "if not, why", box=None, pad_edge=False)
    for info in listed():
        cells = (info.name, info.version or "-", ", ".join(info.devices) or "-", info.reason)
        # As text: "xl2[torch]" would be read as markup, and lose its brackets.
        table.add_row(*map(Text, cells))
    Console().print(table)

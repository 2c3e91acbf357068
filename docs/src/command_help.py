"""What the command and its verbs say of themselves."""

import click

from ming.cli.app import VERBS, ming


def show(command, path, parent=None):
    settings = {**command.context_settings, "max_content_width": 100, "terminal_width": 100}
    context = click.Context(command, info_name=path.split()[-1], parent=parent, **settings)
    print(f"$ {path} --help\n{command.get_help(context)}\n")
    return context


top = show(ming, "ming")
for name in VERBS:
    verb = ming.get_command(top, name)
    context = show(verb, f"ming {name}", top)
    for inner, command in getattr(verb, "commands", {}).items():
        show(command, f"ming {name} {inner}", context)

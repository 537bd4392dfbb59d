"""``zoo query NAME``."""

from __future__ import annotations

import click

from cli.options import as_json, open_zoo
from graphdb.errors import to_type


@click.command()
@click.argument("name", required=False)
@click.option("--param", "params", multiple=True, metavar="KEY=VALUE", help="Repeat for several.")
@click.option("--list", "list_", is_flag=True, help="Which queries there are.")
@click.option("--text", is_flag=True, help="Show the Cypher instead of running it.")
@as_json
@click.pass_context
def query(
    ctx: click.Context,
    name: str | None,
    params: tuple[str, ...],
    list_: bool,
    text: bool,
    as_json: bool,
) -> None:
    """Run a named Cypher query; --param dataset=pets gives it a value."""
    from cli.rows import print_rows
    from zoo.queries import find_query, list_queries, parse_param

    if list_ or name is None:
        rows = [
            {"query": query.name, "question": query.question, "params": ", ".join(query.params)}
            for query in list_queries()
        ]
        print_rows(rows, as_json=as_json)
        return
    if text:
        click.echo(find_query(name).text.rstrip())
        return
    with open_zoo(ctx) as zoo:
        given = dict(parse_param(param) for param in params)
        rows = zoo.query(name, **given)
    known = given.get("model") or given.get("dataset")
    look = f" All there is of it: {to_type('show', known)}" if known else ""
    print_rows(rows, as_json=as_json, nothing=f"Nothing found.{look}")

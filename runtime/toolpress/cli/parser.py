"""The grammar of the command line; imports nothing heavy, so that `--help` is immediate."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import NoReturn

from toolpress.hosts.known import NAMES

_HELP = """\
Manifests in, production MCP tool servers out.

run:
  serve CATALOG ...    serve the tools of catalogues over MCP (HTTP or stdio)
  sandbox CATALOG      run the stateful imitation of the product alone
  proxy CATALOG        be a stdio server for an MCP server that runs elsewhere
  config CLIENT        print the configuration of a client, or check one
look:
  tools CATALOG        list tools, for all or for one role
  describe TOOL        one tool: arguments, request, roles
  call TOOL key=value  call a tool from the shell
build:
  generate [CATALOG]   press the manifests into generated/ and docs/reference/
  lint [TARGET ...]    check manifests
check:
  drive CATALOG        run every example of every tool over a real server
  doctor [CATALOG]     say what is wrong with this installation and its settings
  version              print versions
"""

_EPILOG = """\
examples:
  toolpress serve mihu zihin --sandbox
  toolpress tools zihin --role member
  toolpress call list_agents status=published --catalog zihin --sandbox
  toolpress COMMAND --help

exit codes:
  0 fine   1 problems found, or the tool answered with an error   2 wrong usage
  3 wrong configuration or installation   4 upstream unreachable   130 interrupted

settings come from TOOLPRESS_* variables as well; see docs/deploy.md
"""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The words of a command line, `sys.argv` if None; `command` is None when it names none."""
    parser = _parser()
    args, rest = parser.parse_known_args(argv)
    if args.command == "call" and not any(word.startswith("-") for word in rest):
        args.arguments += rest  # before Python 3.12.7 argparse takes no key=value behind an option
    elif rest:
        parser.prog = " ".join(filter(None, (parser.prog, args.command)))
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return args


def print_help() -> None:
    _parser().print_help()


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. Try: {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    shared = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser = _Parser(
        prog="toolpress",
        usage="toolpress COMMAND [...] [--debug]",
        description=_HELP,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(prog="toolpress", dest="command", metavar="COMMAND", help=argparse.SUPPRESS)
    grammar = _Grammar(commands, shared)
    _serve(grammar)
    _sandbox(grammar)
    _proxy(grammar)
    _config(grammar)
    _look(grammar)
    _call(grammar)
    _build(grammar)
    _check(grammar)
    return parser


class _Grammar:
    def __init__(self, commands: argparse._SubParsersAction[_Parser], shared: _Parser) -> None:
        self._commands = commands
        self._shared = shared

    def command(self, name: str, text: str, *examples: str, module: str | None = None) -> argparse.ArgumentParser:
        """A command whose `run(args)` stands in `toolpress.cli.<module>`."""
        epilog = "examples:\n" + "\n".join(f"  toolpress {line}" for line in examples)
        parser = self._commands.add_parser(
            name,
            description=text,
            epilog=epilog,
            parents=[self._shared],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.set_defaults(module=module or name)
        return parser


def _serve(grammar: _Grammar) -> None:
    parser = grammar.command(
        "serve",
        "Serve a catalogue's tools over MCP.",
        "serve zihin --sandbox",
        "serve mihu zihin --sandbox",
        "serve zihin --host 0.0.0.0 --port 8080 --workers 4",
        "serve zihin --transport stdio",
    )
    parser.add_argument(
        "catalogs",
        nargs="+",
        metavar="CATALOG",
        help="installed catalogue, or package.module:ATTR; one answers at /mcp, several at /CATALOG/mcp",
    )
    parser.add_argument("--transport", choices=["http", "stdio"], default="http")
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=_port, help="port to listen on, 0 for a free one (8000)")
    parser.add_argument(
        "--base-url", help="address of the product's REST API instead of the catalogue's, for one catalogue"
    )
    parser.add_argument("--workers", type=_workers, metavar="N", help="processes that share the port (1)")
    parser.add_argument("--sandbox", action="store_true", help="serve from the embedded sandbox; needs no account")
    parser.add_argument("--data", metavar="FILE", help="with --sandbox and one catalogue: file that keeps its data")
    parser.add_argument(
        "--metrics-port", type=_port, help="show metrics for Prometheus on this port too, 0 for a free one (none)"
    )
    parser.add_argument(
        "--extend", action="append", metavar="MODULE:FUNCTION", help="let this function add to the server; repeatable"
    )
    parser.add_argument("--stateful", action="store_true", help="keep sessions in the process, for tools that ask back")
    parser.add_argument("--announce", metavar="FILE", help="write the addresses to FILE as JSON once they are open")


def _sandbox(grammar: _Grammar) -> None:
    parser = grammar.command("sandbox", "Run the sandbox of a catalogue on a port.", "sandbox zihin --port 8090")
    parser.add_argument("catalog")
    parser.add_argument("--port", type=_port, default=8090, help="port to listen on, 0 for a free one (8090)")
    parser.add_argument("--data", metavar="FILE", help="file that keeps the data; memory if absent")


def _proxy(grammar: _Grammar) -> None:
    parser = grammar.command(
        "proxy",
        "Be a stdio server for an MCP server that runs elsewhere, and stay so while that one restarts.",
        "proxy zihin",
        "proxy zihin --url http://127.0.0.1:8000/mcp",
        "proxy --url https://tools.example.com/mcp --header 'X-Api-Key: $MY_KEY'",
    )
    parser.add_argument("catalog", nargs="?", help="catalogue whose product it is: names the server and how to log in")
    parser.add_argument("--url", help="address of the MCP server instead of the product's own")
    parser.add_argument(
        "--header", action="append", default=[], metavar="'NAME: VALUE'", help="send this too; $NAME is a variable"
    )
    parser.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="how long a call may take (300)")
    parser.add_argument("--keepalive", type=_seconds, metavar="SECONDS", help="how often an idle server is asked (30)")


def _config(grammar: _Grammar) -> None:
    parser = grammar.command(
        "config",
        "Print the configuration with which a client starts the proxy, or connects by itself; or check a file.",
        "config claude-desktop zihin",
        "config codex zihin",
        "config cursor zihin --http --url http://127.0.0.1:8000/mcp",
        "config vscode --check .vscode/mcp.json",
    )
    parser.add_argument("client", choices=NAMES)
    parser.add_argument("catalog", nargs="?", help="catalogue whose product the client shall have")
    parser.add_argument("--http", action="store_true", help="connect over HTTP, without the proxy")
    parser.add_argument("--url", help="address of the MCP server instead of the product's own")
    parser.add_argument("--key", help="API key to write into it; a placeholder if absent")
    parser.add_argument("--tenant", help="tenant to write into it, for products with a host for each")
    parser.add_argument("--check", metavar="FILE", help="check this file instead of printing one")


def _look(grammar: _Grammar) -> None:
    tools = grammar.command(
        "tools", "List the tools of a catalogue.", "tools zihin", "tools zihin --role member --json"
    )
    tools.add_argument("catalog")
    tools.add_argument("--role", help="only what a key of this role sees")
    tools.add_argument(
        "--json", action="store_true", help="print MCP tool objects, with module, category, effect and observed"
    )
    describe = grammar.command(
        "describe", "Show one tool.", "describe initiate_call", "describe create_agent --catalog zihin"
    )
    describe.add_argument("tool")
    describe.add_argument("--catalog", help="look in this catalogue only")
    describe.add_argument("--json", action="store_true", help="print the MCP tool object")


def _call(grammar: _Grammar) -> None:
    parser = grammar.command(
        "call",
        "Call a tool. Values are read by the argument's type: text stays text, all else is JSON.",
        "call list_published_agents --sandbox",
        """call create_agent name=Desk 'llm_config={"model": "auto"}' --catalog zihin --sandbox""",
        """call create_contact --json-args '{"phone_number": "..."}' --tenant acme""",
        "call create_agent --catalog zihin --json-args - < agent.json",
    )
    parser.add_argument("tool")
    parser.add_argument("arguments", nargs="*", metavar="key=value")
    parser.add_argument(
        "--json-args",
        metavar="JSON",
        help="arguments as one JSON object, - for standard input; key=value comes on top",
    )
    parser.add_argument("--catalog", help="look for the tool in this catalogue only")
    parser.add_argument("--key", help="API key; the catalogue's environment variable if absent")
    parser.add_argument("--tenant", help="tenant, for products with a host for each; likewise")
    parser.add_argument("--base-url", help="address of the product's REST API instead of the catalogue's")
    parser.add_argument("--sandbox", action="store_true", help="call a fresh embedded sandbox")


def _build(grammar: _Grammar) -> None:
    generate = grammar.command(
        "generate", "Press the manifests.", "generate", "generate zihin --check --diff", module="press"
    )
    generate.add_argument("catalog", nargs="?")
    generate.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    generate.add_argument("--diff", action="store_true", help="print what changes")
    generate.add_argument("--no-cache", action="store_true", help="make everything anew, as --check always does")
    generate.add_argument("--root", metavar="DIR", help="folder that holds specs/ (found upwards from here)")
    generate.add_argument("--shuffle", type=int, metavar="SEED", help="read the manifests in another order; for tests")
    lint = grammar.command("lint", "Check manifests.", "lint", "lint zihin --format github", module="press")
    lint.add_argument("targets", nargs="*", metavar="TARGET", help="catalogues or files; all if absent")
    lint.add_argument("--format", choices=["text", "json", "github"], default="text")


def _check(grammar: _Grammar) -> None:
    drive = grammar.command(
        "drive",
        "Run every example of every tool, to succeed and to fail as declared, over a real server process.",
        "drive zihin --sandbox",
    )
    drive.add_argument("catalog")
    drive.add_argument("--sandbox", action="store_true", required=True, help="drive a fresh sandbox (the only target)")
    drive.add_argument("--tool", action="append", metavar="NAME", help="only this tool; may be repeated")
    drive.add_argument("--json", action="store_true", help="print the report as JSON")
    doctor = grammar.command(
        "doctor", "Check installation, settings and upstream.", "doctor", "doctor zihin", "doctor mihu --tenant acme"
    )
    doctor.add_argument("catalog", nargs="?")
    doctor.add_argument("--host", help="address that serve would listen on")
    doctor.add_argument("--port", type=_port, help="port that serve would listen on")
    doctor.add_argument("--tenant", help="tenant to check, for products with a host for each")
    doctor.add_argument("--base-url", help="address of the product's REST API instead of the catalogue's")
    version = grammar.command("version", "Print versions.", "version --json")
    version.add_argument("--json", action="store_true")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError("a number of seconds above 0")
    return seconds


def _workers(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number of processes from 1")
    return int(text)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)

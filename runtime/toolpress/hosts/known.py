"""The hosts as data; writing and checking read the same rows."""

from __future__ import annotations

from dataclasses import dataclass

STDIO_WORDS = ("command", "args", "env")
TYPES = {"stdio": False, "http": True, "streamable-http": True, "sse": True}
"""What `type` may say, and whether that is a server with a URL."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies; `scope` says on which system, or for what it counts."""

    scope: str
    path: str


@dataclass(frozen=True, slots=True)
class Host:
    """One host: its file, and the words that the file uses."""

    name: str
    title: str
    root: str
    """The member that holds the servers."""
    places: tuple[Place, ...]
    toml: bool = False
    comments: bool = False
    """Whether its JSON may hold comments and commas at the end."""
    says_type: bool = False
    url: tuple[str, ...] = ("url",)
    """Members that may hold a URL, the one to write first; none where the file only starts programs."""
    headers: str = "headers"
    others: tuple[str, ...] = ()
    """Further members of a server, to tell a misspelled word from an unknown one."""

    @property
    def words(self) -> tuple[str, ...]:
        return ("type", *STDIO_WORDS, *self.url, self.headers, *self.others)


HOSTS = (
    Host(
        "claude-desktop",
        "Claude Desktop",
        root="mcpServers",
        places=(
            Place("macOS", "~/Library/Application Support/Claude/claude_desktop_config.json"),
            Place("Windows", r"%APPDATA%\Claude\claude_desktop_config.json"),
            Place("Linux", "~/.config/Claude/claude_desktop_config.json"),
        ),
        url=(),
    ),
    Host(
        "claude-code",
        "Claude Code",
        root="mcpServers",
        places=(
            Place("one project", ".mcp.json"),
            Place("macOS and Linux", "~/.claude.json"),
            Place("Windows", r"%USERPROFILE%\.claude.json"),
        ),
        says_type=True,
        others=("headersHelper", "oauth", "timeout"),
    ),
    Host(
        "cursor",
        "Cursor",
        root="mcpServers",
        places=(
            Place("one project", ".cursor/mcp.json"),
            Place("macOS and Linux", "~/.cursor/mcp.json"),
            Place("Windows", r"%USERPROFILE%\.cursor\mcp.json"),
        ),
        others=("envFile", "auth"),
    ),
    Host(
        "windsurf",
        "Windsurf",
        root="mcpServers",
        places=(
            Place("macOS and Linux", "~/.codeium/windsurf/mcp_config.json"),
            Place("Windows", r"%USERPROFILE%\.codeium\windsurf\mcp_config.json"),
        ),
        url=("serverUrl", "url"),
        others=("disabled", "disabledTools", "alwaysAllow"),
    ),
    Host(
        "vscode",
        "VS Code",
        root="servers",
        places=(
            Place("one workspace", ".vscode/mcp.json"),
            Place("macOS", "~/Library/Application Support/Code/User/mcp.json"),
            Place("Windows", r"%APPDATA%\Code\User\mcp.json"),
            Place("Linux", "~/.config/Code/User/mcp.json"),
        ),
        comments=True,
        says_type=True,
        others=("envFile", "cwd", "dev"),
    ),
    Host(
        "codex",
        "Codex",
        root="mcp_servers",
        places=(
            Place("one project", ".codex/config.toml"),
            Place("macOS and Linux", "~/.codex/config.toml"),
            Place("Windows", r"%USERPROFILE%\.codex\config.toml"),
        ),
        toml=True,
        headers="http_headers",
        others=(
            *("env_vars", "cwd", "bearer_token_env_var", "env_http_headers", "enabled", "required"),
            *("startup_timeout_sec", "tool_timeout_sec", "enabled_tools", "disabled_tools"),
        ),
    ),
)
NAMES = tuple(host.name for host in HOSTS)


def host_of(name: str) -> Host:
    """The host of that name, which is one of `NAMES`."""
    return next(host for host in HOSTS if host.name == name)

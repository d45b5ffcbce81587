"""The tools as the protocol has them. The only module that knows the SDK."""

import signal
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from handrail import __version__
from handrail.mcp.calling import call
from handrail.mcp.tools import INSTRUCTIONS, TOOLS, Tool


def serve_stdio(folder: Path) -> None:
    """Serve the project around ``folder`` until stdin ends, or Ctrl-C ends the process."""
    # The SDK reads stdin in a thread that no exception reaches.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    anyio.run(_serve, folder)


async def _serve(folder: Path) -> None:
    async def list_tools(
        _context: ServerRequestContext[Any], _parameters: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(each) for each in TOOLS.values()])

    async def call_tool(
        _context: ServerRequestContext[Any], parameters: types.CallToolRequestParams
    ) -> types.CallToolResult:
        answer = await call(folder, parameters.name, parameters.arguments or {})
        texts = filter(None, (answer.text, answer.note))
        return types.CallToolResult(
            content=[types.TextContent(text=each) for each in texts], is_error=answer.is_error
        )

    server = Server(
        "handrail",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    async with stdio_server() as (source, sink):
        await server.run(source, sink, server.create_initialization_options())


def _described(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.about,
        input_schema=tool.schema(),
        annotations=types.ToolAnnotations(read_only_hint=tool.is_reading),
    )

"""An MCP server: agents start, watch and understand runs without a shell. Opens no gate."""

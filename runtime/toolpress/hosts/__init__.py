"""The programs that start MCP servers: what their configuration files are called, look like and may hold."""

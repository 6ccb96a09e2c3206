/**
 * The Model Context Protocol for servers: JSON-RPC in lines over any stream, its lifecycle, tools that are declared once,
 * and resources. Source: the specification of MCP, versions 2024-11-05 to 2025-11-25. Knows no machine, and not what the
 * tools do.
 */
export { type Content, picture, type ToolResult } from './content.ts'
export { type Resource, type ResourceContents, type Resources, serveMcp } from './session.ts'
export { type AnyTool, type Tool, type ToolCall, type ToolHints, toolFamily } from './tool.ts'

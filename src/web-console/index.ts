/**
 * The console page's server: the page's files, and WebSockets to a machine's QMP, screen and serial ports, for who has
 * a link. Knows the machine only as streams that it opens, and the page only as files.
 */

export { consoleAddressOf, usualConsoleAddress } from './console-address.ts'
export { type ConsoleAddress, ConsoleServer, type ConsoleServices, type ServiceStream } from './console-server.ts'
export { type SerialSource, serialService } from './serial-service.ts'

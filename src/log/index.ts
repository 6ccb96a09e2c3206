/**
 * The Logger interface: what a part may say about its work, to whoever listens. No sinks here: the command line and
 * the tests own those. Messages are constants, values are fields; off by default, and free when off.
 */
export {
  createLogger,
  type Fields,
  type LogControl,
  type Logger,
  namedItems,
  type SelectableLogger,
  type Sink,
  silent,
} from './logger.ts'

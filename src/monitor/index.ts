/**
 * QMP on the server's side: clients, negotiation, requests in order, replies, events and their rate limits.
 * Knows commands only as a table that it is given, and the machine not at all.
 */
export { type CallContext, Dispatcher, type DispatcherOptions } from './dispatcher.ts'
export { EventHub, type EventListener, type EventMessage, type EventRule } from './event-hub.ts'
export { QmpMonitor, type QmpMonitorOptions } from './qmp-monitor.ts'
export { type Capability, Session, type SessionOptions } from './session.ts'

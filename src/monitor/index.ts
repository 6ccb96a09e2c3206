/**
 * Monitors on the server's side. QMP: clients, negotiation, requests in order, replies, events and their rate limits;
 * for people: a prompt, a line editor, and what each line says. Knows commands only as a table that it is given, the
 * language of lines only as something that runs and completes them, and the machine not at all.
 */
export type { ClientCount } from './client-count.ts'
export { type CallContext, Dispatcher, type DispatcherOptions } from './dispatcher.ts'
export { EventHub, type EventListener, type EventMessage, type EventRule } from './event-hub.ts'
export type { Completion } from './human/completion.ts'
export { HumanMonitor, type HumanMonitorOptions, type LineLanguage } from './human/human-monitor.ts'
export { QmpMonitor, type QmpMonitorOptions } from './qmp-monitor.ts'
export type { Capability, SessionOptions } from './session.ts'

/** The platform's own timers, as they were when this was loaded: fake timers of a test do not stop what runs beside it. */
export const { setTimeout, clearTimeout } = globalThis

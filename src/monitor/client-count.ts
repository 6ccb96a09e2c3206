/** Is told how many clients all monitors have: what they have passed outlasts them only while somebody needs it. */
export interface ClientCount {
  monitorOpened(): void
  monitorClosed(): void
}

/** What the guest tells; it stands still after a panic. */
export type GuestNews = 'panicked' | 'crash-loaded'

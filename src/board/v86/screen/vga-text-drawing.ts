/** What this patch uses of v86's VGA, by v86's names. */
export interface VgaTextDrawing {
  text_mode_redraw(): void
}

/**
 * Stops v86 from drawing text for a screen of its own, which nobody looks at: pictures are taken from registers and
 * memory. It would draw all rows whenever the guest writes to one of many registers, and a guest can ask for a thousand
 * rows of hundreds of columns.
 */
export function patchTextDrawing(vga: VgaTextDrawing): void {
  vga.text_mode_redraw = () => undefined
}

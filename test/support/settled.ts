/** Returns when nothing that was begun is under way any more: what waits in a host function is let go, one after another. */
export async function settled(going: ReadonlySet<unknown>, release: () => void): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (going.size > 0) {
    if (Date.now() > deadline) throw new Error(`Expected everything to settle: ${going.size} do not`);
    release();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

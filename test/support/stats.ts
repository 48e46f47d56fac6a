/** Every file ends so by itself: see setup.ts. */
export function expectNothingLeft(): void {}

/** How many times longer limits of time are: under an emulator, or a collector that never rests. */
export const slowness = Number(process.env.WAZERO_TEST_SLOWNESS ?? 1);

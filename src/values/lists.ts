/** The shorter is added to the longer. */
export function joined<T>(a: T[], b: T[]): T[] {
  const [to, from] = a.length < b.length ? [b, a] : [a, b];
  for (const item of from) to.push(item);
  return to;
}

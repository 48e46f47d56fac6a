export function leb(value: number): number[];
